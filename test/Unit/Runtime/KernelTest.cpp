// KernelTest.cpp - metadata, kernarg bytes, launch checks and grids.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include "gtest/gtest.h"
#include <cfenv>
#include <cmath>
#include <cstring>
#include <vector>

namespace {

const char gemmMetadata[] = R"({
  "version": 1, "kernel": "gemm", "variant": "default", "chip": "gfx942",
  "symbol": "gemm",
  "abi": {"args": [
    {"name": "a", "kind": "memref", "type": "f16", "rank": 2, "offset": 0,
     "sizes": [null, null], "strides": [null, 1], "dims": ["M", "K"],
     "align": 16, "divisible": [1, 16], "stride_divisible": [8, 1],
     "noalias": true, "written": false},
    {"name": "b", "kind": "memref", "type": "f16", "rank": 2, "offset": 32,
     "sizes": [null, 64], "contiguous": true, "dims": ["K", "N"],
     "written": false},
    {"name": "c", "kind": "memref", "type": "f32", "rank": 1, "offset": 48,
     "contiguous": true, "noalias": true},
    {"name": "alpha", "kind": "scalar", "type": "f32", "offset": 64},
    {"name": "flag", "kind": "scalar", "type": "i1", "offset": 68},
    {"name": "n", "kind": "scalar", "type": "i32", "offset": 72,
     "divisible": 4}],
    "bytes": 76},
  "grid": {"symbols": ["M", "n"],
           "exprs": [["ceildiv", "M", 128], ["add", ["mul", "n", 2], 1]]},
  "workgroup": [256, 1, 1], "wave_size": 64, "shared_bytes": 1024})";

TwKernel makeKernel(const std::string &metadata) {
  TwKernel kernel = nullptr;
  EXPECT_EQ(take(twKernelCreate(metadata.c_str(), &kernel)), "");
  return kernel;
}

std::string getError(const std::string &metadata) {
  TwKernel kernel = nullptr;
  std::string text = take(twKernelCreate(metadata.c_str(), &kernel));
  EXPECT_EQ(kernel, nullptr);
  return text;
}

