// ChooseSchedule.cpp - fills in what the kernel's schedule leaves open.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/Transforms/Passes.h"

#include "KernelFacts.h"
#include "MemoryAccess.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tilewright::tile {

#define GEN_PASS_DEF_TILECHOOSESCHEDULEPASS
#include "tilewright/Dialect/Tile/Transforms/Passes.h.inc"

namespace {

/// What the choice depends on: the mmas of a kernel, and its other tiles.
struct KernelTiles {
  /// The largest result of an mma; m is 0 where there is none.
  int64_t m = 0, n = 0, accBytes = 0;
  int64_t atomM = 1, atomN = 1;
  /// A tile of the shape of a result is reduced along rows or columns.
  bool reducesRows = false, reducesColumns = false;
  /// The tile with the most bytes, and the bytes of an element in memory of
  /// the access with the most.
  int64_t maxElements = 1, maxBytes = 1;
  int64_t accessElementBytes = 4, accessBytes = 0;
};

void addMma(KernelTiles &tiles, MmaOp op, const ChipInfo &chip,
            StringRef atomName) {
  ArrayRef<int64_t> shape = op.getAcc().getType().getShape();
  int64_t bytes = getTileElements(op.getAcc().getType()) *
                  getElementBytes(getElementTypeOrSelf(op.getAcc().getType()));
  if (bytes <= tiles.accBytes)
    return;
  tiles.accBytes = bytes;
  tiles.m = shape[shape.size() - 2];
  tiles.n = shape.back();
  const MmaAtom *atom = chooseAtom(op, chip, atomName);
  tiles.atomM = atom ? atom->m : 1;
  tiles.atomN = atom ? atom->n : 1;
}

KernelTiles collectTiles(KernelOp kernel, const ChipInfo &chip,
                         StringRef atomName) {
  KernelTiles tiles;
  SmallVector<ArrayRef<int64_t>> accShapes;
  kernel.walk([&](Operation *op) {
    if (auto mma = dyn_cast<MmaOp>(op)) {
      addMma(tiles, mma, chip, atomName);
      accShapes.push_back(mma.getAcc().getType().getShape());
    }
    for (Type type : op->getResultTypes())
      if (isa<RankedTensorType>(type)) {
        int64_t elements = getTileElements(type);
        tiles.maxElements = std::max(tiles.maxElements, elements);
        tiles.maxBytes =
            std::max(tiles.maxBytes,
                     elements * getElementBytes(getElementTypeOrSelf(type)));
      }
    if (std::optional<MemoryAccess> access = getMemoryAccess(op)) {
      int64_t elementBytes =
          getElementBytes(getElementTypeOrSelf(access->tileType));
      int64_t bytes = getTileElements(access->tileType) * elementBytes;
      if (bytes > tiles.accessBytes) {
        tiles.accessBytes = bytes;
        tiles.accessElementBytes = elementBytes;
      }
      tiles.maxElements =
          std::max(tiles.maxElements, getTileElements(access->tileType));
    }
  });
  kernel.walk([&](Operation *op) {
    if (!isa<ReduceOp, ScanOp>(op))
      return;
    ArrayRef<int64_t> shape = getTileShape(op->getOperand(0).getType());
    int64_t rank = shape.size();
    if (!llvm::is_contained(accShapes, shape))
      return;
    int64_t axis = isa<ReduceOp>(op) ? int64_t(cast<ReduceOp>(op).getAxis())
                                     : int64_t(cast<ScanOp>(op).getAxis());
    tiles.reducesRows |= axis == rank - 1;
    tiles.reducesColumns |= axis == rank - 2;
  });
  return tiles;
}

int64_t getMaxWaves(const ChipInfo &chip) {
  return std::max<int64_t>(1, chip.maxThreadsPerWorkgroup / chip.waveSize);
}

/// One wave per SIMD, more where the accumulators would take more than half of
/// a lane's registers, fewer where a wave would be without an atom.
int64_t chooseMmaWaveCount(const KernelTiles &tiles, const ChipInfo &chip) {
  int64_t limit = llvm::bit_floor<uint64_t>(getMaxWaves(chip));
  int64_t waves =
      llvm::bit_floor<uint64_t>(std::max<int64_t>(1, chip.simdsPerComputeUnit));
  int64_t budgetBytes = chip.maxRegistersPerLane / 2 * 4;
  while (waves < limit && budgetBytes &&
         tiles.accBytes / (waves * chip.waveSize) > budgetBytes)
    waves *= 2;
  int64_t atoms = llvm::divideCeil(tiles.m, tiles.atomM) *
                  llvm::divideCeil(tiles.n, tiles.atomN);
  while (waves > 1 && atoms < waves)
    waves /= 2;
  return std::min(waves, limit);
}

/// The grid of waves for which a wave reads the fewest rows and columns of the
/// operands, keeping a reduced axis within a wave.
SmallVector<int64_t> chooseMmaWaves(const KernelTiles &tiles,
                                    const ChipInfo &chip) {
  int64_t count = chooseMmaWaveCount(tiles, chip);
  SmallVector<int64_t> best;
  int64_t bestCost = 0;
  for (int64_t rows = count; rows >= 1; rows /= 2) {
    int64_t columns = count / rows;
    int64_t m = llvm::alignTo(llvm::divideCeil(tiles.m, rows), tiles.atomM);
    int64_t n = llvm::alignTo(llvm::divideCeil(tiles.n, columns), tiles.atomN);
    // A reduced axis across waves costs a turn through shared memory.
    int64_t cost = (m + n) * 2;
    if (tiles.reducesRows && columns > 1)
      cost += tiles.m * columns;
    if (tiles.reducesColumns && rows > 1)
      cost += tiles.n * rows;
    // Waves without work of their own.
    if (m * (rows - 1) >= tiles.m || n * (columns - 1) >= tiles.n)
      cost *= 2;
    if (best.empty() || cost < bestCost) {
      best = {rows, columns};
      bestCost = cost;
    }
  }
  return best;
}

/// Without an mma: a lane gets at least one vector of the largest access, and
/// no more than an eighth of its registers for one tile.
int64_t chooseWaveCount(const KernelTiles &tiles, const ChipInfo &chip,
                        int64_t vectorBytes) {
  int64_t limit = llvm::bit_floor<uint64_t>(getMaxWaves(chip));
  int64_t vector = std::max<int64_t>(1, vectorBytes / tiles.accessElementBytes);
  int64_t usual =
      llvm::bit_floor<uint64_t>(std::max<int64_t>(1, chip.simdsPerComputeUnit));
  int64_t waves = llvm::bit_floor<uint64_t>(
      std::max<int64_t>(1, tiles.maxElements / (chip.waveSize * vector)));
  waves = std::min({waves, usual, limit});
  int64_t budgetBytes = chip.maxRegistersPerLane / 8 * 4;
  while (waves < limit && budgetBytes &&
         tiles.maxBytes / (waves * chip.waveSize) > budgetBytes)
    waves *= 2;
  return waves;
}

class TileChooseSchedulePass
    : public impl::TileChooseSchedulePassBase<TileChooseSchedulePass> {
public:
  using TileChooseSchedulePassBase::TileChooseSchedulePassBase;

  void runOnOperation() override {
    KernelOp kernel = getOperation();
    if (failed(setChip(kernel)))
      return signalPassFailure();
    const ChipInfo *facts = getChip(kernel);
    if (!facts)
      return signalPassFailure();
    FailureOr<Schedule> schedule = readSchedule(kernel, *facts);
    if (failed(schedule))
      return signalPassFailure();
    applyOptions(*schedule);
    if (failed(checkSchedule(kernel, *schedule, *facts)))
      return signalPassFailure();
    complete(kernel, *schedule, *facts);
    writeSchedule(kernel, *schedule);
  }

private:
  LogicalResult setChip(KernelOp kernel) {
    auto set = kernel->getAttrOfType<StringAttr>(kChipAttr);
    if (chip.empty())
      return success();
    if (set && set.getValue() != chip)
      return kernel.emitError()
             << "kernel '" << kernel.getSymName() << "' is for '"
             << set.getValue() << "', but the option 'chip' names '" << chip
             << "'";
    if (!lookupChip(chip))
      return kernel.emitError() << describeUnknownChip(chip);
    kernel->setAttr(kChipAttr, StringAttr::get(kernel.getContext(), chip));
    return success();
  }

  void applyOptions(Schedule &schedule) {
    if (schedule.waves.empty())
      schedule.waves.assign(waves.begin(), waves.end());
    if (!schedule.vectorBytes)
      schedule.vectorBytes = vectorBytes;
    if (schedule.operands.empty())
      schedule.operands = operands;
    if (schedule.stores.empty())
      schedule.stores = stores;
    if (schedule.atom.empty())
      schedule.atom = atom;
  }

  static void complete(KernelOp kernel, Schedule &schedule,
                       const ChipInfo &facts) {
    if (schedule.kind.empty())
      schedule.kind = "simple";
    if (!schedule.vectorBytes)
      schedule.vectorBytes = std::max<int64_t>(4, facts.maxGlobalAccessBytes);
    if (schedule.operands.empty())
      schedule.operands = "shared";
    if (schedule.stores.empty())
      schedule.stores = "shared";
    if (!schedule.waves.empty())
      return;
    KernelTiles tiles = collectTiles(kernel, facts, schedule.atom);
    if (tiles.m)
      schedule.waves = chooseMmaWaves(tiles, facts);
    else
      schedule.waves = {chooseWaveCount(tiles, facts, schedule.vectorBytes)};
  }
};

} // namespace
} // namespace tilewright::tile
