// DriverLibrary.h - a vendor's driver, or another library that a machine may
// lack, loaded when it is needed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_DRIVERLIBRARY_H
#define TILEWRIGHT_RUNTIME_DRIVERLIBRARY_H

#include "tilewright-rt/Status.h"
#include <atomic>
#include <memory>
#include <string>

namespace tilewright::rt {

/// Opens the driver: `chosen` if it is not null, else what the environment
/// variable `variable` names, else the first of `names` that the system finds.
/// It stays for the life of the process: a driver does not stand unloading.
///
/// Errors: NOT_FOUND
TwStatus openDriver(const char *what, const char *chosen, const char *variable,
                    const char *const *names, void **library);

/// The functions of a driver, which `load` fills in and starts; those of the
/// first call that succeeds are used for the life of the process. A failure is
/// tried again: a driver may be installed meanwhile. No lock, which a forked
/// child might never get: threads that come at the same time all load, which
/// every driver stands.
template <typename Api>
TwStatus loadOnce(const char *file, TwStatus (*load)(const char *, Api &),
                  const Api **api) {
  static std::atomic<const Api *> loaded{nullptr};
  *api = loaded.load(std::memory_order_acquire);
  if (*api)
    return nullptr;
  auto made = std::make_unique<Api>();
  if (TwStatus status = load(file, *made))
    return status;
  if (loaded.compare_exchange_strong(*api, made.get()))
    *api = made.release();
  return nullptr;
}

/// The address of `name`; null where the driver has none, which adds it to
/// `missing`.
void *findInDriver(void *library, const char *name, std::string &missing);

/// Fills in functions of `library` by their names, and keeps the names of
/// those that it lacks.
struct FunctionFinder {
  void *library;
  std::string missing = {};

  template <typename Function>
  void operator()(Function *&function, const char *name) {
    function =
        reinterpret_cast<Function *>(findInDriver(library, name, missing));
  }
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_DRIVERLIBRARY_H