std::string replaced(std::string text, const std::string &from,
                     const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TwValue scalar(int64_t value) {
  TwValue result{};
  result.kind = TW_SCALAR;
  result.integer = value;
  return result;
}

/// Good arguments of gemm, to be spoiled one by one.
struct Arguments {
  alignas(16) char memory[1 << 16];
  int64_t aSizes[2] = {130, 32}, aStrides[2] = {40, 1};
  int64_t bSizes[2] = {32, 64};
  int64_t cSizes[1] = {10};
  std::vector<TwValue> values;

  Arguments() {
    TwValue array{};
    array.kind = TW_ARRAY;
    array.type = TW_F16;
    array.rank = 2;
    array.data = memory;
    array.sizes = aSizes;
    array.strides = aStrides;
    values.push_back(array);
    array.data = memory + 16384;
    array.sizes = bSizes;
    array.strides = nullptr;
    values.push_back(array);
    array.data = memory + 32768;
    array.type = TW_F32;
    array.rank = 1;
    array.sizes = cSizes;
    values.push_back(array);
    TwValue alpha = scalar(0);
    alpha.isReal = 1;
    alpha.real = 0.1;
    values.push_back(alpha);
    values.push_back(scalar(1));
    values.push_back(scalar(-8 + 12));
  }
};

struct KernelTest : testing::Test {
  TwKernel kernel = makeKernel(gemmMetadata);
  Arguments arguments;
  int64_t grid[3];
  alignas(8) unsigned char kernarg[80];

  ~KernelTest() override { twKernelDestroy(kernel); }

  /// The kernel with another text in its metadata.
  void change(const std::string &from, const std::string &to) {
    twKernelDestroy(kernel);
    kernel = makeKernel(replaced(gemmMetadata, from, to));
  }
  std::string prepare() {
    return take(twKernelPrepare(kernel, arguments.values.data(),
                                arguments.values.size(), kernarg,
                                sizeof(kernarg), grid));
  }
  template <typename T> T at(size_t offset) {
    T value;
    std::memcpy(&value, kernarg + offset, sizeof(T));
    return value;
  }
};

TEST_F(KernelTest, Describes) {
  EXPECT_STREQ(twKernelGetName(kernel), "gemm");
  EXPECT_EQ(twKernelGetKernargBytes(kernel), 80u);
  EXPECT_EQ(twKernelGetWorkgroupThreads(kernel), 256);
  EXPECT_EQ(twKernelGetSharedBytes(kernel), 1024);
  TwArgumentInfo info;
  ASSERT_EQ(take(twKernelGetArgument(kernel, 1, &info)), "");
  EXPECT_STREQ(info.name, "b");
  EXPECT_EQ(info.sizes[0], -1);
  EXPECT_EQ(info.sizes[1], 64);
  EXPECT_FALSE(info.isWritten);
  EXPECT_EQ(info.align, 2); // that of its elements
  ASSERT_EQ(take(twKernelGetArgument(kernel, 0, &info)), "");
  EXPECT_EQ(info.align, 16);
  EXPECT_FALSE(info.isContiguous);
  EXPECT_TRUE(info.isNoAlias);
  EXPECT_STREQ(info.dims[1].name, "K");
  EXPECT_EQ(info.dims[0].stride, -1);
  EXPECT_EQ(info.dims[1].stride, 1);
  EXPECT_EQ(info.dims[1].sizeDivisor, 16);
  EXPECT_EQ(info.dims[0].strideDivisor, 8);
  EXPECT_EQ(info.dims[0].atMost, INT64_MAX);
  ASSERT_EQ(take(twKernelGetArgument(kernel, 5, &info)), "");
  EXPECT_EQ(info.divisor, 4);
  EXPECT_FALSE(info.isFixed);
  EXPECT_EQ(info.dims, nullptr);
  ASSERT_EQ(take(twKernelGetArgument(kernel, 2, &info)), "");
  EXPECT_TRUE(info.isWritten);
  EXPECT_TRUE(info.isContiguous);
  EXPECT_STREQ(info.dims[0].name, "");
  EXPECT_EQ(take(twKernelGetArgument(kernel, 6, &info)),
            "expected an argument below 6, but got 6");
}

TEST_F(KernelTest, RefusesNull) {
  EXPECT_STREQ(twKernelGetName(nullptr), "");
  EXPECT_STREQ(twKernelGetVariant(nullptr), "");
  EXPECT_STREQ(twKernelGetChip(nullptr), "");
  EXPECT_STREQ(twKernelGetSymbol(nullptr), "");
  EXPECT_EQ(twKernelGetNumArguments(nullptr), 0u);
  EXPECT_EQ(twKernelGetKernargBytes(nullptr), 0u);
  EXPECT_EQ(twKernelGetWorkgroupThreads(nullptr), 0);
  EXPECT_EQ(twKernelGetSharedBytes(nullptr), 0);
  EXPECT_EQ(twKernelGetScratchBytes(nullptr), 0);
  TwArgumentInfo info;
  const char *message = "expected a kernel and a place for an argument";
  EXPECT_EQ(take(twKernelGetArgument(nullptr, 0, &info)), message);
  EXPECT_EQ(take(twKernelGetArgument(kernel, 0, nullptr)), message);
  const TwValue *values = arguments.values.data();
  auto refuse = [&](TwKernel prepared, const TwValue *given, void *bytes,
                    int64_t *extents) {
    TwStatus status =
        twKernelPrepare(prepared, given, 6, bytes, sizeof(kernarg), extents);
    EXPECT_EQ(twStatusGetCode(status), TW_INVALID_ARGUMENT);
    return take(status);
  };
  EXPECT_EQ(refuse(nullptr, values, kernarg, grid),
            "expected a kernel, but got null");
  message = "expected the arguments of kernel 'gemm' and places for what they "
            "become";
  EXPECT_EQ(refuse(kernel, nullptr, kernarg, grid), message);
  EXPECT_EQ(refuse(kernel, values, nullptr, grid), message);
  EXPECT_EQ(refuse(kernel, values, kernarg, nullptr), message);
  // What needs no bytes takes none.
  TwKernel bare = makeKernel(R"({"version": 1, "kernel": "k", "variant": "v",
      "chip": "gfx942", "symbol": "k", "abi": {"args": [], "bytes": 0},
      "grid": {"exprs": [3]}})");
  EXPECT_EQ(take(twKernelPrepare(bare, nullptr, 0, nullptr, 0, grid)), "");
  EXPECT_EQ(grid[0], 3);
  twKernelDestroy(bare);
}

TEST_F(KernelTest, Packs) {
  ASSERT_EQ(prepare(), "");
  EXPECT_EQ(at<void *>(0), arguments.memory);
  EXPECT_EQ(at<int64_t>(8), 130);
  EXPECT_EQ(at<int64_t>(16), 32);
  EXPECT_EQ(at<int64_t>(24), 40);
  EXPECT_EQ(at<void *>(32), arguments.memory + 16384);
  EXPECT_EQ(at<int64_t>(40), 32);
  EXPECT_EQ(at<void *>(48), arguments.memory + 32768);
  EXPECT_EQ(at<int64_t>(56), 10);
  EXPECT_EQ(at<float>(64), 0.1f);
  EXPECT_EQ(at<uint8_t>(68), 1);
  EXPECT_EQ(at<int32_t>(72), 4);
  EXPECT_EQ(grid[0], 2);
  EXPECT_EQ(grid[1], 9);
  EXPECT_EQ(grid[2], 1);
}

