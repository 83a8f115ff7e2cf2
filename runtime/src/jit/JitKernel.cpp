// JitKernel.cpp - a source on a device: the code for each class of arguments.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Module.h"
#include "../Support.h"
#include "Classes.h"
#include "Table.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace tilewright::rt;

/// Above this a launch takes the code that assumes nothing: each new shape
/// would load more code, without end.
static constexpr size_t kMostSpecializations = 1024;
/// Where there is no such code a launch is refused. Two sizes that change have
/// 7225 classes: 17 buckets up to 65536, and 5 divisors, each.
static constexpr size_t kMostBuckets = 8192;

/// Refuses a function whose code on this device is PTX, for which the driver
/// has a compiler of its own.
static TwStatus checkNeverCompiles(TwFunction function, bool isAsked) {
  const std::string &target = function->module->device->backend->target;
  bool isNvidia = target.rfind("sm_", 0) == 0;
  for (const Variant *variant : function->variants)
    if (isNvidia && !isMachineCode(variant->image))
      return fail(TW_UNSUPPORTED, "strict: ",
                  describePtx(function->name, twKernelGetChip(variant->kernel),
                              target, isAsked));
  return nullptr;
}

TwStatus twJitKernelCreate(TwJit jit, TwDevice device,
                           const TwJitSource *source,
                           const TwJitKernelOptions *options,
                           TwJitKernel *kernel) {
  if (TwStatus status = checkJit(jit))
    return status;
  if (TwStatus status = checkDevice(device))
    return status;
  if (!source || !kernel)
    return fail(TW_INVALID_ARGUMENT,
                "expected a source and a place for the kernel");
  *kernel = nullptr;
  auto result = std::make_unique<TwJitKernelStorage>();
  result->jit = jit;
  result->device = device;
  if (options)
    result->options = *options;
  int policy = getNumber(result->options.policy);
  if (policy < TW_JIT_DIVISIBILITY || policy > TW_JIT_BUCKETS)
    return fail(TW_INVALID_ARGUMENT, "expected a policy, but got ",
                int64_t(policy));
  if (jit->isStrict && result->options.fallback)
    if (TwStatus status = checkNeverCompiles(result->options.fallback,
                                             /*isAsked=*/false))
      return status;
  if (TwStatus status = readSource(*source, result->request))
    return status;
  result->request.target = getRequestTarget(device);
  result->request.hasArguments = true;
  result->source = std::make_shared<RequestSource>(takeSource(result->request));
  result->request.name = result->source->name;
  *kernel = result.release();
  return nullptr;
}

void twJitKernelDestroy(TwJitKernel kernel) {
  if (!kernel)
    return;
  // In a forked child the threads that would end the tasks are not there.
  TwStatus forked = checkJit(kernel->jit);
  for (const auto &each : kernel->table.getAll()) {
    if (each->task && !forked) {
      cancelTask(kernel->jit, each->task);
      std::unique_lock<std::mutex> lock(each->task->mutex);
      each->task->changed.wait(lock, [&] { return each->task->isDone; });
    }
    twModuleDestroy(each->module);
  }
  twStatusDestroy(forked);
  delete kernel;
}

//===----------------------------------------------------------------------===//
// Code for a class
//===----------------------------------------------------------------------===//

/// Loads a library that was made; the thread that made it does.
static TwStatus useLibrary(TwJitKernel kernel, Specialization &place,
                           const std::string &bytes) {
  TwLibrary library = nullptr;
  if (TwStatus status = twLibraryCreate({bytes.data(), bytes.size()}, &library))
    return status;
  TwImageInfo image = {};
  TwStatus status = twLibraryGetImage(library, 0, &image);
  TwModule module = nullptr;
  TwFunction function = nullptr;
  if (!status)
    status = twModuleCreate(kernel->device, library, &module);
  if (!status)
    status = twModuleGetFunction(module, image.kernel, nullptr, &function);
  if (!status && kernel->jit->isStrict)
    status = checkNeverCompiles(function, kernel->request.keepsPtx);
  if (!status)
    status = twFunctionPrepare(function);
  twLibraryDestroy(library);
  if (status) {
    twModuleDestroy(module);
    return status;
  }
  std::lock_guard<std::mutex> lock(place.mutex);
  place.module = module;
  place.function.store(function, std::memory_order_release);
  return nullptr;
}

