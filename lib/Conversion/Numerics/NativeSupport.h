// NativeSupport.h - which float ops a chip's back end does by itself.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_CONVERSION_NUMERICS_NATIVESUPPORT_H
#define TILEWRIGHT_LIB_CONVERSION_NUMERICS_NATIVESUPPORT_H

#include "tilewright/Conversion/Numerics.h"

namespace tilewright {
struct ChipInfo;
}

namespace tilewright::numerics {

/// What LLVM selects for a chip without a library call, with the result that
/// the op is defined to have. Found by compiling each op with llc for
/// x86-64-v3, x86-64-v4, gfx942, gfx1100, sm_80 and sm_90.
class NativeSupport {
public:
  /// Of no chip in particular: nothing but f32 and f64 arithmetic.
  NativeSupport() = default;
  explicit NativeSupport(const ChipInfo &chip) : chip(&chip) {}

  /// True where arith.extf or arith.truncf from `src` to `dst` is a
  /// conversion in direction `mode`; NaN stays NaN, its payload is free.
  bool converts(mlir::Type src, mlir::Type dst, RoundingMode mode,
                bool saturate) const;

  /// True where `op` on elements of the narrow float `type` is done at once,
  /// or in f32 and rounded once.
  bool computes(mlir::Operation *op, mlir::Type type) const;

  /// True where a math op on f32 with the fast-math flag `afn` is selected as
  /// an approximate instruction.
  bool approximates(mlir::Operation *op) const;
  bool hasApproximations() const;

private:
  const ChipInfo *chip = nullptr;
};

} // namespace tilewright::numerics

#endif // TILEWRIGHT_LIB_CONVERSION_NUMERICS_NATIVESUPPORT_H
