// RedisApi.cpp - loads hiredis when a cache asks for Redis.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RedisApi.h"
#include "../DriverLibrary.h"
#include "../Support.h"
#include "RedisConnection.h"

using namespace tilewright::rt;

// Its records differ among versions: only the one of the header will do.
#define TEXT_OF(number) #number
#define FILE_OF(number) "libhiredis.so." TEXT_OF(number)

static TwStatus load(const char *file, RedisApi &api) {
  static constexpr const char *kNames[] = {FILE_OF(HIREDIS_SONAME), nullptr};
  void *library = nullptr;
  if (TwStatus status = openDriver("hiredis library", file,
                                   "TILEWRIGHT_HIREDIS", kNames, &library))
    return status;
  FunctionFinder find{library};
  find(api.connect, "redisConnectWithTimeout");
  find(api.connectUnix, "redisConnectUnixWithTimeout");
  find(api.close, "redisFree");
  find(api.format, "redisFormatCommandArgv");
  find(api.freeCommand, "redisFreeCommand");
  find(api.feed, "redisReaderFeed");
  find(api.getReply, "redisReaderGetReply");
  find(api.freeReply, "freeReplyObject");
  if (!find.missing.empty())
    return fail(TW_NOT_FOUND, "the hiredis library lacks ", find.missing);
  return nullptr;
}

TwStatus tilewright::rt::loadRedisApi(const RedisApi **api) {
  return loadOnce<RedisApi>(nullptr, load, api);
}
