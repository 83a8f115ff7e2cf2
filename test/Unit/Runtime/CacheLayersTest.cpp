// CacheLayersTest.cpp - shared folders behind a cache's own, and the counters.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CacheFixture.h"
#include "cache/Storage.h"
#include "tilewright-rt/Observe.h"
#include <sys/stat.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace {

struct CacheLayersTest : CacheTest {
  /// A folder beside the cache's, with `value` for `key`.
  std::string makeShared(const char *name, const std::string &key,
                         const std::string &value) {
    std::string path = folder + "-" + name;
    TwCacheOptions options = {};
    options.folder = path.c_str();
    TwCache other = nullptr;
    EXPECT_EQ(take(twCacheOpen(&options, &other)), "");
    EXPECT_EQ(take(twCachePut(other, bytesOf(key), bytesOf(value))), "");
    twCacheClose(other);
    made.push_back(path);
    return path;
  }
  void openWith(const std::vector<std::string> &shared,
                TwCacheOptions options = {}) {
    std::vector<const char *> folders;
    for (const std::string &path : shared)
      folders.push_back(path.c_str());
    options.numSharedFolders = folders.size();
    folders.push_back(nullptr); // so that there is a list, even of none
    options.sharedFolders = folders.data();
    open(options);
  }
  std::string tryToOpen(const std::string &shared) {
    const char *folders[] = {shared.c_str()};
    TwCacheOptions options = {};
    options.folder = folder.c_str();
    options.sharedFolders = folders;
    options.numSharedFolders = 1;
    TwCache other = nullptr;
    std::string message = take(twCacheOpen(&options, &other));
    EXPECT_EQ(other == nullptr, !message.empty());
    twCacheClose(other);
    return message;
  }
  void TearDown() override {
    CacheTest::TearDown();
    for (const std::string &path : made)
      fs::remove_all(path);
  }
  std::vector<std::string> made;
};

TEST_F(CacheLayersTest, ASharedHitIsPutIntoTheFolder) {
  std::string a = makeShared("a", "key", "value of a");
  std::string b = makeShared("b", "key", "value of b");
  openWith({a, b});
  EXPECT_EQ(get("key"), "value of a"); // the first has it
  EXPECT_EQ(get("key"), "value of a");
  TwCacheCounters counters = count();
  uint64_t bytes = fs::file_size(listEntries(a).at(0));
  EXPECT_EQ(counters.shared.hits, 1u);
  EXPECT_EQ(counters.shared.absent, 0u);
  EXPECT_EQ(counters.shared.readBytes, bytes);
  EXPECT_EQ(counters.shared.writes, 0u);
  EXPECT_EQ(counters.folder.absent, 1u);
  EXPECT_EQ(counters.folder.writes, 1u);
  EXPECT_EQ(counters.folder.writtenBytes, bytes);
  EXPECT_EQ(counters.memory.absent, 1u);
  EXPECT_EQ(counters.memory.hits, 1u);
  EXPECT_EQ(counters.memoryHits, 1u);
  EXPECT_EQ(counters.misses, 0u);
  EXPECT_EQ(counters.puts, 0u);
  ASSERT_EQ(listEntries().size(), 1u);
  EXPECT_EQ(readAll(listEntries().at(0)), readAll(listEntries(a).at(0)));
  open(); // without shared folders
  EXPECT_EQ(get("key"), "value of a");
  EXPECT_EQ(count().folderHits, 1u);
}

TEST_F(CacheLayersTest, TheFolderComesFirst) {
  std::string a = makeShared("a", "key", "shared");
  put("key", "own");
  openWith({a});
  EXPECT_EQ(get("key"), "own");
  EXPECT_EQ(count().folder.hits, 1u);
  EXPECT_EQ(count().shared.hits + count().shared.absent, 0u);
}

TEST_F(CacheLayersTest, TheNextHasIt) {
  std::string a = makeShared("a", "other", "x");
  std::string b = makeShared("b", "key", "value");
  openWith({a, b});
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(count().shared.absent, 1u);
  EXPECT_EQ(count().shared.hits, 1u);
  EXPECT_EQ(get("none"), "(none)");
  EXPECT_EQ(count().shared.absent, 3u);
  EXPECT_EQ(count().misses, 1u);
}

TEST_F(CacheLayersTest, NothingIsWrittenToSharedFolders) {
  std::string a = makeShared("a", "key", "value");
  fs::last_write_time(listEntries(a).at(0),
                      fs::file_time_type::clock::now() - std::chrono::hours(9));
  auto before = fs::last_write_time(listEntries(a).at(0));
  openWith({a});
  put("new", "value");
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(listEntries(a).size(), 1u);
  EXPECT_EQ(fs::last_write_time(listEntries(a).at(0)), before);
}

TEST_F(CacheLayersTest, AReadOnlyCacheKeepsAHitInMemory) {
  std::string a = makeShared("a", "key", "value");
  TwCacheOptions options = {};
  options.isReadOnly = 1;
  openWith({a}, options);
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(count().memory.hits, 1u);
  EXPECT_TRUE(listEntries().empty());
}

