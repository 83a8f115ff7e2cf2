// SealTest.cpp - entries of shared layers with, without and with a wrong seal.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cache/Seal.h"
#include "CacheFixture.h"
#include "FakeServer.h"
#include "cache/Entry.h"
#include "cache/Storage.h"
#include <sys/stat.h>

using namespace tilewright::rt;

namespace {

const std::string kSecret = "0123456789abcdef", kOther = "0123456789abcdeg";

std::unique_ptr<Sealer> makeSealer(const std::string &secret) {
  std::unique_ptr<Sealer> sealer;
  EXPECT_EQ(take(Sealer::create(bytesOf(secret), sealer)), "");
  return sealer;
}

std::string toHex(const std::string &bytes) {
  std::string text;
  char digits[3];
  for (unsigned char byte : bytes) {
    std::snprintf(digits, sizeof(digits), "%02x", byte);
    text += digits;
  }
  return text;
}

// Made with Python: hashlib.blake2b(data, digest_size=32,
// key=hashlib.blake2b(secret, digest_size=64).digest()).
TEST(SealerTest, ATrailerToTheByte) {
  auto sealer = makeSealer(kSecret);
  std::string bytes = sealer->seal("entry");
  ASSERT_EQ(bytes.size(), 5u + 64u);
  EXPECT_EQ(bytes.substr(0, 5), "entry");
  EXPECT_EQ(toHex(bytes.substr(5, 32)), "54575345414c0000"
                                        "0100000000000000"
                                        "0500000000000000"
                                        "0000000000000000");
  EXPECT_EQ(toHex(bytes.substr(37)),
            "38a344eb566aa41f406736baa11004768c018fc758696e142a3673859f2d15b6");
}

TEST(SealerTest, EveryBitCounts) {
  auto sealer = makeSealer(kSecret), other = makeSealer(kOther);
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value"));
  std::string good = sealer->seal(entry);
  EXPECT_TRUE(sealer->isRight(good));
  EXPECT_FALSE(other->isRight(good));
  EXPECT_FALSE(sealer->isRight(entry));
  EXPECT_FALSE(sealer->isRight(""));
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] ^= char(1 << bit % 8);
    ASSERT_FALSE(sealer->isRight(bad)) << "bit " << bit;
  }
  for (size_t size = 0; size < good.size(); ++size)
    ASSERT_FALSE(sealer->isRight(good.substr(0, size)));
  EXPECT_FALSE(sealer->isRight(good + "x"));
  EXPECT_FALSE(sealer->isRight("x" + good));
  // A seal of one entry is none of another.
  std::string another = writeEntry(bytesOf("kez"), bytesOf("value"));
  EXPECT_FALSE(sealer->isRight(another + good.substr(entry.size())));
}

TEST(SealerTest, HostileBytes) {
  auto sealer = makeSealer(kSecret);
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value"));
  std::string good = sealer->seal(entry);
  std::mt19937 random(7);
  TwBytes key = {"key", 3}, value;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = mutate(good, random);
    ASSERT_EQ(sealer->isRight(bytes), bytes == good) << i;
    // Without a secret: the trailer's hash alone may be anything.
    if (readEntry(bytes, &key, value) == EntryState::Good) {
      std::string text(static_cast<const char *>(value.data), value.size);
      ASSERT_EQ(text, "value") << i;
    }
  }
}

TEST(SealerTest, AReaderWithoutASecretTakesASealedEntry) {
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value"));
  std::string sealed = makeSealer(kSecret)->seal(entry);
  TwBytes key = {"key", 3}, value;
  ASSERT_EQ(readEntry(sealed, &key, value), EntryState::Good);
  EXPECT_EQ(value.size, 5u);
  EXPECT_EQ(getEntryBytes(sealed), entry.size());
  // A half of a trailer, two of them, or another's length.
  for (const std::string &bad :
       {sealed.substr(0, sealed.size() - 1),
        sealed + sealed.substr(entry.size()), entry + std::string(64, '\0'),
        entry +
            makeSealer(kSecret)->seal(entry + "x").substr(entry.size() + 1)})
    EXPECT_EQ(readEntry(bad, &key, value), EntryState::Damaged);
  // A value that looks like a trailer is a value.
  std::string tail = sealed.substr(entry.size());
  std::string tricky = writeEntry(bytesOf("key"), bytesOf("value" + tail));
  ASSERT_EQ(readEntry(tricky, &key, value), EntryState::Good);
  EXPECT_EQ(value.size, 69u);
}

