// MmaTest.cpp - every matrix instruction against a plain matrix product.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operands are scattered into registers with the formulas of the vendors'
// documents, written here in their direction (coordinates to lane and item;
// the emulator has the other one). All values are integers of -3 to 3, so that
// every sum is exact in every format and order.
#include "EmulatorTestUtils.h"
#include <cmath>
#include <functional>

using namespace tilewright::emulator;

namespace {

enum Kind { F64, F32, F16, BF16, I32, I8, U8, Fp8, Bf8, Fp8Fnuz, Bf8Fnuz };

int bytesOf(Kind kind) {
  switch (kind) {
  case F64:
    return 8;
  case F32:
  case I32:
    return 4;
  case F16:
  case BF16:
    return 2;
  default:
    return 1;
  }
}

// Codes of 1, 2 and 3 by hand; the sign is the top bit.
uint64_t encodeSmall(Kind kind, int value) {
  static const uint64_t codes[][4] = {
      {0, 0x3FF0000000000000, 0x4000000000000000, 0x4008000000000000}, // F64
      {0, 0x3F800000, 0x40000000, 0x40400000},                         // F32
      {0, 0x3C00, 0x4000, 0x4200},                                     // F16
      {0, 0x3F80, 0x4000, 0x4040},                                     // BF16
      {0, 1, 2, 3},                                                    // I32
      {0, 1, 2, 3},                                                    // I8
      {0, 1, 2, 3},                                                    // U8
      {0, 0x38, 0x40, 0x44},                                           // Fp8
      {0, 0x3C, 0x40, 0x42},                                           // Bf8
      {0, 0x40, 0x48, 0x4C},  // Fp8Fnuz
      {0, 0x40, 0x44, 0x46}}; // Bf8Fnuz
  if (kind == I32 || kind == I8)
    return uint64_t(int64_t(value));
  uint64_t code = codes[kind][value < 0 ? -value : value];
  if (value < 0)
    code |= uint64_t(1) << (8 * bytesOf(kind) - 1);
  return code;
}

struct Place {
  int lane, item;
};
using Map = std::function<Place(int outer, int inner, int block)>;

struct Case {
  const char *chip;
  std::string name;
  int m, n, k, blocks;
  Kind a, b, c;
  /// Types of the operands and the result in LLVM's words.
  std::string typeA, typeB, typeC;
  /// Registers per operand: each is an argument of its own.
  int regsA = 1, regsB = 1, regsC = 1;
  std::string before, between, after;
  Map mapA, mapB, mapC;
  int lanes = 64;
  /// Bytes of a lane's operands.
  int bytesA, bytesB, bytesC;
};

void put(std::vector<uint8_t> &memory, int bytesPerLane, Kind kind, Place at,
         int value) {
  uint64_t code = encodeSmall(kind, value);
  std::memcpy(memory.data() + at.lane * bytesPerLane + at.item * bytesOf(kind),
              &code, bytesOf(kind));
}

double take(const std::vector<uint8_t> &memory, int bytesPerLane, Kind kind,
            Place at) {
  const uint8_t *p =
      memory.data() + at.lane * bytesPerLane + at.item * bytesOf(kind);
  if (kind == F64) {
    double x;
    std::memcpy(&x, p, 8);
    return x;
  }
  if (kind == F32) {
    float x;
    std::memcpy(&x, p, 4);
    return x;
  }
  if (kind == F16) {
    uint16_t x;
    std::memcpy(&x, p, 2);
    if ((x & 0x7FFF) == 0)
      return 0;
    double magnitude = std::ldexp(1024 + (x & 1023), ((x >> 10) & 31) - 25);
    return x & 0x8000 ? -magnitude : magnitude;
  }
  if (kind == BF16) {
    uint32_t x = 0;
    std::memcpy(reinterpret_cast<char *>(&x) + 2, p, 2);
    float y;
    std::memcpy(&y, &x, 4);
    return y;
  }
  int32_t x;
  std::memcpy(&x, p, 4);
  return x;
}

std::string loads(const char *name, const std::string &type, int count,
                  int bytes) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    std::string id = name + std::to_string(i);
    text += "  %" + id + "q = getelementptr i8, ptr addrspace(1) %" + name +
            "p, i32 " + std::to_string(i * bytes / count) + "\n  %" + id +
            " = load " + type + ", ptr addrspace(1) %" + id + "q, align 1\n";
  }
  return text;
}
std::string arguments(const char *name, const std::string &type, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i ? ", " : "") + type + " %" + name + std::to_string(i);
  return text;
}
std::string types(const std::string &type, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i ? ", " : "") + type;
  return text;
}

