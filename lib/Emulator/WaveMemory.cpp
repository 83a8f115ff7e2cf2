// WaveMemory.cpp - loads, stores, atomics and copies of a wave, with checks.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Number.h"
#include "Wave.h"
#include "llvm/Support/FormatVariadic.h"
#include <math.h>

using namespace tilewright;
using namespace tilewright::emulator;

static const char *spaceName(unsigned addressSpace) {
  switch (addressSpace) {
  case 3:
    return "shared";
  case 5:
    return "private";
  case 4:
    return "constant";
  default:
    return "global";
  }
}

uint8_t *Wave::resolve(const Inst &inst, unsigned lane, unsigned addressSpace,
                       uint64_t address, uint64_t bytes, uint64_t align,
                       bool isStore) {
  if (addressSpace == 0) {
    uint64_t aperture = address & kApertureMask;
    if (aperture == kSharedAperture || aperture == kPrivateAperture) {
      addressSpace = aperture == kSharedAperture ? 3 : 5;
      address &= ~kApertureMask;
    }
  }
  const char *verb = isStore ? "stores" : "loads";
  if (address & (align - 1)) {
    fail(inst, lane,
         llvm::formatv("{0} {1} bytes at the {2} address {3:x}, which is not "
                       "aligned to {4} bytes as the IR promises",
                       verb, bytes, spaceName(addressSpace), address, align)
             .str());
    return nullptr;
  }
  if (addressSpace == 3) {
    uint64_t size = workgroup.shared.size();
    if (address <= size && bytes <= size - address)
      return workgroup.shared.data() + address;
    fail(inst, lane,
         llvm::formatv("{0} {1} bytes at the shared address {2:x} outside the "
                       "workgroup's {3} bytes of shared memory",
                       verb, bytes, address, size)
             .str());
    return nullptr;
  }
  if (addressSpace == 5) {
    uint64_t size = program.privateBytes;
    if (address <= size && bytes <= size - address)
      return privateMemory.data() + lane * size + address;
    fail(inst, lane,
         llvm::formatv("{0} {1} bytes at the private address {2:x} outside "
                       "the lane's {3} bytes of private memory",
                       verb, bytes, address, size)
             .str());
    return nullptr;
  }
  const MemoryRegion *region = cached;
  if (!region || address - region->address >= region->bytes)
    region = workgroup.launch.memory.find(address);
  if (!region || bytes > region->bytes - (address - region->address)) {
    fail(inst, lane,
         llvm::formatv("{0} {1} bytes at the {2} address {3:x}, which is out "
                       "of bounds: {4}",
                       verb, bytes, spaceName(addressSpace), address,
                       workgroup.launch.memory.describe(address))
             .str());
    return nullptr;
  }
  if (isStore && !region->writable) {
    fail(inst, lane,
         llvm::formatv("stores {0} bytes at the address {1:x} in region "
                       "'{2}', which is read-only",
                       bytes, address, region->name)
             .str());
    return nullptr;
  }
  cached = region;
  return static_cast<uint8_t *>(region->data) + (address - region->address);
}

static void countAccess(Wave &wave, unsigned addressSpace, uint64_t bytes,
                        bool isStore) {
  Stats &stats = wave.workgroup.stats;
  uint64_t total = bytes * unsigned(__builtin_popcountll(wave.mask));
  if (addressSpace == 3)
    (isStore ? stats.sharedStoreBytes : stats.sharedLoadBytes) += total;
  else if (addressSpace != 5)
    (isStore ? stats.globalStoreBytes : stats.globalLoadBytes) += total;
}

template <typename Fn> static bool forActive(const Wave &wave, Fn fn) {
  for (uint64_t rest = wave.mask; rest; rest &= rest - 1)
    if (!fn(unsigned(__builtin_ctzll(rest))))
      return false;
  return true;
}

// Scalars of one size, in memory one after the other: the common case.
static bool isDense(const Access &access) {
  for (size_t i = 0; i < access.value.size(); ++i)
    if (access.value[i].bytes != access.value[0].bytes ||
        access.offsets[i] != i * access.value[0].bytes)
      return false;
  return true;
}

