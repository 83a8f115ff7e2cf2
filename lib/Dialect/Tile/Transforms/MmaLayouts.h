// MmaLayouts.h - the layouts of the operands of an mma.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_MMALAYOUTS_H
#define TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_MMALAYOUTS_H

#include "KernelFacts.h"

namespace tilewright::tile {

struct MmaLayouts {
  Layout lhs, rhs, acc;
};

/// Chooses an atom for each mma of the kernel and sets `atom`. Operand types
/// without an atom are converted to f16 (fp8) or, where only FMAs are left, to
/// f32 (f16, bf16, fp8): both conversions are exact.
mlir::LogicalResult legalizeMmas(KernelOp kernel, const ChipInfo &chip,
                                 const Schedule &schedule);

/// The layouts of the atom that `op` names, over the waves of the schedule;
/// without an atom, layouts for FMAs: K is in registers.
MmaLayouts getMmaLayouts(MmaOp op, const ChipInfo &chip,
                         const Schedule &schedule);

} // namespace tilewright::tile

#endif // TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_MMALAYOUTS_H
