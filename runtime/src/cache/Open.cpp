// Open.cpp - opens a cache: its options, and what the environment says instead.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Observe.h"
#include "../Support.h"
#include "Clock.h"
#include "Files.h"
#include "Lease.h"
#include "SecretFile.h"
#include "Storage.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

using namespace tilewright::rt;

static constexpr uint64_t kDefaultBytes = uint64_t(2) << 30;
static constexpr uint64_t kDefaultMemoryBytes = uint64_t(64) << 20;
static constexpr uint64_t kDefaultRedisBytes = uint64_t(16) << 20;
static constexpr uint32_t kDefaultRedisMs = 100, kDefaultRetryMs = 5000;

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

/// Sets `allows` where the environment says so.
static TwStatus readAllowance(int32_t &allows) {
  constexpr const char *kVariable = "TILEWRIGHT_CACHE_ALLOW_GROUP_WRITE";
  const char *text = std::getenv(kVariable);
  const std::string value = text ? text : "";
  if (allows || value.empty() || value == "0")
    return nullptr;
  if (value != "1")
    return fail(TW_INVALID_ARGUMENT, "expected 0 or 1 in ", kVariable,
                ", but got '", value, "'");
  allows = 1;
  return nullptr;
}

static TwStatus getSharedFolders(const TwCacheOptions &options,
                                 std::vector<std::string> &folders) {
  if (options.sharedFolders) {
    for (size_t i = 0; i < options.numSharedFolders; ++i) {
      if (!options.sharedFolders[i])
        return fail(TW_INVALID_ARGUMENT,
                    "expected the path of shared cache folder ", int64_t(i),
                    ", but got null");
      folders.push_back(options.sharedFolders[i]);
    }
    return nullptr;
  }
  const char *variable = std::getenv("TILEWRIGHT_CACHE_SHARED");
  std::string rest = variable ? variable : "";
  while (!rest.empty()) {
    size_t colon = rest.find(':');
    if (colon != 0)
      folders.push_back(rest.substr(0, colon));
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return nullptr;
}

/// Tells whoever wants to know that a layer is not there now. It is asked all
/// the same: it may come back.
static void reportAway(const std::string &folder, const char *layer,
                       int error) {
  if (isLogged(TW_LOG_WARNING))
    log(TW_LOG_WARNING, "cache.away",
        {{"folder", folder},
         {"layer", layer},
         {"reason", std::strerror(error)}});
}

/// Has a folder be the same whatever the working directory becomes.
static TwStatus fixFolder(const char *what, std::string &folder) {
  std::string given = folder;
  if (makeAbsolute(folder))
    return fail(TW_NOT_FOUND, "cannot tell where the ", what, " '", given,
                "' is: the working directory is gone; give a path from the "
                "root on");
  return nullptr;
}

/// Who lists a folder that he may not read finds nothing; 0 or errno.
static int checkReadable(const Folder &folder) {
  for (const std::string &path : {folder.path, folder.root})
    if (faccessat(AT_FDCWD, path.c_str(), R_OK | X_OK, AT_EACCESS) &&
        errno != ENOENT)
      return errno;
  return 0;
}

static TwStatus openOwnFolder(const TwCacheOptions &options,
                              TwCacheStorage &cache) {
  std::string folder = options.folder ? options.folder : getDefaultFolder();
  if (folder.empty())
    return fail(TW_INVALID_ARGUMENT,
                "expected a cache folder: set TILEWRIGHT_CACHE_DIR, or HOME");
  if (TwStatus status = fixFolder("cache folder", folder))
    return status;
  cache.folder = Folder(folder, options.allowsGroupWrite);
  const char *verb = "make";
  int error = options.isReadOnly ? 0 : makeFolders(folder);
  if (!error) {
    verb = "open";
    if (TwStatus status =
            checkOwner("cache folder", folder, options.allowsGroupWrite, error))
      return status;
  }
  if (!error && options.needsFolder) {
    verb = "read";
    error = checkReadable(cache.folder);
  }
  if (!error)
    return nullptr;
  if (options.needsFolder)
    return fail(TW_NOT_FOUND, "cannot ", verb, " cache folder '", folder,
                "': ", std::strerror(error));
  ++cache.warnings;
  reportAway(folder, "folder", error);
  return nullptr;
}

static TwStatus openSharedFolders(const TwCacheOptions &options,
                                  TwCacheStorage &cache) {
  std::vector<std::string> folders;
  if (TwStatus status = getSharedFolders(options, folders))
    return status;
  for (std::string &folder : folders) {
    if (TwStatus status = fixFolder("shared cache folder", folder))
      return status;
    int error = 0;
    if (TwStatus status = checkOwner("shared cache folder", folder,
                                     options.allowsGroupWrite, error))
      return status;
    if (error)
      reportAway(folder, "shared", error);
    cache.sharedFolders.push_back(Folder(folder, options.allowsGroupWrite));
  }
  return nullptr;
}

static TwStatus openRedis(const TwCacheOptions &options,
                          TwCacheStorage &cache) {
  const char *address =
      options.redis ? options.redis : std::getenv("TILEWRIGHT_CACHE_REDIS");
  if (!address || !*address)
    return nullptr;
  auto choose = [](auto option, auto usual) { return option ? option : usual; };
  RedisLimits limits;
  limits.connectMs = choose(options.redisConnectMs, kDefaultRedisMs);
  limits.commandMs = choose(options.redisCommandMs, kDefaultRedisMs);
  limits.retryMs = choose(options.redisRetryMs, kDefaultRetryMs);
  limits.ttlSeconds = options.redisTtlSeconds;
  limits.maxBytes = choose(options.redisMaxBytes, kDefaultRedisBytes);
  if (limits.maxBytes > kMostFileBytes)
    limits.maxBytes = kMostFileBytes;
  return Redis::create(address, limits, cache.redis);
}

static TwStatus makeSealer(const TwCacheOptions &options,
                           TwCacheStorage &cache) {
  TwBytes secret = {options.secret, options.secretBytes};
  std::string bytes;
  if (!options.secret) {
    const char *path = std::getenv("TILEWRIGHT_CACHE_SECRET_FILE");
    if (!path || !*path)
      return nullptr;
    if (TwStatus status = readSecretFile(path, bytes))
      return status;
    secret = {bytes.data(), bytes.size()};
  }
  TwStatus status = nullptr;
  if (secret.size)
    status = Sealer::create(secret, cache.sealer);
  explicit_bzero(&bytes[0], bytes.size());
  return status;
}

static TwStatus openLayers(const TwCacheOptions &options,
                           TwCacheStorage &cache) {
  if (TwStatus status = openOwnFolder(options, cache))
    return status;
  if (TwStatus status = openSharedFolders(options, cache))
    return status;
  if (TwStatus status = makeSealer(options, cache))
    return status;
  return openRedis(options, cache);
}

TwStatus twCacheOpen(const TwCacheOptions *options, TwCache *cache) {
  TwCacheOptions used = {};
  if (options)
    used = *options;
  if (!cache)
    return fail(TW_INVALID_ARGUMENT, "expected a place for the cache");
  *cache = nullptr;
  if (TwStatus status = readAllowance(used.allowsGroupWrite))
    return status;
  used.allowsGroupWrite = used.allowsGroupWrite > 0;
  prepareLeases();
  auto result = std::make_unique<TwCacheStorage>(
      used.maxMemoryBytes ? used.maxMemoryBytes : kDefaultMemoryBytes);
  if (TwStatus status = openLayers(used, *result))
    return status;
  result->maxBytes = used.maxBytes ? used.maxBytes : kDefaultBytes;
  result->isReadOnly = used.isReadOnly;
  result->allowsGroupWrite = used.allowsGroupWrite;
  result->syncs = used.syncs;
  if (getrandom(&result->nonce, sizeof(result->nonce), GRND_NONBLOCK) !=
      ssize_t(sizeof(result->nonce)))
    result->nonce =
        uint64_t(getMilliseconds()) ^ reinterpret_cast<uintptr_t>(result.get());
  *cache = result.release();
  return nullptr;
}

void twCacheClose(TwCache cache) { delete cache; }

const char *twCacheGetFolder(TwCache cache) {
  return cache ? cache->folder.path.c_str() : nullptr;
}

void twCacheGetCounters(TwCache cache, TwCacheCounters *counters) {
  if (!counters)
    return;
  *counters = {};
  if (!cache)
    return;
  uint64_t damaged = 0;
  for (const LayerCounters *layer :
       {&cache->folderCounters, &cache->sharedCounters, &cache->redisCounters})
    damaged += layer->get(Look::Damaged) + layer->get(Look::OtherVersion);
  *counters = {cache->memoryCounters.get(Look::Hit),
               cache->folderCounters.get(Look::Hit),
               cache->misses,
               damaged,
               cache->puts,
               cache->warnings,
               cache->evictions,
               cache->memoryCounters.get(),
               cache->folderCounters.get(),
               cache->sharedCounters.get(),
               cache->redisCounters.get()};
}
