// ExpandNumerics.cpp - the pass tile-expand-numerics.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FloatFormat.h"
#include "NativeSupport.h"
#include "Term.h"
#include "tilewright/Conversion/Numerics.h"
#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "tilewright/Target/ChipInfo.h"

namespace tilewright {
#define GEN_PASS_DEF_TILEEXPANDNUMERICSPASS
#include "tilewright/Conversion/NumericsPasses.h.inc"
} // namespace tilewright

using namespace mlir;
using namespace tilewright;
using namespace tilewright::numerics;

static Type elementOf(Value value) { return getElementTypeOrSelf(value); }

static Type withElement(Type type, Type element) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(element);
  return element;
}

/// True for f16, bf16 and the 8-bit floats.
static bool isNarrow(Type element) {
  const FloatFormat *format = getFloatFormat(element);
  return format && format->bits <= 16;
}

/// The first narrow element type of an operand or result, or null.
static Type findNarrow(Operation *op) {
  for (Type type :
       llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
    if (isNarrow(getElementTypeOrSelf(type)))
      return getElementTypeOrSelf(type);
  return {};
}

/// An error at an op with a float kind that nothing here knows.
static LogicalResult checkElements(Operation *op) {
  for (Type type :
       llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes())) {
    Type element = getElementTypeOrSelf(type);
    if (isa<FloatType>(element) && !isConvertibleFloat(element))
      return op->emitOpError("expected elements of f64, f32, bf16, f16, "
                             "f8E4M3FN, f8E5M2, f8E4M3FNUZ or f8E5M2FNUZ, but "
                             "got ")
             << element;
  }
  return success();
}

/// Constants of the shape are needed.
static LogicalResult checkShapes(Operation *op) {
  for (Type type : op->getOperandTypes()) {
    auto shaped = dyn_cast<ShapedType>(type);
    if (shaped && !shaped.hasStaticShape())
      return op->emitOpError("expected a static shape, but got ") << type;
  }
  return success();
}

static bool isApproximate(Operation *op) {
  auto flags = dyn_cast<arith::ArithFastMathInterface>(op);
  if (!flags || !flags.getFastMathFlagsAttr())
    return false;
  return arith::bitEnumContainsAny(flags.getFastMathFlagsAttr().getValue(),
                                   arith::FastMathFlags::afn);
}

static std::optional<RoundingMode> modeOf(arith::TruncFOp op) {
  if (!op.getRoundingmode())
    return RoundingMode::NearestEven;
  switch (*op.getRoundingmode()) {
  case arith::RoundingMode::to_nearest_even:
    return RoundingMode::NearestEven;
  case arith::RoundingMode::downward:
    return RoundingMode::Downward;
  case arith::RoundingMode::upward:
    return RoundingMode::Upward;
  case arith::RoundingMode::toward_zero:
    return RoundingMode::TowardZero;
  case arith::RoundingMode::to_nearest_away:
    return std::nullopt;
  }
  return std::nullopt;
}

static RoundingMode modeOf(tile::ConvertOp op) {
  switch (op.getRounding()) {
  case tile::Rounding::NearestEven:
    return RoundingMode::NearestEven;
  case tile::Rounding::TowardZero:
    return RoundingMode::TowardZero;
  case tile::Rounding::Upward:
    return RoundingMode::Upward;
  case tile::Rounding::Downward:
    return RoundingMode::Downward;
  }
  llvm_unreachable("unknown rounding mode");
}

namespace {

/// Rewrites single ops. Each function replaces and erases its op, or leaves it
/// where it is legal; an error has been reported where one fails.
class Expander {
public:
  Expander(MLIRContext *context, const ChipInfo *chip)
      : rewriter(context), chip(chip),
        native(chip ? NativeSupport(*chip) : NativeSupport()) {}

  LogicalResult expand(Operation *op);

