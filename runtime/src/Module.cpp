// Module.cpp - the kernels of a library on a device.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Module.h"
#include "Compatibility.h"
#include "Observe.h"
#include "Support.h"
#include "TensorMap.h"
#include <algorithm>
#include <cstring>
#include <thread>

using namespace tilewright::rt;

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

/// Bits of what a kernel was compiled for beyond its types.
static int64_t countAssumptions(const TwKernelStorage &kernel) {
  constexpr int64_t kStatic = 64;
  int64_t count = 0;
  auto addFactor = [&](int64_t factor) {
    for (; factor > 1; factor /= 2)
      ++count;
  };
  for (const Argument &argument : kernel.arguments) {
    for (const Dim &dim : argument.dims) {
      count += (dim.size >= 0) * kStatic + (dim.stride >= 0) * kStatic;
      // Half the bound is a bit more.
      if (dim.atMost != INT64_MAX)
        count += __builtin_clzll(uint64_t(dim.atMost) | 1);
      addFactor(dim.sizeDivisor.value);
      addFactor(dim.strideDivisor.value);
    }
    count += argument.isFixed ? kStatic : 0;
    count += argument.isContiguous + argument.isNoAlias;
    addFactor(argument.align.value / argument.elementBytes);
    addFactor(argument.divisible.value);
  }
  return count;
}

/// Says in a failure whose it is, unless the message begins with that.
static TwStatus nameVariant(TwStatus status, const std::string &kernel,
                            const std::string &variant) {
  if (status->message.rfind("kernel '", 0) != 0)
    status->message = "kernel '" + kernel + "', variant '" + variant +
                      "': " + status->message;
  return status;
}

bool tilewright::rt::isMachineCode(TwBytes image) {
  return image.size >= 4 && std::memcmp(image.data,
                                        "\x7f"
                                        "ELF",
                                        4) == 0;
}

/// Keeps the code of `info` if it fits the device better than what is there.
static TwStatus addImage(TwModuleStorage &module, const TwImageInfo &info) {
  const std::string &target = module.device->backend->target;
  TwBytes image = info.image;
  int rank = rankChip(info.chip, /*isPtx=*/!isMachineCode(image), target);
  if (*info.ptx) {
    int ptxRank = rankChip(info.chip, /*isPtx=*/true, target);
    if (ptxRank > rank) {
      rank = ptxRank;
      image = {info.ptx, std::strlen(info.ptx)};
    }
  }
  if (!rank)
    return nullptr;
  std::unique_ptr<Variant> *place = nullptr;
  for (std::unique_ptr<Variant> &variant : module.variants)
    if (variant->kernel->name == info.kernel &&
        variant->kernel->variant == info.variant)
      place = &variant;
  if (place && (*place)->rank >= rank)
    return nullptr;
  auto variant = std::make_unique<Variant>();
  if (TwStatus status = twKernelCreate(info.metadata, &variant->kernel))
    return nameVariant(status, info.kernel, info.variant);
  variant->image = image;
  variant->rank = rank;
  variant->assumptions = countAssumptions(*variant->kernel);
  // Where the other was: variants keep the library's order.
  if (place)
    *place = std::move(variant);
  else
    module.variants.push_back(std::move(variant));
  return nullptr;
}

TwStatus twModuleCreate(TwDevice device, TwLibrary library, TwModule *module) {
  if (TwStatus status = checkDevice(device))
    return status;
  if (!library || !module)
    return fail(TW_INVALID_ARGUMENT,
                "expected a library and a place for a module");
  *module = nullptr;
  auto result = std::make_unique<TwModuleStorage>();
  result->device = device;
  result->library = library;
  library->numOwners.fetch_add(1);
  for (const TwImageInfo &info : library->images) {
    result->contents += (result->contents.empty() ? "" : ", ") +
                        std::string(info.kernel) + "/" + info.variant + "/" +
                        info.chip;
    if (TwStatus status = addImage(*result, info))
      return status;
  }
  *module = result.release();
  return nullptr;
}

