// Entry.cpp - the file of a cache entry; docs/CacheFormat.md.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Entry.h"
#include "Files.h"
#include "Seal.h"
#include <cstdint>
#include <cstdio>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace tilewright::rt;

namespace {

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t reserved;
  uint64_t keyBytes, valueBytes;
  uint64_t checkLow, checkHigh; ///< XXH3, 128 bits, of all behind the header
  uint64_t headerCheck;         ///< XXH64, seed 0, of what is before it
  uint64_t zero;
};
static_assert(sizeof(Header) == 64);

constexpr char kMagic[8] = {'T', 'W', 'C', 'A', 'C', 'H', 'E', '\0'};
constexpr uint32_t kVersion = 1;
constexpr size_t kCheckedBytes = offsetof(Header, headerCheck);

/// The value starts at a multiple of this, for code that is run where it lies.
constexpr uint64_t kAlignment = 64;

uint64_t getValueOffset(uint64_t keyBytes) {
  return (sizeof(Header) + keyBytes + kAlignment - 1) / kAlignment * kAlignment;
}

} // namespace

std::string tilewright::rt::writeEntry(TwBytes key, TwBytes value) {
  uint64_t offset = getValueOffset(key.size);
  std::string bytes;
  if (!resizeBytes(bytes, offset + value.size))
    return bytes;
  std::memcpy(&bytes[sizeof(Header)], key.data, key.size);
  if (value.size)
    std::memcpy(&bytes[offset], value.data, value.size);
  Header header = {};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kVersion;
  header.keyBytes = key.size;
  header.valueBytes = value.size;
  XXH128_hash_t check = XXH3_128bits(bytes.data() + sizeof(Header),
                                     bytes.size() - sizeof(Header));
  header.checkLow = check.low64;
  header.checkHigh = check.high64;
  header.headerCheck = XXH64(&header, kCheckedBytes, 0);
  std::memcpy(&bytes[0], &header, sizeof(header));
  return bytes;
}

EntryState tilewright::rt::readEntry(const std::string &bytes,
                                     const TwBytes *key, TwBytes &value) {
  Header header;
  if (bytes.size() < sizeof(header))
    return EntryState::Damaged;
  std::memcpy(&header, bytes.data(), sizeof(header));
  // Every version has the magic, its number and the check of the header where
  // this one has them.
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0 ||
      header.headerCheck != XXH64(&header, kCheckedBytes, 0))
    return EntryState::Damaged;
  if (header.version != kVersion)
    return EntryState::OtherVersion;
  if (header.reserved || header.zero)
    return EntryState::Damaged;
  if (header.keyBytes > bytes.size() - sizeof(header))
    return EntryState::Damaged;
  uint64_t offset = getValueOffset(header.keyBytes);
  if (offset > bytes.size() || header.valueBytes > bytes.size() - offset)
    return EntryState::Damaged;
  uint64_t size = offset + header.valueBytes;
  if (bytes.size() != size && !hasSeal(bytes, size))
    return EntryState::Damaged;
  XXH128_hash_t check =
      XXH3_128bits(bytes.data() + sizeof(header), size - sizeof(header));
  if (check.low64 != header.checkLow || check.high64 != header.checkHigh)
    return EntryState::Damaged;
  if (key &&
      (key->size != header.keyBytes ||
       std::memcmp(key->data, bytes.data() + sizeof(header), key->size) != 0))
    return EntryState::OtherKey;
  value = {bytes.data() + offset, header.valueBytes};
  return EntryState::Good;
}

TwBytes tilewright::rt::getEntryKey(const std::string &bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  return {bytes.data() + sizeof(header), header.keyBytes};
}

TwBytes tilewright::rt::getEntryValue(const std::string &bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  return {bytes.data() + getValueOffset(header.keyBytes), header.valueBytes};
}

uint64_t tilewright::rt::getEntryBytes(const std::string &bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  return getValueOffset(header.keyBytes) + header.valueBytes;
}

std::string tilewright::rt::getEntryName(TwBytes key) {
  XXH128_hash_t hash = XXH3_128bits(key.data, key.size);
  char digits[33];
  std::snprintf(digits, sizeof(digits), "%016llx%016llx",
                static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return digits;
}