/// Who asks for code: somebody who waits for it, somebody who wants it ahead,
/// or a launch that takes something else meanwhile.
enum class Urgency { Waits, Ahead, Launch };

/// The task that makes the code. A failure that time may mend is begun anew,
/// but not by each launch that does without.
static TwStatus ensureTask(TwJitKernel kernel, Specialization &place,
                           std::vector<ArgumentClass> classes, Urgency urgency,
                           std::shared_ptr<Task> &task) {
  std::lock_guard<std::mutex> lock(place.mutex);
  // Held here, for its mutex is locked when it is let go of.
  if (std::shared_ptr<Task> old = place.task) {
    std::lock_guard<std::mutex> taskLock(old->mutex);
    if (old->isDone && old->status.code != TW_OK &&
        old->status.code != TW_INVALID_ARGUMENT && urgency != Urgency::Launch)
      place.task = nullptr;
  }
  if (!place.task) {
    auto made = std::make_shared<Task>();
    setRequest(*made, kernel->request, kernel->source);
    made->request.arguments = std::move(classes);
    made->isStrict = kernel->jit->isStrict;
    if (TwStatus status = identifyAndCount(kernel->jit, made->request))
      return status;
    made->use = [kernel, &place](const std::string &library) {
      return useLibrary(kernel, place, library);
    };
    place.task = made;
    startTask(kernel->jit, made, urgency == Urgency::Waits);
  }
  task = place.task;
  return nullptr;
}

/// A parameter that follows the bound of a size has no value without one: what
/// the variant says need not do for all sizes.
static bool hasDynamicCode(TwJitKernel kernel) {
  for (const NamedText &parameter : kernel->request.parameters)
    if (parameter.text.rfind("bucket(", 0) == 0)
      return false;
  return true;
}

static size_t getMostPlaces(TwJitKernel kernel) {
  return hasDynamicCode(kernel) ? kMostSpecializations : kMostBuckets;
}

/// Null where it is not there, and the kernel has code for so many others.
static Specialization *findOrAdd(TwJitKernel kernel, const uint8_t *classes,
                                 size_t bytes, bool isBounded) {
  uint64_t hash = XXH3_64bits(classes, bytes);
  if (Specialization *found = kernel->table.find(hash, classes, bytes))
    return found;
  if (isBounded && kernel->isFull.load(std::memory_order_relaxed))
    return nullptr;
  std::lock_guard<std::mutex> lock(kernel->mutex);
  if (Specialization *found = kernel->table.find(hash, classes, bytes))
    return found;
  if (isBounded && kernel->table.getAll().size() >= getMostPlaces(kernel)) {
    kernel->isFull.store(true, std::memory_order_relaxed);
    return nullptr;
  }
  auto added = std::make_unique<Specialization>();
  added->hash = hash;
  added->classes.assign(classes, classes + bytes);
  return kernel->table.add(std::move(added));
}

/// The place of the code for `values` under a policy; null as findOrAdd.
static Specialization *findPlace(TwJitKernel kernel, TwJitPolicy policy,
                                 const TwValue *values, size_t numValues,
                                 bool isBounded) {
  constexpr size_t kUsualBytes = 2048;
  uint8_t usual[kUsualBytes];
  size_t bytes = writeClasses(policy, values, numValues, usual, kUsualBytes);
  if (bytes <= kUsualBytes)
    return findOrAdd(kernel, usual, bytes, isBounded);
  std::vector<uint8_t> large(bytes);
  writeClasses(policy, values, numValues, large.data(), bytes);
  return findOrAdd(kernel, large.data(), bytes, isBounded);
}

