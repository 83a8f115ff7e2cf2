// Memory.cpp - addresses, masks, loads, stores, gathers and scatters.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Access.h"

using namespace mlir;

namespace tilewright::host {

//===----------------------------------------------------------------------===//
// Access
//===----------------------------------------------------------------------===//

Access &Emitter::getAccess(Operation *op) {
  auto it = accesses.find(op);
  assert(it != accesses.end() && "access has not been prepared");
  return it->second;
}

namespace {
/// The parts that the five memory ops share.
struct AccessParts {
  Value memref;
  ValueRange indices;
  Value padding;
  Type tile;
  SmallVector<int64_t> walk;
};
} // namespace

static AccessParts getParts(Operation *op) {
  auto fromDims = [](auto access, Type tile) {
    SmallVector<int64_t> walk(access.getIndices().size(), -1);
    for (auto [t, d] : llvm::enumerate(access.getWalkedDims()))
      walk[d] = t;
    return walk;
  };
  return TypeSwitch<Operation *, AccessParts>(op)
      .Case([&](tile::LoadOp a) {
        return AccessParts{a.getMemref(), a.getIndices(), a.getPadding(),
                           a.getType(), fromDims(a, a.getType())};
      })
      .Case([&](tile::StoreOp a) {
        return AccessParts{a.getMemref(),
                           a.getIndices(),
                           {},
                           a.getValue().getType(),
                           fromDims(a, a.getValue().getType())};
      })
      .Case([&](tile::GatherOp a) {
        return AccessParts{a.getMemref(), a.getIndices(), a.getPadding(),
                           a.getType(), a.getWalkOrDefault()};
      })
      .Case([&](tile::ScatterOp a) {
        return AccessParts{a.getMemref(),
                           a.getIndices(),
                           {},
                           a.getValue().getType(),
                           a.getWalkOrDefault()};
      })
      .Case([&](tile::AtomicRMWOp a) {
        return AccessParts{a.getMemref(),
                           a.getIndices(),
                           {},
                           a.getValue().getType(),
                           a.getWalkOrDefault()};
      });
}

Access &Emitter::prepareAccess(Operation *op) {
  AccessParts parts = getParts(op);
  Access access;
  auto it = memrefs.find(parts.memref);
  if (it == memrefs.end()) {
    error(op, "expected a memref that is an argument of the kernel",
          b.getI64Type());
    static MemRef none;
    access.memref = &none;
    return accesses[op] = access;
  }
  access.memref = &it->second;
  access.walk = parts.walk;
  access.shape = llvm::to_vector(tile::getTileShape(parts.tile));
  Type elementType = access.memref->elementType;
  if (parts.padding)
    access.padding = scalars.lookup(parts.padding);
  else
    access.padding = zero(valueType(elementType));
  access.offset = constant(0);
  for (auto [d, index] : llvm::enumerate(parts.indices)) {
    Value size = access.memref->sizes[d], stride = access.memref->strides[d];
    if (isTile(index.getType())) {
      access.indexTiles.push_back(index);
      access.origins.push_back({});
      continue;
    }
    access.indexTiles.push_back({});
    Value origin = scalars.lookup(index);
    if (!origin.getType().isInteger(64))
      origin = arith::ExtSIOp::create(b, b.getI64Type(), origin);
    access.origins.push_back(origin);
    access.offset = add(access.offset, mul(origin, stride));
    int64_t walked = access.walk[d];
    int64_t extent = walked < 0 ? 1 : access.shape[walked];
    if (walked < 0 || extent == 1) {
      Value inside = insideBounds(origin, size);
      access.full = both(access.full, inside);
      if (walked < 0)
        access.uniformInside = both(access.uniformInside, inside);
      continue;
    }
    Value notBefore = arith::CmpIOp::create(b, arith::CmpIPredicate::sge,
                                            origin, constant(0));
    Value notAfter = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, origin,
                                           sub(size, constant(extent)));
    access.full = both(access.full, both(notBefore, notAfter));
  }
  if (auto load = dyn_cast<tile::LoadOp>(op))
    preparePrefetch(load, access);
  return accesses[op] = std::move(access);
}

