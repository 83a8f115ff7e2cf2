// tile-cache.cpp - looks at a cache folder and keeps it in bounds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Cache.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

namespace {

const char usage[] =
    R"(tile-cache COMMAND [--folder FOLDER] [--max-bytes N] [--json]

  stats   how many entries the folder has, and their bytes
  verify  reads every entry; exit code 1 if one is damaged
  prune   removes the entries that were not asked for longest, down to
          --max-bytes (default: 2 GiB), and what dead processes left

Without --folder: TILEWRIGHT_CACHE_DIR, else "tilewright" in the XDG cache folder.
)";

struct Options {
  std::string command, folder;
  uint64_t maxBytes = uint64_t(2) << 30;
  bool isJson = false;
};

int fail(const std::string &message) {
  std::fprintf(stderr, "tile-cache: error: %s\n", message.c_str());
  return 1;
}

/// Empty, or what is wrong with the command line.
std::string parse(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i], value;
    bool takesValue = argument == "--folder" || argument == "--max-bytes";
    if (takesValue) {
      if (++i == argc)
        return "expected a value behind '" + argument + "'";
      value = argv[i];
    }
    if (argument == "--folder") {
      options.folder = value;
    } else if (argument == "--max-bytes") {
      char *end = nullptr;
      options.maxBytes = std::strtoull(value.c_str(), &end, 10);
      if (value.empty() || *end || value[0] == '-')
        return "expected a number of bytes for '--max-bytes', but got '" +
               value + "'";
    } else if (argument == "--json") {
      options.isJson = true;
    } else if (argument[0] == '-') {
      return "unknown option '" + argument + "'";
    } else if (!options.command.empty()) {
      return "expected one command, but got '" + options.command + "' and '" +
             argument + "'";
    } else {
      options.command = argument;
    }
  }
  if (options.command != "stats" && options.command != "verify" &&
      options.command != "prune")
    return "expected a command 'stats', 'verify' or 'prune', but got '" +
           options.command + "'";
  return {};
}

std::string take(TwStatus status) {
  std::string message = twStatusGetMessage(status);
  twStatusDestroy(status);
  return message;
}

int run(TwCache cache, const Options &options) {
  nlohmann::ordered_json report;
  report["folder"] = twCacheGetFolder(cache);
  uint64_t entries = 0, bytes = 0, damaged = 0;
  std::string message;
  if (options.command == "verify")
    message = take(twCacheVerify(cache, &entries, &bytes, &damaged));
  else if (options.command == "prune")
    message = take(twCachePrune(cache, options.maxBytes));
  if (message.empty() && options.command != "verify")
    message = take(twCacheGetUsage(cache, &entries, &bytes));
  if (!message.empty())
    return fail(message);
  report["entries"] = entries;
  report["bytes"] = bytes;
  if (options.command == "verify")
    report["damaged"] = damaged;
  if (options.command == "prune") {
    TwCacheCounters counters;
    twCacheGetCounters(cache, &counters);
    report["removed"] = counters.evictions;
    report["refused"] = counters.warnings;
  }
  if (options.isJson) {
    std::printf(
        "%s\n",
        report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
            .c_str());
  } else {
    for (const auto &[key, value] : report.items())
      std::printf("%s: %s\n", key.c_str(),
                  value.is_string() ? value.get<std::string>().c_str()
                                    : value.dump().c_str());
  }
  return damaged ? 1 : 0;
}

} // namespace

int main(int argc, char **argv) {
  if (argc == 2 &&
      (!std::strcmp(argv[1], "--help") || !std::strcmp(argv[1], "-h"))) {
    std::fputs(usage, stdout);
    return 0;
  }
  Options options;
  std::string message = parse(argc, argv, options);
  if (!message.empty())
    return fail(message);
  TwCacheOptions cacheOptions = {};
  cacheOptions.isReadOnly = options.command != "prune";
  if (!options.folder.empty())
    cacheOptions.folder = options.folder.c_str();
  TwCache cache = nullptr;
  message = take(twCacheOpen(&cacheOptions, &cache));
  if (!message.empty())
    return fail(message);
  int code = run(cache, options);
  twCacheClose(cache);
  return code;
}
