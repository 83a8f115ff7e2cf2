// LayoutConversion.cpp - what it takes to get from one layout to another.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayoutDetail.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace tilewright {

using detail::Packing;

namespace {

/// A layout as tables of packed positions: the position of a place is
/// (reg ^ lane ^ wave) + regRepeat + waveRepeat.
struct PositionTables {
  PositionTables(const Layout &layout, const Packing &packing) {
    unsigned numRegBits = layout.getVectors(LayoutUnit::Register).size();
    unsigned numWaveBits = layout.getVectors(LayoutUnit::Wave).size();
    regMask = maskTrailingOnes<uint64_t>(numRegBits);
    waveMask = maskTrailingOnes<uint64_t>(numWaveBits);
    reg = tabulate(layout, LayoutUnit::Register, packing);
    lane = tabulate(layout, LayoutUnit::Lane, packing);
    wave = tabulate(layout, LayoutUnit::Wave, packing);
    for (int64_t r = 0; r < layout.getNumRegisters() >> numRegBits; ++r)
      regRepeat.push_back(packing.pack(layout.apply(r << numRegBits, 0, 0)));
    for (int64_t w = 0; w < layout.getNumWaves() >> numWaveBits; ++w)
      waveRepeat.push_back(packing.pack(layout.apply(0, 0, w << numWaveBits)));
    this->numRegBits = numRegBits;
    this->numWaveBits = numWaveBits;
  }

  uint64_t get(int64_t r, int64_t l, int64_t w) const {
    return (reg[r & regMask] ^ lane[l] ^ wave[w & waveMask]) +
           regRepeat[r >> numRegBits] + waveRepeat[w >> numWaveBits];
  }

  SmallVector<uint64_t, 0> reg, lane, wave, regRepeat, waveRepeat;

private:
  static SmallVector<uint64_t, 0>
  tabulate(const Layout &layout, LayoutUnit unit, const Packing &packing) {
    SmallVector<uint64_t, 0> table = {0};
    for (const Coords &vector : layout.getVectors(unit)) {
      uint64_t packed = packing.pack(vector);
      for (size_t i = 0, e = table.size(); i != e; ++i)
        table.push_back(table[i] ^ packed);
    }
    return table;
  }

  uint64_t regMask, waveMask;
  unsigned numRegBits, numWaveBits;
};

/// Looks for sources that are affine in the bits of the destination's place.
class ConversionSolver {
public:
  ConversionSolver(const Layout &from, const Layout &to,
                   ArrayRef<int64_t> shape)
      : from(from), to(to), shape(shape), packing(getJointShape(from, to)),
        source(from, packing), target(to, packing) {}

  LayoutConversion solve();

private:
  static Coords getJointShape(const Layout &a, const Layout &b) {
    Coords shape = a.getShape(), other = b.getShape();
    for (auto [extent, otherExtent] : llvm::zip(shape, other))
      extent = std::max(extent, otherExtent);
    return shape;
  }

  void addColumns();
  bool solveBits();
  bool solveRegisters();
  std::optional<ShuffleSource> solveLinear(uint64_t value) const;
  /// Checks every place; also marks unused registers.
  bool verify();
  ConversionKind classify() const;
  bool isInside(uint64_t packed) const;

