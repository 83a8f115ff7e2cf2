// LayoutRewriter.cpp - writes the layouts of an assignment into the IR.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayoutRewriter.h"
#include "MmaLayouts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace tilewright::tile {
namespace {

bool isTile(Value value) { return isa<RankedTensorType>(value.getType()); }

RankedTensorType withLayout(Type type, LayoutAttr layout) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType(),
                               layout);
}

class Rewriter {
public:
  Rewriter(KernelOp kernel, LayoutAssignment &assignment)
      : kernel(kernel), assignment(assignment), builder(kernel.getContext()) {}

  LogicalResult run() {
    // Types first: uses then see what their operands are.
    SmallVector<Operation *> ops;
    kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (op != kernel)
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      for (Value result : op->getResults())
        setHome(result);
      for (Region &region : op->getRegions())
        for (Block &block : region)
          for (Value arg : block.getArguments())
            setHome(arg);
    }
    for (Operation *op : ops)
      if (failed(rewrite(op)))
        return failure();
    eraseDeadOperations(kernel);
    return success();
  }

private:
  void setHome(Value value) {
    if (LayoutAttr home = assignment.get(value))
      value.setType(withLayout(value.getType(), home));
  }

  LayoutAttr getHome(Value value) { return assignment.get(value); }

  //===--- Values in a wanted layout ----------------------------------------//

  /// `value` in `layout`: itself, computed again, or moved.
  FailureOr<Value> materialise(Value value, LayoutAttr layout) {
    if (getLayoutAttr(value.getType()) == layout)
      return value;
    auto key = std::make_pair(value, Attribute(layout));
    if (Value known = versions.lookup(key))
      return known;
    FailureOr<Value> version =
        getHome(value) ? move(value, layout) : repeat(value, layout);
    if (succeeded(version))
      versions[key] = *version;
    return version;
  }

  Value move(Value value, LayoutAttr layout) {
    setInsertionPointAfter(value);
    return RelayoutOp::create(builder, value.getLoc(),
                              withLayout(value.getType(), layout), value);
  }

  void setInsertionPointAfter(Value value) {
    if (Operation *op = value.getDefiningOp())
      builder.setInsertionPointAfter(op);
    else
      builder.setInsertionPointToStart(cast<BlockArgument>(value).getOwner());
  }

  /// A copy of the cheap operation that defines `value`, in `layout`.
  FailureOr<Value> repeat(Value value, LayoutAttr layout) {
    Operation *op = value.getDefiningOp();
    LayoutAttr native = layout;
    SmallVector<Value> operands(op->getOperands());
    for (auto [index, operand] : llvm::enumerate(operands)) {
      if (!isTile(operand))
        continue;
      FailureOr<Value> version =
          materialise(operand, getWanted(op, index, native));
      if (failed(version))
        return failure();
      operand = *version;
    }
    builder.setInsertionPointAfter(op);
    Operation *copy = builder.clone(*op);
    copy->setOperands(operands);
    for (Value result : copy->getResults())
      result.setType(withLayout(result.getType(), native));
    if (failed(retypeConstant(copy)))
      return failure();
    Value result = copy->getResult(cast<OpResult>(value).getResultNumber());
    if (native == layout)
      return result;
    return Value(RelayoutOp::create(
        builder, op->getLoc(), withLayout(result.getType(), layout), result));
  }

  LogicalResult retypeConstant(Operation *op) {
    auto constant = dyn_cast<arith::ConstantOp>(op);
    if (!constant)
      return success();
    auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (!elements)
      return op->emitError("expected the elements of a constant tile to be "
                           "written out");
    auto type = cast<ShapedType>(constant.getType());
    constant.setValueAttr(elements.isSplat() ? elements.resizeSplat(type)
                                             : elements.reshape(type));
    return success();
  }

  /// The layout that operand `index` needs so that `op` can give its result in
  /// `native`; where no rule says so, another one, and `native` may change.
  LayoutAttr getWanted(Operation *op, unsigned index, LayoutAttr &native) {
    if (std::optional<Layout> wanted =
            getOperandLayout(op, index, native.getLayout()))
      return assignment.getAttr(*wanted);
    assert((isa<ReshapeOp, ExtractSliceOp>(op)) &&
           "all other operations have a rule for any layout");
    // As it is; where the result cannot follow, tile-promote-shared moves the
    // elements.
    LayoutAttr home = getHome(op->getOperand(index));
    if (!home)
      home = assignment.getDefaultLayout(op->getOperand(index).getType());
    if (std::optional<Layout> result =
            getResultLayout(op, index, home.getLayout()))
      native = assignment.getAttr(*result);
    return home;
  }

  //===--- Operations -------------------------------------------------------//

  LogicalResult useIn(OpOperand &use, LayoutAttr layout) {
    FailureOr<Value> version = materialise(use.get(), layout);
    if (failed(version))
      return failure();
    use.set(*version);
    return success();
  }

  LogicalResult rewrite(Operation *op) {
    if (auto mma = dyn_cast<MmaOp>(op))
      return rewriteMma(mma);
    if (auto reduce = dyn_cast<ReduceOp>(op))
      return rewriteReduce(reduce);
    if (auto scan = dyn_cast<ScanOp>(op))
      return rewriteScan(scan);
    if (auto relayout = dyn_cast<RelayoutOp>(op)) {
      Value source = relayout.getSource();
      return useIn(relayout.getSourceMutable(),
                   getHome(source) ? getHome(source)
                                   : getHome(relayout.getResult()));
    }
    if (std::optional<MemoryAccess> access = getMemoryAccess(op))
      return rewriteAccess(*access);
    for (OpOperand &use : op->getOpOperands())
      if (isTile(use.get()))
        if (Value target = LayoutAssignment::getTiedTarget(use))
          if (LayoutAttr home = getHome(target))
            if (failed(useIn(use, home)))
              return failure();
    if (isElementwise(op) ||
        isa<BroadcastOp, ReshapeOp, TransposeOp, ExtractSliceOp>(op))
      return rewriteComputation(op);
    return success();
  }

  LogicalResult rewriteComputation(Operation *op) {
    // A cheap one is repeated where it is wanted; a scalar result has one
    // source element, which every lane must have.
    Value result = op->getResult(0);
    if (!isTile(result))
      return rewriteToScalar(op);
    LayoutAttr home = getHome(result);
    if (!home)
      return success();
    LayoutAttr native = home;
    for (OpOperand &use : op->getOpOperands()) {
      if (!isTile(use.get()))
        continue;
      if (failed(useIn(use, getWanted(op, use.getOperandNumber(), native))))
        return failure();
    }
    for (Value each : op->getResults())
      setNative(each, native);
    return success();
  }

  /// tensor<1xE> to E: wants the element in each lane.
  LogicalResult rewriteToScalar(Operation *op) {
    for (OpOperand &use : op->getOpOperands()) {
      if (!isTile(use.get()))
        continue;
      LayoutAttr home = getHome(use.get());
      // The default layout of one element is in every lane.
      if (!home || !home.getLayout().isLaneUniform())
        home = assignment.getDefaultLayout(use.get().getType());
      if (failed(useIn(use, home)))
        return failure();
    }
    return success();
  }

  /// `value` is computed in `native`; those who expect its home get that.
  void setNative(Value value, LayoutAttr native) {
    LayoutAttr home = getHome(value);
    if (!home || home == native)
      return;
    value.setType(withLayout(value.getType(), native));
    assignment.set(value, native);
    Value moved = move(value, home);
    assignment.set(moved, home);
    value.replaceAllUsesExcept(moved, moved.getDefiningOp());
    versions[{value, Attribute(home)}] = moved;
  }

  LogicalResult rewriteMma(MmaOp op) {
    MmaLayouts layouts =
        getMmaLayouts(op, assignment.chip, assignment.schedule);
    if (failed(useIn(op.getLhsMutable(), assignment.getAttr(layouts.lhs))) ||
        failed(useIn(op.getRhsMutable(), assignment.getAttr(layouts.rhs))) ||
        failed(useIn(op.getAccMutable(), assignment.getAttr(layouts.acc))))
      return failure();
    setNative(op.getResult(), assignment.getAttr(layouts.acc));
    return success();
  }

  LogicalResult rewriteReduce(ReduceOp op) {
    Value first = op.getOperands().front();
    uint64_t axis = op.getAxis();
    LayoutAttr layout = getHome(first);
    if (!layout)
      layout = assignment.getDefaultLayout(first.getType());
    if (hasWavesAlong(layout.getLayout(), axis))
      layout =
          assignment.getDefaultLayout(first.getType(), uint64_t(1) << axis);
    for (OpOperand &use : op->getOpOperands())
      if (failed(useIn(use, layout)))
        return failure();
    std::optional<Layout> result = getResultLayout(op, 0, layout.getLayout());
    if (result)
      for (Value each : op.getResults())
        setNative(each, assignment.getAttr(*result));
    return success();
  }

  LogicalResult rewriteScan(ScanOp op) {
    uint64_t axis = op.getAxis();
    LayoutAttr layout = getHome(op.getResults().front());
    if (!layout || !isScanLayout(layout.getLayout(), axis))
      layout = assignment.getDefaultLayout(op.getResult(0).getType(),
                                           uint64_t(1) << axis);
    for (OpOperand &use : op->getOpOperands())
      if (failed(useIn(use, layout)))
        return failure();
    for (Value result : op.getResults())
      setNative(result, layout);
    return success();
  }

  LogicalResult rewriteAccess(const MemoryAccess &access) {
    Operation *op = access.op;
    if (access.isShared || !isa<RankedTensorType>(access.tileType))
      return success();
    LayoutAttr layout;
    if (isa<LoadOp, GatherOp>(op)) {
      layout = getHome(op->getResult(0));
    } else {
      layout = getHome(op->getOperand(0));
      if (!layout)
        layout = assignment.getAccessLayout(access);
      else if (isa<StoreOp>(op) && assignment.wantsStagedStore(access, layout))
        layout = assignment.getAccessLayout(access);
      if (failed(useIn(op->getOpOperand(0), layout)))
        return failure();
    }
    if (access.isIndexed && failed(rewriteIndices(access, layout)))
      return failure();
    int64_t width = assignment.getVectorWidthIn(access, layout.getLayout());
    if (width > 1 && !isa<AtomicRMWOp>(op))
      op->setAttr("tile.vector", builder.getI64IntegerAttr(width));
    if (isa<AtomicRMWOp>(op)) {
      setNative(op->getResult(0), layout);
      shareOwned(op->getResult(0), layout);
    }
    return success();
  }

  /// Index tiles: as the access, but for dimensions of size 1.
  LogicalResult rewriteIndices(const MemoryAccess &access, LayoutAttr layout) {
    ArrayRef<int64_t> shape = getTileShape(access.tileType);
    for (OpOperand &use : access.op->getOpOperands()) {
      bool isIndex = llvm::is_contained(access.indices, use.get());
      if (!isTile(use.get()) || !isIndex ||
          (use.getOperandNumber() == 0 && !isa<GatherOp>(access.op)))
        continue;
      Layout wanted = layout.getLayout();
      for (auto [dim, size] :
           llvm::enumerate(getTileShape(use.get().getType())))
        if (size == 1 && shape[dim] != 1)
          wanted = wanted.collapseDim(dim);
      if (failed(useIn(use, assignment.getAttr(wanted.withoutFreeRegisters()))))
        return failure();
    }
    return success();
  }

  /// The lane that owns an element did the atomic, and it alone has the old
  /// value: where others hold the element too they get it from shared memory.
  void shareOwned(Value value, LayoutAttr layout) {
    if (!layout.getLayout().isReplicated() || value.use_empty())
      return;
    Location loc = value.getLoc();
    setInsertionPointAfter(value);
    auto tensor = cast<RankedTensorType>(value.getType());
    auto buffer = AllocSharedOp::create(
        builder, loc,
        SharedType::get(tensor.getShape(), tensor.getElementType()),
        IntegerAttr());
    auto store = StoreSharedOp::create(builder, loc, value, buffer);
    Value all =
        LoadSharedOp::create(builder, loc, tensor, buffer, DenseI64ArrayAttr());
    value.replaceAllUsesExcept(all, store);
  }

  KernelOp kernel;
  LayoutAssignment &assignment;
  OpBuilder builder;
  DenseMap<std::pair<Value, Attribute>, Value> versions;
};

} // namespace

LogicalResult rewriteLayouts(KernelOp kernel, LayoutAssignment &assignment) {
  return Rewriter(kernel, assignment).run();
}

} // namespace tilewright::tile