TEST_F(KernelTest, EmptyGrid) {
  arguments.aSizes[0] = 0;
  arguments.values[0].data = nullptr; // no element, no address
  ASSERT_EQ(prepare(), "");
  EXPECT_EQ(grid[0], 0);
}

TEST_F(KernelTest, SizeOneTakesNoStep) {
  arguments.aSizes[0] = 1;
  arguments.aStrides[0] = 3;
  EXPECT_EQ(prepare(), "");
}

TEST_F(KernelTest, Counts) {
  arguments.values.pop_back();
  EXPECT_EQ(prepare(), "kernel 'gemm' takes 6 arguments, but got 5");
  EXPECT_EQ(take(twKernelPrepare(kernel, nullptr, 6, kernarg, 8, grid)),
            "kernel 'gemm' needs 80 bytes of kernarg, but got 8");
}

TEST_F(KernelTest, Kinds) {
  arguments.values[0].kind = TW_SCALAR;
  EXPECT_EQ(prepare(), "argument 'a': expected an array, but got a scalar");
}
TEST_F(KernelTest, NumbersThatAreNone) {
  // As a C program may have them.
  int number = 77;
  std::memcpy(&arguments.values[0].type, &number, sizeof(number));
  EXPECT_EQ(prepare(),
            "argument 'a': expected elements of type f16, but got an "
            "unknown type");
  std::memcpy(&arguments.values[0].kind, &number, sizeof(number));
  EXPECT_EQ(prepare(), "argument 'a': expected an array, but got a scalar");
}
TEST_F(KernelTest, KindOfScalar) {
  arguments.values[3] = arguments.values[0];
  EXPECT_EQ(prepare(), "argument 'alpha': expected a scalar, but got an array");
}
TEST_F(KernelTest, Types) {
  arguments.values[0].type = TW_BF16;
  EXPECT_EQ(prepare(),
            "argument 'a': expected elements of type f16, but got bf16");
}
TEST_F(KernelTest, Ranks) {
  arguments.values[0].rank = 1;
  EXPECT_EQ(prepare(), "argument 'a': expected 2 dimensions, but got 1");
}
TEST_F(KernelTest, StaticSizes) {
  arguments.bSizes[1] = 63;
  EXPECT_EQ(prepare(), "argument 'b': expected size 64 in dimension 1, but "
                       "got 63");
}
TEST_F(KernelTest, NegativeSizes) {
  arguments.cSizes[0] = -1;
  EXPECT_EQ(prepare(), "argument 'c': expected a size of at least 0 in "
                       "dimension 0, but got -1");
}
TEST_F(KernelTest, EqualNames) {
  arguments.bSizes[0] = 48;
  EXPECT_EQ(prepare(), "argument 'b': expected size K = 32, as in argument "
                       "'a', but got 48");
}
TEST_F(KernelTest, DivisibleSizes) {
  arguments.aSizes[1] = 24;
  EXPECT_EQ(prepare(), "argument 'a': expected a multiple of 16 as size of "
                       "dimension 1, but got 24");
}
TEST_F(KernelTest, BoundedSizes) {
  change(R"("divisible": [1, 16])",
         R"("divisible": [1, 16], "at_most": [130, null])");
  EXPECT_EQ(prepare(), "");
  arguments.aSizes[0] = 131;
  EXPECT_EQ(prepare(), "argument 'a': expected a size of at most 130 in "
                       "dimension 0, but got 131");
}
TEST_F(KernelTest, Workspaces) {
  TwArgumentInfo info;
  ASSERT_EQ(take(twKernelGetArgument(kernel, 2, &info)), "");
  EXPECT_FALSE(info.isWorkspace);
  int64_t bytes = 7;
  int32_t isZeroed = 7;
  auto ask = [&](size_t index) {
    return take(twKernelGetWorkspace(kernel, arguments.values.data(),
                                     arguments.values.size(), index, &bytes,
                                     &isZeroed));
  };
  EXPECT_EQ(ask(2), "");
  EXPECT_EQ(bytes, 0);
  EXPECT_EQ(isZeroed, 0);
  change(
      R"("contiguous": true, "noalias": true})",
      R"("contiguous": true, "workspace": ["mul", "M", "n"], "zeroed": true})");
  ASSERT_EQ(take(twKernelGetArgument(kernel, 2, &info)), "");
  EXPECT_TRUE(info.isWorkspace);
  // Whatever is given for the workspace itself.
  arguments.values[2].rank = 0;
  EXPECT_EQ(ask(2), "");
  arguments.values[2].rank = 1;
  int64_t n = arguments.values[5].integer;
  EXPECT_EQ(bytes, 130 * n);
  EXPECT_EQ(isZeroed, 1);
  arguments.cSizes[0] = bytes / 4;
  EXPECT_EQ(prepare(), "");
  arguments.cSizes[0] = bytes / 4 - 1;
  EXPECT_EQ(prepare(), "argument 'c': expected a workspace of at least " +
                           std::to_string(bytes) + " bytes, but got " +
                           std::to_string(bytes - 4));
  arguments.values[0].rank = 1;
  EXPECT_EQ(ask(2), "argument 'a': expected an array of 2 dimensions");
  arguments.values[0].rank = 2;
  EXPECT_EQ(ask(6), "expected 6 arguments, the number of one, and places for "
                    "the result");
  arguments.values[5].integer = int64_t(1) << 62;
  EXPECT_EQ(ask(2), "the workspace 'c' of kernel 'gemm' exceeds the address "
                    "space");
}
TEST_F(KernelTest, StaticStrides) {
  arguments.aStrides[1] = 2;
  EXPECT_EQ(prepare(),
            "argument 'a': expected stride 1 in dimension 1, but got 2");
}
TEST_F(KernelTest, DivisibleStrides) {
  arguments.aStrides[0] = 36;
  EXPECT_EQ(prepare(), "argument 'a': expected a multiple of 8 as stride of "
                       "dimension 0, but got 36");
}
TEST_F(KernelTest, DivisibleStridesOfContiguousArrays) {
  // No stride is passed or given, but the fact is about the one there is.
  std::string text =
      replaced(gemmMetadata, "\"contiguous\": true, \"dims\": [\"K\", \"N\"]",
               "\"contiguous\": true, \"dims\": [\"K\", \"N\"], "
               "\"stride_divisible\": [128, 1]");
  twKernelDestroy(kernel);
  kernel = makeKernel(text);
  EXPECT_EQ(prepare(), "argument 'b': expected a multiple of 128 as stride of "
                       "dimension 0, but got 64");
}

