// Cache.cpp - a cache: memory in front of a folder.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Cache.h"
#include "../Support.h"
#include "Entry.h"
#include "Files.h"
#include "Lease.h"
#include "Memory.h"
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tilewright::rt;

namespace {

constexpr uint64_t kDefaultBytes = uint64_t(2) << 30;
constexpr uint64_t kDefaultMemoryBytes = uint64_t(64) << 20;
/// A hit sets an entry's time if it is older than this: one write in a while.
constexpr int64_t kStampSeconds = 3600;
/// What a writer that died left behind is removed after this.
constexpr int64_t kStaleSeconds = 24 * 3600;
constexpr uint32_t kPollMilliseconds = 5;

bool isHex(const std::string &text, size_t size) {
  return text.size() == size &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// "2b" for a folder of entries, and the rest of the name for an entry: nothing
/// else in the folder is ever touched.
constexpr size_t kFolderDigits = 2, kNameDigits = 30;
constexpr const char *kEntrySuffix = ".entry";

bool isEntryName(const std::string &name) {
  size_t suffix = std::strlen(kEntrySuffix);
  return name.size() == kNameDigits + suffix &&
         name.compare(kNameDigits, suffix, kEntrySuffix) == 0 &&
         isHex(name.substr(0, kNameDigits), kNameDigits);
}

} // namespace

static int64_t getMilliseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000 + time.tv_nsec / 1000000;
}

struct TwCacheStorage {
  std::string folder, root;
  uint64_t maxBytes = 0;
  bool isReadOnly = false, syncs = false;
  uint64_t nonce = 0; ///< a random number
  MemoryCache memory;
  std::atomic<uint64_t> memoryHits{0}, folderHits{0}, misses{0}, damaged{0},
      puts{0}, warnings{0}, evictions{0}, numTemporaries{0};
  /// Bytes that this process wrote since it looked at the folder.
  std::atomic<uint64_t> written{0};

  explicit TwCacheStorage(uint64_t maxMemoryBytes) : memory(maxMemoryBytes) {}

  std::string getEntryPath(TwBytes key) const {
    std::string name = getEntryName(key);
    return root + "/" + name.substr(0, kFolderDigits) + "/" +
           name.substr(kFolderDigits) + kEntrySuffix;
  }
  /// A name that no other process has, on this machine or another.
  std::string getTemporaryPath() {
    return root + "/tmp/" + std::to_string(getpid()) + "-" +
           std::to_string(nonce) + "-" +
           std::to_string(numTemporaries.fetch_add(1));
  }
};

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

static std::string getDefaultFolder() {
  if (const char *own = std::getenv("TILEWRIGHT_CACHE_DIR"); own && *own)
    return own;
  // The XDG base directory specification: relative paths are ignored.
  if (const char *xdg = std::getenv("XDG_CACHE_HOME"); xdg && *xdg == '/')
    return std::string(xdg) + "/tilewright";
  if (const char *home = std::getenv("HOME"); home && *home == '/')
    return std::string(home) + "/.cache/tilewright";
  return {};
}

/// Whoever may write to the folder decides what code runs.
static TwStatus checkOwner(const std::string &folder, bool allowsGroupWrite) {
  struct stat info;
  if (stat(folder.c_str(), &info))
    return fail(TW_NOT_FOUND, "cannot open cache folder '", folder,
                "': ", std::strerror(errno));
  if (!S_ISDIR(info.st_mode))
    return fail(TW_NOT_FOUND, "cache folder '", folder, "' is no folder");
  if (info.st_uid != geteuid() && info.st_uid != 0)
    return fail(TW_UNSUPPORTED, "cache folder '", folder, "' belongs to user ",
                int64_t(info.st_uid), ", not to ", int64_t(geteuid()),
                ": what it holds cannot be trusted");
  if (info.st_mode & S_IWOTH)
    return fail(TW_UNSUPPORTED, "everybody may write to cache folder '", folder,
                "': what it holds cannot be trusted");
  if ((info.st_mode & S_IWGRP) && !allowsGroupWrite)
    return fail(TW_UNSUPPORTED, "a group may write to cache folder '", folder,
                "': allow it, or take the right away");
  return nullptr;
}

