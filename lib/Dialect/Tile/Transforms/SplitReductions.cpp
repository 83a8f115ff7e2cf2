// SplitReductions.cpp - reductions across waves in two steps.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayoutRewriter.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace tilewright::tile {
namespace {

/// Builds the steps of one reduction; each new tile gets its home at once.
class ReductionSplitter {
public:
  ReductionSplitter(ReduceOp op, LayoutAssignment &assignment)
      : op(op), builder(op), assignment(assignment) {}

  /// Leaves the reduction alone where no step can be described.
  void run() {
    int64_t axis = op.getAxis();
    Value first = op.getOperands().front();
    ArrayRef<int64_t> shape = getTileShape(first.getType());
    LayoutAttr home = assignment.get(first);
    if (!home)
      home = assignment.getDefaultLayout(first.getType());
    if (!hasWavesAlong(home.getLayout(), axis))
      return;
    std::optional<WaveSplit> split =
        getWaveSplit(home.getLayout(), axis, shape[axis]);
    if (!split)
      return;

    // [.., n, ..] as [.., repeats, waves, inner, ..], without extents of 1.
    SmallVector<int64_t> splitShape(shape.begin(), shape.begin() + axis);
    if (split->repeats > 1)
      splitShape.push_back(split->repeats);
    splitShape.push_back(split->waves);
    if (split->inner > 1)
      splitShape.push_back(split->inner);
    splitShape.append(shape.begin() + axis + 1, shape.end());
    std::optional<Layout> splitLayout =
        home.getLayout().reshape(shape, splitShape);
    if (!splitLayout)
      return;

    SmallVector<Value> values;
    for (Value operand : op.getOperands())
      values.push_back(reshape(operand, splitShape, *splitLayout));
    Layout layout = *splitLayout;
    int64_t waveDim = axis + (split->repeats > 1);
    if (split->inner > 1)
      values = reduce(values, waveDim + 1, layout);
    if (split->repeats > 1) {
      values = reduce(values, axis, layout);
      --waveDim;
    }
    // Each lane then gets the results of all waves, and combines them.
    Layout gathered = layout.dropDim(waveDim).withoutFreeRegisters();
    gathered = gathered.expandDims(waveDim).broadcastDim(waveDim, split->waves);
    for (Value &value : values)
      value = relayout(value, gathered);
    layout = gathered;
    values = reduce(values, waveDim, layout);
    for (auto [old, value] : llvm::zip(op.getResults(), values)) {
      // The home that others rely on stays; the rewriter moves the tile if
      // this is another one.
      if (LayoutAttr wanted = assignment.get(old))
        if (wanted != assignment.get(value))
          value = relayout(value, wanted.getLayout());
      old.replaceAllUsesWith(value);
      assignment.forget(old);
    }
    op.erase();
  }

private:
  Value withHome(Value value, const Layout &layout) {
    if (isa<RankedTensorType>(value.getType()))
      assignment.set(value, assignment.getAttr(layout));
    return value;
  }

  Value reshape(Value value, ArrayRef<int64_t> shape, const Layout &layout) {
    Type type =
        RankedTensorType::get(shape, getElementTypeOrSelf(value.getType()));
    return withHome(ReshapeOp::create(builder, op.getLoc(), type, value),
                    layout);
  }

  Value relayout(Value value, const Layout &layout) {
    return withHome(
        RelayoutOp::create(builder, op.getLoc(), value.getType(), value),
        layout);
  }

  /// Reduces `values` along `axis`; `layout` becomes that of the results.
  SmallVector<Value> reduce(ArrayRef<Value> values, int64_t axis,
                            Layout &layout) {
    layout = layout.dropDim(axis).withoutFreeRegisters();
    SmallVector<Type> types;
    for (Value value : values) {
      SmallVector<int64_t> shape(getTileShape(value.getType()));
      shape.erase(shape.begin() + axis);
      types.push_back(
          getTileType(shape, getElementTypeOrSelf(value.getType())));
    }
    auto step = ReduceOp::create(builder, op.getLoc(), types, values,
                                 uint64_t(axis), op.getIdentity());
    IRMapping mapping;
    op.getRegion().cloneInto(&step.getRegion(), mapping);
    SmallVector<Value> results;
    for (Value result : step.getResults())
      results.push_back(withHome(result, layout));
    return results;
  }

  ReduceOp op;
  OpBuilder builder;
  LayoutAssignment &assignment;
};

} // namespace

void splitReductions(KernelOp kernel, LayoutAssignment &assignment) {
  SmallVector<ReduceOp> ops;
  kernel.walk([&](ReduceOp op) { ops.push_back(op); });
  for (ReduceOp op : ops)
    ReductionSplitter(op, assignment).run();
}

} // namespace tilewright::tile
