// CommandLine.cpp - LLVM's command line with the messages of this project.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Support/CommandLine.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdlib>

namespace tilewright {

void parseCommandLineOptions(int argc, char **argv, llvm::StringRef tool,
                             llvm::StringRef overview) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (llvm::cl::ParseCommandLineOptions(argc, argv, overview, &stream))
    return;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(text).split(lines, '\n', -1, /*KeepEmpty=*/false);
  // LLVM's lines are `tool: Text!` or a tail of the line before.
  for (llvm::StringRef line : lines) {
    bool isFirst = line.consume_front(tool) && line.consume_front(":");
    line = line.trim();
    if (line.empty())
      continue;
    llvm::errs() << tool << ": " << (isFirst ? "error: " : "note: ")
                 << llvm::toLower(line[0]) << line.drop_front() << "\n";
  }
  if (lines.empty())
    llvm::errs() << tool << ": error: the command line is wrong; see --help\n";
  std::exit(1);
}

} // namespace tilewright