TEST_F(KernelTest, NegativeStrides) {
  arguments.aStrides[0] = -8;
  EXPECT_EQ(prepare(), "argument 'a': expected a stride of at least 0 in "
                       "dimension 0, but got -8");
}
TEST_F(KernelTest, Contiguous) {
  int64_t strides[2] = {72, 1};
  arguments.values[1].strides = strides;
  EXPECT_EQ(prepare(), "argument 'b': expected contiguous elements, with "
                       "stride 64 in dimension 0, but got 72");
}
TEST_F(KernelTest, Alignment) {
  arguments.values[0].data = arguments.memory + 8;
  EXPECT_EQ(prepare(), "argument 'a': expected an address aligned to 16 bytes, "
                       "but it is 8 bytes off");
}
TEST_F(KernelTest, NaturalAlignment) {
  arguments.values[2].data = arguments.memory + 32770;
  EXPECT_EQ(prepare(), "argument 'c': expected an address aligned to 4 bytes, "
                       "but it is 2 bytes off");
}
TEST_F(KernelTest, NullPointer) {
  arguments.values[1].data = nullptr;
  EXPECT_EQ(prepare(), "argument 'b': expected memory, but got a null pointer");
}
TEST_F(KernelTest, Overflow) {
  arguments.aStrides[0] = int64_t(1) << 60;
  EXPECT_EQ(prepare(), "argument 'a': the sizes exceed the address space");
}
TEST_F(KernelTest, Aliasing) {
  arguments.values[2].data = arguments.memory + 16;
  EXPECT_EQ(prepare(), "argument 'a': expected memory that no other argument "
                       "shares, but it overlaps with argument 'c'");
}
TEST_F(KernelTest, EmptyArraysShareNoMemory) {
  arguments.values[0].data = arguments.memory + 16;
  arguments.values[2].data = arguments.memory;
  EXPECT_NE(prepare(), "");
  arguments.aSizes[0] = 0;
  EXPECT_EQ(prepare(), "");
  arguments.aSizes[0] = 130;
  arguments.cSizes[0] = 0;
  std::swap(arguments.values[0].data, arguments.values[2].data);
  EXPECT_EQ(prepare(), "");
}
/// One argument of these keys at 0, of 16 bytes in all.
static TwKernel makeSingle(const std::string &argument,
                           const std::string &more = "", int bytes = 16) {
  return makeKernel("{\"version\": 1, \"kernel\": \"k\", \"variant\": \"v\", "
                    "\"chip\": \"c\", "
                    "\"symbol\": \"k\", \"abi\": {\"bytes\": " +
                    std::to_string(bytes) + ", \"args\": [" + argument +
                    "]}, \"grid\": " + "{\"exprs\": [1]}" + more + "}");
}

