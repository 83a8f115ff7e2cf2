// Optimize.cpp - LLVM's optimisation pipeline with the target known.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Backend.h"
#include "llvm/Analysis/CGSCCPassManager.h"
#include "llvm/Analysis/LoopAnalysisManager.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/PassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

namespace tilewright {

static llvm::OptimizationLevel getLevel(int optLevel) {
  switch (optLevel) {
  case 0:
    return llvm::OptimizationLevel::O0;
  case 1:
    return llvm::OptimizationLevel::O1;
  case 2:
    return llvm::OptimizationLevel::O2;
  default:
    return llvm::OptimizationLevel::O3;
  }
}

static void runPipeline(llvm::Module &module, llvm::TargetMachine &machine,
                        int optLevel, const std::atomic<bool> *isCancelled) {
  llvm::PipelineTuningOptions tuning;
  llvm::PassInstrumentationCallbacks callbacks;
  if (isCancelled)
    callbacks.registerShouldRunOptionalPassCallback(
        [isCancelled](llvm::StringRef, llvm::Any) { return !*isCancelled; });
  llvm::PassBuilder builder(&machine, tuning, std::nullopt, &callbacks);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  // No code object has a library to call: nothing may become strlen or memset.
  functions.registerPass([&] {
    llvm::TargetLibraryInfoImpl info(machine.getTargetTriple());
    info.disableAllFunctions();
    return llvm::TargetLibraryAnalysis(info);
  });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  llvm::ModulePassManager passes =
      optLevel == 0 ? builder.buildO0DefaultPipeline(getLevel(0))
                    : builder.buildPerModuleDefaultPipeline(getLevel(optLevel));
  passes.run(module, modules);
}

llvm::Error optimizeModule(llvm::Module &module, const ChipInfo &chip,
                           int optLevel, const std::atomic<bool> *isCancelled) {
  auto machine = getTargetMachine(chip, optLevel);
  if (!machine)
    return machine.takeError();
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  std::string text;
  llvm::raw_string_ostream os(text);
  if (llvm::verifyModule(module, &os))
    return llvm::make_error<CodegenError>("invalid LLVM IR: " + text);
  return runGuarded(module.getContext(), [&] {
    runPipeline(module, **machine, optLevel, isCancelled);
  });
}

void stripDebugInfo(llvm::Module &module) { llvm::StripDebugInfo(module); }

} // namespace tilewright
