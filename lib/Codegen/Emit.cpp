// Emit.cpp - instruction selection to code objects and to assembly.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Backend.h"
#include "Comgr.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Utils/Cloning.h"

namespace tilewright {

int64_t getExecutableBytes(llvm::StringRef object);

static llvm::Error runBackend(llvm::Module &module,
                              llvm::TargetMachine &machine,
                              llvm::CodeGenFileType type,
                              llvm::SmallVectorImpl<char> &result) {
  bool canEmit = true;
  llvm::Error error = runGuarded(module.getContext(), [&] {
    llvm::raw_svector_ostream os(result);
    llvm::legacy::PassManager passes;
    canEmit = !machine.addPassesToEmitFile(passes, os, nullptr, type,
                                           /*DisableVerify=*/true);
    if (canEmit)
      passes.run(module);
  });
  if (error)
    return error;
  if (!canEmit)
    return llvm::make_error<CodegenError>("the back end cannot emit a file");
  return llvm::Error::success();
}

static llvm::Expected<CodeObject> finishPtx(std::string ptx,
                                            const ChipInfo &chip,
                                            llvm::StringRef symbol,
                                            const EmitOptions &options) {
  CodeObject object{};
  object.kind = CodeObjectKind::Ptx;
  object.ptx = std::move(ptx);
  if (options.assemblePtx) {
    auto start = std::chrono::steady_clock::now();
    auto assembly = assemblePtx(object.ptx, chip, symbol, options.isCancelled);
    if (!assembly)
      return assembly.takeError();
    object.assemblerMs = elapsedMs(start);
    if (*assembly) {
      object.kind = CodeObjectKind::Cubin;
      object.bytes = std::move((*assembly)->cubin);
      object.assembler = (*assembly)->assembler;
      object.use = (*assembly)->use;
      object.use.codeBytes = getExecutableBytes(object.bytes);
      return object;
    }
  }
  object.bytes = object.ptx;
  return object;
}

llvm::Expected<CodeObject> emitObject(llvm::Module &module,
                                      const ChipInfo &chip,
                                      llvm::StringRef symbol,
                                      const EmitOptions &options) {
  bool isPtx = chip.backend == Backend::NVPTX;
  auto machine = getTargetMachine(chip, options.optLevel,
                                  isPtx ? getPtxVersion(module, chip) : 0);
  if (!machine)
    return machine.takeError();
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  if (chip.backend == Backend::Host)
    if (llvm::Error error = addMemoryFunctions(module))
      return std::move(error);

  bool usesComgr =
      chip.backend == Backend::AMDGPU && options.linker == Linker::Comgr;
  if (usesComgr)
    module.setModuleFlag(llvm::Module::Error, "amdhsa_code_object_version",
                         kComgrCodeObjectVersion);
  auto start = std::chrono::steady_clock::now();
  llvm::SmallString<0> bytes;
  if (llvm::Error error = runBackend(module, **machine,
                                     isPtx ? llvm::CodeGenFileType::AssemblyFile
                                           : llvm::CodeGenFileType::ObjectFile,
                                     bytes))
    return std::move(error);
  double backendMs = elapsedMs(start);
  if (isPtx) {
    auto object = finishPtx(bytes.str().str(), chip, symbol, options);
    if (object)
      object->backendMs = backendMs;
    return object;
  }

  CodeObject object{};
  object.kind = chip.backend == Backend::AMDGPU ? CodeObjectKind::Hsaco
                                                : CodeObjectKind::HostShared;
  object.backendMs = backendMs;
  start = std::chrono::steady_clock::now();
  auto linked =
      usesComgr ? linkWithComgr(bytes, chip) : linkObject(bytes, chip);
  if (!linked)
    return linked.takeError();
  object.assemblerMs = elapsedMs(start);
  object.bytes = std::move(*linked);
  if (chip.backend == Backend::AMDGPU) {
    auto use = readHsacoResources(object.bytes, symbol);
    if (!use)
      return use.takeError();
    object.use = *use;
  } else {
    object.use.codeBytes = getExecutableBytes(object.bytes);
  }
  return object;
}

llvm::Expected<std::string> emitAssembly(const llvm::Module &module,
                                         const ChipInfo &chip, int optLevel) {
  auto machine = getTargetMachine(
      chip, optLevel,
      chip.backend == Backend::NVPTX ? getPtxVersion(module, chip) : 0);
  if (!machine)
    return machine.takeError();
  std::unique_ptr<llvm::Module> copy = llvm::CloneModule(module);
  copy->setTargetTriple((*machine)->getTargetTriple());
  copy->setDataLayout((*machine)->createDataLayout());
  if (chip.backend == Backend::Host)
    if (llvm::Error error = addMemoryFunctions(*copy))
      return std::move(error);
  llvm::SmallString<0> text;
  if (llvm::Error error = runBackend(
          *copy, **machine, llvm::CodeGenFileType::AssemblyFile, text)) {
    // After a fatal error nothing of the copy may be touched.
    copy.release();
    return std::move(error);
  }
  return text.str().str();
}

} // namespace tilewright
