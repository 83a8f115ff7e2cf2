// Pool.h - threads that run the workgroups of a host kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_HOST_POOL_H
#define TILEWRIGHT_RUNTIME_HOST_POOL_H

#include "tilewright-rt/Status.h"
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <pthread.h>
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
  int64_t scratchBytes = 0;
  std::atomic<uint64_t> next{0}; ///< may run past the end by an eighth of it
  std::atomic<bool> wroteOutside{false}; ///< behind its scratch
};

/// Threads with scratch memory each. Launches may come from several threads and
/// take turns.
class HostPool {
public:
  /// `numThreads` threads, the one that launches included; 0: as many as this
  /// process may use.
  static TwStatus create(int32_t numThreads, std::unique_ptr<HostPool> &pool);
  ~HostPool();

  int64_t getNumThreads() const { return scratch.size(); }

  /// Runs the programs [0, numPrograms) and waits for the end.
  ///
  /// Errors: RESOURCE_EXHAUSTED  no memory for the scratch
  ///         INTERNAL            the kernel wrote behind its scratch
  TwStatus run(HostFunction function, const void *kernarg, int64_t numPrograms,
               int64_t neededScratch);

private:
  TwStatus reserveScratch(int64_t bytes);
  void runWorker(size_t index);

  /// Scratch of each thread, 64-byte aligned; [0] is the launching one's.
  std::vector<uint8_t *> scratch;
  int64_t scratchBytes = 0;
  struct Worker {
    HostPool *pool;
    size_t index;
    pthread_t thread;
  };
  static void *startWorker(void *worker);
  std::vector<Worker> workers;

  std::mutex launchMutex; ///< one launch at a time
  std::mutex mutex;       ///< guards what follows
  std::condition_variable wake, done;
  uint64_t generation = 0;
  bool isOpen = false; ///< workers may begin with the work of this generation
  int running = 0;     ///< workers that have begun
  bool isStopping = false;
  HostWork work;
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_HOST_POOL_H
