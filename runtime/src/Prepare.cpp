// Prepare.cpp - checks the arguments of a launch and packs them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Kernel.h"
#include "Support.h"
#include <cstdio>
#include <cstring>

using namespace tilewright::rt;

namespace {

/// An array's strides in elements, row-major without gaps if none are given.
struct Strides {
  int64_t values[maxRank];
};

/// First byte and one past the last byte that an array can touch.
struct Extent {
  uintptr_t begin, end;
};

constexpr size_t maxKeptExtents = 32;

/// Stands for any refusal where nobody reads the message; never destroyed.
TwStatus quietRefusal() { return reinterpret_cast<TwStatus>(uintptr_t(1)); }

/// The name of a type that a caller filled in.
const char *describeType(const TwElementType &type) {
  int number = getNumber(type);
  return number >= TW_F64 && number <= TW_I64
             ? twElementTypeGetName(TwElementType(number))
             : "an unknown type";
}

class Preparation {
public:
  /// With `isQuiet` a refusal is `quietRefusal`, and makes no message.
  Preparation(const TwKernelStorage &kernel, const TwValue *values,
              uint8_t *kernarg, bool isQuiet)
      : kernel(kernel), values(values), kernarg(kernarg), isQuiet(isQuiet) {}

  TwStatus run(int64_t grid[3]) {
    for (size_t i = 0; i < kernel.arguments.size(); ++i) {
      const Argument &argument = kernel.arguments[i];
      TwStatus status = argument.kind == TW_ARRAY
                            ? doArray(argument, values[i], i)
                            : doScalar(argument, values[i]);
      if (status)
        return status;
    }
    if (TwStatus status = checkAliasing())
      return status;
    if (kernel.hasWorkspaces)
      if (TwStatus status = checkWorkspaces())
        return status;
    for (const TensorMapRecipe &recipe : kernel.tensorMaps)
      if (TwStatus status = checkTensorMap(recipe))
        return status;
    return evaluateGrid(kernel, symbols, grid);
  }

private:
  const TwKernelStorage &kernel;
  const TwValue *values;
  uint8_t *kernarg;
  bool isQuiet;
  /// Of the first arguments; those of others are computed again.
  Extent extents[maxKeptExtents];
  /// Symbols whose value is known, as bits; only of these is it set.
  uint64_t bound = 0;
  int64_t symbols[maxSymbols];
  /// The argument that gave a symbol its value, for messages.
  const Argument *binder[maxSymbols];

  template <typename... Parts>
  TwStatus refuse(const Argument &argument, const Parts &...parts) const {
    if (isQuiet)
      return quietRefusal();
    return fail(TW_INVALID_ARGUMENT, "argument '", argument.name,
                "': ", parts...);
  }

  TwStatus bind(const Argument &argument, int symbol, int64_t value) {
    if (symbol < 0)
      return nullptr;
    uint64_t bit = uint64_t(1) << symbol;
    if ((bound & bit) && symbols[symbol] != value)
      return refuse(argument, "expected size ", kernel.symbols[symbol], " = ",
                    symbols[symbol], ", as in argument '", binder[symbol]->name,
                    "', but got ", value);
    bound |= bit;
    binder[symbol] = &argument;
    symbols[symbol] = value;
    return nullptr;
  }

  void put(size_t offset, int64_t value, size_t bytes) {
    // Of known sizes, which are single instructions.
    switch (bytes) {
    case 1:
      kernarg[offset] = uint8_t(value);
      return;
    case 2:
      std::memcpy(kernarg + offset, &value, 2);
      return;
    case 4:
      std::memcpy(kernarg + offset, &value, 4);
      return;
    default:
      std::memcpy(kernarg + offset, &value, 8);
    }
  }

  //===--- Scalars --------------------------------------------------------===//

