// LayoutRules.h - what an operation says about the layouts of its tiles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_LAYOUTRULES_H
#define TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_LAYOUTRULES_H

#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "tilewright/Layout/Layout.h"

#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace tilewright::tile {

/// A layout for access to memory, or for tiles that nothing else decides.
struct BlockedRequest {
  llvm::SmallVector<int64_t> shape;
  /// The dimension in which neighbours are neighbours in memory.
  int64_t contiguousDim = 0;
  /// How many of them are accessed as one.
  int64_t vector = 1;
  int64_t elementBytes = 4;
  int64_t waveSize = 64;
  int64_t numWaves = 1;
  /// Dimensions, as bits, that should lie within a wave (they are reduced) or
  /// must (they are scanned).
  uint64_t avoidWaves = 0;
  uint64_t forbidWaves = 0;
  /// Dimensions, as bits, of which each lane must hold all.
  uint64_t inRegisters = 0;
  /// Per dimension the most elements that lanes, waves and a vector may cover
  /// before registers repeat: a slice at a multiple of it stays in its lanes.
  /// 0 or missing: no limit.
  llvm::SmallVector<int64_t> maxExtents;
};

/// Limits `request` so that `slice` of a tile of its shape stays in its lanes.
/// False where too few lanes would be left for the tile.
bool limitToSlice(BlockedRequest &request, ExtractSliceOp slice);

/// The split of lanes and waves over the dimensions that takes the fewest
/// registers and reads memory in whole sectors; then the one with most lanes
/// along the contiguous dimension and waves along the slowest.
Layout chooseBlockedLayout(const BlockedRequest &request);

/// Whether the operation computes each element of its results from the
/// elements of its tile operands at the same position.
bool isElementwise(mlir::Operation *op);

/// The layout that operand `index` must have for a result in `result`: each
/// lane then holds what it needs. Nothing where there is none, or where `op`
/// is not of that kind (memory, mma, reduce, scan, control flow).
std::optional<Layout> getOperandLayout(mlir::Operation *op, unsigned index,
                                       const Layout &result);

/// The layout of the result that operand `index` in layout `operand` leads to.
std::optional<Layout> getResultLayout(mlir::Operation *op, unsigned index,
                                      const Layout &operand);

/// Whether each lane holds what its registers of the result of a reshape or
/// extract_slice need, both in their layouts.
bool isLaneLocal(mlir::Operation *op);

/// Whether waves differ in the coordinate along `axis`.
bool hasWavesAlong(const Layout &layout, int64_t axis);

/// Whether tile.scan can run along `axis` within a wave: low bits in
/// registers, then lanes in their order, then registers.
bool isScanLayout(const Layout &layout, int64_t axis);

/// How the axis of a layout with waves is split: position = (repeat * waves +
/// wave) * inner + rest. Nothing where waves are not such a digit, or the axis
/// of `size` elements is padded.
struct WaveSplit {
  int64_t repeats, waves, inner;
};
std::optional<WaveSplit> getWaveSplit(const Layout &layout, int64_t axis,
                                      int64_t size);

/// Registers times an estimate of what one access costs: instructions, and
/// sectors of 32 bytes of which only a part is used.
int64_t getAccessCost(const Layout &layout, llvm::ArrayRef<int64_t> shape,
                      int64_t contiguousDim, int64_t vector,
                      int64_t elementBytes);

} // namespace tilewright::tile

#endif // TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_LAYOUTRULES_H
