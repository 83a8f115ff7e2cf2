// ArithTest.cpp - integer, float, conversion and vector instructions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "EmulatorTestUtils.h"
#include <cmath>
#include <functional>
#include <limits>

using namespace tilewright::emulator;

namespace {

/// Runs `%r = <body>` on every element: inputs %a, %b, %c of `in`, result
/// %r of `out`. Elements are 8 bytes in memory, low bytes first.
std::vector<uint64_t> map(const std::string &in, const std::string &out,
                          const std::string &body,
                          const std::vector<std::array<uint64_t, 3>> &inputs,
                          const std::string &declarations = "") {
  std::string text = R"(
define amdgpu_kernel void @k(ptr addrspace(1) %h.in, ptr addrspace(1) %h.out, i32 %h.n) {
entry:
  %h.t = call i32 @llvm.amdgcn.workitem.id.x()
  %h.g = call i32 @llvm.amdgcn.workgroup.id.x()
  %h.gb = shl i32 %h.g, 6
  %h.i = add i32 %h.gb, %h.t
  %h.inside = icmp slt i32 %h.i, %h.n
  br i1 %h.inside, label %work, label %end
work:
  %h.p = getelementptr [3 x i64], ptr addrspace(1) %h.in, i32 %h.i
  %h.p1 = getelementptr i64, ptr addrspace(1) %h.p, i32 1
  %h.p2 = getelementptr i64, ptr addrspace(1) %h.p, i32 2
  %h.q = getelementptr i64, ptr addrspace(1) %h.out, i32 %h.i
  %a = load IN, ptr addrspace(1) %h.p, align 8
  %b = load IN, ptr addrspace(1) %h.p1, align 8
  %c = load IN, ptr addrspace(1) %h.p2, align 8
BODY
  store OUT %r, ptr addrspace(1) %h.q, align 8
  br label %end
end:
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
)";
  auto substitute = [&](const std::string &from, const std::string &to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
         at += to.size())
      text.replace(at, from.size(), to);
  };
  substitute("BODY", body);
  substitute("IN,", in + ",");
  substitute("OUT", out);
  Runner r(amd(text + declarations), "gfx942");
  std::vector<std::array<uint64_t, 3>> data = inputs;
  std::vector<uint64_t> result(inputs.size());
  r.buffer(data, "in", false);
  r.buffer(result, "out");
  r.scalar<int32_t>(int32_t(inputs.size()));
  r.config.grid = {uint32_t((inputs.size() + 63) / 64), 1, 1};
  EXPECT_EQ(r.launch(), "") << body;
  return result;
}

template <typename T> uint64_t bits(T value) {
  uint64_t result = 0;
  std::memcpy(&result, &value, sizeof(T));
  return result;
}
template <typename T> T as(uint64_t value) {
  T result;
  std::memcpy(&result, &value, sizeof(T));
  return result;
}

/// Values that find mistakes: edges and random ones.
template <typename T> std::vector<std::array<uint64_t, 3>> integers() {
  std::vector<uint64_t> edges = {0,
                                 1,
                                 2,
                                 3,
                                 7,
                                 bits<T>(T(-1)),
                                 bits<T>(T(-2)),
                                 bits<T>(std::numeric_limits<T>::max()),
                                 bits<T>(std::numeric_limits<T>::min())};
  std::vector<std::array<uint64_t, 3>> result;
  for (uint64_t a : edges)
    for (uint64_t b : edges)
      result.push_back({a, b, edges[result.size() % edges.size()]});
  std::mt19937_64 random(2);
  for (int i = 0; i < 200; ++i)
    result.push_back(
        {bits<T>(T(random())), bits<T>(T(random())), bits<T>(T(random()))});
  return result;
}

template <typename T>
void checkInt(const std::string &type, const std::string &body,
              std::function<T(T, T, T)> want,
              std::function<bool(T, T)> isDefined = nullptr,
              const std::string &declarations = "") {
  SCOPED_TRACE(body);
  auto inputs = integers<T>();
  auto got = map(type, type, "  %r = " + body, inputs, declarations);
  for (size_t i = 0; i < inputs.size(); ++i) {
    T a = as<T>(inputs[i][0]), b = as<T>(inputs[i][1]), c = as<T>(inputs[i][2]);
    if (isDefined && !isDefined(a, b))
      continue;
    ASSERT_EQ(as<T>(got[i]), want(a, b, c)) << int64_t(a) << " " << int64_t(b);
  }
}

