// Maintain.cpp - keeps a cache's folder in bounds, and says what it holds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Support.h"
#include "Entry.h"
#include "Files.h"
#include "Lease.h"
#include "Storage.h"
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tilewright::rt;

/// What a writer that died left behind is removed after this.
static constexpr int64_t kStaleSeconds = 24 * 3600;

/// Whether a file in `tmp` has a name that writeEntryFile gives: three numbers.
static bool isTemporaryName(const std::string &name) {
  size_t numDigits = 0, numDashes = 0;
  for (char c : name) {
    if (c >= '0' && c <= '9') {
      ++numDigits;
    } else if (c == '-' && numDigits) {
      ++numDashes;
      numDigits = 0;
    } else {
      return false;
    }
  }
  return numDigits && numDashes == 2;
}

/// Removes what processes that died left in `root`.
static void removeStale(const std::string &root, int64_t now) {
  const std::string temporaries = root + "/tmp", locks = root + "/lock";
  auto isStale = [&](const FileInfo &file) {
    return !file.isFolder && file.stamp < now - kStaleSeconds;
  };
  for (const FileInfo &file : listFolder(temporaries))
    if (isStale(file) && isTemporaryName(file.name))
      removeFile(temporaries, file.name);
  for (const FileInfo &file : listFolder(locks)) {
    if (!isStale(file) || !isHex(file.name, 32))
      continue;
    // Removed by who holds it alone.
    TwCacheLeaseStorage lease;
    if (tryLease(locks + "/" + file.name, lease) == LeaseState::Held) {
      removeFile(locks, file.name);
      releaseLease(lease);
    }
  }
}

static int removeEntry(const EntryFile &entry) {
  size_t slash = entry.path.rfind('/');
  return removeFile(entry.path.substr(0, slash), entry.path.substr(slash + 1));
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
    int error = removeEntry(entry);
    if (error && error != ENOENT) {
      ++cache->warnings;
      continue;
    }
    ++cache->evictions;
    total -= entry.bytes;
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// The bound
//===----------------------------------------------------------------------===//

// docs/CacheFormat.md, "Bounds": the time of the last look, and a byte for each
// 1024 that were put since. To append needs neither a lock nor the old number.
static constexpr uint64_t kUnitBytes = 1024;
static constexpr off_t kLookBytes = 8;
static constexpr int64_t kLookSeconds = 24 * 3600;

/// Counts `bytes` in the file that is open. `isDue`: since the last look, if
/// there was one, `limit` bytes were put, or it was long ago.
static bool countInFile(int file, uint64_t bytes, uint64_t limit, bool &isDue) {
  struct stat info;
  if (fstat(file, &info) || !S_ISREG(info.st_mode))
    return false;
  // More than the limit would say no more.
  uint64_t numUnits = (std::min(bytes, limit) + kUnitBytes - 1) / kUnitBytes;
  std::string units(size_t(numUnits), '\xff'); // the start of no time
  if (write(file, units.data(), units.size()) != ssize_t(units.size()))
    return false;
  int64_t looked;
  if (pread(file, &looked, sizeof(looked), 0) != kLookBytes ||
      info.st_size < kLookBytes) {
    isDue = true;
    return true;
  }
  uint64_t total = uint64_t(info.st_size - kLookBytes) + numUnits;
  // Of no time, or one in the future: as if it were long ago.
  isDue = looked <= 0 || std::abs(getNow() - looked) > kLookSeconds ||
          total >= limit / kUnitBytes;
  return true;
}

/// The same; false where the file system refuses.
static bool countWritten(const std::string &path, uint64_t bytes,
                         uint64_t limit, bool &isDue) {
  int file = open(
      path.c_str(),
      O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (file < 0)
    return false;
  bool isCounted = countInFile(file, bytes, limit, isDue);
  close(file);
  return isCounted;
}

/// Sets the time of the last look; `restarts`: nothing was put since. False
/// where the file system refuses.
static bool setLook(const std::string &path, int64_t time, bool restarts) {
  int file = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0)
    return false;
  bool isSet = pwrite(file, &time, sizeof(time), 0) == kLookBytes &&
               (!restarts || ftruncate(file, kLookBytes) == 0);
  close(file);
  return isSet;
}

/// Removes what is over the bound, and a little more, so that the next time is
/// not soon.
static void makeRoom(TwCache cache) {
  twStatusDestroy(twCachePrune(cache, cache->maxBytes - cache->maxBytes / 8));
}

/// Looks at the folder, unless another process does.
static void look(TwCache cache, const std::string &path) {
  TwCacheLeaseStorage lease;
  if (tryLease(path, lease) == LeaseState::Taken)
    return;
  // What is put from here on may not be seen, and is counted. Until the time is
  // there the look is not done: if this process is killed, another has to.
  bool restarts = setLook(path, 0, /*restarts=*/true);
  makeRoom(cache);
  if (restarts)
    setLook(path, getNow(), /*restarts=*/false);
  releaseLease(lease);
}

void tilewright::rt::keepBound(TwCache cache, uint64_t bytes) {
  const std::string path = cache->folder.root + "/written";
  const uint64_t limit = cache->maxBytes / 16;
  bool isDue = false;
  if (countWritten(path, bytes, limit, isDue)) {
    if (isDue)
      look(cache, path);
    return;
  }
  uint64_t written = cache->written.fetch_add(bytes) + bytes;
  if (written < limit)
    return;
  cache->written = 0;
  makeRoom(cache);
}

//===----------------------------------------------------------------------===//
// What the folder holds
//===----------------------------------------------------------------------===//

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
    if (error == ENOMEM)
      return fail(TW_RESOURCE_EXHAUSTED, "no memory for entry '", entry.path,
                  "' of ", std::to_string(entry.bytes), " bytes");
    ++*numEntries;
    *numBytes += entry.bytes;
    if (error || readEntry(bytes, nullptr, value) != EntryState::Good)
      ++*numDamaged;
  }
  return nullptr;
}
