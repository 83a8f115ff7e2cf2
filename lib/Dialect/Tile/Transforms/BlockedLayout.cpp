// BlockedLayout.cpp - splits lanes and waves over the dimensions of a tile.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayoutRules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;

namespace tilewright::tile {
namespace {

/// How many lanes and waves work along each dimension.
struct Split {
  SmallVector<int64_t> lanes, waves;
};

class SplitSearch {
public:
  explicit SplitSearch(const BlockedRequest &request)
      : request(request), rank(request.shape.size()) {
    vector = std::gcd(std::max<int64_t>(1, request.vector),
                      request.shape[request.contiguousDim]);
    vector = vector & -vector;
    if (isInRegisters(request.contiguousDim))
      vector = 1;
    vector = std::min(vector, getMaxExtent(request.contiguousDim));
    shrinkVector();
    // The contiguous dimension first, then from the last to the first.
    order.push_back(request.contiguousDim);
    for (int64_t dim = rank - 1; dim >= 0; --dim)
      if (dim != request.contiguousDim)
        order.push_back(dim);
  }

  Layout run() {
    current.lanes.assign(rank, 1);
    current.waves.assign(rank, 1);
    splitLanes(0, request.waveSize);
    return build();
  }

private:
  bool isInRegisters(int64_t dim) const {
    return request.inRegisters >> dim & 1;
  }

  int64_t getMaxExtent(int64_t dim) const {
    int64_t limit =
        dim < int64_t(request.maxExtents.size()) ? request.maxExtents[dim] : 0;
    return limit ? limit : std::numeric_limits<int64_t>::max();
  }

  /// Vectors so long that lanes would be left without work are shortened,
  /// but not below four bytes.
  void shrinkVector() {
    int64_t elements = 1;
    for (int64_t size : request.shape)
      elements *= size;
    int64_t threads = request.waveSize * request.numWaves;
    while (vector > 1 && vector * threads > elements &&
           vector * request.elementBytes > 4)
      vector /= 2;
  }

  int64_t getVector(int64_t dim) const {
    return dim == request.contiguousDim ? vector : 1;
  }

  int64_t getExtent(int64_t dim) const {
    return getVector(dim) * current.lanes[dim] * current.waves[dim];
  }

  void splitLanes(int64_t i, int64_t left) {
    if (i == rank)
      return splitWaves(0, request.numWaves);
    int64_t dim = order[i];
    for (int64_t count = 1; count <= left; count *= 2) {
      // Lanes beyond the tile hold nothing.
      if (count > 1 && (isInRegisters(dim) ||
                        getVector(dim) * count >= 2 * request.shape[dim] ||
                        getVector(dim) * count > getMaxExtent(dim)))
        break;
      current.lanes[dim] = count;
      splitLanes(i + 1, left / count);
    }
    current.lanes[dim] = 1;
  }

  void splitWaves(int64_t i, int64_t left) {
    if (i == rank) {
      int64_t cost = getCost();
      if (bestCost < 0 || cost < bestCost) {
        bestCost = cost;
        best = current;
      }
      return;
    }
    int64_t dim = order[i];
    for (int64_t count = 1; count <= left; ++count) {
      if (left % count)
        continue;
      if (count > 1 &&
          (isInRegisters(dim) || (request.forbidWaves >> dim & 1) ||
           getVector(dim) * current.lanes[dim] * (count - 1) >=
               request.shape[dim] ||
           getVector(dim) * current.lanes[dim] * count > getMaxExtent(dim)))
        break;
      current.waves[dim] = count;
      splitWaves(i + 1, left / count);
    }
    current.waves[dim] = 1;
  }