template <typename T> void checkAllInt(const std::string &t) {
  using S = std::make_signed_t<T>;
  constexpr unsigned width = sizeof(T) * 8;
  auto shifts = [](T, T b) { return b < width; };
  auto divides = [](T, T b) { return b != 0; };
  auto dividesSigned = [](T a, T b) {
    return b != 0 && !(S(b) == -1 && S(a) == std::numeric_limits<S>::min());
  };
  checkInt<T>(t, "add " + t + " %a, %b", [](T a, T b, T) { return T(a + b); });
  checkInt<T>(t, "sub " + t + " %a, %b", [](T a, T b, T) { return T(a - b); });
  checkInt<T>(t, "mul " + t + " %a, %b",
              [](T a, T b, T) { return T(uint64_t(a) * uint64_t(b)); });
  checkInt<T>(t, "xor " + t + " %a, %b", [](T a, T b, T) { return T(a ^ b); });
  checkInt<T>(
      t, "shl " + t + " %a, %b", [](T a, T b, T) { return T(a << b); }, shifts);
  checkInt<T>(
      t, "lshr " + t + " %a, %b", [](T a, T b, T) { return T(a >> b); },
      shifts);
  checkInt<T>(
      t, "ashr " + t + " %a, %b", [](T a, T b, T) { return T(S(a) >> b); },
      shifts);
  checkInt<T>(
      t, "udiv " + t + " %a, %b", [](T a, T b, T) { return T(a / b); },
      divides);
  checkInt<T>(
      t, "urem " + t + " %a, %b", [](T a, T b, T) { return T(a % b); },
      divides);
  checkInt<T>(
      t, "sdiv " + t + " %a, %b", [](T a, T b, T) { return T(S(a) / S(b)); },
      dividesSigned);
  checkInt<T>(
      t, "srem " + t + " %a, %b", [](T a, T b, T) { return T(S(a) % S(b)); },
      dividesSigned);
  auto call = [&](const std::string &name, const std::string &args) {
    return "call " + t + " @llvm." + name + "." + t + "(" + args + ")";
  };
  std::string two = t + " %a, " + t + " %b", three = two + ", " + t + " %c";
  auto declare = [&](const std::string &name, const std::string &args) {
    return "declare " + t + " @llvm." + name + "." + t + "(" + args + ")\n";
  };
  auto check2 = [&](const std::string &name, std::function<T(T, T, T)> want) {
    checkInt<T>(t, call(name, two), want, nullptr, declare(name, t + ", " + t));
  };
  check2("smin", [](T a, T b, T) { return T(std::min(S(a), S(b))); });
  check2("smax", [](T a, T b, T) { return T(std::max(S(a), S(b))); });
  check2("umin", [](T a, T b, T) { return std::min(a, b); });
  check2("umax", [](T a, T b, T) { return std::max(a, b); });
  check2("uadd.sat", [](T a, T b, T) {
    T s = T(a + b);
    return s < a ? T(~T(0)) : s;
  });
  check2("usub.sat", [](T a, T b, T) { return a > b ? T(a - b) : T(0); });
  check2("sadd.sat", [](T a, T b, T) {
    S s;
    if (!__builtin_add_overflow(S(a), S(b), &s))
      return T(s);
    return T(S(a) < 0 ? std::numeric_limits<S>::min()
                      : std::numeric_limits<S>::max());
  });
  checkInt<T>(
      t, call("ctpop", t + " %a"),
      [](T a, T, T) { return T(__builtin_popcountll(a)); }, nullptr,
      declare("ctpop", t));
  checkInt<T>(
      t, call("ctlz", t + " %a, i1 false"),
      [](T a, T, T) {
        T n = 0;
        while (n < width && !(a >> (width - 1 - n) & 1))
          ++n;
        return n;
      },
      nullptr, declare("ctlz", t + ", i1"));
  checkInt<T>(
      t, call("bitreverse", t + " %a"),
      [](T a, T, T) {
        T x = 0;
        for (unsigned i = 0; i < width; ++i)
          x |= T((a >> i) & 1) << (width - 1 - i);
        return x;
      },
      nullptr, declare("bitreverse", t));
  checkInt<T>(
      t, call("fshl", three),
      [](T a, T b, T c) {
        unsigned s = unsigned(c % width);
        return s ? T((a << s) | (b >> (width - s))) : a;
      },
      nullptr, declare("fshl", t + ", " + t + ", " + t));
  checkInt<T>(
      t, call("abs", t + " %a, i1 false"),
      [](T a, T, T) { return S(a) < 0 ? T(-a) : a; }, nullptr,
      declare("abs", t + ", i1"));
}

