// HipBackend.cpp - devices of the HIP runtime.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Backend.h"
#include "../Support.h"
#include "HipApi.h"
#include <cstring>

using namespace tilewright::rt;
using namespace tilewright::rt::hip;

namespace {

class HipBackend : public Backend {
public:
  HipBackend(const Api &api, int device) : api(api), device(device) {}

  TwStatus open();
  int64_t getMaxWorkgroups(int64_t workgroupThreads) const final {
    // The hardware counts threads in 32 bits.
    return int64_t(UINT32_MAX) / workgroupThreads;
  }

  TwStatus allocate(size_t bytes, void **memory) override {
    return call("allocate device memory",
                [&] { return api.hipMalloc(memory, bytes); });
  }
  TwStatus free(void *memory) override {
    return call("free device memory", [&] { return api.hipFree(memory); });
  }
  TwStatus copy(void *to, const void *from, size_t bytes,
                TwStream stream) override {
    return call("copy memory", [&] {
      return api.hipMemcpyAsync(to, from, bytes, kCopyDefault, stream);
    });
  }
  TwStatus fill(void *memory, uint8_t value, size_t bytes,
                TwStream stream) override {
    return call("fill memory", [&] {
      return api.hipMemsetAsync(memory, value, bytes, stream);
    });
  }
  TwStatus synchronize() override {
    return call("wait for the device",
                [&] { return api.hipDeviceSynchronize(); });
  }

  TwStatus createStream(int32_t priority, TwStream *stream) override {
    return call("create a stream", [&] {
      return api.hipStreamCreateWithPriority(stream, kStreamNonBlocking,
                                             priority);
    });
  }
  TwStatus destroyStream(TwStream stream) override {
    return call("destroy a stream",
                [&] { return api.hipStreamDestroy(stream); });
  }
  TwStatus synchronizeStream(TwStream stream) override {
    return call("wait for a stream",
                [&] { return api.hipStreamSynchronize(stream); });
  }

  TwStatus createEvent(TwEvent *event) override {
    return call("create an event", [&] {
      return api.hipEventCreateWithFlags(event, kEventDefault);
    });
  }
  TwStatus destroyEvent(TwEvent event) override {
    return call("destroy an event", [&] { return api.hipEventDestroy(event); });
  }
  TwStatus recordEvent(TwEvent event, TwStream stream) override {
    return call("record an event",
                [&] { return api.hipEventRecord(event, stream); });
  }
  TwStatus waitEvent(TwEvent event, TwStream stream) override {
    return call("let a stream wait for an event",
                [&] { return api.hipStreamWaitEvent(stream, event, 0); });
  }
  TwStatus synchronizeEvent(TwEvent event) override {
    return call("wait for an event",
                [&] { return api.hipEventSynchronize(event); });
  }
  TwStatus getElapsed(TwEvent start, TwEvent end, float *ms) override {
    return call("take the time between events",
                [&] { return api.hipEventElapsedTime(ms, start, end); });
  }

  TwStatus load(const TwKernelStorage &kernel, TwBytes image,
                LoadedKernel &loaded) override;
  void unload(LoadedKernel &loaded) override {
    twStatusDestroy(call("unload a module", [&] {
      return relaxed([&] { return api.hipModuleUnload(loaded.module); });
    }));
  }
  TwStatus launch(const LaunchCommand &command) override;

private:
  /// Calls `body` with this device as the thread's current one, then makes the
  /// former one current again.
  template <typename Body> Result onDevice(Body body) {
    int current = -1;
    if (Result result = api.hipGetDevice(&current))
      return result;
    if (current == device)
      return body();
    if (Result result = api.hipSetDevice(device))
      return result;
    Result result = body();
    Result restored = api.hipSetDevice(current);
    return result ? result : restored;
  }

  /// Calls `body` in the mode in which code may be loaded and unloaded while
  /// another stream is captured.
  template <typename Body> Result relaxed(Body body) {
    int mode = kCaptureRelaxed;
    if (Result result = api.hipThreadExchangeStreamCaptureMode(&mode))
      return result;
    Result result = body();
    Result restored = api.hipThreadExchangeStreamCaptureMode(&mode);
    return result ? result : restored;
  }

  template <typename Body> TwStatus call(const char *what, Body body) {
    Result result = onDevice(body);
    return result ? refuse(api, result, what) : nullptr;
  }

  Result loadModule(const TwKernelStorage &kernel, TwBytes image,
                    LoadedKernel &loaded);
  TwStatus launchCooperative(const LaunchCommand &command);

  const Api &api;
  int device;
};

} // namespace

/// The target id in the properties: it is where the struct of any version of
/// ROCm has the only text that starts with "gfx".
static std::string findTarget(const char *properties, size_t size) {
  for (size_t i = 0; i + 3 < size; ++i)
    if (std::memcmp(properties + i, "gfx", 3) == 0)
      return std::string(properties + i, strnlen(properties + i, size - i));
  return {};
}

