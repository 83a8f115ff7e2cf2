// Observe.cpp - events and slices of time.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Observe.h"
#include "Support.h"
#include "cache/Files.h"
#include "cache/Forked.h"
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#define JSON_NOEXCEPTION 1
#include <nlohmann/json.hpp>

using namespace tilewright::rt;

std::atomic<const LogHandler *> tilewright::rt::logHandler{nullptr};
std::atomic<bool> tilewright::rt::isTracing{false};

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

void twLogSetHandler(TwLogHandler handler, void *user, TwLogLevel lowest) {
  // All of them stay: another thread may be reading the one before. No mutex,
  // which a forked child might find locked.
  static std::atomic<const LogHandler *> newest{nullptr};
  if (!handler) {
    logHandler.store(nullptr, std::memory_order_release);
    return;
  }
  auto *made = new LogHandler{handler, user, lowest, newest.load()};
  while (!newest.compare_exchange_weak(made->previous, made)) {
  }
  logHandler.store(made, std::memory_order_release);
}

void tilewright::rt::log(TwLogLevel level, const char *event,
                         std::initializer_list<Field> fields) {
  const LogHandler *found = logHandler.load(std::memory_order_acquire);
  if (!found || level < found->lowest)
    return;
  static_assert(sizeof(Field) == sizeof(TwLogField));
  TwLogEvent told = {level, event, fields.begin(), fields.size()};
  found->handler(found->user, &told);
}

//===----------------------------------------------------------------------===//
// Traces
//===----------------------------------------------------------------------===//

namespace {

struct SliceRow {
  const char *category;
  std::string name;
  double start, duration;
  long thread;
};

struct Trace {
  std::vector<SliceRow> rows;
  /// Of the threads with rows: they may be gone when it is written.
  std::map<long, std::string> threadNames;
  uint64_t numLost = 0;
  /// It has ended, and could not be written yet.
  bool isKept = false;
  uint32_t forks = countForks(); ///< of the process whose slices they are
};

constexpr size_t kMostRows = 1000000;

/// Never destroyed: threads may still be adding when the process ends.
Guarded<Trace> &getTrace() {
  static auto *const trace = new Guarded<Trace>;
  return *trace;
}

/// What `use` makes of the trace. A forked child goes on with one of its own.
template <typename Use> auto withTrace(Use use) {
  return getTrace().with([&](Trace &trace) {
    if (trace.forks != countForks())
      trace = Trace();
    return use(trace);
  });
}

std::string getThreadName() {
  char name[64] = "";
  pthread_getname_np(pthread_self(), name, sizeof(name));
  return name;
}

} // namespace

double tilewright::rt::getTraceTime() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return double(time.tv_sec) * 1e6 + double(time.tv_nsec) / 1e3;
}

void tilewright::rt::addSlice(const char *category, std::string name,
                              double start, double duration) {
  long thread = syscall(SYS_gettid);
  withTrace([&](Trace &trace) {
    if (!isTracing.load(std::memory_order_relaxed))
      return;
    if (trace.rows.size() >= kMostRows) {
      ++trace.numLost;
      return;
    }
    auto [it, isNew] = trace.threadNames.try_emplace(thread);
    if (isNew)
      it->second = getThreadName();
    trace.rows.push_back({category, std::move(name), start, duration, thread});
  });
}

void Slice::begin(const char *name, const std::string &what) {
  text = name;
  if (!what.empty())
    text += " " + what;
  start = getTraceTime();
}

void Slice::end() {
  addSlice(category, std::move(text), start, getTraceTime() - start);
}

TwStatus twTraceStart(void) {
  return withTrace([](Trace &trace) -> TwStatus {
    if (isTracing)
      return fail(TW_INVALID_ARGUMENT,
                  "there is a trace already: end it first");
    trace = Trace();
    isTracing = true;
    return nullptr;
  });
}

/// One tree of all slices would take ten times as much memory.
static std::string writeTrace(const Trace &trace) {
  std::string text = "{\"traceEvents\":[";
  auto add = [&](const nlohmann::ordered_json &event) {
    text += event.dump(-1, ' ', false,
                       nlohmann::ordered_json::error_handler_t::replace);
    text += ',';
  };
  for (const auto &[thread, name] : trace.threadNames)
    add({{"name", "thread_name"},
         {"ph", "M"},
         {"pid", getpid()},
         {"tid", thread},
         {"args", {{"name", name}}}});
  for (const SliceRow &row : trace.rows)
    add({{"name", row.name},
         {"cat", row.category},
         {"ph", "X"},
         {"ts", row.start},
         {"dur", row.duration},
         {"pid", getpid()},
         {"tid", row.thread}});
  if (!trace.rows.empty())
    text.pop_back();
  return text +
         "],\"displayTimeUnit\":\"ns\",\"otherData\":{\"slices left "
         "out\":" +
         std::to_string(trace.numLost) + "}}\n";
}

TwStatus twTraceStop(const char *path) {
  Trace done;
  TwStatus status = withTrace([&](Trace &trace) -> TwStatus {
    if (!isTracing && !trace.isKept)
      return fail(TW_INVALID_ARGUMENT, "there is no trace: begin one first");
    isTracing = false;
    std::swap(done, trace);
    return nullptr;
  });
  if (status)
    return status;
  if (!path)
    return nullptr;
  std::string temporary =
      std::string(path) + "." + std::to_string(getpid()) + ".tmp";
  std::string text = writeTrace(done);
  int error = publishFile(temporary, path, text, /*syncs=*/false);
  if (!error)
    return nullptr;
  withTrace([&](Trace &trace) {
    // Another one may have begun meanwhile.
    if (isTracing || done.forks != trace.forks)
      return;
    trace = std::move(done);
    trace.isKept = true;
  });
  return fail(TW_NOT_FOUND, "cannot write trace '", path,
              "': ", std::strerror(error), "; try another path");
}
