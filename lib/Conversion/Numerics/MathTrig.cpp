// MathTrig.cpp - sine, cosine and tangent, exact in their reduction.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The argument is reduced by multiplying its mantissa with a window of the bits
// of 2/pi, in integers: bits to the left of the window contribute multiples of
// a full turn, bits to the right too little to see (Payne and Hanek).

#include "Math.h"

using namespace mlir;
using namespace tilewright::numerics;

/// An angle: `quadrant` (modulo 4, an integer of the width of the float)
/// quarter turns plus `rest`, in [-pi/4, pi/4].
namespace {
struct Angle {
  Term quadrant, rest;
};
} // namespace

/// Words index .. index + count - 1 of a table of constants, for an index that
/// differs by element: a tree of selects, from the highest bit of the index.
static SmallVector<Term> selectWords(const Term &index,
                                     ArrayRef<uint64_t> table, unsigned count,
                                     unsigned indexBits) {
  SmallVector<Term> words;
  for (uint64_t word : table)
    words.push_back(index.integer(word));
  for (unsigned bit = indexBits; bit-- != 0;) {
    // Words that the lower bits of the index can still reach.
    size_t needed = count + (size_t(1) << bit) - 1;
    Term isSet = ne(index & (1ull << bit), 0);
    SmallVector<Term> next;
    for (size_t i = 0; i < std::min(needed, words.size()); ++i) {
      size_t other = i + (size_t(1) << bit);
      next.push_back(other < words.size()
                         ? select(isSet, words[other], words[i])
                         : words[i]);
    }
    words = next;
  }
  words.truncate(count);
  return words;
}

/// The window that starts `shift` (less than a word) bits into `words`.
static SmallVector<Term> shiftWords(ArrayRef<Term> words, const Term &shift) {
  unsigned last = words[0].getBits() - 1;
  Term complement = shift.integer(last) - shift;
  SmallVector<Term> window;
  for (size_t i = 0; i + 1 < words.size(); ++i)
    window.push_back((words[i] << shift) | ((words[i + 1] >> 1) >> complement));
  return window;
}

/// For |x| >= pi/4. x = m 2^s; the window starts at the bit of weight 2^(1-s).
static Angle reduceF32(const Term &a) {
  static constexpr uint64_t table[] = {0,          0xA2F9836E, 0x4E441529,
                                       0xFC2757D1, 0xF534DDC0, 0xDB629599,
                                       0x3C439041, 0xFE5163AB};
  Type f32 = a.getElementType();
  Term u = a.bits();
  Term start = (u >> 23) - u.integer(120);
  SmallVector<Term> words =
      shiftWords(selectWords((start >> 5) & 7, table, 4, 3), start & 31);
  Term m = ((u & 0x7FFFFF) | 0x800000).zext(64);
  Term low = m * words[2].zext(64);
  Term middle = m * words[1].zext(64) + (low >> 32);
  Term high = m * words[0].zext(64) + (middle >> 32);
  // Quarter turns, with 62 bits after the point.
  Term turns = (high << 32) | (middle & 0xFFFFFFFFull);
  Term quadrant = ((turns + (1ull << 61)) >> 62).trunc(32);
  // The signed fraction, in three parts that f32 holds exactly.
  Term fraction = turns << 2;
  Term first = ((fraction >> 40) << 8).trunc(32).sitofp(f32);
  Term second = ((fraction >> 16) & 0xFFFFFF).trunc(32).sitofp(f32);
  Term third = (fraction & 0xFFFF).trunc(32).sitofp(f32);
  double unit = 0x1p-32;
  Term rest = fma(second, halfPi.high * unit * 0x1p-16,
                  third * (halfPi.high * unit * 0x1p-32));
  rest = fma(first, lowPart(a, halfPi) * unit, rest);
  rest = fma(first, highPart(a, halfPi) * unit, rest);
  return {quadrant, rest};
}

/// The low and high words of the product of two i64, by their halves (which
/// vectors of every target multiply well).
static std::pair<Term, Term> multiplyWide(const Term &a, const Term &b) {
  constexpr uint64_t mask = 0xFFFFFFFF;
  Term a0 = a & mask, a1 = a >> 32, b0 = b & mask, b1 = b >> 32;
  Term low = a0 * b0, cross = a0 * b1, other = a1 * b0;
  Term middle = (low >> 32) + (cross & mask) + (other & mask);
  Term high = a1 * b1 + (cross >> 32) + (other >> 32) + (middle >> 32);
  return {(low & mask) | (middle << 32), high};
}

