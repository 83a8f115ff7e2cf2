// CrossLane.cpp - operations that move data between the lanes of a wave.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sources: AMD's ISA guides of CDNA3 and RDNA3 (DPP, ds_swizzle, permlane),
// LLVM's AMDGPUUsage, NVIDIA's PTX ISA 8.5 (shfl, vote, match, redux).
#include "Wave.h"
#include "llvm/Support/FormatVariadic.h"

using namespace tilewright;
using namespace tilewright::emulator;

// Writes lane `lane` of result slot `index` of an access' value into `d`,
// where the result's slots lie one after the other.
static void put(char *d, const Wave &wave, unsigned bytes, unsigned index,
                unsigned lane, uint64_t value) {
  memcpy(d + (size_t(index) * wave.lanes() + lane) * bytes, &value, bytes);
}

bool emulator::execSpecial(Wave &wave, const Inst &inst, char *d) {
  const Workgroup &group = wave.workgroup;
  const LaunchConfig &config = group.launch.config;
  unsigned width = wave.lanes();
  for (unsigned lane = 0; lane < width; ++lane) {
    uint64_t thread = uint64_t(wave.index) * width + lane;
    uint64_t bit = uint64_t(1) << lane, value = 0;
    switch (static_cast<Special>(inst.imm)) {
    case Special::ThreadX:
      value = thread % config.workgroup[0];
      break;
    case Special::ThreadY:
      value = thread / config.workgroup[0] % config.workgroup[1];
      break;
    case Special::ThreadZ:
      value = thread / config.workgroup[0] / config.workgroup[1];
      break;
    case Special::GroupX:
      value = group.id[0];
      break;
    case Special::GroupY:
      value = group.id[1];
      break;
    case Special::GroupZ:
      value = group.id[2];
      break;
    case Special::GroupSizeX:
      value = config.workgroup[0];
      break;
    case Special::GroupSizeY:
      value = config.workgroup[1];
      break;
    case Special::GroupSizeZ:
      value = config.workgroup[2];
      break;
    case Special::GridX:
      value = config.grid[0];
      break;
    case Special::GridY:
      value = config.grid[1];
      break;
    case Special::GridZ:
      value = config.grid[2];
      break;
    case Special::Lane:
      value = lane;
      break;
    case Special::WaveIndex:
      value = wave.index;
      break;
    case Special::WaveCount:
      value = group.waves.size();
      break;
    case Special::WaveSize:
      value = width;
      break;
    case Special::LaneMaskEq:
      value = bit;
      break;
    case Special::LaneMaskLt:
      value = bit - 1;
      break;
    case Special::LaneMaskLe:
      value = bit | (bit - 1);
      break;
    case Special::LaneMaskGt:
      value = ~(bit | (bit - 1));
      break;
    case Special::LaneMaskGe:
      value = ~(bit - 1);
      break;
    case Special::ActiveMask:
      value = wave.mask;
      break;
    case Special::Clock:
      value = wave.steps;
      break;
    case Special::KernargPointer:
      value = kKernargAperture;
      break;
    }
    put(d, wave, inst.dstBytes, 0, lane, value);
  }
  return true;
}

// operands[0]: value, all its slots of one size; result slots alike.
template <typename Fn>
static bool mapLanes(Wave &wave, const Inst &inst, char *d, Fn source) {
  const Slots &value = wave.access(inst).operands[0];
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    unsigned from = source(lane);
    for (unsigned i = 0; i < value.size(); ++i)
      put(d, wave, value[i].bytes, i, lane,
          from == ~0u ? 0 : wave.getLane(value[i], from));
  }
  return true;
}

bool emulator::execReadFirstLane(Wave &wave, const Inst &inst, char *d) {
  unsigned first = wave.firstLane();
  return mapLanes(wave, inst, d, [&](unsigned) { return first; });
}

bool emulator::execReadLane(Wave &wave, const Inst &inst, char *d) {
  Slot index = wave.access(inst).operands[1][0];
  unsigned from =
      unsigned(wave.getLane(index, wave.firstLane())) & (wave.lanes() - 1);
  return mapLanes(wave, inst, d, [&](unsigned) { return from; });
}

