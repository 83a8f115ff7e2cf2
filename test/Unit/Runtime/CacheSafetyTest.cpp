// CacheSafetyTest.cpp - whom a cache trusts, and what it does where it can do
// little: no folder, no memory, a fork, null.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CacheFixture.h"
#include "tilewright-rt/Observe.h"
#include <atomic>
#include <cstring>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>

namespace {

//===----------------------------------------------------------------------===//
// Trust
//===----------------------------------------------------------------------===//

struct CacheTrustTest : CacheTest {
  fs::path entry;
  std::vector<std::string>
      ours; ///< all that a hit depends on, top folder first

  void SetUp() override {
    CacheTest::SetUp();
    put("a", "value");
    entry = listEntries().at(0);
    ours = {folder, folder + "/v1", entry.parent_path(), entry};
  }
  /// Opens the folder as a shared one, with another of its own.
  void openShared(TwCacheOptions options = {}) {
    std::string own = folder + "/own";
    const char *folders[] = {folder.c_str()};
    fs::remove_all(own);
    options.folder = own.c_str();
    options.sharedFolders = folders;
    options.numSharedFolders = 1;
    twCacheClose(cache);
    cache = nullptr;
    ASSERT_EQ(take(twCacheOpen(&options, &cache)), "");
  }
  void expect(const std::string &value, TwCacheOptions options = {}) {
    uint64_t rejected = value == "(none)";
    open(options);
    EXPECT_EQ(get("a"), value);
    EXPECT_EQ(count().folder.rejected, rejected);
    openShared(options);
    EXPECT_EQ(get("a"), value);
    EXPECT_EQ(count().shared.rejected, rejected);
  }
};

TEST_F(CacheTrustTest, EveryFolderAndTheFile) {
  TwCacheOptions withGroup = {};
  withGroup.allowsGroupWrite = 1;
  expect("value");
  for (size_t i = 1; i < ours.size(); ++i) {
    SCOPED_TRACE(ours[i]);
    struct stat info;
    ASSERT_EQ(stat(ours[i].c_str(), &info), 0);
    mode_t mode = info.st_mode & 0777;
    ASSERT_EQ(chmod(ours[i].c_str(), mode | S_IWOTH), 0);
    expect("(none)");
    expect("(none)", withGroup);
    ASSERT_EQ(chmod(ours[i].c_str(), mode | S_IWGRP), 0);
    expect("(none)");
    expect("value", withGroup);
    ASSERT_EQ(chmod(ours[i].c_str(), mode), 0);
    if (geteuid() == 0) {
      ASSERT_EQ(chown(ours[i].c_str(), 12345, getgid()), 0);
      expect("(none)");
      expect("(none)", withGroup);
      ASSERT_EQ(chown(ours[i].c_str(), 0, getgid()), 0);
    }
    expect("value");
  }
}

// A link leads to a folder whose own path nobody has looked at.
TEST_F(CacheTrustTest, NoLinkLeadsToAnEntry) {
  for (size_t i = 1; i + 1 < ours.size(); ++i) {
    fs::rename(ours[i], folder + "/moved");
    fs::create_directory_symlink(folder + "/moved", ours[i]);
    open();
    EXPECT_EQ(get("a"), "(none)") << ours[i];
    fs::remove(ours[i]);
    fs::rename(folder + "/moved", ours[i]);
  }
}

TEST_F(CacheTrustTest, NothingIsPutWhereOthersMayWrite) {
  for (size_t i = 1; i + 1 < ours.size(); ++i) {
    ASSERT_EQ(chmod(ours[i].c_str(), 0777), 0);
    open();
    put("a", "new");
    EXPECT_EQ(get("a"), "new"); // of the memory
    EXPECT_EQ(count().warnings, 1u);
    EXPECT_EQ(count().folder.failedWrites, 1u);
    ASSERT_EQ(chmod(ours[i].c_str(), 0700), 0);
    open();
    EXPECT_EQ(get("a"), "value");
  }
}

TEST_F(CacheTrustTest, NeitherExportedNorImported) {
  std::string target = folder + "/target", other = folder + "/other";
  TwCacheTransfer transfer;
  ASSERT_EQ(chmod(entry.c_str(), 0666), 0);
  ASSERT_EQ(take(twCacheExport(cache, target.c_str(), &transfer)), "");
  EXPECT_EQ(transfer.numEntries, 0u);
  EXPECT_EQ(transfer.numFailed, 1u);
  ASSERT_EQ(chmod(entry.c_str(), 0600), 0);
  ASSERT_EQ(take(twCacheExport(cache, target.c_str(), &transfer)), "");
  EXPECT_EQ(transfer.numEntries, 1u);
  ASSERT_EQ(chmod((target + "/v1").c_str(), 0777), 0);
  TwCacheOptions options = {};
  options.folder = other.c_str();
  twCacheClose(cache);
  ASSERT_EQ(take(twCacheOpen(&options, &cache)), "");
  ASSERT_EQ(take(twCacheImport(cache, target.c_str(), &transfer)), "");
  EXPECT_EQ(transfer.numEntries, 0u);
  EXPECT_EQ(transfer.numFailed, 1u);
}

//===----------------------------------------------------------------------===//
// What is removed
//===----------------------------------------------------------------------===//

struct CacheRemovalTest : CacheTest {
  void writeOld(const fs::path &path) {
    writeAll(path, "old");
    fs::last_write_time(path, fs::file_time_type::clock::now() -
                                  std::chrono::hours(72));
  }
  void prune() { ASSERT_EQ(take(twCachePrune(cache, 0)), ""); }
};

TEST_F(CacheRemovalTest, OnlyItsOwnNames) {
  put("a", "value");
  fs::create_directories(folder + "/v1/lock");
  const std::string digits(32, 'a'), half(30, 'a');
  std::vector<std::string> others = {
      "tmp/notes.txt",  "tmp/1-2",      "tmp/1-2-3-4",
      "tmp/1-2-x",      "tmp/--",       "tmp/1--3",
      "lock/notes.txt", "lock/" + half, "00/" + half + ".txt",
      "00/notes.entry", "ab.entry",     "tmp/1-2-3.txt",
  };
  fs::create_directories(folder + "/v1/00");
  for (const std::string &name : others)
    writeOld(folder + "/v1/" + name);
  std::vector<std::string> own = {"tmp/1-2-3", "tmp/4-18446744073709551615-0",
                                  "lock/" + digits, "00/" + half + ".entry"};
  for (const std::string &name : own)
    writeOld(folder + "/v1/" + name);
  prune();
  for (const std::string &name : others)
    EXPECT_TRUE(fs::exists(folder + "/v1/" + name)) << name;
  for (const std::string &name : own)
    EXPECT_FALSE(fs::exists(folder + "/v1/" + name)) << name;
}

TEST_F(CacheRemovalTest, LinksAreNotFollowed) {
  const std::string digits(32, 'a'), half(30, 'a');
  std::string root = folder + "/v1", elsewhere = folder + "/elsewhere";
  fs::create_directories(root);
  fs::create_directories(elsewhere);
  std::vector<std::string> names = {"1-2-3", digits, half + ".entry"};
  for (const std::string &name : names)
    writeOld(elsewhere + "/" + name);
  for (const char *link : {"tmp", "lock", "00"})
    fs::create_directory_symlink(elsewhere, root + "/" + link);
  prune();
  for (const std::string &name : names)
    EXPECT_TRUE(fs::exists(elsewhere + "/" + name)) << name;
  fs::remove_all(root);
  fs::create_directory(elsewhere + "/00");
  writeOld(elsewhere + "/00/" + half + ".entry");
  fs::create_directory_symlink(elsewhere, root);
  prune();
  EXPECT_TRUE(fs::exists(elsewhere + "/00/" + half + ".entry"));
}

//===----------------------------------------------------------------------===//
// No folder
//===----------------------------------------------------------------------===//

TEST_F(CacheTest, WithoutAFolderItKeepsValuesInMemory) {
  static std::string log;
  writeAll(folder + "/file", "x");
  for (const std::string &nowhere :
       {std::string("/proc/nohome/.cache/tilewright"), folder + "/file",
        folder + "/file/below"}) {
    SCOPED_TRACE(nowhere);
    for (int isReadOnly : {0, 1}) {
      log.clear();
      twLogSetHandler(
          [](void *, const TwLogEvent *event) {
            log += event->event;
            for (size_t i = 0; i < event->numFields; ++i)
              log += std::string(" ") + event->fields[i].text;
            log += "\n";
          },
          nullptr, TW_LOG_WARNING);
      TwCacheOptions options = {};
      options.folder = nowhere.c_str();
      options.isReadOnly = isReadOnly;
      TwCache other = nullptr;
      ASSERT_EQ(take(twCacheOpen(&options, &other)), "");
      twLogSetHandler(nullptr, nullptr, TW_LOG_DEBUG);
      EXPECT_EQ(log.rfind("cache.away " + nowhere + " folder ", 0), 0u) << log;
      TwCacheCounters counters;
      twCacheGetCounters(other, &counters);
      EXPECT_EQ(counters.warnings, 1u);
      EXPECT_EQ(get(other, "a"), "(none)");
      ASSERT_EQ(take(twCachePut(other, bytesOf("a"), bytesOf("value"))), "");
      EXPECT_EQ(get(other, "a"), "value");
      TwCacheLease lease = nullptr;
      ASSERT_EQ(take(twCacheTryLease(other, bytesOf("b"), &lease)), "");
      EXPECT_NE(lease, nullptr);
      twCacheLeaseDestroy(lease);
      twCacheClose(other);
      // Who cannot do without says so.
      options.needsFolder = 1;
      TwStatus status = twCacheOpen(&options, &other);
      EXPECT_EQ(twStatusGetCode(status), TW_NOT_FOUND);
      EXPECT_NE(take(status).find(nowhere), std::string::npos);
      EXPECT_EQ(other, nullptr);
    }
  }
}

// What could not be looked at when the cache was opened is looked at later.
TEST_F(CacheTest, AFolderThatComesLater) {
  put("a", "value");
  std::string moved = folder + "-moved";
  fs::rename(folder, moved);
  TwCacheOptions options = {};
  options.isReadOnly = 1;
  open(options);
  EXPECT_EQ(get("a"), "(none)");
  fs::rename(moved, folder);
  ASSERT_EQ(chmod(folder.c_str(), 0777), 0);
  EXPECT_EQ(get("a"), "(none)");
  EXPECT_EQ(count().folder.rejected, 1u);
  ASSERT_EQ(chmod(folder.c_str(), 0700), 0);
  EXPECT_EQ(get("a"), "value");
}

//===----------------------------------------------------------------------===//
// Null, no memory, forks
//===----------------------------------------------------------------------===//

TEST_F(CacheTest, NullIsNoPlace) {
  TwCacheValue value;
  TwCacheLease lease;
  auto expect = [](TwStatus status, const std::string &message) {
    EXPECT_EQ(twStatusGetCode(status), TW_INVALID_ARGUMENT);
    EXPECT_EQ(take(status), message);
  };
  expect(twCacheGet(cache, bytesOf("a"), nullptr),
         "expected a place for the value");
  expect(twCacheTryLease(cache, bytesOf("a"), nullptr),
         "expected a place for the lease");
  const char *both = "expected places for the value and the lease";
  expect(twCacheGetOrLease(cache, bytesOf("a"), 0, nullptr, &lease), both);
  expect(twCacheGetOrLease(cache, bytesOf("a"), 0, &value, nullptr), both);
  expect(twCacheGetOrLease(nullptr, bytesOf("a"), 0, &value, &lease),
         "expected a cache and a key");
  EXPECT_EQ(value.owner, nullptr);
  EXPECT_EQ(lease, nullptr);
  twCacheGetCounters(cache, nullptr);
  TwCacheCounters counters;
  std::memset(&counters, 1, sizeof(counters));
  twCacheGetCounters(nullptr, &counters);
  EXPECT_EQ(counters.misses, 0u);
  EXPECT_EQ(counters.redis.hits, 0u);
  EXPECT_EQ(twCacheGetFolder(nullptr), nullptr);
  twCacheClose(nullptr);
  TwCacheOptions options = {};
  options.folder = folder.c_str();
  const char *folders[] = {folder.c_str(), nullptr};
  options.sharedFolders = folders;
  options.numSharedFolders = 2;
  TwCache other = nullptr;
  expect(twCacheOpen(&options, &other),
         "expected the path of shared cache folder 1, but got null");
}

/// Runs `body` in a child process; 0: it did all, 77: it cannot be run here.
template <typename Body> int runInChild(Body body) {
  pid_t child = fork();
  if (child == 0) {
    alarm(60); // a hang is a failure
    _exit(body());
  }
  int result = 0;
  waitpid(child, &result, 0);
  return WIFEXITED(result) ? WEXITSTATUS(result) : -WTERMSIG(result);
}

/// Leaves this process `bytes` of addresses more than it has.
bool limitMemory(uint64_t bytes) {
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit limit = {pages * 4096 + bytes, pages * 4096 + bytes};
  return setrlimit(RLIMIT_AS, &limit) == 0;
}

TEST_F(CacheTest, NoMemoryIsAMiss) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need addresses";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "sanitizers need addresses";
#endif
#endif
  const std::string large(200 << 20, 'x');
  put("a", large);
  put("b", "small");
  open();
  EXPECT_EQ(runInChild([&] {
              if (!limitMemory(64 << 20))
                return 1;
              if (get("a") != "(none)" || count().folder.unreachable != 1)
                return 2;
              if (get("b") != "small")
                return 3;
              TwStatus status = twCachePut(cache, bytesOf("c"), bytesOf(large));
              if (twStatusGetCode(status) != TW_RESOURCE_EXHAUSTED)
                return 4;
              uint64_t entries, bytes, damaged;
              status = twCacheVerify(cache, &entries, &bytes, &damaged);
              return twStatusGetCode(status) == TW_RESOURCE_EXHAUSTED ? 0 : 5;
            }),
            0);
  EXPECT_EQ(get("a").size(), large.size());
}

