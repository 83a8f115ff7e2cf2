// CudaBackend.cpp - devices of the CUDA Driver API.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Backend.h"
#include "../Support.h"
#include "CudaApi.h"
#include <climits>

using namespace tilewright::rt;
using namespace tilewright::rt::cuda;

namespace {

class CudaBackend : public Backend {
public:
  CudaBackend(const Api &api, Device device) : api(api), device(device) {}
  ~CudaBackend() override {
    if (ownsContext)
      api.cuDevicePrimaryCtxRelease_v2(device);
  }

  TwStatus open(int ordinal);
  int64_t getMaxWorkgroups(int64_t) const final { return INT_MAX; }

  TwStatus allocate(size_t bytes, void **memory) override {
    Address address = 0;
    TwStatus status = call("allocate device memory",
                           [&] { return api.cuMemAlloc_v2(&address, bytes); });
    *memory = reinterpret_cast<void *>(address);
    return status;
  }
  TwStatus free(void *memory) override {
    return call("free device memory",
                [&] { return api.cuMemFree_v2(toAddress(memory)); });
  }
  TwStatus copy(void *to, const void *from, size_t bytes,
                TwStream stream) override {
    return call("copy memory", [&] {
      return api.cuMemcpyAsync(toAddress(to), toAddress(from), bytes, stream);
    });
  }
  TwStatus fill(void *memory, uint8_t value, size_t bytes,
                TwStream stream) override {
    return call("fill memory", [&] {
      return api.cuMemsetD8Async(toAddress(memory), value, bytes, stream);
    });
  }
  TwStatus synchronize() override {
    return call("wait for the device", [&] { return api.cuCtxSynchronize(); });
  }

  TwStatus createStream(int32_t priority, TwStream *stream) override {
    return call("create a stream", [&] {
      return api.cuStreamCreateWithPriority(stream, kStreamNonBlocking,
                                            priority);
    });
  }
  TwStatus destroyStream(TwStream stream) override {
    return call("destroy a stream",
                [&] { return api.cuStreamDestroy_v2(stream); });
  }
  TwStatus synchronizeStream(TwStream stream) override {
    return call("wait for a stream",
                [&] { return api.cuStreamSynchronize(stream); });
  }

  TwStatus createEvent(TwEvent *event) override {
    return call("create an event",
                [&] { return api.cuEventCreate(event, kEventDefault); });
  }
  TwStatus destroyEvent(TwEvent event) override {
    return call("destroy an event",
                [&] { return api.cuEventDestroy_v2(event); });
  }
  TwStatus recordEvent(TwEvent event, TwStream stream) override {
    return call("record an event",
                [&] { return api.cuEventRecord(event, stream); });
  }
  TwStatus waitEvent(TwEvent event, TwStream stream) override {
    return call("let a stream wait for an event",
                [&] { return api.cuStreamWaitEvent(stream, event, 0); });
  }
  TwStatus synchronizeEvent(TwEvent event) override {
    return call("wait for an event",
                [&] { return api.cuEventSynchronize(event); });
  }
  TwStatus getElapsed(TwEvent start, TwEvent end, float *ms) override {
    return call("take the time between events",
                [&] { return api.cuEventElapsedTime(ms, start, end); });
  }

  TwStatus load(const TwKernelStorage &kernel, TwBytes image,
                LoadedKernel &loaded) override;
  void unload(LoadedKernel &loaded) override {
    twStatusDestroy(call("unload a module", [&] {
      return relaxed([&] { return api.cuModuleUnload(loaded.module); });
    }));
  }
  TwStatus launch(const LaunchCommand &command) override;
  TwStatus encodeTensorMap(const TensorMapRequest &request, void *map) override;

private:
  static Address toAddress(const void *memory) {
    return reinterpret_cast<Address>(memory);
  }

  /// Calls `body` in the device's context; what was current is so again then.
  template <typename Body> Result inContext(Body body) {
    Context current = nullptr;
    if (Result result = api.cuCtxGetCurrent(&current))
      return result;
    if (current == context)
      return body();
    if (Result result = api.cuCtxPushCurrent_v2(context))
      return result;
    Result result = body();
    Context popped;
    api.cuCtxPopCurrent_v2(&popped);
    return result;
  }

  /// Calls `body` in the mode in which code may be loaded and unloaded while
  /// another stream is captured.
  template <typename Body> Result relaxed(Body body) {
    int mode = kCaptureRelaxed;
    if (Result result = api.cuThreadExchangeStreamCaptureMode(&mode))
      return result;
    Result result = body();
    Result restored = api.cuThreadExchangeStreamCaptureMode(&mode);
    return result ? result : restored;
  }

