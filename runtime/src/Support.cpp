// Support.cpp - statuses, and the hash of images.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include <cstring>

TwCode twStatusGetCode(TwStatus status) {
  return status ? status->code : TW_OK;
}

const char *twStatusGetMessage(TwStatus status) {
  return status ? status->message.c_str() : "";
}

void twStatusDestroy(TwStatus status) { delete status; }

namespace tilewright::rt {

static constexpr uint64_t prime1 = 0x9E3779B185EBCA87,
                          prime2 = 0xC2B2AE3D27D4EB4F,
                          prime3 = 0x165667B19E3779F9,
                          prime4 = 0x85EBCA77C2B2AE63,
                          prime5 = 0x27D4EB2F165667C5;

static uint64_t rotate(uint64_t value, int bits) {
  return value << bits | value >> (64 - bits);
}

static uint64_t mix(uint64_t lane, uint64_t input) {
  return rotate(lane + input * prime2, 31) * prime1;
}

template <typename T> static T readAs(const unsigned char *at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

uint64_t hashBytes(const void *data, size_t size) {
  const auto *at = static_cast<const unsigned char *>(data);
  const auto *end = at + size;
  uint64_t hash = prime5;
  if (size >= 32) {
    uint64_t lanes[4] = {prime1 + prime2, prime2, 0, 0 - prime1};
    for (; end - at >= 32; at += 32)
      for (int i = 0; i < 4; ++i)
        lanes[i] = mix(lanes[i], readAs<uint64_t>(at + 8 * i));
    hash = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) +
           rotate(lanes[3], 18);
    for (uint64_t lane : lanes)
      hash = (hash ^ mix(0, lane)) * prime1 + prime4;
  }
  hash += size;
  for (; end - at >= 8; at += 8)
    hash = rotate(hash ^ mix(0, readAs<uint64_t>(at)), 27) * prime1 + prime4;
  for (; end - at >= 4; at += 4)
    hash = rotate(hash ^ readAs<uint32_t>(at) * prime1, 23) * prime2 + prime3;
  for (; at != end; ++at)
    hash = rotate(hash ^ *at * prime5, 11) * prime1;
  hash = (hash ^ hash >> 33) * prime2;
  hash = (hash ^ hash >> 29) * prime3;
  return hash ^ hash >> 32;
}

} // namespace tilewright::rt
