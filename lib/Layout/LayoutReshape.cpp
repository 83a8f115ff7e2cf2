// LayoutReshape.cpp - layouts of tiles that are read as another shape.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayoutDetail.h"
#include "llvm/ADT/STLExtras.h"
#include <numeric>

using namespace llvm;

namespace tilewright {

using detail::Repeats;
using detail::Vectors;

namespace {

/// One bit of the linear part of a source dimension.
struct SourceBit {
  unsigned dim, bit;
};

/// A repeat of the source or, after a split, a factor of one.
struct RepeatPiece {
  unsigned source;
  int64_t count;
};

/// Finds for each target dimension which bits and repeats of the source make
/// it up. Dimensions of size 1 are set aside first; the others fall into
/// groups with equal products of sizes, and in each group the digits of the
/// row-major index are dealt out again, the fastest first.
class ReshapePlan {
public:
  ReshapePlan(const Layout &layout, ArrayRef<int64_t> from,
              ArrayRef<int64_t> to)
      : layout(layout), from(from), to(to), bits(to.size()), pieces(to.size()) {
  }

  bool plan();
  std::optional<Layout> build() const;

private:
  bool planGroup(ArrayRef<unsigned> source, ArrayRef<unsigned> target);
  bool collectDigits(ArrayRef<unsigned> source);
  bool takeSize(unsigned target, int64_t size);
  bool placeUnitDims();

