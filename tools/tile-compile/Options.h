// Options.h - the command line of tile-compile.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_TOOLS_TILECOMPILE_OPTIONS_H
#define TILEWRIGHT_TOOLS_TILECOMPILE_OPTIONS_H

#include "tilewright/Codegen/CodeObject.h"
#include <string>
#include <vector>

namespace tilewright {

enum class Emit { Tilelib, Object, Assembly, Llvm, Mlir, Ptx, CHeader };

/// The command line, copied out of LLVM's options: a link in this process
/// resets those.
struct Options {
  std::string input, output, report, cPrefix;
  std::vector<std::string> chips, kernels, variants;
  Emit emit = Emit::Tilelib;
  Linker linker = Linker::Lld;
  unsigned jobs = 1;
  bool timeReport = false, quiet = false, assemblePtx = true;
};

/// Ends the process where the command line is wrong.
Options parseCommandLine(int argc, char **argv);

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_TILECOMPILE_OPTIONS_H