template <typename T>
static void scatter(Wave &wave, const Access &access, unsigned lane,
                    const uint8_t *from) {
  for (const Slot &slot : access.value) {
    T x;
    memcpy(&x, from, sizeof(T));
    wave.getMutable<T>(slot)[lane] = x;
    from += sizeof(T);
  }
}
template <typename T>
static void gather(const Wave &wave, const Access &access, unsigned lane,
                   uint8_t *to) {
  for (const Slot &slot : access.value) {
    T x = wave.get<T>(slot)[lane];
    memcpy(to, &x, sizeof(T));
    to += sizeof(T);
  }
}

// From memory into the value's slots of one lane. `imm` says dense.
static void loadLane(Wave &wave, const Access &access, bool dense,
                     unsigned lane, const uint8_t *from) {
  if (!dense) {
    for (auto [slot, offset] : llvm::zip_equal(access.value, access.offsets)) {
      uint64_t x = 0;
      memcpy(&x, from + offset, slot.bytes);
      wave.setLane(slot, lane, x);
    }
    return;
  }
  switch (access.value[0].bytes) {
  case 1:
    return scatter<uint8_t>(wave, access, lane, from);
  case 2:
    return scatter<uint16_t>(wave, access, lane, from);
  case 4:
    return scatter<uint32_t>(wave, access, lane, from);
  default:
    return scatter<uint64_t>(wave, access, lane, from);
  }
}
static void storeLane(Wave &wave, const Access &access, bool dense,
                      unsigned lane, uint8_t *to) {
  if (!dense) {
    for (auto [slot, offset] : llvm::zip_equal(access.value, access.offsets)) {
      uint64_t x = wave.getLane(slot, lane);
      memcpy(to + offset, &x, slot.bytes);
    }
    return;
  }
  switch (access.value[0].bytes) {
  case 1:
    return gather<uint8_t>(wave, access, lane, to);
  case 2:
    return gather<uint16_t>(wave, access, lane, to);
  case 4:
    return gather<uint32_t>(wave, access, lane, to);
  default:
    return gather<uint64_t>(wave, access, lane, to);
  }
}

bool emulator::execLoad(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  Slot pointer = access.operands[0][0];
  bool dense = isDense(access);
  countAccess(wave, access.addressSpace, access.bytes, false);
  return forActive(wave, [&](unsigned lane) {
    const uint8_t *from =
        wave.resolve(inst, lane, access.addressSpace,
                     wave.getLane(pointer, lane), access.bytes, access.align,
                     /*isStore=*/false);
    if (!from)
      return false;
    loadLane(wave, access, dense, lane, from);
    return true;
  });
}

bool emulator::execStore(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  Slot pointer = access.operands[0][0];
  bool dense = isDense(access);
  countAccess(wave, access.addressSpace, access.bytes, true);
  return forActive(wave, [&](unsigned lane) {
    uint8_t *to = wave.resolve(inst, lane, access.addressSpace,
                               wave.getLane(pointer, lane), access.bytes,
                               access.align, /*isStore=*/true);
    if (!to)
      return false;
    storeLane(wave, access, dense, lane, to);
    return true;
  });
}

template <bool isStore> static bool execMasked(Wave &wave, const Inst &inst) {
  const Access &access = wave.access(inst);
  return forActive(wave, [&](unsigned lane) {
    uint64_t base = wave.getLane(access.operands[0][0], lane);
    for (size_t i = 0; i < access.value.size(); ++i) {
      Slot slot = access.value[i];
      if (!(wave.getLane(access.operands[1][i], lane) & 1)) {
        if (!isStore)
          wave.setLane(slot, lane, wave.getLane(access.operands[2][i], lane));
        continue;
      }
      uint8_t *p = wave.resolve(
          inst, lane, access.addressSpace, base + access.offsets[i], slot.bytes,
          std::min<uint64_t>(access.align, slot.bytes), isStore);
      if (!p)
        return false;
      uint64_t x = 0;
      if (isStore) {
        x = wave.getLane(slot, lane);
        memcpy(p, &x, slot.bytes);
      } else {
        memcpy(&x, p, slot.bytes);
        wave.setLane(slot, lane, x);
      }
    }
    return true;
  });
}

