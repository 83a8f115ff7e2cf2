// TileFolds.cpp - folds and canonicalisations.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::tile;

/// The value of a constant scalar or of each element of a constant splat; null
/// for anything else.
static Attribute getSplatValue(Attribute attr) {
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(attr))
    return elements.isSplat() ? elements.getSplatValue<Attribute>()
                              : Attribute();
  return isa_and_nonnull<FloatAttr, IntegerAttr>(attr) ? attr : Attribute();
}

/// A constant of `type` whose elements are all `value`.
static Attribute makeSplat(Type type, Attribute value) {
  if (!value)
    return {};
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return DenseElementsAttr::get(tensor, value);
  return value;
}

/// `attr` with its elements, all equal, in the shape of `type`.
static Attribute resplat(Attribute attr, Type type) {
  return makeSplat(type, getSplatValue(attr));
}

//===----------------------------------------------------------------------===//
// ProgramIdOp, NumProgramsOp
//===----------------------------------------------------------------------===//

/// Extent `dim` of the grid around `op` where it is constant.
static std::optional<int64_t> getConstantExtent(Operation *op, uint64_t dim) {
  auto kernel = op->getParentOfType<KernelOp>();
  if (!kernel)
    return std::nullopt;
  SmallVector<std::optional<int64_t>> extents = kernel.getConstantGrid();
  return dim < extents.size() ? extents[dim] : std::nullopt;
}

OpFoldResult ProgramIdOp::fold(FoldAdaptor) {
  if (getConstantExtent(*this, getDim()) == 1)
    return IntegerAttr::get(getType(), 0);
  return {};
}

OpFoldResult NumProgramsOp::fold(FoldAdaptor) {
  if (std::optional<int64_t> extent = getConstantExtent(*this, getDim()))
    return IntegerAttr::get(getType(), *extent);
  return {};
}

//===----------------------------------------------------------------------===//
// ConvertOp
//===----------------------------------------------------------------------===//

/// `value` as a float of `semantics`; nothing where that overflows, or where
/// the mode is not the nearest and the value inexact: there the formats differ,
/// and the lowering alone decides.
static std::optional<APFloat> convertFloat(APFloat value,
                                           const llvm::fltSemantics &semantics,
                                           Rounding rounding, bool saturate) {
  bool negative = value.isNegative();
  if (value.isNaN()) {
    // FNUZ kinds have one NaN, without a sign.
    bool hasSign = APFloat::getZero(semantics, true).isNegative();
    return APFloat::getQNaN(semantics, negative && hasSign);
  }
  if (value.isInfinity()) {
    if (saturate)
      return APFloat::getLargest(semantics, negative);
    APFloat infinity = APFloat::getInf(semantics, negative);
    return infinity.isInfinity() ? std::optional(infinity) : std::nullopt;
  }
  bool losesInfo = false;
  APFloat::opStatus status =
      value.convert(semantics, APFloat::rmNearestTiesToEven, &losesInfo);
  if (rounding != Rounding::NearestEven && losesInfo)
    return std::nullopt;
  if (status & APFloat::opOverflow)
    return saturate ? std::optional(APFloat::getLargest(semantics, negative))
                    : std::nullopt;
  return value;
}

OpFoldResult ConvertOp::fold(FoldAdaptor adaptor) {
  if (getSource().getType() == getType() && !getSaturate())
    return getSource();
  auto value = dyn_cast_or_null<FloatAttr>(getSplatValue(adaptor.getSource()));
  if (!value)
    return {};
  auto type = cast<FloatType>(getElementTypeOrSelf(getType()));
  std::optional<APFloat> result = convertFloat(
      value.getValue(), type.getFloatSemantics(), getRounding(), getSaturate());
  if (!result)
    return {};
  return makeSplat(getType(), FloatAttr::get(type, *result));
}

//===----------------------------------------------------------------------===//
// Ops that move elements
//===----------------------------------------------------------------------===//

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getSource().getType() == getType())
    return getSource();
  if (auto inner = getSource().getDefiningOp<BroadcastOp>()) {
    getSourceMutable().assign(inner.getSource());
    return getResult();
  }
  // A tile of one element that was a scalar.
  if (auto inner = getSource().getDefiningOp<ReshapeOp>();
      inner && isElementType(inner.getSource().getType())) {
    getSourceMutable().assign(inner.getSource());
    return getResult();
  }
  return resplat(adaptor.getSource(), getType());
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getSource().getType() == getType())
    return getSource();
  if (auto inner = getSource().getDefiningOp<ReshapeOp>()) {
    getSourceMutable().assign(inner.getSource());
    return getResult();
  }
  if (Attribute splat = resplat(adaptor.getSource(), getType()))
    return splat;
  auto elements = dyn_cast_or_null<DenseElementsAttr>(adaptor.getSource());
  auto type = dyn_cast<RankedTensorType>(getType());
  if (elements && type)
    return elements.reshape(type);
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (getSource().getType() == getType() &&
      isIdentityPermutation(getPermutation()))
    return getSource();
  if (auto inner = getSource().getDefiningOp<TransposeOp>()) {
    setPermutation(applyPermutation(inner.getPermutation(), getPermutation()));
    getSourceMutable().assign(inner.getSource());
    return getResult();
  }
  return resplat(adaptor.getSource(), getType());
}

