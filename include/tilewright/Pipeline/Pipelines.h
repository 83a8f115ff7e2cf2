// Pipelines.h - the named pass pipelines from tiles to the llvm dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_PIPELINE_PIPELINES_H
#define TILEWRIGHT_PIPELINE_PIPELINES_H

#include "tilewright/Target/ChipInfo.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace tilewright {

/// Adds the passes that take block-level kernels to the llvm dialect for
/// `chip`, AMD, NVIDIA or host.
void buildPipeline(mlir::OpPassManager &pm, const ChipInfo &chip);

/// Registers `--tile-to-amdgpu=chip=X`, `--tile-to-nvptx=chip=X` and
/// `--tile-to-host=chip=X`.
void registerPipelines();

} // namespace tilewright

#endif // TILEWRIGHT_PIPELINE_PIPELINES_H
