// Plan.cpp - which tiles of a kernel are kept in memory, which are recomputed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Plan.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace tilewright::host {

/// A value with several sites is computed at each of them up to this cost.
static constexpr int64_t kRecomputeCost = 4;
static constexpr int64_t kMaxCost = 1000000;

bool isTile(Type type) { return isa<RankedTensorType>(type); }

bool isElementwise(Operation *op) {
  return isa<tile::ConvertOp>(op) ||
         (OpTrait::hasElementwiseMappableTraits(op) &&
          op->getNumResults() == 1);
}

bool isInlineOp(Operation *op) {
  if (op->getNumResults() != 1 || !isTile(op->getResult(0).getType()))
    return false;
  return isElementwise(op) ||
         isa<arith::ConstantOp, tile::LoadOp, tile::GatherOp, tile::BroadcastOp,
             tile::ReshapeOp, tile::TransposeOp, tile::IotaOp,
             tile::ExtractSliceOp, tensor::SplatOp>(op);
}

static SmallVector<int64_t> withoutUnitDims(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> result;
  for (int64_t n : shape)
    if (n != 1)
      result.push_back(n);
  return result;
}

bool onlyUnitDimsChange(ArrayRef<int64_t> source, ArrayRef<int64_t> result) {
  return withoutUnitDims(source) == withoutUnitDims(result);
}

static int64_t getLastDim(ArrayRef<int64_t> shape) {
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d)
    if (shape[d] != 1)
      return d;
  return -1;
}

/// The dimension of the result of a reshape that stands for `dim` of its
/// source, where only dimensions of size 1 come or go.
static int64_t mapReshapedDim(ArrayRef<int64_t> source,
                              ArrayRef<int64_t> result, int64_t dim) {
  int64_t ordinal = withoutUnitDims(source.take_front(dim)).size();
  for (auto [d, n] : llvm::enumerate(result))
    if (n != 1 && ordinal-- == 0)
      return d;
  return -1;
}

int64_t getPreferredDim(Value v) {
  ArrayRef<int64_t> shape = tile::getTileShape(v.getType());
  int64_t last = getLastDim(shape);
  Operation *op = v.getDefiningOp();
  if (!op)
    return last;
  if (auto transpose = dyn_cast<tile::TransposeOp>(op)) {
    int64_t dim = getPreferredDim(transpose.getSource());
    for (auto [d, s] : llvm::enumerate(transpose.getPermutation()))
      if (s == dim)
        return d;
    return last;
  }
  if (auto reshape = dyn_cast<tile::ReshapeOp>(op)) {
    ArrayRef<int64_t> source =
        tile::getTileShape(reshape.getSource().getType());
    if (!onlyUnitDimsChange(source, shape) || source.empty())
      return last;
    int64_t dim = getPreferredDim(reshape.getSource());
    int64_t mapped = dim < 0 ? -1 : mapReshapedDim(source, shape, dim);
    return mapped < 0 ? last : mapped;
  }
  if (isElementwise(op) || isa<tile::ExtractSliceOp>(op))
    for (Value operand : op->getOperands())
      if (isTile(operand.getType())) {
        int64_t dim = getPreferredDim(operand);
        if (dim >= 0 && dim != last && shape[dim] != 1)
          return dim;
      }
  return last;
}

/// Whether the result of `op` is contiguous along another dimension than the
/// last.
static bool movesContiguousDim(tile::TransposeOp op) {
  return getPreferredDim(op.getSource()) >= 0 &&
         getPreferredDim(op.getResult()) !=
             getLastDim(tile::getTileShape(op.getType()));
}

Operation *findStoredTranspose(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto transpose = dyn_cast<tile::TransposeOp>(op))
      return movesContiguousDim(transpose) ? op : nullptr;
    if (!isElementwise(op))
      return nullptr;
    Value source;
    for (Value operand : op->getOperands()) {
      if (!isTile(operand.getType()) || matchPattern(operand, m_Constant()))
        continue;
      if (source && source != operand)
        return nullptr;
      source = operand;
    }
    if (!source)
      return nullptr;
    value = source;
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Aliasing
//===----------------------------------------------------------------------===//

static Value getWrittenMemRef(Operation *op) {
  if (auto store = dyn_cast<tile::StoreOp>(op))
    return store.getMemref();
  if (auto scatter = dyn_cast<tile::ScatterOp>(op))
    return scatter.getMemref();
  if (auto atomic = dyn_cast<tile::AtomicRMWOp>(op))
    return atomic.getMemref();
  return {};
}

