/* Cache.h - keeps what took long to make: bytes by key, in memory, in a folder
 * that processes share, and in layers that machines share.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A key is any bytes; an entry holds its whole key, so that what is found is
 * what was asked for, whatever a hash says. A damaged entry is a miss, and a
 * file system that refuses is at most a counted warning: the value stays in
 * memory. So is a folder that is missing, or that this process may not read or
 * write; it is asked again each time. Nothing is taken from files or folders
 * that another user owns or may write to. docs/CacheFormat.md describes the
 * files.
 *
 * A value is looked for in memory, in the folder, in the shared folders and in
 * Redis, in this order. What is found in one layer is put into those before it
 * that may be written. A layer that is away, slow or wrong is a counted miss.
 *
 * A cache may be used from several threads, a folder from several processes and
 * machines. A forked child may use the caches of its parent; what was in memory
 * may not be there. Null where a cache or a place for an answer belongs is
 * INVALID_ARGUMENT; functions without a status answer null or zeros.
 */
#ifndef TILEWRIGHT_RT_CACHE_H
#define TILEWRIGHT_RT_CACHE_H

#include "tilewright-rt/Library.h"
#include "tilewright-rt/Status.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TwCacheStorage *TwCache;
typedef struct TwCacheLeaseStorage *TwCacheLease;

/** How to open a cache; all zero is right for most. */
typedef struct TwCacheOptions {
  /** Null: TILEWRIGHT_CACHE_DIR, else "tilewright" in the XDG cache folder. A
   * relative path, here or in a shared folder's place, counts from the working
   * directory in which the cache is opened. */
  const char *folder;
  /** Most bytes of the folder; 0: 2 GiB. All processes with this bound count
   * what they put together: after each sixteenth of it the one that put last
   * brings the folder down to seven eighths. So it is exceeded only by an entry
   * that is larger than a sixteenth, and by what is put while one process
   * looks, until the next put. Where the file system refuses to count, each
   * process may put a sixteenth before it looks, and looks at its first put. */
  uint64_t maxBytes;
  /** Most bytes in memory; 0: 64 MiB. */
  uint64_t maxMemoryBytes;
  /** Writes nothing. */
  int32_t isReadOnly;
  /** 1: takes folders and entries of this user or root that a group may write
   * to; then who is in the group decides what code runs. 0: if
   * TILEWRIGHT_CACHE_ALLOW_GROUP_WRITE is 1. -1: whatever that is, no. */
  int32_t allowsGroupWrite;
  /** Waits until the disk has an entry before others may see it. */
  int32_t syncs;
  /** A folder that cannot be made, opened or read is an error, not only a
   * warning. */
  int32_t needsFolder;

  /** Folders like the first, which are only read, in this order. Null: those of
   * TILEWRIGHT_CACHE_SHARED, with ':' between them. */
  const char *const *sharedFolders;
  size_t numSharedFolders;

  /** A Redis server: "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]" or
   * "unix:///PATH". Null: TILEWRIGHT_CACHE_REDIS; "": none. What it answers is
   * run: without a secret, trust whoever may write to it. */
  const char *redis;
  /** Most milliseconds to connect, and for a command with its answer; 0: 100.
   * Finding the address of a HOST that is a name is not bounded by them. */
  uint32_t redisConnectMs, redisCommandMs;
  /** Milliseconds in which a server that failed is not asked; 0: 5000. */
  uint32_t redisRetryMs;
  /** Seconds after which the server forgets an entry; 0: it does not. */
  uint32_t redisTtlSeconds;
  /** Most bytes of an entry that is sent to the server or taken from it; 0:
   * 16 MiB. */
  uint64_t redisMaxBytes;

  /** 16 to 4096 bytes that those know who may fill the shared folders and Redis:
   * entries that were not sealed with them are misses, and what is put into
   * Redis or exported is sealed. Null: the bytes of the file of
   * TILEWRIGHT_CACHE_SECRET_FILE; no bytes: none. */
  const void *secret;
  size_t secretBytes;
} TwCacheOptions;

/** What looks into a layer found: each counts as one of the first six. */
typedef struct TwCacheLayerCounters {
  uint64_t hits, absent;
  /** The bytes of an entry do not fit its lengths and checksums. */
  uint64_t damaged;
  uint64_t otherVersion;
  /** Its seal is missing or not that of the secret, or another user owns or may
   * write to its file or a folder that it is in. */
  uint64_t rejected;
  /** It could not be read, or the server was away, late or not asked. */
  uint64_t unreachable;
  /** What is larger than all memory is a failed write there. */
  uint64_t writes, failedWrites;
  /** Bytes of whole entries; those that were no hit are among them. */
  uint64_t readBytes, writtenBytes;
} TwCacheLayerCounters;

/** What happened since the cache was opened. */
typedef struct TwCacheCounters {
  /** Values that were asked for; the misses were in no layer. */
  uint64_t memoryHits, folderHits, misses;
  /** Entries, of all layers, that were damaged or of another version. */
  uint64_t damaged;
  uint64_t puts;
  /** Times that the file system of the folder refused. */
  uint64_t warnings;
  /** Entries that were removed to keep the bound. */
  uint64_t evictions;
  /** All shared folders count as one layer. */
  TwCacheLayerCounters memory, folder, shared, redis;
} TwCacheCounters;

/** A value, and what keeps it. */
typedef struct TwCacheValue {
  TwBytes bytes;
  void *owner; /**< null: there is no value */
} TwCacheValue;

