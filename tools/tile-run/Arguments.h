// Arguments.h - the arrays and scalars of one launch, from the command line.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_TOOLS_TILE_RUN_ARGUMENTS_H
#define TILEWRIGHT_TOOLS_TILE_RUN_ARGUMENTS_H

#include "tilewright-rt/Kernel.h"
#include "tilewright/Npy/Npy.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tilewright {

/// Memory of an array, aligned to `alignment`, a power of two, and at least to
/// 64 bytes. Not to more than asked for: arrays that all start a page are in
/// each other's way in the caches. `data` is null where there is no memory.
class ArrayMemory {
public:
  ArrayMemory(size_t bytes, int64_t alignment);
  char *data() { return memory; }
  size_t size() const { return bytes; }

private:
  std::unique_ptr<char[]> storage;
  char *memory;
  size_t bytes;
};

/// One argument with what the command line says of it.
struct RunArgument {
  TwArgumentInfo info;
  std::vector<int64_t> sizes;
  std::optional<ArrayMemory> memory;
  /// What the array holds before each launch.
  std::string initial;
  TwValue value = {};
  bool isBound = false;
  /// Where to write it after the launch; empty for none.
  std::string outputPath;
  /// What it should hold after the launch.
  std::optional<NpyArray> expected;
};

/// Texts of --arg, --out and --check.
struct ArgumentTexts {
  std::vector<std::string> args, outs, checks;
};

/// Reads every array, allocates the outputs (filled with the byte 0xCD, so
/// that what the kernel does not write shows), and checks that each argument
/// of `kernel` has a value.
llvm::Expected<std::vector<RunArgument>>
bindArguments(TwKernel kernel, const ArgumentTexts &texts);

/// Puts the initial contents back.
void resetArguments(std::vector<RunArgument> &arguments);

/// Writes the outputs.
llvm::Error writeOutputs(std::vector<RunArgument> &arguments);

/// How an output compares with what is expected.
struct Difference {
  double maxAbsolute = 0, maxRelative = 0, rootMeanSquare = 0;
  int64_t wrong = 0, elements = 0;
  /// Flat index of the first wrong element.
  int64_t first = -1;
  double expected = 0, got = 0;
};

/// Compares in float64: wrong is |got - expected| > atol + rtol * |expected|,
/// or NaN where the other is none. Errors: shapes that differ.
llvm::Expected<Difference> compareOutput(RunArgument &argument, double rtol,
                                         double atol);

/// An error with the message of `status`, which is destroyed; success for
/// null.
llvm::Error toError(TwStatus status);

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_TILE_RUN_ARGUMENTS_H