double halfValue(uint16_t x) {
  int exponent = (x >> 10) & 31, mantissa = x & 1023;
  double magnitude = exponent == 31 ? (mantissa ? NAN : INFINITY)
                     : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                    : std::ldexp(mantissa, -24);
  return x & 0x8000 ? -magnitude : magnitude;
}
double bfloatValue(uint16_t x) { return as<float>(uint64_t(x) << 16); }

/// The code whose value is nearest to `x`, ties to even: by search.
uint16_t nearestCode(double x, double (*value)(uint16_t), uint16_t infinity) {
  uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  double magnitude = std::fabs(x);
  uint16_t low = 0, high = infinity;
  while (high - low > 1) { // value(low) <= magnitude < value(high)
    uint16_t middle = uint16_t((low + high) / 2);
    (value(middle) <= magnitude ? low : high) = middle;
  }
  // The step above the largest number is as large as the one below it.
  double above = high == infinity ? 2 * value(low) - value(uint16_t(low - 1))
                                  : value(high);
  double toLow = magnitude - value(low), toHigh = above - magnitude;
  if (magnitude >= above)
    return sign | high;
  bool up = toHigh < toLow || (toHigh == toLow && (low & 1));
  return sign | (up ? high : low);
}

std::vector<std::array<uint64_t, 3>> shorts() {
  std::vector<std::array<uint64_t, 3>> result;
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i)
    result.push_back({random() & 0xFFFF, random() & 0xFFFF, random() & 0xFFFF});
  for (uint64_t i = 0; i < 65536; i += 7)
    result.push_back({i, i ^ 1, i ^ 0x8001});
  return result;
}

void checkShort(const std::string &type, double (*value)(uint16_t),
                uint16_t infinity, const std::string &body,
                std::function<double(double, double, double)> want,
                const std::string &declarations = "") {
  SCOPED_TRACE(body);
  auto inputs = shorts();
  auto got = map(type, type, "  %r = " + body, inputs, declarations);
  for (size_t i = 0; i < inputs.size(); ++i) {
    double x =
        want(value(uint16_t(inputs[i][0])), value(uint16_t(inputs[i][1])),
             value(uint16_t(inputs[i][2])));
    if (std::isnan(x)) {
      ASSERT_TRUE(std::isnan(value(uint16_t(got[i]))));
      continue;
    }
    ASSERT_EQ(got[i], nearestCode(x, value, infinity))
        << inputs[i][0] << " " << inputs[i][1] << " " << inputs[i][2];
  }
}

} // namespace

TEST(Arith, Integers) {
  checkAllInt<uint8_t>("i8");
  checkAllInt<uint16_t>("i16");
  checkAllInt<uint32_t>("i32");
  checkAllInt<uint64_t>("i64");
}

// Widths between the containers: 7 and 33 bits, and i1.
TEST(Arith, OddWidths) {
  auto inputs = integers<uint64_t>();
  auto got = map("i64", "i64", R"(
  %x = trunc i64 %a to i33
  %y = trunc i64 %b to i33
  %s = mul i33 %x, %y
  %d = sub i33 %s, 5
  %c1 = icmp slt i33 %d, %x
  %e = sext i33 %d to i64
  %u = trunc i64 %c to i7
  %v = sub i7 0, %u
  %w = ashr i7 %v, 2
  %wz = zext i7 %w to i64
  %f = select i1 %c1, i64 %e, i64 %wz
  %inverse = xor i1 %c1, true
  %m = sext i1 %inverse to i64
  %r = xor i64 %f, %m)",
                 inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto s33 = [](uint64_t x) { return int64_t(x << 31) >> 31; };
    auto s7 = [](uint64_t x) { return int64_t(x << 57) >> 57; };
    int64_t d = s33(inputs[i][0] * inputs[i][1] - 5), x = s33(inputs[i][0]);
    uint64_t w = uint64_t(s7(0 - inputs[i][2]) >> 2) & 127;
    uint64_t want = d < x ? uint64_t(d) : ~w;
    ASSERT_EQ(got[i], want) << i;
  }
}

