// Compilation.h - one compilation, step by step.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_PIPELINE_COMPILATION_H
#define TILEWRIGHT_LIB_PIPELINE_COMPILATION_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "tilewright/Pipeline/Compile.h"
#include <chrono>

namespace tilewright {

using namespace mlir;

inline double nowMs() {
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
inline llvm::Error leakIfDied(llvm::Error error,
                              std::unique_ptr<llvm::Module> &module,
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
  /// The request must live as long.
  explicit Compilation(const CompileRequest &request);

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

} // namespace tilewright

#endif // TILEWRIGHT_LIB_PIPELINE_COMPILATION_H
