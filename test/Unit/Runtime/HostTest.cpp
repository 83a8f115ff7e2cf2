// HostTest.cpp - host images, whole and damaged, on a pool of threads.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CountKernel.h"
#include "Support.h"
#include "host/ElfImage.h"
#include "host/Pool.h"
#include "tilewright-rt/Module.h"
#include "gtest/gtest.h"
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

using namespace tilewright::rt;

namespace {

struct HostTest : testing::Test {
  TwDevice device = nullptr;
  TwModule module = nullptr;
  TwFunction function = nullptr;

  void SetUp() override {
    if (!__builtin_cpu_supports("x86-64-v3"))
      GTEST_SKIP() << "this CPU is below x86-64-v3";
  }
  void TearDown() override { close(); }
  void open(int numThreads) {
    TwDeviceOptions options = {};
    options.numThreads = numThreads;
    ASSERT_EQ(take(twDeviceOpen("host", &options, &device)), "");
    std::string bytes = makeCountLibrary({{"x86-64-v3"}});
    TwLibrary library = nullptr;
    ASSERT_EQ(take(twLibraryCreate({bytes.data(), bytes.size()}, &library)),
              "");
    ASSERT_EQ(take(twModuleCreate(device, library, &module)), "");
    twLibraryDestroy(library);
    ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)),
              "");
  }
  void close() {
    twModuleDestroy(module);
    twDeviceClose(device);
    module = nullptr;
    device = nullptr;
  }
  std::string launch(std::vector<int32_t> &out) {
    int64_t size = out.size();
    TwValue value{};
    value.kind = TW_ARRAY;
    value.type = TW_I32;
    value.rank = 1;
    value.sizes = &size;
    value.data = out.data();
    return take(twFunctionLaunch(function, nullptr, &value, 1, nullptr));
  }
};

TEST_F(HostTest, RunsEachProgramOnce) {
  for (int numThreads : {1, 2, 7}) {
    open(numThreads);
    TwDeviceInfo info;
    ASSERT_EQ(take(twDeviceGetInfo(device, &info)), "");
    EXPECT_EQ(info.numComputeUnits, numThreads);
    for (size_t size : {0, 1, 2, 63, 1000, 100000}) {
      std::vector<int32_t> out(size);
      ASSERT_EQ(launch(out), "");
      EXPECT_EQ(out, std::vector<int32_t>(size, 7));
    }
    close();
  }
}

