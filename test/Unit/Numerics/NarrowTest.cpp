// NarrowTest.cpp - what tile-expand-numerics makes of ops on narrow floats.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Codes.h"
#include "Jit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "gtest/gtest.h"
#include <random>

using namespace mlir;
using namespace tilewright;
using namespace tilewright::test;

namespace {

const char *const chips[] = {"", "x86-64-v3"};

const Kind &kindOf(llvm::StringRef name) {
  for (const Kind &kind : kinds())
    if (name == kind.name)
      return kind;
  llvm_unreachable("no such kind");
}

long double valueOf(uint64_t code, const Kind &kind) {
  long double sign = code & kind.signBit() ? -1 : 1;
  if (kind.isNaN(code))
    return NAN;
  if (kind.isInfinity(code))
    return sign * INFINITY;
  return sign * kind.decode(code & (kind.signBit() - 1));
}

/// The code of a real number, rounded to nearest even.
uint64_t codeOf(long double value, const Kind &kind) {
  if (std::isnan(value))
    return kind.quietNaN(false);
  bool negative = std::signbit(value);
  uint64_t sign = negative ? kind.signBit() : 0;
  if (std::isinf(value))
    return kind.hasInfinity ? kind.infinity() | sign : kind.quietNaN(negative);
  uint64_t code = roundReference(fabsl(value), negative, kind,
                                 RoundingMode::NearestEven, false);
  return kind.isFnuz && code == 0 ? 0 : code | sign;
}

/// NaN is NaN: arithmetic leaves its sign and payload open.
bool isSame(uint64_t a, uint64_t b, const Kind &kind) {
  return a == b || (kind.isNaN(a) && kind.isNaN(b));
}

using Builder2 = Value (*)(OpBuilder &, Location, ValueRange);
template <typename OpTy> Value build(OpBuilder &b, Location loc, ValueRange x) {
  return OpTy::create(b, loc, x[0].getType(), x);
}

/// sum of a * b and c, as a long double that rounds as the exact sum does.
long double fmaForRounding(long double a, long double b, long double c) {
  long double p = a * b, sum = p + c;
  if (!std::isfinite(sum))
    return sum;
  long double part = sum - p;
  long double error = (p - (sum - part)) + (c - part);
  // Rounded to odd: the last bit tells that something was lost.
  uint64_t significand;
  std::memcpy(&significand, &sum, 8);
  if (error == 0 || (significand & 1))
    return sum;
  return nextafterl(sum, error > 0 ? INFINITY : -INFINITY);
}

struct Case {
  const char *name;
  Builder2 build;
  long double (*reference)(long double, long double, long double);
  int arity;
};

long double maximum(long double a, long double b, long double) {
  if (std::isnan(a) || std::isnan(b))
    return NAN;
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
long double minimum(long double a, long double b, long double) {
  if (std::isnan(a) || std::isnan(b))
    return NAN;
  if (a == b)
    return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

const Case cases[] = {
    {"addf", build<arith::AddFOp>,
     [](long double a, long double b, long double) { return a + b; }, 2},
    {"subf", build<arith::SubFOp>,
     [](long double a, long double b, long double) { return a - b; }, 2},
    {"mulf", build<arith::MulFOp>,
     [](long double a, long double b, long double) { return a * b; }, 2},
    {"divf", build<arith::DivFOp>,
     [](long double a, long double b, long double) { return a / b; }, 2},
    {"remf", build<arith::RemFOp>,
     [](long double a, long double b, long double) { return fmodl(a, b); }, 2},
    {"maximumf", build<arith::MaximumFOp>, maximum, 2},
    {"minimumf", build<arith::MinimumFOp>, minimum, 2},
    {"sqrt", build<math::SqrtOp>,
     [](long double a, long double, long double) { return sqrtl(a); }, 1},
    {"fma", build<math::FmaOp>, fmaForRounding, 3},
};

class NarrowTest : public testing::TestWithParam<const char *> {};

TEST_P(NarrowTest, Arithmetic) {
  std::unique_ptr<MLIRContext> context = makeContext();
  const Kind &kind = kindOf(GetParam());
  Type type = typeOf(*context, kind);
  std::mt19937_64 random(3);
  std::vector<uint64_t> codes[3];
  // All pairs of 8-bit codes; elsewhere random ones, half of them of numbers
  // of similar size.
  int count = 1 << 17;
  for (int i = 0; i != count; ++i) {
    uint64_t mask = (1ull << kind.bits) - 1;
    uint64_t a = random() & mask, b = random() & mask, c = random() & mask;
    if (kind.bits == 8) {
      a = i & 255;
      b = (i >> 8) & 255;
    } else if (i & 1) {
      b = (a + random() % 4096) & mask;
      c = a ^ (random() & kind.signBit());
    }
    codes[0].push_back(a);
    codes[1].push_back(b);
    codes[2].push_back(c);
  }
  std::vector<uint8_t> inputs[3];
  for (int i = 0; i != 3; ++i)
    inputs[i] = pack(codes[i], kind.bits);
  for (const char *chip : chips) {
    for (const Case &test : cases) {
      SCOPED_TRACE(std::string(test.name) + " for '" + chip + "'");
      SmallVector<Type> types(test.arity, type);
      CompiledFormula compiled(*context, types, type, test.build,
                               /*scalar=*/false, chip);
      ASSERT_TRUE(compiled.isValid());
      std::vector<uint8_t> output(count * kind.bits / 8);
      compiled.run({inputs[0].data(), inputs[1].data(), inputs[2].data()},
                   output.data(), count);
      int shown = 0;
      for (int i = 0; i != count && shown != 3; ++i) {
        long double exact = test.reference(valueOf(codes[0][i], kind),
                                           valueOf(codes[1][i], kind),
                                           valueOf(codes[2][i], kind));
        uint64_t expected = codeOf(exact, kind);
        uint64_t got = unpack(output, i, kind.bits);
        if (isSame(expected, got, kind))
          continue;
        ++shown;
        ADD_FAILURE() << llvm::formatv("of {0:x}, {1:x}, {2:x}: expected {3:x},"
                                       " got {4:x}",
                                       codes[0][i], codes[1][i], codes[2][i],
                                       expected, got)
                             .str();
      }
    }
  }
}

/// negf, absf and copysign, of NaN too, change the sign and nothing else.
TEST_P(NarrowTest, SignBit) {
  std::unique_ptr<MLIRContext> context = makeContext();
  const Kind &kind = kindOf(GetParam());
  Type type = typeOf(*context, kind);
  std::vector<uint64_t> a, b;
  for (uint64_t code = 0; code != 1ull << kind.bits; ++code) {
    a.push_back(code);
    b.push_back(code * 37 + 11);
  }
  std::vector<uint8_t> x = pack(a, kind.bits), y = pack(b, kind.bits);
  struct {
    const char *name;
    Builder2 build;
    int arity;
  } const ops[] = {{"negf", build<arith::NegFOp>, 1},
                   {"absf", build<math::AbsFOp>, 1},
                   {"copysign", build<math::CopySignOp>, 2}};
  for (const auto &op : ops) {
    SCOPED_TRACE(op.name);
    SmallVector<Type> types(op.arity, type);
    CompiledFormula compiled(*context, types, type, op.build, false, "");
    ASSERT_TRUE(compiled.isValid());
    std::vector<uint8_t> output(x.size());
    compiled.run({x.data(), y.data()}, output.data(), a.size());
    for (size_t i = 0; i != a.size(); ++i) {
      uint64_t magnitude = a[i] & (kind.signBit() - 1);
      uint64_t sign = 0;
      if (op.build == ops[0].build)
        sign = ~a[i] & kind.signBit();
      else if (op.build == ops[2].build)
        sign = b[i] & kind.signBit();
      uint64_t expected = magnitude | sign;
      // One zero and one NaN, without a sign.
      if (kind.isFnuz && magnitude == 0)
        expected = a[i];
      ASSERT_EQ(unpack(output, i, kind.bits), expected) << "of " << a[i];
    }
  }
}

TEST_P(NarrowTest, Compare) {
  std::unique_ptr<MLIRContext> context = makeContext();
  const Kind &kind = kindOf(GetParam());
  Type type = typeOf(*context, kind);
  Type i8 = IntegerType::get(context.get(), 8);
  CompiledFormula compiled(
      *context, {type, type}, i8,
      [](OpBuilder &b, Location loc, ValueRange x) -> Value {
        Value less = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT,
                                           x[0], x[1]);
        Value equal = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UEQ,
                                            x[0], x[1]);
        Type wide = VectorType::get({8}, b.getI8Type());
        Value l = arith::ExtUIOp::create(b, loc, wide, less);
        Value e = arith::ExtUIOp::create(b, loc, wide, equal);
        Value sum = arith::AddIOp::create(b, loc, e, e);
        return arith::AddIOp::create(b, loc, l, sum);
      },
      false, "");
  ASSERT_TRUE(compiled.isValid());
  std::vector<uint64_t> a, b;
  std::mt19937_64 random(5);
  for (int i = 0; i != 1 << 16; ++i) {
    a.push_back((kind.bits == 8 ? i : random()) & ((1ull << kind.bits) - 1));
    b.push_back((kind.bits == 8 ? i >> 8 : random()) &
                ((1ull << kind.bits) - 1));
  }
  std::vector<uint8_t> x = pack(a, kind.bits), y = pack(b, kind.bits);
  std::vector<uint8_t> output(a.size());
  compiled.run({x.data(), y.data()}, output.data(), a.size());
  for (size_t i = 0; i != a.size(); ++i) {
    long double u = valueOf(a[i], kind), v = valueOf(b[i], kind);
    int expected = (u < v) + 2 * !(u < v || u > v);
    ASSERT_EQ(int(output[i]), expected) << a[i] << " " << b[i];
  }
}

/// Integers of all widths round once.
TEST_P(NarrowTest, FromInt) {
  std::unique_ptr<MLIRContext> context = makeContext();
  const Kind &kind = kindOf(GetParam());
  Type type = typeOf(*context, kind);
  std::mt19937_64 random(9);
  for (unsigned bits : {8, 16, 32, 64})
    for (bool isSigned : {true, false}) {
      SCOPED_TRACE(llvm::formatv("i{0} {1}", bits, isSigned).str());
      CompiledFormula compiled(
          *context, {IntegerType::get(context.get(), bits)}, type,
          [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
            Type wide = VectorType::get({8}, type);
            if (isSigned)
              return arith::SIToFPOp::create(b, loc, wide, x[0]);
            return arith::UIToFPOp::create(b, loc, wide, x[0]);
          },
          false, "x86-64-v3");
      ASSERT_TRUE(compiled.isValid());
      std::vector<uint64_t> codes;
      uint64_t mask = bits == 64 ? ~0ull : (1ull << bits) - 1;
      for (int i = 0; i != 40000; ++i) {
        uint64_t x = random() >> random() % 64;
        // Close to a midpoint of some kind.
        if (i & 1)
          x = (x & 0xFFF) << random() % 56;
        if ((i & 7) == 3)
          x += random() % 3 - 1;
        if (i & 16)
          x = -x;
        codes.push_back(x & mask);
      }
      std::vector<uint8_t> input = pack(codes, bits);
      std::vector<uint8_t> output(codes.size() * kind.bits / 8);
      compiled.run({input.data()}, output.data(), codes.size());
      for (size_t i = 0; i != codes.size(); ++i) {
        long double value = codes[i];
        if (isSigned)
          value = int64_t(codes[i] << (64 - bits)) >> (64 - bits);
        ASSERT_EQ(unpack(output, i, kind.bits), codeOf(value, kind))
            << double(value);
      }
    }
}

/// Functions of f16 and bf16 are those of f32, rounded once.
TEST_P(NarrowTest, Functions) {
  std::unique_ptr<MLIRContext> context = makeContext();
  const Kind &kind = kindOf(GetParam());
  Type type = typeOf(*context, kind);
  std::vector<uint64_t> codes;
  for (uint64_t code = 0; code != 1ull << kind.bits; ++code)
    codes.push_back(code);
  std::vector<uint8_t> input = pack(codes, kind.bits);
  struct {
    const char *name;
    Builder2 build;
    long double (*reference)(long double);
  } const functions[] = {{"exp", build<math::ExpOp>, expl},
                         {"log", build<math::LogOp>, logl},
                         {"tanh", build<math::TanhOp>, tanhl},
                         {"sin", build<math::SinOp>, sinl},
                         {"erf", build<math::ErfOp>, erfl},
                         {"floor", build<math::FloorOp>, floorl},
                         {"round", build<math::RoundOp>, roundl}};
  for (const auto &function : functions) {
    SCOPED_TRACE(function.name);
    CompiledFormula compiled(*context, {type}, type, function.build, false, "");
    ASSERT_TRUE(compiled.isValid());
    std::vector<uint8_t> output(input.size());
    compiled.run({input.data()}, output.data(), codes.size());
    int shown = 0;
    for (size_t i = 0; i != codes.size() && shown != 3; ++i) {
      long double exact = function.reference(valueOf(codes[i], kind));
      uint64_t got = unpack(output, i, kind.bits);
      // What f32 makes of it may be on the other side of a midpoint.
      if (isSame(got, codeOf(exact * (1 + 0x1p-21L), kind), kind) ||
          isSame(got, codeOf(exact * (1 - 0x1p-21L), kind), kind))
        continue;
      ++shown;
      ADD_FAILURE() << llvm::formatv("of {0:x}: got {1:x}, expected {2:x}",
                                     codes[i], got, codeOf(exact, kind))
                           .str();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, NarrowTest,
                         testing::Values("bf16", "f16", "f8E4M3FN", "f8E5M2",
                                         "f8E4M3FNUZ", "f8E5M2FNUZ"),
                         [](const testing::TestParamInfo<const char *> &info) {
                           return std::string(info.param);
                         });

TEST(IntPow, MatchesPlainLoop) {
  std::unique_ptr<MLIRContext> context = makeContext();
  Type i32 = IntegerType::get(context.get(), 32);
  CompiledFormula compiled(*context, {i32, i32}, i32, build<math::IPowIOp>,
                           false, "");
  ASSERT_TRUE(compiled.isValid());
  std::vector<int32_t> x, n;
  for (int base = -40; base != 40; ++base)
    for (int power = -5; power != 35; ++power) {
      x.push_back(base);
      n.push_back(power);
    }
  std::vector<int32_t> y(x.size());
  compiled.run({x.data(), n.data()}, y.data(), x.size());
  for (size_t i = 0; i != x.size(); ++i) {
    if (x[i] == 0 && n[i] < 0)
      continue;
    uint32_t expected = 1;
    for (int k = 0; k < std::abs(n[i]); ++k)
      expected *= uint32_t(x[i]);
    if (n[i] < 0 && std::abs(x[i]) != 1)
      expected = 0;
    EXPECT_EQ(uint32_t(y[i]), expected) << x[i] << " ^ " << n[i];
  }
}

} // namespace
