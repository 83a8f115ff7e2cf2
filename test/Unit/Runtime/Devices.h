// Devices.h - the devices that tests of the runtime open: the host, and GPUs
// behind drivers that record.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TEST_UNIT_RUNTIME_DEVICES_H
#define TILEWRIGHT_TEST_UNIT_RUNTIME_DEVICES_H

#include "Stub/Stub.h"
#include "Support.h"
#include "tilewright-rt/Device.h"
#include "gtest/gtest.h"
#include <dlfcn.h>

/// The stub driver of "cuda" or "hip".
class Stub {
public:
  explicit Stub(const std::string &kind)
      : file(kind == "cuda" ? STUB_CUDA : STUB_HIP),
        library(dlopen(file.c_str(), RTLD_NOW)) {}

  /// Forgets what other tests did.
  void reset() {
    takeLog();
    setTarget("");
    setCurrent(0);
  }

  std::string file;
  /// One call a line.
  std::string takeLog() { return get<StubTakeLog>("stubTakeLog")(); }
  void fail(const char *function, int result, int skip = 0) {
    get<StubFail>("stubFail")(function, skip, result);
  }
  void setRecording(bool isRecording) {
    get<StubSetRecording>("stubSetRecording")(isRecording);
  }
  void setTarget(const char *target) {
    get<StubSetTarget>("stubSetTarget")(target);
  }
  void setCurrent(long context) {
    get<StubSetCurrent>("stubSetCurrent")(context);
  }
  long getCurrent() { return get<StubGetCurrent>("stubGetCurrent")(); }

private:
  template <typename T> T get(const char *name) {
    return reinterpret_cast<T>(dlsym(library, name));
  }
  void *library;
};

/// Opens `name`; a GPU behind its stub.
inline std::string openDevice(const std::string &name, TwDevice *device) {
  TwDeviceOptions options = {};
  options.numThreads = 2;
  std::string kind = name.substr(0, name.find(':'));
  std::string file = kind == "host" ? "" : Stub(kind).file;
  if (!file.empty())
    options.driver = file.c_str();
  return take(twDeviceOpen(name.c_str(), &options, device));
}

#endif // TILEWRIGHT_TEST_UNIT_RUNTIME_DEVICES_H
