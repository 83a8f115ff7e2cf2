// Program.h - a decoded kernel: operations on the lanes of a wave.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A wave has one register file, an array of bytes. It holds *slots*: one
// scalar of every lane, contiguous. A value of the IR is a list of slots; a
// vector or a struct has one per scalar. Constants and kernel arguments are
// slots too, filled once. What only renames scalars (bitcast between equal
// element sizes, extractelement, shufflevector, ...) costs nothing: the result
// names the operand's slots. That is safe in SSA form: where such a result is
// used, its definition has run since the operand last changed.
#ifndef TILEWRIGHT_LIB_EMULATOR_PROGRAM_H
#define TILEWRIGHT_LIB_EMULATOR_PROGRAM_H

#include "LaneOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/IR/Instructions.h"
#include <memory>
#include <string>
#include <vector>

namespace tilewright {
namespace emulator {

class Wave;
struct Inst;

/// One scalar of every lane: where it is in the register file, bytes per lane.
struct Slot {
  uint32_t offset = 0;
  uint8_t bytes = 0;
};
using Slots = llvm::SmallVector<Slot, 4>;

/// An operation that looks across lanes, or at the wave. Writes its result to
/// `d` for all lanes; only active ones will be kept. False: error, see
/// Wave::fail.
using WaveFn = bool (*)(Wave &wave, const Inst &inst, char *d);

enum class InstKind : uint8_t {
  /// `lane` over `count` elements.
  Lane,
  /// `wave`; the result is kept for active lanes.
  Wave,
  /// `wave`, which looks at the mask itself and writes registers itself.
  Effect,
  /// `wave`; the wave then stops until its barrier lets it pass.
  Barrier,
  Jump,
  CondBr,
  Switch,
  Return
};

struct Inst {
  InstKind kind = InstKind::Lane;
  /// Bytes per lane of a result slot.
  uint8_t dstBytes = 0;
  /// Elements (slots times lanes), and bytes of the result.
  uint32_t count = 0;
  uint32_t dst = 0;
  uint32_t a = 0, b = 0, c = 0;
  /// Index into Program's table for this kind of instruction.
  uint32_t extra = 0;
  uint64_t imm = 0;
  union {
    LaneFn lane;
    WaveFn wave;
  };
  const llvm::Instruction *origin = nullptr;

  Inst() : lane(nullptr) {}
};

/// One run of slots copied on an edge of the control-flow graph.
struct Move {
  uint32_t dst, src;
  /// Bytes per lane, elements.
  uint32_t bytes, count;
};

struct Edge {
  uint32_t block;
  uint32_t firstMove = 0, numMoves = 0;
  /// Some source is another move's destination: copy by way of a buffer.
  bool overlaps = false;
};

struct Block {
  uint32_t firstInst = 0;
  /// Block at which lanes that part here meet again; kNoBlock: at the end.
  uint32_t reconverge = 0;
};
constexpr uint32_t kNoBlock = ~0u;

struct SwitchCase {
  uint64_t value;
  uint32_t edge;
};
struct SwitchTable {
  std::vector<SwitchCase> cases;
  uint32_t defaultEdge;
};

/// Operands of memory and cross-lane operations that do not fit into Inst.
struct Access {
  unsigned addressSpace = 0;
  /// Bytes of one lane's access and its promised alignment.
  uint32_t bytes = 0, align = 1;
  /// Scalars of the value in memory order (loads: the result).
  Slots value;
  /// Byte offset of each scalar.
  llvm::SmallVector<uint32_t, 4> offsets;
  /// Operands of any other kind, in order.
  std::vector<Slots> operands;
  /// Atomics.
  unsigned operation = 0;
  Ty type = Ty::I32;
  unsigned bits = 32;
  bool isPacked = false;
};

/// How a matrix instruction's operand lies in registers: element `i` of the
/// slots' memory (slot, then lane, then part of the slot) is position
/// `positions[i]` of the row-major matrix (block, row, column).
struct MmaOperand {
  Slots slots;
  std::vector<uint32_t> positions;
  /// Conversion to double, or null for integers (then `isSigned`).
  LaneFn toF64 = nullptr;
  uint8_t elementBytes = 4;
  bool isInteger = false, isSigned = true;
};
struct Mma {
  unsigned m = 0, n = 0, k = 0, blocks = 1;
  MmaOperand a, b, c, d;
  /// From double to the type of `d`.
  LaneFn fromF64 = nullptr;
  /// Mantissa bits that a and b are cut to (tf32, xf32); 0 keeps all.
  unsigned truncateBits = 0;
  bool saturate = false;
  bool negateA = false, negateB = false, negateC = false;
};

struct ConstantFill {
  Slot slot;
  uint64_t bits;
};
struct ArgumentFill {
  Slot slot;
  uint32_t kernargOffset;
  uint32_t bytes;
};

/// A variable of the module in global or constant memory.
struct GlobalData {
  uint64_t address;
  std::vector<uint8_t> bytes;
  std::string name;
  bool writable;
};

enum class Vendor { AMDGPU, NVPTX };

/// Aperture of shared and private memory and of the module's own data in the
/// generic and global address spaces; above every host address.
constexpr uint64_t kSharedAperture = uint64_t(1) << 56;
constexpr uint64_t kPrivateAperture = uint64_t(2) << 56;
constexpr uint64_t kModuleAperture = uint64_t(3) << 56;
constexpr uint64_t kKernargAperture = uint64_t(4) << 56;
constexpr uint64_t kApertureMask = uint64_t(0xFF) << 56;

class Program {
public:
  std::string name;
  std::string chip;
  Vendor vendor = Vendor::AMDGPU;
  unsigned waveSize = 64;
  /// Major generation: 9, 10, 11, 12 for AMD.
  unsigned generation = 9;
  const LaneOps *ops = nullptr;

  std::vector<Inst> insts;
  std::vector<Block> blocks;
  std::vector<Edge> edges;
  std::vector<Move> moves;
  std::vector<SwitchTable> switches;
  std::vector<Access> accesses;
  std::vector<Mma> mmas;
  std::vector<ConstantFill> constants;
  std::vector<ArgumentFill> arguments;
  std::vector<GlobalData> globals;

  uint64_t kernargBytes = 0;
  uint64_t sharedBytes = 0;
  uint64_t privateBytes = 0;
  uint64_t registerBytes = 0;
  /// Bytes of the largest result, for results of partly active waves.
  uint64_t scratchBytes = 0;
};

} // namespace emulator
} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMULATOR_PROGRAM_H
