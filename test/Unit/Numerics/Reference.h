// Reference.h - float kinds and their rounding by comparison of exact values.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Written another way than the compiler's expansion: a code is decoded to a
// long double (which holds every number of every kind exactly) and a number is
// rounded by looking for its two neighbours among all codes.

#ifndef TILEWRIGHT_TEST_UNIT_NUMERICS_REFERENCE_H
#define TILEWRIGHT_TEST_UNIT_NUMERICS_REFERENCE_H

#include "tilewright/Conversion/Numerics.h"
#include <cmath>
#include <cstring>
#include <vector>

namespace tilewright::test {

struct Kind {
  const char *name;
  unsigned bits, mantissaBits;
  int bias;
  bool hasInfinity;
  bool isFnuz;
  /// Of the kinds of 16 bits and less: the numbers of the finite codes.
  std::vector<long double> table = {};

  uint64_t signBit() const { return 1ull << (bits - 1); }
  uint64_t infinity() const {
    return (signBit() - 1) & ~((1ull << mantissaBits) - 1);
  }
  bool isNaN(uint64_t code) const {
    if (isFnuz)
      return code == signBit();
    uint64_t magnitude = code & (signBit() - 1);
    return hasInfinity ? magnitude > infinity() : magnitude == signBit() - 1;
  }
  bool isInfinity(uint64_t code) const {
    return hasInfinity && (code & (signBit() - 1)) == infinity();
  }
  uint64_t quietNaN(bool negative) const {
    if (isFnuz)
      return signBit();
    uint64_t code =
        hasInfinity ? infinity() + (1ull << (mantissaBits - 1)) : signBit() - 1;
    return negative ? code | signBit() : code;
  }
  uint64_t maxFinite() const {
    if (hasInfinity)
      return infinity() - 1;
    return isFnuz ? signBit() - 1 : signBit() - 2;
  }
  /// The number that a finite code of the positive half stands for.
  long double decode(uint64_t magnitude) const {
    if (!table.empty())
      return table[magnitude];
    int exponent = int(magnitude >> mantissaBits);
    long double fraction = magnitude & ((1ull << mantissaBits) - 1);
    if (exponent == 0)
      return ldexpl(fraction, 1 - bias - int(mantissaBits));
    return ldexpl(fraction + ldexpl(1, mantissaBits),
                  exponent - bias - int(mantissaBits));
  }
};

inline const std::vector<Kind> &kinds() {
  static const std::vector<Kind> all = [] {
    std::vector<Kind> kinds = {
        {"f64", 64, 52, 1023, true, false},
        {"f32", 32, 23, 127, true, false},
        {"bf16", 16, 7, 127, true, false},
        {"f16", 16, 10, 15, true, false},
        {"f8E4M3FN", 8, 3, 7, false, false},
        {"f8E5M2", 8, 2, 15, true, false},
        {"f8E4M3FNUZ", 8, 3, 8, false, true},
        {"f8E5M2FNUZ", 8, 2, 16, false, true},
    };
    for (Kind &kind : kinds)
      if (kind.bits <= 16) {
        std::vector<long double> table;
        for (uint64_t code = 0; code <= kind.maxFinite() + 1; ++code)
          table.push_back(kind.decode(code));
        kind.table = std::move(table);
      }
    return kinds;
  }();
  return all;
}

/// Rounds the magnitude `value` (not infinite) to a code of `dst`.
inline uint64_t roundReference(long double value, bool negative,
                               const Kind &dst, RoundingMode mode,
                               bool saturate) {
  // The largest code that is not above the value.
  uint64_t low = 0, high = dst.maxFinite();
  while (low < high) {
    uint64_t middle = low + (high - low + 1) / 2;
    if (dst.decode(middle) <= value)
      low = middle;
    else
      high = middle - 1;
  }
  long double below = dst.decode(low);
  if (below == value)
    return low;
  // One step up; past the largest number as if the exponents went on.
  long double above = low == dst.maxFinite()
                          ? below + (below - dst.decode(low - 1))
                          : dst.decode(low + 1);
  bool up = false;
  switch (mode) {
  case RoundingMode::NearestEven:
    up = value - below > above - value ||
         (value - below == above - value && (low & 1));
    break;
  case RoundingMode::TowardZero:
    break;
  case RoundingMode::Upward:
    up = !negative;
    break;
  case RoundingMode::Downward:
    up = negative;
    break;
  }
  if (!up)
    return low;
  if (low < dst.maxFinite())
    return low + 1;
  if (saturate)
    return dst.maxFinite();
  return dst.hasInfinity ? dst.infinity() : dst.quietNaN(false);
}

inline uint64_t convertReference(uint64_t code, const Kind &src,
                                 const Kind &dst, RoundingMode mode,
                                 bool saturate) {
  bool negative = code & src.signBit();
  if (src.isNaN(code))
    return dst.quietNaN(negative && !src.isFnuz);
  uint64_t sign = negative ? dst.signBit() : 0;
  uint64_t magnitude = code & (src.signBit() - 1);
  if (src.isInfinity(code)) {
    if (saturate)
      return dst.maxFinite() | sign;
    return dst.hasInfinity ? dst.infinity() | sign : dst.quietNaN(negative);
  }
  uint64_t result =
      roundReference(src.decode(magnitude), negative, dst, mode, saturate);
  if (dst.isFnuz && result == 0)
    return 0;
  return result | sign;
}

} // namespace tilewright::test

#endif // TILEWRIGHT_TEST_UNIT_NUMERICS_REFERENCE_H
