// ClassesTest.cpp - what policies let a kernel assume.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/Classes.h"
#include "../Runtime/Support.h"
#include "gtest/gtest.h"
#include <map>

using namespace tilewright::rt;

namespace {

struct Array {
  std::vector<int64_t> sizes, strides;
  TwValue value{};
  Array(std::vector<int64_t> sizes, uintptr_t address = 64,
        std::vector<int64_t> strides = {})
      : sizes(std::move(sizes)), strides(std::move(strides)) {
    value.kind = TW_ARRAY;
    value.type = TW_F32;
    value.rank = int32_t(this->sizes.size());
    value.data = reinterpret_cast<void *>(address);
    value.sizes = this->sizes.data();
    value.strides = this->strides.empty() ? nullptr : this->strides.data();
  }
  Array(const Array &) = delete;
};

std::string show(TwJitPolicy policy, const TwValue &value) {
  std::vector<ArgumentClass> classes = makeClasses(policy, &value, 1);
  // Both ways to write a class agree.
  std::vector<uint8_t> bytes(writeClasses(policy, &value, 1, nullptr, 0));
  EXPECT_EQ(writeClasses(policy, &value, 1, bytes.data(), bytes.size()),
            bytes.size());
  std::vector<uint8_t> same;
  EXPECT_TRUE(writeClasses(policy, classes, same));
  EXPECT_EQ(bytes, same);
  return writeArgument(classes[0]);
}

TwValue makeScalar(int64_t number) {
  TwValue value = {};
  value.kind = TW_SCALAR;
  value.integer = number;
  return value;
}

} // namespace

TEST(Classes, OfArrays) {
  // size:divisor:at most:stride:divisor of the stride
  EXPECT_EQ(show(TW_JIT_DIVISIBILITY, Array({48, 100}).value),
            "array f32 align=16 dims=-1:16:-1:-1:4,-1:4:-1:1:1");
  EXPECT_EQ(show(TW_JIT_DIVISIBILITY, Array({7, 0}, 68).value),
            "array f32 align=4 dims=-1:1:-1:-1:16,-1:16:-1:1:1");
  EXPECT_EQ(show(TW_JIT_DIVISIBILITY, Array({4, 4}, 0, {-8, 2}).value),
            "array f32 align=16 dims=-1:4:-1:-1:8,-1:4:-1:-1:2");
  EXPECT_EQ(show(TW_JIT_EXACT, Array({48, 100}).value),
            "array f32 align=16 dims=48:1:-1:100:1,100:1:-1:1:1");
  EXPECT_EQ(show(TW_JIT_EXACT, Array({0}).value),
            "array f32 align=16 dims=-1:16:-1:1:1");
  EXPECT_EQ(show(TW_JIT_DYNAMIC, Array({48, 100}).value),
            "array f32 align=1 dims=-1:1:-1:-1:1,-1:1:-1:-1:1");
  EXPECT_EQ(show(TW_JIT_BUCKETS, Array({33, 64, 1}).value),
            "array f32 align=16 dims=-1:1:64:-1:16,-1:16:64:1:1,-1:1:1:1:1");
  EXPECT_EQ(show(TW_JIT_BUCKETS, Array({0}).value),
            "array f32 align=16 dims=-1:16:1:1:1");
  EXPECT_EQ(show(TW_JIT_BUCKETS, Array({INT64_MAX}).value),
            "array f32 align=16 dims=-1:1:-1:1:1");
  EXPECT_EQ(show(TW_JIT_EXACT, Array({}).value), "array f32 align=16 dims=");
}

TEST(Classes, OfScalars) {
  EXPECT_EQ(show(TW_JIT_DIVISIBILITY, makeScalar(24)), "scalar i64 divisor=8");
  EXPECT_EQ(show(TW_JIT_EXACT, makeScalar(-3)), "scalar i64 divisor=1");
  EXPECT_EQ(show(TW_JIT_DIVISIBILITY, makeScalar(0)), "scalar i64 divisor=16");
  EXPECT_EQ(show(TW_JIT_DYNAMIC, makeScalar(24)), "scalar i64 divisor=1");
  TwValue real = makeScalar(24);
  real.isReal = true;
  EXPECT_EQ(show(TW_JIT_DIVISIBILITY, real), "scalar f64 divisor=1");
}

