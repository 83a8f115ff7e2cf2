// Loaded.h - whether the compiler that runs is the one that a request names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_JIT_LOADED_H
#define TILEWRIGHT_LIB_JIT_LOADED_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace tilewright {

/// `compiler` is the field of a request: build ids of files. Empty, or which of
/// the libraries of this process has another build id than the file had: it was
/// replaced after one of the two was read. What this process compiles must not
/// be kept under that name then.
std::string findReplacedLibrary(llvm::StringRef compiler);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_JIT_LOADED_H
