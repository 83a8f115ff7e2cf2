// Cache.cpp - a cache's values: looks through the layers, and fills them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Observe.h"
#include "../Support.h"
#include "Clock.h"
#include "Entry.h"
#include "Files.h"
#include "KeyText.h"
#include "Lease.h"
#include "Storage.h"
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace tilewright::rt;

/// A hit sets an entry's time if it is older than this: one write in a while.
static constexpr int64_t kStampSeconds = 3600;

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

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

namespace {

/// What is looked for: a key, its text for the memory, and its name elsewhere.
struct Wanted {
  TwBytes key;
  std::string text, name;
  bool isLocal; ///< of this machine alone: no layer that others share has it

  explicit Wanted(TwBytes key)
      : key(key), text(static_cast<const char *>(key.data), key.size),
        isLocal(isLocalKey(text)) {}

  /// The hash of a large key takes a while, and a hit in memory needs none.
  const std::string &getName() {
    if (name.empty())
      name = getEntryName(key);
    return name;
  }
};

} // namespace

static Look judge(const std::string &bytes, TwBytes key) {
  TwBytes value;
  switch (readEntry(bytes, &key, value)) {
  case EntryState::Good:
    return Look::Hit;
  case EntryState::OtherKey: // of the same hash
    return Look::Absent;
  case EntryState::OtherVersion:
    return Look::OtherVersion;
  case EntryState::Damaged:
    break;
  }
  return Look::Damaged;
}

/// What the bytes of an entry are, if it was `key` that was asked for. With a
/// sealer nothing in them is believed before the seal. After a hit `bytes` are
/// the entry alone.
static Look judgeAndCut(std::string &bytes, TwBytes key, const Sealer *sealer) {
  if (sealer && !sealer->isRight(bytes))
    return Look::Rejected;
  Look look = judge(bytes, key);
  if (look == Look::Hit)
    bytes.resize(getEntryBytes(bytes));
  return look;
}

/// Tells whoever wants to know of a miss that is none of the usual ones.
static Look report(TwCache cache, const char *layer, Look look) {
  static const char *const reasons[kNumLooks] = {
      nullptr,    nullptr,      "damaged", "of another version",
      "rejected", "unreachable"};
  if (reasons[unsigned(look)] && isLogged(TW_LOG_WARNING))
    log(TW_LOG_WARNING, "cache.miss",
        {{"folder", cache->folder.path},
         {"layer", layer},
         {"reason", reasons[unsigned(look)]}});
  return look;
}

/// Tells them of a value that a layer did not take.
static void reportRefusal(TwCache cache, const char *layer) {
  if (isLogged(TW_LOG_WARNING))
    log(TW_LOG_WARNING, "cache.refuse",
        {{"folder", cache->folder.path}, {"layer", layer}});
}

/// Reads an entry's file.
static Look lookIntoFile(const Folder &folder, Wanted &wanted,
                         const Sealer *sealer, LayerCounters &counters,
                         std::string &bytes, struct stat *info = nullptr) {
  switch (folder.readEntry(wanted.getName(), bytes, info)) {
  case 0:
    break;
  case ENOENT:
    return counters.count(Look::Absent);
  case kUntrusted:
    return counters.count(Look::Rejected);
  default:
    return counters.count(Look::Unreachable);
  }
  counters.countRead(bytes.size());
  return counters.count(judgeAndCut(bytes, wanted.key, sealer));
}

static Look lookIntoFolder(TwCache cache, Wanted &wanted, std::string &bytes) {
  struct stat info;
  Look look = lookIntoFile(cache->folder, wanted, /*sealer=*/nullptr,
                           cache->folderCounters, bytes, &info);
  report(cache, "folder", look);
  if (look == Look::Unreachable)
    ++cache->warnings;
  if (look == Look::Hit && !cache->isReadOnly &&
      std::abs(getNow() - int64_t(info.st_mtime)) > kStampSeconds)
    stampFile(cache->folder.getEntryPath(wanted.getName()));
  return look;
}

static Look lookIntoRedis(TwCache cache, Wanted &wanted, std::string &bytes) {
  LayerCounters &counters = cache->redisCounters;
  switch (cache->redis->get(wanted.getName(), bytes)) {
  case Redis::Answer::Absent:
    return counters.count(Look::Absent);
  case Redis::Answer::Unreachable:
    return report(cache, "redis", counters.count(Look::Unreachable));
  case Redis::Answer::Found:
    break;
  }
  counters.countRead(bytes.size());
  bool fits = bytes.size() <= cache->redis->getMaxBytes();
  Look look = fits ? judgeAndCut(bytes, wanted.key, cache->sealer.get())
                   : Look::Damaged;
  return report(cache, "redis", counters.count(look));
}

