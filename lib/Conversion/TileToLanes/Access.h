// Access.h - addresses and predicates of one op on global memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_CONVERSION_TILETOLANES_ACCESS_H
#define TILEWRIGHT_LIB_CONVERSION_TILETOLANES_ACCESS_H

#include "LaneEmitter.h"

namespace tilewright::lanes {

/// Coordinates in the memref of the elements of one op:
///   coordinate(d) = origin[d] + walked coordinate of the tile, or an element
///   of the index tile.
struct LaneEmitter::Access {
  const MemRef *memref = nullptr;
  Type tile, memoryType;
  SmallVector<int64_t> walk;
  /// Per memref dim the uniform index (i64), or null where a tile indexes.
  SmallVector<Value> origins;
  /// Per memref dim the index tile's scalars per register, sign-extended.
  SmallVector<SmallVector<Value>> indices;
  /// Walked dims: coordinates c of the tile with low <= c < high are inside
  /// (i32, uniform); `low` null where the origin is known not to be negative.
  SmallVector<Value> low, high;
  /// Uniform condition of the dims that are neither walked nor indexed.
  Value uniform;
  /// The memref's pointer plus the uniform part of the offset.
  Value base;
  /// Offset in elements of the lane's part of walked separable dims, or null.
  Value laneOffset;
  int64_t vector = 1; // registers per access
  std::map<std::pair<int64_t, int64_t>, Value> comparisons;
  std::map<SmallVector<int64_t>, Value> pointers;
};

} // namespace tilewright::lanes

#endif // TILEWRIGHT_LIB_CONVERSION_TILETOLANES_ACCESS_H