TEST(Kernel, ArraysEndWithinTheAddressSpace) {
  for (const char *noAlias : {"", ", \"noalias\": true"}) {
    TwKernel kernel = makeSingle(
        R"({"name": "x", "kind": "memref", "type": "f32", "rank": 1,
            "offset": 0, "contiguous": true)" +
        std::string(noAlias) + "}");
    int64_t size = 16, grid[3];
    TwValue value = {};
    value.kind = TW_ARRAY;
    value.type = TW_F32;
    value.rank = 1;
    value.sizes = &size;
    value.data = reinterpret_cast<void *>(~uintptr_t(15));
    uint8_t kernarg[16];
    EXPECT_EQ(take(twKernelPrepare(kernel, &value, 1, kernarg, 16, grid)),
              "argument 'x': the sizes exceed the address space");
    twKernelDestroy(kernel);
  }
}

TEST(Kernel, ScalarsOfOneNameAreEqual) {
  for (const char *type : {"i8", "i32"}) {
    TwKernel kernel =
        makeSingle(R"({"name": "a", "kind": "scalar", "type": "i32",
                       "offset": 0},
                      {"name": "a", "kind": "scalar", "offset": 4,
                       "type": ")" +
                   std::string(type) + "\"}");
    int64_t grid[3];
    TwValue values[] = {scalar(1), scalar(1)};
    uint8_t kernarg[16];
    EXPECT_EQ(take(twKernelPrepare(kernel, values, 2, kernarg, 16, grid)), "");
    values[1] = scalar(2);
    EXPECT_EQ(take(twKernelPrepare(kernel, values, 2, kernarg, 16, grid)),
              "argument 'a': expected size a = 1, as in argument 'a', but got "
              "2");
    twKernelDestroy(kernel);
  }
}

/// Whole words are written, whatever the metadata say.
TEST(Kernel, WritesWholeWords) {
  TwKernel kernel = makeSingle(
      R"({"name": "a", "kind": "scalar", "type": "i32", "offset": 8})", "", 12);
  ASSERT_EQ(twKernelGetKernargBytes(kernel), 16u);
  int64_t grid[3];
  TwValue value = scalar(1);
  uint8_t kernarg[24], expected[24] = {0, 0, 0, 0, 0, 0, 0, 0, 1};
  std::memset(kernarg, 0xCD, sizeof(kernarg));
  std::memset(expected + 16, 0xCD, 8);
  EXPECT_EQ(take(twKernelPrepare(kernel, &value, 1, kernarg, 24, grid)), "");
  EXPECT_EQ(std::memcmp(kernarg, expected, 24), 0);
  twKernelDestroy(kernel);
}

/// Not as the calling thread rounds.
TEST(Kernel, FloatsAreRoundedToNearest) {
  TwKernel kernel = makeSingle(
      R"({"name": "a", "kind": "scalar", "type": "f32", "offset": 0})");
  int64_t grid[3];
  TwValue value = scalar(0);
  value.isReal = 1;
  value.real = 1.00000001;
  float kernarg[4];
  int mode = std::fegetround();
  std::fesetround(FE_UPWARD);
  std::string message =
      take(twKernelPrepare(kernel, &value, 1, kernarg, 16, grid));
  std::fesetround(mode);
  EXPECT_EQ(message, "");
  EXPECT_EQ(kernarg[0], 1.0f);
  twKernelDestroy(kernel);
}

/// Empty ones behind those whose extents are kept.
TEST(Kernel, ManyEmptyArrays) {
  std::string arguments;
  for (int i = 0; i < 34; ++i)
    arguments += std::string(i ? ", " : "") + R"({"name": "x)" +
                 std::to_string(i) +
                 R"(", "kind": "memref", "type": "f32", "rank": 3,
                     "contiguous": true, "noalias": true, "offset": )" +
                 std::to_string(32 * i) + "}";
  TwKernel kernel = makeSingle(arguments, "", 34 * 32);
  int64_t sizes[] = {0, int64_t(1) << 62, int64_t(1) << 62}, grid[3];
  TwValue value = {};
  value.kind = TW_ARRAY;
  value.type = TW_F32;
  value.rank = 3;
  value.sizes = sizes;
  std::vector<TwValue> values(34, value);
  std::vector<uint8_t> kernarg(34 * 32);
  EXPECT_EQ(take(twKernelPrepare(kernel, values.data(), 34, kernarg.data(),
                                 kernarg.size(), grid)),
            "");
  twKernelDestroy(kernel);
}

