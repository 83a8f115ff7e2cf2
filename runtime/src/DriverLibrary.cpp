// DriverLibrary.cpp - a vendor's driver, loaded when it is needed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "DriverLibrary.h"
#include "Support.h"
#include <cstdlib>
#include <dlfcn.h>

using namespace tilewright::rt;

TwStatus tilewright::rt::openDriver(const char *what, const char *chosen,
                                    const char *variable,
                                    const char *const *names, void **library) {
  if (!chosen)
    chosen = std::getenv(variable);
  if (chosen && *chosen) {
    *library = dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
    if (*library)
      return nullptr;
    const char *error = dlerror();
    return fail(TW_NOT_FOUND, "cannot load ", what, " '", chosen,
                "': ", error ? error : "unknown error");
  }
  std::string tried;
  for (const char *const *name = names; *name; ++name) {
    *library = dlopen(*name, RTLD_NOW | RTLD_LOCAL);
    if (*library)
      return nullptr;
    tried += (tried.empty() ? "" : ", ") + std::string(*name);
  }
  return fail(TW_NOT_FOUND, "this machine has no ", what, " (tried ", tried,
              "); install it, or name its file in ", variable);
}

void *tilewright::rt::findInDriver(void *library, const char *name,
                                   std::string &missing) {
  void *address = dlsym(library, name);
  if (!address)
    missing += (missing.empty() ? "" : ", ") + std::string(name);
  return address;
}