static bool isOne(Value v) { return matchPattern(v, m_One()); }

bool Emitter::isContiguous(const Access &access, int64_t dim) {
  int64_t walking = 0;
  bool unit = false;
  for (auto [d, walked] : llvm::enumerate(access.walk)) {
    if (Value tile = access.indexTiles[d]) {
      if (tile::getTileShape(tile.getType())[dim] != 1)
        return false;
    } else if (walked == dim) {
      ++walking;
      unit = isOne(access.memref->strides[d]);
    }
  }
  return walking == 1 && unit;
}

/// 0, 1, 2, ... as a vector.
Value Emitter::laneNumbers(int64_t width, unsigned bits) {
  SmallVector<Attribute> lanes;
  Type type = b.getIntegerType(bits);
  for (int64_t l = 0; l < width; ++l)
    lanes.push_back(b.getIntegerAttr(type, l));
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(VectorType::get({width}, type), lanes));
}

Emitter::Address Emitter::emitAddress(Access &access, const Point &point) {
  Address address;
  MemRef &memref = *access.memref;
  Value offset = access.offset;
  if (checked)
    address.condition = access.uniformInside;
  SmallVector<std::pair<int64_t, Value>> indexVectors;
  SmallVector<std::pair<int64_t, Value>> laneDims; // with the first coordinate
  for (auto [d, walked] : llvm::enumerate(access.walk)) {
    Value size = memref.sizes[d], stride = memref.strides[d];
    if (Value indexTile = access.indexTiles[d]) {
      ArrayRef<int64_t> shape = tile::getTileShape(indexTile.getType());
      Point inner = point;
      bool varies = point.width > 1 && shape[point.dim] != 1;
      for (auto [t, n] : llvm::enumerate(shape))
        if (n == 1)
          inner.coords[t] = constant(0);
      if (!varies) {
        inner.dim = -1;
        inner.width = 1;
      }
      Value index = evaluate(indexTile, inner);
      Type wide = valueType(b.getI64Type(), inner.width);
      if (index.getType() != wide)
        index = arith::ExtSIOp::create(b, wide, index);
      if (varies) {
        indexVectors.push_back({d, index});
        continue;
      }
      offset = add(offset, mul(index, stride));
      address.condition = both(address.condition, insideBounds(index, size));
      continue;
    }
    if (walked < 0)
      continue;
    Value coord = point.coords[walked];
    offset = add(offset, mul(coord, stride));
    Value index = add(access.origins[d], coord);
    if (point.width > 1 && walked == point.dim)
      laneDims.push_back({d, index});
    else if (checked)
      address.condition = both(address.condition, insideBounds(index, size));
  }
  Type type = memoryType(memref.elementType);
  int64_t width = point.width;
  if (width == 1 || (indexVectors.empty() && laneDims.empty())) {
    address.pointer = element(memref.base, offset, type);
    address.isUniform = true;
    return address;
  }
  if (indexVectors.empty() && laneDims.size() == 1 &&
      isOne(memref.strides[laneDims[0].first])) {
    address.pointer = element(memref.base, offset, type);
    if (!checked)
      return address;
    // Lanes [first, last) are inside; all arithmetic here may wrap, with the
    // right result: an index near the ends of i64 gives an empty range.
    Value index = laneDims[0].second, size = memref.sizes[laneDims[0].first];
    Value none = constant(0), all = constant(width);
    auto clamp = [&](Value v) -> Value {
      v = arith::MaxSIOp::create(b, v, none);
      return arith::MinSIOp::create(b, v, all);
    };
    address.first = clamp(arith::SubIOp::create(b, none, index));
    address.last = clamp(sub(size, index));
    if (address.condition)
      address.last =
          arith::SelectOp::create(b, address.condition, address.last, none);
    return address;
  }
  Value offsets = splat(offset, width);
  Value mask;
  for (auto [d, index] : indexVectors) {
    mask = both(mask, insideBounds(index, splat(memref.sizes[d], width)));
    Value scaled =
        arith::MulIOp::create(b, index, splat(memref.strides[d], width));
    offsets = arith::AddIOp::create(b, offsets, scaled);
  }
  for (auto [d, index] : laneDims) {
    Value lanes = laneNumbers(width, 64);
    if (checked)
      mask = both(mask, insideBounds(arith::AddIOp::create(
                                         b, splat(index, width), lanes),
                                     splat(memref.sizes[d], width)));
    Value scaled =
        arith::MulIOp::create(b, lanes, splat(memref.strides[d], width));
    offsets = arith::AddIOp::create(b, offsets, scaled);
  }
  if (address.condition)
    mask = both(mask, splat(address.condition, width));
  if (!mask)
    mask = arith::ConstantOp::create(
        b,
        DenseElementsAttr::get(VectorType::get({width}, b.getI1Type()), true));
  Type pointers = VectorType::get({width}, memref.base.getType());
  address.pointers = LLVM::GEPOp::create(b, pointers, type, memref.base,
                                         ArrayRef<LLVM::GEPArg>{offsets});
  address.mask = mask;
  return address;
}