// No damage of a shared entry is a hit, and each is counted with its reason.
TEST_F(CacheLayersTest, DamagedSharedEntries) {
  std::string a = makeShared("a", "key", "value");
  fs::path path = listEntries(a).at(0);
  std::string good = readAll(path);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] ^= char(1 << bit % 8);
    writeAll(path, bad);
    openWith({a});
    ASSERT_EQ(get("key"), "(none)") << "bit " << bit;
    ASSERT_EQ(count().shared.damaged, 1u);
    ASSERT_EQ(count().damaged, 1u);
    ASSERT_TRUE(listEntries().empty());
  }
}

TEST_F(CacheLayersTest, AnotherVersionIsNoDamage) {
  // Whole, but of version 2.
  put("key", "value");
  fs::path path = listEntries().at(0);
  std::string bytes = readAll(path);
  bytes[8] = 2;
  uint64_t check = XXH64(bytes.data(), 48, 0);
  bytes.replace(48, 8, reinterpret_cast<const char *>(&check), 8);
  writeAll(path, bytes);
  open();
  EXPECT_EQ(get("key"), "(none)");
  EXPECT_EQ(count().folder.otherVersion, 1u);
  EXPECT_EQ(count().folder.damaged, 0u);
  EXPECT_EQ(count().damaged, 1u); // both kinds
}

TEST_F(CacheLayersTest, WhatCannotBeReadIsUnreachable) {
  std::string a = makeShared("a", "key", "value");
  fs::path path = listEntries(a).at(0);
  fs::remove(path);
  fs::create_directory(path);
  openWith({a});
  EXPECT_EQ(get("key"), "(none)");
  EXPECT_EQ(count().shared.unreachable, 1u);
  EXPECT_EQ(count().warnings, 0u); // those are of the own folder
  fs::remove_all(a);               // away while the cache is open
  EXPECT_EQ(get("key"), "(none)");
  EXPECT_EQ(count().shared.absent, 1u);
}

/// What strict sessions say; it counts nothing.
TEST_F(CacheLayersTest, SaysWhyThereIsNone) {
  std::string a = makeShared("a", "key", "value");
  std::string path = listEntries(a).at(0);
  std::string good = readAll(path), other = good;
  auto describe = [&] {
    openWith({a});
    std::string text = tilewright::rt::describeMiss(cache, bytesOf("key"));
    EXPECT_EQ(count().misses + count().shared.absent + count().shared.rejected +
                  count().folder.absent,
              0u);
    return text;
  };
  EXPECT_EQ(describe(), ""); // it is there
  writeAll(path, good.substr(1));
  EXPECT_EQ(describe(), "'" + path + "' is damaged");
  other[8] = 2;
  uint64_t check = XXH64(other.data(), 48, 0);
  other.replace(48, 8, reinterpret_cast<const char *>(&check), 8);
  writeAll(path, other);
  EXPECT_EQ(describe(), "'" + path + "' is of another version of the format");
  writeAll(path, good);
  ASSERT_EQ(chmod(path.c_str(), 0602), 0);
  EXPECT_EQ(describe(), "everybody may write to '" + path +
                            "': what it holds cannot be trusted");
  fs::remove(path);
  EXPECT_EQ(describe(), "");
  fs::create_symlink("elsewhere", path);
  EXPECT_EQ(describe(),
            "cannot read '" + path + "': Too many levels of symbolic links");
}

/// Events tell of what was there and could not be used, and of what was not
/// taken; usual hits and misses are no events.
TEST_F(CacheLayersTest, EventsTellWhatIsUnusual) {
  static std::string log;
  log.clear();
  twLogSetHandler(
      [](void *, const TwLogEvent *event) {
        log += event->event;
        for (size_t i = 1; i < event->numFields; ++i)
          log += std::string(" ") + event->fields[i].text;
        log += "\n";
      },
      nullptr, TW_LOG_DEBUG);
  std::string a = makeShared("a", "key", "value");
  openWith({a});
  EXPECT_EQ(get("none"), "(none)");
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(log, "");
  fs::path own = listEntries().at(0);
  writeAll(own, "x");
  openWith({a});
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(log, "cache.miss folder damaged\n");
  log.clear();
  // A file where a folder must be: nothing can be put.
  fs::remove_all(folder + "/v1");
  writeAll(folder + "/v1", "x");
  put("other", "value");
  EXPECT_EQ(log, "cache.refuse folder\n");
  twLogSetHandler(nullptr, nullptr, TW_LOG_DEBUG);
}

TEST_F(CacheLayersTest, ALeaseComesAfterSharedFolders) {
  std::string a = makeShared("a", "key", "value");
  openWith({a});
  TwCacheValue value;
  TwCacheLease lease;
  ASSERT_EQ(take(twCacheGetOrLease(cache, bytesOf("key"), 100, &value, &lease)),
            "");
  EXPECT_NE(value.owner, nullptr);
  EXPECT_EQ(lease, nullptr);
  twCacheValueDestroy(value);
  ASSERT_EQ(take(twCacheGetOrLease(cache, bytesOf("no"), 100, &value, &lease)),
            "");
  EXPECT_EQ(value.owner, nullptr);
  EXPECT_NE(lease, nullptr);
  EXPECT_EQ(count().shared.absent, 1u); // asked once
  twCacheLeaseDestroy(lease);
}

