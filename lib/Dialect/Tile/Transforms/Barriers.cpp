// Barriers.cpp - puts the barriers that the memory model asks for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Barriers.h"
#include "MemoryAccess.h"

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace tilewright::tile {
namespace {

/// An access that no barrier has followed yet.
struct Pending {
  MemoryAccess access;
  /// The loops whose back edge lies between the access and here.
  SmallVector<Operation *, 2> crossed;
};
using State = SmallVector<Pending>;

bool isNoAlias(Value memref) {
  auto arg = dyn_cast<BlockArgument>(memref);
  if (!arg)
    return false;
  auto func = dyn_cast<FunctionOpInterface>(arg.getOwner()->getParentOp());
  return func && func.getArgAttr(arg.getArgNumber(), "tile.noalias");
}

/// The bytes [begin, end) of a shared buffer that has its place already.
std::optional<std::pair<int64_t, int64_t>> getPlace(Value buffer) {
  auto alloc = buffer.getDefiningOp<AllocSharedOp>();
  if (!alloc || !alloc.getOffset())
    return std::nullopt;
  int64_t begin = *alloc.getOffset();
  return std::make_pair(begin, begin + alloc.getType().getSizeInBytes());
}

bool mayOverlapShared(Value a, Value b) {
  if (a == b)
    return true;
  auto placeA = getPlace(a), placeB = getPlace(b);
  // Buffers without a place get their own, or barriers of tile-allocate-shared.
  if (!placeA || !placeB)
    return !a.getDefiningOp<AllocSharedOp>() ||
           !b.getDefiningOp<AllocSharedOp>();
  return placeA->first < placeB->second && placeB->first < placeA->second;
}

/// A scalar index as `base + constant`; a null base is zero.
std::pair<Value, int64_t> splitConstant(Value index) {
  int64_t sum = 0;
  while (index) {
    APInt constant;
    if (matchPattern(index, m_ConstantInt(&constant)) &&
        constant.getSignificantBits() <= 32)
      return {Value(), sum + constant.getSExtValue()};
    auto add = index.getDefiningOp<arith::AddIOp>();
    if (!add || !add.getType().isIndex())
      break;
    Value lhs = add.getLhs(), rhs = add.getRhs();
    if (matchPattern(lhs, m_ConstantInt(&constant)))
      std::swap(lhs, rhs);
    if (!matchPattern(rhs, m_ConstantInt(&constant)) ||
        constant.getSignificantBits() > 32)
      break;
    sum += constant.getSExtValue();
    index = lhs;
  }
  return {index, sum};
}

/// Whether `value` is the same in each iteration of each of the loops.
bool isInvariant(Value value, ArrayRef<Operation *> loops) {
  return llvm::none_of(loops, [&](Operation *loop) {
    return loop->isAncestor(value.getParentRegion()->getParentOp());
  });
}

/// Whether `index` is `iv + x` with x invariant in the loop, so that it moves
/// by at least `extent` from one iteration to any other.
bool advancesBy(Value index, scf::ForOp loop, int64_t extent) {
  APInt step;
  if (!matchPattern(loop.getStep(), m_ConstantInt(&step)) ||
      step.getSignificantBits() > 32)
    return false;
  int64_t distance = step.getSExtValue();
  SmallVector<Operation *> loops = {loop.getOperation()};
  while (!isInvariant(index, loops)) {
    if (index == loop.getInductionVar())
      return distance >= extent;
    if (auto add = index.getDefiningOp<arith::AddIOp>()) {
      bool left = !isInvariant(add.getLhs(), loops);
      if (left && !isInvariant(add.getRhs(), loops))
        return false;
      index = left ? add.getLhs() : add.getRhs();
      continue;
    }
    auto mul = index.getDefiningOp<arith::MulIOp>();
    APInt factor;
    if (!mul || !matchPattern(mul.getRhs(), m_ConstantInt(&factor)) ||
        factor.getSignificantBits() > 31 || !factor.isStrictlyPositive() ||
        distance > (int64_t(1) << 31))
      return false;
    distance *= factor.getSExtValue();
    index = mul.getLhs();
  }
  return false;
}

/// Whether the two tiles of one memref cannot have an element in common.
bool areDisjoint(const Pending &pending, const MemoryAccess &access) {
  const MemoryAccess &first = pending.access;
  for (size_t dim = 0; dim < access.indices.size(); ++dim) {
    Value a = first.indices[dim], b = access.indices[dim];
    if (!a.getType().isIndex() || !b.getType().isIndex() ||
        (first.isIndexed || access.isIndexed))
      continue;
    int64_t extentA = first.getExtent(dim), extentB = access.getExtent(dim);
    auto [baseA, offsetA] = splitConstant(a);
    auto [baseB, offsetB] = splitConstant(b);
    if (baseA != baseB)
      continue;
    if (!baseA || isInvariant(baseA, pending.crossed)) {
      if (offsetA + extentA <= offsetB || offsetB + extentB <= offsetA)
        return true;
      continue;
    }
    if (pending.crossed.size() != 1 || offsetA != offsetB)
      continue;
    auto loop = dyn_cast<scf::ForOp>(pending.crossed.front());
    if (loop && advancesBy(baseA, loop, std::max(extentA, extentB)))
      return true;
  }
  return false;
}

/// Whether both accesses touch the same elements, each by the same one lane.
bool isSameLane(const Pending &pending, const MemoryAccess &access) {
  const MemoryAccess &first = pending.access;
  if (first.isIndexed || access.isIndexed || first.dims != access.dims ||
      first.tileType != access.tileType || first.indices != access.indices)
    return false;
  for (Value index : access.indices)
    if (!isInvariant(index, pending.crossed))
      return false;
  auto tensor = dyn_cast<RankedTensorType>(access.tileType);
  auto layout = tensor ? dyn_cast_or_null<LayoutAttr>(tensor.getEncoding())
                       : LayoutAttr();
  return layout && !layout.getLayout().isReplicated();
}

bool needsBarrier(const Pending &pending, const MemoryAccess &access) {
  const MemoryAccess &first = pending.access;
  if ((!first.writes && !access.writes) || first.isShared != access.isShared)
    return false;
  if (access.isShared)
    return mayOverlapShared(first.memory, access.memory);
  if (first.memory != access.memory)
    return !isNoAlias(first.memory) && !isNoAlias(access.memory);
  return !areDisjoint(pending, access) && !isSameLane(pending, access);
}

/// Walks the operations in order of execution with the set of accesses that
/// may not be ordered with what comes next.
class BarrierInserter {
public:
  explicit BarrierInserter(bool withRemarks) : withRemarks(withRemarks) {}

  int64_t numInserted = 0;

  void visitRegion(Region &region, State &state) {
    // tile.kernel and scf have regions of one block.
    for (Block &block : region)
      for (Operation &op : llvm::make_early_inc_range(block))
        visit(&op, state);
  }

private:
  void visit(Operation *op, State &state) {
    if (isa<BarrierOp>(op)) {
      state.clear();
      return;
    }
    if (std::optional<MemoryAccess> access = getMemoryAccess(op)) {
      SmallVector<const Pending *> conflicts;
      for (const Pending &pending : state)
        if (needsBarrier(pending, *access))
          conflicts.push_back(&pending);
      if (!conflicts.empty()) {
        if (withRemarks)
          remarkOn(conflicts, *access);
        OpBuilder builder(op);
        BarrierOp::create(builder, op->getLoc());
        ++numInserted;
        state.clear();
      }
      add(state, {*access, {}});
      return;
    }
    if (auto branch = dyn_cast<scf::IfOp>(op))
      return visitIf(branch, state);
    if (isa<scf::ForOp, scf::WhileOp>(op))
      return visitLoop(op, state);
    // The regions of reduce and scan touch no memory.
  }

  void visitIf(scf::IfOp op, State &state) {
    State other = state;
    visitRegion(op.getThenRegion(), state);
    visitRegion(op.getElseRegion(), other);
    merge(state, other);
  }

  /// A loop runs its regions again and again: what is pending at the end is
  /// pending at the start, seen across the back edge. For a while loop the
  /// condition's region is left last; for a for loop there may be no trip.
  void visitLoop(Operation *loop, State &state) {
    State entry = state;
    State exit;
    while (true) {
      State inside = entry;
      exit.clear();
      for (Region &region : loop->getRegions()) {
        visitRegion(region, inside);
        if (isa<scf::WhileOp>(loop) && region.getRegionNumber() == 0)
          exit = inside;
      }
      if (isa<scf::ForOp>(loop)) {
        exit = state;
        merge(exit, inside);
      }
      for (Pending &pending : inside)
        if (!llvm::is_contained(pending.crossed, loop))
          pending.crossed.push_back(loop);
      size_t before = entry.size();
      merge(entry, inside);
      if (entry.size() == before)
        break;
    }
    state = std::move(exit);
  }

  /// Says so where all conflicts are with other arguments.
  static void remarkOn(ArrayRef<const Pending *> conflicts,
                       const MemoryAccess &access) {
    if (access.isShared)
      return;
    for (const Pending *pending : conflicts)
      if (pending->access.memory == access.memory)
        return;
    access.op->emitRemark()
        << "needs a barrier because argument '" << getName(access.memory)
        << "' may alias argument '" << getName(conflicts.front()->access.memory)
        << "'; 'tile.noalias' on the former would save it";
  }

  static std::string getName(Value memref) {
    auto arg = dyn_cast<BlockArgument>(memref);
    auto kernel =
        arg ? dyn_cast<KernelOp>(arg.getOwner()->getParentOp()) : KernelOp();
    return kernel ? kernel.getArgName(arg.getArgNumber()) : "?";
  }

  static void add(State &state, const Pending &pending) {
    for (const Pending &other : state)
      if (other.access.op == pending.access.op &&
          other.crossed == pending.crossed)
        return;
    state.push_back(pending);
  }

  static void merge(State &state, const State &other) {
    for (const Pending &pending : other)
      add(state, pending);
  }

  bool withRemarks;
};

} // namespace

int64_t insertBarriers(Region &kernelBody, bool withRemarks) {
  BarrierInserter inserter(withRemarks);
  State state;
  inserter.visitRegion(kernelBody, state);
  return inserter.numInserted;
}

} // namespace tilewright::tile
