// FloatFormat.h - the float kinds as numbers: widths, bias, special codes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_CONVERSION_NUMERICS_FLOATFORMAT_H
#define TILEWRIGHT_LIB_CONVERSION_NUMERICS_FLOATFORMAT_H

#include "mlir/IR/BuiltinTypes.h"

namespace tilewright::numerics {

/// Which codes of a format are no finite numbers.
enum class Specials {
  /// All ones in the exponent: mantissa 0 is infinity, the rest NaN.
  IEEE,
  /// The code with all bits set is NaN (either sign); there is no infinity.
  AllOnesNaN,
  /// The code of minus zero is NaN; there is no infinity and no minus zero.
  NegativeZeroNaN
};

/// A binary float kind: sign bit, `exponentBits`, `mantissaBits`.
struct FloatFormat {
  const char *name;
  unsigned bits;
  unsigned exponentBits;
  unsigned mantissaBits;
  int bias;
  Specials specials;

  bool isIEEE() const { return specials == Specials::IEEE; }
  uint64_t getSignMask() const { return 1ull << (bits - 1); }
  uint64_t getMagnitudeMask() const { return getSignMask() - 1; }
  /// The code of infinity; only for IEEE kinds.
  uint64_t getInfinity() const {
    return ((1ull << exponentBits) - 1) << mantissaBits;
  }
  /// The quiet NaN that conversions produce, without a sign; where there is
  /// one NaN only, its code.
  uint64_t getNaN() const;
  /// The code of the largest finite number.
  uint64_t getMaxFinite() const;
};

/// The format of an element type, null for types that are no such float kind.
const FloatFormat *getFloatFormat(mlir::Type elementType);

} // namespace tilewright::numerics

#endif // TILEWRIGHT_LIB_CONVERSION_NUMERICS_FLOATFORMAT_H
