// ExpandConvert.cpp - conversions between float kinds by integer arithmetic.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FloatFormat.h"
#include "NativeSupport.h"
#include "Term.h"
#include "tilewright/Conversion/Numerics.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::numerics;

bool tilewright::isConvertibleFloat(Type elementType) {
  return getFloatFormat(elementType) != nullptr;
}

static const FloatFormat &formatOf(const Term &x) {
  return *getFloatFormat(x.getElementType());
}

static Term minUnsigned(const Term &a, const Term &b) {
  return a.make<arith::MinUIOp>(a, b);
}

/// `value >> shift`, rounded in direction `mode`; `negative` (i1) is the sign
/// of the number whose magnitude `value` is. `shift` is at least 1.
static Term roundedShift(const Term &value, const Term &shift,
                         const Term &negative, RoundingMode mode) {
  Term one = value.integer(1);
  auto awayFromZero = [&] { return (one << shift) - one; };
  switch (mode) {
  case RoundingMode::NearestEven: {
    Term isOdd = (value >> shift) & one;
    Term half = one << (shift - one);
    return (value + (half - one) + isOdd) >> shift;
  }
  case RoundingMode::TowardZero:
    return value >> shift;
  case RoundingMode::Upward:
    return (value + select(negative, 0, awayFromZero())) >> shift;
  case RoundingMode::Downward:
    return (value + select(negative, awayFromZero(), Number(0).as(value))) >>
           shift;
  }
  llvm_unreachable("unknown rounding mode");
}

/// The code, without sign, that finite numbers beyond the range get.
static Term overflowCode(const Term &like, const FloatFormat &dst,
                         const Term &negative, RoundingMode mode) {
  Term beyond = like.integer(dst.isIEEE() ? dst.getInfinity() : dst.getNaN());
  Term largest = like.integer(dst.getMaxFinite());
  switch (mode) {
  case RoundingMode::NearestEven:
    return beyond;
  case RoundingMode::TowardZero:
    return largest;
  case RoundingMode::Upward:
    return select(negative, largest, beyond);
  case RoundingMode::Downward:
    return select(negative, beyond, largest);
  }
  llvm_unreachable("unknown rounding mode");
}

/// The float type of f32 or f64 sources.
static Type getFloatType(MLIRContext *context, const FloatFormat &format) {
  return format.bits == 64 ? Type(Float64Type::get(context))
                           : Type(Float32Type::get(context));
}

/// The magnitude `a` (a code of `src` without sign) rounded to a code of `dst`;
/// a code above the largest finite one where it does not fit.
static Term roundMagnitude(const Term &a, const FloatFormat &src,
                           const FloatFormat &dst, const Term &negative,
                           RoundingMode mode) {
  unsigned baseShift = src.mantissaBits - dst.mantissaBits;
  // The exponent in `src` of the smallest normal number of `dst`.
  int firstNormal = src.bias + 1 - dst.bias;
  assert(firstNormal >= 1 && "subnormals of the source would be normal");
  if (firstNormal == 1)
    return roundedShift(a, a.integer(baseShift), negative, mode);

  if (mode == RoundingMode::NearestEven) {
    // Below the first normal number, the sum with a number whose last bit is
    // that of the smallest subnormal rounds there.
    Term normal = roundedShift(a, a.integer(baseShift), negative, mode) -
                  a.integer(uint64_t(firstNormal - 1) << dst.mantissaBits);
    Type type = getFloatType(a.b().getContext(), src);
    int lastBit = 1 - dst.bias - int(dst.mantissaBits);
    Term shifter = a.bitcast(type).constant(
        std::ldexp(1.0, lastBit + int(src.mantissaBits)));
    Term subnormal = (a.bitcast(type) + shifter).bits() - shifter.bits();
    uint64_t limit = uint64_t(firstNormal) << src.mantissaBits;
    return select(ult(a, limit), subnormal, normal);
  }

  // Numbers below the first normal one lose a bit more for each exponent. The
  // hidden bit is set in subnormals of `src` too: they are so small that only
  // whether they are zero matters.
  Term exponent = a >> src.mantissaBits;
  Term significand =
      (a & ((1ull << src.mantissaBits) - 1)) | (1ull << src.mantissaBits);
  if (mode != RoundingMode::TowardZero)
    significand = select(eq(a, 0), 0, significand);
  Term above = exponent - a.integer(firstNormal);
  Term zero = a.integer(0);
  Term steps = a.make<arith::MaxSIOp>(above, zero);
  Term missing = zero - a.make<arith::MinSIOp>(above, zero);
  // From this shift on everything rounds as a number just above zero does.
  Term shift = minUnsigned(missing + a.integer(baseShift),
                           a.integer(src.mantissaBits + 2));
  return (steps << dst.mantissaBits) +
         roundedShift(significand, shift, negative, mode);
}

