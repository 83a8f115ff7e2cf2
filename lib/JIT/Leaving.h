// Leaving.h - compilations while the process ends.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_JIT_LEAVING_H
#define TILEWRIGHT_LIB_JIT_LEAVING_H

#include <atomic>
#include <pthread.h>
#include <unistd.h>

namespace tilewright {

/// Says that this thread is in the compiler, as long as it lives. When the
/// process calls exit(), or main returns, `isCancelled` of those that are there
/// becomes true, and exit() waits for them, 5 seconds at most: they remove
/// their files, and end the programs that they run. Later ones are refused.
class Presence {
public:
  explicit Presence(std::atomic<bool> &isCancelled);
  ~Presence();
  Presence(const Presence &) = delete;
  Presence &operator=(const Presence &) = delete;

  /// False where the process ends: the compiler must not be used any more.
  bool isAllowed() const { return isLinked; }

private:
  friend struct PresenceList;
  std::atomic<bool> &isCancelled;
  /// In a child made without handlers of fork it is the parent's.
  const pid_t process = getpid();
  const pthread_t thread = pthread_self();
  bool isLinked = false;
  Presence *previous = nullptr, *next = nullptr;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_JIT_LEAVING_H
