// Places.cpp - coordinates of a lane's registers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LaneEmitter.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

// The XOR over the set bits of `number` of their coordinates along `dim`. Runs
// of bits that map to neighbouring bits are moved as one.
Value LaneEmitter::emitBits(Value number, ArrayRef<Coords> vectors,
                            unsigned dim) {
  Value sum;
  auto add = [&](Value term) {
    sum = sum ? Value(arith::XOrIOp::create(prologue, sum, term)) : term;
  };
  for (size_t i = 0; i < vectors.size();) {
    int64_t image = vectors[i][dim];
    if (image == 0) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    if (llvm::isPowerOf2_64(image)) {
      while (end < vectors.size() &&
             vectors[end][dim] == image << (end - i))
        ++end;
      Value bits = number;
      if (i > 0)
        bits = arith::ShRUIOp::create(prologue, bits, i32(i));
      bits = arith::AndIOp::create(prologue, bits,
                                   i32((int64_t(1) << (end - i)) - 1));
      if (image > 1)
        bits = arith::ShLIOp::create(prologue, bits,
                                     i32(llvm::Log2_64(image)));
      add(bits);
    } else {
      Value bit = arith::AndIOp::create(
          prologue, arith::ShRUIOp::create(prologue, number, i32(i)), i32(1));
      add(arith::MulIOp::create(prologue, bit, i32(image)));
    }
    i = end;
  }
  return sum;
}

const LaneCoords &LaneEmitter::getCoords(Type type) {
  tile::LayoutAttr attr = tile::getLayoutAttr(type);
  std::unique_ptr<LaneCoords> &entry = coords[attr];
  if (entry)
    return *entry;
  entry = std::make_unique<LaneCoords>();
  const Layout &layout = *getLayout(type);
  unsigned rank = layout.getRank();
  ArrayRef<Coords> regBits = layout.getVectors(LayoutUnit::Register);
  ArrayRef<Coords> laneBits = layout.getVectors(LayoutUnit::Lane);
  ArrayRef<Coords> waveBits = layout.getVectors(LayoutUnit::Wave);

  // Repeats over waves are digits above the linear bits of the wave number.
  Coords extents = layout.getLinearShape();
  SmallVector<Value> waveRepeat(rank);
  Value notOwner;
  auto addNotOwner = [&](Value bits) {
    notOwner =
        notOwner ? Value(arith::OrIOp::create(prologue, notOwner, bits)) : bits;
  };
  int64_t radix = int64_t(1) << waveBits.size();
  for (const LayoutRepeat &repeat : layout.getRepeats()) {
    if (repeat.unit == LayoutUnit::Wave) {
      Value digit = wave;
      if (radix > 1)
        digit = arith::DivUIOp::create(prologue, digit, i32(radix));
      digit = arith::RemUIOp::create(prologue, digit, i32(repeat.count));
      if (repeat.dim < 0) {
        addNotOwner(digit);
      } else {
        Value term = arith::MulIOp::create(prologue, digit,
                                           i32(extents[repeat.dim]));
        Value &sum = waveRepeat[repeat.dim];
        sum = sum ? Value(arith::AddIOp::create(prologue, sum, term)) : term;
      }
      radix *= repeat.count;
    }
    if (repeat.dim >= 0)
      extents[repeat.dim] *= repeat.count;
  }

  for (unsigned dim = 0; dim < rank; ++dim) {
    Value linear = emitBits(lane, laneBits, dim);
    if (Value bits = emitBits(wave, waveBits, dim))
      linear =
          linear ? Value(arith::XOrIOp::create(prologue, linear, bits)) : bits;
    int64_t variableMask = 0, regMask = 0;
    for (const Coords &vector : laneBits)
      variableMask |= vector[dim];
    for (const Coords &vector : waveBits)
      variableMask |= vector[dim];
    for (const Coords &vector : regBits)
      regMask |= vector[dim];
    entry->isSeparable.push_back((variableMask & regMask) == 0);
    Value base = linear;
    if (Value repeat = waveRepeat[dim])
      base = base ? Value(arith::AddIOp::create(prologue, base, repeat))
                  : repeat;
    entry->linear.push_back(linear);
    entry->waveRepeat.push_back(waveRepeat[dim]);
    entry->base.push_back(base);
  }

  if (int64_t bits = layout.getFreeBits(LayoutUnit::Lane))
    addNotOwner(arith::AndIOp::create(prologue, lane, i32(bits)));
  if (int64_t bits = layout.getFreeBits(LayoutUnit::Wave))
    addNotOwner(arith::AndIOp::create(prologue, wave, i32(bits)));
  if (notOwner)
    entry->isOwner = arith::CmpIOp::create(
        prologue, arith::CmpIPredicate::eq, notOwner, i32(0));
  return *entry;
}

