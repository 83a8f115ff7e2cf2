// CacheTest.cpp - entries whole and damaged, bounds, leases, many processes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CacheFixture.h"
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

TEST_F(CacheTest, KeepsValues) {
  EXPECT_EQ(get("a"), "(none)");
  std::string large(100000, 'x'), binary("\0\xff\n", 3);
  put("a", large);
  put(binary, "");
  put(std::string(5000, 'k'), binary);
  EXPECT_EQ(get("a"), large);
  EXPECT_EQ(count().memoryHits, 1u);
  open();
  EXPECT_EQ(get("a"), large);
  EXPECT_EQ(get(binary), "");
  EXPECT_EQ(get(std::string(5000, 'k')), binary);
  EXPECT_EQ(get("b"), "(none)");
  EXPECT_EQ(count().folderHits, 3u);
  EXPECT_EQ(count().misses, 1u);
  put("a", "new");
  open();
  EXPECT_EQ(get("a"), "new");
  EXPECT_EQ(count().warnings, 0u);
}

TEST_F(CacheTest, ValuesOutliveTheCache) {
  put("a", "value");
  TwCacheValue value;
  ASSERT_EQ(take(twCacheGet(cache, bytesOf("a"), &value)), "");
  open();
  EXPECT_EQ(std::string(static_cast<const char *>(value.bytes.data),
                        value.bytes.size),
            "value");
  twCacheValueDestroy(value);
}

TEST_F(CacheTest, EveryBitCounts) {
  std::string key = "a key", value = "some value of a few bytes";
  put(key, value);
  fs::path path = listEntries().at(0);
  std::string good = readAll(path);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] ^= char(1 << bit % 8);
    writeAll(path, bad);
    open();
    ASSERT_EQ(get(key), "(none)") << "bit " << bit;
    ASSERT_EQ(count().damaged, 1u);
  }
  for (size_t size = 0; size < good.size(); ++size) {
    writeAll(path, good.substr(0, size));
    open();
    ASSERT_EQ(get(key), "(none)") << size << " bytes";
  }
  writeAll(path, good + "x");
  open();
  EXPECT_EQ(get(key), "(none)");
  uint64_t entries, bytes, damaged;
  ASSERT_EQ(take(twCacheVerify(cache, &entries, &bytes, &damaged)), "");
  EXPECT_EQ(entries, 1u);
  EXPECT_EQ(bytes, good.size() + 1);
  EXPECT_EQ(damaged, 1u);
  // The next one that is put takes its place.
  put(key, value);
  open();
  EXPECT_EQ(get(key), value);
}

TEST_F(CacheTest, AnotherKeyOfTheSameHash) {
  put("a", "value of a");
  fs::path a = listEntries().at(0);
  std::string bytes = readAll(a);
  put("b", "value of b");
  for (const fs::path &path : listEntries())
    if (path != a)
      writeAll(path, bytes); // as if both had one name
  open();
  EXPECT_EQ(get("b"), "(none)");
  EXPECT_EQ(get("a"), "value of a");
  EXPECT_EQ(count().damaged, 0u);
}

TEST_F(CacheTest, WhatIsNoEntryIsNoEntry) {
  put("a", "value");
  fs::path path = listEntries().at(0);
  auto expectMiss = [&] {
    open();
    EXPECT_EQ(get("a"), "(none)");
  };
  fs::remove(path);
  fs::create_directory(path);
  expectMiss();
  fs::remove(path);
  fs::create_symlink("/etc/passwd", path);
  expectMiss();
  fs::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); // would block a careless reader
  expectMiss();
  fs::remove(path);
  put("a", "value");
  open();
  EXPECT_EQ(get("a"), "value");
}

