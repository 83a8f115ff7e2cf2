// InitAll.h - registers all dialects and passes; only tools include it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_INITALL_H
#define TILEWRIGHT_INITALL_H

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "tilewright/Conversion/Numerics.h"
#include "tilewright/Conversion/TileToHost/TileToHost.h"
#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "tilewright/Dialect/Tile/Transforms/Passes.h"

namespace tilewright {

/// Every dialect that tools can read: MLIR's and ours.
inline void registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<tile::TileDialect>();
}

/// Every pass and named pipeline that tools can run: MLIR's and ours.
/// One line per library.
inline void registerAllPasses() {
  mlir::registerAllPasses();
  registerTilewrightNumericsPasses();
  registerTilewrightTileToHostPasses();
  tile::registerTilewrightTilePasses();
}

} // namespace tilewright

#endif // TILEWRIGHT_INITALL_H
