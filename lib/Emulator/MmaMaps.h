// MmaMaps.h - where the elements of matrix operands lie in registers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Written from the vendors' documents, not from the compiler's own layouts: a
// wrong table must not agree with itself. Sources: AMD CDNA3 ISA guide 7.1.4
// and the Matrix Instruction Calculator (mfma); RDNA3 and RDNA4 ISA guides,
// "WMMA" (wmma); PTX ISA, "Matrix fragments for mma" (mma.sync).
#ifndef TILEWRIGHT_LIB_EMULATOR_MMAMAPS_H
#define TILEWRIGHT_LIB_EMULATOR_MMAMAPS_H

#include <stdint.h>

namespace tilewright {
namespace emulator {

/// A matrix instruction's shape.
struct MmaShape {
  unsigned m = 0, n = 0, k = 0, blocks = 1;
  unsigned lanes = 64;
};

constexpr uint32_t kNoPosition = ~0u;

/// Position in the row-major (block, row, k) array of the element `item` of
/// `lane`; `item` counts a lane's elements in register order. The right-hand
/// side's array is (block, k, column): swap as `isLeft` says.
inline uint32_t operandPosition(const MmaShape &shape, bool isLeft,
                                unsigned block, unsigned outer, unsigned k) {
  return isLeft ? (block * shape.m + outer) * shape.k + k
                : (block * shape.k + k) * shape.n + outer;
}

/// v_mfma_*: lane = i + M * (b + B * (k / kL)), item = k % kL.
inline uint32_t mfmaOperand(const MmaShape &shape, bool isLeft, unsigned item,
                            unsigned lane) {
  unsigned extent = isLeft ? shape.m : shape.n;
  unsigned perLane = shape.k * extent * shape.blocks / shape.lanes;
  unsigned rest = lane / extent;
  unsigned k = rest / shape.blocks * perLane + item;
  return operandPosition(shape, isLeft, rest % shape.blocks, lane % extent, k);
}

/// v_mfma_* C and D. `group` is 4, or 1 for f64 (H in the ISA guide).
inline uint32_t mfmaResult(const MmaShape &shape, unsigned group, unsigned item,
                           unsigned lane) {
  unsigned quarter = shape.n * shape.m / group;
  unsigned blocksAcross = (shape.lanes + quarter - 1) / quarter;
  unsigned rowsAcross = shape.lanes / blocksAcross / shape.n;
  unsigned steps = shape.m / (group * rowsAcross);
  unsigned column = lane % shape.n, rest = lane / shape.n;
  unsigned row = item % group + group * (rest % rowsAcross +
                                         rowsAcross * (item / group % steps));
  unsigned block = rest / rowsAcross + blocksAcross * (item / group / steps);
  return (block * shape.m + row) * shape.n + column;
}

/// v_wmma_* of gfx11: lanes 16 and up repeat lanes 0 to 15.
inline uint32_t wmma11Operand(const MmaShape &shape, bool isLeft, unsigned item,
                              unsigned lane) {
  return operandPosition(shape, isLeft, 0, lane % 16, item);
}
/// Rows go around the groups of 16 lanes.
inline uint32_t wmma11Result(const MmaShape &shape, unsigned item,
                             unsigned lane) {
  unsigned row = shape.lanes / 16 * item + lane / 16;
  return row * shape.n + lane % 16;
}

/// v_wmma_* of gfx12, 32 lanes: K is halved between lanes 0-15 and 16-31.
inline uint32_t wmma12Operand(const MmaShape &shape, bool isLeft, unsigned item,
                              unsigned lane) {
  return operandPosition(shape, isLeft, 0, lane % 16,
                         shape.k / 2 * (lane / 16) + item);
}
inline uint32_t wmma12Result(const MmaShape &shape, unsigned item,
                             unsigned lane) {
  return (8 * (lane / 16) + item) * shape.n + lane % 16;
}

/// mma.sync A: register `reg` of 32 bits (64 for f64) with `perReg` elements,
/// element `part` of it. Rows come in groups of 8.
inline uint32_t mmaSyncLeft(const MmaShape &shape, unsigned perReg,
                            unsigned reg, unsigned part, unsigned lane) {
  unsigned rowGroups = shape.m / 8;
  unsigned row = lane / 4 + 8 * (reg % rowGroups);
  unsigned k = perReg * (lane % 4) + 4 * perReg * (reg / rowGroups) + part;
  return operandPosition(shape, true, 0, row, k);
}
inline uint32_t mmaSyncRight(const MmaShape &shape, unsigned perReg,
                             unsigned reg, unsigned part, unsigned lane) {
  unsigned k = perReg * (lane % 4) + 4 * perReg * reg + part;
  return operandPosition(shape, false, 0, lane / 4, k);
}
/// mma.sync C and D: pairs of columns, then groups of 8 rows.
inline uint32_t mmaSyncResult(const MmaShape &shape, unsigned item,
                              unsigned lane) {
  unsigned row = lane / 4 + 8 * (item / 2);
  return row * shape.n + 2 * (lane % 4) + item % 2;
}

} // namespace emulator
} // namespace tilewright

#endif // TILEWRIGHT_LIB_EMULATOR_MMAMAPS_H