  const Layout &from, &to;
  ArrayRef<int64_t> shape;
  Packing packing;
  PositionTables source, target;
  /// Spans of the source's linear part: registers first, and lanes first.
  BitSpan registersFirst, lanesFirst;
  /// Bits of packed positions that are set outside of the tensor only, and
  /// whether a bit that has them may do as it likes.
  uint64_t paddingBits = 0;
  bool ignorePadding = true;
  LayoutConversion result;
};

bool ConversionSolver::isInside(uint64_t packed) const {
  for (unsigned d = 0; d != shape.size(); ++d)
    if (packing.getCoordinate(packed, d) >= shape[d])
      return false;
  return true;
}

void ConversionSolver::addColumns() {
  unsigned numReg = from.getVectors(LayoutUnit::Register).size();
  auto add = [&](BitSpan &span, LayoutUnit unit) {
    unsigned shift = unit == LayoutUnit::Lane ? numReg : 0;
    for (auto [bit, vector] : llvm::enumerate(from.getVectors(unit)))
      span.add(packing.pack(vector), uint64_t(1) << (shift + bit));
  };
  add(registersFirst, LayoutUnit::Register);
  add(registersFirst, LayoutUnit::Lane);
  add(lanesFirst, LayoutUnit::Lane);
  add(lanesFirst, LayoutUnit::Register);

  Coords joint = getJointShape(from, to);
  for (unsigned d = 0; d != joint.size(); ++d)
    for (int64_t bit = detail::ceilPowerOfTwo(shape[d]); bit < joint[d];
         bit *= 2) {
      Coords vector(joint.size(), 0);
      vector[d] = bit;
      paddingBits |= packing.pack(vector);
    }
}

std::optional<ShuffleSource>
ConversionSolver::solveLinear(uint64_t value) const {
  std::optional<uint64_t> input = lanesFirst.solve(value);
  if (!input)
    return std::nullopt;
  unsigned numReg = from.getVectors(LayoutUnit::Register).size();
  ShuffleSource entry;
  entry.reg = int64_t(*input & maskTrailingOnes<uint64_t>(numReg));
  entry.lane = int64_t(*input >> numReg);
  return entry;
}

bool ConversionSolver::solveBits() {
  // What a bit adds at the destination, the same bit should add at the source;
  // the difference has to come from other lanes or registers. A bit that leads
  // out of the tensor needs nothing, unless others lead back in: verify()
  // finds that out.
  auto needsNothing = [&](uint64_t wanted, uint64_t difference) {
    return difference == 0 || (ignorePadding && (wanted & paddingBits) != 0);
  };
  for (unsigned bit = 0; bit != to.getVectors(LayoutUnit::Lane).size(); ++bit) {
    uint64_t wanted = target.lane[size_t(1) << bit];
    ShuffleSource entry;
    entry.lane = int64_t(1) << bit;
    if (!needsNothing(wanted, wanted ^ source.lane[size_t(1) << bit])) {
      std::optional<ShuffleSource> found = solveLinear(wanted);
      if (!found)
        return false;
      entry = *found;
    }
    result.laneBits.push_back(entry);
  }
  if (from.getVectors(LayoutUnit::Wave).size() !=
          to.getVectors(LayoutUnit::Wave).size() ||
      source.waveRepeat != target.waveRepeat)
    return false;
  for (unsigned bit = 0; bit != to.getVectors(LayoutUnit::Wave).size(); ++bit) {
    uint64_t wanted = target.wave[size_t(1) << bit];
    uint64_t difference = wanted ^ source.wave[size_t(1) << bit];
    ShuffleSource entry;
    if (!needsNothing(wanted, difference)) {
      std::optional<ShuffleSource> found = solveLinear(difference);
      if (!found)
        return false;
      entry = *found;
    }
    result.waveBits.push_back(entry);
  }
  return true;
}

bool ConversionSolver::solveRegisters() {
  Coords padded = from.getShape();
  unsigned numReg = from.getVectors(LayoutUnit::Register).size();
  for (int64_t r = 0; r != to.getNumRegisters(); ++r) {
    ShuffleSource entry;
    uint64_t wanted = target.get(r, 0, 0);
    Coords position = packing.unpack(wanted);
    // The same register, where it does; else the first that does; else
    // another lane's.
    bool isSame = r < from.getNumRegisters() && source.get(r, 0, 0) == wanted;
    if (isSame) {
      entry.reg = r;
      result.sources.push_back(entry);
      continue;
    }
    bool found = false;
    int64_t repeats = from.getNumRegisters() >> numReg;
    for (int64_t repeat = 0; repeat != repeats && !found; ++repeat) {
      Coords offset = packing.unpack(source.regRepeat[repeat]);
      bool isBelow = false;
      for (unsigned d = 0; d != position.size(); ++d)
        isBelow |= position[d] < offset[d] ||
                   position[d] - offset[d] >= from.getLinearShape()[d];
      if (isBelow)
        continue;
      std::optional<uint64_t> input =
          registersFirst.solve(wanted - source.regRepeat[repeat]);
      if (!input)
        continue;
      entry.reg = int64_t(*input & maskTrailingOnes<uint64_t>(numReg)) +
                  (repeat << numReg);
      entry.lane = int64_t(*input >> numReg);
      found = true;
    }
    // Nothing there: right if the register is all padding, as verify() sees.
    entry.used = found;
    result.sources.push_back(entry);
  }
  return true;
}

/// XOR of the entries of the set bits of each number, as LayoutConversion's
/// getSource() does for one.
static SmallVector<ShuffleSource, 0>
tabulateSources(ArrayRef<ShuffleSource> entries) {
  SmallVector<ShuffleSource, 0> table = {ShuffleSource()};
  for (const ShuffleSource &entry : entries)
    for (size_t i = 0, e = table.size(); i != e; ++i)
      table.push_back(
          {true, table[i].reg ^ entry.reg, table[i].lane ^ entry.lane});
  return table;
}

bool ConversionSolver::verify() {
  auto lanes = tabulateSources(result.laneBits);
  auto waves = tabulateSources(result.waveBits);
  bool isAllInside = ArrayRef<int64_t>(to.getShape()) == shape;
  for (int64_t r = 0; r != to.getNumRegisters(); ++r) {
    ShuffleSource &entry = result.sources[r];
    bool isNeeded = false;
    for (int64_t w = 0; w != to.getNumWaves(); ++w) {
      const ShuffleSource &byWave = waves[w & (waves.size() - 1)];
      for (int64_t l = 0; l != to.getNumLanes(); ++l) {
        uint64_t wanted = target.get(r, l, w);
        if (!isAllInside && !isInside(wanted))
          continue;
        isNeeded = true;
        if (!entry.used ||
            source.get(entry.reg ^ lanes[l].reg ^ byWave.reg,
                       entry.lane ^ lanes[l].lane ^ byWave.lane, w) != wanted)
          return false;
      }
    }
    if (!isNeeded)
      entry = {/*used=*/false, 0, 0};
  }
  return true;
}

ConversionKind ConversionSolver::classify() const {
  for (auto [bit, entry] : llvm::enumerate(result.laneBits))
    if (entry.reg != 0 || entry.lane != int64_t(1) << bit)
      return ConversionKind::InWave;
  for (const ShuffleSource &entry : result.waveBits)
    if (entry.reg != 0 || entry.lane != 0)
      return ConversionKind::InWave;
  bool isSame = from.getNumRegisters() == to.getNumRegisters();
  for (auto [r, entry] : llvm::enumerate(result.sources)) {
    if (!entry.used)
      continue;
    if (entry.lane != 0)
      return ConversionKind::InWave;
    isSame &= entry.reg == int64_t(r);
  }
  return isSame ? ConversionKind::NoOp : ConversionKind::InLane;
}

LayoutConversion ConversionSolver::solve() {
  addColumns();
  for (bool ignore : {true, false}) {
    ignorePadding = ignore;
    result = LayoutConversion();
    if (solveBits() && solveRegisters() && verify()) {
      result.kind = classify();
      return result;
    }
  }
  return LayoutConversion();
}

} // namespace

