// Stub.h - what tests ask of the drivers that record.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A stub driver is a shared library with the functions of a vendor's driver. It
// has memory, of the host, and writes down every call; nothing runs. Tests load
// it as the driver, and reach these functions through dlsym.
#ifndef TILEWRIGHT_TEST_UNIT_RUNTIME_STUB_STUB_H
#define TILEWRIGHT_TEST_UNIT_RUNTIME_STUB_STUB_H

#include <mutex>
#include <string>
#include <type_traits>

/// The calls since the last time, one per line; lives until the next call.
using StubTakeLog = const char *(*)();
/// The call of `function` after `skip` others answers `result`.
using StubFail = void (*)(const char *function, int skip, int result);
/// Whether calls are written down; they are at first.
using StubSetRecording = void (*)(int isRecording);
/// What the device says of itself: "sm_90", or "gfx942:sramecc+:xnack-".
using StubSetTarget = void (*)(const char *target);
/// What is current in this thread; ordinal + 1 stands for its primary context.
/// Its mode of capture is the usual one again.
using StubSetCurrent = void (*)(long context);
using StubGetCurrent = long (*)();

#ifdef TILEWRIGHT_STUB_DRIVER

namespace stub {

struct State {
  std::mutex mutex;
  std::string log, taken, failing, target;
  int skip = 0, result = 0;
  bool isRecording = true;
};

inline State &getState() {
  static State state;
  return state;
}

inline std::string text(const void *pointer) {
  return pointer ? "ptr" : "null"; // addresses differ from run to run
}
inline std::string text(const char *string) { return string; }
inline std::string text(const std::string &string) { return string; }
template <typename T>
std::enable_if_t<std::is_arithmetic_v<T>, std::string> text(T number) {
  return std::to_string(number);
}

/// Writes the call down; what it answers.
template <typename... Parts> int record(const char *name, Parts... parts) {
  State &state = getState();
  if (!state.isRecording)
    return 0;
  std::lock_guard<std::mutex> lock(state.mutex);
  state.log += name;
  ((state.log += " " + text(parts)), ...);
  state.log += "\n";
  if (state.failing != name || state.skip-- > 0)
    return 0;
  state.failing.clear();
  return state.result;
}

/// Bytes in hexadecimal.
inline std::string hex(const void *data, size_t size) {
  std::string digits;
  for (size_t i = 0; i < size; ++i) {
    static const char letters[] = "0123456789abcdef";
    unsigned char byte = static_cast<const unsigned char *>(data)[i];
    digits += letters[byte >> 4];
    digits += letters[byte & 15];
  }
  return digits;
}

} // namespace stub

#define STUB_EXPORT extern "C" __attribute__((visibility("default")))

STUB_EXPORT const char *stubTakeLog() {
  stub::State &state = stub::getState();
  std::lock_guard<std::mutex> lock(state.mutex);
  state.taken.swap(state.log);
  state.log.clear();
  return state.taken.c_str();
}
STUB_EXPORT void stubFail(const char *function, int skip, int result) {
  stub::State &state = stub::getState();
  std::lock_guard<std::mutex> lock(state.mutex);
  state.failing = function;
  state.skip = skip;
  state.result = result;
}
STUB_EXPORT void stubSetRecording(int isRecording) {
  stub::getState().isRecording = isRecording;
}
STUB_EXPORT void stubSetTarget(const char *target) {
  stub::getState().target = target;
}

#endif // TILEWRIGHT_STUB_DRIVER
#endif // TILEWRIGHT_TEST_UNIT_RUNTIME_STUB_STUB_H