Value Emitter::laneMask(const Address &address, int64_t width) {
  Value lanes = laneNumbers(width, 32);
  auto narrow = [&](Value v) {
    return splat(arith::TruncIOp::create(b, b.getI32Type(), v), width);
  };
  Value notBefore = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, lanes,
                                          narrow(address.first));
  Value notAfter = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, lanes,
                                         narrow(address.last));
  return arith::AndIOp::create(b, notBefore, notAfter);
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

/// Whether masked accesses of this type are instructions.
static bool hasMasks(const ChipInfo &level, Type memoryType) {
  return level.host.hasByteMasks || memoryType.getIntOrFloatBitWidth() >= 32;
}

Value Emitter::getBounce() {
  if (!bounce.isValid())
    bounce = arena.allocate(4 * vectorBytes);
  return bufferBase(bounce);
}

Value Emitter::emitMaskedLoad(Access &access, const Address &address,
                              int64_t width) {
  Type elementType = access.memref->elementType;
  Type memory = memoryType(elementType);
  Type type = VectorType::get({width}, memory);
  unsigned alignment = tile::getElementBytes(elementType);
  bool isBool = elementType.isInteger(1);
  Value padding = access.padding;
  if (isBool)
    padding = arith::ExtUIOp::create(b, memory, padding);
  padding = splat(padding, width);
  Value loaded;
  if (address.pointers) {
    loaded = LLVM::masked_gather::create(b, type, address.pointers,
                                         address.mask, ValueRange{padding},
                                         b.getI32IntegerAttr(alignment));
  } else if (hasMasks(level, memory)) {
    loaded = LLVM::MaskedLoadOp::create(
        b, type, address.pointer, laneMask(address, width), padding,
        b.getI32IntegerAttr(alignment), UnitAttr());
  } else {
    // Element by element through memory that is all there.
    Value pointer = getBounce();
    LLVM::StoreOp::create(b, padding, pointer, alignment);
    loopCarried(
        address.first, address.last, constant(1), {}, false,
        [&](Value l, ValueRange) {
          Value one = LLVM::LoadOp::create(
              b, memory, element(address.pointer, l, memory), alignment);
          LLVM::StoreOp::create(b, one, element(pointer, l, memory), alignment);
          return SmallVector<Value>();
        });
    loaded = LLVM::LoadOp::create(b, type, pointer, alignment);
  }
  if (!isBool)
    return loaded;
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, loaded, zero(type));
}