  int64_t numExpanded = 0;

private:
  LogicalResult expandConversion(Operation *op, RoundingMode mode,
                                 bool saturate);
  LogicalResult expandFromInt(Operation *op, bool isSigned);
  LogicalResult expandSignBit(Operation *op);
  LogicalResult expandNarrowFma(math::FmaOp op);
  LogicalResult expandThroughF32(Operation *op);
  LogicalResult expandApproximate(Operation *op);
  LogicalResult expandExtended(Operation *op);
  LogicalResult expandFunction(Operation *op);
  LogicalResult expandMaxNum(Operation *op);

  Value convert(Location loc, Value x, Type element,
                RoundingMode mode = RoundingMode::NearestEven,
                bool saturate = false);
  Value foldedConstant(Location loc, Value x, Type element);
  LogicalResult replace(Operation *op, Value value) {
    return replace(op, ValueRange(value));
  }
  LogicalResult replace(Operation *op, ValueRange values) {
    rewriter.replaceOp(op, values);
    ++numExpanded;
    return success();
  }

  IRRewriter rewriter;
  const ChipInfo *chip;
  NativeSupport native;
};

} // namespace

/// A constant in a wider kind, or null.
Value Expander::foldedConstant(Location loc, Value x, Type element) {
  Attribute attr;
  if (elementOf(x).getIntOrFloatBitWidth() >= element.getIntOrFloatBitWidth() ||
      !matchPattern(x, m_Constant(&attr)))
    return {};
  auto widen = [&](const APFloat &number) {
    APFloat wide = number;
    bool lossy;
    wide.convert(cast<FloatType>(element).getFloatSemantics(),
                 APFloat::rmNearestTiesToEven, &lossy);
    return wide;
  };
  if (auto number = dyn_cast<FloatAttr>(attr)) {
    if (number.getValue().isNaN())
      return {};
    return arith::ConstantOp::create(
        rewriter, loc, FloatAttr::get(element, widen(number.getValue())));
  }
  auto elements = dyn_cast<DenseElementsAttr>(attr);
  if (!elements || !elements.isSplat() ||
      elements.getSplatValue<APFloat>().isNaN())
    return {};
  auto type = cast<ShapedType>(withElement(x.getType(), element));
  return arith::ConstantOp::create(
      rewriter, loc,
      DenseElementsAttr::get(type, widen(elements.getSplatValue<APFloat>())));
}

Value Expander::convert(Location loc, Value x, Type element, RoundingMode mode,
                        bool saturate) {
  if (Value constant = foldedConstant(loc, x, element))
    return constant;
  return convertFloat(rewriter, loc, x, element, chip, mode, saturate);
}

LogicalResult Expander::expandConversion(Operation *op, RoundingMode mode,
                                         bool saturate) {
  Value x = op->getOperand(0);
  Type element = elementOf(op->getResult(0));
  bool isNative = native.converts(elementOf(x), element, mode, saturate);
  if (isNative && isa<arith::ExtFOp, arith::TruncFOp>(op))
    return success();
  if (failed(checkShapes(op)))
    return failure();
  return replace(op, convert(op->getLoc(), x, element, mode, saturate));
}

LogicalResult Expander::expandFromInt(Operation *op, bool isSigned) {
  Value x = op->getOperand(0);
  Type element = elementOf(op->getResult(0));
  if (!isNarrow(element))
    return success();
  if (elementOf(x).isInteger() && elementOf(x).getIntOrFloatBitWidth() > 64)
    return op->emitOpError("expected an integer of at most 64 bits, but got ")
           << elementOf(x);
  if (failed(checkShapes(op)))
    return failure();
  return replace(
      op, expandIntToFloat(rewriter, op->getLoc(), x, element, isSigned));
}