// writelane(value, lane, old)
bool emulator::execWriteLane(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  unsigned first = wave.firstLane();
  unsigned to =
      unsigned(wave.getLane(access.operands[1][0], first)) & (wave.lanes() - 1);
  for (unsigned i = 0; i < access.operands[0].size(); ++i)
    for (unsigned lane = 0; lane < wave.lanes(); ++lane)
      put(d, wave, inst.dstBytes, i, lane,
          lane == to ? wave.getLane(access.operands[0][i], first)
                     : wave.getLane(access.operands[2][i], lane));
  return true;
}

bool emulator::execBallot(Wave &wave, const Inst &inst, char *d) {
  Slot condition = wave.access(inst).operands[0][0];
  uint64_t result = 0;
  for (unsigned lane = 0; lane < wave.lanes(); ++lane)
    result |= (wave.getLane(condition, lane) & 1) << lane;
  result &= wave.mask;
  for (unsigned lane = 0; lane < wave.lanes(); ++lane)
    put(d, wave, inst.dstBytes, 0, lane, result);
  return true;
}

bool emulator::execInverseBallot(Wave &wave, const Inst &inst, char *d) {
  Slot mask = wave.access(inst).operands[0][0];
  uint64_t bits = wave.getLane(mask, wave.firstLane());
  for (unsigned lane = 0; lane < wave.lanes(); ++lane)
    put(d, wave, 1, 0, lane, (bits >> lane) & 1);
  return true;
}

// mbcnt: b + number of set bits of a below this lane; imm: 0 low, 32 high.
bool emulator::execMbcnt(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    uint64_t below = ((uint64_t(1) << lane) - 1) >> inst.imm & 0xFFFFFFFF;
    uint64_t mask = wave.getLane(access.operands[0][0], lane);
    uint64_t count = unsigned(__builtin_popcountll(mask & below));
    put(d, wave, 4, 0, lane, wave.getLane(access.operands[1][0], lane) + count);
  }
  return true;
}

// ds_bpermute: operands address, value. Inactive lanes give zero.
bool emulator::execBPermute(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    unsigned from = unsigned(wave.getLane(access.operands[0][0], lane) / 4) &
                    (wave.lanes() - 1);
    put(d, wave, 4, 0, lane,
        wave.active[from] ? wave.getLane(access.operands[1][0], from) : 0);
  }
  return true;
}

// ds_permute: every active lane pushes; the highest lane wins.
bool emulator::execPermute(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  memset(d, 0, 4 * wave.lanes());
  for (unsigned lane = 0; lane < wave.lanes(); ++lane)
    if (wave.active[lane])
      put(d, wave, 4, 0,
          unsigned(wave.getLane(access.operands[0][0], lane) / 4) &
              (wave.lanes() - 1),
          wave.getLane(access.operands[1][0], lane));
  return true;
}

// Source lane of a DPP control, or ~0u where it is out of range.
static unsigned dppSource(unsigned control, unsigned lane, unsigned width) {
  unsigned row = lane & ~15u, in = lane & 15;
  if (control <= 0xFF)
    return (lane & ~3u) | ((control >> (2 * (lane & 3))) & 3);
  unsigned n = control & 15;
  switch (control >> 4) {
  case 0x10: // row_shl
    return in + n < 16 ? lane + n : ~0u;
  case 0x11: // row_shr
    return in >= n ? lane - n : ~0u;
  case 0x12: // row_ror
    return row | ((in - n) & 15);
  case 0x15: // row_newbcast (gfx90a), row_share (gfx10)
    return row | n;
  case 0x16: // row_xmask
    return row | (in ^ n);
  default:
    break;
  }
  switch (control) {
  case 0x130: // wave_shl
    return lane + 1 < width ? lane + 1 : ~0u;
  case 0x134: // wave_rol
    return (lane + 1) % width;
  case 0x138: // wave_shr
    return lane ? lane - 1 : ~0u;
  case 0x13C: // wave_ror
    return (lane + width - 1) % width;
  case 0x140: // row_mirror
    return row | (15 - in);
  case 0x141: // row_half_mirror
    return (lane & ~7u) | (7 - (lane & 7));
  case 0x142: // row_bcast15: the last lane of a row to the next row
    return row ? row - 1 : ~0u;
  default: // 0x143, row_bcast31: lane 31 to rows 2 and 3
    return lane >= 32 ? 31 : ~0u;
  }
}

