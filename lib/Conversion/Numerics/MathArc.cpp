// MathArc.cpp - inverse trigonometric functions and the error function.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Math.h"

using namespace mlir;
using namespace tilewright::numerics;

/// (asin(s) - s) / s^3 on |s| <= 1/2, z = s^2: 2^-64, 2^-32.
static Term asinTail(const Term &z) {
  if (isF64(z))
    return polynomial(z, {0.1666666666666665969, 0.07500000000002498741,
                          0.04464285713972597873, 0.03038194464251369168,
                          0.02237215167542563273, 0.01735294366979884397,
                          0.01396189819340108944, 0.01158571933930150443,
                          0.009483829647676713343, 0.01001017317238202585,
                          0.0006810058794645261648, 0.02482867224642555783,
                          -0.02615224620651299406, 0.03364533082052535789});
  return polynomial(z, {0.1666665997267391252, 0.0750050538324467569,
                        0.04451670815455959078, 0.03180991395051754322,
                        0.01442983038965486078, 0.03752939414596823786});
}

namespace {
/// asin near 0 and, with asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2)), near 1:
/// s + s z tail for a small s in either case.
struct AsinParts {
  Term isLarge, s, tail;
};
} // namespace

static AsinParts asinParts(const Term &a) {
  Term isLarge = ge(a, 0.5);
  Term half = (Number(1.0) - a) * 0.5;
  Term z = select(isLarge, half, a * a);
  Term s = select(isLarge, sqrt(half), a);
  return {isLarge, s, s * z * asinTail(z)};
}

Term tilewright::numerics::expandAsin(const Term &x) {
  auto [isLarge, s, tail] = asinParts(fabs(x));
  // The difference of the large numbers first: mostly it is exact.
  Term large =
      (highPart(x, halfPi) - (s + s)) + fma(tail, -2.0, lowPart(x, halfPi));
  return copysign(select(isLarge, large, s + tail), x);
}

Term tilewright::numerics::expandAcos(const Term &x) {
  auto [isLarge, s, tail] = asinParts(fabs(x));
  Term isNegative = lt(x, 0.0);
  Term twice = s + tail;
  twice = twice + twice;
  Term mirrored = highPart(x, pi) - (twice - lowPart(x, pi));
  Term large = select(isNegative, mirrored, twice);
  // pi/2 - asin(x), the small parts first.
  Term signedTail = copysign(fabs(tail), x);
  Term small = highPart(x, halfPi) - (x - (lowPart(x, halfPi) - signedTail));
  return select(isLarge, large, small);
}

/// atan(t) for |t| <= tan(pi/8), plus the low part of a base.
static Term atanOfSmall(const Term &t, const Term &baseLow) {
  Term z = t * t;
  // (atan(t) - t) / t^3: 2^-69, 2^-35.
  Term tail =
      isF64(t)
          ? polynomial(z, {-0.3333333333333333308, 0.1999999999999988376,
                           -0.1428571428569540626, 0.1111111110956452983,
                           -0.09090909016045915173, 0.07692305358122308218,
                           -0.06666617340769477656, 0.05881625240848923302,
                           -0.05255553940706396987, 0.04705541033609126318,
                           -0.04054867777925153874, 0.02960634349792336666,
                           -0.01297520551402512826})
          : polynomial(z, {-0.3333333249720021162, 0.1999990372571580405,
                           -0.1428200225426225236, 0.1104462004459968108,
                           -0.08475851051457514334, 0.04743147139149611235});
  return t + fma(t * z, tail, baseLow);
}

static constexpr double tanOfEighth = 0.41421356237309503;

Term tilewright::numerics::expandAtan(const Term &x) {
  Term a = fabs(x);
  Term isMiddle = gt(a, tanOfEighth);
  Term isLarge = gt(a, 2.4142135623730949);
  Term one = a.constant(1.0);
  Term numerator = select(isMiddle, a - one, a);
  numerator = select(isLarge, -1.0, numerator);
  Term denominator = select(isMiddle, a + one, one);
  denominator = select(isLarge, a, denominator);
  Term zero = a.constant(0.0);
  Term high = select(isMiddle, highPart(x, halfPi) / 2, zero);
  high = select(isLarge, highPart(x, halfPi), high);
  Term low = select(isMiddle, lowPart(x, halfPi) / 2, zero);
  low = select(isLarge, lowPart(x, halfPi), low);
  return copysign(high + atanOfSmall(numerator / denominator, low), x);
}

