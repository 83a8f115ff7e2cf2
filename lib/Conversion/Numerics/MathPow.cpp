// MathPow.cpp - powers, roots and the remainder.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace tilewright::numerics;

/// x scaled into the normal numbers, and by how many powers of two.
static std::pair<Term, Term> normalized(const Term &x) {
  Term isSmall = lt(x, isF64(x) ? 0x1p-1022 : 0x1p-126);
  Term u = x.bits();
  return {select(isSmall, x * 0x1p60, x),
          select(isSmall, u.integer(60), u.integer(0))};
}

Term tilewright::numerics::expandCbrt(const Term &x) {
  Term a = fabs(x);
  Term isSmall = lt(a, isF64(x) ? 0x1p-1022 : 0x1p-126);
  Term isHuge = gt(a, 0x1p90);
  Term scaled = select(isSmall, a * 0x1p60, a);
  scaled = select(isHuge, a * 0x1p-60, scaled);
  // A third of the exponent, by a third of the bits: off by 3.2% at most.
  Term third = isF64(x) ? scaled.bits() / 3 + 0x2A9F75C28F5C2800ull
                        : scaled.bits() / 3 + 0x2A510369ull;
  Term t = third.bitcast(x.getElementType());
  // Halley's iteration: three times as many digits each.
  for (int i = 0, e = isF64(x) ? 2 : 1; i != e; ++i) {
    Term cube = t * t * t;
    t = t * ((cube + (scaled + scaled)) / (cube + cube + scaled));
  }
  // The last one adds a correction, from an exact residue.
  Term square = t * t;
  Term squareLow = fma(t, t, -square);
  Term residue = fma(-square, t, scaled) - squareLow * t;
  t = fma(t, residue / (fma(square * t, 2.0, scaled)), t);
  t = select(isSmall, t * 0x1p-20, t);
  t = select(isHuge, t * 0x1p20, t);
  Term isOrdinary = lt(a, std::numeric_limits<double>::infinity());
  t = select(isOrdinary, t, a);
  return copysign(select(eq(a, 0.0), a, t), x);
}

namespace {
/// The unevaluated sum of two f64, |low| <= ulp(high) / 2.
struct Pair {
  Term high, low;
};
} // namespace

static Pair fastSum(const Term &large, const Term &small) {
  Term sum = large + small;
  return {sum, small - (sum - large)};
}
static Pair product(const Term &a, const Term &b) {
  Term high = a * b;
  return {high, fma(a, b, -high)};
}
static Pair operator*(const Pair &a, const Pair &b) {
  Pair p = product(a.high, b.high);
  return fastSum(p.high, fma(a.high, b.low, fma(a.low, b.high, p.low)));
}

/// log2 of a positive, finite f64 to about 2^-64.
static Pair log2OfPositive(const Term &x) {
  auto [scaled, shift] = normalized(x);
  // As logParts, without its tail.
  Term bits = scaled.bits();
  Term e = ashr(bits - x.constant(0.70710678118654752).bits(), 52);
  Term m = (bits - (e << 52)).bitcast(x.getElementType());
  e = e - shift;
  Term f = m - 1.0;
  // s = f / (2 + f) in two parts.
  Pair divisor = fastSum(f.constant(2.0), f);
  Term s = f / divisor.high;
  Term rest = fma(-s, divisor.low, fma(-s, divisor.high, f));
  Pair quotient = fastSum(s, rest / divisor.high);
  // 2 atanh(s) = 2s + s z (2/3 + z a), z = s^2; a is (A - 2/3) / z: 2^-65.
  Pair z = quotient * quotient;
  Term a = polynomial(z.high, {0.3999999999999999481, 0.2857142857143426231,
                               0.2222222222008984802, 0.1818181856795077662,
                               0.1538457675074644822, 0.1333558070597288867,
                               0.1168922442377073127, 0.1187339343150774483});
  Pair series = fastSum(x.constant(2.0 / 3), z.high * a);
  series.low = series.low + 3.700743415417188e-17;
  Pair odd = quotient * (z * series);
  Pair twice = {quotient.high + quotient.high, quotient.low + quotient.low};
  Pair sum = fastSum(twice.high, odd.high);
  sum = fastSum(sum.high, sum.low + (twice.low + odd.low));
  Pair scale = {x.constant(log2OfE.high), x.constant(log2OfE.low)};
  Pair fraction = sum * scale;
  Term whole = e.trunc(32).sitofp(x.getElementType());
  // Either |whole| >= 1 > |fraction|, or it is 0.
  Pair total = fastSum(whole, fraction.high);
  return fastSum(total.high, total.low + fraction.low);
}

