// Kernel.h - a kernel's metadata, parsed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_KERNEL_H
#define TILEWRIGHT_RUNTIME_KERNEL_H

#include "FastPrepare.h"
#include "tilewright-rt/Kernel.h"
#include <string>
#include <vector>

namespace tilewright::rt {

/// Most names of sizes and scalars that a kernel may use; lets a launch bind
/// them on the stack.
constexpr size_t maxSymbols = 64;
constexpr int32_t maxRank = 16;
constexpr size_t maxArguments = 1024;

/// A number that others must be multiples of. Powers of two, which most are,
/// take no division.
struct Divisor {
  int64_t value = 1;
  int64_t mask = 0; ///< `value` - 1, or -1 where `value` is no power of two

  Divisor() = default;
  Divisor(int64_t value)
      : value(value), mask((value & (value - 1)) ? -1 : value - 1) {}
  bool divides(int64_t number) const {
    return mask >= 0 ? (number & mask) == 0 : number % value == 0;
  }
};

/// What is known of a dimension of an array; all that a launch looks at of it.
struct Dim {
  int64_t size = -1, stride = -1; ///< static, or -1
  int64_t atMost = INT64_MAX;     ///< of the size
  int symbol = -1;                ///< index in Kernel::symbols, or -1
  Divisor sizeDivisor, strideDivisor;
};

struct Argument {
  std::string name;
  TwArgumentKind kind = TW_SCALAR;
  TwElementType type = TW_F32;
  int32_t rank = 0;
  size_t offset = 0;
  /// Static sizes, or -1, as twKernelGetArgument shows them.
  std::vector<int64_t> sizes;
  std::vector<Dim> dims;
  std::vector<TwDimInfo>
      dimInfos; ///< the same, as twKernelGetArgument shows it
  /// Scalars: index of its own name in Kernel::symbols, or -1.
  int symbol = -1;
  /// Scalars: the bits of the one value that it may have, if `isFixed`.
  bool isFixed = false;
  uint64_t fixedBits = 0;
  bool isContiguous = false;
  /// Some stride has a divisor, which is checked of implied strides as well.
  bool hasStrideDivisors = false;
  bool isNoAlias = false;
  bool isWritten = true;
  int64_t elementBytes = 1;
  /// Of the address: the kernel's fact, or the element's own if that is more.
  Divisor align;
  Divisor divisible; ///< scalars
  /// Workspaces: root of their bytes in Kernel::nodes; else -1.
  int workspace = -1;
  bool isZeroed = false;
};

/// Two arrays that must not share memory: one is `noalias`, one is written.
struct AliasPair {
  uint32_t noAlias, other;
};

/// A tensor map in the kernarg bytes, for copies by NVIDIA's TMA; the launch
/// encodes it for an array. Limits: CUDA Driver API, cuTensorMapEncodeTiled.
struct TensorMapRecipe {
  static constexpr size_t kBytes = 128, kAlignment = 64;
  static constexpr int32_t kMostRank = 5;
  static constexpr int64_t kMostBox = 256, kStrideBytes = 16;
  static constexpr int64_t kStrideLimit = int64_t(1) << 40; ///< bytes, excluded
  static constexpr int64_t kMostSize = int64_t(UINT32_MAX);

  /// Differs among all recipes of the process: what was encoded is kept by it.
  uint64_t id = 0;
  uint32_t argument = 0;
  size_t offset = 0; ///< of the map in the kernarg bytes
  std::vector<uint32_t> box, elementStrides; ///< per dimension, in elements
  /// In bytes, 0 for none: the swizzle of shared memory, the promotion of loads
  /// in L2.
  int64_t swizzleBytes = 0, promotionBytes = 0;
  /// Positions outside of the array are NaN instead of 0.
  bool fillsNan = false;
};

/// A node of a grid expression, in an array where operands come first.
struct GridNode {
  enum Kind : uint8_t { Constant, Symbol, Add, Mul, Mod, FloorDiv, CeilDiv };
  Kind kind;
  int64_t value = 0; ///< of the constant, or index of the symbol
  int left = 0, right = 0;
  int shift = -1; ///< of a division by the constant 1 << `shift`
};

} // namespace tilewright::rt

struct TwKernelStorage {
  std::string name, variant, chip, symbol;
  std::vector<tilewright::rt::Argument> arguments;
  tilewright::rt::FastProgram fast; ///< made of all others
  std::vector<tilewright::rt::AliasPair> aliasPairs;
  std::vector<tilewright::rt::TensorMapRecipe> tensorMaps;
  std::vector<std::string> symbols;
  std::vector<tilewright::rt::GridNode> nodes;
  /// Roots of the grid's extents in `nodes`; 0 to 3 of them.
  std::vector<int> extents;
  bool hasWorkspaces = false;
  size_t kernargBytes = 0;
  /// Where each parameter of the code lies in the kernarg bytes: the address,
  /// sizes and strides of an array are one each.
  std::vector<uint32_t> parameterOffsets;
  int64_t workgroupThreads = 1; ///< the product of `workgroup`
  int64_t sharedBytes = 0;
  int64_t scratchBytes = 0;
  /// For those who ask; no launch looks at these. -1: not said.
  int64_t workgroup[3] = {1, 1, 1};
  int64_t waveLanes = -1, privateBytes = -1, vectorRegisters = -1,
          accumulationRegisters = -1, scalarRegisters = -1, spills = -1;
};

namespace tilewright::rt {

/// Most nodes of all expressions of a kernel.
constexpr size_t maxNodes = 1100;

/// Evaluates the grid; `values` are the values of kernel.symbols.
TwStatus evaluateGrid(const TwKernelStorage &kernel, const int64_t *values,
                      int64_t grid[3]);

/// The bytes of workspace `index`; `values` as for evaluateGrid.
TwStatus evaluateWorkspace(const TwKernelStorage &kernel, size_t index,
                           const int64_t *values, int64_t &bytes);

/// twKernelPrepare where the message of a refusal is not wanted, and where
/// prepareFast does not know: false for a refusal, and nothing is allocated.
bool prepareUnusual(const TwKernelStorage &kernel, const TwValue *values,
                    void *kernarg, int64_t grid[3]);

/// The same for any arguments. `kernarg` has room for the kernel's bytes.
inline bool prepareQuietly(const TwKernelStorage &kernel, const TwValue *values,
                           size_t numValues, void *kernarg, int64_t grid[3]) {
  if (numValues != kernel.arguments.size())
    return false;
  FastResult result =
      prepareFast(kernel, values, static_cast<uint8_t *>(kernarg), grid);
  return result == FastResult::Unknown
             ? prepareUnusual(kernel, values, kernarg, grid)
             : result == FastResult::Ready;
}

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_KERNEL_H
