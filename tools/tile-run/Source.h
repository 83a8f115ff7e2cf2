// Source.h - what tile-run is given to run.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TOOLS_TILE_RUN_SOURCE_H
#define TILEWRIGHT_TOOLS_TILE_RUN_SOURCE_H

#include "Options.h"
#include "tilewright-rt/Library.h"
#include "tilewright/Pipeline/Compile.h"

namespace tilewright {

/// A kernel to compile, or one of a library.
struct Source {
  Source() = default;
  Source(Source &&other)
      : request(std::move(other.request)), kernel(std::move(other.kernel)) {
    std::swap(library, other.library);
  }
  ~Source() { twLibraryDestroy(library); }

  /// The kernel and the variant; their text, but for its chip. Of a library,
  /// the text that it keeps.
  CompileRequest request;
  /// What the library calls the kernel.
  std::string kernel;
  /// Null where the kernel must be compiled.
  TwLibrary library = nullptr;
};

/// Opens the library, description or MLIR text that the options name. The text
/// of a library's image is that for `chip`, if it has one.
llvm::Expected<Source> openSource(const Options &options, llvm::StringRef chip);

/// Compiles the kernel for `chip` and makes a library of it; prints remarks.
llvm::Error compileToLibrary(Source &source, const ChipInfo &chip);

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_TILE_RUN_SOURCE_H
