// SharedMemory.cpp - buffers in shared memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LaneEmitter.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

/// Addresses of one op on a buffer. An element's address is its linear index f
/// in the buffer's order plus (f floordiv interval) * pad.
struct LaneEmitter::SharedAccess {
  Type tile, memoryType;
  SmallVector<int64_t> strides; // of f, per dim
  int64_t first = 0;            // f of the tile's first element
  int64_t interval = 1, pad = 0;
  bool isSeparable = true; // f = the lane's part + the register's
  bool addsPadding = true; // and so for its quotient by the interval
  Value base;              // the buffer (pointer)
  Value laneIndex;         // the lane's part of f (i32), or null
  Value lanePointer;       // its address
  int64_t width = 1;       // elements per access
};

LogicalResult LaneEmitter::emitAllocShared(tile::AllocSharedOp op) {
  if (!op.getOffset())
    return op.emitOpError("expected an offset; run tile-allocate-shared first");
  sharedOffsets[op.getResult()] = *op.getOffset();
  return success();
}

FailureOr<LaneEmitter::SharedAccess>
LaneEmitter::getSharedAccess(Operation *op, Value buffer, Type type) {
  auto it = sharedOffsets.find(buffer);
  if (it == sharedOffsets.end())
    return op->emitOpError("expected a buffer of tile.alloc_shared");
  int64_t offset = it->second;
  auto shared = cast<tile::SharedType>(buffer.getType());
  SharedAccess access;
  access.tile = type;
  Type element = convertElement(shared.getElementType());
  access.memoryType = getMemoryType(element);
  int64_t bytes = tile::getElementBytes(element);
  SmallVector<int64_t> order = shared.getOrder();
  SmallVector<int64_t> shape(shared.getShape());
  std::optional<ArrayRef<int64_t>> offsets;
  if (auto load = dyn_cast<tile::LoadSharedOp>(op))
    offsets = load.getOffsets();
  if (!offsets && tile::getTileShape(type) != shared.getShape()) {
    // The elements in another shape, of a dense and row-major buffer.
    shape = llvm::to_vector(tile::getTileShape(type));
    order = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, shape.size())));
  }
  access.strides.resize(order.size());
  int64_t stride = 1;
  for (int64_t dim : order) {
    access.strides[dim] = stride;
    if (offsets)
      access.first += (*offsets)[dim] * stride;
    stride *= shape[dim];
  }
  if (tile::PaddedAttr padded = shared.getLayout()) {
    access.interval = padded.getInterval();
    access.pad = padded.getPad();
  }

  const Layout &layout = *getLayout(type);
  unsigned fastest = order.front();
  int64_t width = layout.getVectorWidth(fastest, tile::getTileShape(type));
  int64_t limit =
      std::max<int64_t>(1, target.chip.maxSharedAccessBytes / bytes);
  auto fits = [&](int64_t v) {
    return v <= limit && shape[fastest] % v == 0 && access.first % v == 0 &&
           offset % (v * bytes) == 0 &&
           (access.pad == 0 ||
            (access.interval % v == 0 && access.pad % v == 0));
  };
  while (width > 1 && !fits(width))
    width /= 2;
  access.width = width;

  // The lane's part of the index.
  const LaneCoords &place = getCoords(type);
  int64_t laneBits = 0, regBits = 0;
  bool isBitwise = llvm::isPowerOf2_64(access.interval);
  for (auto [dim, s] : llvm::enumerate(access.strides)) {
    access.isSeparable &= place.isSeparable[dim];
    isBitwise &= llvm::isPowerOf2_64(s) && !place.waveRepeat[dim];
    for (LayoutUnit unit : {LayoutUnit::Lane, LayoutUnit::Wave})
      for (const Coords &vector : layout.getVectors(unit))
        laneBits |= vector[dim] * s;
    for (int64_t reg = 0; reg < layout.getNumRegisters(); ++reg)
      regBits |= layout.apply(reg, 0, 0)[dim] * s;
  }
  access.addsPadding =
      access.pad == 0 ||
      (isBitwise && (laneBits & regBits & (access.interval - 1)) == 0);
  Value shared0 = getSharedBase();
  access.base =
      LLVM::GEPOp::create(b, shared0.getType(), b.getI8Type(), shared0,
                          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
  if (!access.isSeparable)
    return access;
  for (auto [dim, s] : llvm::enumerate(access.strides)) {
    Value base = place.base[dim];
    if (!base)
      continue;
    Value term = base;
    if (s != 1)
      term = arith::MulIOp::create(b, base, i32(s));
    access.laneIndex =
        access.laneIndex
            ? Value(arith::AddIOp::create(b, access.laneIndex, term))
            : term;
  }
  if (!access.addsPadding)
    return access;
  access.lanePointer = access.base;
  if (access.laneIndex) {
    Value index = access.laneIndex;
    if (access.pad) {
      Value quotient = arith::DivUIOp::create(b, index, i32(access.interval));
      index = arith::AddIOp::create(
          b, index, arith::MulIOp::create(b, quotient, i32(access.pad)));
    }
    access.lanePointer =
        LLVM::GEPOp::create(b, access.base.getType(), access.memoryType,
                            access.base, ArrayRef<LLVM::GEPArg>{index});
  }
  return access;
}

