// tile-cache.cpp - looks at a cache folder, keeps it in bounds and copies it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Explain.h"
#include "Kernels.h"
#include "Options.h"
#include <cstdio>
#include <cstring>

static const char kUsage[] =
    R"(tile-cache COMMAND [--folder FOLDER] [--json] [OPTIONS]

  stats          how many entries the folder has, and their bytes
  verify         reads every entry; exit code 1 if one is damaged
  prune          removes the entries that were not asked for longest, down to
                 --max-bytes (default: 2 GiB), and what dead processes left
  export FOLDER  copies the entries to FOLDER, which can be a shared folder of
                 other caches
  import FOLDER  copies the entries of FOLDER, as far as the cache lacks them;
                 keeps --max-bytes
  explain A B    how the keys of two entries differ; A and B are names of
                 entries, or the first digits of one, or files

  prebuild MANIFEST --target CHIP,...
                 compiles what the manifest names, unless it is there, and
                 writes into the manifest which compiler that was
  check MANIFEST --target CHIP,...
                 whether all that the manifest names is there; exit code 1 if
                 something is missing

  -j N                kernels that are compiled at the same time (default: as
                      many as the machine has threads)
  --folder FOLDER     without it: TILEWRIGHT_CACHE_DIR, else "tilewright" in the
                      XDG cache folder
  --secret-file FILE  seals what is exported, and imports only what was sealed
                      with it; without it: TILEWRIGHT_CACHE_SECRET_FILE, if set

The exit code of export and import is 1 where an entry was refused, that of
prebuild where a kernel could not be made.
)";

using Report = nlohmann::ordered_json;

/// What a command that looks at the folder finds.
static std::string look(TwCache cache, const Options &options, Report &report) {
  uint64_t entries = 0, bytes = 0, damaged = 0;
  std::string message;
  if (options.command == "verify")
    message = take(twCacheVerify(cache, &entries, &bytes, &damaged));
  else if (options.command == "prune")
    message = take(twCachePrune(cache, options.maxBytes));
  if (message.empty() && options.command != "verify")
    message = take(twCacheGetUsage(cache, &entries, &bytes));
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
  return message;
}

/// What a command that copies entries copied.
static std::string copy(TwCache cache, const Options &options, Report &report) {
  bool isImport = options.command == "import";
  const char *folder = options.operands[0].c_str();
  TwCacheTransfer transfer;
  std::string message =
      take(isImport ? twCacheImport(cache, folder, &transfer)
                    : twCacheExport(cache, folder, &transfer));
  report["copied"] = transfer.numEntries;
  report["bytes"] = transfer.numBytes;
  if (isImport)
    report["kept"] = transfer.numKept;
  report["damaged"] = transfer.numDamaged;
  report["otherVersion"] = transfer.numOtherVersion;
  if (isImport)
    report["rejected"] = transfer.numRejected;
  report["failed"] = transfer.numFailed;
  return message;
}

static int run(TwCache cache, const Options &options) {
  Report report;
  report["folder"] = twCacheGetFolder(cache);
  std::string message = options.operands.empty() ? look(cache, options, report)
                                                 : copy(cache, options, report);
  if (!message.empty())
    return fail(message);
  if (options.isJson) {
    printJson(report);
  } else {
    for (const auto &[key, value] : report.items())
      std::printf("%s: %s\n", key.c_str(),
                  value.is_string() ? value.get<std::string>().c_str()
                                    : value.dump().c_str());
  }
  for (const char *key : {"damaged", "otherVersion", "rejected", "failed"})
    if (report.contains(key) && report[key] != 0)
      return 1;
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 &&
      (!std::strcmp(argv[1], "--help") || !std::strcmp(argv[1], "-h"))) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  Options options;
  std::string message = parseOptions(argc, argv, options);
  if (!message.empty())
    return fail(message);
  if (options.command == "explain")
    return explain(options);
  TwCache cache = nullptr;
  message = openCache(options, cache);
  if (!message.empty())
    return fail(message);
  int code =
      isOfKernels(options) ? doKernels(cache, options) : run(cache, options);
  twCacheClose(cache);
  return code;
}
