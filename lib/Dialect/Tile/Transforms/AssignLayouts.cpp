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

/// No tile may be larger than all registers of the largest workgroup, nor so
/// large that its layout is beyond the limits of layouts.
LogicalResult checkSizes(KernelOp kernel, const ChipInfo &chip) {
  constexpr int64_t kMaxElements = int64_t(1) << 18;
  int64_t limit = 4 * chip.maxRegistersPerLane * chip.maxThreadsPerWorkgroup;
  WalkResult result = kernel.walk([&](Operation *op) {
    for (Type type : op->getResultTypes()) {
      if (!isa<RankedTensorType>(type))
        continue;
      int64_t elements = getTileElements(type);
      int64_t bytes = elements * getElementBytes(getElementTypeOrSelf(type));
      if (bytes > limit) {
        op->emitOpError() << "gives a tile of " << bytes
                          << " bytes, but the registers of a workgroup have "
                          << limit << " on '" << chip.name << "'";
        return WalkResult::interrupt();
      }
      if (elements > kMaxElements) {
        op->emitOpError() << "gives a tile of " << elements
                          << " elements, but at most " << kMaxElements
                          << " are supported";
        return WalkResult::interrupt();
      }
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
    Value value =
        BroadcastOp::create(builder, op.getLoc(), op.getType(), op.getInput());
    op.replaceAllUsesWith(value);
    op.erase();
  }
}

/// A slice of several dimensions as slices of one dimension each: a dimension
/// at an odd offset has to be in registers, which is much for two at once.
void splitSlices(KernelOp kernel) {
  SmallVector<ExtractSliceOp> ops;
  kernel.walk([&](ExtractSliceOp op) { ops.push_back(op); });
  for (ExtractSliceOp op : ops) {
    SmallVector<int64_t> shape(getTileShape(op.getSource().getType()));
    ArrayRef<int64_t> sizes = getTileShape(op.getResult().getType());
    OpBuilder builder(op);
    Value value = op.getSource();
    for (int64_t dim = shape.size() - 1; dim >= 0; --dim) {
      if (shape[dim] == sizes[dim])
        continue;
      shape[dim] = sizes[dim];
      SmallVector<int64_t> offsets(shape.size(), 0);
      offsets[dim] = op.getOffsets()[dim];
      value = ExtractSliceOp::create(
          builder, op.getLoc(),
          getTileType(shape, getElementTypeOrSelf(value.getType())), value,
          offsets);
    }
    op.replaceAllUsesWith(value);
    op.erase();
  }
}

/// A scalar atomic whose old value is used becomes one of a tile of one
/// element: a single lane does it, and the others must hear of the value.
void widenScalarAtomics(KernelOp kernel) {
  SmallVector<AtomicRMWOp> ops;
  kernel.walk([&](AtomicRMWOp op) {
    if (!isa<RankedTensorType>(op.getType()) && !op.getResult().use_empty())
      ops.push_back(op);
  });
  for (AtomicRMWOp op : ops) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Type type = RankedTensorType::get({1}, op.getType());
    SmallVector<Value> indices;
    for (Value index : op.getIndices())
      indices.push_back(
          index.getType().isIndex()
              ? index
              : Value(arith::IndexCastOp::create(
                    builder, loc, builder.getIndexType(), index)));
    Value value = ReshapeOp::create(builder, loc, type, op.getValue());
    auto wide = AtomicRMWOp::create(builder, loc, type, op.getKind(), value,
                                    op.getMemref(), indices, op.getWalkAttr(),
                                    op.getOrdering(), op.getScope());
    Value old = ReshapeOp::create(builder, loc, op.getType(), wide.getResult());
    op.replaceAllUsesWith(old);
    op.erase();
  }
}

/// Names the missing fact at each access that is narrower than it could be.
void remarkOnWidths(KernelOp kernel, const Schedule &schedule) {
  Divisibility divisibility;
  kernel.walk([&](Operation *op) {
    std::optional<MemoryAccess> access = getMemoryAccess(op);
    if (!access || access->isShared ||
        !isa<RankedTensorType>(access->tileType) || isa<AtomicRMWOp>(op))
      return;
    std::string limit;
    int64_t width =
        getVectorWidth(*access, divisibility, schedule.vectorBytes, &limit);
    auto arg = dyn_cast<BlockArgument>(access->memory);
    if (limit.empty() || !arg)
      return;
    int64_t bytes = getElementBytes(getElementTypeOrSelf(access->tileType));
    op->emitRemark() << "accesses " << width * bytes << " bytes at once, not "
                     << schedule.vectorBytes << ", because of " << limit
                     << " of argument '"
                     << kernel.getArgName(arg.getArgNumber()) << "'";
  });
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
    if (!chip || failed(checkOperations(kernel)) ||
        failed(checkSizes(kernel, *chip)))
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
    splitSlices(kernel);
    widenScalarAtomics(kernel);
    if (failed(legalizeMmas(kernel, *chip, *schedule)))
      return signalPassFailure();
    // An unused copy of a conversion would count as one more user.
    eraseDeadOperations(kernel);
    if (remarks)
      remarkOnWidths(kernel, *schedule);
    LayoutAssignment assignment(kernel, *chip, *schedule);
    assignment.run();
    splitReductions(kernel, assignment);
    if (failed(rewriteLayouts(kernel, assignment)))
      return signalPassFailure();
  }
};

} // namespace
} // namespace tilewright::tile