Value Emitter::evaluateAccess(Operation *op, const Point &point) {
  Access &access = getAccess(op);
  Type elementType = access.memref->elementType;
  Address address = emitAddress(access, point);
  if (address.pointers || address.first)
    return emitMaskedLoad(access, address, point.width);
  int64_t width = address.isUniform ? 1 : point.width;
  Value loaded;
  if (!address.condition) {
    if (!address.isUniform)
      emitPrefetch(access, address.pointer, width);
    loaded = loadFrom(address.pointer, elementType, width);
  } else {
    auto load = [&] {
      return SmallVector<Value>{loadFrom(address.pointer, elementType, width)};
    };
    auto pad = [&] { return SmallVector<Value>{splat(access.padding, width)}; };
    loaded =
        ifElse(address.condition, valueType(elementType, width), load, pad)[0];
  }
  return width == point.width ? loaded : splat(loaded, point.width);
}

//===----------------------------------------------------------------------===//
// Stores
//===----------------------------------------------------------------------===//

void Emitter::emitMaskedStore(Access &access, const Address &address,
                              Value value, int64_t width) {
  Type elementType = access.memref->elementType;
  Type memory = memoryType(elementType);
  unsigned alignment = tile::getElementBytes(elementType);
  if (elementType.isInteger(1))
    value = arith::ExtUIOp::create(b, VectorType::get({width}, memory), value);
  if (hasMasks(level, memory)) {
    LLVM::MaskedStoreOp::create(b, value, address.pointer,
                                laneMask(address, width),
                                b.getI32IntegerAttr(alignment));
    return;
  }
  Value pointer = getBounce();
  LLVM::StoreOp::create(b, value, pointer, alignment);
  loopCarried(address.first, address.last, constant(1), {}, false,
              [&](Value l, ValueRange) {
                Value one = LLVM::LoadOp::create(
                    b, memory, element(pointer, l, memory), alignment);
                LLVM::StoreOp::create(
                    b, one, element(address.pointer, l, memory), alignment);
                return SmallVector<Value>();
              });
}

void Emitter::storeAccess(Access &access, const Point &point, Value value,
                          bool streams) {
  Address address = emitAddress(access, point);
  if (address.first)
    return emitMaskedStore(access, address, value, point.width);
  auto store = [&] {
    storeTo(address.pointer, value, access.memref->elementType, streams);
    return SmallVector<Value>();
  };
  if (address.condition)
    ifElse(address.condition, {}, store, {});
  else
    store();
}

/// The dimension of the tile along which memory is contiguous, or -1.
int64_t Emitter::findContiguousDim(const Access &access) {
  for (int64_t d = int64_t(access.shape.size()) - 1; d >= 0; --d)
    if (access.shape[d] > 1 && isContiguous(access, d))
      return d;
  return -1;
}

/// Simple operations per element from which on a loop is too long for pieces of
/// a line to meet before it is written.
static constexpr int64_t kMaxStreamCost = 8;

/// Whether `count` elements are a multiple of `bytes`, a power of two.
Value Emitter::isAligned(Value count, Type elementType, int64_t bytes) {
  count = mul(count, constant(tile::getElementBytes(elementType)));
  Value rest = arith::AndIOp::create(b, count, constant(bytes - 1));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, constant(0));
}

