// TileToAMDGPU.cpp - the pass convert-tile-to-amdgpu and its pipeline.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Conversion/TileToAMDGPU/TileToAMDGPU.h"
#include "../TileToLanes/Operand.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "tilewright/Conversion/TileToLanes/TileToLanes.h"

namespace tilewright {
#define GEN_PASS_DEF_CONVERTTILETOAMDGPUPASS
#include "tilewright/Conversion/Passes.h.inc"
} // namespace tilewright

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

namespace {

class AMDGPULowering : public TargetLowering {
public:
  using TargetLowering::TargetLowering;

  void setKernelAttributes(LLVM::LLVMFuncOp func,
                           int64_t threads) const override {
    Builder b(func.getContext());
    func.setCConv(LLVM::CConv::AMDGPU_KERNEL);
    std::string range = (Twine(threads) + "," + Twine(threads)).str();
    // The VGPR form of MFMA: accumulators need no copies. No hidden arguments.
    func.setPassthroughAttr(b.getArrayAttr(
        {b.getStrArrayAttr({"amdgpu-flat-work-group-size", range}),
         b.getStrArrayAttr({"amdgpu-agpr-alloc", "0"}),
         b.getStrArrayAttr({"amdgpu-implicitarg-num-bytes", "0"}),
         b.getStrArrayAttr({"uniform-work-group-size", "true"})}));
  }

  Value emitThreadId(ImplicitLocOpBuilder &b) const override {
    return callIntrinsic(b, "llvm.amdgcn.workitem.id.x", b.getI32Type(), {});
  }
  Value emitWorkgroupId(ImplicitLocOpBuilder &b) const override {
    return callIntrinsic(b, "llvm.amdgcn.workgroup.id.x", b.getI32Type(), {});
  }
  Value emitUniform(ImplicitLocOpBuilder &b, Value word) const override {
    return callIntrinsic(b, "llvm.amdgcn.readfirstlane.i32", b.getI32Type(),
                         word);
  }

  void emitBarrier(ImplicitLocOpBuilder &b) const override {
    LLVM::FenceOp::create(b, LLVM::AtomicOrdering::release,
                          StringRef("workgroup"));
    callIntrinsic(b, "llvm.amdgcn.s.barrier", {}, {});
    LLVM::FenceOp::create(b, LLVM::AtomicOrdering::acquire,
                          StringRef("workgroup"));
  }

  // DPP where a control says the exchange, else the LDS crossbar.
  Value emitShuffleXor(ImplicitLocOpBuilder &b, Value word, int64_t mask,
                       Value lane) const override {
    auto number = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
    };
    if (std::optional<int64_t> control = getDppControl(mask)) {
      Value all = number(15);
      Value bound = arith::ConstantOp::create(b, b.getBoolAttr(true));
      return callIntrinsic(b, "llvm.amdgcn.update.dpp.i32", b.getI32Type(),
                           {word, word, number(*control), all, all, bound});
    }
    if (mask == 16 && chip.crossLane.hasPermlane16) {
      // The same lane of the other row; the selectors are 4 bits per lane.
      Value none = arith::ConstantOp::create(b, b.getBoolAttr(false));
      return callIntrinsic(b, "llvm.amdgcn.permlanex16", b.getI32Type(),
                           {word, word, number(0x76543210),
                            number(int32_t(0xfedcba98)), none, none});
    }
    if ((mask == 16 || mask == 32) && chip.crossLane.hasPermlaneSwap)
      return emitPermlaneSwap(b, word, mask, lane);
    if (mask < 32 && chip.crossLane.hasSwizzle)
      return callIntrinsic(b, "llvm.amdgcn.ds.swizzle", b.getI32Type(),
                           {word, number(0x1f | mask << 10)});
    return emitShuffle(b, word,
                       arith::XOrIOp::create(b, lane, number(mask)));
  }
  Value emitShuffle(ImplicitLocOpBuilder &b, Value word,
                    Value source) const override {
    Value two = arith::ConstantOp::create(b, b.getI32IntegerAttr(2));
    Value address = arith::ShLIOp::create(b, source, two);
    return callIntrinsic(b, "llvm.amdgcn.ds.bpermute", b.getI32Type(),
                         {address, word});
  }

  FailureOr<Value> emitMma(ImplicitLocOpBuilder &b, const MmaAtom &atom,
                           Value lhs, Value rhs, Value acc) const override;

  StringRef getSyncScope(tile::Scope scope) const override {
    switch (scope) {
    case tile::Scope::Workgroup:
      return "workgroup";
    case tile::Scope::Device:
      return "agent";
    case tile::Scope::System:
      return "";
    }
    llvm_unreachable("all scopes are listed");
  }