  const Layout &layout;
  ArrayRef<int64_t> from, to;
  // Per target dimension, from the fastest.
  SmallVector<SmallVector<SourceBit, 8>, 4> bits;
  SmallVector<SmallVector<RepeatPiece, 4>, 4> pieces;
  // Digits of the group at hand that no target dimension has yet.
  SmallVector<SourceBit, 16> freeBits;
  SmallVector<RepeatPiece, 4> freePieces;
};

bool ReshapePlan::plan() {
  SmallVector<unsigned, 4> source, target;
  for (unsigned d = 0; d != from.size(); ++d)
    if (from[d] != 1)
      source.push_back(d);
  for (unsigned d = 0; d != to.size(); ++d)
    if (to[d] != 1)
      target.push_back(d);

  unsigned s = 0, t = 0;
  while (s != source.size() && t != target.size()) {
    unsigned firstS = s, firstT = t;
    int64_t sourceSize = from[source[s++]], targetSize = to[target[t++]];
    while (sourceSize != targetSize) {
      if (sourceSize < targetSize) {
        if (s == source.size())
          return false;
        sourceSize *= from[source[s++]];
      } else {
        if (t == target.size())
          return false;
        targetSize *= to[target[t++]];
      }
    }
    if (!planGroup(ArrayRef(source).slice(firstS, s - firstS),
                   ArrayRef(target).slice(firstT, t - firstT)))
      return false;
  }
  return s == source.size() && t == target.size() && placeUnitDims();
}

bool ReshapePlan::collectDigits(ArrayRef<unsigned> source) {
  Coords padded = layout.getShape();
  for (unsigned dim : llvm::reverse(source)) {
    // Padding may only lie beyond the slowest dimension.
    if (dim != source.front() && padded[dim] != from[dim])
      return false;
    unsigned numBits = Log2_64(layout.getLinearShape()[dim]);
    // The linear part cannot continue above a repeat.
    if (numBits != 0 && !freePieces.empty())
      return false;
    for (unsigned bit = 0; bit != numBits; ++bit)
      freeBits.push_back({dim, bit});
    for (auto [i, repeat] : llvm::enumerate(layout.getRepeats()))
      if (repeat.dim == int(dim))
        freePieces.push_back({unsigned(i), repeat.count});
  }
  return true;
}

bool ReshapePlan::takeSize(unsigned target, int64_t size) {
  while (size > 1 && !freeBits.empty()) {
    if (size % 2 != 0)
      return false;
    bits[target].push_back(freeBits.front());
    freeBits.erase(freeBits.begin());
    size /= 2;
  }
  while (size > 1) {
    if (freePieces.empty())
      return false;
    RepeatPiece &piece = freePieces.front();
    int64_t factor = std::gcd(size, piece.count);
    // A digit splits with its factors in order: all of it, or a low part that
    // completes the dimension.
    if (factor != piece.count && factor != size)
      return false;
    pieces[target].push_back({piece.source, factor});
    size /= factor;
    piece.count /= factor;
    if (piece.count == 1)
      freePieces.erase(freePieces.begin());
  }
  return true;
}

bool ReshapePlan::planGroup(ArrayRef<unsigned> source,
                            ArrayRef<unsigned> target) {
  freeBits.clear();
  freePieces.clear();
  if (!collectDigits(source))
    return false;
  for (unsigned dim : llvm::reverse(target.drop_front()))
    if (!takeSize(dim, to[dim]))
      return false;
  // The slowest dimension takes what is left, padding included.
  bits[target.front()].append(freeBits.begin(), freeBits.end());
  pieces[target.front()].append(freePieces.begin(), freePieces.end());
  return true;
}

bool ReshapePlan::placeUnitDims() {
  // A dimension of size 1 may be padded: those positions hold nothing, and
  // must still do so afterwards. They go beyond the size of some dimension.
  SmallVector<SourceBit, 8> dead;
  for (unsigned d = 0; d != from.size(); ++d) {
    if (from[d] != 1)
      continue;
    for (const LayoutRepeat &repeat : layout.getRepeats())
      if (repeat.dim == int(d))
        return false;
    for (unsigned bit = 0; bit != Log2_64(layout.getLinearShape()[d]); ++bit)
      dead.push_back({d, bit});
  }
  if (dead.empty())
    return true;
  auto accepts = [&](bool onlyUnit) -> std::optional<unsigned> {
    for (unsigned d = 0; d != to.size(); ++d)
      if (pieces[d].empty() && (!onlyUnit || to[d] == 1))
        return d;
    return std::nullopt;
  };
  std::optional<unsigned> dim = accepts(/*onlyUnit=*/true);
  if (!dim)
    dim = accepts(/*onlyUnit=*/false);
  if (!dim)
    return false;
  bits[*dim].append(dead.begin(), dead.end());
  return true;
}

std::optional<Layout> ReshapePlan::build() const {
  auto mapVectors = [&](LayoutUnit unit) {
    Vectors result;
    for (const Coords &vector : layout.getVectors(unit)) {
      Coords mapped(to.size(), 0);
      for (unsigned d = 0; d != to.size(); ++d)
        for (auto [bit, source] : llvm::enumerate(bits[d]))
          if (vector[source.dim] >> source.bit & 1)
            mapped[d] |= int64_t(1) << bit;
      result.push_back(mapped);
    }
    return result;
  };

  // Repeats in their old order, each replaced by its pieces; then in an order
  // that is right for the new dimensions too.
  Repeats repeats;
  SmallVector<SmallVector<unsigned, 4>> dimOrder(to.size());
  SmallVector<std::pair<unsigned, unsigned>, 8> origin; // (dim, piece)
  for (auto [i, repeat] : llvm::enumerate(layout.getRepeats())) {
    if (repeat.dim < 0) {
      repeats.push_back(repeat);
      origin.push_back({0, ~0u});
      continue;
    }
    // Pieces of one repeat: those of faster target dimensions come first.
    for (unsigned d = to.size(); d-- != 0;)
      for (auto [p, piece] : llvm::enumerate(pieces[d]))
        if (piece.source == i) {
          repeats.push_back({repeat.unit, piece.count, int(d)});
          origin.push_back({d, unsigned(p)});
        }
  }
  for (unsigned d = 0; d != to.size(); ++d)
    for (unsigned p = 0; p != pieces[d].size(); ++p)
      for (unsigned i = 0; i != repeats.size(); ++i)
        if (origin[i] == std::pair(d, p))
          dimOrder[d].push_back(i);
  if (!detail::orderRepeats(repeats, dimOrder))
    return std::nullopt;
  return Layout::get(to.size(), mapVectors(LayoutUnit::Register),
                     mapVectors(LayoutUnit::Lane), mapVectors(LayoutUnit::Wave),
                     repeats);
}

} // namespace

std::optional<Layout> Layout::reshape(ArrayRef<int64_t> from,
                                      ArrayRef<int64_t> to) const {
  if (!covers(from) || to.size() > maxRank)
    return std::nullopt;
  ReshapePlan plan(*this, from, to);
  if (!plan.plan())
    return std::nullopt;
  return plan.build();
}

} // namespace tilewright
