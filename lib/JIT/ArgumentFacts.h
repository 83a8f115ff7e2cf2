// ArgumentFacts.h - what a request says of arguments, by a kernel's names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_JIT_ARGUMENTFACTS_H
#define TILEWRIGHT_LIB_JIT_ARGUMENTFACTS_H

#include "jit/Request.h"
#include "tilewright/Pipeline/Compile.h"
#include "llvm/Support/JSON.h"

namespace tilewright {

// `arguments` are "abi.args" of the kernel's interface; docs/Container.md.

/// Empty where the request's arguments have the types of the interface; else
/// why not.
std::string compareTypes(const llvm::json::Array &arguments,
                         const rt::Request &request);

/// Whether the classes of the request's arguments say all that a variant
/// assumes.
bool meetsFacts(const KernelFacts &facts, const llvm::json::Array &arguments,
                const rt::Request &request);

/// Facts by name from facts by place: what the kernel may assume. An error
/// where two arguments contradict each other.
llvm::Expected<KernelFacts> makeFacts(const llvm::json::Array &arguments,
                                      const rt::Request &request);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_JIT_ARGUMENTFACTS_H
