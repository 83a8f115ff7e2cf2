// AssignLayouts.cpp - gives every tile a layout.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/Transforms/Passes.h"

#include "LayoutRewriter.h"
#include "MmaLayouts.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace tilewright::tile {

#define GEN_PASS_DEF_TILEASSIGNLAYOUTSPASS
#include "tilewright/Dialect/Tile/Transforms/Passes.h.inc"

namespace {

/// Operations that may hold tiles at the block level.
bool isSupported(Operation *op) {
  return isa<TileDialect>(op->getDialect()) || isElementwise(op) ||
         isa<arith::ConstantOp, tensor::SplatOp, scf::ForOp, scf::IfOp,
             scf::WhileOp, scf::YieldOp, scf::ConditionOp>(op);
}

LogicalResult checkOperations(KernelOp kernel) {
  WalkResult result = kernel.walk([&](Operation *op) {
    auto isTensor = [](Type type) { return isa<TensorType>(type); };
    bool hasTiles = llvm::any_of(op->getOperandTypes(), isTensor) ||
                    llvm::any_of(op->getResultTypes(), isTensor);
    if (hasTiles && !isSupported(op)) {
      op->emitOpError("cannot have tiles in a kernel");
      return WalkResult::interrupt();
    }
    for (Type type : op->getResultTypes())
      if (isTensor(type) && !isTileTensorType(type)) {
        op->emitOpError() << "expected a tile, but got " << type;
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

bool hasLayouts(KernelOp kernel) {
  WalkResult result = kernel.walk([](Operation *op) {
    for (Type type : op->getResultTypes())
      if (getLayoutAttr(type))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return result.wasInterrupted();
}

/// tensor.splat is tile.broadcast by another name.
void replaceSplats(KernelOp kernel) {
  SmallVector<tensor::SplatOp> ops;
  kernel.walk([&](tensor::SplatOp op) { ops.push_back(op); });
  for (tensor::SplatOp op : ops) {
    OpBuilder builder(op);
    Value value = BroadcastOp::create(builder, op.getLoc(), op.getType(),
                                      op.getInput());
    op.replaceAllUsesWith(value);
    op.erase();
  }
}

class TileAssignLayoutsPass
    : public impl::TileAssignLayoutsPassBase<TileAssignLayoutsPass> {
public:
  using TileAssignLayoutsPassBase::TileAssignLayoutsPassBase;

  void runOnOperation() override {
    KernelOp kernel = getOperation();
    // Restarted from text that has layouts: nothing is left to do.
    if (hasLayouts(kernel))
      return;
    const ChipInfo *chip = getChip(kernel);
    if (!chip || failed(checkOperations(kernel)))
      return signalPassFailure();
    FailureOr<Schedule> schedule = readSchedule(kernel, *chip);
    if (failed(schedule))
      return signalPassFailure();
    if (schedule->waves.empty() || !schedule->vectorBytes) {
      kernel.emitError() << "kernel '" << kernel.getSymName()
                         << "' has no complete 'tile.schedule'; run "
                            "'tile-choose-schedule'";
      return signalPassFailure();
    }
    replaceSplats(kernel);
    if (failed(legalizeMmas(kernel, *chip, *schedule)))
      return signalPassFailure();
    LayoutAssignment assignment(kernel, *chip, *schedule);
    assignment.run();
    splitReductions(kernel, assignment);
    if (failed(rewriteLayouts(kernel, assignment)))
      return signalPassFailure();
  }
};

} // namespace
} // namespace tilewright::tile
