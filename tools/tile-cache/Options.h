// Options.h - the command line of tile-cache.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TOOLS_TILE_CACHE_OPTIONS_H
#define TILEWRIGHT_TOOLS_TILE_CACHE_OPTIONS_H

#include "tilewright-rt/Cache.h"
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

struct Options {
  std::string command, folder, secretFile;
  std::vector<std::string> operands;
  std::vector<std::string> targets;
  uint64_t maxBytes = uint64_t(2) << 30;
  uint32_t numThreads = 0; ///< 0: as many as the machine has
  bool isJson = false, allowsGroupWrite = false;
  bool wantsHelp = false; ///< and nothing else; of the command, if there is one
};

/// Empty, or what is wrong with the command line.
std::string parseOptions(int argc, char **argv, Options &options);

/// Opens the folder of the options, for what their command does; empty, or what
/// is wrong.
std::string openCache(const Options &options, TwCache &cache);

/// Whether the command is one of kernels, and works with all layers of a cache.
bool isOfKernels(const Options &options);

/// `text` with a backslash and digits for what could change a terminal, but for
/// the ends of its lines.
std::string showControls(const std::string &text);

/// Prints an error, and with `--json` an object of it; the exit code.
int fail(const Options &options, const std::string &message);

/// The message of `status`, "" for success; destroys it.
std::string take(TwStatus status);

void printJson(const nlohmann::ordered_json &report);

#endif // TILEWRIGHT_TOOLS_TILE_CACHE_OPTIONS_H
