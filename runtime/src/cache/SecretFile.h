// SecretFile.h - a secret that lies in a file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_SECRETFILE_H
#define TILEWRIGHT_RUNTIME_CACHE_SECRETFILE_H

#include "tilewright-rt/Status.h"
#include <string>

namespace tilewright::rt {

/// Reads all bytes of the file `path`, of a size that a secret may have; the
/// newline at its end is one of them.
///
/// Errors: NOT_FOUND         it cannot be read
///         UNSUPPORTED       others than its owner may read or write it, or it
///                           belongs to another user
///         INVALID_ARGUMENT  it is too short or too long
TwStatus readSecretFile(const char *path, std::string &secret);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_SECRETFILE_H