  /// That of the caller, if it is one of this device; else the primary one.
  Result findContext() {
    Context current = nullptr;
    Device owner = -1;
    if (!api.cuCtxGetCurrent(&current) && current &&
        !api.cuCtxGetDevice(&owner) && owner == device) {
      context = current;
      return kSuccess;
    }
    Result result = api.cuDevicePrimaryCtxRetain(&context, device);
    ownsContext = !result;
    return result;
  }

  template <typename Body> TwStatus call(const char *what, Body body) {
    Result result = inContext(body);
    return result ? refuse(api, result, what) : nullptr;
  }

  Result loadModule(const TwKernelStorage &kernel, TwBytes image,
                    LoadedKernel &loaded, std::string &log);
  TwStatus checkSpecial(const TwLaunchOptions &options) const;
  Result launchSpecial(const LaunchCommand &command, void **extra);

  const Api &api;
  Device device;
  Context context = nullptr;
  bool ownsContext = false; ///< the primary one
};

} // namespace

TwStatus CudaBackend::open(int ordinal) {
  Result result = api.cuDeviceGet(&device, ordinal);
  int major = 0, minor = 0, threads = 0, units = 0, shared = 0, cooperates = 0;
  size_t bytes = 0;
  char name[256] = {};
  auto get = [&](int attribute, int &value) {
    if (!result)
      result = api.cuDeviceGetAttribute(&value, attribute, device);
  };
  if (!result)
    result = api.cuDeviceGetName(name, sizeof(name) - 1, device);
  if (!result)
    result = api.cuDeviceTotalMem_v2(&bytes, device);
  get(kCapabilityMajor, major);
  get(kCapabilityMinor, minor);
  get(kMaxThreadsPerBlock, threads);
  get(kMultiprocessorCount, units);
  get(kMaxSharedPerBlockOptin, shared);
  get(kCooperativeLaunch, cooperates);
  if (!result)
    result = findContext();
  if (result)
    return refuse(api, result, "open the device");
  product = name;
  target = "sm_" + std::to_string(10 * major + minor);
  memoryBytes = bytes;
  sharedBytes = shared;
  maxWorkgroupThreads = threads;
  numComputeUnits = units;
  // Clusters of up to 8 run everywhere; more is for some devices and kernels
  // that ask for it. CUDA C++ Programming Guide, 12, 2.2.1 and 6.2.8.
  maxClusterSize = major >= 9 ? 8 : 1;
  hasProgrammatic = major >= 9;
  hasCooperative = cooperates;
  hasPriority = true;
  return nullptr;
}

Result CudaBackend::loadModule(const TwKernelStorage &kernel, TwBytes image,
                               LoadedKernel &loaded, std::string &log) {
  log.assign(4096, '\0');
  int options[] = {kJitErrorLog, kJitErrorLogBytes};
  void *values[] = {&log[0], reinterpret_cast<void *>(uintptr_t(log.size()))};
  // Machine code knows its size, PTX must end with a NUL byte.
  std::string text(static_cast<const char *>(image.data), image.size);
  bool hasModule = false;
  Result result = relaxed([&] {
    Result refused = api.cuModuleLoadDataEx(&loaded.module, text.c_str(), 2,
                                            options, values);
    hasModule = !refused;
    int used = 0;
    if (!refused)
      refused = api.cuModuleGetFunction(&loaded.function, loaded.module,
                                        kernel.symbol.c_str());
    if (!refused)
      refused =
          api.cuFuncGetAttribute(&used, kFunctionSharedBytes, loaded.function);
    if (refused || kernel.sharedBytes <= used)
      return refused;
    loaded.dynamicSharedBytes = kernel.sharedBytes - used;
    return api.cuFuncSetAttribute(loaded.function,
                                  kFunctionMaxDynamicSharedBytes,
                                  int(loaded.dynamicSharedBytes));
  });
  log.resize(std::char_traits<char>::length(log.c_str()));
  if (result && hasModule)
    relaxed([&] { return api.cuModuleUnload(loaded.module); });
  return result;
}

TwStatus CudaBackend::load(const TwKernelStorage &kernel, TwBytes image,
                           LoadedKernel &loaded) {
  std::string log;
  TwStatus status = call(
      "load the code", [&] { return loadModule(kernel, image, loaded, log); });
  if (status && !log.empty())
    status->message += "; " + log.substr(0, log.find('\n'));
  return status;
}

/// Refuses what the device does not have; the driver would say less.
TwStatus CudaBackend::checkSpecial(const TwLaunchOptions &options) const {
  auto refuse = [&](const char *what) {
    return fail(TW_UNSUPPORTED, "'", target, "' has no launches with ", what);
  };
  if (options.clusterSize > 1 && maxClusterSize == 1)
    return refuse("clusters");
  if (options.isCooperative && !hasCooperative)
    return refuse("cooperation");
  if (options.isProgrammatic && !hasProgrammatic)
    return refuse("programmatic dependence");
  return nullptr;
}

