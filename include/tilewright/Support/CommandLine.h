// CommandLine.h - LLVM's command line with the messages of this project.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_SUPPORT_COMMANDLINE_H
#define TILEWRIGHT_SUPPORT_COMMANDLINE_H

#include "llvm/ADT/StringRef.h"

namespace tilewright {

/// Fills the registered `llvm::cl` options. Where the command line is wrong,
/// prints `tool: error: ...` lines and ends the process with exit code 1.
/// Not thread-safe; for `main`.
void parseCommandLineOptions(int argc, char **argv, llvm::StringRef tool,
                             llvm::StringRef overview);

} // namespace tilewright

#endif // TILEWRIGHT_SUPPORT_COMMANDLINE_H
