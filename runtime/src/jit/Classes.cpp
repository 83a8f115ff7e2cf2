// Classes.cpp - what a policy lets a kernel assume of the arguments of a
// launch. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Classes.h"
#include "../Kernel.h"
#include "../Support.h"
#include <cstring>

using namespace tilewright::rt;

namespace {

/// The largest power of two up to kMostDivisor that divides `number`. It
/// divides 0 as well.
int64_t getDivisor(int64_t number) {
  uint64_t bit = uint64_t(number) | uint64_t(kMostDivisor);
  return int64_t(bit & -bit);
}

/// Sizes above have no bound: there is no larger power of two.
constexpr int64_t kMostBound = int64_t(1) << 62;

/// The smallest power of two that is not below `size`.
int64_t getBound(int64_t size) {
  return size <= 1 ? 1
                   : int64_t(1) << (64 - __builtin_clzll(uint64_t(size - 1)));
}

DimClass classifyDim(TwJitPolicy policy, int64_t size, int64_t stride) {
  DimClass result;
  if (policy == TW_JIT_DYNAMIC)
    return result;
  // No code is compiled for an array without elements.
  if (policy == TW_JIT_EXACT && size > 0)
    result.size = size;
  else if (size >= 0)
    result.divisor = getDivisor(size);
  if (policy == TW_JIT_BUCKETS && size >= 0 && size <= kMostBound)
    result.atMost = getBound(size);
  // A unit stride is worth more than any divisor.
  if (stride == 1 || (policy == TW_JIT_EXACT && stride >= 0))
    result.stride = stride;
  else
    result.strideDivisor = getDivisor(stride);
  return result;
}

int64_t classifyAddress(TwJitPolicy policy, const void *data) {
  return policy == TW_JIT_DYNAMIC
             ? 1
             : getDivisor(int64_t(reinterpret_cast<uintptr_t>(data)));
}

int64_t classifyScalar(TwJitPolicy policy, const TwValue &value) {
  return policy == TW_JIT_DYNAMIC || value.isReal ? 1
                                                  : getDivisor(value.integer);
}

/// The type of a scalar that its kernel does not state here.
TwElementType getScalarType(bool isReal) { return isReal ? TW_F64 : TW_I64; }

/// Calls visit(dim, size, stride), from the last dimension on.
template <typename Visitor>
void visitDims(const TwValue &value, Visitor &&visit) {
  int64_t stride = 1;
  for (int32_t dim = value.rank - 1; dim >= 0; --dim) {
    visit(dim, value.sizes[dim], value.strides ? value.strides[dim] : stride);
    // What overflows is refused at the launch.
    if (__builtin_mul_overflow(stride, value.sizes[dim], &stride))
      stride = 0;
  }
}

class ByteWriter {
public:
  ByteWriter(uint8_t *bytes, size_t capacity)
      : bytes(bytes), capacity(capacity) {}

  template <typename T> void add(const T &value) {
    if (size + sizeof(T) <= capacity)
      std::memcpy(bytes + size, &value, sizeof(T));
    size += sizeof(T);
  }
  void addHead(TwArgumentKind kind, TwElementType type, size_t rank,
               int64_t factor) {
    add(uint8_t(kind));
    add(uint8_t(type));
    add(uint8_t(rank));
    add(uint8_t(factor));
  }
  size_t size = 0;

private:
  uint8_t *bytes;
  size_t capacity;
};

static_assert(sizeof(DimClass) == 5 * sizeof(int64_t), "no gaps are hashed");

} // namespace

TwStatus tilewright::rt::checkValues(const TwValue *values, size_t numValues) {
  if ((numValues && !values) || numValues > maxArguments)
    return fail(TW_INVALID_ARGUMENT, "expected at most ", int64_t(maxArguments),
                " arguments, but got ", int64_t(numValues),
                values ? "" : " at null");
  for (size_t i = 0; i < numValues; ++i) {
    const TwValue &value = values[i];
    if (getNumber(value.kind) == TW_SCALAR)
      continue;
    int type = getNumber(value.type);
    if (getNumber(value.kind) != TW_ARRAY || type < TW_F64 || type > TW_I64)
      return fail(TW_INVALID_ARGUMENT, "argument ", int64_t(i),
                  ": expected an array of a known element type or a scalar");
    if (value.rank < 0 || value.rank > maxRank || (value.rank && !value.sizes))
      return fail(TW_INVALID_ARGUMENT, "argument ", int64_t(i),
                  ": expected a rank in [0, ", int64_t(maxRank),
                  "] and as many sizes, but got rank ", int64_t(value.rank));
  }
  return nullptr;
}

size_t tilewright::rt::writeClasses(TwJitPolicy policy, const TwValue *values,
                                    size_t numValues, uint8_t *bytes,
                                    size_t capacity) {
  ByteWriter writer(bytes, capacity);
  for (size_t i = 0; i < numValues; ++i) {
    const TwValue &value = values[i];
    if (value.kind == TW_SCALAR) {
      writer.addHead(TW_SCALAR, getScalarType(value.isReal), 0,
                     classifyScalar(policy, value));
      continue;
    }
    writer.addHead(TW_ARRAY, value.type, size_t(value.rank),
                   classifyAddress(policy, value.data));
    visitDims(value, [&](int32_t, int64_t size, int64_t stride) {
      writer.add(classifyDim(policy, size, stride));
    });
  }
  return writer.size;
}

std::vector<ArgumentClass> tilewright::rt::makeClasses(TwJitPolicy policy,
                                                       const TwValue *values,
                                                       size_t numValues) {
  std::vector<ArgumentClass> classes(numValues);
  for (size_t i = 0; i < numValues; ++i) {
    const TwValue &value = values[i];
    ArgumentClass &result = classes[i];
    result.kind = value.kind;
    if (value.kind == TW_SCALAR) {
      result.type = getScalarType(value.isReal);
      result.divisor = classifyScalar(policy, value);
      continue;
    }
    result.type = value.type;
    result.align = classifyAddress(policy, value.data);
    result.dims.resize(size_t(value.rank));
    visitDims(value, [&](int32_t dim, int64_t size, int64_t stride) {
      result.dims[size_t(dim)] = classifyDim(policy, size, stride);
    });
  }
  return classes;
}

std::vector<uint8_t>
tilewright::rt::writeClasses(const std::vector<ArgumentClass> &classes) {
  auto write = [&](uint8_t *bytes, size_t capacity) {
    ByteWriter writer(bytes, capacity);
    for (const ArgumentClass &each : classes) {
      bool isArray = each.kind == TW_ARRAY;
      writer.addHead(each.kind, each.type, each.dims.size(),
                     isArray ? each.align : each.divisor);
      for (size_t i = each.dims.size(); i-- > 0;)
        writer.add(each.dims[i]);
    }
    return writer.size;
  };
  std::vector<uint8_t> bytes(write(nullptr, 0));
  write(bytes.data(), bytes.size());
  return bytes;
}
