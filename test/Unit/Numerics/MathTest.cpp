// MathTest.cpp - expandMath against the host's long double functions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Jit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "tilewright/Conversion/Numerics.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace mlir;
using namespace tilewright;
using namespace tilewright::test;

namespace {

using Reference1 = long double (*)(long double);
using Reference2 = long double (*)(long double, long double);

template <typename OpTy>
Value expandUnary(OpBuilder &b, Location loc, ValueRange x) {
  Operation *op = OpTy::create(b, loc, x[0]);
  SmallVector<Value> results = expandMath(b, op);
  EXPECT_EQ(results.size(), 1u);
  op->erase();
  return results[0];
}

template <typename OpTy>
Value expandBinary(OpBuilder &b, Location loc, ValueRange x) {
  Operation *op = OpTy::create(b, loc, x[0], x[1]);
  SmallVector<Value> results = expandMath(b, op);
  EXPECT_EQ(results.size(), 1u);
  op->erase();
  return results[0];
}

/// The distance of the numbers of type T around `value`.
template <typename T> long double ulpAt(long double value) {
  int exponent;
  frexpl(value, &exponent);
  int lowest = std::numeric_limits<T>::min_exponent;
  return ldexpl(1, std::max(exponent, lowest) - std::numeric_limits<T>::digits);
}

/// The error of `got` in units of the last place; infinite for a wrong NaN,
/// infinity or sign of zero.
template <typename T> double ulpError(T got, long double expected) {
  constexpr double wrong = INFINITY;
  if (std::isnan(expected) || std::isnan(got))
    return std::isnan(expected) && std::isnan(got) ? 0 : wrong;
  if (std::isinf(T(expected)) || std::isinf(got)) {
    // A result near the limit may end on either side of it.
    if (std::signbit(got) != std::signbit(expected))
      return wrong;
    if (std::isinf(expected))
      return std::isinf(got) ? 0 : wrong;
    long double limit = ldexpl(1, std::numeric_limits<T>::max_exponent);
    long double distance = std::isinf(got) ? limit - fabsl(expected)
                                           : fabsl(expected) - fabsl(got);
    return distance < 0
               ? 0
               : double(distance / ulpAt<T>(std::numeric_limits<T>::max()));
  }
  if (expected == 0)
    return got == 0 && std::signbit(got) == std::signbit(expected) ? 0 : wrong;
  if (got == 0 && std::signbit(got) != std::signbit(expected))
    return wrong;
  return double(fabsl(expected - (long double)got) / ulpAt<T>(expected));
}

template <typename T> std::vector<T> specials() {
  using L = std::numeric_limits<T>;
  std::vector<T> values;
  for (T v : {T(0),
              T(1),
              T(0.5),
              T(2),
              T(3),
              T(4),
              T(10),
              T(1.5),
              T(0.25),
              L::min(),
              L::max(),
              L::denorm_min(),
              L::infinity(),
              L::quiet_NaN(),
              L::epsilon(),
              std::nextafter(L::min(), T(0)),
              std::nextafter(T(1), T(0)),
              std::nextafter(T(1), T(2)),
              std::nextafter(T(0.5), T(0)),
              T(1 << 23),
              T(1 << 24),
              T(1e9)})
    values.insert(values.end(), {v, T(-v)});
  return values;
}

/// Specials, numbers of all exponents, and numbers spread evenly in ranges.
template <typename T>
std::vector<T> samples(std::vector<std::pair<double, double>> ranges,
                       int count) {
  std::vector<T> values = specials<T>();
  std::mt19937_64 random(7);
  for (int i = 0; i != count; ++i) {
    T value;
    uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(T));
    values.push_back(value);
  }
  for (auto [low, high] : ranges) {
    std::uniform_real_distribution<double> uniform(low, high);
    for (int i = 0; i != count; ++i)
      values.push_back(T(uniform(random)));
  }
  // Close to multiples of pi/2; the last two are the closest of their kinds.
  for (int i = 1; i != 500; ++i)
    values.push_back(T(i * 1.57079632679489661923L));
  values.push_back(T(ldexpl(16367173, 72)));
  values.push_back(T(ldexpl(6381956970095103, 797)));
  while (values.size() % 8)
    values.push_back(T(1));
  return values;
}

