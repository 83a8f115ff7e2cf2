// MemoryAccess.h - one view of all operations that touch memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_MEMORYACCESS_H
#define TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_MEMORYACCESS_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <string>

namespace tilewright::tile {

class Divisibility;

/// What one operation of the dialect does to memory.
struct MemoryAccess {
  mlir::Operation *op = nullptr;
  /// The memref, or the shared buffer where `isShared`.
  mlir::Value memory;
  bool isShared = false;
  bool reads = false;
  bool writes = false;
  /// A gather, scatter or atomic: `indices` may be tiles.
  bool isIndexed = false;
  /// The origin, one per memref dim; empty for shared buffers.
  llvm::SmallVector<mlir::Value> indices;
  /// The memref dim that each tile dim walks, -1 for none (gathers).
  llvm::SmallVector<int64_t> dims;
  /// The tile (or scalar) that is read or written.
  mlir::Type tileType;

  /// The extent of the tile along `memrefDim`: 1 where no tile dim walks it.
  int64_t getExtent(int64_t memrefDim) const;
};

/// The access of `op`, none for operations that touch no memory.
std::optional<MemoryAccess> getMemoryAccess(mlir::Operation *op);

/// The tile dim along which neighbours are neighbours in memory (the memref
/// has the static stride 1 there), or -1.
int64_t getContiguousDim(const MemoryAccess &access);

/// How many neighbours along getContiguousDim may be accessed as one, by proof:
/// aligned to their whole size and all in or all out of bounds. A power of two,
/// at most `maxBytes` wide, at least 1. `limit` gets the fact that keeps it
/// below `maxBytes`, empty where none does.
int64_t getVectorWidth(const MemoryAccess &access, Divisibility &divisibility,
                       int64_t maxBytes, std::string *limit = nullptr);

} // namespace tilewright::tile

#endif // TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_MEMORYACCESS_H
