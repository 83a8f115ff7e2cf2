// Layout.h - which lane and register hold which element of a tile.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A layout maps (register, lane, wave) to the coordinates of a tile. Its first
// part is linear over the field of two elements: each bit of the register,
// lane and wave number has a vector of coordinates, and a position is the XOR
// of the vectors of the bits that are set. Its second part repeats the first
// along dimensions, over registers or waves, any number of times: so
// 192 = 3 x 64 needs no padding.
//
// Example, small enough to check by hand: 4 lanes with 2 registers each hold a
// tile of 2x12:
//
//   reg = [[0, 1]], lane = [[0, 2], [1, 0]], wave = [], repeat = [reg 3 dim 1]
//
// The linear part spans 2x4: register bit 0 steps one column, lane bit 0 two
// columns, lane bit 1 one row. Register numbers 2r + b repeat it three times
// along dimension 1, 4 columns apart. Register 3 (bit 1, repeat 1) of lane 3
// (bits 1, 1) holds row 0^1 = 1, column (1^2) + 1*4 = 7. The whole tile, as
// lane.register:
//
//   row 0:  0.0 0.1 1.0 1.1 | 0.2 0.3 1.2 1.3 | 0.4 0.5 1.4 1.5
//   row 1:  2.0 2.1 3.0 3.1 | 2.2 2.3 3.2 3.3 | 2.4 2.5 3.4 3.5
//
// Why it maps this way round: several places may hold one element (operands
// that are replicated over half-waves, rows after a reduction), so positions
// are a function of places, and not the other way. A bit with the zero vector
// is a replication. Every layout reaches each position of its padded shape;
// `locate` is a right inverse: apply(locate(p)) == p. The places whose free
// bits are zero (`isOwner`) hold each position exactly once.
//
// The padded shape may be larger than the tensor: positions outside of the
// tensor hold nothing, and whoever reads them gets an unspecified value. Some
// functions take the tensor's shape for this reason.
//
// Laws (test/Unit/Layout checks them against plain loops over all inputs):
//   compose(f, g).apply(r, l, w)  == f.apply(g.apply(r, l, w)[0], 0, 0)
//   transpose(perm).apply(x)[i]   == apply(x)[perm[i]]
//   reshape: equal row-major index of the position, before and after
//   dropDim(d).apply(x)           == apply(x) without coordinate d
//   a conversion's source holds what its destination holds
//
// It cannot express: permutations that are not affine in the bits of a
// position, repeats over lanes, and XOR across repeats (a swizzle stays inside
// the linear part).
//
// Layouts are values in canonical form: equal maps that differ in how repeats
// are written (`repeat = [reg 2 dim 0]` against one more register bit) are
// made equal on construction. Nothing here knows of ops; all functions are
// pure and safe from any thread.
//
#ifndef TILEWRIGHT_LAYOUT_LAYOUT_H
#define TILEWRIGHT_LAYOUT_LAYOUT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace llvm {
class raw_ostream;
}

namespace tilewright {

/// What a number names: the input of a layout has these three parts.
enum class LayoutUnit { Register, Lane, Wave };

/// One coordinate per dimension of the tile, in elements.
using Coords = llvm::SmallVector<int64_t, 4>;

/// A place that holds an element.
struct Place {
  int64_t reg = 0;
  int64_t lane = 0;
  int64_t wave = 0;

  bool operator==(const Place &other) const {
    return reg == other.reg && lane == other.lane && wave == other.wave;
  }
  bool operator!=(const Place &other) const { return !(*this == other); }
};

/// `count` copies along `dim`, told apart by a digit of the register or wave
/// number. `dim` is -1 where the copies hold the same elements.
struct LayoutRepeat {
  LayoutUnit unit = LayoutUnit::Register;
  int64_t count = 1;
  int dim = -1;

  bool operator==(const LayoutRepeat &other) const {
    return unit == other.unit && count == other.count && dim == other.dim;
  }
};

/// One digit of the wave number, for `Layout::extendAtom`: `count` waves that
/// work along `dim` of the operand, or on the same elements where `dim` is -1.
struct WaveDigit {
  int64_t count = 1;
  int dim = -1;
};

class Layout {
public:
  /// Limits on input, so that no text can exhaust memory: at most 8
  /// dimensions, 2^16 registers, 2^10 lanes, 2^10 waves, 2^40 positions, 2^24
  /// places. The builders below assert on shapes that lead beyond them.
  static constexpr unsigned maxRank = 8;
  static constexpr int64_t maxRegisters = 1 << 16;
  static constexpr int64_t maxLanes = 1 << 10;
  static constexpr int64_t maxWaves = 1 << 10;
  static constexpr int64_t maxPositions = int64_t(1) << 40;
  static constexpr int64_t maxPlaces = 1 << 24;

