// Options.cpp - the command line of tile-cache.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Options.h"
#include <cstdio>
#include <cstdlib>

namespace {

struct Command {
  const char *name;
  size_t numOperands;
  const char *operands; ///< as an error names them
  bool takesSecret;
};

constexpr Command kCommands[] = {
    {"stats", 0, "nothing", false},  {"verify", 0, "nothing", false},
    {"prune", 0, "nothing", false},  {"export", 1, "a folder", true},
    {"import", 1, "a folder", true}, {"explain", 2, "two entries", false},
};

} // namespace

static const Command *findCommand(const std::string &name) {
  for (const Command &command : kCommands)
    if (name == command.name)
      return &command;
  return nullptr;
}

static std::string listCommands() {
  std::string text;
  for (const Command &command : kCommands)
    text += (text.empty() ? "'" : ", '") + std::string(command.name) + "'";
  text.replace(text.rfind(", "), 2, " or ");
  return text;
}

/// Empty, or why the command cannot have the operands or the options.
static std::string check(const Options &options) {
  const Command *command = findCommand(options.command);
  if (!command)
    return "expected a command " + listCommands() + ", but got '" +
           options.command + "'";
  if (options.operands.size() != command->numOperands) {
    std::string got;
    for (const std::string &operand : options.operands)
      got += (got.empty() ? "'" : ", '") + operand + "'";
    return "expected " + std::string(command->operands) + " behind '" +
           options.command + "', but got " + (got.empty() ? "nothing" : got);
  }
  if (!options.secretFile.empty() && !command->takesSecret)
    return "'--secret-file' has no use for '" + options.command + "'";
  return {};
}

std::string parseOptions(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i], value;
    bool takesValue = argument == "--folder" || argument == "--max-bytes" ||
                      argument == "--secret-file";
    if (takesValue) {
      if (++i == argc)
        return "expected a value behind '" + argument + "'";
      value = argv[i];
    }
    if (argument == "--folder") {
      options.folder = value;
    } else if (argument == "--secret-file") {
      options.secretFile = value;
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
    } else if (options.command.empty()) {
      options.command = argument;
    } else {
      options.operands.push_back(argument);
    }
  }
  return check(options);
}

std::string openCache(const Options &options, TwCache &cache) {
  const std::string &command = options.command;
  TwCacheOptions used = {};
  used.isReadOnly = command != "prune" && command != "import";
  used.maxBytes = options.maxBytes;
  if (!options.folder.empty())
    used.folder = options.folder.c_str();
  // Only the folder itself, whatever layers the environment names.
  const char *noFolders[] = {nullptr};
  used.sharedFolders = noFolders;
  used.redis = "";
  if (!options.secretFile.empty())
    setenv("TILEWRIGHT_CACHE_SECRET_FILE", options.secretFile.c_str(), 1);
  if (!findCommand(command)->takesSecret)
    used.secret = "";
  return take(twCacheOpen(&used, &cache));
}

int fail(const std::string &message) {
  std::fprintf(stderr, "tile-cache: error: %s\n", message.c_str());
  return 1;
}

std::string take(TwStatus status) {
  std::string message = twStatusGetMessage(status);
  twStatusDestroy(status);
  return message;
}

void printJson(const nlohmann::ordered_json &report) {
  // A path need not be UTF-8.
  std::printf(
      "%s\n",
      report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
          .c_str());
}
