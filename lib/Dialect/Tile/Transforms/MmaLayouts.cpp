// MmaLayouts.cpp - the layouts of the operands of an mma.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "MmaLayouts.h"

#include "tilewright/Conversion/Numerics.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tilewright::tile {
namespace {

/// `value` in element type `type`; exact for the types that come here.
Value convertExactly(OpBuilder &builder, Location loc, Value value, Type type,
                     const ChipInfo &chip) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from.getElementType() == type)
    return value;
  auto native = [&](Type to) {
    auto fromKind = getElementKind(from.getElementType());
    auto toKind = getElementKind(to);
    return fromKind && toKind && chip.findConversion(*fromKind, *toKind);
  };
  auto to = RankedTensorType::get(from.getShape(), type);
  if (native(type))
    return ConvertOp::create(builder, loc, to, value);
  // LLVM extends these on every chip.
  if (!isFp8Type(from.getElementType()))
    return arith::ExtFOp::create(builder, loc, to, value);
  return expandConvert(builder, loc, value, type);
}

void convertOperands(MmaOp op, Type type, const ChipInfo &chip) {
  OpBuilder builder(op);
  op.getLhsMutable().assign(
      convertExactly(builder, op.getLoc(), op.getLhs(), type, chip));
  op.getRhsMutable().assign(
      convertExactly(builder, op.getLoc(), op.getRhs(), type, chip));
  op.setFastAccum(false);
}

/// Lanes over M and N for FMAs: those for which a lane reads the fewest rows
/// and columns of the operands.
Layout getFmaLayout(ArrayRef<int64_t> shape, int64_t waveSize,
                    ArrayRef<int64_t> waves) {
  int64_t rank = shape.size(), rowDim = rank - 2, columnDim = rank - 1;
  int64_t m = shape[rowDim], n = shape[columnDim];
  int64_t waveRows = waves.front(),
          waveColumns = waves.size() > 1 ? waves[1] : 1;
  int64_t bestColumns = 1, bestCost = -1;
  for (int64_t columns = 1; columns <= waveSize; columns *= 2) {
    int64_t rows = waveSize / columns;
    int64_t perRow = llvm::divideCeil(m, rows * waveRows);
    int64_t perColumn = llvm::divideCeil(n, columns * waveColumns);
    int64_t cost = perRow * perColumn * 4 + perRow + perColumn;
    if (bestCost < 0 || cost < bestCost) {
      bestCost = cost;
      bestColumns = columns;
    }
  }
  int64_t perColumn = llvm::divideCeil(n, bestColumns * waveColumns);
  SmallVector<int64_t> extent(rank, 1);
  SmallVector<Coords> reg, lane;
  auto addBits = [&](SmallVector<Coords> &bits, int64_t dim, int64_t count) {
    for (; count > 1; count /= 2) {
      Coords coords(rank, 0);
      if (extent[dim] < shape[dim] || &bits == &reg) {
        coords[dim] = extent[dim];
        extent[dim] *= 2;
      }
      bits.push_back(coords);
    }
  };
  // Up to four neighbours in a lane, so that rows are read as vectors.
  addBits(reg, columnDim,
          std::min<int64_t>(4, llvm::bit_floor<uint64_t>(perColumn)));
  addBits(lane, columnDim, bestColumns);
  addBits(lane, rowDim, waveSize / bestColumns);
  SmallVector<LayoutRepeat> repeats;
  auto addWaves = [&](int64_t count, int64_t dim) {
    bool used = extent[dim] < shape[dim];
    if (count > 1)
      repeats.push_back({LayoutUnit::Wave, count, used ? int(dim) : -1});
    if (used)
      extent[dim] *= count;
  };
  addWaves(waveRows, rowDim);
  addWaves(waveColumns, columnDim);
  for (int64_t dim = rank - 1; dim >= 0; --dim)
    if (extent[dim] < shape[dim])
      repeats.push_back({LayoutUnit::Register,
                         int64_t(llvm::divideCeil(shape[dim], extent[dim])),
                         int(dim)});
  std::optional<Layout> layout = Layout::get(rank, reg, lane, {}, repeats);
  assert(layout && "lanes and waves fill the tile from its origin");
  return *layout;
}

/// Elements that a lane holds of `rows` x `columns`, spread over `lanes` lanes
/// in steps of `rowStep` x `columnStep`; `waves` share the rows.
int64_t getElementsPerLane(int64_t rows, int64_t columns, int64_t rowStep,
                           int64_t columnStep, int64_t waves, int64_t lanes) {
  return llvm::divideCeil(rows, rowStep * waves) * rowStep *
         llvm::alignTo(columns, columnStep) / lanes;
}

