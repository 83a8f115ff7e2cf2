// MathExp.cpp - exponential and hyperbolic functions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Math.h"

using namespace mlir;
using namespace tilewright::numerics;

static double magicOf(const Term &x) { return isF64(x) ? 0x1.8p52 : 0x1.8p23; }

Term tilewright::numerics::powerOfTwo(const Term &exponent, const Term &like) {
  return ((exponent + exponentBias(like)) << mantissaBits(like))
      .bitcast(like.getElementType());
}

Term tilewright::numerics::scaleByPowerOfTwo(const Term &x,
                                             const Term &exponent) {
  // Two factors, so that each is normal. The first product is exact.
  Term first = ashr(exponent, 1);
  return x * powerOfTwo(first, x) * powerOfTwo(exponent - first, x);
}

/// `x * 2^n`, where the low bits of `shifted` hold n: it is n + magicOf(x).
static Term scaleByShifted(const Term &x, const Term &shifted) {
  // Two factors, so that each is normal. The first product is exact. With the
  // bias of both in the sum, no field needs another addition.
  Term magic = shifted.constant(magicOf(x)).bits();
  Term biased = shifted.bits() - (magic - 2 * exponentBias(x));
  Term first = biased >> 1;
  auto power = [&](const Term &field) {
    return (field << mantissaBits(x)).bitcast(x.getElementType());
  };
  return x * power(first) * power(biased - first);
}

Term tilewright::numerics::clamp(const Term &x, double low, double high) {
  Term above = select(lt(x, low), low, x);
  return select(gt(above, high), high, above);
}

/// x = whole * log(2) + r with |r| <= log(2) / 2; the low bits of `shifted`
/// hold the whole number: adding magicOf(x) moves it there, without a
/// conversion that NaN could poison.
namespace {
struct ReducedExp {
  Term shifted, r;
};
} // namespace

static ReducedExp reduceExp(const Term &x) {
  Term shifted = fma(x, highPart(x, log2OfE), magicOf(x));
  Term whole = shifted - magicOf(x);
  // The first step is exact.
  Term r = fma(whole, -highPart(x, logOf2), x);
  return {shifted, fma(whole, -lowPart(x, logOf2), r)};
}

/// (e^r - 1 - r) / r^2 on |r| <= log(2) / 2.
static Term expTail(const Term &r) {
  if (isF64(r)) // 2^-64
    return polynomial(r, {0.5000000000000000044, 0.1666666666666668342,
                          0.04166666666666609429, 0.008333333333317034297,
                          0.001388888888911562629, 0.0001984126989638377904,
                          0.00002480158692663566392, 2.7557234861912322e-6,
                          2.75575818466483462e-7, 2.511203685246926417e-8,
                          2.082662744986692339e-9});
  // 2^-34
  return polynomial(r, {0.5000000068037722724, 0.1666666586461435422,
                        0.04166629363355154141, 0.008333497670094313203,
                        0.00139447586323776327, 0.0001979024566793988327});
}

ExpParts tilewright::numerics::expParts(const Term &x) {
  auto [shifted, r] = reduceExp(x);
  Term count = shifted.bits() - shifted.constant(magicOf(x)).bits();
  Term minusOne = fma(r * r, expTail(r), r);
  return {minusOne + 1.0, minusOne, count};
}

Term tilewright::numerics::expandExp(const Term &x) {
  auto [shifted, r] =
      reduceExp(isF64(x) ? clamp(x, -746, 710) : clamp(x, -104, 89));
  if (isF64(x))
    return scaleByShifted(fma(r, fma(expTail(r), r, 1.0), 1.0), shifted);
  // e^r: 2^-28, which is a twentieth of an ulp.
  Term fraction = polynomial(r, {1.0, 1.0, 0.4999999343209685,
                                 0.16666520398628787, 0.041668390788276215,
                                 0.008368745159440109, 0.001381454014431013});
  return scaleByShifted(fraction, shifted);
}