Place LayoutConversion::getSource(Place place) const {
  Place source = {sources[place.reg].reg, sources[place.reg].lane, place.wave};
  for (auto [bit, entry] : llvm::enumerate(laneBits)) {
    if (place.lane >> bit & 1) {
      source.reg ^= entry.reg;
      source.lane ^= entry.lane;
    }
  }
  for (auto [bit, entry] : llvm::enumerate(waveBits)) {
    if (place.wave >> bit & 1) {
      source.reg ^= entry.reg;
      source.lane ^= entry.lane;
    }
  }
  return source;
}

bool LayoutConversion::readsOneRegister() const {
  auto keepsRegister = [](const ShuffleSource &entry) {
    return entry.reg == 0;
  };
  return llvm::all_of(laneBits, keepsRegister) &&
         llvm::all_of(waveBits, keepsRegister);
}

LayoutConversion classifyConversion(const Layout &from, const Layout &to,
                                    ArrayRef<int64_t> shape) {
  assert(from.covers(shape) && to.covers(shape) && "a layout is too small");
  if (from.getRank() != to.getRank() ||
      from.getNumLanes() != to.getNumLanes() ||
      from.getNumWaves() != to.getNumWaves())
    return LayoutConversion();
  return ConversionSolver(from, to, shape).solve();
}

