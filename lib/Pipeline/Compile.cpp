// Compile.cpp - from a block-level kernel to a code object, in one call.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Pipeline/Compile.h"

#include "Metadata.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/LLVMIR/ROCDLDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/ROCDL/ROCDLToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "tilewright/Conversion/TileToHost/TileToHost.h"
#include "tilewright/Conversion/TileToLanes/TileToLanes.h"
#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "tilewright/Dialect/Tile/Transforms/Passes.h"
#include "tilewright/Pipeline/Pipelines.h"
#include "tilewright/Support/CrashGuard.h"
#include "tilewright/Support/SourceText.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"
#include <chrono>

using namespace mlir;

namespace tilewright {
namespace {

double nowMs() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch())
      .count();
}

/// Runs a function and adds its time to `sum`.
template <typename Function> auto timed(double &sum, Function function) {
  double start = nowMs();
  auto result = function();
  sum += nowMs() - start;
  return result;
}

/// Passes `error` on. After the back end gave up in the middle, module and
/// context cannot be destroyed: they are leaked.
llvm::Error leakIfDied(llvm::Error error, std::unique_ptr<llvm::Module> &module,
                       std::unique_ptr<llvm::LLVMContext> &context) {
  return llvm::handleErrors(std::move(error),
                            [&](std::unique_ptr<CodegenError> failure) {
                              if (failure->backendDied) {
                                (void)module.release();
                                (void)context.release();
                              }
                              return llvm::Error(std::move(failure));
                            });
}

/// One compilation: its context, its diagnostics, its kernel.
class Compilation {
public:
  explicit Compilation(const CompileRequest &request) : request(request) {
    DialectRegistry registry;
    registry.insert<tile::TileDialect, arith::ArithDialect,
                    cf::ControlFlowDialect, func::FuncDialect,
                    LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                    NVVM::NVVMDialect, ROCDL::ROCDLDialect, scf::SCFDialect,
                    tensor::TensorDialect, vector::VectorDialect>();
    registerBuiltinDialectTranslation(registry);
    registerLLVMDialectTranslation(registry);
    registerNVVMDialectTranslation(registry);
    registerROCDLDialectTranslation(registry);
    context.appendDialectRegistry(registry);
    // A diagnostic has its location; the whole kernel behind it hides it.
    context.printOpOnDiagnostic(false);
    context.getDiagEngine().registerHandler(
        [this](Diagnostic &diagnostic) { collect(diagnostic); });
    // Passes are actions: those of a cancelled compilation are left out.
    if (request.isCancelled)
      context.registerActionHandler(
          [this](llvm::function_ref<void()> run, const tracing::Action &) {
            if (!isCancelled())
              run();
          });
  }

  bool isCancelled() const {
    return request.isCancelled && *request.isCancelled;
  }
  llvm::Error checkCancelled() const {
    if (isCancelled())
      return llvm::createStringError(request.sourceName +
                                     ": error: the compilation was cancelled");
    return llvm::Error::success();
  }

  /// Reads the source, keeps the one kernel that is asked for, and writes the
  /// facts into it.
  llvm::Error prepare();
  /// Writes more facts into it.
  llvm::Error assume(const KernelFacts &facts);
  /// Lowers to the llvm dialect.
  llvm::Error runPasses();
  /// Translates and optimises; the module lives in `llvmContext`.
  llvm::Error lower(std::unique_ptr<llvm::LLVMContext> &llvmContext,
                    std::unique_ptr<llvm::Module> &result);

  std::string print();
  std::string printPipeline();
  std::string printInterface();
  std::vector<std::string> listKernels();
  /// The metadata, once the kernel is lowered; `use` where it is known.
  std::string finishMetadata(const CodeObject *object);

  tile::KernelOp getKernel() { return kernel; }
  std::string remarks;
  StageTimes times;

private:
  void collect(Diagnostic &diagnostic);
  llvm::Error takeError(const Twine &fallback);
  llvm::Error parse();
  llvm::Error selectKernel();
  llvm::Error applyFacts(const KernelFacts &facts);
  llvm::Error applySchedule();

  const CompileRequest &request;
  MLIRContext context{MLIRContext::Threading::DISABLED};
  OwningOpRef<ModuleOp> module;
  tile::KernelOp kernel;
  std::string errors;
  llvm::json::Object metadata;

  friend llvm::Expected<std::vector<std::string>>
      tilewright::listKernels(llvm::StringRef, llvm::StringRef);
};

