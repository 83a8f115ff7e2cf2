// Divisibility.h - which numbers divide an integer value, by proof.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_DIVISIBILITY_H
#define TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_DIVISIBILITY_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include <cstdint>

namespace tilewright::tile {

/// Divisors of scalar integer values of one kernel.
///
/// Only powers of two are followed: they are what vector widths need, and they
/// survive arithmetic that wraps. Facts come from constants, `tile.divisible`
/// of scalar arguments and of the sizes of memref arguments, and the operations
/// on them; a value without any fact has the divisor 1. The IR must not change
/// while this is in use.
class Divisibility {
public:
  /// The largest proven divisor of `value`, at least 1 and at most kLimit.
  /// Zero, which everything divides, gives kLimit.
  int64_t get(mlir::Value value);

  /// The proven divisor of the size of `memref` along `dim`.
  static int64_t getSize(mlir::Value memref, int64_t dim);

  /// The proven divisor, in elements, of the stride of `memref` along `dim`.
  static int64_t getStride(mlir::Value memref, int64_t dim);

  /// The alignment in bytes of the first element of `memref`: `tile.align`, or
  /// the element's own size.
  static int64_t getAlignment(mlir::Value memref);

  static constexpr int64_t kLimit = int64_t(1) << 32;

private:
  int64_t visit(mlir::Value value);
  int64_t visitCarried(mlir::Value arg, mlir::Value init, mlir::Value yielded);

  llvm::DenseMap<mlir::Value, int64_t> known;
};

} // namespace tilewright::tile

#endif // TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_DIVISIBILITY_H
