// RedisApi.h - the functions of hiredis, as its header declares them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_REDISAPI_H
#define TILEWRIGHT_RUNTIME_CACHE_REDISAPI_H

#include <hiredis/hiredis.h>

namespace tilewright::rt {

struct RedisApi {
  decltype(&redisConnectWithTimeout) connect;
  decltype(&redisConnectUnixWithTimeout) connectUnix;
  decltype(&redisFree) close;
  decltype(&redisFormatCommandArgv) format;
  decltype(&redisFreeCommand) freeCommand;
  decltype(&redisReaderFeed) feed;
  decltype(&redisReaderGetReply) getReply;
  decltype(&freeReplyObject) freeReply;
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_REDISAPI_H