TEST_F(CacheTest, RefusesFolders) {
  auto expectRefused = [&](mode_t mode, const std::string &part) {
    ASSERT_EQ(chmod(folder.c_str(), mode), 0);
    TwCacheOptions options = {};
    options.folder = folder.c_str();
    TwCache other = nullptr;
    TwStatus status = twCacheOpen(&options, &other);
    EXPECT_EQ(twStatusGetCode(status), TW_UNSUPPORTED);
    std::string message = take(status);
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_EQ(other, nullptr);
  };
  expectRefused(0777, "everybody may write to cache folder '");
  expectRefused(0770, "a group may write to cache folder '");
  TwCacheOptions options = {};
  options.allowsGroupWrite = 1;
  open(options);
  ASSERT_EQ(chmod(folder.c_str(), 0700), 0);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(folder.c_str(), 12345, getgid()), 0);
    expectRefused(0700, "belongs to user 12345, not to 0");
    ASSERT_EQ(chown(folder.c_str(), 0, getgid()), 0);
  }
  TwCache other = nullptr;
  options.needsFolder = 1;
  options.folder = "/proc/nowhere";
  EXPECT_NE(take(twCacheOpen(&options, &other))
                .find("cannot make cache folder "
                      "'/proc/nowhere'"),
            std::string::npos);
  options.folder = "/dev/null";
  EXPECT_EQ(take(twCacheOpen(&options, &other)),
            "cannot make cache folder '/dev/null': Not a directory");
  options.isReadOnly = 1;
  EXPECT_EQ(take(twCacheOpen(&options, &other)),
            "cannot open cache folder '/dev/null': Not a directory");
}

/// It would look as if nothing were there.
TEST_F(CacheTest, AFolderThatIsNeededCanBeRead) {
  put("key", "value");
  auto expectRefused = [&](const std::string &path) {
    ASSERT_EQ(chmod(path.c_str(), 0), 0);
    // Root may read all.
    bool isRoot = geteuid() == 0;
    ASSERT_TRUE(!isRoot || seteuid(65534) == 0);
    TwCacheOptions options = {};
    options.folder = folder.c_str();
    options.isReadOnly = 1;
    options.needsFolder = 1;
    TwCache other = nullptr;
    std::string message = take(twCacheOpen(&options, &other));
    options.needsFolder = 0;
    std::string usual = take(twCacheOpen(&options, &other));
    ASSERT_TRUE(!isRoot || seteuid(0) == 0);
    twCacheClose(other);
    ASSERT_EQ(chmod(path.c_str(), 0700), 0);
    EXPECT_EQ(message,
              "cannot read cache folder '" + folder + "': Permission denied");
    EXPECT_EQ(usual, "");
  };
  expectRefused(folder + "/v1");
  expectRefused(folder);
}

TEST_F(CacheTest, AGroupMayWriteWhereThatIsAllowed) {
  constexpr const char *kVariable = "TILEWRIGHT_CACHE_ALLOW_GROUP_WRITE";
  put("key", "value");
  ASSERT_EQ(chmod(folder.c_str(), 0770), 0);
  auto tryToOpen = [&](const char *variable, int32_t allows) {
    setenv(kVariable, variable, 1);
    twCacheClose(cache);
    cache = nullptr;
    TwCacheOptions options = {};
    options.folder = folder.c_str();
    options.allowsGroupWrite = allows;
    std::string message = take(twCacheOpen(&options, &cache));
    unsetenv(kVariable);
    return message;
  };
  std::string refused = "a group may write to cache folder '" + folder +
                        "': take the right away, or allow it with " +
                        kVariable + "=1";
  EXPECT_EQ(tryToOpen("", 0), refused);
  EXPECT_EQ(tryToOpen("0", 0), refused);
  EXPECT_EQ(tryToOpen("yes", 0),
            "expected 0 or 1 in " + std::string(kVariable) + ", but got 'yes'");
  EXPECT_EQ(tryToOpen("1", -1), refused);
  ASSERT_EQ(tryToOpen("0", 1), "");
  EXPECT_EQ(get("key"), "value");
  ASSERT_EQ(tryToOpen("1", 0), "");
  EXPECT_EQ(get("key"), "value");
  // A session of no options at all.
  setenv("TILEWRIGHT_CACHE_DIR", folder.c_str(), 1);
  TwCache other = nullptr;
  EXPECT_EQ(take(twCacheOpen(nullptr, &other)), refused);
  setenv(kVariable, "1", 1);
  EXPECT_EQ(take(twCacheOpen(nullptr, &other)), "");
  twCacheClose(other);
  unsetenv(kVariable);
  unsetenv("TILEWRIGHT_CACHE_DIR");
  // That everybody may write is never allowed.
  ASSERT_EQ(chmod(folder.c_str(), 0777), 0);
  EXPECT_EQ(tryToOpen("1", 1), "everybody may write to cache folder '" +
                                   folder +
                                   "': what it holds cannot be trusted");
}

