// ConvertTest.cpp - expandConvert against exact rounding, over all kinds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Codes.h"
#include "Jit.h"
#include "Reference.h"

#include "mlir/IR/BuiltinTypes.h"
#include "gtest/gtest.h"
#include <random>

using namespace mlir;
using namespace tilewright;
using namespace tilewright::test;

namespace {

/// The code of the magnitude in a wide kind, which holds it exactly or is the
/// next one toward zero.
uint64_t encodeTowardZero(long double value, const Kind &kind) {
  return roundReference(value, false, kind, RoundingMode::TowardZero, true);
}

/// All codes of a small kind; of f32 and f64 every boundary of the rounding to
/// `dst` with its neighbours, all exponents, and random codes.
std::vector<uint64_t> samples(const Kind &src, const Kind &dst) {
  std::vector<uint64_t> codes;
  if (src.bits <= 16) {
    for (uint64_t code = 0; code != 1ull << src.bits; ++code)
      codes.push_back(code);
    return codes;
  }
  std::mt19937_64 random(src.bits * 100 + dst.bits + dst.bias);
  auto addAround = [&](long double value) {
    uint64_t code = encodeTowardZero(value, src);
    for (int delta = -1; delta <= 2; ++delta)
      codes.push_back((code + delta) & (src.signBit() - 1));
  };
  uint64_t count = dst.maxFinite();
  uint64_t stride = dst.bits <= 8 ? 1 : dst.bits <= 16 ? 5 : count / 1500;
  for (uint64_t code = 0; code < count; code += stride) {
    addAround(dst.decode(code));
    addAround((dst.decode(code) + dst.decode(code + 1)) / 2);
  }
  long double largest = dst.decode(dst.maxFinite());
  long double step = largest - dst.decode(dst.maxFinite() - 1);
  for (long double value : {largest, largest + step / 2, largest + step})
    addAround(value);
  uint64_t mantissa = (1ull << src.mantissaBits) - 1;
  for (uint64_t exponent = 0; exponent <= src.infinity();
       exponent += mantissa + 1)
    for (uint64_t fraction :
         {uint64_t(0), uint64_t(1), mantissa, mantissa / 2 + 1, random()})
      codes.push_back(exponent | (fraction & mantissa));
  for (int i = 0; i != 8000; ++i)
    codes.push_back(random() & (src.signBit() - 1));
  size_t magnitudes = codes.size();
  for (size_t i = 0; i != magnitudes; ++i)
    codes.push_back(codes[i] | src.signBit());
  while (codes.size() % 8)
    codes.push_back(0);
  return codes;
}

const char *nameOf(RoundingMode mode) {
  static const char *names[] = {"nearest_even", "toward_zero", "upward",
                                "downward"};
  return names[int(mode)];
}

void checkPair(MLIRContext &context, const Kind &src, const Kind &dst,
               RoundingMode mode, bool saturate, bool scalar,
               llvm::ArrayRef<uint64_t> codes) {
  SCOPED_TRACE(llvm::formatv("{0} to {1}, {2}{3}", src.name, dst.name,
                             nameOf(mode), saturate ? ", saturate" : "")
                   .str());
  Type srcType = typeOf(context, src), dstType = typeOf(context, dst);
  CompiledFormula compiled(
      context, {srcType}, dstType,
      [&](OpBuilder &b, Location loc, ValueRange x) {
        return expandConvert(b, loc, x[0], dstType, mode, saturate);
      },
      scalar);
  ASSERT_TRUE(compiled.isValid());
  std::vector<uint8_t> input = pack(codes, src.bits);
  std::vector<uint8_t> output(codes.size() * dst.bits / 8);
  compiled.run({input.data()}, output.data(), codes.size());
  int shown = 0;
  for (size_t i = 0; i != codes.size() && shown != 5; ++i) {
    uint64_t expected = convertReference(codes[i], src, dst, mode, saturate);
    uint64_t got = unpack(output, i, dst.bits);
    if (got == expected)
      continue;
    ++shown;
    ADD_FAILURE() << llvm::formatv("of {0:x}: expected {1:x}, got {2:x}",
                                   codes[i], expected, got)
                         .str();
  }
}

class ConvertTest : public testing::TestWithParam<size_t> {};

/// One destination kind against all sources, modes, with and without saturate.
TEST_P(ConvertTest, AllSources) {
  std::unique_ptr<MLIRContext> context = makeContext();
  const Kind &dst = kinds()[GetParam()];
  for (const Kind &src : kinds()) {
    std::vector<uint64_t> codes = samples(src, dst);
    for (int mode = 0; mode != 4; ++mode)
      for (bool saturate : {false, true})
        checkPair(*context, src, dst, RoundingMode(mode), saturate,
                  /*scalar=*/false, codes);
    checkPair(*context, src, dst, RoundingMode::NearestEven, false,
              /*scalar=*/true, codes);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, ConvertTest, testing::Range<size_t>(0, 8),
                         [](const testing::TestParamInfo<size_t> &info) {
                           return std::string(kinds()[info.param].name);
                         });

/// The results of the Python package ml_dtypes 0.5.3 (`x.astype(kind)` over all
/// codes, every NaN replaced by all ones, in the FNUZ kinds by 0x80), as FNV-1a
/// hashes of their bytes.
TEST(Convert, AgreesWithMlDtypes) {
  static const struct {
    const char *src, *dst;
    uint64_t hash;
  } expected[] = {
      {"f16", "f8E4M3FN", 0xC18273CD33C64F25},
      {"f16", "f8E5M2", 0x3BA1501642E13FA5},
      {"f16", "f8E4M3FNUZ", 0x5BAAF26B4D46D9A5},
      {"f16", "f8E5M2FNUZ", 0xF336D4E1E12EDDA5},
      {"bf16", "f8E4M3FN", 0xDA471D400BBAB315},
      {"bf16", "f8E5M2", 0x90E7F0703F7EB6E5},
      {"bf16", "f8E4M3FNUZ", 0xB470B8FEAC94B325},
      {"bf16", "f8E5M2FNUZ", 0xAF07A31AA01E3025},
      {"f8E4M3FN", "f32", 0x8867A2F969CA8A4D},
      {"f8E5M2", "f32", 0xE9EE33B86181F8AD},
      {"f8E4M3FNUZ", "f32", 0x1244DF157025D5F1},
      {"f8E5M2FNUZ", "f32", 0xA9D85EAB7F295949},
  };
  std::unique_ptr<MLIRContext> context = makeContext();
  auto find = [](llvm::StringRef name) {
    return *llvm::find_if(kinds(),
                          [&](const Kind &k) { return name == k.name; });
  };
  for (const auto &row : expected) {
    Kind src = find(row.src), dst = find(row.dst);
    Type dstType = typeOf(*context, dst);
    CompiledFormula compiled(*context, {typeOf(*context, src)}, dstType,
                             [&](OpBuilder &b, Location loc, ValueRange x) {
                               return expandConvert(b, loc, x[0], dstType);
                             });
    ASSERT_TRUE(compiled.isValid());
    std::vector<uint64_t> codes = samples(src, dst);
    std::vector<uint8_t> input = pack(codes, src.bits);
    std::vector<uint8_t> output(codes.size() * dst.bits / 8);
    compiled.run({input.data()}, output.data(), codes.size());
    for (size_t i = 0; i != codes.size(); ++i)
      if (dst.isNaN(unpack(output, i, dst.bits)))
        std::memset(&output[i * dst.bits / 8], dst.isFnuz ? 0x80 : 0xFF,
                    dst.bits / 8);
    uint64_t hash = 0xCBF29CE484222325;
    for (uint8_t byte : output)
      hash = (hash ^ byte) * 0x100000001B3;
    EXPECT_EQ(hash, row.hash) << row.src << " to " << row.dst;
  }
}

} // namespace
