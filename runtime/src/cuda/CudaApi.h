// CudaApi.h - what the runtime uses of the CUDA Driver API.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Declared here, so that no build needs the vendor's headers. Handles are
// `void *`, enumerations `int`. test/Unit/Runtime/CudaHeaderTest.cpp compares
// every declaration with cuda.h. Source: CUDA Driver API reference, 12.
#ifndef TILEWRIGHT_RUNTIME_CUDA_CUDAAPI_H
#define TILEWRIGHT_RUNTIME_CUDA_CUDAAPI_H

#include "tilewright-rt/Status.h"
#include <cstddef>
#include <cstdint>

namespace tilewright::rt::cuda {

using Result = int;
using Device = int;
using Address = unsigned long long;
using Context = void *;
using Module = void *;
using Function = void *;
using Stream = void *;
using Event = void *;

constexpr Result kSuccess = 0, kOutOfMemory = 2, kNoDevice = 100;

// CUdevice_attribute
constexpr int kMaxThreadsPerBlock = 1, kMultiprocessorCount = 16,
              kCapabilityMajor = 75, kCapabilityMinor = 76,
              kCooperativeLaunch = 95, kMaxSharedPerBlockOptin = 97;
// CUfunction_attribute
constexpr int kFunctionSharedBytes = 1, kFunctionMaxDynamicSharedBytes = 8;
// CUjit_option
constexpr int kJitErrorLog = 5, kJitErrorLogBytes = 6;
// CUstream_flags, CUevent_flags
constexpr unsigned kStreamNonBlocking = 1, kEventDefault = 0;
// CUstreamCaptureMode
constexpr int kCaptureRelaxed = 2;
// Ends and keys of the `extra` of a launch.
inline void *const kLaunchEnd = nullptr;
inline void *const kLaunchBuffer = reinterpret_cast<void *>(1);
inline void *const kLaunchBytes = reinterpret_cast<void *>(2);

/// CUlaunchAttributeID
enum LaunchAttributeId : int {
  Cooperative = 2,
  ClusterDimension = 4,
  ProgrammaticSerialization = 6,
  Priority = 8
};

/// CUlaunchAttribute: 64 bytes of value behind the id.
struct LaunchAttribute {
  LaunchAttributeId id;
  char pad[8 - sizeof(int)];
  union {
    char bytes[64];
    int number;
    struct {
      unsigned x, y, z;
    } cluster;
  } value;
};

/// CUlaunchConfig
struct LaunchConfig {
  unsigned gridX, gridY, gridZ;
  unsigned blockX, blockY, blockZ;
  unsigned sharedBytes;
  Stream stream;
  LaunchAttribute *attributes;
  unsigned numAttributes;
};

/// CUtensorMapDataType, CUtensorMapSwizzle, CUtensorMapL2promotion,
/// CUtensorMapFloatOOBfill
enum TensorMapType : int {
  MapUint8 = 0,
  MapUint16 = 1,
  MapInt32 = 3,
  MapInt64 = 5,
  MapFloat16 = 6,
  MapFloat32 = 7,
  MapFloat64 = 8,
  MapBfloat16 = 9
};
constexpr int kSwizzle32 = 1, kSwizzle64 = 2, kSwizzle128 = 3;
constexpr int kPromotion64 = 1, kPromotion128 = 2, kPromotion256 = 3;
constexpr int kFillNan = 1;
/// CUtensorMap; aligned to 64 bytes.
struct alignas(64) TensorMap {
  uint64_t opaque[16];
};

/// Every function, by the name that the driver exports it under.
#define TILEWRIGHT_CUDA_FUNCTIONS(F)                                           \
  F(cuInit, (unsigned))                                                        \
  F(cuGetErrorName, (Result, const char **))                                   \
  F(cuGetErrorString, (Result, const char **))                                 \
  F(cuDeviceGetCount, (int *))                                                 \
  F(cuDeviceGet, (Device *, int))                                              \
  F(cuDeviceGetName, (char *, int, Device))                                    \
  F(cuDeviceTotalMem_v2, (size_t *, Device))                                   \
  F(cuDeviceGetAttribute, (int *, int, Device))                                \
  F(cuDevicePrimaryCtxRetain, (Context *, Device))                             \
  F(cuDevicePrimaryCtxRelease_v2, (Device))                                    \
  F(cuCtxGetCurrent, (Context *))                                              \
  F(cuCtxGetDevice, (Device *))                                                \
  F(cuCtxPushCurrent_v2, (Context))                                            \
  F(cuCtxPopCurrent_v2, (Context *))                                           \
  F(cuCtxSynchronize, ())                                                      \
  F(cuMemAlloc_v2, (Address *, size_t))                                        \
  F(cuMemFree_v2, (Address))                                                   \
  F(cuMemcpyAsync, (Address, Address, size_t, Stream))                         \
  F(cuMemsetD8Async, (Address, unsigned char, size_t, Stream))                 \
  F(cuStreamCreateWithPriority, (Stream *, unsigned, int))                     \
  F(cuStreamDestroy_v2, (Stream))                                              \
  F(cuStreamSynchronize, (Stream))                                             \
  F(cuStreamWaitEvent, (Stream, Event, unsigned))                              \
  F(cuThreadExchangeStreamCaptureMode, (int *))                                \
  F(cuEventCreate, (Event *, unsigned))                                        \
  F(cuEventDestroy_v2, (Event))                                                \
  F(cuEventRecord, (Event, Stream))                                            \
  F(cuEventSynchronize, (Event))                                               \
  F(cuEventElapsedTime, (float *, Event, Event))                               \
  F(cuModuleLoadDataEx, (Module *, const void *, unsigned, int *, void **))    \
  F(cuModuleUnload, (Module))                                                  \
  F(cuModuleGetFunction, (Function *, Module, const char *))                   \
  F(cuFuncGetAttribute, (int *, int, Function))                                \
  F(cuFuncSetAttribute, (Function, int, int))                                  \
  F(cuTensorMapEncodeTiled,                                                    \
    (TensorMap *, int, uint32_t, void *, const uint64_t *, const uint64_t *,   \
     const uint32_t *, const uint32_t *, int, int, int, int))                  \
  F(cuLaunchKernel, (Function, unsigned, unsigned, unsigned, unsigned,         \
                     unsigned, unsigned, unsigned, Stream, void **, void **))  \
  F(cuLaunchKernelEx, (const LaunchConfig *, Function, void **, void **))

struct Api {
#define TILEWRIGHT_DECLARE(name, parameters) Result(*name) parameters;
  TILEWRIGHT_CUDA_FUNCTIONS(TILEWRIGHT_DECLARE)
#undef TILEWRIGHT_DECLARE
};

/// The driver, loaded and initialised by the first call; `file` as in
/// TwDeviceOptions.
TwStatus getApi(const char *file, const Api **api);

/// A status that says what was tried and what the driver answered.
TwStatus refuse(const Api &api, Result result, const char *what);

} // namespace tilewright::rt::cuda

#endif // TILEWRIGHT_RUNTIME_CUDA_CUDAAPI_H