Term tilewright::numerics::expandAtan2(const Term &y, const Term &x) {
  // Scaled, so that the sum below does not overflow.
  Term xa = fabs(x), ya = fabs(y);
  Term isSteep = gt(ya, xa);
  Term larger = select(isSteep, ya, xa), smaller = select(isSteep, xa, ya);
  Term isHuge = gt(larger, isF64(x) ? 0x1p1021 : 0x1p125);
  Term den = select(isHuge, larger * 0.25, larger);
  Term num = select(isHuge, smaller * 0.25, smaller);
  // Equal, of which infinity: the diagonal.
  Term isDiagonal = eq(larger, smaller);
  den = select(isDiagonal, 1.0, den);
  num = select(isDiagonal, 1.0, num);
  Term isZero = eq(larger, 0.0);
  num = select(isZero, 0.0, num);
  // atan(num / den), by pi/4 + atan((num - den) / (num + den)) above pi/8.
  Term isMiddle = gt(num, den * tanOfEighth);
  Term t = select(isMiddle, num - den, num) / select(isMiddle, num + den, den);
  // The angle is base + sign * t, with base a multiple of pi/4.
  Term isLeft = lt(x.bits(), 0);
  Term zero = x.constant(0.0);
  // Mirrored at pi/4 where steep, then at pi/2 where x is negative.
  Term turned = select(isSteep, -t, t);
  Term eighths = select(isMiddle, 1.0, zero);
  eighths = select(isSteep, Number(2.0) - eighths, eighths);
  turned = select(isLeft, -turned, turned);
  eighths = select(isLeft, Number(4.0) - eighths, eighths);
  Term high = eighths * (highPart(x, halfPi) / 2);
  // The product with 3 is the only one that rounds.
  Term low = fma(eighths, highPart(x, halfPi) / 2, -high);
  low = fma(eighths, lowPart(x, halfPi) / 2, low);
  Term angle = high + atanOfSmall(turned, low);
  Term isUnordered = x.make<arith::CmpFOp>(arith::CmpFPredicate::UNO, x, y);
  return select(isUnordered, quietNaN(x), copysign(angle, y));
}

/// erf(x) / x - 1 on |x| <= 1, z = x^2: 2^-69, 2^-35.
static Term erfSlope(const Term &z) {
  if (isF64(z))
    return polynomial(z, {0.128379167095512574, -0.3761263890318375237,
                          0.1128379167095511974, -0.02686617064512973353,
                          0.005223977625422086121, -0.000854832702185321587,
                          0.0001205533289935857406, -0.00001492564746513490967,
                          1.646204340810837703e-6, -1.636461442548675256e-7,
                          1.479214578772685275e-8, -1.216304211851946714e-9,
                          8.703790528115407947e-11, -4.22289723497871086e-12});
  return polynomial(z, {0.128379167058023078, -0.3761263843465870921,
                        0.1128378197421743916, -0.0268654000486325388,
                        0.00522094545108744533, -0.000848282911119487512,
                        0.0001125694993333178692, -9.64152156227035537e-6});
}

/// erfc(a) for a >= 0, with full relative accuracy: exp(-a^2) g / (1 + 2a),
/// where g is a polynomial in (a - c) / (a + c).
static Term erfcOfPositive(const Term &a) {
  Term limited = isF64(a) ? clamp(a, 0, 28) : clamp(a, 0, 10.5);
  double center = isF64(a) ? 4 : 3;
  Term u = (limited - center) / (limited + center);
  // 2^-61, 2^-29.
  Term g =
      isF64(a)
          ? polynomial(u,
                       {1.232995118625552509,       -0.1396211168405625159,
                        0.01537965210262008128,     0.06809705425469296385,
                        -0.101039066036327739,      0.09373283499833654474,
                        -0.06633036581158559523,    0.03716751553781336961,
                        -0.01619773406655946195,    0.005031969972971054873,
                        -0.0007577732179807762857,  -0.0001992566480404099094,
                        0.0001506213248652048019,   -0.00002439948318506225047,
                        -0.00001122093291915149209, 5.710707701665521886e-6,
                        2.916851261161407322e-7,    -8.276513037959788212e-7,
                        7.701460110614052363e-8,    1.131676748281833009e-7,
                        -1.912070467613015115e-8,   -1.654622320275782001e-8,
                        1.708211173410809234e-9,    2.089825579854304356e-9,
                        2.848022289908942213e-10})
          : polynomial(u, {1.253008059122356563, -0.1356211392969248491,
                           -0.04756239946024795916, 0.1296464144721936016,
                           -0.1192709751010395382, 0.06829576781108736696,
                           -0.02379753085344999889, 0.002567376222825286182,
                           0.002001812400198332916, -0.0007775822282372601863,
                           -0.0002681272799714660065});
  Term square = limited * limited;
  Term squareLow = fma(limited, limited, -square);
  ExpParts parts = expParts(-square);
  Term value = parts.fraction * (g / fma(limited, 2.0, 1.0));
  value = fma(-squareLow, value, value);
  return scaleByPowerOfTwo(value, parts.exponent);
}

Term tilewright::numerics::expandErfc(const Term &x) {
  Term a = fabs(x);
  Term positive = erfcOfPositive(a);
  Term large = select(lt(x, 0.0), Number(2.0) - positive, positive);
  Term small = fma(-x, erfSlope(x * x), Number(1.0) - x);
  return select(lt(a, 0.5), small, large);
}

Term tilewright::numerics::expandErf(const Term &x) {
  Term a = fabs(x);
  Term small = fma(a, erfSlope(a * a), a);
  Term large = a;
  if (isF64(x)) {
    large = Number(1.0) - erfcOfPositive(a);
  } else {
    // log(erfc(a)) on [1, 3.95], where 1 - erfc(a) rounds to 1: 2^-34.
    Term limited = clamp(a, 0, 3.95);
    Term exponent = polynomial(
        limited,
        {0.0002466923847117371648, -1.129885565961659532,
         -0.6325287006865822947, -0.1092908707722772547, 0.02588288124771119191,
         -0.004531687350976888856, 0.0005383740256052154872,
         -0.0000377727731858216823, 1.139914398860112596e-6});
    ExpParts parts = expParts(exponent);
    large = fma(parts.fraction, -powerOfTwo(parts.exponent, x), 1.0);
  }
  return copysign(select(lt(a, 1.0), small, large), x);
}