Value LaneEmitter::getSharedPointer(SharedAccess &access, int64_t reg) {
  const Layout &layout = *getLayout(access.tile);
  auto padded = [&](int64_t f) { return f + f / access.interval * access.pad; };
  if (access.lanePointer) {
    int64_t own = access.first;
    Coords position = layout.apply(reg, 0, 0);
    for (auto [coord, stride] : llvm::zip(position, access.strides))
      own += coord * stride;
    if (own == 0)
      return access.lanePointer;
    return LLVM::GEPOp::create(
        b, access.base.getType(), access.memoryType, access.lanePointer,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(padded(own))});
  }
  Value index;
  int64_t known = access.first;
  if (access.isSeparable) {
    index = access.laneIndex;
    Coords position = layout.apply(reg, 0, 0);
    for (auto [coord, stride] : llvm::zip(position, access.strides))
      known += coord * stride;
  } else {
    for (auto [dim, stride] : llvm::enumerate(access.strides)) {
      Coord coord = getCoord(access.tile, reg, dim);
      known += coord.constant * stride;
      if (!coord.variable)
        continue;
      Value term = coord.variable;
      if (stride != 1)
        term = arith::MulIOp::create(b, term, i32(stride));
      index = index ? Value(arith::AddIOp::create(b, index, term)) : term;
    }
  }
  if (!index)
    index = i32(known);
  else if (known)
    index = arith::AddIOp::create(b, index, i32(known));
  if (access.pad) {
    Value quotient = arith::DivUIOp::create(b, index, i32(access.interval));
    index = arith::AddIOp::create(
        b, index, arith::MulIOp::create(b, quotient, i32(access.pad)));
  }
  return LLVM::GEPOp::create(b, access.base.getType(), access.memoryType,
                             access.base, ArrayRef<LLVM::GEPArg>{index});
}

LogicalResult LaneEmitter::emitStoreShared(tile::StoreSharedOp op) {
  Type type = op.getValue().getType();
  FailureOr<SharedAccess> access = getSharedAccess(op, op.getBuffer(), type);
  if (failed(access))
    return failure();
  const Layout &layout = *getLayout(type);
  const Lanes lanes = get(op.getValue());
  Type element = convertElement(getElementTypeOrSelf(type));
  int64_t alignment = access->width * tile::getElementBytes(element);
  OpBuilder::InsertionGuard guard(b);
  // One of several holders of an element writes it.
  if (Value owner = getCoords(type).isOwner) {
    auto branch = scf::IfOp::create(b, owner, /*withElse=*/false);
    b.setInsertionPointToStart(branch.thenBlock());
  }
  for (int64_t reg = 0, end = getNumRegisters(type); reg < end;
       reg += access->width) {
    if (!layout.isOwner(reg, 0, 0) || isNeverInside(type, reg))
      continue;
    Elems elems;
    for (int64_t i = 0; i < access->width; ++i)
      elems.push_back(getElem(lanes, type, reg + i));
    Value inside;
    for (size_t dim = 0; dim < layout.getRank(); ++dim)
      inside = andAlso(inside, isInside(type, reg, dim));
    Value pointer = getSharedPointer(*access, reg);
    OpBuilder::InsertionGuard inner(b);
    if (inside) {
      auto branch = scf::IfOp::create(b, inside, /*withElse=*/false);
      b.setInsertionPointToStart(branch.thenBlock());
    }
    storeElements(elems, element, pointer, alignment, false);
  }
  return success();
}

LogicalResult LaneEmitter::emitLoadShared(tile::LoadSharedOp op) {
  Type type = op.getType();
  FailureOr<SharedAccess> access = getSharedAccess(op, op.getBuffer(), type);
  if (failed(access))
    return failure();
  Type element = convertElement(getElementTypeOrSelf(type));
  int64_t alignment = access->width * tile::getElementBytes(element);
  Elems elems;
  for (int64_t reg = 0, end = getNumRegisters(type); reg < end;
       reg += access->width) {
    if (isNeverInside(type, reg)) {
      elems.append(access->width, Elem());
      continue;
    }
    Value inside;
    for (size_t dim = 0, rank = getLayout(type)->getRank(); dim < rank; ++dim)
      inside = andAlso(inside, isInside(type, reg, dim));
    Value pointer = getSharedPointer(*access, reg);
    // Padding positions read the first element instead: nobody looks.
    if (inside)
      pointer = LLVM::SelectOp::create(b, inside, pointer, access->base);
    Value value =
        loadElements(element, access->width, pointer, alignment, false);
    for (int64_t i = 0; i < access->width; ++i)
      elems.push_back({value, access->width == 1 ? -1 : i});
  }
  set(op, pack(elems, type));
  return success();
}
