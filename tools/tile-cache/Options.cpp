// Options.cpp - the command line of tile-cache.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Options.h"
#include <algorithm>
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
    {"stats", 0, "nothing", false},      {"verify", 0, "nothing", false},
    {"prune", 0, "nothing", false},      {"export", 1, "a folder", true},
    {"import", 1, "a folder", true},     {"explain", 2, "two entries", false},
    {"prebuild", 1, "a manifest", true}, {"check", 1, "a manifest", true},
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
  if (isOfKernels(options) == options.targets.empty())
    return options.targets.empty()
               ? "expected '--target' behind '" + options.command + "'"
               : "'--target' has no use for '" + options.command + "'";
  return {};
}

bool isOfKernels(const Options &options) {
  return options.command == "prebuild" || options.command == "check";
}

/// The names between commas.
static std::vector<std::string> split(const std::string &list) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(',', begin), list.size());
    if (end > begin)
      names.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

/// A number in decimal digits, or false.
static bool parseNumber(const std::string &text, uint64_t most,
                        uint64_t &number) {
  char *end = nullptr;
  number = std::strtoull(text.c_str(), &end, 10);
  return !text.empty() && !*end && text[0] >= '0' && text[0] <= '9' &&
         number <= most;
}

std::string parseOptions(int argc, char **argv, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i], value;
    bool takesValue = argument == "--folder" || argument == "--max-bytes" ||
                      argument == "--secret-file" || argument == "--target" ||
                      argument == "-j";
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
      if (!parseNumber(value, UINT64_MAX, options.maxBytes))
        return "expected a number of bytes for '--max-bytes', but got '" +
               value + "'";
    } else if (argument == "--target") {
      options.targets = split(value);
    } else if (argument == "-j") {
      uint64_t number = 0;
      if (!parseNumber(value, 1024, number) || number == 0)
        return "expected a number in [1, 1024] for '-j', but got '" + value +
               "'";
      options.numThreads = uint32_t(number);
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
  used.isReadOnly =
      command != "prune" && command != "import" && command != "prebuild";
  used.needsFolder = 1;
  used.maxBytes = options.maxBytes;
  if (!options.folder.empty())
    used.folder = options.folder.c_str();
  // Only the folder itself, whatever layers the environment names. Kernels may
  // be in any of them.
  const char *noFolders[] = {nullptr};
  if (!isOfKernels(options)) {
    used.sharedFolders = noFolders;
    used.redis = "";
  }
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