/// The layers that other machines share.
static bool lookIntoShared(TwCache cache, Wanted &wanted, std::string &bytes) {
  for (const Folder &folder : cache->sharedFolders)
    if (report(cache, "shared",
               lookIntoFile(folder, wanted, cache->sealer.get(),
                            cache->sharedCounters, bytes)) == Look::Hit)
      return true;
  return cache->redis && lookIntoRedis(cache, wanted, bytes) == Look::Hit;
}

bool tilewright::rt::writeEntryFile(TwCache cache, const Folder &folder,
                                    const std::string &name,
                                    const std::string &entry, FileUsers users) {
  std::string path = folder.getEntryPath(name),
              temporaries = folder.root + "/tmp";
  if (entry.size() > kMostFileBytes ||
      makeFolders(path.substr(0, path.rfind('/')), users) ||
      makeFolders(temporaries, users) || folder.checkForWriting(name))
    return false;
  // A name that no other process has, on this machine or another.
  std::string temporary = temporaries + "/" + std::to_string(getpid()) + "-" +
                          std::to_string(cache->nonce) + "-" +
                          std::to_string(cache->numTemporaries.fetch_add(1));
  return publishFile(temporary, path, entry, cache->syncs, users) == 0;
}

bool tilewright::rt::putIntoFolder(TwCache cache, const std::string &name,
                                   const std::string &entry) {
  if (cache->isReadOnly)
    return false;
  bool isDone = writeEntryFile(cache, cache->folder, name, entry);
  cache->folderCounters.countWrite(isDone, entry.size());
  if (isDone) {
    keepBound(cache, entry.size());
  } else {
    ++cache->warnings;
    reportRefusal(cache, "folder");
  }
  return isDone;
}

static void putIntoRedis(TwCache cache, const std::string &name,
                         const std::string &entry) {
  if (cache->isReadOnly || !cache->redis)
    return;
  uint64_t size = entry.size() + (cache->sealer ? kSealBytes : 0);
  if (size > cache->redis->getMaxBytes())
    return;
  bool isDone = cache->redis->set(
      name, cache->sealer ? cache->sealer->seal(entry) : entry);
  cache->redisCounters.countWrite(isDone, size);
  if (!isDone)
    reportRefusal(cache, "redis");
}

static void putIntoMemory(TwCache cache, const Wanted &wanted,
                          const MemoryCache::Value &entry) {
  bool isKept = cache->memory.set(wanted.text, entry);
  cache->memoryCounters.countWrite(isKept, entry->size());
}

/// The entry that is wanted, or null; `asksShared`: whatever layer has it.
static MemoryCache::Value find(TwCache cache, Wanted &wanted, bool asksShared) {
  if (MemoryCache::Value entry = cache->memory.find(wanted.text)) {
    cache->memoryCounters.countRead(entry->size());
    cache->memoryCounters.count(Look::Hit);
    return entry;
  }
  cache->memoryCounters.count(Look::Absent);
  auto bytes = std::make_shared<std::string>();
  if (lookIntoFolder(cache, wanted, *bytes) != Look::Hit) {
    if (!asksShared || wanted.isLocal || !lookIntoShared(cache, wanted, *bytes))
      return nullptr;
    putIntoFolder(cache, wanted.getName(), *bytes);
  }
  putIntoMemory(cache, wanted, bytes);
  return bytes;
}

TwCacheValue tilewright::rt::findAgain(TwCache cache, TwBytes key,
                                       bool asksAll) {
  Wanted wanted(key);
  if (MemoryCache::Value entry = find(cache, wanted, asksAll))
    return makeValue(std::move(entry));
  return {};
}

TwStatus twCacheGet(TwCache cache, TwBytes key, TwCacheValue *value) {
  if (!value)
    return fail(TW_INVALID_ARGUMENT, "expected a place for the value");
  *value = {};
  if (TwStatus status = checkKey(cache, key))
    return status;
  Slice slice("cache", "cache get", {});
  Wanted wanted(key);
  if (MemoryCache::Value entry = find(cache, wanted, /*asksShared=*/true))
    *value = makeValue(std::move(entry));
  else
    ++cache->misses;
  return nullptr;
}