TEST_F(CacheTest, FindsItsFolder) {
  auto getFolder = [&](const char *own, const char *xdg, const char *home) {
    auto set = [](const char *name, const char *value) {
      value ? setenv(name, value, 1) : unsetenv(name);
    };
    set("TILEWRIGHT_CACHE_DIR", own);
    set("XDG_CACHE_HOME", xdg);
    set("HOME", home);
    TwCache other = nullptr;
    std::string text = take(twCacheOpen(nullptr, &other));
    if (other)
      text = twCacheGetFolder(other);
    twCacheClose(other);
    return text;
  };
  std::string home = std::getenv("HOME") ? std::getenv("HOME") : "/root";
  std::string a = folder + "/a", b = folder + "/b", c = folder + "/c";
  EXPECT_EQ(getFolder(a.c_str(), b.c_str(), c.c_str()), a);
  EXPECT_EQ(getFolder("", b.c_str(), c.c_str()), b + "/tilewright");
  EXPECT_EQ(getFolder(nullptr, "relative", c.c_str()),
            c + "/.cache/tilewright");
  EXPECT_EQ(getFolder(nullptr, nullptr, nullptr),
            "expected a cache folder: set TILEWRIGHT_CACHE_DIR, or HOME");
  setenv("HOME", home.c_str(), 1);
}

/// Whatever the working directory becomes.
TEST_F(CacheTest, RelativeFoldersStayWhereTheyWere) {
  fs::path before = fs::current_path();
  std::string elsewhere = folder + "/elsewhere";
  for (const std::string &path : {elsewhere, folder + "/shared"})
    fs::create_directories(path);
  auto expectHere = [&](const std::string &own, TwCacheOptions options) {
    fs::current_path(folder);
    TwCache other = nullptr;
    ASSERT_EQ(take(twCacheOpen(&options, &other)), "");
    EXPECT_EQ(twCacheGetFolder(other), folder + "/" + own);
    // Whatever lies there has that name, too.
    fs::create_directories(elsewhere + "/" + own);
    fs::permissions(elsewhere + "/" + own, fs::perms::all);
    fs::current_path(elsewhere);
    ASSERT_EQ(take(twCachePut(other, bytesOf("a"), bytesOf("value"))), "");
    EXPECT_EQ(listEntries(folder + "/" + own).size(), 1u);
    EXPECT_EQ(listEntries(elsewhere).size(), 0u);
    EXPECT_EQ(get(other, "of shared"), "(none)");
    TwCacheCounters counters;
    twCacheGetCounters(other, &counters);
    EXPECT_EQ(counters.warnings, 0u);
    EXPECT_EQ(counters.shared.absent, 1u);
    // Filled behind it, where it was.
    TwCacheOptions filling = {};
    std::string shared = folder + "/shared";
    filling.folder = shared.c_str();
    TwCache filler = nullptr;
    ASSERT_EQ(take(twCacheOpen(&filling, &filler)), "");
    ASSERT_EQ(take(twCachePut(filler, bytesOf(own), bytesOf("there"))), "");
    twCacheClose(filler);
    EXPECT_EQ(get(other, own), "there");
    twCacheClose(other);
  };
  TwCacheOptions options = {};
  const char *shared[] = {"shared"};
  options.folder = "own";
  options.sharedFolders = shared;
  options.numSharedFolders = 1;
  expectHere("own", options);
  setenv("TILEWRIGHT_CACHE_DIR", "./of-variable", 1);
  setenv("TILEWRIGHT_CACHE_SHARED", "shared", 1);
  expectHere("./of-variable", {});
  unsetenv("TILEWRIGHT_CACHE_DIR");
  unsetenv("TILEWRIGHT_CACHE_SHARED");
  // A folder that is gone has no folders.
  std::string gone = folder + "/gone";
  fs::create_directories(gone);
  fs::current_path(gone);
  fs::remove(gone);
  options.sharedFolders = nullptr;
  TwCache other = nullptr;
  EXPECT_EQ(take(twCacheOpen(&options, &other)),
            "cannot tell where the cache folder 'own' is: the working "
            "directory is gone; give a path from the root on");
  twCacheClose(other);
  fs::current_path(before);
}