  TwStatus doScalar(const Argument &argument, const TwValue &value) {
    if (getNumber(value.kind) != TW_SCALAR)
      return refuse(argument, "expected a scalar, but got an array");
    size_t bytes = argument.elementBytes;
    if (argument.type < TW_I1) {
      double real = value.isReal ? value.real : double(value.integer);
      put(argument.offset, twEncodeFloat(argument.type, real), bytes);
      return checkFixedValue(argument, bytes);
    }
    if (TwStatus status = checkInteger(argument, value, bytes))
      return status;
    put(argument.offset, value.integer, bytes);
    if (TwStatus status = checkFixedValue(argument, bytes))
      return status;
    return bind(argument, argument.symbol, value.integer);
  }

  TwStatus checkInteger(const Argument &argument, const TwValue &value,
                        size_t bytes) {
    if (value.isReal)
      return refuse(argument, "expected an integer, but got ",
                    std::to_string(value.real));
    int64_t low = INT64_MIN, high = INT64_MAX;
    if (argument.type == TW_I1) {
      low = 0;
      high = 1;
    } else if (bytes < 8) {
      // Signed and unsigned alike: a kernel may see either.
      low = -(int64_t(1) << (8 * bytes - 1));
      high = (int64_t(1) << (8 * bytes)) - 1;
    }
    if (value.integer < low || value.integer > high)
      return refuse(argument, "expected a value that fits ",
                    twElementTypeGetName(argument.type), ", but got ",
                    value.integer);
    if (!argument.divisible.divides(value.integer))
      return refuse(argument, "expected a multiple of ",
                    argument.divisible.value, ", but got ", value.integer);
    return nullptr;
  }

  /// The kernel was compiled for one value: compares the bits just packed.
  TwStatus checkFixedValue(const Argument &argument, size_t bytes) {
    if (!argument.isFixed)
      return nullptr;
    uint64_t bits = 0;
    std::memcpy(&bits, kernarg + argument.offset, bytes);
    if (bits == argument.fixedBits)
      return nullptr;
    return refuse(argument, "expected the value ",
                  describe(argument, argument.fixedBits),
                  " that the kernel was compiled for, but got ",
                  describe(argument, bits));
  }

  static std::string describe(const Argument &argument, uint64_t bits) {
    double value = twDecodeFloat(argument.type, bits);
    char text[64];
    if (argument.type == TW_I64)
      std::snprintf(text, sizeof(text), "%lld",
                    static_cast<long long>(int64_t(bits)));
    else
      std::snprintf(text, sizeof(text), "%.17g", value);
    return text;
  }

  //===--- Arrays ---------------------------------------------------------===//

  TwStatus doArray(const Argument &argument, const TwValue &value,
                   size_t index) {
    if (getNumber(value.kind) != TW_ARRAY)
      return refuse(argument, "expected an array, but got a scalar");
    if (getNumber(value.type) != argument.type)
      return refuse(argument, "expected elements of type ",
                    twElementTypeGetName(argument.type), ", but got ",
                    describeType(value.type));
    if (value.rank != argument.rank)
      return refuse(argument, "expected ", int64_t(argument.rank),
                    " dimensions, but got ", int64_t(value.rank));
    if (value.rank && !value.sizes)
      return refuse(argument, "expected sizes");
    if (argument.isContiguous && !argument.hasStrideDivisors && !value.strides)
      return doContiguous(argument, value, index);
    if (TwStatus status = checkSizes(argument, value))
      return status;
    Strides strides;
    if (TwStatus status = getStrides(argument, value, strides))
      return status;
    if (TwStatus status = checkStrides(argument, value, strides))
      return status;
    Extent extent;
    if (TwStatus status = getExtent(argument, value, strides, extent))
      return status;
    if (TwStatus status = checkPointer(argument, value, extent))
      return status;
    if (index < maxKeptExtents)
      extents[index] = extent;
    size_t offset = argument.offset;
    put(offset, reinterpret_cast<intptr_t>(value.data), 8);
    for (int d = 0; d < argument.rank; ++d)
      if (argument.dims[d].size < 0)
        put(offset += 8, value.sizes[d], 8);
    if (argument.isContiguous)
      return nullptr;
    for (int d = 0; d < argument.rank; ++d)
      if (argument.dims[d].stride < 0)
        put(offset += 8, strides.values[d], 8);
    return nullptr;
  }

