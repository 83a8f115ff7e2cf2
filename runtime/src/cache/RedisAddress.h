// RedisAddress.h - where a Redis server is, as a user writes it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_REDISADDRESS_H
#define TILEWRIGHT_RUNTIME_CACHE_REDISADDRESS_H

#include "tilewright-rt/Status.h"
#include <string>

namespace tilewright::rt {

struct RedisAddress {
  std::string path; ///< of a Unix socket; "": `host` and `port` instead
  std::string host, user, password;
  int port = 6379, database = 0;
};

/// Reads "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]", with an IPv6 HOST
/// in brackets, or "unix:///PATH".
///
/// Errors: INVALID_ARGUMENT; the message never has the password
TwStatus parseRedisAddress(const std::string &text, RedisAddress &address);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_REDISADDRESS_H
