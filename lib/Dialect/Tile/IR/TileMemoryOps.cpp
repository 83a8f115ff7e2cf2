// TileMemoryOps.cpp - verifiers of the ops on global memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/IR/OpImplementation.h"

#include <numeric>

using namespace mlir;
using namespace tilewright;
using namespace tilewright::tile;

/// The trailing `tileRank` dimensions of a memref of rank `memrefRank`.
static SmallVector<int64_t> getTrailingDims(int64_t tileRank,
                                            int64_t memrefRank) {
  SmallVector<int64_t> dims(tileRank);
  std::iota(dims.begin(), dims.end(), memrefRank - tileRank);
  return dims;
}

/// One index per dimension, and one element type (C1, C2 of each memory op).
static LogicalResult verifyAccess(Operation *op, MemRefType memref,
                                  size_t numIndices, StringRef tileName,
                                  Type tileType) {
  if (static_cast<int64_t>(numIndices) != memref.getRank())
    return op->emitOpError() << "expected " << memref.getRank()
                             << " indices, one per dimension of the memref, "
                                "but got "
                             << numIndices;
  Type element = getElementTypeOrSelf(tileType);
  if (element != memref.getElementType())
    return op->emitOpError()
           << "expected '" << tileName << "' of the memref's element type "
           << memref.getElementType() << ", but got " << element;
  return success();
}

/// `dims` of a load or store (C3, C4).
static LogicalResult verifyWalkedDims(Operation *op,
                                      std::optional<ArrayRef<int64_t>> dims,
                                      MemRefType memref, StringRef tileName,
                                      Type tileType) {
  int64_t rank = getTileShape(tileType).size();
  if (!dims) {
    if (rank > memref.getRank())
      return op->emitOpError()
             << "expected '" << tileName << "' of a rank of at most "
             << memref.getRank() << " like the memref, but got rank " << rank;
    return success();
  }
  if (static_cast<int64_t>(dims->size()) != rank)
    return op->emitOpError() << "expected 'dims' of " << rank
                             << " entries, one per dimension of '" << tileName
                             << "', but got " << dims->size();
  int64_t last = -1;
  for (int64_t dim : *dims) {
    if (dim < 0 || dim >= memref.getRank())
      return op->emitOpError() << "expected entries of 'dims' in [0, "
                               << memref.getRank() << "), but got " << dim;
    if (dim <= last)
      return op->emitOpError()
             << "expected 'dims' to be strictly increasing, but got " << dim
             << " after " << last;
    last = dim;
  }
  return success();
}

/// Indices and `walk` of a gather, scatter or atomic (C3 to C6).
static LogicalResult verifyCoordinates(Operation *op, OperandRange indices,
                                       std::optional<ArrayRef<int64_t>> walk,
                                       StringRef tileName, Type tileType) {
  ArrayRef<int64_t> shape = getTileShape(tileType);
  for (auto [number, index] : llvm::enumerate(indices)) {
    auto tensor = dyn_cast<RankedTensorType>(index.getType());
    if (!tensor)
      continue;
    bool fits = tensor.getShape().size() == shape.size();
    for (size_t dim = 0; fits && dim < shape.size(); ++dim)
      fits =
          tensor.getDimSize(dim) == 1 || tensor.getDimSize(dim) == shape[dim];
    if (!fits)
      return op->emitOpError()
             << "expected index #" << number << " to be broadcastable to '"
             << tileName << "' of type " << tileType << ", but got " << tensor;
  }
  if (!walk)
    return success();
  if (walk->size() != indices.size())
    return op->emitOpError()
           << "expected 'walk' of " << indices.size()
           << " entries, one per dimension of the memref, but got "
           << walk->size();
  for (auto [number, dim] : llvm::enumerate(*walk)) {
    if (dim < -1 || dim >= static_cast<int64_t>(shape.size()))
      return op->emitOpError() << "expected entries of 'walk' in [-1, "
                               << shape.size() << "), but got " << dim;
    if (dim >= 0 && !indices[number].getType().isIndex())
      return op->emitOpError()
             << "expected index #" << number
             << ", along which 'walk' walks, to be of type 'index', but got "
             << indices[number].getType();
  }
  return success();
}

static SmallVector<int64_t> getWalkOr(std::optional<ArrayRef<int64_t>> walk,
                                      size_t rank) {
  return walk ? llvm::to_vector(*walk) : SmallVector<int64_t>(rank, -1);
}

//===----------------------------------------------------------------------===//
// LoadOp, StoreOp
//===----------------------------------------------------------------------===//