TwModuleStorage::~TwModuleStorage() {
  // In a forked child the driver is not there any more.
  TwStatus forked = checkDevice(device);
  std::vector<LoadedKernel> loaded;
  for (std::unique_ptr<Variant> &variant : variants)
    if (variant->isLoaded)
      loaded.push_back(variant->code);
  if (!loaded.empty() && !forked) {
    // What was launched may still run. To wait for it here would spoil the
    // capture of any stream of the device.
    bool isDone = device->backend->isSynchronous();
    std::lock_guard<std::mutex> lock(device->deferredMutex);
    for (LoadedKernel &code : loaded) {
      if (isDone) {
        device->backend->unload(code);
        continue;
      }
      library->numOwners.fetch_add(1);
      device->deferred.emplace_back(code, library);
    }
  }
  twStatusDestroy(forked);
  twLibraryDestroy(library);
}

void twModuleDestroy(TwModule module) {
  if (!module)
    return;
  module->isClosing = true;
  // In a forked child the threads that made the calls are not there.
  TwStatus forked = checkDevice(module->device);
  while (!forked && !module->calls.isZero())
    std::this_thread::yield();
  twStatusDestroy(forked);
  delete module;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

TwStatus twModuleGetFunction(TwModule module, const char *name,
                             const char *variant, TwFunction *function) {
  if (!module || !name || !function)
    return fail(TW_INVALID_ARGUMENT,
                "expected a module, a name and a place for a function");
  *function = nullptr;
  // In a forked child the lock may be a thread's that is not there.
  if (TwStatus status = checkDevice(module->device))
    return status;
  std::lock_guard<std::mutex> lock(module->mutex);
  std::unique_ptr<TwFunctionStorage> &found =
      module->functions[{name, variant ? variant : ""}];
  if (!found) {
    auto result = std::make_unique<TwFunctionStorage>();
    result->module = module;
    result->name = name;
    for (std::unique_ptr<Variant> &each : module->variants)
      if (each->kernel->name == name &&
          (!variant || each->kernel->variant == variant)) {
        result->variants.push_back(each.get());
        result->kernargBytes =
            std::max(result->kernargBytes, each->kernel->kernargBytes);
      }
    if (result->variants.empty()) {
      module->functions.erase({name, variant ? variant : ""});
      return fail(
          TW_NOT_FOUND, "the library has no kernel '", name, "'",
          variant ? std::string(", variant '") + variant + "'" : std::string(),
          " for device '", module->device->name, "', which is '",
          module->device->backend->target, "'; it has ", module->contents);
    }
    // Equal ones stay in the library's order.
    for (size_t i = 1; i < result->variants.size(); ++i)
      for (size_t j = i; j > 0 && result->variants[j - 1]->assumptions <
                                      result->variants[j]->assumptions;
           --j)
        std::swap(result->variants[j - 1], result->variants[j]);
    found = std::move(result);
  }
  *function = found.get();
  return nullptr;
}

size_t twFunctionGetNumVariants(TwFunction function) {
  return function ? function->variants.size() : 0;
}

TwStatus twFunctionGetKernel(TwFunction function, size_t index,
                             TwKernel *kernel) {
  if (!function || !kernel || index >= function->variants.size())
    return fail(TW_INVALID_ARGUMENT, "expected a variant below ",
                function ? int64_t(function->variants.size()) : 0, ", but got ",
                int64_t(index));
  *kernel = function->variants[index]->kernel;
  return nullptr;
}

/// What the driver would refuse with less to say.
static TwStatus checkResources(const TwKernelStorage &kernel,
                               const Backend &backend) {
  bool isGpu = backend.sharedBytes > 0;
  if (isGpu && kernel.sharedBytes > backend.sharedBytes)
    return fail(TW_UNSUPPORTED, "needs ", kernel.sharedBytes,
                " bytes of shared memory, but the device has ",
                backend.sharedBytes);
  if (isGpu && kernel.workgroupThreads > backend.maxWorkgroupThreads)
    return fail(TW_UNSUPPORTED, "needs ", kernel.workgroupThreads,
                " threads per workgroup, but the device has ",
                backend.maxWorkgroupThreads);
  return nullptr;
}

TwStatus twFunctionGetLaunchLimits(TwFunction function, size_t index,
                                   TwLaunchLimits *limits) {
  if (!function || !limits || index >= function->variants.size())
    return fail(TW_INVALID_ARGUMENT, "expected a variant below ",
                function ? int64_t(function->variants.size()) : 0,
                " and a place for its limits, but got ", int64_t(index));
  if (TwStatus status = checkDevice(function->module->device))
    return status;
  const Backend &backend = *function->module->device->backend;
  const Variant &variant = *function->variants[index];
  TwStatus refused = checkResources(*variant.kernel, backend);
  *limits = {};
  limits->maxClusterSize = backend.maxClusterSize;
  limits->hasCooperative = backend.hasCooperative;
  limits->hasProgrammatic = backend.hasProgrammatic;
  limits->hasPriority = backend.hasPriority;
  limits->maxWorkgroups =
      backend.getMaxWorkgroups(variant.kernel->workgroupThreads);
  limits->maxWorkgroupThreads = backend.maxWorkgroupThreads;
  limits->maxSharedBytes = backend.sharedBytes;
  limits->fits = !refused;
  limits->dynamicSharedBytes = -1;
  if (variant.isLoaded.load(std::memory_order_acquire))
    limits->dynamicSharedBytes = variant.code.dynamicSharedBytes;
  twStatusDestroy(refused);
  return nullptr;
}

/// Loads the code of a variant unless it is there; `ms` gets the time that it
/// took, and stays as it is where nothing was loaded.
static TwStatus load(TwModule module, Variant &variant, double &ms) {
  std::lock_guard<std::mutex> lock(module->mutex);
  if (variant.isLoaded.load(std::memory_order_relaxed))
    return nullptr;
  Slice slice("load", "load", variant.kernel->name);
  double start = getTraceTime();
  LoadedKernel code;
  Backend &backend = *module->device->backend;
  TwStatus status = checkResources(*variant.kernel, backend);
  if (!status)
    status = backend.load(*variant.kernel, variant.image, code);
  if (status)
    return nameVariant(status, variant.kernel->name, variant.kernel->variant);
  variant.code = code;
  variant.isLoaded.store(true, std::memory_order_release);
  ms = (getTraceTime() - start) / 1e3;
  return nullptr;
}

static TwStatus ensureLoaded(TwModule module, Variant &variant) {
  if (variant.isLoaded.load(std::memory_order_acquire))
    return nullptr;
  double ms = -1;
  if (TwStatus status = load(module, variant, ms))
    return status;
  // Without the lock: who is told may call the module.
  if (ms >= 0 && isLogged(TW_LOG_INFO))
    log(TW_LOG_INFO, "module.load",
        {{"kernel", variant.kernel->name},
         {"variant", variant.kernel->variant},
         {"chip", variant.kernel->chip},
         {"bytes", double(variant.image.size)},
         {"ms", ms}});
  return nullptr;
}

static TwStatus checkFunction(TwFunction function) {
  if (!function)
    return fail(TW_INVALID_ARGUMENT, "expected a function, but got null");
  if (function->module->isClosing)
    return fail(TW_INVALID_ARGUMENT, "the module of function '", function->name,
                "' is being destroyed");
  return checkDevice(function->module->device);
}

/// What counts the calls of a function; null where there is none.
static CallCounter *getCalls(TwFunction function) {
  return function ? &function->module->calls : nullptr;
}

TwStatus twFunctionPrepare(TwFunction function) {
  CallCounter::Call call(getCalls(function));
  if (TwStatus status = checkFunction(function))
    return status;
  for (Variant *variant : function->variants)
    if (TwStatus status = ensureLoaded(function->module, *variant))
      return status;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

static TwStatus launchUnnamed(TwFunction function, Variant &variant,
                              TwStream stream, const void *kernarg,
                              size_t kernargBytes, const int64_t grid[3],
                              const TwLaunchOptions *options) {
  if (options && options->clusterSize < 0)
    return fail(TW_INVALID_ARGUMENT,
                "expected clusters of at least 0 workgroups, but got ",
                int64_t(options->clusterSize));
  int64_t numWorkgroups = 0;
  bool isNegative = (grid[0] | grid[1] | grid[2]) < 0;
  if (isNegative || __builtin_mul_overflow(grid[0], grid[1], &numWorkgroups) ||
      __builtin_mul_overflow(numWorkgroups, grid[2], &numWorkgroups)) {
    // Nothing is launched, however large the other extents are.
    if (!isNegative && grid[2] == 0)
      return nullptr;
    return fail(TW_INVALID_ARGUMENT, "expected a grid of at most ", INT64_MAX,
                " workgroups, but got ", grid[0], " x ", grid[1], " x ",
                grid[2]);
  }
  if (numWorkgroups == 0)
    return nullptr;
  if (!variant.isLoaded.load(std::memory_order_acquire))
    if (TwStatus status = ensureLoaded(function->module, variant))
      return status;
  LaunchCommand command;
  command.kernel = variant.kernel;
  command.code = variant.code;
  command.kernarg = kernarg;
  command.kernargBytes = kernargBytes;
  command.numWorkgroups = numWorkgroups;
  command.stream = stream;
  if (options)
    command.options = *options;
  Backend &backend = *function->module->device->backend;
  if (!isTracing.load(std::memory_order_relaxed))
    return backend.launch(command);
  Slice slice("launch", "launch", function->name);
  return backend.launch(command);
}

static TwStatus launch(TwFunction function, Variant &variant, TwStream stream,
                       const void *kernarg, size_t kernargBytes,
                       const int64_t grid[3], const TwLaunchOptions *options) {
  TwStatus status = launchUnnamed(function, variant, stream, kernarg,
                                  kernargBytes, grid, options);
  return status ? nameVariant(status, variant.kernel->name,
                              variant.kernel->variant)
                : nullptr;
}

/// How many of the arguments are of the kinds, element types and ranks that
/// `kernel` takes; none where it takes another number of them.
static size_t countAgreeing(const TwKernelStorage &kernel,
                            const TwValue *values, size_t numValues) {
  if (numValues != kernel.arguments.size())
    return 0;
  size_t count = 0;
  for (size_t i = 0; i < numValues; ++i) {
    const Argument &argument = kernel.arguments[i];
    const TwValue &value = values[i];
    bool agrees = getNumber(value.kind) == argument.kind;
    if (agrees && argument.kind == TW_ARRAY)
      agrees =
          getNumber(value.type) == argument.type && value.rank == argument.rank;
    else if (agrees)
      agrees = argument.type < TW_I1 || !value.isReal;
    count += agrees;
  }
  return count;
}

/// Of variants that all refuse, the one whose message says most: it takes what
/// is nearest to the arguments, and of such ones assumes least. Others would
/// only say that they are for other types.
static size_t getNearest(TwFunction function, const TwValue *values,
                         size_t numValues) {
  size_t nearest = 0, most = 0;
  for (size_t i = 0; i < function->variants.size(); ++i) {
    size_t count =
        countAgreeing(*function->variants[i]->kernel, values, numValues);
    if (count < most)
      continue;
    nearest = i;
    most = count;
  }
  return nearest;
}

/// The first variant that takes the arguments, packed.
static TwStatus pack(TwFunction function, const TwValue *values,
                     size_t numValues, void *kernarg, size_t kernargBytes,
                     size_t &index, int64_t grid[3]) {
  size_t numVariants = function->variants.size();
  for (index = 0; index < numVariants; ++index) {
    const TwKernelStorage &kernel = *function->variants[index]->kernel;
    if (kernargBytes >= kernel.kernargBytes &&
        prepareQuietly(kernel, values, numValues, kernarg, grid))
      break;
  }
  if (index == numVariants) {
    index = getNearest(function, values, numValues);
    if (TwStatus status =
            twKernelPrepare(function->variants[index]->kernel, values,
                            numValues, kernarg, kernargBytes, grid)) {
      const TwKernelStorage &nearest = *function->variants[index]->kernel;
      return nameVariant(status, nearest.name, nearest.variant);
    }
  }
  const TwKernelStorage &chosen = *function->variants[index]->kernel;
  if (chosen.tensorMaps.empty())
    return nullptr;
  TwStatus status = writeTensorMaps(*function->module->device->backend, chosen,
                                    values, kernarg);
  return status ? nameVariant(status, chosen.name, chosen.variant) : nullptr;
}

TwStatus twFunctionLaunch(TwFunction function, TwStream stream,
                          const TwValue *values, size_t numValues,
                          const TwLaunchOptions *options) {
  CallCounter::Call call(getCalls(function));
  if (TwStatus status = checkFunction(function))
    return status;
  if (numValues && !values)
    return fail(TW_INVALID_ARGUMENT, "expected ", int64_t(numValues),
                " arguments, but got null");
  // GPUs take at most 4 KiB; only a host kernel with more allocates.
  constexpr size_t kUsualBytes = 4096;
  alignas(TensorMapRecipe::kAlignment) uint8_t usual[kUsualBytes];
  size_t bytes = function->kernargBytes;
  std::unique_ptr<uint8_t[]> large;
  if (bytes > kUsualBytes)
    large.reset(new uint8_t[bytes]);
  uint8_t *kernarg = large ? large.get() : usual;
  size_t index = 0;
  int64_t grid[3];
  if (TwStatus status =
          pack(function, values, numValues, kernarg, bytes, index, grid))
    return status;
  Variant &variant = *function->variants[index];
  return launch(function, variant, stream, kernarg,
                variant.kernel->kernargBytes, grid, options);
}

TwStatus twFunctionPack(TwFunction function, const TwValue *values,
                        size_t numValues, void *kernarg, size_t kernargBytes,
                        size_t *variant, int64_t grid[3]) {
  CallCounter::Call call(getCalls(function));
  if (TwStatus status = checkFunction(function))
    return status;
  if ((numValues && !values) || !kernarg || !variant || !grid)
    return fail(TW_INVALID_ARGUMENT,
                "expected arguments and places for what they become");
  return pack(function, values, numValues, kernarg, kernargBytes, *variant,
              grid);
}

TwStatus twFunctionLaunchPacked(TwFunction function, size_t variant,
                                TwStream stream, const void *kernarg,
                                size_t kernargBytes, const int64_t grid[3],
                                const TwLaunchOptions *options) {
  CallCounter::Call call(getCalls(function));
  if (TwStatus status = checkFunction(function))
    return status;
  if (variant >= function->variants.size() || !kernarg || !grid)
    return fail(TW_INVALID_ARGUMENT, "expected a variant below ",
                int64_t(function->variants.size()),
                ", arguments and a grid, but got variant ", int64_t(variant));
  Variant &chosen = *function->variants[variant];
  if (kernargBytes < chosen.kernel->kernargBytes)
    return fail(TW_INVALID_ARGUMENT, "kernel '", function->name, "' needs ",
                int64_t(chosen.kernel->kernargBytes),
                " bytes of kernarg, but got ", int64_t(kernargBytes));
  return launch(function, chosen, stream, kernarg, chosen.kernel->kernargBytes,
                grid, options);
}
