// Circuit.h - does not ask again, for a while, what has just failed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_CIRCUIT_H
#define TILEWRIGHT_RUNTIME_CACHE_CIRCUIT_H

#include "Clock.h"
#include <atomic>

namespace tilewright::rt {

/// Safe from several threads: after a pause one of them tries, and the others
/// go without until it succeeded.
class Circuit {
public:
  explicit Circuit(int64_t pauseMs) : pauseMs(pauseMs) {}

  bool mayTry() {
    int64_t until = notBefore;
    if (!until)
      return true;
    int64_t now = getMilliseconds();
    return now >= until &&
           notBefore.compare_exchange_strong(until, now + pauseMs);
  }
  void succeeded() { notBefore = 0; }
  void failed() { notBefore = getMilliseconds() + pauseMs; }

private:
  const int64_t pauseMs;
  std::atomic<int64_t> notBefore{0}; ///< 0: it did not fail
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_CIRCUIT_H
