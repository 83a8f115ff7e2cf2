// TileToHost.cpp - the pass convert-tile-to-host and the passes after it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright/Conversion/TileToHost/TileToHost.h"
#include "Emitter.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "tilewright/Target/ChipInfo.h"

namespace tilewright {

#define GEN_PASS_DEF_CONVERTTILETOHOSTPASS
#include "tilewright/Conversion/TileToHost/Passes.h.inc"

using namespace mlir;

namespace {
struct ConvertTileToHostPass
    : impl::ConvertTileToHostPassBase<ConvertTileToHostPass> {
  using ConvertTileToHostPassBase::ConvertTileToHostPassBase;

  void runOnOperation() override {
    const ChipInfo *level = lookupChip(chip);
    if (!level || level->isGpu()) {
      getOperation().emitError()
          << "expected option 'chip' to name a level of the host (such as "
             "'x86-64-v3'), but got '"
          << chip << "'";
      return signalPassFailure();
    }
    SmallVector<tile::KernelOp> kernels(
        getOperation().getOps<tile::KernelOp>());
    for (tile::KernelOp kernel : kernels)
      if (failed(host::Emitter(kernel, *level).emit()))
        return signalPassFailure();
  }
};
} // namespace

void buildTileToHostPipeline(OpPassManager &pm, StringRef chip) {
  ConvertTileToHostPassOptions options;
  options.chip = chip.str();
  pm.addPass(createConvertTileToHostPass(options));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  // Not arith-expand: its maximumf and minimumf ignore the sign of zero.
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
}

} // namespace tilewright
