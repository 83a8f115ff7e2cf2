// Redis.h - a Redis server as a layer of a cache.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A server that is away, late or wrong costs its time-outs once in a while, and
// is no error. Safe from several threads: a command has a connection to itself,
// which waits for the next command when this one is done. A forked child makes
// its own.
#ifndef TILEWRIGHT_RUNTIME_CACHE_REDIS_H
#define TILEWRIGHT_RUNTIME_CACHE_REDIS_H

#include "Circuit.h"
#include "Forked.h"
#include "RedisConnection.h"
#include <vector>

namespace tilewright::rt {

class Redis {
public:
  /// Loads hiredis; asks the server nothing.
  ///
  /// Errors: INVALID_ARGUMENT  `address` is none
  ///         NOT_FOUND         hiredis is missing
  static TwStatus create(const char *address, RedisLimits limits,
                         std::unique_ptr<Redis> &redis);

  enum class Answer { Found, Absent, Unreachable };
  /// The bytes that the server has under the name of an entry, cut after one
  /// more than may be.
  Answer get(const std::string &name, std::string &bytes);
  bool set(const std::string &name, const std::string &bytes);

  uint64_t getMaxBytes() const { return limits.maxBytes; }

private:
  using Connection = std::unique_ptr<RedisConnection>;

  Redis(const RedisApi &api, RedisAddress address, RedisLimits limits)
      : api(api), address(std::move(address)), limits(limits),
        circuit(limits.retryMs) {}

  RedisAnswer ask(const RedisCommand &command, std::string &value);
  Connection takeIdle();
  void giveBack(Connection connection);

  const RedisApi &api;
  RedisAddress address;
  RedisLimits limits;
  Circuit circuit;
  struct Idle {
    uint32_t forks = 0; ///< of the process that made them
    std::vector<Connection> connections;
  };
  Guarded<Idle> idle; ///< never held while something waits
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_REDIS_H
