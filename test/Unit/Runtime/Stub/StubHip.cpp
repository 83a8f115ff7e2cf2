// StubHip.cpp - a HIP runtime that records what it is asked.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#define TILEWRIGHT_STUB_DRIVER
#include "Stub.h"
#include "hip/HipApi.h"
#include <cstdlib>
#include <cstring>
#include <map>

using namespace tilewright::rt::hip;
using stub::record;

namespace {
thread_local int current = 0;
thread_local int captureMode = 0;
struct StubFunction {
  std::string name;
};
} // namespace

STUB_EXPORT void stubSetCurrent(long context) {
  current = context ? int(context) - 1 : 0;
  captureMode = 0;
}
STUB_EXPORT long stubGetCurrent() { return current + 1; }

STUB_EXPORT Result hipInit(unsigned flags) { return record("hipInit", flags); }
STUB_EXPORT const char *hipGetErrorName(Result result) {
  return result == 2 ? "hipErrorOutOfMemory" : "hipErrorStub";
}
STUB_EXPORT const char *hipGetErrorString(Result result) {
  return result == 2 ? "out of memory" : "an error of the stub";
}
STUB_EXPORT Result hipGetDeviceCount(int *count) {
  *count = 2;
  return record("hipGetDeviceCount");
}
// Not written down: every call asks for it.
STUB_EXPORT Result hipGetDevice(int *device) {
  *device = current;
  return 0;
}
STUB_EXPORT Result hipSetDevice(int device) {
  int result = record("hipSetDevice", device);
  if (!result)
    current = device;
  return result;
}
STUB_EXPORT Result hipDeviceGetName(char *name, int size, int device) {
  std::strncpy(name, "Stub GPU", size_t(size));
  return record("hipDeviceGetName", device);
}
STUB_EXPORT Result hipDeviceTotalMem(size_t *bytes, int device) {
  *bytes = size_t(192) << 30;
  return record("hipDeviceTotalMem", device);
}
STUB_EXPORT Result hipDeviceGetAttribute(int *value, int attribute,
                                         int device) {
  static const std::map<int, int> values = {{kMaxThreadsPerBlock, 1024},
                                            {kMultiprocessorCount, 304},
                                            {kCooperativeLaunch, 1},
                                            {kMaxSharedPerBlock, 65536}};
  *value = values.at(attribute);
  return record("hipDeviceGetAttribute", attribute, device);
}
STUB_EXPORT Result hipGetDeviceProperties(void *properties, int device) {
  const std::string &target = stub::getState().target;
  // Where ROCm 5 has it; behind it there is more.
  std::strcpy(static_cast<char *>(properties) + 396,
              target.empty() ? "gfx942:sramecc+:xnack-" : target.c_str());
  return record("hipGetDeviceProperties", device);
}
STUB_EXPORT Result hipDeviceSynchronize() {
  return record("hipDeviceSynchronize");
}
STUB_EXPORT Result hipMalloc(void **memory, size_t bytes) {
  int result = record("hipMalloc", bytes);
  *memory =
      result ? nullptr : std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  return result;
}
STUB_EXPORT Result hipFree(void *memory) {
  std::free(memory);
  return record("hipFree");
}
STUB_EXPORT Result hipMemcpyAsync(void *to, const void *from, size_t bytes,
                                  int kind, Stream stream) {
  std::memmove(to, from, bytes);
  return record("hipMemcpyAsync", bytes, kind, stream);
}
STUB_EXPORT Result hipMemsetAsync(void *to, int value, size_t bytes,
                                  Stream stream) {
  std::memset(to, value, bytes);
  return record("hipMemsetAsync", value, bytes, stream);
}
STUB_EXPORT Result hipStreamCreateWithPriority(Stream *stream, unsigned flags,
                                               int priority) {
  *stream = reinterpret_cast<Stream>(0x10);
  return record("hipStreamCreateWithPriority", flags, priority);
}
STUB_EXPORT Result hipStreamDestroy(Stream stream) {
  return record("hipStreamDestroy", stream);
}
STUB_EXPORT Result hipStreamSynchronize(Stream stream) {
  return record("hipStreamSynchronize", stream);
}
STUB_EXPORT Result hipStreamWaitEvent(Stream stream, Event event,
                                      unsigned flags) {
  return record("hipStreamWaitEvent", stream, event, flags);
}
STUB_EXPORT Result hipThreadExchangeStreamCaptureMode(int *mode) {
  Result result = record("hipThreadExchangeStreamCaptureMode", *mode);
  if (!result)
    std::swap(*mode, captureMode);
  return result;
}
STUB_EXPORT Result hipEventCreateWithFlags(Event *event, unsigned flags) {
  *event = reinterpret_cast<Event>(0x20);
  return record("hipEventCreateWithFlags", flags);
}
STUB_EXPORT Result hipEventDestroy(Event event) {
  return record("hipEventDestroy", event);
}
STUB_EXPORT Result hipEventRecord(Event event, Stream stream) {
  return record("hipEventRecord", event, stream);
}
STUB_EXPORT Result hipEventSynchronize(Event event) {
  return record("hipEventSynchronize", event);
}
STUB_EXPORT Result hipEventElapsedTime(float *ms, Event start, Event end) {
  *ms = 1.5f;
  return record("hipEventElapsedTime", start, end);
}
STUB_EXPORT Result hipModuleLoadData(Module *module, const void *image) {
  std::string start(static_cast<const char *>(image), 4);
  if (start[0] == 0x7f)
    start = "ELF";
  int result = record("hipModuleLoadData", start);
  if (!result)
    *module = new std::string(start);
  return result;
}
STUB_EXPORT Result hipModuleUnload(Module module) {
  delete static_cast<std::string *>(module);
  return record("hipModuleUnload");
}
STUB_EXPORT Result hipModuleGetFunction(Function *function, Module,
                                        const char *name) {
  static std::map<std::string, StubFunction> functions;
  functions[name].name = name;
  *function = &functions[name];
  return record("hipModuleGetFunction", name);
}
STUB_EXPORT Result hipModuleLaunchCooperativeKernel(
    Function function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
    unsigned by, unsigned bz, unsigned shared, Stream stream,
    void **parameters) {
  // The kernel of the tests has an address and a size.
  return record("hipModuleLaunchCooperativeKernel",
                static_cast<StubFunction *>(function)->name, gx, gy, gz, bx, by,
                bz, shared, stream, stub::hex(parameters[0], 8),
                stub::hex(parameters[1], 8));
}
STUB_EXPORT Result hipModuleLaunchKernel(Function function, unsigned gx,
                                         unsigned gy, unsigned gz, unsigned bx,
                                         unsigned by, unsigned bz,
                                         unsigned shared, Stream stream,
                                         void **parameters, void **extra) {
  // What is timed and counted does not make texts.
  if (!stub::getState().isRecording)
    return 0;
  size_t size = *static_cast<size_t *>(extra[3]);
  bool isGood = extra[0] == kLaunchBuffer && extra[2] == kLaunchBytes &&
                extra[4] == kLaunchEnd;
  return record("hipModuleLaunchKernel",
                static_cast<StubFunction *>(function)->name, gx, gy, gz, bx, by,
                bz, shared, stream, static_cast<const void *>(parameters),
                isGood ? stub::hex(extra[1], size) : "bad-extra");
}