static Angle reduceF64(const Term &a) {
  static constexpr uint64_t table[] = {0,
                                       0xA2F9836E4E441529,
                                       0xFC2757D1F534DDC0,
                                       0xDB6295993C439041,
                                       0xFE5163ABDEBBC561,
                                       0xB7246E3A424DD2E0,
                                       0x06492EEA09D1921C,
                                       0xFE1DEB1CB129A73E,
                                       0xE88235F52EBB4484,
                                       0xE99C7026B45F7E41,
                                       0x3991D639835339F4,
                                       0x9C845F8BBDF9283B,
                                       0x1FF897FFDE05980F,
                                       0xEF2F118B5A0A6D1F,
                                       0x6D367ECF27CB09B7,
                                       0x4F463F669E5FEA2D,
                                       0x7527BAC7EBE5F17B,
                                       0x3D0739F78A5292EA,
                                       0x6BFB5FB11F8D5D08,
                                       0x56033046FC7B6BAB};
  Type f64 = a.getElementType();
  Term u = a.bits();
  Term start = (u >> 52) - u.integer(1013);
  SmallVector<Term> words =
      shiftWords(selectWords((start >> 6) & 31, table, 4, 5), start & 63);
  Term m = (u & 0xFFFFFFFFFFFFFull) | (1ull << 52);
  Term carry = multiplyWide(m, words[2]).second;
  auto [middleLow, middleHigh] = multiplyWide(m, words[1]);
  Term middle = middleLow + carry;
  Term overflow = ult(middle, carry).zext(64);
  Term turns = m * words[0] + middleHigh + overflow;
  Term quadrant = (turns + (1ull << 61)) >> 62;
  Term high = (turns << 2) | (middle >> 62);
  Term low = middle << 2;
  // In parts of 53 bits: 64-11, 11+42, 22.
  Term first = (ashr(high, 11) << 11).sitofp(f64);
  Term second = (((high & 0x7FF) << 42) | (low >> 22)).sitofp(f64);
  Term third = (low & 0x3FFFFF).sitofp(f64);
  Term rest =
      fma(second, halfPi.high * 0x1p-106, third * (halfPi.high * 0x1p-128));
  rest = fma(first, halfPi.low * 0x1p-64, rest);
  rest = fma(first, halfPi.high * 0x1p-64, rest);
  return {quadrant, rest};
}

/// |x| as an angle; NaN for infinity and NaN.
static Angle reduce(const Term &a) {
  Angle angle = isF64(a) ? reduceF64(a) : reduceF32(a);
  Term isSmall = lt(a, 0.78539816339744831);
  Term rest = select(isSmall, a, angle.rest);
  rest =
      select(lt(a, std::numeric_limits<double>::infinity()), rest, quietNaN(a));
  return {select(isSmall, 0, angle.quadrant), rest};
}

/// sin(r) on |r| <= pi/4.
static Term sinOfRest(const Term &r, const Term &z) {
  // (sin(r) - r) / r^3: 2^-68, 2^-37.
  Term tail =
      isF64(r)
          ? polynomial(z, {-0.1666666666666666664, 0.008333333333333322493,
                           -0.0001984126984125478458, 2.75573192140569623e-6,
                           -2.505210487976391505e-8, 1.605836289468284812e-10,
                           -7.578526688925109231e-13})
          : polynomial(z, {-0.1666666664058812674, 0.008333329280518544519,
                           -0.0001983930441402771239, 2.718046460225631539e-6});
  return fma(r * z, tail, r);
}

/// cos(r) on |r| <= pi/4.
static Term cosOfRest(const Term &r, const Term &z) {
  // (cos(r) - 1 + r^2 / 2) / r^4: 2^-75, 2^-43.
  Term tail =
      isF64(r)
          ? polynomial(z, {0.04166666666666666661, -0.001388888888888887297,
                           0.00002480158730157053536, -2.755731921499252328e-7,
                           2.087675428544608922e-9, -1.147028465769608933e-11,
                           4.737742403982467616e-14})
          : polynomial(z, {0.04166666661910808061, -0.001388888346730081814,
                           0.00002479945155408899056, -2.72050462914048727e-7});
  // What the rounding of 1 - z/2 loses goes into the small part.
  Term half = z * 0.5;
  Term head = Number(1.0) - half;
  Term lost = (Number(1.0) - head) - half;
  return head + fma(z * z, tail, lost);
}

/// `value` with its sign flipped where `flips` (an integer) has its top bit
/// set.
static Term flipSign(const Term &value, const Term &flips) {
  uint64_t sign = isF64(value) ? 1ull << 63 : 1ull << 31;
  return (value.bits() ^ (flips & sign)).bitcast(value.getElementType());
}

std::pair<Term, Term> tilewright::numerics::expandSinCos(const Term &x) {
  Angle angle = reduce(fabs(x));
  Term z = angle.rest * angle.rest;
  Term s = sinOfRest(angle.rest, z), c = cosOfRest(angle.rest, z);
  Term isOdd = ne(angle.quadrant & 1, 0);
  unsigned toTop = x.getBits() - 2;
  // Quadrants 2 and 3 of the sine, 1 and 2 of the cosine, are negative.
  Term sinFlips = (angle.quadrant << toTop) ^ x.bits();
  Term cosFlips = (angle.quadrant + angle.quadrant.integer(1)) << toTop;
  return {flipSign(select(isOdd, c, s), sinFlips),
          flipSign(select(isOdd, s, c), cosFlips)};
}

Term tilewright::numerics::expandSin(const Term &x) {
  return expandSinCos(x).first;
}

Term tilewright::numerics::expandCos(const Term &x) {
  return expandSinCos(x).second;
}

Term tilewright::numerics::expandTan(const Term &x) {
  Angle angle = reduce(fabs(x));
  Term z = angle.rest * angle.rest;
  Term s = sinOfRest(angle.rest, z), c = cosOfRest(angle.rest, z);
  Term isOdd = ne(angle.quadrant & 1, 0);
  Term quotient = select(isOdd, c, s) / select(isOdd, s, c);
  return flipSign(quotient, (angle.quadrant << (x.getBits() - 1)) ^ x.bits());
}
