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

/// A size and a stride.
struct FastDim {
  /// The size is that of the symbol `read`, where its checks have been done.
  bool isBound;
  /// Else the size goes to the symbol `write`, and is then that of `read`: both
  /// are one where the symbol gets its value here.
  uint8_t read, write;
  uint16_t sizeOffset, strideOffset; ///< in the argument; 0: not passed
  int64_t low; ///< the size is from `low` to `low` + `span`
  uint64_t span;
  int64_t sizeMask; ///< these bits of the size are 0
  /// These bits of the stride are 0, the sign always, and others are those of
  /// `stride`.
  int64_t strideMask, fixedMask, stride;
};

enum class FastResult {
  Ready,   ///< kernarg bytes and grid are written, as Preparation would
  Refused, ///< Preparation refuses the arguments, and says why
  Unknown  ///< something is unusual: Preparation knows
};

struct FastArgument;
struct FastLaunch; // the state of a launch, of FastPrepare.cpp alone
/// Checks the arguments from `fast` to before `end`, all of one kind, and
/// writes their bytes. `values` are theirs.
using FastCheck = FastResult(const FastArgument *fast, const FastArgument *end,
                             const TwValue *values, uint8_t *kernarg,
                             FastLaunch &launch);

/// What a launch looks at of an argument, in the order in which it does.
struct FastArgument {
  enum Kind : uint8_t {
    /// Arrays that are contiguous, and of whose strides nothing else is known:
    /// of one dimension, which is dynamic; of two; of any number.
    Vector,
    Packed2,
    Packed,
    /// Arrays with strides: of dynamic dimensions, two to four, the innermost
    /// contiguous, without a tensor map; and any others.
    Rows2,
    Rows3,
    Rows4,
    Strided,
    Int32, ///< integers of 32 and of 64 bits that no size needs
    Int64,
    OtherInteger,
    Float32,
    Float64,
    OtherFloat
  };
  Kind kind;
  uint8_t array;               ///< its number among the arrays
  bool isContiguous, isMapped; ///< by a tensor map
  uint8_t read, write;         ///< of an integer: as those of FastDim
  uint32_t offset;
  TwElementType type;
  int32_t rank;        ///< behind `type`, as in TwValue: one comparison
  const FastDim *dims; ///< innermost first; in FastProgram::dims
  int64_t bytes;       ///< of an element
  int64_t mask;        ///< of the address, or of an integer: these bits are 0
  int64_t low;         ///< of an integer, as in FastDim
  uint64_t span;
};

/// Arguments side by side that are of one kind: a call for all of them.
struct FastRun {
  FastCheck *check; ///< of the kind
  uint32_t numArguments;
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
  FastProgram() = default;
  FastProgram(FastProgram &&) = default; // `arguments` point into `dims`
  FastProgram &operator=(FastProgram &&) = default;

  bool isUsable = false;
  std::vector<FastArgument> arguments;
  std::vector<FastRun> runs;
  std::vector<FastDim> dims;
  std::vector<FastDisjoint> disjoint;
  /// Of the grid, if all of them are of that form.
  bool hasExtents = false;
  std::vector<FastExtent> extents;
};

/// Most arguments of a fast program: their extents are on the stack.
constexpr size_t kMostFastArguments = 64;

/// The checks of a kind.
FastCheck *getFastCheck(FastArgument::Kind kind);

/// Makes kernel.fast from the rest.
void makeFastProgram(TwKernelStorage &kernel);

FastResult prepareFast(const TwKernelStorage &kernel, const TwValue *values,
                       uint8_t *kernarg, int64_t grid[3]);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_FASTPREPARE_H
