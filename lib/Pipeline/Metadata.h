// Metadata.h - what the runtime has to know of a kernel, as JSON.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_PIPELINE_METADATA_H
#define TILEWRIGHT_LIB_PIPELINE_METADATA_H

#include "tilewright/Codegen/CodeObject.h"
#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "llvm/Support/JSON.h"

namespace tilewright {

/// Arguments, their facts and their offsets, and the grid; from a block-level
/// kernel.
llvm::json::Object describeInterface(tile::KernelOp kernel);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_PIPELINE_METADATA_H
