// Wave.h - executes a Program: waves, workgroups, memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_EMULATOR_WAVE_H
#define TILEWRIGHT_LIB_EMULATOR_WAVE_H

#include "Program.h"
#include "tilewright/Emulator/Emulator.h"
#include "llvm/ADT/Twine.h"
#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <string.h>

namespace tilewright {
namespace emulator {

constexpr unsigned kMaxLanes = 64;

/// Memory regions sorted by address.
class Memory {
public:
  /// Regions of the caller and the program's own data.
  llvm::Error set(llvm::ArrayRef<MemoryRegion> regions, const Program &program,
                  llvm::MutableArrayRef<uint8_t> kernarg);
  const MemoryRegion *find(uint64_t address) const;
  /// "nearest region 'a' is [0x10, 0x20), 32 bytes", for messages.
  std::string describe(uint64_t address) const;

private:
  std::vector<MemoryRegion> sorted;
  std::vector<std::vector<uint8_t>> moduleData;
};

/// What all workgroups of a launch share.
struct Launch {
  const Program &program;
  const LaunchConfig &config;
  Memory memory;
  std::vector<uint8_t> kernarg;
  std::atomic<uint64_t> nextWorkgroup{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::string message;
  Stats stats;

  Launch(const Program &program, const LaunchConfig &config)
      : program(program), config(config) {}
  void fail(llvm::StringRef text);
};

/// A barrier of a workgroup; AMD has one, NVIDIA 16.
struct BarrierState {
  uint32_t arrived = 0;
  uint64_t phase = 0;
};

class Workgroup {
public:
  Workgroup(Launch &launch);
  ~Workgroup();
  /// Runs one workgroup; false after an error.
  bool run(std::array<uint32_t, 3> id);

  Launch &launch;
  const Program &program;
  std::array<uint32_t, 3> id = {};
  unsigned numThreads = 0;
  std::vector<uint8_t> shared;
  std::array<BarrierState, 32> barriers;
  std::vector<std::unique_ptr<Wave>> waves;
  Stats stats;

private:
  bool reportDeadlock();
};

enum class WaveState { Running, AtBarrier, Done, Failed };

/// Copies in flight: applied when a wait says so, not before.
struct PendingCopy {
  uint64_t shared;
  llvm::SmallVector<uint8_t, 16> bytes;
};

class Wave {
public:
  Wave(Workgroup &workgroup, unsigned index);
  ~Wave();
  void start();
  /// Until the next barrier, the end, or an error.
  void run();

  unsigned lanes() const { return width; }
  template <typename T> const T *get(Slot slot) const {
    return reinterpret_cast<const T *>(regs + slot.offset);
  }
  template <typename T> T *getMutable(Slot slot) {
    return reinterpret_cast<T *>(regs + slot.offset);
  }
  /// A lane's scalar, zero-extended.
  uint64_t getLane(Slot slot, unsigned lane) const {
    uint64_t value = 0;
    memcpy(&value, regs + slot.offset + size_t(lane) * slot.bytes, slot.bytes);
    return value;
  }
  void setLane(Slot slot, unsigned lane, uint64_t value) {
    memcpy(regs + slot.offset + size_t(lane) * slot.bytes, &value, slot.bytes);
  }
  const Access &access(const Inst &inst) const {
    return program.accesses[inst.extra];
  }
  /// Lanes that have not ended.
  uint64_t alive() const { return valid & ~exited; }
  unsigned firstLane() const { return unsigned(__builtin_ctzll(mask)); }

  /// Host address of `bytes` bytes of `lane`, or null after fail().
  uint8_t *resolve(const Inst &inst, unsigned lane, unsigned addressSpace,
                   uint64_t address, uint64_t bytes, uint64_t align,
                   bool isStore);
  /// Reports an error and returns false. `lane` may be ~0u.
  bool fail(const Inst &inst, unsigned lane, const llvm::Twine &text);

  /// Copies kept lanes of a result that was computed aside.
  void blend(char *to, const char *from, unsigned bytes, unsigned count);

  Workgroup &workgroup;
  const Program &program;
  unsigned index;
  unsigned width;
  char *regs = nullptr;
  char *scratch = nullptr;
  uint64_t mask = 0;
  uint64_t valid = 0;
  bool full = false;
  alignas(64) uint8_t active[kMaxLanes] = {};
  WaveState state = WaveState::Running;
  /// The barrier it waits at and the phase that lets it pass.
  unsigned barrierId = 0;
  uint64_t barrierPhase = 0;
  const Inst *barrierInst = nullptr;
  uint64_t steps = 0;
  std::vector<uint8_t> privateMemory;
  std::vector<double> matrixScratch;
  std::deque<std::vector<PendingCopy>> copyGroups;
  std::vector<PendingCopy> openCopies;

private:
  struct Entry {
    uint32_t block;
    uint32_t reconverge;
    uint64_t lanes;
  };
  void setMask(uint64_t lanes);
  void takeEdge(const Edge &edge, uint64_t lanes);
  void copyMoves(const Edge &edge);
  /// Continues with the stack's top; false when nothing is left.
  bool enterTop();
  bool branch(uint32_t fromBlock, llvm::ArrayRef<uint32_t> edges,
              llvm::ArrayRef<uint64_t> laneSets);
  bool branchOn(const Inst &inst);
  bool switchOn(const Inst &inst);

