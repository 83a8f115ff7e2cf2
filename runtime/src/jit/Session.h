// Session.h - a session: its compiler, its queue, what it was asked for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_JIT_SESSION_H
#define TILEWRIGHT_RUNTIME_JIT_SESSION_H

#include "Compiler.h"
#include "Manifest.h"
#include "Request.h"
#include "tilewright-rt/Jit.h"
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <set>
#include <vector>

namespace tilewright::rt {

/// A status that may be given to several callers.
struct SharedStatus {
  TwCode code = TW_OK;
  std::string message;

  /// Takes `status` over.
  void set(TwStatus status);
  TwStatus get() const;
};

/// A kernel that is being made. Who waits for it holds it.
struct Task {
  TwJit jit = nullptr; ///< set by startTask
  Request request;     ///< of what `source` has, only the name
  /// Of many tasks, or null: then `request` has all.
  std::shared_ptr<const RequestSource> source;
  bool isStrict = false;
  CompileLimit limit;
  /// Whether its answer was counted: once, by whoever gave it.
  std::atomic<bool> isCounted{false};

  std::mutex mutex;
  std::condition_variable changed;
  bool isDone = false;
  SharedStatus status;
  /// Called by the thread that made the library, before the task is done.
  std::function<TwStatus(const std::string &library)> use;
};

/// Waits until `task` is done or its budget is over; its status.
TwStatus waitForTask(Task &task);

} // namespace tilewright::rt

struct TwJitStorage {
  TwCache cache = nullptr;
  bool ownsCache = false, isStrict = false;
  uint32_t budgetMs = 0, maxThreads = 0;
  uint32_t forks = 0;
  std::string compilerPath, workerPath;
  std::unique_ptr<tilewright::rt::Compiler> compiler;
  bool hasManifest = false;
  tilewright::rt::Manifest manifest; ///< of the options
  std::string manifestPath;

  std::mutex identityMutex;
  std::string identity; ///< of the compiler; empty: not yet known
  std::map<std::string, std::vector<tilewright::rt::NamedText>> tools;

  std::mutex queueMutex;
  std::condition_variable queueChanged;
  bool isClosing = false;
  std::deque<std::shared_ptr<tilewright::rt::Task>> queue;
  std::set<std::shared_ptr<tilewright::rt::Task>> running;
  std::vector<pthread_t> threads; ///< not std::thread: it throws

  std::mutex recordMutex;
  tilewright::rt::Manifest record;

  std::atomic<uint64_t> requests{0}, cacheHits{0}, contentHits{0}, compiles{0},
      failures{0}, strictMisses{0}, timeouts{0}, fallbacks{0}, compiledBytes{0};
  std::mutex timesMutex;
  TwCompileTimes times = {};
};

namespace tilewright::rt {

/// Refuses null, and a session of the parent after a fork.
TwStatus checkJit(TwJit jit);

/// Sets the request's compiler and tools: those of the manifest in a strict
/// session that has one, else those that are installed, else the manifest's.
///
/// Errors: NOT_FOUND  there are neither
TwStatus identifyRequest(TwJit jit, Request &request);

/// The same for what is asked for now: an error is counted as its answer.
TwStatus identifyAndCount(TwJit jit, Request &request);

/// What the tools of a request depend on: its target, and a special linker.
std::string getToolsKey(const Request &request);

/// The library for `request`, which says its compiler, if the cache has it;
/// else `missing` is the key of what it has not.
bool findLibrary(TwJit jit, const Request &request, std::string &library,
                 std::string &missing);

/// The library for a task's whole `request`, which says its compiler: from the
/// cache, or compiled in this thread.
TwStatus obtainLibrary(Task &task, const Request &request,
                       std::string &library);

/// Counts that a task's answer is an error, unless it has had one; `isOver`: it
/// took too long, or was cancelled.
void countFailure(Task &task, TwStatus status, bool isOver);
/// Tells whoever wants to know of it.
void reportFailure(const Request &request, bool isStrict, TwStatus status);

/// Gives a task its request. `source` is that of many requests, which none of
/// them keeps a copy of.
void setRequest(Task &task, const Request &bare,
                std::shared_ptr<const RequestSource> source);

/// Has a task done by a thread of the session; `isUrgent` puts it in front.
void startTask(TwJit jit, const std::shared_ptr<Task> &task, bool isUrgent);

/// Ends a task, at once if no thread has begun it.
void cancelTask(TwJit jit, const std::shared_ptr<Task> &task);

/// Writes into the session's record that this was asked for.
void recordRequest(TwJit jit, const Request &request);

/// The target of a device as requests have it: AMD's without the signs of
/// features, for code is made for either.
std::string getRequestTarget(TwDevice device);

/// The kernel that is asked for, or else its source, for people.
std::string getKernelName(const Request &request);

/// All of what is asked for, for people.
std::string describeRequest(const Request &request);

/// What is assumed of the arguments, for people.
std::string describeArguments(const Request &request);

/// Why a strict session has no library for the request, for people: behind its
/// description. `missing` is findLibrary's.
std::string describeMiss(TwJit jit, const Request &request,
                         const std::string &missing);

/// The command that prebuilds the session's manifest for `target`, for people.
std::string describePrebuild(TwJit jit, const std::string &target);

/// That the code of a kernel is PTX of `chip` alone, why, and what to do, for
/// people; `isAsked`: keepsPtx was.
std::string describePtx(const std::string &kernel, const std::string &chip,
                        const std::string &target, bool isAsked);

/// The cache's folder, and how many shared ones it has, for people.
std::string describeCache(TwCache cache);

/// Reads the text and the files that it names.
TwStatus readSource(const TwJitSource &source, Request &request);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_JIT_SESSION_H
