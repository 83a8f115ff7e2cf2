// Leaving.cpp - compilations while the process ends.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Leaving.h"
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace tilewright {

/// Who is in the compiler.
struct PresenceList {
  std::mutex mutex;
  bool isClosed = false;
  Presence *first = nullptr;

  void add(Presence &presence) {
    std::lock_guard<std::mutex> lock(mutex);
    if (isClosed)
      return;
    presence.isLinked = true;
    presence.next = first;
    if (first)
      first->previous = &presence;
    first = &presence;
  }

  void remove(Presence &presence) {
    std::lock_guard<std::mutex> lock(mutex);
    (presence.previous ? presence.previous->next : first) = presence.next;
    if (presence.next)
      presence.next->previous = presence.previous;
  }

  /// A child, which has the lock, has none of the other threads.
  void beginChild() {
    first = nullptr;
    mutex.unlock();
  }

  /// Cancels all; whether there are none. The thread that ends the process may
  /// be one of them, in a handler of a signal: it does not wait for itself, nor
  /// for threads that a parent had.
  bool close() {
    std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
    if (!lock)
      return false;
    isClosed = true;
    bool isEmpty = true;
    for (Presence *each = first; each; each = each->next) {
      if (each->process != getpid() ||
          pthread_equal(each->thread, pthread_self()))
        continue;
      each->isCancelled = true;
      isEmpty = false;
    }
    return isEmpty;
  }
};

static PresenceList list;

static void leave(int, void *) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + std::chrono::seconds(5);
  while (!list.close() && Clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

Presence::Presence(std::atomic<bool> &isCancelled) : isCancelled(isCancelled) {
  // Not atexit, which is for destructors of this library (Statics.h).
  [[maybe_unused]] static const int registered =
      on_exit(&leave, nullptr) + pthread_atfork([] { list.mutex.lock(); },
                                                [] { list.mutex.unlock(); },
                                                [] { list.beginChild(); });
  list.add(*this);
}

Presence::~Presence() {
  if (isLinked)
    list.remove(*this);
}

} // namespace tilewright
