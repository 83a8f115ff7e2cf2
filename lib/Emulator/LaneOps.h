// LaneOps.h - operations on arrays of lanes, one function per op and type.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A register of the emulator holds one scalar of every lane of a wave,
// contiguous; a vector value is several of them, one after the other. So each
// function here is a plain loop over `n` elements, which the host's compiler
// vectorises. Results never overlap operands.
#ifndef TILEWRIGHT_LIB_EMULATOR_LANEOPS_H
#define TILEWRIGHT_LIB_EMULATOR_LANEOPS_H

#include <stddef.h>
#include <stdint.h>

namespace tilewright {
namespace emulator {

/// Element types of registers. Integers of other widths sit in the next wider
/// one, zero-extended.
enum class Ty : uint8_t { I8, I16, I32, I64, F16, BF16, F32, F64 };

enum class LaneOp : uint8_t {
  // Integers; `imm` is the width in bits where it matters.
  Add,
  Sub,
  Mul,
  And,
  Or,
  Xor,
  Shl,
  LShr,
  AShr,
  UDiv,
  SDiv,
  URem,
  SRem,
  UMin,
  UMax,
  SMin,
  SMax,
  UAddSat,
  SAddSat,
  USubSat,
  SSubSat,
  MulHiU,
  MulHiS,
  Perm,
  AlignByte,
  AlignBit,
  FshL,
  FshR,
  ICmpEq,
  ICmpNe,
  ICmpUgt,
  ICmpUge,
  ICmpUlt,
  ICmpUle,
  ICmpSgt,
  ICmpSge,
  ICmpSlt,
  ICmpSle,
  // Result is a flag of one byte; `imm` is the width.
  UAddO,
  SAddO,
  USubO,
  SSubO,
  UMulO,
  SMulO,
  CtPop,
  CtLz,
  CtTz,
  BSwap,
  BitReverse,
  Abs,
  /// a & imm.
  AndImm,
  /// The low `imm` bits of a, sign-extended.
  SExtIn,
  /// Bit fields: (a >> b) & mask(c).
  UBfe,
  SBfe,
  // Dot products of packed bytes: c + sum a_i * b_i.
  SDot4,
  UDot4,
  SUDot4,
  /// a ? b : c with a byte-sized condition.
  Select,
  Copy,
  // Floats.
  FAdd,
  FSub,
  FMul,
  FDiv,
  FRem,
  FMinNum,
  FMaxNum,
  FMinimum,
  FMaximum,
  CopySign,
  FCmp,
  FNeg,
  FAbs,
  Sqrt,
  Floor,
  Ceil,
  Trunc,
  RoundEven,
  RoundAway,
  Exp2,
  Exp,
  Exp10,
  Log2,
  Log,
  Log10,
  Sin,
  Cos,
  Tanh,
  Rcp,
  Rsq,
  Fract,
  Canonicalize,
  Fma,
  FMed3,
  IsClass,
  LdExp,
  FrexpExp,
  FrexpMant,
  Pow,
  /// x * y with 0 * anything = 0.
  FMulLegacy
};

/// d[i] = op(a[i], b[i], c[i]); which operands are read depends on the op.
using LaneFn = void (*)(void *d, const void *a, const void *b, const void *c,
                        size_t n, uint64_t imm);

/// Kinds of fp8 conversion; see Number.h.
enum class Fp8 : uint8_t { E4M3, E5M2, E4M3Fnuz, E5M2Fnuz };

/// C[m, n] += A[m, k] * B[k, n], all dense and row-major.
using MatrixFn = void (*)(double *c, const double *a, const double *b,
                          unsigned m, unsigned n, unsigned k);
using MatrixIntFn = void (*)(int32_t *c, const int32_t *a, const int32_t *b,
                             unsigned m, unsigned n, unsigned k);

/// The functions compiled for one host instruction set.
struct LaneOps {
  /// Null where op does not exist for the type.
  LaneFn (*get)(LaneOp op, Ty type);
  /// Unsigned or bitwise conversion between integer containers.
  LaneFn (*getZExt)(Ty to, Ty from);
  /// Sign extension from the low `imm` bits.
  LaneFn (*getSExt)(Ty to, Ty from);
  LaneFn (*getFpToFp)(Ty to, Ty from);
  /// To an integer of `imm` bits, saturating; NaN gives 0.
  LaneFn (*getFpToInt)(Ty to, Ty from, bool isSigned);
  /// From an integer of `imm` bits.
  LaneFn (*getIntToFp)(Ty to, Ty from, bool isSigned);
  /// d = a + sext(b, imm >> 48 bits) * sext48(imm), for address arithmetic.
  LaneFn (*getAddress)(Ty pointer, Ty index);
  /// Narrow float to f32 or back with rounding toward zero, and the fp8 kinds
  /// (codes in bytes).
  LaneFn (*getFp8ToF32)(Fp8 kind);
  /// imm: 1 = saturate.
  LaneFn (*getF32ToFp8)(Fp8 kind);
  LaneFn f32ToF16TowardZero;
  LaneFn f32ToBF16TowardZero;
  /// imm: bits of mantissa kept; rounds to nearest, ties to even or away
  /// (bit 8), or toward zero (bit 9).
  LaneFn roundF32;
  /// Widening for matrix operands.
  LaneFn (*getToF64)(Ty from);
  LaneFn fp8ToF64[4];
  LaneFn f64ToF32;
  MatrixFn matrix;
  MatrixIntFn matrixInt;
};

/// The best functions for this host.
const LaneOps &getLaneOps();
const LaneOps &getLaneOpsBase();
const LaneOps &getLaneOpsV3();

} // namespace emulator
} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMULATOR_LANEOPS_H
