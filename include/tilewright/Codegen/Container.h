// Container.h - writes libraries of kernels (.tilelib).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A library is one LLVM offload binary (OffloadBinary::write) after the other,
// one per image; docs/Container.md lists the keys. The bytes depend on the
// entries alone. runtime/ has the reader: LLVM's own crashes on damaged input.
//
#ifndef TILEWRIGHT_CODEGEN_CONTAINER_H
#define TILEWRIGHT_CODEGEN_CONTAINER_H

#include "tilewright/Codegen/CodeObject.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace tilewright {

/// One image and what the runtime needs to know about it.
struct ContainerEntry {
  CodeObjectKind kind;
  std::string image;
  std::string chip;
  std::string triple;
  std::string kernel;
  std::string variant;
  /// The JSON text of docs/Container.md, key "tilewright".
  std::string metadata;
  /// Block-level MLIR text of the kernel, from which the emulator compiles;
  /// may be empty.
  std::string source;
  /// NVPTX: the PTX beside a cubin; may be empty.
  std::string ptx;
};

/// The bytes of a library with these images, in the order given. Strings end
/// at their first NUL byte (the format keeps them as C strings).
std::string writeContainer(llvm::ArrayRef<ContainerEntry> entries);

} // namespace tilewright

#endif // TILEWRIGHT_CODEGEN_CONTAINER_H