TwStatus HipBackend::open() {
  size_t bytes = 0;
  int threads = 0, units = 0, shared = 0, cooperates = 0;
  char name[256] = {};
  // Larger than the struct of any version.
  std::string properties(16384, '\0');
  Result result = api.hipDeviceGetName(name, sizeof(name) - 1, device);
  if (!result)
    result = api.hipDeviceTotalMem(&bytes, device);
  auto get = [&](int attribute, int &value) {
    if (!result)
      result = api.hipDeviceGetAttribute(&value, attribute, device);
  };
  get(kMaxThreadsPerBlock, threads);
  get(kMultiprocessorCount, units);
  get(kMaxSharedPerBlock, shared);
  get(kCooperativeLaunch, cooperates);
  if (!result)
    result = api.getProperties(&properties[0], device);
  if (result)
    return refuse(api, result, "open the device");
  product = name;
  target = findTarget(properties.data(), properties.size());
  if (target.empty())
    return fail(TW_UNSUPPORTED, "HIP does not say which processor device ",
                int64_t(device), " has");
  memoryBytes = bytes;
  sharedBytes = shared;
  maxWorkgroupThreads = threads;
  numComputeUnits = units;
  hasCooperative = cooperates && api.hipModuleLaunchCooperativeKernel;
  return nullptr;
}

Result HipBackend::loadModule(const TwKernelStorage &kernel, TwBytes image,
                              LoadedKernel &loaded) {
  bool hasModule = false;
  Result result = relaxed([&] {
    Result refused = api.hipModuleLoadData(&loaded.module, image.data);
    hasModule = !refused;
    if (!refused)
      refused = api.hipModuleGetFunction(&loaded.function, loaded.module,
                                         kernel.symbol.c_str());
    return refused;
  });
  if (result && hasModule)
    relaxed([&] { return api.hipModuleUnload(loaded.module); });
  return result;
}

TwStatus HipBackend::load(const TwKernelStorage &kernel, TwBytes image,
                          LoadedKernel &loaded) {
  return call("load the code",
              [&] { return loadModule(kernel, image, loaded); });
}

/// Cooperative launches take the parameters one by one.
TwStatus HipBackend::launchCooperative(const LaunchCommand &command) {
  if (!api.hipModuleLaunchCooperativeKernel)
    return fail(TW_UNSUPPORTED, "this HIP runtime has no cooperative launches "
                                "of modules; install ROCm 5.5 or newer");
  if (!hasCooperative)
    return fail(TW_UNSUPPORTED, "'", target,
                "' has no launches with cooperation");
  constexpr size_t kUsualCount = 256;
  void *usual[kUsualCount];
  const std::vector<uint32_t> &offsets = command.kernel->parameterOffsets;
  std::unique_ptr<void *[]> large;
  if (offsets.size() > kUsualCount)
    large.reset(new void *[offsets.size()]);
  void **parameters = large ? large.get() : usual;
  auto *kernarg = static_cast<uint8_t *>(const_cast<void *>(command.kernarg));
  for (size_t i = 0; i < offsets.size(); ++i)
    parameters[i] = kernarg + offsets[i];
  return call("launch a kernel", [&] {
    return api.hipModuleLaunchCooperativeKernel(
        command.code.function, unsigned(command.numWorkgroups), 1, 1,
        unsigned(command.kernel->workgroupThreads), 1, 1, 0, command.stream,
        parameters);
  });
}

TwStatus HipBackend::launch(const LaunchCommand &command) {
  int64_t threads = command.kernel->workgroupThreads;
  int64_t most = getMaxWorkgroups(threads);
  if (command.numWorkgroups > most)
    return fail(TW_INVALID_ARGUMENT, "expected a grid of at most ", most,
                " workgroups of ", threads, " threads, but got ",
                command.numWorkgroups);
  const TwLaunchOptions &options = command.options;
  if (options.clusterSize > 1 || options.isProgrammatic || options.priority)
    return fail(TW_UNSUPPORTED, "HIP has no launches with clusters, "
                                "programmatic dependence or priority");
  if (options.isCooperative)
    return launchCooperative(command);
  size_t bytes = command.kernargBytes;
  void *extra[] = {kLaunchBuffer, const_cast<void *>(command.kernarg),
                   kLaunchBytes, &bytes, kLaunchEnd};
  return call("launch a kernel", [&] {
    // Shared memory is declared in the code.
    return api.hipModuleLaunchKernel(
        command.code.function, unsigned(command.numWorkgroups), 1, 1,
        unsigned(threads), 1, 1, 0, command.stream, nullptr, extra);
  });
}

TwStatus tilewright::rt::openHip(int ordinal, const TwDeviceOptions &options,
                                 std::unique_ptr<Backend> &backend) {
  const Api *api = nullptr;
  if (TwStatus status = getApi(options.driver, &api))
    return status;
  int count = 0;
  if (Result result = api->hipGetDeviceCount(&count))
    return refuse(*api, result, "count the HIP devices");
  if (ordinal >= count)
    return fail(TW_NOT_FOUND, "expected a HIP device below ", int64_t(count),
                ", but got ", int64_t(ordinal));
  auto result = std::make_unique<HipBackend>(*api, ordinal);
  if (TwStatus status = result->open())
    return status;
  backend = std::move(result);
  return nullptr;
}
