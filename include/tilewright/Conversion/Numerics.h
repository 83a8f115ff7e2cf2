// Numerics.h - float conversions and math functions as plain arithmetic.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What these functions emit needs no library and means the same on every
// target: arith ops, and of math only fma, sqrt, absf and copysign, which every
// back end has as instructions or short inline sequences. All work on scalars,
// vectors and tensors (the encoding is kept).

#ifndef TILEWRIGHT_CONVERSION_NUMERICS_H
#define TILEWRIGHT_CONVERSION_NUMERICS_H

#include "mlir/IR/Builders.h"
#include "mlir/Pass/Pass.h"
#include <string>

namespace tilewright {

struct ChipInfo;

/// The IEEE 754 rounding directions that a conversion can ask for.
enum class RoundingMode { NearestEven, TowardZero, Upward, Downward };

/// True for the element types that expandConvert takes: f64, f32, bf16, f16,
/// f8E4M3FN, f8E5M2, f8E4M3FNUZ, f8E5M2FNUZ.
bool isConvertibleFloat(mlir::Type elementType);

/// Converts `x` to float kind `dstElement`, rounding once, as `tile.convert`
/// defines it:
///
/// - A finite value is rounded in direction `mode`. Where the rounded value is
///   beyond the largest finite number, the result is infinity (f8E4M3FN and the
///   FNUZ kinds, which have none: NaN) or the largest finite number, as IEEE
///   754 says for the direction: nearest always the former, toward_zero the
///   latter, upward and downward by the sign.
/// - Infinity becomes infinity, or NaN in the kinds without one.
/// - With `saturate`, both of these become the largest finite number.
/// - NaN becomes the quiet NaN with an otherwise empty payload and the sign of
///   the operand. The FNUZ kinds have one NaN, 0x80, which counts as positive.
/// - -0 becomes +0 in the FNUZ kinds.
///
/// `x` is a float scalar, vector or tensor of a kind that isConvertibleFloat
/// accepts, as is `dstElement`; asserts otherwise. The emitted ops are integer
/// arithmetic except for exact ones (arith.extf of f16 and f32, products and
/// differences that need no rounding) and arith.truncf of f64 to f32.
mlir::Value expandConvert(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value x, mlir::Type dstElement,
                          RoundingMode mode = RoundingMode::NearestEven,
                          bool saturate = false);

/// The same conversion, by arith.extf or arith.truncf where `chip` (null: none)
/// does it without a library and with the same result; only the sign and
/// payload of NaN are open then.
mlir::Value convertFloat(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value x, mlir::Type dstElement,
                         const ChipInfo *chip,
                         RoundingMode mode = RoundingMode::NearestEven,
                         bool saturate = false);

/// Converts a signed or unsigned integer `x` of up to 64 bits to float kind
/// `dstElement`, rounding to nearest even once.
mlir::Value expandIntToFloat(mlir::OpBuilder &builder, mlir::Location loc,
                             mlir::Value x, mlir::Type dstElement,
                             bool isSigned);

/// Computes what op `op` of `math`, or arith.remf, computes on f32 or f64
/// operands, by plain arithmetic; the accuracies are in docs/Numerics.md.
/// Shapes must be static. Returns one value per result, or nothing, with
/// nothing emitted, where there is no expansion (another op, another element
/// type).
llvm::SmallVector<mlir::Value> expandMath(mlir::OpBuilder &builder,
                                          mlir::Operation *op);

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tilewright/Conversion/NumericsPasses.h.inc"

} // namespace tilewright

#endif // TILEWRIGHT_CONVERSION_NUMERICS_H
