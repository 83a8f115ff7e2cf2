// HostBackend.cpp - the host's CPU as a device.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Work is done when the call that asks for it returns, so that streams are
// names alone and events are points in time.
#include "../Backend.h"
#include "../Compatibility.h"
#include "../Support.h"
#include "ElfImage.h"
#include "Pool.h"
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace tilewright::rt;

namespace {

struct HostEvent {
  std::chrono::steady_clock::time_point time;
  bool isRecorded = false;
};

class HostBackend : public Backend {
public:
  explicit HostBackend(std::unique_ptr<HostPool> pool) : pool(std::move(pool)) {
    product = "host CPU";
    target = getHostLevel();
    int64_t pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    memoryBytes =
        pages > 0 && bytes > 0 ? uint64_t(pages) * uint64_t(bytes) : 0;
    maxWorkgroupThreads = 1;
    numComputeUnits = this->pool->getNumThreads();
  }

  TwStatus allocate(size_t bytes, void **memory) override {
    if (posix_memalign(memory, 256, bytes) == 0)
      return nullptr;
    *memory = nullptr;
    return fail(TW_RESOURCE_EXHAUSTED, "no memory for ", std::to_string(bytes),
                " bytes");
  }
  TwStatus free(void *memory) override {
    std::free(memory);
    return nullptr;
  }
  TwStatus copy(void *to, const void *from, size_t bytes,
                TwStream stream) override {
    if (TwStatus status = checkStream(stream))
      return status;
    std::memmove(to, from, bytes);
    return nullptr;
  }
  TwStatus fill(void *memory, uint8_t value, size_t bytes,
                TwStream stream) override {
    if (TwStatus status = checkStream(stream))
      return status;
    std::memset(memory, value, bytes);
    return nullptr;
  }
  TwStatus synchronize() override { return nullptr; }
  bool isSynchronous() const override { return true; }
  int64_t getMaxWorkgroups(int64_t) const final { return INT64_MAX; }

  TwStatus createStream(int32_t, TwStream *stream) override {
    *stream = nullptr; // the default one: all are alike
    return nullptr;
  }
  TwStatus destroyStream(TwStream stream) override {
    return checkStream(stream);
  }
  TwStatus synchronizeStream(TwStream stream) override {
    return checkStream(stream);
  }

  TwStatus createEvent(TwEvent *event) override {
    *event = new HostEvent;
    return nullptr;
  }
  TwStatus destroyEvent(TwEvent event) override {
    delete static_cast<HostEvent *>(event);
    return nullptr;
  }
  TwStatus recordEvent(TwEvent event, TwStream stream) override {
    if (TwStatus status = checkStream(stream))
      return status;
    *static_cast<HostEvent *>(event) = {std::chrono::steady_clock::now(), true};
    return nullptr;
  }
  TwStatus waitEvent(TwEvent, TwStream stream) override {
    return checkStream(stream);
  }
  TwStatus synchronizeEvent(TwEvent) override { return nullptr; }
  TwStatus getElapsed(TwEvent start, TwEvent end, float *ms) override {
    auto *first = static_cast<HostEvent *>(start);
    auto *last = static_cast<HostEvent *>(end);
    if (!first->isRecorded || !last->isRecorded)
      return fail(TW_INVALID_ARGUMENT, "expected events that were recorded");
    *ms = std::chrono::duration<float, std::milli>(last->time - first->time)
              .count();
    return nullptr;
  }

  TwStatus load(const TwKernelStorage &kernel, TwBytes image,
                LoadedKernel &loaded) override {
    auto elf = std::make_unique<ElfImage>();
    if (TwStatus status = elf->load(image))
      return status;
    loaded.function = elf->find(kernel.symbol.c_str());
    if (!loaded.function)
      return fail(TW_NOT_FOUND, "the host image has no function '",
                  kernel.symbol, "'");
    loaded.module = elf.release();
    return nullptr;
  }
  void unload(LoadedKernel &loaded) override {
    delete static_cast<ElfImage *>(loaded.module);
  }

  TwStatus launch(const LaunchCommand &command) override {
    if (TwStatus status = checkStream(command.stream))
      return status;
    const TwLaunchOptions &options = command.options;
    // Cooperation neither: the pool runs workgroups one after the other, and
    // one that waited for another would wait for ever.
    if (options.clusterSize > 1 || options.isCooperative ||
        options.isProgrammatic || options.priority)
      return fail(TW_UNSUPPORTED,
                  "the host has no launches with clusters, cooperation, "
                  "programmatic dependence or priority");
    return pool->run(reinterpret_cast<HostFunction>(command.code.function),
                     command.kernarg, command.numWorkgroups,
                     command.kernel->scratchBytes);
  }

private:
  static TwStatus checkStream(TwStream stream) {
    return stream ? fail(TW_INVALID_ARGUMENT,
                         "expected null for a stream of the host")
                  : nullptr;
  }

  std::unique_ptr<HostPool> pool;
};

} // namespace

TwStatus tilewright::rt::openHost(const TwDeviceOptions &options,
                                  std::unique_ptr<Backend> &backend) {
  std::unique_ptr<HostPool> pool;
  if (TwStatus status = HostPool::create(options.numThreads, pool))
    return status;
  backend = std::make_unique<HostBackend>(std::move(pool));
  return nullptr;
}
