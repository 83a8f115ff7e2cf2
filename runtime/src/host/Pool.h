// Pool.h - threads that run the workgroups of a host kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_HOST_POOL_H
#define TILEWRIGHT_RUNTIME_HOST_POOL_H

#include "tilewright-rt/Host.h"
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace tilewright::rt {

/// A host kernel: runs the linear programs [begin, end).
using HostFunction = void (*)(const uint8_t *kernarg, int64_t begin,
                              int64_t end, uint8_t *scratch);

/// One launch, shared by the threads of a pool.
struct HostWork {
  HostFunction function = nullptr;
  const uint8_t *kernarg = nullptr;
  int64_t numPrograms = 0;
  int64_t chunk = 1;
  std::atomic<int64_t> next{0};
};

} // namespace tilewright::rt

struct TwHostPoolStorage {
  /// Scratch of each thread, 64-byte aligned; [0] is the launching one's.
  std::vector<uint8_t *> scratch;
  int64_t scratchBytes = 0;
  std::vector<std::thread> threads;

  std::mutex launchMutex; ///< one launch at a time
  std::mutex mutex;       ///< guards what follows
  std::condition_variable wake, done;
  uint64_t generation = 0;
  int running = 0;
  bool isStopping = false;
  tilewright::rt::HostWork work;
};

#endif // TILEWRIGHT_RUNTIME_HOST_POOL_H
