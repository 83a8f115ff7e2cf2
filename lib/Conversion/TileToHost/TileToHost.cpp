// TileToHost.cpp - the pass convert-tile-to-host and the passes after it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright/Conversion/TileToHost/TileToHost.h"
#include "Emitter.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace tilewright {

#define GEN_PASS_DEF_CONVERTTILETOHOSTPASS
#include "tilewright/Conversion/TileToHost/Passes.h.inc"

using namespace mlir;

static std::optional<host::CpuLevel> lookupLevel(StringRef chip) {
  if (chip == "x86-64-v3")
    return host::CpuLevel{/*vectorBytes=*/32, /*numRegisters=*/16,
                          /*hasByteMasks=*/false};
  if (chip == "x86-64-v4")
    return host::CpuLevel{/*vectorBytes=*/64, /*numRegisters=*/32,
                          /*hasByteMasks=*/true};
  return std::nullopt;
}

/// maxnumf and minnumf as a comparison and selects: LLVM would narrow them to
/// f16, where it calls a library. The sign of a zero is open.
static void expandMaxNum(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    if (isa<arith::MaxNumFOp, arith::MinNumFOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    ImplicitLocOpBuilder b(op->getLoc(), op);
    Value lhs = op->getOperand(0), rhs = op->getOperand(1);
    auto predicate = isa<arith::MaxNumFOp>(op) ? arith::CmpFPredicate::OGT
                                               : arith::CmpFPredicate::OLT;
    Value better = arith::CmpFOp::create(b, predicate, lhs, rhs);
    Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, rhs, rhs);
    Value best = arith::SelectOp::create(b, better, lhs, rhs);
    op->getResult(0).replaceAllUsesWith(
        arith::SelectOp::create(b, isNaN, lhs, best));
    op->erase();
  }
}

namespace {
struct ConvertTileToHostPass
    : impl::ConvertTileToHostPassBase<ConvertTileToHostPass> {
  using ConvertTileToHostPassBase::ConvertTileToHostPassBase;

  void runOnOperation() override {
    std::optional<host::CpuLevel> level = lookupLevel(chip);
    if (!level) {
      getOperation().emitError()
          << "expected option 'chip' to be 'x86-64-v3' or 'x86-64-v4', but "
             "got '"
          << chip << "'";
      return signalPassFailure();
    }
    SmallVector<tile::KernelOp> kernels(
        getOperation().getOps<tile::KernelOp>());
    for (tile::KernelOp kernel : kernels)
      if (failed(host::Emitter(kernel, *level).emit()))
        return signalPassFailure();
    expandMaxNum(getOperation());
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