std::string kernelText(const Case &c) {
  bool isNvidia = c.chip[0] == 's';
  std::string lane = isNvidia ? "@llvm.nvvm.read.ptx.sreg.tid.x()"
                              : "@llvm.amdgcn.workitem.id.x()";
  std::string result =
      c.regsC == 1 ? c.typeC : "{ " + types(c.typeC, c.regsC) + " }";
  std::string text =
      std::string("define ") + (isNvidia ? "ptx_kernel" : "amdgpu_kernel") +
      " void @k(ptr addrspace(1) %ma, ptr addrspace(1) %mb, ptr addrspace(1) "
      "%mc, ptr addrspace(1) %md) {\n  %t = call i32 " +
      lane + "\n";
  struct {
    const char *name;
    int bytes;
  } operands[] = {
      {"a", c.bytesA}, {"b", c.bytesB}, {"c", c.bytesC}, {"d", c.bytesC}};
  for (auto &operand : operands)
    text += std::string("  %") + operand.name + "o = mul i32 %t, " +
            std::to_string(operand.bytes) + "\n  %" + operand.name +
            "p = getelementptr i8, ptr addrspace(1) %m" + operand.name +
            ", i32 %" + operand.name + "o\n";
  text += loads("a", c.typeA, c.regsA, c.bytesA) +
          loads("b", c.typeB, c.regsB, c.bytesB) +
          loads("c", c.typeC, c.regsC, c.bytesC);
  std::string call = c.before + arguments("a", c.typeA, c.regsA) + ", " +
                     c.between + arguments("b", c.typeB, c.regsB) + ", " +
                     arguments("c", c.typeC, c.regsC) + c.after;
  text += "  %r = call " + result + " @" + c.name + "(" + call + ")\n";
  for (int i = 0; i < c.regsC; ++i) {
    std::string id = "d" + std::to_string(i), value = "%r";
    if (c.regsC > 1) {
      text += "  %" + id + "v = extractvalue " + result + " %r, " +
              std::to_string(i) + "\n";
      value = "%" + id + "v";
    }
    text += "  %" + id + "q = getelementptr i8, ptr addrspace(1) %dp, i32 " +
            std::to_string(i * c.bytesC / c.regsC) + "\n  store " + c.typeC +
            " " + value + ", ptr addrspace(1) %" + id + "q, align 1\n";
  }
  text += "  ret void\n}\ndeclare i32 " + lane + "\n";
  // A declaration wants types alone: drop constants and names.
  auto typesOnly = [](std::string list) {
    std::string out;
    for (size_t at = 0; at < list.size();) {
      size_t end = list.find(", ", at);
      if (end == std::string::npos)
        end = list.size();
      std::string part = list.substr(at, end - at);
      if (!part.empty())
        out += (out.empty() ? "" : ", ") + part.substr(0, part.find(' '));
      at = end + 2;
    }
    return out;
  };
  std::string declared;
  auto addTypes = [&](const std::string &part) {
    if (!part.empty())
      declared += (declared.empty() ? "" : ", ") + part;
  };
  addTypes(typesOnly(c.before));
  addTypes(types(c.typeA, c.regsA));
  addTypes(typesOnly(c.between));
  addTypes(types(c.typeB, c.regsB));
  addTypes(types(c.typeC, c.regsC));
  addTypes(c.after.empty() ? "" : typesOnly(c.after.substr(2)));
  text += "declare " + result + " @" + c.name + "(" + declared + ")\n";
  return isNvidia ? nvidia(text) : amd(text);
}

