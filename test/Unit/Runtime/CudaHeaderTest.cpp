// CudaHeaderTest.cpp - the runtime declares what cuda.h declares.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Kernel.h"
#include "PlainTypes.h"
#include "cuda/CudaApi.h"
#include <cstddef>
#include <cuda.h>

using namespace tilewright::rt;

template <> struct StructOf<CUlaunchConfig> {
  using Type = cuda::LaunchConfig;
};
template <> struct StructOf<CUtensorMap> { using Type = cuda::TensorMap; };

#define CHECK_FUNCTION(name, parameters)                                       \
  static_assert(isSame<decltype(cuda::Api::name), decltype(&::name)>,          \
                "the runtime declares " #name " in another way");
TILEWRIGHT_CUDA_FUNCTIONS(CHECK_FUNCTION)

#define CHECK_MEMBER(own, ownMember, vendor, member)                           \
  static_assert(offsetof(own, ownMember) == offsetof(vendor, member) &&        \
                    sizeof(own::ownMember) == sizeof(vendor::member),          \
                #vendor "::" #member);
static_assert(sizeof(cuda::LaunchConfig) == sizeof(CUlaunchConfig));
CHECK_MEMBER(cuda::LaunchConfig, gridX, CUlaunchConfig, gridDimX)
CHECK_MEMBER(cuda::LaunchConfig, gridZ, CUlaunchConfig, gridDimZ)
CHECK_MEMBER(cuda::LaunchConfig, blockX, CUlaunchConfig, blockDimX)
CHECK_MEMBER(cuda::LaunchConfig, blockZ, CUlaunchConfig, blockDimZ)
CHECK_MEMBER(cuda::LaunchConfig, sharedBytes, CUlaunchConfig, sharedMemBytes)
CHECK_MEMBER(cuda::LaunchConfig, stream, CUlaunchConfig, hStream)
CHECK_MEMBER(cuda::LaunchConfig, attributes, CUlaunchConfig, attrs)
CHECK_MEMBER(cuda::LaunchConfig, numAttributes, CUlaunchConfig, numAttrs)
static_assert(sizeof(cuda::LaunchAttribute) == sizeof(CUlaunchAttribute));
CHECK_MEMBER(cuda::LaunchAttribute, id, CUlaunchAttribute, id)
CHECK_MEMBER(cuda::LaunchAttribute, value, CUlaunchAttribute, value)
static_assert(offsetof(CUlaunchAttributeValue, cooperative) == 0 &&
              offsetof(CUlaunchAttributeValue, clusterDim.x) == 0 &&
              offsetof(CUlaunchAttributeValue, clusterDim.y) == 4 &&
              offsetof(CUlaunchAttributeValue, priority) == 0 &&
              offsetof(CUlaunchAttributeValue,
                       programmaticStreamSerializationAllowed) == 0);

static_assert(int(cuda::Cooperative) == CU_LAUNCH_ATTRIBUTE_COOPERATIVE);
static_assert(int(cuda::ClusterDimension) ==
              CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
static_assert(int(cuda::ProgrammaticSerialization) ==
              CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION);
static_assert(int(cuda::Priority) == CU_LAUNCH_ATTRIBUTE_PRIORITY);

static_assert(int(cuda::MapUint8) == CU_TENSOR_MAP_DATA_TYPE_UINT8);
static_assert(int(cuda::MapUint16) == CU_TENSOR_MAP_DATA_TYPE_UINT16);
static_assert(int(cuda::MapInt32) == CU_TENSOR_MAP_DATA_TYPE_INT32);
static_assert(int(cuda::MapInt64) == CU_TENSOR_MAP_DATA_TYPE_INT64);
static_assert(int(cuda::MapFloat16) == CU_TENSOR_MAP_DATA_TYPE_FLOAT16);
static_assert(int(cuda::MapFloat32) == CU_TENSOR_MAP_DATA_TYPE_FLOAT32);
static_assert(int(cuda::MapFloat64) == CU_TENSOR_MAP_DATA_TYPE_FLOAT64);
static_assert(int(cuda::MapBfloat16) == CU_TENSOR_MAP_DATA_TYPE_BFLOAT16);
static_assert(cuda::kSwizzle32 == CU_TENSOR_MAP_SWIZZLE_32B);
static_assert(cuda::kSwizzle64 == CU_TENSOR_MAP_SWIZZLE_64B);
static_assert(cuda::kSwizzle128 == CU_TENSOR_MAP_SWIZZLE_128B);
static_assert(cuda::kPromotion64 == CU_TENSOR_MAP_L2_PROMOTION_L2_64B);
static_assert(cuda::kPromotion128 == CU_TENSOR_MAP_L2_PROMOTION_L2_128B);
static_assert(cuda::kPromotion256 == CU_TENSOR_MAP_L2_PROMOTION_L2_256B);
static_assert(cuda::kFillNan ==
              CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA);
static_assert(CU_TENSOR_MAP_INTERLEAVE_NONE == 0 &&
              CU_TENSOR_MAP_SWIZZLE_NONE == 0 &&
              CU_TENSOR_MAP_L2_PROMOTION_NONE == 0 &&
              CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE == 0);
static_assert(sizeof(cuda::TensorMap) == sizeof(CUtensorMap) &&
              alignof(cuda::TensorMap) >= alignof(CUtensorMap) &&
              sizeof(cuda::TensorMap) == TensorMapRecipe::kBytes &&
              alignof(cuda::TensorMap) == TensorMapRecipe::kAlignment);

static_assert(cuda::kSuccess == CUDA_SUCCESS);
static_assert(cuda::kOutOfMemory == CUDA_ERROR_OUT_OF_MEMORY);
static_assert(cuda::kNoDevice == CUDA_ERROR_NO_DEVICE);
static_assert(cuda::kMaxThreadsPerBlock ==
              CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
static_assert(cuda::kMultiprocessorCount ==
              CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
static_assert(cuda::kCapabilityMajor ==
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
static_assert(cuda::kCapabilityMinor ==
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
static_assert(cuda::kCooperativeLaunch ==
              CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH);
static_assert(cuda::kMaxSharedPerBlockOptin ==
              CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
static_assert(cuda::kFunctionSharedBytes ==
              CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
static_assert(cuda::kFunctionMaxDynamicSharedBytes ==
              CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
static_assert(cuda::kJitErrorLog == CU_JIT_ERROR_LOG_BUFFER);
static_assert(cuda::kJitErrorLogBytes == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
static_assert(cuda::kStreamNonBlocking == CU_STREAM_NON_BLOCKING);
static_assert(cuda::kEventDefault == CU_EVENT_DEFAULT);
static_assert(cuda::kCaptureRelaxed == CU_STREAM_CAPTURE_MODE_RELAXED);

/// The keys of `extra` are casts, which static_assert does not take.
bool hasCudaLaunchKeys() {
  return cuda::kLaunchEnd == CU_LAUNCH_PARAM_END &&
         cuda::kLaunchBuffer == CU_LAUNCH_PARAM_BUFFER_POINTER &&
         cuda::kLaunchBytes == CU_LAUNCH_PARAM_BUFFER_SIZE;
}
