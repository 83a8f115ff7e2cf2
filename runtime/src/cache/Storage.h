// Storage.h - what an open cache is made of.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_STORAGE_H
#define TILEWRIGHT_RUNTIME_CACHE_STORAGE_H

#include "Files.h"
#include "Folder.h"
#include "Layer.h"
#include "Memory.h"
#include "Redis.h"
#include "Seal.h"
#include <memory>
#include <string>
#include <vector>

struct TwCacheStorage {
  explicit TwCacheStorage(uint64_t maxMemoryBytes) : memory(maxMemoryBytes) {}

  tilewright::rt::MemoryCache memory;
  tilewright::rt::Folder folder;
  std::vector<tilewright::rt::Folder> sharedFolders;
  std::unique_ptr<tilewright::rt::Redis> redis;   ///< null: none is asked for
  std::unique_ptr<tilewright::rt::Sealer> sealer; ///< null: there is no secret

  uint64_t maxBytes = 0;
  bool isReadOnly = false, allowsGroupWrite = false, syncs = false;
  uint64_t nonce = 0; ///< a random number, for names that no other process has

  tilewright::rt::LayerCounters memoryCounters, folderCounters, sharedCounters,
      redisCounters;
  std::atomic<uint64_t> misses{0}, puts{0}, warnings{0}, evictions{0},
      numTemporaries{0};
  /// Bytes that this process wrote since it looked at the folder, where no file
  /// counts those of all processes. At first it has to look.
  std::atomic<uint64_t> written{UINT64_MAX / 2};
};

namespace tilewright::rt {

/// Writes an entry of this name to the cache's own folder or to another; false
/// where the file system refuses.
bool writeEntryFile(TwCache cache, const Folder &folder,
                    const std::string &name, const std::string &entry,
                    FileUsers users = FileUsers::Owner);

/// Keeps the bound of the cache's own folder, to which a process writes `bytes`
/// now: looks at what is there when all processes wrote a sixteenth of it.
void keepBound(TwCache cache, uint64_t bytes);

/// Looks for a value again whose absence is counted: in memory and in the own
/// folder, with `asksAll` in the layers behind them, too. `owner` is null where
/// there is none, which is no miss more.
TwCacheValue findAgain(TwCache cache, TwBytes key, bool asksAll);

/// Why no layer gives the value of `key`, for people: whose entry is refused,
/// damaged, or cannot be read, and where. Empty where none has one. Counts
/// nothing.
std::string describeMiss(TwCache cache, TwBytes key);

/// Writes an entry of this name to the cache's own folder, which is kept in its
/// bound; false where the file system refuses, or it is only read.
bool putIntoFolder(TwCache cache, const std::string &name,
                   const std::string &entry);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_STORAGE_H