void check(const Case &c) {
  SCOPED_TRACE(c.name + " on " + c.chip);
  std::mt19937 random(1);
  auto value = [&](Kind kind) {
    int x = int(random() % 7) - 3;
    return kind == U8 && x < 0 ? -x : x;
  };
  std::vector<int> a(c.blocks * c.m * c.k), b(c.blocks * c.k * c.n),
      acc(c.blocks * c.m * c.n);
  std::vector<uint8_t> memA(c.lanes * c.bytesA), memB(c.lanes * c.bytesB),
      memC(c.lanes * c.bytesC), memD(c.lanes * c.bytesC, 0xEE);
  for (int block = 0; block < c.blocks; ++block) {
    for (int i = 0; i < c.m; ++i)
      for (int k = 0; k < c.k; ++k)
        put(memA, c.bytesA, c.a, c.mapA(i, k, block),
            a[(block * c.m + i) * c.k + k] = value(c.a));
    for (int j = 0; j < c.n; ++j)
      for (int k = 0; k < c.k; ++k)
        put(memB, c.bytesB, c.b, c.mapB(j, k, block),
            b[(block * c.k + k) * c.n + j] = value(c.b));
    for (int i = 0; i < c.m; ++i)
      for (int j = 0; j < c.n; ++j)
        put(memC, c.bytesC, c.c, c.mapC(i, j, block),
            acc[(block * c.m + i) * c.n + j] = value(c.c));
  }
  if (std::string(c.chip) == "gfx1100") // lanes 16 and up repeat 0 to 15
    for (int lane = 16; lane < c.lanes; ++lane) {
      std::copy_n(memA.begin() + (lane - 16) * c.bytesA, c.bytesA,
                  memA.begin() + lane * c.bytesA);
      std::copy_n(memB.begin() + (lane - 16) * c.bytesB, c.bytesB,
                  memB.begin() + lane * c.bytesB);
    }
  Runner r(kernelText(c), c.chip);
  r.buffer(memA, "a", false);
  r.buffer(memB, "b", false);
  r.buffer(memC, "c", false);
  r.buffer(memD, "d");
  r.config.workgroup = {uint32_t(c.lanes), 1, 1};
  r.config.waveSize = unsigned(c.lanes);
  ASSERT_EQ(r.launch(), "");
  EXPECT_EQ(r.stats.mmas, 1u);
  for (int block = 0; block < c.blocks; ++block)
    for (int i = 0; i < c.m; ++i)
      for (int j = 0; j < c.n; ++j) {
        int want = acc[(block * c.m + i) * c.n + j];
        for (int k = 0; k < c.k; ++k)
          want +=
              a[(block * c.m + i) * c.k + k] * b[(block * c.k + k) * c.n + j];
        ASSERT_EQ(take(memD, c.bytesC, c.c, c.mapC(i, j, block)), want)
            << "block " << block << " row " << i << " column " << j;
      }
}

std::string vectorOf(int count, const std::string &element) {
  return count == 1 ? element
                    : "<" + std::to_string(count) + " x " + element + ">";
}

// CDNA3 ISA guide 7.1.4: A[i][k] of block b is item k % KL of lane
// i + M * (b + B * (k / KL)); D[i][j] as below with H = 4, for f64 1.
Case mfma(const char *chip, std::string name, int m, int n, int k, int blocks,
          Kind a, Kind b, Kind c, std::string typeA, std::string typeB,
          std::string after = ", i32 0, i32 0, i32 0") {
  Case result;
  result.chip = chip;
  result.name = "llvm.amdgcn." + name;
  result.m = m;
  result.n = n;
  result.k = k;
  result.blocks = blocks;
  result.a = a;
  result.b = b;
  result.c = c;
  result.typeA = typeA;
  result.typeB = typeB;
  int items = m * n * blocks / 64;
  result.typeC = vectorOf(items, c == F64   ? "double"
                                 : c == I32 ? "i32"
                                            : "float");
  result.after = after;
  int perLane = k * m * blocks / 64;
  auto operand = [=](int outer, int inner, int block) {
    return Place{outer + m * (block + blocks * (inner / perLane)),
                 inner % perLane};
  };
  result.mapA = result.mapB = operand;
  int h = c == F64 ? 1 : 4;
  int bi = (64 + n * m / h - 1) / (n * m / h), mi = 64 / bi / n,
      g = m / (h * mi);
  result.mapC = [=](int i, int j, int block) {
    return Place{j + n * ((i / h) % mi + mi * (block % bi)),
                 i % h + h * ((i / (h * mi)) % g + g * (block / bi))};
  };
  result.bytesA = perLane * bytesOf(a);
  result.bytesB = k * n * blocks / 64 * bytesOf(b);
  result.bytesC = items * bytesOf(c);
  return result;
}

} // namespace