TEST(SealerTest, Secrets) {
  std::unique_ptr<Sealer> sealer;
  EXPECT_EQ(take(Sealer::create(bytesOf("short"), sealer)),
            "expected a secret of 16 to 4096 bytes, but got 5");
  EXPECT_EQ(take(Sealer::create(bytesOf(std::string(4097, 'x')), sealer)),
            "expected a secret of 16 to 4096 bytes, but got 4097");
  EXPECT_EQ(sealer, nullptr);
  // All bytes of a long one count.
  std::string a(4096, 'x'), b = a;
  b.back() = 'y';
  EXPECT_FALSE(makeSealer(b)->isRight(makeSealer(a)->seal("entry")));
}

struct SealTest : CacheTest {
  std::string shared, url;

  void SetUp() override {
    CacheTest::SetUp();
    shared = folder + "-shared";
    TwCacheOptions options = {};
    options.folder = shared.c_str();
    TwCache other = nullptr;
    ASSERT_EQ(take(twCacheOpen(&options, &other)), "");
    ASSERT_EQ(take(twCachePut(other, bytesOf("key"), bytesOf("value"))), "");
    twCacheClose(other);
  }
  void TearDown() override {
    CacheTest::TearDown();
    fs::remove_all(shared);
  }
  /// Opens with the shared folder and a secret; "" is none.
  void openWith(const std::string &secret, TwCacheOptions options = {}) {
    const char *folders[] = {shared.c_str()};
    options.sharedFolders = folders;
    options.numSharedFolders = 1;
    options.secret = secret.data();
    options.secretBytes = secret.size();
    fs::remove_all(folder + "/v1");
    open(options);
  }
};

TEST_F(SealTest, SharedEntries) {
  openWith("");
  EXPECT_EQ(get("key"), "value");
  openWith(kSecret);
  EXPECT_EQ(get("key"), "(none)"); // no seal
  EXPECT_EQ(count().shared.rejected, 1u);
  EXPECT_EQ(count().shared.damaged, 0u);
  EXPECT_EQ(count().damaged, 0u);
  EXPECT_EQ(count().misses, 1u);
  fs::path path = listEntries(shared).at(0);
  EXPECT_EQ(describeMiss(cache, bytesOf("key")),
            "'" + path.string() + "' has not the seal of the cache's secret");
  std::string entry = readAll(path);
  writeAll(path, makeSealer(kSecret)->seal(entry));
  openWith(kSecret);
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(count().shared.hits, 1u);
  EXPECT_EQ(readAll(listEntries().at(0)), entry); // the seal is taken off
  openWith(kOther);
  EXPECT_EQ(get("key"), "(none)");
  EXPECT_EQ(count().shared.rejected, 1u);
  openWith("");
  EXPECT_EQ(get("key"), "value");
  // The folder is its owner's: what is in there needs no seal.
  openWith(kSecret);
  put("own", "value");
  TwCacheOptions options = {};
  options.secret = kSecret.data();
  options.secretBytes = kSecret.size();
  open(options);
  EXPECT_EQ(get("own"), "value");
}

TEST_F(SealTest, ASealedEntryOfAnotherKeyIsAbsent) {
  fs::path path = listEntries(shared).at(0);
  std::string another = writeEntry(bytesOf("kez"), bytesOf("wrong"));
  writeAll(path, makeSealer(kSecret)->seal(another));
  openWith(kSecret);
  EXPECT_EQ(get("key"), "(none)");
  EXPECT_EQ(count().shared.absent, 1u);
}

TEST_F(SealTest, WhatIsSentToRedisIsSealed) {
  std::string asked;
  FakeServer server(folder + "-socket", [&](const std::string &request) {
    asked = request;
    return "+OK\r\n";
  });
  url = server.getUrl();
  TwCacheOptions options = {};
  options.redis = url.c_str();
  options.redisCommandMs = 60000;
  openWith(kSecret, options);
  put("key", "value");
  std::string sealed =
      makeSealer(kSecret)->seal(writeEntry(bytesOf("key"), bytesOf("value")));
  EXPECT_NE(asked.find("\r\n" + sealed + "\r\n"), std::string::npos);
  EXPECT_EQ(count().redis.writtenBytes, sealed.size());
}