/// Each get looks into memory, and what it finds elsewhere is put there.
TEST_F(CacheTest, MemoryCounts) {
  put("a", "value");
  put("b", "value of b");
  EXPECT_EQ(get("a"), "value");
  EXPECT_EQ(get("none"), "(none)");
  TwCacheCounters now = count();
  EXPECT_EQ(now.memory.hits, 1u);
  EXPECT_EQ(now.memory.absent, 1u);
  EXPECT_EQ(now.memory.writes, 2u);
  EXPECT_EQ(now.memory.writtenBytes, now.folder.writtenBytes);
  EXPECT_EQ(now.memory.readBytes, 128u + 5u);
  open();
  EXPECT_EQ(get("a"), "value");
  EXPECT_EQ(get("a"), "value");
  now = count();
  EXPECT_EQ(now.memory.writes, 1u);
  EXPECT_EQ(now.memory.writtenBytes, now.folder.readBytes);
  EXPECT_EQ(now.memory.readBytes, now.folder.readBytes);
  EXPECT_EQ(now.memory.hits + now.memory.absent, 2u);
  EXPECT_EQ(now.memoryHits + now.folderHits + now.misses, 2u);
  // What is larger than all of it is not kept.
  TwCacheOptions options = {};
  options.maxMemoryBytes = 100;
  open(options);
  put("large", std::string(1000, 'x'));
  EXPECT_EQ(count().memory.writes, 0u);
  EXPECT_EQ(count().memory.failedWrites, 1u);
  EXPECT_EQ(count().memory.writtenBytes, 0u);
}

TEST_F(CacheTest, ReadOnly) {
  put("a", "value");
  TwCacheOptions options = {};
  options.isReadOnly = 1;
  open(options);
  put("b", "in memory");
  EXPECT_EQ(get("a"), "value");
  EXPECT_EQ(get("b"), "in memory");
  EXPECT_NE(take(twCachePrune(cache, 0)), "");
  EXPECT_EQ(listEntries().size(), 1u);
  TwCacheLease lease = nullptr;
  ASSERT_EQ(take(twCacheTryLease(cache, bytesOf("c"), &lease)), "");
  EXPECT_NE(lease, nullptr); // everybody makes it
  twCacheLeaseDestroy(lease);
}

TEST_F(CacheTest, AFullDiskIsAWarning) {
  // No file may get longer than this.
  rlimit old, tight = {4096, 0};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  tight.rlim_max = old.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  std::string large(100000, 'x');
  put("a", large);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  EXPECT_EQ(get("a"), large);
  EXPECT_EQ(count().warnings, 1u);
  EXPECT_EQ(listEntries().size(), 0u);
  EXPECT_TRUE(fs::is_empty(folder + "/v1/tmp"));
}

