// Mma.cpp - executes matrix instructions as dense products of small matrices.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operands are scattered into row-major arrays of double, multiplied, and
// gathered back. Order of a floating-point sum: the accumulator, then the
// products in ascending k, all in double, rounded once to the result's type.
// Devices differ from this and from each other in the last bits. Integer sums
// wrap modulo 2^32, as on the devices.
#include "Wave.h"

using namespace tilewright;
using namespace tilewright::emulator;

// Calls fn(slot, first element index, elements) for each slot of an operand.
template <typename Fn>
static void forSlots(const Wave &wave, const MmaOperand &operand, Fn fn) {
  size_t base = 0;
  for (Slot slot : operand.slots) {
    size_t count = size_t(wave.lanes()) * slot.bytes / operand.elementBytes;
    fn(slot, base, count);
    base += count;
  }
}

static void scatterFloat(Wave &wave, const Mma &mma, const MmaOperand &operand,
                         bool cut, bool negate, double *matrix) {
  alignas(64) double wide[kMaxLanes * 8];
  alignas(64) float rounded[kMaxLanes * 8];
  forSlots(wave, operand, [&](Slot slot, size_t base, size_t count) {
    const char *from = wave.get<char>(slot);
    if (cut) {
      wave.program.ops->roundF32(rounded, from, nullptr, nullptr, count,
                                 mma.truncateBits);
      from = reinterpret_cast<const char *>(rounded);
    }
    operand.toF64(wide, from, nullptr, nullptr, count, 0);
    const uint32_t *positions = operand.positions.data() + base;
    for (size_t i = 0; i < count; ++i)
      if (positions[i] != ~0u)
        matrix[positions[i]] = negate ? -wide[i] : wide[i];
  });
}

static void scatterInt(Wave &wave, const MmaOperand &operand, int32_t *matrix) {
  forSlots(wave, operand, [&](Slot slot, size_t base, size_t count) {
    const uint32_t *positions = operand.positions.data() + base;
    for (size_t i = 0; i < count; ++i) {
      int32_t x;
      if (operand.elementBytes == 4)
        x = wave.get<int32_t>(slot)[i];
      else if (operand.isSigned)
        x = wave.get<int8_t>(slot)[i];
      else
        x = wave.get<uint8_t>(slot)[i];
      matrix[positions[i]] = x;
    }
  });
}

static void gatherInt(Wave &wave, const Mma &mma, const int32_t *matrix,
                      char *d) {
  int32_t *result = reinterpret_cast<int32_t *>(d);
  for (size_t i = 0; i < mma.d.positions.size(); ++i)
    result[i] = matrix[mma.d.positions[i]];
}

static void gatherFloat(Wave &wave, const Mma &mma, const double *matrix,
                        char *d) {
  alignas(64) double wide[kMaxLanes * 8];
  size_t slotIndex = 0;
  forSlots(wave, mma.d, [&](Slot slot, size_t base, size_t count) {
    const uint32_t *positions = mma.d.positions.data() + base;
    bool isKept = positions[0] == ~0u;
    size_t bytes = size_t(slot.bytes) * wave.lanes();
    if (isKept) {
      memcpy(d, wave.get<char>(mma.c.slots[slotIndex]), bytes);
    } else {
      for (size_t i = 0; i < count; ++i)
        wide[i] = matrix[positions[i]];
      if (mma.fromF64)
        mma.fromF64(d, wide, nullptr, nullptr, count, 0);
      else
        memcpy(d, wide, count * sizeof(double));
    }
    d += bytes;
    ++slotIndex;
  });
}

bool emulator::execMma(Wave &wave, const Inst &inst, char *d) {
  const Mma &mma = wave.program.mmas[inst.extra];
  if (!wave.full)
    return wave.fail(inst, wave.firstLane(),
                     "executes a matrix instruction with only some of the "
                     "wave's lanes active");
  ++wave.workgroup.stats.mmas;
  size_t sizeA = size_t(mma.blocks) * mma.m * mma.k;
  size_t sizeB = size_t(mma.blocks) * mma.k * mma.n;
  size_t sizeC = size_t(mma.blocks) * mma.m * mma.n;
  if (wave.matrixScratch.size() < sizeA + sizeB + sizeC)
    wave.matrixScratch.resize(sizeA + sizeB + sizeC);
  double *a = wave.matrixScratch.data();
  if (mma.a.isInteger) {
    int32_t *left = reinterpret_cast<int32_t *>(a);
    int32_t *right = left + sizeA, *sum = right + sizeB;
    scatterInt(wave, mma.a, left);
    scatterInt(wave, mma.b, right);
    scatterInt(wave, mma.c, sum);
    for (unsigned block = 0; block < mma.blocks; ++block)
      wave.program.ops->matrixInt(sum + size_t(block) * mma.m * mma.n,
                                  left + size_t(block) * mma.m * mma.k,
                                  right + size_t(block) * mma.k * mma.n, mma.m,
                                  mma.n, mma.k);
    gatherInt(wave, mma, sum, d);
    return true;
  }
  double *b = a + sizeA, *c = b + sizeB;
  bool cut = mma.truncateBits != 0;
  scatterFloat(wave, mma, mma.a, cut, mma.negateA, a);
  scatterFloat(wave, mma, mma.b, cut, mma.negateB, b);
  scatterFloat(wave, mma, mma.c, false, mma.negateC, c);
  for (unsigned block = 0; block < mma.blocks; ++block)
    wave.program.ops->matrix(
        c + size_t(block) * mma.m * mma.n, a + size_t(block) * mma.m * mma.k,
        b + size_t(block) * mma.k * mma.n, mma.m, mma.n, mma.k);
  gatherFloat(wave, mma, c, d);
  return true;
}
