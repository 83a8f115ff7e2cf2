// TransferTest.cpp - a cache's folder is exported and imported.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CacheFixture.h"
#include <sys/stat.h>

namespace {

const std::string kSecret = "0123456789abcdef", kOther = "0123456789abcdeg";

struct TransferTest : CacheTest {
  std::string target, otherFolder;

  void SetUp() override {
    CacheTest::SetUp();
    target = folder + "-export";
    otherFolder = folder + "-other";
    for (int i = 0; i < 5; ++i)
      put("key " + std::to_string(i), "value " + std::to_string(i));
  }
  void TearDown() override {
    CacheTest::TearDown();
    fs::remove_all(target);
    fs::remove_all(otherFolder);
  }
  static TwCacheOptions with(const std::string &secret) {
    TwCacheOptions options = {};
    options.secret = secret.data();
    options.secretBytes = secret.size();
    return options;
  }
  TwCacheTransfer exportTo(const std::string &path) {
    TwCacheTransfer transfer;
    EXPECT_EQ(take(twCacheExport(cache, path.c_str(), &transfer)), "");
    return transfer;
  }
  /// Imports what was exported into another folder, which is open then.
  TwCacheTransfer importInto(TwCacheOptions options) {
    twCacheClose(cache);
    cache = nullptr;
    options.folder = otherFolder.c_str();
    EXPECT_EQ(take(twCacheOpen(&options, &cache)), "");
    TwCacheTransfer transfer;
    EXPECT_EQ(take(twCacheImport(cache, target.c_str(), &transfer)), "");
    return transfer;
  }
};

TEST_F(TransferTest, ThereAndBack) {
  TwCacheTransfer transfer = exportTo(target);
  EXPECT_EQ(transfer.numEntries, 5u);
  uint64_t bytes = 0;
  for (const fs::path &path : listEntries(target))
    bytes += fs::file_size(path);
  EXPECT_EQ(transfer.numBytes, bytes);
  EXPECT_FALSE(fs::exists(target + "/v1/tmp"));
  // It may be moved.
  fs::rename(target, target + "-moved");
  fs::rename(target + "-moved", target);
  transfer = importInto({});
  EXPECT_EQ(transfer.numEntries, 5u);
  EXPECT_EQ(transfer.numBytes, bytes);
  EXPECT_EQ(transfer.numKept, 0u);
  EXPECT_EQ(get("key 3"), "value 3");
  EXPECT_EQ(count().folderHits, 1u);
}

TEST_F(TransferTest, OthersMayReadAnExport) {
  mode_t old = umask(022);
  exportTo(target);
  umask(old);
  struct stat info;
  for (const auto &file : fs::recursive_directory_iterator(target)) {
    ASSERT_EQ(stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777, file.is_directory() ? 0755u : 0644u);
  }
  ASSERT_EQ(stat(listEntries().at(0).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

TEST_F(TransferTest, AnExportIsASharedFolder) {
  open(with(kSecret));
  exportTo(target);
  const char *folders[] = {target.c_str()};
  for (const std::string &secret : {kSecret, kOther, std::string()}) {
    fs::remove_all(folder + "/v1");
    TwCacheOptions options = with(secret);
    options.sharedFolders = folders;
    options.numSharedFolders = 1;
    open(options);
    EXPECT_EQ(get("key 1"), secret == kOther ? "(none)" : "value 1");
    EXPECT_EQ(count().shared.rejected, secret == kOther ? 1u : 0u);
  }
}

TEST_F(TransferTest, OnlyTheRightSealIsImported) {
  open(with(kSecret));
  exportTo(target);
  TwCacheTransfer transfer = importInto(with(kOther));
  EXPECT_EQ(transfer.numRejected, 5u);
  EXPECT_EQ(transfer.numEntries, 0u);
  EXPECT_TRUE(listEntries(otherFolder).empty());
  transfer = importInto(with(kSecret));
  EXPECT_EQ(transfer.numEntries, 5u);
  // The seals are taken off: each is as it was.
  for (const fs::path &path : listEntries(otherFolder))
    EXPECT_EQ(readAll(path),
              readAll(fs::path(folder) / fs::relative(path, otherFolder)));
}

TEST_F(TransferTest, WithoutASecretNothingIsSealed) {
  exportTo(target);
  TwCacheTransfer transfer = importInto(with(kSecret));
  EXPECT_EQ(transfer.numRejected, 5u);
  EXPECT_EQ(transfer.numEntries, 0u);
}

TEST_F(TransferTest, WhatIsThereIsKept) {
  exportTo(target);
  TwCacheTransfer transfer = importInto({});
  put("key 1", "own");
  fs::path broken = listEntries(otherFolder).at(0);
  bool isOfKey1 = readAll(broken).find("key 1") != std::string::npos;
  if (isOfKey1)
    broken = listEntries(otherFolder).at(1);
  writeAll(broken, "broken");
  transfer = importInto({});
  EXPECT_EQ(transfer.numKept, 4u);
  EXPECT_EQ(transfer.numEntries, 1u); // instead of the broken one
  EXPECT_EQ(get("key 1"), "own");
  for (int i : {0, 2, 3, 4})
    EXPECT_EQ(get("key " + std::to_string(i)), "value " + std::to_string(i));
}

TEST_F(TransferTest, DamagedEntriesAreRefused) {
  exportTo(target);
  std::vector<fs::path> paths = listEntries(target);
  std::string bytes = readAll(paths[0]);
  bytes[70] ^= 1;
  writeAll(paths[0], bytes);
  writeAll(paths[1], "");
  writeAll(paths[2], readAll(paths[3])); // under another's name
  writeAll(target + "/v1/README", "not ours");
  TwCacheTransfer transfer = importInto({});
  EXPECT_EQ(transfer.numDamaged, 3u);
  EXPECT_EQ(transfer.numEntries, 2u);
  EXPECT_EQ(listEntries(otherFolder).size(), 2u);
  EXPECT_FALSE(fs::exists(otherFolder + "/v1/README"));
}

TEST_F(TransferTest, DamagedEntriesAreNotExported) {
  fs::path path = listEntries().at(0);
  writeAll(path, readAll(path) + "x");
  TwCacheTransfer transfer = exportTo(target);
  EXPECT_EQ(transfer.numDamaged, 1u);
  EXPECT_EQ(transfer.numEntries, 4u);
}

/// What is known of files of one machine: by device, inode and times, which
/// another may have for another file.
TEST_F(TransferTest, WhatIsOfOneMachineStays) {
  const std::string local = "tilewright-key 1 file\ndevice 1\n8\ninode 1\n5\n";
  put(local, "hash");
  TwCacheTransfer transfer = exportTo(target);
  EXPECT_EQ(transfer.numEntries, 5u);
  EXPECT_EQ(transfer.numLocal, 1u);
  // A foreign folder may have it.
  for (const fs::path &path : listEntries())
    if (readAll(path).find(local) != std::string::npos) {
      fs::path place = fs::path(target) / fs::relative(path, folder);
      fs::create_directories(place.parent_path());
      fs::copy_file(path, place);
    }
  ASSERT_EQ(listEntries(target).size(), 6u);
  transfer = importInto({});
  EXPECT_EQ(transfer.numEntries, 5u);
  EXPECT_EQ(transfer.numLocal, 1u);
  EXPECT_EQ(get(local), "(none)");
  EXPECT_EQ(get("key 3"), "value 3");
}

TEST_F(TransferTest, Refuses) {
  TwCacheTransfer transfer;
  auto tryExport = [&](const std::string &path) {
    return take(twCacheExport(cache, path.c_str(), &transfer));
  };
  auto tryImport = [&](const std::string &path) {
    return take(twCacheImport(cache, path.c_str(), &transfer));
  };
  EXPECT_EQ(tryExport(folder + "/."),
            "expected a folder to export to, but got the cache's own, '" +
                folder + "/.'");
  EXPECT_EQ(tryExport("/dev/null/x"),
            "cannot make export folder '/dev/null/x': Not a directory");
  EXPECT_EQ(tryExport(""), "expected a cache, a folder and a place for counts");
  EXPECT_EQ(tryImport(""), "expected a cache, a folder and a place for counts");
  EXPECT_EQ(tryImport(target), "cannot open import folder '" + target +
                                   "': No such file or directory");
  fs::create_directory(target);
  EXPECT_EQ(tryImport(target), "expected a folder 'v1' in import folder '" +
                                   target + "': No such file or directory");
  ASSERT_EQ(chmod(target.c_str(), 0777), 0);
  const std::string everybody = "everybody may write to ",
                    trusted = "': what it holds cannot be trusted";
  EXPECT_EQ(tryExport(target),
            everybody + "export folder '" + target + trusted);
  EXPECT_EQ(tryImport(target),
            everybody + "import folder '" + target + trusted);
  // A seal says more than the folder's owner.
  fs::create_directory(target + "/v1");
  open(with(kSecret));
  EXPECT_EQ(tryImport(target), "");
  TwCacheOptions options = {};
  options.isReadOnly = 1;
  open(options);
  EXPECT_EQ(tryImport(target),
            "cache folder '" + folder + "' was opened to be read alone");
}

} // namespace