/// negf, absf and copysign touch the sign bit and nothing else.
LogicalResult Expander::expandSignBit(Operation *op) {
  Type element = elementOf(op->getResult(0));
  if (!isNarrow(element))
    return success();
  if (failed(checkShapes(op)))
    return failure();
  const FloatFormat &format = *getFloatFormat(element);
  ImplicitLocOpBuilder b(op->getLoc(), rewriter);
  Term u = Term(b, op->getOperand(0)).bits();
  uint64_t sign = format.getSignMask();
  // The code of minus zero is NaN where there is one NaN only: keep it, and
  // make none of zero.
  bool isFnuz = format.specials == Specials::NegativeZeroNaN;
  Term isSigned = ne(u & format.getMagnitudeMask(), 0);
  Term result = u;
  if (isa<arith::NegFOp>(op)) {
    result = u ^ sign;
  } else if (isa<math::AbsFOp>(op)) {
    result = u & format.getMagnitudeMask();
  } else {
    Term other = Term(b, op->getOperand(1)).bits();
    result = (u & format.getMagnitudeMask()) | (other & sign);
  }
  if (isFnuz)
    result = select(isSigned, result, u);
  return replace(op, result.bitcast(element));
}

/// The sum that was rounded to `sum` with error `error`, both f64, rounded to
/// odd instead: a later rounding to fewer bits is then that of the exact sum.
static Term roundToOdd(const Term &sum, const Term &error) {
  Term u = sum.bits();
  Term isOdd = ne(u & 1, 0);
  Term isFinite = ult(u & 0x7FFFFFFFFFFFFFFFull, 0x7FF0000000000000ull);
  // One step away from zero where the error has the sign of the sum.
  Term grows = ge(u ^ error.bits(), 0);
  Term moved = select(grows, u + u.integer(1), u - u.integer(1));
  Term isExact = eq(error, 0.0);
  Term keeps = isExact | isOdd;
  Term result = select(keeps, u, moved);
  return select(isFinite, result, u).bitcast(sum.getElementType());
}

/// The product of narrow floats is exact in f64, the sum is rounded to odd.
LogicalResult Expander::expandNarrowFma(math::FmaOp op) {
  Location loc = op.getLoc();
  ImplicitLocOpBuilder b(loc, rewriter);
  auto wide = [&](Value x) { return Term(b, convert(loc, x, b.getF64Type())); };
  Term product = wide(op.getA()) * wide(op.getB());
  Term c = wide(op.getC());
  Term sum = product + c;
  // The error of the sum (Knuth).
  Term part = sum - product;
  Term error = (product - (sum - part)) + (c - part);
  Value odd = roundToOdd(sum, error);
  return replace(op, convert(loc, odd, elementOf(op.getResult())));
}

/// Does a narrow op in f32. One rounding to f32 and one to the narrow kind are
/// together one rounding for +, -, *, / and sqrt.
LogicalResult Expander::expandThroughF32(Operation *op) {
  Location loc = op->getLoc();
  Type f32 = rewriter.getF32Type();
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(isNarrow(elementOf(operand)) ? convert(loc, operand, f32)
                                                    : operand);
  SmallVector<Type> types;
  for (Type type : op->getResultTypes())
    types.push_back(
        isNarrow(getElementTypeOrSelf(type)) ? withElement(type, f32) : type);
  OperationState state(loc, op->getName(), operands, types, op->getAttrs());
  state.propertiesAttr = op->getPropertiesAsAttribute();
  Operation *wide = rewriter.create(state);
  rewriter.setInsertionPointAfter(wide);
  SmallVector<Value> results;
  for (auto [result, original] :
       llvm::zip(wide->getResults(), op->getResults()))
    results.push_back(result.getType() == original.getType()
                          ? Value(result)
                          : convert(loc, result, elementOf(original)));
  if (failed(replace(op, results)))
    return failure();
  return expand(wide);
}

