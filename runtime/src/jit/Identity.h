// Identity.h - which compiler and which tools make a kernel, told without
// loading them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_JIT_IDENTITY_H
#define TILEWRIGHT_RUNTIME_JIT_IDENTITY_H

#include "Request.h"
#include "tilewright-rt/Cache.h"
#include <string>
#include <vector>

namespace tilewright::rt {

/// The build id in an ELF file's notes, as hexadecimal digits; without one the
/// hash of its contents. Empty where the file cannot be read.
std::string identifyElf(const std::string &path);

/// The build ids of the shared object `path` and of all that it needs, one a
/// line: "libLLVM.so.22.1 7f3a...". Libraries are looked for where the system's
/// loader would: LD_LIBRARY_PATH, the object's own list, the system's folders.
///
/// All of them count: LLVM folds sin(1) with the C library's.
///
/// Errors: NOT_FOUND  the object, or one that it needs; the message names it
TwStatus identifyCompiler(const std::string &path, std::string &identity);

/// The hash of a file's contents. It is remembered in `cache` (which may be
/// null) by device, inode, size and times: a tool has tens of megabytes.
std::string identifyFile(TwCache cache, const std::string &path);

/// The programs and libraries that the compiler calls for `target`, with that
/// linker.
std::vector<NamedText> identifyTools(TwCache cache, const std::string &target,
                                     const std::string &linker);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_JIT_IDENTITY_H
