// HipApi.cpp - loads the HIP runtime.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "HipApi.h"
#include "../DriverLibrary.h"
#include "../Support.h"

using namespace tilewright::rt;
using namespace tilewright::rt::hip;

TwStatus hip::refuse(const Api &api, Result result, const char *what) {
  const char *name = api.hipGetErrorName(result);
  const char *text = api.hipGetErrorString(result);
  return fail(result == kOutOfMemory ? TW_RESOURCE_EXHAUSTED : TW_DEVICE,
              "cannot ", what, ": HIP answers ",
              name ? name : "an unknown error", " (", int64_t(result), ")",
              text ? ": " : "", text ? text : "");
}

static TwStatus load(const char *file, Api &api) {
  static const char *const names[] = {"libamdhip64.so.7", "libamdhip64.so.6",
                                      "libamdhip64.so.5", "libamdhip64.so",
                                      nullptr};
  void *library = nullptr;
  if (TwStatus status = openDriver("HIP runtime", file, "TILEWRIGHT_HIP_DRIVER",
                                   names, &library))
    return status;
  std::string missing, ignored;
#define TILEWRIGHT_FIND(result, name, parameters)                              \
  api.name = reinterpret_cast<decltype(api.name)>(                             \
      findInDriver(library, #name, missing));
  TILEWRIGHT_HIP_FUNCTIONS(TILEWRIGHT_FIND)
#undef TILEWRIGHT_FIND
  void *properties =
      findInDriver(library, "hipGetDevicePropertiesR0600", ignored);
  if (!properties)
    properties = findInDriver(library, "hipGetDeviceProperties", missing);
  api.getProperties = reinterpret_cast<Result (*)(void *, int)>(properties);
  api.hipModuleLaunchCooperativeKernel =
      reinterpret_cast<decltype(api.hipModuleLaunchCooperativeKernel)>(
          findInDriver(library, "hipModuleLaunchCooperativeKernel", ignored));
  if (!missing.empty())
    return fail(TW_UNSUPPORTED, "the HIP runtime is too old: it has no ",
                missing, "; install one of ROCm 5 or newer");
  if (Result result = api.hipInit(0))
    // Without a device ROCm 5 answers the one, later ones the other.
    return result == kNoDevice || result == kInvalidDevice
               ? fail(TW_NOT_FOUND, "this machine has no HIP device")
               : refuse(api, result, "start HIP");
  return nullptr;
}

TwStatus hip::getApi(const char *file, const Api **api) {
  return loadOnce(file, load, api);
}
