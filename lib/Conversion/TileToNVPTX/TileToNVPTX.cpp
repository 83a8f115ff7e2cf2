// TileToNVPTX.cpp - the pass convert-tile-to-nvptx and its pipeline.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Conversion/TileToNVPTX/TileToNVPTX.h"
#include "../TileToLanes/Operand.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "tilewright/Conversion/TileToLanes/TileToLanes.h"

namespace tilewright {
#define GEN_PASS_DEF_CONVERTTILETONVPTXPASS
#include "tilewright/Conversion/Passes.h.inc"
} // namespace tilewright

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

/// LLVM selects `ex2.approx` where the flag `afn` is set, but has no pattern for
/// `lg2.approx`. What is left of log2 here has the flag.
static void lowerApproximateLog2(ModuleOp module);

namespace {

class NVPTXLowering : public TargetLowering {
public:
  using TargetLowering::TargetLowering;

  void setKernelAttributes(LLVM::LLVMFuncOp func,
                           int64_t threads) const override {
    Builder b(func.getContext());
    auto count = b.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1});
    func->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), b.getUnitAttr());
    func->setAttr(NVVM::NVVMDialect::getReqntidAttrName(), count);
    func->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                  b.getI32IntegerAttr(1));
  }

  Value emitThreadId(ImplicitLocOpBuilder &b) const override {
    return callIntrinsic(b, "llvm.nvvm.read.ptx.sreg.tid.x", b.getI32Type(),
                         {});
  }
  Value emitWorkgroupId(ImplicitLocOpBuilder &b) const override {
    return callIntrinsic(b, "llvm.nvvm.read.ptx.sreg.ctaid.x", b.getI32Type(),
                         {});
  }

  // bar.sync orders all memory among the threads that take part.
  void emitBarrier(ImplicitLocOpBuilder &b) const override {
    callIntrinsic(b, "llvm.nvvm.barrier.cta.sync.aligned.all", {}, number(b, 0));
  }

  Value emitShuffleXor(ImplicitLocOpBuilder &b, Value word, int64_t mask,
                       Value lane) const override {
    return callIntrinsic(b, "llvm.nvvm.shfl.sync.bfly.i32", b.getI32Type(),
                         {number(b, -1), word, number(b, mask), number(b, 31)});
  }
  Value emitShuffle(ImplicitLocOpBuilder &b, Value word,
                    Value source) const override {
    return callIntrinsic(b, "llvm.nvvm.shfl.sync.idx.i32", b.getI32Type(),
                         {number(b, -1), word, source, number(b, 31)});
  }

  FailureOr<Value> emitMma(ImplicitLocOpBuilder &b, const MmaAtom &atom,
                           Value lhs, Value rhs, Value acc) const override;

  StringRef getSyncScope(tile::Scope scope) const override {
    switch (scope) {
    case tile::Scope::Workgroup:
      return "block";
    case tile::Scope::Device:
      return "device";
    case tile::Scope::System:
      return "";
    }
    llvm_unreachable("all scopes are listed");
  }

  int64_t getStaticSharedLimit() const override {
    return chip.staticSharedBytes;
  }

private:
  static Value number(ImplicitLocOpBuilder &b, int32_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
};

struct ConvertTileToNVPTXPass
    : tilewright::impl::ConvertTileToNVPTXPassBase<ConvertTileToNVPTXPass> {
  using ConvertTileToNVPTXPassBase::ConvertTileToNVPTXPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    ConvertTileToNVPTXPassBase::getDependentDialects(registry);
    registry.insert<NVVM::NVVMDialect>();
  }

  void runOnOperation() override {
    const ChipInfo *info =
        findConversionChip(getOperation(), chip, Backend::NVPTX);
    if (!info || failed(convertKernels(getOperation(), NVPTXLowering(*info))))
      return signalPassFailure();
    lowerApproximateLog2(getOperation());
  }
};

} // namespace

FailureOr<Value> NVPTXLowering::emitMma(ImplicitLocOpBuilder &b,
                                        const MmaAtom &atom, Value lhs,
                                        Value rhs, Value acc) const {
  if (atom.call != MmaCall::MmaSync)
    return failure();
  // f32 operands are rounded to tf32 here: the instruction would cut them.
  auto round = [&](Value value) {
    auto type = cast<VectorType>(VectorType::get({1}, b.getI32Type()));
    if (auto vector = dyn_cast<VectorType>(value.getType()))
      type = VectorType::get(vector.getShape(), b.getI32Type());
    int64_t count = type.getNumElements();
    Value result = LLVM::PoisonOp::create(b, type);
    for (int64_t i = 0; i < count; ++i) {
      Value index = number(b, i);
      Value element = value;
      if (isa<VectorType>(value.getType()))
        element = LLVM::ExtractElementOp::create(b, value, index);
      Value bits = callIntrinsic(b, "llvm.nvvm.f2tf32.rna", b.getI32Type(),
                                 element);
      if (count == 1 && !isa<VectorType>(value.getType()))
        return bits;
      result = LLVM::InsertElementOp::create(b, result, bits, index);
    }
    return result;
  };
  if (atom.lhsType == ElementKind::TF32)
    lhs = round(lhs);
  if (atom.rhsType == ElementKind::TF32)
    rhs = round(rhs);
  SmallVector<Value> args;
  for (auto [value, text] :
       {std::pair<Value, StringRef>{lhs, atom.lhsOperand},
        {rhs, atom.rhsOperand},
        {acc, atom.accOperand}}) {
    FailureOr<SmallVector<Value>> registers = splitOperand(b, value, text);
    if (failed(registers))
      return failure();
    llvm::append_range(args, *registers);
  }
  auto accType = dyn_cast<VectorType>(acc.getType());
  if (!accType)
    return failure();
  SmallVector<Type> results(accType.getNumElements(),
                            accType.getElementType());
  auto structType =
      LLVM::LLVMStructType::getLiteral(b.getContext(), results);
  Value call = callIntrinsic(b, atom.intrinsic, structType, args);
  Value result = LLVM::PoisonOp::create(b, accType);
  for (int64_t i = 0, end = accType.getNumElements(); i < end; ++i) {
    Value element = LLVM::ExtractValueOp::create(b, call, i);
    result = LLVM::InsertElementOp::create(b, result, element, number(b, i));
  }
  return result;
}

static void lowerApproximateLog2(ModuleOp module) {
  SmallVector<math::Log2Op> ops;
  module.walk([&](math::Log2Op op) {
    if (getElementTypeOrSelf(op.getType()).isF32())
      ops.push_back(op);
  });
  for (math::Log2Op op : ops) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    auto log2 = [&](Value x) {
      return callIntrinsic(b, "llvm.nvvm.lg2.approx.f", b.getF32Type(), {x});
    };
    Value result;
    if (auto type = dyn_cast<VectorType>(op.getType())) {
      result = LLVM::PoisonOp::create(b, type);
      for (int64_t i = 0, end = type.getNumElements(); i < end; ++i) {
        Value index =
            arith::ConstantOp::create(b, b.getI32IntegerAttr(i)).getResult();
        Value x = LLVM::ExtractElementOp::create(b, op.getOperand(), index);
        result = LLVM::InsertElementOp::create(b, result, log2(x), index);
      }
    } else {
      result = log2(op.getOperand());
    }
    op.replaceAllUsesWith(result);
    op.erase();
  }
}

void tilewright::buildTileToNVPTXPipeline(OpPassManager &pm, StringRef chip) {
  ConvertTileToNVPTXPassOptions options;
  options.chip = chip.str();
  pm.addPass(createConvertTileToNVPTXPass(options));
  addLaneTailPasses(pm);
}