TwStatus twCacheOpen(const TwCacheOptions *options, TwCache *cache) {
  TwCacheOptions defaults = {};
  const TwCacheOptions &used = options ? *options : defaults;
  if (!cache)
    return fail(TW_INVALID_ARGUMENT, "expected a place for the cache");
  *cache = nullptr;
  std::string folder = used.folder ? used.folder : getDefaultFolder();
  if (folder.empty())
    return fail(TW_INVALID_ARGUMENT,
                "expected a cache folder: set TILEWRIGHT_CACHE_DIR, or HOME");
  if (!used.isReadOnly)
    if (int error = makeFolders(folder))
      return fail(TW_NOT_FOUND, "cannot make cache folder '", folder,
                  "': ", std::strerror(error));
  if (TwStatus status = checkOwner(folder, used.allowsGroupWrite))
    return status;
  auto result = std::make_unique<TwCacheStorage>(
      used.maxMemoryBytes ? used.maxMemoryBytes : kDefaultMemoryBytes);
  result->folder = folder;
  result->root = folder + "/v1";
  result->maxBytes = used.maxBytes ? used.maxBytes : kDefaultBytes;
  result->isReadOnly = used.isReadOnly;
  result->syncs = used.syncs;
  if (getrandom(&result->nonce, sizeof(result->nonce), GRND_NONBLOCK) !=
      ssize_t(sizeof(result->nonce)))
    result->nonce =
        uint64_t(getMilliseconds()) ^ reinterpret_cast<uintptr_t>(result.get());
  *cache = result.release();
  return nullptr;
}

void twCacheClose(TwCache cache) { delete cache; }

const char *twCacheGetFolder(TwCache cache) { return cache->folder.c_str(); }

