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
  uint64_t maxBytes = uint64_t(2) << 30;
  bool isJson = false;
};

/// Empty, or what is wrong with the command line.
std::string parseOptions(int argc, char **argv, Options &options);

/// Opens the folder of the options, for what their command does; empty, or what
/// is wrong.
std::string openCache(const Options &options, TwCache &cache);

/// Prints an error; the exit code.
int fail(const std::string &message);

/// The message of `status`, "" for success; destroys it.
std::string take(TwStatus status);

void printJson(const nlohmann::ordered_json &report);

#endif // TILEWRIGHT_TOOLS_TILE_CACHE_OPTIONS_H