/// Launches with attributes.
Result CudaBackend::launchSpecial(const LaunchCommand &command, void **extra) {
  LaunchAttribute attributes[4] = {};
  LaunchConfig config = {};
  config.gridX = unsigned(command.numWorkgroups);
  config.gridY = config.gridZ = 1;
  config.blockX = unsigned(command.kernel->workgroupThreads);
  config.blockY = config.blockZ = 1;
  config.sharedBytes = unsigned(command.code.dynamicSharedBytes);
  config.stream = command.stream;
  config.attributes = attributes;
  auto add = [&](LaunchAttributeId id) -> LaunchAttribute & {
    LaunchAttribute &attribute = attributes[config.numAttributes++];
    attribute.id = id;
    return attribute;
  };
  if (command.options.clusterSize > 1)
    add(ClusterDimension).value.cluster = {
        unsigned(command.options.clusterSize), 1, 1};
  if (command.options.isCooperative)
    add(Cooperative).value.number = 1;
  if (command.options.isProgrammatic)
    add(ProgrammaticSerialization).value.number = 1;
  if (command.options.priority)
    add(Priority).value.number = command.options.priority;
  return api.cuLaunchKernelEx(&config, command.code.function, nullptr, extra);
}

TwStatus CudaBackend::launch(const LaunchCommand &command) {
  int64_t most = getMaxWorkgroups(command.kernel->workgroupThreads);
  if (command.numWorkgroups > most)
    return fail(TW_INVALID_ARGUMENT, "expected a grid of at most ", most,
                " workgroups, but got ", command.numWorkgroups);
  const TwLaunchOptions &options = command.options;
  size_t bytes = command.kernargBytes;
  void *extra[] = {kLaunchBuffer, const_cast<void *>(command.kernarg),
                   kLaunchBytes, &bytes, kLaunchEnd};
  bool isSpecial = options.clusterSize > 1 || options.isCooperative ||
                   options.isProgrammatic || options.priority;
  if (isSpecial)
    if (TwStatus status = checkSpecial(options))
      return status;
  return call("launch a kernel", [&] {
    if (isSpecial)
      return launchSpecial(command, extra);
    return api.cuLaunchKernel(command.code.function,
                              unsigned(command.numWorkgroups), 1, 1,
                              unsigned(command.kernel->workgroupThreads), 1, 1,
                              unsigned(command.code.dynamicSharedBytes),
                              command.stream, nullptr, extra);
  });
}

static TensorMapType getMapType(TwElementType type) {
  switch (type) {
  case TW_F64:
    return MapFloat64;
  case TW_F32:
    return MapFloat32;
  case TW_BF16:
    return MapBfloat16;
  case TW_F16:
    return MapFloat16;
  case TW_I16:
    return MapUint16;
  case TW_I32:
    return MapInt32;
  case TW_I64:
    return MapInt64;
  default:
    return MapUint8;
  }
}

/// 0, 1, 2, 3 for 0 bytes, `first`, and its doubles.
static int getLevel(int64_t bytes, int64_t first) {
  int level = 0;
  for (; bytes >= first; bytes /= 2)
    ++level;
  return level;
}

TwStatus CudaBackend::encodeTensorMap(const TensorMapRequest &request,
                                      void *map) {
  const TensorMapRecipe &recipe = *request.recipe;
  TensorMapType type = getMapType(request.type);
  bool isFloat = type >= MapFloat16;
  return call("encode a tensor map", [&] {
    return api.cuTensorMapEncodeTiled(
        static_cast<TensorMap *>(map), type, uint32_t(request.rank),
        request.address, request.sizes, request.strideBytes, request.box,
        request.elementStrides, /*interleave=*/0,
        getLevel(recipe.swizzleBytes, 32), getLevel(recipe.promotionBytes, 64),
        recipe.fillsNan && isFloat ? kFillNan : 0);
  });
}

TwStatus tilewright::rt::openCuda(int ordinal, const TwDeviceOptions &options,
                                  std::unique_ptr<Backend> &backend) {
  const Api *api = nullptr;
  if (TwStatus status = getApi(options.driver, &api))
    return status;
  int count = 0;
  if (Result result = api->cuDeviceGetCount(&count))
    return refuse(*api, result, "count the CUDA devices");
  if (ordinal >= count)
    return fail(TW_NOT_FOUND, "expected a CUDA device below ", int64_t(count),
                ", but got ", int64_t(ordinal));
  auto result = std::make_unique<CudaBackend>(*api, 0);
  if (TwStatus status = result->open(ordinal))
    return status;
  backend = std::move(result);
  return nullptr;
}
