// LayoutDetail.h - what the sources of the layout algebra share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_LAYOUT_LAYOUTDETAIL_H
#define TILEWRIGHT_LIB_LAYOUT_LAYOUTDETAIL_H

#include "BitSpan.h"
#include "tilewright/Layout/Layout.h"
#include "llvm/Support/MathExtras.h"

namespace tilewright::detail {

using Vectors = llvm::SmallVector<Coords, 8>;
using Repeats = llvm::SmallVector<LayoutRepeat, 4>;

/// A layout from parts that are known to be right.
Layout makeLayout(unsigned rank, llvm::ArrayRef<Coords> reg,
                  llvm::ArrayRef<Coords> lane, llvm::ArrayRef<Coords> wave,
                  llvm::ArrayRef<LayoutRepeat> repeats);

/// Puts repeats in the order that keeps that of each unit (as in `repeats`)
/// and that of each dimension (`dimOrder[d]` lists indices into `repeats`).
/// False where the two contradict each other.
bool orderRepeats(Repeats &repeats,
                  llvm::ArrayRef<llvm::SmallVector<unsigned, 4>> dimOrder);

/// Coordinates as one number: each dimension has a field of bits that is wide
/// enough for its padded extent, so XOR and sums of a linear part with
/// multiples of its extent act on all fields at once.
class Packing {
public:
  explicit Packing(llvm::ArrayRef<int64_t> shape) {
    unsigned shift = 0;
    for (int64_t extent : shape) {
      shifts.push_back(shift);
      shift += llvm::Log2_64_Ceil(extent);
    }
    bits = shift;
  }

  uint64_t pack(llvm::ArrayRef<int64_t> coords) const {
    uint64_t packed = 0;
    for (auto [i, c] : llvm::enumerate(coords))
      packed |= uint64_t(c) << shifts[i];
    return packed;
  }

  int64_t getCoordinate(uint64_t packed, unsigned dim) const {
    unsigned end = dim + 1 == shifts.size() ? bits : shifts[dim + 1];
    return (packed >> shifts[dim]) &
           llvm::maskTrailingOnes<uint64_t>(end - shifts[dim]);
  }

  Coords unpack(uint64_t packed) const {
    Coords coords;
    for (unsigned d = 0, e = shifts.size(); d != e; ++d)
      coords.push_back(getCoordinate(packed, d));
    return coords;
  }

  unsigned getBits() const { return bits; }

private:
  llvm::SmallVector<unsigned, 4> shifts;
  unsigned bits = 0;
};

/// The smallest power of two that is >= n.
inline int64_t ceilPowerOfTwo(int64_t n) {
  return int64_t(llvm::PowerOf2Ceil(uint64_t(n)));
}

/// XOR of the vectors of the set bits of `number`.
inline Coords applyBits(unsigned rank, llvm::ArrayRef<Coords> vectors,
                        uint64_t number) {
  Coords position(rank, 0);
  for (unsigned bit = 0; bit != vectors.size(); ++bit)
    if (number >> bit & 1)
      for (unsigned d = 0; d != rank; ++d)
        position[d] ^= vectors[bit][d];
  return position;
}

} // namespace tilewright::detail

#endif // TILEWRIGHT_LIB_LAYOUT_LAYOUTDETAIL_H
