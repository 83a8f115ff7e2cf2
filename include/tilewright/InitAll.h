// InitAll.h - registers all dialects and passes; only tools include it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_INITALL_H
#define TILEWRIGHT_INITALL_H

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "tilewright/Conversion/Numerics.h"
#include "tilewright/Conversion/Passes.h"
#include "tilewright/Conversion/TileToHost/TileToHost.h"
#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "tilewright/Dialect/Tile/Transforms/Passes.h"
#include "tilewright/Pipeline/Pipelines.h"

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
  registerTilewrightConversionPasses();
  registerTilewrightNumericsPasses();
  registerTilewrightTileToHostPasses();
  tile::registerTilewrightTilePasses();
  registerPipelines();
}

} // namespace tilewright

#endif // TILEWRIGHT_INITALL_H
