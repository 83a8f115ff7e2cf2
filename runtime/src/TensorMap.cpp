// TensorMap.cpp - tensor maps of a launch.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TensorMap.h"
#include "Support.h"
#include <algorithm>
#include <cstring>

using namespace tilewright::rt;

TwStatus Backend::encodeTensorMap(const TensorMapRequest &, void *) {
  return fail(TW_UNSUPPORTED, "this device has no tensor maps");
}

namespace {

TensorMapRequest makeRequest(const TwKernelStorage &kernel,
                             const TensorMapRecipe &recipe,
                             const TwValue &value) {
  const Argument &argument = kernel.arguments[recipe.argument];
  TensorMapRequest request = {};
  request.recipe = &recipe;
  request.type = argument.type;
  request.rank = argument.rank;
  request.address = value.data;
  constexpr int64_t unit = TensorMapRecipe::kStrideBytes;
  constexpr int64_t most = TensorMapRecipe::kStrideLimit - unit;
  int64_t step = 1;
  for (int32_t d = argument.rank - 1; d >= 0; --d) {
    int32_t to = argument.rank - 1 - d;
    int64_t size = value.sizes[d];
    // The stride of a dimension of size 1 may be anything, but not for the map.
    int64_t stride =
        value.strides && size > 1 ? value.strides[d] : std::min(step, most);
    int64_t bytes = stride * argument.elementBytes;
    if (size == 1)
      bytes = std::min((bytes + unit - 1) / unit * unit, most);
    request.sizes[to] = uint64_t(size);
    if (to > 0)
      request.strideBytes[to - 1] = uint64_t(bytes);
    request.box[to] = recipe.box[size_t(d)];
    request.elementStrides[to] = recipe.elementStrides[size_t(d)];
    if (__builtin_mul_overflow(stride, size, &step))
      step = most;
  }
  return request;
}

KeptTensorMaps::Key makeKey(const TensorMapRequest &request) {
  KeptTensorMaps::Key key = {request.recipe->id,
                             reinterpret_cast<uintptr_t>(request.address)};
  std::memcpy(&key[2], request.sizes, sizeof(request.sizes));
  std::memcpy(&key[2 + TensorMapRecipe::kMostRank], request.strideBytes,
              sizeof(request.strideBytes));
  return key;
}

} // namespace

TwStatus tilewright::rt::writeTensorMaps(Backend &backend,
                                         const TwKernelStorage &kernel,
                                         const TwValue *values, void *kernarg) {
  for (const TensorMapRecipe &recipe : kernel.tensorMaps) {
    const TwValue &value = values[recipe.argument];
    uint8_t *map = static_cast<uint8_t *>(kernarg) + recipe.offset;
    bool isEmpty = false;
    for (int32_t d = 0; d < value.rank; ++d)
      isEmpty |= value.sizes[d] == 0;
    // Nothing is there to be copied, and no map says so.
    if (isEmpty) {
      std::memset(map, 0, TensorMapRecipe::kBytes);
      continue;
    }
    TensorMapRequest request = makeRequest(kernel, recipe, value);
    KeptTensorMaps::Key key = makeKey(request);
    if (backend.keptMaps.find(key, map))
      continue;
    alignas(TensorMapRecipe::kAlignment) uint8_t made[TensorMapRecipe::kBytes];
    if (TwStatus status = backend.encodeTensorMap(request, made)) {
      status->message = "argument '" + kernel.arguments[recipe.argument].name +
                        "': " + status->message;
      return status;
    }
    backend.keptMaps.add(key, made);
    std::memcpy(map, made, TensorMapRecipe::kBytes);
  }
  return nullptr;
}