LaneEmitter::Coord LaneEmitter::getCoord(Type type, int64_t reg, int64_t dim) {
  const LaneCoords &place = getCoords(type);
  const Layout &layout = *getLayout(type);
  int64_t own = layout.apply(reg, 0, 0)[dim];
  if (place.isSeparable[dim])
    return {place.base[dim], own};
  // Split the register's own coordinate: its linear bits meet those of the
  // lane in an XOR, its repeats are added.
  int64_t bits = 0;
  for (auto [i, vector] :
       llvm::enumerate(layout.getVectors(LayoutUnit::Register)))
    if (reg >> i & 1)
      bits ^= vector[dim];
  Value variable = place.linear[dim];
  if (bits)
    variable = arith::XOrIOp::create(b, variable, i32(bits));
  if (Value repeat = place.waveRepeat[dim])
    variable = arith::AddIOp::create(b, variable, repeat);
  return {variable, own - bits};
}

Value LaneEmitter::getCoordValue(Type type, int64_t reg, int64_t dim) {
  Coord coord = getCoord(type, reg, dim);
  if (!coord.variable)
    return i32(coord.constant);
  if (coord.constant == 0)
    return coord.variable;
  return arith::AddIOp::create(b, coord.variable, i32(coord.constant));
}

Value LaneEmitter::isInside(Type type, int64_t reg, int64_t dim) {
  int64_t extent = tile::getTileShape(type)[dim];
  if (getLayout(type)->getShape()[dim] <= extent)
    return {};
  Coord coord = getCoord(type, reg, dim);
  if (!coord.variable && coord.constant < extent)
    return {};
  if (!coord.variable)
    return arith::ConstantOp::create(prologue, b.getBoolAttr(false));
  return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, coord.variable,
                               i32(extent - coord.constant));
}

bool LaneEmitter::isNeverInside(Type type, int64_t reg) {
  const Layout *layout = getLayout(type);
  if (!layout)
    return false;
  const LaneCoords &place = getCoords(type);
  Coords own = layout->apply(reg, 0, 0);
  for (auto [dim, extent] : llvm::enumerate(tile::getTileShape(type)))
    if (place.isSeparable[dim] && own[dim] >= extent)
      return true;
  return false;
}

static bool isWithin(const Coords &position, ArrayRef<int64_t> shape) {
  for (auto [coord, extent] : llvm::zip(position, shape))
    if (coord < 0 || coord >= extent)
      return false;
  return true;
}

FailureOr<SmallVector<int64_t>>
LaneEmitter::findRegisters(Operation *op, Type result, Type source,
                           llvm::function_ref<Coords(const Coords &)> map) {
  const Layout *to = getLayout(result), *from = getLayout(source);
  int64_t count = getNumRegisters(result);
  SmallVector<int64_t> found(count, -1);
  if (!from) { // a scalar is in the one register of every lane
    std::fill(found.begin(), found.end(), 0);
    return found;
  }
  ArrayRef<int64_t> shape = tile::getTileShape(result);
  // Places that tell affine maps apart: the first lane, each lane bit alone,
  // all of them, each wave.
  SmallVector<std::pair<int64_t, int64_t>> places;
  for (int64_t w = 0; w < numWaves; ++w)
    places.push_back({0, w});
  for (int64_t bit = 1; bit < target.chip.waveSize; bit *= 2)
    places.push_back({bit, 0});
  places.push_back({target.chip.waveSize - 1, numWaves - 1});

  std::map<SmallVector<int64_t>, SmallVector<int64_t>> registersAt;
  std::pair<int64_t, int64_t> indexed = {-1, -1};
  for (int64_t reg = 0; reg < count; ++reg) {
    std::optional<SmallVector<int64_t>> candidates;
    for (auto [lane, wave] : places) {
      Coords position = to ? to->apply(reg, lane, wave) : Coords();
      if (!isWithin(position, shape))
        continue;
      Coords wanted = map(position);
      if (!candidates) {
        if (indexed != std::make_pair(lane, wave)) {
          registersAt.clear();
          for (int64_t r = 0; r < from->getNumRegisters(); ++r) {
            Coords at = from->apply(r, lane, wave);
            registersAt[SmallVector<int64_t>(at.begin(), at.end())].push_back(
                r);
          }
          indexed = {lane, wave};
        }
        candidates =
            registersAt[SmallVector<int64_t>(wanted.begin(), wanted.end())];
        continue;
      }
      llvm::erase_if(*candidates, [&, lane = lane, wave = wave](int64_t r) {
        return from->apply(r, lane, wave) != wanted;
      });
    }
    if (!candidates)
      continue; // padding everywhere
    if (candidates->empty())
      return op->emitOpError("expected each lane to hold what its registers of ")
             << result << " need, but got a source of type " << source;
    found[reg] = candidates->front();
  }
  return found;
}
