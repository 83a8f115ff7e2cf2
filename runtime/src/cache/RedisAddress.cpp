// RedisAddress.cpp - where a Redis server is, as a user writes it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RedisAddress.h"
#include "../Support.h"
#include <sys/un.h>

using namespace tilewright::rt;

/// A decimal number of at most `most`; -1 where it is none.
static int parseNumber(const std::string &text, int most) {
  if (text.empty() || text.size() > 6 ||
      text.find_first_not_of("0123456789") != std::string::npos)
    return -1;
  int number = std::stoi(text);
  return number <= most ? number : -1;
}

static bool startsWith(const std::string &text, const char *start) {
  return text.rfind(start, 0) == 0;
}

static bool parseHost(std::string text, RedisAddress &address) {
  size_t slash = text.find('/');
  if (slash != std::string::npos && slash + 1 < text.size()) {
    address.database = parseNumber(text.substr(slash + 1), 99999);
    if (address.database < 0)
      return false;
  }
  text = text.substr(0, slash);
  bool hasBrackets = startsWith(text, "[");
  size_t end = hasBrackets ? text.find(']') : text.find(':');
  if (hasBrackets && end == std::string::npos)
    return false;
  address.host = hasBrackets ? text.substr(1, end - 1) : text.substr(0, end);
  std::string rest =
      end == std::string::npos ? "" : text.substr(end + hasBrackets);
  if (!rest.empty()) {
    address.port = rest[0] == ':' ? parseNumber(rest.substr(1), 65535) : -1;
    if (address.port <= 0)
      return false;
  }
  return !address.host.empty();
}

TwStatus tilewright::rt::parseRedisAddress(const std::string &text,
                                           RedisAddress &address) {
  address = {};
  std::string shown = text;
  bool isGood = text.find('\0') == std::string::npos;
  if (startsWith(text, "unix:///")) {
    address.path = text.substr(7);
    // The system has no room for a longer one, and hiredis would cut it.
    isGood &= address.path.size() > 1 &&
              address.path.size() < sizeof(sockaddr_un::sun_path);
  } else if (startsWith(text, "redis://")) {
    std::string rest = text.substr(8);
    // A password may have an '@'.
    size_t at = rest.rfind('@');
    if (at != std::string::npos) {
      size_t colon = rest.find(':');
      if (colon < at) {
        address.user = rest.substr(0, colon);
        address.password = rest.substr(colon + 1, at - colon - 1);
      }
      isGood &= !address.password.empty();
      rest = rest.substr(at + 1);
      shown = "redis://...@" + rest;
    }
    isGood &= parseHost(rest, address);
  } else {
    isGood = false;
  }
  if (isGood)
    return nullptr;
  return fail(TW_INVALID_ARGUMENT,
              "expected a Redis server as "
              "'redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]' or "
              "'unix:///PATH', but got '",
              shown, "'");
}
