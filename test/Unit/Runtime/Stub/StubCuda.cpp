// StubCuda.cpp - a CUDA driver that records what it is asked.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#define TILEWRIGHT_STUB_DRIVER
#include "Stub.h"
#include "cuda/CudaApi.h"
#include <cstdlib>
#include <cstring>
#include <map>

using namespace tilewright::rt::cuda;
using stub::record;

namespace {
struct StubModule {
  std::string start; ///< of the image
};
struct StubFunction {
  std::string name;
  int dynamicShared = 0;
};
thread_local long current = 0;
thread_local int captureMode = 0;

int getCapability() {
  const std::string &target = stub::getState().target;
  return target.empty() ? 90 : std::atoi(target.c_str() + 3);
}

std::string describeLaunch(void **extra) {
  const void *bytes = extra[1];
  size_t size = *static_cast<size_t *>(extra[3]);
  bool isGood = extra[0] == kLaunchBuffer && extra[2] == kLaunchBytes &&
                extra[4] == kLaunchEnd;
  return isGood ? stub::hex(bytes, size) : "bad-extra";
}
} // namespace

STUB_EXPORT void stubSetCurrent(long context) {
  current = context;
  captureMode = 0;
}
STUB_EXPORT long stubGetCurrent() { return current; }

STUB_EXPORT Result cuInit(unsigned flags) { return record("cuInit", flags); }
STUB_EXPORT Result cuGetErrorName(Result result, const char **name) {
  *name = result == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_STUB";
  return 0;
}
STUB_EXPORT Result cuGetErrorString(Result result, const char **text) {
  *text = result == 2 ? "out of memory" : "an error of the stub";
  return 0;
}
STUB_EXPORT Result cuDeviceGetCount(int *count) {
  *count = 2;
  return record("cuDeviceGetCount");
}
STUB_EXPORT Result cuDeviceGet(Device *device, int ordinal) {
  *device = ordinal;
  return record("cuDeviceGet", ordinal);
}
STUB_EXPORT Result cuDeviceGetName(char *name, int size, Device device) {
  std::strncpy(name, "Stub GPU", size_t(size));
  return record("cuDeviceGetName", device);
}
STUB_EXPORT Result cuDeviceTotalMem_v2(size_t *bytes, Device device) {
  *bytes = size_t(80) << 30;
  return record("cuDeviceTotalMem_v2", device);
}
STUB_EXPORT Result cuDeviceGetAttribute(int *value, int attribute,
                                        Device device) {
  static const std::map<int, int> values = {{kMaxThreadsPerBlock, 1024},
                                            {kMultiprocessorCount, 132},
                                            {kCooperativeLaunch, 1},
                                            {kMaxSharedPerBlockOptin, 232448}};
  if (attribute == kCapabilityMajor)
    *value = getCapability() / 10;
  else if (attribute == kCapabilityMinor)
    *value = getCapability() % 10;
  else
    *value = values.at(attribute);
  return record("cuDeviceGetAttribute", attribute, device);
}
STUB_EXPORT Result cuDevicePrimaryCtxRetain(Context *context, Device device) {
  *context = reinterpret_cast<Context>(long(device) + 1);
  return record("cuDevicePrimaryCtxRetain", device);
}
STUB_EXPORT Result cuDevicePrimaryCtxRelease_v2(Device device) {
  return record("cuDevicePrimaryCtxRelease_v2", device);
}
// Not written down: every call asks for it.
STUB_EXPORT Result cuCtxGetCurrent(Context *context) {
  *context = reinterpret_cast<Context>(current);
  return 0;
}
STUB_EXPORT Result cuCtxGetDevice(Device *device) {
  // Contexts of a caller: the device's number is in the tens.
  *device = int(current >= 10 ? current / 10 - 1 : current - 1);
  return record("cuCtxGetDevice");
}
STUB_EXPORT Result cuCtxPushCurrent_v2(Context context) {
  int result = record("cuCtxPushCurrent_v2");
  if (!result)
    current = current * 1000 + reinterpret_cast<long>(context);
  return result;
}
STUB_EXPORT Result cuCtxPopCurrent_v2(Context *context) {
  *context = reinterpret_cast<Context>(current % 1000);
  current /= 1000;
  return record("cuCtxPopCurrent_v2");
}
STUB_EXPORT Result cuCtxSynchronize() { return record("cuCtxSynchronize"); }
STUB_EXPORT Result cuMemAlloc_v2(Address *address, size_t bytes) {
  int result = record("cuMemAlloc_v2", bytes);
  *address = 0;
  if (!result)
    *address = reinterpret_cast<Address>(
        std::aligned_alloc(256, (bytes + 255) / 256 * 256));
  return result;
}
STUB_EXPORT Result cuMemFree_v2(Address address) {
  std::free(reinterpret_cast<void *>(address));
  return record("cuMemFree_v2");
}
STUB_EXPORT Result cuMemcpyAsync(Address to, Address from, size_t bytes,
                                 Stream stream) {
  std::memmove(reinterpret_cast<void *>(to), reinterpret_cast<void *>(from),
               bytes);
  return record("cuMemcpyAsync", bytes, stream);
}
STUB_EXPORT Result cuMemsetD8Async(Address to, unsigned char value,
                                   size_t bytes, Stream stream) {
  std::memset(reinterpret_cast<void *>(to), value, bytes);
  return record("cuMemsetD8Async", int(value), bytes, stream);
}
STUB_EXPORT Result cuStreamCreateWithPriority(Stream *stream, unsigned flags,
                                              int priority) {
  *stream = reinterpret_cast<Stream>(0x10);
  return record("cuStreamCreateWithPriority", flags, priority);
}
STUB_EXPORT Result cuStreamDestroy_v2(Stream stream) {
  return record("cuStreamDestroy_v2", stream);
}
STUB_EXPORT Result cuStreamSynchronize(Stream stream) {
  return record("cuStreamSynchronize", stream);
}
STUB_EXPORT Result cuStreamWaitEvent(Stream stream, Event event,
                                     unsigned flags) {
  return record("cuStreamWaitEvent", stream, event, flags);
}
STUB_EXPORT Result cuThreadExchangeStreamCaptureMode(int *mode) {
  Result result = record("cuThreadExchangeStreamCaptureMode", *mode);
  if (!result)
    std::swap(*mode, captureMode);
  return result;
}
STUB_EXPORT Result cuEventCreate(Event *event, unsigned flags) {
  *event = reinterpret_cast<Event>(0x20);
  return record("cuEventCreate", flags);
}
STUB_EXPORT Result cuEventDestroy_v2(Event event) {
  return record("cuEventDestroy_v2", event);
}
STUB_EXPORT Result cuEventRecord(Event event, Stream stream) {
  return record("cuEventRecord", event, stream);
}
STUB_EXPORT Result cuEventSynchronize(Event event) {
  return record("cuEventSynchronize", event);
}
STUB_EXPORT Result cuEventElapsedTime(float *ms, Event start, Event end) {
  *ms = 1.5f;
  return record("cuEventElapsedTime", start, end);
}
STUB_EXPORT Result cuModuleLoadDataEx(Module *module, const void *image,
                                      unsigned numOptions, int *options,
                                      void **values) {
  std::string start(static_cast<const char *>(image), 4);
  if (start[0] == 0x7f)
    start = "ELF";
  int result = record("cuModuleLoadDataEx", start, numOptions);
  if (result && numOptions == 2 && options[0] == kJitErrorLog)
    std::strcpy(static_cast<char *>(values[0]), "ptxas says no\nmore");
  else
    *module = new StubModule{start};
  return result;
}
STUB_EXPORT Result cuModuleUnload(Module module) {
  delete static_cast<StubModule *>(module);
  return record("cuModuleUnload");
}
STUB_EXPORT Result cuModuleGetFunction(Function *function, Module,
                                       const char *name) {
  static std::map<std::string, StubFunction> functions;
  functions[name].name = name;
  *function = &functions[name];
  return record("cuModuleGetFunction", name);
}
STUB_EXPORT Result cuFuncGetAttribute(int *value, int attribute, Function) {
  *value = 1024; // bytes that the code declares
  return record("cuFuncGetAttribute", attribute);
}
STUB_EXPORT Result cuFuncSetAttribute(Function, int attribute, int value) {
  return record("cuFuncSetAttribute", attribute, value);
}
STUB_EXPORT Result cuLaunchKernel(Function function, unsigned gx, unsigned gy,
                                  unsigned gz, unsigned bx, unsigned by,
                                  unsigned bz, unsigned shared, Stream stream,
                                  void **parameters, void **extra) {
  if (!stub::getState().isRecording)
    return 0;
  return record("cuLaunchKernel", static_cast<StubFunction *>(function)->name,
                gx, gy, gz, bx, by, bz, shared, stream,
                static_cast<const void *>(parameters), describeLaunch(extra));
}
STUB_EXPORT Result
cuTensorMapEncodeTiled(TensorMap *map, int type, uint32_t rank, void *address,
                       const uint64_t *sizes, const uint64_t *strides,
                       const uint32_t *box, const uint32_t *elementStrides,
                       int interleave, int swizzle, int promotion, int fill) {
  std::string text;
  auto add = [&](const char *name, auto *numbers, uint32_t count) {
    text += name;
    for (uint32_t i = 0; i < count; ++i)
      text += (i ? "," : "=") + std::to_string(numbers[i]);
    text += " ";
  };
  add("sizes", sizes, rank);
  add("strides", strides, rank - 1);
  add("box", box, rank);
  add("steps", elementStrides, rank);
  // Something to find again in the kernarg bytes.
  for (uint64_t &word : map->opaque)
    word = 0x1111111111111111u * rank;
  return record("cuTensorMapEncodeTiled", type, rank, address, text, interleave,
                swizzle, promotion, fill);
}
STUB_EXPORT Result cuLaunchKernelEx(const LaunchConfig *config,
                                    Function function, void **parameters,
                                    void **extra) {
  std::string attributes;
  for (unsigned i = 0; i < config->numAttributes; ++i) {
    const LaunchAttribute &attribute = config->attributes[i];
    attributes += std::to_string(attribute.id) + "=" +
                  std::to_string(attribute.value.number) + ",";
  }
  return record("cuLaunchKernelEx", static_cast<StubFunction *>(function)->name,
                config->gridX, config->gridY, config->gridZ, config->blockX,
                config->blockY, config->blockZ, config->sharedBytes,
                config->stream, attributes,
                static_cast<const void *>(parameters), describeLaunch(extra));
}
