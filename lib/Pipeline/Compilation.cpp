// Compilation.cpp - one compilation, step by step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Compilation.h"

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

namespace tilewright {

Compilation::Compilation(const CompileRequest &request) : request(request) {
  DialectRegistry registry;
  registry
      .insert<tile::TileDialect, arith::ArithDialect, cf::ControlFlowDialect,
              func::FuncDialect, LLVM::LLVMDialect, math::MathDialect,
              memref::MemRefDialect, NVVM::NVVMDialect, ROCDL::ROCDLDialect,
              scf::SCFDialect, tensor::TensorDialect, vector::VectorDialect>();
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

/// "file:line:column: ", or nothing for other locations.
static std::string describeLocation(Location loc) {
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
    if (!isa_and_nonnull<tile::ScheduleAttr>(schedule)) {
      // The parser takes the text itself for the name of its file.
      StringRef where = errors;
      if (where.consume_front(request.schedule))
        errors = ("schedule" + where).str();
      errors = request.sourceName + ": error: kernel '" +
               kernel.getSymName().str() +
               "': expected the text of a #tile.schedule attribute as its "
               "schedule, but got '" +
               request.schedule + "'\n" + errors;
      return takeError("");
    }
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

} // namespace tilewright
