// Buffers.cpp - tiles in scratch: where they are, and which share memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Emitter.h"

using namespace mlir;

namespace tilewright::host {

//===----------------------------------------------------------------------===//
// Arena
//===----------------------------------------------------------------------===//

Buffer Arena::allocate(int64_t bytes) {
  bytes = llvm::alignTo(std::max<int64_t>(bytes, 1), kAlignment);
  int64_t offset = 0;
  for (auto [begin, size] : used) {
    if (begin - offset >= bytes)
      break;
    offset = begin + size;
  }
  used[offset] = bytes;
  highWater = std::max(highWater, offset + bytes);
  return {offset, bytes};
}

void Arena::release(Buffer buffer) { used.erase(buffer.offset); }

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

Buffer Emitter::allocate(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return arena.allocate(tensor.getNumElements() *
                        tile::getElementBytes(tensor.getElementType()));
}

Buffer Emitter::getBuffer(Value v) {
  auto it = buffers.find(v);
  assert(it != buffers.end() && "buffered value is used before it is computed");
  return it->second;
}

void Emitter::setBuffer(Value v, Buffer buffer, bool owned) {
  buffers[v] = buffer;
  if (owned)
    ownedBuffers.insert(v);
}

Value Emitter::bufferBase(Buffer buffer) {
  Value &base = bases[buffer.offset];
  if (!base) {
    OpBuilder::InsertionGuard guard(b);
    Value scratch = entry->getArgument(3);
    Value offset = constant(buffer.offset);
    b.setInsertionPoint(entryEnd);
    base = element(scratch, offset, b.getI8Type());
  }
  return base;
}

Value Emitter::bufferPointer(Buffer buffer, ArrayRef<int64_t> shape,
                             ArrayRef<Value> coords, Type elementType) {
  Value index = constant(0);
  int64_t stride = 1;
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d) {
    index = add(index, mul(coords[d], constant(stride)));
    stride *= shape[d];
  }
  return element(bufferBase(buffer), index, memoryType(elementType));
}

/// Whether `site` has run for the last time when `op` runs. `owner` is the
/// block of the loop that carries the tile.
static bool isOver(Operation *site, Operation *op) {
  if (site == op)
    return true;
  Block *block = op->getBlock();
  // The innermost block that has an ancestor of both.
  Operation *anchor = op;
  while (block && !block->findAncestorOpInBlock(*site)) {
    anchor = block->getParentOp();
    block = anchor ? anchor->getBlock() : nullptr;
  }
  if (!block)
    return false;
  Operation *s = block->findAncestorOpInBlock(*site);
  if (s == anchor)
    return isa<scf::IfOp>(s); // the other branch
  return s->isBeforeInBlock(anchor);
}

Buffer Emitter::findTarget(Value v, Operation *op,
                           ValueRange elementwiseSources,
                           ValueRange otherSources) {
  // Follow v outward: what it is yielded as, up to a loop-carried tile.
  Value carried = v;
  while (carried.hasOneUse()) {
    Operation *user = *carried.user_begin();
    unsigned number = carried.use_begin()->getOperandNumber();
    auto yield = dyn_cast<scf::YieldOp>(user);
    if (!yield || yield->getBlock() != carried.getParentBlock())
      return {};
    if (auto branch = dyn_cast<scf::IfOp>(yield->getParentOp())) {
      carried = branch.getResult(number);
      continue;
    }
    auto loop = dyn_cast<scf::ForOp>(yield->getParentOp());
    if (!loop)
      return {};
    BlockArgument arg = loop.getRegionIterArg(number);
    // Every read of the old value must have happened, or be at the same
    // position as the write.
    for (Operation *site : plan.getSites(arg))
      if (!isOver(site, op))
        return {};
    for (Value source : elementwiseSources)
      if (!plan.reachesOnlyElementwise(source, arg))
        return {};
    for (Value source : otherSources)
      if (plan.reaches(source, arg))
        return {};
    auto it = buffers.find(arg);
    return it == buffers.end() ? Buffer() : it->second;
  }
  return {};
}

Buffer Emitter::chooseBuffer(Value v, Operation *op,
                             ValueRange elementwiseSources,
                             ValueRange otherSources) {
  Buffer target = findTarget(v, op, elementwiseSources, otherSources);
  if (target.isValid()) {
    setBuffer(v, target, /*owned=*/false);
    return target;
  }
  // In place of a source that dies here.
  for (Value source : elementwiseSources) {
    if (!ownedBuffers.contains(source) || source.getType() != v.getType() ||
        source.getParentBlock() != op->getBlock() ||
        plan.getLastUse(source) != op)
      continue;
    // A loop must not change what its body reads.
    if (llvm::any_of(plan.getSites(source), [&](Operation *site) {
          return op->isProperAncestor(site);
        }))
      continue;
    bool clean =
        llvm::all_of(elementwiseSources,
                     [&](Value other) {
                       return plan.reachesOnlyElementwise(other, source);
                     }) &&
        llvm::none_of(otherSources,
                      [&](Value other) { return plan.reaches(other, source); });
    if (!clean)
      continue;
    Buffer buffer = getBuffer(source);
    ownedBuffers.erase(source);
    setBuffer(v, buffer, /*owned=*/true);
    return buffer;
  }
  Buffer buffer = allocate(v.getType());
  setBuffer(v, buffer, /*owned=*/true);
  return buffer;
}

void Emitter::releaseAfter(Operation *op) {
  // In the order of the buffers, not of the pointers.
  SmallVector<std::pair<int64_t, Value>> dead;
  for (Value v : ownedBuffers)
    if (v.getParentBlock() == op->getBlock()) {
      Operation *last = plan.getLastUse(v);
      Operation *def = v.getDefiningOp();
      if (last == op || (!last && def == op))
        dead.push_back({getBuffer(v).offset, v});
    }
  llvm::sort(dead, [](auto &x, auto &y) { return x.first < y.first; });
  for (auto &[offset, v] : dead) {
    arena.release(getBuffer(v));
    ownedBuffers.erase(v);
  }
}

} // namespace tilewright::host
