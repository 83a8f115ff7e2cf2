// Options.cpp - the command line of tile-cache.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Options.h"
#include "Commands.h"
#include <algorithm>
#include <cstdio>
#include <cstdlib>

/// Empty, or why the command cannot have the operands.
static std::string check(const Options &options) {
  const Command *command = findCommand(options.command);
  if (!command)
    return "expected a command " + listCommands() + ", but got '" +
           options.command + "'";
  bool hasEmpty = false;
  std::string got;
  for (const std::string &operand : options.operands) {
    got += (got.empty() ? "'" : ", '") + operand + "'";
    hasEmpty |= operand.empty();
  }
  if (options.operands.size() != command->numOperands || hasEmpty)
    return "expected " + std::string(command->operands) + " behind '" +
           options.command + "', but got " + (got.empty() ? "nothing" : got);
  if ((command->options & TakesTarget) && options.targets.empty())
    return "expected '--target' behind '" + options.command + "'";
  return {};
}

bool isOfKernels(const Options &options) {
  return options.command == "prebuild" || options.command == "check";
}

/// The names between commas, each once; false where one is empty.
static bool split(const std::string &list, std::vector<std::string> &names) {
  names.clear();
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(',', begin), list.size());
    std::string name = list.substr(begin, end - begin);
    if (name.empty())
      return false;
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
    begin = end + 1;
  }
  return true;
}

/// A number in decimal digits, or false.
static bool parseNumber(const std::string &text, uint64_t least, uint64_t most,
                        uint64_t &number) {
  number = 0;
  for (char c : text)
    if (c < '0' || c > '9' || __builtin_mul_overflow(number, 10, &number) ||
        __builtin_add_overflow(number, uint64_t(c - '0'), &number))
      return false;
  return !text.empty() && number >= least && number <= most;
}

/// Takes one option; empty, or what is wrong with its value.
static std::string setOption(const OptionInfo &option, const std::string &value,
                             Options &options) {
  const std::string name = option.name;
  if (option.value && value.empty())
    return "expected a value of '" + name + "' that is not empty";
  if (name == "--folder") {
    options.folder = value;
  } else if (name == "--secret-file") {
    options.secretFile = value;
  } else if (name == "--max-bytes") {
    // 0 is what the cache takes for its default.
    uint64_t least = options.command == "prune" ? 0 : 1;
    if (!parseNumber(value, least, UINT64_MAX, options.maxBytes))
      return "expected a number of bytes in [" + std::to_string(least) + ", " +
             std::to_string(UINT64_MAX) + "] for '--max-bytes', but got '" +
             value + "'";
  } else if (name == "--target") {
    if (!split(value, options.targets))
      return "expected names with ',' between them for '--target', but got '" +
             value + "'";
  } else if (name == "-j") {
    uint64_t number = 0;
    if (!parseNumber(value, 1, 1024, number))
      return "expected a number in [1, 1024] for '-j', but got '" + value + "'";
    options.numThreads = uint32_t(number);
  } else if (name == "--allow-group-write") {
    options.allowsGroupWrite = true;
  } else if (name == "--json") {
    options.isJson = true;
  } else {
    options.wantsHelp = true;
  }
  return {};
}

namespace {

struct GivenOption {
  const OptionInfo *info;
  std::string value;
};

} // namespace

/// Tells commands, operands and options apart; empty, or what is wrong first.
static std::string readArguments(int argc, char **argv, Options &options,
                                 std::vector<GivenOption> &given) {
  bool hasCommand = false, isOperand = false;
  std::string message;
  auto refuse = [&](const std::string &why) {
    if (message.empty())
      message = why;
  };
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (isOperand || argument.size() < 2 || argument[0] != '-') {
      if (hasCommand)
        options.operands.push_back(argument);
      else
        options.command = argument;
      hasCommand = true;
      continue;
    }
    if (argument == "--") {
      isOperand = true;
      continue;
    }
    size_t equals = argument.find('=');
    std::string name = argument.substr(0, equals);
    const OptionInfo *option = findOption(name);
    if (!option || (equals != std::string::npos && name[1] != '-')) {
      refuse("unknown option '" + argument + "'");
      continue;
    }
    std::string value;
    if (equals != std::string::npos)
      value = argument.substr(equals + 1);
    if (equals != std::string::npos && !option->value)
      refuse("expected no value behind '" + name + "', but got '" + value +
             "'");
    if (equals == std::string::npos && option->value) {
      if (++i == argc)
        refuse("expected a value behind '" + name + "'");
      else
        value = argv[i];
    }
    given.push_back({option, value});
  }
  return message;
}

std::string parseOptions(int argc, char **argv, Options &options) {
  std::vector<GivenOption> given;
  std::string message = readArguments(argc, argv, options, given);
  // An error is told as they wish, too.
  for (const GivenOption &option : given) {
    options.isJson |= std::string(option.info->name) == "--json";
    options.wantsHelp |= std::string(option.info->name) == "--help";
  }
  const Command *command = findCommand(options.command);
  if (!message.empty())
    return message;
  if (options.wantsHelp && (command || options.command.empty()))
    return {};
  for (const GivenOption &option : given) {
    if (command && !takes(*command, *option.info))
      return "'" + std::string(option.info->name) + "' has no use for '" +
             options.command + "'";
    if (message = setOption(*option.info, option.value, options);
        !message.empty())
      return message;
  }
  return check(options);
}

std::string openCache(const Options &options, TwCache &cache) {
  const std::string &command = options.command;
  TwCacheOptions used = {};
  used.isReadOnly =
      command != "prune" && command != "import" && command != "prebuild";
  used.allowsGroupWrite = options.allowsGroupWrite;
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
  if (!(findCommand(command)->options & TakesSecret))
    used.secret = "";
  // A folder that is not there has nothing to remove, and is not made for it.
  if (command == "prune") {
    used.isReadOnly = 1;
    std::string message = take(twCacheOpen(&used, &cache));
    if (!message.empty())
      return message;
    twCacheClose(cache);
    used.isReadOnly = 0;
  }
  return take(twCacheOpen(&used, &cache));
}

std::string showControls(const std::string &text) {
  std::string shown;
  for (char c : text) {
    char digits[5];
    std::snprintf(digits, sizeof(digits), "\\x%02x",
                  unsigned(static_cast<unsigned char>(c)));
    bool isControl = (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
    shown += isControl ? std::string(digits) : std::string(1, c);
  }
  return shown;
}

int fail(const Options &options, const std::string &message) {
  if (options.isJson)
    printJson({{"error", message}});
  std::fprintf(stderr, "tile-cache: error: %s\n",
               showControls(message).c_str());
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
