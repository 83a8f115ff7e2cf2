// Forked.h - what threads share, and a forked child takes over if it can.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A mutex that another thread holds while a process forks stays locked in the
// child for ever, and what it guards may be half changed. So the child has a
// mutex of its own, and what the parent's guards only if that was free.
#ifndef TILEWRIGHT_RUNTIME_CACHE_FORKED_H
#define TILEWRIGHT_RUNTIME_CACHE_FORKED_H

#include "../Backend.h"
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace tilewright::rt {

/// A `Data` that one thread at a time uses. In a forked child it is that of the
/// parent, or else a new one.
template <typename Data> class Guarded {
public:
  Guarded() : slot(new Slot(countForks())) {}
  Guarded(const Guarded &) = delete;
  ~Guarded() { delete &getSlot(); }

  /// What `use` makes of the data.
  template <typename Use> auto with(Use use) {
    Slot &own = getSlot();
    std::lock_guard<std::mutex> lock(own.mutex);
    return use(own.data);
  }

private:
  struct Slot {
    explicit Slot(uint32_t forks) : forks(forks) {}

    const uint32_t forks; ///< of the process that uses it
    std::mutex mutex;
    Data data;
    /// Of the parent. Not deleted before this one: other threads of the child
    /// may just read its number. Null where it was in use: then it stays, with
    /// all that it holds.
    std::unique_ptr<Slot> taken;
  };

  Slot &getSlot() {
    const uint32_t forks = countForks();
    Slot *found = slot.load(std::memory_order_acquire);
    if (found->forks == forks)
      return *found;
    auto *own = new Slot(forks);
    // Other threads wait until it has what the parent had.
    own->mutex.lock();
    if (!slot.compare_exchange_strong(found, own)) {
      own->mutex.unlock();
      delete own;
      return *found;
    }
    if (found->mutex.try_lock()) {
      std::swap(own->data, found->data);
      found->mutex.unlock();
      own->taken.reset(found);
    }
    own->mutex.unlock();
    return *own;
  }

  std::atomic<Slot *> slot;
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_FORKED_H
