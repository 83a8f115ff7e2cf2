// Jit.cpp - builds the loop around a formula, lowers it and compiles it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Jit.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "tilewright/Conversion/Numerics.h"
#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/TargetSelect.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::test;

std::unique_ptr<MLIRContext> tilewright::test::makeContext() {
  DialectRegistry registry;
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  auto context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadDialect<arith::ArithDialect, math::MathDialect, scf::SCFDialect,
                       func::FuncDialect, LLVM::LLVMDialect,
                       cf::ControlFlowDialect, vector::VectorDialect,
                       tile::TileDialect>();
  return context;
}

/// func @run(%arguments: !llvm.ptr, %result: !llvm.ptr, %count: i64)
static OwningOpRef<ModuleOp> buildLoop(MLIRContext &context,
                                       ArrayRef<Type> argumentTypes,
                                       Type resultType, Formula formula,
                                       bool scalar) {
  Location loc = UnknownLoc::get(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  auto b = ImplicitLocOpBuilder::atBlockBegin(loc, module->getBody());
  Type pointer = LLVM::LLVMPointerType::get(&context);
  auto function = func::FuncOp::create(
      b, "run",
      b.getFunctionType({pointer, pointer, b.getI64Type()}, TypeRange()));
  b.setInsertionPointToStart(function.addEntryBlock());

  auto bitsType = [&](Type type) -> Type {
    Type bits = b.getIntegerType(type.getIntOrFloatBitWidth());
    return scalar ? bits : VectorType::get({8}, bits);
  };
  auto valueType = [&](Type type) -> Type {
    return scalar ? type : VectorType::get({8}, type);
  };
  SmallVector<Value> bases;
  for (size_t i = 0; i != argumentTypes.size(); ++i) {
    Value slot =
        LLVM::GEPOp::create(b, pointer, pointer, function.getArgument(0),
                            ArrayRef<LLVM::GEPArg>{int32_t(i)});
    bases.push_back(LLVM::LoadOp::create(b, pointer, slot));
  }
  Value zero = arith::ConstantIntOp::create(b, 0, 64);
  Value step = arith::ConstantIntOp::create(b, scalar ? 1 : 8, 64);
  auto loop = scf::ForOp::create(b, zero, function.getArgument(2), step);
  func::ReturnOp::create(b);

  b.setInsertionPointToStart(loop.getBody());
  auto element = [&](Value base, Type type) -> Value {
    return LLVM::GEPOp::create(
        b, pointer, b.getIntegerType(type.getIntOrFloatBitWidth()), base,
        ArrayRef<LLVM::GEPArg>{loop.getInductionVar()});
  };
  auto recast = [&](Type type, Value value) -> Value {
    if (value.getType() == type)
      return value;
    return arith::BitcastOp::create(b, type, value);
  };
  SmallVector<Value> values;
  for (auto [base, type] : llvm::zip(bases, argumentTypes)) {
    Value bits = LLVM::LoadOp::create(b, bitsType(type), element(base, type),
                                      /*alignment=*/1);
    values.push_back(recast(valueType(type), bits));
  }
  Value result = recast(bitsType(resultType), formula(b, loc, values));
  LLVM::StoreOp::create(b, result, element(function.getArgument(1), resultType),
                        /*alignment=*/1);
  return module;
}

CompiledFormula::CompiledFormula(MLIRContext &context,
                                 ArrayRef<Type> argumentTypes, Type resultType,
                                 Formula formula, bool scalar,
                                 const char *passChip) {
  OwningOpRef<ModuleOp> module =
      buildLoop(context, argumentTypes, resultType, formula, scalar);
  PassManager pm(&context);
  if (passChip) {
    TileExpandNumericsPassOptions options;
    options.chip = passChip;
    pm.addPass(createTileExpandNumericsPass(options));
  }
  pm.addPass(createCSEPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  if (failed(pm.run(*module))) {
    ADD_FAILURE() << "the formula does not lower";
    return;
  }
  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> llvmModule =
      translateModuleToLLVMIR(*module, *llvmContext);
  if (!llvmModule) {
    ADD_FAILURE() << "the formula does not translate";
    return;
  }
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  // A fixed level, whatever else this CPU has.
  llvm::orc::JITTargetMachineBuilder target(
      llvm::Triple("x86_64-unknown-linux-gnu"));
  target.setCPU("x86-64-v3");
  auto created = llvm::orc::LLJITBuilder()
                     .setJITTargetMachineBuilder(std::move(target))
                     .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
                     .setLinkProcessSymbolsByDefault(false)
                     .create();
  if (!created) {
    ADD_FAILURE() << llvm::toString(created.takeError());
    return;
  }
  jit = std::move(*created);
  llvm::orc::ThreadSafeModule safe(std::move(llvmModule),
                                   std::move(llvmContext));
  llvm::Error error = jit->addIRModule(std::move(safe));
  auto symbol = jit->lookup("run");
  if (error || !symbol) {
    ADD_FAILURE() << llvm::toString(
        llvm::joinErrors(std::move(error), symbol.takeError()));
    return;
  }
  function = symbol->toPtr<void (*)(const void *const *, void *, int64_t)>();
}

CompiledFormula::~CompiledFormula() = default;

void CompiledFormula::run(ArrayRef<const void *> arguments, void *result,
                          int64_t count) const {
  assert(count % 8 == 0);
  function(arguments.data(), result, count);
}