// operands: old, source; imm: control | row mask << 16 | bank mask << 20 |
// bound control << 24.
bool emulator::execDpp(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  unsigned control = inst.imm & 0xFFFF;
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    bool enabled = (inst.imm >> (16 + (lane / 16) % 4) & 1) &&
                   (inst.imm >> (20 + (lane % 16) / 4) & 1);
    unsigned from = dppSource(control, lane, wave.lanes());
    bool reads = enabled && from != ~0u && wave.active[from];
    bool zero = enabled && (inst.imm >> 24 & 1);
    for (unsigned i = 0; i < access.operands[0].size(); ++i) {
      uint64_t value = reads  ? wave.getLane(access.operands[1][i], from)
                       : zero ? 0
                              : wave.getLane(access.operands[0][i], lane);
      put(d, wave, inst.dstBytes, i, lane, value);
    }
  }
  return true;
}

// ds_swizzle: bit 15 chooses quads, else a bit mask within 32 lanes.
bool emulator::execSwizzle(Wave &wave, const Inst &inst, char *d) {
  unsigned pattern = unsigned(inst.imm);
  return mapLanes(wave, inst, d, [&](unsigned lane) {
    unsigned from;
    if (pattern & 0x8000) {
      from = (lane & ~3u) | ((pattern >> (2 * (lane & 3))) & 3);
    } else {
      unsigned in = lane & 31;
      in = ((in & (pattern & 31)) | ((pattern >> 5) & 31)) ^
           ((pattern >> 10) & 31);
      from = (lane & ~31u) | in;
    }
    return wave.active[from] ? from : ~0u;
  });
}

// v_permlane16, v_permlanex16: operands old, source, selectors low and high.
// imm: bit 0: x (the other row), bit 1: fetch inactive, bit 2: bound control.
bool emulator::execPermLane16(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  unsigned first = wave.firstLane();
  uint64_t selectors = wave.getLane(access.operands[2][0], first) |
                       wave.getLane(access.operands[3][0], first) << 32;
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    unsigned row = (lane & ~15u) ^ (inst.imm & 1 ? 16 : 0);
    unsigned from = row | unsigned(selectors >> (4 * (lane & 15)) & 15);
    bool reads = wave.active[from] || (inst.imm & 2);
    uint64_t value = reads          ? wave.getLane(access.operands[1][0], from)
                     : inst.imm & 4 ? 0
                                    : wave.getLane(access.operands[0][0], lane);
    put(d, wave, inst.dstBytes, 0, lane, value);
  }
  return true;
}

// v_permlane{16,32}_swap: odd groups of `imm` lanes of the first operand
// change places with even groups of the second. Result: both, changed.
bool emulator::execPermLaneSwap(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  Slot first = access.operands[0][0], second = access.operands[1][0];
  unsigned group = unsigned(inst.imm);
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    bool odd = lane & group;
    put(d, wave, 4, 0, lane,
        odd ? wave.getLane(second, lane - group) : wave.getLane(first, lane));
    put(d, wave, 4, 1, lane,
        odd ? wave.getLane(second, lane) : wave.getLane(first, lane + group));
  }
  return true;
}

bool emulator::execPermLane64(Wave &wave, const Inst &inst, char *d) {
  return mapLanes(wave, inst, d, [&](unsigned lane) {
    return wave.lanes() == 64 ? lane ^ 32 : lane;
  });
}

static uint64_t reduceInto(llvm::AtomicRMWInst::BinOp op, uint64_t a,
                           uint64_t b, unsigned bits) {
  using Op = llvm::AtomicRMWInst;
  unsigned shift = 64 - bits;
  int64_t sa = int64_t(a << shift) >> shift, sb = int64_t(b << shift) >> shift;
  switch (op) {
  case Op::Add:
    return a + b;
  case Op::And:
    return a & b;
  case Op::Or:
    return a | b;
  case Op::Xor:
    return a ^ b;
  case Op::Max:
    return sa > sb ? a : b;
  case Op::Min:
    return sa < sb ? a : b;
  case Op::UMax:
    return a > b ? a : b;
  default:
    return a < b ? a : b;
  }
}

bool emulator::execWaveReduce(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  auto op = static_cast<llvm::AtomicRMWInst::BinOp>(access.operation);
  Slot value = access.operands[0][0];
  uint64_t result = 0;
  bool isFirst = true;
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    if (!wave.active[lane])
      continue;
    uint64_t x = wave.getLane(value, lane);
    result = isFirst ? x : reduceInto(op, result, x, value.bytes * 8);
    isFirst = false;
  }
  for (unsigned lane = 0; lane < wave.lanes(); ++lane)
    put(d, wave, inst.dstBytes, 0, lane, result);
  return true;
}

