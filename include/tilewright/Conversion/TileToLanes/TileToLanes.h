// TileToLanes.h - what both GPU lowerings share: wave level to one lane.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel whose tensors all carry a `#tile.layout` becomes an `llvm.func` that
// one lane runs: a tensor turns into the registers that the lane holds, in
// vectors of a few elements each (chunks). What remains are ops of llvm, arith,
// math and scf on scalars and short vectors; the tail of the pipeline turns
// them into the llvm dialect. All that depends on the vendor goes through
// TargetLowering.

#ifndef TILEWRIGHT_CONVERSION_TILETOLANES_TILETOLANES_H
#define TILEWRIGHT_CONVERSION_TILETOLANES_TILETOLANES_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/PassManager.h"
#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "tilewright/Target/ChipInfo.h"

namespace tilewright {

/// What a vendor does in its own way. Values are per lane; "word" is an i32.
class TargetLowering {
public:
  explicit TargetLowering(const ChipInfo &chip) : chip(chip) {}
  virtual ~TargetLowering();

  /// Marks `func` as a kernel of workgroups of `threads` threads.
  virtual void setKernelAttributes(mlir::LLVM::LLVMFuncOp func,
                                   int64_t threads) const = 0;

  /// The thread within the workgroup and the workgroup within the grid (i32).
  virtual mlir::Value emitThreadId(mlir::ImplicitLocOpBuilder &b) const = 0;
  virtual mlir::Value emitWorkgroupId(mlir::ImplicitLocOpBuilder &b) const = 0;

  /// A word that is equal in all lanes of the wave, told to the back end.
  virtual mlir::Value emitUniform(mlir::ImplicitLocOpBuilder &b,
                                  mlir::Value word) const {
    return word;
  }

  /// Waits for all waves and orders shared and global memory among them.
  virtual void emitBarrier(mlir::ImplicitLocOpBuilder &b) const = 0;

  /// The word that lane `lane ^ mask` has; `mask` in [1, wave size).
  virtual mlir::Value emitShuffleXor(mlir::ImplicitLocOpBuilder &b,
                                     mlir::Value word, int64_t mask,
                                     mlir::Value lane) const = 0;
  /// The word that lane `source` (i32, within the wave) has.
  virtual mlir::Value emitShuffle(mlir::ImplicitLocOpBuilder &b,
                                  mlir::Value word,
                                  mlir::Value source) const = 0;

  /// One mma: operands and result are vectors (or scalars) of the registers of
  /// the atom, in its order. An error where the atom's call is not this
  /// vendor's.
  virtual mlir::FailureOr<mlir::Value>
  emitMma(mlir::ImplicitLocOpBuilder &b, const MmaAtom &atom, mlir::Value lhs,
          mlir::Value rhs, mlir::Value acc) const = 0;

  /// LLVM's name of a scope; "" is the whole system.
  virtual llvm::StringRef getSyncScope(tile::Scope scope) const = 0;
  /// What an atomic of global memory may assume.
  virtual void annotateAtomic(mlir::LLVM::AtomicRMWOp op) const {}

  /// Shared memory above this many bytes is declared without a size, and sized
  /// by the launch.
  virtual int64_t getStaticSharedLimit() const { return chip.sharedBytes; }

  const ChipInfo &chip;
};

/// Function attribute (a string) with the bytes of shared memory that the
/// kernel needs, static or dynamic.
inline constexpr llvm::StringLiteral kSharedBytesFnAttr =
    "tilewright-shared-bytes";
/// Function attribute (a string) with the threads of a workgroup.
inline constexpr llvm::StringLiteral kThreadsFnAttr = "tilewright-threads";

/// Converts all kernels of `module` for `target`; `kernel` is replaced by an
/// `llvm.func` of its name.
mlir::LogicalResult convertKernels(mlir::ModuleOp module,
                                   const TargetLowering &target);

/// Finds the chip of a conversion: the option, or where it is empty
/// `tile.chip` of the first kernel. Null after an error.
const ChipInfo *findConversionChip(mlir::ModuleOp module, llvm::StringRef chip,
                                   Backend backend);

/// From scf, arith, math and index ops to the llvm dialect.
void addLaneTailPasses(mlir::OpPassManager &pm);

} // namespace tilewright

#endif // TILEWRIGHT_CONVERSION_TILETOLANES_TILETOLANES_H
