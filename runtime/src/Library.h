// Library.h - a library's bytes and what is where in them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_LIBRARY_H
#define TILEWRIGHT_RUNTIME_LIBRARY_H

#include "tilewright-rt/Library.h"
#include <atomic>
#include <memory>
#include <vector>

struct TwLibraryStorage {
  std::unique_ptr<char[]> bytes;
  size_t numBytes = 0;
  std::vector<TwImageInfo> images;
  /// The handle, and the modules that use it.
  std::atomic<int64_t> numOwners{1};
};

#endif // TILEWRIGHT_RUNTIME_LIBRARY_H