/// The place of the code for `values`, and the policy that it is of: the
/// kernel's, unless it has code for so many other classes.
///
/// Errors: RESOURCE_EXHAUSTED  so many, and none that assumes nothing
static TwStatus findPlace(TwJitKernel kernel, const TwValue *values,
                          size_t numValues, TwJitPolicy &policy,
                          Specialization *&place) {
  policy = kernel->options.policy;
  place = findPlace(kernel, policy, values, numValues, /*isBounded=*/true);
  if (place)
    return nullptr;
  if (!hasDynamicCode(kernel))
    return fail(TW_RESOURCE_EXHAUSTED, "kernel '",
                getKernelName(kernel->request), "' has code for ",
                int64_t(kMostBuckets),
                " classes of arguments, and none for all, since a parameter "
                "follows a bucket; destroy it and make it anew");
  policy = TW_JIT_DYNAMIC;
  place = findPlace(kernel, policy, values, numValues, /*isBounded=*/false);
  return nullptr;
}

/// The code of a place, which is for `values` under a policy; waits until it is
/// there.
static TwStatus obtainFunction(TwJitKernel kernel, Specialization *place,
                               TwJitPolicy policy, const TwValue *values,
                               size_t numValues, TwFunction &function) {
  function = place->function.load(std::memory_order_acquire);
  if (function)
    return nullptr;
  std::shared_ptr<Task> task;
  if (TwStatus status =
          ensureTask(kernel, *place, makeClasses(policy, values, numValues),
                     Urgency::Waits, task))
    return status;
  if (TwStatus status = waitForTask(*task))
    return status;
  function = place->function.load(std::memory_order_acquire);
  return nullptr;
}

static TwStatus checkCall(TwJitKernel kernel, const TwValue *values,
                          size_t numValues) {
  if (!kernel)
    return fail(TW_INVALID_ARGUMENT, "expected a kernel, but got null");
  if (TwStatus status = checkJit(kernel->jit))
    return status;
  return checkValues(values, numValues);
}

TwStatus twJitKernelGetFunction(TwJitKernel kernel, const TwValue *values,
                                size_t numValues, TwFunction *function) {
  if (TwStatus status = checkCall(kernel, values, numValues))
    return status;
  if (!function)
    return fail(TW_INVALID_ARGUMENT, "expected a place for the function");
  *function = nullptr;
  TwJitPolicy policy;
  Specialization *place;
  if (TwStatus status = findPlace(kernel, values, numValues, policy, place))
    return status;
  return obtainFunction(kernel, place, policy, values, numValues, *function);
}

