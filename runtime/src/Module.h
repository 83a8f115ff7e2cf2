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
  /// By name and variant; "" for all variants.
  std::map<std::pair<std::string, std::string>,
           std::unique_ptr<TwFunctionStorage>>
      functions;

  ~TwModuleStorage();
};

#endif // TILEWRIGHT_RUNTIME_MODULE_H
