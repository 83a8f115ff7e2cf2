// Ptx.cpp - PTX versions, and PTX to cubin by ptxas or nvJitLink.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Backend.h"
#include "TemporaryFile.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Program.h"
#include <cerrno>
#include <chrono>
#include <csignal>
#include <dlfcn.h>
#include <sys/wait.h>
#include <thread>

namespace tilewright {

//===----------------------------------------------------------------------===//
// PTX versions
//===----------------------------------------------------------------------===//

namespace {
struct PtxFeature {
  llvm::StringRef part; ///< of the name of an intrinsic, or of inline PTX
  int version;
};
} // namespace

// PTX ISA 9.0, section "Release Notes" and the notes of each instruction.
static const PtxFeature ptxFeatures[] = {
    {"llvm.nvvm.mma.m16n8k16.row.col.f32.e4m3", 84},
    {"llvm.nvvm.mma.m16n8k32.row.col.e4m3", 84},
    {"llvm.nvvm.mma.m16n8k32.row.col.e5m2", 84},
    {"llvm.nvvm.mma.m16n8k32.row.col.f32.e", 84},
    {"llvm.nvvm.ff.to.e4m3x2", 81},
    {"llvm.nvvm.ff.to.e5m2x2", 81},
    {"llvm.nvvm.f16x2.to.e", 81},
    {"llvm.nvvm.e4m3x2.to", 81},
    {"llvm.nvvm.e5m2x2.to", 81},
    {"llvm.nvvm.elect.sync", 80},
    {"llvm.nvvm.stmatrix", 78},
    {"e4m3x2", 81},
    {"e5m2x2", 81},
    {".e4m3.", 84},
    {".e5m2.", 84},
};

/// The release that first knew an architecture.
static int getChipPtxVersion(llvm::StringRef cpu) {
  int sm = 0;
  cpu.drop_while([](char c) { return !isdigit(c); }).consumeInteger(10, sm);
  if (sm >= 120)
    return 87;
  if (sm >= 100)
    return 86;
  if (sm >= 90)
    return 80;
  if (sm >= 89)
    return 78;
  if (sm >= 86)
    return 71;
  return 70;
}

int getLowestPtxVersion(const ChipInfo &chip) {
  return getChipPtxVersion(chip.cpu);
}

int getPtxVersion(const llvm::Module &module, const ChipInfo &chip) {
  int version = getLowestPtxVersion(chip);
  auto need = [&](llvm::StringRef text) {
    for (const PtxFeature &feature : ptxFeatures)
      if (text.contains(feature.part))
        version = std::max(version, feature.version);
  };
  for (const llvm::Function &function : module) {
    if (function.isDeclaration()) {
      if (function.isIntrinsic() && !function.use_empty())
        need(function.getName());
      continue;
    }
    for (const llvm::Instruction &inst : llvm::instructions(function)) {
      if (const auto *call = llvm::dyn_cast<llvm::CallBase>(&inst))
        if (const auto *text =
                llvm::dyn_cast<llvm::InlineAsm>(call->getCalledOperand()))
          need(text->getAsmString());
      if (llvm::isa<llvm::AllocaInst>(inst) &&
          !llvm::cast<llvm::AllocaInst>(inst).isStaticAlloca())
        version = std::max(version, 73);
    }
  }
  return version;
}

//===----------------------------------------------------------------------===//
// What the assemblers print
//===----------------------------------------------------------------------===//

/// The integer before `after` in `text`, as in "8 registers".
static std::optional<int64_t> findCount(llvm::StringRef text,
                                        llvm::StringRef after) {
  size_t at = text.find(after);
  if (at == llvm::StringRef::npos)
    return std::nullopt;
  llvm::StringRef head = text.take_front(at).rtrim();
  size_t start = head.find_last_not_of("0123456789");
  llvm::StringRef digits =
      head.substr(start == llvm::StringRef::npos ? 0 : start + 1);
  int64_t value;
  if (digits.getAsInteger(10, value))
    return std::nullopt;
  return value;
}

/// Reads "ptxas -v": the part about entry function `symbol`.
static ResourceUse parseAssemblerInfo(llvm::StringRef text,
                                      llvm::StringRef symbol) {
  size_t start = text.find("entry function '" + symbol.str() + "'");
  if (start != llvm::StringRef::npos) {
    text = text.substr(start);
    text = text.substr(0, text.find("entry function '", 16));
  }
  ResourceUse use;
  use.vgprs = findCount(text, " registers");
  use.spills = findCount(text, " bytes spill stores");
  use.privateBytes = findCount(text, " bytes stack frame").value_or(0);
  use.sharedBytes = findCount(text, " bytes smem").value_or(0);
  return use;
}

static std::string firstErrorLine(llvm::StringRef text) {
  llvm::SmallVector<llvm::StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef line : lines)
    if (line.contains("error") || line.contains("fatal"))
      return line.trim().str();
  return text.trim().str();
}

