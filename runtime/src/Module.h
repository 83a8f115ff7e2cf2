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

/// Counts calls that are being made. Threads mostly count in lines of their
/// own, so that they do not wait for one another.
class CallCounter {
public:
  /// A call, from here to the end of the scope.
  class Call {
  public:
    /// Null counts nothing.
    explicit Call(CallCounter *counter)
        : slot(counter ? &counter->getSlot() : nullptr) {
      // Sequentially consistent with whoever waits: either he sees this call,
      // or this call sees that he waits.
      if (slot)
        slot->fetch_add(1);
    }
    ~Call() {
      if (slot)
        slot->fetch_sub(1, std::memory_order_release);
    }
    Call(const Call &) = delete;
    Call &operator=(const Call &) = delete;

  private:
    std::atomic<int64_t> *slot;
  };

  bool isZero() const {
    for (const Slot &slot : slots)
      if (slot.count.load())
        return false;
    return true;
  }

private:
  struct alignas(64) Slot {
    std::atomic<int64_t> count{0};
  };
  static constexpr size_t kSlots = 16;
  std::atomic<int64_t> &getSlot() {
    // Threads have stacks, and with them control blocks, of megabytes.
    auto thread = reinterpret_cast<uintptr_t>(__builtin_thread_pointer());
    return slots[(thread * 0x9E3779B97F4A7C15u) >> 60].count;
  }
  Slot slots[kSlots];
};

} // namespace tilewright::rt

struct TwFunctionStorage {
  TwModule module = nullptr;
  std::string name;
  /// In the order in which launches try them; owned by the module.
  std::vector<tilewright::rt::Variant *> variants;
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