/// What one class holds for, each of its members meets.
TEST(Classes, AreTrueOfTheirMembers) {
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    std::vector<int64_t> sizes;
    for (unsigned rank = random() % 4; sizes.size() < rank;)
      sizes.push_back(int64_t(random() % 70));
    Array array(sizes, 4 * (random() % 100));
    for (TwJitPolicy policy :
         {TW_JIT_DIVISIBILITY, TW_JIT_EXACT, TW_JIT_DYNAMIC, TW_JIT_BUCKETS}) {
      ArgumentClass found = makeClasses(policy, &array.value, 1)[0];
      EXPECT_EQ(reinterpret_cast<uintptr_t>(array.value.data) % found.align,
                0u);
      int64_t stride = 1;
      for (size_t dim = sizes.size(); dim-- > 0;) {
        const DimClass &each = found.dims[dim];
        EXPECT_TRUE(each.size == -1 || each.size == sizes[dim]);
        EXPECT_EQ(sizes[dim] % each.divisor, 0);
        EXPECT_TRUE(each.atMost == -1 || each.atMost >= sizes[dim]);
        EXPECT_TRUE(each.stride == -1 || each.stride == stride);
        EXPECT_EQ(stride % each.strideDivisor, 0);
        stride *= sizes[dim];
      }
    }
  }
}

/// Equal bytes are equal classes, and classes of other policies have none.
TEST(Classes, BytesTellClassesApart) {
  std::mt19937 random(9);
  for (TwJitPolicy policy :
       {TW_JIT_DIVISIBILITY, TW_JIT_EXACT, TW_JIT_DYNAMIC, TW_JIT_BUCKETS}) {
    std::map<std::vector<uint8_t>, std::string> seen;
    for (int i = 0; i < 5000; ++i) {
      std::vector<int64_t> sizes, strides;
      for (unsigned rank = random() % 3; sizes.size() < rank;) {
        sizes.push_back(int64_t(random() % 40));
        strides.push_back(int64_t(random() % 20));
      }
      Array array(sizes, 4 * (random() % 10),
                  random() % 2 ? strides : std::vector<int64_t>());
      array.value.type = random() % 2 ? TW_F32 : TW_I8;
      std::vector<ArgumentClass> classes = makeClasses(policy, &array.value, 1);
      std::vector<uint8_t> bytes;
      ASSERT_TRUE(writeClasses(policy, classes, bytes));
      auto [it, isNew] = seen.try_emplace(bytes, writeArgument(classes[0]));
      ASSERT_EQ(it->second, writeArgument(classes[0]));
      // Exact sizes are of no other policy, and bounds of buckets alone.
      if (policy == TW_JIT_EXACT && !sizes.empty() && sizes[0] > 0) {
        EXPECT_FALSE(writeClasses(TW_JIT_DIVISIBILITY, classes, bytes));
        EXPECT_FALSE(writeClasses(TW_JIT_BUCKETS, classes, bytes));
      }
      if (policy == TW_JIT_BUCKETS && !sizes.empty())
        EXPECT_FALSE(writeClasses(TW_JIT_DIVISIBILITY, classes, bytes));
    }
  }
  std::vector<uint8_t> bytes;
  ArgumentClass odd;
  odd.divisor = 3;
  EXPECT_FALSE(writeClasses(TW_JIT_EXACT, {odd}, bytes));
  odd.divisor = 0;
  EXPECT_FALSE(writeClasses(TW_JIT_EXACT, {odd}, bytes));
}

TEST(Classes, RefusesWhatHasNone) {
  Array array({4});
  EXPECT_EQ(take(checkValues(&array.value, 1)), "");
  EXPECT_EQ(take(checkValues(nullptr, 0)), "");
  EXPECT_NE(take(checkValues(nullptr, 1)), "");
  array.value.rank = 17;
  EXPECT_EQ(take(checkValues(&array.value, 1)),
            "argument 0: expected a rank in [0, 16] and as many sizes, but got "
            "rank 17");
  array.value.rank = 1;
  array.value.sizes = nullptr;
  EXPECT_NE(take(checkValues(&array.value, 1)), "");
  array.value.kind = TwArgumentKind(7);
  EXPECT_NE(take(checkValues(&array.value, 1)), "");
}