static Value getReadMemRef(Operation *op) {
  if (auto load = dyn_cast<tile::LoadOp>(op))
    return load.getMemref();
  if (auto gather = dyn_cast<tile::GatherOp>(op))
    return gather.getMemref();
  return {};
}

static bool isNoAlias(Value memref) {
  auto arg = dyn_cast<BlockArgument>(memref);
  if (!arg)
    return false;
  auto kernel = dyn_cast<tile::KernelOp>(arg.getOwner()->getParentOp());
  return kernel && kernel.getArgAttr(arg.getArgNumber(),
                                     tile::TileDialect::getNoAliasAttrName());
}

static bool mayAlias(Value a, Value b) {
  return a == b || (!isNoAlias(a) && !isNoAlias(b));
}

static bool isSameAccess(Operation *load, Operation *store) {
  auto l = dyn_cast<tile::LoadOp>(load);
  auto s = dyn_cast<tile::StoreOp>(store);
  return l && s && l.getMemref() == s.getMemref() &&
         l.getWalkedDims() == s.getWalkedDims() &&
         llvm::equal(l.getIndices(), s.getIndices());
}

//===----------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------===//

Plan::Plan(tile::KernelOp kernel) {
  unsigned next = 0;
  kernel.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    order[op] = next++;
    if (getWrittenMemRef(op))
      writers.push_back(op);
  });
  // The first round takes every value as inline when it estimates costs, the
  // second knows better. Any decision is right, some are slower.
  for (int round = 0; round < 2; ++round) {
    computeCosts(kernel);
    decide(kernel);
  }
}

ArrayRef<Operation *> Plan::getSites(Value v) const {
  auto it = sites.find(v);
  return it == sites.end() ? ArrayRef<Operation *>() : it->second.getArrayRef();
}

Operation *Plan::getLastUse(Value v) const {
  Operation *last = nullptr;
  for (Operation *site : getSites(v)) {
    Operation *ancestor = v.getParentBlock()->findAncestorOpInBlock(*site);
    if (ancestor && (!last || last->isBeforeInBlock(ancestor)))
      last = ancestor;
  }
  return last;
}

static int64_t getOwnCost(Operation *op) {
  if (isa<tile::GatherOp>(op))
    return kRecomputeCost;
  if (!isElementwise(op))
    return 0;
  if (isa<arith::DivFOp, arith::DivSIOp, arith::DivUIOp, arith::RemSIOp,
          arith::RemUIOp, math::SqrtOp, tile::ConvertOp>(op))
    return kRecomputeCost;
  if (op->getName().getDialectNamespace() == "math" && !isa<math::FmaOp>(op))
    return kRecomputeCost;
  return 1;
}

int64_t Plan::getCost(Value v) const {
  if (buffered.contains(v))
    return 0;
  auto it = costs.find(v);
  return it == costs.end() ? 0 : it->second;
}

void Plan::computeCosts(tile::KernelOp kernel) {
  kernel.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isInlineOp(op))
      return;
    int64_t cost = getOwnCost(op);
    for (Value operand : op->getOperands())
      if (isTile(operand.getType()))
        cost += getCost(operand);
    costs[op->getResult(0)] = std::min(cost, kMaxCost);
  });
}

void Plan::decide(tile::KernelOp kernel) {
  buffered.clear();
  sites.clear();
  SmallVector<Operation *> ops;
  kernel.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    ops.push_back(op);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument arg : block.getArguments())
          if (isTile(arg.getType()))
            buffered.insert(arg);
  });
  // Users come later in this order, so they are decided first.
  for (Operation *op : llvm::reverse(ops)) {
    for (Value result : op->getResults())
      if (isTile(result.getType()))
        decideValue(result);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (BlockArgument arg : block.getArguments())
          if (isTile(arg.getType()))
            decideValue(arg);
  }
}

void Plan::decideValue(Value v) {
  Sites &own = sites[v];
  for (Operation *user : v.getUsers()) {
    if (isInlineOp(user) && !buffered.contains(user->getResult(0))) {
      // The map may grow: look the user up, then the own entry again.
      auto it = sites.find(user->getResult(0));
      if (it != sites.end())
        own.insert(it->second.begin(), it->second.end());
    } else {
      own.insert(user);
    }
  }
  if (mustBuffer(v))
    buffered.insert(v);
}

