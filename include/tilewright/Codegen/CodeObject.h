// CodeObject.h - from an LLVM module of kernels to a code object.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of a compilation is
//
//   optimizeModule -> checkLegality -> emitObject -> writeContainer
//
// All functions are safe from any thread, as long as each llvm::Module (and
// its LLVMContext) is used by one thread at a time. Only the link of AMDGPU
// and host images holds a lock: lld is not reentrant.
//
// LLVM ends the process on what it cannot select. checkLegality finds the
// cases that we know; for the rest a fatal-error handler, installed at the
// first call, turns the end of the process into a CodegenError with
// `backendDied` set. The module and its context are then in an unknown state:
// never use or destroy them, leak them.
//
#ifndef TILEWRIGHT_CODEGEN_CODEOBJECT_H
#define TILEWRIGHT_CODEGEN_CODEOBJECT_H

#include "tilewright/Target/ChipInfo.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <atomic>
#include <optional>
#include <string>

namespace llvm {
class Instruction;
class Module;
} // namespace llvm

namespace tilewright {

/// What code generation reports: a message, and the source location of the
/// instruction at fault where it has one (`line` is 0 otherwise).
class CodegenError : public llvm::ErrorInfo<CodegenError> {
public:
  static char ID;
  std::string message;
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  /// The back end gave up in the middle: leak the module and its context.
  bool backendDied = false;
  /// The machine is at fault, such as a full disk, and not what is compiled: it
  /// may work later.
  bool isSystemFailure = false;

  explicit CodegenError(std::string message, bool backendDied = false)
      : message(std::move(message)), backendDied(backendDied) {}
  /// Takes the location of `inst` from its debug location.
  CodegenError(std::string message, const llvm::Instruction &inst);

  /// "file:line:column: message", or the message alone.
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override {
    return llvm::inconvertibleErrorCode();
  }
};

enum class CodeObjectKind {
  Hsaco,     ///< AMDGPU ELF shared object, as the ROCm loader takes it
  Cubin,     ///< NVIDIA ELF for one sm_*
  Ptx,       ///< PTX text, assembled by the driver
  HostShared ///< ELF shared object for the CPU, without imports
};

/// "hsaco", "cubin", "ptx" or "host".
llvm::StringRef getCodeObjectKindName(CodeObjectKind kind);

/// Registers per lane and memory per lane, as the code object or the
/// assembler says; absent where the target has no such class or no tool told.
struct ResourceUse {
  std::optional<int64_t> vgprs;  ///< AMD: vector registers; NVIDIA: registers
  std::optional<int64_t> agprs;  ///< AMD: accumulation registers
  std::optional<int64_t> sgprs;  ///< AMD: scalar registers
  std::optional<int64_t> spills; ///< AMD: spilled registers; NVIDIA: bytes
  int64_t sharedBytes = 0;       ///< static shared memory per workgroup
  int64_t privateBytes = 0;      ///< private memory per lane (stack frame)
  int64_t codeBytes = 0;         ///< bytes of machine code
};

struct CodeObject {
  CodeObjectKind kind;
  std::string bytes;
  /// NVPTX: the PTX text, which is kept beside a cubin.
  std::string ptx;
  /// Use of the kernel `symbol` that was asked for.
  ResourceUse use;
  /// NVPTX: what assembled the cubin ("ptxas", "nvJitLink"), or empty.
  std::string assembler;
  double backendMs = 0;   ///< instruction selection to object or PTX
  double assemblerMs = 0; ///< lld, ptxas or nvJitLink
};

/// What makes a code object of AMD's relocatable object.
enum class Linker {
  Lld,  ///< in this process
  Comgr ///< ROCm's libamd_comgr, loaded: for chips that are newer than our LLVM
};

struct EmitOptions {
  /// Optimisation level of the back end, in [0, 3].
  int optLevel = 3;
  /// NVPTX: assemble to a cubin where ptxas or nvJitLink is found.
  bool assemblePtx = true;
  /// AMDGPU alone.
  Linker linker = Linker::Lld;
  /// Ends ptxas once it is set.
  const std::atomic<bool> *isCancelled = nullptr;
};

/// Sets triple, data layout and the kernels' target attributes. The other
/// functions do it too; the emulator needs the module before.
llvm::Error setTarget(llvm::Module &module, const ChipInfo &chip);

/// Runs LLVM's pipeline of level `optLevel` with the target known: triple,
/// data layout and TargetMachine are set before any pass runs. Once
/// `isCancelled` is set no pass begins any more; the module is then of no use.
llvm::Error optimizeModule(llvm::Module &module, const ChipInfo &chip,
                           int optLevel = 3,
                           const std::atomic<bool> *isCancelled = nullptr);

/// Looks for what `chip` cannot run (intrinsics, atomics, types, calls of
/// functions without a body) and reports the first of it, with its location.
/// Runs before and after optimizeModule alike.
llvm::Error checkLegality(const llvm::Module &module, const ChipInfo &chip);

/// Generates code; the module is used up. Debug information must have been
/// stripped (stripDebugInfo) where the bytes should not depend on paths.
/// `symbol` names the kernel whose resources are reported.
llvm::Expected<CodeObject> emitObject(llvm::Module &module,
                                      const ChipInfo &chip,
                                      llvm::StringRef symbol,
                                      const EmitOptions &options = {});

/// The assembly text (PTX for NVPTX); leaves the module as it is.
llvm::Expected<std::string> emitAssembly(const llvm::Module &module,
                                         const ChipInfo &chip,
                                         int optLevel = 3);

/// Drops debug information, which names files and folders.
void stripDebugInfo(llvm::Module &module);

/// Links one relocatable ELF object for `chip` (AMDGPU or host) to a shared
/// object with the in-process lld. Undefined symbols are errors. It goes
/// through files in memory, or where there is no room for such, in the system's
/// folder for temporary files.
llvm::Expected<std::string> linkObject(llvm::StringRef object,
                                       const ChipInfo &chip);

/// The cubin of PTX text, by ptxas if it is on the PATH, else by nvJitLink if
/// its library can be loaded; an empty result if there is neither.
struct PtxAssembly {
  std::string cubin;
  std::string assembler;
  ResourceUse use;
};
llvm::Expected<std::optional<PtxAssembly>>
assemblePtx(llvm::StringRef ptx, const ChipInfo &chip, llvm::StringRef symbol,
            const std::atomic<bool> *isCancelled = nullptr);

/// Reads the metadata note of an AMDGPU code object.
llvm::Expected<ResourceUse> readHsacoResources(llvm::StringRef object,
                                               llvm::StringRef symbol);

} // namespace tilewright

#endif // TILEWRIGHT_CODEGEN_CODEOBJECT_H
