// FastPrepare.cpp - the checks of a launch in the usual case, as one pass.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nothing here makes a message: what is wrong, and what is unusual, is
// gathered, and Preparation then looks at it again.
#include "FastPrepare.h"
#include "Kernel.h"
#include "Support.h"
#include <cmath>
#include <cstring>

using namespace tilewright::rt;

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static FastArgument::Kind getScalarKind(TwElementType type) {
  if (type >= TW_I1)
    return FastArgument::Integer;
  return type == TW_F32   ? FastArgument::Float32
         : type == TW_F64 ? FastArgument::Float64
                          : FastArgument::OtherFloat;
}

static void setRange(TwElementType type, FastArgument &fast) {
  fast.low = INT64_MIN;
  fast.high = INT64_MAX;
  if (type == TW_I1) {
    fast.low = 0;
    fast.high = 1;
  } else if (fast.bytes < 8) {
    // As signed or as unsigned number of that many bits.
    fast.low = -(int64_t(1) << (8 * fast.bytes - 1));
    fast.high = (int64_t(1) << (8 * fast.bytes)) - 1;
  }
}

void tilewright::rt::makeFastProgram(TwKernelStorage &kernel) {
  FastProgram program;
  uint64_t bound = 0;
  auto takeFirst = [&](int symbol) {
    if (symbol < 0)
      return false;
    bool isFirst = !((bound >> symbol) & 1);
    bound |= uint64_t(1) << symbol;
    return isFirst;
  };
  if (kernel.arguments.size() > kMostFastArguments || kernel.hasWorkspaces)
    return;
  for (const Argument &argument : kernel.arguments) {
    FastArgument fast = {};
    fast.type = argument.type;
    fast.bytes = uint8_t(argument.elementBytes);
    fast.offset = uint32_t(argument.offset);
    fast.symbol = -1;
    if (argument.kind == TW_SCALAR) {
      // A divisor that is no power of two takes a division.
      if (argument.isFixed || argument.divisible.mask < 0)
        return;
      fast.kind = getScalarKind(argument.type);
      fast.symbol = int16_t(argument.symbol);
      fast.isFirst = takeFirst(argument.symbol);
      fast.mask = argument.divisible.mask;
      setRange(argument.type, fast);
      program.arguments.push_back(fast);
      continue;
    }
    if (argument.align.mask < 0)
      return;
    fast.kind = FastArgument::Array;
    fast.rank = uint8_t(argument.rank);
    fast.isContiguous = argument.isContiguous;
    fast.mask = argument.align.mask;
    fast.firstDim = uint32_t(program.dims.size());
    for (const Dim &dim : argument.dims) {
      if (dim.sizeDivisor.mask < 0 || dim.strideDivisor.mask < 0)
        return;
      fast.hasStrideFacts |= dim.strideDivisor.mask != 0;
      program.dims.push_back({dim.size, dim.stride, dim.atMost,
                              dim.sizeDivisor.mask, dim.strideDivisor.mask,
                              int16_t(dim.symbol), takeFirst(dim.symbol)});
    }
    program.arguments.push_back(fast);
  }
  for (const TensorMapRecipe &recipe : kernel.tensorMaps)
    program.arguments[recipe.argument].isMapped =
        program.arguments[recipe.argument].hasStrideFacts = true;
  program.isUsable = true;
  kernel.fast = std::move(program);
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

namespace {

/// First byte and one past the last byte that an array can touch.
struct FastExtent {
  uintptr_t begin, end;
};

using Result = FastResult;

// Pointers that nothing else reaches: stores of bytes would otherwise make the
// compiler read everything again.
template <typename T> void put(uint8_t *__restrict at, T value) {
  std::memcpy(at, &value, sizeof(T));
}

/// False where the symbol has another value.
bool bind(int16_t symbol, bool isFirst, int64_t value,
          int64_t *__restrict symbols) {
  if (symbol < 0)
    return true;
  if (!isFirst)
    return symbols[symbol] == value;
  symbols[symbol] = value;
  return true;
}

Result doInteger(const FastArgument &__restrict fast,
                 const TwValue &__restrict value, uint8_t *__restrict at,
                 int64_t *__restrict symbols) {
  int64_t number = value.integer;
  if (getNumber(value.kind) != TW_SCALAR || value.isReal || number < fast.low ||
      number > fast.high || (number & fast.mask))
    return Result::Refused;
  if (!bind(fast.symbol, fast.isFirst, number, symbols))
    return Result::Refused;
  if (fast.bytes == 4)
    put(at, uint32_t(number));
  else if (fast.bytes == 8)
    put(at, number);
  else if (fast.bytes == 2)
    put(at, uint16_t(number));
  else
    put(at, uint8_t(number));
  return Result::Ready;
}

Result doFloat(const FastArgument &__restrict fast,
               const TwValue &__restrict value, uint8_t *__restrict at) {
  if (getNumber(value.kind) != TW_SCALAR)
    return Result::Refused;
  double real = value.isReal ? value.real : double(value.integer);
  // The bits of a NaN are the other one's to choose.
  if (std::isnan(real))
    return Result::Unknown;
  if (fast.kind == FastArgument::Float64) {
    put(at, real);
  } else if (fast.kind == FastArgument::Float32) {
    put(at, float(real));
  } else {
    uint64_t bits = twEncodeFloat(fast.type, real);
    std::memcpy(at, &bits, fast.bytes);
  }
  return Result::Ready;
}

/// Checks the sizes and writes those that are passed behind `at`.
bool doSizes(const FastDim *__restrict dims, int rank,
             const int64_t *__restrict sizes, uint8_t *__restrict &at,
             int64_t *__restrict symbols) {
  for (int d = 0; d < rank; ++d) {
    const FastDim &dim = dims[d];
    int64_t size = sizes[d];
    // A negative one is above every bound.
    if (uint64_t(size) > uint64_t(dim.atMost) || (size & dim.sizeMask))
      return false;
    if (!bind(dim.symbol, dim.isFirst, size, symbols))
      return false;
    if (dim.size < 0)
      put(at += 8, size);
    else if (size != dim.size)
      return false;
  }
  return true;
}

/// Row-major without gaps, and no strides given: its elements.
Result doContiguous(const FastArgument &__restrict fast,
                    const FastDim *__restrict dims,
                    const int64_t *__restrict sizes, uint8_t *__restrict at,
                    int64_t *__restrict symbols, int64_t &__restrict elements) {
  if (!doSizes(dims, fast.rank, sizes, at, symbols))
    return Result::Refused;
  int64_t count = 1;
  for (int d = fast.rank - 1; d >= 0; --d)
    if (__builtin_mul_overflow(count, sizes[d], &count))
      return Result::Unknown;
  elements = count;
  if (!fast.hasStrideFacts)
    return Result::Ready;
  // Without elements there are no strides.
  if (count == 0)
    return Result::Unknown;
  int64_t stride = 1;
  for (int d = fast.rank - 1; d >= 0; --d) {
    // Implied strides have divisors as well, and tensor maps ask for more.
    if (sizes[d] > 1 && (stride & dims[d].strideMask))
      return Result::Refused;
    if (fast.isMapped && d < fast.rank - 1 && sizes[d] > 1 &&
        ((stride * fast.bytes) & 15))
      return Result::Refused;
    stride *= sizes[d];
  }
  return Result::Ready;
}

/// With strides, or with places for them: elements from the first to the last.
Result doStrided(const FastArgument &__restrict fast,
                 const FastDim *__restrict dims,
                 const TwValue &__restrict value, uint8_t *__restrict at,
                 int64_t *__restrict symbols, int64_t &__restrict elements) {
  if (!doSizes(dims, fast.rank, value.sizes, at, symbols))
    return Result::Refused;
  int64_t strides[maxRank], step = 1, last = 1;
  // Dimensions of size 0 and 1 take no step.
  for (int d = 0; d < fast.rank; ++d)
    if (value.sizes[d] <= 1)
      return Result::Unknown;
  for (int d = fast.rank - 1; d >= 0; --d) {
    int64_t size = value.sizes[d];
    int64_t stride = value.strides ? value.strides[d] : step;
    strides[d] = stride;
    if (stride < 0 || (stride & dims[d].strideMask))
      return Result::Refused;
    if (fast.isContiguous ? stride != step
                          : dims[d].stride >= 0 && stride != dims[d].stride)
      return Result::Refused;
    if (fast.isMapped && (d == fast.rank - 1 ? stride != 1
                                             : ((stride * fast.bytes) & 15) ||
                                                   stride >= int64_t(1) << 36))
      return Result::Refused;
    int64_t reach;
    if (__builtin_mul_overflow(size - 1, stride, &reach) ||
        __builtin_add_overflow(last, reach, &last) ||
        __builtin_mul_overflow(step, size, &step))
      return Result::Unknown;
  }
  if (!fast.isContiguous)
    for (int d = 0; d < fast.rank; ++d)
      if (dims[d].stride < 0)
        put(at += 8, strides[d]);
  elements = last;
  return Result::Ready;
}

Result doArray(const FastArgument &__restrict fast,
               const FastDim *__restrict dims, const TwValue &__restrict value,
               uint8_t *__restrict at, int64_t *__restrict symbols,
               FastExtent &__restrict extent) {
  // Behind these nothing of the value can be believed.
  if (getNumber(value.kind) != TW_ARRAY || getNumber(value.type) != fast.type ||
      value.rank != fast.rank || (fast.rank && !value.sizes))
    return Result::Refused;
  auto address = reinterpret_cast<uintptr_t>(value.data);
  put(at, address);
  int64_t elements, bytes;
  Result result =
      fast.isContiguous && !value.strides
          ? doContiguous(fast, dims, value.sizes, at, symbols, elements)
          : doStrided(fast, dims, value, at, symbols, elements);
  if (result != Result::Ready)
    return result;
  extent.begin = address;
  if (__builtin_mul_overflow(elements, int64_t(fast.bytes), &bytes) ||
      __builtin_add_overflow(address, uintptr_t(bytes), &extent.end))
    return Result::Unknown;
  if (bytes && (!address || (int64_t(address) & fast.mask)))
    return Result::Refused;
  if (fast.isMapped) {
    if (bytes && (address & 15))
      return Result::Refused;
    for (int d = 0; d < fast.rank; ++d)
      if (value.sizes[d] > int64_t(UINT32_MAX))
        return Result::Refused;
  }
  return Result::Ready;
}

} // namespace

FastResult tilewright::rt::prepareFast(const TwKernelStorage &kernel,
                                       const TwValue *values,
                                       uint8_t *__restrict kernarg,
                                       int64_t grid[3]) {
  const FastProgram &program = kernel.fast;
  if (!program.isUsable)
    return Result::Unknown;
  int64_t symbols[maxSymbols];
  FastExtent extents[kMostFastArguments];
  const FastDim *dims = program.dims.data();
  size_t index = 0;
  for (const FastArgument &fast : program.arguments) {
    uint8_t *at = kernarg + fast.offset;
    const TwValue &value = values[index];
    Result result;
    if (fast.kind == FastArgument::Array)
      result = doArray(fast, dims + fast.firstDim, value, at, symbols,
                       extents[index]);
    else if (fast.kind == FastArgument::Integer)
      result = doInteger(fast, value, at, symbols);
    else
      result = doFloat(fast, value, at);
    if (result != Result::Ready)
      return result;
    ++index;
  }
  for (AliasPair pair : kernel.aliasPairs) {
    FastExtent a = extents[pair.noAlias], b = extents[pair.other];
    if (a.begin < b.end && b.begin < a.end)
      return Result::Refused;
  }
  TwStatus status = evaluateGrid(kernel, symbols, grid);
  twStatusDestroy(status);
  return status ? Result::Unknown : Result::Ready;
}
