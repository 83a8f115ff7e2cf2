// LayoutBuilders.cpp - layouts for memory access and for operands of an mma.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayoutDetail.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace tilewright {

using detail::ceilPowerOfTwo;
using detail::makeLayout;
using detail::Repeats;
using detail::Vectors;

namespace {

/// Gives out bits of the lane and wave number along the dimensions of a tile.
class BlockedBuilder {
public:
  BlockedBuilder(ArrayRef<int64_t> shape, ArrayRef<unsigned> order)
      : shape(shape), order(order), extents(shape.size(), 1) {}

  /// Appends vectors along `dim` that double its extent up to `extent`.
  void grow(Vectors &vectors, unsigned dim, int64_t extent) {
    for (; extents[dim] < extent; extents[dim] *= 2) {
      Coords vector(shape.size(), 0);
      vector[dim] = extents[dim];
      vectors.push_back(vector);
    }
  }

  /// Deals `count` lanes or waves out, dimension by dimension; those that the
  /// shape has no work for are replicas.
  Vectors distribute(int64_t count) {
    Vectors vectors;
    for (unsigned dim : order) {
      int64_t share = std::min(count, chooseShare(getCopies(dim)));
      grow(vectors, dim, extents[dim] * share);
      count /= share;
    }
    for (; count > 1; count /= 2)
      vectors.push_back(Coords(shape.size(), 0));
    return vectors;
  }

  /// Copies of the extent so far that it takes to cover the dimension.
  int64_t getCopies(unsigned dim) const {
    return divideCeil(shape[dim], extents[dim]);
  }

private:
  /// How many lanes or waves share `copies` equal pieces: as many as divide
  /// them, if that is 4 or more, since it needs no padding; else all, padded.
  static int64_t chooseShare(int64_t copies) {
    int64_t even = copies & -copies;
    return even >= 4 ? even : ceilPowerOfTwo(copies);
  }

  ArrayRef<int64_t> shape;
  ArrayRef<unsigned> order;
  Coords extents;
};

/// The next digit of the wave number; normalisation makes bits of it where it
/// can.
void addWaves(int64_t count, int dim, Repeats &repeats) {
  repeats.push_back({LayoutUnit::Wave, count, dim});
}

} // namespace

Layout Layout::blocked(ArrayRef<int64_t> shape, ArrayRef<unsigned> order,
                       int64_t vectorElems, int64_t waveSize, int64_t waves) {
  assert(shape.size() == order.size() && "the order names each dimension");
  assert(isPowerOf2_64(vectorElems) && isPowerOf2_64(waveSize) &&
         "expected powers of two");
  BlockedBuilder builder(shape, order);
  Vectors reg;
  if (!order.empty())
    builder.grow(reg, order[0],
                 std::min(vectorElems, ceilPowerOfTwo(shape[order[0]])));
  Vectors lane = builder.distribute(waveSize);
  // Waves in a number that is no power of two: the odd part are replicas.
  int64_t evenWaves = waves & -waves;
  Vectors wave = builder.distribute(evenWaves);
  Repeats repeats;
  if (waves != evenWaves)
    addWaves(waves / evenWaves, -1, repeats);
  for (unsigned dim : order)
    repeats.push_back({LayoutUnit::Register, builder.getCopies(dim), int(dim)});
  return makeLayout(shape.size(), reg, lane, wave, repeats);
}

Layout Layout::extendAtom(const Layout &atom, ArrayRef<int64_t> shape,
                          ArrayRef<WaveDigit> waves) {
  assert(shape.size() >= atom.getRank() && "the tile has the atom's rank");
  Layout base = atom;
  while (base.getRank() < shape.size())
    base = base.expandDims(0);
  unsigned rank = shape.size();
  Coords copies(rank);
  Coords padded = base.getShape();
  for (unsigned d = 0; d != rank; ++d)
    copies[d] = divideCeil(shape[d], padded[d]);

  Repeats repeats(base.getRepeats());
  for (const WaveDigit &digit : waves) {
    int64_t working = 1;
    if (digit.dim >= 0) {
      // Of a power of two, only as many waves as find work; any other number
      // is taken whole, since its digit cannot be split.
      working = digit.count;
      while (working % 2 == 0 && working / 2 >= copies[digit.dim])
        working /= 2;
      if (copies[digit.dim] == 1)
        working = 1;
      addWaves(working, digit.dim, repeats);
      copies[digit.dim] = divideCeil(copies[digit.dim], working);
    }
    if (working != digit.count)
      addWaves(digit.count / working, -1, repeats);
  }
  for (unsigned d = rank; d-- != 0;)
    repeats.push_back({LayoutUnit::Register, copies[d], int(d)});
  return makeLayout(rank, base.getVectors(LayoutUnit::Register),
                    base.getVectors(LayoutUnit::Lane),
                    base.getVectors(LayoutUnit::Wave), repeats);
}

} // namespace tilewright
