// CacheFixture.h - a cache in a folder of its own, for tests.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TEST_UNIT_RUNTIME_CACHEFIXTURE_H
#define TILEWRIGHT_TEST_UNIT_RUNTIME_CACHEFIXTURE_H

#include "Support.h"
#include "tilewright-rt/Cache.h"
#include "gtest/gtest.h"
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;

inline TwBytes bytesOf(const std::string &text) {
  return {text.data(), text.size()};
}

struct CacheTest : testing::Test {
  std::string folder;
  TwCache cache = nullptr;

  void SetUp() override {
    // What the user has must not take part.
    for (const char *name :
         {"TILEWRIGHT_CACHE_SHARED", "TILEWRIGHT_CACHE_REDIS",
          "TILEWRIGHT_CACHE_SECRET_FILE", "TILEWRIGHT_CACHE_ALLOW_GROUP_WRITE"})
      unsetenv(name);
    std::string name = fs::temp_directory_path() / "tilewright-cache-XXXXXX";
    ASSERT_NE(mkdtemp(&name[0]), nullptr);
    folder = name;
    open();
  }
  void TearDown() override {
    twCacheClose(cache);
    fs::remove_all(folder);
  }

  /// Opens the folder anew: nothing is in memory then.
  void open(TwCacheOptions options = {}) {
    twCacheClose(cache);
    cache = nullptr;
    options.folder = folder.c_str();
    ASSERT_EQ(take(twCacheOpen(&options, &cache)), "");
  }
  void put(const std::string &key, const std::string &value) {
    ASSERT_EQ(take(twCachePut(cache, bytesOf(key), bytesOf(value))), "");
  }
  /// The value, or "(none)".
  std::string get(const std::string &key) { return get(cache, key); }
  static std::string get(TwCache cache, const std::string &key) {
    TwCacheValue value;
    EXPECT_EQ(take(twCacheGet(cache, bytesOf(key), &value)), "");
    if (!value.owner)
      return "(none)";
    std::string text(static_cast<const char *>(value.bytes.data),
                     value.bytes.size);
    twCacheValueDestroy(value);
    return text;
  }
  /// Opens a cache with `file` as the library that `variable` names, and
  /// expects NOT_FOUND with `message`. In a process of its own: a library that
  /// was loaded stays.
  void expectNoLibrary(const char *variable, const char *file,
                       TwCacheOptions options, const std::string &message) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    options.folder = folder.c_str();
    setenv(variable, file, 1);
    EXPECT_EXIT(
        {
          TwCache other = nullptr;
          TwStatus status = twCacheOpen(&options, &other);
          std::fprintf(stderr, "%d %s\n", int(twStatusGetCode(status)),
                       twStatusGetMessage(status));
          _exit(0);
        },
        testing::ExitedWithCode(0),
        std::to_string(TW_NOT_FOUND) + " " + message);
    unsetenv(variable);
  }
  TwCacheCounters count() {
    TwCacheCounters counters;
    twCacheGetCounters(cache, &counters);
    return counters;
  }
  std::vector<fs::path> listEntries() { return listEntries(folder); }
  static std::vector<fs::path> listEntries(const std::string &folder) {
    std::vector<fs::path> paths;
    for (const auto &file : fs::recursive_directory_iterator(folder))
      if (file.path().extension() == ".entry")
        paths.push_back(file.path());
    return paths;
  }
  static std::string readAll(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void writeAll(const fs::path &path, const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
};

#endif // TILEWRIGHT_TEST_UNIT_RUNTIME_CACHEFIXTURE_H
