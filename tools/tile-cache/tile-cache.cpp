// tile-cache.cpp - looks at a cache folder, keeps it in bounds and copies it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Commands.h"
#include "Explain.h"
#include "Kernels.h"
#include "Options.h"
#include <cerrno>
#include <cstdio>
#include <cstring>

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
  report["local"] = transfer.numLocal;
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
    return fail(options, message);
  if (options.isJson) {
    printJson(report);
  } else {
    for (const auto &[key, value] : report.items())
      std::printf("%s: %s\n", key.c_str(),
                  value.is_string()
                      ? showControls(value.get<std::string>()).c_str()
                      : value.dump().c_str());
  }
  for (const char *key :
       {"damaged", "otherVersion", "rejected", "failed", "refused"})
    if (report.contains(key) && report[key] != 0)
      return 1;
  return 0;
}

static int runCommand(const Options &options) {
  if (options.command == "explain")
    return explain(options);
  TwCache cache = nullptr;
  std::string message = openCache(options, cache);
  if (!message.empty())
    return fail(options, message);
  int code =
      isOfKernels(options) ? doKernels(cache, options) : run(cache, options);
  twCacheClose(cache);
  return code;
}

int main(int argc, char **argv) {
  Options options;
  std::string message = parseOptions(argc, argv, options);
  int code = 0;
  if (!message.empty())
    code = fail(options, message);
  else if (options.wantsHelp)
    printHelp(findCommand(options.command));
  else
    code = runCommand(options);
  // What nobody could read is no success.
  if (std::fflush(stdout) || std::ferror(stdout)) {
    options.isJson = false;
    return fail(options, "cannot write the output: " +
                             std::string(std::strerror(errno)));
  }
  return code;
}
