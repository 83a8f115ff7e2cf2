// Emulator.cpp - launches: memory regions, host threads, workgroups.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright/Emulator/Emulator.h"
#include "Wave.h"
#include "llvm/Support/FormatVariadic.h"
#include <thread>

using namespace tilewright;
using namespace tilewright::emulator;

static llvm::Error makeError(const llvm::Twine &text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
}

llvm::Error Memory::set(llvm::ArrayRef<MemoryRegion> regions,
                        const Program &program,
                        llvm::MutableArrayRef<uint8_t> kernarg) {
  for (const MemoryRegion &region : regions) {
    if (region.address + region.bytes < region.address ||
        (region.address + region.bytes) >> 56)
      return makeError(
          llvm::formatv("memory region '{0}' [{1:x}, +{2}) is not below 2^56",
                        region.name, region.address, region.bytes));
    if (region.bytes)
      sorted.push_back(region);
  }
  for (const GlobalData &global : program.globals) {
    moduleData.push_back(global.bytes);
    sorted.push_back({global.address, moduleData.back().data(),
                      global.bytes.size(), global.name, global.writable});
  }
  if (!kernarg.empty())
    sorted.push_back(
        {kKernargAperture, kernarg.data(), kernarg.size(), "kernarg", false});
  llvm::sort(sorted, [](const MemoryRegion &a, const MemoryRegion &b) {
    return a.address < b.address;
  });
  for (size_t i = 1; i < sorted.size(); ++i)
    if (sorted[i - 1].address + sorted[i - 1].bytes > sorted[i].address)
      return makeError(llvm::formatv("memory regions '{0}' and '{1}' overlap",
                                     sorted[i - 1].name, sorted[i].name));
  return llvm::Error::success();
}

const MemoryRegion *Memory::find(uint64_t address) const {
  auto after = llvm::upper_bound(sorted, address,
                                 [](uint64_t x, const MemoryRegion &region) {
                                   return x < region.address;
                                 });
  if (after == sorted.begin())
    return nullptr;
  const MemoryRegion &region = *std::prev(after);
  return address - region.address < region.bytes ? &region : nullptr;
}

std::string Memory::describe(uint64_t address) const {
  const MemoryRegion *nearest = nullptr;
  uint64_t distance = 0;
  bool isAfter = false;
  for (const MemoryRegion &region : sorted) {
    bool after = address >= region.address;
    uint64_t gap = !after ? region.address - address
                   : address - region.address < region.bytes
                       ? 0
                       : address - (region.address + region.bytes);
    if (!nearest || gap < distance) {
      nearest = &region;
      distance = gap;
      isAfter = after;
    }
  }
  if (!nearest)
    return "there are no memory regions";
  std::string where =
      isAfter ? distance == 0 && address - nearest->address < nearest->bytes
                    ? llvm::formatv("starts {0} bytes into",
                                    address - nearest->address)
                          .str()
                    : llvm::formatv("{0} bytes past the end of", distance).str()
              : llvm::formatv("{0} bytes before", distance).str();
  return llvm::formatv("{0} region '{1}' [{2:x}, {3:x}) of {4} bytes", where,
                       nearest->name, nearest->address,
                       nearest->address + nearest->bytes, nearest->bytes)
      .str();
}

void Launch::fail(llvm::StringRef text) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!failed.exchange(true))
    message = text.str();
}

Workgroup::Workgroup(Launch &launch) : launch(launch), program(launch.program) {
  const auto &size = launch.config.workgroup;
  numThreads = size[0] * size[1] * size[2];
  shared.resize(program.sharedBytes + launch.config.sharedBytes);
  unsigned count = (numThreads + program.waveSize - 1) / program.waveSize;
  for (unsigned i = 0; i < count; ++i)
    waves.push_back(std::make_unique<Wave>(*this, i));
}

Workgroup::~Workgroup() {
  stats.steps = 0;
  for (auto &wave : waves)
    stats.steps += wave->steps;
  std::lock_guard<std::mutex> lock(launch.mutex);
  Stats &sum = launch.stats;
  sum.workgroups += stats.workgroups;
  sum.waves += stats.waves;
  sum.steps += stats.steps;
  sum.branches += stats.branches;
  sum.divergentBranches += stats.divergentBranches;
  sum.barriers += stats.barriers;
  sum.mmas += stats.mmas;
  sum.globalLoadBytes += stats.globalLoadBytes;
  sum.globalStoreBytes += stats.globalStoreBytes;
  sum.sharedLoadBytes += stats.sharedLoadBytes;
  sum.sharedStoreBytes += stats.sharedStoreBytes;
}

