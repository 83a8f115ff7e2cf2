// IdentityTest.cpp - compilers and tools are known by their contents.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/Identity.h"
#include "../Runtime/Support.h"
#include "gtest/gtest.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace fs = std::filesystem;
using namespace tilewright::rt;

namespace {

struct IdentityTest : testing::Test {
  std::string folder;
  void SetUp() override {
    folder = fs::temp_directory_path() / "tilewright-identity-XXXXXX";
    ASSERT_NE(mkdtemp(&folder[0]), nullptr);
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string write(const std::string &name, const std::string &text) {
    std::string path = folder + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  static std::string read(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

} // namespace

TEST_F(IdentityTest, OfFilesIsOfTheirContents) {
  std::string a = write("a", "text"), b = write("b", "text");
  EXPECT_EQ(identifyFile(nullptr, a), identifyFile(nullptr, b));
  EXPECT_EQ(identifyFile(nullptr, a).size(), 32u);
  write("b", "test");
  EXPECT_NE(identifyFile(nullptr, a), identifyFile(nullptr, b));
  EXPECT_EQ(identifyFile(nullptr, folder + "/none"), "");
}

/// A hash that is remembered is that of the file as it is.
TEST_F(IdentityTest, OfFilesIsRememberedAndNeverStale) {
  TwCacheOptions options = {};
  std::string cacheFolder = folder + "/cache";
  options.folder = cacheFolder.c_str();
  TwCache cache = nullptr;
  ASSERT_EQ(take(twCacheOpen(&options, &cache)), "");
  auto count = [&] {
    TwCacheCounters counters;
    twCacheGetCounters(cache, &counters);
    return counters.puts;
  };
  std::string path = write("tool", "one");
  std::string one = identifyFile(cache, path);
  // It might change again within its time stamp: not yet remembered.
  EXPECT_EQ(count(), 0u);
  while (identifyFile(cache, path) == one && count() == 0)
    usleep(100000);
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(identifyFile(cache, path), one);
  EXPECT_EQ(count(), 1u);
  // As many bytes, and the old time.
  fs::file_time_type time = fs::last_write_time(path);
  write("tool", "two");
  fs::last_write_time(path, time);
  EXPECT_NE(identifyFile(cache, path), one);
  twCacheClose(cache);
}

TEST_F(IdentityTest, OfCompilersHasAllThatTheyNeed) {
  // Any shared object will do; this program's own C++ library has needs.
  std::string path;
  for (const char *place : {"/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
                            "/lib/x86_64-linux-gnu/libstdc++.so.6"})
    if (fs::exists(place))
      path = place;
  if (path.empty())
    GTEST_SKIP() << "no libstdc++ at the usual places";
  std::string identity;
  ASSERT_EQ(take(identifyCompiler(path, identity)), "");
  EXPECT_EQ(identity.find("libstdc++.so.6 "), 0u);
  EXPECT_NE(identity.find("\nlibm.so.6 "), std::string::npos);
  EXPECT_NE(identity.find("\nlibc.so.6 "), std::string::npos);
  // The id stands in the notes, not in the name: another file has another one.
  std::string copy = write("libstdc++.so.6", read(path)), same;
  ASSERT_EQ(take(identifyCompiler(copy, same)), "");
  EXPECT_EQ(same, identity);
  std::string bytes = read(path), id = identifyElf(path);
  std::string raw;
  for (size_t i = 0; i < id.size(); i += 2)
    raw += char(std::stoi(id.substr(i, 2), nullptr, 16));
  size_t at = bytes.find(raw);
  ASSERT_NE(at, std::string::npos);
  bytes[at] ^= 1;
  ASSERT_EQ(take(identifyCompiler(write("libstdc++.so.6", bytes), same)), "");
  EXPECT_NE(same, identity);
}

TEST_F(IdentityTest, OfCompilersNamesWhatIsMissing) {
  std::string identity;
  EXPECT_EQ(take(identifyCompiler(folder + "/none.so", identity)),
            "cannot read '" + folder + "/none.so', which the compiler '" +
                folder + "/none.so' needs");
  // Damaged files: a hash of their contents, never a crash.
  std::mt19937 random(11);
  std::string bytes = read("/proc/self/exe").substr(0, 1 << 16);
  for (int i = 0; i < 500; ++i) {
    std::string path = write("damaged.so", mutate(bytes, random));
    twStatusDestroy(identifyCompiler(path, identity));
  }
}

/// Every session that links with comgr asks, and its compiler loads it again.
TEST_F(IdentityTest, OfComgrCanBeAskedForOften) {
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(identifyTools(nullptr, "gfx942", "comgr").size(), 1u);
}

TEST_F(IdentityTest, OfToolsFollowsThePath) {
  std::string old = std::getenv("PATH") ? std::getenv("PATH") : "";
  setenv("PATH", folder.c_str(), 1);
  chmod(write("ptxas", "one").c_str(), 0755);
  std::vector<NamedText> one = identifyTools(nullptr, "sm_90", "");
  chmod(write("ptxas", "two").c_str(), 0755);
  std::vector<NamedText> two = identifyTools(nullptr, "sm_90", "");
  EXPECT_TRUE(identifyTools(nullptr, "gfx942", "").empty());
  setenv("PATH", old.c_str(), 1);
  ASSERT_EQ(one.size(), 1u);
  ASSERT_EQ(two.size(), 1u);
  std::vector<NamedText> comgr = identifyTools(nullptr, "gfx942", "comgr");
  ASSERT_EQ(comgr.size(), 1u) << "libamd_comgr is in scripts/packages.txt";
  EXPECT_EQ(comgr[0].name.find("libamd_comgr.so."), 0u);
  EXPECT_EQ(one[0].name, "ptxas");
  EXPECT_NE(one[0].text, two[0].text);
}
