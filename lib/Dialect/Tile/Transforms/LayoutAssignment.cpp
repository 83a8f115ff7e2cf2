// LayoutAssignment.cpp - decides which layout each tile of a kernel lives in.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayoutAssignment.h"
#include "MmaLayouts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace tilewright::tile {

/// A shape as a key of maps.
static Attribute getShapeKey(MLIRContext *context, ArrayRef<int64_t> shape) {
  return DenseI64ArrayAttr::get(context, shape);
}

static bool isTile(Value value) {
  return isa<RankedTensorType>(value.getType());
}

static int64_t getBytes(Value value) {
  return getTileElements(value.getType()) *
         getElementBytes(getElementTypeOrSelf(value.getType()));
}

LayoutAssignment::LayoutAssignment(KernelOp kernel, const ChipInfo &chip,
                                   const Schedule &schedule)
    : chip(chip), schedule(schedule), kernel(kernel) {}

LayoutAttr LayoutAssignment::getAttr(const Layout &layout) {
  return LayoutAttr::get(kernel.getContext(), layout);
}

void LayoutAssignment::run() {
  collectAxes();
  assignMmas();
  assignAccesses();
  assignRest();
}

void LayoutAssignment::collectAxes() {
  kernel.walk([&](Operation *op) {
    if (!isa<ReduceOp, ScanOp>(op))
      return;
    Attribute key = getShapeKey(op->getContext(),
                                getTileShape(op->getOperand(0).getType()));
    if (auto reduce = dyn_cast<ReduceOp>(op))
      reducedAxes[key] |= uint64_t(1) << reduce.getAxis();
    else
      scannedAxes[key] |= uint64_t(1) << cast<ScanOp>(op).getAxis();
  });
}

bool LayoutAssignment::isCheap(Value value) {
  if (!isTile(value))
    return true;
  auto it = cheap.find(value);
  if (it != cheap.end())
    return it->second;
  Operation *op = value.getDefiningOp();
  bool result = false;
  if (op && op->getNumRegions() == 0) {
    if (isa<arith::ConstantOp, IotaOp, tensor::SplatOp>(op))
      result = true;
    else if (isElementwise(op) || isa<BroadcastOp, TransposeOp, ReshapeOp>(op))
      result = llvm::all_of(op->getOperands(),
                            [&](Value operand) { return isCheap(operand); });
  }
  return cheap[value] = result;
}

BlockedRequest LayoutAssignment::getRequest(ArrayRef<int64_t> shape,
                                            uint64_t forbidWaves) const {
  BlockedRequest request;
  request.shape.assign(shape.begin(), shape.end());
  request.contiguousDim = shape.size() - 1;
  request.waveSize = chip.waveSize;
  request.numWaves = schedule.getNumWaves();
  Attribute key = getShapeKey(kernel->getContext(), shape);
  request.avoidWaves = reducedAxes.lookup(key);
  request.forbidWaves = forbidWaves | scannedAxes.lookup(key);
  return request;
}

LayoutAttr LayoutAssignment::getAccessLayout(const MemoryAccess &access) {
  BlockedRequest request = getRequest(getTileShape(access.tileType), 0);
  request.elementBytes = getElementBytes(getElementTypeOrSelf(access.tileType));
  int64_t contiguous = getContiguousDim(access);
  if (contiguous >= 0)
    request.contiguousDim = contiguous;
  request.vector = getVectorWidth(access, divisibility, schedule.vectorBytes);
  Layout layout = chooseBlockedLayout(request);
  if (!isa<LoadOp, GatherOp>(access.op))
    return getAttr(layout);
  // Slices that stay in their lanes are worth a somewhat dearer access.
  for (Operation *user : access.op->getUsers())
    if (auto slice = dyn_cast<ExtractSliceOp>(user))
      if (!limitToSlice(request, slice))
        return getAttr(layout);
  if (request.maxExtents.empty())
    return getAttr(layout);
  Layout limited = chooseBlockedLayout(request);
  auto getCost = [&](const Layout &layout) {
    return getAccessCost(layout, request.shape, contiguous, request.vector,
                         request.elementBytes);
  };
  if (2 * getCost(limited) <= 3 * getCost(layout))
    return getAttr(limited);
  return getAttr(layout);
}

LayoutAttr LayoutAssignment::getDefaultLayout(Type type, uint64_t forbidWaves) {
  BlockedRequest request = getRequest(getTileShape(type), forbidWaves);
  request.elementBytes = getElementBytes(getElementTypeOrSelf(type));
  request.vector = std::max<int64_t>(1, 4 / request.elementBytes);
  return getAttr(chooseBlockedLayout(request));
}

