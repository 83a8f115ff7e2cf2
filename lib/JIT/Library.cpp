// Library.cpp - compiled kernels as a library.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright/JIT/Jit.h"

#include "tilewright/Codegen/Container.h"

namespace tilewright {

std::string writeLibrary(llvm::ArrayRef<const CompiledKernel *> kernels) {
  std::vector<ContainerEntry> entries;
  for (const CompiledKernel *kernel : kernels)
    entries.push_back({kernel->object.kind, kernel->object.bytes, kernel->chip,
                       kernel->triple, kernel->kernel, kernel->variant,
                       kernel->metadata, kernel->source, kernel->object.ptx});
  return writeContainer(entries);
}

} // namespace tilewright
