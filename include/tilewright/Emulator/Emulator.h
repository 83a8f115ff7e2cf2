// Emulator.h - runs lowered device code on the CPU, lane by lane, with checks.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Input is the optimised LLVM IR of a kernel, as it would go to the AMDGPU or
// NVPTX back end: an `llvm::Module` with the triple `amdgcn-amd-amdhsa` or
// `nvptx64-nvidia-cuda`. A kernel is decoded once into operations on the lanes
// of a wave and can then be launched any number of times:
//
//   std::vector<float> data(1024);
//   MemoryRegion region = MemoryRegion::host(data.data(), 4096, "data");
//   LaunchConfig config;
//   config.chip = "gfx942";
//   config.grid = {4, 1, 1};              // workgroups
//   config.workgroup = {256, 1, 1};       // threads
//   config.kernarg = kernargBytes;        // here: one pointer, data.data()
//   if (llvm::Error error = run(module, "scale", {region}, config)) ...
//
// Memory is what the regions say and nothing else: an access outside them, a
// store to a read-only one, an address that is not aligned as the IR promises,
// a barrier that not all lanes or waves reach, and an instruction that the
// emulator does not know are errors. Unknown instructions are found before
// anything runs, all of them at once. docs/Emulator.md has the details.
#ifndef TILEWRIGHT_EMULATOR_EMULATOR_H
#define TILEWRIGHT_EMULATOR_EMULATOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace llvm {
class Module;
} // namespace llvm

namespace tilewright {
namespace emulator {

/// A piece of global memory that a kernel may use.
struct MemoryRegion {
  /// First device address; the address of `data` itself or any other that
  /// does not overlap another region and is below 2^48.
  uint64_t address = 0;
  /// Host memory of at least `bytes` bytes that outlives the launch.
  void *data = nullptr;
  uint64_t bytes = 0;
  /// Name in error messages.
  std::string name;
  bool writable = true;

  /// Region whose device address is its host address.
  static MemoryRegion host(void *data, uint64_t bytes, llvm::StringRef name,
                           bool writable = true) {
    return {reinterpret_cast<uint64_t>(data), data, bytes, name.str(),
            writable};
  }
};

/// Everything a launch needs beside the code and the memory.
struct LaunchConfig {
  /// "gfx942", "sm_90a": decides number formats of fp8 and the wave size.
  std::string chip;
  /// Lanes in a wave, 32 or 64; 0 takes the chip's (64 for gfx9, else 32).
  unsigned waveSize = 0;
  /// Workgroups in x, y, z.
  std::array<uint32_t, 3> grid = {1, 1, 1};
  /// Threads in x, y, z.
  std::array<uint32_t, 3> workgroup = {1, 1, 1};
  /// The kernel's parameters in order, each naturally aligned, little-endian.
  /// Copied before the launch starts.
  llvm::ArrayRef<uint8_t> kernarg;
  /// Bytes of dynamic shared memory, after the kernel's own. An external
  /// array of the module in address space 3 starts there.
  uint64_t sharedBytes = 0;
  /// Host threads; workgroups are dealt out to them one by one.
  unsigned threads = 1;
  /// Instructions that one wave may execute before the launch fails as
  /// endless; 0 is no limit.
  uint64_t maxSteps = uint64_t(1) << 32;
  /// Fills shared and private memory with the bytes 0xCB before each
  /// workgroup, so that a read of what was never written shows.
  bool poisonMemory = true;
};

/// Counts of one launch, summed over all waves.
struct Stats {
  uint64_t workgroups = 0;
  uint64_t waves = 0;
  /// Emulated operations (one LLVM instruction may be several, or none).
  uint64_t steps = 0;
  uint64_t branches = 0;
  /// Branches at which active lanes of a wave parted.
  uint64_t divergentBranches = 0;
  uint64_t barriers = 0;
  /// Matrix instructions.
  uint64_t mmas = 0;
  /// Bytes, summed over lanes.
  uint64_t globalLoadBytes = 0;
  uint64_t globalStoreBytes = 0;
  uint64_t sharedLoadBytes = 0;
  uint64_t sharedStoreBytes = 0;
};

/// A kernel decoded for one chip. Immutable; keeps pointers into the module
/// that it was decoded from, for error messages, so the module must outlive it.
class Program;

/// Decodes the kernel `kernel` of `module` for `chip`. Errors: no such kernel,
/// an unknown triple or chip, and every instruction, type, intrinsic or inline
/// assembly that the emulator does not know, one line each.
llvm::Expected<std::shared_ptr<const Program>>
decode(const llvm::Module &module, llvm::StringRef kernel, llvm::StringRef chip,
       unsigned waveSize = 0);

/// Bytes of kernarg that `program` expects.
uint64_t getKernargBytes(const Program &program);
/// Bytes of static shared memory of a workgroup of `program`.
uint64_t getSharedBytes(const Program &program);

/// Runs the whole grid and waits for it. `config.chip` and `config.waveSize`
/// are ignored (the program knows them). Errors: overlapping regions, too
/// short a kernarg, a workgroup of more than 1024 threads, and whatever the
/// kernel does wrong; the message has kernel, workgroup, wave, lane, address
/// with the nearest region, the instruction and its debug location.
/// Safe from several threads at once.
llvm::Error launch(const Program &program, llvm::ArrayRef<MemoryRegion> memory,
                   const LaunchConfig &config, Stats *stats = nullptr);

/// decode() and launch().
llvm::Error run(const llvm::Module &module, llvm::StringRef kernel,
                llvm::ArrayRef<MemoryRegion> memory, const LaunchConfig &config,
                Stats *stats = nullptr);

} // namespace emulator
} // namespace tilewright

#endif // TILEWRIGHT_EMULATOR_EMULATOR_H
