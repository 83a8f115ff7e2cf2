// TileToHost.h - lowers block-level kernels to vector code for the CPU.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// docs/HostTarget.md describes the code that comes out.

#ifndef TILEWRIGHT_CONVERSION_TILETOHOST_TILETOHOST_H
#define TILEWRIGHT_CONVERSION_TILETOHOST_TILETOHOST_H

#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringRef.h"
#include <memory>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace tilewright {

#define GEN_PASS_DECL
#include "tilewright/Conversion/TileToHost/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tilewright/Conversion/TileToHost/Passes.h.inc"

/// Attribute of a lowered kernel (an `llvm.func`): bytes of scratch that each
/// thread needs, an i64.
inline constexpr llvm::StringLiteral kScratchBytesAttrName =
    "tile.scratch_bytes";

/// Adds the passes that take a module of block-level kernels, numerics already
/// expanded, to the `llvm` dialect for `chip` ("x86-64-v3", "x86-64-v4").
void buildTileToHostPipeline(mlir::OpPassManager &pm, llvm::StringRef chip);

} // namespace tilewright

#endif // TILEWRIGHT_CONVERSION_TILETOHOST_TILETOHOST_H
