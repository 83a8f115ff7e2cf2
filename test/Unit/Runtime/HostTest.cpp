// HostTest.cpp - host images, whole and damaged, on a pool of threads.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Host.h"
#include "Support.h"
#include "tilewright/Codegen/CodeObject.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"
#include "gtest/gtest.h"
#include <numeric>
#include <thread>
#include <vector>

using namespace tilewright;

namespace {

// Adds 1 to out[program] and stores there what it finds in a table, which
// makes the image relocate; memset fills the scratch.
const char countPrograms[] = R"(
@seven = internal global i32 7
@table = internal global [1 x ptr] [ptr @seven]
define void @count(ptr %args, i64 %begin, i64 %end, ptr %scratch) {
entry:
  %out = load ptr, ptr %args
  %address = ptrtoint ptr %scratch to i64
  %low = and i64 %address, 63
  %bad = trunc i64 %low to i32
  %size = sub i64 256, %low
  call void @llvm.memset.p0.i64(ptr %scratch, i8 1, i64 %size, i1 false)
  %entry0 = load volatile ptr, ptr @table
  %add = load i32, ptr %entry0
  %sum = add i32 %add, %bad
  br label %head
head:
  %i = phi i64 [ %begin, %entry ], [ %next, %body ]
  %more = icmp slt i64 %i, %end
  br i1 %more, label %body, label %done
body:
  %p = getelementptr i32, ptr %out, i64 %i
  %old = load i32, ptr %p
  %new = add i32 %old, %sum
  store i32 %new, ptr %p
  %next = add i64 %i, 1
  br label %head
done:
  ret void
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
)";

const char metadata[] = R"({"version": 1, "kernel": "count", "variant": "v",
  "chip": "x86-64-v3", "symbol": "count", "abi": {"args": [
    {"name": "out", "kind": "memref", "type": "i32", "rank": 1, "offset": 0,
     "contiguous": true, "dims": ["N"]}], "bytes": 16},
  "grid": {"exprs": ["N"]}, "scratch_bytes": 256})";

const std::string &getImage() {
  static const std::string image = [] {
    llvm::LLVMContext context;
    llvm::SMDiagnostic problem;
    auto module = llvm::parseAssemblyString(countPrograms, problem, context);
    const ChipInfo *chip = lookupChip("x86-64-v3");
    if (!module || optimizeModule(*module, *chip))
      return std::string();
    auto object = emitObject(*module, *chip, "count");
    if (!object) {
      ADD_FAILURE() << llvm::toString(object.takeError());
      return std::string();
    }
    return object->bytes;
  }();
  return image;
}

struct HostTest : testing::Test {
  TwKernel kernel = nullptr;
  TwHostKernel loaded = nullptr;

  void SetUp() override {
    if (!__builtin_cpu_supports("x86-64-v3"))
      GTEST_SKIP() << "this CPU is below x86-64-v3";
    ASSERT_EQ(take(twKernelCreate(metadata, &kernel)), "");
    ASSERT_EQ(take(load(getImage())), "");
  }
  void TearDown() override {
    twHostKernelDestroy(loaded);
    twKernelDestroy(kernel);
  }
  TwStatus load(const std::string &image) {
    return twHostKernelLoad(kernel, {image.data(), image.size()}, &loaded);
  }
  std::string launch(TwHostPool pool, std::vector<int32_t> &out) {
    int64_t size = out.size();
    TwValue value{};
    value.kind = TW_ARRAY;
    value.type = TW_I32;
    value.rank = 1;
    value.sizes = &size;
    value.data = out.data();
    return take(twHostLaunch(pool, loaded, &value, 1));
  }
};

TEST_F(HostTest, RunsEachProgramOnce) {
  for (int numThreads : {1, 2, 7}) {
    TwHostPool pool = nullptr;
    ASSERT_EQ(take(twHostPoolCreate(numThreads, &pool)), "");
    EXPECT_EQ(twHostPoolGetNumThreads(pool), numThreads);
    for (size_t size : {0, 1, 2, 63, 1000, 100000}) {
      std::vector<int32_t> out(size);
      ASSERT_EQ(launch(pool, out), "");
      EXPECT_EQ(out, std::vector<int32_t>(size, 7));
    }
    twHostPoolDestroy(pool);
  }
}