  // Arguments are ordinary device memory (docs/KernelABI.md): without these
  // LLVM makes a loop of compare-and-swap of each floating-point atomic.
  void annotateAtomic(LLVM::AtomicRMWOp op) const override {
    UnitAttr unit = UnitAttr::get(op.getContext());
    op->setAttr("rocdl.no_fine_grained_memory", unit);
    op->setAttr("rocdl.no_remote_memory", unit);
    if (op.getBinOp() == LLVM::AtomicBinOp::fadd &&
        op.getVal().getType().isF32())
      op->setAttr("rocdl.ignore_denormal_mode", unit);
  }

private:
  /// Swaps the odd groups of `mask` lanes of a first register with the even
  /// ones of a second. With `word` in both, the odd lanes of the first and the
  /// even ones of the second hold what their partners had.
  static Value emitPermlaneSwap(ImplicitLocOpBuilder &b, Value word,
                                int64_t mask, Value lane) {
    Value none = arith::ConstantOp::create(b, b.getBoolAttr(false));
    Type i32 = b.getI32Type();
    Value both = callIntrinsic(
        b, "llvm.amdgcn.permlane" + std::to_string(mask) + ".swap",
        LLVM::LLVMStructType::getLiteral(b.getContext(), {i32, i32}),
        {word, word, none, none});
    Value bit = arith::AndIOp::create(
        b, lane, arith::ConstantOp::create(b, b.getI32IntegerAttr(mask)));
    Value isOdd = arith::CmpIOp::create(
        b, arith::CmpIPredicate::ne, bit,
        arith::ConstantOp::create(b, b.getI32IntegerAttr(0)));
    return arith::SelectOp::create(
        b, isOdd, LLVM::ExtractValueOp::create(b, both, 0),
        LLVM::ExtractValueOp::create(b, both, 1));
  }

  std::optional<int64_t> getDppControl(int64_t mask) const {
    if (!chip.crossLane.hasDpp)
      return std::nullopt;
    if (mask < 4) { // quad_perm
      int64_t control = 0;
      for (int64_t i = 0; i < 4; ++i)
        control |= (i ^ mask) << (2 * i);
      return control;
    }
    if (mask == 7)
      return 0x141; // row_half_mirror
    if (mask == 15)
      return 0x140; // row_mirror
    if (mask == 8)
      return 0x128; // row_ror:8
    if (mask < 16 && chip.crossLane.hasDppRowShare)
      return 0x160 | mask; // row_xmask
    return std::nullopt;
  }
};

struct ConvertTileToAMDGPUPass
    : tilewright::impl::ConvertTileToAMDGPUPassBase<ConvertTileToAMDGPUPass> {
  using ConvertTileToAMDGPUPassBase::ConvertTileToAMDGPUPassBase;

  void runOnOperation() override {
    const ChipInfo *info =
        findConversionChip(getOperation(), chip, Backend::AMDGPU);
    if (!info || failed(convertKernels(getOperation(), AMDGPULowering(*info))))
      signalPassFailure();
  }
};

} // namespace

FailureOr<Value> AMDGPULowering::emitMma(ImplicitLocOpBuilder &b,
                                         const MmaAtom &atom, Value lhs,
                                         Value rhs, Value acc) const {
  MLIRContext *context = b.getContext();
  Type lhsType = parseOperandType(context, atom.lhsOperand),
       rhsType = parseOperandType(context, atom.rhsOperand),
       accType = parseOperandType(context, atom.accOperand);
  if (!lhsType || !rhsType || !accType)
    return failure();
  Type plainType = acc.getType();
  lhs = castBits(b, lhs, lhsType);
  rhs = castBits(b, rhs, rhsType);
  acc = castBits(b, acc, accType);
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  };
  auto flag = [&](bool value) -> Value {
    return arith::ConstantOp::create(b, b.getBoolAttr(value));
  };
  SmallVector<Value> args;
  switch (atom.call) {
  case MmaCall::Mfma: {
    Value zero = number(0);
    args = {lhs, rhs, acc, zero, zero, zero};
    break;
  }
  case MmaCall::MfmaScale: {
    Value zero = number(0);
    args = {lhs,  rhs,  acc,  number(atom.lhsFormat), number(atom.rhsFormat),
            zero, zero, zero, zero};
    break;
  }
  case MmaCall::Wmma:
    args = {lhs, rhs, acc};
    break;
  case MmaCall::WmmaInt:
    args = {flag(true), lhs, flag(true), rhs, acc, flag(false)};
    break;
  default:
    return failure();
  }
  Value result = callIntrinsic(b, atom.intrinsic, accType, args);
  return castBits(b, result, plainType);
}

void tilewright::buildTileToAMDGPUPipeline(OpPassManager &pm, StringRef chip) {
  ConvertTileToAMDGPUPassOptions options;
  options.chip = chip.str();
  pm.addPass(createConvertTileToAMDGPUPass(options));
  addLaneTailPasses(pm);
}
