// Obtain.cpp - a kernel's library from the cache, or compiled.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Observe.h"
#include "../Support.h"
#include "../cache/Clock.h"
#include "../cache/Lease.h"
#include "../cache/Storage.h"
#include "Session.h"
#include <algorithm>

using namespace tilewright::rt;

static TwBytes toBytes(const std::string &text) {
  return {text.data(), text.size()};
}

/// Where a value is looked for: at first everywhere; again, which is no miss
/// more, in memory and in the own folder, or everywhere.
enum class Search { First, Near, Again };

/// The value of `key`; false where the cache has none.
static bool find(TwCache cache, const std::string &key, Search search,
                 std::string &value) {
  TwCacheValue found = {};
  if (search == Search::First)
    twStatusDestroy(twCacheGet(cache, toBytes(key), &found));
  else
    found = findAgain(cache, toBytes(key), search == Search::Again);
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

/// The library of the request with this key; else `missing` is the key of what
/// is not there, that or its content's.
static bool findByKey(TwCache cache, const std::string &key, Search search,
                      std::string &library, std::string &missing) {
  std::string contentKey;
  bool hasKey = find(cache, key, search, contentKey);
  if (hasKey && find(cache, contentKey, search, library))
    return true;
  missing = hasKey ? contentKey : key;
  return false;
}

bool tilewright::rt::findLibrary(TwJit jit, const Request &request,
                                 std::string &library, std::string &missing) {
  return findByKey(jit->cache, writeRequest(request), Search::First, library,
                   missing);
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

std::string tilewright::rt::describeRequest(const Request &request) {
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

std::string tilewright::rt::describePrebuild(TwJit jit,
                                             const std::string &target) {
  const std::string &path = jit->manifestPath;
  return "run tile-cache prebuild '" + path + "' --target " + target +
         " --folder FOLDER";
}

std::string tilewright::rt::describeMiss(TwJit jit, const Request &request,
                                         const std::string &missing) {
  std::string reason = describeMiss(jit->cache, toBytes(missing));
  if (!reason.empty())
    return " cannot be taken from " + describeCache(jit->cache) + ": " + reason;
  std::string text = " is not in " + describeCache(jit->cache);
  const Manifest &manifest = jit->manifest;
  if (jit->hasManifest && (manifest.compiler.empty() ||
                           !manifest.tools.count(getToolsKey(request))))
    return text + ": manifest '" + jit->manifestPath +
           "' was not prebuilt for '" + getToolsKey(request) +
           "'; where the compiler is, " + describePrebuild(jit, request.target);
  return text + "; prebuild it from a manifest that has it";
}

/// The stages of a compilation whose job was prepared at `prepared` and ended
/// now: the first one before that, the others one behind the other.
static void traceStages(const TwCompileTimes &times, double prepared) {
  if (!isTracing.load(std::memory_order_relaxed))
    return;
  addSlice("compile", "parse", prepared - times.parse * 1e3, times.parse * 1e3);
  double end = getTraceTime();
  for (auto [name, ms] : {std::make_pair("assemble", times.assemble),
                          {"backend", times.backend},
                          {"optimize", times.optimize},
                          {"translate", times.translate},
                          {"passes", times.passes}}) {
    end -= ms * 1e3;
    addSlice("compile", name, end, ms * 1e3);
  }
}

/// What a job does first, in a slice of its own; `prepared` gets its end.
static TwStatus prepareJob(CompileJob &job, const Request &request,
                           std::string &contentKey, double &prepared) {
  Slice slice("compile", "prepare", getKernelName(request));
  TwStatus status = job.prepare(contentKey);
  prepared = getTraceTime();
  return status;
}

/// What it does if the content is in no cache, with the stages of both.
static TwStatus finishJob(CompileJob &job, const Request &request,
                          double prepared, CompileResult &result) {
  Slice slice("compile", "finish", getKernelName(request));
  TwStatus status = job.finish(result);
  if (!status)
    traceStages(result.times, prepared);
  return status;
}

/// Refuses what is no library, before it is kept where it would be found again.
static TwStatus checkLibrary(const std::string &bytes) {
  TwLibrary library = nullptr;
  TwStatus status = twLibraryCreate(toBytes(bytes), &library);
  twLibraryDestroy(library);
  return status;
}

/// Makes what `key` stands for where `find` does not find it again: with the
/// lease of the key, or with what another made who had it. Where another has it
/// at `endMs`, it is made here as well.
template <typename Find, typename Make>
static TwStatus findOrMake(TwJit jit, const std::string &key, int64_t endMs,
                           CompileLimit &limit, Find find, Make make) {
  const int64_t startMs = getMilliseconds();
  for (bool hasWaited = false;; hasWaited = true) {
    TwCacheLease lease = nullptr;
    if (TwStatus status = twCacheTryLease(jit->cache, toBytes(key), &lease))
      return status;
    int64_t nowMs = getMilliseconds();
    bool isLast = lease || nowMs >= endMs;
    // Who had the lease before may have put it just now: where this process
    // finds it soonest, or, if that layer refused, in those behind it.
    bool isThere = find(isLast && hasWaited ? Search::Again : Search::Near);
    if (isThere || isLast) {
      TwStatus status = isThere ? nullptr : make();
      twCacheLeaseDestroy(lease);
      return status;
    }
    if (TwStatus status = limit.check())
      return status;
    sleepMs(std::min(getLeasePauseMs(nowMs - startMs), endMs - nowMs));
  }
}

namespace {

/// How a request was answered.
struct Answer {
  enum Kind { CacheHit, ContentHit, Compiled } kind = CacheHit;
  /// Of what was compiled.
  TwCompileTimes times = {};
  uint64_t bytes = 0;
};

} // namespace

static void count(TwJit jit, const Answer &answer) {
  if (answer.kind != Answer::Compiled) {
    ++(answer.kind == Answer::CacheHit ? jit->cacheHits : jit->contentHits);
    return;
  }
  ++jit->compiles;
  jit->compiledBytes += answer.bytes;
  std::lock_guard<std::mutex> lock(jit->timesMutex);
  jit->times.parse += answer.times.parse;
  jit->times.passes += answer.times.passes;
  jit->times.translate += answer.times.translate;
  jit->times.optimize += answer.times.optimize;
  jit->times.backend += answer.times.backend;
  jit->times.assemble += answer.times.assemble;
  jit->times.total += answer.times.total;
}

void tilewright::rt::countFailure(Task &task, TwStatus status, bool isOver) {
  TwJit jit = task.jit;
  if (task.isCounted.exchange(true))
    return;
  ++jit->failures;
  jit->timeouts += isOver;
  jit->strictMisses += task.isStrict && status->code == TW_NOT_FOUND;
}

void tilewright::rt::reportFailure(const Request &request, bool isStrict,
                                   TwStatus status) {
  log(isStrict ? TW_LOG_ERROR : TW_LOG_WARNING,
      isStrict ? "jit.miss" : "jit.fail",
      {{"kernel", getKernelName(request)},
       {"source", request.name},
       {"target", request.target},
       {"message", twStatusGetMessage(status)}});
}

static void reportCompilation(const Request &request,
                              const CompileResult &result) {
  log(TW_LOG_INFO, "jit.compile",
      {{"kernel", getKernelName(request)},
       {"source", request.name},
       {"target", request.target},
       {"ms", result.times.total},
       {"bytes", double(result.library.size())},
       {"remarks", result.remarks}});
}

/// Compiles; the content key is looked up in between, for another request may
/// lead to the same kernel, now or earlier. Who makes that is waited for until
/// `endMs`.
static TwStatus compile(TwJit jit, const Request &request,
                        const std::string &key, int64_t endMs,
                        CompileLimit &limit, std::string &library,
                        Answer &answer) {
  Slice slice("compile", "compile", getKernelName(request));
  limit.budgetMs = jit->budgetMs;
  limit.deadlineMs = getMilliseconds() + jit->budgetMs;
  std::unique_ptr<CompileJob> job;
  if (TwStatus status = jit->compiler->start(key, limit, job))
    return status;
  std::string contentKey;
  double prepared;
  if (TwStatus status = prepareJob(*job, request, contentKey, prepared))
    return status;
  auto findContent = [&](Search search) {
    bool isThere = find(jit->cache, contentKey, search, library);
    if (isThere)
      answer.kind = Answer::ContentHit;
    return isThere;
  };
  auto makeContent = [&]() -> TwStatus {
    limit.deadlineMs = getMilliseconds() + jit->budgetMs;
    CompileResult result;
    if (TwStatus status = finishJob(*job, request, prepared, result))
      return status;
    if (TwStatus status = checkLibrary(result.library))
      return status;
    reportCompilation(request, result);
    answer = {Answer::Compiled, result.times, result.library.size()};
    library = std::move(result.library);
    put(jit->cache, contentKey, library);
    return nullptr;
  };
  // To wait for another is no compilation.
  limit.deadlineMs = INT64_MAX;
  if (!findContent(Search::First))
    if (TwStatus status =
            findOrMake(jit, contentKey, endMs, limit, findContent, makeContent))
      return status;
  // Last: who finds it finds the library as well.
  put(jit->cache, key, contentKey);
  return nullptr;
}

/// Finds what was not there just now, or compiles it. Others who make it are
/// waited for as long as a compilation may take, all of them together.
static TwStatus findOrCompile(TwJit jit, const Request &request,
                              CompileLimit &limit, std::string &library,
                              Answer &answer) {
  std::string key = writeRequest(request), missing;
  const int64_t endMs = getMilliseconds() + jit->budgetMs;
  return findOrMake(
      jit, key, endMs, limit,
      [&](Search search) {
        return findByKey(jit->cache, key, search, library, missing);
      },
      [&] {
        return compile(jit, request, key, endMs, limit, library, answer);
      });
}

TwStatus tilewright::rt::obtainLibrary(Task &task, const Request &request,
                                       std::string &library) {
  TwJit jit = task.jit;
  ++jit->requests;
  Slice slice("jit", "obtain", getKernelName(request));
  TwStatus status = nullptr;
  Answer answer;
  std::string missing;
  if (findLibrary(jit, request, library, missing)) {
    log(TW_LOG_DEBUG, "jit.hit",
        {{"kernel", getKernelName(request)},
         {"source", request.name},
         {"target", request.target}});
  } else if (task.isStrict) {
    status = fail(TW_NOT_FOUND, "strict: ", describeRequest(request),
                  describeMiss(jit, request, missing));
  } else {
    status = findOrCompile(jit, request, task.limit, library, answer);
  }
  if (status) {
    TwStatus reached = task.limit.check();
    bool isOver = reached && status->code == TW_RESOURCE_EXHAUSTED;
    twStatusDestroy(reached);
    countFailure(task, status, isOver);
    // Else the message has the source's name, or is about the machine.
    if (isOver || status->code == TW_INTERNAL)
      status->message = describeRequest(request) + ": " + status->message;
    reportFailure(request, task.isStrict, status);
    return status;
  }
  // To load it is no compilation. Who waited may have been told that it takes
  // too long.
  task.limit.deadlineMs = INT64_MAX;
  if (!task.isCounted.exchange(true))
    count(jit, answer);
  recordRequest(jit, request);
  return nullptr;
}
