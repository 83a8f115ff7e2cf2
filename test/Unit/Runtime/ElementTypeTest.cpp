// ElementTypeTest.cpp - number formats against LLVM's APFloat.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>

namespace {

struct Row {
  TwElementType type;
  const llvm::fltSemantics *semantics;
};
const Row rows[] = {
    {TW_BF16, &llvm::APFloat::BFloat()},
    {TW_F16, &llvm::APFloat::IEEEhalf()},
    {TW_F8E4M3FN, &llvm::APFloat::Float8E4M3FN()},
    {TW_F8E5M2, &llvm::APFloat::Float8E5M2()},
    {TW_F8E4M3FNUZ, &llvm::APFloat::Float8E4M3FNUZ()},
    {TW_F8E5M2FNUZ, &llvm::APFloat::Float8E5M2FNUZ()},
};

double decode(const Row &row, uint64_t bits) {
  llvm::APFloat value(
      *row.semantics,
      llvm::APInt(llvm::APFloat::getSizeInBits(*row.semantics), bits));
  bool loses;
  value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven,
                &loses);
  return value.convertToDouble();
}

uint64_t encode(const Row &row, double real) {
  llvm::APFloat value(real);
  bool loses;
  value.convert(*row.semantics, llvm::APFloat::rmNearestTiesToEven, &loses);
  return value.bitcastToAPInt().getZExtValue();
}

TEST(ElementType, NamesAndSizes) {
  for (int i = TW_F64; i <= TW_I64; ++i) {
    TwElementType type;
    ASSERT_EQ(
        take(twElementTypeParse(twElementTypeGetName(TwElementType(i)), &type)),
        "");
    EXPECT_EQ(type, i);
    EXPECT_GT(twElementTypeGetBytes(type), 0u);
  }
  TwElementType type;
  EXPECT_EQ(take(twElementTypeParse("f17", &type)),
            "expected an element type, but got 'f17'");
  for (TwStatus status : {twElementTypeParse(nullptr, &type),
                          twElementTypeParse("f32", nullptr)}) {
    EXPECT_EQ(twStatusGetCode(status), TW_INVALID_ARGUMENT);
    EXPECT_EQ(take(status), "expected the name of an element type and a place "
                            "for the type");
  }
}

TEST(ElementType, DecodesEveryCode) {
  for (const Row &row : rows) {
    uint64_t count = uint64_t(1) << 8 * twElementTypeGetBytes(row.type);
    for (uint64_t bits = 0; bits < count; ++bits) {
      double want = decode(row, bits), got = twDecodeFloat(row.type, bits);
      if (std::isnan(want))
        EXPECT_TRUE(std::isnan(got)) << bits;
      else
        EXPECT_TRUE(got == want && std::signbit(got) == std::signbit(want))
            << twElementTypeGetName(row.type) << ' ' << bits << ' ' << got
            << ' ' << want;
    }
  }
}

TEST(ElementType, EncodesWhatLiesBetweenCodes) {
  for (const Row &row : rows) {
    uint64_t count = uint64_t(1) << 8 * twElementTypeGetBytes(row.type);
    for (uint64_t bits = 0; bits + 1 < count; ++bits) {
      double low = decode(row, bits), high = decode(row, bits + 1);
      if (std::isnan(low) || std::isnan(high) || std::isinf(low) ||
          std::isinf(high))
        continue;
      double middle = (low + high) / 2;
      for (double value : {low, middle, std::nextafter(middle, low),
                           std::nextafter(middle, high)})
        EXPECT_EQ(twEncodeFloat(row.type, value), encode(row, value))
            << twElementTypeGetName(row.type) << ' ' << value;
    }
    for (double value :
         {0.0, -0.0, 1e300, -1e300, 70000.0, 448.0, 464.0, 465.0, 240.0, 248.0,
          57344.0, 61440.0, 1e-300, -1e-300, HUGE_VAL, -HUGE_VAL}) {
      // Overflow of f8E4M3FN and the FNUZ kinds is NaN in both.
      EXPECT_EQ(twEncodeFloat(row.type, value), encode(row, value))
          << twElementTypeGetName(row.type) << ' ' << value;
    }
    EXPECT_TRUE(std::isnan(
        twDecodeFloat(row.type, twEncodeFloat(row.type, std::nan("")))));
  }
}

TEST(ElementType, Float32) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 100000; ++i) {
    // All exponents, subnormals and overflows included.
    double value =
        std::ldexp(double(int64_t(random())), int(random() % 320) - 230);
    float want = float(value), got;
    uint32_t bits = uint32_t(twEncodeFloat(TW_F32, value));
    std::memcpy(&got, &bits, 4);
    EXPECT_EQ(got, want) << value;
    EXPECT_EQ(twDecodeFloat(TW_F32, bits), double(want));
  }
}

TEST(ElementType, Integers) {
  EXPECT_EQ(twDecodeFloat(TW_I8, 0xff), -1.0);
  EXPECT_EQ(twDecodeFloat(TW_I1, 1), 1.0);
  EXPECT_EQ(twDecodeFloat(TW_I64, uint64_t(-5)), -5.0);
  EXPECT_EQ(twEncodeFloat(TW_I32, -7.9), uint64_t(-7));
}

} // namespace
