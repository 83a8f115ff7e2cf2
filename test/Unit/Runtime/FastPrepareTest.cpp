// FastPrepareTest.cpp - the fast checks of a launch agree with the plain ones.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "FastPrepare.h"
#include "../Runtime/Support.h"
#include "Kernel.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>
#include <vector>

using namespace tilewright::rt;

namespace {

/// Kernels with arguments of all kinds, and random values for them, right and
/// wrong.
class Random {
public:
  explicit Random(unsigned seed) : random(seed) {}
  int64_t below(int64_t limit) { return int64_t(random() % uint64_t(limit)); }
  bool rarely() { return below(24) == 0; }
  template <typename T> T pick(std::initializer_list<T> list) {
    return list.begin()[below(int64_t(list.size()))];
  }

  std::string makeList(int rank, std::initializer_list<const char *> entries) {
    std::string text = "[";
    for (int d = 0; d < rank; ++d)
      text += (d ? ", " : "") + std::string(pick(entries));
    return text + "]";
  }

  /// `offset` is where the next argument lies.
  std::string makeArgument(int index, int64_t &offset) {
    std::string head = "{\"name\": \"x" + std::to_string(index) + "\", ";
    std::string type = pick({"f32", "f16", "f64", "i8", "bf16", "f8E4M3FN"});
    if (below(3) == 0) {
      type = pick({"i1", "i8", "i16", "i32", "i64", "f32", "f64", "bf16"});
      // A scalar may have the name of a size.
      if (index == 0 && type[0] == 'i' && below(2))
        head = "{\"name\": \"M\", ";
      std::string text = head + "\"kind\": \"scalar\", \"type\": \"" + type +
                         "\", \"offset\": " + std::to_string(offset);
      offset += 8;
      if (type[0] == 'i' && type != "i1" && below(2))
        text += ", \"divisible\": " + std::string(pick({"2", "4", "3"}));
      return text + "}";
    }
    int rank = int(below(4));
    bool isContiguous = below(2);
    std::string text = head + "\"kind\": \"memref\", \"type\": \"" + type +
                       "\", \"rank\": " + std::to_string(rank) +
                       ", \"offset\": " + std::to_string(offset);
    offset += 8 + 16 * rank;
    if (isContiguous)
      text += ", \"contiguous\": true";
    else if (rank && below(2))
      text += ", \"strides\": " + makeList(rank, {"null", "null", "1", "8"});
    if (below(4) == 0)
      text += ", \"sizes\": " + makeList(rank, {"null", "4", "16"});
    if (below(2))
      text += ", \"dims\": " + makeList(rank, {"\"M\"", "\"N\"", "\"\""});
    if (below(3) == 0)
      text += ", \"divisible\": " + makeList(rank, {"1", "4", "2", "2"});
    if (below(4) == 0)
      text += ", \"stride_divisible\": " + makeList(rank, {"1", "4", "1"});
    if (below(4) == 0)
      text += ", \"at_most\": " + makeList(rank, {"null", "16"});
    if (below(3) == 0)
      text += ", \"align\": " + std::string(pick({"16", "64"}));
    if (below(3) == 0)
      text += ", \"noalias\": true";
    if (below(3) == 0)
      text += ", \"written\": false";
    return text + "}";
  }

  std::string makeMetadata(int numArguments) {
    std::string list;
    int64_t offset = 0;
    for (int i = 0; i < numArguments; ++i)
      list += (i ? ", " : "") + makeArgument(i, offset);
    std::string maps;
    if (list.find("{\"name\": \"x0\", \"kind\": \"memref\"") == 0 &&
        below(4) == 0) {
      offset = (offset + 63) / 64 * 64;
      maps = ", \"tensor_maps\": [{\"argument\": 0, \"offset\": " +
             std::to_string(offset) + "}]";
      offset += 128;
    }
    std::string exprs = pick({"4", "[\"mul\", 3, 5]"});
    // Names of sizes that there are, divided by powers of two and by others.
    for (const char *name : {"\"M\"", "\"N\""})
      if (list.find(name) != std::string::npos && below(2))
        exprs += std::string(", [\"") + pick({"ceildiv", "floordiv", "mod"}) +
                 "\", [\"add\", " + name + ", " + pick({"0", "-9", "5"}) +
                 "], " + pick({"1", "8", "3"}) + "]";
    return R"({"version": 1, "kernel": "k", "variant": "v", "chip": "c",
      "symbol": "k", "abi": {"bytes": )" +
           std::to_string(offset) + ", \"args\": [" + list +
           "]}, \"grid\": {\"exprs\": [" + exprs + "]}" + maps + "}";
  }

