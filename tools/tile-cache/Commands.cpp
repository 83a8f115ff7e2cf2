// Commands.cpp - what the commands of tile-cache take, and their help.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Commands.h"
#include <cstdio>

static constexpr Command kCommands[] = {
    {"stats", 0, "", "nothing", 0,
     "how many entries the folder has, and their bytes"},
    {"verify", 0, "", "nothing", 0,
     "reads every entry; exit code 1 if one is damaged"},
    {"prune", 0, "", "nothing", TakesMaxBytes,
     "removes the entries that were not asked for longest, down to\n"
     "--max-bytes (default: 2 GiB), and what dead processes left;\n"
     "exit code 1 if the system refused to remove something"},
    {"export", 1, "FOLDER", "a folder", TakesSecret,
     "copies the entries to FOLDER, which can be a shared folder of\n"
     "other caches; exit code 1 if one was refused. What is known of\n"
     "files of this machine (\"local\") stays here"},
    {"import", 1, "FOLDER", "a folder", TakesSecret | TakesMaxBytes,
     "copies the entries of FOLDER, as far as the cache lacks them;\n"
     "keeps --max-bytes; exit code 1 if one was refused"},
    {"explain", 2, "A B", "two entries", 0,
     "how the keys of two entries differ; A and B are names of\n"
     "entries, or the first digits of one, or files"},
    {"prebuild", 1, "MANIFEST", "a manifest",
     TakesSecret | TakesMaxBytes | TakesTarget | TakesThreads,
     "compiles what the manifest names for --target, unless it is\n"
     "there, and writes into the manifest which compiler that was;\n"
     "exit code 1 if a kernel could not be made"},
    {"check", 1, "MANIFEST", "a manifest", TakesSecret | TakesTarget,
     "whether all that the manifest names for --target is there;\n"
     "exit code 1 if something is missing"},
};

static constexpr OptionInfo kOptions[] = {
    {"--target", "CHIP,...", TakesTarget, "what the kernels are for"},
    {"-j", "N", TakesThreads,
     "kernels that are compiled at the same time (default:\n"
     "as many as the machine has threads)"},
    {"--max-bytes", "BYTES", TakesMaxBytes,
     "most bytes of the folder (default: 2 GiB)"},
    {"--folder", "FOLDER", 0,
     "without it: TILEWRIGHT_CACHE_DIR, else \"tilewright\"\n"
     "in the XDG cache folder"},
    {"--secret-file", "FILE", TakesSecret,
     "seals what is exported, and takes from others only\n"
     "what was sealed with it; without it:\n"
     "TILEWRIGHT_CACHE_SECRET_FILE, if set"},
    {"--allow-group-write", nullptr, 0,
     "takes folders that a group may write to, as does\n"
     "TILEWRIGHT_CACHE_ALLOW_GROUP_WRITE=1"},
    {"--json", nullptr, 0, "prints JSON, of errors too"},
    {"--help", nullptr, 0, "prints this, behind a command what it takes"},
};

const Command *findCommand(const std::string &name) {
  for (const Command &command : kCommands)
    if (name == command.name)
      return &command;
  return nullptr;
}

const OptionInfo *findOption(const std::string &name) {
  for (const OptionInfo &option : kOptions)
    if (name == option.name)
      return &option;
  return name == "-h" ? findOption("--help") : nullptr;
}

std::string listCommands() {
  std::string text;
  for (const Command &command : kCommands)
    text += (text.empty() ? "'" : ", '") + std::string(command.name) + "'";
  text.replace(text.rfind(", "), 2, " or ");
  return text;
}

bool takes(const Command &command, const OptionInfo &option) {
  return !option.use || (command.options & option.use);
}

/// Prints `title` and the lines of `text`, which start at `column`.
static void printItem(std::string title, const char *text, size_t column) {
  title = "  " + title;
  if (title.size() < column)
    title.resize(column, ' ');
  else
    title += "\n" + std::string(column, ' ');
  for (; *text; ++text) {
    title += *text;
    if (*text == '\n')
      title += std::string(column, ' ');
  }
  std::puts(title.c_str());
}

static std::string getTitle(const Command &command) {
  return command.name + std::string(*command.syntax ? " " : "") +
         command.syntax;
}

void printHelp(const Command *chosen) {
  if (chosen) {
    std::printf("tile-cache %s%s [OPTIONS]\n\n", getTitle(*chosen).c_str(),
                (chosen->options & TakesTarget) ? " --target CHIP,..." : "");
    printItem(chosen->name, chosen->text, 13);
  } else {
    std::puts("tile-cache COMMAND [OPTIONS]\n");
    for (const Command &command : kCommands)
      printItem(getTitle(command), command.text, 21);
  }
  std::puts("");
  for (const OptionInfo &option : kOptions)
    if (!chosen || takes(*chosen, option))
      printItem(option.name + std::string(option.value ? " " : "") +
                    (option.value ? option.value : ""),
                option.text, 24);
}
