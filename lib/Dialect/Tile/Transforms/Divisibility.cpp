// Divisibility.cpp - which numbers divide an integer value, by proof.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Divisibility.h"

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tilewright::tile {
namespace {

/// The largest power of two that divides a known number. Only these matter to
/// vector widths, and they survive arithmetic that wraps.
int64_t divisorOf(int64_t number) {
  if (number == 0)
    return Divisibility::kLimit;
  return std::min(number & -number, Divisibility::kLimit);
}

int64_t product(int64_t a, int64_t b) {
  return a >= Divisibility::kLimit / b ? Divisibility::kLimit : a * b;
}

/// The attribute `name` of the kernel argument `value`, or null.
Attribute getArgFact(Value value, StringRef name) {
  auto arg = dyn_cast<BlockArgument>(value);
  if (!arg)
    return {};
  auto func = dyn_cast<FunctionOpInterface>(arg.getOwner()->getParentOp());
  if (!func || arg.getOwner() != &func.getFunctionBody().front())
    return {};
  return func.getArgAttr(arg.getArgNumber(), name);
}

/// Entry `dim` of the array attribute `name` of argument `value`, or 1.
int64_t getArgFactAt(Value value, StringRef name, int64_t dim) {
  auto array = dyn_cast_or_null<DenseI64ArrayAttr>(getArgFact(value, name));
  if (!array || dim >= array.size() || array[dim] < 1)
    return 1;
  return divisorOf(array[dim]);
}

} // namespace

int64_t Divisibility::getSize(Value memref, int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(dim))
    return divisorOf(type.getDimSize(dim));
  return getArgFactAt(memref, "tile.divisible", dim);
}

int64_t Divisibility::getStride(Value memref, int64_t dim) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return 1;
  if (!ShapedType::isDynamic(strides[dim]))
    return divisorOf(strides[dim]);
  int64_t fact = getArgFactAt(memref, "tile.stride_divisible", dim);
  if (!type.getLayout().isIdentity())
    return fact;
  // Contiguous: the stride is the product of the sizes of the later dims.
  int64_t stride = 1;
  for (int64_t d = dim + 1; d < type.getRank(); ++d)
    stride = product(stride, getSize(memref, d));
  return std::max(stride, fact);
}

int64_t Divisibility::getAlignment(Value memref) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  int64_t natural = std::max<int64_t>(1, element.getIntOrFloatBitWidth() / 8);
  auto align = dyn_cast_or_null<IntegerAttr>(getArgFact(memref, "tile.align"));
  return align ? std::max(natural, divisorOf(align.getInt())) : natural;
}

int64_t Divisibility::get(Value value) {
  auto it = known.find(value);
  if (it != known.end())
    return it->second;
  int64_t divisor = std::max<int64_t>(1, visit(value));
  known[value] = divisor;
  return divisor;
}

/// A value carried round a loop: the largest divisor that the first value has
/// and that the body keeps.
int64_t Divisibility::visitCarried(Value arg, Value init, Value yielded) {
  int64_t divisor = get(init);
  // Every round at least halves what is assumed, so this ends.
  while (divisor > 1) {
    Divisibility assumed;
    assumed.known = known;
    assumed.known[arg] = divisor;
    int64_t kept = std::min(divisor, assumed.get(yielded));
    if (kept == divisor)
      break;
    divisor = kept;
  }
  return divisor;
}

int64_t Divisibility::visit(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.getSignificantBits() > 64
               ? 1
               : divisorOf(constant.getSExtValue());
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(arg.getOwner()->getParentOp());
    if (!loop) {
      auto fact =
          dyn_cast_or_null<IntegerAttr>(getArgFact(value, "tile.divisible"));
      return fact ? divisorOf(fact.getInt()) : 1;
    }
    if (arg == loop.getInductionVar())
      return std::min(get(loop.getLowerBound()), get(loop.getStep()));
    OpOperand *init = loop.getTiedLoopInit(arg);
    // While the body is being looked at, nothing is known of the value.
    known[value] = 1;
    return visitCarried(value, init->get(),
                        loop.getTiedLoopYieldedValue(arg)->get());
  }
  Operation *op = value.getDefiningOp();
  return TypeSwitch<Operation *, int64_t>(op)
      .Case<arith::AddIOp, arith::SubIOp, arith::MinSIOp, arith::MaxSIOp,
            arith::MinUIOp, arith::MaxUIOp>(
          [&](auto o) { return std::min(get(o.getLhs()), get(o.getRhs())); })
      .Case<arith::SelectOp>([&](auto o) {
        return std::min(get(o.getTrueValue()), get(o.getFalseValue()));
      })
      .Case<arith::MulIOp>(
          [&](auto o) { return product(get(o.getLhs()), get(o.getRhs())); })
      .Case<arith::ShLIOp>([&](auto o) -> int64_t {
        APInt by;
        if (!matchPattern(o.getRhs(), m_ConstantInt(&by)) || by.uge(32))
          return get(o.getLhs());
        return product(get(o.getLhs()), int64_t(1) << by.getZExtValue());
      })
      .Case<arith::RemSIOp, arith::RemUIOp>(
          [&](auto o) { return std::min(get(o.getLhs()), get(o.getRhs())); })
      .Case<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp,
            arith::CeilDivSIOp>([&](auto o) -> int64_t {
        APInt by;
        if (!matchPattern(o.getRhs(), m_ConstantInt(&by)) ||
            by.getSignificantBits() > 63 || !by.isStrictlyPositive())
          return 1;
        int64_t lhs = get(o.getLhs());
        int64_t divisor = by.getSExtValue();
        return llvm::isPowerOf2_64(divisor)
                   ? std::max<int64_t>(1, lhs / divisor)
                   : 1;
      })
      .Case<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
            arith::ExtUIOp, arith::TruncIOp>(
          [&](auto o) { return get(o.getIn()); })
      .Case<memref::DimOp>([&](memref::DimOp o) -> int64_t {
        std::optional<int64_t> dim = o.getConstantIndex();
        if (!dim || *dim < 0 ||
            *dim >= cast<MemRefType>(o.getSource().getType()).getRank())
          return 1;
        return getSize(o.getSource(), *dim);
      })
      .Default([](Operation *) -> int64_t { return 1; });
}

} // namespace tilewright::tile
