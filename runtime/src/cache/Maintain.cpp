// Maintain.cpp - keeps a cache's folder in bounds, and says what it holds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Support.h"
#include "Entry.h"
#include "Files.h"
#include "Lease.h"
#include "Storage.h"
#include <algorithm>
#include <cerrno>
#include <unistd.h>

using namespace tilewright::rt;

/// What a writer that died left behind is removed after this.
static constexpr int64_t kStaleSeconds = 24 * 3600;

/// Removes what processes that died left in `root`.
static void removeStale(const std::string &root, int64_t now) {
  for (const FileInfo &file : listFolder(root + "/tmp"))
    if (!file.isFolder && file.stamp < now - kStaleSeconds)
      unlink((root + "/tmp/" + file.name).c_str());
  for (const FileInfo &file : listFolder(root + "/lock")) {
    if (file.isFolder || !isHex(file.name, 32) ||
        file.stamp >= now - kStaleSeconds)
      continue;
    // Removed by who holds it alone.
    TwCacheLeaseStorage lease;
    std::string path = root + "/lock/" + file.name;
    if (tryLease(path, lease) == LeaseState::Held) {
      unlink(path.c_str());
      releaseLease(lease);
    }
  }
}

TwStatus twCachePrune(TwCache cache, uint64_t maxBytes) {
  if (!cache)
    return fail(TW_INVALID_ARGUMENT, "expected a cache");
  if (cache->isReadOnly)
    return fail(TW_INVALID_ARGUMENT, "cache folder '", cache->folder.path,
                "' was opened to be read alone");
  int64_t now = getNow();
  removeStale(cache->folder.root, now);
  std::vector<EntryFile> entries = cache->folder.listEntries();
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
  for (const EntryFile &entry : cache->folder.listEntries()) {
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
  for (const EntryFile &entry : cache->folder.listEntries()) {
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