  std::vector<Entry> stack;
  uint64_t exited = 0;
  uint32_t pc = 0;
  const MemoryRegion *cached = nullptr;
};

// Memory operations (WaveMemory.cpp); `extra` is an Access.
bool execLoad(Wave &wave, const Inst &inst, char *d);
bool execStore(Wave &wave, const Inst &inst, char *d);
/// Operands: pointer, mask, and for a load what the other elements become.
bool execMaskedLoad(Wave &wave, const Inst &inst, char *d);
bool execMaskedStore(Wave &wave, const Inst &inst, char *d);
bool execAtomicRmw(Wave &wave, const Inst &inst, char *d);
bool execCmpXchg(Wave &wave, const Inst &inst, char *d);
bool execMemCopy(Wave &wave, const Inst &inst, char *d);
bool execMemSet(Wave &wave, const Inst &inst, char *d);
bool execBufferLoad(Wave &wave, const Inst &inst, char *d);
bool execBufferStore(Wave &wave, const Inst &inst, char *d);
bool execBufferAtomic(Wave &wave, const Inst &inst, char *d);
bool execLdMatrix(Wave &wave, const Inst &inst, char *d);
bool execStMatrix(Wave &wave, const Inst &inst, char *d);
bool execCopyAsync(Wave &wave, const Inst &inst, char *d);
bool execCopyCommit(Wave &wave, const Inst &inst, char *d);
bool execCopyWait(Wave &wave, const Inst &inst, char *d);
/// Copies of AMD into shared memory, each a group of its own.
bool execBufferLoadShared(Wave &wave, const Inst &inst, char *d);
bool execGlobalLoadShared(Wave &wave, const Inst &inst, char *d);

// Matrix operations (Mma.cpp); `extra` is an Mma.
bool execMma(Wave &wave, const Inst &inst, char *d);

// Across lanes (CrossLane.cpp).
bool execSpecial(Wave &wave, const Inst &inst, char *d);
bool execReadLane(Wave &wave, const Inst &inst, char *d);
bool execReadFirstLane(Wave &wave, const Inst &inst, char *d);
bool execWriteLane(Wave &wave, const Inst &inst, char *d);
bool execBallot(Wave &wave, const Inst &inst, char *d);
bool execInverseBallot(Wave &wave, const Inst &inst, char *d);
bool execMbcnt(Wave &wave, const Inst &inst, char *d);
bool execBPermute(Wave &wave, const Inst &inst, char *d);
bool execPermute(Wave &wave, const Inst &inst, char *d);
bool execDpp(Wave &wave, const Inst &inst, char *d);
bool execSwizzle(Wave &wave, const Inst &inst, char *d);
bool execPermLane16(Wave &wave, const Inst &inst, char *d);
bool execPermLaneSwap(Wave &wave, const Inst &inst, char *d);
bool execPermLane64(Wave &wave, const Inst &inst, char *d);
bool execWaveReduce(Wave &wave, const Inst &inst, char *d);
bool execShfl(Wave &wave, const Inst &inst, char *d);
bool execVote(Wave &wave, const Inst &inst, char *d);
bool execMatch(Wave &wave, const Inst &inst, char *d);
bool execRedux(Wave &wave, const Inst &inst, char *d);
bool execWarpSync(Wave &wave, const Inst &inst, char *d);
bool execBitPack(Wave &wave, const Inst &inst, char *d);
bool execExtractDynamic(Wave &wave, const Inst &inst, char *d);
bool execInsertDynamic(Wave &wave, const Inst &inst, char *d);
bool execUnreachable(Wave &wave, const Inst &inst, char *d);
bool execTrap(Wave &wave, const Inst &inst, char *d);
bool execBarrier(Wave &wave, const Inst &inst, char *d);
bool execBarrierArrive(Wave &wave, const Inst &inst, char *d);
bool execBarrierWait(Wave &wave, const Inst &inst, char *d);

/// Which value execSpecial gives (`imm`).
enum class Special : uint64_t {
  ThreadX,
  ThreadY,
  ThreadZ,
  GroupX,
  GroupY,
  GroupZ,
  GroupSizeX,
  GroupSizeY,
  GroupSizeZ,
  GridX,
  GridY,
  GridZ,
  Lane,
  WaveIndex,
  WaveCount,
  LaneMaskEq,
  LaneMaskLt,
  LaneMaskLe,
  LaneMaskGt,
  LaneMaskGe,
  ActiveMask,
  Clock,
  KernargPointer,
  WaveSize
};

} // namespace emulator
} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMULATOR_WAVE_H