TEST(Mma, Mfma) {
  for (const char *chip : {"gfx90a", "gfx942"}) {
    check(mfma(chip, "mfma.f32.32x32x1f32", 32, 32, 1, 2, F32, F32, F32,
               "float", "float"));
    check(mfma(chip, "mfma.f32.16x16x1f32", 16, 16, 1, 4, F32, F32, F32,
               "float", "float"));
    check(mfma(chip, "mfma.f32.4x4x1f32", 4, 4, 1, 16, F32, F32, F32, "float",
               "float"));
    check(mfma(chip, "mfma.f32.32x32x2f32", 32, 32, 2, 1, F32, F32, F32,
               "float", "float"));
    check(mfma(chip, "mfma.f32.16x16x4f32", 16, 16, 4, 1, F32, F32, F32,
               "float", "float"));
    const char *h4 = "<4 x half>";
    check(
        mfma(chip, "mfma.f32.32x32x4f16", 32, 32, 4, 2, F16, F16, F32, h4, h4));
    check(
        mfma(chip, "mfma.f32.16x16x4f16", 16, 16, 4, 4, F16, F16, F32, h4, h4));
    check(mfma(chip, "mfma.f32.4x4x4f16", 4, 4, 4, 16, F16, F16, F32, h4, h4));
    check(
        mfma(chip, "mfma.f32.32x32x8f16", 32, 32, 8, 1, F16, F16, F32, h4, h4));
    check(mfma(chip, "mfma.f32.16x16x16f16", 16, 16, 16, 1, F16, F16, F32, h4,
               h4));
    const char *b4 = "<4 x i16>";
    check(mfma(chip, "mfma.f32.32x32x4bf16.1k", 32, 32, 4, 2, BF16, BF16, F32,
               b4, b4));
    check(mfma(chip, "mfma.f32.16x16x4bf16.1k", 16, 16, 4, 4, BF16, BF16, F32,
               b4, b4));
    check(mfma(chip, "mfma.f32.4x4x4bf16.1k", 4, 4, 4, 16, BF16, BF16, F32, b4,
               b4));
    check(mfma(chip, "mfma.f32.32x32x8bf16.1k", 32, 32, 8, 1, BF16, BF16, F32,
               b4, b4));
    check(mfma(chip, "mfma.f32.16x16x16bf16.1k", 16, 16, 16, 1, BF16, BF16, F32,
               b4, b4));
    const char *b2 = "<2 x i16>";
    check(mfma(chip, "mfma.f32.32x32x4bf16", 32, 32, 4, 1, BF16, BF16, F32, b2,
               b2));
    check(mfma(chip, "mfma.f32.16x16x8bf16", 16, 16, 8, 1, BF16, BF16, F32, b2,
               b2));
    check(mfma(chip, "mfma.f64.16x16x4f64", 16, 16, 4, 1, F64, F64, F64,
               "double", "double"));
    check(mfma(chip, "mfma.f64.4x4x4f64", 4, 4, 4, 4, F64, F64, F64, "double",
               "double"));
    check(mfma(chip, "mfma.i32.32x32x4i8", 32, 32, 4, 2, I8, I8, I32, "i32",
               "i32"));
    check(mfma(chip, "mfma.i32.16x16x4i8", 16, 16, 4, 4, I8, I8, I32, "i32",
               "i32"));
    check(
        mfma(chip, "mfma.i32.4x4x4i8", 4, 4, 4, 16, I8, I8, I32, "i32", "i32"));
  }
  check(mfma("gfx90a", "mfma.i32.32x32x8i8", 32, 32, 8, 1, I8, I8, I32, "i32",
             "i32"));
  check(mfma("gfx90a", "mfma.i32.16x16x16i8", 16, 16, 16, 1, I8, I8, I32, "i32",
             "i32"));
}

TEST(Mma, MfmaGfx942) {
  const char *chip = "gfx942";
  check(mfma(chip, "mfma.i32.32x32x16.i8", 32, 32, 16, 1, I8, I8, I32, "i64",
             "i64"));
  check(mfma(chip, "mfma.i32.16x16x32.i8", 16, 16, 32, 1, I8, I8, I32, "i64",
             "i64"));
  check(mfma(chip, "mfma.f32.16x16x8.xf32", 16, 16, 8, 1, F32, F32, F32,
             "<2 x float>", "<2 x float>"));
  check(mfma(chip, "mfma.f32.32x32x4.xf32", 32, 32, 4, 1, F32, F32, F32,
             "<2 x float>", "<2 x float>"));
}

