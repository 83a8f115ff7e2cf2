// RedisTest.cpp - a cache whose Redis server is away, late or wrong.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// test/Integration/test_cache_redis.py has a real server.
#include "CacheFixture.h"
#include "FakeServer.h"
#include "cache/Circuit.h"
#include "cache/Entry.h"
#include "cache/RedisConnection.h"
#include "cache/Storage.h"
#include <chrono>
#include <thread>

using namespace tilewright::rt;

namespace {

std::string bulk(const std::string &text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

struct RedisTest : CacheTest {
  TwCacheOptions options = {};

  void openWith(const FakeServer &server) {
    ASSERT_TRUE(server.isGood);
    url = server.getUrl();
    options.redis = url.c_str();
    // Where a test is not about time, a busy machine must not be.
    for (uint32_t *limit : {&options.redisConnectMs, &options.redisCommandMs,
                            &options.redisRetryMs})
      if (!*limit)
        *limit = 60000;
    open(options);
  }
  std::string getPath() const { return folder + "-socket"; }
  /// What a get of "key" counts where the server answers `reply`.
  TwCacheLayerCounters countAnswer(const std::string &reply) {
    FakeServer server(getPath(), [&](const std::string &) { return reply; });
    openWith(server);
    EXPECT_EQ(get("key"), "(none)") << reply;
    EXPECT_EQ(count().misses, 1u);
    reason = describeMiss(cache, bytesOf("key"));
    TwCacheLayerCounters counters = count().redis;
    EXPECT_EQ(counters.hits, 0u);
    twCacheClose(cache);
    cache = nullptr;
    return counters;
  }
  std::string url;
  std::string reason; ///< of describeMiss, after countAnswer
};

int64_t measureMs(const std::function<void()> &function) {
  int64_t start = getMilliseconds();
  function();
  return getMilliseconds() - start;
}

TEST_F(RedisTest, AHitIsPutIntoTheFolder) {
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value"));
  std::string asked;
  FakeServer server(getPath(), [&](const std::string &request) {
    asked = request;
    return bulk(entry);
  });
  openWith(server);
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(asked, "*4\r\n$8\r\nGETRANGE\r\n$45\r\ntilewright:1:" +
                       getEntryName(bytesOf("key")) +
                       "\r\n$1\r\n0\r\n$8\r\n16777216\r\n");
  EXPECT_EQ(server.numRequests, 1u);
  EXPECT_EQ(count().redis.hits, 1u);
  EXPECT_EQ(count().redis.readBytes, entry.size());
  EXPECT_EQ(count().folder.writes, 1u);
  ASSERT_EQ(listEntries().size(), 1u);
  EXPECT_EQ(readAll(listEntries().at(0)), entry);
}

TEST_F(RedisTest, APutIsSent) {
  std::string asked;
  FakeServer server(getPath(), [&](const std::string &request) {
    asked = request;
    return "+OK\r\n";
  });
  options.redisTtlSeconds = 77;
  options.redisMaxBytes = 1000;
  openWith(server);
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value"));
  put("key", "value");
  EXPECT_EQ(asked, "*5\r\n$3\r\nSET\r\n$45\r\ntilewright:1:" +
                       getEntryName(bytesOf("key")) + "\r\n" + bulk(entry) +
                       "$2\r\nEX\r\n$2\r\n77\r\n");
  EXPECT_EQ(count().redis.writes, 1u);
  EXPECT_EQ(count().redis.writtenBytes, entry.size());
  put("large", std::string(1000, 'x')); // more than may be
  EXPECT_EQ(server.numRequests, 1u);
  EXPECT_EQ(count().redis.writes, 1u);
  EXPECT_EQ(count().redis.failedWrites, 0u);
  options.isReadOnly = 1;
  open(options);
  put("another", "value");
  EXPECT_EQ(server.numRequests, 1u);
}

TEST_F(RedisTest, Answers) {
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value"));
  EXPECT_EQ(countAnswer(bulk("")).absent, 1u);
  EXPECT_EQ(countAnswer("$-1\r\n").absent, 1u);
  EXPECT_EQ(reason, "");
  EXPECT_EQ(countAnswer(bulk("no entry")).damaged, 1u);
  EXPECT_EQ(reason, "the entry of its Redis server is damaged");
  EXPECT_EQ(countAnswer(bulk(entry.substr(0, 80))).damaged, 1u);
  EXPECT_EQ(countAnswer(bulk(entry + "x")).damaged, 1u);
  // Of another key, as if both had one hash.
  EXPECT_EQ(
      countAnswer(bulk(writeEntry(bytesOf("kez"), bytesOf("value")))).absent,
      1u);
  options.redisCommandMs = 200; // some of these look as if more came
  for (const char *wrong :
       {"-WRONGTYPE\r\n", "+OK\r\n", ":12\r\n", "*0\r\n", "garbage\r\n",
        "$99999999999999999999\r\n", "$-7\r\n", "*1000000000\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "\r\n",
        FakeServer::kHangUp})
    EXPECT_EQ(countAnswer(wrong).unreachable, 1u) << wrong;
  EXPECT_EQ(reason, "its Redis server did not answer");
}

TEST_F(RedisTest, EveryFlippedBitIsAMiss) {
  std::string good = writeEntry(bytesOf("key"), bytesOf("value")), bad;
  FakeServer server(getPath(), [&](const std::string &) { return bulk(bad); });
  openWith(server);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    bad = good;
    bad[bit / 8] ^= char(1 << bit % 8);
    ASSERT_EQ(get("key"), "(none)") << "bit " << bit;
  }
  EXPECT_EQ(count().redis.damaged, good.size() * 8);
  bad = good;
  EXPECT_EQ(get("key"), "value"); // the connection is as good as before
  EXPECT_EQ(server.numConnections, 1u);
}

TEST_F(RedisTest, HostileAnswers) {
  std::string entry = bulk(writeEntry(bytesOf("key"), bytesOf("value")));
  std::mt19937 random(1);
  std::string reply;
  FakeServer server(getPath(), [&](const std::string &) { return reply; });
  options.redisCommandMs = 3; // what is cut off never ends
  options.redisRetryMs = 1;
  options.maxMemoryBytes = 1;
  openWith(server);
  for (int i = 0; i < 500; ++i) {
    {
      std::lock_guard<std::mutex> lock(server.mutex);
      reply = mutate(entry, random);
    }
    fs::remove_all(folder + "/v1");
    std::string got = get("key");
    ASSERT_TRUE(got == "(none)" || got == "value") << i;
    usleep(2000); // longer than a server that failed is not asked
  }
  EXPECT_GT(server.numRequests, 300u);
}

TEST_F(RedisTest, IsNotToldOfThisMachine) {
  FakeServer server(getPath(), [](const std::string &) { return "$-1\r\n"; });
  openWith(server);
  const std::string local = "tilewright-key 1 file\ninode 1\n5\n";
  EXPECT_EQ(get(local), "(none)");
  put(local, "hash");
  EXPECT_EQ(server.numRequests, 0u);
  EXPECT_EQ(get(local + "other"), "(none)");
  EXPECT_EQ(server.numRequests, 0u);
  EXPECT_EQ(get("tilewright-key 1 files\n"), "(none)");
  EXPECT_EQ(server.numRequests, 1u);
}

TEST_F(RedisTest, TooMuchIsCutOff) {
  std::string large = bulk(std::string(100000, 'x'));
  FakeServer server(getPath(), [&](const std::string &) { return large; });
  options.redisMaxBytes = 2000;
  openWith(server);
  EXPECT_EQ(get("key"), "(none)");
  EXPECT_EQ(count().redis.unreachable, 1u);
}

// A server that does not cut it as it was asked to.
TEST_F(RedisTest, AnEntryOverTheBoundIsNotTaken) {
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value"));
  options.redisMaxBytes = entry.size() - 1;
  EXPECT_EQ(countAnswer(bulk(entry)).damaged, 1u);
}

// It accepts, and never answers: the time-out, and then no more waiting.
TEST_F(RedisTest, ASilentServer) {
  FakeServer server(getPath(), [](const std::string &) { return ""; });
  options.redisCommandMs = 60;
  openWith(server);
  int64_t first = measureMs([&] { EXPECT_EQ(get("key"), "(none)"); });
  EXPECT_GE(first, 55);
  EXPECT_LT(first, 3000);
  int64_t more = measureMs([&] {
    for (int i = 0; i < 100; ++i)
      EXPECT_EQ(get("key"), "(none)");
    put("a", "value");
  });
  EXPECT_LT(more, 3000); // and not 101 times as long as the first
  EXPECT_EQ(server.numRequests, 1u);
  EXPECT_EQ(count().redis.unreachable, 101u);
  EXPECT_EQ(count().redis.failedWrites, 1u);
  EXPECT_EQ(count().warnings, 0u);
}

// Each byte is in time, but not all of them.
TEST_F(RedisTest, ADrippingServer) {
  std::string entry = bulk(writeEntry(bytesOf("key"), bytesOf("value")));
  FakeServer server(
      getPath(), [&](const std::string &) { return entry; }, /*pauseMs=*/20);
  options.redisCommandMs = 60;
  openWith(server);
  EXPECT_LT(measureMs([&] { EXPECT_EQ(get("key"), "(none)"); }), 1000);
  EXPECT_EQ(count().redis.unreachable, 1u);
}

// It does not read what is sent: a put must not wait for it.
TEST_F(RedisTest, AServerThatDoesNotRead) {
  std::string path = getPath();
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(
      bind(listener, reinterpret_cast<sockaddr *>(&address), sizeof(address)),
      0);
  ASSERT_EQ(listen(listener, 4), 0);
  url = "unix://" + path;
  options.redis = url.c_str();
  options.redisCommandMs = 50;
  open(options);
  std::string large(8 << 20, 'x');
  EXPECT_LT(measureMs([&] { put("key", large); }), 2000);
  EXPECT_EQ(count().redis.failedWrites, 1u);
  close(listener);
  unlink(path.c_str());
}

// It goes while it is sent to: no signal ends this process.
TEST_F(RedisTest, AServerThatGoesDuringAPut) {
  FakeServer server(getPath(),
                    [](const std::string &) { return FakeServer::kHangUp; });
  openWith(server);
  put("key", std::string(8 << 20, 'x'));
  EXPECT_EQ(count().redis.failedWrites, 1u);
}

// hiredis would make room for all that it claims, and wait for it.
TEST_F(RedisTest, AnArrayIsNotWaitedFor) {
  options.redisCommandMs = 20000;
  int64_t time = measureMs(
      [&] { EXPECT_EQ(countAnswer("*1000000000\r\n").unreachable, 1u); });
  EXPECT_LT(time, 10000);
}

TEST_F(RedisTest, AServerThatIsAway) {
  url = "unix://" + getPath();
  options.redis = url.c_str();
  open(options);
  put("key", "value");
  EXPECT_EQ(get("none"), "(none)");
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(count().redis.failedWrites, 1u);
  EXPECT_EQ(count().redis.unreachable, 1u);
}

// A server that comes back is used again, and one that closed the connection
// meanwhile costs nothing.
TEST_F(RedisTest, AServerThatComesBack) {
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value"));
  auto answer = [&](const std::string &) { return bulk(entry); };
  options.redisRetryMs = 500;
  options.isReadOnly = 1;
  options.maxMemoryBytes = 1;
  {
    FakeServer server(getPath(), answer);
    openWith(server);
    EXPECT_EQ(get("key"), "value");
  }
  EXPECT_EQ(get("key"), "(none)"); // away
  EXPECT_EQ(count().redis.unreachable, 1u);
  FakeServer server(getPath(), answer);
  EXPECT_EQ(get("key"), "(none)"); // not asked yet
  EXPECT_EQ(server.numConnections, 0u);
  std::this_thread::sleep_for(std::chrono::milliseconds(510));
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(get("key"), "value"); // as if nothing had been
}

TEST_F(RedisTest, AConnectionThatWasClosedIsMadeAnew) {
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value"));
  int number = 0;
  FakeServer server(getPath(), [&](const std::string &) {
    return number++ == 1 ? FakeServer::kHangUp : bulk(entry);
  });
  options.isReadOnly = 1;
  options.maxMemoryBytes = 1;
  openWith(server);
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(server.numConnections, 2u);
  EXPECT_EQ(count().redis.unreachable, 0u);
}

// An answer that nobody waits for must not be taken for the next one's.
TEST_F(RedisTest, AnswersThatNobodyAskedFor) {
  std::string entry = writeEntry(bytesOf("key"), bytesOf("value"));
  FakeServer server(getPath(), [&](const std::string &request) {
    return request.find("SET") != std::string::npos
               ? "+OK\r\n"
               : bulk(entry) + bulk("more");
  });
  options.isReadOnly = 1;
  options.maxMemoryBytes = 1;
  openWith(server);
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(get("key"), "value");
  EXPECT_EQ(server.numConnections, 2u);
}

TEST_F(RedisTest, SaysWhoItIs) {
  // In one piece each: the answer has to be there before the next is sent.
  std::vector<std::string> asked;
  FakeServer server(getPath(), [&](const std::string &request) {
    asked.push_back(request);
    return "+OK\r\n";
  });
  RedisAddress address;
  ASSERT_EQ(take(parseRedisAddress("redis://u:p@h/3", address)), "");
  address.path = getPath();
  const RedisApi *api = nullptr;
  ASSERT_EQ(take(loadRedisApi(&api)), "");
  auto connection =
      RedisConnection::open(*api, address, {1000, 1000, 1000, 0, 1000});
  ASSERT_NE(connection, nullptr);
  EXPECT_EQ(asked.at(0), "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n");
  EXPECT_EQ(asked.at(1), "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n");
}

TEST_F(RedisTest, Addresses) {
  auto parse = [](const std::string &text) {
    RedisAddress a;
    std::string message = take(parseRedisAddress(text, a));
    if (!message.empty())
      return message;
    return a.path + "|" + a.host + "|" + std::to_string(a.port) + "|" +
           std::to_string(a.database) + "|" + a.user + "|" + a.password;
  };
  EXPECT_EQ(parse("unix:///run/redis.sock"), "/run/redis.sock||6379|0||");
  EXPECT_EQ(parse("redis://host"), "|host|6379|0||");
  EXPECT_EQ(parse("redis://host/"), "|host|6379|0||");
  EXPECT_EQ(parse("redis://10.0.0.1:1234/15"), "|10.0.0.1|1234|15||");
  EXPECT_EQ(parse("redis://[::1]:1234/1"), "|::1|1234|1||");
  EXPECT_EQ(parse("redis://[::1]"), "|::1|6379|0||");
  EXPECT_EQ(parse("redis://:p@ss:/@host:1/2"), "|host|1|2||p@ss:/");
  EXPECT_EQ(parse("redis://user:pass@host"), "|host|6379|0|user|pass");
  const std::string expected =
      "expected a Redis server as "
      "'redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]' or 'unix:///PATH', "
      "but got '";
  for (const char *text :
       {"", "host", "http://host", "redis://", "redis://:12", "redis://h:",
        "redis://h:0", "redis://h:65536", "redis://h:1x", "redis://h:-1",
        "redis://h/x", "redis://h/1/2", "redis://[::1", "redis://[::1]x",
        "unix://", "unix:///", "unix://relative", "redis://h:99999999999"})
    EXPECT_EQ(parse(text), expected + text + "'");
  const std::string longest = "/" + std::string(106, 'p');
  EXPECT_EQ(parse("unix://" + longest), longest + "||6379|0||");
  EXPECT_EQ(parse("unix://" + longest + "p"),
            expected + "unix://" + longest + "p'");
  EXPECT_EQ(parse("redis://user:pass@host:x"),
            expected + "redis://...@host:x'");
  EXPECT_EQ(parse("redis://user@host"), expected + "redis://...@host'");
}

TEST_F(RedisTest, AMissingOrWrongLibraryIsSaid) {
  options.redis = "redis://localhost";
  expectNoLibrary("TILEWRIGHT_HIREDIS", "/nowhere/libhiredis.so", options,
                  "cannot load hiredis library '/nowhere/libhiredis.so': ");
  expectNoLibrary("TILEWRIGHT_HIREDIS", "libc.so.6", options,
                  "the hiredis library lacks redisConnectWithTimeout, ");
}

TEST_F(RedisTest, AWrongAddressIsSaid) {
  setenv("TILEWRIGHT_CACHE_REDIS", "host:6379", 1);
  TwCacheOptions options = {};
  options.folder = folder.c_str();
  TwCache other = nullptr;
  TwStatus status = twCacheOpen(&options, &other);
  EXPECT_EQ(twStatusGetCode(status), TW_INVALID_ARGUMENT);
  EXPECT_NE(take(status).find("but got 'host:6379'"), std::string::npos);
  options.redis = ""; // none, whatever the environment says
  EXPECT_EQ(take(twCacheOpen(&options, &other)), "");
  twCacheClose(other);
  unsetenv("TILEWRIGHT_CACHE_REDIS");
}

TEST(CircuitTest, OneTriesAfterAPause) {
  Circuit circuit(300);
  EXPECT_TRUE(circuit.mayTry());
  EXPECT_TRUE(circuit.mayTry());
  circuit.failed();
  EXPECT_FALSE(circuit.mayTry());
  std::this_thread::sleep_for(std::chrono::milliseconds(310));
  EXPECT_TRUE(circuit.mayTry());
  EXPECT_FALSE(circuit.mayTry()); // the others wait for what comes of it
  circuit.succeeded();
  EXPECT_TRUE(circuit.mayTry());
}

} // namespace