/// Generic form can give the padding any type.
static LogicalResult verifyPadding(Operation *op, Value padding,
                                   MemRefType memref) {
  if (padding && padding.getType() != memref.getElementType())
    return op->emitOpError()
           << "expected 'padding' of the memref's element type "
           << memref.getElementType() << ", but got " << padding.getType();
  return success();
}

LogicalResult LoadOp::verify() {
  MemRefType memref = getMemref().getType();
  Type type = getResult().getType();
  // load C1, load C2
  if (failed(
          verifyAccess(*this, memref, getIndices().size(), "result", type)) ||
      failed(verifyPadding(*this, getPadding(), memref)))
    return failure();
  // load C3, load C4
  return verifyWalkedDims(*this, getDims(), memref, "result", type);
}

SmallVector<int64_t> LoadOp::getWalkedDims() {
  if (getDims())
    return llvm::to_vector(*getDims());
  return getTrailingDims(getTileShape(getResult().getType()).size(),
                         getMemref().getType().getRank());
}

LogicalResult StoreOp::verify() {
  MemRefType memref = getMemref().getType();
  Type type = getValue().getType();
  // store C1, store C2
  if (failed(verifyAccess(*this, memref, getIndices().size(), "value", type)))
    return failure();
  // store C3, store C4
  return verifyWalkedDims(*this, getDims(), memref, "value", type);
}

SmallVector<int64_t> StoreOp::getWalkedDims() {
  if (getDims())
    return llvm::to_vector(*getDims());
  return getTrailingDims(getTileShape(getValue().getType()).size(),
                         getMemref().getType().getRank());
}

//===----------------------------------------------------------------------===//
// GatherOp, ScatterOp, AtomicRMWOp
//===----------------------------------------------------------------------===//

LogicalResult GatherOp::verify() {
  MemRefType memref = getMemref().getType();
  Type type = getResult().getType();
  // gather C1, gather C2
  if (failed(
          verifyAccess(*this, memref, getIndices().size(), "result", type)) ||
      failed(verifyPadding(*this, getPadding(), memref)))
    return failure();
  // gather C3, gather C4, gather C5, gather C6
  return verifyCoordinates(*this, getIndices(), getWalk(), "result", type);
}

SmallVector<int64_t> GatherOp::getWalkOrDefault() {
  return getWalkOr(getWalk(), getIndices().size());
}

LogicalResult ScatterOp::verify() {
  MemRefType memref = getMemref().getType();
  Type type = getValue().getType();
  // scatter C1, scatter C2
  if (failed(verifyAccess(*this, memref, getIndices().size(), "value", type)))
    return failure();
  // scatter C3, scatter C4, scatter C5, scatter C6
  return verifyCoordinates(*this, getIndices(), getWalk(), "value", type);
}

SmallVector<int64_t> ScatterOp::getWalkOrDefault() {
  return getWalkOr(getWalk(), getIndices().size());
}

LogicalResult AtomicRMWOp::verify() {
  MemRefType memref = getMemref().getType();
  Type type = getValue().getType();
  // atomic_rmw C1, atomic_rmw C2
  if (failed(verifyAccess(*this, memref, getIndices().size(), "value", type)))
    return failure();
  // atomic_rmw C3, atomic_rmw C4, atomic_rmw C5, atomic_rmw C6
  if (failed(verifyCoordinates(*this, getIndices(), getWalk(), "value", type)))
    return failure();
  bool wantsFloat = false;
  switch (getKind()) {
  // atomic_rmw C7
  case arith::AtomicRMWKind::mulf:
  case arith::AtomicRMWKind::muli:
    return emitOpError() << "expected a kind other than '"
                         << arith::stringifyAtomicRMWKind(getKind())
                         << "', which no memory does atomically";
  case arith::AtomicRMWKind::assign:
    return success();
  case arith::AtomicRMWKind::addf:
  case arith::AtomicRMWKind::maximumf:
  case arith::AtomicRMWKind::maxnumf:
  case arith::AtomicRMWKind::minimumf:
  case arith::AtomicRMWKind::minnumf:
    wantsFloat = true;
    break;
  default:
    break;
  }
  // atomic_rmw C8
  Type element = memref.getElementType();
  if (isa<FloatType>(element) != wantsFloat)
    return emitOpError() << "expected "
                         << (wantsFloat ? "a float" : "an integer")
                         << " element type for '"
                         << arith::stringifyAtomicRMWKind(getKind())
                         << "', but got " << element;
  return success();
}

SmallVector<int64_t> AtomicRMWOp::getWalkOrDefault() {
  return getWalkOr(getWalk(), getIndices().size());
}