bool emulator::execMaskedLoad(Wave &wave, const Inst &inst, char *) {
  return execMasked<false>(wave, inst);
}
bool emulator::execMaskedStore(Wave &wave, const Inst &inst, char *) {
  return execMasked<true>(wave, inst);
}

//===----------------------------------------------------------------------===//
// Atomics
//===----------------------------------------------------------------------===//

static int64_t signExtended(uint64_t value, unsigned bits) {
  return int64_t(value << (64 - bits)) >> (64 - bits);
}

static double toDouble(uint64_t bits, Ty type) {
  switch (type) {
  case Ty::F16:
    return decode(kF16, uint32_t(bits));
  case Ty::BF16:
    return decode(kBF16, uint32_t(bits));
  case Ty::F32:
    return bitCast<float>(uint32_t(bits));
  default:
    return bitCast<double>(bits);
  }
}
static uint64_t fromDouble(double value, Ty type) {
  switch (type) {
  case Ty::F16:
    return encode(kF16, value, false);
  case Ty::BF16:
    return encode(kBF16, value, false);
  case Ty::F32:
    return bitCast<uint32_t>(float(value));
  default:
    return bitCast<uint64_t>(value);
  }
}

// Sums of two floats in double round correctly to the narrower type: 53 bits
// are more than twice 24 and two.
static uint64_t combineFloat(llvm::AtomicRMWInst::BinOp op, uint64_t oldBits,
                             uint64_t newBits, Ty type) {
  double a = toDouble(oldBits, type), b = toDouble(newBits, type);
  using Op = llvm::AtomicRMWInst;
  switch (op) {
  case Op::FAdd:
    return fromDouble(a + b, type);
  case Op::FSub:
    return fromDouble(a - b, type);
  case Op::FMax:
  case Op::FMaximum:
    if (isnan(a) || isnan(b))
      return (op == Op::FMaximum) == isnan(a) ? oldBits : newBits;
    return a > b || (a == b && !signbit(a)) ? oldBits : newBits;
  default:
    if (isnan(a) || isnan(b))
      return (op == Op::FMinimum) == isnan(a) ? oldBits : newBits;
    return a < b || (a == b && signbit(a)) ? oldBits : newBits;
  }
}

static uint64_t combine(const Access &access, uint64_t oldBits,
                        uint64_t newBits) {
  using Op = llvm::AtomicRMWInst;
  auto op = static_cast<Op::BinOp>(access.operation);
  unsigned bits = access.bits;
  uint64_t all = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
  if (Op::isFPOperation(op)) {
    if (!access.isPacked)
      return combineFloat(op, oldBits, newBits, access.type);
    uint64_t low =
        combineFloat(op, oldBits & 0xFFFF, newBits & 0xFFFF, access.type);
    uint64_t high = combineFloat(op, (oldBits >> 16) & 0xFFFF,
                                 (newBits >> 16) & 0xFFFF, access.type);
    return low | high << 16;
  }
  int64_t a = signExtended(oldBits, bits), b = signExtended(newBits, bits);
  switch (op) {
  case Op::Xchg:
    return newBits;
  case Op::Add:
    return (oldBits + newBits) & all;
  case Op::Sub:
    return (oldBits - newBits) & all;
  case Op::And:
    return oldBits & newBits;
  case Op::Nand:
    return ~(oldBits & newBits) & all;
  case Op::Or:
    return oldBits | newBits;
  case Op::Xor:
    return oldBits ^ newBits;
  case Op::Max:
    return a > b ? oldBits : newBits;
  case Op::Min:
    return a < b ? oldBits : newBits;
  case Op::UMax:
    return oldBits > newBits ? oldBits : newBits;
  case Op::UMin:
    return oldBits < newBits ? oldBits : newBits;
  case Op::UIncWrap:
    return oldBits >= newBits ? 0 : oldBits + 1;
  case Op::UDecWrap:
    return oldBits == 0 || oldBits > newBits ? newBits : oldBits - 1;
  case Op::USubCond:
    return oldBits >= newBits ? oldBits - newBits : oldBits;
  default: // USubSat
    return oldBits >= newBits ? oldBits - newBits : 0;
  }
}