  /// The layout of rank 0: one place, the position without coordinates.
  Layout() = default;

  /// Vectors of the bits of the register, lane and wave number, lowest first,
  /// each with `rank` coordinates >= 0; repeats from the fastest.
  /// \returns nothing, and a message in `error`, where the vectors do not
  /// reach every position of the linear extent (per dimension the smallest
  /// power of two that covers), or a limit is exceeded.
  static std::optional<Layout> get(unsigned rank, llvm::ArrayRef<Coords> reg,
                                   llvm::ArrayRef<Coords> lane,
                                   llvm::ArrayRef<Coords> wave,
                                   llvm::ArrayRef<LayoutRepeat> repeats = {},
                                   std::string *error = nullptr);

  /// Reads what `print` writes:
  ///   reg = [[0, 1]], lane = [[0, 2], [1, 0]], wave = [],
  ///   repeat = [reg 3 dim 1, wave 2 dim 0, wave 3]
  /// `repeat` may be missing; a repeat without `dim` is a replication.
  /// \returns nothing, and a message in `error`, on any other text.
  static std::optional<Layout> parse(llvm::StringRef text,
                                     std::string *error = nullptr);
  void print(llvm::raw_ostream &os) const;
  std::string str() const;

  bool operator==(const Layout &other) const;
  bool operator!=(const Layout &other) const { return !(*this == other); }
  friend llvm::hash_code hash_value(const Layout &layout);

  unsigned getRank() const { return rank; }
  /// The padded shape: linear extents times repeats.
  Coords getShape() const;
  /// Extents of the linear part, powers of two.
  const Coords &getLinearShape() const { return linearShape; }
  /// All registers per lane, lanes per wave, waves per workgroup; >= 1.
  int64_t getNumRegisters() const { return numRegisters; }
  int64_t getNumLanes() const { return int64_t(1) << lane.size(); }
  int64_t getNumWaves() const { return numWaves; }
  /// The vectors of the bits of one part, lowest first, without repeats.
  llvm::ArrayRef<Coords> getVectors(LayoutUnit unit) const;
  llvm::ArrayRef<LayoutRepeat> getRepeats() const { return repeats; }

  /// Position of the element that this place holds. Asserts on places out of
  /// range.
  Coords apply(int64_t reg, int64_t lane, int64_t wave) const;
  Coords apply(Place place) const {
    return apply(place.reg, place.lane, place.wave);
  }

  /// The owner of a position. Asserts where `position` is outside of the
  /// padded shape.
  Place locate(llvm::ArrayRef<int64_t> position) const;

  /// Bits of the register, lane or wave number (of the linear part) that no
  /// position needs. The places with these bits zero, and with replicated
  /// repeats at zero, hold each position exactly once.
  int64_t getFreeBits(LayoutUnit unit) const;
  /// True for exactly one place per position; reduce and atomics count there.
  bool isOwner(int64_t reg, int64_t lane, int64_t wave) const;
  bool isOwner(Place place) const {
    return isOwner(place.reg, place.lane, place.wave);
  }
  /// True where some position is held by two places.
  bool isReplicated() const;
  /// True where every lane and wave holds the same elements, that is, a lane
  /// alone has the whole tile.
  bool isLaneUniform() const;

  /// True where each position of a tensor of `shape` has a place.
  bool covers(llvm::ArrayRef<int64_t> shape) const;

  /// Largest power of two v such that registers v*i .. v*i+v-1 hold v
  /// consecutive elements along `dim`, starting at a multiple of v; where
  /// `shape` is given, all of them inside of it or all outside.
  int64_t getVectorWidth(unsigned dim,
                         llvm::ArrayRef<int64_t> shape = {}) const;

  //===--- Maps of positions; the places stay where they are -------------===//

  /// Coordinate i of the result is coordinate perm[i].
  Layout transpose(llvm::ArrayRef<unsigned> perm) const;

