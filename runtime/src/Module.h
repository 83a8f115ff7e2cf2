// Module.h - the kernels of a library on a device.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_MODULE_H
#define TILEWRIGHT_RUNTIME_MODULE_H

#include "Backend.h"
#include "Library.h"
#include <atomic>
#include <map>
#include <mutex>

namespace tilewright::rt {

/// One variant of a kernel with the code that fits the device best.
struct Variant {
  TwKernel kernel = nullptr; ///< owned
  TwBytes image = {};        ///< of the library
  int rank = 0;              ///< of the code, by rankChip
  int64_t assumptions = 0;   ///< how much the code assumes of its arguments
  LoadedKernel code;
  std::atomic<bool> isLoaded{false};

  ~Variant() { twKernelDestroy(kernel); }
};

/// Whether an image is an ELF file, as all are but PTX.
bool isMachineCode(TwBytes image);

/// Counts calls that are being made. Threads mostly count in places of their
/// own, so that they do not wait for one another.
class CallCounter {
  /// Calls of the thread that the place belongs to, and of all others that
  /// share it.
  struct alignas(64) Place {
    std::atomic<int64_t> own{0}, shared{0};
  };

public:
  static constexpr size_t kPlaces = 32;

  /// A call, from here to the end of the scope.
  class Call {
  public:
    /// Null counts nothing.
    explicit Call(CallCounter *counter) {
      if (!counter)
        return;
      Place &place = counter->findPlace(isOwn);
      count = isOwn ? &place.own : &place.shared;
      // Sequentially consistent with whoever waits: either he sees this call,
      // or this call sees that he waits.
      if (isOwn)
        count->store(count->load(std::memory_order_relaxed) + 1);
      else
        count->fetch_add(1);
    }
    ~Call() {
      // Nobody else writes the owner's count: no locked instruction.
      if (isOwn)
        count->store(count->load(std::memory_order_relaxed) - 1,
                     std::memory_order_release);
      else if (count)
        count->fetch_sub(1, std::memory_order_release);
    }
    Call(const Call &) = delete;
    Call &operator=(const Call &) = delete;

  private:
    bool isOwn = false;
    std::atomic<int64_t> *count = nullptr;
  };

  bool isZero() const {
    for (const Place &place : places)
      if (place.own.load() || place.shared.load())
        return false;
    return true;
  }

  /// How many threads have a place, for the tests.
  size_t countOwners() const {
    size_t number = 0;
    for (const std::atomic<uintptr_t> &owner : owners)
      number += owner.load() != 0;
    return number;
  }

private:
  /// Places that a thread looks at, from the one of its hash on.
  static constexpr size_t kTries = 8;

  /// The place of this thread, which gets a free one if it has none; else, one
  /// that it shares.
  Place &findPlace(bool &isOwn) {
    // Threads have stacks, and with them control blocks, of megabytes. One that
    // ends leaves its places with a count of 0 to whoever gets its block.
    auto thread = reinterpret_cast<uintptr_t>(__builtin_thread_pointer());
    size_t first = (thread * 0x9E3779B97F4A7C15u) >> (64 - kPlaceBits);
    for (size_t i = 0; i < kTries; ++i) {
      size_t at = (first + i) % kPlaces;
      uintptr_t owner = owners[at].load(std::memory_order_relaxed);
      if (owner == thread ||
          (!owner && owners[at].compare_exchange_strong(owner, thread))) {
        isOwn = true;
        return places[at];
      }
    }
    isOwn = false;
    return places[first];
  }

  static constexpr size_t kPlaceBits = 5;
  static_assert(kPlaces == size_t(1) << kPlaceBits);

  Place places[kPlaces];
  /// The control blocks of the threads. Written once each: reading them waits
  /// for nobody.
  alignas(64) std::atomic<uintptr_t> owners[kPlaces] = {};
};

} // namespace tilewright::rt

struct TwFunctionStorage {
  TwModule module = nullptr;
  std::string name;
  /// In the order in which launches try them; owned by the module.
  std::vector<tilewright::rt::Variant *> variants;
  size_t kernargBytes = 0; ///< of the variant that has most
};

struct TwModuleStorage {
  TwDevice device = nullptr;
  TwLibrary library = nullptr;
  std::vector<std::unique_ptr<tilewright::rt::Variant>> variants;
  /// What the library has, for messages: kernel, variant and chip.
  std::string contents;
  std::mutex mutex; ///< guards `functions`, and loading
  /// Calls of its functions; once it closes none begins any more.
  tilewright::rt::CallCounter calls;
  std::atomic<bool> isClosing{false};
  /// By name and variant; "" for all variants.
  std::map<std::pair<std::string, std::string>,
           std::unique_ptr<TwFunctionStorage>>
      functions;

  ~TwModuleStorage();
};

#endif // TILEWRIGHT_RUNTIME_MODULE_H
