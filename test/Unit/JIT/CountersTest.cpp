// CountersTest.cpp - counters that add up, and what it costs to wait.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SessionFixture.h"
#include "cache/Entry.h"
#include <chrono>

namespace {

struct CountersTest : SessionFixture {
  std::string writeWorker(const char *name, const char *text) {
    std::string path = write(name, text);
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  /// Each request was answered in one way.
  void expectSum(uint64_t requests, uint64_t failures) {
    TwJitCounters now = count();
    EXPECT_EQ(now.requests, requests);
    EXPECT_EQ(now.failures, failures);
    EXPECT_EQ(now.requests,
              now.cacheHits + now.contentHits + now.compiles + now.failures);
    EXPECT_LE(now.strictMisses + now.timeouts, now.failures);
  }
};

TEST_F(CountersTest, AnswersAddUp) {
  ASSERT_EQ(make(), "");
  Arguments many(64), odd(7);
  ASSERT_EQ(launch(many), "");
  ASSERT_EQ(launch(odd), "");
  expectSum(2, 0);
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(many), "");
  Arguments other(4);
  EXPECT_NE(launch(other), "");
  expectSum(2, 1);
  EXPECT_EQ(count().strictMisses, 1u);
}

TEST_F(CountersTest, AMissingCompilerCounts) {
  for (int isStrict : {0, 1}) {
    TwJitOptions options = {};
    options.isStrict = isStrict;
    options.compiler = "/nowhere/libtilewright-jit.so";
    open(options);
    ASSERT_EQ(make(), "");
    Arguments arguments(64);
    EXPECT_NE(launch(arguments), "");
    expectSum(1, 1);
    EXPECT_EQ(count().strictMisses, uint64_t(isStrict));
    TwJitSource source = {};
    source.file = description.c_str();
    source.variant = "f32";
    TwLibrary library = nullptr;
    EXPECT_NE(take(twJitCompile(jit, &source, "gfx942", &library)), "");
    expectSum(2, 2);
  }
}

/// It is counted when the launch answers, and no second time later.
TEST_F(CountersTest, ATimeoutCountsAtOnce) {
  std::string asleep = writeWorker("asleep", "#!/bin/sh\nexec sleep 1000\n");
  for (int usesProcess : {0, 1}) {
    TwJitOptions options = {};
    options.usesProcess = usesProcess;
    options.budgetMilliseconds = usesProcess ? 100 : 1;
    options.worker = asleep.c_str();
    open(options);
    ASSERT_EQ(make(), "");
    Arguments arguments(64);
    EXPECT_NE(
        launch(arguments).find("the compilation took longer than its budget"),
        std::string::npos);
    expectSum(1, 1);
    EXPECT_EQ(count().timeouts, 1u);
    ASSERT_EQ(take(twJitWait(jit)), "");
    expectSum(1, 1);
    EXPECT_EQ(count().timeouts, 1u);
  }
}

TEST_F(CountersTest, WhatIsCancelledBeforeItBeginsCounts) {
  std::string asleep = writeWorker("asleep", "#!/bin/sh\nexec sleep 1000\n");
  TwJitOptions options = {};
  options.usesProcess = 1;
  options.numThreads = 1;
  options.worker = asleep.c_str();
  open(options);
  ASSERT_EQ(make(), "");
  Arguments many(64), odd(7);
  EXPECT_EQ(take(twJitKernelRequest(kernel, many.values, 3)), "");
  EXPECT_EQ(take(twJitKernelRequest(kernel, odd.values, 3)), "");
  EXPECT_EQ(take(twJitCancel(jit)), "");
  EXPECT_EQ(take(twJitWait(jit)), "");
  expectSum(2, 2);
  EXPECT_EQ(count().timeouts, 2u);
}

/// A process that stopped while it compiles holds another up once, not once
/// for each of its keys; who waits looks at what is near.
TEST_F(CountersTest, WaitsOneBudgetForOthers) {
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  close();
  std::vector<std::string> keys;
  for (const auto &file : fs::recursive_directory_iterator(cacheFolder))
    if (file.path().extension() == ".entry") {
      std::string bytes = readText(file.path());
      TwBytes value = {};
      ASSERT_EQ(tilewright::rt::readEntry(bytes, nullptr, value),
                tilewright::rt::EntryState::Good);
      TwBytes key = tilewright::rt::getEntryKey(bytes);
      keys.emplace_back(static_cast<const char *>(key.data), key.size);
    }
  fs::remove_all(cacheFolder);
  std::string shared = folder + "/shared";
  fs::create_directories(shared);
  fs::permissions(shared, fs::perms::owner_all);
  const char *folders[] = {shared.c_str()};
  TwCacheOptions cacheOptions = {};
  cacheOptions.sharedFolders = folders;
  cacheOptions.numSharedFolders = 1;
  TwJitOptions options = {};
  options.budgetMilliseconds = 2000;
  open(options, cacheOptions);
  std::vector<TwCacheLease> leases(keys.size());
  for (size_t i = 0; i < keys.size(); ++i)
    ASSERT_EQ(take(twCacheTryLease(cache, {keys[i].data(), keys[i].size()},
                                   &leases[i])),
              "");
  ASSERT_EQ(make(), "");
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(launch(arguments), "");
  auto time = std::chrono::steady_clock::now() - start;
  EXPECT_GE(time, std::chrono::milliseconds(1900));
  std::chrono::duration<double, std::milli> compiling(count().times.total);
  EXPECT_LT(time - compiling, std::chrono::milliseconds(3900));
  for (TwCacheLease lease : leases)
    twCacheLeaseDestroy(lease);
  expectSum(1, 0);
  EXPECT_EQ(count().compiles, 1u);
  TwCacheCounters looks = {};
  twCacheGetCounters(cache, &looks);
  // That of the request, and that of its content.
  EXPECT_EQ(looks.misses, 2u);
  // Both at first, and when the time is over.
  EXPECT_LE(looks.shared.absent, 4u);
  EXPECT_LT(looks.folder.absent, 150u);
}

} // namespace