  /// For a tensor of shape `from` that is read in row-major order as `to`:
  /// each place keeps its element. Nothing where no layout says that (padding
  /// or a repeat in the middle of merged dimensions).
  std::optional<Layout> reshape(llvm::ArrayRef<int64_t> from,
                                llvm::ArrayRef<int64_t> to) const;

  /// Without dimension `dim`: positions that differed in it alone become
  /// replicas. Registers that then only repeat others are kept: see
  /// withoutFreeRegisters().
  Layout dropDim(unsigned dim) const;
  /// With a new dimension `dim` of extent 1.
  Layout expandDims(unsigned dim) const;
  /// A dimension of extent 1 becomes one of `size` that every lane holds in
  /// registers of its own (repeated slowest).
  /// Asserts where the padded extent along `dim` is not 1.
  Layout broadcastDim(unsigned dim, int64_t size) const;
  /// Positions whose coordinate along `dim` all read as 0, with `dim` kept:
  /// the layout of the source of a broadcast whose result has this layout.
  Layout collapseDim(unsigned dim) const;
  /// Coordinate `dim` goes through the linear map that takes bit i to
  /// `images[i]`: a permutation of K, a swizzle along one dimension; repeats
  /// stay. Nothing where the map does not take the linear extent to itself.
  std::optional<Layout> mapDim(unsigned dim,
                               llvm::ArrayRef<int64_t> images) const;

  //===--- Other maps -----------------------------------------------------===//

  /// Without registers that repeat other registers of the same lane and wave.
  /// Register i of the result is register `kept[i]` of this.
  Layout
  withoutFreeRegisters(llvm::SmallVectorImpl<int64_t> *kept = nullptr) const;

  /// The part [offsets, offsets + sizes) of the tile in the lanes that have
  /// it; register i of the result is register `kept[i]` of this. Nothing where
  /// the part is not aligned, or lanes or waves would be left without.
  std::optional<Layout>
  extractSlice(llvm::ArrayRef<int64_t> offsets, llvm::ArrayRef<int64_t> sizes,
               llvm::SmallVectorImpl<int64_t> *kept = nullptr) const;

  /// `outer` after `inner`: `inner` has rank 1 and its positions are register
  /// numbers of `outer`, which has one lane and one wave. So a layout of
  /// registers alone serves as the layout of a buffer, position per address.
  /// Nothing where a repeat is involved or the extents differ.
  static std::optional<Layout> compose(const Layout &outer,
                                       const Layout &inner);

  /// `outer` copies of `inner`: the registers, lanes and waves of `inner` are
  /// the low ones, positions are inner + outer * (padded shape of inner).
  /// Nothing where `inner` has repeats and `outer` bits along the same
  /// dimension or unit.
  static std::optional<Layout> product(const Layout &inner,
                                       const Layout &outer);

  //===--- Builders -------------------------------------------------------===//

  /// For coalesced access to memory in which dimension order[0] is the
  /// fastest: each lane holds `vectorElems` consecutive elements along it, the
  /// lanes follow one another, then the waves, then registers repeat. Any
  /// shape: the padded shape is the least that fits, a tile that is smaller
  /// than the workgroup is replicated. `vectorElems`, `waveSize` are powers of
  /// two; a vector that is longer than the dimension is shortened.
  static Layout blocked(llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<unsigned> order, int64_t vectorElems,
                        int64_t waveSize, int64_t waves);

  /// Tiles the layout of an operand of an mma atom over a tile of `shape`.
  /// The atom's dimensions are the trailing ones. `waves` are the digits of
  /// the wave number from the fastest; the same digits, with other
  /// dimensions, for lhs, rhs and acc give operands that fit:
  ///
  ///   2x2 waves over M, N:  lhs {{2, 0}, {2, -1}}   (M, K; N replicated)
  ///                         rhs {{2, -1}, {2, 1}}   (K, N; M replicated)
  ///                         acc {{2, 0}, {2, 1}}
  ///
  /// Next to the atom's extent come the waves, then registers repeat, the
  /// last dimension fastest. Waves beyond the shape hold replicas.
  static Layout extendAtom(const Layout &atom, llvm::ArrayRef<int64_t> shape,
                           llvm::ArrayRef<WaveDigit> waves);

private:
  void normalize();
  void computeInverse();