/** Opens a cache; the folder is made if there is none. `options` may be null.
 *
 * A server, a folder or a shared folder that is away is no error, but the event
 * "cache.away", and a warning if it is the folder. Errors:
 *         INVALID_ARGUMENT  no folder is named, and none can be guessed; a
 *                           shared folder is null; the address of Redis is
 *                           none; the secret is too short or too long; or
 *                           TILEWRIGHT_CACHE_ALLOW_GROUP_WRITE is not 0 or 1
 *         UNSUPPORTED       the folder or a shared one belongs to another user,
 *                           or everybody may write to it, or a group that is
 *                           not allowed to; or others may read the secret's
 *                           file
 *         NOT_FOUND         the folder cannot be made, opened or read, and
 *                           `needsFolder` is set; a folder's path is relative,
 *                           and the working directory was removed; there is no
 *                           such secret's
 *                           file; or hiredis, for Redis, or libsodium, for a
 *                           secret, is missing
 */
TW_EXPORTED TwStatus twCacheOpen(const TwCacheOptions *options, TwCache *cache);
/** Values outlive it. Null is nothing. */
TW_EXPORTED void twCacheClose(TwCache cache);
/** The folder's path from the root on, as long as the cache is open. */
TW_EXPORTED const char *twCacheGetFolder(TwCache cache);

/** The value of `key`; `value->owner` is null where there is none, which is no
 * error, or no memory for it. Give it back with twCacheValueDestroy. */
TW_EXPORTED TwStatus twCacheGet(TwCache cache, TwBytes key,
                                TwCacheValue *value);
/** Sets the value of `key`, in memory as far as it fits, in the folder up to
 * 1 GiB and in Redis up to its bound; no other process sees a part of it.
 *
 * Errors: RESOURCE_EXHAUSTED  there is no memory for it */
TW_EXPORTED TwStatus twCachePut(TwCache cache, TwBytes key, TwBytes value);
TW_EXPORTED void twCacheValueDestroy(TwCacheValue value);

/** Asks for the right to make the value of `key`: one at a time has it, among
 * all processes. `*lease` is null while another has it. It ends with its
 * process, however that ends; a forked child does not have it. Where the file
 * system has no locks everybody gets it. */
TW_EXPORTED TwStatus twCacheTryLease(TwCache cache, TwBytes key,
                                     TwCacheLease *lease);
TW_EXPORTED void twCacheLeaseDestroy(TwCacheLease lease);
/** The value of `key`, or else a lease to make it: waits at most `milliseconds`
 * for another who is making it. Both null: the time is over; make it yourself.
 * While it waits, only memory and the folder are asked again, after 5 ms at
 * first, later after a sixteenth of the time, at most 100 ms. At most one miss is
 * counted. */
TW_EXPORTED TwStatus twCacheGetOrLease(TwCache cache, TwBytes key,
                                       uint32_t milliseconds,
                                       TwCacheValue *value,
                                       TwCacheLease *lease);

TW_EXPORTED void twCacheGetCounters(TwCache cache, TwCacheCounters *counters);
/** Removes the entries that were not asked for longest until the folder has at
 * most `maxBytes`, and what processes that died left behind a day ago. Nothing
 * is removed that has another name than the cache gives, or that a link leads
 * to. */
TW_EXPORTED TwStatus twCachePrune(TwCache cache, uint64_t maxBytes);
/** What the folder holds; reads no entry. */
TW_EXPORTED TwStatus twCacheGetUsage(TwCache cache, uint64_t *numEntries,
                                     uint64_t *numBytes);
/** Reads every entry of the folder.
 *
 * Errors: RESOURCE_EXHAUSTED  there is no memory for one */
TW_EXPORTED TwStatus twCacheVerify(TwCache cache, uint64_t *numEntries,
                                   uint64_t *numBytes, uint64_t *numDamaged);

/** How many entries were copied from folder to folder, and how many not. */
typedef struct TwCacheTransfer {
  uint64_t numEntries, numBytes; /**< copied, with their seals */
  uint64_t numKept;              /**< were there before */
  uint64_t numDamaged, numOtherVersion;
  uint64_t numRejected; /**< without the seal of the cache's secret */
  uint64_t numFailed;   /**< could not be read or written; without a secret also
                             where another user may write to an entry */
  uint64_t numLocal;    /**< say something of one machine, and stay there: keys
                             of kind "file", see docs/CacheFormat.md */
} TwCacheTransfer;

/** Copies every good entry of the cache's folder to `folder`, which is made if
 * there is none, may be read by everybody, and can be a shared folder. With a
 * secret the entries are sealed. What is there already is replaced.
 *
 * Errors: INVALID_ARGUMENT  `folder` is the cache's own
 *         UNSUPPORTED       others may write to `folder`
 *         NOT_FOUND         it cannot be made */
TW_EXPORTED TwStatus twCacheExport(TwCache cache, const char *folder,
                                   TwCacheTransfer *transfer);
/** Copies every good entry of `folder` to the cache's folder, whose own are
 * kept. With a secret only what it sealed is copied, whoever `folder` belongs
 * to.
 *
 * Errors: INVALID_ARGUMENT  the cache only reads
 *         UNSUPPORTED       there is no secret, and others may write to `folder`
 *         NOT_FOUND         there is no such folder, or it is none of a cache */
TW_EXPORTED TwStatus twCacheImport(TwCache cache, const char *folder,
                                   TwCacheTransfer *transfer);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_RT_CACHE_H */