TEST_F(CacheTest, KeepsItsBound) {
  TwCacheOptions options = {};
  options.maxBytes = 160000;
  options.maxMemoryBytes = 1;
  open(options);
  fs::create_directory(folder + "/v1");
  writeAll(folder + "/v1/README", "not ours");
  for (int i = 0; i < 100; ++i) {
    put("key " + std::to_string(i), std::string(10000, char('a' + i % 26)));
    uint64_t total = 0;
    for (const fs::path &path : listEntries())
      total += fs::file_size(path);
    ASSERT_LE(total, 160000u + 160000u / 16 + 11000u);
  }
  EXPECT_GT(count().evictions, 50u);
  EXPECT_GE(listEntries().size(), 8u);
  EXPECT_EQ(readAll(folder + "/v1/README"), "not ours");
  ASSERT_EQ(take(twCachePrune(cache, 0)), "");
  EXPECT_EQ(listEntries().size(), 0u);
  EXPECT_TRUE(fs::exists(folder + "/v1/README"));
}

/// Runs `numProcesses` one after the other, or all at the same time, which put
/// 60,000 bytes each.
static void putFromProcesses(const std::string &folder, int numProcesses,
                             bool atOnce) {
  std::vector<pid_t> children;
  auto wait = [&] {
    for (pid_t child : children) {
      int result = 0;
      ASSERT_EQ(waitpid(child, &result, 0), child);
      EXPECT_EQ(result, 0);
    }
    children.clear();
  };
  for (int i = 0; i < numProcesses; ++i) {
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      TwCacheOptions options = {};
      options.folder = folder.c_str();
      options.maxBytes = 1 << 20;
      TwCache own = nullptr;
      std::string key = "key " + std::to_string(i), value(60000, 'x');
      if (twCacheOpen(&options, &own) ||
          twCachePut(own, bytesOf(key), bytesOf(value)))
        _exit(1);
      _exit(0);
    }
    children.push_back(child);
    if (!atOnce)
      wait();
  }
  wait();
}

// None of them writes a sixteenth.
TEST_F(CacheTest, ManyProcessesKeepTheBound) {
  constexpr uint64_t kMost = 1 << 20;
  auto getBytes = [&] {
    uint64_t entries, bytes;
    EXPECT_EQ(take(twCacheGetUsage(cache, &entries, &bytes)), "");
    return bytes;
  };
  for (int i = 0; i < 10; ++i) {
    putFromProcesses(folder, 30, /*atOnce=*/false);
    EXPECT_LE(getBytes(), kMost);
  }
  EXPECT_GE(getBytes(), kMost / 2);
  putFromProcesses(folder, 100, /*atOnce=*/true);
  // Those that put while one looked are seen by the next.
  putFromProcesses(folder, 2, /*atOnce=*/false);
  EXPECT_LE(getBytes(), kMost);
}

TEST_F(CacheTest, LooksOnceInASixteenth) {
  TwCacheOptions options = {};
  options.maxBytes = 16 * 64 * 1024;
  put("a", "value"); // the first put of a folder looks
  open(options);
  std::string stale = folder + "/v1/tmp/1-2-3";
  auto putStale = [&] {
    writeAll(stale, "half");
    fs::last_write_time(stale, fs::file_time_type::clock::now() -
                                   std::chrono::hours(48));
  };
  putStale();
  for (int i = 0; i < 6; ++i) {
    open(options); // as many processes do
    put("key " + std::to_string(i), std::string(9 * 1024, 'x'));
    EXPECT_TRUE(fs::exists(stale)) << i;
  }
  put("key 6", std::string(9 * 1024, 'x'));
  EXPECT_FALSE(fs::exists(stale));
  // Or once in a day, however little is put.
  fs::path stamp = folder + "/v1/written";
  int64_t dayAgo = time(nullptr) - 25 * 3600;
  putStale();
  put("b", "value");
  EXPECT_TRUE(fs::exists(stale));
  writeAll(stamp, std::string(reinterpret_cast<char *>(&dayAgo), 8));
  put("b", "value");
  EXPECT_FALSE(fs::exists(stale));
  // Or when a process died while it looked.
  putStale();
  put("b", "value");
  EXPECT_TRUE(fs::exists(stale));
  writeAll(stamp, std::string(8, '\0'));
  put("b", "value");
  EXPECT_FALSE(fs::exists(stale));
}

