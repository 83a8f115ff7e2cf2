// Compile.cpp - from a block-level kernel to a code object, in one call.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Pipeline/Compile.h"

#include "Compilation.h"
#include "tilewright/Support/CrashGuard.h"
#include "llvm/IR/Module.h"

namespace tilewright {

EmulatedKernel::EmulatedKernel() = default;
EmulatedKernel::EmulatedKernel(EmulatedKernel &&) = default;
EmulatedKernel::~EmulatedKernel() {
  module.reset();
  context.reset();
}

/// From the kernel as prepare left it to its code object.
static llvm::Expected<CompiledKernel>
finishUnguarded(Compilation &compilation, const CompileRequest &request) {
  double start = nowMs();
  CompiledKernel result;
  result.variant = request.variant;
  result.chip = request.chip->name.str();
  result.triple = request.chip->triple.str();
  std::string symbol = compilation.getKernel().getSymName().str();
  result.kernel = request.name.empty() ? symbol : request.name;
  result.source = compilation.print();
  if (llvm::Error error = compilation.runPasses())
    return std::move(error);
  if (request.keepMlir)
    result.mlir = compilation.print();

  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> module;
  if (llvm::Error error = compilation.lower(llvmContext, module))
    return std::move(error);
  stripDebugInfo(*module);
  if (request.keepLlvm) {
    llvm::raw_string_ostream os(result.llvmIr);
    module->print(os, nullptr);
  }
  if (request.keepAssembly) {
    llvm::Expected<std::string> assembly =
        emitAssembly(*module, *request.chip, request.optLevel);
    if (!assembly)
      return leakIfDied(assembly.takeError(), module, llvmContext);
    result.assembly = std::move(*assembly);
  }
  EmitOptions options;
  options.optLevel = request.optLevel;
  options.assemblePtx = request.assemblePtx;
  options.linker = request.linker;
  options.isCancelled = request.isCancelled;
  llvm::Expected<CodeObject> object =
      emitObject(*module, *request.chip, symbol, options);
  if (!object)
    return leakIfDied(object.takeError(), module, llvmContext);
  result.object = std::move(*object);
  result.metadata = compilation.finishMetadata(&result.object);
  result.remarks = compilation.remarks;
  result.times = compilation.times;
  result.times.backendMs = result.object.backendMs;
  result.times.assembleMs = result.object.assemblerMs;
  result.times.totalMs = result.times.parseMs + nowMs() - start;
  return result;
}

static llvm::Expected<EmulatedKernel>
compileForEmulatorUnguarded(const CompileRequest &request) {
  double start = nowMs();
  if (!request.chip->isGpu())
    return llvm::createStringError("expected a GPU to emulate, but got chip '" +
                                   request.chip->name + "'");
  Compilation compilation(request);
  if (llvm::Error error = compilation.prepare())
    return std::move(error);
  if (llvm::Error error = compilation.runPasses())
    return std::move(error);
  EmulatedKernel result;
  result.context = std::make_unique<llvm::LLVMContext>();
  if (llvm::Error error = compilation.lower(result.context, result.module))
    return std::move(error);
  result.metadata = compilation.finishMetadata(nullptr);
  result.times = compilation.times;
  result.times.totalMs = nowMs() - start;
  return result;
}

/// Runs `work`; a crash in it is an error too.
template <typename Result>
static llvm::Expected<Result>
runGuardedFor(llvm::StringRef sourceName,
              llvm::function_ref<llvm::Expected<Result>()> work) {
  std::optional<llvm::Expected<Result>> result;
  llvm::Error error = runCrashGuarded(
      (sourceName + ": error: the compiler").str(), [&]() -> llvm::Error {
        result.emplace(work());
        return llvm::Error::success();
      });
  if (!error)
    return std::move(*result);
  if (result)
    llvm::consumeError(result->takeError());
  return std::move(error);
}

struct KernelCompilation::Storage {
  explicit Storage(CompileRequest request)
      : request(std::move(request)), compilation(this->request) {}

  CompileRequest request;
  Compilation compilation;
  /// A step began and did not end: it crashed.
  bool isBroken = false;

  llvm::Error run(llvm::function_ref<llvm::Error(Compilation &)> step) {
    return runCrashGuarded(request.sourceName + ": error: the compiler",
                           [&]() -> llvm::Error {
                             isBroken = true;
                             llvm::Error error = step(compilation);
                             isBroken = false;
                             return error;
                           });
  }
};

KernelCompilation::KernelCompilation(CompileRequest request)
    : storage(std::make_unique<Storage>(std::move(request))) {}

KernelCompilation::~KernelCompilation() {
  // What crashed in the middle cannot be destroyed: it is leaked.
  if (storage->isBroken)
    (void)storage.release();
}

llvm::Error KernelCompilation::prepare() {
  return storage->run(
      [](Compilation &compilation) { return compilation.prepare(); });
}

llvm::Error KernelCompilation::assume(const KernelFacts &facts) {
  return storage->run(
      [&](Compilation &compilation) { return compilation.assume(facts); });
}

const CompileRequest &KernelCompilation::getRequest() const {
  return storage->request;
}

std::string KernelCompilation::getSource() const {
  return storage->compilation.print();
}

std::string KernelCompilation::getPipelineText() const {
  return storage->compilation.printPipeline();
}

std::string KernelCompilation::getKernelName() const {
  return storage->compilation.getKernel().getSymName().str();
}

std::string KernelCompilation::getInterface() const {
  return storage->compilation.printInterface();
}

llvm::Expected<CompiledKernel> KernelCompilation::finish() {
  Storage &used = *storage;
  return runGuardedFor<CompiledKernel>(used.request.sourceName, [&] {
    used.isBroken = true;
    auto result = finishUnguarded(used.compilation, used.request);
    used.isBroken = false;
    return result;
  });
}

llvm::Expected<CompiledKernel> compileKernel(const CompileRequest &request) {
  KernelCompilation compilation(request);
  if (llvm::Error error = compilation.prepare())
    return std::move(error);
  return compilation.finish();
}

llvm::Expected<EmulatedKernel>
compileForEmulator(const CompileRequest &request) {
  return runGuardedFor<EmulatedKernel>(
      request.sourceName, [&] { return compileForEmulatorUnguarded(request); });
}

llvm::Expected<std::string> specializeSource(const CompileRequest &request) {
  return runGuardedFor<std::string>(
      request.sourceName, [&]() -> llvm::Expected<std::string> {
        Compilation compilation(request);
        if (llvm::Error error = compilation.prepare())
          return std::move(error);
        return compilation.print();
      });
}

llvm::Expected<llvm::json::Object>
describeKernel(const CompileRequest &request) {
  return runGuardedFor<llvm::json::Object>(
      request.sourceName, [&]() -> llvm::Expected<llvm::json::Object> {
        Compilation compilation(request);
        if (llvm::Error error = compilation.prepare())
          return std::move(error);
        // Through text: the strings of the interface are the IR's.
        return std::move(
            *llvm::cantFail(llvm::json::parse(compilation.printInterface()))
                 .getAsObject());
      });
}

llvm::Expected<std::vector<std::string>>
listKernels(llvm::StringRef source, llvm::StringRef sourceName) {
  CompileRequest request;
  request.source = source.str();
  request.sourceName = sourceName.str();
  return runGuardedFor<std::vector<std::string>>(
      sourceName, [&]() -> llvm::Expected<std::vector<std::string>> {
        Compilation compilation(request);
        if (llvm::Error error = compilation.parse())
          return std::move(error);
        return compilation.listKernels();
      });
}

} // namespace tilewright
