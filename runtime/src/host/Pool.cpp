// Pool.cpp - threads that run the workgroups of a host kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Pool.h"
#include "../Support.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <unistd.h>

using namespace tilewright::rt;

static constexpr int32_t kMaxThreads = 4096;

/// Behind the scratch of every launch, so that a kernel that writes there is
/// found out. No kernel has a reason to write these numbers.
static constexpr uint64_t kGuard[] = {0xA5C3F00D9E3779B9u, 0x7F4A7C15D1B54A32u,
                                      0xA5C3F00D9E3779BAu, 0x7F4A7C15D1B54A33u,
                                      0xA5C3F00D9E3779BBu, 0x7F4A7C15D1B54A34u,
                                      0xA5C3F00D9E3779BCu, 0x7F4A7C15D1B54A35u};

/// Takes chunks until none is left.
static void runChunks(HostWork &work, uint8_t *scratch) {
  uint8_t *guard = work.scratchBytes ? scratch + work.scratchBytes : nullptr;
  if (guard)
    std::memcpy(guard, kGuard, sizeof(kGuard));
  while (true) {
    uint64_t next =
        work.next.fetch_add(uint64_t(work.chunk), std::memory_order_relaxed);
    if (next >= uint64_t(work.numPrograms))
      break;
    auto begin = int64_t(next);
    int64_t count = std::min(work.chunk, work.numPrograms - begin);
    work.function(work.kernarg, begin, begin + count, scratch);
  }
  if (guard && std::memcmp(guard, kGuard, sizeof(kGuard)) != 0)
    work.wroteOutside.store(true, std::memory_order_relaxed);
}

void HostPool::runWorker(size_t index) {
  uint64_t seen = 0;
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    wake.wait(lock,
              [&] { return isStopping || (isOpen && generation != seen); });
    if (isStopping)
      return;
    seen = generation;
    ++running;
    uint8_t *own = scratch[index];
    lock.unlock();
    runChunks(work, own);
    lock.lock();
    if (--running == 0 && !isOpen)
      done.notify_one();
  }
}

static int getNumCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return int(std::max(1l, sysconf(_SC_NPROCESSORS_ONLN)));
}

TwStatus HostPool::create(int32_t numThreads, std::unique_ptr<HostPool> &pool) {
  if (numThreads < 0 || numThreads > kMaxThreads)
    return fail(TW_INVALID_ARGUMENT, "expected 0 to ", int64_t(kMaxThreads),
                " threads of the host, but got ", int64_t(numThreads));
  if (numThreads == 0)
    numThreads = std::min(getNumCpus(), kMaxThreads);
  auto result = std::make_unique<HostPool>();
  result->scratch.assign(numThreads, nullptr);
  result->workers.reserve(numThreads);
  for (int32_t i = 1; i < numThreads; ++i) {
    result->workers.push_back({result.get(), size_t(i), {}});
    Worker &worker = result->workers.back();
    // Not std::thread, which throws where there is none.
    if (pthread_create(&worker.thread, nullptr, startWorker, &worker)) {
      result->workers.pop_back();
      return fail(TW_RESOURCE_EXHAUSTED, "the system gives no more than ",
                  int64_t(i), " of ", int64_t(numThreads), " threads");
    }
  }
  pool = std::move(result);
  return nullptr;
}

void *HostPool::startWorker(void *worker) {
  auto *self = static_cast<Worker *>(worker);
  self->pool->runWorker(self->index);
  return nullptr;
}

HostPool::~HostPool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    isStopping = true;
  }
  wake.notify_all();
  for (Worker &worker : workers)
    pthread_join(worker.thread, nullptr);
  for (uint8_t *memory : scratch)
    std::free(memory);
}

/// Grows the arenas; rare, as they are kept from launch to launch.
TwStatus HostPool::reserveScratch(int64_t bytes) {
  if (bytes <= scratchBytes)
    return nullptr;
  bytes = (bytes + 4095) / 4096 * 4096;
  for (uint8_t *&memory : scratch) {
    std::free(memory);
    memory = static_cast<uint8_t *>(std::aligned_alloc(64, bytes));
    if (!memory) {
      scratchBytes = 0;
      return fail(TW_RESOURCE_EXHAUSTED, "no memory for ", bytes,
                  " bytes of scratch per thread");
    }
  }
  scratchBytes = bytes;
  return nullptr;
}

TwStatus HostPool::run(HostFunction function, const void *kernarg,
                       int64_t numPrograms, int64_t neededScratch) {
  std::lock_guard<std::mutex> turn(launchMutex);
  if (neededScratch)
    if (TwStatus status = reserveScratch(neededScratch + sizeof(kGuard)))
      return status;
  int64_t numThreads = getNumThreads();
  work.function = function;
  work.kernarg = static_cast<const uint8_t *>(kernarg);
  work.numPrograms = numPrograms;
  // About eight chunks per thread even out what the system steals.
  work.chunk = std::max<int64_t>(1, numPrograms / (numThreads * 8));
  work.scratchBytes = neededScratch;
  work.next.store(0, std::memory_order_relaxed);
  work.wroteOutside.store(false, std::memory_order_relaxed);
  bool useWorkers = numThreads > 1 && numPrograms > 1;
  if (useWorkers) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      isOpen = true;
      ++generation;
    }
    wake.notify_all();
  }
  runChunks(work, scratch[0]);
  if (useWorkers) {
    // Nothing is left: who has not begun by now is not waited for. A thread
    // that wakes up takes longer than a small launch.
    std::unique_lock<std::mutex> lock(mutex);
    isOpen = false;
    done.wait(lock, [&] { return running == 0; });
  }
  if (work.wroteOutside.load(std::memory_order_relaxed))
    return fail(TW_INTERNAL, "the kernel wrote behind its ", neededScratch,
                " bytes of scratch: report it with its source");
  return nullptr;
}
