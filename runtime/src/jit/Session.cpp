// Session.cpp - opens and closes sessions; who compiles, and on which threads.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Session.h"
#include "../Backend.h"
#include "../Compatibility.h"
#include "../Support.h"
#include "../cache/Clock.h"
#include "../cache/Files.h"
#include "Identity.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <unistd.h>

using namespace tilewright::rt;

//===----------------------------------------------------------------------===//
// Statuses
//===----------------------------------------------------------------------===//

void SharedStatus::set(TwStatus status) {
  code = twStatusGetCode(status);
  message = twStatusGetMessage(status);
  twStatusDestroy(status);
}

TwStatus SharedStatus::get() const {
  return code == TW_OK ? nullptr : fail(code, message);
}

TwStatus tilewright::rt::checkJit(TwJit jit) {
  if (!jit)
    return fail(TW_INVALID_ARGUMENT, "expected a session, but got null");
  if (jit->forks != countForks())
    return fail(TW_UNSUPPORTED, "the session was opened before this process "
                                "was forked; open one here");
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

/// The path of the file that is mapped at `address`, from the root on: links
/// are followed. Empty where the system does not tell.
static std::string findMappedFile(uintptr_t address) {
  std::FILE *maps = std::fopen("/proc/self/maps", "re");
  if (!maps)
    return {};
  std::string path;
  char *line = nullptr;
  size_t capacity = 0;
  while (path.empty() && getline(&line, &capacity, maps) > 0) {
    // "begin-end rights offset device inode   path"
    unsigned long begin, end;
    const char *file = std::strchr(line, '/');
    if (file && std::sscanf(line, "%lx-%lx", &begin, &end) == 2 &&
        begin <= address && address < end)
      path.assign(file, std::strcspn(file, "\n"));
  }
  std::free(line);
  std::fclose(maps);
  return path;
}

/// The folder of the file that has this code. The dynamic linker knows the path
/// by which it was found; where that does not begin at the root (from
/// LD_LIBRARY_PATH, or a program's first argument) the working directory may be
/// another one by now.
static std::string getOwnFolder() {
  auto *address = reinterpret_cast<const void *>(&getOwnFolder);
  Dl_info info = {};
  std::string path;
  if (dladdr(address, &info) && info.dli_fname)
    path = info.dli_fname;
  if (path.empty() || path[0] != '/')
    if (std::string file = findMappedFile(reinterpret_cast<uintptr_t>(address));
        !file.empty())
      path = file;
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

/// The same file when the working directory changes, where it is known. A name
/// without a folder is left for the system to look for.
static std::string fixPath(std::string path) {
  if (path.find('/') != std::string::npos)
    (void)makeAbsolute(path);
  return path;
}

/// What was chosen, else what the environment says, else the first of `places`
/// (from the folder of this library) that is there; else `name`.
static std::string findFile(const char *chosen, const char *variable,
                            std::initializer_list<const char *> places,
                            const char *name) {
  if (chosen)
    return fixPath(chosen);
  if (const char *own = std::getenv(variable); own && *own)
    return fixPath(own);
  for (const char *place : places) {
    std::string path = fixPath(getOwnFolder() + place + name);
    if (access(path.c_str(), R_OK) == 0)
      return path;
  }
  return name;
}

TwStatus twJitOpen(const TwJitOptions *options, TwJit *jit) {
  if (!jit)
    return fail(TW_INVALID_ARGUMENT, "expected a place for the session");
  *jit = nullptr;
  TwJitOptions defaults = {};
  const TwJitOptions &used = options ? *options : defaults;
  auto result = std::make_unique<TwJitStorage>();
  result->forks = countForks();
  result->isStrict = used.isStrict;
  result->budgetMs =
      used.budgetMilliseconds ? used.budgetMilliseconds : 60 * 1000;
  result->maxThreads = used.numThreads ? used.numThreads : 2;
  result->compilerPath = findFile(used.compiler, "TILEWRIGHT_COMPILER",
                                  {"/", "/../lib/"}, "libtilewright-jit.so");
  result->workerPath = findFile(used.worker, "TILEWRIGHT_COMPILER_PROCESS",
                                {"/", "/../bin/"}, "tile-compile-worker");
  result->compiler =
      used.usesProcess
          ? makeProcessCompiler(result->workerPath, result->compilerPath)
          : makeLibraryCompiler(result->compilerPath);
  if (used.manifest) {
    if (TwStatus status = readManifestFile(used.manifest, result->manifest))
      return status;
    result->hasManifest = true;
    result->manifestPath = used.manifest;
  }
  result->cache = used.cache;
  if (!result->cache) {
    if (TwStatus status = twCacheOpen(nullptr, &result->cache))
      return status;
    result->ownsCache = true;
  }
  *jit = result.release();
  return nullptr;
}

void twJitClose(TwJit jit) {
  if (!jit)
    return;
  if (jit->forks != countForks()) {
    // The threads of the parent are not here, nor is what they hold.
    return;
  }
  {
    std::lock_guard<std::mutex> lock(jit->queueMutex);
    jit->isClosing = true;
  }
  twStatusDestroy(twJitCancel(jit));
  jit->queueChanged.notify_all();
  for (pthread_t thread : jit->threads)
    pthread_join(thread, nullptr);
  if (jit->ownsCache)
    twCacheClose(jit->cache);
  delete jit;
}

void twJitGetCounters(TwJit jit, TwJitCounters *counters) {
  if (!counters)
    return;
  *counters = {};
  // A thread of the parent may have had the lock.
  if (!jit || jit->forks != countForks())
    return;
  std::lock_guard<std::mutex> lock(jit->timesMutex);
  *counters = {jit->requests, jit->cacheHits, jit->contentHits,
               jit->compiles, jit->failures,  jit->strictMisses,
               jit->timeouts, jit->fallbacks, jit->compiledBytes,
               jit->times};
}

//===----------------------------------------------------------------------===//
// Who compiles
//===----------------------------------------------------------------------===//

std::string tilewright::rt::getRequestTarget(TwDevice device) {
  return getRequestTarget(device->backend->target);
}

std::string tilewright::rt::getToolsKey(const Request &request) {
  return request.linker.empty() ? request.target
                                : request.target + " " + request.linker;
}

/// That nobody knows which compiler a request is for, since `status` says that
/// there is none; takes it over.
static TwStatus failToIdentify(TwJit jit, const Request &request,
                               TwStatus status) {
  std::string reason = twStatusGetMessage(status);
  twStatusDestroy(status);
  std::string cure = "; set LD_LIBRARY_PATH to its folder";
  if (access(jit->compilerPath.c_str(), R_OK)) {
    reason = "cannot read the compiler '" + jit->compilerPath +
             "': " + std::strerror(errno);
    cure = "; set TILEWRIGHT_COMPILER to libtilewright-jit.so";
  }
  if (!jit->isStrict)
    return fail(TW_NOT_FOUND, reason, cure);
  if (!jit->hasManifest)
    return fail(TW_NOT_FOUND,
                "strict: which compiler made the kernels is not known, for the "
                "session has no manifest, and ",
                reason,
                "; open it with a manifest that 'tile-cache prebuild' has "
                "been through");
  return fail(TW_NOT_FOUND, "strict: manifest '", jit->manifestPath,
              "' was recorded, but not prebuilt: it does not say which "
              "compiler made the kernels; where there is one, ",
              describePrebuild(jit, request.target));
}

TwStatus tilewright::rt::identifyRequest(TwJit jit, Request &request) {
  const Manifest &manifest = jit->manifest;
  bool hasMaker = jit->hasManifest && !manifest.compiler.empty();
  auto takeManifest = [&] {
    request.compiler = manifest.compiler;
    auto it = manifest.tools.find(getToolsKey(request));
    request.tools =
        it == manifest.tools.end() ? std::vector<NamedText>() : it->second;
  };
  if (jit->isStrict && hasMaker) {
    takeManifest();
    return nullptr;
  }
  std::lock_guard<std::mutex> lock(jit->identityMutex);
  if (jit->identity.empty()) {
    std::string identity;
    TwStatus status = identifyCompiler(jit->compilerPath, identity);
    if (status && hasMaker) {
      twStatusDestroy(status);
      takeManifest();
      return nullptr;
    }
    if (status)
      return failToIdentify(jit, request, status);
    jit->identity = std::move(identity);
  }
  request.compiler = jit->identity;
  auto [it, isNew] = jit->tools.try_emplace(getToolsKey(request));
  // A program may be replaced, or PATH, while the session is open; of a library
  // that is there, this process has the old one.
  if (isNew || it->second.empty() || it->second.front().name == "ptxas")
    it->second = identifyTools(jit->cache, request.target, request.linker);
  request.tools = it->second;
  return nullptr;
}

TwStatus tilewright::rt::identifyAndCount(TwJit jit, Request &request) {
  TwStatus status = identifyRequest(jit, request);
  if (!status)
    return nullptr;
  ++jit->requests;
  ++jit->failures;
  jit->strictMisses += jit->isStrict;
  reportFailure(request, jit->isStrict, status);
  return status;
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

void tilewright::rt::setRequest(Task &task, const Request &bare,
                                std::shared_ptr<const RequestSource> source) {
  task.request = bare;
  task.request.name = source->name;
  task.source = std::move(source);
}

static void finishTask(Task &task, TwStatus status) {
  std::lock_guard<std::mutex> lock(task.mutex);
  if (task.isDone) {
    twStatusDestroy(status);
    return;
  }
  task.status.set(status);
  task.isDone = true;
  task.changed.notify_all();
}

static void *runTasks(void *session) {
  // For those who look at threads, as in a trace.
  pthread_setname_np(pthread_self(), "tilewright-jit");
  TwJit jit = static_cast<TwJit>(session);
  std::unique_lock<std::mutex> lock(jit->queueMutex);
  while (true) {
    while (jit->queue.empty() && !jit->isClosing)
      jit->queueChanged.wait(lock);
    if (jit->queue.empty())
      return nullptr;
    std::shared_ptr<Task> task = std::move(jit->queue.front());
    jit->queue.pop_front();
    jit->running.insert(task);
    lock.unlock();
    std::string library;
    // The task is kept as long as its code, and a source may be large.
    Request request = task->request;
    if (task->source)
      setSource(request, *task->source);
    TwStatus status = obtainLibrary(*task, request, library);
    if (!status && task->use)
      status = task->use(library);
    finishTask(*task, status);
    lock.lock();
    jit->running.erase(task);
    jit->queueChanged.notify_all();
  }
}

/// Ends a task that no thread will begin; `isCancelled`: nobody wants it.
static void endUnbegun(Task &task, const char *why, bool isCancelled) {
  TwStatus status = fail(TW_RESOURCE_EXHAUSTED, why);
  ++task.jit->requests;
  countFailure(task, status, isCancelled);
  finishTask(task, status);
}

/// Ends a task that no thread has begun.
static void dropTask(TwJit jit, const std::shared_ptr<Task> &task,
                     const char *why, bool isCancelled) {
  {
    std::lock_guard<std::mutex> lock(jit->queueMutex);
    auto it = std::find(jit->queue.begin(), jit->queue.end(), task);
    if (it == jit->queue.end())
      return;
    jit->queue.erase(it);
    jit->queueChanged.notify_all();
  }
  endUnbegun(*task, why, isCancelled);
}

void tilewright::rt::startTask(TwJit jit, const std::shared_ptr<Task> &task,
                               bool isUrgent) {
  task->jit = jit;
  bool hasThread;
  {
    std::lock_guard<std::mutex> lock(jit->queueMutex);
    if (isUrgent)
      jit->queue.push_front(task);
    else
      jit->queue.push_back(task);
    pthread_t thread;
    if (jit->threads.size() < jit->maxThreads &&
        jit->threads.size() < jit->queue.size() + jit->running.size() &&
        pthread_create(&thread, nullptr, &runTasks, jit) == 0)
      jit->threads.push_back(thread);
    hasThread = !jit->threads.empty();
    jit->queueChanged.notify_all();
  }
  if (!hasThread)
    dropTask(jit, task, "the system gives no thread to compile on",
             /*isCancelled=*/false);
}

void tilewright::rt::cancelTask(TwJit jit, const std::shared_ptr<Task> &task) {
  task->limit.isCancelled = true;
  dropTask(jit, task, "the compilation was cancelled before it began",
           /*isCancelled=*/true);
}

TwStatus tilewright::rt::waitForTask(Task &task) {
  constexpr std::chrono::milliseconds kPause(20);
  std::unique_lock<std::mutex> lock(task.mutex);
  while (!task.changed.wait_for(lock, kPause, [&] { return task.isDone; })) {
    // The compiler itself looks at its limit between passes alone.
    if (getMilliseconds() < task.limit.deadlineMs)
      continue;
    task.limit.isCancelled = true;
    TwStatus status = task.limit.describeTimeout();
    status->message = describeRequest(task.request) + ": " + status->message;
    countFailure(task, status, /*isOver=*/true);
    return status;
  }
  return task.status.get();
}

TwStatus twJitWait(TwJit jit) {
  if (TwStatus status = checkJit(jit))
    return status;
  std::unique_lock<std::mutex> lock(jit->queueMutex);
  jit->queueChanged.wait(
      lock, [&] { return jit->queue.empty() && jit->running.empty(); });
  return nullptr;
}

TwStatus twJitCancel(TwJit jit) {
  if (TwStatus status = checkJit(jit))
    return status;
  std::deque<std::shared_ptr<Task>> dropped;
  {
    std::lock_guard<std::mutex> lock(jit->queueMutex);
    dropped.swap(jit->queue);
    for (const std::shared_ptr<Task> &task : jit->running)
      task->limit.isCancelled = true;
    jit->queueChanged.notify_all();
  }
  for (const std::shared_ptr<Task> &task : dropped)
    endUnbegun(*task, "the compilation was cancelled before it began",
               /*isCancelled=*/true);
  return nullptr;
}