/// Whether the elements of the source are read more than once, other than along
/// the innermost dimension (where the loops hold the value in a register).
static bool isRepeatedBy(Operation *user, Value v) {
  auto broadcast = dyn_cast<tile::BroadcastOp>(user);
  if (!broadcast)
    return false;
  ArrayRef<int64_t> source = tile::getTileShape(v.getType());
  ArrayRef<int64_t> result = broadcast.getResult().getType().getShape();
  int64_t last = getLastDim(result);
  for (auto [d, n] : llvm::enumerate(source))
    if (n != result[d] && int64_t(d) != last)
      return true;
  return false;
}

bool Plan::mustBuffer(Value v) const {
  Operation *op = v.getDefiningOp();
  if (!op || !isInlineOp(op))
    return true;
  ArrayRef<Operation *> where = getSites(v);
  bool isConstant = isa<arith::ConstantOp>(op);
  for (Operation *user : v.getUsers()) {
    auto reshape = dyn_cast<tile::ReshapeOp>(user);
    if (reshape && !isConstant && isTile(reshape.getResult().getType()) &&
        !onlyUnitDimsChange(tile::getTileShape(v.getType()),
                            tile::getTileShape(reshape.getResult().getType())))
      return true;
  }
  if (isConstant || isa<tile::IotaOp>(op))
    return false;
  if (isClobbered(v))
    return true;
  // A transpose that moves the contiguous dimension is done block by block,
  // by the packing of an mma, by a store or into a buffer.
  if (auto transpose = dyn_cast<tile::TransposeOp>(op);
      transpose && movesContiguousDim(transpose)) {
    bool packed = llvm::all_of(v.getUsers(), [&](Operation *user) {
      auto mma = dyn_cast<tile::MmaOp>(user);
      return mma && mma.getRhs() == v && mma.getAcc() != v && mma.getLhs() != v;
    });
    auto store =
        where.size() == 1 ? dyn_cast<tile::StoreOp>(where[0]) : nullptr;
    bool stored = store && findStoredTranspose(store.getValue()) == op;
    if ((!packed && !stored) || where.size() > 1)
      return true;
  }
  int64_t cost = getCost(v);
  for (Operation *user : v.getUsers())
    if (cost > 1 && isRepeatedBy(user, v))
      return true;
  if (cost > kRecomputeCost && where.size() > 1)
    return true;
  // In a loop that the value does not depend on.
  for (Operation *site : where)
    if (cost > 1 && site->getBlock() != v.getParentBlock())
      return true;
  return false;
}

/// Whether `writer` may run after `load` and before (or within) `site`.
bool Plan::crossesWriter(Operation *load, Operation *writer,
                         Operation *site) const {
  Block *block = load->getBlock();
  Operation *w = block->findAncestorOpInBlock(*writer);
  Operation *s = block->findAncestorOpInBlock(*site);
  if (!w || !s || w->isBeforeInBlock(load))
    return false;
  if (w != s)
    return w->isBeforeInBlock(s);
  if (writer == site) {
    auto store = dyn_cast<tile::StoreOp>(writer);
    return !(store && isSameAccess(load, writer) &&
             reachesOnlyElementwise(store.getValue(), load->getResult(0)));
  }
  if (isa<scf::IfOp>(s) && writer->getBlock() == site->getBlock())
    return writer->isBeforeInBlock(site);
  return true;
}

bool Plan::isClobbered(Value v) const {
  Operation *load = v.getDefiningOp();
  Value memref = getReadMemRef(load);
  if (!memref)
    return false;
  for (Operation *writer : writers) {
    if (!mayAlias(memref, getWrittenMemRef(writer)))
      continue;
    for (Operation *site : getSites(v))
      if (crossesWriter(load, writer, site))
        return true;
  }
  return false;
}

void Plan::walkInline(Value v, function_ref<void(Operation *)> visit) const {
  DenseSet<Operation *> seen;
  auto recurse = [&](auto &&self, Value value) -> void {
    if (!isTile(value.getType()) || isBuffered(value))
      return;
    Operation *op = value.getDefiningOp();
    if (!op || !seen.insert(op).second)
      return;
    for (Value operand : op->getOperands())
      self(self, operand);
    visit(op);
  };
  recurse(recurse, v);
}

bool Plan::reaches(Value v, Value root) const {
  if (v == root)
    return true;
  bool found = false;
  walkInline(v, [&](Operation *op) {
    for (Value operand : op->getOperands())
      found |= operand == root;
  });
  return found;
}

bool Plan::reachesOnlyElementwise(Value v, Value root) const {
  if (v == root)
    return true;
  bool pure = true;
  walkInline(v, [&](Operation *op) {
    if (isElementwise(op))
      return;
    for (Value operand : op->getOperands())
      pure &= !isTile(operand.getType()) || !reaches(operand, root);
  });
  return pure;
}

} // namespace tilewright::host
