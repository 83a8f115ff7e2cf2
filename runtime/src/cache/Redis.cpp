// Redis.cpp - a Redis server as a layer of a cache.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Redis.h"

using namespace tilewright::rt;

/// More connections than this are not kept.
static constexpr size_t kMostIdle = 8;
/// docs/CacheFormat.md.
static constexpr const char *kNamePrefix = "tilewright:1:";

TwStatus Redis::create(const char *address, RedisLimits limits,
                       std::unique_ptr<Redis> &redis) {
  RedisAddress parsed;
  if (TwStatus status = parseRedisAddress(address, parsed))
    return status;
  const RedisApi *api = nullptr;
  if (TwStatus status = loadRedisApi(&api))
    return status;
  redis.reset(new Redis(*api, std::move(parsed), limits));
  return nullptr;
}

Redis::Connection Redis::takeIdle() {
  return idle.with([](Idle &idle) -> Connection {
    // A parent and its child would read each other's answers.
    if (idle.forks != countForks()) {
      idle.connections.clear();
      idle.forks = countForks();
    }
    while (!idle.connections.empty()) {
      Connection connection = std::move(idle.connections.back());
      idle.connections.pop_back();
      if (connection->isQuiet())
        return connection;
    }
    return nullptr;
  });
}

void Redis::giveBack(Connection connection) {
  idle.with([&](Idle &idle) {
    if (idle.forks == countForks() && idle.connections.size() < kMostIdle)
      idle.connections.push_back(std::move(connection));
  });
}

RedisAnswer Redis::ask(const RedisCommand &command, std::string &value) {
  if (!circuit.mayTry())
    return RedisAnswer::Broken;
  RedisAnswer answer = RedisAnswer::Gone;
  // The server may close a connection that waited just when it is used.
  Connection connection = takeIdle();
  if (connection)
    answer = connection->ask(command, value);
  if (answer == RedisAnswer::Gone) {
    connection = RedisConnection::open(api, address, limits);
    if (connection)
      answer = connection->ask(command, value);
  }
  if (answer == RedisAnswer::Gone || answer == RedisAnswer::Broken) {
    circuit.failed();
    return RedisAnswer::Broken;
  }
  circuit.succeeded();
  giveBack(std::move(connection));
  return answer;
}

Redis::Answer Redis::get(const std::string &name, std::string &bytes) {
  bytes.clear();
  // Not GET: a value may be larger than what is wanted.
  switch (ask(
      {"GETRANGE", kNamePrefix + name, "0", std::to_string(limits.maxBytes)},
      bytes)) {
  case RedisAnswer::Value:
    return bytes.empty() ? Answer::Absent : Answer::Found;
  case RedisAnswer::None:
    return Answer::Absent;
  default:
    return Answer::Unreachable;
  }
}

bool Redis::set(const std::string &name, const std::string &bytes) {
  RedisCommand command = {"SET", kNamePrefix + name, bytes};
  if (limits.ttlSeconds) {
    command.push_back("EX");
    command.push_back(std::to_string(limits.ttlSeconds));
  }
  std::string ignored;
  return ask(command, ignored) == RedisAnswer::Done;
}
