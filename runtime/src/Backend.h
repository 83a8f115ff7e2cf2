// Backend.h - what one kind of device does for the runtime.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_BACKEND_H
#define TILEWRIGHT_RUNTIME_BACKEND_H

#include "KeptTensorMaps.h"
#include "Kernel.h"
#include "tilewright-rt/Module.h"
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tilewright::rt {

/// Code on a device: one kernel.
struct LoadedKernel {
  void *module = nullptr;   ///< the driver's
  void *function = nullptr; ///< the driver's
  int64_t dynamicSharedBytes = 0;
};

/// One launch, its arguments packed.
struct LaunchCommand {
  const TwKernelStorage *kernel = nullptr;
  LoadedKernel code;
  const void *kernarg = nullptr;
  size_t kernargBytes = 0;
  int64_t numWorkgroups = 0; ///< at least 1; hardware grids have one dimension
  TwStream stream = nullptr;
  TwLaunchOptions options = {};
};

/// An array as a tensor map describes it; innermost dimension first.
struct TensorMapRequest {
  const TensorMapRecipe *recipe = nullptr;
  TwElementType type = TW_F32;
  int32_t rank = 0;
  void *address = nullptr;
  uint64_t sizes[TensorMapRecipe::kMostRank];
  /// Of all dimensions but the innermost, in bytes.
  uint64_t strideBytes[TensorMapRecipe::kMostRank];
  uint32_t box[TensorMapRecipe::kMostRank];
  uint32_t elementStrides[TensorMapRecipe::kMostRank];
};

/// An open device. All calls may come from several threads at once.
class Backend {
public:
  virtual ~Backend() = default;

  std::string product, target;
  uint64_t memoryBytes = 0;
  int64_t sharedBytes = 0, maxWorkgroupThreads = 0, numComputeUnits = 0;
  /// What TwLaunchLimits says of the device.
  int32_t maxClusterSize = 1;
  bool hasCooperative = false, hasProgrammatic = false, hasPriority = false;
  /// Most workgroups of a grid whose workgroups have so many threads.
  virtual int64_t getMaxWorkgroups(int64_t workgroupThreads) const = 0;

  virtual TwStatus allocate(size_t bytes, void **memory) = 0;
  virtual TwStatus free(void *memory) = 0;
  virtual TwStatus copy(void *to, const void *from, size_t bytes,
                        TwStream stream) = 0;
  virtual TwStatus fill(void *memory, uint8_t value, size_t bytes,
                        TwStream stream) = 0;
  virtual TwStatus synchronize() = 0;
  /// Whether a launch has been done when it returns.
  virtual bool isSynchronous() const { return false; }

  virtual TwStatus createStream(int32_t priority, TwStream *stream) = 0;
  virtual TwStatus destroyStream(TwStream stream) = 0;
  virtual TwStatus synchronizeStream(TwStream stream) = 0;

  virtual TwStatus createEvent(TwEvent *event) = 0;
  virtual TwStatus destroyEvent(TwEvent event) = 0;
  virtual TwStatus recordEvent(TwEvent event, TwStream stream) = 0;
  virtual TwStatus waitEvent(TwEvent event, TwStream stream) = 0;
  virtual TwStatus synchronizeEvent(TwEvent event) = 0;
  virtual TwStatus getElapsed(TwEvent start, TwEvent end, float *ms) = 0;

  /// Loads the code of `kernel`; may be called while a stream is captured.
  virtual TwStatus load(const TwKernelStorage &kernel, TwBytes image,
                        LoadedKernel &loaded) = 0;
  virtual void unload(LoadedKernel &loaded) = 0;
  virtual TwStatus launch(const LaunchCommand &command) = 0;
  /// Writes the 128 bytes of a tensor map; "cuda" alone has them.
  virtual TwStatus encodeTensorMap(const TensorMapRequest &request, void *map);
  KeptTensorMaps keptMaps;
};

TwStatus openHost(const TwDeviceOptions &options,
                  std::unique_ptr<Backend> &backend);
TwStatus openCuda(int ordinal, const TwDeviceOptions &options,
                  std::unique_ptr<Backend> &backend);
TwStatus openHip(int ordinal, const TwDeviceOptions &options,
                 std::unique_ptr<Backend> &backend);

} // namespace tilewright::rt

struct TwDeviceStorage {
  std::string name;
  std::unique_ptr<tilewright::rt::Backend> backend;
  /// Code of modules that are gone, which launches may still run: it is
  /// unloaded when the device has been waited for. With the libraries that the
  /// code lies in.
  std::mutex deferredMutex;
  std::vector<std::pair<tilewright::rt::LoadedKernel, TwLibrary>> deferred;
  /// How often this process had been forked when the device was opened.
  uint32_t forks = 0;
};

namespace tilewright::rt {

/// How often this process was forked since this was called first. Handles that
/// do not survive a fork keep the number of when they were made.
uint32_t countForks();

/// Null where `device` may be used: not null, and opened in this process.
TwStatus checkDevice(TwDevice device);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_BACKEND_H