  unsigned rank = 0;
  llvm::SmallVector<Coords, 8> reg, lane, wave;
  llvm::SmallVector<LayoutRepeat, 4> repeats;
  // Derived from the above.
  Coords linearShape;
  int64_t numRegisters = 1;
  int64_t numWaves = 1;
  /// Per part: see getFreeBits().
  std::array<int64_t, 3> freeBits = {0, 0, 0};
  /// Per bit of a packed linear position (the dimensions' bits side by side,
  /// dimension 0 lowest): the bits of the owner's number (register bits
  /// lowest, then lane, then wave) that produce it.
  llvm::SmallVector<uint64_t, 16> inverse;
};

llvm::hash_code hash_value(const Layout &layout);
inline llvm::raw_ostream &operator<<(llvm::raw_ostream &os,
                                     const Layout &layout) {
  layout.print(os);
  return os;
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

/// What it takes to get from one layout to another, cheapest first.
enum class ConversionKind {
  /// Every place holds what it needs: register r is register r.
  NoOp,
  /// Every lane holds what it needs, in other registers.
  InLane,
  /// Every wave holds what it needs, in other lanes: shuffles.
  InWave,
  /// Through shared memory.
  ThroughShared,
};

/// Where a place finds the element that it needs, within its own wave.
/// For destination register r in lane l of wave w, with `sources[r]`:
///
///   source register = reg ^ XOR of laneBits[i].reg for each bit i set in l
///                         ^ XOR of waveBits[i].reg for each bit i set in w
///   source lane     = likewise, with the lane fields
///
/// (bits of w: of its linear part). `used` is false where no lane of any wave
/// needs a value in that register. So a shuffle with all `laneBits[i].reg` of
/// 0 reads one register, from the lane `lane ^ linear(l)`.
struct ShuffleSource {
  bool used = true;
  int64_t reg = 0;
  int64_t lane = 0;
};

struct LayoutConversion {
  ConversionKind kind = ConversionKind::ThroughShared;
  /// Per register of the destination. For NoOp and InLane `reg` alone matters
  /// (the permutation); empty for ThroughShared.
  llvm::SmallVector<ShuffleSource, 0> sources;
  /// Per bit of the lane number and of the wave number; for InWave.
  llvm::SmallVector<ShuffleSource, 6> laneBits;
  llvm::SmallVector<ShuffleSource, 4> waveBits;

  /// The place that holds what `place` of the destination needs.
  Place getSource(Place place) const;
  /// True where in each register all lanes read one and the same source
  /// register (no selects around the shuffles).
  bool readsOneRegister() const;
};

/// How a tensor of `shape` gets from layout `from` to `to`. Both have the same
/// rank, lanes and waves (else ThroughShared). Needs no shape argument to be
/// right for positions outside of it: those are unspecified.
LayoutConversion classifyConversion(const Layout &from, const Layout &to,
                                    llvm::ArrayRef<int64_t> shape);

//===----------------------------------------------------------------------===//
// Contraction
//===----------------------------------------------------------------------===//

/// The permutation p of dimension `kDim` such that `layout` holds at each
/// place (m, p(k)) where `atom` holds (m, k): an mma contracts slot by slot,
/// so operands in any order of K are right if both have the same p. Both have
/// one shape. Nothing where no permutation of K alone says the difference.
std::optional<llvm::SmallVector<int64_t>>
getContractionOrder(const Layout &layout, const Layout &atom, unsigned kDim);

/// True where `lhs` (M x K) and `rhs` (K x N) may be fed to an mma whose
/// operands have the layouts `atomLhs` and `atomRhs`: equal but for one
/// permutation of K that both share.
bool agreeOnContraction(const Layout &lhs, const Layout &rhs,
                        const Layout &atomLhs, const Layout &atomRhs);

/// The registers of `tile` that form the operand of one atom: entry r is the
/// register which, in lane 0 of wave 0, holds `origin` plus the position of
/// the atom's register r (and so in every lane and wave, for a layout made by
/// extendAtom). `origin` counts as positions in wave 0. Nothing where `tile`
/// has no such registers.
std::optional<llvm::SmallVector<int64_t>>
getAtomRegisters(const Layout &tile, const Layout &atom,
                 llvm::ArrayRef<int64_t> origin);

} // namespace tilewright

#endif // TILEWRIGHT_LAYOUT_LAYOUT_H