TwStatus twCachePut(TwCache cache, TwBytes key, TwBytes value) {
  if (TwStatus status = checkKey(cache, key))
    return status;
  if (value.size && !value.data)
    return fail(TW_INVALID_ARGUMENT, "expected a value of ",
                std::to_string(value.size), " bytes, but got null");
  ++cache->puts;
  Slice slice("cache", "cache put", {});
  auto entry = std::make_shared<const std::string>(writeEntry(key, value));
  if (entry->empty())
    return fail(TW_RESOURCE_EXHAUSTED, "no memory for a value of ",
                std::to_string(value.size), " bytes");
  Wanted wanted(key);
  putIntoMemory(cache, wanted, entry);
  putIntoFolder(cache, wanted.getName(), *entry);
  if (!wanted.isLocal)
    putIntoRedis(cache, wanted.getName(), *entry);
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Why there is none
//===----------------------------------------------------------------------===//

/// What is unusual of an entry that was read; empty if it is only absent.
static std::string describeLook(Look look, const std::string &what) {
  switch (look) {
  case Look::Hit:
  case Look::Absent:
    return {};
  case Look::Damaged:
    return what + " is damaged";
  case Look::OtherVersion:
    return what + " is of another version of the format";
  case Look::Rejected:
    return what + " has not the seal of the cache's secret";
  case Look::Unreachable:
    break;
  }
  return what + " cannot be read";
}

static std::string describeFile(const Folder &folder, Wanted &wanted,
                                const Sealer *sealer) {
  std::string bytes, name = wanted.getName();
  std::string what = "'" + folder.getEntryPath(name) + "'";
  switch (int error = folder.readEntry(name, bytes)) {
  case 0:
    return describeLook(judgeAndCut(bytes, wanted.key, sealer), what);
  case ENOENT:
    return {};
  case kUntrusted:
    if (std::string who = folder.describeWriters(name); !who.empty())
      return who;
    [[fallthrough]];
  default:
    return "cannot read " + what + ": " + std::strerror(error);
  }
}

std::string tilewright::rt::describeMiss(TwCache cache, TwBytes key) {
  Wanted wanted(key);
  std::string reason = describeFile(cache->folder, wanted, nullptr);
  if (wanted.isLocal)
    return reason;
  for (const Folder &folder : cache->sharedFolders)
    if (reason.empty())
      reason = describeFile(folder, wanted, cache->sealer.get());
  if (!cache->redis || !reason.empty())
    return reason;
  std::string bytes;
  switch (cache->redis->get(wanted.getName(), bytes)) {
  case Redis::Answer::Absent:
    return {};
  case Redis::Answer::Unreachable:
    return "its Redis server did not answer";
  case Redis::Answer::Found:
    break;
  }
  bool fits = bytes.size() <= cache->redis->getMaxBytes();
  return describeLook(fits ? judgeAndCut(bytes, wanted.key, cache->sealer.get())
                           : Look::Damaged,
                      "the entry of its Redis server");
}

//===----------------------------------------------------------------------===//
// Leases
//===----------------------------------------------------------------------===//

TwStatus twCacheTryLease(TwCache cache, TwBytes key, TwCacheLease *lease) {
  if (!lease)
    return fail(TW_INVALID_ARGUMENT, "expected a place for the lease");
  *lease = nullptr;
  if (TwStatus status = checkKey(cache, key))
    return status;
  auto result = std::make_unique<TwCacheLeaseStorage>();
  LeaseState state = LeaseState::NoLocks;
  if (!cache->isReadOnly && !makeFolders(cache->folder.root + "/lock"))
    state =
        tryLease(cache->folder.root + "/lock/" + getEntryName(key), *result);
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
  if (!value || !lease)
    return fail(TW_INVALID_ARGUMENT,
                "expected places for the value and the lease");
  *lease = nullptr;
  if (TwStatus status = twCacheGet(cache, key, value))
    return status;
  Wanted wanted(key);
  const int64_t start = getMilliseconds(), end = start + milliseconds;
  while (!value->owner) {
    if (TwStatus status = twCacheTryLease(cache, key, lease))
      return status;
    // Who has the lease, or had it before, may have put the value just now.
    if (MemoryCache::Value entry = find(cache, wanted, /*asksShared=*/false)) {
      *value = makeValue(std::move(entry));
      twCacheLeaseDestroy(*lease);
      *lease = nullptr;
      break;
    }
    int64_t now = getMilliseconds();
    if (*lease || now >= end)
      break;
    sleepMs(std::min(getLeasePauseMs(now - start), end - now));
  }
  return nullptr;
}