/// 2^(e.high + e.low) for f64, with overflow and underflow.
static Term exp2OfPair(const Pair &e) {
  Term isInside = lt(fabs(e.high), 1100.0);
  Term low = select(isInside, e.low, 0.0);
  Term high = clamp(e.high, -1100, 1100);
  Term shifted = high + 0x1.8p52;
  Term whole = shifted - 0x1.8p52;
  Term count = shifted.bits() - high.constant(0x1.8p52).bits();
  Term f = (high - whole) + low;
  Term lost = low - (f - (high - whole));
  Term slope =
      polynomial(f, {0.6931471805599453085, 0.2402265069591007151,
                     0.05550410866482168722, 0.009618129107628329392,
                     0.001333355814639266252, 0.0001540353039364096756,
                     0.00001525273385434838312, 1.321548659476717112e-6,
                     1.017805192830763799e-7, 7.054974512369524981e-9,
                     4.456572725006650385e-10, 2.56253994014028507e-11});
  Term value = fma(f, slope, fma(lost, 0.69314718055994531, 1.0));
  return scaleByPowerOfTwo(value, count);
}

/// x^y in f64, for a y that is what `isInteger` and `isOdd` say.
static Term powOfF64(const Term &x, const Term &y, const Term &isInteger,
                     const Term &isOdd) {
  Term a = fabs(x);
  double inf = std::numeric_limits<double>::infinity();
  Pair log = log2OfPositive(a);
  Term isOrdinary = gt(a, 0.0) & lt(a, inf);
  Term limit = select(eq(a, 0.0), -infinity(x), a);
  log.high = select(isOrdinary, log.high, limit);
  log.low = select(isOrdinary, log.low, 0.0);
  Pair exponent = product(y, log.high);
  exponent.low = fma(y, log.low, exponent.low);
  // Where the product is infinite its error is no number.
  Term result = exp2OfPair(exponent);
  Term isNegative = lt(x.bits(), 0);
  Term flips = isNegative & isOdd;
  result = select(flips, -result, result);
  // A negative finite base has powers at integers only.
  Term isInvalid =
      lt(x, 0.0) & gt(x, -inf) & (isInteger ^ isInteger.integer(1));
  result = select(isInvalid, quietNaN(x), result);
  // 1 to any power, and (-1)^(+-infinity).
  Term isYInfinite = eq(fabs(y), inf);
  result = select(eq(a, 1.0) & isYInfinite, 1.0, result);
  Term isOne = eq(x, 1.0) | eq(y, 0.0);
  return select(isOne, 1.0, result);
}

Term tilewright::numerics::expandPow(const Term &x, const Term &y) {
  Type f64 = x.b().getF64Type();
  Term wideX = isF64(x) ? x : x.extf(f64), wideY = isF64(y) ? y : y.extf(f64);
  Term floorOfY = y.make<math::FloorOp>(y);
  Term isInteger = eq(floorOfY, y);
  Term half = y * 0.5;
  Term isOdd = isInteger & ne(half.make<math::FloorOp>(half), half);
  Term result = powOfF64(wideX, wideY, isInteger, isOdd);
  return isF64(x) ? result : result.truncf(x.getElementType());
}

Term tilewright::numerics::expandPowInt(const Term &x, const Term &n) {
  Type f64 = x.b().getF64Type();
  Term wideX = isF64(x) ? x : x.extf(f64);
  Term isOdd = ne(n & 1, 0);
  Term result = powOfF64(wideX, n.sitofp(f64), isOdd.integer(1), isOdd);
  return isF64(x) ? result : result.truncf(x.getElementType());
}

