// Control.cpp - dispatch on ops, and scf with tiles as several values.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LaneEmitter.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

LogicalResult LaneEmitter::emitBlock(Block &block) {
  for (Operation &op : block) {
    b.setLoc(op.getLoc());
    if (failed(emitOp(&op)))
      return failure();
  }
  return success();
}

static SmallVector<int64_t> invertWalk(ArrayRef<int64_t> dims, int64_t rank) {
  SmallVector<int64_t> walk(rank, -1);
  for (auto [i, dim] : llvm::enumerate(dims))
    walk[dim] = i;
  return walk;
}

static RoundingMode getRoundingMode(tile::Rounding rounding) {
  switch (rounding) {
  case tile::Rounding::NearestEven:
    return RoundingMode::NearestEven;
  case tile::Rounding::TowardZero:
    return RoundingMode::TowardZero;
  case tile::Rounding::Upward:
    return RoundingMode::Upward;
  case tile::Rounding::Downward:
    return RoundingMode::Downward;
  }
  llvm_unreachable("all modes are listed");
}

LogicalResult LaneEmitter::emitOp(Operation *op) {
  using namespace tile;
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<scf::ForOp>([&](auto op) { return emitFor(op); })
      .Case<scf::IfOp>([&](auto op) { return emitIf(op); })
      .Case<scf::WhileOp>([&](auto op) { return emitWhile(op); })
      .Case<tile::YieldOp, scf::YieldOp, scf::ConditionOp>(
          [&](auto) { return success(); })
      .Case<tile::ReturnOp>([&](auto) {
        LLVM::ReturnOp::create(b, ValueRange());
        return success();
      })
      .Case<ProgramIdOp>([&](auto op) {
        set(op.getResult(), {programIds[op.getDim()]});
        return success();
      })
      .Case<NumProgramsOp>([&](auto op) {
        set(op.getResult(), {gridExtents[op.getDim()]});
        return success();
      })
      .Case<arith::ConstantOp>([&](auto op) { return emitConstant(op); })
      .Case<tile::ConvertOp>([&](tile::ConvertOp op) {
        return emitConvert(op, getRoundingMode(op.getRounding()),
                           op.getSaturate());
      })
      .Case<memref::DimOp>([&](auto op) { return emitDim(op); })
      .Case<IotaOp>([&](auto op) { return emitIota(op); })
      .Case<BroadcastOp>([&](auto op) { return emitBroadcast(op); })
      .Case<ReshapeOp>([&](auto op) { return emitReshape(op); })
      .Case<TransposeOp>([&](auto op) { return emitTranspose(op); })
      .Case<ExtractSliceOp>([&](auto op) { return emitExtractSlice(op); })
      .Case<RelayoutOp>([&](auto op) { return emitRelayout(op); })
      .Case<LoadOp>([&](LoadOp op) {
        return emitRead(op, op.getMemref(), op.getIndices(),
                        invertWalk(op.getWalkedDims(),
                                   op.getMemref().getType().getRank()),
                        op.getPadding(), op.getResult(),
                        op.getCacheHint() == Cache::Stream);
      })
      .Case<StoreOp>([&](StoreOp op) {
        return emitWrite(op, op.getValue(), op.getMemref(), op.getIndices(),
                         invertWalk(op.getWalkedDims(),
                                    op.getMemref().getType().getRank()),
                         op.getCacheHint() == Cache::Stream);
      })
      .Case<GatherOp>([&](GatherOp op) {
        return emitRead(op, op.getMemref(), op.getIndices(),
                        op.getWalkOrDefault(), op.getPadding(), op.getResult(),
                        op.getCache() == Cache::Stream);
      })
      .Case<ScatterOp>([&](ScatterOp op) {
        return emitWrite(op, op.getValue(), op.getMemref(), op.getIndices(),
                         op.getWalkOrDefault(), /*isStream=*/false);
      })
      .Case<AtomicRMWOp>([&](auto op) { return emitAtomic(op); })
      .Case<AllocSharedOp>([&](auto op) { return emitAllocShared(op); })
      .Case<StoreSharedOp>([&](auto op) { return emitStoreShared(op); })
      .Case<LoadSharedOp>([&](auto op) { return emitLoadShared(op); })
      .Case<BarrierOp>([&](auto) {
        target.emitBarrier(b);
        return success();
      })
      .Case<MmaOp>([&](auto op) { return emitMma(op); })
      .Case<ReduceOp>([&](auto op) { return emitReduce(op); })
      .Case<ScanOp>([&](auto op) { return emitScan(op); })
      .Default([&](Operation *op) { return emitElementwise(op); });
}

