// HipHeaderTest.cpp - the runtime declares what hip_runtime_api.h declares.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "PlainTypes.h"
#include "hip/HipApi.h"
#include <cstddef>

#define __HIP_PLATFORM_AMD__
#define __HIP_DISABLE_CPP_FUNCTIONS__ // overloads beside the C functions
#include <hip/hip_runtime_api.h>

using namespace tilewright::rt;

#define CHECK_FUNCTION(result, name, parameters)                               \
  static_assert(isSame<decltype(hip::Api::name), decltype(&::name)>,           \
                "the runtime declares " #name " in another way");
TILEWRIGHT_HIP_FUNCTIONS(CHECK_FUNCTION)
static_assert(isSame<decltype(hip::Api::getProperties),
                     decltype(&::hipGetDeviceProperties)>);

static_assert(hip::kSuccess == hipSuccess);
static_assert(hip::kOutOfMemory == hipErrorOutOfMemory);
static_assert(hip::kNoDevice == hipErrorNoDevice);
static_assert(hip::kInvalidDevice == hipErrorInvalidDevice);
static_assert(hip::kCooperativeLaunch == hipDeviceAttributeCooperativeLaunch);
static_assert(hip::kMaxThreadsPerBlock == hipDeviceAttributeMaxThreadsPerBlock);
static_assert(hip::kMultiprocessorCount ==
              hipDeviceAttributeMultiprocessorCount);
static_assert(hip::kMaxSharedPerBlock ==
              hipDeviceAttributeMaxSharedMemoryPerBlock);
static_assert(hip::kCopyDefault == hipMemcpyDefault);
static_assert(hip::kStreamNonBlocking == hipStreamNonBlocking);
static_assert(hip::kEventDefault == hipEventDefault);
static_assert(hip::kCaptureRelaxed == hipStreamCaptureModeRelaxed);
// Room for the struct of this version, and a text that is found in it.
static_assert(sizeof(hipDeviceProp_t) <= 16384);
static_assert(offsetof(hipDeviceProp_t, gcnArchName) == 396);

/// The keys of `extra` are casts, which static_assert does not take.
bool hasHipLaunchKeys() {
  return hip::kLaunchEnd == HIP_LAUNCH_PARAM_END &&
         hip::kLaunchBuffer == HIP_LAUNCH_PARAM_BUFFER_POINTER &&
         hip::kLaunchBytes == HIP_LAUNCH_PARAM_BUFFER_SIZE;
}
