// RedisConnection.h - one connection to a Redis server, bounded in time.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// hiredis connects, writes commands and reads answers; the bytes are sent and
// received here, since hiredis bounds each call to the system but not their
// sum, and lets a signal end the process when the server has gone.
#ifndef TILEWRIGHT_RUNTIME_CACHE_REDISCONNECTION_H
#define TILEWRIGHT_RUNTIME_CACHE_REDISCONNECTION_H

#include "RedisAddress.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct redisContext;

namespace tilewright::rt {

struct RedisApi;

/// Loads hiredis, once in the life of the process.
///
/// Errors: NOT_FOUND
TwStatus loadRedisApi(const RedisApi **api);

struct RedisLimits {
  uint32_t connectMs, commandMs, retryMs, ttlSeconds;
  uint64_t maxBytes;
};

using RedisCommand = std::vector<std::string>;

enum class RedisAnswer {
  Value,
  None,
  Done,
  Refused, ///< the server says what is wrong; the connection is good
  Gone,    ///< the server closed the connection before it answered
  Broken,  ///< too late, or not the protocol
};

class RedisConnection {
public:
  /// Null where that fails. Says who the user is and chooses the database.
  static std::unique_ptr<RedisConnection> open(const RedisApi &api,
                                               const RedisAddress &address,
                                               const RedisLimits &limits);
  RedisConnection(const RedisConnection &) = delete;
  ~RedisConnection();

  /// Sends a command and waits for its answer. After Gone and Broken the
  /// connection is of no use.
  RedisAnswer ask(const RedisCommand &command, std::string &value);
  /// Whether the server has neither closed the connection nor sent what
  /// nobody asked for.
  bool isQuiet() const;

private:
  RedisConnection(const RedisApi &api, redisContext *context,
                  const RedisLimits &limits)
      : api(api), context(context), limits(limits) {}

  RedisAnswer send(const char *bytes, size_t size, int64_t end);
  RedisAnswer receive(std::string &value, int64_t end);

  const RedisApi &api;
  redisContext *context;
  const RedisLimits limits;
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_REDISCONNECTION_H
