// Comgr.h - ROCm's code object manager, loaded where it is asked for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_CODEGEN_COMGR_H
#define TILEWRIGHT_LIB_CODEGEN_COMGR_H

#include "tilewright/Codegen/CodeObject.h"

namespace tilewright {

/// The version of code objects that every comgr links; newer ones are unknown
/// to ROCm 5 (llvm/docs/AMDGPUUsage.rst, "Code Object Metadata").
constexpr int kComgrCodeObjectVersion = 500;

/// As linkObject, by libamd_comgr, or the library that TILEWRIGHT_COMGR names.
/// Objects are of version kComgrCodeObjectVersion.
llvm::Expected<std::string> linkWithComgr(llvm::StringRef object,
                                          const ChipInfo &chip);

/// The resources of kernel `symbol` as comgr reads them; without the bytes of
/// its code. For code objects of chips that are newer than our LLVM, and to
/// check what readHsacoResources says.
llvm::Expected<ResourceUse> readResourcesWithComgr(llvm::StringRef codeObject,
                                                   llvm::StringRef symbol);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_COMGR_H
