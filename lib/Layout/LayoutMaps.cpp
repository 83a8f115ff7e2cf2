// LayoutMaps.cpp - layouts from layouts: transpose, slice, compose.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayoutDetail.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace tilewright {

using detail::makeLayout;
using detail::Packing;
using detail::Repeats;
using detail::Vectors;

namespace {

/// Applies `fn` to every vector of one part.
template <typename Fn> Vectors mapVectors(ArrayRef<Coords> vectors, Fn fn) {
  Vectors result;
  for (const Coords &vector : vectors)
    result.push_back(fn(vector));
  return result;
}

/// The layout with another vector for each vector, and another dimension for
/// each repeat.
template <typename VectorFn, typename DimFn>
Layout mapLayout(const Layout &layout, unsigned rank, VectorFn mapVector,
                 DimFn mapDimension) {
  Repeats repeats(layout.getRepeats());
  for (LayoutRepeat &repeat : repeats)
    if (repeat.dim >= 0)
      repeat.dim = mapDimension(repeat.dim);
  return makeLayout(
      rank, mapVectors(layout.getVectors(LayoutUnit::Register), mapVector),
      mapVectors(layout.getVectors(LayoutUnit::Lane), mapVector),
      mapVectors(layout.getVectors(LayoutUnit::Wave), mapVector), repeats);
}

} // namespace

//===----------------------------------------------------------------------===//
// Maps of positions
//===----------------------------------------------------------------------===//

Layout Layout::transpose(ArrayRef<unsigned> perm) const {
  assert(perm.size() == rank && "wrong length of the permutation");
  SmallVector<int, 4> newDim(rank, 0);
  for (auto [i, source] : llvm::enumerate(perm))
    newDim[source] = int(i);
  return mapLayout(
      *this, rank,
      [&](const Coords &vector) {
        Coords result;
        for (unsigned source : perm)
          result.push_back(vector[source]);
        return result;
      },
      [&](int dim) { return newDim[dim]; });
}

Layout Layout::dropDim(unsigned dim) const {
  assert(dim < rank && "no such dimension");
  return mapLayout(
      *this, rank - 1,
      [&](Coords vector) {
        vector.erase(vector.begin() + dim);
        return vector;
      },
      [&](int d) { return d == int(dim)  ? -1
                          : d > int(dim) ? d - 1
                                         : d; });
}

Layout Layout::collapseDim(unsigned dim) const {
  assert(dim < rank && "no such dimension");
  return mapLayout(
      *this, rank,
      [&](Coords vector) {
        vector[dim] = 0;
        return vector;
      },
      [&](int d) { return d == int(dim) ? -1 : d; });
}

Layout Layout::expandDims(unsigned dim) const {
  assert(dim <= rank && rank < maxRank && "no such dimension");
  return mapLayout(
      *this, rank + 1,
      [&](Coords vector) {
        vector.insert(vector.begin() + dim, 0);
        return vector;
      },
      [&](int d) { return d >= int(dim) ? d + 1 : d; });
}

Layout Layout::broadcastDim(unsigned dim, int64_t size) const {
  assert(dim < rank && getShape()[dim] == 1 && "the dimension has an extent");
  Repeats more(repeats);
  more.push_back({LayoutUnit::Register, size, int(dim)});
  return makeLayout(rank, reg, lane, wave, more);
}

std::optional<Layout> Layout::mapDim(unsigned dim,
                                     ArrayRef<int64_t> images) const {
  assert(dim < rank && "no such dimension");
  if (images.size() != Log2_64(linearShape[dim]))
    return std::nullopt;
  BitSpan span;
  for (int64_t image : images)
    if (image < 0 || image >= linearShape[dim] || !span.add(image, 0))
      return std::nullopt;
  return mapLayout(
      *this, rank,
      [&](Coords vector) {
        int64_t mapped = 0;
        for (auto [bit, image] : llvm::enumerate(images))
          if (vector[dim] >> bit & 1)
            mapped ^= image;
        vector[dim] = mapped;
        return vector;
      },
      [](int d) { return d; });
}

