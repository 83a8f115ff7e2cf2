// SharedPadding.h - where the elements of a shared buffer lie.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_SHAREDPADDING_H
#define TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_SHAREDPADDING_H

#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "tilewright/Target/ChipInfo.h"

namespace tilewright::tile {

/// One side of a buffer's use.
struct SharedUse {
  Layout layout;
  bool isWrite = false;
};

/// The order of dimensions and the padding for which all uses together take
/// the fewest cycles of the shared memory, by the chip's banks and phases;
/// without padding where that is as good.
SharedType choosePaddedType(llvm::ArrayRef<int64_t> shape,
                            mlir::Type elementType,
                            llvm::ArrayRef<SharedUse> uses,
                            const ChipInfo &chip);

/// Cycles that accesses of `use` to a buffer of `type` take, summed over the
/// registers of one wave.
int64_t countSharedCycles(SharedType type, const SharedUse &use,
                          const ChipInfo &chip);

} // namespace tilewright::tile

#endif // TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_SHAREDPADDING_H