//===----------------------------------------------------------------------===//
// ptxas
//===----------------------------------------------------------------------===//

/// Runs a program as llvm::sys::ExecuteAndWait does, which with a time limit
/// would set the process's alarm and its handler. A program that takes longer
/// than two minutes, or is not wanted any more, is killed.
static int runProgram(llvm::ArrayRef<llvm::StringRef> arguments,
                      llvm::ArrayRef<std::optional<llvm::StringRef>> redirects,
                      const std::atomic<bool> *isCancelled,
                      std::string &reason) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + std::chrono::minutes(2);
  bool isFailed = false;
  llvm::sys::ProcessInfo process =
      llvm::sys::ExecuteNoWait(arguments[0], arguments, std::nullopt, redirects,
                               /*MemoryLimit=*/0, &reason, &isFailed);
  if (isFailed || process.Pid <= 0)
    return -1;
  int state = 0;
  bool isKilled = false;
  for (auto pause = std::chrono::microseconds(500);;) {
    pid_t ended = waitpid(process.Pid, &state, isKilled ? 0 : WNOHANG);
    if (ended == process.Pid)
      break;
    if (ended < 0 && errno != EINTR) {
      reason = "its end was not seen, as where this program ignores SIGCHLD";
      return -1;
    }
    bool isLate = Clock::now() >= end;
    if (isLate || (isCancelled && *isCancelled)) {
      reason = isLate ? "it took longer than 120 seconds" : "it was cancelled";
      kill(process.Pid, SIGKILL);
      isKilled = true;
      continue;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(10000));
  }
  if (WIFEXITED(state))
    return WEXITSTATUS(state);
  if (!isKilled)
    reason = "signal " + std::to_string(WTERMSIG(state)) + " ended it";
  return -2;
}

static llvm::Expected<PtxAssembly>
runPtxas(llvm::StringRef program, llvm::StringRef ptx, const ChipInfo &chip,
         llvm::StringRef symbol, const std::atomic<bool> *isCancelled) {
  std::string folder = getTemporaryFolder();
  TemporaryFile input(folder), output(folder), messages(folder);
  if (llvm::Error error = input.create("ptx", ptx))
    return std::move(error);
  if (llvm::Error error = output.create("cubin"))
    return std::move(error);
  if (llvm::Error error = messages.create("log"))
    return std::move(error);

  std::string arch = "-arch=" + chip.cpu.str();
  llvm::StringRef arguments[] = {program,         "-v", arch,
                                 input.getPath(), "-o", output.getPath()};
  std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(""), messages.getPath(), messages.getPath()};
  std::string reason;
  int code = runProgram(arguments, redirects, isCancelled, reason);
  auto log = messages.read();
  if (!log)
    return log.takeError();
  if (code != 0) {
    auto error = std::make_unique<CodegenError>(
        "ptxas refused the PTX of '" + symbol.str() + "' for '" +
        chip.name.str() + "': " +
        (!log->empty()     ? firstErrorLine(*log)
         : !reason.empty() ? reason
                           : "it ended with exit code " + std::to_string(code) +
                                 " and said nothing"));
    // It was not started, or could write neither its output nor what it says.
    error->isSystemFailure =
        code == -1 ||
        (code > 0 &&
         (log->empty() || llvm::StringRef(*log).contains(output.getPath())));
    return llvm::Error(std::move(error));
  }
  auto cubin = output.read();
  if (!cubin)
    return cubin.takeError();
  return PtxAssembly{std::move(*cubin), "ptxas",
                     parseAssemblerInfo(*log, symbol)};
}

//===----------------------------------------------------------------------===//
// nvJitLink
//===----------------------------------------------------------------------===//

