// Backend.cpp - target machines, and errors of LLVM caught as values.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Backend.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/Instruction.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include <csetjmp>
#include <map>
#include <mutex>
#include <tuple>

// Declared here one by one: TargetSelect.h would start every target.
extern "C" {
#define TILEWRIGHT_DECLARE_TARGET(NAME)                                        \
  void LLVMInitialize##NAME##TargetInfo();                                     \
  void LLVMInitialize##NAME##Target();                                         \
  void LLVMInitialize##NAME##TargetMC();                                       \
  void LLVMInitialize##NAME##AsmPrinter();
TILEWRIGHT_DECLARE_TARGET(AMDGPU)
TILEWRIGHT_DECLARE_TARGET(NVPTX)
TILEWRIGHT_DECLARE_TARGET(X86)
#undef TILEWRIGHT_DECLARE_TARGET
void LLVMInitializeAMDGPUAsmParser();
void LLVMInitializeX86AsmParser();
}

namespace tilewright {

//===----------------------------------------------------------------------===//
// CodegenError
//===----------------------------------------------------------------------===//

char CodegenError::ID;

CodegenError::CodegenError(std::string text, const llvm::Instruction &inst)
    : message(std::move(text)) {
  const llvm::DebugLoc &loc = inst.getDebugLoc();
  if (!loc || !loc.getLine())
    return;
  file = loc->getFilename().str();
  line = loc.getLine();
  column = loc.getCol();
}

void CodegenError::log(llvm::raw_ostream &os) const {
  if (line)
    os << file << ':' << line << ':' << column << ": ";
  os << message;
}

llvm::StringRef getCodeObjectKindName(CodeObjectKind kind) {
  switch (kind) {
  case CodeObjectKind::Hsaco:
    return "hsaco";
  case CodeObjectKind::Cubin:
    return "cubin";
  case CodeObjectKind::Ptx:
    return "ptx";
  case CodeObjectKind::HostShared:
    return "host";
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Fatal errors
//===----------------------------------------------------------------------===//

namespace {
/// Where a fatal error of this thread goes; null outside runGuarded.
struct Rescue {
  std::jmp_buf target;
  std::string message;
};
thread_local Rescue *currentRescue = nullptr;

void onFatalError(void *, const char *reason, bool) {
  Rescue *rescue = currentRescue;
  if (!rescue)
    return; // not ours: LLVM prints and ends the process as it always does
  rescue->message = reason;
  currentRescue = nullptr;
  // Skips destructors of LLVM's frames: they leak, which is why the caller
  // must leak the module too. The alternative is the end of the process.
  std::longjmp(rescue->target, 1);
}

/// Keeps the first error; drops remarks and warnings.
class CollectErrors : public llvm::DiagnosticHandler {
public:
  explicit CollectErrors(std::unique_ptr<CodegenError> &first) : first(first) {}

  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() != llvm::DS_Error || first)
      return true;
    std::string text;
    llvm::raw_string_ostream os(text);
    llvm::DiagnosticPrinterRawOStream printer(os);
    info.print(printer);
    first = std::make_unique<CodegenError>(llvm::StringRef(text).trim().str());
    return true;
  }
  bool isAnyRemarkEnabled() const override { return false; }

private:
  std::unique_ptr<CodegenError> &first;
};

/// setjmp must sit in a frame that outlives `body` and owns nothing.
bool runRescued(Rescue &rescue, llvm::function_ref<void()> body) {
  Rescue *outer = currentRescue;
  currentRescue = &rescue;
  if (setjmp(rescue.target) != 0) {
    currentRescue = outer;
    return false;
  }
  body();
  currentRescue = outer;
  return true;
}
} // namespace

/// Chip, optimisation level, PTX version.
using MachineKey = std::tuple<std::string, int, int>;
static constexpr size_t maxMachines = 16;
static thread_local std::map<MachineKey, std::unique_ptr<llvm::TargetMachine>>
    machines;

/// After a fatal error frames that used them were skipped: leaks them.
static void leakMachines() {
  for (auto &entry : machines)
    (void)entry.second.release();
  machines.clear();
}

static void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTarget();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUAsmPrinter();
    LLVMInitializeAMDGPUAsmParser();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser();
    llvm::install_fatal_error_handler(onFatalError, nullptr);
  });
}

llvm::Error runGuarded(llvm::LLVMContext &context,
                       llvm::function_ref<void()> body) {
  initializeTargets();
  std::unique_ptr<CodegenError> first;
  std::unique_ptr<llvm::DiagnosticHandler> previous =
      context.getDiagnosticHandler();
  context.setDiagnosticHandler(std::make_unique<CollectErrors>(first));
  // On the heap: the jump back must find it whatever the compiler kept in
  // registers.
  auto rescue = std::make_unique<Rescue>();
  bool finished = runRescued(*rescue, body);
  context.setDiagnosticHandler(std::move(previous));
  if (!finished) {
    leakMachines();
    return llvm::make_error<CodegenError>(
        "the back end gave up: " + rescue->message, /*backendDied=*/true);
  }
  if (first)
    return llvm::Error(std::move(first));
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Target machines
//===----------------------------------------------------------------------===//

/// `features` with the PTX version replaced by `version`.
static std::string withPtxVersion(llvm::StringRef features, int version) {
  llvm::SmallVector<llvm::StringRef> parts;
  features.split(parts, ',', -1, /*KeepEmpty=*/false);
  std::string result = "+ptx" + std::to_string(version);
  for (llvm::StringRef part : parts)
    if (!part.starts_with("+ptx"))
      result += "," + part.str();
  return result;
}

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const ChipInfo &chip, int optLevel, int ptxVersion) {
  initializeTargets();
  llvm::Triple triple(chip.triple);
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::make_error<CodegenError>("no back end for '" + triple.str() +
                                          "': " + error);
  std::string features(chip.features);
  if (chip.backend == Backend::NVPTX)
    features = withPtxVersion(
        chip.features, ptxVersion ? ptxVersion : getLowestPtxVersion(chip));
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  auto level = llvm::CodeGenOpt::getLevel(optLevel);
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, chip.cpu, features, options, llvm::Reloc::PIC_, std::nullopt,
      level.value_or(llvm::CodeGenOptLevel::Aggressive)));
}

llvm::Expected<llvm::TargetMachine *>
getTargetMachine(const ChipInfo &chip, int optLevel, int ptxVersion) {
  MachineKey key{chip.name.str(), optLevel, ptxVersion};
  auto it = machines.find(key);
  if (it != machines.end())
    return it->second.get();
  auto machine = createTargetMachine(chip, optLevel, ptxVersion);
  if (!machine)
    return machine.takeError();
  // A thread that sees many chips keeps the last few.
  if (machines.size() >= maxMachines)
    machines.clear();
  return (machines[key] = std::move(*machine)).get();
}

llvm::Error setTarget(llvm::Module &module, const ChipInfo &chip) {
  auto machine = getTargetMachine(chip, 3);
  if (!machine)
    return machine.takeError();
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  return llvm::Error::success();
}

} // namespace tilewright