/// An error where an operand, which the waves along the other dimension hold
/// as a whole, takes more registers than a layout may have.
LogicalResult checkOperands(MmaOp op, const MmaAtom *atom, const ChipInfo &chip,
                            const Schedule &schedule) {
  ArrayRef<int64_t> shape = op.getAcc().getType().getShape();
  int64_t rank = shape.size(), m = shape[rank - 2], n = shape[rank - 1];
  int64_t k = op.getLhs().getType().getShape().back(), batch = 1;
  for (int64_t size : shape.drop_back(2))
    batch *= size;
  int64_t waveRows = schedule.waves[0];
  int64_t waveColumns = schedule.waves.size() > 1 ? schedule.waves[1] : 1;
  int64_t lhs, rhs;
  if (atom) {
    lhs = getElementsPerLane(m, k, atom->m, atom->k, waveRows, chip.waveSize);
    rhs =
        getElementsPerLane(n, k, atom->n, atom->k, waveColumns, chip.waveSize);
  } else {
    Layout acc = getFmaLayout(shape, chip.waveSize, schedule.waves);
    lhs = acc.collapseDim(rank - 1).withoutFreeRegisters().getNumRegisters() *
          k / batch;
    rhs = acc.collapseDim(rank - 2).withoutFreeRegisters().getNumRegisters() *
          k / batch;
  }
  // What layouts can describe, with room for padding; whether so many
  // registers are any good is the user's matter.
  int64_t limit =
      std::min(Layout::maxRegisters,
               Layout::maxPlaces / (chip.waveSize * schedule.getNumWaves())) /
      2;
  int64_t needed = std::max(lhs, rhs) * batch;
  if (needed <= limit)
    return success();
  return op.emitOpError()
         << "needs " << needed
         << " elements of an operand in each lane, but at most " << limit
         << " are supported; use smaller tiles or more waves";
}

} // namespace

LogicalResult legalizeMmas(KernelOp kernel, const ChipInfo &chip,
                           const Schedule &schedule) {
  SmallVector<MmaOp> ops;
  kernel.walk([&](MmaOp op) { ops.push_back(op); });
  for (MmaOp op : ops) {
    if (op.getAtom()) {
      // Set by hand: it must be one of the chip's, for these types.
      if (!chip.findAtom(*op.getAtom()))
        return op.emitOpError() << "names the atom \"" << *op.getAtom()
                                << "\", but '" << chip.name << "' has none";
      const MmaAtom *atom = chooseAtom(op, chip, *op.getAtom());
      if (!atom || atom->name != *op.getAtom())
        return op.emitOpError() << "names the atom \"" << *op.getAtom()
                                << "\", which has other element types";
      if (failed(checkOperands(op, atom, chip, schedule)))
        return failure();
      continue;
    }
    const MmaAtom *atom = chooseAtom(op, chip, schedule.atom);
    Type lhsType = getElementTypeOrSelf(op.getLhs().getType());
    Builder builder(kernel.getContext());
    if (!atom && isFp8Type(lhsType)) {
      convertOperands(op, builder.getF16Type(), chip);
      atom = chooseAtom(op, chip, schedule.atom);
      lhsType = builder.getF16Type();
    }
    if (!atom && (lhsType.isF16() || lhsType.isBF16()))
      convertOperands(op, builder.getF32Type(), chip);
    if (failed(checkOperands(op, atom, chip, schedule)))
      return failure();
    if (atom)
      op.setAtom(atom->name);
  }
  return success();
}

MmaLayouts getMmaLayouts(MmaOp op, const ChipInfo &chip,
                         const Schedule &schedule) {
  ArrayRef<int64_t> lhsShape = op.getLhs().getType().getShape();
  ArrayRef<int64_t> rhsShape = op.getRhs().getType().getShape();
  ArrayRef<int64_t> accShape = op.getAcc().getType().getShape();
  int rank = accShape.size(), row = rank - 2, column = rank - 1;
  int64_t waveRows = schedule.waves[0];
  int64_t waveColumns = schedule.waves.size() > 1 ? schedule.waves[1] : 1;
  const MmaAtom *atom = op.getAtom() ? chip.findAtom(*op.getAtom()) : nullptr;
  MmaLayouts layouts;
  if (!atom) {
    layouts.acc = getFmaLayout(accShape, chip.waveSize, schedule.waves);
    layouts.lhs =
        layouts.acc.collapseDim(column).withoutFreeRegisters().broadcastDim(
            column, lhsShape[column]);
    layouts.rhs =
        layouts.acc.collapseDim(row).withoutFreeRegisters().broadcastDim(
            row, rhsShape[row]);
    return layouts;
  }
  layouts.lhs = Layout::extendAtom(atom->lhs, lhsShape,
                                   {{waveRows, row}, {waveColumns, -1}});
  layouts.rhs = Layout::extendAtom(atom->rhs, rhsShape,
                                   {{waveRows, -1}, {waveColumns, column}});
  layouts.acc = Layout::extendAtom(atom->acc, accShape,
                                   {{waveRows, row}, {waveColumns, column}});
  return layouts;
}

} // namespace tilewright::tile
