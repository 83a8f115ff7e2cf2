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

/// What a launch looks its code up by has few bytes: 4 for an argument, 2 for a
/// dimension, and 16 more where its size and stride are known.
size_t countBytes(TwJitPolicy policy, size_t rank) {
  return 4 + rank * (policy == TW_JIT_DYNAMIC ? 0
                     : policy == TW_JIT_EXACT ? 18
                                              : 2);
}

/// Writes them where there is room.
class ByteWriter {
public:
  explicit ByteWriter(uint8_t *bytes) : at(bytes) {}

  void addHead(TwArgumentKind kind, TwElementType type, size_t rank,
               int64_t factor) {
    add(uint32_t(kind) | uint32_t(type) << 8 | uint32_t(rank) << 16 |
        getLog2(factor) << 24);
  }
  /// Nothing is known with TW_JIT_DYNAMIC, whose classes have no dimensions.
  void addDim(TwJitPolicy policy, const DimClass &dim) {
    if (policy == TW_JIT_DYNAMIC)
      return;
    add(uint16_t(getLog2(dim.divisor) | uint32_t(dim.stride == 1) << 3 |
                 getLog2(dim.strideDivisor) << 4 |
                 (dim.atMost < 0 ? 0 : getLog2(dim.atMost) + 1) << 8));
    if (policy == TW_JIT_EXACT) {
      add(dim.size);
      add(dim.stride);
    }
  }

private:
  static uint32_t getLog2(int64_t power) {
    return uint32_t(__builtin_ctzll(uint64_t(power)));
  }
  template <typename T> void add(T value) {
    std::memcpy(at, &value, sizeof(T));
    at += sizeof(T);
  }
  uint8_t *at;
};

bool isPower(int64_t number, int64_t most) {
  return number > 0 && number <= most && (number & (number - 1)) == 0;
}

/// Whether the policy makes such a class.
bool isOfPolicy(TwJitPolicy policy, const DimClass &dim) {
  bool isExact = policy == TW_JIT_EXACT;
  bool isBucket = policy == TW_JIT_BUCKETS;
  if (!isPower(dim.divisor, kMostDivisor) ||
      !isPower(dim.strideDivisor, kMostDivisor) || dim.size < -1 ||
      dim.stride < -1 || dim.atMost < -1 || dim.size == 0)
    return false;
  if (policy == TW_JIT_DYNAMIC)
    return dim.divisor == 1 && dim.strideDivisor == 1 && dim.size < 0 &&
           dim.stride < 0 && dim.atMost < 0;
  return (isExact || dim.size < 0) &&
         (isExact || dim.stride < 0 || dim.stride == 1) &&
         (dim.atMost < 0 || (isBucket && isPower(dim.atMost, kMostBound)));
}

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

/// writeClasses for a policy that the compiler knows.
template <TwJitPolicy policy>
static size_t writeClassesOf(const TwValue *values, size_t numValues,
                             uint8_t *bytes, size_t capacity) {
  size_t size = 0;
  for (size_t i = 0; i < numValues; ++i) {
    const TwValue &value = values[i];
    bool isScalar = value.kind == TW_SCALAR;
    size_t rank = isScalar ? 0 : size_t(value.rank);
    size_t offset = size;
    size += countBytes(policy, rank);
    if (size > capacity)
      continue;
    ByteWriter writer(bytes + offset);
    if (isScalar) {
      writer.addHead(TW_SCALAR, getScalarType(value.isReal), 0,
                     classifyScalar(policy, value));
      continue;
    }
    writer.addHead(TW_ARRAY, value.type, rank,
                   classifyAddress(policy, value.data));
    visitDims(value, [&](int32_t, int64_t size, int64_t stride) {
      writer.addDim(policy, classifyDim(policy, size, stride));
    });
  }
  return size;
}

size_t tilewright::rt::writeClasses(TwJitPolicy policy, const TwValue *values,
                                    size_t numValues, uint8_t *bytes,
                                    size_t capacity) {
  switch (policy) {
  case TW_JIT_DIVISIBILITY:
    return writeClassesOf<TW_JIT_DIVISIBILITY>(values, numValues, bytes,
                                               capacity);
  case TW_JIT_EXACT:
    return writeClassesOf<TW_JIT_EXACT>(values, numValues, bytes, capacity);
  case TW_JIT_DYNAMIC:
    return writeClassesOf<TW_JIT_DYNAMIC>(values, numValues, bytes, capacity);
  case TW_JIT_BUCKETS:
    return writeClassesOf<TW_JIT_BUCKETS>(values, numValues, bytes, capacity);
  }
  return 0;
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

bool tilewright::rt::writeClasses(TwJitPolicy policy,
                                  const std::vector<ArgumentClass> &classes,
                                  std::vector<uint8_t> &bytes) {
  for (const ArgumentClass &each : classes) {
    bool isArray = each.kind == TW_ARRAY;
    int64_t factor = isArray ? each.align : each.divisor;
    if (!isPower(factor, policy == TW_JIT_DYNAMIC ? 1 : kMostDivisor) ||
        each.dims.size() > size_t(maxRank))
      return false;
    for (const DimClass &dim : each.dims)
      if (!isOfPolicy(policy, dim))
        return false;
  }
  size_t size = 0;
  for (const ArgumentClass &each : classes)
    size += countBytes(policy, each.dims.size());
  bytes.resize(size);
  ByteWriter writer(bytes.data());
  for (const ArgumentClass &each : classes) {
    bool isArray = each.kind == TW_ARRAY;
    writer.addHead(each.kind, each.type, each.dims.size(),
                   isArray ? each.align : each.divisor);
    for (size_t i = each.dims.size(); i-- > 0;)
      writer.addDim(policy, each.dims[i]);
  }
  return true;
}