  /// A value for the argument: mostly right, to get far.
  TwValue makeValue(const Argument &argument, int64_t *sizes,
                    int64_t *strides) {
    TwValue value = {};
    value.kind = rarely() ? TW_ARRAY : TW_SCALAR;
    value.isReal = argument.type < TW_I1 ? below(2) : rarely();
    value.integer = pick<int64_t>({0, 12, 12, -12, 1, 255, -129, 1 << 20});
    value.real = rarely() ? NAN : double(below(1000)) / 7;
    if (argument.kind == TW_SCALAR && value.kind == TW_SCALAR)
      return value;
    value.kind = rarely() ? TW_SCALAR : TW_ARRAY;
    value.type = rarely() ? TW_I32 : argument.type;
    value.rank = rarely() ? 1 : argument.rank;
    value.sizes = rarely() ? nullptr : sizes;
    value.data = reinterpret_cast<void *>(
        uintptr_t(rarely() ? below(8) : 4096 * (1 + below(6))));
    int64_t step = 1;
    for (int d = value.rank - 1; d >= 0; --d) {
      bool isKnown = d < argument.rank && argument.dims[d].size >= 0;
      sizes[d] = isKnown ? argument.dims[d].size : pick<int64_t>({4, 4, 16});
      if (rarely())
        sizes[d] = pick<int64_t>({0, 1, 3, -1, 17, int64_t(1) << 62});
      strides[d] = step;
      if (d < argument.rank && argument.dims[d].stride >= 0 && below(4))
        strides[d] = argument.dims[d].stride;
      if (rarely())
        strides[d] = pick<int64_t>({0, 2, 8, 64, -1, int64_t(1) << 36,
                                    int64_t(1) << 39, int64_t(1) << 60});
      if (__builtin_mul_overflow(step, sizes[d], &step))
        step = 1;
    }
    value.strides = below(2) ? strides : nullptr;
    return value;
  }

private:
  std::mt19937 random;
};

} // namespace

TEST(FastPrepare, AgreesWithThePlainChecks) {
  Random random(17);
  int counts[3] = {}, numAccepted = 0, numMapped = 0;
  for (int i = 0; i < 30000; ++i) {
    // Some with more, of which more are of one kind side by side.
    int numArguments = int(1 + random.below(random.below(4) ? 4 : 12));
    std::string metadata = random.makeMetadata(numArguments);
    TwKernel kernel = nullptr;
    // Not every array can have a tensor map.
    std::string error = take(twKernelCreate(metadata.c_str(), &kernel));
    if (error.find("tensor_maps") != std::string::npos)
      continue;
    ASSERT_EQ(error, "") << metadata;
    numMapped += !kernel->tensorMaps.empty();
    for (int j = 0; j < 8; ++j) {
      std::vector<TwValue> values;
      int64_t sizes[12][4] = {}, strides[12][4] = {};
      for (int k = 0; k < numArguments; ++k)
        values.push_back(random.makeValue(kernel->arguments[size_t(k)],
                                          sizes[k], strides[k]));
      // Where nothing is written, both write zeros, and nothing behind.
      std::vector<uint8_t> plain(kernel->kernargBytes + 8, 0xCD), fast = plain;
      int64_t plainGrid[3] = {}, fastGrid[3] = {};
      FastResult result =
          prepareFast(*kernel, values.data(), fast.data(), fastGrid);
      FastProgram program;
      std::swap(kernel->fast, program);
      std::string refusal =
          take(twKernelPrepare(kernel, values.data(), values.size(),
                               plain.data(), plain.size(), plainGrid));
      std::swap(kernel->fast, program);
      ++counts[int(result)];
      numAccepted += refusal.empty();
      if (result == FastResult::Ready) {
        ASSERT_EQ(refusal, "") << metadata;
        ASSERT_EQ(fast, plain) << metadata;
        ASSERT_EQ(std::memcmp(plainGrid, fastGrid, sizeof(fastGrid)), 0);
      } else if (result == FastResult::Refused) {
        ASSERT_NE(refusal, "") << metadata;
      }
    }
    twKernelDestroy(kernel);
  }
  // All three happen, and what is right is seldom left to the plain checks.
  EXPECT_GT(counts[int(FastResult::Ready)], 10000);
  EXPECT_GT(counts[int(FastResult::Refused)], 10000);
  EXPECT_GT(counts[int(FastResult::Unknown)], 1000);
  EXPECT_GT(numMapped, 500);
  EXPECT_GT(2 * counts[int(FastResult::Ready)], numAccepted);
}
