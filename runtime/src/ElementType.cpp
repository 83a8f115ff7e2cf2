// ElementType.cpp - names, sizes and number formats of element types.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include "tilewright-rt/Kernel.h"
#include <cmath>
#include <cstring>

using namespace tilewright::rt;

namespace {

/// A float format of at most 32 bits; docs/KernelABI.md names the standards.
struct Format {
  int exponentBits, mantissaBits, bias;
  bool hasInfinity;
  /// FNUZ: no -0, and NaN is the pattern of -0.
  bool isUnsignedZero;
};

struct TypeRow {
  const char *name;
  size_t bytes;
  Format format;
};

const TypeRow rows[] = {
    {"f64", 8, {}},
    {"f32", 4, {8, 23, 127, true, false}},
    {"bf16", 2, {8, 7, 127, true, false}},
    {"f16", 2, {5, 10, 15, true, false}},
    {"f8E4M3FN", 1, {4, 3, 7, false, false}},
    {"f8E5M2", 1, {5, 2, 15, true, false}},
    {"f8E4M3FNUZ", 1, {4, 3, 8, false, true}},
    {"f8E5M2FNUZ", 1, {5, 2, 16, false, true}},
    {"i1", 1, {}},
    {"i8", 1, {}},
    {"i16", 2, {}},
    {"i32", 4, {}},
    {"i64", 8, {}},
};
constexpr int numRows = sizeof(rows) / sizeof(rows[0]);

uint64_t getSignBit(const Format &format) {
  return uint64_t(1) << (format.exponentBits + format.mantissaBits);
}

uint64_t getNan(const Format &format) {
  if (format.isUnsignedZero)
    return getSignBit(format);
  uint64_t all = getSignBit(format) - 1;
  if (!format.hasInfinity)
    return all;
  // Quiet: the exponent all ones, the top mantissa bit set.
  uint64_t mantissa = (uint64_t(1) << format.mantissaBits) - 1;
  return (all & ~mantissa) | uint64_t(1) << (format.mantissaBits - 1);
}

/// The largest finite value's bits.
uint64_t getMax(const Format &format) {
  uint64_t all = getSignBit(format) - 1;
  if (format.isUnsignedZero)
    return all;
  if (!format.hasInfinity)
    return all - 1;
  return all - (uint64_t(1) << format.mantissaBits);
}

} // namespace

size_t twElementTypeGetBytes(TwElementType type) {
  return unsigned(type) < unsigned(numRows) ? rows[type].bytes : 0;
}

const char *twElementTypeGetName(TwElementType type) {
  return unsigned(type) < unsigned(numRows) ? rows[type].name : "?";
}

TwStatus twElementTypeParse(const char *name, TwElementType *type) {
  if (!name || !type)
    return fail(TW_INVALID_ARGUMENT,
                "expected the name of an element type and a place for the "
                "type");
  for (int i = 0; i < numRows; ++i)
    if (std::strcmp(rows[i].name, name) == 0) {
      *type = TwElementType(i);
      return nullptr;
    }
  return fail(TW_NOT_FOUND, "expected an element type, but got '", name, "'");
}

uint64_t twEncodeFloat(TwElementType type, double value) {
  if (type == TW_F64) {
    uint64_t bits;
    std::memcpy(&bits, &value, 8);
    return bits;
  }
  if (type >= TW_I1)
    return uint64_t(int64_t(value));
  const Format &format = rows[type].format;
  uint64_t sign = std::signbit(value) ? getSignBit(format) : 0;
  if (std::isnan(value))
    return format.isUnsignedZero ? getNan(format) : getNan(format) | sign;
  double magnitude = std::fabs(value);
  uint64_t bits = 0;
  if (!std::isinf(magnitude) && magnitude != 0) {
    // The magnitude in units of the last place at its exponent.
    int exponent;
    std::frexp(magnitude, &exponent);
    int lowest = 1 - format.bias;
    int unit = std::max(exponent - 1, lowest) - format.mantissaBits;
    double scaled = std::ldexp(magnitude, -unit);
    uint64_t count = uint64_t(scaled);
    double rest = scaled - double(count);
    if (rest > 0.5 || (rest == 0.5 && count % 2))
      ++count;
    // A carry of the mantissa runs into the exponent as it should.
    uint64_t biased =
        exponent - 1 < lowest ? 0 : uint64_t(exponent - 1 + format.bias - 1);
    bits = (biased << format.mantissaBits) + count;
  }
  if (std::isinf(magnitude) || bits > getMax(format)) {
    if (format.hasInfinity)
      return sign | (getMax(format) + 1);
    return format.isUnsignedZero ? getNan(format) : getNan(format) | sign;
  }
  return bits == 0 && format.isUnsignedZero ? 0 : sign | bits;
}

double twDecodeFloat(TwElementType type, uint64_t bits) {
  if (type == TW_F64) {
    double value;
    std::memcpy(&value, &bits, 8);
    return value;
  }
  if (type >= TW_I1) {
    int shift = type == TW_I1 ? 0 : 64 - int(rows[type].bytes) * 8;
    return type == TW_I1 ? double(bits & 1)
                         : double(int64_t(bits << shift) >> shift);
  }
  const Format &format = rows[type].format;
  uint64_t signBit = getSignBit(format);
  uint64_t magnitude = bits & (signBit - 1);
  double sign = bits & signBit ? -1 : 1;
  if (format.isUnsignedZero && (bits & (2 * signBit - 1)) == signBit)
    return std::nan("");
  if (magnitude > getMax(format)) {
    bool isInfinity = format.hasInfinity && magnitude == getMax(format) + 1;
    return isInfinity ? sign * INFINITY : std::copysign(std::nan(""), sign);
  }
  uint64_t mantissa = magnitude & ((uint64_t(1) << format.mantissaBits) - 1);
  int exponent = int(magnitude >> format.mantissaBits);
  double value =
      exponent == 0
          ? std::ldexp(double(mantissa), 1 - format.bias - format.mantissaBits)
          : std::ldexp(double(mantissa + (uint64_t(1) << format.mantissaBits)),
                       exponent - format.bias - format.mantissaBits);
  return sign * value;
}