// Several host threads may hit one element, so this is a real atomic.
template <typename T, typename Fn>
static uint64_t updateAs(uint8_t *address, Fn fn) {
  T *p = reinterpret_cast<T *>(address);
  T expected = __atomic_load_n(p, __ATOMIC_SEQ_CST);
  while (!__atomic_compare_exchange_n(p, &expected, T(fn(expected)), false,
                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
  }
  return expected;
}
template <typename Fn>
static uint64_t update(uint8_t *address, unsigned bytes, Fn fn) {
  switch (bytes) {
  case 1:
    return updateAs<uint8_t>(address, fn);
  case 2:
    return updateAs<uint16_t>(address, fn);
  case 4:
    return updateAs<uint32_t>(address, fn);
  default:
    return updateAs<uint64_t>(address, fn);
  }
}

// The value as one word of the access's size.
static uint64_t packLane(const Wave &wave, llvm::ArrayRef<Slot> slots,
                         unsigned lane) {
  uint64_t word = 0;
  unsigned shift = 0;
  for (Slot slot : slots) {
    word |= wave.getLane(slot, lane) << shift;
    shift += slot.bytes * 8;
  }
  return word;
}
static void unpackLane(Wave &wave, llvm::ArrayRef<Slot> slots, unsigned lane,
                       uint64_t word) {
  for (Slot slot : slots) {
    wave.setLane(slot, lane, word);
    word = slot.bytes == 8 ? 0 : word >> (slot.bytes * 8);
  }
}

bool emulator::execAtomicRmw(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  countAccess(wave, access.addressSpace, access.bytes, true);
  return forActive(wave, [&](unsigned lane) {
    uint64_t address = wave.getLane(access.operands[0][0], lane);
    uint8_t *p = wave.resolve(inst, lane, access.addressSpace, address,
                              access.bytes, access.bytes, /*isStore=*/true);
    if (!p)
      return false;
    uint64_t operand = packLane(wave, access.operands[1], lane);
    uint64_t before = update(p, access.bytes, [&](uint64_t x) {
      return combine(access, x, operand);
    });
    unpackLane(wave, access.value, lane, before);
    return true;
  });
}

bool emulator::execCmpXchg(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  countAccess(wave, access.addressSpace, access.bytes, true);
  return forActive(wave, [&](unsigned lane) {
    uint64_t address = wave.getLane(access.operands[0][0], lane);
    uint8_t *p = wave.resolve(inst, lane, access.addressSpace, address,
                              access.bytes, access.bytes, /*isStore=*/true);
    if (!p)
      return false;
    uint64_t expected = packLane(wave, access.operands[1], lane);
    uint64_t desired = packLane(wave, access.operands[2], lane);
    uint64_t before = update(p, access.bytes, [&](uint64_t x) {
      return x == expected ? desired : x;
    });
    wave.setLane(access.value[0], lane, before);
    wave.setLane(access.value[1], lane, before == expected);
    return true;
  });
}

//===----------------------------------------------------------------------===//
// memcpy, memset
//===----------------------------------------------------------------------===//

bool emulator::execMemCopy(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  return forActive(wave, [&](unsigned lane) {
    uint64_t bytes = wave.getLane(access.operands[2][0], lane);
    if (bytes == 0)
      return true;
    uint8_t *to =
        wave.resolve(inst, lane, access.addressSpace,
                     wave.getLane(access.operands[0][0], lane), bytes, 1, true);
    uint8_t *from = to ? wave.resolve(inst, lane, access.operation,
                                      wave.getLane(access.operands[1][0], lane),
                                      bytes, 1, false)
                       : nullptr;
    if (from)
      memmove(to, from, bytes);
    return from != nullptr;
  });
}

bool emulator::execMemSet(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  return forActive(wave, [&](unsigned lane) {
    uint64_t bytes = wave.getLane(access.operands[2][0], lane);
    if (bytes == 0)
      return true;
    uint8_t *to =
        wave.resolve(inst, lane, access.addressSpace,
                     wave.getLane(access.operands[0][0], lane), bytes, 1, true);
    if (to)
      memset(to, int(wave.getLane(access.operands[1][0], lane)), bytes);
    return to != nullptr;
  });
}

//===----------------------------------------------------------------------===//
// AMD buffers. Operands: resource (two words of 8 bytes), offset, scalar
// offset. The descriptor: base in bits 0-47, stride in 48-61, record count
// (raw: bytes) in 64-95. A dword that does not end within the count, less the
// scalar offset, reads zero and writes nothing (CDNA3 ISA 9.1.5, raw buffers).
//===----------------------------------------------------------------------===//

namespace {
struct BufferAddress {
  uint64_t base, offset, limit;
  bool holds(uint64_t at, uint64_t bytes) const {
    return offset + at + bytes <= limit;
  }
};
} // namespace

static BufferAddress bufferAddress(const Wave &wave, const Access &access,
                                   unsigned lane) {
  uint64_t low = wave.getLane(access.operands[0][0], lane);
  uint64_t high = wave.getLane(access.operands[0][1], lane);
  uint64_t scalar = wave.getLane(access.operands[2][0], lane) & 0xFFFFFFFF;
  uint64_t records = high & 0xFFFFFFFF;
  BufferAddress result;
  // Addresses of this host's user space have 47 bits; the module's data are
  // not reached through buffers.
  result.base = (low & ((uint64_t(1) << 48) - 1)) + scalar;
  result.offset = wave.getLane(access.operands[1][0], lane) & 0xFFFFFFFF;
  result.limit = records > scalar ? records - scalar : 0;
  return result;
}

// Runs `fn(scalar, host address or null)` for each scalar of the value.
template <typename Fn>
static bool forBufferScalars(Wave &wave, const Inst &inst, bool isStore,
                             Fn fn) {
  const Access &access = wave.access(inst);
  countAccess(wave, 1, access.bytes, isStore);
  return forActive(wave, [&](unsigned lane) {
    BufferAddress buffer = bufferAddress(wave, access, lane);
    uint8_t *whole = nullptr;
    if (buffer.holds(0, access.bytes)) {
      whole = wave.resolve(inst, lane, 1, buffer.base + buffer.offset,
                           access.bytes, std::min(access.bytes, 4u), isStore);
      if (!whole)
        return false;
    }
    for (auto [slot, offset] : llvm::zip_equal(access.value, access.offsets)) {
      uint8_t *p = whole ? whole + offset : nullptr;
      // The check is by dword, so a dword may end a partly valid access.
      uint32_t dword = offset & ~3u;
      uint32_t dwordBytes = std::min(access.bytes - dword, 4u);
      dwordBytes = std::max<uint32_t>(dwordBytes, slot.bytes);
      if (!whole && buffer.holds(dword, dwordBytes)) {
        p = wave.resolve(inst, lane, 1, buffer.base + buffer.offset + offset,
                         slot.bytes, 1, isStore);
        if (!p)
          return false;
      }
      fn(slot, lane, p);
    }
    return true;
  });
}

bool emulator::execBufferLoad(Wave &wave, const Inst &inst, char *) {
  return forBufferScalars(wave, inst, false,
                          [&](Slot slot, unsigned lane, const uint8_t *p) {
                            uint64_t x = 0;
                            if (p)
                              memcpy(&x, p, slot.bytes);
                            wave.setLane(slot, lane, x);
                          });
}

bool emulator::execBufferStore(Wave &wave, const Inst &inst, char *) {
  return forBufferScalars(wave, inst, true,
                          [&](Slot slot, unsigned lane, uint8_t *p) {
                            uint64_t x = wave.getLane(slot, lane);
                            if (p)
                              memcpy(p, &x, slot.bytes);
                          });
}

bool emulator::execBufferAtomic(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  countAccess(wave, 1, access.bytes, true);
  return forActive(wave, [&](unsigned lane) {
    BufferAddress buffer = bufferAddress(wave, access, lane);
    uint64_t before = 0;
    if (buffer.holds(0, access.bytes)) {
      uint8_t *p = wave.resolve(inst, lane, 1, buffer.base + buffer.offset,
                                access.bytes, access.bytes, true);
      if (!p)
        return false;
      uint64_t operand = packLane(wave, access.operands[3], lane);
      before = update(p, access.bytes,
                      [&](uint64_t x) { return combine(access, x, operand); });
    }
    unpackLane(wave, access.value, lane, before);
    return true;
  });
}

//===----------------------------------------------------------------------===//
// Matrix loads of NVIDIA: 8x8 matrices of 16 bits. Lane 8j+r has the address
// of row r of matrix j; lane l holds row l/4, columns 2*(l%4)+{0,1}, or with
// .trans column l/4, rows 2*(l%4)+{0,1} (PTX ISA, ldmatrix). `imm` is 1 for
// .trans.
//===----------------------------------------------------------------------===//

static bool allLanes(Wave &wave, const Inst &inst) {
  if (wave.full)
    return true;
  return wave.fail(inst, wave.firstLane(),
                   "executes a matrix instruction with only some of the "
                   "wave's lanes active");
}

template <typename Fn>
static bool forMatrixElements(Wave &wave, const Inst &inst, bool isStore,
                              Fn fn) {
  const Access &access = wave.access(inst);
  countAccess(wave, 3, 4 * access.value.size(), isStore);
  if (!allLanes(wave, inst))
    return false;
  for (unsigned j = 0; j < access.value.size(); ++j) {
    uint8_t *rows[8];
    for (unsigned row = 0; row < 8; ++row) {
      unsigned lane = 8 * j + row;
      rows[row] = wave.resolve(inst, lane, access.addressSpace,
                               wave.getLane(access.operands[0][0], lane), 16,
                               16, isStore);
      if (!rows[row])
        return false;
    }
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned i = 0; i < 2; ++i) {
        unsigned major = lane / 4, minor = 2 * (lane % 4) + i;
        if (inst.imm)
          std::swap(major, minor);
        fn(access.value[j], lane, i, rows[major] + 2 * minor);
      }
  }
  return true;
}

