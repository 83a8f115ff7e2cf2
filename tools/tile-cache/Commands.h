// Commands.h - what the commands of tile-cache take.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TOOLS_TILE_CACHE_COMMANDS_H
#define TILEWRIGHT_TOOLS_TILE_CACHE_COMMANDS_H

#include <cstddef>
#include <string>

/// The options that not every command has a use for.
enum OptionUse : unsigned {
  TakesMaxBytes = 1,
  TakesSecret = 2,
  TakesTarget = 4, ///< and needs it
  TakesThreads = 8
};

struct Command {
  const char *name;
  size_t numOperands;
  const char *syntax;   ///< of the operands
  const char *operands; ///< as an error names them
  unsigned options;     ///< of OptionUse
  const char *text;     ///< lines of help
};

struct OptionInfo {
  const char *name;
  const char *value; ///< what the help calls its value; null: it takes none
  unsigned use;      ///< OptionUse, or 0: every command takes it
  const char *text;
};

/// Null where there is none of that name.
const Command *findCommand(const std::string &name);
const OptionInfo *findOption(const std::string &name);

/// The names, for an error.
std::string listCommands();

/// Whether the command has a use for the option.
bool takes(const Command &command, const OptionInfo &option);

/// Prints the help of a command, or of all.
void printHelp(const Command *command);

#endif // TILEWRIGHT_TOOLS_TILE_CACHE_COMMANDS_H