Term tilewright::numerics::expandExp2(const Term &x) {
  Term limited = isF64(x) ? clamp(x, -1076, 1025) : clamp(x, -151, 129);
  Term shifted = limited + magicOf(x);
  Term f = limited - (shifted - magicOf(x));
  // (2^f - 1) / f on |f| <= 1/2: 2^-64, 2^-34.
  Term slope =
      isF64(x)
          ? polynomial(f, {0.6931471805599453085, 0.2402265069591007151,
                           0.05550410866482168722, 0.009618129107628329392,
                           0.001333355814639266252, 0.0001540353039364096756,
                           0.00001525273385434838312, 1.321548659476717112e-6,
                           1.017805192830763799e-7, 7.054974512369524981e-9,
                           4.456572725006650385e-10, 2.56253994014028507e-11})
          : polynomial(f, {0.6931471807056880047, 0.2402265106877244909,
                           0.0555041036298135422, 0.009618037769846893098,
                           0.001333393657204626574, 0.0001546688229177378303,
                           0.00001519604100377859998});
  return scaleByShifted(fma(f, slope, 1.0), shifted);
}

Term tilewright::numerics::expandExpM1(const Term &x) {
  Term limited = isF64(x) ? clamp(x, -50, 710) : clamp(x, -30, 89);
  ExpParts parts = expParts(limited);
  // Half of it, so that the power of two does not overflow before the result.
  Term half = powerOfTwo(parts.exponent - parts.exponent.integer(1), x);
  Term sum = fma(half, parts.minusOne, half - 0.5);
  Term result = select(eq(parts.exponent, 0), parts.minusOne, sum + sum);
  // The sign of zero.
  return copysign(result, x);
}

/// e^a / 2, for a >= 0, without overflow where a hyperbolic function has none.
static Term halfExp(const Term &a) {
  ExpParts parts = expParts(isF64(a) ? clamp(a, 0, 711) : clamp(a, 0, 90));
  return scaleByPowerOfTwo(parts.fraction,
                           parts.exponent - parts.exponent.integer(1));
}

Term tilewright::numerics::expandSinh(const Term &x) {
  Term a = fabs(x);
  Term z = a * a;
  // (sinh(a) - a) / a^3 on a <= 1: 2^-63, 2^-34.
  Term tail =
      isF64(x)
          ? polynomial(z, {0.1666666666666666738, 0.008333333333333147744,
                           0.0001984126984143187236, 2.755731915707188232e-6,
                           2.50521231367256577e-8, 1.605725976833182736e-10,
                           7.758748816867528269e-13})
          : polynomial(z, {0.1666666649756135022, 0.008333350058160256153,
                           0.0001983615977894534189, 2.816951224179143565e-6});
  Term small = fma(a * z, tail, a);
  Term half = halfExp(a);
  Term large = half - Number(0.25) / half;
  return copysign(select(lt(a, 1.0), small, large), x);
}

Term tilewright::numerics::expandCosh(const Term &x) {
  Term half = halfExp(fabs(x));
  return half + Number(0.25) / half;
}

Term tilewright::numerics::expandTanh(const Term &x) {
  Term a = fabs(x);
  if (isF64(x)) {
    Term t = expandExpM1(clamp(a + a, 0, 50));
    return copysign(t / (t + 2.0), x);
  }
  Term z = a * a;
  // (tanh(a) - a) / a^3 on a <= 0.625: 2^-33.
  Term tail =
      polynomial(z, {-0.3333333080273411147, 0.1333320600840844716,
                     -0.05394676305859678861, 0.0217007031739499663,
                     -0.008177398063891039096, 0.002142961646956926325});
  Term small = fma(a * z, tail, a);
  Term limited = clamp(a, 0, 10);
  ExpParts parts = expParts(limited + limited);
  Term large =
      Number(1.0) -
      Number(2.0) / fma(parts.fraction, powerOfTwo(parts.exponent, x), 1.0);
  return copysign(select(lt(a, 0.625), small, large), x);
}
