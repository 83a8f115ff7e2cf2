// Specialize.cpp - binds sizes and arguments to what a launch passes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/Transforms/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;

namespace tilewright::tile {

#define GEN_PASS_DEF_TILESPECIALIZEPASS
#include "tilewright/Dialect/Tile/Transforms/Passes.h.inc"

namespace {

//===----------------------------------------------------------------------===//
// Reading the options
//===----------------------------------------------------------------------===//

/// `NAME=VALUE` or `NAME.DIM=VALUE`, in an option.
struct Binding {
  StringRef option;
  StringRef name;
  std::optional<unsigned> dim;
  StringRef value;
};

/// Splits one element of an option. With `hasDim` it is `NAME.DIM=VALUE`.
FailureOr<Binding> parseBinding(KernelOp kernel, StringRef option,
                                StringRef text, bool hasDim) {
  Binding binding;
  binding.option = option;
  std::tie(binding.name, binding.value) = text.split('=');
  bool isGood = !binding.name.empty() && !binding.value.empty();
  if (hasDim) {
    auto [name, dim] = binding.name.rsplit('.');
    unsigned number = 0;
    isGood &= !dim.getAsInteger(10, number);
    binding.name = name;
    binding.dim = number;
  }
  if (isGood)
    return binding;
  return kernel.emitError()
         << "expected " << (hasDim ? "ARGUMENT.DIM=VALUE" : "NAME=VALUE")
         << " in option '" << option << "', but got '" << text << "'";
}

/// The value of a binding, at least `lowest`.
FailureOr<int64_t> parseInteger(KernelOp kernel, const Binding &binding,
                                int64_t lowest) {
  int64_t value = 0;
  if (!binding.value.getAsInteger(10, value) && value >= lowest)
    return value;
  return kernel.emitError()
         << "expected an integer of at least " << lowest << " for '"
         << binding.name << "' in option '" << binding.option << "', but got '"
         << binding.value << "'";
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// The arguments of the kernel, by name.
std::optional<unsigned> findArgument(KernelOp kernel, StringRef name) {
  for (unsigned index = 0, e = kernel.getNumArguments(); index < e; ++index)
    if (kernel.getArgName(index) == name)
      return index;
  return std::nullopt;
}

/// All places that `tile.dims` gives that name: argument and dimension.
SmallVector<std::pair<unsigned, unsigned>> findSizes(KernelOp kernel,
                                                     StringRef name) {
  SmallVector<std::pair<unsigned, unsigned>> places;
  for (unsigned index = 0, e = kernel.getNumArguments(); index < e; ++index)
    if (auto dims = kernel.getArgAttrOfType<ArrayAttr>(
            index, TileDialect::getDimsAttrName()))
      for (auto [dim, attr] : llvm::enumerate(dims.getAsRange<StringAttr>()))
        if (attr == name)
          places.emplace_back(index, dim);
  return places;
}

/// Reports a name that the kernel does not have. `what` is "size", "argument".
LogicalResult reportUnknown(KernelOp kernel, const Binding &binding,
                            StringRef what, bool sizes, bool arguments) {
  SmallVector<std::string> names;
  for (unsigned index = 0, e = kernel.getNumArguments(); index < e; ++index) {
    if (arguments)
      names.push_back(kernel.getArgName(index));
    auto dims = kernel.getArgAttrOfType<ArrayAttr>(
        index, TileDialect::getDimsAttrName());
    if (sizes && dims)
      for (StringAttr name : dims.getAsRange<StringAttr>())
        if (!name.empty())
          names.push_back(name.str());
  }
  SmallVector<StringRef> known(names.begin(), names.end());
  return kernel.emitError()
         << "kernel '" << kernel.getSymName() << "' has no " << what
         << " named '" << binding.name << "', as option '" << binding.option
         << "' says" << suggestName(binding.name, known);
}

/// The memref argument of a binding, and its type.
FailureOr<unsigned> getMemory(KernelOp kernel, const Binding &binding) {
  std::optional<unsigned> index = findArgument(kernel, binding.name);
  if (!index)
    return reportUnknown(kernel, binding, "argument", false, true);
  auto type = dyn_cast<MemRefType>(kernel.getArgumentTypes()[*index]);
  if (!type)
    return kernel.emitError()
           << "expected option '" << binding.option
           << "' to name a memref, but argument '" << binding.name
           << "' is of type " << kernel.getArgumentTypes()[*index];
  if (binding.dim && *binding.dim >= type.getRank())
    return kernel.emitError()
           << "expected a dimension in [0, " << type.getRank()
           << ") of argument '" << binding.name << "' in option '"
           << binding.option << "', but got " << *binding.dim;
  return *index;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// Gives a memref argument another type. Its users take any memref.
LogicalResult retype(KernelOp kernel, unsigned index, MemRefType type) {
  BlockArgument argument = kernel.getArgument(index);
  for (Operation *user : argument.getUsers())
    if (!isa<memref::DimOp>(user) && !isa<TileDialect>(user->getDialect())) {
      InFlightDiagnostic diag =
          kernel.emitError()
          << "cannot specialize argument '" << kernel.getArgName(index)
          << "': expected it to be used by 'memref.dim' and ops of 'tile' "
             "alone, but '"
          << user->getName() << "' uses it";
      diag.attachNote(user->getLoc()) << "used here";
      return diag;
    }
  argument.setType(type);
  SmallVector<Type> inputs(kernel.getArgumentTypes());
  inputs[index] = type;
  kernel.setFunctionType(FunctionType::get(kernel.getContext(), inputs, {}));
  return success();
}

LogicalResult bindSize(KernelOp kernel, const Binding &binding) {
  FailureOr<int64_t> size = parseInteger(kernel, binding, 0);
  if (failed(size))
    return failure();
  auto places = findSizes(kernel, binding.name);
  if (places.empty())
    return reportUnknown(kernel, binding, "size", true, false);
  for (auto [index, dim] : places) {
    auto type = cast<MemRefType>(kernel.getArgumentTypes()[index]);
    if (!type.isDynamicDim(dim)) {
      if (type.getDimSize(dim) == *size)
        continue;
      return kernel.emitError()
             << "expected size '" << binding.name << "' of argument '"
             << kernel.getArgName(index) << "' to become " << *size
             << ", but it is " << type.getDimSize(dim) << " already";
    }
    SmallVector<int64_t> shape(type.getShape());
    shape[dim] = *size;
    if (failed(
            retype(kernel, index,
                   MemRefType::get(shape, type.getElementType(),
                                   type.getLayout(), type.getMemorySpace()))))
      return failure();
  }
  return success();
}

LogicalResult bindStride(KernelOp kernel, const Binding &binding) {
  FailureOr<int64_t> stride = parseInteger(kernel, binding, 0);
  FailureOr<unsigned> index = getMemory(kernel, binding);
  if (failed(stride) || failed(index))
    return failure();
  auto type = cast<MemRefType>(kernel.getArgumentTypes()[*index]);
  auto layout = dyn_cast<StridedLayoutAttr>(type.getLayout());
  if (!layout)
    return kernel.emitError()
           << "expected argument '" << binding.name
           << "' to have strides in its type, but it is contiguous: " << type;
  SmallVector<int64_t> strides(layout.getStrides());
  int64_t &old = strides[*binding.dim];
  if (!ShapedType::isDynamic(old) && old != *stride)
    return kernel.emitError()
           << "expected stride " << *binding.dim << " of argument '"
           << binding.name << "' to become " << *stride << ", but it is " << old
           << " already";
  old = *stride;
  return retype(
      kernel, *index,
      MemRefType::get(type.getShape(), type.getElementType(),
                      StridedLayoutAttr::get(type.getContext(), 0, strides),
                      type.getMemorySpace()));
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

/// `text` as a constant of `type`; null where it is none.
TypedAttr parseScalar(StringRef text, Type type) {
  if (auto floating = dyn_cast<FloatType>(type)) {
    APFloat value(floating.getFloatSemantics());
    auto status = value.convertFromString(text, APFloat::rmNearestTiesToEven);
    if (!status) {
      llvm::consumeError(status.takeError());
      return {};
    }
    // A number that is too large is a mistake, not infinity.
    if (*status & APFloat::opOverflow)
      return {};
    return FloatAttr::get(type, value);
  }
  if (type.isInteger(1) && (text == "true" || text == "false"))
    return IntegerAttr::get(type, text == "true");
  unsigned bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
  APInt value;
  bool negative = text.consume_front("-");
  if (text.empty() || text.getAsInteger(0, value))
    return {};
  value = value.zext(value.getBitWidth() + 1);
  if (negative)
    value = -value;
  // As signed or as unsigned number of that many bits.
  if (negative ? !value.isSignedIntN(bits) : !value.isIntN(bits))
    return {};
  return IntegerAttr::get(type, value.sextOrTrunc(bits));
}

LogicalResult bindScalar(KernelOp kernel, const Binding &binding) {
  std::optional<unsigned> index = findArgument(kernel, binding.name);
  if (!index)
    return reportUnknown(kernel, binding, "argument", false, true);
  Type type = kernel.getArgumentTypes()[*index];
  if (isa<MemRefType>(type))
    return kernel.emitError()
           << "expected option 'scalars' to name a scalar, but argument '"
           << binding.name << "' is of type " << type;
  TypedAttr value = parseScalar(binding.value, type);
  if (!value)
    return kernel.emitError()
           << "expected a value of type " << type << " for argument '"
           << binding.name << "', but got '" << binding.value << "'";
  Attribute old = kernel.getArgAttr(*index, TileDialect::getValueAttrName());
  if (old && old != value)
    return kernel.emitError()
           << "expected argument '" << binding.name << "' to become " << value
           << ", but it is " << old << " already";
  auto divisor = kernel.getArgAttrOfType<IntegerAttr>(
      *index, TileDialect::getDivisibleAttrName());
  auto integer = dyn_cast<IntegerAttr>(value);
  if (divisor && integer && integer.getInt() % divisor.getInt() != 0)
    return kernel.emitError()
           << "expected argument '" << binding.name << "' to be a multiple of "
           << divisor.getInt() << ", as 'tile.divisible' says, but got "
           << integer.getInt();
  kernel.setArgAttr(*index, TileDialect::getValueAttrName(), value);
  BlockArgument argument = kernel.getArgument(*index);
  if (!argument.use_empty()) {
    OpBuilder builder = OpBuilder::atBlockBegin(&kernel.getBody().front());
    argument.replaceAllUsesWith(
        arith::ConstantOp::create(builder, argument.getLoc(), value));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Facts
//===----------------------------------------------------------------------===//

LogicalResult addAlignment(KernelOp kernel, const Binding &binding) {
  FailureOr<int64_t> bytes = parseInteger(kernel, binding, 1);
  FailureOr<unsigned> index = getMemory(kernel, binding);
  if (failed(bytes) || failed(index))
    return failure();
  if (!llvm::isPowerOf2_64(*bytes))
    return kernel.emitError() << "expected a power of two for '" << binding.name
                              << "' in option 'align', but got " << *bytes;
  StringRef name = TileDialect::getAlignAttrName();
  if (auto old = kernel.getArgAttrOfType<IntegerAttr>(*index, name))
    *bytes = std::max(*bytes, old.getInt());
  kernel.setArgAttr(
      *index, name,
      IntegerAttr::get(IntegerType::get(kernel.getContext(), 64), *bytes));
  return success();
}

/// The least number that both divide, where it fits into 62 bits.
std::optional<int64_t> combineDivisors(int64_t a, int64_t b) {
  int64_t result;
  if (__builtin_mul_overflow(a / std::gcd(a, b), b, &result) ||
      result > (int64_t(1) << 62))
    return std::nullopt;
  return result;
}

/// Adds a divisor to entry `dim` of an array of divisors of an argument.
LogicalResult addDivisor(KernelOp kernel, const Binding &binding,
                         unsigned index, unsigned dim, StringRef attrName,
                         int64_t divisor) {
  int64_t rank = cast<MemRefType>(kernel.getArgumentTypes()[index]).getRank();
  SmallVector<int64_t> divisors(rank, 1);
  if (auto old = kernel.getArgAttrOfType<DenseI64ArrayAttr>(index, attrName))
    divisors.assign(old.asArrayRef().begin(), old.asArrayRef().end());
  std::optional<int64_t> both = combineDivisors(divisors[dim], divisor);
  if (!both)
    return kernel.emitError()
           << "expected a smaller divisor for '" << binding.name
           << "' in option '" << binding.option << "', but got " << divisor;
  divisors[dim] = *both;
  kernel.setArgAttr(index, attrName,
                    DenseI64ArrayAttr::get(kernel.getContext(), divisors));
  return success();
}

LogicalResult addDivisible(KernelOp kernel, const Binding &binding) {
  FailureOr<int64_t> divisor = parseInteger(kernel, binding, 1);
  if (failed(divisor))
    return failure();
  StringRef attrName = TileDialect::getDivisibleAttrName();
  auto places = findSizes(kernel, binding.name);
  for (auto [index, dim] : places)
    if (failed(addDivisor(kernel, binding, index, dim, attrName, *divisor)))
      return failure();
  if (!places.empty())
    return success();
  std::optional<unsigned> index = findArgument(kernel, binding.name);
  if (!index || !kernel.getArgumentTypes()[*index].isIntOrIndex())
    return reportUnknown(kernel, binding, "size or integer argument", true,
                         true);
  if (auto old = kernel.getArgAttrOfType<IntegerAttr>(*index, attrName)) {
    std::optional<int64_t> both = combineDivisors(old.getInt(), *divisor);
    if (!both)
      return kernel.emitError()
             << "expected a smaller divisor for '" << binding.name
             << "' in option 'divisible', but got " << *divisor;
    *divisor = *both;
  }
  kernel.setArgAttr(
      *index, attrName,
      IntegerAttr::get(IntegerType::get(kernel.getContext(), 64), *divisor));
  return success();
}

LogicalResult addStrideDivisible(KernelOp kernel, const Binding &binding) {
  FailureOr<int64_t> divisor = parseInteger(kernel, binding, 1);
  FailureOr<unsigned> index = getMemory(kernel, binding);
  if (failed(divisor) || failed(index))
    return failure();
  return addDivisor(kernel, binding, *index, *binding.dim,
                    TileDialect::getStrideDivisibleAttrName(), *divisor);
}

LogicalResult addAtMost(KernelOp kernel, const Binding &binding) {
  FailureOr<int64_t> bound = parseInteger(kernel, binding, 0);
  if (failed(bound))
    return failure();
  auto places = findSizes(kernel, binding.name);
  if (places.empty())
    return reportUnknown(kernel, binding, "size", true, false);
  StringRef attrName = TileDialect::getAtMostAttrName();
  for (auto [index, dim] : places) {
    auto type = cast<MemRefType>(kernel.getArgumentTypes()[index]);
    SmallVector<int64_t> bounds(type.getRank(), -1);
    if (auto old = kernel.getArgAttrOfType<DenseI64ArrayAttr>(index, attrName))
      bounds.assign(old.asArrayRef().begin(), old.asArrayRef().end());
    if (!type.isDynamicDim(dim) && type.getDimSize(dim) > *bound)
      return kernel.emitError()
             << "expected a bound of '" << binding.name
             << "' in option 'at-most' of at least " << type.getDimSize(dim)
             << ", its size, but got " << *bound;
    bounds[dim] = bounds[dim] < 0 ? *bound : std::min(bounds[dim], *bound);
    kernel.setArgAttr(index, attrName,
                      DenseI64ArrayAttr::get(kernel.getContext(), bounds));
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct TileSpecializePass
    : public impl::TileSpecializePassBase<TileSpecializePass> {
  using TileSpecializePassBase::TileSpecializePassBase;

  /// Applies `bind` to each element of an option.
  LogicalResult
  apply(StringRef option, ArrayRef<std::string> elements, bool hasDim,
        function_ref<LogicalResult(KernelOp, const Binding &)> bind) {
    for (const std::string &text : elements) {
      FailureOr<Binding> binding =
          parseBinding(getOperation(), option, text, hasDim);
      if (failed(binding) || failed(bind(getOperation(), *binding)))
        return failure();
    }
    return success();
  }

  LogicalResult addNoAlias(StringRef name) {
    FailureOr<unsigned> index =
        getMemory(getOperation(), Binding{"noalias", name, {}, {}});
    if (failed(index))
      return failure();
    getOperation().setArgAttr(*index, TileDialect::getNoAliasAttrName(),
                              UnitAttr::get(&getContext()));
    return success();
  }

  void runOnOperation() override {
    if (!kernel.empty() && getOperation().getSymName() != kernel.getValue())
      return;
    LogicalResult result = failure();
    if (succeeded(apply("dims", dims, false, bindSize)) &&
        succeeded(apply("strides", strides, true, bindStride)) &&
        succeeded(apply("divisible", divisible, false, addDivisible)) &&
        succeeded(apply("scalars", scalars, false, bindScalar)) &&
        succeeded(apply("align", align, false, addAlignment)) &&
        succeeded(apply("at-most", atMost, false, addAtMost)) &&
        succeeded(apply("stride-divisible", strideDivisible, true,
                        addStrideDivisible)))
      result = success();
    for (const std::string &name : noalias)
      if (succeeded(result))
        result = addNoAlias(name);
    if (failed(result))
      signalPassFailure();
  }
};

} // namespace
} // namespace tilewright::tile