void twCacheGetCounters(TwCache cache, TwCacheCounters *counters) {
  *counters = {cache->memoryHits, cache->folderHits, cache->misses,
               cache->damaged,    cache->puts,       cache->warnings,
               cache->evictions};
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

namespace {

/// What a TwCacheValue points to.
struct ValueOwner {
  MemoryCache::Value entry;
};

TwCacheValue makeValue(MemoryCache::Value entry) {
  TwCacheValue value = {};
  value.bytes = getEntryValue(*entry);
  value.owner = new ValueOwner{std::move(entry)};
  return value;
}

} // namespace

void twCacheValueDestroy(TwCacheValue value) {
  delete static_cast<ValueOwner *>(value.owner);
}

static TwStatus checkKey(TwCache cache, TwBytes key) {
  if (!cache || !key.data || !key.size)
    return fail(TW_INVALID_ARGUMENT, "expected a cache and a key");
  return nullptr;
}

/// The entry of `key` from the folder, or null.
static MemoryCache::Value readFromFolder(TwCache cache, TwBytes key) {
  std::string path = cache->getEntryPath(key);
  auto bytes = std::make_shared<std::string>();
  if (int error = readFile(path, *bytes)) {
    if (error != ENOENT)
      ++cache->warnings;
    return nullptr;
  }
  TwBytes value;
  switch (readEntry(*bytes, &key, value)) {
  case EntryState::Good:
    break;
  case EntryState::Damaged:
    ++cache->damaged;
    return nullptr;
  case EntryState::OtherKey: // of the same hash
    return nullptr;
  }
  struct stat info;
  if (!cache->isReadOnly && stat(path.c_str(), &info) == 0 &&
      std::abs(getNow() - int64_t(info.st_mtime)) > kStampSeconds)
    stampFile(path);
  return bytes;
}

TwStatus twCacheGet(TwCache cache, TwBytes key, TwCacheValue *value) {
  if (TwStatus status = checkKey(cache, key))
    return status;
  *value = {};
  std::string name(static_cast<const char *>(key.data), key.size);
  if (MemoryCache::Value entry = cache->memory.find(name)) {
    ++cache->memoryHits;
    *value = makeValue(std::move(entry));
    return nullptr;
  }
  MemoryCache::Value entry = readFromFolder(cache, key);
  if (!entry) {
    ++cache->misses;
    return nullptr;
  }
  ++cache->folderHits;
  cache->memory.set(name, entry);
  *value = makeValue(std::move(entry));
  return nullptr;
}

/// Keeps the folder's bound, once in a while.
static void pruneSometimes(TwCache cache, uint64_t bytes) {
  uint64_t written = cache->written.fetch_add(bytes) + bytes;
  if (written < cache->maxBytes / 16)
    return;
  cache->written = 0;
  // A little less, so that the next time is not soon.
  twStatusDestroy(twCachePrune(cache, cache->maxBytes - cache->maxBytes / 8));
}

TwStatus twCachePut(TwCache cache, TwBytes key, TwBytes value) {
  if (TwStatus status = checkKey(cache, key))
    return status;
  if (value.size && !value.data)
    return fail(TW_INVALID_ARGUMENT, "expected a value of ",
                std::to_string(value.size), " bytes, but got null");
  ++cache->puts;
  auto entry = std::make_shared<const std::string>(writeEntry(key, value));
  cache->memory.set(std::string(static_cast<const char *>(key.data), key.size),
                    entry);
  if (cache->isReadOnly)
    return nullptr;
  std::string path = cache->getEntryPath(key);
  int error = entry->size() > kMostFileBytes ? EFBIG : 0;
  if (!error)
    error = makeFolders(path.substr(0, path.rfind('/')));
  if (!error)
    error = makeFolders(cache->root + "/tmp");
  if (!error)
    error = publishFile(cache->getTemporaryPath(), path, *entry, cache->syncs);
  if (error)
    ++cache->warnings;
  else
    pruneSometimes(cache, entry->size());
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Leases
//===----------------------------------------------------------------------===//

TwStatus twCacheTryLease(TwCache cache, TwBytes key, TwCacheLease *lease) {
  if (TwStatus status = checkKey(cache, key))
    return status;
  *lease = nullptr;
  auto result = std::make_unique<TwCacheLeaseStorage>();
  LeaseState state = LeaseState::NoLocks;
  if (!cache->isReadOnly && !makeFolders(cache->root + "/lock"))
    state = tryLease(cache->root + "/lock/" + getEntryName(key), *result);
  if (state == LeaseState::Taken)
    return nullptr;
  if (state == LeaseState::NoLocks)
    ++cache->warnings;
  *lease = result.release();
  return nullptr;
}

void twCacheLeaseDestroy(TwCacheLease lease) {
  if (lease)
    releaseLease(*lease);
  delete lease;
}

TwStatus twCacheGetOrLease(TwCache cache, TwBytes key, uint32_t milliseconds,
                           TwCacheValue *value, TwCacheLease *lease) {
  *lease = nullptr;
  int64_t end = getMilliseconds() + milliseconds;
  while (true) {
    if (TwStatus status = twCacheGet(cache, key, value))
      return status;
    if (value->owner)
      return nullptr;
    if (TwStatus status = twCacheTryLease(cache, key, lease))
      return status;
    if (*lease) {
      // Who had it before may have put the value just now.
      TwStatus status = twCacheGet(cache, key, value);
      if (status || value->owner) {
        twCacheLeaseDestroy(*lease);
        *lease = nullptr;
      }
      return status;
    }
    if (getMilliseconds() >= end)
      return nullptr;
    timespec pause = {0, long(kPollMilliseconds) * 1000000};
    nanosleep(&pause, nullptr);
  }
}

//===----------------------------------------------------------------------===//
// The whole folder
//===----------------------------------------------------------------------===//

namespace {
struct EntryFile {
  std::string path;
  uint64_t bytes;
  int64_t stamp;
};
} // namespace

static std::vector<EntryFile> listEntries(TwCache cache) {
  std::vector<EntryFile> entries;
  for (const FileInfo &folder : listFolder(cache->root)) {
    if (!folder.isFolder || !isHex(folder.name, kFolderDigits))
      continue;
    std::string path = cache->root + "/" + folder.name + "/";
    for (const FileInfo &file : listFolder(path))
      if (!file.isFolder && isEntryName(file.name))
        entries.push_back({path + file.name, file.bytes, file.stamp});
  }
  return entries;
}

TwStatus twCachePrune(TwCache cache, uint64_t maxBytes) {
  if (!cache)
    return fail(TW_INVALID_ARGUMENT, "expected a cache");
  if (cache->isReadOnly)
    return fail(TW_INVALID_ARGUMENT, "cache folder '", cache->folder,
                "' was opened to be read alone");
  int64_t now = getNow();
  for (const FileInfo &file : listFolder(cache->root + "/tmp"))
    if (!file.isFolder && file.stamp < now - kStaleSeconds)
      unlink((cache->root + "/tmp/" + file.name).c_str());
  for (const FileInfo &file : listFolder(cache->root + "/lock")) {
    if (file.isFolder || !isHex(file.name, 32) ||
        file.stamp >= now - kStaleSeconds)
      continue;
    // Removed by who holds it alone.
    TwCacheLeaseStorage lease;
    std::string path = cache->root + "/lock/" + file.name;
    if (tryLease(path, lease) == LeaseState::Held) {
      unlink(path.c_str());
      releaseLease(lease);
    }
  }
  std::vector<EntryFile> entries = listEntries(cache);
  uint64_t total = 0;
  // A clock that jumped back must not protect an entry for ever.
  for (EntryFile &entry : entries) {
    total += entry.bytes;
    entry.stamp = std::min(entry.stamp, now);
  }
  std::sort(entries.begin(), entries.end(),
            [](const EntryFile &a, const EntryFile &b) {
              return a.stamp != b.stamp ? a.stamp < b.stamp : a.path < b.path;
            });
  for (const EntryFile &entry : entries) {
    if (total <= maxBytes)
      break;
    if (unlink(entry.path.c_str()) && errno != ENOENT) {
      ++cache->warnings;
      continue;
    }
    ++cache->evictions;
    total -= entry.bytes;
  }
  return nullptr;
}

TwStatus twCacheGetUsage(TwCache cache, uint64_t *numEntries,
                         uint64_t *numBytes) {
  if (!cache || !numEntries || !numBytes)
    return fail(TW_INVALID_ARGUMENT, "expected a cache and places for counts");
  *numEntries = *numBytes = 0;
  for (const EntryFile &entry : listEntries(cache)) {
    ++*numEntries;
    *numBytes += entry.bytes;
  }
  return nullptr;
}

TwStatus twCacheVerify(TwCache cache, uint64_t *numEntries, uint64_t *numBytes,
                       uint64_t *numDamaged) {
  if (!cache || !numEntries || !numBytes || !numDamaged)
    return fail(TW_INVALID_ARGUMENT, "expected a cache and places for counts");
  *numEntries = *numBytes = *numDamaged = 0;
  for (const EntryFile &entry : listEntries(cache)) {
    std::string bytes;
    TwBytes value;
    int error = readFile(entry.path, bytes);
    if (error == ENOENT)
      continue; // removed meanwhile
    ++*numEntries;
    *numBytes += entry.bytes;
    if (error || readEntry(bytes, nullptr, value) != EntryState::Good)
      ++*numDamaged;
  }
  return nullptr;
}