// The same mnemonic: FNUZ on gfx942, OCP on gfx950.
TEST(Mma, MfmaFp8) {
  for (bool isFnuz : {true, false}) {
    const char *chip = isFnuz ? "gfx942" : "gfx950";
    Kind fp8 = isFnuz ? Fp8Fnuz : Fp8, bf8 = isFnuz ? Bf8Fnuz : Bf8;
    for (const char *a : {"fp8", "bf8"})
      for (const char *b : {"fp8", "bf8"}) {
        std::string tail = std::string(".") + a + "." + b;
        Kind kindA = a[0] == 'f' ? fp8 : bf8, kindB = b[0] == 'f' ? fp8 : bf8;
        check(mfma(chip, "mfma.f32.16x16x32" + tail, 16, 16, 32, 1, kindA,
                   kindB, F32, "i64", "i64"));
        check(mfma(chip, "mfma.f32.32x32x16" + tail, 32, 32, 16, 1, kindA,
                   kindB, F32, "i64", "i64"));
      }
  }
}

TEST(Mma, MfmaGfx950) {
  const char *chip = "gfx950", *h8 = "<8 x half>", *b8 = "<8 x bfloat>";
  check(mfma(chip, "mfma.f32.16x16x32.f16", 16, 16, 32, 1, F16, F16, F32, h8,
             h8));
  check(mfma(chip, "mfma.f32.32x32x16.f16", 32, 32, 16, 1, F16, F16, F32, h8,
             h8));
  check(mfma(chip, "mfma.f32.16x16x32.bf16", 16, 16, 32, 1, BF16, BF16, F32, b8,
             b8));
  check(mfma(chip, "mfma.f32.32x32x16.bf16", 32, 32, 16, 1, BF16, BF16, F32, b8,
             b8));
  const char *i4 = "<4 x i32>", *i8 = "<8 x i32>";
  check(mfma(chip, "mfma.i32.16x16x64.i8", 16, 16, 64, 1, I8, I8, I32, i4, i4));
  check(mfma(chip, "mfma.i32.32x32x32.i8", 32, 32, 32, 1, I8, I8, I32, i4, i4));
  for (int a : {0, 1})
    for (int b : {0, 1}) {
      std::string after = ", i32 " + std::to_string(a) + ", i32 " +
                          std::to_string(b) + ", i32 0, i32 0, i32 0, i32 0";
      Kind kindA = a ? Bf8 : Fp8, kindB = b ? Bf8 : Fp8;
      check(mfma(chip, "mfma.scale.f32.16x16x128.f8f6f4.v8i32.v8i32", 16, 16,
                 128, 1, kindA, kindB, F32, i8, i8, after));
      check(mfma(chip, "mfma.scale.f32.32x32x64.f8f6f4.v8i32.v8i32", 32, 32, 64,
                 1, kindA, kindB, F32, i8, i8, after));
    }
}

namespace {
// RDNA3 ISA guide: A and B: lane = outer % 16, item = k, repeated in lanes
// 16-31; D: row 2 * item + lane / 16. 16-bit results: every other half.
Case wmma11(std::string name, int k, Kind a, Kind b, Kind c, std::string typeA,
            std::string typeC, int itemStride, int lanes = 32) {
  Case result;
  result.chip = "gfx1100";
  result.name = "llvm.amdgcn." + name;
  result.m = result.n = 16;
  result.k = k;
  result.blocks = 1;
  result.a = a;
  result.b = b;
  result.c = c;
  result.typeA = result.typeB = typeA;
  result.typeC = typeC;
  result.mapA = result.mapB = [](int outer, int inner, int) {
    return Place{outer, inner};
  };
  int groups = lanes / 16;
  result.mapC = [=](int i, int j, int) {
    return Place{j + 16 * (i % groups), i / groups * itemStride};
  };
  result.lanes = lanes;
  result.bytesA = result.bytesB = k * bytesOf(a);
  result.bytesC = 16 / groups * itemStride * bytesOf(c);
  return result;
}

// RDNA4 ISA guide: K halved between lanes 0-15 and 16-31; D: 8 rows each.
Case wmma12(std::string name, int k, Kind a, Kind b, Kind c, std::string typeA,
            std::string typeC) {
  Case result = wmma11(name, k, a, b, c, typeA, typeC, 1);
  result.chip = "gfx1201";
  int half = k / 2;
  result.mapA = result.mapB = [=](int outer, int inner, int) {
    return Place{outer + 16 * (inner / half), inner % half};
  };
  result.mapC = [](int i, int j, int) {
    return Place{j + 16 * (i / 8), i % 8};
  };
  result.bytesA = result.bytesB = half * bytesOf(a);
  result.bytesC = 8 * bytesOf(c);
  return result;
}
} // namespace