struct Function1 {
  const char *name;
  Value (*expand)(OpBuilder &, Location, ValueRange);
  Reference1 reference;
  std::vector<std::pair<double, double>> ranges;
  double ulpF32, ulpF64;
};

long double rsqrtReference(long double x) { return 1 / sqrtl(x); }

const std::vector<Function1> &functions() {
  static const std::vector<Function1> all = {
      {"exp",
       expandUnary<math::ExpOp>,
       expl,
       {{-90, 90}, {-750, 720}, {-1, 1}},
       1.2,
       1.2},
      {"exp2",
       expandUnary<math::Exp2Op>,
       exp2l,
       {{-152, 130}, {-1080, 1030}, {-1, 1}},
       1.2,
       1.2},
      {"expm1",
       expandUnary<math::ExpM1Op>,
       expm1l,
       {{-90, 90}, {-750, 720}, {-1, 1}, {-0.01, 0.01}},
       2,
       2},
      {"sinh",
       expandUnary<math::SinhOp>,
       sinhl,
       {{-90, 90}, {-720, 720}, {-2, 2}},
       2.5,
       2.5},
      {"cosh",
       expandUnary<math::CoshOp>,
       coshl,
       {{-90, 90}, {-720, 720}, {-2, 2}},
       2.5,
       2.5},
      {"tanh",
       expandUnary<math::TanhOp>,
       tanhl,
       {{-20, 20}, {-1, 1}, {-0.1, 0.1}},
       2,
       3},
      {"log",
       expandUnary<math::LogOp>,
       logl,
       {{0, 10}, {0.5, 2}, {0.99, 1.01}},
       1.5,
       1.5},
      {"log2",
       expandUnary<math::Log2Op>,
       log2l,
       {{0, 10}, {0.5, 2}, {0.99, 1.01}},
       1.5,
       1.5},
      {"log10",
       expandUnary<math::Log10Op>,
       log10l,
       {{0, 10}, {0.5, 2}, {0.99, 1.01}},
       2,
       2},
      {"log1p",
       expandUnary<math::Log1pOp>,
       log1pl,
       {{-1, 10}, {-0.5, 1}, {-0.01, 0.01}},
       1.5,
       1.5},
      {"asinh",
       expandUnary<math::AsinhOp>,
       asinhl,
       {{-10, 10}, {-1, 1}, {-1e4, 1e4}},
       3,
       3},
      {"acosh",
       expandUnary<math::AcoshOp>,
       acoshl,
       {{1, 10}, {1, 1.01}, {1, 1e4}},
       3,
       3},
      {"atanh",
       expandUnary<math::AtanhOp>,
       atanhl,
       {{-1, 1}, {-0.1, 0.1}, {0.99, 1}},
       3,
       3},
      {"sin",
       expandUnary<math::SinOp>,
       sinl,
       {{-10, 10}, {-1e5, 1e5}, {-1, 1}},
       1.5,
       1.5},
      {"cos",
       expandUnary<math::CosOp>,
       cosl,
       {{-10, 10}, {-1e5, 1e5}, {-1, 1}},
       1.5,
       1.5},
      {"tan",
       expandUnary<math::TanOp>,
       tanl,
       {{-10, 10}, {-1e5, 1e5}, {-1, 1}},
       4,
       4},
      {"asin", expandUnary<math::AsinOp>, asinl, {{-1, 1}, {0.9, 1}}, 2, 2},
      {"acos", expandUnary<math::AcosOp>, acosl, {{-1, 1}, {0.9, 1}}, 2, 2},
      {"atan",
       expandUnary<math::AtanOp>,
       atanl,
       {{-5, 5}, {-0.5, 0.5}, {-100, 100}},
       2,
       2},
      {"erf", expandUnary<math::ErfOp>, erfl, {{-6, 6}, {-1.1, 1.1}}, 2, 2},
      {"erfc", expandUnary<math::ErfcOp>, erfcl, {{-6, 28}, {-1.1, 11}}, 5, 5},
      {"cbrt", expandUnary<math::CbrtOp>, cbrtl, {{-10, 10}, {0, 1000}}, 1, 1},
      {"rsqrt",
       expandUnary<math::RsqrtOp>,
       rsqrtReference,
       {{0, 10}},
       1.6,
       1.6},
  };
  return all;
}

