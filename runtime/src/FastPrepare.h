// FastPrepare.h - the checks of a launch in the usual case, as one pass.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_FASTPREPARE_H
#define TILEWRIGHT_RUNTIME_FASTPREPARE_H

#include "tilewright-rt/Kernel.h"
#include <cstdint>
#include <vector>

namespace tilewright::rt {

/// What a launch looks at of an argument, in the order in which it does.
struct FastArgument {
  enum Kind : uint8_t { Array, Integer, Float32, Float64, OtherFloat };
  Kind kind;
  uint8_t rank;
  uint8_t bytes; ///< of a scalar, or of an element
  bool isContiguous;
  bool isMapped;       ///< by a tensor map
  bool hasStrideFacts; ///< of contiguous arrays: implied strides are checked
  bool isFirst;        ///< to give `symbol` its value
  int16_t symbol;      ///< of a scalar; -1: none
  TwElementType type;
  uint32_t offset;
  uint32_t firstDim; ///< in FastProgram::dims
  int64_t mask;      ///< of the address, or of an integer: these bits are 0
  int64_t low, high; ///< of an integer
};

struct FastDim {
  int64_t size, stride; ///< static, or -1
  int64_t atMost;
  int64_t sizeMask, strideMask;
  int16_t symbol; ///< -1: none
  bool isFirst;
};

/// The checks of a kernel, if they are all of the usual kind.
struct FastProgram {
  bool isUsable = false;
  std::vector<FastArgument> arguments;
  std::vector<FastDim> dims;
};

/// Most arrays of a fast program: their extents are on the stack.
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