TEST(Mma, WmmaGfx11) {
  check(wmma11("wmma.f32.16x16x16.f16.v8f32.v16f16", 16, F16, F16, F32,
               "<16 x half>", "<8 x float>", 1));
  check(wmma11("wmma.f32.16x16x16.bf16.v8f32.v16i16", 16, BF16, BF16, F32,
               "<16 x i16>", "<8 x float>", 1));
  check(wmma11("wmma.f32.16x16x16.f16.v4f32.v16f16", 16, F16, F16, F32,
               "<16 x half>", "<4 x float>", 1, 64));
  Case half = wmma11("wmma.f16.16x16x16.f16.v16f16.v16f16", 16, F16, F16, F16,
                     "<16 x half>", "<16 x half>", 2);
  half.after = ", i1 false";
  check(half);
  for (bool isSigned : {true, false}) {
    Kind kind = isSigned ? I8 : U8;
    Case c = wmma11("wmma.i32.16x16x16.iu8.v8i32.v4i32", 16, kind, kind, I32,
                    "<4 x i32>", "<8 x i32>", 1);
    c.before = c.between = isSigned ? "i1 true, " : "i1 false, ";
    c.after = ", i1 false";
    check(c);
  }
}

TEST(Mma, WmmaGfx12) {
  check(wmma12("wmma.f32.16x16x16.f16.v8f32.v8f16", 16, F16, F16, F32,
               "<8 x half>", "<8 x float>"));
  check(wmma12("wmma.f32.16x16x16.bf16.v8f32.v8i16", 16, BF16, BF16, F32,
               "<8 x i16>", "<8 x float>"));
  check(wmma12("wmma.f32.16x16x16.fp8.bf8.v8f32.v2i32", 16, Fp8, Bf8, F32,
               "<2 x i32>", "<8 x float>"));
  Case half = wmma12("wmma.f16.16x16x16.f16.v8f16.v8f16", 16, F16, F16, F16,
                     "<8 x half>", "<8 x half>");
  half.after = ", i1 false";
  check(half);
  Case c = wmma12("wmma.i32.16x16x16.iu8.v8i32.v2i32", 16, I8, I8, I32,
                  "<2 x i32>", "<8 x i32>");
  c.before = c.between = "i1 true, ";
  c.after = ", i1 false";
  check(c);
}

namespace {
// PTX ISA, fragments of mma.sync: with e elements per 32-bit register (one for
// f64), A[row][k]: lane 4 * (row % 8) + (k / e) % 4, register
// row / 8 + (M / 8) * (k / (4 * e)), element k % e; B alike without rows;
// C[row][col]: lane 4 * (row % 8) + col / 2, item 2 * (row / 8) + col % 2.
Case mmaSync(std::string name, int m, int k, Kind a, Kind b, Kind c,
             std::string typeA, std::string typeC, int regsC) {
  Case result;
  result.chip = "sm_90a";
  result.name = "llvm.nvvm.mma." + name;
  result.m = m;
  result.n = 8;
  result.k = k;
  result.blocks = 1;
  result.a = a;
  result.b = b;
  result.c = c;
  result.typeA = result.typeB = typeA;
  result.typeC = typeC;
  int e = a == F64 ? 1 : 4 / bytesOf(a);
  result.regsA = m * k / 32 / e;
  result.regsB = 8 * k / 32 / e;
  result.regsC = regsC;
  result.mapA = [=](int row, int kk, int) {
    int reg = row / 8 + m / 8 * (kk / (4 * e));
    return Place{4 * (row % 8) + kk / e % 4, reg * e + kk % e};
  };
  result.mapB = [=](int column, int kk, int) {
    return Place{4 * column + kk / e % 4, kk / (4 * e) * e + kk % e};
  };
  result.mapC = [](int row, int column, int) {
    return Place{4 * (row % 8) + column / 2, 2 * (row / 8) + column % 2};
  };
  result.lanes = 32;
  result.bytesA = m * k / 32 * bytesOf(a);
  result.bytesB = 8 * k / 32 * bytesOf(b);
  result.bytesC = m * 8 / 32 * bytesOf(c);
  return result;
}
} // namespace