//===----------------------------------------------------------------------===//
// NVIDIA: every active lane must be in its member mask, and every member that
// has not ended must be here.
//===----------------------------------------------------------------------===//

static bool checkMembers(Wave &wave, const Inst &inst, Slot members) {
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    if (!wave.active[lane])
      continue;
    uint64_t mask = wave.getLane(members, lane) & 0xFFFFFFFF;
    if (!(mask >> lane & 1))
      return wave.fail(
          inst, lane,
          llvm::formatv("is not in its own member mask {0:x}", mask).str());
    if (mask & ~wave.mask & wave.valid)
      return wave.fail(
          inst, lane,
          llvm::formatv("waits for the lanes of member mask {0:x}, but only "
                        "lanes {1:x} arrive together",
                        mask, wave.mask)
              .str());
  }
  return true;
}

bool emulator::execWarpSync(Wave &wave, const Inst &inst, char *) {
  return checkMembers(wave, inst, wave.access(inst).operands[0][0]);
}

// operands: members, value, b, c; imm: 0 up, 1 down, 2 bfly, 3 idx; a second
// result slot (one byte) is the predicate.
bool emulator::execShfl(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  if (!checkMembers(wave, inst, access.operands[0][0]))
    return false;
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    if (!wave.active[lane])
      continue;
    unsigned b = wave.getLane(access.operands[2][0], lane) & 31;
    unsigned c = unsigned(wave.getLane(access.operands[3][0], lane));
    unsigned clamp = c & 31, segment = (c >> 8) & 31;
    unsigned maxLane = (lane & segment) | (clamp & ~segment);
    unsigned minLane = lane & segment;
    unsigned from;
    bool inRange;
    switch (inst.imm) {
    case 0:
      from = lane - b;
      inRange = int(lane) - int(b) >= int(maxLane);
      break;
    case 1:
      from = lane + b;
      inRange = from <= maxLane;
      break;
    case 2:
      from = lane ^ b;
      inRange = from <= maxLane;
      break;
    default:
      from = minLane | (b & ~segment);
      inRange = from <= maxLane;
      break;
    }
    if (!inRange)
      from = lane;
    if (!wave.active[from])
      return wave.fail(
          inst, lane,
          llvm::formatv("reads lane {0}, which is not active", from).str());
    wave.setLane(access.value[0], lane,
                 wave.getLane(access.operands[1][0], from));
    if (access.value.size() > 1)
      wave.setLane(access.value[1], lane, inRange);
  }
  return true;
}

// operands: members, predicate; imm: 0 all, 1 any, 2 uni, 3 ballot.
bool emulator::execVote(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  if (!checkMembers(wave, inst, access.operands[0][0]))
    return false;
  uint64_t votes = 0;
  for (unsigned lane = 0; lane < wave.lanes(); ++lane)
    votes |= (wave.getLane(access.operands[1][0], lane) & 1) << lane;
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    uint64_t members = wave.getLane(access.operands[0][0], lane) & wave.mask;
    uint64_t mine = votes & members;
    uint64_t result = inst.imm == 0   ? mine == members
                      : inst.imm == 1 ? mine != 0
                      : inst.imm == 2 ? mine == 0 || mine == members
                                      : mine;
    put(d, wave, inst.dstBytes, 0, lane, result);
  }
  return true;
}

// operands: members, value; imm: 0 any, 1 all (with a predicate).
bool emulator::execMatch(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  if (!checkMembers(wave, inst, access.operands[0][0]))
    return false;
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    if (!wave.active[lane])
      continue;
    uint64_t members = wave.getLane(access.operands[0][0], lane) & wave.mask;
    uint64_t equal = 0;
    for (unsigned other = 0; other < wave.lanes(); ++other)
      if ((members >> other & 1) &&
          wave.getLane(access.operands[1][0], other) ==
              wave.getLane(access.operands[1][0], lane))
        equal |= uint64_t(1) << other;
    bool all = equal == members;
    wave.setLane(access.value[0], lane, inst.imm ? (all ? members : 0) : equal);
    if (access.value.size() > 1)
      wave.setLane(access.value[1], lane, all);
  }
  return true;
}

