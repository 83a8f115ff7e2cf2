// Compile.h - from a block-level kernel to a code object, in one call.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `compileKernel` is what tile-compile, tile-run and embedders call. Each call
// has an MLIR and an LLVM context of its own, so calls may run in parallel.
//
#ifndef TILEWRIGHT_PIPELINE_COMPILE_H
#define TILEWRIGHT_PIPELINE_COMPILE_H

#include "tilewright/Codegen/CodeObject.h"
#include "tilewright/Target/ChipInfo.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace tilewright {

/// Facts that a launch guarantees, by the names in the kernel's arguments.
struct KernelFacts {
  /// Sizes that become static.
  std::map<std::string, int64_t> dims;
  /// Divisors of named sizes and of integer scalars.
  std::map<std::string, int64_t> divisible;
  /// Alignment of memrefs, in bytes.
  std::map<std::string, int64_t> align;
  /// Bounds of named sizes.
  std::map<std::string, int64_t> atMost;
  /// Strides that become static and divisors of strides, in elements, by
  /// argument and dimension: "A.1".
  std::map<std::string, int64_t> strides, strideDivisible;
};

/// One kernel to compile.
struct CompileRequest {
  /// MLIR text; kernels other than `kernel` are ignored.
  std::string source;
  /// What diagnostics call the text.
  std::string sourceName;
  /// Symbol of the tile.kernel; may be empty where there is only one.
  std::string kernel;
  /// What the metadata calls the kernel; its symbol if empty.
  std::string name;
  /// Names the variant in the metadata.
  std::string variant = "default";
  KernelFacts facts;
  const ChipInfo *chip = nullptr;
  /// LLVM's optimisation level, in [0, 3].
  int optLevel = 3;
  /// Text of a #tile.schedule attribute that overrides the compiler's choice;
  /// empty for none.
  std::string schedule;
  /// Texts to keep beside the code object.
  bool keepMlir = false, keepLlvm = false, keepAssembly = false;
  /// NVPTX: assemble to a cubin where ptxas or nvJitLink is found.
  bool assemblePtx = true;
  /// AMDGPU alone.
  Linker linker = Linker::Lld;
  /// Once it is set, from any thread, the compilation ends with an error soon:
  /// no pass begins any more. Null: nobody sets it.
  const std::atomic<bool> *isCancelled = nullptr;
};

/// Wall-clock time of the stages of one compilation, in milliseconds.
struct StageTimes {
  double parseMs = 0;     ///< text to IR, facts
  double passesMs = 0;    ///< MLIR passes
  double translateMs = 0; ///< llvm dialect to LLVM IR
  double optimizeMs = 0;  ///< LLVM's optimiser
  double backendMs = 0;   ///< instruction selection to object or PTX
  double assembleMs = 0;  ///< lld, ptxas, nvJitLink
  double totalMs = 0;
};

struct CompiledKernel {
  std::string kernel, variant, chip, triple;
  CodeObject object;
  /// JSON; docs/Container.md describes it.
  std::string metadata;
  /// The block-level kernel with the facts written in: what the emulator
  /// compiles again for a chip.
  std::string source;
  /// Texts that were asked for: the IR after the last MLIR pass on tiles, the
  /// optimised LLVM IR, the assembly.
  std::string mlir, llvmIr, assembly;
  /// Warnings and remarks, one a line.
  std::string remarks;
  StageTimes times;
};

/// A compilation in two steps: what is compiled is known after the first.
class KernelCompilation {
public:
  explicit KernelCompilation(CompileRequest request);
  ~KernelCompilation();
  KernelCompilation(const KernelCompilation &) = delete;
  KernelCompilation &operator=(const KernelCompilation &) = delete;

  /// Reads the kernel and writes the request's facts into it.
  llvm::Error prepare();
  /// Writes more facts into it, once it is prepared.
  llvm::Error assume(const KernelFacts &facts);
  /// What they made, as MLIR text without locations, and the text of the
  /// pass pipeline for the chip: with the options of the request all that the
  /// code depends on.
  std::string getSource() const;
  std::string getPipelineText() const;
  const CompileRequest &getRequest() const;
  /// The kernel's symbol.
  std::string getKernelName() const;
  /// The kernel's arguments and grid, as the metadata has them.
  std::string getInterface() const;
  /// Compiles; once.
  llvm::Expected<CompiledKernel> finish();

private:
  struct Storage;
  std::unique_ptr<Storage> storage;
};

/// Compiles one kernel. The error's text is one line per diagnostic, each with
/// its location.
llvm::Expected<CompiledKernel> compileKernel(const CompileRequest &request);

/// A kernel as it goes to the back end, for the emulator.
struct EmulatedKernel {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::string metadata;
  StageTimes times;

  EmulatedKernel();
  EmulatedKernel(EmulatedKernel &&);
  ~EmulatedKernel();
};

/// As compileKernel, up to the optimised LLVM IR. GPU chips only.
llvm::Expected<EmulatedKernel>
compileForEmulator(const CompileRequest &request);

/// The kernel with its facts written in, as MLIR text, without compiling it.
llvm::Expected<std::string> specializeSource(const CompileRequest &request);

/// The part of the metadata that the kernel and its facts decide, whatever the
/// chip: `version`, `kernel`, `symbol`, `abi` and `grid`. Compiles nothing;
/// `chip` may be null.
llvm::Expected<llvm::json::Object>
describeKernel(const CompileRequest &request);

/// Symbols of the kernels in an MLIR text, in order.
llvm::Expected<std::vector<std::string>>
listKernels(llvm::StringRef source, llvm::StringRef sourceName);

} // namespace tilewright

#endif // TILEWRIGHT_PIPELINE_COMPILE_H
