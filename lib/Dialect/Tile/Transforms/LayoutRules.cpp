// LayoutRules.cpp - what an operation says about the layouts of its tiles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayoutRules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;

namespace tilewright::tile {

bool isElementwise(Operation *op) {
  if (isa<ConvertOp>(op))
    return true;
  // Constants, iota and broadcasts of scalars have no tile operand.
  return op->hasTrait<OpTrait::Elementwise>() && op->getNumResults() >= 1;
}

static SmallVector<unsigned> invert(ArrayRef<int64_t> permutation) {
  SmallVector<unsigned> inverse(permutation.size());
  for (auto [i, p] : llvm::enumerate(permutation))
    inverse[p] = i;
  return inverse;
}

std::optional<Layout> getOperandLayout(Operation *op, unsigned index,
                                       const Layout &result) {
  if (isElementwise(op))
    return result;
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    ArrayRef<int64_t> from = getTileShape(broadcast.getSource().getType());
    ArrayRef<int64_t> to = getTileShape(broadcast.getResult().getType());
    if (from.empty())
      return std::nullopt;
    Layout layout = result;
    for (size_t dim = 0; dim < to.size(); ++dim)
      if (from[dim] == 1 && to[dim] != 1)
        layout = layout.collapseDim(dim);
    return layout.withoutFreeRegisters();
  }
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return result.transpose(invert(transpose.getPermutation()));
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    ArrayRef<int64_t> from = getTileShape(reshape.getSource().getType());
    ArrayRef<int64_t> to = getTileShape(reshape.getResult().getType());
    if (from.empty() || to.empty())
      return std::nullopt;
    return result.reshape(to, from);
  }
  return std::nullopt;
}

std::optional<Layout> getResultLayout(Operation *op, unsigned index,
                                      const Layout &operand) {
  if (isElementwise(op))
    return operand;
  if (auto transpose = dyn_cast<TransposeOp>(op))
    return operand.transpose(SmallVector<unsigned>(
        transpose.getPermutation().begin(), transpose.getPermutation().end()));
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    ArrayRef<int64_t> to = getTileShape(reshape.getResult().getType());
    if (to.empty())
      return std::nullopt;
    return operand.reshape(getTileShape(reshape.getSource().getType()), to);
  }
  if (auto slice = dyn_cast<ExtractSliceOp>(op))
    return operand.extractSlice(slice.getOffsets(),
                                getTileShape(slice.getResult().getType()));
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    if (getTileShape(reduce.getResult(0).getType()).empty())
      return std::nullopt;
    return operand.dropDim(reduce.getAxis()).withoutFreeRegisters();
  }
  return std::nullopt;
}

bool isLaneLocal(Operation *op) {
  const Layout &source = getLayoutAttr(op->getOperand(0).getType()).getLayout();
  const Layout &result = getLayoutAttr(op->getResult(0).getType()).getLayout();
  std::optional<Layout> wanted = getOperandLayout(op, 0, result);
  if (wanted && *wanted == source)
    return true;
  std::optional<Layout> given = getResultLayout(op, 0, source);
  return given && *given == result;
}

bool hasWavesAlong(const Layout &layout, int64_t axis) {
  for (const Coords &vector : layout.getVectors(LayoutUnit::Wave))
    if (vector[axis])
      return true;
  for (const LayoutRepeat &repeat : layout.getRepeats())
    if (repeat.unit == LayoutUnit::Wave && repeat.dim == axis)
      return true;
  return false;
}

bool isScanLayout(const Layout &layout, int64_t axis) {
  if (hasWavesAlong(layout, axis))
    return false;
  // Vectors either lie along the axis, with one bit, or across it.
  auto getBit = [&](const Coords &vector) -> std::optional<int64_t> {
    if (!vector[axis])
      return 0;
    for (size_t dim = 0; dim < vector.size(); ++dim)
      if (int64_t(dim) != axis && vector[dim])
        return std::nullopt;
    return llvm::isPowerOf2_64(vector[axis])
               ? std::optional<int64_t>(vector[axis])
               : std::nullopt;
  };
  int64_t last = 0;
  for (const Coords &vector : layout.getVectors(LayoutUnit::Lane)) {
    std::optional<int64_t> bit = getBit(vector);
    if (!bit || (*bit && *bit <= last))
      return false;
    if (!*bit)
      continue;
    if (last && *bit != 2 * last)
      return false;
    last = *bit;
  }
  last = 0;
  for (const Coords &vector : layout.getVectors(LayoutUnit::Register)) {
    std::optional<int64_t> bit = getBit(vector);
    if (!bit || (*bit && *bit <= last))
      return false;
    if (*bit)
      last = *bit;
  }
  return true;
}

std::optional<WaveSplit> getWaveSplit(const Layout &layout, int64_t axis,
                                      int64_t size) {
  if (layout.getShape()[axis] != size)
    return std::nullopt;
  // Bits of the linear part: those of waves must be neighbours, of waves alone.
  int64_t waveBits = 0, otherBits = 0;
  for (LayoutUnit unit :
       {LayoutUnit::Register, LayoutUnit::Lane, LayoutUnit::Wave})
    for (const Coords &vector : layout.getVectors(unit))
      (unit == LayoutUnit::Wave ? waveBits : otherBits) |= vector[axis];
  if (waveBits & otherBits)
    return std::nullopt;
  int64_t extent = layout.getLinearShape()[axis];
  int64_t inner = extent, waves = 1;
  bool closed = false;
  if (waveBits) {
    inner = waveBits & -waveBits;
    waves = llvm::bit_floor<uint64_t>(waveBits) * 2 / inner;
    if (waveBits != (waves - 1) * inner)
      return std::nullopt;
    closed = inner * waves != extent;
  }
  for (const LayoutRepeat &repeat : layout.getRepeats()) {
    if (repeat.dim != axis)
      continue;
    if (repeat.unit == LayoutUnit::Wave) {
      if (closed)
        return std::nullopt;
      if (waves == 1)
        inner = extent;
      waves *= repeat.count;
    } else if (waves != 1) {
      closed = true;
    }
    extent *= repeat.count;
  }
  if (waves == 1)
    return std::nullopt;
  return WaveSplit{size / (inner * waves), waves, inner};
}

int64_t getAccessCost(const Layout &layout, ArrayRef<int64_t> shape,
                      int64_t contiguousDim, int64_t vector,
                      int64_t elementBytes) {
  constexpr int64_t kSectorBytes = 32;
  int64_t width = 1;
  if (contiguousDim >= 0)
    width = std::min(vector, layout.getVectorWidth(contiguousDim, shape));
  // Distinct sectors of the wave's first access, rows being far apart.
  llvm::SmallVector<Coords, 64> sectors;
  int64_t elements = std::max<int64_t>(1, kSectorBytes / elementBytes);
  for (int64_t lane = 0; lane < layout.getNumLanes(); ++lane) {
    Coords position = layout.apply(0, lane, 0);
    if (contiguousDim >= 0)
      position[contiguousDim] /= elements;
    if (!llvm::is_contained(sectors, position))
      sectors.push_back(position);
  }
  int64_t accesses = llvm::divideCeil(layout.getNumRegisters(), width);
  // An instruction costs about as much as four sectors.
  return accesses * (4 + int64_t(sectors.size()));
}

} // namespace tilewright::tile
