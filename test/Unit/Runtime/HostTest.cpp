// HostTest.cpp - host images, whole and damaged, on a pool of threads.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CountKernel.h"
#include "Support.h"
#include "host/ElfImage.h"
#include "host/Pool.h"
#include "tilewright-rt/Module.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <map>
#include <mutex>
#include <sched.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
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

/// The CPUs that this process may use.
cpu_set_t getMask() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  EXPECT_EQ(sched_getaffinity(0, sizeof(mask), &mask), 0);
  return mask;
}

/// Pins this thread, and those that it makes, until the end of the scope.
class Pinned {
public:
  explicit Pinned(int numCpus) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&mask) < numCpus; ++cpu)
      if (CPU_ISSET(cpu, &before))
        CPU_SET(cpu, &mask);
    EXPECT_EQ(sched_setaffinity(0, sizeof(mask), &mask), 0);
  }
  ~Pinned() { sched_setaffinity(0, sizeof(before), &before); }
  Pinned(const Pinned &) = delete;

private:
  const cpu_set_t before = getMask();
};

/// Threads are as many as the CPUs that the process may use, as in a container,
/// not as the machine has.
TEST_F(HostTest, ThreadsFollowTheMask) {
  const int most = std::min(3, int(std::thread::hardware_concurrency()));
  cpu_set_t all = getMask();
  for (int numCpus = 1; numCpus <= std::min(most, CPU_COUNT(&all)); ++numCpus) {
    Pinned pinned(numCpus);
    for (int numThreads : {0, 1, 5}) {
      open(numThreads);
      TwDeviceInfo info;
      ASSERT_EQ(take(twDeviceGetInfo(device, &info)), "");
      // Who asks for more gets them.
      EXPECT_EQ(info.numComputeUnits, numThreads ? numThreads : numCpus);
      std::vector<int32_t> out(1000);
      ASSERT_EQ(launch(out), "");
      EXPECT_EQ(out, std::vector<int32_t>(1000, 7));
      close();
    }
  }
}

/// Threads of a pool stay where who made it was pinned, wherever launches come
/// from.
TEST(HostPool, ThreadsInheritTheMask) {
  if (cpu_set_t all = getMask(); CPU_COUNT(&all) < 2)
    GTEST_SKIP() << "this process may use one CPU";
  struct Seen {
    std::mutex mutex;
    std::map<std::thread::id, cpu_set_t> masks;
    std::atomic<int> numWaiting{0};
  } seen;
  constexpr int kThreads = 4;
  // Each waits for the others, so that every thread has its turn.
  auto look = [](const uint8_t *kernarg, int64_t, int64_t, uint8_t *) {
    Seen *seen;
    std::memcpy(&seen, kernarg, sizeof(seen));
    {
      std::lock_guard<std::mutex> lock(seen->mutex);
      seen->masks[std::this_thread::get_id()] = getMask();
    }
    ++seen->numWaiting;
    while (seen->numWaiting < kThreads)
      std::this_thread::yield();
  };
  std::unique_ptr<HostPool> pool;
  cpu_set_t mask;
  {
    Pinned pinned(1);
    mask = getMask();
    ASSERT_EQ(take(HostPool::create(kThreads, pool)), "");
  }
  Seen *kernarg = &seen;
  ASSERT_EQ(take(pool->run(look, &kernarg, kThreads, 0)), "");
  EXPECT_EQ(seen.masks.size(), size_t(kThreads));
  for (const auto &[thread, found] : seen.masks) {
    bool isSame = CPU_EQUAL(&found, &mask);
    EXPECT_EQ(isSame, thread != std::this_thread::get_id());
  }
}

/// A process that is pinned before it begins, as by taskset.
TEST_F(HostTest, APinnedProcessHasOneThread) {
  auto countThreads = [] {
    std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  pid_t child = fork();
  if (child == 0) {
    Pinned pinned(1);
    // A sanitizer may have one of its own.
    auto numBefore = countThreads();
    open(0);
    TwDeviceInfo info = {};
    bool isRight = take(twDeviceGetInfo(device, &info)).empty();
    isRight &= info.numComputeUnits == 1 && countThreads() == numBefore;
    _exit(isRight ? 0 : 1);
  }
  int state = 0;
  waitpid(child, &state, 0);
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0);
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
  const char *message = "kernel 'count', variant 'v': the host has no launches "
                        "with clusters, cooperation, programmatic dependence "
                        "or priority";
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
            "kernel 'count', variant 'v': expected null for a stream of the "
            "host");
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
