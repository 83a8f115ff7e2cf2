// Transfer.cpp - copies the entries of a cache's folder to another, and back.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Support.h"
#include "Entry.h"
#include "Files.h"
#include "KeyText.h"
#include "Storage.h"
#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace tilewright::rt;

/// Reads an entry's file and counts why it is not copied; else `bytes` are the
/// entry alone. With a sealer nothing is believed before the seal, and then who
/// may write to the folder is not asked.
static bool readGoodEntry(const Folder &folder, const EntryFile &file,
                          const Sealer *sealer, TwCacheTransfer &transfer,
                          std::string &bytes) {
  if (int error = sealer ? readFile(file.path, bytes)
                         : folder.readEntry(file.name, bytes)) {
    if (error != ENOENT) // removed meanwhile
      ++transfer.numFailed;
    return false;
  }
  if (sealer && !sealer->isRight(bytes)) {
    ++transfer.numRejected;
    return false;
  }
  TwBytes value;
  EntryState state = readEntry(bytes, nullptr, value);
  // Under another name it would never be found.
  if (state == EntryState::Good &&
      getEntryName(getEntryKey(bytes)) == file.name) {
    TwBytes key = getEntryKey(bytes);
    if (isLocalKey({static_cast<const char *>(key.data), key.size})) {
      ++transfer.numLocal;
      return false;
    }
    bytes.resize(getEntryBytes(bytes));
    return true;
  }
  ++(state == EntryState::OtherVersion ? transfer.numOtherVersion
                                       : transfer.numDamaged);
  return false;
}

static bool isSameFolder(const std::string &a, const std::string &b) {
  struct stat infoA, infoB;
  return stat(a.c_str(), &infoA) == 0 && stat(b.c_str(), &infoB) == 0 &&
         infoA.st_dev == infoB.st_dev && infoA.st_ino == infoB.st_ino;
}

TwStatus twCacheExport(TwCache cache, const char *folder,
                       TwCacheTransfer *transfer) {
  if (!cache || !folder || !*folder || !transfer)
    return fail(TW_INVALID_ARGUMENT,
                "expected a cache, a folder and a place for counts");
  *transfer = {};
  if (int error = makeFolders(folder, FileUsers::Everybody))
    return fail(TW_NOT_FOUND, "cannot make export folder '", folder,
                "': ", std::strerror(error));
  if (TwStatus status =
          checkOwner("export folder", folder, cache->allowsGroupWrite))
    return status;
  if (isSameFolder(cache->folder.path, folder))
    return fail(TW_INVALID_ARGUMENT, "expected a folder to export to, but got ",
                "the cache's own, '", folder, "'");
  Folder target(folder, cache->allowsGroupWrite);
  std::string bytes;
  for (const EntryFile &file : cache->folder.listEntries()) {
    // The folder is its owner's, and has no seals.
    if (!readGoodEntry(cache->folder, file, /*sealer=*/nullptr, *transfer,
                       bytes))
      continue;
    if (cache->sealer)
      bytes = cache->sealer->seal(bytes);
    if (writeEntryFile(cache, target, file.name, bytes, FileUsers::Everybody)) {
      ++transfer->numEntries;
      transfer->numBytes += bytes.size();
    } else {
      ++transfer->numFailed;
    }
  }
  rmdir((target.root + "/tmp").c_str()); // unless others write, too
  return nullptr;
}

/// Whether the cache's folder has an entry of that name that is of use.
static bool hasEntry(TwCache cache, const std::string &name) {
  std::string bytes;
  TwBytes value;
  return !cache->folder.readEntry(name, bytes) &&
         readEntry(bytes, nullptr, value) == EntryState::Good;
}

TwStatus twCacheImport(TwCache cache, const char *folder,
                       TwCacheTransfer *transfer) {
  if (!cache || !folder || !*folder || !transfer)
    return fail(TW_INVALID_ARGUMENT,
                "expected a cache, a folder and a place for counts");
  *transfer = {};
  if (cache->isReadOnly)
    return fail(TW_INVALID_ARGUMENT, "cache folder '", cache->folder.path,
                "' was opened to be read alone");
  // Whoever wrote to the folder: a seal says whose the entries are.
  const Sealer *sealer = cache->sealer.get();
  if (TwStatus status =
          sealer ? checkFolder("import folder", folder)
                 : checkOwner("import folder", folder, cache->allowsGroupWrite))
    return status;
  Folder source(folder, cache->allowsGroupWrite);
  if (access(source.root.c_str(), R_OK | X_OK))
    return fail(TW_NOT_FOUND, "expected a folder 'v1' in import folder '",
                folder, "': ", std::strerror(errno));
  std::string bytes;
  for (const EntryFile &file : source.listEntries()) {
    if (!readGoodEntry(source, file, sealer, *transfer, bytes))
      continue;
    if (hasEntry(cache, file.name)) {
      ++transfer->numKept;
    } else if (putIntoFolder(cache, file.name, bytes)) {
      ++transfer->numEntries;
      transfer->numBytes += bytes.size();
    } else {
      ++transfer->numFailed;
    }
  }
  return nullptr;
}
