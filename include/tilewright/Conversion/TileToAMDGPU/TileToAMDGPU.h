// TileToAMDGPU.h - from the wave level to the llvm dialect for AMD chips.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_CONVERSION_TILETOAMDGPU_TILETOAMDGPU_H
#define TILEWRIGHT_CONVERSION_TILETOAMDGPU_TILETOAMDGPU_H

#include "mlir/Pass/PassManager.h"
#include "tilewright/Conversion/Passes.h"
#include "llvm/ADT/StringRef.h"

namespace tilewright {

/// `convert-tile-to-amdgpu` for `chip`, then all that is left to the llvm
/// dialect. `pm` runs on the module; kernels are at the wave level.
void buildTileToAMDGPUPipeline(mlir::OpPassManager &pm, llvm::StringRef chip);

} // namespace tilewright

#endif // TILEWRIGHT_CONVERSION_TILETOAMDGPU_TILETOAMDGPU_H
