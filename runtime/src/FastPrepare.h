// FastPrepare.h - the checks of a launch in the usual case, as one pass.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_FASTPREPARE_H
#define TILEWRIGHT_RUNTIME_FASTPREPARE_H

#include "tilewright-rt/Kernel.h"
#include <cstdint>
#include <vector>

namespace tilewright::rt {

/// Stands for no symbol: it is written and never used. One behind all others.
constexpr uint8_t kNoSymbol = 64;

/// What a launch looks at of an argument, in the order in which it does.
struct FastArgument {
  enum Kind : uint8_t {
    Vector, ///< arrays that are contiguous, and of whose strides nothing else
            ///< is known: of one dynamic dimension,
    PackedMatrix, ///< of two dimensions,
    Packed,       ///< of any others
    Matrix,  ///< arrays with strides: of two dimensions, without a tensor map,
    Strided, ///< and any other array
    Int32,   ///< integers of 32 bits
    OtherInteger,
    Float32,
    Float64,
    OtherFloat
  };
  Kind kind;
  uint8_t rank;
  bool isContiguous, isMapped; ///< by a tensor map
  uint8_t read, write;         ///< of an integer: as those of FastDim
  uint32_t offset;
  TwElementType type;
  int32_t valueRank; ///< behind `type`, as in TwValue: one comparison
  int64_t bytes;     ///< of an element
  int64_t mask;      ///< of the address, or of an integer: these bits are 0
  int64_t low;       ///< of an integer: it is from `low` to `low` + `span`
  uint64_t span;
};

/// A size and a stride.
struct FastDim {
  /// The size is that of the symbol `read`, where its checks have been done.
  bool isBound;
  /// Else the size goes to the symbol `write`, and is then that of `read`: both
  /// are one where the symbol gets its value here.
  uint8_t read, write;
  uint16_t sizeOffset, strideOffset; ///< in the argument; 0: not passed
  int64_t low;                       ///< of the size, as in FastArgument
  uint64_t span;
  int64_t sizeMask; ///< these bits of the size are 0
  /// These bits of the stride are 0, the sign always, and others are those of
  /// `stride`.
  int64_t strideMask, fixedMask, stride;
};

/// Array `array` shares no memory with those from `first` to `last` - 1;
/// arrays are counted without the scalars between them.
struct FastDisjoint {
  uint32_t array, first, last;
};

/// An extent of a grid: `constant`, or the symbol `read` divided by
/// 1 << `shift`, rounded up.
struct FastExtent {
  bool isConstant;
  uint8_t read, shift;
  int64_t constant;
};

/// The checks of a kernel, if they are all of the usual kind.
struct FastProgram {
  bool isUsable = false;
  std::vector<FastArgument> arguments;
  std::vector<FastDim> dims; ///< of the arrays, each innermost first
  std::vector<FastDisjoint> disjoint;
  /// Of the grid, if all of them are of that form.
  bool hasExtents = false;
  std::vector<FastExtent> extents;
};

/// Most arguments of a fast program: their extents are on the stack.
constexpr size_t kMostFastArguments = 64;

/// Makes kernel.fast from the rest.
void makeFastProgram(TwKernelStorage &kernel);

enum class FastResult {
  Ready,   ///< kernarg bytes and grid are written, as Preparation would
  Refused, ///< Preparation refuses the arguments, and says why
  Unknown  ///< something is unusual: Preparation knows
};

FastResult prepareFast(const TwKernelStorage &kernel, const TwValue *values,
                       uint8_t *kernarg, int64_t grid[3]);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_FASTPREPARE_H
