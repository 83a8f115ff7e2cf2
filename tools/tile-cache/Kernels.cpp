// Kernels.cpp - makes the kernels of a manifest, or looks whether they are
// there. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Kernels.h"
#include "tilewright-rt/Jit.h"
#include <cstdio>
#include <set>
#include <thread>

namespace {

/// What was reported, and how.
struct Reporter {
  bool isJson = false;
  uint64_t numThere = 0, numFailed = 0;
  /// Of the last call, and of those before it: two names may be of one target.
  std::string target;
  std::set<std::string> targetsBefore;
  nlohmann::ordered_json failures = nlohmann::ordered_json::array();

  static void add(void *user, const TwJitReportInfo *info, TwStatus status) {
    Reporter &self = *static_cast<Reporter *>(user);
    if (self.targetsBefore.count(info->target))
      return;
    self.target = info->target;
    if (!status) {
      ++self.numThere;
      return;
    }
    ++self.numFailed;
    const char *message = twStatusGetMessage(status);
    if (self.isJson) {
      self.failures.push_back({{"kernel", info->kernel},
                               {"variant", info->variant},
                               {"target", info->target},
                               {"arguments", info->arguments},
                               {"message", message}});
      return;
    }
    // A manifest may come from anybody.
    std::string text = std::string("kernel '") + info->kernel + "'";
    if (*info->variant)
      text += std::string(", variant '") + info->variant + "',";
    text += std::string(" for '") + info->target + "'";
    if (*info->arguments)
      text += std::string(" with (") + info->arguments + ")";
    std::puts(showControls(text + ": " + message).c_str());
  }
};

} // namespace

/// Empty, or what is wrong with the whole.
static std::string run(TwJit jit, const Options &options, Reporter &reporter) {
  const char *manifest = options.operands[0].c_str();
  std::vector<const char *> targets;
  for (const std::string &target : options.targets)
    targets.push_back(target.c_str());
  std::string message;
  if (options.command == "prebuild") {
    message = take(twJitPrebuild(jit, manifest, targets.data(), targets.size(),
                                 &Reporter::add, &reporter));
  } else {
    for (const char *target : targets) {
      std::string each =
          take(twJitCheck(jit, manifest, target, &Reporter::add, &reporter));
      reporter.targetsBefore.insert(reporter.target);
      if (message.empty())
        message = each;
    }
  }
  // What was reported is a result; what was not is an error.
  return reporter.numFailed ? std::string() : message;
}

int doKernels(TwCache cache, const Options &options) {
  TwJitOptions used = {};
  used.cache = cache;
  used.numThreads = options.numThreads ? options.numThreads
                                       : std::thread::hardware_concurrency();
  // What is there was made by the compiler that the manifest names.
  if (options.command == "check") {
    used.manifest = options.operands[0].c_str();
    used.isStrict = 1;
  }
  TwJit jit = nullptr;
  std::string message = take(twJitOpen(&used, &jit));
  if (!message.empty())
    return fail(options, message);
  Reporter reporter;
  reporter.isJson = options.isJson;
  message = run(jit, options, reporter);
  TwJitCounters counters;
  twJitGetCounters(jit, &counters);
  twJitClose(jit);
  if (!message.empty())
    return fail(options, message);
  bool isPrebuild = options.command == "prebuild";
  if (options.isJson) {
    nlohmann::ordered_json report = {{"folder", twCacheGetFolder(cache)},
                                     {"kernels", reporter.numThere}};
    if (isPrebuild)
      report["compiled"] = counters.compiles;
    report[isPrebuild ? "failed" : "missing"] = reporter.numFailed;
    report["failures"] = std::move(reporter.failures);
    printJson(report);
  } else {
    std::printf("folder: %s\nkernels: %llu\n",
                showControls(twCacheGetFolder(cache)).c_str(),
                static_cast<unsigned long long>(reporter.numThere));
    if (isPrebuild)
      std::printf("compiled: %llu\n",
                  static_cast<unsigned long long>(counters.compiles));
    std::printf("%s: %llu\n", isPrebuild ? "failed" : "missing",
                static_cast<unsigned long long>(reporter.numFailed));
  }
  return reporter.numFailed ? 1 : 0;
}
