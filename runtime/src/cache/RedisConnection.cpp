// RedisConnection.cpp - one connection to a Redis server, bounded in time.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RedisConnection.h"
#include "Clock.h"
#include "RedisApi.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

using namespace tilewright::rt;

/// What an answer has besides the value: far less than this.
static constexpr uint64_t kOtherAnswerBytes = 4096;

std::unique_ptr<RedisConnection>
RedisConnection::open(const RedisApi &api, const RedisAddress &address,
                      const RedisLimits &limits) {
  timeval time = {time_t(limits.connectMs / 1000),
                  suseconds_t(limits.connectMs % 1000 * 1000)};
  redisContext *context =
      address.path.empty()
          ? api.connect(address.host.c_str(), address.port, time)
          : api.connectUnix(address.path.c_str(), time);
  if (!context)
    return nullptr;
  std::unique_ptr<RedisConnection> connection(
      new RedisConnection(api, context, limits));
  if (context->err)
    return nullptr;
  fcntl(context->fd, F_SETFD, FD_CLOEXEC);
  std::string ignored;
  if (!address.password.empty()) {
    RedisCommand command = {"AUTH"};
    if (!address.user.empty())
      command.push_back(address.user);
    command.push_back(address.password);
    if (connection->ask(command, ignored) != RedisAnswer::Done)
      return nullptr;
  }
  if (address.database &&
      connection->ask({"SELECT", std::to_string(address.database)}, ignored) !=
          RedisAnswer::Done)
    return nullptr;
  return connection;
}

RedisConnection::~RedisConnection() { api.close(context); }

/// Waits until the system has room or bytes for `file`; false at `end`.
static bool waitFor(int file, short events, int64_t end) {
  while (true) {
    int64_t rest = end - getMilliseconds();
    if (rest <= 0)
      return false;
    pollfd wait = {file, events, 0};
    int count = poll(&wait, 1, int(std::min<int64_t>(rest, 1 << 30)));
    if (count > 0)
      return true;
    if (count < 0 && errno != EINTR)
      return false;
  }
}

static bool isAgain(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

RedisAnswer RedisConnection::send(const char *bytes, size_t size, int64_t end) {
  for (size_t done = 0; done < size;) {
    if (!waitFor(context->fd, POLLOUT, end))
      return RedisAnswer::Broken;
    ssize_t count = ::send(context->fd, bytes + done, size - done,
                           MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0)
      done += size_t(count);
    else if (!isAgain(errno))
      return RedisAnswer::Gone;
  }
  return RedisAnswer::Done;
}

static RedisAnswer readReply(const redisReply &reply, std::string &value) {
  switch (reply.type) {
  case REDIS_REPLY_STRING:
    value.assign(reply.str, reply.len);
    return RedisAnswer::Value;
  case REDIS_REPLY_NIL:
    return RedisAnswer::None;
  case REDIS_REPLY_STATUS:
    return RedisAnswer::Done;
  case REDIS_REPLY_ERROR:
    return RedisAnswer::Refused;
  default: // nothing that is asked has such an answer
    return RedisAnswer::Broken;
  }
}

RedisAnswer RedisConnection::receive(std::string &value, int64_t end) {
  char buffer[65536];
  uint64_t total = 0;
  while (true) {
    void *reply = nullptr;
    if (api.getReply(context->reader, &reply) != REDIS_OK)
      return RedisAnswer::Broken;
    if (reply) {
      RedisAnswer answer = readReply(*static_cast<redisReply *>(reply), value);
      api.freeReply(reply);
      return answer;
    }
    if (!waitFor(context->fd, POLLIN, end))
      return RedisAnswer::Broken;
    ssize_t count = recv(context->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (count < 0 && isAgain(errno))
      continue;
    if (count <= 0)
      return total ? RedisAnswer::Broken : RedisAnswer::Gone;
    // No answer is an array, and hiredis makes room for all that one claims.
    if (!total && !std::memchr("$+-", buffer[0], 3))
      return RedisAnswer::Broken;
    total += uint64_t(count);
    if (total > limits.maxBytes + kOtherAnswerBytes ||
        api.feed(context->reader, buffer, size_t(count)) != REDIS_OK)
      return RedisAnswer::Broken;
  }
}

RedisAnswer RedisConnection::ask(const RedisCommand &command,
                                 std::string &value) {
  int64_t end = getMilliseconds() + limits.commandMs;
  std::vector<const char *> words;
  std::vector<size_t> sizes;
  for (const std::string &word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  char *bytes = nullptr;
  int size = api.format(&bytes, int(words.size()), words.data(), sizes.data());
  if (size < 0)
    return RedisAnswer::Broken;
  RedisAnswer answer = send(bytes, size_t(size), end);
  api.freeCommand(bytes);
  return answer == RedisAnswer::Done ? receive(value, end) : answer;
}

bool RedisConnection::isQuiet() const {
  char byte;
  return context->reader->pos == context->reader->len &&
         recv(context->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}
