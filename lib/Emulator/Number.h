// Number.h - the number formats of the devices, on the host's integers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Independent of the compiler's own tables on purpose. Sources: IEEE 754-2019
// (binary16), OCP OFP8 1.0 (E4M3, E5M2), the CDNA3 ISA guide (FNUZ kinds).
// No C++ library and no LLVM in here: LaneOps.cpp is compiled once per host
// instruction set, and inline functions of others must not get in.
#ifndef TILEWRIGHT_LIB_EMULATOR_NUMBER_H
#define TILEWRIGHT_LIB_EMULATOR_NUMBER_H

#include <stdint.h>
#include <string.h>

namespace tilewright {
namespace emulator {
namespace {

template <typename To, typename From> inline To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From), "sizes must agree");
  To to;
  memcpy(&to, &from, sizeof(to));
  return to;
}

/// How a format spends its codes on infinities and NaNs.
enum class Specials {
  /// Infinities and NaNs as in IEEE 754.
  Ieee,
  /// No infinity; all ones is NaN (OCP E4M3).
  Finite,
  /// No infinity, no negative zero; its code is NaN (FNUZ).
  FiniteUnsignedZero
};

struct FloatFormat {
  int mantissaBits;
  int exponentBits;
  int bias;
  Specials specials;

  constexpr uint32_t signBit() const {
    return 1u << (mantissaBits + exponentBits);
  }
  /// Code of the largest finite magnitude.
  constexpr uint32_t maxFinite() const {
    uint32_t all = signBit() - 1;
    if (specials == Specials::Ieee)
      return all - (1u << mantissaBits);
    return specials == Specials::Finite ? all - 1 : all;
  }
  constexpr uint32_t quietNan() const {
    if (specials == Specials::Ieee)
      return (((1u << exponentBits) - 1) << mantissaBits) |
             (1u << (mantissaBits - 1));
    return specials == Specials::Finite ? signBit() - 1 : signBit();
  }
};

constexpr FloatFormat kF16 = {10, 5, 15, Specials::Ieee};
constexpr FloatFormat kBF16 = {7, 8, 127, Specials::Ieee};
constexpr FloatFormat kE4M3 = {3, 4, 7, Specials::Finite};
constexpr FloatFormat kE5M2 = {2, 5, 15, Specials::Ieee};
constexpr FloatFormat kE4M3Fnuz = {3, 4, 8, Specials::FiniteUnsignedZero};
constexpr FloatFormat kE5M2Fnuz = {2, 5, 16, Specials::FiniteUnsignedZero};

enum class Round { NearestEven, TowardZero };

/// `value` rounded once to `format`. Overflow goes to the largest finite
/// number if `saturate` (infinities too), else to infinity, or to NaN where
/// there is none.
inline uint32_t encode(FloatFormat format, double value, bool saturate,
                       Round round = Round::NearestEven) {
  uint64_t bits = bitCast<uint64_t>(value);
  uint32_t sign = bits >> 63 ? format.signBit() : 0;
  uint64_t magnitude = bits & ~(uint64_t(1) << 63);
  const uint64_t infinity = uint64_t(0x7FF) << 52;
  if (magnitude > infinity)
    return format.specials == Specials::FiniteUnsignedZero
               ? format.quietNan()
               : sign | format.quietNan();
  uint32_t overflow = format.maxFinite();
  if (!saturate && (round == Round::NearestEven || magnitude == infinity)) {
    if (format.specials == Specials::Ieee)
      overflow = format.maxFinite() + 1;
    else
      overflow = format.quietNan();
  }
  // The NaN of the FNUZ kinds is the sign bit itself.
  uint32_t overflowSign = sign & ~overflow;
  if (magnitude == infinity)
    return overflowSign | overflow;
  if (magnitude == 0)
    return format.specials == Specials::FiniteUnsignedZero ? 0 : sign;

  int exponent = int(magnitude >> 52) - 1023;
  uint64_t significand = magnitude & ((uint64_t(1) << 52) - 1);
  if (exponent == -1023)
    exponent = -1022;
  else
    significand |= uint64_t(1) << 52;
  int minExponent = 1 - format.bias;
  int drop = 52 - format.mantissaBits;
  int base = exponent;
  if (exponent < minExponent) {
    drop += minExponent - exponent;
    base = minExponent;
  }
  uint64_t kept = 0;
  if (drop < 63) {
    kept = significand >> drop;
    uint64_t rest = significand & ((uint64_t(1) << drop) - 1);
    uint64_t half = uint64_t(1) << (drop - 1);
    if (round == Round::NearestEven &&
        (rest > half || (rest == half && (kept & 1))))
      ++kept;
  }
  // A carry out of the mantissa walks into the exponent by itself.
  uint64_t code = kept + (uint64_t(base - minExponent) << format.mantissaBits);
  if (code > format.maxFinite())
    return overflowSign | overflow;
  if (code == 0 && format.specials == Specials::FiniteUnsignedZero)
    return 0;
  return sign | uint32_t(code);
}

