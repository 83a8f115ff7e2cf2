// Device.cpp - devices by name, and the calls that go straight to them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Device.h"
#include "Backend.h"
#include "Compatibility.h"
#include "Observe.h"
#include "Support.h"
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <pthread.h>

using namespace tilewright::rt;

//===----------------------------------------------------------------------===//
// Fork
//===----------------------------------------------------------------------===//

// Drivers and threads do not survive a fork. The child counts it, and handles
// of the parent are told by their number.
static std::atomic<uint32_t> numForks{0};

uint32_t tilewright::rt::countForks() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] {
    numForks.fetch_add(1, std::memory_order_relaxed);
  });
  (void)registered;
  return numForks.load(std::memory_order_relaxed);
}

TwStatus tilewright::rt::checkDevice(TwDevice device) {
  if (!device)
    return fail(TW_INVALID_ARGUMENT, "expected a device, but got null");
  if (device->forks != numForks.load(std::memory_order_relaxed))
    return fail(TW_UNSUPPORTED, "device '", device->name,
                "' was opened before this process was forked; open it again");
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

/// The number behind "cuda:" or "hip:", or -1.
static int parseOrdinal(const char *text) {
  if (!*text || std::strlen(text) > 4)
    return -1;
  int value = 0;
  for (; *text; ++text) {
    if (*text < '0' || *text > '9')
      return -1;
    value = 10 * value + (*text - '0');
  }
  return value;
}

TwStatus twDeviceOpen(const char *name, const TwDeviceOptions *options,
                      TwDevice *device) {
  if (!name || !device)
    return fail(TW_INVALID_ARGUMENT,
                "expected the name of a device and a place for it");
  *device = nullptr;
  auto result = std::make_unique<TwDeviceStorage>();
  result->name = name;
  result->forks = countForks();
  TwDeviceOptions defaults = {};
  const TwDeviceOptions &used = options ? *options : defaults;
  TwStatus status = nullptr;
  int ordinal = -1;
  if (std::strcmp(name, "host") == 0)
    status = openHost(used, result->backend);
  else if (std::strncmp(name, "cuda:", 5) == 0 &&
           (ordinal = parseOrdinal(name + 5)) >= 0)
    status = openCuda(ordinal, used, result->backend);
  else if (std::strncmp(name, "hip:", 4) == 0 &&
           (ordinal = parseOrdinal(name + 4)) >= 0)
    status = openHip(ordinal, used, result->backend);
  else
    status = fail(TW_INVALID_ARGUMENT,
                  "expected a device 'host', 'cuda:N' or 'hip:N', but got '",
                  name, "'");
  if (status)
    return status;
  log(TW_LOG_INFO, "device.open",
      {{"device", result->name}, {"target", result->backend->target}});
  *device = result.release();
  return nullptr;
}

using DeferredCode = std::vector<std::pair<LoadedKernel, TwLibrary>>;

static DeferredCode takeDeferred(TwDevice device) {
  std::lock_guard<std::mutex> lock(device->deferredMutex);
  return std::exchange(device->deferred, {});
}

static void unload(TwDevice device, DeferredCode &deferred) {
  for (auto &[code, library] : deferred) {
    device->backend->unload(code);
    twLibraryDestroy(library);
  }
}

/// Waits for the device, and unloads what had to stay until then. What modules
/// leave that are destroyed meanwhile stays: their launches may still run.
static TwStatus waitAndUnload(TwDevice device, bool isLast) {
  DeferredCode deferred = takeDeferred(device);
  if (isLast && deferred.empty())
    return nullptr;
  TwStatus status = device->backend->synchronize();
  if (!status || isLast) {
    unload(device, deferred);
    return status;
  }
  std::lock_guard<std::mutex> lock(device->deferredMutex);
  device->deferred.insert(device->deferred.end(), deferred.begin(),
                          deferred.end());
  return status;
}

void twDeviceClose(TwDevice device) {
  // What a parent opened stays as it is: its driver is not there any more.
  if (device && device->forks != numForks.load(std::memory_order_relaxed))
    device->backend.release();
  else if (device)
    twStatusDestroy(waitAndUnload(device, /*isLast=*/true));
  delete device;
}

TwStatus twDeviceGetInfo(TwDevice device, TwDeviceInfo *info) {
  if (TwStatus status = checkDevice(device))
    return status;
  if (!info)
    return fail(TW_INVALID_ARGUMENT, "expected a place for the information");
  const Backend &backend = *device->backend;
  *info = {device->name.c_str(),   backend.product.c_str(),
           backend.target.c_str(), backend.memoryBytes,
           backend.sharedBytes,    backend.maxWorkgroupThreads,
           backend.numComputeUnits};
  return nullptr;
}

int32_t twDeviceRankChip(TwDevice device, const char *chip) {
  return device && chip
             ? rankChip(chip, /*isPtx=*/false, device->backend->target)
             : 0;
}

//===----------------------------------------------------------------------===//
// Memory, streams, events
//===----------------------------------------------------------------------===//

TwStatus twDeviceAllocate(TwDevice device, size_t bytes, void **memory) {
  if (TwStatus status = checkDevice(device))
    return status;
  if (!memory)
    return fail(TW_INVALID_ARGUMENT, "expected a place for the memory");
  *memory = nullptr;
  return bytes ? device->backend->allocate(bytes, memory) : nullptr;
}

TwStatus twDeviceFree(TwDevice device, void *memory) {
  if (TwStatus status = checkDevice(device))
    return status;
  return memory ? device->backend->free(memory) : nullptr;
}

TwStatus twDeviceCopy(TwDevice device, void *to, const void *from, size_t bytes,
                      TwStream stream) {
  if (TwStatus status = checkDevice(device))
    return status;
  if (!bytes)
    return nullptr;
  if (!to || !from)
    return fail(TW_INVALID_ARGUMENT, "expected memory to copy ", int64_t(bytes),
                " bytes, but got null");
  return device->backend->copy(to, from, bytes, stream);
}

TwStatus twDeviceFill(TwDevice device, void *memory, uint8_t value,
                      size_t bytes, TwStream stream) {
  if (TwStatus status = checkDevice(device))
    return status;
  if (!bytes)
    return nullptr;
  if (!memory)
    return fail(TW_INVALID_ARGUMENT, "expected memory to fill with ",
                int64_t(bytes), " bytes, but got null");
  return device->backend->fill(memory, value, bytes, stream);
}

TwStatus twDeviceSynchronize(TwDevice device) {
  TwStatus status = checkDevice(device);
  return status ? status : waitAndUnload(device, /*isLast=*/false);
}

TwStatus twStreamCreate(TwDevice device, int32_t priority, TwStream *stream) {
  if (TwStatus status = checkDevice(device))
    return status;
  if (!stream)
    return fail(TW_INVALID_ARGUMENT, "expected a place for the stream");
  *stream = nullptr;
  return device->backend->createStream(priority, stream);
}

TwStatus twStreamDestroy(TwDevice device, TwStream stream) {
  if (TwStatus status = checkDevice(device))
    return status;
  return stream ? device->backend->destroyStream(stream) : nullptr;
}

TwStatus twStreamSynchronize(TwDevice device, TwStream stream) {
  TwStatus status = checkDevice(device);
  return status ? status : device->backend->synchronizeStream(stream);
}

static TwStatus checkEvent(TwDevice device, TwEvent event) {
  if (TwStatus status = checkDevice(device))
    return status;
  return event ? nullptr
               : fail(TW_INVALID_ARGUMENT, "expected an event, but got null");
}

TwStatus twEventCreate(TwDevice device, TwEvent *event) {
  if (TwStatus status = checkDevice(device))
    return status;
  if (!event)
    return fail(TW_INVALID_ARGUMENT, "expected a place for the event");
  *event = nullptr;
  return device->backend->createEvent(event);
}

TwStatus twEventDestroy(TwDevice device, TwEvent event) {
  if (TwStatus status = checkDevice(device))
    return status;
  return event ? device->backend->destroyEvent(event) : nullptr;
}

TwStatus twEventRecord(TwDevice device, TwEvent event, TwStream stream) {
  TwStatus status = checkEvent(device, event);
  return status ? status : device->backend->recordEvent(event, stream);
}

TwStatus twEventWait(TwDevice device, TwEvent event, TwStream stream) {
  TwStatus status = checkEvent(device, event);
  return status ? status : device->backend->waitEvent(event, stream);
}

TwStatus twEventSynchronize(TwDevice device, TwEvent event) {
  TwStatus status = checkEvent(device, event);
  return status ? status : device->backend->synchronizeEvent(event);
}

TwStatus twEventGetElapsed(TwDevice device, TwEvent start, TwEvent end,
                           float *milliseconds) {
  if (TwStatus status = checkEvent(device, start))
    return status;
  if (!end || !milliseconds)
    return fail(TW_INVALID_ARGUMENT,
                "expected two events and a place for the time");
  return device->backend->getElapsed(start, end, milliseconds);
}
