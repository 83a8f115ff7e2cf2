// Obtain.cpp - a kernel's library from the cache, or compiled.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Observe.h"
#include "../Support.h"
#include "../cache/Storage.h"
#include "Session.h"
#include <ctime>

using namespace tilewright::rt;

static constexpr int64_t kLeasePollMs = 5;

static TwBytes toBytes(const std::string &text) {
  return {text.data(), text.size()};
}

/// The value of `key`; false where the cache has none.
static bool find(TwCache cache, const std::string &key, std::string &value) {
  TwCacheValue found = {};
  twStatusDestroy(twCacheGet(cache, toBytes(key), &found));
  if (!found.owner)
    return false;
  value.assign(static_cast<const char *>(found.bytes.data), found.bytes.size);
  twCacheValueDestroy(found);
  return true;
}

static void put(TwCache cache, const std::string &key,
                const std::string &value) {
  // A cache that cannot keep it counts that; the kernel is here all the same.
  twStatusDestroy(twCachePut(cache, toBytes(key), toBytes(value)));
}

bool tilewright::rt::findLibrary(TwJit jit, const Request &request,
                                 std::string &library) {
  std::string contentKey;
  return find(jit->cache, writeRequest(request), contentKey) &&
         find(jit->cache, contentKey, library);
}

void tilewright::rt::recordRequest(TwJit jit, const Request &request) {
  std::lock_guard<std::mutex> lock(jit->recordMutex);
  jit->record.add(request);
}

std::string tilewright::rt::getKernelName(const Request &request) {
  return request.kernel.empty() ? request.name : request.kernel;
}

std::string tilewright::rt::describeCache(TwCache cache) {
  std::string text = "cache '" + std::string(twCacheGetFolder(cache)) + "'";
  size_t numShared = cache->sharedFolders.size();
  if (numShared)
    text += " or its " + std::to_string(numShared) + " shared folder" +
            (numShared > 1 ? "s" : "");
  return text;
}

std::string tilewright::rt::describeArguments(const Request &request) {
  std::string text;
  for (size_t i = 0; i < request.arguments.size(); ++i)
    text += (i ? "; " : "") + writeArgument(request.arguments[i]);
  return text;
}

static std::string describe(const Request &request) {
  std::string text = request.kernel.empty()
                         ? "the kernel of '"
                         : "kernel '" + request.kernel + "' of '";
  text += request.name + "'";
  if (!request.variant.empty())
    text += ", variant '" + request.variant + "',";
  text += " for '" + request.target + "'";
  if (request.hasArguments)
    text += " with (" + describeArguments(request) + ")";
  return text;
}

/// The stages of a compilation that ended now, one behind the other.
static void traceStages(const TwCompileTimes &times) {
  if (!isTracing.load(std::memory_order_relaxed))
    return;
  double start = getTraceTime() - times.total * 1e3;
  for (auto [name, ms] : {std::make_pair("parse", times.parse),
                          {"passes", times.passes},
                          {"translate", times.translate},
                          {"optimize", times.optimize},
                          {"backend", times.backend},
                          {"assemble", times.assemble}}) {
    addSlice("compile", name, start, ms * 1e3);
    start += ms * 1e3;
  }
}

/// Refuses what is no library, before it is kept where it would be found again.
static TwStatus checkLibrary(const std::string &bytes) {
  TwLibrary library = nullptr;
  TwStatus status = twLibraryCreate(toBytes(bytes), &library);
  twLibraryDestroy(library);
  return status;
}

/// Makes what `key` stands for where `find` does not find it: with the lease of
/// the key, or with what another made who had it. Where that takes longer than
/// a compilation may, it is made here as well.
template <typename Find, typename Make>
static TwStatus findOrMake(TwJit jit, const std::string &key,
                           CompileLimit &limit, Find find, Make make) {
  int64_t end = getMonotonicMs() + jit->budgetMs;
  while (true) {
    TwCacheLease lease = nullptr;
    if (TwStatus status = twCacheTryLease(jit->cache, toBytes(key), &lease))
      return status;
    // Who had the lease before may have put it just now.
    bool isThere = find();
    if (isThere || lease || getMonotonicMs() >= end) {
      TwStatus status = isThere ? nullptr : make();
      twCacheLeaseDestroy(lease);
      return status;
    }
    if (TwStatus status = limit.check())
      return status;
    timespec pause = {0, kLeasePollMs * 1000000};
    nanosleep(&pause, nullptr);
  }
}