/// Value of a code; NaNs come back quiet.
inline double decode(FloatFormat format, uint32_t code) {
  bool negative = code & format.signBit();
  uint32_t magnitude = code & (format.signBit() - 1);
  const double nan = bitCast<double>(uint64_t(0x7FF8) << 48);
  if (format.specials == Specials::FiniteUnsignedZero &&
      code == format.quietNan())
    return nan;
  double result;
  if (magnitude > format.maxFinite()) {
    if (format.specials == Specials::Ieee &&
        magnitude == format.maxFinite() + 1)
      result = bitCast<double>(uint64_t(0x7FF) << 52);
    else
      return nan;
  } else {
    uint32_t exponent = magnitude >> format.mantissaBits;
    uint32_t mantissa = magnitude & ((1u << format.mantissaBits) - 1);
    int scale = 1 - format.bias - format.mantissaBits;
    if (exponent) {
      mantissa |= 1u << format.mantissaBits;
      scale += int(exponent) - 1;
    }
    // 2^scale is a normal double for every format here.
    result = double(mantissa) * bitCast<double>(uint64_t(scale + 1023) << 52);
  }
  return negative ? -result : result;
}

/// binary16 to float; exact, no branches, so that loops over it vectorise.
inline float halfToFloat(uint16_t half) {
  uint32_t sign = uint32_t(half & 0x8000) << 16;
  uint32_t rest = uint32_t(half & 0x7FFF) << 13;
  float scaled = bitCast<float>(rest) * bitCast<float>(uint32_t(0x77800000));
  uint32_t bits = bitCast<uint32_t>(scaled);
  bits |= rest >= 0x0F800000u ? 0x7F800000u : 0u;
  return bitCast<float>(bits | sign);
}

/// float to binary16, nearest even.
inline uint16_t floatToHalf(float value) {
  uint32_t bits = bitCast<uint32_t>(value);
  uint32_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7FFFFFFF;
  // Normal results: add half an ulp (less one, plus the odd bit), rebias.
  uint32_t normal = (magnitude + 0xC8000FFFu + ((magnitude >> 13) & 1)) >> 13;
  // Subnormal results: let a float addition do the rounding.
  uint32_t magic = uint32_t(126) << 23;
  float sum = bitCast<float>(magnitude) + bitCast<float>(magic);
  uint32_t subnormal = bitCast<uint32_t>(sum) - magic;
  uint32_t result = magnitude < 0x38800000u ? subnormal : normal;
  result = magnitude >= 0x47800000u ? 0x7C00u : result;
  result = magnitude > 0x7F800000u ? 0x7E00u : result;
  return uint16_t(result | sign);
}

inline float bfloatToFloat(uint16_t value) {
  return bitCast<float>(uint32_t(value) << 16);
}

/// float to bfloat, nearest even; NaNs become quiet and keep their payload.
inline uint16_t floatToBfloat(float value) {
  uint32_t bits = bitCast<uint32_t>(value);
  uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  uint32_t nan = (bits >> 16) | 0x40;
  return uint16_t((bits & 0x7FFFFFFF) > 0x7F800000u ? nan : rounded);
}

/// a + b in double, rounded to odd: a later rounding to a narrower format then
/// rounds as if from the exact sum.
inline double addToOdd(double a, double b) {
  double sum = a + b;
  double t = sum - a;
  double error = (a - (sum - t)) + (b - t);
  uint64_t bits = bitCast<uint64_t>(sum);
  bool finite = (bits & (uint64_t(0x7FF) << 52)) != (uint64_t(0x7FF) << 52);
  if (finite && error != 0 && !(bits & 1)) {
    // The exact sum lies between `sum` and a neighbour: take the odd one.
    bool away = (error > 0) == (sum > 0);
    bits += away ? 1 : uint64_t(-1);
    return bitCast<double>(bits);
  }
  return sum;
}

} // namespace
} // namespace emulator
} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMULATOR_NUMBER_H