/// Functions with `afn` on a GPU: all on exp2 and log2, which are instructions.
LogicalResult Expander::expandApproximate(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), rewriter);
  Term x(b, op->getOperand(0));
  auto flags =
      arith::FastMathFlagsAttr::get(b.getContext(), arith::FastMathFlags::afn);
  auto exp2 = [&](const Term &y) {
    return y.make<math::Exp2Op>(y.getValue().getType(), y, flags);
  };
  auto log2 = [&](const Term &y) {
    return y.make<math::Log2Op>(y.getValue().getType(), y, flags);
  };
  constexpr double log2e = 1.4426950408889634, ln2 = 0.6931471805599453;
  constexpr double log10Of2 = 0.3010299956639812;
  if (isa<math::ExpOp>(op))
    return replace(op, exp2(x * log2e));
  if (isa<math::LogOp>(op))
    return replace(op, log2(x) * ln2);
  if (isa<math::Log10Op>(op))
    return replace(op, log2(x) * log10Of2);
  // 1 - 2 / (1 + exp(2x)); both infinities end at the right value.
  Term denominator = exp2(x * (2 * log2e)) + 1.0;
  Term one = x.constant(1.0);
  Term quotient = x.make<arith::DivFOp>(x.constant(2.0), denominator, flags);
  return replace(op, one - quotient);
}

/// Low and high half of the unsigned product, from products of halves: no
/// target needs integers of 128 bits. Both halves use the same terms, or
/// canonicalization and LLVM would find the wide product again.
static std::pair<Term, Term> wideProduct(const Term &a, const Term &b) {
  unsigned half = a.getBits() / 2;
  uint64_t mask = (uint64_t(1) << half) - 1;
  Term a0 = a & mask, a1 = a >> half, b0 = b & mask, b1 = b >> half;
  Term low = a0 * b0, cross = a1 * b0, other = a0 * b1;
  // No sum overflows.
  Term middle = (low >> half) + (cross & mask) + (other & mask);
  Term high = a1 * b1 + (cross >> half) + (other >> half) + (middle >> half);
  return {(low & mask) | (middle << half), high};
}

/// Integer ops with two results.
LogicalResult Expander::expandExtended(Operation *op) {
  if (isa<IndexType>(elementOf(op->getOperand(0))))
    return success();
  if (failed(checkShapes(op)))
    return failure();
  ImplicitLocOpBuilder b(op->getLoc(), rewriter);
  Term x(b, op->getOperand(0)), y(b, op->getOperand(1));
  Term zero = x.integer(0);
  if (isa<arith::AddUIExtendedOp>(op)) {
    Term sum = x + y;
    return replace(op, {sum, ult(sum, x)});
  }
  if (x.getBits() == 1)
    return replace(op, {x & y, zero});
  auto [low, high] = wideProduct(x, y);
  if (isa<arith::MulSIExtendedOp>(op))
    high = high - select(lt(x, 0), y, zero) - select(lt(y, 0), x, zero);
  return replace(op, {low, high});
}

/// An op on f32 or f64.
LogicalResult Expander::expandFunction(Operation *op) {
  // These are instructions everywhere, or short sequences.
  if (isa<math::FmaOp, math::SqrtOp, math::AbsFOp, math::CopySignOp,
          math::FloorOp, math::CeilOp, math::TruncOp, math::RoundOp,
          math::RoundEvenOp, math::AbsIOp, math::CountLeadingZerosOp,
          math::CountTrailingZerosOp, math::CtPopOp>(op))
    return success();
  if (failed(checkShapes(op)))
    return failure();
  bool isF32 = isa<Float32Type>(elementOf(op->getOperand(0)));
  if (isF32 && isApproximate(op) && native.hasApproximations()) {
    if (native.approximates(op))
      return success();
    if (isa<math::ExpOp, math::LogOp, math::Log10Op, math::TanhOp>(op))
      return expandApproximate(op);
  }
  SmallVector<Value> results = expandMath(rewriter, op);
  if (!results.empty())
    return replace(op, results);
  return op->emitOpError("has no expansion for elements of ")
         << elementOf(op->getOperand(0))
         << "; use operations that have one (docs/Numerics.md)";
}

