// Launch.cpp - runs a kernel on a device or in the emulator.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Launch.h"
#include "tilewright/Emulator/Emulator.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Threading.h"
#include <algorithm>
#include <chrono>
#include <functional>

using namespace tilewright;

namespace {

double nowMs() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch())
      .count();
}

/// Launches `repeat` times on the same contents; returns the shortest time.
llvm::Expected<double> launchRepeatedly(std::vector<RunArgument> &arguments,
                                        unsigned repeat,
                                        std::function<llvm::Error()> launch) {
  double best = 0;
  for (unsigned i = 0; i < repeat; ++i) {
    if (i)
      resetArguments(arguments);
    double start = nowMs();
    if (llvm::Error error = launch())
      return std::move(error);
    double time = nowMs() - start;
    best = i ? std::min(best, time) : time;
  }
  return best;
}

std::vector<TwValue> getValues(llvm::ArrayRef<RunArgument> arguments) {
  std::vector<TwValue> values;
  for (const RunArgument &argument : arguments) {
    values.push_back(argument.value);
    if (argument.value.kind == TW_ARRAY)
      values.back().sizes = argument.sizes.data();
  }
  return values;
}

/// Memory of a GPU for the arrays among the arguments.
class DeviceArrays {
public:
  explicit DeviceArrays(TwDevice device) : device(device) {}
  ~DeviceArrays() {
    for (auto &[memory, argument] : arrays)
      twStatusDestroy(twDeviceFree(device, memory));
  }

  /// Allocates, and lets `values` point there.
  llvm::Error allocate(std::vector<RunArgument> &arguments,
                       std::vector<TwValue> &values) {
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!arguments[i].memory || !arguments[i].memory->size())
        continue;
      void *memory = nullptr;
      if (llvm::Error error = toError(
              twDeviceAllocate(device, arguments[i].memory->size(), &memory)))
        return error;
      arrays.push_back({memory, &arguments[i]});
      values[i].data = memory;
    }
    return llvm::Error::success();
  }
  llvm::Error copyIn() {
    for (auto &[memory, argument] : arrays)
      if (llvm::Error error =
              toError(twDeviceCopy(device, memory, argument->memory->data(),
                                   argument->memory->size(), nullptr)))
        return error;
    return toError(twDeviceSynchronize(device));
  }
  llvm::Error copyOut() {
    for (auto &[memory, argument] : arrays)
      if (llvm::Error error =
              toError(twDeviceCopy(device, argument->memory->data(), memory,
                                   argument->memory->size(), nullptr)))
        return error;
    return toError(twDeviceSynchronize(device));
  }

private:
  TwDevice device;
  std::vector<std::pair<void *, RunArgument *>> arrays;
};

llvm::Expected<double> runOnGpu(TwDevice device, TwFunction function,
                                const Options &options,
                                std::vector<RunArgument> &arguments) {
  std::vector<TwValue> values = getValues(arguments);
  DeviceArrays arrays(device);
  if (llvm::Error error = arrays.allocate(arguments, values))
    return std::move(error);
  TwEvent start = nullptr, end = nullptr;
  auto destroyEvents = llvm::scope_exit([&] {
    twStatusDestroy(twEventDestroy(device, start));
    twStatusDestroy(twEventDestroy(device, end));
  });
  if (llvm::Error error = toError(twEventCreate(device, &start)))
    return std::move(error);
  if (llvm::Error error = toError(twEventCreate(device, &end)))
    return std::move(error);
  double best = 0;
  for (unsigned i = 0; i < options.repeat; ++i) {
    if (llvm::Error error = arrays.copyIn())
      return std::move(error);
    float ms = 0;
    TwStatus status = twEventRecord(device, start, nullptr);
    if (!status)
      status = twFunctionLaunch(function, nullptr, values.data(), values.size(),
                                nullptr);
    if (!status)
      status = twEventRecord(device, end, nullptr);
    if (!status)
      status = twEventSynchronize(device, end);
    if (!status)
      status = twEventGetElapsed(device, start, end, &ms);
    if (llvm::Error error = toError(status))
      return std::move(error);
    best = i ? std::min<double>(best, ms) : ms;
  }
  if (llvm::Error error = arrays.copyOut())
    return std::move(error);
  return best;
}

} // namespace

llvm::Expected<double>
tilewright::runOnDevice(TwDevice device, TwFunction function,
                        const Options &options,
                        std::vector<RunArgument> &arguments) {
  if (llvm::Error error = toError(twFunctionPrepare(function)))
    return std::move(error);
  if (options.device != "host")
    return runOnGpu(device, function, options, arguments);
  std::vector<TwValue> values = getValues(arguments);
  return launchRepeatedly(arguments, options.repeat, [&] {
    return toError(twFunctionLaunch(function, nullptr, values.data(),
                                    values.size(), nullptr));
  });
}

llvm::Expected<double>
tilewright::runInEmulator(TwKernel kernel, const EmulatedKernel &compiled,
                          const Options &options,
                          std::vector<RunArgument> &arguments) {
  std::vector<TwValue> values = getValues(arguments);
  std::vector<uint8_t> kernarg(twKernelGetKernargBytes(kernel));
  int64_t grid[3] = {1, 1, 1};
  if (llvm::Error error =
          toError(twKernelPrepare(kernel, values.data(), values.size(),
                                  kernarg.data(), kernarg.size(), grid)))
    return std::move(error);
  std::vector<emulator::MemoryRegion> memory;
  for (RunArgument &argument : arguments)
    if (argument.memory && argument.memory->size())
      memory.push_back(emulator::MemoryRegion::host(
          argument.memory->data(), argument.memory->size(), argument.info.name,
          argument.info.isWritten));
  emulator::LaunchConfig config;
  config.chip = twKernelGetChip(kernel);
  // The hardware's grid has one dimension; the kernel takes it apart.
  int64_t workgroups = grid[0] * grid[1] * grid[2];
  if (workgroups == 0)
    return 0.0;
  if (workgroups > INT32_MAX)
    return llvm::createStringError("expected a grid of at most 2147483647 "
                                   "workgroups, but got " +
                                   llvm::Twine(workgroups));
  config.grid = {static_cast<uint32_t>(workgroups), 1, 1};
  config.workgroup = {
      static_cast<uint32_t>(twKernelGetWorkgroupThreads(kernel)), 1, 1};
  config.kernarg = kernarg;
  config.threads = options.threads > 0
                       ? static_cast<unsigned>(options.threads)
                       : llvm::hardware_concurrency().compute_thread_count();
  llvm::Expected<std::shared_ptr<const emulator::Program>> program =
      emulator::decode(*compiled.module, twKernelGetSymbol(kernel),
                       config.chip);
  if (!program)
    return program.takeError();
  // What the module does not declare statically is dynamic.
  int64_t shared = twKernelGetSharedBytes(kernel);
  int64_t fixed = static_cast<int64_t>(emulator::getSharedBytes(**program));
  config.sharedBytes =
      static_cast<uint64_t>(std::max<int64_t>(0, shared - fixed));
  return launchRepeatedly(arguments, options.repeat, [&] {
    return emulator::launch(**program, memory, config);
  });
}