bool Workgroup::run(std::array<uint32_t, 3> newId) {
  id = newId;
  barriers.fill(BarrierState());
  if (launch.config.poisonMemory)
    std::fill(shared.begin(), shared.end(), 0xCB);
  ++stats.workgroups;
  stats.waves += waves.size();
  for (auto &wave : waves)
    wave->start();
  while (true) {
    bool progress = false, waiting = false;
    for (auto &wave : waves) {
      if (wave->state == WaveState::AtBarrier &&
          barriers[wave->barrierId].phase >= wave->barrierPhase)
        wave->state = WaveState::Running;
      if (wave->state == WaveState::Running) {
        wave->run();
        progress = true;
      }
      if (wave->state == WaveState::Failed)
        return false;
      waiting |= wave->state == WaveState::AtBarrier;
    }
    if (!waiting)
      return true;
    if (!progress)
      return reportDeadlock();
  }
}

bool Workgroup::reportDeadlock() {
  std::string ended, waiting;
  const Wave *first = nullptr;
  for (auto &wave : waves) {
    bool isWaiting = wave->state == WaveState::AtBarrier;
    std::string &list = isWaiting ? waiting : ended;
    list += (list.empty() ? "" : ", ") + std::to_string(wave->index);
    if (isWaiting && !first)
      first = wave.get();
  }
  std::string text = "is stuck: waves " + waiting + " wait at a barrier";
  if (!ended.empty())
    text += " that waves " + ended + " never reach: they have ended";
  else
    text += ", but not at the same one or with the same count";
  const_cast<Wave *>(first)->fail(*first->barrierInst, ~0u, text);
  return false;
}

static void runWorkgroups(Launch &launch) {
  const auto &grid = launch.config.grid;
  uint64_t total = uint64_t(grid[0]) * grid[1] * grid[2];
  Workgroup workgroup(launch);
  while (!launch.failed.load()) {
    uint64_t linear = launch.nextWorkgroup.fetch_add(1);
    if (linear >= total)
      return;
    workgroup.run({uint32_t(linear % grid[0]),
                   uint32_t(linear / grid[0] % grid[1]),
                   uint32_t(linear / grid[0] / grid[1])});
  }
}

uint64_t emulator::getKernargBytes(const Program &program) {
  return program.kernargBytes;
}
uint64_t emulator::getSharedBytes(const Program &program) {
  return program.sharedBytes;
}

llvm::Error emulator::launch(const Program &program,
                             llvm::ArrayRef<MemoryRegion> memory,
                             const LaunchConfig &config, Stats *stats) {
  const auto &size = config.workgroup;
  uint64_t threads = uint64_t(size[0]) * size[1] * size[2];
  if (threads == 0 || threads > 1024)
    return makeError(llvm::formatv("kernel '{0}': expected a workgroup of 1 to "
                                   "1024 threads, but got {1}",
                                   program.name, threads));
  if (config.kernarg.size() < program.kernargBytes)
    return makeError(llvm::formatv(
        "kernel '{0}': expected {1} bytes of kernarg, but got {2}",
        program.name, program.kernargBytes, config.kernarg.size()));
  if (program.sharedBytes + config.sharedBytes > (uint64_t(1) << 20))
    return makeError(llvm::formatv(
        "kernel '{0}' asks for {1} bytes of shared memory; no device has that",
        program.name, program.sharedBytes + config.sharedBytes));
  Launch state(program, config);
  state.kernarg.assign(config.kernarg.begin(), config.kernarg.end());
  if (llvm::Error error = state.memory.set(memory, program, state.kernarg))
    return error;

  uint64_t workgroups =
      uint64_t(config.grid[0]) * config.grid[1] * config.grid[2];
  uint64_t wanted = std::min<uint64_t>(config.threads, workgroups);
  std::vector<std::thread> helpers;
  for (uint64_t i = 1; i < wanted; ++i)
    helpers.emplace_back([&] { runWorkgroups(state); });
  if (workgroups)
    runWorkgroups(state);
  for (std::thread &helper : helpers)
    helper.join();
  if (stats)
    *stats = state.stats;
  if (state.failed)
    return makeError(state.message);
  return llvm::Error::success();
}

llvm::Error emulator::run(const llvm::Module &module, llvm::StringRef kernel,
                          llvm::ArrayRef<MemoryRegion> memory,
                          const LaunchConfig &config, Stats *stats) {
  auto program = decode(module, kernel, config.chip, config.waveSize);
  if (!program)
    return program.takeError();
  return launch(**program, memory, config, stats);
}