bool emulator::execLdMatrix(Wave &wave, const Inst &inst, char *) {
  return forMatrixElements(
      wave, inst, false,
      [&](Slot slot, unsigned lane, unsigned half, const uint8_t *p) {
        memcpy(wave.getMutable<uint16_t>(slot) + 2 * lane + half, p, 2);
      });
}

bool emulator::execStMatrix(Wave &wave, const Inst &inst, char *) {
  return forMatrixElements(
      wave, inst, true,
      [&](Slot slot, unsigned lane, unsigned half, uint8_t *p) {
        memcpy(p, wave.get<uint16_t>(slot) + 2 * lane + half, 2);
      });
}

//===----------------------------------------------------------------------===//
// Asynchronous copies into shared memory. Both addresses are checked when the
// copy is issued; the bytes arrive when a wait asks for them, no sooner.
//===----------------------------------------------------------------------===//

static void addCopy(Wave &wave, const uint8_t *from, uint8_t *to, unsigned read,
                    unsigned bytes, std::vector<PendingCopy> &copies) {
  PendingCopy copy;
  copy.shared = uint64_t(to - wave.workgroup.shared.data());
  copy.bytes.resize(bytes);
  if (read) // What the source has by now; a later change of it would be a race.
    memcpy(copy.bytes.data(), from, read);
  copies.push_back(std::move(copy));
}

