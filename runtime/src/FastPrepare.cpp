// FastPrepare.cpp - the checks of a launch in the usual case, as one pass.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nothing here makes a message: what is wrong, and what is unusual, is
// gathered, and Preparation then looks at it again.
#include "FastPrepare.h"
#include "Kernel.h"
#include "Support.h"
#include <cmath>
#include <cstddef>
#include <cstring>

using namespace tilewright::rt;

/// What the arguments of a launch say.
struct tilewright::rt::FastLaunch {
  int64_t symbols[maxSymbols + 1];
  /// First bytes of the arrays, and one past their last. Empty ones are at 0.
  int64_t begins[kMostFastArguments], ends[kMostFastArguments];
  int64_t all = 0; ///< the bits of all of them
};

namespace {

using Result = FastResult;
using Launch = FastLaunch;

static_assert(kNoSymbol == maxSymbols);

// Pointers that nothing else reaches: stores of bytes would otherwise make the
// compiler read everything again.
template <typename T> void put(uint8_t *__restrict at, T value) {
  std::memcpy(at, &value, sizeof(T));
}

/// Type and rank, which lie side by side, as one number.
template <typename T> uint64_t getTypeAndRank(const T &object) {
  uint64_t both;
  std::memcpy(&both,
              reinterpret_cast<const char *>(&object) + offsetof(T, type),
              sizeof(both));
  return both;
}
static_assert(offsetof(TwValue, rank) == offsetof(TwValue, type) + 4);
static_assert(offsetof(FastArgument, rank) == offsetof(FastArgument, type) + 4);

//===--- Scalars ----------------------------------------------------------===//

bool isInteger(const FastArgument &__restrict fast,
               const TwValue &__restrict value) {
  return getNumber(value.kind) == TW_SCALAR && !value.isReal &&
         uint64_t(value.integer) - uint64_t(fast.low) <= fast.span &&
         !(value.integer & fast.mask);
}

/// Integers that no size needs.
template <typename Bits>
Result doInteger(const FastArgument &__restrict fast,
                 const TwValue &__restrict value, uint8_t *__restrict at,
                 Launch &__restrict launch) {
  if (!isInteger(fast, value))
    return Result::Refused;
  put(at, Bits(value.integer));
  return Result::Ready;
}

Result doOtherInteger(const FastArgument &__restrict fast,
                      const TwValue &__restrict value, uint8_t *__restrict at,
                      Launch &__restrict launch) {
  int64_t number = value.integer;
  launch.symbols[fast.write] = number;
  if (!isInteger(fast, value) || launch.symbols[fast.read] != number)
    return Result::Refused;
  std::memcpy(at, &number, size_t(fast.bytes));
  return Result::Ready;
}

/// `encode` makes the bytes of a type from a double.
template <typename Encode>
Result doFloat(const TwValue &__restrict value, Encode encode) {
  if (getNumber(value.kind) != TW_SCALAR)
    return Result::Refused;
  double real = value.isReal ? value.real : double(value.integer);
  // The bits of a NaN are the other one's to choose.
  if (std::isnan(real))
    return Result::Unknown;
  encode(real);
  return Result::Ready;
}

/// The compiler's conversion, which follows the modes of the thread, where it
/// is exact, as it is for what was an f32 before.
Result doFloat32(const FastArgument &__restrict fast,
                 const TwValue &__restrict value, uint8_t *__restrict at,
                 Launch &__restrict launch) {
  return doFloat(value, [&](double real) {
    auto rounded = float(real);
    if (double(rounded) == real)
      put(at, rounded);
    else
      put(at, uint32_t(twEncodeFloat(TW_F32, real)));
  });
}

Result doFloat64(const FastArgument &__restrict fast,
                 const TwValue &__restrict value, uint8_t *__restrict at,
                 Launch &__restrict launch) {
  return doFloat(value, [&](double real) { put(at, real); });
}

Result doOtherFloat(const FastArgument &__restrict fast,
                    const TwValue &__restrict value, uint8_t *__restrict at,
                    Launch &__restrict launch) {
  return doFloat(value, [&](double real) {
    uint64_t bits = twEncodeFloat(fast.type, real);
    std::memcpy(at, &bits, size_t(fast.bytes));
  });
}

//===--- Arrays -----------------------------------------------------------===//

/// Without this nothing of the value can be believed.
template <int rank>
bool isArray(const FastArgument &__restrict fast,
             const TwValue &__restrict value) {
  return getNumber(value.kind) == TW_ARRAY &&
         getTypeAndRank(value) == getTypeAndRank(fast) &&
         (value.sizes || (rank < 0 && fast.rank == 0));
}

/// Checks a size, and writes it if it is passed.
template <bool canWrite = true>
bool doSize(const FastDim &__restrict dim, int64_t size, uint8_t *__restrict at,
            int64_t *__restrict symbols) {
  if (dim.isBound) {
    if (size != symbols[dim.read])
      return false;
  } else {
    // A negative one is above every bound.
    if (uint64_t(size) - uint64_t(dim.low) > dim.span || (size & dim.sizeMask))
      return false;
    symbols[dim.write] = size;
    if (size != symbols[dim.read])
      return false;
  }
  if (canWrite && dim.sizeOffset)
    put(at + dim.sizeOffset, size);
  return true;
}

/// Checks where an array lies. Only where it `canBeEmpty` are there 0 bytes.
template <bool canBeEmpty = true>
bool place(const FastArgument &__restrict fast, int64_t address, int64_t bytes,
           Launch &__restrict launch) {
  if (canBeEmpty && bytes == 0)
    address = 0;
  else if (!address || (address & fast.mask))
    return false;
  // Where this wraps around the address is negative already.
  int64_t end = int64_t(uint64_t(address) + uint64_t(bytes));
  launch.begins[fast.array] = address;
  launch.ends[fast.array] = end;
  launch.all |= address | end;
  return true;
}

/// A stride is wrong. Dimensions of size 1 take no step, and empty arrays have
/// no strides at all.
Result refuseStride(const int64_t *sizes, int rank) {
  for (int d = 0; d < rank; ++d)
    if (sizes[d] == 0 || sizes[d] == 1)
      return Result::Unknown;
  return Result::Refused;
}

/// Any arrays but empty ones.
Result doStrided(const FastArgument &__restrict fast,
                 const TwValue &__restrict value, uint8_t *__restrict at,
                 Launch &__restrict launch) {
  const FastDim *dims = fast.dims;
  const int64_t *sizes = value.sizes, *strides = value.strides;
  if (!isArray<-1>(fast, value))
    return Result::Refused;
  auto address = reinterpret_cast<intptr_t>(value.data);
  put(at, address);
  int64_t step = 1, last = 1, bytes;
  for (int d = fast.rank - 1; d >= 0; --d) {
    const FastDim &dim = dims[fast.rank - 1 - d];
    int64_t size = sizes[d];
    if (!doSize(dim, size, at, launch.symbols))
      return Result::Refused;
    int64_t stride = strides ? strides[d] : step, reach;
    bool isWrong = ((stride ^ dim.stride) & dim.fixedMask) ||
                   (stride & dim.strideMask) ||
                   (fast.isContiguous && stride != step);
    // What TMA asks for.
    if (fast.isMapped)
      isWrong |=
          size > TensorMapRecipe::kMostSize ||
          (d == fast.rank - 1
               ? stride != 1
               : ((uint64_t(stride) * uint64_t(fast.bytes)) %
                  TensorMapRecipe::kStrideBytes) ||
                     stride >= TensorMapRecipe::kStrideLimit / fast.bytes);
    if (isWrong || size == 0)
      return refuseStride(sizes, fast.rank);
    if (dim.strideOffset)
      put(at + dim.strideOffset, stride);
    if (__builtin_mul_overflow(size - 1, stride, &reach) ||
        __builtin_add_overflow(last, reach, &last) ||
        __builtin_mul_overflow(step, size, &step))
      return Result::Unknown;
  }
  if (__builtin_mul_overflow(last, fast.bytes, &bytes))
    return Result::Unknown;
  if (fast.isMapped && address % TensorMapRecipe::kStrideBytes)
    return Result::Refused;
  return place(fast, address, bytes, launch) ? Result::Ready : Result::Refused;
}

/// The most usual array: one dimension, which is passed, and no stride.
Result doVector(const FastArgument &__restrict fast,
                const TwValue &__restrict value, uint8_t *__restrict at,
                Launch &__restrict launch) {
  if (value.strides)
    return doStrided(fast, value, at, launch);
  if (!isArray<1>(fast, value))
    return Result::Refused;
  int64_t size = *value.sizes, bytes;
  auto address = reinterpret_cast<intptr_t>(value.data);
  put(at, address);
  put(at + 8, size);
  bool isRight = doSize<false>(*fast.dims, size, at, launch.symbols) &&
                 !__builtin_mul_overflow(size, fast.bytes, &bytes) &&
                 place(fast, address, bytes, launch);
  return isRight ? Result::Ready : Result::Refused;
}

/// Arrays without gaps and without strides. With a `rank` that is not -1, all
/// loops are unrolled.
template <int rank>
Result doPacked(const FastArgument &__restrict fast,
                const TwValue &__restrict value, uint8_t *__restrict at,
                Launch &__restrict launch) {
  if (value.strides)
    return doStrided(fast, value, at, launch);
  int numDims = rank < 0 ? fast.rank : rank;
  const FastDim *dims = fast.dims;
  const int64_t *sizes = value.sizes;
  if (!isArray<rank>(fast, value))
    return Result::Refused;
  auto address = reinterpret_cast<intptr_t>(value.data);
  put(at, address);
  int64_t bytes = fast.bytes;
  bool overflows = false;
  for (int i = 0; i < numDims; ++i) {
    int64_t size = sizes[numDims - 1 - i];
    if (!doSize(dims[i], size, at, launch.symbols))
      return Result::Refused;
    overflows |= __builtin_mul_overflow(bytes, size, &bytes);
  }
  // An empty array may have other sizes as large as they like.
  if (overflows)
    return Result::Unknown;
  return place(fast, address, bytes, launch) ? Result::Ready : Result::Refused;
}

/// The most usual arrays with strides.
template <int rank>
Result doRows(const FastArgument &__restrict fast,
              const TwValue &__restrict value, uint8_t *__restrict at,
              Launch &__restrict launch) {
  if (!value.strides)
    return doStrided(fast, value, at, launch);
  const FastDim *dims = fast.dims;
  const int64_t *sizes = value.sizes, *strides = value.strides;
  if (!isArray<rank>(fast, value))
    return Result::Refused;
  auto address = reinterpret_cast<intptr_t>(value.data);
  put(at, address);
  int64_t step = sizes[rank - 1], last = step, bytes;
  if (!doSize<false>(*dims, step, at, launch.symbols))
    return Result::Refused;
  if (strides[rank - 1] != 1 || step == 0)
    return refuseStride(sizes, rank);
  put(at + 8 * rank, step);
  for (int d = rank - 2; d >= 0; --d) {
    const FastDim &dim = dims[rank - 1 - d];
    int64_t size = sizes[d], stride = strides[d], reach;
    if (!doSize<false>(dim, size, at, launch.symbols))
      return Result::Refused;
    if ((stride & dim.strideMask) || size == 0)
      return refuseStride(sizes, rank);
    put(at + 8 + 8 * d, size);
    put(at + 8 + 8 * rank + 8 * d, stride);
    if (__builtin_mul_overflow(size - 1, stride, &reach) ||
        __builtin_add_overflow(last, reach, &last) ||
        __builtin_mul_overflow(step, size, &step))
      return Result::Unknown;
  }
  if (__builtin_mul_overflow(last, fast.bytes, &bytes))
    return Result::Unknown;
  return place<false>(fast, address, bytes, launch) ? Result::Ready
                                                    : Result::Refused;
}

/// Two addresses at once.
using Two = int64_t __attribute__((vector_size(16)));

Two loadTwo(const int64_t *at) {
  Two both;
  std::memcpy(&both, at, sizeof(both));
  return both;
}

/// Checks that no memory is shared by arrays that must not. Two do if each
/// begins before the other one ends. Addresses that are not negative can be
/// subtracted, and then that is a sign, which takes no branch.
Result checkDisjoint(const FastProgram &program, const Launch &launch) {
  // Half of the addresses are nobody's memory, and some wrapped around.
  if (launch.all < 0)
    return Result::Unknown;
  Two overlaps = {0, 0};
  int64_t overlap = 0;
  for (const FastDisjoint &disjoint : program.disjoint) {
    int64_t begin = launch.begins[disjoint.array];
    int64_t end = launch.ends[disjoint.array];
    size_t i = disjoint.first, last = disjoint.last;
    if ((last - i) % 2) {
      overlap |= (begin - launch.ends[i]) & (launch.begins[i] - end);
      ++i;
    }
    for (; i != last; i += 2)
      overlaps |= (begin - loadTwo(launch.ends + i)) &
                  (loadTwo(launch.begins + i) - end);
  }
  overlap |= overlaps[0] | overlaps[1];
  return overlap < 0 ? Result::Refused : Result::Ready;
}

//===--- Grids ------------------------------------------------------------===//

Result makeGrid(const TwKernelStorage &kernel, const int64_t *symbols,
                int64_t grid[3]) {
  const FastProgram &program = kernel.fast;
  if (!program.hasExtents) {
    TwStatus status = evaluateGrid(kernel, symbols, grid);
    twStatusDestroy(status);
    return status ? Result::Unknown : Result::Ready;
  }
  grid[0] = grid[1] = grid[2] = 1;
  int64_t total = 1, *extent = grid;
  for (const FastExtent &fast : program.extents) {
    int64_t value = fast.constant;
    if (!fast.isConstant) {
      int64_t size = symbols[fast.read];
      int64_t rest = size & ((int64_t(1) << fast.shift) - 1);
      value = (size >> fast.shift) + (rest != 0);
    }
    if (value < 0 || __builtin_mul_overflow(total, value, &total))
      return Result::Unknown;
    *extent++ = value;
  }
  return Result::Ready;
}

/// A loop of its own for each kind, which a check is inlined into.
template <Result (*check)(const FastArgument &, const TwValue &, uint8_t *,
                          Launch &)>
Result doRun(const FastArgument *fast, const FastArgument *end,
             const TwValue *values, uint8_t *__restrict kernarg,
             Launch &__restrict launch) {
  for (; fast != end; ++fast, ++values) {
    Result result = check(*fast, *values, kernarg + fast->offset, launch);
    if (result != Result::Ready)
      return result;
  }
  return Result::Ready;
}

} // namespace

