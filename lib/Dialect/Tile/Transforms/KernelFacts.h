// KernelFacts.h - the chip and the schedule of a kernel, checked.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_KERNELFACTS_H
#define TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_KERNELFACTS_H

#include "tilewright/Dialect/Tile/IR/Tile.h"
#include "tilewright/Target/ChipInfo.h"

#include "llvm/ADT/SmallVector.h"
#include <string>

namespace tilewright::tile {

inline constexpr llvm::StringLiteral kChipAttr = "tile.chip";
inline constexpr llvm::StringLiteral kScheduleAttr = "tile.schedule";

/// The fields of `tile.schedule` that the passes read. Empty or 0: not set.
struct Schedule {
  std::string kind;
  llvm::SmallVector<int64_t> waves;
  int64_t vectorBytes = 0;
  std::string operands;
  std::string stores;
  std::string atom;

  int64_t getNumWaves() const;
  bool stagesOperands() const { return operands != "direct"; }
  bool stagesStores() const { return stores == "shared"; }
};

/// The chip that the kernel names; null after an error where it names none or
/// an unknown one.
const ChipInfo *getChip(KernelOp kernel);

/// Reads `tile.schedule`, where there is one; an error for a bad field. `chip`
/// gives the limits.
mlir::FailureOr<Schedule> readSchedule(KernelOp kernel, const ChipInfo &chip);

/// Checks the fields that are set.
mlir::LogicalResult checkSchedule(KernelOp kernel, const Schedule &schedule,
                                  const ChipInfo &chip);

/// Writes `schedule` back, keeping fields that are not known here.
void writeSchedule(KernelOp kernel, const Schedule &schedule);

/// Erases operations whose results nobody uses and that do nothing else.
void eraseDeadOperations(KernelOp kernel);

/// The kind of a tile's elements; nothing for index.
std::optional<ElementKind> getElementKind(mlir::Type type);

/// The atom for `op`: `preferred` where it has the types, else the one with the
/// least padding that the chip prefers. Null where the chip has none.
const MmaAtom *chooseAtom(MmaOp op, const ChipInfo &chip,
                          llvm::StringRef preferred);

} // namespace tilewright::tile

#endif // TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_KERNELFACTS_H
