// CudaApi.cpp - loads the CUDA driver.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CudaApi.h"
#include "../DriverLibrary.h"
#include "../Support.h"

using namespace tilewright::rt;
using namespace tilewright::rt::cuda;

TwStatus cuda::refuse(const Api &api, Result result, const char *what) {
  const char *name = nullptr, *text = nullptr;
  api.cuGetErrorName(result, &name);
  api.cuGetErrorString(result, &text);
  return fail(result == kOutOfMemory ? TW_RESOURCE_EXHAUSTED : TW_DEVICE,
              "cannot ", what, ": the CUDA driver answers ",
              name ? name : "an unknown error", " (", int64_t(result), ")",
              text ? ": " : "", text ? text : "");
}

static TwStatus load(const char *file, Api &api) {
  static const char *const names[] = {"libcuda.so.1", "libcuda.so", nullptr};
  void *library = nullptr;
  if (TwStatus status = openDriver("CUDA driver", file,
                                   "TILEWRIGHT_CUDA_DRIVER", names, &library))
    return status;
  std::string missing;
#define TILEWRIGHT_FIND(name, parameters)                                      \
  api.name = reinterpret_cast<decltype(api.name)>(                             \
      findInDriver(library, #name, missing));
  TILEWRIGHT_CUDA_FUNCTIONS(TILEWRIGHT_FIND)
#undef TILEWRIGHT_FIND
  if (!missing.empty())
    return fail(TW_UNSUPPORTED, "the CUDA driver is too old: it has no ",
                missing, "; install one of CUDA 12 or newer");
  if (Result result = api.cuInit(0))
    return result == kNoDevice
               ? fail(TW_NOT_FOUND, "this machine has no CUDA device")
               : refuse(api, result, "start the CUDA driver");
  return nullptr;
}

TwStatus cuda::getApi(const char *file, const Api **api) {
  return loadOnce(file, load, api);
}
