// Jit.h - compiles what the runtime asks for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C interface of the same is tilewright-rt/Compiler.h, which
// libtilewright-jit.so exports. `tile-compile` and that library make a kernel's
// bytes by the functions of this header alone, so they are the same.
//
#ifndef TILEWRIGHT_JIT_JIT_H
#define TILEWRIGHT_JIT_JIT_H

#include "tilewright/Description/Description.h"
#include "tilewright/Pipeline/Compile.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <atomic>
#include <memory>
#include <string>

namespace tilewright {

namespace rt {
struct Request;
} // namespace rt

/// The compilation of a variant of a description's kernel, but for its chip.
/// Errors are those of the template.
llvm::Expected<CompileRequest> makeRequest(const KernelDescription &kernel,
                                           const Specialization &variant);

/// The library (.tilelib) of some compiled kernels.
std::string writeLibrary(llvm::ArrayRef<const CompiledKernel *> kernels);

/// The compilation that a request of the runtime asks for, prepared: the
/// variant is the first whose types the arguments have, where the request names
/// none, and the kernel assumes what the classes of the arguments say. Safe
/// from any thread.
///
/// Errors: what is wrong with the text, the names or the arguments.
llvm::Expected<std::unique_ptr<KernelCompilation>>
planCompilation(const rt::Request &request,
                const std::atomic<bool> *isCancelled = nullptr);

/// The key under which equal kernels share one entry of a cache, whatever they
/// were asked for by: the prepared kernel's text, the pass pipeline, and all
/// else that the bytes depend on.
std::string makeContentKey(const rt::Request &request,
                           const KernelCompilation &compilation);

} // namespace tilewright

#endif // TILEWRIGHT_JIT_JIT_H