/// f32 to bf16, to nearest: the upper half, rounded with its sign.
static Term narrowToUpperHalf(const Term &x, Type dstElement) {
  const FloatFormat &src = formatOf(x);
  const FloatFormat &dst = *getFloatFormat(dstElement);
  Term u = x.bits();
  Term upper = u >> 16;
  Term rounded = (u + 0x7FFF + (upper & 1)) >> 16;
  Term nan = (upper & dst.getSignMask()) | dst.getNaN();
  Term isNaN = ugt(u & src.getMagnitudeMask(), src.getInfinity());
  return select(isNaN, nan, rounded).trunc(16).bitcast(dstElement);
}

/// Converts to a kind of fewer mantissa bits, no more exponent range and no
/// more bits.
static Term narrow(const Term &x, Type dstElement, RoundingMode mode,
                   bool saturate) {
  const FloatFormat &src = formatOf(x);
  const FloatFormat &dst = *getFloatFormat(dstElement);
  if (isa<Float32Type>(x.getElementType()) && isa<BFloat16Type>(dstElement) &&
      mode == RoundingMode::NearestEven && !saturate)
    return narrowToUpperHalf(x, dstElement);
  Term u = x.bits();
  Term a = u & src.getMagnitudeMask();
  Term negative = lt(u, 0);

  Term code = roundMagnitude(a, src, dst, negative, mode);
  if (saturate) {
    code = minUnsigned(code, a.integer(dst.getMaxFinite()));
  } else if (mode == RoundingMode::NearestEven && dst.isIEEE()) {
    code = minUnsigned(code, a.integer(dst.getInfinity()));
  } else {
    Term beyond = overflowCode(a, dst, negative, mode);
    if (mode != RoundingMode::NearestEven)
      beyond = select(eq(a, src.getInfinity()),
                      dst.isIEEE() ? dst.getInfinity() : dst.getNaN(), beyond);
    code = select(ugt(code, dst.getMaxFinite()), beyond, code);
  }
  code = select(ugt(a, src.getInfinity()), dst.getNaN(), code);

  Term sign = (u >> (src.bits - dst.bits)) & dst.getSignMask();
  Term signedCode = code | sign;
  if (dst.specials == Specials::NegativeZeroNaN)
    signedCode = select(eq(code, 0), code, signedCode);
  return signedCode.trunc(dst.bits).bitcast(dstElement);
}

/// `result` where `x` is a number; else the quiet NaN with the sign of `x`.
static Term withCanonicalNaN(const Term &x, const Term &result) {
  const FloatFormat &src = formatOf(x);
  const FloatFormat &dst = formatOf(result);
  Term u = x.bits();
  // Sign extension and shift keep the sign at the top.
  Term sign = dst.bits >= src.bits
                  ? u.zext(dst.bits) << (dst.bits - src.bits)
                  : (u >> (src.bits - dst.bits)).trunc(dst.bits);
  sign = dst.bits == src.bits ? u : sign;
  Term nan = (sign & dst.getSignMask()) | dst.getNaN();
  Term isNumber = ule(u & src.getMagnitudeMask(), src.getInfinity());
  return select(isNumber, result.bits(), nan).bitcast(result.getElementType());
}

/// Infinity replaced by the largest finite number, in an IEEE kind.
static Term withoutInfinity(const Term &x) {
  const FloatFormat &format = formatOf(x);
  Term u = x.bits();
  Term isInfinity = eq(u & format.getMagnitudeMask(), format.getInfinity());
  // The code of the largest finite number is one less, with either sign.
  return select(isInfinity, u - u.integer(1), u).bitcast(x.getElementType());
}