template <typename T>
void report(const char *name, const char *kind, double worst, double bound,
            T at, T got, long double expected) {
  std::printf("%-10s %s: %.3f ulp\n", name, kind, worst);
  EXPECT_LE(worst, bound) << name << " of " << at << ": expected "
                          << double(expected) << ", got " << got;
}

template <typename T>
void check1(const Function1 &function, const char *kind, int count) {
  std::unique_ptr<MLIRContext> context = makeContext();
  Type type = sizeof(T) == 4 ? Type(Float32Type::get(context.get()))
                             : Type(Float64Type::get(context.get()));
  CompiledFormula compiled(*context, {type}, type, function.expand);
  ASSERT_TRUE(compiled.isValid());
  std::vector<T> x = samples<T>(function.ranges, count), y(x.size());
  compiled.run({x.data()}, y.data(), x.size());
  double worst = -1;
  size_t where = 0;
  for (size_t i = 0; i != x.size(); ++i) {
    double error = ulpError<T>(y[i], function.reference(x[i]));
    if (error > worst) {
      worst = error;
      where = i;
    }
  }
  report<T>(function.name, kind, worst,
            sizeof(T) == 4 ? function.ulpF32 : function.ulpF64, x[where],
            y[where], function.reference(x[where]));
}

class MathTest : public testing::TestWithParam<size_t> {};

TEST_P(MathTest, F32) { check1<float>(functions()[GetParam()], "f32", 200000); }
TEST_P(MathTest, F64) { check1<double>(functions()[GetParam()], "f64", 60000); }

INSTANTIATE_TEST_SUITE_P(Functions, MathTest,
                         testing::Range<size_t>(0, functions().size()),
                         [](const testing::TestParamInfo<size_t> &info) {
                           return std::string(functions()[info.param].name);
                         });

struct Function2 {
  const char *name;
  Value (*expand)(OpBuilder &, Location, ValueRange);
  Reference2 reference;
  std::vector<std::pair<double, double>> ranges1, ranges2;
  double ulpF32, ulpF64;
};

template <typename T> void check2(const Function2 &f, const char *kind, int n) {
  std::unique_ptr<MLIRContext> context = makeContext();
  Type type = sizeof(T) == 4 ? Type(Float32Type::get(context.get()))
                             : Type(Float64Type::get(context.get()));
  CompiledFormula compiled(*context, {type, type}, type, f.expand);
  ASSERT_TRUE(compiled.isValid());
  std::vector<T> x = samples<T>(f.ranges1, n), y = samples<T>(f.ranges2, n);
  std::mt19937 random(1);
  std::shuffle(y.begin(), y.end(), random);
  // All pairs of special numbers.
  for (T a : specials<T>())
    for (T b : specials<T>()) {
      x.push_back(a);
      y.push_back(b);
    }
  size_t count = std::min(x.size(), y.size()) / 8 * 8;
  // The pairs at the end stay.
  x.erase(x.begin(), x.begin() + (x.size() - count));
  y.erase(y.begin(), y.begin() + (y.size() - count));
  std::vector<T> z(count);
  compiled.run({x.data(), y.data()}, z.data(), count);
  double worst = -1;
  size_t where = 0;
  for (size_t i = 0; i != count; ++i) {
    double error = ulpError<T>(z[i], f.reference(x[i], y[i]));
    if (error > worst) {
      worst = error;
      where = i;
    }
  }
  report<T>(f.name, kind, worst, sizeof(T) == 4 ? f.ulpF32 : f.ulpF64, x[where],
            z[where], f.reference(x[where], y[where]));
  if (worst > (sizeof(T) == 4 ? f.ulpF32 : f.ulpF64))
    std::printf("  second operand %.17g\n", double(y[where]));
}

const std::vector<Function2> &functions2() {
  static const std::vector<Function2> all = {
      {"powf",
       expandBinary<math::PowFOp>,
       powl,
       {{0, 10}, {0.5, 2}, {-3, 3}},
       {{-40, 40}, {-500, 500}, {-3, 3}},
       1,
       2},
      {"atan2",
       expandBinary<math::Atan2Op>,
       atan2l,
       {{-5, 5}, {-1, 1}},
       {{-5, 5}, {-100, 100}},
       2.5,
       2.5},
      {"remf",
       expandBinary<arith::RemFOp>,
       fmodl,
       {{-1e6, 1e6}, {-10, 10}},
       {{-5, 5}, {-1e3, 1e3}},
       0,
       0},
  };
  return all;
}