static void land(Wave &wave, const std::vector<PendingCopy> &copies) {
  for (const PendingCopy &copy : copies)
    memcpy(wave.workgroup.shared.data() + copy.shared, copy.bytes.data(),
           copy.bytes.size());
}

// Operands: shared pointer, global pointer, optional bytes read. `imm`: size.
bool emulator::execCopyAsync(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  unsigned bytes = unsigned(inst.imm);
  countAccess(wave, 1, bytes, false);
  return forActive(wave, [&](unsigned lane) {
    uint64_t read = bytes;
    if (access.operands.size() > 2)
      read = std::min<uint64_t>(
          bytes, wave.getLane(access.operands[2][0], lane) & 0xFFFFFFFF);
    uint8_t *to =
        wave.resolve(inst, lane, 3, wave.getLane(access.operands[0][0], lane),
                     bytes, bytes, true);
    if (!to)
      return false;
    const uint8_t *from = nullptr;
    if (read) {
      from =
          wave.resolve(inst, lane, 1, wave.getLane(access.operands[1][0], lane),
                       read, bytes, false);
      if (!from)
        return false;
    }
    addCopy(wave, from, to, unsigned(read), bytes, wave.openCopies);
    return true;
  });
}

bool emulator::execCopyCommit(Wave &wave, const Inst &, char *) {
  wave.copyGroups.push_back(std::move(wave.openCopies));
  wave.openCopies.clear();
  return true;
}