/// An 8-bit float as f16 (`wide` is f16) or f32, by way of an f16 that has the
/// same exponent and mantissa fields and is off by a power of two.
static Term widenThroughF16(const Term &x, Type wide) {
  const FloatFormat &src = formatOf(x);
  Type f16 = Float16Type::get(x.b().getContext());
  unsigned shift = 10 - src.mantissaBits;
  // Sign-extended, so that the sign bit is at the top after the shift.
  Term fields = x.bits().sext(16) << shift;
  fields = fields & (0x8000u | (0x7Fu << shift));
  Term scaled = fields.bitcast(f16);
  if (wide != f16)
    scaled = scaled.extf(wide);
  if (src.bias != 15)
    scaled = scaled * Number(double(1ull << (15 - src.bias)));

  const FloatFormat &dst = formatOf(scaled);
  Term u = x.bits();
  if (src.specials == Specials::NegativeZeroNaN)
    return select(eq(u, src.getNaN()), dst.getNaN(), scaled.bits())
        .bitcast(wide);
  Term isNumber = src.isIEEE() ? ule(u & 0x7F, src.getInfinity())
                               : ne(u & 0x7F, src.getNaN());
  Term nan = (u.sext(dst.bits) & dst.getSignMask()) | dst.getNaN();
  return select(isNumber, scaled.bits(), nan).bitcast(wide);
}

/// f8E5M2FNUZ as f32: its largest exponent is infinity's in f16.
static Term widenE5M2FNUZ(const Term &x) {
  const FloatFormat &src = formatOf(x);
  Type f32 = Float32Type::get(x.b().getContext());
  Term u = x.bits().zext(32);
  unsigned shift = 23 - src.mantissaBits;
  Term a = u & 0x7F;
  Term normal = (a << shift) + ((127u - src.bias) << 23);
  // With the hidden bit that a subnormal has not, less that bit.
  Term hidden = normal.integer((127u - src.bias + 1) << 23).bitcast(f32);
  Term subnormal = (normal + (1u << 23)).bitcast(f32) - hidden;
  Term magnitude =
      select(ult(a, 1u << src.mantissaBits), subnormal.bits(), normal);
  Term result = magnitude | ((u & 0x80) << 24);
  return select(eq(u, 0x80), 0x7FC00000, result).bitcast(f32);
}

/// Any kind but f64 as f32, exactly.
static Term widenToF32(const Term &x) {
  Type f32 = Float32Type::get(x.b().getContext());
  if (isa<Float32Type>(x.getElementType()))
    return x;
  if (isa<BFloat16Type>(x.getElementType()))
    return withCanonicalNaN(x, (x.bits().zext(32) << 16).bitcast(f32));
  if (isa<Float16Type>(x.getElementType()))
    return withCanonicalNaN(x, x.extf(f32));
  if (isa<Float8E5M2FNUZType>(x.getElementType()))
    return widenE5M2FNUZ(x);
  return widenThroughF16(x, f32);
}

static Term convertIdentity(const Term &x, bool saturate) {
  const FloatFormat &format = formatOf(x);
  // The other kinds have no infinity, and one NaN for each sign.
  if (!format.isIEEE())
    return x;
  Term result = withCanonicalNaN(x, x);
  return saturate ? withoutInfinity(result) : result;
}

Value tilewright::convertFloat(OpBuilder &builder, Location loc, Value x,
                               Type dstElement, const ChipInfo *chip,
                               RoundingMode mode, bool saturate) {
  Type srcElement = getElementTypeOrSelf(x);
  if (!chip ||
      !NativeSupport(*chip).converts(srcElement, dstElement, mode, saturate))
    return expandConvert(builder, loc, x, dstElement, mode, saturate);
  ImplicitLocOpBuilder b(loc, builder);
  bool isWidening =
      srcElement.getIntOrFloatBitWidth() < dstElement.getIntOrFloatBitWidth();
  return isWidening ? Term(b, x).extf(dstElement)
                    : Term(b, x).truncf(dstElement);
}

