// TileOps.td - all of the dialect `tile`, for mlir-tblgen.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_DIALECT_TILE_IR_TILEOPS_TD
#define TILEWRIGHT_DIALECT_TILE_IR_TILEOPS_TD

include "tilewright/Dialect/Tile/IR/TileComputeOps.td"
include "tilewright/Dialect/Tile/IR/TileControlOps.td"
include "tilewright/Dialect/Tile/IR/TileMemoryOps.td"
include "tilewright/Dialect/Tile/IR/TileScheduleOps.td"

#endif // TILEWRIGHT_DIALECT_TILE_IR_TILEOPS_TD
