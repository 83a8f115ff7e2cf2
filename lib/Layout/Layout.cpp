// Layout.cpp - layouts as values: construction, positions, places.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Layout/Layout.h"

#include "LayoutDetail.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;

namespace tilewright {

using detail::Packing;
using detail::Repeats;

//===----------------------------------------------------------------------===//
// Construction
//===----------------------------------------------------------------------===//

bool detail::orderRepeats(Repeats &repeats,
                          ArrayRef<SmallVector<unsigned, 4>> dimOrder) {
  Repeats ordered;
  SmallVector<bool, 8> done(repeats.size(), false);
  auto isFirstOfDim = [&](unsigned index) {
    if (repeats[index].dim < 0)
      return true;
    for (unsigned other : dimOrder[repeats[index].dim])
      if (!done[other])
        return other == index;
    return true;
  };
  auto takeFirst = [&](LayoutUnit unit) {
    for (unsigned i = 0; i != repeats.size(); ++i) {
      if (done[i] || repeats[i].unit != unit)
        continue;
      if (!isFirstOfDim(i))
        return false;
      done[i] = true;
      ordered.push_back(repeats[i]);
      return true;
    }
    return false;
  };
  while (ordered.size() != repeats.size())
    if (!takeFirst(LayoutUnit::Register) && !takeFirst(LayoutUnit::Wave))
      return false;
  repeats = std::move(ordered);
  return true;
}

namespace {

/// Merges repeats that are one longer digit: next to each other among those of
/// their unit and among those of their dimension.
bool mergeRepeats(Repeats &repeats) {
  for (unsigned i = 0; i != repeats.size(); ++i) {
    for (unsigned j = i + 1; j != repeats.size(); ++j) {
      bool sameUnit = repeats[i].unit == repeats[j].unit;
      bool sameDim = repeats[i].dim == repeats[j].dim;
      if (sameUnit && sameDim) {
        repeats[i].count *= repeats[j].count;
        repeats.erase(repeats.begin() + j);
        return true;
      }
      if (sameUnit || (sameDim && repeats[i].dim >= 0))
        break;
    }
  }
  return false;
}

/// Finds a repeat with a factor of two that comes first in its unit and its
/// dimension: it says the same as more bits of the linear part.
std::optional<unsigned> findEvenRepeat(const Repeats &repeats) {
  for (unsigned i = 0; i != repeats.size(); ++i) {
    if (repeats[i].count % 2 != 0)
      continue;
    bool isFirst = true;
    for (unsigned j = 0; j != i; ++j)
      isFirst &= repeats[j].unit != repeats[i].unit &&
                 (repeats[j].dim != repeats[i].dim || repeats[i].dim < 0);
    if (isFirst)
      return i;
  }
  return std::nullopt;
}

bool fail(std::string *error, const Twine &message) {
  if (error)
    *error = message.str();
  return false;
}

bool checkVectors(unsigned rank, ArrayRef<Coords> vectors, StringRef name,
                  int64_t limit, std::string *error) {
  if (vectors.size() > Log2_64(limit))
    return fail(error, "expected at most " + Twine(Log2_64(limit)) +
                           " vectors in '" + name + "', but got " +
                           Twine(vectors.size()));
  for (const Coords &vector : vectors) {
    if (vector.size() != rank)
      return fail(error, "expected vectors of " + Twine(rank) +
                             " coordinates in '" + name + "', but got " +
                             Twine(vector.size()));
    for (int64_t coordinate : vector)
      if (coordinate < 0 || coordinate >= Layout::maxPositions)
        return fail(error, "expected coordinates in [0, 2^40) in '" + name +
                               "', but got " + Twine(coordinate));
  }
  return true;
}

/// Multiplies `product` by `factor`, unless that exceeds `limit`.
bool multiply(int64_t &product, int64_t factor, int64_t limit) {
  if (factor > limit / product)
    return false;
  product *= factor;
  return true;
}

bool checkRepeats(unsigned rank, ArrayRef<LayoutRepeat> repeats,
                  int64_t numRegisters, int64_t numLanes, int64_t numWaves,
                  int64_t positions, std::string *error) {
  for (const LayoutRepeat &repeat : repeats) {
    if (repeat.unit == LayoutUnit::Lane)
      return fail(error, "expected a repeat over 'reg' or 'wave', but got "
                         "'lane'");
    if (repeat.dim < -1 || repeat.dim >= int64_t(rank))
      return fail(error, "expected a repeat along a dimension below " +
                             Twine(rank) + ", but got " + Twine(repeat.dim));
    if (repeat.count < 1)
      return fail(error, "expected a repeat of at least 1, but got " +
                             Twine(repeat.count));
    bool isWave = repeat.unit == LayoutUnit::Wave;
    int64_t limit = isWave ? Layout::maxWaves : Layout::maxRegisters;
    if (!multiply(isWave ? numWaves : numRegisters, repeat.count, limit))
      return fail(error, "expected at most " + Twine(limit) +
                             (isWave ? " waves" : " registers") +
                             ", but the repeats need more");
    if (repeat.dim >= 0 &&
        !multiply(positions, repeat.count, Layout::maxPositions))
      return fail(error, "expected at most 2^40 positions, but the repeats "
                         "need more");
  }
  int64_t places = numRegisters;
  if (!multiply(places, numLanes, Layout::maxPlaces) ||
      !multiply(places, numWaves, Layout::maxPlaces))
    return fail(error, "expected at most 2^24 places, but got " +
                           Twine(numRegisters) + " registers in " +
                           Twine(numLanes) + " lanes of " + Twine(numWaves) +
                           " waves");
  return true;
}

} // namespace

std::optional<Layout> Layout::get(unsigned rank, ArrayRef<Coords> reg,
                                  ArrayRef<Coords> lane, ArrayRef<Coords> wave,
                                  ArrayRef<LayoutRepeat> repeats,
                                  std::string *error) {
  if (rank > maxRank) {
    fail(error, "expected at most " + Twine(maxRank) + " dimensions, but got " +
                    Twine(rank));
    return std::nullopt;
  }
  if (!checkVectors(rank, reg, "reg", maxRegisters, error) ||
      !checkVectors(rank, lane, "lane", maxLanes, error) ||
      !checkVectors(rank, wave, "wave", maxWaves, error))
    return std::nullopt;

  Coords extents(rank, 0);
  for (ArrayRef<Coords> vectors : {reg, lane, wave})
    for (const Coords &vector : vectors)
      for (unsigned d = 0; d != rank; ++d)
        extents[d] |= vector[d];
  int64_t positions = 1;
  for (int64_t &extent : extents) {
    extent = detail::ceilPowerOfTwo(extent + 1);
    if (!multiply(positions, extent, maxPositions)) {
      fail(error, "expected at most 2^40 positions, but the vectors need more");
      return std::nullopt;
    }
  }

  Packing packing(extents);
  BitSpan span;
  for (ArrayRef<Coords> vectors : {reg, lane, wave})
    for (const Coords &vector : vectors)
      span.add(packing.pack(vector), 0);
  if (span.getDimension() != packing.getBits()) {
    fail(error, "the vectors reach 2^" + Twine(span.getDimension()) +
                    " of the 2^" + Twine(packing.getBits()) +
                    " positions that they span; each position needs a place");
    return std::nullopt;
  }
  if (!checkRepeats(rank, repeats, int64_t(1) << reg.size(),
                    int64_t(1) << lane.size(), int64_t(1) << wave.size(),
                    positions, error))
    return std::nullopt;

  Layout layout;
  layout.rank = rank;
  layout.reg.assign(reg.begin(), reg.end());
  layout.lane.assign(lane.begin(), lane.end());
  layout.wave.assign(wave.begin(), wave.end());
  layout.repeats.assign(repeats.begin(), repeats.end());
  layout.linearShape = extents;
  layout.normalize();
  return layout;
}

Layout detail::makeLayout(unsigned rank, ArrayRef<Coords> reg,
                          ArrayRef<Coords> lane, ArrayRef<Coords> wave,
                          ArrayRef<LayoutRepeat> repeats) {
  std::optional<Layout> layout = Layout::get(rank, reg, lane, wave, repeats);
  assert(layout && "the parts do not make a layout");
  return layout ? std::move(*layout) : Layout();
}

void Layout::normalize() {
  llvm::erase_if(repeats, [](const LayoutRepeat &r) { return r.count == 1; });
  SmallVector<SmallVector<unsigned, 4>> dimOrder(rank);
  for (auto [i, repeat] : llvm::enumerate(repeats))
    if (repeat.dim >= 0)
      dimOrder[repeat.dim].push_back(i);
  bool isOrdered = detail::orderRepeats(repeats, dimOrder);
  assert(isOrdered && "the order of a list is always an order");
  (void)isOrdered;

  for (bool changed = true; changed;) {
    changed = mergeRepeats(repeats);
    std::optional<unsigned> even = findEvenRepeat(repeats);
    if (!even)
      continue;
    LayoutRepeat &repeat = repeats[*even];
    auto &vectors = repeat.unit == LayoutUnit::Register ? reg : wave;
    for (; repeat.count % 2 == 0; repeat.count /= 2) {
      Coords vector(rank, 0);
      if (repeat.dim >= 0) {
        vector[repeat.dim] = linearShape[repeat.dim];
        linearShape[repeat.dim] *= 2;
      }
      vectors.push_back(vector);
    }
    if (repeat.count == 1)
      repeats.erase(repeats.begin() + *even);
    changed = true;
  }

  numRegisters = int64_t(1) << reg.size();
  numWaves = int64_t(1) << wave.size();
  for (const LayoutRepeat &repeat : repeats)
    (repeat.unit == LayoutUnit::Register ? numRegisters : numWaves) *=
        repeat.count;
  computeInverse();
}

void Layout::computeInverse() {
  Packing packing(linearShape);
  BitSpan span;
  uint64_t input = 1;
  for (LayoutUnit unit :
       {LayoutUnit::Register, LayoutUnit::Lane, LayoutUnit::Wave}) {
    freeBits[size_t(unit)] = 0;
    for (auto [bit, vector] : llvm::enumerate(getVectors(unit))) {
      if (!span.add(packing.pack(vector), input))
        freeBits[size_t(unit)] |= int64_t(1) << bit;
      input <<= 1;
    }
  }
  inverse.clear();
  for (unsigned bit = 0; bit != packing.getBits(); ++bit)
    inverse.push_back(span.solve(uint64_t(1) << bit).value_or(0));
}

bool Layout::operator==(const Layout &other) const {
  return rank == other.rank && reg == other.reg && lane == other.lane &&
         wave == other.wave && repeats == other.repeats;
}

hash_code hash_value(const Layout &layout) {
  hash_code hash = hash_combine(layout.rank, layout.reg.size(),
                                layout.lane.size(), layout.wave.size());
  for (const auto *vectors : {&layout.reg, &layout.lane, &layout.wave})
    for (const Coords &vector : *vectors)
      hash = hash_combine(hash, hash_combine_range(vector));
  for (const LayoutRepeat &repeat : layout.repeats)
    hash = hash_combine(hash, int(repeat.unit), repeat.count, repeat.dim);
  return hash;
}

//===----------------------------------------------------------------------===//
// Positions and places
//===----------------------------------------------------------------------===//

Coords Layout::getShape() const {
  Coords shape = linearShape;
  for (const LayoutRepeat &repeat : repeats)
    if (repeat.dim >= 0)
      shape[repeat.dim] *= repeat.count;
  return shape;
}

ArrayRef<Coords> Layout::getVectors(LayoutUnit unit) const {
  switch (unit) {
  case LayoutUnit::Register:
    return reg;
  case LayoutUnit::Lane:
    return lane;
  case LayoutUnit::Wave:
    return wave;
  }
  return {};
}

Coords Layout::apply(int64_t regNumber, int64_t laneNumber,
                     int64_t waveNumber) const {
  assert(regNumber >= 0 && regNumber < numRegisters && "no such register");
  assert(laneNumber >= 0 && laneNumber < getNumLanes() && "no such lane");
  assert(waveNumber >= 0 && waveNumber < numWaves && "no such wave");
  Coords position(rank, 0);
  auto addBits = [&](ArrayRef<Coords> vectors, int64_t number) {
    Coords part = detail::applyBits(rank, vectors, number);
    for (unsigned d = 0; d != rank; ++d)
      position[d] ^= part[d];
  };
  addBits(reg, regNumber);
  addBits(lane, laneNumber);
  addBits(wave, waveNumber);

  int64_t regDigits = regNumber >> reg.size();
  int64_t waveDigits = waveNumber >> wave.size();
  Coords extents = linearShape;
  for (const LayoutRepeat &repeat : repeats) {
    int64_t &digits =
        repeat.unit == LayoutUnit::Register ? regDigits : waveDigits;
    int64_t digit = digits % repeat.count;
    digits /= repeat.count;
    if (repeat.dim < 0)
      continue;
    position[repeat.dim] += digit * extents[repeat.dim];
    extents[repeat.dim] *= repeat.count;
  }
  return position;
}

Place Layout::locate(ArrayRef<int64_t> position) const {
  assert(position.size() == rank && "wrong number of coordinates");
  Coords linear(rank), rest(rank);
  for (unsigned d = 0; d != rank; ++d) {
    assert(position[d] >= 0 && "position outside of the padded shape");
    linear[d] = position[d] % linearShape[d];
    rest[d] = position[d] / linearShape[d];
  }

  uint64_t packed = Packing(linearShape).pack(linear), bits = 0;
  for (; packed != 0; packed &= packed - 1)
    bits ^= inverse[llvm::countr_zero(packed)];
  auto takeBits = [&](unsigned count) {
    int64_t number = bits & maskTrailingOnes<uint64_t>(count);
    bits >>= count;
    return number;
  };
  Place place;
  place.reg = takeBits(reg.size());
  place.lane = takeBits(lane.size());
  place.wave = takeBits(wave.size());

  int64_t regStep = int64_t(1) << reg.size();
  int64_t waveStep = int64_t(1) << wave.size();
  for (const LayoutRepeat &repeat : repeats) {
    bool isReg = repeat.unit == LayoutUnit::Register;
    int64_t digit = 0;
    if (repeat.dim >= 0) {
      digit = rest[repeat.dim] % repeat.count;
      rest[repeat.dim] /= repeat.count;
    }
    (isReg ? place.reg : place.wave) += digit * (isReg ? regStep : waveStep);
    (isReg ? regStep : waveStep) *= repeat.count;
  }
  assert(llvm::all_of(rest, [](int64_t r) { return r == 0; }) &&
         "position outside of the padded shape");
  return place;
}

int64_t Layout::getFreeBits(LayoutUnit unit) const {
  return freeBits[size_t(unit)];
}

bool Layout::isOwner(int64_t regNumber, int64_t laneNumber,
                     int64_t waveNumber) const {
  if ((regNumber & getFreeBits(LayoutUnit::Register)) ||
      (laneNumber & getFreeBits(LayoutUnit::Lane)) ||
      (waveNumber & getFreeBits(LayoutUnit::Wave)))
    return false;
  int64_t regDigits = regNumber >> reg.size();
  int64_t waveDigits = waveNumber >> wave.size();
  for (const LayoutRepeat &repeat : repeats) {
    int64_t &digits =
        repeat.unit == LayoutUnit::Register ? regDigits : waveDigits;
    if (repeat.dim < 0 && digits % repeat.count != 0)
      return false;
    digits /= repeat.count;
  }
  return true;
}

bool Layout::isReplicated() const {
  return getFreeBits(LayoutUnit::Register) || getFreeBits(LayoutUnit::Lane) ||
         getFreeBits(LayoutUnit::Wave) ||
         llvm::any_of(repeats, [](const LayoutRepeat &r) { return r.dim < 0; });
}

bool Layout::isLaneUniform() const {
  auto isZero = [](const Coords &vector) {
    return llvm::all_of(vector, [](int64_t c) { return c == 0; });
  };
  return llvm::all_of(lane, isZero) && llvm::all_of(wave, isZero) &&
         llvm::none_of(repeats, [](const LayoutRepeat &r) {
           return r.unit == LayoutUnit::Wave && r.dim >= 0;
         });
}

bool Layout::covers(ArrayRef<int64_t> shape) const {
  if (shape.size() != rank)
    return false;
  Coords padded = getShape();
  for (unsigned d = 0; d != rank; ++d)
    if (padded[d] < shape[d])
      return false;
  return true;
}

int64_t Layout::getVectorWidth(unsigned dim, ArrayRef<int64_t> shape) const {
  assert(dim < rank && "no such dimension");
  int64_t width = 1;
  for (const Coords &vector : reg) {
    Coords step(rank, 0);
    step[dim] = width;
    if (vector != step)
      break;
    width *= 2;
  }
  // The other bits must not reach into the vector.
  auto limit = [&](ArrayRef<Coords> vectors) {
    for (const Coords &vector : vectors)
      while (vector[dim] % width != 0)
        width /= 2;
  };
  limit(ArrayRef<Coords>(reg).drop_front(Log2_64(width)));
  limit(lane);
  limit(wave);
  if (!shape.empty())
    while (shape[dim] % width != 0)
      width /= 2;
  return width;
}

} // namespace tilewright