/// maxnumf and minnumf as a comparison and selects: LLVM would narrow them to
/// f16, where it calls a library on x86. The sign of a zero is open.
LogicalResult Expander::expandMaxNum(Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), rewriter);
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  auto predicate = isa<arith::MaxNumFOp>(op) ? arith::CmpFPredicate::OGT
                                             : arith::CmpFPredicate::OLT;
  Value isBetter = arith::CmpFOp::create(b, predicate, lhs, rhs);
  Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, rhs, rhs);
  Value best = arith::SelectOp::create(b, isBetter, lhs, rhs);
  return replace(op, arith::SelectOp::create(b, isNaN, lhs, best).getResult());
}

LogicalResult Expander::expand(Operation *op) {
  rewriter.setInsertionPoint(op);
  StringRef dialect = op->getName().getDialectNamespace();
  auto convertOp = dyn_cast<tile::ConvertOp>(op);
  if (!convertOp && dialect != "arith" && dialect != "math")
    return success();
  if (isa<arith::ConstantOp, arith::SelectOp, arith::BitcastOp>(op))
    return success();
  if (failed(checkElements(op)))
    return failure();

  if (convertOp)
    return expandConversion(op, modeOf(convertOp), convertOp.getSaturate());
  if (isa<arith::ExtFOp>(op))
    return expandConversion(op, RoundingMode::NearestEven, false);
  if (auto truncOp = dyn_cast<arith::TruncFOp>(op)) {
    std::optional<RoundingMode> mode = modeOf(truncOp);
    if (!mode)
      return op->emitOpError("expected a rounding mode of tile.convert, but "
                             "got 'to_nearest_away'");
    return expandConversion(op, *mode, false);
  }
  if (isa<arith::SIToFPOp>(op))
    return expandFromInt(op, /*isSigned=*/true);
  if (isa<arith::UIToFPOp>(op))
    return expandFromInt(op, /*isSigned=*/false);
  if (isa<arith::NegFOp, math::AbsFOp, math::CopySignOp>(op))
    return expandSignBit(op);
  if (isa<arith::MulSIExtendedOp, arith::MulUIExtendedOp,
          arith::AddUIExtendedOp>(op))
    return expandExtended(op);
  if (isa<arith::ScalingExtFOp, arith::ScalingTruncFOp>(op))
    return op->emitOpError("has no expansion; multiply by the scale after a "
                           "tile.convert");

  if (Type narrow = findNarrow(op)) {
    if (native.computes(op, narrow))
      return success();
    if (failed(checkShapes(op)))
      return failure();
    if (auto fma = dyn_cast<math::FmaOp>(op))
      return expandNarrowFma(fma);
    return expandThroughF32(op);
  }
  if (dialect == "math")
    return expandFunction(op);
  if (isa<arith::RemFOp>(op))
    return expandFunction(op);
  if (isa<arith::MaxNumFOp, arith::MinNumFOp>(op) && chip && !chip->isGpu())
    return expandMaxNum(op);
  return success();
}

namespace {

struct TileExpandNumericsPass
    : tilewright::impl::TileExpandNumericsPassBase<TileExpandNumericsPass> {
  using Base =
      tilewright::impl::TileExpandNumericsPassBase<TileExpandNumericsPass>;
  using Base::Base;

  void runOnOperation() override {
    const ChipInfo *info = nullptr;
    if (!chip.empty()) {
      info = lookupChip(chip);
      if (!info) {
        emitError(getOperation()->getLoc()) << describeUnknownChip(chip);
        return signalPassFailure();
      }
    }
    SmallVector<Operation *> ops;
    getOperation()->walk([&](Operation *op) { ops.push_back(op); });
    Expander expander(&getContext(), info);
    bool failed = false;
    // All errors of a kernel at once.
    for (Operation *op : ops)
      failed |= mlir::failed(expander.expand(op));
    numExpanded += expander.numExpanded;
    if (failed)
      signalPassFailure();
  }
};

} // namespace