TEST(Arith, Overflow) {
  auto inputs = integers<int32_t>();
  for (const char *op : {"sadd", "ssub", "smul", "uadd", "usub", "umul"}) {
    std::string name = std::string("llvm.") + op + ".with.overflow.i32";
    auto got = map("i32", "i64",
                   "  %s = call { i32, i1 } @" + name +
                       "(i32 %a, i32 %b)\n"
                       "  %v = extractvalue { i32, i1 } %s, 0\n"
                       "  %o = extractvalue { i32, i1 } %s, 1\n"
                       "  %vz = zext i32 %v to i64\n  %oz = zext i1 %o to i64\n"
                       "  %os = shl i64 %oz, 32\n  %r = or i64 %vz, %os",
                   inputs, "declare { i32, i1 } @" + name + "(i32, i32)\n");
    for (size_t i = 0; i < inputs.size(); ++i) {
      int32_t a = as<int32_t>(inputs[i][0]), b = as<int32_t>(inputs[i][1]), s;
      uint32_t ua = uint32_t(a), ub = uint32_t(b), u;
      bool over = op[0] == 's'
                      ? (op[1] == 'a'   ? __builtin_add_overflow(a, b, &s)
                         : op[1] == 's' ? __builtin_sub_overflow(a, b, &s)
                                        : __builtin_mul_overflow(a, b, &s))
                      : (op[1] == 'a'   ? __builtin_add_overflow(ua, ub, &u)
                         : op[1] == 's' ? __builtin_sub_overflow(ua, ub, &u)
                                        : __builtin_mul_overflow(ua, ub, &u));
      uint32_t value = op[0] == 's' ? uint32_t(s) : u;
      ASSERT_EQ(got[i], value | uint64_t(over) << 32) << op << i;
    }
  }
}

TEST(Arith, HalfIsRoundedOnce) {
  auto check = [](const std::string &body,
                  std::function<double(double, double, double)> want,
                  const std::string &declarations = "") {
    checkShort("half", halfValue, 0x7C00, body, want, declarations);
  };
  check("fadd half %a, %b", [](double a, double b, double) { return a + b; });
  check("fsub half %a, %b", [](double a, double b, double) { return a - b; });
  check("fmul half %a, %b", [](double a, double b, double) { return a * b; });
  check("fdiv half %a, %b", [](double a, double b, double) { return a / b; });
  check("fneg half %a", [](double a, double, double) { return -a; });
  check(
      "call half @llvm.sqrt.f16(half %a)",
      [](double a, double, double) { return std::sqrt(a); },
      "declare half @llvm.sqrt.f16(half)\n");
  // long double has 64 bits: with 22 of the product at most 80 are needed,
  // and a tie that it cannot see is broken by the exact remainder.
  check(
      "call half @llvm.fma.f16(half %a, half %b, half %c)",
      [](double a, double b, double c) {
        double p = a * b, s = p + c, t = s - p;
        double error = (p - (s - t)) + (c - t);
        return std::isfinite(s) && error != 0
                   ? std::nextafter(s, error > 0 ? INFINITY : -INFINITY)
                   : s;
      },
      "declare half @llvm.fma.f16(half, half, half)\n");
}

TEST(Arith, BfloatIsRoundedOnce) {
  auto check = [](const std::string &body,
                  std::function<double(double, double, double)> want) {
    checkShort("bfloat", bfloatValue, 0x7F80, body, want);
  };
  check("fadd bfloat %a, %b", [](double a, double b, double) {
    // The sum in double may round; its direction decides ties.
    double s = a + b, t = s - a, error = (a - (s - t)) + (b - t);
    return std::isfinite(s) && error != 0
               ? std::nextafter(s, error > 0 ? INFINITY : -INFINITY)
               : s;
  });
  check("fmul bfloat %a, %b", [](double a, double b, double) { return a * b; });
  check("fdiv bfloat %a, %b", [](double a, double b, double) { return a / b; });
}

