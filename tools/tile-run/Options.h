// Options.h - the command line of tile-run.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TOOLS_TILE_RUN_OPTIONS_H
#define TILEWRIGHT_TOOLS_TILE_RUN_OPTIONS_H

#include "Arguments.h"
#include <string>

namespace tilewright {

/// The command line, copied out of LLVM's options: a link in this process
/// resets those.
struct Options {
  std::string input, kernel, variant, device, trace;
  ArgumentTexts texts;
  double rtol = 0, atol = 0, flops = 0;
  unsigned repeat = 1;
  int threads = 0;
};

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_TILE_RUN_OPTIONS_H