/// Who waits looks at what is near, less and less often; it is one miss.
TEST_F(CacheLayersTest, WaitingIsNear) {
  std::string a = makeShared("a", "key", "value");
  openWith({a});
  TwCacheLease held = nullptr, lease = nullptr;
  ASSERT_EQ(take(twCacheTryLease(cache, bytesOf("no"), &held)), "");
  TwCacheValue value;
  ASSERT_EQ(take(twCacheGetOrLease(cache, bytesOf("no"), 1000, &value, &lease)),
            "");
  EXPECT_EQ(value.owner, nullptr);
  EXPECT_EQ(lease, nullptr);
  twCacheLeaseDestroy(held);
  EXPECT_EQ(count().misses, 1u);
  EXPECT_EQ(count().shared.absent, 1u);
  EXPECT_LT(count().folder.absent, 100u);
}

/// What is known of a file of one machine is none of another's.
TEST_F(CacheLayersTest, AsksNobodyElseOfThisMachine) {
  const std::string local = "tilewright-key 1 file\ninode 1\n5\n";
  std::string a = makeShared("a", local, "hash");
  openWith({a});
  EXPECT_EQ(get(local), "(none)");
  EXPECT_EQ(count().shared.hits + count().shared.absent, 0u);
  put(local, "own");
  openWith({a});
  EXPECT_EQ(get(local), "own");
  EXPECT_EQ(count().folderHits, 1u);
}

TEST_F(CacheLayersTest, RefusesSharedFolders) {
  std::string a = makeShared("a", "key", "value");
  EXPECT_EQ(tryToOpen(a), "");
  ASSERT_EQ(chmod(a.c_str(), 0777), 0);
  EXPECT_EQ(tryToOpen(a), "everybody may write to shared cache folder '" + a +
                              "': what it holds cannot be trusted");
  ASSERT_EQ(chmod(a.c_str(), 0770), 0);
  EXPECT_EQ(tryToOpen(a), "a group may write to shared cache folder '" + a +
                              "': take the right away, or allow it with "
                              "TILEWRIGHT_CACHE_ALLOW_GROUP_WRITE=1");
  ASSERT_EQ(chmod(a.c_str(), 0755), 0);
  EXPECT_EQ(tryToOpen(a), "");
  if (geteuid() == 0) {
    ASSERT_EQ(chown(a.c_str(), 12345, getgid()), 0);
    EXPECT_EQ(tryToOpen(a),
              "shared cache folder '" + a +
                  "' belongs to user 12345, not to 0: what it holds cannot be "
                  "trusted");
  }
}

// A shared folder that is away costs a warning; the others are asked.
TEST_F(CacheLayersTest, ASharedFolderThatIsAway) {
  static std::string log;
  log.clear();
  twLogSetHandler(
      [](void *, const TwLogEvent *event) {
        log += event->event;
        for (size_t i = 0; i < event->numFields; ++i)
          log += std::string(" ") + event->fields[i].text;
        log += "\n";
      },
      nullptr, TW_LOG_WARNING);
  std::string a = makeShared("a", "key", "value");
  openWith({a + "-none", "/dev/null", a});
  twLogSetHandler(nullptr, nullptr, TW_LOG_DEBUG);
  EXPECT_EQ(log, "cache.away " + a +
                     "-none shared No such file or directory\n"
                     "cache.away /dev/null shared Not a directory\n");
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(count().warnings, 0u); // those are of the own folder
  // It is asked when it is back, and looked at before.
  std::string b = makeShared("b", "of b", "b");
  fs::rename(b, b + "-moved");
  openWith({b});
  EXPECT_EQ(get("of b"), "(none)");
  fs::rename(b + "-moved", b);
  ASSERT_EQ(chmod(b.c_str(), 0777), 0);
  EXPECT_EQ(get("of b"), "(none)");
  EXPECT_EQ(count().shared.rejected, 1u);
  ASSERT_EQ(chmod(b.c_str(), 0755), 0);
  EXPECT_EQ(get("of b"), "b");
}

TEST_F(CacheLayersTest, SharedFoldersOfTheEnvironment) {
  std::string a = makeShared("a", "of a", "a"),
              b = makeShared("b", "of b", "b");
  setenv("TILEWRIGHT_CACHE_SHARED", (a + "::" + b + ":").c_str(), 1);
  open();
  EXPECT_EQ(get("of a"), "a");
  EXPECT_EQ(get("of b"), "b");
  fs::remove_all(folder);
  openWith({}); // the options ask for none
  EXPECT_EQ(get("of a"), "(none)");
  setenv("TILEWRIGHT_CACHE_SHARED", ("/nowhere:" + a).c_str(), 1);
  open();
  unsetenv("TILEWRIGHT_CACHE_SHARED");
  EXPECT_EQ(get("of a"), "a");
}

} // namespace