/// "file:line:column: ", or nothing for other locations.
std::string describeLocation(Location loc) {
  FileLineColLoc found;
  loc->walk([&](Location part) {
    found = dyn_cast<FileLineColLoc>(part);
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (!found)
    return "";
  return (found.getFilename().getValue() + ":" + Twine(found.getLine()) + ":" +
          Twine(found.getColumn()) + ": ")
      .str();
}

void Compilation::collect(Diagnostic &diagnostic) {
  bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
  std::string &target = isError ? errors : remarks;
  auto add = [&](Diagnostic &part, StringRef severity) {
    target += describeLocation(part.getLocation()) + severity.str() + ": " +
              part.str() + "\n";
  };
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    add(diagnostic, "error");
    break;
  case DiagnosticSeverity::Warning:
    add(diagnostic, "warning");
    break;
  default:
    add(diagnostic, "remark");
  }
  for (Diagnostic &note : diagnostic.getNotes())
    add(note, "note");
}

llvm::Error Compilation::takeError(const Twine &fallback) {
  std::string text = errors.empty() ? "error: " + fallback.str() : errors;
  errors.clear();
  return llvm::createStringError(StringRef(text).rtrim());
}

llvm::Error Compilation::parse() {
  if (llvm::Error error = checkSourceText(request.source, request.sourceName))
    return error;
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(
      llvm::MemoryBuffer::getMemBufferCopy(request.source, request.sourceName),
      llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return takeError("cannot parse '" + request.sourceName + "'");
  return llvm::Error::success();
}

std::vector<std::string> Compilation::listKernels() {
  std::vector<std::string> names;
  for (auto op : module->getOps<tile::KernelOp>())
    names.push_back(op.getSymName().str());
  return names;
}

llvm::Error Compilation::selectKernel() {
  std::vector<std::string> names = listKernels();
  std::string list = llvm::join(names, ", ");
  std::string name = request.kernel;
  if (names.empty())
    return llvm::createStringError(request.sourceName +
                                   ": error: expected a tile.kernel in the "
                                   "source, but got none");
  if (name.empty()) {
    if (names.size() > 1)
      return llvm::createStringError(request.sourceName +
                                     ": error: expected the name of one of "
                                     "the kernels " +
                                     list);
    name = names.front();
  }
  for (Operation &op :
       llvm::make_early_inc_range(module->getBody()->getOperations())) {
    auto candidate = dyn_cast<tile::KernelOp>(op);
    if (candidate && candidate.getSymName() == name)
      kernel = candidate;
    else if (candidate)
      op.erase();
  }
  if (!kernel)
    return llvm::createStringError(request.sourceName + ": error: no kernel '" +
                                   name + "'; it has " + list);
  return llvm::Error::success();
}

/// Facts as the options of tile-specialize take them.
SmallVector<std::string>
listFacts(const std::map<std::string, int64_t> &facts) {
  SmallVector<std::string> texts;
  for (const auto &[name, value] : facts)
    texts.push_back(name + "=" + std::to_string(value));
  return texts;
}

llvm::Error Compilation::applyFacts(const KernelFacts &facts) {
  if (!facts.dims.empty() || !facts.divisible.empty() || !facts.align.empty() ||
      !facts.atMost.empty() || !facts.strides.empty() ||
      !facts.strideDivisible.empty()) {
    tile::TileSpecializePassOptions options;
    options.kernel = kernel.getSymName().str();
    options.dims = listFacts(facts.dims);
    options.divisible = listFacts(facts.divisible);
    options.align = listFacts(facts.align);
    options.atMost = listFacts(facts.atMost);
    options.strides = listFacts(facts.strides);
    options.strideDivisible = listFacts(facts.strideDivisible);
    PassManager pm(&context);
    pm.addNestedPass<tile::KernelOp>(tile::createTileSpecializePass(options));
    if (failed(pm.run(*module)))
      return takeError("cannot specialise kernel '" + kernel.getSymName() +
                       "'");
  }
  return llvm::Error::success();
}

llvm::Error Compilation::applySchedule() {
  if (!request.schedule.empty()) {
    Attribute schedule = parseAttribute(request.schedule, &context);
    if (!isa_and_nonnull<tile::ScheduleAttr>(schedule))
      return takeError("expected the text of a #tile.schedule attribute, but "
                       "got '" +
                       request.schedule + "'");
    kernel->setAttr(tile::TileDialect::getScheduleAttrName(), schedule);
  }
  return llvm::Error::success();
}

llvm::Error Compilation::prepare() {
  return timed(times.parseMs, [&]() -> llvm::Error {
    if (llvm::Error error = parse())
      return error;
    if (llvm::Error error = selectKernel())
      return error;
    if (llvm::Error error = applySchedule())
      return error;
    return assume(request.facts);
  });
}

llvm::Error Compilation::assume(const KernelFacts &facts) {
  if (llvm::Error error = applyFacts(facts))
    return error;
  metadata = describeInterface(kernel);
  metadata["symbol"] = kernel.getSymName().str();
  if (!request.name.empty())
    metadata["kernel"] = request.name;
  return llvm::Error::success();
}

llvm::Error Compilation::runPasses() {
  std::string name = kernel.getSymName().str();
  PassManager pm(&context);
  buildPipeline(pm, *request.chip);
  bool failed =
      timed(times.passesMs, [&] { return mlir::failed(pm.run(*module)); });
  kernel = nullptr;
  if (llvm::Error error = checkCancelled())
    return error;
  if (failed)
    return takeError("cannot lower kernel '" + name + "' for '" +
                     request.chip->name + "'");
  return llvm::Error::success();
}

std::string Compilation::print() {
  std::string text;
  llvm::raw_string_ostream os(text);
  module->print(os);
  return text;
}

std::string Compilation::printPipeline() {
  std::string text;
  llvm::raw_string_ostream os(text);
  PassManager pm(&context);
  buildPipeline(pm, *request.chip);
  pm.printAsTextualPipeline(os);
  return text;
}

std::string Compilation::printInterface() {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << llvm::json::Value(llvm::json::Object(metadata));
  return text;
}

llvm::Error Compilation::lower(std::unique_ptr<llvm::LLVMContext> &llvmContext,
                               std::unique_ptr<llvm::Module> &result) {
  result = timed(times.translateMs, [&] {
    return translateModuleToLLVMIR(*module, *llvmContext, "kernel");
  });
  if (!result)
    return takeError("cannot translate the kernel to LLVM IR");
  llvm::Error error = setTarget(*result, *request.chip);
  if (!error)
    error = checkLegality(*result, *request.chip);
  if (!error)
    error = timed(times.optimizeMs, [&] {
      return optimizeModule(*result, *request.chip, request.optLevel,
                            request.isCancelled);
    });
  if (!error)
    error = checkCancelled();
  if (!error)
    error = checkLegality(*result, *request.chip);
  return leakIfDied(std::move(error), result, llvmContext);
}

std::string Compilation::finishMetadata(const CodeObject *object) {
  namespace json = llvm::json;
  metadata["variant"] = request.variant;
  metadata["chip"] = request.chip->name;
  LLVM::LLVMFuncOp function;
  for (auto op : module->getOps<LLVM::LLVMFuncOp>())
    if (!op.isExternal() && op.getSymName() == *metadata.getString("symbol"))
      function = op;
  // The number in a pair of strings of the function's LLVM attributes.
  auto getFnAttr = [&](StringRef name) {
    int64_t number = 0;
    if (ArrayAttr list = function ? function.getPassthroughAttr() : ArrayAttr())
      for (auto pair : list.getAsRange<ArrayAttr>())
        if (pair.size() == 2 && cast<StringAttr>(pair[0]) == name)
          cast<StringAttr>(pair[1]).getValue().getAsInteger(10, number);
    return number;
  };
  if (request.chip->isGpu()) {
    metadata["workgroup"] = json::Array{getFnAttr(kThreadsFnAttr), 1, 1};
    metadata["wave_size"] = request.chip->waveSize;
    metadata["shared_bytes"] = getFnAttr(kSharedBytesFnAttr);
  } else if (auto bytes =
                 function->getAttrOfType<IntegerAttr>(kScratchBytesAttrName)) {
    metadata["scratch_bytes"] = bytes.getInt();
  }
  if (object) {
    json::Object registers;
    auto add = [&](StringRef name, std::optional<int64_t> number) {
      if (number)
        registers[name] = *number;
    };
    add("vgpr", object->use.vgprs);
    add("agpr", object->use.agprs);
    add("sgpr", object->use.sgprs);
    add("spills", object->use.spills);
    if (!registers.empty())
      metadata["registers"] = std::move(registers);
    metadata["private_bytes"] = object->use.privateBytes;
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  os << json::Value(json::Object(metadata));
  return text;
}

} // namespace

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