Value tilewright::expandConvert(OpBuilder &builder, Location loc, Value value,
                                Type dstElement, RoundingMode mode,
                                bool saturate) {
  ImplicitLocOpBuilder b(loc, builder);
  Term x(b, value);
  const FloatFormat *src = getFloatFormat(x.getElementType());
  const FloatFormat *dst = getFloatFormat(dstElement);
  assert(src && dst && "expected float kinds that isConvertibleFloat accepts");
  if (src == dst)
    return convertIdentity(x, saturate);

  auto finish = [&](const Term &widened) -> Value {
    return saturate && src->isIEEE() ? withoutInfinity(widened) : widened;
  };
  if (isa<Float64Type>(dstElement)) {
    Term middle = widenToF32(x);
    return finish(withCanonicalNaN(middle, middle.extf(dstElement)));
  }
  if (isa<Float64Type>(x.getElementType())) {
    bool isNative =
        isa<Float32Type>(dstElement) && mode == RoundingMode::NearestEven;
    if (!isNative)
      return narrow(x, dstElement, mode, saturate);
    return finish(withCanonicalNaN(x, x.truncf(dstElement)));
  }
  bool isSmall = src->bits == 8 && !isa<Float8E5M2FNUZType>(x.getElementType());
  if (isSmall && isa<Float16Type>(dstElement))
    return finish(widenThroughF16(x, dstElement));
  // Equal exponent fields: no need for the detour.
  if (isa<Float16Type>(x.getElementType()) && isa<Float8E5M2Type>(dstElement))
    return narrow(x, dstElement, mode, saturate);

  Term middle = widenToF32(x);
  if (isa<Float32Type>(dstElement))
    return finish(middle);
  // The low half of an f32 that holds a number of few mantissa bits is zero.
  if (isa<BFloat16Type>(dstElement) && src->bits == 8)
    return finish((middle.bits() >> 16).trunc(16).bitcast(dstElement));
  return narrow(middle, dstElement, mode, saturate);
}

/// `x` (i64) as an f64 that rounds to a kind of at most 11 bits of precision as
/// `x` itself would: where it does not fit, its low bits are merged into one.
static Term toF64ForRounding(const Term &x, Type f64, bool isSigned) {
  auto toFloat = [&](const Term &i) {
    return isSigned ? i.sitofp(f64) : i.uitofp(f64);
  };
  Term isInexact = ne(x & 0x7FF, 0).zext(64);
  Term merged = (isSigned ? ashr(x, 11) : x >> 11) | isInexact;
  Term fits = isSigned ? ult(x + (1ull << 52), 1ull << 53) : ult(x, 1ull << 53);
  return select(fits, toFloat(x), toFloat(merged) * 2048.0);
}

Value tilewright::expandIntToFloat(OpBuilder &builder, Location loc,
                                   Value value, Type dstElement,
                                   bool isSigned) {
  ImplicitLocOpBuilder b(loc, builder);
  Term x(b, value);
  if (isa<IndexType>(x.getElementType())) {
    Type i64 = x.like(b.getI64Type());
    x = isSigned ? x.make<arith::IndexCastOp>(i64, value)
                 : x.make<arith::IndexCastUIOp>(i64, value);
  }
  auto toFloat = [&](Type type) {
    return isSigned ? x.sitofp(type) : x.uitofp(type);
  };
  const FloatFormat &dst = *getFloatFormat(dstElement);
  if (dst.bits >= 32)
    return toFloat(dstElement);
  assert(x.getBits() <= 64 && "expected an integer of at most 64 bits");
  if (x.getBits() > 32)
    x = isSigned ? x.sext(64) : x.zext(64);
  // Exact in the kind in the middle, then rounded once.
  if (x.getBits() <= 16)
    return expandConvert(builder, loc, toFloat(b.getF32Type()), dstElement);
  Term middle = x.getBits() <= 32
                    ? toFloat(b.getF64Type())
                    : toF64ForRounding(x, b.getF64Type(), isSigned);
  return expandConvert(builder, loc, middle, dstElement);
}