/// Whatever the other sizes are, and however the strides are given.
TEST(Kernel, EmptyArraysMayBeLarge) {
  constexpr int64_t kLarge = int64_t(1) << 62;
  for (const char *facts :
       {"", ", \"contiguous\": true",
        ", \"contiguous\": true, \"stride_divisible\": [4, 4, 1]"}) {
    TwKernel kernel = makeKernel(
        R"({"version": 1, "kernel": "k", "variant": "v", "chip": "c",
            "symbol": "k", "abi": {"bytes": 56, "args": [
            {"name": "x", "kind": "memref", "type": "f32", "rank": 3,
             "offset": 0, "noalias": true, "dims": ["L", "M", "N"])" +
        std::string(facts) +
        R"(}]}, "grid": {"exprs": [["mul", "L", 1], "M", "N"]}})");
    ASSERT_NE(kernel, nullptr);
    for (int empty = 0; empty < 3; ++empty) {
      int64_t sizes[] = {kLarge, kLarge, kLarge};
      sizes[empty] = 0;
      const int64_t none[] = {0, 0, 0}, some[] = {kLarge, kLarge, kLarge};
      for (const int64_t *strides :
           {static_cast<const int64_t *>(nullptr), none, some}) {
        TwValue value = {};
        value.kind = TW_ARRAY;
        value.type = TW_F32;
        value.rank = 3;
        value.sizes = sizes;
        value.strides = strides;
        uint8_t kernarg[56];
        int64_t grid[3] = {-1, -1, -1};
        EXPECT_EQ(take(twKernelPrepare(kernel, &value, 1, kernarg,
                                       sizeof(kernarg), grid)),
                  "")
            << facts << " " << empty << " " << (strides ? *strides : -1);
        EXPECT_EQ(grid[empty], 0);
      }
    }
    // One element is not none.
    int64_t sizes[] = {1, kLarge, kLarge}, strides[] = {1, 1, 1}, grid[3];
    TwValue value = {};
    value.kind = TW_ARRAY;
    value.type = TW_F32;
    value.rank = 3;
    value.sizes = sizes;
    value.strides = strides;
    uint8_t kernarg[56];
    EXPECT_EQ(take(twKernelPrepare(kernel, &value, 1, kernarg, sizeof(kernarg),
                                   grid)),
              "argument 'x': the sizes exceed the address space");
    twKernelDestroy(kernel);
  }
}

TEST_F(KernelTest, ReadOnlyMayAlias) {
  arguments.values[1].data = arguments.memory;
  EXPECT_EQ(prepare(), "");
}
TEST_F(KernelTest, ScalarRange) {
  arguments.values[5] = scalar(int64_t(1) << 33);
  EXPECT_EQ(prepare(), "argument 'n': expected a value that fits i32, but got "
                       "8589934592");
}
TEST_F(KernelTest, ScalarBool) {
  arguments.values[4] = scalar(2);
  EXPECT_EQ(prepare(),
            "argument 'flag': expected a value that fits i1, but got 2");
}
TEST_F(KernelTest, ScalarDivisor) {
  arguments.values[5] = scalar(6);
  EXPECT_EQ(prepare(), "argument 'n': expected a multiple of 4, but got 6");
}
TEST_F(KernelTest, ScalarReal) {
  arguments.values[5].isReal = 1;
  arguments.values[5].real = 0.5;
  EXPECT_EQ(prepare(), "argument 'n': expected an integer, but got 0.500000");
}
TEST_F(KernelTest, NegativeGrid) {
  arguments.values[5] = scalar(-8);
  EXPECT_EQ(prepare(), "the grid of kernel 'gemm' has an extent of -15");
}

TEST(FixedValue, IsChecked) {
  struct Case {
    const char *type, *value;
    TwValue good, bad;
    const char *message;
  };
  auto real = [](double value) {
    TwValue result = scalar(0);
    result.isReal = 1;
    result.real = value;
    return result;
  };
  const Case cases[] = {
      {"i32", "-5", scalar(-5), scalar(5),
       "expected the value -5 that the "
       "kernel was compiled for, but got 5"},
      {"i8", "\"0xff\"", scalar(-1), scalar(1),
       "expected the value -1 that the kernel was compiled for, but got 1"},
      {"f16", "0.1", real(0.1), real(0.2),
       "expected the value 0.0999755859375 that the kernel was compiled for, "
       "but got 0.199951171875"},
      {"f32", "\"0xff800000\"", real(-HUGE_VAL), real(0),
       "expected the value -inf that the kernel was compiled for, but got 0"},
      {"i64", "9223372036854775807", scalar(INT64_MAX), scalar(INT64_MAX - 1),
       "expected the value 9223372036854775807 that the kernel was compiled "
       "for, but got 9223372036854775806"}};
  for (const Case &test : cases) {
    std::string text = R"({"version": 1, "kernel": "k", "variant": "v",
      "chip": "c", "symbol": "k", "abi": {"args": [
        {"name": "p", "kind": "scalar", "offset": 0, "type": ")" +
                       std::string(test.type) + "\", \"value\": " + test.value +
                       R"(}], "bytes": 8}, "grid": {"exprs": []}})";
    TwKernel kernel = makeKernel(text);
    ASSERT_TRUE(kernel);
    char kernarg[8];
    int64_t grid[3];
    EXPECT_EQ(take(twKernelPrepare(kernel, &test.good, 1, kernarg, 8, grid)),
              "");
    EXPECT_EQ(take(twKernelPrepare(kernel, &test.bad, 1, kernarg, 8, grid)),
              std::string("argument 'p': ") + test.message);
    twKernelDestroy(kernel);
  }
  EXPECT_EQ(
      getError(replaced(gemmMetadata, "\"divisible\": 4", "\"value\": \"5\"")),
      "metadata: /abi/args/5/value: expected a number, or bits as "
      "\"0x...\"");
}

//===----------------------------------------------------------------------===//
// Grids
//===----------------------------------------------------------------------===//

/// Kernel with integer scalars p and q, and one extent.
std::string gridMetadata(const std::string &expr) {
  return R"({"version": 1, "kernel": "k", "variant": "v", "chip": "c",
    "symbol": "k", "abi": {"args": [
      {"name": "p", "kind": "scalar", "type": "i64", "offset": 0},
      {"name": "q", "kind": "scalar", "type": "i64", "offset": 8}],
      "bytes": 16}, "grid": {"exprs": [)" +
         expr + "]}}";
}

std::string evaluate(TwKernel kernel, int64_t p, int64_t q, int64_t &result) {
  TwValue values[2] = {scalar(p), scalar(q)};
  char kernarg[16];
  int64_t grid[3] = {};
  std::string text =
      take(twKernelPrepare(kernel, values, 2, kernarg, 16, grid));
  result = grid[0];
  return text;
}

TEST(Grid, AgainstPlainDivision) {
  struct Case {
    const char *op;
    int64_t (*reference)(int64_t, int64_t);
  };
  const Case cases[] = {
      {"floordiv",
       [](int64_t a, int64_t b) {
         int64_t x = 0;
         while (x * b > a)
           --x;
         while ((x + 1) * b <= a)
           ++x;
         return x;
       }},
      {"ceildiv",
       [](int64_t a, int64_t b) {
         int64_t x = 0;
         while (x * b >= a + b)
           --x;
         while (x * b < a)
           ++x;
         while ((x - 1) * b >= a)
           --x;
         return x;
       }},
      {"mod",
       [](int64_t a, int64_t b) {
         while (a < 0)
           a += b;
         while (a >= b)
           a -= b;
         return a;
       }},
  };
  for (const Case &test : cases) {
    // Offset by 1000, as extents are not negative.
    TwKernel kernel = makeKernel(gridMetadata(
        "[\"add\", [\"" + std::string(test.op) + "\", \"p\", \"q\"], 1000]"));
    for (int64_t p = -20; p <= 20; ++p)
      for (int64_t q = 1; q <= 7; ++q) {
        int64_t got;
        ASSERT_EQ(evaluate(kernel, p, q, got), "");
        EXPECT_EQ(got, 1000 + test.reference(p, q))
            << p << ' ' << test.op << ' ' << q;
      }
    int64_t got;
    EXPECT_EQ(evaluate(kernel, 5, 0, got),
              "the grid of kernel 'k' divides by 0");
    twKernelDestroy(kernel);
  }
}

TEST(Grid, Overflow) {
  TwKernel kernel = makeKernel(gridMetadata("[\"mul\", \"p\", \"q\"]"));
  int64_t got;
  EXPECT_EQ(evaluate(kernel, int64_t(1) << 40, int64_t(1) << 40, got),
            "the grid of kernel 'k' has more than 9223372036854775807 "
            "workgroups");
  EXPECT_EQ(evaluate(kernel, INT64_MIN, -1, got),
            "the grid of kernel 'k' has an extent of -9223372036854775808");
  twKernelDestroy(kernel);
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

TEST(Metadata, Refuses) {
  std::string good = gemmMetadata;
  EXPECT_EQ(getError("{"), "the metadata is not valid JSON");
  EXPECT_EQ(getError("[]"), "metadata: : expected an object");
  EXPECT_EQ(getError("{}"), "metadata: /version: expected a value");
  EXPECT_EQ(getError(replaced(good, "\"version\": 1", "\"version\": 2")),
            "the metadata has another version than 1");
  EXPECT_EQ(getError(replaced(good, "\"kernel\": \"gemm\"", "\"kernel\": 5")),
            "metadata: /kernel: expected a string");
  EXPECT_EQ(getError(replaced(good, "\"rank\": 2", "\"rank\": 17")),
            "metadata: /abi/args/0/rank: expected an integer in [0, 16]");
  EXPECT_EQ(getError(replaced(good, "\"rank\": 2", "\"rank\": 1.5")),
            "metadata: /abi/args/0/rank: expected an integer in [0, 16]");
  EXPECT_EQ(getError(replaced(good, "[null, 64]", "[null]")),
            "metadata: /abi/args/1/sizes: expected an array of 2");
  EXPECT_EQ(getError(replaced(good, "[null, 64]", "[null, -64]")),
            "metadata: /abi/args/1/sizes/1: expected an integer in [0, "
            "9223372036854775807]");
  EXPECT_EQ(
      getError(replaced(good, "[null, 64]", "[null, 18446744073709551615]")),
      "metadata: /abi/args/1/sizes/1: expected an integer in [0, "
      "9223372036854775807]");
  EXPECT_EQ(getError(replaced(good, "\"f16\"", "\"f17\"")),
            "metadata: /abi/args/0/type: expected an element type");
  EXPECT_EQ(getError(replaced(good, "\"memref\"", "\"tensor\"")),
            "metadata: /abi/args/0/kind: expected \"memref\" or \"scalar\"");
  EXPECT_EQ(getError(replaced(good, "\"offset\": 72", "\"offset\": 73")),
            "metadata: /abi/args/5/offset: expected an offset within the "
            "kernarg bytes");
  EXPECT_EQ(getError(replaced(good, "\"noalias\": true", "\"noalias\": 1")),
            "metadata: /abi/args/0/noalias: expected true or false");
  EXPECT_EQ(getError(replaced(good, "[\"M\", \"K\"]", "[\"M\"]")),
            "metadata: /abi/args/0/dims: expected one name per dimension");
  EXPECT_EQ(getError(replaced(good, "\"ceildiv\"", "\"pow\"")),
            "metadata: /grid/exprs/0/0: expected add, mul, mod, floordiv or "
            "ceildiv");
  EXPECT_EQ(getError(replaced(good, "\"M\", 128", "\"Q\", 128")),
            "metadata: /grid/exprs/0/1: expected the name of a size or of an "
            "integer argument");
  EXPECT_EQ(getError(replaced(good, "\"contiguous\": true, \"noalias\"",
                              "\"workspace\": \"Q\", \"noalias\"")),
            "metadata: /abi/args/2/workspace: expected the name of a size or "
            "of an integer argument");
  EXPECT_EQ(
      getError(replaced(good, "\"divisible\": [1, 16]", "\"at_most\": [1]")),
      "metadata: /abi/args/0/at_most: expected an array of 2");
  EXPECT_EQ(getError(replaced(good, "\"M\", 128", "\"M\", []")),
            "metadata: /grid/exprs/0/2: expected a number, a name, or "
            "[operator, left, right]");
}

TEST(Metadata, DeepNesting) {
  std::string deep;
  for (int i = 0; i < 100; ++i)
    deep += "[\"add\", 1, ";
  deep += "1" + std::string(100, ']');
  EXPECT_NE(getError(gridMetadata(deep)).find("expected a smaller expression"),
            std::string::npos);
  EXPECT_EQ(getError(std::string(100000, '[')),
            "the metadata is not valid JSON");
}

TEST(Metadata, RandomDamage) {
  std::string good = gemmMetadata;
  std::mt19937 random(2);
  int numRead = 0;
  Arguments arguments;
  for (int i = 0; i < 20000; ++i) {
    std::string bad = mutate(good, random);
    TwKernel kernel = nullptr;
    TwStatus status = twKernelCreate(bad.c_str(), &kernel);
    EXPECT_EQ(kernel == nullptr, status != nullptr);
    twStatusDestroy(status);
    if (!kernel)
      continue;
    ++numRead;
    // What is accepted can be launched, or says why not.
    std::vector<char> kernarg(twKernelGetKernargBytes(kernel));
    int64_t grid[3];
    twStatusDestroy(twKernelPrepare(kernel, arguments.values.data(),
                                    arguments.values.size(), kernarg.data(),
                                    kernarg.size(), grid));
    twKernelDestroy(kernel);
  }
  EXPECT_GT(numRead, 100);
}

} // namespace