TEST(Arith, Conversions) {
  std::vector<std::array<uint64_t, 3>> inputs;
  std::mt19937_64 random(4);
  for (int i = 0; i < 20000; ++i) {
    // Doubles around the range of half and bfloat, many near ties.
    double x = std::ldexp(double(random() % 4096 + 2048) + 0.5 * (random() % 3),
                          int(random() % 60) - 45);
    x += (random() % 3 - 1.0) * x * 0x1p-50;
    inputs.push_back({bits(random() % 2 ? x : -x), 0, 0});
  }
  auto got = map("double", "half", "  %r = fptrunc double %a to half", inputs);
  auto gotB =
      map("double", "bfloat", "  %r = fptrunc double %a to bfloat", inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    double x = as<double>(inputs[i][0]);
    ASSERT_EQ(got[i], nearestCode(x, halfValue, 0x7C00)) << x;
    ASSERT_EQ(gotB[i], nearestCode(x, bfloatValue, 0x7F80)) << x;
  }
  std::vector<std::array<uint64_t, 3>> all;
  for (uint64_t i = 0; i < 65536; ++i)
    all.push_back({i, 0, 0});
  auto wide = map("half", "float", "  %r = fpext half %a to float", all);
  auto back = map("half", "half",
                  "  %x = fpext half %a to float\n"
                  "  %r = fptrunc float %x to half",
                  all);
  auto ints = map("half", "i32", "  %r = fptosi half %a to i32", all);
  auto sat =
      map("half", "i8", "  %r = call i8 @llvm.fptoui.sat.i8.f16(half %a)", all,
          "declare i8 @llvm.fptoui.sat.i8.f16(half)\n");
  for (uint64_t i = 0; i < 65536; ++i) {
    double x = halfValue(uint16_t(i));
    if (std::isnan(x)) {
      ASSERT_TRUE(std::isnan(as<float>(wide[i])));
      ASSERT_EQ(sat[i] & 0xFF, 0u);
      continue;
    }
    ASSERT_EQ(as<float>(wide[i]), float(x));
    ASSERT_EQ(back[i], i);
    if (std::isfinite(x)) {
      ASSERT_EQ(as<int32_t>(ints[i]), int32_t(x));
    }
    ASSERT_EQ(sat[i] & 0xFF, x <= 0 ? 0u : x >= 255 ? 255u : unsigned(x));
  }
  auto fromInt =
      map("i64", "float", "  %r = sitofp i64 %a to float", integers<int64_t>());
  auto source = integers<int64_t>();
  for (size_t i = 0; i < source.size(); ++i)
    ASSERT_EQ(as<float>(fromInt[i]), float(as<int64_t>(source[i][0])));
}

TEST(Arith, FloatCompareMinMaxClass) {
  const float inf = INFINITY, nan = NAN;
  std::vector<float> values = {0.0f, -0.0f, 1.0f,   -1.0f,   inf,
                               -inf, nan,   1e-40f, -1e-40f, 3.5f};
  std::vector<std::array<uint64_t, 3>> inputs;
  for (float a : values)
    for (float b : values)
      inputs.push_back({bits(a), bits(b), 0});
  auto each = [&](const std::string &body,
                  std::function<bool(float, float)> want,
                  const std::string &declarations = "") {
    auto got = map("float", "i8", body + "\n  %r = zext i1 %x to i8", inputs,
                   declarations);
    for (size_t i = 0; i < inputs.size(); ++i)
      ASSERT_EQ(got[i] & 0xFF, unsigned(want(as<float>(inputs[i][0]),
                                             as<float>(inputs[i][1]))))
          << body << " " << i;
  };
  each("  %x = fcmp olt float %a, %b", [](float a, float b) { return a < b; });
  each("  %x = fcmp ult float %a, %b",
       [](float a, float b) { return !(a >= b); });
  each("  %x = fcmp one float %a, %b",
       [](float a, float b) { return a < b || a > b; });
  each("  %x = fcmp une float %a, %b", [](float a, float b) { return a != b; });
  each("  %x = fcmp uno float %a, %b",
       [](float a, float b) { return std::isnan(a) || std::isnan(b); });
  std::string classes = "declare i1 @llvm.is.fpclass.f32(float, i32)\n";
  each(
      "  %x = call i1 @llvm.is.fpclass.f32(float %a, i32 3)",
      [](float a, float) { return std::isnan(a); }, classes);
  each(
      "  %x = call i1 @llvm.is.fpclass.f32(float %a, i32 516)",
      [](float a, float) { return std::isinf(a); }, classes);
  each(
      "  %x = call i1 @llvm.is.fpclass.f32(float %a, i32 144)",
      [](float a, float) { return std::fpclassify(a) == FP_SUBNORMAL; },
      classes);
  each(
      "  %x = call i1 @llvm.is.fpclass.f32(float %a, i32 32)",
      [](float a, float) { return a == 0 && std::signbit(a); }, classes);

  auto value = [&](const std::string &name,
                   std::function<float(float, float)> want) {
    auto got =
        map("float", "float",
            "  %r = call float @llvm." + name + ".f32(float %a, float %b)",
            inputs, "declare float @llvm." + name + ".f32(float, float)\n");
    for (size_t i = 0; i < inputs.size(); ++i) {
      float w = want(as<float>(inputs[i][0]), as<float>(inputs[i][1]));
      if (std::isnan(w))
        ASSERT_TRUE(std::isnan(as<float>(got[i])));
      else
        ASSERT_EQ(as<float>(got[i]), w) << name << " " << i;
    }
  };
  value("minnum", [](float a, float b) { return std::fmin(a, b); });
  value("maxnum", [](float a, float b) { return std::fmax(a, b); });
  value("minimum", [](float a, float b) {
    return std::isnan(a) || std::isnan(b) ? NAN : std::fmin(a, b);
  });
  value("maximum", [](float a, float b) {
    return std::isnan(a) || std::isnan(b) ? NAN : std::fmax(a, b);
  });
  value("copysign", [](float a, float b) { return std::copysign(a, b); });
}