//===----------------------------------------------------------------------===//
// Fewer registers
//===----------------------------------------------------------------------===//

Layout Layout::withoutFreeRegisters(SmallVectorImpl<int64_t> *kept) const {
  Packing packing(linearShape);
  BitSpan span;
  SmallVector<int64_t> numbers = {0};
  auto addDigit = [&](int64_t count, int64_t step) {
    size_t previous = numbers.size();
    for (int64_t digit = 1; digit < count; ++digit)
      for (size_t i = 0; i != previous; ++i)
        numbers.push_back(numbers[i] + digit * step);
  };
  Vectors vectors;
  for (auto [bit, vector] : llvm::enumerate(reg)) {
    if (!span.add(packing.pack(vector), 0))
      continue;
    vectors.push_back(vector);
    addDigit(2, int64_t(1) << bit);
  }
  Repeats remaining;
  int64_t step = int64_t(1) << reg.size();
  for (const LayoutRepeat &repeat : repeats) {
    bool isReg = repeat.unit == LayoutUnit::Register;
    if (isReg && repeat.dim >= 0)
      addDigit(repeat.count, step);
    if (isReg)
      step *= repeat.count;
    if (!isReg || repeat.dim >= 0)
      remaining.push_back(repeat);
  }
  if (kept)
    kept->assign(numbers.begin(), numbers.end());
  return makeLayout(rank, vectors, lane, wave, remaining);
}

namespace {

/// What extract_slice keeps of one dimension.
struct SlicePlan {
  /// Coordinates stay below this power of two ...
  int64_t linearExtent = 1;
  /// ... after the higher bits of the linear part equal those of this.
  int64_t linearOffset = 0;
  /// Where the repeats start and how many of them are kept, in copies.
  int64_t firstCopy = 0, numCopies = 1;
};

std::optional<SlicePlan> planSlice(int64_t offset, int64_t size, int64_t extent,
                                   int64_t copies) {
  SlicePlan plan;
  plan.firstCopy = offset / extent;
  if (offset + size > extent * copies)
    return std::nullopt;
  int64_t box = detail::ceilPowerOfTwo(size);
  if (box <= extent) {
    if (offset % box != 0)
      return std::nullopt;
    plan.linearExtent = box;
    plan.linearOffset = offset % extent;
    return plan;
  }
  if (offset % extent != 0)
    return std::nullopt;
  plan.linearExtent = extent;
  plan.numCopies = llvm::divideCeil(size, extent);
  return plan;
}

} // namespace