int64_t LayoutAssignment::getVectorWidthIn(const MemoryAccess &access,
                                           const Layout &layout) {
  int64_t contiguous = getContiguousDim(access);
  if (contiguous < 0)
    return 1;
  return std::min(
      getVectorWidth(access, divisibility, schedule.vectorBytes),
      layout.getVectorWidth(contiguous, getTileShape(access.tileType)));
}

/// What it costs to move a tile through shared memory, in the unit of
/// getAccessCost.
static int64_t getStagingCost(const Layout &from, const Layout &to) {
  return 16 + 4 * (from.getNumRegisters() + to.getNumRegisters()) / 2;
}

bool LayoutAssignment::isSlowerThanCoalesced(const MemoryAccess &access,
                                             LayoutAttr layout) {
  ArrayRef<int64_t> shape = getTileShape(access.tileType);
  int64_t contiguous = getContiguousDim(access);
  int64_t width = getVectorWidth(access, divisibility, schedule.vectorBytes);
  int64_t bytes = getElementBytes(getElementTypeOrSelf(access.tileType));
  return getAccessCost(layout.getLayout(), shape, contiguous, width, bytes) >
         getAccessCost(getAccessLayout(access).getLayout(), shape, contiguous,
                       width, bytes);
}

bool LayoutAssignment::wantsStagedStore(const MemoryAccess &access,
                                        LayoutAttr layout) {
  // What the facts do not allow, no layout gives.
  int64_t width = getVectorWidth(access, divisibility, schedule.vectorBytes);
  if (!schedule.stagesStores() ||
      getVectorWidthIn(access, layout.getLayout()) >= width ||
      !isSlowerThanCoalesced(access, layout))
    return false;
  // Behind all loops the buffers of the operands are free again.
  bool isRepeated = access.op->getParentOfType<LoopLikeOpInterface>() != nullptr;
  int64_t bytes = getTileElements(access.tileType) *
                  getElementBytes(getElementTypeOrSelf(access.tileType));
  return bytes <= (isRepeated ? chip.sharedBytes / 4 : chip.sharedBytes);
}

bool LayoutAssignment::wantsStaging(const MemoryAccess &access,
                                    LayoutAttr layout) {
  // A buffer of that size would leave too little for others.
  if (4 * getTileElements(access.tileType) *
          getElementBytes(getElementTypeOrSelf(access.tileType)) >
      chip.sharedBytes)
    return false;
  LayoutAttr coalesced = getAccessLayout(access);
  ArrayRef<int64_t> shape = getTileShape(access.tileType);
  int64_t contiguous = getContiguousDim(access);
  int64_t width = getVectorWidth(access, divisibility, schedule.vectorBytes);
  int64_t bytes = getElementBytes(getElementTypeOrSelf(access.tileType));
  int64_t direct =
      getAccessCost(layout.getLayout(), shape, contiguous, width, bytes);
  int64_t staged =
      getAccessCost(coalesced.getLayout(), shape, contiguous, width, bytes) +
      getStagingCost(coalesced.getLayout(), layout.getLayout());
  return staged < direct;
}

void LayoutAssignment::assign(Value value, LayoutAttr layout) {
  if (!isTile(value) || homes.count(value) || isCheap(value))
    return;
  homes[value] = layout;
  worklist.push_back(value);
}

/// Assigns `layout`, but to a value from memory only where it may as well be
/// read like that.
void LayoutAssignment::offer(Value value, const Layout &layout) {
  if (Operation *op = value.getDefiningOp()) {
    if (isa<MmaOp, AtomicRMWOp>(op))
      return;
    if (std::optional<MemoryAccess> access = getMemoryAccess(op))
      if (isTile(value) && wantsStaging(*access, getAttr(layout)))
        return;
  }
  assign(value, getAttr(layout));
}