TEST(Arith, FloatFunctions) {
  std::vector<std::array<uint64_t, 3>> inputs;
  std::mt19937 random(5);
  for (int i = 0; i < 500; ++i) {
    float x = float(int(random() % 20001) - 10000) / 500;
    inputs.push_back({bits(x), bits(float(random() % 100) / 7), bits(0.5f)});
  }
  auto check = [&](const std::string &name, std::function<float(float)> want) {
    auto got = map("float", "float",
                   "  %r = call float @llvm." + name + ".f32(float %a)", inputs,
                   "declare float @llvm." + name + ".f32(float)\n");
    for (size_t i = 0; i < inputs.size(); ++i) {
      float a = as<float>(inputs[i][0]), w = want(a);
      if (std::isnan(w))
        ASSERT_TRUE(std::isnan(as<float>(got[i]))) << name << a;
      else
        ASSERT_FLOAT_EQ(as<float>(got[i]), w) << name << a;
    }
  };
  check("floor", [](float x) { return std::floor(x); });
  check("ceil", [](float x) { return std::ceil(x); });
  check("trunc", [](float x) { return std::trunc(x); });
  check("rint", [](float x) { return std::rint(x); });
  check("roundeven", [](float x) { return std::nearbyint(x); });
  check("round", [](float x) { return std::round(x); });
  check("exp2", [](float x) { return std::exp2(x); });
  check("log2", [](float x) { return std::log2(x); });
  check("sqrt", [](float x) { return std::sqrt(x); });
  check("fabs", [](float x) { return std::fabs(x); });
  check("amdgcn.rcp", [](float x) { return 1 / x; });
  check("amdgcn.rsq", [](float x) { return 1 / std::sqrt(x); });
  check("amdgcn.exp2", [](float x) { return std::exp2(x); });
  check("amdgcn.log", [](float x) { return std::log2(x); });
  check("amdgcn.fract", [](float x) { return x - std::floor(x); });
  auto got =
      map("float", "float",
          "  %r = call float @llvm.fma.f32(float %a, float %b, float %c)",
          inputs, "declare float @llvm.fma.f32(float, float, float)\n");
  for (size_t i = 0; i < inputs.size(); ++i)
    ASSERT_EQ(as<float>(got[i]),
              std::fma(as<float>(inputs[i][0]), as<float>(inputs[i][1]), 0.5f));
}