TEST_F(HostTest, ManyLaunchesFromManyThreads) {
  TwHostPool pool = nullptr;
  ASSERT_EQ(take(twHostPoolCreate(3, &pool)), "");
  std::vector<std::thread> threads;
  std::vector<std::vector<int32_t>> results(4, std::vector<int32_t>(100));
  for (auto &out : results)
    threads.emplace_back([&, this] {
      for (int i = 0; i < 500; ++i)
        EXPECT_EQ(launch(pool, out), "");
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const auto &out : results)
    EXPECT_EQ(out, std::vector<int32_t>(100, 3500));
  twHostPoolDestroy(pool);
}

TEST_F(HostTest, Refuses) {
  TwHostPool pool = nullptr;
  EXPECT_EQ(take(twHostPoolCreate(-1, &pool)),
            "expected 0 to 4096 threads of a pool, but got -1");
  ASSERT_EQ(take(twHostPoolCreate(2, &pool)), "");
  EXPECT_EQ(take(twHostLaunch(pool, loaded, nullptr, 0)),
            "kernel 'count' takes 1 arguments, but got 0");
  twHostPoolDestroy(pool);
  twHostKernelDestroy(loaded);
  EXPECT_EQ(take(load("abc")),
            "the host image is damaged: it ends within its header");
  EXPECT_EQ(take(load(std::string(100, 'a'))),
            "the host image is damaged: it is no ELF file");
  std::string other = getImage();
  other[18] = char(183); // e_machine: AArch64
  EXPECT_EQ(take(load(other)), "the host image is for ELF machine 183, but "
                               "this CPU is 62 (x86-64)");
  TwKernel missing = nullptr;
  std::string text = metadata;
  text.replace(text.find("\"symbol\": \"count\""), 17, "\"symbol\": \"cow\"");
  ASSERT_EQ(take(twKernelCreate(text.c_str(), &missing)), "");
  EXPECT_EQ(take(twHostKernelLoad(
                missing, {getImage().data(), getImage().size()}, &loaded)),
            "the host image has no function 'cow'");
  twKernelDestroy(missing);
  text.replace(text.find("x86-64-v3"), 9, "gfx942");
  ASSERT_EQ(take(twKernelCreate(text.c_str(), &missing)), "");
  EXPECT_EQ(take(twHostKernelLoad(
                missing, {getImage().data(), getImage().size()}, &loaded)),
            "kernel 'count' is for 'gfx942', which this CPU is not");
  twKernelDestroy(missing);
}

TEST_F(HostTest, EveryTruncation) {
  const std::string &good = getImage();
  twHostKernelDestroy(loaded);
  for (size_t size = 0; size < good.size(); ++size) {
    loaded = nullptr;
    twStatusDestroy(load(good.substr(0, size)));
    twHostKernelDestroy(loaded);
  }
  loaded = nullptr;
}

TEST_F(HostTest, RandomDamage) {
  // Loaded, never run: code that was damaged may do anything, which is why a
  // library has hashes.
  const std::string &good = getImage();
  twHostKernelDestroy(loaded);
  std::mt19937 random(4);
  int numLoaded = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bad = mutate(good, random);
    // The headers and tables matter most.
    if (i % 2 && bad.size() > 1024)
      bad = mutate(bad.substr(0, 1024), random) + bad.substr(1024);
    loaded = nullptr;
    TwStatus status = load(bad);
    EXPECT_EQ(loaded == nullptr, status != nullptr);
    numLoaded += loaded != nullptr;
    twStatusDestroy(status);
    twHostKernelDestroy(loaded);
  }
  loaded = nullptr;
  EXPECT_GT(numLoaded, 100);
}

} // namespace