void LaneEmitter::bindArguments(Block &block, ValueRange args) {
  size_t next = 0;
  for (BlockArgument arg : block.getArguments()) {
    int64_t count = getNumRegisters(arg.getType()) / getChunk(arg.getType());
    ValueRange part = args.slice(next, count);
    set(arg, Lanes(part.begin(), part.end()));
    next += count;
  }
}

void LaneEmitter::bindResults(Operation *op, ValueRange results) {
  size_t next = 0;
  for (Value result : op->getResults()) {
    int64_t count =
        getNumRegisters(result.getType()) / getChunk(result.getType());
    ValueRange part = results.slice(next, count);
    set(result, Lanes(part.begin(), part.end()));
    next += count;
  }
}

void LaneEmitter::appendOperands(ValueRange operands,
                                 SmallVectorImpl<Value> &out) {
  for (Value operand : operands)
    llvm::append_range(out, get(operand));
}

LogicalResult LaneEmitter::emitRegion(Block &block, ValueRange args,
                                      SmallVectorImpl<Value> &results) {
  bindArguments(block, args);
  if (failed(emitBlock(block)))
    return failure();
  Operation *terminator = block.getTerminator();
  if (auto condition = dyn_cast<scf::ConditionOp>(terminator))
    appendOperands(condition.getArgs(), results);
  else
    appendOperands(terminator->getOperands(), results);
  return success();
}

LogicalResult LaneEmitter::emitFor(scf::ForOp op) {
  SmallVector<Value> inits;
  appendOperands(op.getInitArgs(), inits);
  LogicalResult status = success();
  auto loop = scf::ForOp::create(
      b, b.getLoc(), getUniform(op.getLowerBound()),
      getUniform(op.getUpperBound()), getUniform(op.getStep()), inits,
      [&](OpBuilder &inner, Location loc, Value iv, ValueRange args) {
        OpBuilder::InsertionGuard guard(b);
        b.restoreInsertionPoint(inner.saveInsertionPoint());
        SmallVector<Value> bodyArgs = {iv}, results;
        llvm::append_range(bodyArgs, args);
        status = emitRegion(*op.getBody(), bodyArgs, results);
        b.setLoc(loc);
        if (failed(status))
          results.assign(args.begin(), args.end());
        scf::YieldOp::create(b, results);
      },
      op.getUnsignedCmp());
  bindResults(op, loop.getResults());
  return status;
}

LogicalResult LaneEmitter::emitIf(scf::IfOp op) {
  SmallVector<Type> types;
  for (Type type : op.getResultTypes())
    appendLaneTypes(type, types);
  auto result = scf::IfOp::create(b, types, getUniform(op.getCondition()),
                                  /*withElse=*/!op.getElseRegion().empty());
  for (auto [from, to] :
       llvm::zip(op->getRegions(), result->getRegions())) {
    if (from.empty())
      continue;
    OpBuilder::InsertionGuard guard(b);
    Block &block = to.front();
    bool hasTerminator =
        !block.empty() && block.back().hasTrait<OpTrait::IsTerminator>();
    if (hasTerminator)
      b.setInsertionPoint(&block.back());
    else
      b.setInsertionPointToEnd(&block);
    SmallVector<Value> results;
    if (failed(emitRegion(from.front(), {}, results)))
      return failure();
    if (!hasTerminator)
      scf::YieldOp::create(b, results);
  }
  b.setLoc(op.getLoc());
  bindResults(op, result.getResults());
  return success();
}

LogicalResult LaneEmitter::emitWhile(scf::WhileOp op) {
  SmallVector<Value> inits;
  appendOperands(op.getInits(), inits);
  SmallVector<Type> types;
  for (Type type : op.getResultTypes())
    appendLaneTypes(type, types);
  LogicalResult status = success();
  auto loop = scf::WhileOp::create(
      b, b.getLoc(), types, inits,
      [&](OpBuilder &inner, Location loc, ValueRange args) {
        OpBuilder::InsertionGuard guard(b);
        b.restoreInsertionPoint(inner.saveInsertionPoint());
        SmallVector<Value> results;
        status = emitRegion(*op.getBeforeBody(), args, results);
        b.setLoc(loc);
        if (failed(status))
          return;
        scf::ConditionOp::create(
            b, getUniform(op.getConditionOp().getCondition()), results);
      },
      [&](OpBuilder &inner, Location loc, ValueRange args) {
        if (failed(status))
          return;
        OpBuilder::InsertionGuard guard(b);
        b.restoreInsertionPoint(inner.saveInsertionPoint());
        SmallVector<Value> results;
        status = emitRegion(*op.getAfterBody(), args, results);
        b.setLoc(loc);
        if (succeeded(status))
          scf::YieldOp::create(b, results);
      });
  bindResults(op, loop.getResults());
  return status;
}