  /// doArray for most arrays: contiguous by declaration, without strides or
  /// facts about them.
  TwStatus doContiguous(const Argument &argument, const TwValue &value,
                        size_t index) {
    int64_t elements = 1;
    bool overflows = false;
    size_t offset = argument.offset;
    put(offset, reinterpret_cast<intptr_t>(value.data), 8);
    for (int d = 0; d < argument.rank; ++d) {
      int64_t size = value.sizes[d];
      if (TwStatus status = checkSize(argument, d, size))
        return status;
      overflows |= __builtin_mul_overflow(elements, size, &elements);
      if (argument.dims[d].size < 0)
        put(offset += 8, size, 8);
    }
    int64_t bytes;
    overflows |=
        __builtin_mul_overflow(elements, argument.elementBytes, &bytes);
    Extent extent;
    extent.begin = reinterpret_cast<uintptr_t>(value.data);
    overflows |=
        __builtin_add_overflow(extent.begin, uintptr_t(bytes), &extent.end);
    // An empty array may have other sizes as large as they like.
    if (overflows && !isEmpty(value))
      return refuse(argument, "the sizes exceed the address space");
    if (overflows)
      extent.end = extent.begin;
    if (TwStatus status = checkPointer(argument, value, extent))
      return status;
    if (index < maxKeptExtents)
      extents[index] = extent;
    return nullptr;
  }

  static bool isEmpty(const TwValue &value) {
    for (int d = 0; d < value.rank; ++d)
      if (value.sizes[d] == 0)
        return true;
    return false;
  }

  TwStatus checkSize(const Argument &argument, int d, int64_t size) {
    const Dim &dim = argument.dims[d];
    if (size < 0)
      return refuse(argument, "expected a size of at least 0 in dimension ",
                    int64_t(d), ", but got ", size);
    if (dim.size >= 0 && size != dim.size)
      return refuse(argument, "expected size ", dim.size, " in dimension ",
                    int64_t(d), ", but got ", size);
    if (TwStatus status = bind(argument, dim.symbol, size))
      return status;
    if (size > dim.atMost)
      return refuse(argument, "expected a size of at most ", dim.atMost,
                    " in dimension ", int64_t(d), ", but got ", size);
    if (!dim.sizeDivisor.divides(size))
      return refuse(argument, "expected a multiple of ", dim.sizeDivisor.value,
                    " as size of dimension ", int64_t(d), ", but got ", size);
    return nullptr;
  }

  TwStatus checkSizes(const Argument &argument, const TwValue &value) {
    for (int d = 0; d < argument.rank; ++d)
      if (TwStatus status = checkSize(argument, d, value.sizes[d]))
        return status;
    return nullptr;
  }

  TwStatus getStrides(const Argument &argument, const TwValue &value,
                      Strides &strides) {
    int64_t step = 1;
    bool overflows = false;
    for (int d = argument.rank - 1; d >= 0; --d) {
      strides.values[d] = value.strides ? value.strides[d] : step;
      overflows |= __builtin_mul_overflow(
          step, value.sizes[d] ? value.sizes[d] : 1, &step);
    }
    // An empty array may have other sizes as large as they like.
    if (overflows && !isEmpty(value))
      return refuse(argument, "the sizes exceed the address space");
    return nullptr;
  }

  TwStatus checkStrides(const Argument &argument, const TwValue &value,
                        const Strides &strides) {
    for (int d = 0; d < argument.rank; ++d)
      if (value.sizes[d] == 0)
        return nullptr; // no element, no address
    int64_t step = 1;
    for (int d = argument.rank - 1; d >= 0; --d) {
      int64_t stride = strides.values[d];
      // A dimension of size 1 takes no step.
      bool isStepped = value.sizes[d] > 1;
      if (stride < 0)
        return refuse(argument, "expected a stride of at least 0 in dimension ",
                      int64_t(d), ", but got ", stride);
      if (isStepped && argument.isContiguous && stride != step)
        return refuse(argument, "expected contiguous elements, with stride ",
                      step, " in dimension ", int64_t(d), ", but got ", stride);
      if (isStepped && !argument.isContiguous && argument.dims[d].stride >= 0 &&
          stride != argument.dims[d].stride)
        return refuse(argument, "expected stride ", argument.dims[d].stride,
                      " in dimension ", int64_t(d), ", but got ", stride);
      if (isStepped && !argument.dims[d].strideDivisor.divides(stride))
        return refuse(argument, "expected a multiple of ",
                      argument.dims[d].strideDivisor.value,
                      " as stride of dimension ", int64_t(d), ", but got ",
                      stride);
      step *= value.sizes[d];
    }
    return nullptr;
  }

