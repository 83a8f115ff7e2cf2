// HipApi.h - what the runtime uses of the HIP runtime API.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Declared here, so that no build needs the vendor's headers. Handles are
// `void *`, enumerations `int`. test/Unit/Runtime/HipHeaderTest.cpp compares
// every declaration with hip_runtime_api.h. Source: HIP API reference, 5.2.
#ifndef TILEWRIGHT_RUNTIME_HIP_HIPAPI_H
#define TILEWRIGHT_RUNTIME_HIP_HIPAPI_H

#include "tilewright-rt/Status.h"
#include <cstddef>

namespace tilewright::rt::hip {

using Result = int;
using Module = void *;
using Function = void *;
using Stream = void *;
using Event = void *;

constexpr Result kSuccess = 0, kOutOfMemory = 2, kNoDevice = 100,
                 kInvalidDevice = 101;

// hipDeviceAttribute_t: the same numbers in ROCm 5, 6 and 7.
constexpr int kCooperativeLaunch = 10, kMaxThreadsPerBlock = 56,
              kMultiprocessorCount = 63, kMaxSharedPerBlock = 74;
// hipMemcpyKind
constexpr int kCopyDefault = 4;
// hipStreamNonBlocking, hipEventDefault
constexpr unsigned kStreamNonBlocking = 1, kEventDefault = 0;
// hipStreamCaptureMode
constexpr int kCaptureRelaxed = 2;
// HIP_LAUNCH_PARAM_END, _BUFFER_POINTER, _BUFFER_SIZE
inline void *const kLaunchBuffer = reinterpret_cast<void *>(1);
inline void *const kLaunchBytes = reinterpret_cast<void *>(2);
inline void *const kLaunchEnd = reinterpret_cast<void *>(3);

/// Every function: what it returns, the name that the library exports it under,
/// and its parameters.
#define TILEWRIGHT_HIP_FUNCTIONS(F)                                            \
  F(Result, hipInit, (unsigned))                                               \
  F(const char *, hipGetErrorName, (Result))                                   \
  F(const char *, hipGetErrorString, (Result))                                 \
  F(Result, hipGetDeviceCount, (int *))                                        \
  F(Result, hipGetDevice, (int *))                                             \
  F(Result, hipSetDevice, (int))                                               \
  F(Result, hipDeviceGetName, (char *, int, int))                              \
  F(Result, hipDeviceTotalMem, (size_t *, int))                                \
  F(Result, hipDeviceGetAttribute, (int *, int, int))                          \
  F(Result, hipDeviceSynchronize, ())                                          \
  F(Result, hipMalloc, (void **, size_t))                                      \
  F(Result, hipFree, (void *))                                                 \
  F(Result, hipMemcpyAsync, (void *, const void *, size_t, int, Stream))       \
  F(Result, hipMemsetAsync, (void *, int, size_t, Stream))                     \
  F(Result, hipStreamCreateWithPriority, (Stream *, unsigned, int))            \
  F(Result, hipStreamDestroy, (Stream))                                        \
  F(Result, hipStreamSynchronize, (Stream))                                    \
  F(Result, hipStreamWaitEvent, (Stream, Event, unsigned))                     \
  F(Result, hipThreadExchangeStreamCaptureMode, (int *))                       \
  F(Result, hipEventCreateWithFlags, (Event *, unsigned))                      \
  F(Result, hipEventDestroy, (Event))                                          \
  F(Result, hipEventRecord, (Event, Stream))                                   \
  F(Result, hipEventSynchronize, (Event))                                      \
  F(Result, hipEventElapsedTime, (float *, Event, Event))                      \
  F(Result, hipModuleLoadData, (Module *, const void *))                       \
  F(Result, hipModuleUnload, (Module))                                         \
  F(Result, hipModuleGetFunction, (Function *, Module, const char *))          \
  F(Result, hipModuleLaunchKernel,                                             \
    (Function, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,     \
     unsigned, Stream, void **, void **))

struct Api {
#define TILEWRIGHT_DECLARE(result, name, parameters) result(*name) parameters;
  TILEWRIGHT_HIP_FUNCTIONS(TILEWRIGHT_DECLARE)
#undef TILEWRIGHT_DECLARE
  /// hipGetDeviceProperties, or hipGetDevicePropertiesR0600 from ROCm 6 on,
  /// which fills another struct.
  Result (*getProperties)(void *, int);
  /// From ROCm 5.5 on; null where there is none. HIP API reference, 6.0.
  Result (*hipModuleLaunchCooperativeKernel)(Function, unsigned, unsigned,
                                             unsigned, unsigned, unsigned,
                                             unsigned, unsigned, Stream,
                                             void **) = nullptr;
};

/// The library, loaded and initialised by the first call; `file` as in
/// TwDeviceOptions.
TwStatus getApi(const char *file, const Api **api);

/// A status that says what was tried and what the library answered.
TwStatus refuse(const Api &api, Result result, const char *what);

} // namespace tilewright::rt::hip

#endif // TILEWRIGHT_RUNTIME_HIP_HIPAPI_H