FastCheck *tilewright::rt::getFastCheck(FastArgument::Kind kind) {
  switch (kind) {
  case FastArgument::Vector:
    return doRun<doVector>;
  case FastArgument::Packed2:
    return doRun<doPacked<2>>;
  case FastArgument::Packed:
    return doRun<doPacked<-1>>;
  case FastArgument::Rows2:
    return doRun<doRows<2>>;
  case FastArgument::Rows3:
    return doRun<doRows<3>>;
  case FastArgument::Rows4:
    return doRun<doRows<4>>;
  case FastArgument::Strided:
    return doRun<doStrided>;
  case FastArgument::Int32:
    return doRun<doInteger<uint32_t>>;
  case FastArgument::Int64:
    return doRun<doInteger<int64_t>>;
  case FastArgument::OtherInteger:
    return doRun<doOtherInteger>;
  case FastArgument::Float32:
    return doRun<doFloat32>;
  case FastArgument::Float64:
    return doRun<doFloat64>;
  case FastArgument::OtherFloat:
    return doRun<doOtherFloat>;
  }
  return nullptr;
}

FastResult tilewright::rt::prepareFast(const TwKernelStorage &kernel,
                                       const TwValue *values,
                                       uint8_t *__restrict kernarg,
                                       int64_t grid[3]) {
  const FastProgram &program = kernel.fast;
  if (!program.isUsable)
    return Result::Unknown;
  // Between arguments there may be bytes that are nobody's.
  std::memset(kernarg, 0, kernel.kernargBytes);
  Launch launch;
  const FastArgument *fast = program.arguments.data();
  for (const FastRun &run : program.runs) {
    const FastArgument *end = fast + run.numArguments;
    Result result = run.check(fast, end, values, kernarg, launch);
    if (result != Result::Ready)
      return result;
    fast = end;
    values += run.numArguments;
  }
  Result result = checkDisjoint(program, launch);
  return result == Result::Ready ? makeGrid(kernel, launch.symbols, grid)
                                 : result;
}
