// Tables.h - what the tables of chips are written with.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_TARGET_TABLES_H
#define TILEWRIGHT_LIB_TARGET_TABLES_H

#include "tilewright/Target/ChipInfo.h"

namespace tilewright::detail {

/// One step of a layout: a bit that adds `step` to coordinate `dim`.
struct Step {
  unsigned dim;
  int64_t step;
};
using Steps = llvm::SmallVector<Step, 8>;

/// A layout of rank 2 whose bits step along one dimension each.
Layout makeStepLayout(llvm::ArrayRef<Step> reg, llvm::ArrayRef<Step> lane,
                      llvm::ArrayRef<Step> wave = {});

/// Steps along `dim` that double from `first` while below `end`.
Steps doubling(unsigned dim, int64_t first, int64_t end);

/// The form that operands and accumulators of MFMA and WMMA share: lanes run
/// along `fixedDim` first; a lane holds `contiguous` elements along the other
/// dimension, the groups of lanes continue there, and more registers follow
/// once more:
///
///   fixed = lane % fixedSize
///   other = contiguous * (lane / fixedSize) + reg % contiguous
///           + contiguous * (waveSize / fixedSize) * (reg / contiguous)
///
/// Lanes beyond both sizes hold replicas.
Layout makeStripLayout(unsigned fixedDim, int64_t fixedSize, int64_t otherSize,
                       int64_t contiguous, int64_t waveSize);

/// Consecutive lanes in phases of `phaseBytes`: what we assume where nobody
/// has measured, and what NVIDIA does.
SharedAccess makeSequentialAccess(llvm::StringRef instruction, bool isWrite,
                                  unsigned bytes, unsigned banks,
                                  unsigned phaseBytes, unsigned waveSize,
                                  bool isMeasured);

/// An atomic for each type.
void addAtomics(ChipInfo &chip, llvm::ArrayRef<AtomicKind> kinds,
                llvm::ArrayRef<ElementKind> types, NativeAtomic form);

/// Exchange and compare-and-swap of 32 and 64 bits, and integer arithmetic;
/// `form` tells what arithmetic other than add needs in global memory.
void addIntegerAtomics(ChipInfo &chip, NativeAtomic form);

/// Conversions between f64, f32 and f16 that LLVM selects one instruction for.
void addBasicConversions(ChipInfo &chip);

// The vendors' tables, ascending.
void addCdnaChips(std::vector<ChipInfo> &chips);
void addRdnaChips(std::vector<ChipInfo> &chips);
void addNvidiaChips(std::vector<ChipInfo> &chips);
void addHostChips(std::vector<ChipInfo> &chips);

} // namespace tilewright::detail

#endif // TILEWRIGHT_LIB_TARGET_TABLES_H