TEST_F(CacheTest, AChildUsesItsParentsCache) {
  put("a", "value");
  TwCacheOptions options = {};
  options.isReadOnly = 1;
  open(options);
  put("b", "in memory");
  EXPECT_EQ(get("a"), "value");
  EXPECT_EQ(runInChild([&] {
              if (get("a") != "value" || get("b") != "in memory")
                return 1;
              int result = runInChild([&] {
                put("c", "of the grandchild");
                return get("b") == "in memory" ? 0 : 1;
              });
              if (result || get("c") != "(none)")
                return 2;
              twCacheClose(cache);
              return 0;
            }),
            0);
  EXPECT_EQ(get("b"), "in memory");
}

// Another thread may be anywhere in the cache when this one forks.
TEST_F(CacheTest, AForkAmongThreads) {
  TwCacheOptions options = {};
  options.maxMemoryBytes = 200000;
  open(options);
  for (int i = 0; i < 20; ++i)
    put("key " + std::to_string(i), std::string(4000, char('a' + i)));
  std::atomic<bool> isOver{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (unsigned i = t; !isOver; ++i) {
        TwCacheValue value = {};
        std::string key = "key " + std::to_string(i % 20);
        twStatusDestroy(twCacheGet(cache, bytesOf(key), &value));
        twCacheValueDestroy(value);
      }
    });
  int numFailed = 0;
  for (int round = 0; round < 300 && !numFailed; ++round)
    numFailed += runInChild([&] {
                   alarm(10);
                   for (int i = 0; i < 20; ++i)
                     if (get(cache, "key " + std::to_string(i)) !=
                         std::string(4000, char('a' + i)))
                       return 1;
                   put("new", "value");
                   if (get(cache, "new") != "value")
                     return 2;
                   twCacheClose(cache);
                   return 0;
                 }) != 0;
  isOver = true;
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(numFailed, 0);
}

} // namespace