/// An operand of an mma: arithmetic between memory and mma is done in the
/// operand's layout where that moves fewer bytes than moving its result.
/// `users` are the operations that use `value` in this layout.
void LayoutAssignment::demand(Value value, const Layout &layout, bool direct,
                              const SetVector<Operation *> &users) {
  if (!isTile(value) || homes.count(value) || isCheap(value))
    return;
  Operation *op = value.getDefiningOp();
  auto areAll = [](Value used, const SetVector<Operation *> &ops) {
    return llvm::all_of(used.getUsers(),
                        [&](Operation *user) { return ops.contains(user); });
  };
  if (!op || !areAll(value, users))
    return;
  if (getMemoryAccess(op)) {
    if (direct && !isa<AtomicRMWOp>(op))
      assign(value, getAttr(layout));
    return;
  }
  // The arithmetic that serves `value` alone, and what it starts from.
  SetVector<Operation *> cone;
  cone.insert(op);
  SetVector<Value> leaves;
  bool changed = true;
  while (changed) {
    changed = false;
    leaves.clear();
    for (Operation *member : cone)
      for (Value operand : member->getOperands())
        if (!isCheap(operand) && !cone.contains(operand.getDefiningOp()))
          leaves.insert(operand);
    for (Value leaf : leaves) {
      Operation *def = leaf.getDefiningOp();
      if (isElementwise(op) && def && isElementwise(def) &&
          !homes.count(leaf) && areAll(leaf, cone))
        changed |= cone.insert(def);
    }
  }
  SmallVector<std::pair<Value, Layout>, 0> wanted;
  int64_t bytes = 0;
  for (Value leaf : leaves) {
    // All members but a single one that moves positions are elementwise.
    std::optional<Layout> source = layout;
    if (!isElementwise(op))
      source = getOperandLayout(op, 0, layout);
    if (!source)
      return;
    wanted.push_back({leaf, *source});
    bytes += getBytes(leaf);
  }
  if (bytes == 0 || bytes > getBytes(value))
    return;
  // The worklist is not told: nothing else follows from these.
  for (Operation *member : cone)
    for (Value result : member->getResults())
      homes[result] = getAttr(layout);
  for (auto &[leaf, source] : wanted)
    demand(leaf, source, direct, cone);
}

void LayoutAssignment::propagate() {
  while (!worklist.empty()) {
    Value value = worklist.front();
    worklist.pop_front();
    Layout layout = homes[value].getLayout();
    for (Value tied : getTied(value))
      offer(tied, layout);
    propagateForward(value, layout);
    propagateBackward(value, layout);
  }
}

void LayoutAssignment::propagateForward(Value value, const Layout &layout) {
  // The order of uses is that of parsing; the order of the text is stabler.
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : value.getUses())
    uses.push_back(&use);
  std::reverse(uses.begin(), uses.end());
  for (OpOperand *use : uses) {
    Operation *op = use->getOwner();
    if (Value target = getTiedTarget(*use)) {
      for (Value tied : getTied(target))
        offer(tied, layout);
      continue;
    }
    if (auto mma = dyn_cast<MmaOp>(op)) {
      continue;
    }
    if (auto scan = dyn_cast<ScanOp>(op)) {
      if (isScanLayout(layout, scan.getAxis()))
        for (Value result : scan.getResults())
          assign(result, getAttr(layout));
      continue;
    }
    if (std::optional<Layout> result =
            getResultLayout(op, use->getOperandNumber(), layout))
      for (Value value : op->getResults())
        assign(value, getAttr(*result));
    if (auto reduce = dyn_cast<ReduceOp>(op))
      for (Value operand : reduce.getOperands())
        offer(operand, layout);
  }
}

void LayoutAssignment::propagateBackward(Value value, const Layout &layout) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return;
  if (auto mma = dyn_cast<MmaOp>(op))
    return assign(mma.getAcc(), getAttr(layout));
  if (isa<ScanOp>(op)) {
    for (Value operand : op->getOperands())
      offer(operand, layout);
    return;
  }
  if (getMemoryAccess(op))
    return;
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    if (isTile(operand))
      if (std::optional<Layout> source = getOperandLayout(op, index, layout))
        offer(operand, *source);
}

Value LayoutAssignment::getTiedTarget(OpOperand &use) {
  Operation *op = use.getOwner();
  unsigned index = use.getOperandNumber();
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    if (index < loop.getNumControlOperands())
      return {};
    return loop.getTiedLoopRegionIterArg(&use);
  }
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return loop.getBeforeArguments()[index];
  if (isa<scf::ConditionOp>(op)) {
    if (index == 0)
      return {};
    return cast<scf::WhileOp>(op->getParentOp()).getAfterArguments()[index - 1];
  }
  if (isa<scf::YieldOp>(op)) {
    Operation *parent = op->getParentOp();
    if (auto loop = dyn_cast<scf::ForOp>(parent))
      return loop.getRegionIterArg(index);
    if (auto loop = dyn_cast<scf::WhileOp>(parent))
      return loop.getBeforeArguments()[index];
    if (isa<scf::IfOp>(parent))
      return parent->getResult(index);
  }
  return {};
}