/// A loop of `count` steps over values; `body` maps them to the next ones.
static SmallVector<Term>
repeat(int64_t count, ArrayRef<Term> initial,
       llvm::function_ref<SmallVector<Term>(ArrayRef<Term>)> body) {
  ImplicitLocOpBuilder &b = initial.front().b();
  auto index = [&](int64_t i) {
    return arith::ConstantIndexOp::create(b, i).getResult();
  };
  SmallVector<Value> values(initial.begin(), initial.end());
  auto loop = scf::ForOp::create(b, index(0), index(count), index(1), values);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Term> arguments;
  for (Value value : loop.getRegionIterArgs())
    arguments.push_back(Term(b, value));
  SmallVector<Term> next = body(arguments);
  scf::YieldOp::create(b, SmallVector<Value>(next.begin(), next.end()));
  SmallVector<Term> results;
  for (Value value : loop.getResults())
    results.push_back(Term(b, value));
  return results;
}

Term tilewright::numerics::expandIntPow(const Term &base,
                                        const Term &exponent) {
  Term one = base.integer(1);
  // Powers by squaring, one bit of the exponent a step.
  SmallVector<Term> values = repeat(
      exponent.getBits(), {one, base, exponent},
      [](ArrayRef<Term> v) -> SmallVector<Term> {
        Term isSet = ne(v[2] & 1, 0);
        return {select(isSet, v[0] * v[1], v[0]), v[1] * v[1], v[2] >> 1};
      });
  // Negative powers are fractions, truncated to 0 but for those of 1 and -1;
  // those of 0 are all ones here.
  Term minusOne = base.integer(0) - one;
  Term sign = select(ne(exponent & 1, 0), minusOne, one);
  Term fraction = select(eq(base, 1), one, base.integer(0));
  fraction = select(eq(base, minusOne), sign, fraction);
  fraction = select(eq(base, 0), minusOne, fraction);
  return select(lt(exponent, 0), fraction, values[0]);
}

Term tilewright::numerics::expandRemainder(const Term &x, const Term &y) {
  unsigned mantissa = mantissaBits(x);
  int bias = exponentBias(x);
  uint64_t mantissaMask = (1ull << mantissa) - 1;
  // |x| = m 2^e with m in [1, 2).
  auto split = [&](const Term &a) {
    auto [scaled, shift] = normalized(a);
    Term u = scaled.bits();
    Term e = (u >> mantissa) - shift;
    Term m = ((u & mantissaMask) | (uint64_t(bias) << mantissa))
                 .bitcast(x.getElementType());
    return std::make_pair(m, e);
  };
  Term xa = fabs(x), ya = fabs(y);
  auto [mx, ex] = split(xa);
  auto [divisor, ey] = split(ya);
  Term my = divisor;
  Term zero = mx.constant(0.0);
  Term rest = mx - select(ge(mx, my), my, zero);
  // Long division, some bits of the quotient a step. The quotient of two
  // floats, rounded and then cut, is right or one too large; both remainders
  // are exact.
  int chunk = mantissa - 2;
  int64_t steps = ((2 << (isF64(x) ? 10 : 7)) + int(mantissa)) / chunk + 1;
  Term left = ex - ey;
  Term noBits = left.integer(0);
  left = left.make<arith::MaxSIOp>(left, noBits);
  SmallVector<Term> values =
      repeat(steps, {rest, left}, [&](ArrayRef<Term> v) -> SmallVector<Term> {
        Term bits = v[1].make<arith::MinSIOp>(v[1], v[1].integer(chunk));
        Term r = v[0] * powerOfTwo(bits, v[0]);
        Term quotient = r / my;
        quotient = quotient.make<math::TruncOp>(quotient);
        r = fma(-quotient, my, r);
        r = select(lt(r, 0.0), r + my, r);
        return {r, v[1] - bits};
      });
  // Back to the exponent of y, where the remainder is representable.
  Term exponent = ey - ey.integer(bias);
  Term result = scaleByPowerOfTwo(values[0], exponent);
  result = select(lt(xa, ya), xa, result);
  double inf = std::numeric_limits<double>::infinity();
  Term isValid = lt(xa, inf) & gt(ya, 0.0);
  result = select(isValid, result, quietNaN(x));
  result = select(isNaN(y), quietNaN(x), result);
  return copysign(result, x);
}