//===----------------------------------------------------------------------===//
// Contraction
//===----------------------------------------------------------------------===//

std::optional<SmallVector<int64_t>>
getContractionOrder(const Layout &layout, const Layout &atom, unsigned kDim) {
  if (layout.getShape() != atom.getShape() ||
      layout.getNumRegisters() != atom.getNumRegisters() ||
      layout.getNumLanes() != atom.getNumLanes() ||
      layout.getNumWaves() != atom.getNumWaves())
    return std::nullopt;
  int64_t size = atom.getShape()[kDim];
  SmallVector<int64_t> order(size, -1);
  SmallVector<bool> seen(size, false);
  for (int64_t w = 0; w != atom.getNumWaves(); ++w)
    for (int64_t l = 0; l != atom.getNumLanes(); ++l)
      for (int64_t r = 0; r != atom.getNumRegisters(); ++r) {
        Coords actual = layout.apply(r, l, w), slot = atom.apply(r, l, w);
        int64_t &image = order[slot[kDim]];
        int64_t k = actual[kDim];
        actual[kDim] = slot[kDim];
        if (actual != slot)
          return std::nullopt;
        if (image < 0) {
          if (seen[k])
            return std::nullopt;
          seen[k] = true;
          image = k;
        }
        if (image != k)
          return std::nullopt;
      }
  return order;
}

bool agreeOnContraction(const Layout &lhs, const Layout &rhs,
                        const Layout &atomLhs, const Layout &atomRhs) {
  unsigned lhsK = lhs.getRank() - 1, rhsK = rhs.getRank() - 2;
  auto lhsOrder = getContractionOrder(lhs, atomLhs, lhsK);
  auto rhsOrder = getContractionOrder(rhs, atomRhs, rhsK);
  return lhsOrder && rhsOrder && *lhsOrder == *rhsOrder;
}

std::optional<SmallVector<int64_t>> getAtomRegisters(const Layout &tile,
                                                     const Layout &atom,
                                                     ArrayRef<int64_t> origin) {
  unsigned extra = tile.getRank() - atom.getRank();
  Packing packing(tile.getShape());
  SmallVector<std::pair<uint64_t, int64_t>, 0> held;
  for (int64_t r = 0; r != tile.getNumRegisters(); ++r)
    held.push_back({packing.pack(tile.apply(r, 0, 0)), r});
  llvm::sort(held);

  Coords shape = tile.getShape();
  SmallVector<int64_t> registers;
  for (int64_t r = 0; r != atom.getNumRegisters(); ++r) {
    Coords position(origin);
    for (auto [d, c] : llvm::enumerate(atom.apply(r, 0, 0)))
      position[extra + d] += c;
    for (unsigned d = 0; d != shape.size(); ++d)
      if (position[d] >= shape[d])
        return std::nullopt;
    uint64_t packed = packing.pack(position);
    auto *it = llvm::lower_bound(held, std::pair(packed, int64_t(0)));
    if (it == held.end() || it->first != packed)
      return std::nullopt;
    registers.push_back(it->second);
  }
  return registers;
}

} // namespace tilewright
