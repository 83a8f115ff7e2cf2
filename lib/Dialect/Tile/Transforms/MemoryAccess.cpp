// MemoryAccess.cpp - one view of all operations that touch memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MemoryAccess.h"
#include "Divisibility.h"

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tilewright::tile {

int64_t MemoryAccess::getExtent(int64_t memrefDim) const {
  ArrayRef<int64_t> shape = getTileShape(tileType);
  for (auto [tileDim, walked] : llvm::enumerate(dims))
    if (walked == memrefDim)
      return shape[tileDim];
  return 1;
}

/// The memref dim that each dim of the tile walks, from the inverse.
static void setWalk(MemoryAccess &access, ArrayRef<int64_t> walk) {
  access.isIndexed = true;
  access.dims.assign(getTileShape(access.tileType).size(), -1);
  for (auto [memrefDim, tileDim] : llvm::enumerate(walk))
    if (tileDim >= 0)
      access.dims[tileDim] = memrefDim;
}

std::optional<MemoryAccess> getMemoryAccess(Operation *op) {
  MemoryAccess access;
  access.op = op;
  bool found = TypeSwitch<Operation *, bool>(op)
                   .Case<LoadOp>([&](LoadOp o) {
                     access.reads = true;
                     access.memory = o.getMemref();
                     access.tileType = o.getResult().getType();
                     access.dims = o.getWalkedDims();
                     llvm::append_range(access.indices, o.getIndices());
                     return true;
                   })
                   .Case<StoreOp>([&](StoreOp o) {
                     access.writes = true;
                     access.memory = o.getMemref();
                     access.tileType = o.getValue().getType();
                     access.dims = o.getWalkedDims();
                     llvm::append_range(access.indices, o.getIndices());
                     return true;
                   })
                   .Case<GatherOp>([&](GatherOp o) {
                     access.reads = true;
                     access.memory = o.getMemref();
                     access.tileType = o.getResult().getType();
                     setWalk(access, o.getWalkOrDefault());
                     llvm::append_range(access.indices, o.getIndices());
                     return true;
                   })
                   .Case<ScatterOp>([&](ScatterOp o) {
                     access.writes = true;
                     access.memory = o.getMemref();
                     access.tileType = o.getValue().getType();
                     setWalk(access, o.getWalkOrDefault());
                     llvm::append_range(access.indices, o.getIndices());
                     return true;
                   })
                   .Case<AtomicRMWOp>([&](AtomicRMWOp o) {
                     access.reads = access.writes = true;
                     access.memory = o.getMemref();
                     access.tileType = o.getValue().getType();
                     setWalk(access, o.getWalkOrDefault());
                     llvm::append_range(access.indices, o.getIndices());
                     return true;
                   })
                   .Case<LoadSharedOp>([&](LoadSharedOp o) {
                     access.isShared = access.reads = true;
                     access.memory = o.getBuffer();
                     access.tileType = o.getResult().getType();
                     return true;
                   })
                   .Case<StoreSharedOp>([&](StoreSharedOp o) {
                     access.isShared = access.writes = true;
                     access.memory = o.getBuffer();
                     access.tileType = o.getValue().getType();
                     return true;
                   })
                   .Default([](Operation *) { return false; });
  if (!found)
    return std::nullopt;
  return access;
}

/// Static strides, dynamic ones as ShapedType::kDynamic.
static SmallVector<int64_t> getStrides(Value memref) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(cast<MemRefType>(memref.getType())
                 .getStridesAndOffset(strides, offset)))
    strides.clear();
  return strides;
}

int64_t getContiguousDim(const MemoryAccess &access) {
  if (access.isShared)
    return -1;
  SmallVector<int64_t> strides = getStrides(access.memory);
  for (auto [tileDim, memrefDim] : llvm::enumerate(access.dims))
    if (memrefDim >= 0 && size_t(memrefDim) < strides.size() &&
        strides[memrefDim] == 1)
      return tileDim;
  return -1;
}

int64_t getVectorWidth(const MemoryAccess &access, Divisibility &divisibility,
                       int64_t maxBytes, std::string *limit) {
  if (limit)
    limit->clear();
  int64_t tileDim = getContiguousDim(access);
  if (tileDim < 0) {
    if (limit)
      *limit = "a stride of 1 in the type, for example strided<[?, 1]>";
    return 1;
  }
  Value memref = access.memory;
  auto type = cast<MemRefType>(memref.getType());
  int64_t contiguous = access.dims[tileDim];
  int64_t bytes = getElementBytes(type.getElementType());

  // In elements: what the first address, each row and the bounds are
  // multiples of. All are powers of two.
  int64_t width = std::max<int64_t>(1, maxBytes / bytes);
  auto restrict = [&](int64_t divisor, const Twine &fact) {
    if (divisor >= width)
      return;
    width = divisor;
    if (limit)
      *limit = fact.str();
  };
  restrict(std::max<int64_t>(1, Divisibility::getAlignment(memref) / bytes),
           "'tile.align'");
  restrict(Divisibility::getSize(memref, contiguous),
           "'tile.divisible' of dimension " + Twine(contiguous));
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (dim != contiguous && type.getDimSize(dim) != 1)
      restrict(Divisibility::getStride(memref, dim),
               "'tile.stride_divisible' of dimension " + Twine(dim));
  restrict(divisibility.get(access.indices[contiguous]),
           "the divisor of index " + Twine(contiguous));
  return width;
}

} // namespace tilewright::tile
