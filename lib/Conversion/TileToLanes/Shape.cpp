// Shape.cpp - ops that say which element is which, and moves between lanes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LaneEmitter.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

LogicalResult LaneEmitter::emitMapped(
    Operation *op, Value source, Value result,
    llvm::function_ref<Coords(const Coords &)> map) {
  Type type = result.getType();
  FailureOr<SmallVector<int64_t>> registers =
      findRegisters(op, type, source.getType(), map);
  if (failed(registers))
    return failure();
  const Lanes lanes = get(source);
  Elems elems;
  for (int64_t reg : *registers)
    elems.push_back(reg < 0 ? Elem() : getElem(lanes, source.getType(), reg));
  set(result, pack(elems, type));
  return success();
}

LogicalResult LaneEmitter::emitIota(tile::IotaOp op) {
  Type type = op.getType();
  auto element = cast<IntegerType>(convertElement(getElementTypeOrSelf(type)));
  SmallVector<Value> scalars;
  for (int64_t reg = 0, end = getNumRegisters(type); reg < end; ++reg) {
    Value value = getCoordValue(type, reg, op.getDim());
    if (element.getWidth() < 32)
      value = arith::TruncIOp::create(b, element, value);
    else if (element.getWidth() > 32)
      value = arith::ExtUIOp::create(b, element, value);
    scalars.push_back(value);
  }
  set(op, pack(scalars, type));
  return success();
}

LogicalResult LaneEmitter::emitBroadcast(tile::BroadcastOp op) {
  Type sourceType = op.getSource().getType(), type = op.getType();
  if (!isa<TensorType>(sourceType)) {
    Value scalar = getUniform(op.getSource());
    SmallVector<Type> types;
    appendLaneTypes(type, types);
    Value chunk = scalar;
    if (auto vector = dyn_cast<VectorType>(types.front())) {
      Value poison = LLVM::PoisonOp::create(b, vector);
      chunk = LLVM::InsertElementOp::create(b, poison, scalar, i32(0));
      SmallVector<int32_t> mask(vector.getNumElements(), 0);
      chunk = LLVM::ShuffleVectorOp::create(b, chunk, poison, mask);
    }
    set(op, Lanes(types.size(), chunk));
    return success();
  }
  ArrayRef<int64_t> shape = tile::getTileShape(sourceType);
  return emitMapped(op, op.getSource(), op, [&](const Coords &position) {
    Coords source = position;
    for (auto [dim, extent] : llvm::enumerate(shape))
      if (extent == 1)
        source[dim] = 0;
    return source;
  });
}

LogicalResult LaneEmitter::emitReshape(tile::ReshapeOp op) {
  ArrayRef<int64_t> from = tile::getTileShape(op.getSource().getType());
  ArrayRef<int64_t> to = tile::getTileShape(op.getType());
  return emitMapped(op, op.getSource(), op.getResult(),
                    [&](const Coords &position) {
                      int64_t index = 0;
                      for (auto [coord, extent] : llvm::zip(position, to))
                        index = index * extent + coord;
                      Coords source(from.size());
                      for (int64_t d = from.size() - 1; d >= 0; --d) {
                        source[d] = index % from[d];
                        index /= from[d];
                      }
                      return source;
                    });
}

LogicalResult LaneEmitter::emitTranspose(tile::TransposeOp op) {
  ArrayRef<int64_t> permutation = op.getPermutation();
  return emitMapped(op, op.getSource(), op, [&](const Coords &position) {
    Coords source(position.size());
    for (auto [i, dim] : llvm::enumerate(permutation))
      source[dim] = position[i];
    return source;
  });
}

LogicalResult LaneEmitter::emitExtractSlice(tile::ExtractSliceOp op) {
  ArrayRef<int64_t> offsets = op.getOffsets();
  return emitMapped(op, op.getSource(), op, [&](const Coords &position) {
    Coords source = position;
    for (auto [coord, offset] : llvm::zip(source, offsets))
      coord += offset;
    return source;
  });
}

