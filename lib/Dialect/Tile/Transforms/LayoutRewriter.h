// LayoutRewriter.h - writes the layouts of an assignment into the IR.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_LAYOUTREWRITER_H
#define TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_LAYOUTREWRITER_H

#include "LayoutAssignment.h"

namespace tilewright::tile {

/// Splits reductions along an axis that several waves hold into one within the
/// waves and one over their results, and gives the new tiles homes. Where the
/// axis cannot be split, the reduction keeps an operand without a home along
/// waves: the rewriter moves the tile.
void splitReductions(KernelOp kernel, LayoutAssignment &assignment);

/// Sets the type of each tile to its home, repeats cheap tiles in the layouts
/// in which they are wanted, inserts tile.relayout for the others right after
/// their definition (so that it leaves the loops that only use them), and sets
/// `tile.vector`. An error where a tile cannot be had in a layout.
mlir::LogicalResult rewriteLayouts(KernelOp kernel,
                                   LayoutAssignment &assignment);

} // namespace tilewright::tile

#endif // TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_LAYOUTREWRITER_H