TEST_F(HostTest, ManyLaunchesFromManyThreads) {
  open(3);
  std::vector<std::thread> threads;
  std::vector<std::vector<int32_t>> results(4, std::vector<int32_t>(100));
  for (auto &out : results)
    threads.emplace_back([&, this] {
      for (int i = 0; i < 500; ++i)
        EXPECT_EQ(launch(out), "");
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const auto &out : results)
    EXPECT_EQ(out, std::vector<int32_t>(100, 3500));
}

/// Beyond what can be counted, each program has its turn once.
TEST(HostPool, TakesTheLargestGrid) {
  auto add = [](const uint8_t *kernarg, int64_t begin, int64_t end, uint8_t *) {
    std::atomic<uint64_t> *sum;
    std::memcpy(&sum, kernarg, sizeof(sum));
    sum->fetch_add(uint64_t(end - begin));
  };
  for (int numThreads : {1, 3}) {
    std::unique_ptr<HostPool> pool;
    ASSERT_EQ(take(HostPool::create(numThreads, pool)), "");
    std::atomic<uint64_t> sum{0}, *kernarg = &sum;
    EXPECT_EQ(take(pool->run(add, &kernarg, INT64_MAX, 0)), "");
    EXPECT_EQ(sum, uint64_t(INT64_MAX));
  }
}

TEST(HostPool, FindsWritesBehindTheScratch) {
  // Writes as many bytes of its scratch as the first argument says.
  auto write = [](const uint8_t *kernarg, int64_t, int64_t, uint8_t *scratch) {
    size_t bytes;
    std::memcpy(&bytes, kernarg, sizeof(bytes));
    std::memset(scratch, 1, bytes);
  };
  for (int numThreads : {1, 3}) {
    std::unique_ptr<HostPool> pool;
    ASSERT_EQ(take(HostPool::create(numThreads, pool)), "");
    // What is behind the scratch of one launch may be within that of the next.
    for (size_t scratch : {64, 8192, 0, 64, 4096}) {
      size_t bytes = scratch;
      EXPECT_EQ(take(pool->run(write, &bytes, 40, int64_t(scratch))), "");
      if (scratch == 0)
        continue;
      ++bytes;
      EXPECT_EQ(take(pool->run(write, &bytes, 40, int64_t(scratch))),
                "the kernel wrote behind its " + std::to_string(scratch) +
                    " bytes of scratch: report it with its source");
    }
  }
}

TEST_F(HostTest, Refuses) {
  TwDeviceOptions options = {};
  options.numThreads = -1;
  EXPECT_EQ(take(twDeviceOpen("host", &options, &device)),
            "expected 0 to 4096 threads of the host, but got -1");
  open(1);
  EXPECT_EQ(take(twFunctionLaunch(function, nullptr, nullptr, 0, nullptr)),
            "kernel 'count' takes 1 arguments, but got 0");
  std::vector<int32_t> out(3);
  int64_t grid[3] = {1, 1, 1};
  void *kernarg[2] = {out.data(), nullptr};
  auto launchWith = [&](const TwLaunchOptions &options) {
    TwStatus status = twFunctionLaunchPacked(function, 0, nullptr, kernarg, 16,
                                             grid, &options);
    EXPECT_EQ(twStatusGetCode(status), TW_UNSUPPORTED);
    return take(status);
  };
  const char *message = "the host has no launches with clusters, cooperation, "
                        "programmatic dependence or priority";
  TwLaunchOptions special = {};
  special.clusterSize = 2;
  EXPECT_EQ(launchWith(special), message);
  special = {};
  special.isCooperative = 1;
  EXPECT_EQ(launchWith(special), message);
  special = {};
  special.isProgrammatic = 1;
  EXPECT_EQ(launchWith(special), message);
  special = {};
  special.priority = -1;
  EXPECT_EQ(launchWith(special), message);
  EXPECT_EQ(out, std::vector<int32_t>(3));
  special = {};
  special.clusterSize = 1; // is none
  EXPECT_EQ(take(twFunctionLaunchPacked(function, 0, nullptr, kernarg, 16, grid,
                                        &special)),
            "");
  EXPECT_EQ(out, (std::vector<int32_t>{7, 0, 0}));
  EXPECT_EQ(take(twFunctionLaunchPacked(function, 0, &grid, kernarg, 16, grid,
                                        nullptr)),
            "expected null for a stream of the host");
  // A call that is refused does nothing.
  char from = 1, to = 0;
  EXPECT_EQ(take(twDeviceCopy(device, &to, &from, 1, &grid)),
            "expected null for a stream of the host");
  EXPECT_EQ(take(twDeviceFill(device, &to, 1, 1, &grid)),
            "expected null for a stream of the host");
  EXPECT_EQ(to, 0);
}

/// The message for an image, "" if it loads.
std::string load(const std::string &image) {
  return take(ElfImage().load({image.data(), image.size()}));
}

TEST_F(HostTest, RefusesImages) {
  EXPECT_EQ(load("abc"),
            "the host image is damaged: it ends within its header");
  EXPECT_EQ(load(std::string(100, 'a')),
            "the host image is damaged: it is no ELF file");
  std::string other = getCountImage();
  other[18] = char(183); // e_machine: AArch64
  EXPECT_EQ(load(other), "the host image is for ELF machine 183, but "
                         "this CPU is 62 (x86-64)");
}

TEST_F(HostTest, EveryTruncation) {
  const std::string &good = getCountImage();
  for (size_t size = 0; size < good.size(); ++size)
    load(good.substr(0, size));
}

TEST_F(HostTest, RandomDamage) {
  // Loaded, never run: code that was damaged may do anything, which is why a
  // library has hashes.
  const std::string &good = getCountImage();
  std::mt19937 random(4);
  int numLoaded = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bad = mutate(good, random);
    // The headers and tables matter most.
    if (i % 2 && bad.size() > 1024)
      bad = mutate(bad.substr(0, 1024), random) + bad.substr(1024);
    numLoaded += load(bad).empty();
  }
  EXPECT_GT(numLoaded, 100);
}

} // namespace
