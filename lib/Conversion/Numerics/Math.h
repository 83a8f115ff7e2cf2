// Math.h - the functions of `math` on f32 and f64, as formulas.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each function takes and gives Terms of f32 or f64 elements. The coefficients
// are minimax fits of our own (Remez exchange with 45 digits); each names the
// error that the fit itself has. docs/Numerics.md has the measured accuracies.

#ifndef TILEWRIGHT_LIB_CONVERSION_NUMERICS_MATH_H
#define TILEWRIGHT_LIB_CONVERSION_NUMERICS_MATH_H

#include "Term.h"

namespace tilewright::numerics {

/// A real number to more than f64's precision: `high + low`.
struct LongConstant {
  double high, low;
};
constexpr LongConstant log2OfE = {1.4426950408889634, 2.0355273740931033e-17};
constexpr LongConstant logOf2 = {0.6931471805599453, 2.3190468138462996e-17};
constexpr LongConstant log10OfE = {0.4342944819032518, 1.098319650216765e-17};
constexpr LongConstant log10Of2 = {0.3010299956639812, -2.8037281277851704e-18};
constexpr LongConstant pi = {3.141592653589793, 1.2246467991473532e-16};
constexpr LongConstant halfPi = {1.5707963267948966, 6.123233995736766e-17};

inline bool isF64(const Term &x) { return x.getBits() == 64; }
inline unsigned mantissaBits(const Term &x) { return isF64(x) ? 52 : 23; }
inline int exponentBias(const Term &x) { return isF64(x) ? 1023 : 127; }

/// `constant` as a number of the kind of `x`, and what that leaves.
inline double highPart(const Term &x, LongConstant constant) {
  return isF64(x) ? constant.high : double(float(constant.high));
}
inline double lowPart(const Term &x, LongConstant constant) {
  return isF64(x) ? constant.low : constant.high - double(float(constant.high));
}

inline Term infinity(const Term &x) {
  return x.constant(std::numeric_limits<double>::infinity());
}
inline Term quietNaN(const Term &x) {
  return x.constant(std::numeric_limits<double>::quiet_NaN());
}

/// 2^exponent for integers `exponent` in the range of normal numbers; the
/// integer has the width of the float kind of `like`.
Term powerOfTwo(const Term &exponent, const Term &like);
/// x * 2^exponent with one rounding, for |x| in [2^-60, 2^60] and exponents of
/// at most twice the range of normal numbers.
Term scaleByPowerOfTwo(const Term &x, const Term &exponent);
/// `x` limited to [low, high]; NaN stays.
Term clamp(const Term &x, double low, double high);

/// e^x = fraction * 2^exponent, for x in a range that keeps both normal;
/// `minusOne` is fraction - 1, with its own relative accuracy.
struct ExpParts {
  Term fraction, minusOne, exponent;
};
ExpParts expParts(const Term &x);

/// x = 2^exponent * (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), and
/// log(1 + f) = f + tail. For positive normal `x`.
struct LogParts {
  Term exponent, f, tail;
};
LogParts logParts(const Term &x);
/// The tail of log(1 + f).
Term logTail(const Term &f);

Term expandExp(const Term &x);
Term expandExp2(const Term &x);
Term expandExpM1(const Term &x);
Term expandSinh(const Term &x);
Term expandCosh(const Term &x);
Term expandTanh(const Term &x);
Term expandLog(const Term &x);
Term expandLog2(const Term &x);
Term expandLog10(const Term &x);
Term expandLog1p(const Term &x);
Term expandAsinh(const Term &x);
Term expandAcosh(const Term &x);
Term expandAtanh(const Term &x);
Term expandSin(const Term &x);
Term expandCos(const Term &x);
Term expandTan(const Term &x);
std::pair<Term, Term> expandSinCos(const Term &x);
Term expandAsin(const Term &x);
Term expandAcos(const Term &x);
Term expandAtan(const Term &x);
Term expandAtan2(const Term &y, const Term &x);
Term expandErf(const Term &x);
Term expandErfc(const Term &x);
Term expandCbrt(const Term &x);
Term expandPow(const Term &x, const Term &y);
/// `n` is an integer of any width.
Term expandPowInt(const Term &x, const Term &n);
Term expandIntPow(const Term &base, const Term &exponent);
Term expandRemainder(const Term &x, const Term &y);

} // namespace tilewright::numerics

#endif // TILEWRIGHT_LIB_CONVERSION_NUMERICS_MATH_H