std::optional<Layout>
Layout::extractSlice(ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes,
                     SmallVectorImpl<int64_t> *kept) const {
  assert(offsets.size() == rank && sizes.size() == rank && "wrong rank");
  Coords padded = getShape();
  Coords wanted(rank), low(rank);
  SmallVector<SlicePlan, 4> plans;
  for (unsigned d = 0; d != rank; ++d) {
    std::optional<SlicePlan> plan = planSlice(
        offsets[d], sizes[d], linearShape[d], padded[d] / linearShape[d]);
    if (!plan)
      return std::nullopt;
    plans.push_back(*plan);
    wanted[d] = plan->linearOffset;
    low[d] = plan->linearExtent - 1;
  }

  // Lanes and waves must not choose between inside and outside.
  auto staysLow = [&](const Coords &vector) {
    for (unsigned d = 0; d != rank; ++d)
      if (vector[d] & ~low[d])
        return false;
    return true;
  };
  if (!llvm::all_of(lane, staysLow) || !llvm::all_of(wave, staysLow))
    return std::nullopt;

  // Registers: those of the kernel of the high bits, shifted to the offset.
  Packing packing(linearShape);
  uint64_t lowMask = packing.pack(low);
  BitSpan all, high;
  SmallVector<int64_t, 8> kernel;
  for (auto [bit, vector] : llvm::enumerate(reg)) {
    uint64_t packed = packing.pack(vector), input = uint64_t(1) << bit;
    all.add(packed, input);
    if (std::optional<uint64_t> same = high.solve(packed & ~lowMask))
      kernel.push_back(int64_t(input ^ *same));
    else
      high.add(packed & ~lowMask, input);
  }
  std::optional<uint64_t> origin = all.solve(packing.pack(wanted));
  if (!origin)
    return std::nullopt;

  SmallVector<int64_t> numbers = {int64_t(*origin)};
  Vectors vectors;
  for (int64_t combination : kernel) {
    vectors.push_back(detail::applyBits(rank, reg, combination));
    for (size_t i = 0, e = numbers.size(); i != e; ++i)
      numbers.push_back(numbers[i] ^ combination);
  }

  // Repeats: one digit per dimension may be cut; others are kept whole.
  Repeats remaining;
  int64_t step = int64_t(1) << reg.size();
  SmallVector<int64_t, 4> copies(rank, 1);
  for (const LayoutRepeat &repeat : repeats) {
    LayoutRepeat result = repeat;
    int64_t first = 0;
    if (repeat.dim >= 0) {
      const SlicePlan &plan = plans[repeat.dim];
      int64_t available = padded[repeat.dim] / linearShape[repeat.dim];
      bool isWhole = plan.numCopies == available;
      bool isOnlyDigit = repeat.count == available;
      bool isOneCopy = plan.numCopies == 1;
      if (!isWhole && !isOnlyDigit && !isOneCopy)
        return std::nullopt;
      if (!isWhole) {
        if (repeat.unit == LayoutUnit::Wave)
          return std::nullopt;
        first = plan.firstCopy / copies[repeat.dim] % repeat.count;
        result.count = isOneCopy ? 1 : plan.numCopies;
      }
      copies[repeat.dim] *= repeat.count;
    }
    if (repeat.unit == LayoutUnit::Register) {
      size_t previous = numbers.size();
      for (size_t i = 0; i != previous; ++i)
        numbers[i] += first * step;
      for (int64_t digit = 1; digit < result.count; ++digit)
        for (size_t i = 0; i != previous; ++i)
          numbers.push_back(numbers[i] + digit * step);
      step *= repeat.count;
    }
    remaining.push_back(result);
  }
  if (kept)
    kept->assign(numbers.begin(), numbers.end());
  return makeLayout(rank, vectors, lane, wave, remaining);
}

//===----------------------------------------------------------------------===//
// Composition and product
//===----------------------------------------------------------------------===//

std::optional<Layout> Layout::compose(const Layout &outer,
                                      const Layout &inner) {
  if (!outer.lane.empty() || outer.numWaves != 1 || !outer.repeats.empty() ||
      inner.rank != 1 || !inner.repeats.empty() ||
      inner.linearShape[0] != outer.numRegisters)
    return std::nullopt;
  auto map = [&](const Coords &vector) {
    return detail::applyBits(outer.rank, outer.reg, vector[0]);
  };
  return makeLayout(outer.rank, mapVectors(inner.reg, map),
                    mapVectors(inner.lane, map), mapVectors(inner.wave, map),
                    {});
}

std::optional<Layout> Layout::product(const Layout &inner,
                                      const Layout &outer) {
  if (inner.rank != outer.rank)
    return std::nullopt;
  bool outerIsLinear =
      !outer.reg.empty() || !outer.lane.empty() || !outer.wave.empty();
  if (!inner.repeats.empty() && outerIsLinear)
    return std::nullopt;
  auto scale = [&](Coords vector) {
    for (unsigned d = 0; d != inner.rank; ++d)
      vector[d] *= inner.linearShape[d];
    return vector;
  };
  auto join = [&](const auto &low, ArrayRef<Coords> high) {
    Vectors vectors(low.begin(), low.end());
    llvm::append_range(vectors, mapVectors(high, scale));
    return vectors;
  };
  Repeats repeats(inner.repeats);
  llvm::append_range(repeats, outer.repeats);
  return Layout::get(inner.rank, join(inner.reg, outer.reg),
                     join(inner.lane, outer.lane), join(inner.wave, outer.wave),
                     repeats);
}

} // namespace tilewright
