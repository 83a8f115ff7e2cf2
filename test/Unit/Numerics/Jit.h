// Jit.h - runs elementwise formulas of the compiler on the host's CPU.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_TEST_UNIT_NUMERICS_JIT_H
#define TILEWRIGHT_TEST_UNIT_NUMERICS_JIT_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include <memory>

namespace llvm::orc {
class LLJIT;
}

namespace tilewright::test {

/// Emits a formula: arguments to result, all vectors or all scalars.
using Formula = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, llvm::ArrayRef<mlir::Value>)>;

/// One compiled loop `out[i] = formula(in0[i], in1[i], ...)`. The module is
/// linked against nothing, so a formula that needs a library call fails.
class CompiledFormula {
public:
  /// Compiles for vectors of 8 elements, or scalars. Check isValid(). With
  /// `passChip`, tile-expand-numerics runs on it first, for that chip ("": for
  /// none).
  CompiledFormula(mlir::MLIRContext &context,
                  llvm::ArrayRef<mlir::Type> argumentTypes,
                  mlir::Type resultType, Formula formula, bool scalar = false,
                  const char *passChip = nullptr);
  ~CompiledFormula();

  bool isValid() const { return function != nullptr; }

  /// `count` must be a multiple of 8.
  void run(llvm::ArrayRef<const void *> arguments, void *result,
           int64_t count) const;

private:
  std::unique_ptr<llvm::orc::LLJIT> jit;
  void (*function)(const void *const *, void *, int64_t) = nullptr;
};

/// A context with the dialects that formulas use.
std::unique_ptr<mlir::MLIRContext> makeContext();

} // namespace tilewright::test

#endif // TILEWRIGHT_TEST_UNIT_NUMERICS_JIT_H