Value Emitter::streamsTile(tile::StoreOp op, const Access &access, int64_t dim,
                           int64_t runBytes, int64_t alignment) {
  Type elementType = access.memref->elementType;
  int64_t bytes = tile::getElementBytes(elementType);
  tile::Cache hint = op.getCacheHint();
  // Atomics order the stores around them, but not these.
  if (dim < 0 || hasAtomics || elementType.isInteger(1) ||
      hint == tile::Cache::Persist || access.shape[dim] * bytes < runBytes ||
      access.shape[dim] * bytes % alignment)
    return {};
  // Somebody here reads the array.
  if (hint != tile::Cache::Stream &&
      llvm::any_of(op.getMemref().getUsers(), [](Operation *user) {
        return isa<tile::LoadOp, tile::GatherOp>(user);
      }))
    return {};
  // What the kernel's arguments tell is computed once.
  auto condition = [&] {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(entryEnd);
    Value aligned = isAligned(
        LLVM::PtrToIntOp::create(b, b.getI64Type(), access.memref->base),
        b.getI8Type(), alignment);
    Value size = constant(bytes);
    for (auto [d, walked] : llvm::enumerate(access.walk)) {
      size = mul(size, access.memref->sizes[d]);
      if (walked != dim)
        aligned = both(aligned, isAligned(access.memref->strides[d],
                                          elementType, alignment));
    }
    if (hint == tile::Cache::Stream)
      return aligned;
    return both(aligned,
                arith::CmpIOp::create(b, arith::CmpIPredicate::sge, size,
                                      constant(level.host.streamArrayBytes)));
  }();
  for (auto [d, walked] : llvm::enumerate(access.walk))
    if (walked == dim)
      condition =
          both(condition, isAligned(access.origins[d], elementType, alignment));
  return condition;
}

void Emitter::emitStoreLoops(Operation *op, Value value) {
  Access &access = prepareAccess(op);
  SmallVector<Value> sources = {value};
  for (Value indexTile : access.indexTiles)
    if (indexTile)
      sources.push_back(indexTile);
  int64_t dim = findContiguousDim(access);
  int64_t width = 1;
  if (dim >= 0)
    width = chooseWidth(sources, op, dim, access.shape[dim]);
  auto storeTile = [&](bool streams) {
    int64_t bytes = tile::getElementBytes(access.memref->elementType);
    forEach(access.shape, dim, width, [&](Point point) {
      storeAccess(access, point, evaluate(value, point),
                  streams &&
                      point.width * bytes >= level.host.streamPieceBytes);
    });
  };
  auto store = dyn_cast<tile::StoreOp>(op);
  Operation *transpose = store ? findStoredTranspose(value) : nullptr;
  if (transpose && (plan.isBuffered(value) || dim < 0 ||
                    plan.isBuffered(transpose->getResult(0)) ||
                    getPreferredDim(value) == dim ||
                    !plan.reaches(value, transpose->getOperand(0))))
    transpose = nullptr;
  int64_t side = getBlockSide(access.memref->elementType);
  int64_t blocksOfLine = std::max<int64_t>(
      1, level.cacheLineBytes /
             (side * tile::getElementBytes(access.memref->elementType)));
  Value streams;
  if (store && transpose)
    // A few blocks at once are whole lines; a part of one would be read,
    // changed and written again for each block.
    streams = streamsTile(store, access, dim, level.cacheLineBytes,
                          level.cacheLineBytes);
  else if (store && plan.getCost(value) <= kMaxStreamCost)
    // In a longer loop other loads come between the pieces of a line.
    streams = streamsTile(store, access, dim, level.host.streamRunBytes,
                          level.host.streamPieceBytes);
  auto storeTransposed = [&](bool streams) {
    forEachTransposed(
        access.shape, getPreferredDim(value), dim, side,
        streams ? blocksOfLine : 1,
        [&](const Point &point) { return evaluate(value, point); },
        [&](const Point &point, Value v) {
          storeAccess(access, point, v, streams && point.width == side);
        });
  };
  auto storeAll = [&](bool streams) {
    if (transpose)
      storeTransposed(streams);
    else
      storeTile(streams);
  };
  hasStreams |= bool(streams);
  versioned(
      collectLoads(sources), {},
      [&] {
        if (streams && !checked)
          choose(
              streams, [&] { storeAll(true); }, [&] { storeAll(false); });
        else
          storeAll(false);
        return SmallVector<Value>();
      },
      access.full);
}

void Emitter::emitStore(tile::StoreOp op) { emitStoreLoops(op, op.getValue()); }

void Emitter::emitScatter(tile::ScatterOp op) {
  emitStoreLoops(op, op.getValue());
}

} // namespace tilewright::host
