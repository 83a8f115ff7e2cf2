// Table.h - the code that a kernel has, by the classes of arguments.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_JIT_TABLE_H
#define TILEWRIGHT_RUNTIME_JIT_TABLE_H

#include "Session.h"
#include <cstring>

namespace tilewright::rt {

/// The code for one class of arguments.
struct Specialization {
  uint64_t hash = 0;
  std::vector<uint8_t> classes; ///< by writeClasses

  /// Null until it is there.
  std::atomic<TwFunction> function{nullptr};

  std::mutex mutex; ///< guards the rest
  std::shared_ptr<Task> task;
  TwModule module = nullptr;
};

/// Specialisations by class. Readers take no lock; those who add hold one.
class Table {
public:
  /// Null where there is none.
  Specialization *find(uint64_t hash, const uint8_t *classes,
                       size_t bytes) const {
    const Slots *slots = current.load(std::memory_order_acquire);
    if (!slots)
      return nullptr;
    size_t mask = slots->entries.size() - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      Specialization *each = slots->entries[i].load(std::memory_order_acquire);
      if (!each)
        return nullptr;
      if (each->hash == hash && each->classes.size() == bytes &&
          (bytes == 0 ||
           std::memcmp(each->classes.data(), classes, bytes) == 0))
        return each;
    }
  }

  /// Adds one that is not there.
  Specialization *add(std::unique_ptr<Specialization> added) {
    Slots *slots = current.load(std::memory_order_relaxed);
    if (!slots || 2 * (all.size() + 1) > slots->entries.size()) {
      // Readers may still be in the old one: it stays as long as the table.
      auto larger = std::make_unique<Slots>(slots ? 2 * slots->entries.size()
                                                  : kFirstSlots);
      for (const std::unique_ptr<Specialization> &each : all)
        place(*larger, each.get());
      slots = larger.get();
      tables.push_back(std::move(larger));
      current.store(slots, std::memory_order_release);
    }
    Specialization *result = added.get();
    all.push_back(std::move(added));
    place(*slots, result);
    return result;
  }

  const std::vector<std::unique_ptr<Specialization>> &getAll() const {
    return all;
  }

private:
  static constexpr size_t kFirstSlots = 16;
  struct Slots {
    explicit Slots(size_t count) : entries(count) {}
    std::vector<std::atomic<Specialization *>> entries; ///< a power of two
  };

  static void place(Slots &slots, Specialization *added) {
    size_t mask = slots.entries.size() - 1;
    size_t i = added->hash & mask;
    while (slots.entries[i].load(std::memory_order_relaxed))
      i = (i + 1) & mask;
    slots.entries[i].store(added, std::memory_order_release);
  }

  std::atomic<Slots *> current{nullptr};
  std::vector<std::unique_ptr<Slots>> tables;
  std::vector<std::unique_ptr<Specialization>> all;
};

} // namespace tilewright::rt

struct TwJitKernelStorage {
  TwJit jit = nullptr;
  TwDevice device = nullptr;
  tilewright::rt::Request request; ///< without arguments, and of its source
                                   ///< only the name
  std::shared_ptr<const tilewright::rt::RequestSource> source;
  TwJitKernelOptions options = {};
  std::mutex mutex; ///< guards adding to the table
  tilewright::rt::Table table;
  /// Launches add no more to the table.
  std::atomic<bool> isFull{false};
};

#endif // TILEWRIGHT_RUNTIME_JIT_TABLE_H