  TwStatus getExtent(const Argument &argument, const TwValue &value,
                     const Strides &strides, Extent &extent) {
    int64_t last = 0;
    bool isEmpty = false, overflows = false;
    for (int d = 0; d < argument.rank; ++d) {
      if (value.sizes[d] == 0) {
        isEmpty = true;
        continue;
      }
      int64_t reach;
      overflows |=
          __builtin_mul_overflow(value.sizes[d] - 1, strides.values[d], &reach);
      overflows |= __builtin_add_overflow(last, reach, &last);
    }
    int64_t bytes = 0;
    overflows |= __builtin_add_overflow(last, 1, &last);
    overflows |= __builtin_mul_overflow(last, argument.elementBytes, &bytes);
    extent.begin = reinterpret_cast<uintptr_t>(value.data);
    overflows |= __builtin_add_overflow(
        extent.begin, uintptr_t(isEmpty ? 0 : bytes), &extent.end);
    if (overflows && !isEmpty)
      return refuse(argument, "the sizes exceed the address space");
    if (isEmpty)
      extent.end = extent.begin;
    return nullptr;
  }

  TwStatus checkPointer(const Argument &argument, const TwValue &value,
                        const Extent &extent) {
    if (extent.begin == extent.end)
      return nullptr;
    if (!value.data)
      return refuse(argument, "expected memory, but got a null pointer");
    if (!argument.align.divides(int64_t(extent.begin)))
      return refuse(argument, "expected an address aligned to ",
                    argument.align.value, " bytes, but it is ",
                    int64_t(extent.begin % uint64_t(argument.align.value)),
                    " bytes off");
    return nullptr;
  }

  /// A noalias argument shares no byte with another one, unless both are only
  /// read.
  TwStatus checkAliasing() {
    for (AliasPair pair : kernel.aliasPairs) {
      Extent a = getExtent(pair.noAlias), b = getExtent(pair.other);
      bool isEmpty = a.begin == a.end || b.begin == b.end;
      if (!isEmpty && a.begin < b.end && b.begin < a.end)
        return refuse(kernel.arguments[pair.noAlias],
                      "expected memory that no other argument shares, "
                      "but it overlaps with argument '",
                      kernel.arguments[pair.other].name, "'");
    }
    return nullptr;
  }

  /// What the hardware asks of an array that it copies by a tensor map.
  TwStatus checkTensorMap(const TensorMapRecipe &recipe) {
    const Argument &argument = kernel.arguments[recipe.argument];
    const TwValue &value = values[recipe.argument];
    if (isEmpty(value))
      return nullptr;
    uintptr_t address = reinterpret_cast<uintptr_t>(value.data);
    if (address % TensorMapRecipe::kStrideBytes)
      return refuse(argument, "expected an address aligned to ",
                    TensorMapRecipe::kStrideBytes,
                    " bytes for its tensor map, but it is ",
                    int64_t(address % TensorMapRecipe::kStrideBytes),
                    " bytes off");
    Strides strides;
    if (TwStatus status = getStrides(argument, value, strides))
      return status;
    for (int d = 0; d < argument.rank; ++d) {
      if (value.sizes[d] > TensorMapRecipe::kMostSize)
        return refuse(argument, "expected sizes of at most ",
                      TensorMapRecipe::kMostSize,
                      " for its tensor map, but got ", value.sizes[d],
                      " in dimension ", int64_t(d));
      // A dimension of size 1 takes no step, but it has a stride in the map.
      int64_t stride = value.sizes[d] > 1 || value.strides == nullptr
                           ? strides.values[d]
                           : TensorMapRecipe::kStrideBytes;
      bool isLast = d == argument.rank - 1;
      if (isLast && value.sizes[d] > 1 && stride != 1)
        return refuse(argument, "expected stride 1 in dimension ", int64_t(d),
                      " for its tensor map, but got ", stride);
      int64_t bytes = stride * argument.elementBytes;
      if (!isLast && value.sizes[d] > 1 &&
          (bytes % TensorMapRecipe::kStrideBytes ||
           bytes >= TensorMapRecipe::kStrideLimit))
        return refuse(argument, "expected a stride that is a multiple of ",
                      TensorMapRecipe::kStrideBytes, " bytes in dimension ",
                      int64_t(d), " for its tensor map, but got ", bytes);
    }
    return nullptr;
  }