OpFoldResult ExtractSliceOp::fold(FoldAdaptor adaptor) {
  if (getSource().getType() == getType())
    return getSource();
  if (auto inner = getSource().getDefiningOp<ExtractSliceOp>()) {
    SmallVector<int64_t> offsets;
    for (auto [a, b] : llvm::zip(getOffsets(), inner.getOffsets()))
      offsets.push_back(a + b);
    setOffsets(offsets);
    getSourceMutable().assign(inner.getSource());
    return getResult();
  }
  return resplat(adaptor.getSource(), getType());
}

OpFoldResult RelayoutOp::fold(FoldAdaptor adaptor) {
  if (getSource().getType() == getType())
    return getSource();
  if (auto inner = getSource().getDefiningOp<RelayoutOp>()) {
    getSourceMutable().assign(inner.getSource());
    return getResult();
  }
  if (Attribute splat = resplat(adaptor.getSource(), getType()))
    return splat;
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(adaptor.getSource()))
    return elements.reshape(getType());
  return {};
}

OpFoldResult IotaOp::fold(FoldAdaptor) {
  if (getType().getDimSize(getDim()) == 1)
    return makeSplat(getType(),
                     IntegerAttr::get(getType().getElementType(), 0));
  return {};
}

LogicalResult ScanOp::fold(FoldAdaptor,
                           SmallVectorImpl<OpFoldResult> &results) {
  // One element along the axis: the running combination is that element.
  if (getExclusive() ||
      getTileShape(getOperands().front().getType())[getAxis()] != 1)
    return failure();
  llvm::append_range(results, getOperands());
  return success();
}

namespace {

/// An op that moves elements of a scalar that was broadcast only makes another
/// broadcast of it.
template <typename Op>
struct MoveOfBroadcastScalar : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getSource().template getDefiningOp<BroadcastOp>();
    if (!broadcast || !isElementType(broadcast.getSource().getType()))
      return rewriter.notifyMatchFailure(op, "not the broadcast of a scalar");
    if (isElementType(op.getType()))
      rewriter.replaceOp(op, broadcast.getSource());
    else
      rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(),
                                               broadcast.getSource());
    return success();
  }
};

/// `tensor.splat` in a kernel is `tile.broadcast`.
struct SplatToBroadcast : public OpRewritePattern<tensor::SplatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::SplatOp op,
                                PatternRewriter &rewriter) const override {
    if (!op->getParentOfType<KernelOp>() || !isTileTensorType(op.getType()))
      return rewriter.notifyMatchFailure(op, "not a tile of a kernel");
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), op.getInput());
    return success();
  }
};

/// Reducing an axis of size 1 drops it. At the block level only: layouts of
/// reductions are for the passes to choose.
struct ReduceOfOne : public OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReduceOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getOperands().front().getType();
    if (getTileShape(type)[op.getAxis()] != 1)
      return rewriter.notifyMatchFailure(op, "more than one element");
    if (llvm::any_of(op.getOperandTypes(), getLayoutAttr))
      return rewriter.notifyMatchFailure(op, "has layouts");
    SmallVector<Value> results;
    for (auto [operand, result] : llvm::zip(op.getOperands(), op.getResults()))
      results.push_back(
          ReshapeOp::create(rewriter, op.getLoc(), result.getType(), operand));
    rewriter.replaceOp(op, results);
    return success();
  }
};

/// Zero is the padding that a load has anyway.
template <typename Op> struct DropZeroPadding : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!op.getPadding() || !(matchPattern(op.getPadding(), m_Zero()) ||
                              matchPattern(op.getPadding(), m_PosZeroFloat())))
      return rewriter.notifyMatchFailure(op, "no padding of zero");
    rewriter.modifyOpInPlace(op, [&] { op.getPaddingMutable().clear(); });
    return success();
  }
};

} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<MoveOfBroadcastScalar<ReshapeOp>>(context);
}

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<MoveOfBroadcastScalar<TransposeOp>>(context);
}

void ExtractSliceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                 MLIRContext *context) {
  patterns.add<MoveOfBroadcastScalar<ExtractSliceOp>>(context);
}

void RelayoutOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<MoveOfBroadcastScalar<RelayoutOp>>(context);
}

void ReduceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<ReduceOfOne>(context);
}

void LoadOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<DropZeroPadding<LoadOp>>(context);
}

void GatherOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<DropZeroPadding<GatherOp>>(context);
}

void TileDialect::getCanonicalizationPatterns(
    RewritePatternSet &patterns) const {
  patterns.add<SplatToBroadcast>(getContext());
}
