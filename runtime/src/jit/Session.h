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
  Request request; ///< once it is done, without its source
  bool isStrict = false;
  CompileLimit limit;

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

/// What the tools of a request depend on: its target, and a special linker.
std::string getToolsKey(const Request &request);

/// The library for `request`, which says its compiler, if the cache has it.
bool findLibrary(TwJit jit, const Request &request, std::string &library);

/// The library for `request`, which says its compiler: from the cache, or
/// compiled in this thread.
TwStatus obtainLibrary(TwJit jit, const Request &request, bool isStrict,
                       CompileLimit &limit, std::string &library);

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

/// What is assumed of the arguments, for people.
std::string describeArguments(const Request &request);

/// The cache's folder, and how many shared ones it has, for people.
std::string describeCache(TwCache cache);

/// Reads the text and the files that it names.
TwStatus readSource(const TwJitSource &source, Request &request);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_JIT_SESSION_H