  TwStatus checkWorkspaces() {
    for (size_t i = 0; i < kernel.arguments.size(); ++i) {
      const Argument &argument = kernel.arguments[i];
      if (argument.workspace < 0)
        continue;
      int64_t needed = 0;
      if (TwStatus status = evaluateWorkspace(kernel, i, symbols, needed))
        return status;
      Extent extent = getExtent(i);
      int64_t bytes = int64_t(extent.end - extent.begin);
      if (bytes < needed)
        return refuse(argument, "expected a workspace of at least ", needed,
                      " bytes, but got ", bytes);
    }
    return nullptr;
  }

  Extent getExtent(size_t index) {
    if (index < maxKeptExtents)
      return extents[index];
    const TwValue &value = values[index];
    auto begin = reinterpret_cast<uintptr_t>(value.data);
    Extent extent = {begin, begin};
    // An empty array may have other sizes as large as they like.
    if (isEmpty(value))
      return extent;
    Strides strides;
    // Neither fails: doArray has been through them.
    getStrides(kernel.arguments[index], value, strides);
    getExtent(kernel.arguments[index], value, strides, extent);
    return extent;
  }
};

} // namespace

TwStatus twKernelPrepare(TwKernel kernel, const TwValue *values,
                         size_t numValues, void *kernarg, size_t kernargBytes,
                         int64_t grid[3]) {
  if (!kernel)
    return fail(TW_INVALID_ARGUMENT, "expected a kernel, but got null");
  if (numValues != kernel->arguments.size())
    return fail(TW_INVALID_ARGUMENT, "kernel '", kernel->name, "' takes ",
                int64_t(kernel->arguments.size()), " arguments, but got ",
                int64_t(numValues));
  size_t neededBytes = twKernelGetKernargBytes(kernel);
  if (kernargBytes < neededBytes)
    return fail(TW_INVALID_ARGUMENT, "kernel '", kernel->name, "' needs ",
                int64_t(neededBytes), " bytes of kernarg, but got ",
                int64_t(kernargBytes));
  if ((numValues && !values) || (neededBytes && !kernarg) || !grid)
    return fail(TW_INVALID_ARGUMENT, "expected the arguments of kernel '",
                kernel->name, "' and places for what they become");
  // memset takes no null, not even for 0 bytes.
  uint8_t none;
  auto *bytes = kernarg ? static_cast<uint8_t *>(kernarg) : &none;
  if (prepareFast(*kernel, values, bytes, grid) == FastResult::Ready)
    return nullptr;
  // The code's own bytes; the caller may have room for more.
  std::memset(bytes, 0, neededBytes);
  return Preparation(*kernel, values, bytes, /*isQuiet=*/false).run(grid);
}

bool tilewright::rt::prepareUnusual(const TwKernelStorage &kernel,
                                    const TwValue *values, void *kernarg,
                                    int64_t grid[3]) {
  std::memset(kernarg, 0, kernel.kernargBytes);
  TwStatus status = Preparation(kernel, values, static_cast<uint8_t *>(kernarg),
                                /*isQuiet=*/true)
                        .run(grid);
  if (status && status != quietRefusal())
    twStatusDestroy(status);
  return !status;
}