TEST(Mma, MmaSync) {
  const char *h2 = "<2 x half>";
  check(
      mmaSync("m16n8k8.row.col.f32.f32", 16, 8, F16, F16, F32, h2, "float", 4));
  check(mmaSync("m16n8k16.row.col.f32.f32", 16, 16, F16, F16, F32, h2, "float",
                4));
  check(mmaSync("m16n8k16.row.col.f16.f16", 16, 16, F16, F16, F16, h2, h2, 2));
  check(mmaSync("m16n8k8.row.col.bf16", 16, 8, BF16, BF16, F32, "i32", "float",
                4));
  check(mmaSync("m16n8k16.row.col.bf16", 16, 16, BF16, BF16, F32, "i32",
                "float", 4));
  check(
      mmaSync("m16n8k4.row.col.tf32", 16, 4, F32, F32, F32, "i32", "float", 4));
  check(
      mmaSync("m16n8k8.row.col.tf32", 16, 8, F32, F32, F32, "i32", "float", 4));
  check(mmaSync("m8n8k4.row.col.f64", 8, 4, F64, F64, F64, "double", "double",
                2));
  check(mmaSync("m16n8k4.row.col.f64", 16, 4, F64, F64, F64, "double", "double",
                4));
  check(mmaSync("m16n8k8.row.col.f64", 16, 8, F64, F64, F64, "double", "double",
                4));
  check(mmaSync("m16n8k16.row.col.f64", 16, 16, F64, F64, F64, "double",
                "double", 4));
  check(mmaSync("m8n8k16.row.col.s8", 8, 16, I8, I8, I32, "i32", "i32", 2));
  check(mmaSync("m16n8k16.row.col.s8", 16, 16, I8, I8, I32, "i32", "i32", 4));
  check(mmaSync("m16n8k32.row.col.s8", 16, 32, I8, I8, I32, "i32", "i32", 4));
  check(
      mmaSync("m16n8k32.row.col.u8.s8", 16, 32, U8, I8, I32, "i32", "i32", 4));
  check(mmaSync("m16n8k32.row.col.f32.e4m3.e4m3.f32", 16, 32, Fp8, Fp8, F32,
                "i32", "float", 4));
  check(mmaSync("m16n8k32.row.col.f32.e4m3.e5m2.f32", 16, 32, Fp8, Bf8, F32,
                "i32", "float", 4));
  check(mmaSync("m16n8k32.row.col.f32.e5m2.e5m2.f32", 16, 32, Bf8, Bf8, F32,
                "i32", "float", 4));
}

// What the modifiers would change is refused.
TEST(Mma, Unknown) {
  Case c = mfma("gfx942", "mfma.f32.32x32x8f16", 32, 32, 8, 1, F16, F16, F32,
                "<4 x half>", "<4 x half>", ", i32 1, i32 0, i32 0");
  Runner r(kernelText(c), c.chip);
  expectContains(r.launch(),
                 "emulator does not know 'llvm.amdgcn.mfma.f32.32x32x8f16'");
}

TEST(Mma, NeedsAllLanes) {
  Case c = mmaSync("m16n8k8.row.col.bf16", 16, 8, BF16, BF16, F32, "i32",
                   "float", 4);
  Runner r(kernelText(c), c.chip);
  std::vector<uint8_t> data(4096);
  for (int i = 0; i < 4; ++i)
    r.scalar(reinterpret_cast<uint64_t>(data.data()));
  r.regions = {MemoryRegion::host(data.data(), data.size(), "data")};
  r.config.workgroup = {16, 1, 1};
  expectContains(r.launch(), "executes a matrix instruction with only some of "
                             "the wave's lanes active");
}