TEST_F(SealTest, WhatRedisHasMustBeSealed) {
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value")), reply;
  FakeServer server(folder + "-socket", [&](const std::string &) {
    return "$" + std::to_string(reply.size()) + "\r\n" + reply + "\r\n";
  });
  url = server.getUrl();
  TwCacheOptions options = {};
  options.redis = url.c_str();
  options.redisCommandMs = 60000;
  openWith(kSecret, options);
  fs::remove_all(shared + "/v1");
  auto expectRejected = [&](const std::string &bytes) {
    reply = bytes;
    uint64_t before = count().redis.rejected;
    EXPECT_EQ(get("key"), "(none)");
    EXPECT_EQ(count().redis.rejected, before + 1);
  };
  expectRejected(entry);
  expectRejected("no entry");
  expectRejected(makeSealer(kOther)->seal(entry));
  reply = makeSealer(kSecret)->seal(entry);
  std::string flipped = reply;
  flipped[70] ^= 1;
  std::string good = reply;
  expectRejected(flipped);
  reply = good;
  EXPECT_EQ(get("key"), "value");
}

TEST_F(SealTest, ASecretsFile) {
  std::string path = folder + "/secret";
  writeAll(path, kSecret);
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  fs::path entry = listEntries(shared).at(0);
  writeAll(entry, makeSealer(kSecret)->seal(readAll(entry)));
  setenv("TILEWRIGHT_CACHE_SECRET_FILE", path.c_str(), 1);
  setenv("TILEWRIGHT_CACHE_SHARED", shared.c_str(), 1);
  open();
  EXPECT_EQ(get("key"), "value");
  auto tryToOpen = [&] {
    TwCacheOptions options = {};
    options.folder = folder.c_str();
    TwCache other = nullptr;
    std::string message = take(twCacheOpen(&options, &other));
    twCacheClose(other);
    return message;
  };
  for (mode_t mode : {0640, 0604, 0620, 0602}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    EXPECT_EQ(tryToOpen(), "others than its owner have rights to secret file "
                           "'" +
                               path + "': take them away");
  }
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  writeAll(path, "fifteen bytes..");
  EXPECT_EQ(tryToOpen(), "expected a secret of 16 to 4096 bytes in '" + path +
                             "', but got 15");
  writeAll(path, std::string(5000, 'x'));
  EXPECT_EQ(tryToOpen(), "expected a secret of 16 to 4096 bytes in '" + path +
                             "', but got more");
  if (geteuid() == 0) {
    ASSERT_EQ(chown(path.c_str(), 12345, getgid()), 0);
    EXPECT_EQ(tryToOpen(),
              "secret file '" + path + "' belongs to user 12345, not to 0");
  }
  fs::remove(path);
  EXPECT_EQ(tryToOpen(), "cannot read secret file '" + path +
                             "': No such file or directory");
  fs::create_directory(path);
  ASSERT_EQ(chmod(path.c_str(), 0700), 0);
  EXPECT_EQ(tryToOpen(), "secret file '" + path + "' is no file");
  openWith(kOther); // the option comes first
  EXPECT_EQ(get("key"), "(none)");
  openWith(""); // and may say none
  EXPECT_EQ(get("key"), "value");
  unsetenv("TILEWRIGHT_CACHE_SECRET_FILE");
  unsetenv("TILEWRIGHT_CACHE_SHARED");
}

TEST_F(SealTest, AMissingOrWrongLibraryIsSaid) {
  TwCacheOptions options = {};
  options.secret = kSecret.data();
  options.secretBytes = kSecret.size();
  expectNoLibrary("TILEWRIGHT_SODIUM", "/nowhere/libsodium.so", options,
                  "cannot load libsodium '/nowhere/libsodium.so': ");
  expectNoLibrary("TILEWRIGHT_SODIUM", "libc.so.6", options,
                  "libsodium lacks sodium_init, crypto_generichash, "
                  "sodium_memcmp");
}

} // namespace