// Whatever is where the written bytes are counted costs looks, not values.
TEST_F(CacheTest, WhereTheCountCannotBeKept) {
  std::string stamp = folder + "/v1/written", stale = folder + "/v1/tmp/1-2-3";
  put("a", "value");
  for (int kind = 0; kind < 4; ++kind) {
    fs::remove_all(stamp);
    if (kind == 0)
      fs::create_directory(stamp);
    else if (kind == 1)
      fs::create_symlink(folder + "/elsewhere", stamp);
    else if (kind == 2)
      ASSERT_EQ(mkfifo(stamp.c_str(), 0600), 0);
    else
      writeAll(stamp, "damaged: no time at all");
    writeAll(stale, "half");
    fs::last_write_time(stale, fs::file_time_type::clock::now() -
                                   std::chrono::hours(48));
    open();
    put("key " + std::to_string(kind), "value");
    EXPECT_FALSE(fs::exists(stale)) << kind;
    EXPECT_FALSE(fs::exists(folder + "/elsewhere"));
    EXPECT_EQ(count().warnings, 0u);
    EXPECT_EQ(count().folder.writes, 1u);
  }
  EXPECT_EQ(fs::file_size(stamp), 8u);
}

TEST_F(CacheTest, RemovesWhatWasNotAskedFor) {
  auto setAge = [](const fs::path &path, int seconds) {
    fs::last_write_time(path, fs::file_time_type::clock::now() -
                                  std::chrono::seconds(seconds));
  };
  put("old", std::string(1000, 'o'));
  setAge(listEntries().at(0), 30 * 24 * 3600);
  put("older", std::string(1000, 'p'));
  for (const fs::path &path : listEntries())
    if (readAll(path).find("older") != std::string::npos)
      setAge(path, 60 * 24 * 3600);
  put("new", std::string(1000, 'n'));
  put("future", std::string(1000, 'f'));
  for (const fs::path &path : listEntries())
    if (readAll(path).find("future") != std::string::npos)
      setAge(path, -365 * 24 * 3600); // the clock jumped
  open();
  EXPECT_NE(get("older"), "(none)"); // sets its time
  ASSERT_EQ(take(twCachePrune(cache, 3600)), "");
  open();
  EXPECT_EQ(get("old"), "(none)");
  EXPECT_NE(get("older"), "(none)");
}

TEST_F(CacheTest, RemovesWhatTheDeadLeft) {
  put("a", "value");
  std::string stale = folder + "/v1/tmp/1-2-3",
              fresh = folder + "/v1/tmp/4-5-6";
  writeAll(stale, "half");
  writeAll(fresh, "half");
  fs::last_write_time(stale, fs::file_time_type::clock::now() -
                                 std::chrono::hours(48));
  ASSERT_EQ(take(twCachePrune(cache, 1 << 20)), "");
  EXPECT_FALSE(fs::exists(stale));
  EXPECT_TRUE(fs::exists(fresh));
  EXPECT_EQ(get("a"), "value");
}

TEST_F(CacheTest, Refuses) {
  TwCacheValue value;
  EXPECT_EQ(take(twCacheGet(cache, {nullptr, 0}, &value)),
            "expected a cache and a key");
  EXPECT_EQ(take(twCachePut(cache, bytesOf("a"), {nullptr, 5})),
            "expected a value of 5 bytes, but got null");
  EXPECT_EQ(take(twCachePut(nullptr, bytesOf("a"), {nullptr, 0})),
            "expected a cache and a key");
}

TEST_F(CacheTest, OneLeaseAtATime) {
  TwCacheLease first = nullptr, second = nullptr;
  ASSERT_EQ(take(twCacheTryLease(cache, bytesOf("a"), &first)), "");
  ASSERT_NE(first, nullptr);
  ASSERT_EQ(take(twCacheTryLease(cache, bytesOf("a"), &second)), "");
  EXPECT_EQ(second, nullptr);
  ASSERT_EQ(take(twCacheTryLease(cache, bytesOf("b"), &second)), "");
  EXPECT_NE(second, nullptr); // of another key
  twCacheLeaseDestroy(second);
  twCacheLeaseDestroy(first);
  ASSERT_EQ(take(twCacheTryLease(cache, bytesOf("a"), &second)), "");
  EXPECT_NE(second, nullptr);
  twCacheLeaseDestroy(second);
}