static void countCompilation(TwJit jit, const Request &request,
                             const CompileResult &result) {
  traceStages(result.times);
  log(TW_LOG_INFO, "jit.compile",
      {{"kernel", getKernelName(request)},
       {"source", request.name},
       {"target", request.target},
       {"ms", result.times.total},
       {"bytes", double(result.library.size())},
       {"remarks", result.remarks}});
  ++jit->compiles;
  jit->compiledBytes += result.library.size();
  std::lock_guard<std::mutex> lock(jit->timesMutex);
  jit->times.parse += result.times.parse;
  jit->times.passes += result.times.passes;
  jit->times.translate += result.times.translate;
  jit->times.optimize += result.times.optimize;
  jit->times.backend += result.times.backend;
  jit->times.assemble += result.times.assemble;
  jit->times.total += result.times.total;
}

/// Compiles; the content key is looked up in between, for another request may
/// lead to the same kernel, now or earlier.
static TwStatus compile(TwJit jit, const Request &request,
                        const std::string &key, CompileLimit &limit,
                        std::string &library) {
  Slice slice("compile", "compile", getKernelName(request));
  limit.deadlineMs = getMonotonicMs() + jit->budgetMs;
  std::unique_ptr<CompileJob> job;
  if (TwStatus status = jit->compiler->start(key, limit, job))
    return status;
  std::string contentKey;
  if (TwStatus status = job->prepare(contentKey))
    return status;
  auto findContent = [&] {
    bool isThere = find(jit->cache, contentKey, library);
    jit->contentHits += isThere;
    return isThere;
  };
  auto makeContent = [&]() -> TwStatus {
    limit.deadlineMs = getMonotonicMs() + jit->budgetMs;
    CompileResult result;
    if (TwStatus status = job->finish(result))
      return status;
    if (TwStatus status = checkLibrary(result.library))
      return status;
    countCompilation(jit, request, result);
    library = std::move(result.library);
    put(jit->cache, contentKey, library);
    return nullptr;
  };
  // To wait for another is no compilation.
  limit.deadlineMs = INT64_MAX;
  if (TwStatus status =
          findOrMake(jit, contentKey, limit, findContent, makeContent))
    return status;
  // Last: who finds it finds the library as well.
  put(jit->cache, key, contentKey);
  return nullptr;
}

static TwStatus findOrCompile(TwJit jit, const Request &request,
                              CompileLimit &limit, std::string &library) {
  std::string key = writeRequest(request);
  auto findRequest = [&] {
    bool isThere = findLibrary(jit, request, library);
    jit->cacheHits += isThere;
    return isThere;
  };
  return findOrMake(jit, key, limit, findRequest,
                    [&] { return compile(jit, request, key, limit, library); });
}

TwStatus tilewright::rt::obtainLibrary(TwJit jit, const Request &request,
                                       bool isStrict, CompileLimit &limit,
                                       std::string &library) {
  ++jit->requests;
  Slice slice("jit", "obtain", getKernelName(request));
  TwStatus status = nullptr;
  if (findLibrary(jit, request, library)) {
    ++jit->cacheHits;
    log(TW_LOG_DEBUG, "jit.hit",
        {{"kernel", getKernelName(request)},
         {"source", request.name},
         {"target", request.target}});
  } else if (isStrict) {
    ++jit->strictMisses;
    status = fail(TW_NOT_FOUND, "strict: ", describe(request), " is not in ",
                  describeCache(jit->cache),
                  ", or cannot be read there; prebuild it from a manifest that "
                  "has it");
  } else {
    status = findOrCompile(jit, request, limit, library);
  }
  if (status) {
    ++jit->failures;
    if (TwStatus reached = limit.check()) {
      jit->timeouts += twStatusGetCode(status) == TW_RESOURCE_EXHAUSTED;
      twStatusDestroy(reached);
    }
    log(isStrict ? TW_LOG_ERROR : TW_LOG_WARNING,
        isStrict ? "jit.miss" : "jit.fail",
        {{"kernel", getKernelName(request)},
         {"source", request.name},
         {"target", request.target},
         {"message", twStatusGetMessage(status)}});
    return status;
  }
  recordRequest(jit, request);
  return nullptr;
}