SmallVector<Value> LayoutAssignment::getTied(Value value) {
  SmallVector<Value> tied;
  auto addFor = [&](scf::ForOp loop, unsigned i) {
    llvm::append_values(tied, loop.getRegionIterArg(i), loop.getResult(i),
                        loop.getInitArgs()[i], loop.getYieldedValues()[i]);
  };
  auto addBefore = [&](scf::WhileOp loop, unsigned i) {
    llvm::append_values(tied, Value(loop.getBeforeArguments()[i]),
                        loop.getInits()[i], loop.getYieldOp()->getOperand(i));
  };
  auto addAfter = [&](scf::WhileOp loop, unsigned i) {
    llvm::append_values(tied, Value(loop.getAfterArguments()[i]),
                        Value(loop.getResult(i)),
                        loop.getConditionOp().getArgs()[i]);
  };
  if (auto arg = dyn_cast<BlockArgument>(value)) {
    Operation *parent = arg.getOwner()->getParentOp();
    if (auto loop = dyn_cast<scf::ForOp>(parent)) {
      if (arg != loop.getInductionVar())
        addFor(loop, arg.getArgNumber() - loop.getNumInductionVars());
    } else if (auto loop = dyn_cast<scf::WhileOp>(parent)) {
      if (arg.getOwner() == loop.getBeforeBody())
        addBefore(loop, arg.getArgNumber());
      else
        addAfter(loop, arg.getArgNumber());
    }
    return tied;
  }
  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  unsigned i = result.getResultNumber();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    addFor(loop, i);
  else if (auto loop = dyn_cast<scf::WhileOp>(op))
    addAfter(loop, i);
  else if (auto branch = dyn_cast<scf::IfOp>(op)) {
    tied.push_back(result);
    tied.push_back(branch.thenYield().getOperand(i));
    tied.push_back(branch.elseYield().getOperand(i));
  }
  return tied;
}

void LayoutAssignment::assignMmas() {
  SmallVector<MmaOp> ops;
  kernel.walk([&](MmaOp op) { ops.push_back(op); });
  for (MmaOp op : ops)
    assign(op.getResult(), getAttr(getMmaLayouts(op, chip, schedule).acc));
  propagate();
  for (MmaOp op : ops) {
    MmaLayouts layouts = getMmaLayouts(op, chip, schedule);
    // Operands for which shared memory is too small are read directly, the
    // larger one first.
    int64_t lhsBytes = getBytes(op.getLhs()), rhsBytes = getBytes(op.getRhs());
    int64_t limit = schedule.stagesOperands() ? chip.sharedBytes * 7 / 8 : 0;
    bool lhsDirect = lhsBytes > limit, rhsDirect = rhsBytes > limit;
    if (!lhsDirect && !rhsDirect && lhsBytes + rhsBytes > limit)
      (lhsBytes > rhsBytes ? lhsDirect : rhsDirect) = true;
    SetVector<Operation *> users;
    users.insert(op);
    demand(op.getLhs(), layouts.lhs, lhsDirect, users);
    demand(op.getRhs(), layouts.rhs, rhsDirect, users);
  }
}

void LayoutAssignment::assignAccesses() {
  SmallVector<MemoryAccess> accesses;
  kernel.walk([&](Operation *op) {
    if (std::optional<MemoryAccess> access = getMemoryAccess(op))
      if (!access->isShared && isa<RankedTensorType>(access->tileType))
        accesses.push_back(*access);
  });
  // From the largest tile; those of one size in the order of the text.
  SmallVector<std::pair<int64_t, size_t>> order;
  for (auto [index, access] : llvm::enumerate(accesses))
    order.push_back({-getTileElements(access.tileType) *
                         getElementBytes(getElementTypeOrSelf(access.tileType)),
                     index});
  llvm::sort(order);
  for (auto [negativeBytes, index] : order) {
    const MemoryAccess &access = accesses[index];
    Value value = access.op->getNumResults() ? access.op->getResult(0)
                                             : access.op->getOperand(0);
    if (homes.count(value) || isCheap(value))
      continue;
    assign(value, getAccessLayout(access));
    propagate();
  }
}

void LayoutAssignment::assignRest() {
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<KernelOp>(op))
      return;
    for (Value result : op->getResults())
      if (isTile(result) && !homes.count(result) && !isCheap(result)) {
        assign(result, getDefaultLayout(result.getType()));
        propagate();
      }
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Value arg : block.getArguments())
          if (isTile(arg) && !homes.count(arg)) {
            assign(arg, getDefaultLayout(arg.getType()));
            propagate();
          }
  });
}

} // namespace tilewright::tile
