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

/// What a map depends on.
struct Key {
  uint64_t recipe;
  const Backend *backend;
  void *address;
  uint64_t sizes[TensorMapRecipe::kMostRank];
  uint64_t strideBytes[TensorMapRecipe::kMostRank];
};

struct KeptMap {
  Key key;
  uint8_t bytes[TensorMapRecipe::kBytes];
};

/// Two for each of the maps of a large kernel; zero is no recipe's id.
constexpr size_t kKeptMaps = 16;
thread_local KeptMap keptMaps[kKeptMaps];

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
    Key key = {};
    key.recipe = recipe.id;
    key.backend = &backend;
    key.address = request.address;
    std::memcpy(key.sizes, request.sizes, sizeof(key.sizes));
    std::memcpy(key.strideBytes, request.strideBytes, sizeof(key.strideBytes));
    uint64_t mixed = (reinterpret_cast<uintptr_t>(request.address) >> 4) +
                     recipe.id * 0x9E3779B97F4A7C15u;
    KeptMap &kept = keptMaps[(mixed * 0x9E3779B97F4A7C15u) >> 60];
    static_assert(kKeptMaps == 16, "four bits of the hash");
    if (std::memcmp(&kept.key, &key, sizeof(key)) != 0) {
      alignas(TensorMapRecipe::kAlignment)
          uint8_t made[TensorMapRecipe::kBytes];
      if (TwStatus status = backend.encodeTensorMap(request, made)) {
        status->message = "argument '" +
                          kernel.arguments[recipe.argument].name +
                          "': " + status->message;
        return status;
      }
      std::memcpy(kept.bytes, made, sizeof(made));
      kept.key = key;
    }
    std::memcpy(map, kept.bytes, TensorMapRecipe::kBytes);
  }
  return nullptr;
}