// All groups but the last `imm` have landed; ~0: everything, committed or not.
bool emulator::execCopyWait(Wave &wave, const Inst &inst, char *) {
  uint64_t keep = inst.imm == ~uint64_t(0) ? 0 : inst.imm;
  while (wave.copyGroups.size() > keep) {
    land(wave, wave.copyGroups.front());
    wave.copyGroups.pop_front();
  }
  if (inst.imm == ~uint64_t(0)) {
    land(wave, wave.openCopies);
    wave.openCopies.clear();
  }
  return true;
}

// The shared address is that of the first active lane plus `bytes` times the
// lane (CDNA3 ISA 9.1.9: LDS address = base + offset + lane * 4).
bool emulator::execBufferLoadShared(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  unsigned bytes = access.bytes;
  countAccess(wave, 1, bytes, false);
  std::vector<PendingCopy> copies;
  uint64_t base = wave.getLane(access.operands[3][0], wave.firstLane());
  bool ok = forActive(wave, [&](unsigned lane) {
    BufferAddress buffer = bufferAddress(wave, access, lane);
    buffer.offset += inst.imm;
    uint8_t *to = wave.resolve(inst, lane, 3, base + inst.imm + lane * bytes,
                               bytes, std::min(bytes, 4u), true);
    if (!to)
      return false;
    const uint8_t *from = nullptr;
    if (buffer.holds(0, bytes)) {
      from = wave.resolve(inst, lane, 1, buffer.base + buffer.offset, bytes,
                          std::min(bytes, 4u), false);
      if (!from)
        return false;
    }
    addCopy(wave, from, to, from ? bytes : 0, bytes, copies);
    return true;
  });
  wave.copyGroups.push_back(std::move(copies));
  return ok;
}

bool emulator::execGlobalLoadShared(Wave &wave, const Inst &inst, char *) {
  const Access &access = wave.access(inst);
  unsigned bytes = access.bytes;
  countAccess(wave, 1, bytes, false);
  std::vector<PendingCopy> copies;
  uint64_t base = wave.getLane(access.operands[1][0], wave.firstLane());
  bool ok = forActive(wave, [&](unsigned lane) {
    uint8_t *to = wave.resolve(inst, lane, 3, base + inst.imm + lane * bytes,
                               bytes, std::min(bytes, 4u), true);
    const uint8_t *from =
        to ? wave.resolve(inst, lane, 1,
                          wave.getLane(access.operands[0][0], lane) + inst.imm,
                          bytes, std::min(bytes, 4u), false)
           : nullptr;
    if (!from)
      return false;
    addCopy(wave, from, to, bytes, bytes, copies);
    return true;
  });
  wave.copyGroups.push_back(std::move(copies));
  return ok;
}