// operands: value, members.
bool emulator::execRedux(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  if (!checkMembers(wave, inst, access.operands[1][0]))
    return false;
  auto op = static_cast<llvm::AtomicRMWInst::BinOp>(access.operation);
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    uint64_t members = wave.getLane(access.operands[1][0], lane) & wave.mask;
    uint64_t result = 0;
    bool isFirst = true;
    for (uint64_t rest = members; rest; rest &= rest - 1) {
      uint64_t x =
          wave.getLane(access.operands[0][0], unsigned(__builtin_ctzll(rest)));
      result = isFirst ? x : reduceInto(op, result, x, 32);
      isFirst = false;
    }
    put(d, wave, 4, 0, lane, result);
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Within a lane, but across its scalars.
//===----------------------------------------------------------------------===//

// One piece per lane between arrays whose elements are wider.
template <typename Piece>
static void copyPieces(char *to, size_t toStride, const char *from,
                       size_t fromStride, unsigned lanes) {
  for (unsigned lane = 0; lane < lanes; ++lane)
    memcpy(to + lane * toStride, from + lane * fromStride, sizeof(Piece));
}

// As execBitPack, of scalars that fill their bytes.
static void packBytes(Wave &wave, const Slots &from, unsigned toBytes,
                      unsigned results, char *d) {
  unsigned fromBytes = from[0].bytes, lanes = wave.lanes();
  unsigned piece = std::min(fromBytes, toBytes);
  auto copy = piece == 1   ? copyPieces<uint8_t>
              : piece == 2 ? copyPieces<uint16_t>
              : piece == 4 ? copyPieces<uint32_t>
                           : copyPieces<uint64_t>;
  for (unsigned byte = 0; byte < results * toBytes; byte += piece)
    copy(d + size_t(byte / toBytes) * lanes * toBytes + byte % toBytes, toBytes,
         wave.get<char>(from[byte / fromBytes]) + byte % fromBytes, fromBytes,
         lanes);
}

// Reinterprets a value's bits: operands[0] with `imm` & 0xFF bits per scalar
// to the result's (imm >> 8) bits per scalar.
bool emulator::execBitPack(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  const Slots &from = access.operands[0];
  unsigned fromBits = inst.imm & 0xFF, toBits = inst.imm >> 8 & 0xFF;
  unsigned results = unsigned(from.size()) * fromBits / toBits;
  if (fromBits == 8 * from[0].bytes && toBits == 8 * inst.dstBytes) {
    packBytes(wave, from, toBits / 8, results, d);
    return true;
  }
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    for (unsigned i = 0; i < results; ++i) {
      uint64_t word = 0;
      if (fromBits == 8 * from[0].bytes && fromBits >= toBits) {
        unsigned bit = i * toBits;
        word = wave.getLane(from[bit / fromBits], lane) >> (bit % fromBits);
        if (toBits < 64)
          word &= (uint64_t(1) << toBits) - 1;
      } else {
        for (unsigned b = 0; b < toBits; ++b) {
          unsigned bit = i * toBits + b;
          word |=
              (wave.getLane(from[bit / fromBits], lane) >> (bit % fromBits) & 1)
              << b;
        }
      }
      put(d, wave, inst.dstBytes, i, lane, word);
    }
  }
  return true;
}

// operands: vector, index. Out of range is poison: zero here.
bool emulator::execExtractDynamic(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  const Slots &vector = access.operands[0];
  for (unsigned lane = 0; lane < wave.lanes(); ++lane) {
    uint64_t index = wave.getLane(access.operands[1][0], lane);
    put(d, wave, inst.dstBytes, 0, lane,
        index < vector.size() ? wave.getLane(vector[index], lane) : 0);
  }
  return true;
}

// operands: vector, scalar, index.
bool emulator::execInsertDynamic(Wave &wave, const Inst &inst, char *d) {
  const Access &access = wave.access(inst);
  const Slots &vector = access.operands[0];
  for (unsigned i = 0; i < vector.size(); ++i)
    for (unsigned lane = 0; lane < wave.lanes(); ++lane)
      put(d, wave, inst.dstBytes, i, lane,
          wave.getLane(access.operands[2][0], lane) == i
              ? wave.getLane(access.operands[1][0], lane)
              : wave.getLane(vector[i], lane));
  return true;
}
