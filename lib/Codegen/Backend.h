// Backend.h - what the sources of this folder share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_CODEGEN_BACKEND_H
#define TILEWRIGHT_LIB_CODEGEN_BACKEND_H

#include "tilewright/Codegen/CodeObject.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/IR/DiagnosticHandler.h"
#include <chrono>
#include <memory>
#include <vector>

namespace llvm {
class LLVMContext;
class TargetMachine;
} // namespace llvm

namespace tilewright {

/// The TargetMachine of this thread for `chip`; made on the first call, as are
/// LLVM's targets, and kept: a new one costs a fifth of a small kernel's
/// compilation (register tables). It lives until the thread ends or runGuarded
/// fails. `ptxVersion` (such as 78) is for NVPTX; 0 takes the lowest.
llvm::Expected<llvm::TargetMachine *>
getTargetMachine(const ChipInfo &chip, int optLevel, int ptxVersion = 0);

/// Runs `body`, which calls LLVM passes over modules of `context`. Errors that
/// LLVM reports through the context, and the fatal ones that would end the
/// process, become the result; nothing is printed.
llvm::Error runGuarded(llvm::LLVMContext &context,
                       llvm::function_ref<void()> body);

/// The lowest PTX version that knows `chip`, such as 70 for sm_80.
int getLowestPtxVersion(const ChipInfo &chip);

/// The lowest PTX version that `module` needs on `chip`, such as 80.
int getPtxVersion(const llvm::Module &module, const ChipInfo &chip);

/// Every subtarget feature that the tables of checkLegality name; a test holds
/// them against LLVM's, as an unknown one would end the process.
std::vector<llvm::StringRef> getAmdFeaturesOfTables();

/// Defines memcpy, memmove and memset inside `module` if code generation may
/// call them: host images import nothing.
llvm::Error addMemoryFunctions(llvm::Module &module);

inline double elapsedMs(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now() - since)
      .count();
}

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_BACKEND_H
