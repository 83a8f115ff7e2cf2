// LibraryCompiler.cpp - the compiler in this process.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../DriverLibrary.h"
#include "../Observe.h"
#include "../Support.h"
#include "../cache/Clock.h"
#include "Compiler.h"
#include <algorithm>
#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <pthread.h>

using namespace tilewright::rt;

TwStatus CompileLimit::check() const {
  if (isCancelled.load(std::memory_order_relaxed))
    return fail(TW_RESOURCE_EXHAUSTED, "the compilation was cancelled");
  return getMilliseconds() >= deadlineMs ? describeTimeout() : nullptr;
}

TwStatus CompileLimit::describeTimeout() const {
  return fail(TW_RESOURCE_EXHAUSTED,
              "the compilation took longer than its budget of ",
              int64_t(budgetMs.load(std::memory_order_relaxed)),
              " ms; set TwJitOptions::budgetMilliseconds to more, or prebuild "
              "the kernel");
}

namespace {

/// The functions of the library.
struct Functions {
  decltype(&twCompilerGetVersion) getVersion = nullptr;
  decltype(&twCompilationCreate) create = nullptr;
  decltype(&twCompilationDestroy) destroy = nullptr;
  decltype(&twCompilationPrepare) prepare = nullptr;
  decltype(&twCompilationFinish) finish = nullptr;
  decltype(&twCompilationCancel) cancel = nullptr;
  decltype(&twCompilationGetContentKey) getContentKey = nullptr;
  decltype(&twCompilationGetLibrary) getLibrary = nullptr;
  decltype(&twCompilationGetMessage) getMessage = nullptr;
  decltype(&twCompilationGetTimes) getTimes = nullptr;
};

/// Cancels a compilation when its limit is reached: the compiler itself knows
/// no time. A thread that sleeps most of the time costs less than it looks.
class Watchdog {
public:
  Watchdog(const Functions &functions, TwCompilation compilation,
           const CompileLimit &limit)
      : functions(functions), compilation(compilation), limit(limit),
        // Not std::thread, which throws where there is none.
        isStarted(pthread_create(&thread, nullptr, &watch, this) == 0) {}
  ~Watchdog() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      isDone = true;
    }
    changed.notify_all();
    if (isStarted)
      pthread_join(thread, nullptr);
  }
  Watchdog(const Watchdog &) = delete;

  TwStatus check() const {
    return isStarted ? nullptr
                     : fail(TW_RESOURCE_EXHAUSTED,
                            "the system gives no thread that watches over a "
                            "compilation");
  }

private:
  static void *watch(void *watchdog) {
    auto &self = *static_cast<Watchdog *>(watchdog);
    std::unique_lock<std::mutex> lock(self.mutex);
    while (!self.isDone) {
      if (TwStatus status = self.limit.check()) {
        self.functions.cancel(self.compilation);
        twStatusDestroy(status);
        break;
      }
      // Others may set the limit; a budget may be shorter than the pause.
      int64_t restMs = self.limit.deadlineMs - getMilliseconds();
      self.changed.wait_for(
          lock, std::chrono::milliseconds(std::clamp<int64_t>(restMs, 1, 20)));
    }
    return nullptr;
  }

  const Functions &functions;
  TwCompilation compilation;
  const CompileLimit &limit;
  std::mutex mutex;
  std::condition_variable changed;
  bool isDone = false;
  // Last: it begins with all the others there.
  pthread_t thread;
  const bool isStarted;
};

class LibraryJob : public CompileJob {
public:
  LibraryJob(const Functions &functions, const std::string &request,
             CompileLimit &limit)
      : functions(functions), limit(limit),
        compilation(functions.create({request.data(), request.size()})) {}
  ~LibraryJob() override { functions.destroy(compilation); }

  TwStatus prepare(std::string &contentKey) override {
    if (TwStatus status = run(functions.prepare))
      return status;
    contentKey = copy(functions.getContentKey(compilation));
    return nullptr;
  }
  TwStatus finish(CompileResult &result) override {
    if (TwStatus status = run(functions.finish))
      return status;
    result.library = copy(functions.getLibrary(compilation));
    result.remarks = functions.getMessage(compilation);
    functions.getTimes(compilation, &result.times);
    return nullptr;
  }

private:
  TwStatus run(TwCode (*stage)(TwCompilation)) {
    if (TwStatus status = limit.check())
      return status;
    TwCode code;
    {
      Watchdog watchdog(functions, compilation, limit);
      if (TwStatus status = watchdog.check())
        return status;
      code = stage(compilation);
    }
    if (code == TW_OK)
      return nullptr;
    // Why it was cancelled, rather than that it was.
    if (TwStatus status = limit.check())
      return status;
    return fail(code, functions.getMessage(compilation));
  }
  static std::string copy(TwBytes bytes) {
    return {static_cast<const char *>(bytes.data), bytes.size};
  }

  const Functions &functions;
  CompileLimit &limit;
  TwCompilation compilation;
};

class LibraryCompiler : public Compiler {
public:
  explicit LibraryCompiler(std::string path) : path(std::move(path)) {}

  TwStatus start(const std::string &request, CompileLimit &limit,
                 std::unique_ptr<CompileJob> &job) override {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!isLoaded)
        if (TwStatus status = load())
          return status;
      isLoaded = true;
    }
    job = std::make_unique<LibraryJob>(functions, request, limit);
    return nullptr;
  }

private:
  TwStatus load() {
    Slice slice("compile", "load compiler", {});
    void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
      const char *why = dlerror();
      return fail(TW_NOT_FOUND, "cannot load the compiler '", path,
                  "': ", why ? why : "no reason given",
                  "; set TILEWRIGHT_COMPILER to libtilewright-jit.so");
    }
    FunctionFinder find{library};
    find(functions.getVersion, "twCompilerGetVersion");
    find(functions.create, "twCompilationCreate");
    find(functions.destroy, "twCompilationDestroy");
    find(functions.prepare, "twCompilationPrepare");
    find(functions.finish, "twCompilationFinish");
    find(functions.cancel, "twCompilationCancel");
    find(functions.getContentKey, "twCompilationGetContentKey");
    find(functions.getLibrary, "twCompilationGetLibrary");
    find(functions.getMessage, "twCompilationGetMessage");
    find(functions.getTimes, "twCompilationGetTimes");
    if (!find.missing.empty())
      return fail(TW_UNSUPPORTED, "'", path,
                  "' is no compiler of Tilewright: it lacks ", find.missing);
    if (uint32_t version = functions.getVersion();
        version != TW_COMPILER_VERSION)
      return fail(TW_UNSUPPORTED, "compiler '", path, "' is of version ",
                  int64_t(version), ", but the runtime expects version ",
                  int64_t(TW_COMPILER_VERSION));
    return nullptr;
  }

  std::string path;
  std::mutex mutex;
  bool isLoaded = false;
  Functions functions;
};

} // namespace

std::unique_ptr<Compiler>
tilewright::rt::makeLibraryCompiler(std::string path) {
  return std::make_unique<LibraryCompiler>(std::move(path));
}