// Bitcasts, shuffles, dynamic indices and reductions of vectors.
TEST(Arith, Vectors) {
  auto inputs = integers<uint64_t>();
  auto got =
      map("i64", "i64", R"(
  %v = bitcast i64 %a to <8 x i8>
  %w = bitcast i64 %b to <8 x i8>
  %s = shufflevector <8 x i8> %v, <8 x i8> %w, <8 x i32> <i32 15, i32 0, i32 7, i32 8, i32 1, i32 1, i32 9, i32 3>
  %x = add <8 x i8> %s, <i8 1, i8 2, i8 3, i8 4, i8 5, i8 6, i8 7, i8 8>
  %h = bitcast <8 x i8> %x to <4 x i16>
  %at = and i64 %c, 3
  %e = extractelement <4 x i16> %h, i64 %at
  %inverse = xor i16 %e, -1
  %h2 = insertelement <4 x i16> %h, i16 %inverse, i64 %at
  %sum = call i16 @llvm.vector.reduce.add.v4i16(<4 x i16> %h)
  %h3 = insertelement <4 x i16> %h2, i16 %sum, i32 0
  %r = bitcast <4 x i16> %h3 to i64)",
          inputs, "declare i16 @llvm.vector.reduce.add.v4i16(<4 x i16>)\n");
  for (size_t i = 0; i < inputs.size(); ++i) {
    uint8_t v[16], x[8];
    std::memcpy(v, &inputs[i][0], 8);
    std::memcpy(v + 8, &inputs[i][1], 8);
    int from[] = {15, 0, 7, 8, 1, 1, 9, 3};
    for (int j = 0; j < 8; ++j)
      x[j] = uint8_t(v[from[j]] + j + 1);
    uint16_t h[4], sum = 0;
    std::memcpy(h, x, 8);
    for (uint16_t y : h)
      sum = uint16_t(sum + y);
    h[inputs[i][2] & 3] = uint16_t(~h[inputs[i][2] & 3]);
    h[0] = sum;
    uint64_t want;
    std::memcpy(&want, h, 8);
    ASSERT_EQ(got[i], want) << i;
  }
}

TEST(Arith, FlagVectors) {
  auto inputs = integers<uint64_t>();
  auto got = map("i64", "i64", R"(
  %v = bitcast i64 %a to <8 x i8>
  %w = bitcast i64 %b to <8 x i8>
  %c8 = icmp ult <8 x i8> %v, %w
  %bits = bitcast <8 x i1> %c8 to i8
  %any = call i1 @llvm.vector.reduce.or.v8i1(<8 x i1> %c8)
  %z = zext i8 %bits to i64
  %az = zext i1 %any to i64
  %as = shl i64 %az, 8
  %r = or i64 %z, %as)",
                 inputs, "declare i1 @llvm.vector.reduce.or.v8i1(<8 x i1>)\n");
  for (size_t i = 0; i < inputs.size(); ++i) {
    uint64_t want = 0;
    for (int j = 0; j < 8; ++j)
      want |= uint64_t((inputs[i][0] >> 8 * j & 255) <
                       (inputs[i][1] >> 8 * j & 255))
              << j;
    ASSERT_EQ(got[i], want | uint64_t(want != 0) << 8);
  }
}

// fp8 of both families, all 256 codes and the conversion back.
TEST(Arith, Fp8) {
  std::string body = R"(
  %f = call float @llvm.amdgcn.cvt.f32.fp8(i32 %a, i32 1)
  %pair = call <2 x float> @llvm.amdgcn.cvt.pk.f32.bf8(i32 %a, i1 false)
  %wide = extractelement <2 x float> %pair, i32 1
  %packed = call i32 @llvm.amdgcn.cvt.pk.fp8.f32(float %f, float %f, i32 %a, i1 false)
  %q = call i32 @llvm.amdgcn.cvt.pk.bf8.f32(float %wide, float %wide, i32 %packed, i1 true)
  %r = bitcast i32 %q to i32)";
  std::string declarations =
      "declare float @llvm.amdgcn.cvt.f32.fp8(i32, i32)\n"
      "declare <2 x float> @llvm.amdgcn.cvt.pk.f32.bf8(i32, i1)\n"
      "declare i32 @llvm.amdgcn.cvt.pk.fp8.f32(float, float, i32, i1)\n"
      "declare i32 @llvm.amdgcn.cvt.pk.bf8.f32(float, float, i32, i1)\n";
  std::vector<std::array<uint64_t, 3>> inputs;
  for (uint64_t i = 0; i < 256; ++i)
    inputs.push_back({i << 8, 0, 0});
  auto got = map("i32", "i32", body, inputs, declarations); // FNUZ: gfx942
  for (uint64_t i = 0; i < 256; ++i)
    EXPECT_EQ(uint32_t(got[i]), i * 0x01010101u) << i;
  auto value =
      map("i32", "float",
          "  %r = call float @llvm.amdgcn.cvt.f32.fp8(i32 %a, i32 1)", inputs,
          "declare float @llvm.amdgcn.cvt.f32.fp8(i32, i32)\n");
  EXPECT_EQ(as<float>(value[0x7F]), 240.0f);
  EXPECT_EQ(as<float>(value[0x01]), 0x1p-10f);
  EXPECT_EQ(as<float>(value[0x40]), 1.0f);
  EXPECT_TRUE(std::isnan(as<float>(value[0x80])));
}