// Within a wave each lane pulls what it needs: one shuffle per register that
// some lane reads, and a select where lanes read different ones.
LogicalResult LaneEmitter::emitRelayout(tile::RelayoutOp op) {
  Type from = op.getSource().getType(), to = op.getType();
  LayoutConversion conversion = classifyConversion(
      *getLayout(from), *getLayout(to), tile::getTileShape(to));
  const Lanes source = get(op.getSource());
  int64_t count = getNumRegisters(to);
  if (conversion.kind == ConversionKind::ThroughShared)
    return op.emitOpError("moves elements between waves, from ")
           << from << " to " << to << "; run tile-promote-shared first";
  if (conversion.kind != ConversionKind::InWave) {
    Elems elems;
    for (int64_t reg = 0; reg < count; ++reg) {
      int64_t sourceReg = reg;
      if (!conversion.sources.empty()) {
        if (!conversion.sources[reg].used) {
          elems.push_back({});
          continue;
        }
        sourceReg = conversion.sources[reg].reg;
      }
      elems.push_back(getElem(source, from, sourceReg));
    }
    set(op, pack(elems, to));
    return success();
  }

  // What a lane's number adds to the source lane and to the source register.
  SmallVector<Coords> laneLanes, laneRegs, waveLanes, waveRegs;
  int64_t regMask = 0;
  for (const ShuffleSource &bit : conversion.laneBits) {
    laneLanes.push_back({bit.lane});
    laneRegs.push_back({bit.reg});
    regMask |= bit.reg;
  }
  for (const ShuffleSource &bit : conversion.waveBits) {
    waveLanes.push_back({bit.lane});
    waveRegs.push_back({bit.reg});
    regMask |= bit.reg;
  }
  auto combine = [&](Value a, Value c) {
    if (!a || !c)
      return a ? a : c;
    return Value(arith::XOrIOp::create(prologue, a, c));
  };
  Value laneBase =
      combine(emitBits(lane, laneLanes, 0), emitBits(wave, waveLanes, 0));
  Value regBase =
      combine(emitBits(lane, laneRegs, 0), emitBits(wave, waveRegs, 0));

  std::map<std::pair<int64_t, int64_t>, Value> shuffled;
  llvm::DenseMap<int64_t, Value> sourceLanes;
  auto getShuffled = [&](int64_t reg, int64_t laneXor) {
    Value &value = shuffled[{reg, laneXor}];
    if (value)
      return value;
    Value &sourceLane = sourceLanes[laneXor];
    if (!sourceLane) {
      sourceLane = laneBase ? laneBase : i32(0);
      if (laneXor)
        sourceLane = arith::XOrIOp::create(b, sourceLane, i32(laneXor));
    }
    value = shuffle(getScalar(getElem(source, from, reg)), sourceLane);
    return value;
  };

  Elems elems;
  int64_t numSource = getNumRegisters(from);
  for (int64_t reg = 0; reg < count; ++reg) {
    const ShuffleSource &info = conversion.sources[reg];
    if (!info.used) {
      elems.push_back({});
      continue;
    }
    if (!regBase) {
      elems.push_back({getShuffled(info.reg, info.lane), -1});
      continue;
    }
    // All registers that differ from info.reg in bits of regMask.
    Value wanted;
    if (info.reg)
      wanted = arith::XOrIOp::create(b, regBase, i32(info.reg));
    else
      wanted = regBase;
    Value value;
    for (int64_t bits = regMask;; bits = (bits - 1) & regMask) {
      int64_t candidate = info.reg ^ bits;
      if (candidate < numSource) {
        Value part = getShuffled(candidate, info.lane);
        if (!value) {
          value = part;
        } else {
          Value isWanted = arith::CmpIOp::create(
              b, arith::CmpIPredicate::eq, wanted, i32(candidate));
          value = arith::SelectOp::create(b, isWanted, part, value);
        }
      }
      if (bits == 0)
        break;
    }
    elems.push_back({value, -1});
  }
  set(op, pack(elems, to));
  return success();
}
