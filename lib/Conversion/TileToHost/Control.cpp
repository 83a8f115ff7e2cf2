// Control.cpp - loops and branches of the kernel; tiles they carry.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Emitter.h"

using namespace mlir;

namespace tilewright::host {

void Emitter::emitCopies(ValueRange values, ArrayRef<Buffer> targets,
                         ValueRange oldTiles) {
  auto isInPlace = [&](unsigned i) {
    return plan.isBuffered(values[i]) &&
           getBuffer(values[i]).offset == targets[i].offset;
  };
  SmallVector<std::pair<unsigned, Buffer>> temporaries;
  SmallVector<unsigned> direct;
  for (unsigned i = 0; i < values.size(); ++i) {
    if (isInPlace(i))
      continue;
    bool isSafe = true;
    if (!oldTiles.empty()) {
      isSafe = plan.reachesOnlyElementwise(values[i], oldTiles[i]);
      for (unsigned j = 0; j < values.size(); ++j)
        if (j != i && !isInPlace(j) && plan.reaches(values[j], oldTiles[i]))
          isSafe = false;
    }
    if (isSafe) {
      direct.push_back(i);
      continue;
    }
    Buffer temporary = allocate(values[i].getType());
    materialize(values[i], temporary);
    temporaries.push_back({i, temporary});
  }
  for (unsigned i : direct)
    materialize(values[i], targets[i]);
  for (auto [i, temporary] : temporaries) {
    copyBuffer(temporary, targets[i], values[i].getType());
    arena.release(temporary);
  }
}

/// The tiles among `values`.
static SmallVector<Value> onlyTiles(ValueRange values) {
  SmallVector<Value> tiles;
  for (Value v : values)
    if (isTile(v.getType()))
      tiles.push_back(v);
  return tiles;
}

void Emitter::emitFor(scf::ForOp op) {
  SmallVector<Value> tileInits = onlyTiles(op.getInitArgs());
  SmallVector<Value> tileArgs = onlyTiles(ValueRange(op.getRegionIterArgs()));
  SmallVector<Value> tileResults = onlyTiles(op.getResults());
  SmallVector<Buffer> targets;
  for (auto [i, result] : llvm::enumerate(tileResults)) {
    SmallVector<Value> others;
    for (auto [j, init] : llvm::enumerate(tileInits))
      if (j != i)
        others.push_back(init);
    Buffer target = chooseBuffer(result, op, tileInits[i], others);
    targets.push_back(target);
    buffers[tileArgs[i]] = target;
  }
  emitCopies(tileInits, targets, {});

  Value lower = scalars.lookup(op.getLowerBound());
  Value upper = scalars.lookup(op.getUpperBound());
  Value step = scalars.lookup(op.getStep());
  auto terminator = cast<scf::YieldOp>(op.getBody()->getTerminator());
  SmallVector<Value> results = loopCarried(
      lower, upper, step, mapScalars(op.getInitArgs()), /*isChunk=*/false,
      [&](Value i, ValueRange carried) {
        scalars.map(op.getInductionVar(), i);
        unsigned next = 0;
        for (BlockArgument arg : op.getRegionIterArgs())
          if (!isTile(arg.getType()))
            scalars.map(arg, carried[next++]);
        emitBlock(*op.getBody());
        b.setLoc(terminator.getLoc());
        site = terminator;
        if (failed) {
          SmallVector<Value> same(carried);
          return same;
        }
        emitCopies(onlyTiles(terminator.getOperands()), targets, tileArgs);
        releaseAfter(terminator);
        return mapScalars(terminator.getOperands());
      });
  b.setLoc(op.getLoc());
  unsigned next = 0;
  for (Value result : op.getResults())
    if (!isTile(result.getType()))
      scalars.map(result, results[next++]);
}

void Emitter::emitIf(scf::IfOp op) {
  SmallVector<Value> tileResults = onlyTiles(op.getResults());
  SmallVector<Buffer> targets;
  for (Value result : tileResults)
    targets.push_back(chooseBuffer(result, op, {}, {}));
  SmallVector<Type> types;
  for (Type type : op.getResultTypes())
    if (!isTile(type))
      types.push_back(valueType(type));
  auto branch = [&](Region &region) {
    auto terminator = cast<scf::YieldOp>(region.front().getTerminator());
    emitBlock(region.front());
    SmallVector<Value> yielded;
    if (failed) {
      for (Type type : types)
        yielded.push_back(zero(type));
      return yielded;
    }
    b.setLoc(terminator.getLoc());
    site = terminator;
    // The targets may be those of a loop around: its tiles may be read here.
    SmallVector<Value> tiles = onlyTiles(terminator.getOperands());
    SmallVector<Value> old;
    for (Buffer target : targets)
      old.push_back(findCarriedTile(op, target));
    emitCopies(tiles, targets, old);
    releaseAfter(terminator);
    return mapScalars(terminator.getOperands());
  };
  Scope savedChunk = std::move(chunkScope), savedRow = std::move(rowScope);
  chunkScope = Scope();
  rowScope = Scope();
  Value condition = scalars.lookup(op.getCondition());
  SmallVector<Value> results;
  if (op.getElseRegion().empty())
    results = ifElse(condition, types,
                     [&] { return branch(op.getThenRegion()); }, {});
  else
    results = ifElse(
        condition, types, [&] { return branch(op.getThenRegion()); },
        [&] { return branch(op.getElseRegion()); });
  chunkScope = std::move(savedChunk);
  rowScope = std::move(savedRow);
  b.setLoc(op.getLoc());
  unsigned next = 0;
  for (Value result : op.getResults())
    if (!isTile(result.getType()))
      scalars.map(result, results[next++]);
}

/// The tile that a loop around `op` carries in `target`, or null.
Value Emitter::findCarriedTile(Operation *op, Buffer target) {
  for (auto loop = op->getParentOfType<scf::ForOp>(); loop;
       loop = loop->getParentOfType<scf::ForOp>())
    for (BlockArgument arg : loop.getRegionIterArgs()) {
      auto it = buffers.find(arg);
      if (isTile(arg.getType()) && it != buffers.end() &&
          it->second.offset == target.offset)
        return arg;
    }
  return {};
}

void Emitter::emitWhile(scf::WhileOp op) {
  Block *before = op.getBeforeBody(), *after = op.getAfterBody();
  // Both sets of tiles have buffers of their own, so no copy disturbs another.
  SmallVector<Buffer> beforeTargets, afterTargets;
  for (BlockArgument arg : before->getArguments())
    if (isTile(arg.getType())) {
      beforeTargets.push_back(allocate(arg.getType()));
      buffers[arg] = beforeTargets.back();
    }
  for (auto [arg, result] :
       llvm::zip_equal(after->getArguments(), op.getResults()))
    if (isTile(arg.getType())) {
      afterTargets.push_back(allocate(arg.getType()));
      buffers[arg] = afterTargets.back();
      setBuffer(result, afterTargets.back(), /*owned=*/true);
    }
  emitCopies(onlyTiles(op.getInits()), beforeTargets, {});

  auto mapArguments = [&](Block *block, ValueRange values) {
    unsigned next = 0;
    for (BlockArgument arg : block->getArguments())
      if (!isTile(arg.getType()))
        scalars.map(arg, values[next++]);
  };
  SmallVector<Type> types;
  for (Type type : op.getResultTypes())
    if (!isTile(type))
      types.push_back(valueType(type));
  scf::ConditionOp condition = op.getConditionOp();
  scf::YieldOp yield = op.getYieldOp();
  Scope savedChunk = std::move(chunkScope), savedRow = std::move(rowScope);
  chunkScope = Scope();
  rowScope = Scope();
  auto loop = scf::WhileOp::create(
      b, types, mapScalars(op.getInits()),
      [&](OpBuilder &, Location, ValueRange args) {},
      [&](OpBuilder &, Location, ValueRange args) {});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(loop.getBeforeBody());
    mapArguments(before, loop.getBeforeArguments());
    emitBlock(*before);
    SmallVector<Value> forwarded;
    Value again =
        failed ? zero(b.getI1Type()) : scalars.lookup(condition.getCondition());
    if (failed) {
      for (Type type : types)
        forwarded.push_back(zero(type));
    } else {
      emitCopies(onlyTiles(condition.getArgs()), afterTargets, {});
      releaseAfter(condition);
      forwarded = mapScalars(condition.getArgs());
    }
    scf::ConditionOp::create(b, again, forwarded);
    b.setInsertionPointToEnd(loop.getAfterBody());
    mapArguments(after, loop.getAfterArguments());
    if (!failed)
      emitBlock(*after);
    SmallVector<Value> next;
    if (failed) {
      for (Value arg : loop.getBeforeArguments())
        next.push_back(zero(arg.getType()));
    } else {
      emitCopies(onlyTiles(yield.getOperands()), beforeTargets, {});
      releaseAfter(yield);
      next = mapScalars(yield.getOperands());
    }
    scf::YieldOp::create(b, next);
  }
  chunkScope = std::move(savedChunk);
  rowScope = std::move(savedRow);
  for (Buffer buffer : beforeTargets)
    arena.release(buffer);
  unsigned next = 0;
  for (Value result : op.getResults())
    if (!isTile(result.getType()))
      scalars.map(result, loop.getResults()[next++]);
}

} // namespace tilewright::host
