// Observe.h - events and slices of time, from inside of the runtime.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_OBSERVE_H
#define TILEWRIGHT_RUNTIME_OBSERVE_H

#include "tilewright-rt/Observe.h"
#include <atomic>
#include <initializer_list>
#include <string>

namespace tilewright::rt {

struct LogHandler {
  TwLogHandler handler;
  void *user;
  TwLogLevel lowest;
  const LogHandler *previous; ///< kept, so that none is lost
};
extern std::atomic<const LogHandler *> logHandler;
extern std::atomic<bool> isTracing;

/// A field of an event.
struct Field : TwLogField {
  Field(const char *name, const char *text) : TwLogField{name, text, 0} {}
  Field(const char *name, const std::string &text)
      : TwLogField{name, text.c_str(), 0} {}
  Field(const char *name, double number) : TwLogField{name, nullptr, number} {}
};

/// Whether somebody wants to know; what a message costs is spent only then.
inline bool isLogged(TwLogLevel level) {
  const LogHandler *found = logHandler.load(std::memory_order_acquire);
  return found && level >= found->lowest;
}
void log(TwLogLevel level, const char *event,
         std::initializer_list<Field> fields);

/// Microseconds of the trace's clock.
double getTraceTime();
/// Adds a slice that began at `start` and took `duration`, in microseconds, in
/// the row of this thread. `category` and `name` live for ever or are copied.
void addSlice(const char *category, std::string name, double start,
              double duration);

/// A slice from here to the end of the scope.
class Slice {
public:
  /// `what` is whose slice it is, such as a kernel's name.
  Slice(const char *category, const char *name, const std::string &what)
      : category(category) {
    if (isTracing.load(std::memory_order_relaxed))
      begin(name, what);
  }
  ~Slice() {
    if (start >= 0)
      end();
  }
  Slice(const Slice &) = delete;
  Slice &operator=(const Slice &) = delete;

private:
  void begin(const char *name, const std::string &what);
  void end();

  const char *category;
  double start = -1;
  std::string text;
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_OBSERVE_H
