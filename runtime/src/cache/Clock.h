// Clock.h - time as a cache measures it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_CLOCK_H
#define TILEWRIGHT_RUNTIME_CACHE_CLOCK_H

#include <cstdint>
#include <ctime>

namespace tilewright::rt {

/// Of a clock that nobody sets.
inline int64_t getMilliseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000 + time.tv_nsec / 1000000;
}

inline void sleepMs(int64_t milliseconds) {
  timespec pause = {time_t(milliseconds / 1000),
                    long(milliseconds % 1000) * 1000000};
  nanosleep(&pause, nullptr);
}

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_CLOCK_H