TwStatus twJitKernelRequest(TwJitKernel kernel, const TwValue *values,
                            size_t numValues) {
  if (TwStatus status = checkCall(kernel, values, numValues))
    return status;
  TwJitPolicy policy;
  Specialization *place;
  if (TwStatus status = findPlace(kernel, values, numValues, policy, place))
    return status;
  if (place->function.load(std::memory_order_acquire))
    return nullptr;
  std::shared_ptr<Task> task;
  return ensureTask(kernel, *place, makeClasses(policy, values, numValues),
                    Urgency::Ahead, task);
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// What is launched while the code for the arguments is not there.
static TwStatus obtainFallback(TwJitKernel kernel, const TwValue *values,
                               size_t numValues, TwFunction &function) {
  ++kernel->jit->fallbacks;
  function = kernel->options.fallback;
  if (function)
    return nullptr;
  Specialization *place = findPlace(kernel, TW_JIT_DYNAMIC, values, numValues,
                                    /*isBounded=*/false);
  return obtainFunction(kernel, place, TW_JIT_DYNAMIC, values, numValues,
                        function);
}

/// The code for a launch that did not find it at once.
static TwStatus obtainForLaunch(TwJitKernel kernel, const TwValue *values,
                                size_t numValues, TwFunction &function) {
  TwJitPolicy policy;
  Specialization *place;
  if (TwStatus status = findPlace(kernel, values, numValues, policy, place))
    return status;
  function = place->function.load(std::memory_order_acquire);
  if (function)
    return nullptr;
  bool hasFallback = kernel->options.fallback || hasDynamicCode(kernel);
  if (!kernel->options.isBackground || !hasFallback)
    return obtainFunction(kernel, place, policy, values, numValues, function);
  std::shared_ptr<Task> task;
  // What cannot even be begun is the fallback's to report.
  twStatusDestroy(ensureTask(kernel, *place,
                             makeClasses(policy, values, numValues),
                             Urgency::Launch, task));
  function = place->function.load(std::memory_order_acquire);
  if (function)
    return nullptr;
  return obtainFallback(kernel, values, numValues, function);
}

TwStatus twJitKernelLaunch(TwJitKernel kernel, TwStream stream,
                           const TwValue *values, size_t numValues,
                           const TwLaunchOptions *options) {
  if (TwStatus status = checkCall(kernel, values, numValues))
    return status;
  constexpr size_t kUsualBytes = 2048;
  uint8_t classes[kUsualBytes];
  size_t bytes = writeClasses(kernel->options.policy, values, numValues,
                              classes, kUsualBytes);
  TwFunction function = nullptr;
  if (bytes <= kUsualBytes)
    if (const Specialization *found =
            kernel->table.find(XXH3_64bits(classes, bytes), classes, bytes))
      function = found->function.load(std::memory_order_acquire);
  if (!function)
    if (TwStatus status = obtainForLaunch(kernel, values, numValues, function))
      return status;
  return twFunctionLaunch(function, stream, values, numValues, options);
}

//===----------------------------------------------------------------------===//
// What a manifest names
//===----------------------------------------------------------------------===//

/// The kernel that is asked for, without its source: as bytes.
static std::string writeKernel(Request request) {
  request.name.clear();
  request.arguments.clear();
  request.target.clear();
  request.compiler.clear();
  request.tools.clear();
  return writeRequest(request);
}

static std::string writeSource(const RequestSource &source) {
  Request alone;
  setSource(alone, source);
  return writeRequest(alone);
}

/// Which requests of a list are for the kernel, for any arguments.
static std::vector<size_t> findRequests(const RequestList &list,
                                        TwJitKernel kernel) {
  std::string source = writeSource(*kernel->source);
  std::vector<bool> isSource;
  for (const RequestSource &each : list.getSources())
    isSource.push_back(writeSource(each) == source);
  std::string wanted = writeKernel(kernel->request);
  std::vector<size_t> found;
  for (size_t i = 0; i < list.size(); ++i)
    if (isSource[list.getSourceIndex(i)] &&
        writeKernel(list.getBare(i)) == wanted)
      found.push_back(i);
  return found;
}

TwStatus twJitKernelPrepare(TwJitKernel kernel, size_t *numFound) {
  if (TwStatus status = checkCall(kernel, nullptr, 0))
    return status;
  if (!kernel->jit->hasManifest)
    return fail(TW_INVALID_ARGUMENT,
                "expected a session that was opened with a manifest");
  std::vector<TwJitPolicy> policies = {kernel->options.policy};
  // What is launched meanwhile, too.
  if (kernel->options.isBackground && !kernel->options.fallback &&
      kernel->options.policy != TW_JIT_DYNAMIC)
    policies.push_back(TW_JIT_DYNAMIC);
  std::vector<std::shared_ptr<Task>> tasks;
  TwStatus first = nullptr;
  const RequestList &requests = kernel->jit->manifest.requests;
  for (size_t index : findRequests(requests, kernel)) {
    const Request &request = requests.getBare(index);
    for (TwJitPolicy policy : policies) {
      std::vector<uint8_t> classes;
      // What another policy asked for no launch of this kernel asks for.
      if (!writeClasses(policy, request.arguments, classes))
        continue;
      std::shared_ptr<Task> task;
      TwStatus status =
          ensureTask(kernel,
                     *findOrAdd(kernel, classes.data(), classes.size(),
                                /*isBounded=*/false),
                     request.arguments, Urgency::Ahead, task);
      if (task)
        tasks.push_back(task);
      first = first ? (twStatusDestroy(status), first) : status;
    }
  }
  for (const std::shared_ptr<Task> &task : tasks) {
    TwStatus status = waitForTask(*task);
    first = first ? (twStatusDestroy(status), first) : status;
  }
  if (numFound)
    *numFound = tasks.size();
  return first;
}
