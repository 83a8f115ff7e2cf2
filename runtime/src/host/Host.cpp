// Host.cpp - loads host kernels and launches them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Kernel.h"
#include "../Support.h"
#include "ElfImage.h"
#include "Pool.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sched.h>

using namespace tilewright::rt;

struct TwHostKernelStorage {
  TwKernel kernel = nullptr;
  ElfImage image;
  HostFunction function = nullptr;
};

//===----------------------------------------------------------------------===//
// Pool
//===----------------------------------------------------------------------===//

/// Takes chunks until none is left.
static void runChunks(HostWork &work, uint8_t *scratch) {
  while (true) {
    int64_t begin = work.next.fetch_add(work.chunk, std::memory_order_relaxed);
    if (begin >= work.numPrograms)
      return;
    work.function(work.kernarg, begin,
                  std::min(begin + work.chunk, work.numPrograms), scratch);
  }
}

static void runWorker(TwHostPool pool, size_t index) {
  uint64_t seen = 0;
  std::unique_lock<std::mutex> lock(pool->mutex);
  while (true) {
    pool->wake.wait(
        lock, [&] { return pool->isStopping || pool->generation != seen; });
    if (pool->isStopping)
      return;
    seen = pool->generation;
    uint8_t *scratch = pool->scratch[index];
    lock.unlock();
    runChunks(pool->work, scratch);
    lock.lock();
    if (--pool->running == 0)
      pool->done.notify_one();
  }
}

static int getNumCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

TwStatus twHostPoolCreate(int32_t numThreads, TwHostPool *pool) {
  if (!pool || numThreads < 0 || numThreads > 4096)
    return fail(TW_INVALID_ARGUMENT,
                "expected 0 to 4096 threads of a pool, but got ",
                int64_t(numThreads));
  if (numThreads == 0)
    numThreads = getNumCpus();
  auto *result = new TwHostPoolStorage;
  result->scratch.assign(numThreads, nullptr);
  for (int32_t i = 1; i < numThreads; ++i)
    result->threads.emplace_back(runWorker, result, size_t(i));
  *pool = result;
  return nullptr;
}

void twHostPoolDestroy(TwHostPool pool) {
  if (!pool)
    return;
  {
    std::lock_guard<std::mutex> lock(pool->mutex);
    pool->isStopping = true;
  }
  pool->wake.notify_all();
  for (std::thread &thread : pool->threads)
    thread.join();
  for (uint8_t *memory : pool->scratch)
    std::free(memory);
  delete pool;
}

int32_t twHostPoolGetNumThreads(TwHostPool pool) {
  return pool->scratch.size();
}

/// Grows the arenas; rare, as they are kept from launch to launch.
static TwStatus reserveScratch(TwHostPool pool, int64_t bytes) {
  if (bytes <= pool->scratchBytes)
    return nullptr;
  bytes = (bytes + 4095) / 4096 * 4096;
  for (uint8_t *&memory : pool->scratch) {
    std::free(memory);
    memory = static_cast<uint8_t *>(std::aligned_alloc(64, bytes));
    if (!memory) {
      pool->scratchBytes = 0;
      return fail(TW_RESOURCE_EXHAUSTED, "no memory for ", bytes,
                  " bytes of scratch per thread");
    }
  }
  pool->scratchBytes = bytes;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Host chips are levels of the x86-64 psABI.
static bool hasCpuLevel(const char *chip) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (std::strcmp(chip, "x86-64-v4") == 0)
    return __builtin_cpu_supports("x86-64-v4");
  if (std::strcmp(chip, "x86-64-v3") == 0)
    return __builtin_cpu_supports("x86-64-v3");
  return std::strcmp(chip, "x86-64-v2") == 0 &&
         __builtin_cpu_supports("x86-64-v2");
#else
  return false;
#endif
}

TwStatus twHostKernelLoad(TwKernel kernel, TwBytes image,
                          TwHostKernel *loaded) {
  if (!kernel || !loaded)
    return fail(TW_INVALID_ARGUMENT, "expected a kernel and a place to load");
  *loaded = nullptr;
  if (!hasCpuLevel(kernel->chip.c_str()))
    return fail(TW_UNSUPPORTED, "kernel '", kernel->name, "' is for '",
                kernel->chip, "', which this CPU is not");
  auto result = std::make_unique<TwHostKernelStorage>();
  result->kernel = kernel;
  if (TwStatus status = result->image.load(image))
    return status;
  result->function = reinterpret_cast<HostFunction>(
      result->image.find(kernel->symbol.c_str()));
  if (!result->function)
    return fail(TW_NOT_FOUND, "the host image has no function '",
                kernel->symbol, "'");
  *loaded = result.release();
  return nullptr;
}

void twHostKernelDestroy(TwHostKernel loaded) { delete loaded; }

static void runOnPool(TwHostPool pool) {
  size_t numThreads = pool->scratch.size();
  bool useWorkers = numThreads > 1 && pool->work.numPrograms > 1;
  if (useWorkers) {
    {
      std::lock_guard<std::mutex> lock(pool->mutex);
      pool->running = numThreads - 1;
      ++pool->generation;
    }
    pool->wake.notify_all();
  }
  runChunks(pool->work, pool->scratch[0]);
  if (useWorkers) {
    std::unique_lock<std::mutex> lock(pool->mutex);
    pool->done.wait(lock, [&] { return pool->running == 0; });
  }
}

TwStatus twHostLaunch(TwHostPool pool, TwHostKernel loaded,
                      const TwValue *values, size_t numValues) {
  if (!pool || !loaded)
    return fail(TW_INVALID_ARGUMENT, "expected a pool and a kernel");
  constexpr size_t maxKernargBytes = 65536 + 8;
  size_t bytes = twKernelGetKernargBytes(loaded->kernel);
  // Most kernels take less than 1 KiB; the rest may allocate.
  alignas(16) uint8_t small[1024];
  std::unique_ptr<uint8_t[]> large;
  uint8_t *kernarg = small;
  if (bytes > sizeof(small)) {
    large.reset(new uint8_t[maxKernargBytes]);
    kernarg = large.get();
  }
  int64_t grid[3];
  if (TwStatus status = twKernelPrepare(loaded->kernel, values, numValues,
                                        kernarg, bytes, grid))
    return status;
  int64_t total = grid[0] * grid[1] * grid[2];
  if (total == 0)
    return nullptr;

  std::lock_guard<std::mutex> lock(pool->launchMutex);
  if (TwStatus status = reserveScratch(pool, loaded->kernel->scratchBytes))
    return status;
  HostWork &work = pool->work;
  work.function = loaded->function;
  work.kernarg = kernarg;
  work.numPrograms = total;
  // About eight chunks per thread even out what the system steals.
  work.chunk =
      std::max<int64_t>(1, total / (int64_t(pool->scratch.size()) * 8));
  work.next.store(0, std::memory_order_relaxed);
  runOnPool(pool);
  return nullptr;
}
