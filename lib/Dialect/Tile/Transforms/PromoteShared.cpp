// PromoteShared.cpp - what moves elements between waves becomes shared memory
// traffic.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/Transforms/Passes.h"

#include "KernelFacts.h"
#include "LayoutRules.h"
#include "SharedPadding.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Dominance.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tilewright::tile {

#define GEN_PASS_DEF_TILEPROMOTESHAREDPASS
#include "tilewright/Dialect/Tile/Transforms/Passes.h.inc"

namespace {

bool goesThroughShared(RelayoutOp op) {
  LayoutAttr from = getLayoutAttr(op.getSource().getType());
  LayoutAttr to = getLayoutAttr(op.getResult().getType());
  return classifyConversion(from.getLayout(), to.getLayout(),
                            getTileShape(op.getSource().getType()))
             .kind == ConversionKind::ThroughShared;
}

/// Whether lanes need elements of a reshape or slice that others hold.
bool movesElements(Operation *op) {
  return getLayoutAttr(op->getOperand(0).getType()) &&
         getLayoutAttr(op->getResult(0).getType()) && !isLaneLocal(op);
}

/// The operation in the block of `op` before which its first use needs it.
Operation *getFirstUse(RelayoutOp op) {
  Operation *first = nullptr;
  for (Operation *user : op->getUsers()) {
    Operation *ancestor = op->getBlock()->findAncestorOpInBlock(*user);
    if (ancestor && (!first || ancestor->isBeforeInBlock(first)))
      first = ancestor;
  }
  return first;
}

/// Moves the store down to what it must precede: loads from global memory then
/// fly together, and the stores behind them share the barriers around them.
void sink(StoreSharedOp store) {
  Operation *before = store->getNextNode();
  while (before->getNumRegions() == 0 &&
         !before->hasTrait<OpTrait::IsTerminator>() &&
         (isPure(before) || isa<LoadOp, GatherOp, AllocSharedOp>(before)))
    before = before->getNextNode();
  store->moveBefore(before);
}

class TilePromoteSharedPass
    : public impl::TilePromoteSharedPassBase<TilePromoteSharedPass> {
public:
  using TilePromoteSharedPassBase::TilePromoteSharedPassBase;

  void runOnOperation() override {
    KernelOp kernel = getOperation();
    llvm::MapVector<Value, SmallVector<RelayoutOp>> groups;
    kernel.walk([&](RelayoutOp op) {
      if (goesThroughShared(op))
        groups[op.getSource()].push_back(op);
    });
    SmallVector<Operation *> moves;
    kernel.walk([&](Operation *op) {
      if (isa<ReshapeOp, ExtractSliceOp>(op) && movesElements(op))
        moves.push_back(op);
    });
    if (groups.empty() && moves.empty())
      return;
    const ChipInfo *chip = getChip(kernel);
    if (!chip)
      return signalPassFailure();
    SmallVector<StoreSharedOp> stores;
    for (Operation *op : moves)
      stores.push_back(promoteMove(op));
    for (auto &[source, ops] : groups)
      stores.push_back(promote(source, ops, *chip));
    for (StoreSharedOp store : stores)
      sink(store);
  }

private:
  /// A reshape reads the buffer in the shape of its result, a slice reads a
  /// part of it.
  StoreSharedOp promoteMove(Operation *op) {
    Value source = op->getOperand(0);
    auto type = cast<RankedTensorType>(source.getType());
    OpBuilder builder(op);
    auto buffer = AllocSharedOp::create(
        builder, op->getLoc(),
        SharedType::get(type.getShape(), type.getElementType()), IntegerAttr());
    auto store = StoreSharedOp::create(builder, op->getLoc(), source, buffer);
    DenseI64ArrayAttr offsets;
    if (auto slice = dyn_cast<ExtractSliceOp>(op))
      offsets = slice.getOffsetsAttr();
    Value loaded = LoadSharedOp::create(
        builder, op->getLoc(), op->getResult(0).getType(), buffer, offsets);
    op->getResult(0).replaceAllUsesWith(loaded);
    op->erase();
    ++numPromoted;
    return store;
  }

  /// One buffer serves all layouts in which `source` is wanted in one block.
  StoreSharedOp promote(Value source, MutableArrayRef<RelayoutOp> ops,
                        const ChipInfo &chip) {
    auto type = cast<RankedTensorType>(source.getType());
    SmallVector<SharedUse, 2> uses = {
        {getLayoutAttr(type).getLayout(), /*isWrite=*/true}};
    for (RelayoutOp op : ops)
      uses.push_back({getLayoutAttr(op.getResult().getType()).getLayout(),
                      /*isWrite=*/false});
    SharedType bufferType =
        choosePaddedType(type.getShape(), type.getElementType(), uses, chip);

    Location loc = ops.front().getLoc();
    OpBuilder builder(source.getContext());
    if (Operation *def = source.getDefiningOp())
      builder.setInsertionPointAfter(def);
    else
      builder.setInsertionPointToStart(cast<BlockArgument>(source).getOwner());
    auto buffer =
        AllocSharedOp::create(builder, loc, bufferType, IntegerAttr());
    auto store = StoreSharedOp::create(builder, loc, source, buffer);
    for (RelayoutOp op : ops) {
      Operation *first = getFirstUse(op);
      builder.setInsertionPoint(first ? first : op.getOperation());
      Value loaded =
          LoadSharedOp::create(builder, op.getLoc(), op.getResult().getType(),
                               buffer, DenseI64ArrayAttr());
      op.getResult().replaceAllUsesWith(loaded);
      op.erase();
      ++numPromoted;
    }
    return store;
  }
};

} // namespace
} // namespace tilewright::tile