class MathTest2 : public testing::TestWithParam<size_t> {};
TEST_P(MathTest2, F32) {
  check2<float>(functions2()[GetParam()], "f32", 100000);
}
TEST_P(MathTest2, F64) {
  check2<double>(functions2()[GetParam()], "f64", 60000);
}
INSTANTIATE_TEST_SUITE_P(Functions, MathTest2,
                         testing::Range<size_t>(0, functions2().size()),
                         [](const testing::TestParamInfo<size_t> &info) {
                           return std::string(functions2()[info.param].name);
                         });

/// Integer powers, of special bases and by special exponents too.
template <typename T> void checkIntPower(double bound) {
  std::unique_ptr<MLIRContext> context = makeContext();
  Type type = sizeof(T) == 4 ? Type(Float32Type::get(context.get()))
                             : Type(Float64Type::get(context.get()));
  CompiledFormula compiled(*context,
                           {type, IntegerType::get(context.get(), 32)}, type,
                           expandBinary<math::FPowIOp>);
  ASSERT_TRUE(compiled.isValid());
  std::vector<T> bases = samples<T>({{-3, 3}, {0.9, 1.1}}, 2000), x;
  std::vector<int32_t> n;
  for (T base : bases)
    for (int32_t power : {0, 1, -1, 2, -2, 3, -3, 7, 10, -25, 100, -101, 1000,
                          INT32_MAX, INT32_MIN, 1 << 24}) {
      x.push_back(base);
      n.push_back(power);
    }
  std::vector<T> y(x.size());
  compiled.run({x.data(), n.data()}, y.data(), x.size());
  double worst = 0;
  for (size_t i = 0; i != x.size(); ++i) {
    long double expected = powl(x[i], n[i]);
    double error = ulpError<T>(y[i], expected);
    worst = std::max(worst, error);
    ASSERT_LE(error, bound) << x[i] << " ^ " << n[i] << ": expected "
                            << double(expected) << ", got " << y[i];
  }
  std::printf("fpowi      f%d: %.3f ulp\n", int(sizeof(T) * 8), worst);
}

TEST(IntPower, F32) { checkIntPower<float>(1); }
TEST(IntPower, F64) { checkIntPower<double>(2); }

/// 1, 2, 4, 8 for NaN, infinite, finite, normal.
TEST(Classify, F32) {
  std::unique_ptr<MLIRContext> context = makeContext();
  Type f32 = Float32Type::get(context.get());
  CompiledFormula compiled(
      *context, {f32}, IntegerType::get(context.get(), 8),
      [](OpBuilder &b, Location loc, ValueRange x) -> Value {
        Type wide = VectorType::get({8}, b.getI8Type());
        Value nan = math::IsNaNOp::create(b, loc, x[0]);
        Value inf = math::IsInfOp::create(b, loc, x[0]);
        Value finite = math::IsFiniteOp::create(b, loc, x[0]);
        Value normal = math::IsNormalOp::create(b, loc, x[0]);
        Value sum;
        for (Value bit : {normal, finite, inf, nan}) {
          Value term = arith::ExtUIOp::create(b, loc, wide, bit);
          if (sum) {
            sum = arith::AddIOp::create(b, loc, sum, sum);
            sum = arith::AddIOp::create(b, loc, sum, term);
          } else {
            sum = term;
          }
        }
        return sum;
      },
      /*scalar=*/false, "");
  ASSERT_TRUE(compiled.isValid());
  std::vector<float> x = samples<float>({}, 1000);
  std::vector<uint8_t> y(x.size());
  compiled.run({x.data()}, y.data(), x.size());
  for (size_t i = 0; i != x.size(); ++i)
    EXPECT_EQ(int(y[i]), std::isnan(x[i]) + 2 * std::isinf(x[i]) +
                             4 * std::isfinite(x[i]) + 8 * std::isnormal(x[i]))
        << x[i];
}

} // namespace
