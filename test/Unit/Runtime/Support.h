// Support.h - what the tests of the runtime share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TEST_UNIT_RUNTIME_SUPPORT_H
#define TILEWRIGHT_TEST_UNIT_RUNTIME_SUPPORT_H

#include "tilewright-rt/Kernel.h"
#include "tilewright-rt/Library.h"
#include "tilewright-rt/Status.h"
#include <random>
#include <string>

/// The message of `status`, "" for success; destroys it.
inline std::string take(TwStatus status) {
  std::string text = twStatusGetMessage(status);
  twStatusDestroy(status);
  return text;
}

/// `bytes` with a random damage: flipped bits, overwritten numbers, cut off,
/// or a piece repeated.
inline std::string mutate(std::string bytes, std::mt19937 &random) {
  auto below = [&](size_t limit) { return random() % (limit ? limit : 1); };
  switch (below(4)) {
  case 0:
    for (size_t i = 0, n = 1 + below(8); i < n; ++i)
      bytes[below(bytes.size())] ^= char(1 << below(8));
    break;
  case 1: {
    // Offsets and sizes are 8-byte numbers: write nasty ones.
    const uint64_t nasty[] = {0,
                              1,
                              ~uint64_t(0),
                              uint64_t(1) << 63,
                              bytes.size(),
                              bytes.size() - 1,
                              ~uint64_t(0) - 7,
                              uint64_t(1) << 32};
    size_t at = below(bytes.size() / 8) * 8;
    uint64_t value = nasty[below(8)];
    if (at + 8 <= bytes.size())
      bytes.replace(at, 8, reinterpret_cast<const char *>(&value), 8);
    break;
  }
  case 2:
    bytes.resize(below(bytes.size()));
    break;
  case 3: {
    size_t from = below(bytes.size()), to = below(bytes.size());
    bytes.insert(to, bytes.substr(from, below(64)));
    break;
  }
  }
  return bytes;
}

#endif // TILEWRIGHT_TEST_UNIT_RUNTIME_SUPPORT_H