namespace {
using LinkHandle = void *;
/// The functions of libnvJitLink that we use; NVIDIA's nvJitLink.h, 12 and 13.
struct JitLinkLibrary {
  int (*create)(LinkHandle *, uint32_t, const char **) = nullptr;
  int (*destroy)(LinkHandle *) = nullptr;
  int (*addData)(LinkHandle, int, const void *, size_t, const char *) = nullptr;
  int (*complete)(LinkHandle) = nullptr;
  int (*getCubinSize)(LinkHandle, size_t *) = nullptr;
  int (*getCubin)(LinkHandle, void *) = nullptr;
  int (*getErrorSize)(LinkHandle, size_t *) = nullptr;
  int (*getError)(LinkHandle, char *) = nullptr;
  int (*getInfoSize)(LinkHandle, size_t *) = nullptr;
  int (*getInfo)(LinkHandle, char *) = nullptr;
  bool isUsable = false;
};
} // namespace

static JitLinkLibrary loadJitLink() {
  JitLinkLibrary library;
  void *handle = nullptr;
  for (const char *name : {"libnvJitLink.so.13", "libnvJitLink.so.12"})
    if ((handle = dlopen(name, RTLD_NOW | RTLD_LOCAL)))
      break;
  if (!handle)
    return library;
  auto load = [&](auto &function, const char *name) {
    function =
        reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(handle, name));
    return function != nullptr;
  };
  library.isUsable =
      load(library.create, "nvJitLinkCreate") &&
      load(library.destroy, "nvJitLinkDestroy") &&
      load(library.addData, "nvJitLinkAddData") &&
      load(library.complete, "nvJitLinkComplete") &&
      load(library.getCubinSize, "nvJitLinkGetLinkedCubinSize") &&
      load(library.getCubin, "nvJitLinkGetLinkedCubin") &&
      load(library.getErrorSize, "nvJitLinkGetErrorLogSize") &&
      load(library.getError, "nvJitLinkGetErrorLog") &&
      load(library.getInfoSize, "nvJitLinkGetInfoLogSize") &&
      load(library.getInfo, "nvJitLinkGetInfoLog");
  return library;
}

static std::string readLog(LinkHandle link,
                           int (*getSize)(LinkHandle, size_t *),
                           int (*get)(LinkHandle, char *)) {
  size_t size = 0;
  if (getSize(link, &size) != 0 || size == 0)
    return "";
  std::string text(size + 1, '\0');
  if (get(link, text.data()) != 0)
    return "";
  return text.c_str();
}

static llvm::Expected<PtxAssembly> runJitLink(const JitLinkLibrary &library,
                                              llvm::StringRef ptx,
                                              const ChipInfo &chip,
                                              llvm::StringRef symbol) {
  constexpr int inputPtx = 2; // NVJITLINK_INPUT_PTX
  std::string arch = "-arch=" + chip.cpu.str();
  const char *options[] = {arch.c_str(), "-verbose"};
  LinkHandle link = nullptr;
  if (int code = library.create(&link, 2, options))
    return llvm::make_error<CodegenError>("nvJitLinkCreate returned " +
                                          std::to_string(code) + " for '" +
                                          chip.name.str() + "'");
  std::string text = ptx.str();
  int code = library.addData(link, inputPtx, text.c_str(), text.size() + 1,
                             "kernel.ptx");
  if (code == 0)
    code = library.complete(link);
  size_t size = 0;
  if (code == 0)
    code = library.getCubinSize(link, &size);
  std::string cubin(size, '\0');
  if (code == 0)
    code = library.getCubin(link, cubin.data());
  std::string log = code ? readLog(link, library.getErrorSize, library.getError)
                         : readLog(link, library.getInfoSize, library.getInfo);
  library.destroy(&link);
  if (code)
    return llvm::make_error<CodegenError>(
        "nvJitLink refused the PTX of '" + symbol.str() + "' for '" +
        chip.name.str() + "': " + firstErrorLine(log));
  return PtxAssembly{std::move(cubin), "nvJitLink",
                     parseAssemblerInfo(log, symbol)};
}

llvm::Expected<std::optional<PtxAssembly>>
assemblePtx(llvm::StringRef ptx, const ChipInfo &chip, llvm::StringRef symbol,
            const std::atomic<bool> *isCancelled) {
  auto wrap = [](llvm::Expected<PtxAssembly> result)
      -> llvm::Expected<std::optional<PtxAssembly>> {
    if (!result)
      return result.takeError();
    return std::optional<PtxAssembly>(std::move(*result));
  };
  if (auto program = llvm::sys::findProgramByName("ptxas"))
    return wrap(runPtxas(*program, ptx, chip, symbol, isCancelled));
  static const JitLinkLibrary library = loadJitLink();
  if (library.isUsable)
    return wrap(runJitLink(library, ptx, chip, symbol));
  return std::optional<PtxAssembly>();
}

} // namespace tilewright