  int64_t getCost() const {
    int64_t registers = vector;
    for (int64_t dim = 0; dim < rank; ++dim)
      registers *= llvm::divideCeil(request.shape[dim], getExtent(dim));
    if (isInRegisters(request.contiguousDim))
      registers /= vector;
    int64_t contiguous = request.contiguousDim;
    int64_t rowBytes = request.shape[contiguous] * request.elementBytes;
    if (request.maxExtents.size())
      rowBytes = std::min(rowBytes, getMaxExtent(contiguous));
    int64_t runBytes = std::min(rowBytes, vector * current.lanes[contiguous] *
                                              request.elementBytes);
    int64_t wanted = std::min<int64_t>(64, rowBytes);
    int64_t cost = registers * 256;
    if (runBytes < wanted && !isInRegisters(contiguous))
      cost = cost * wanted / std::max<int64_t>(1, runBytes);
    for (int64_t i = 0; i < rank; ++i) {
      int64_t dim = order[i];
      bool reduced = request.avoidWaves >> dim & 1;
      if (reduced && current.waves[dim] > 1)
        cost += registers * 64 + 512;
      if (reduced)
        cost += llvm::Log2_64(current.lanes[dim]) * 4;
      // Ties: lanes along the fast dimensions, waves along the slow ones.
      cost += i * llvm::Log2_64(current.lanes[dim]);
      cost += (rank - 1 - i) * llvm::Log2_64_Ceil(current.waves[dim]);
    }
    return cost;
  }

  Layout build() const {
    SmallVector<int64_t> extent(rank, 1);
    SmallVector<Coords> reg, lane, wave;
    auto addBits = [&](SmallVector<Coords> &bits, int64_t dim, int64_t count) {
      for (; count > 1; count /= 2) {
        Coords coords(rank, 0);
        coords[dim] = extent[dim];
        bits.push_back(coords);
        extent[dim] *= 2;
      }
    };
    addBits(reg, request.contiguousDim, vector);
    for (int64_t dim : order)
      addBits(lane, dim, best.lanes[dim]);
    while ((int64_t(1) << lane.size()) < request.waveSize)
      lane.push_back(Coords(rank, 0));
    SmallVector<LayoutRepeat> repeats;
    int64_t waves = 1;
    for (int64_t dim : order) {
      if (best.waves[dim] > 1)
        repeats.push_back({LayoutUnit::Wave, best.waves[dim], int(dim)});
      extent[dim] *= best.waves[dim];
      waves *= best.waves[dim];
    }
    if (waves < request.numWaves)
      repeats.push_back({LayoutUnit::Wave, request.numWaves / waves, -1});
    for (int64_t dim : order) {
      int64_t count = llvm::divideCeil(request.shape[dim], extent[dim]);
      if (count > 1)
        repeats.push_back({LayoutUnit::Register, count, int(dim)});
    }
    std::optional<Layout> layout = Layout::get(rank, reg, lane, wave, repeats);
    assert(layout && "a split is a valid layout");
    return *layout;
  }

  const BlockedRequest &request;
  int64_t rank;
  int64_t vector = 1;
  SmallVector<int64_t> order;
  Split current, best;
  int64_t bestCost = -1;
};

} // namespace

Layout chooseBlockedLayout(const BlockedRequest &request) {
  return SplitSearch(request).run();
}

bool limitToSlice(BlockedRequest &request, ExtractSliceOp slice) {
  ArrayRef<int64_t> from = getTileShape(slice.getSource().getType());
  ArrayRef<int64_t> to = getTileShape(slice.getResult().getType());
  request.maxExtents.resize(from.size(), 0);
  int64_t lanes = 1, elements = 1;
  for (size_t dim = 0; dim < from.size(); ++dim) {
    elements *= from[dim];
    int64_t &limit = request.maxExtents[dim];
    if (from[dim] != to[dim]) {
      int64_t step = std::gcd(slice.getOffsets()[dim], to[dim]);
      step &= -step;
      limit = limit ? std::min(limit, step) : step;
    }
    lanes *= limit ? std::min(limit, from[dim]) : from[dim];
  }
  // So few lanes may work that one cannot hold the tile.
  return elements / std::min(lanes, request.waveSize) <=
         Layout::maxRegisters / 4;
}

} // namespace tilewright::tile
