// MathLog.cpp - logarithms and inverse hyperbolic functions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Math.h"

using namespace mlir;
using namespace tilewright::numerics;

Term tilewright::numerics::logTail(const Term &f) {
  if (!isF64(f)) {
    // (log(1 + f) - f + f^2 / 2) / f^3: 2^-33.
    Term p = polynomial(f, {0.3333333235568369832, -0.2499996601481896249,
                            0.2000009012106602167, -0.1666946581328294779,
                            0.1428521020160827123, -0.1242329425166700334,
                            0.1103368174460647266, -0.1082499953276884473,
                            0.1065031771560202123, -0.05987880613912940426});
    return f * f * fma(f, p, -0.5);
  }
  // log(1 + f) = 2 atanh(s) = 2s + s z A(z), z = s^2, and 2s = f - s f, which
  // is f - (f^2/2 - s f^2/2) as s = f / (2 + f). A: 2^-67.
  Term s = f / (f + 2.0);
  Term z = s * s;
  Term a = polynomial(z, {0.6666666666666666096, 0.4000000000000626307,
                          0.2857142856908012604, 0.2222222264773848157,
                          0.1818177558497933873, 0.1538709447731724794,
                          0.1325003028269974286, 0.1325216035315509058});
  Term halfSquare = f * f * 0.5;
  return fma(s, fma(z, a, halfSquare), -halfSquare);
}

/// Splits bits of a positive number: its exponent (integer) and the number
/// divided by that power of two, in [sqrt(1/2), sqrt(2)).
static std::pair<Term, Term> splitExponent(const Term &x) {
  Term i = x.bits();
  Term e = ashr(i - x.constant(0.70710678118654752).bits(), mantissaBits(x));
  Term m = (i - (e << mantissaBits(x))).bitcast(x.getElementType());
  return {e, m};
}

LogParts tilewright::numerics::logParts(const Term &x) {
  auto [e, m] = splitExponent(x);
  Term f = m - 1.0;
  return {e, f, logTail(f)};
}

/// The results that no formula gives: log(0), log(infinity), log(negative).
static Term withLogLimits(const Term &x, const Term &result) {
  Term r = select(eq(x, std::numeric_limits<double>::infinity()), x, result);
  r = select(eq(x, 0.0), -infinity(x), r);
  return select(ge(x, 0.0), r, quietNaN(x));
}

/// logParts of any positive number, with the exponent as a float.
static LogParts logPartsOfAny(const Term &x) {
  unsigned shift = isF64(x) ? 54 : 25;
  Term isSubnormal = lt(x, isF64(x) ? 0x1p-1022 : 0x1p-126);
  Term scaled = select(isSubnormal, x * std::ldexp(1.0, shift), x);
  LogParts parts = logParts(scaled);
  Term e = select(isSubnormal, parts.exponent - parts.exponent.integer(shift),
                  parts.exponent);
  // Exponents fit in 32 bits: a cheaper conversion.
  return {e.trunc(32).sitofp(x.getElementType()), parts.f, parts.tail};
}

Term tilewright::numerics::expandLog(const Term &x) {
  auto [e, f, tail] = logPartsOfAny(x);
  Term low = fma(e, lowPart(x, logOf2), tail);
  return withLogLimits(x, fma(e, highPart(x, logOf2), f + low));
}

/// (f + tail) * constant as a sum of two numbers.
static std::pair<Term, Term> scaledLog(const LogParts &parts,
                                       LongConstant constant) {
  const Term &f = parts.f;
  double high = highPart(f, constant), low = lowPart(f, constant);
  Term product = f * high;
  Term error = fma(f, high, -product);
  Term rest = fma(parts.tail, high, fma(f, low, error));
  return {product, rest};
}

Term tilewright::numerics::expandLog2(const Term &x) {
  LogParts parts = logPartsOfAny(x);
  auto [high, low] = scaledLog(parts, log2OfE);
  Term sum = parts.exponent + high;
  Term error = high - (sum - parts.exponent);
  return withLogLimits(x, sum + (error + low));
}

Term tilewright::numerics::expandLog10(const Term &x) {
  LogParts parts = logPartsOfAny(x);
  auto [high, low] = scaledLog(parts, log10OfE);
  low = fma(parts.exponent, lowPart(x, log10Of2), low);
  Term sum = high + low;
  return withLogLimits(x, fma(parts.exponent, highPart(x, log10Of2), sum));
}

/// log(1 + x) for x >= 0 or close below, finite.
static Term log1pOfFinite(const Term &x) {
  // Of large numbers the logarithm itself, scaled to keep 2^-e normal.
  Term isLarge = gt(x, 0x1p64);
  Term one = select(isLarge, 0.0, x.constant(1.0));
  Term scaled = select(isLarge, x * 0x1p-64, x);
  auto [e, m] = splitExponent(scaled + one);
  // (scaled + one) / 2^e - 1 without the rounding of the sum.
  Term scale = powerOfTwo(-e, x);
  Term f = fma(scaled, scale, fma(one, scale, -1.0));
  Term tail = logTail(f);
  Term count = select(isLarge, e + e.integer(64), e)
                   .trunc(32)
                   .sitofp(x.getElementType());
  Term low = fma(count, lowPart(x, logOf2), tail);
  return fma(count, highPart(x, logOf2), f + low);
}

Term tilewright::numerics::expandLog1p(const Term &x) {
  Term r = log1pOfFinite(x);
  r = select(eq(x, std::numeric_limits<double>::infinity()), x, r);
  r = select(eq(x, 0.0), x, r);
  r = select(eq(x, -1.0), -infinity(x), r);
  return select(ge(x, -1.0), r, quietNaN(x));
}

/// Above this a + 1 is a, and below its square is finite.
static double largeArgument(const Term &a) {
  return isF64(a) ? 0x1p60 : 0x1p30;
}

/// log(2a) where `isLarge`, by log(a + 1) + log(2); else log(1 + argument).
static Term log1pOrLog2a(const Term &a, const Term &isLarge,
                         const Term &argument) {
  Term r = log1pOfFinite(select(isLarge, a, argument));
  r = select(isLarge, r + logOf2.high, r);
  return select(eq(a, std::numeric_limits<double>::infinity()), a, r);
}

Term tilewright::numerics::expandAsinh(const Term &x) {
  Term a = fabs(x);
  Term isLarge = gt(a, largeArgument(x));
  Term limited = select(isLarge, 1.0, a);
  Term square = limited * limited;
  Term argument = limited + square / (sqrt(square + 1.0) + 1.0);
  return copysign(log1pOrLog2a(a, isLarge, argument), x);
}

Term tilewright::numerics::expandAcosh(const Term &x) {
  Term isLarge = gt(x, largeArgument(x));
  Term t = select(isLarge, 1.0, x) - 1.0;
  Term argument = t + sqrt(t * (t + 2.0));
  Term r = log1pOrLog2a(x, isLarge, argument);
  r = select(eq(x, 1.0), 0.0, r);
  return select(ge(x, 1.0), r, quietNaN(x));
}

Term tilewright::numerics::expandAtanh(const Term &x) {
  Term a = fabs(x);
  Term argument = (a + a) / (Number(1.0) - a);
  Term r = log1pOfFinite(argument) * 0.5;
  r = select(eq(a, 0.0), a, r);
  r = select(eq(a, 1.0), infinity(x), r);
  r = select(le(a, 1.0), r, quietNaN(x));
  return copysign(r, x);
}