TEST_F(CacheTest, WaitsNoLongerThanItMay) {
  TwCacheLease lease = nullptr, none = nullptr;
  ASSERT_EQ(take(twCacheTryLease(cache, bytesOf("a"), &lease)), "");
  TwCacheValue value;
  auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(take(twCacheGetOrLease(cache, bytesOf("a"), 50, &value, &none)),
            "");
  auto time = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(value.owner, nullptr);
  EXPECT_EQ(none, nullptr);
  EXPECT_GE(time, std::chrono::milliseconds(48));
  twCacheLeaseDestroy(lease);
}

TEST_F(CacheTest, AKilledOwnerHoldsNobodyUp) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  pid_t owner = fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    TwCacheLease lease = nullptr;
    twStatusDestroy(twCacheTryLease(cache, bytesOf("a"), &lease));
    // A child of the owner lives on, and must not keep the lease.
    if (fork() == 0) {
      sleep(5);
      _exit(0);
    }
    char byte = lease ? 1 : 0;
    if (write(ready[1], &byte, 1) != 1)
      _exit(1);
    pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 1);
  TwCacheLease lease = nullptr;
  ASSERT_EQ(take(twCacheTryLease(cache, bytesOf("a"), &lease)), "");
  EXPECT_EQ(lease, nullptr);
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  TwCacheValue value;
  ASSERT_EQ(take(twCacheGetOrLease(cache, bytesOf("a"), 2000, &value, &lease)),
            "");
  EXPECT_NE(lease, nullptr);
  twCacheLeaseDestroy(lease);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(CacheTest, SixtyFourProcessesMakeOnce) {
  std::string log = folder + "/made";
  int start[2];
  ASSERT_EQ(pipe(start), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < 64; ++i) {
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child) {
      children.push_back(child);
      continue;
    }
    close(start[1]);
    char byte;
    if (read(start[0], &byte, 1) < 0) // until the parent closes it
      _exit(2);
    TwCacheOptions options = {};
    options.folder = folder.c_str();
    TwCache own = nullptr;
    if (twCacheOpen(&options, &own))
      _exit(3);
    TwCacheValue value;
    TwCacheLease lease;
    if (twCacheGetOrLease(own, bytesOf("key"), 60000, &value, &lease))
      _exit(4);
    if (lease) {
      // It takes a while to make, and is written down.
      usleep(100000);
      int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      if (write(file, "x", 1) != 1)
        _exit(5);
      if (twCachePut(own, bytesOf("key"), bytesOf("made")))
        _exit(6);
      twCacheLeaseDestroy(lease);
    } else if (!value.owner) {
      _exit(7);
    }
    _exit(get(own, "key") == "made" ? 0 : 8);
  }
  close(start[0]);
  close(start[1]);
  for (pid_t child : children) {
    int result = 0;
    ASSERT_EQ(waitpid(child, &result, 0), child);
    EXPECT_TRUE(WIFEXITED(result) && WEXITSTATUS(result) == 0)
        << WEXITSTATUS(result);
  }
  EXPECT_EQ(fs::file_size(log), 1u);
}

TEST_F(CacheTest, ManyThreads) {
  TwCacheOptions options = {};
  options.maxMemoryBytes = 20000; // most go through the folder
  open(options);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      for (int i = 0; i < 300; ++i) {
        std::string key = "key " + std::to_string(random() % 20);
        std::string want(1000 + key.back(), key.back());
        std::string got = get(key);
        if (got == "(none)")
          twStatusDestroy(twCachePut(cache, bytesOf(key), bytesOf(want)));
        else
          EXPECT_EQ(got, want);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(count().warnings, 0u);
  EXPECT_EQ(count().damaged, 0u);
}

} // namespace
