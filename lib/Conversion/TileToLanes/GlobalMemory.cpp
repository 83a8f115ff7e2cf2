// GlobalMemory.cpp - load, store, gather and scatter.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A load out of bounds reads zeros from a page of our own: no branch, and no
// select for the usual padding. A store branches; where the whole tile is in
// bounds, once for all of its stores.

#include "Access.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

static Type getAccessType(int64_t count, Type element) {
  return count == 1 ? element : VectorType::get({count}, element);
}

// `element` is what registers hold: an i1 is a byte in memory.
Value LaneEmitter::loadElements(Type element, int64_t count, Value pointer,
                                int64_t alignment, bool isStream) {
  Type memoryType = getMemoryType(element);
  Value value =
      LLVM::LoadOp::create(b, getAccessType(count, memoryType), pointer,
                           alignment, /*isVolatile=*/false, isStream);
  if (memoryType == element)
    return value;
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value,
                               zeroOf(value.getType()));
}

void LaneEmitter::storeElements(ArrayRef<Elem> elems, Type element,
                                Value pointer, int64_t alignment,
                                bool isStream) {
  Value value = getVector(elems, element);
  Type memoryType = getMemoryType(element);
  if (memoryType != element)
    value = arith::ExtUIOp::create(b, getAccessType(elems.size(), memoryType),
                                   value);
  LLVM::StoreOp::create(b, value, pointer, alignment, /*isVolatile=*/false,
                        isStream);
}

LogicalResult LaneEmitter::emitRead(Operation *op, Value memref,
                                    ValueRange indices, ArrayRef<int64_t> walk,
                                    Value padding, Value result,
                                    bool isStream) {
  Type type = result.getType();
  FailureOr<Access> found = getAccess(op, memref, indices, walk, type);
  if (failed(found))
    return failure();
  Access &access = *found;
  Type element = convertElement(getElementTypeOrSelf(type));
  int64_t bytes = tile::getElementBytes(element);
  int64_t width = std::min<int64_t>(access.vector, 16 / bytes);
  Value fill;
  if (padding) {
    fill = getUniform(padding);
    Attribute constant;
    if (matchPattern(fill, m_Constant(&constant)) &&
        (matchPattern(fill, m_Zero()) || matchPattern(fill, m_PosZeroFloat())))
      fill = {};
  }
  Elems elems;
  for (int64_t reg = 0, end = getNumRegisters(type); reg < end; reg += width) {
    if (isNeverInside(type, reg)) {
      elems.append(width, Elem());
      continue;
    }
    Value pointer = getPointer(access, reg);
    Value predicate = getPredicate(access, reg);
    if (predicate)
      pointer = LLVM::SelectOp::create(b, predicate, pointer, getZeroPage());
    Value value =
        loadElements(element, width, pointer, width * bytes, isStream);
    if (predicate && fill) {
      Value other = fill;
      if (width > 1) {
        Value poison = LLVM::PoisonOp::create(b, value.getType());
        other = LLVM::InsertElementOp::create(b, poison, fill, i32(0));
        SmallVector<int32_t> mask(width, 0);
        other = LLVM::ShuffleVectorOp::create(b, other, poison, mask);
      }
      value = LLVM::SelectOp::create(b, predicate, value, other);
    }
    for (int64_t i = 0; i < width; ++i)
      elems.push_back({value, width == 1 ? -1 : i});
  }
  set(result, pack(elems, type));
  return success();
}

LogicalResult LaneEmitter::emitWrite(Operation *op, Value value, Value memref,
                                     ValueRange indices, ArrayRef<int64_t> walk,
                                     bool isStream) {
  Type type = value.getType();
  FailureOr<Access> found = getAccess(op, memref, indices, walk, type);
  if (failed(found))
    return failure();
  Access &access = *found;
  Type element = convertElement(getElementTypeOrSelf(type));
  int64_t bytes = tile::getElementBytes(element);
  int64_t width = std::min<int64_t>(access.vector, 16 / bytes);
  const Lanes lanes = get(value);
  const Layout *layout = getLayout(type);

  // Each element is stored by one lane; a scalar by the first.
  Value owner;
  if (layout)
    owner = getCoords(type).isOwner;
  else
    owner = arith::CmpIOp::create(prologue, arith::CmpIPredicate::eq, thread,
                                  i32(0));
  struct Piece {
    int64_t reg;
    SmallVector<Elem> elems;
  };
  SmallVector<Piece> pieces;
  for (int64_t reg = 0, end = getNumRegisters(type); reg < end; reg += width) {
    if (layout && (!layout->isOwner(reg, 0, 0) || isNeverInside(type, reg)))
      continue;
    Piece piece{reg, {}};
    for (int64_t i = 0; i < width; ++i)
      piece.elems.push_back(getElem(lanes, type, reg + i));
    pieces.push_back(std::move(piece));
  }
  auto emitUnder = [&](Value condition, llvm::function_ref<void()> emit) {
    if (!condition) {
      emit();
      return;
    }
    auto branch = scf::IfOp::create(b, condition, /*withElse=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    emit();
  };
  auto storePiece = [&](const Piece &piece, Value pointer) {
    storeElements(piece.elems, element, pointer, width * bytes, isStream);
  };
  auto storeEach = [&] {
    for (const Piece &piece : pieces) {
      Value predicate = getPredicate(access, piece.reg);
      Value pointer = getPointer(access, piece.reg);
      emitUnder(predicate, [&] { storePiece(piece, pointer); });
    }
  };

  // Whether the whole tile is in bounds: uniform, for walked tiles.
  Value whole;
  bool canSplit = pieces.size() > 4;
  if (canSplit) {
    whole = access.uniform;
    SmallVector<bool> isWalked(tile::getTileShape(type).size());
    for (auto [d, walked] : llvm::enumerate(walk)) {
      canSplit &= static_cast<bool>(access.origins[d]);
      if (walked < 0 || !canSplit)
        continue;
      isWalked[walked] = true;
      int64_t extent = tile::getTileShape(type)[walked];
      canSplit &= layout->getShape()[walked] == extent;
      whole = andAlso(whole, arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                                   access.high[d], i32(extent)));
      if (access.low[d])
        whole = andAlso(whole, arith::CmpIOp::create(
                                   b, arith::CmpIPredicate::eq, access.low[d],
                                   i32(0)));
    }
    canSplit &= llvm::all_of(isWalked, [](bool walked) { return walked; });
  }
  emitUnder(owner, [&] {
    if (!canSplit || !whole) {
      storeEach();
      return;
    }
    auto branch = scf::IfOp::create(b, whole, /*withElse=*/true);
    OpBuilder::InsertionGuard guard(b);
    // What one side computes is not there on the other.
    Access other = access;
    b.setInsertionPointToStart(branch.thenBlock());
    for (const Piece &piece : pieces)
      storePiece(piece, getPointer(access, piece.reg));
    access = std::move(other);
    b.setInsertionPointToStart(branch.elseBlock());
    storeEach();
  });
  return success();
}
