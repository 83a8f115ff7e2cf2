// Prebuild.cpp - kernels without a device: one, or all of a manifest.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Compatibility.h"
#include "../Module.h"
#include "../Support.h"
#include "../cache/Files.h"
#include "Session.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace tilewright::rt;

TwStatus twJitCompile(TwJit jit, const TwJitSource *source, const char *target,
                      TwLibrary *library) {
  if (TwStatus status = checkJit(jit))
    return status;
  if (!source || !target || !library)
    return fail(TW_INVALID_ARGUMENT,
                "expected a source, a target and a place for the library");
  *library = nullptr;
  auto task = std::make_shared<Task>();
  if (TwStatus status = readSource(*source, task->request))
    return status;
  task->request.target = target;
  task->isStrict = jit->isStrict;
  if (TwStatus status = identifyAndCount(jit, task->request))
    return status;
  // Shared: whoever does not wait any longer leaves the task to itself.
  auto bytes = std::make_shared<std::string>();
  task->use = [bytes](const std::string &made) -> TwStatus {
    *bytes = made;
    return nullptr;
  };
  startTask(jit, task, /*isUrgent=*/true);
  if (TwStatus status = waitForTask(*task))
    return status;
  return twLibraryCreate({bytes->data(), bytes->size()}, library);
}

TwStatus twJitSaveManifest(TwJit jit, const char *path) {
  if (TwStatus status = checkJit(jit))
    return status;
  if (!path)
    return fail(TW_INVALID_ARGUMENT, "expected the name of a file");
  return updateManifestFile(path, [&](Manifest &manifest) {
    std::lock_guard<std::mutex> lock(jit->recordMutex);
    for (const Request &request : jit->record.requests)
      manifest.add(request);
  });
}

/// Keeps the first failure, as a copy.
static void keepFirst(SharedStatus &first, TwStatus status) {
  if (first.code == TW_OK)
    first.set(status);
  else
    twStatusDestroy(status);
}

std::string tilewright::rt::describePtx(const std::string &kernel,
                                        const std::string &chip,
                                        const std::string &target,
                                        bool isAsked) {
  std::string text = "kernel '" + kernel + "' for '" + target +
                     "' is PTX of '" + chip +
                     "', which the driver would compile: ";
  // The compiler takes the PTX of an older chip where it has none like it.
  if (!rankChip(chip, /*isPtx=*/false, target))
    return text + "the compiler has no chip whose machine code runs on '" +
           target + "'; use a session that is not strict there";
  if (isAsked)
    return text + "that was asked for; do not set TwJitSource::keepsPtx";
  return text + "there was no assembler; prebuild it where ptxas or nvJitLink "
                "is found";
}

/// Refuses a library whose code for an NVIDIA target is PTX alone: the driver
/// would compile it, so that strict sessions do not take it.
static TwStatus checkNeverCompiles(const std::string &target, bool isAsked,
                                   const std::string &bytes) {
  if (target.rfind("sm_", 0) != 0)
    return nullptr;
  TwLibrary library = nullptr;
  if (TwStatus status = twLibraryCreate({bytes.data(), bytes.size()}, &library))
    return status;
  bool hasCode = false;
  std::string kernel, chip;
  for (size_t i = 0; i < twLibraryGetNumImages(library); ++i) {
    TwImageInfo info = {};
    twStatusDestroy(twLibraryGetImage(library, i, &info));
    kernel = info.kernel;
    chip = info.chip;
    hasCode |= isMachineCode(info.image) &&
               rankChip(info.chip, /*isPtx=*/false, target) > 0;
  }
  twLibraryDestroy(library);
  if (hasCode)
    return nullptr;
  return fail(TW_UNSUPPORTED, describePtx(kernel, chip, target, isAsked));
}

static void tell(TwJitReport report, void *user, const Request &request,
                 TwStatus status) {
  if (!report)
    return;
  std::string kernel = getKernelName(request),
              arguments = describeArguments(request);
  TwJitReportInfo info = {kernel.c_str(), request.variant.c_str(),
                          request.target.c_str(), arguments.c_str()};
  report(user, &info, status);
}

/// Each once, as devices ask for it.
static std::vector<std::string> listTargets(const char *const *targets,
                                            size_t numTargets) {
  std::vector<std::string> list;
  for (size_t i = 0; i < numTargets; ++i) {
    std::string target = getRequestTarget(targets[i]);
    if (std::find(list.begin(), list.end(), target) == list.end())
      list.push_back(std::move(target));
  }
  return list;
}

/// Writes into a manifest who made what is in the cache now. What was added to
/// it meanwhile stays, but not what another compiler made: a session asks for
/// what one of them did.
static TwStatus noteMaker(const char *path, const Manifest &made) {
  return updateManifestFile(path, [&](Manifest &there) {
    if (there.compiler != made.compiler)
      there.tools.clear();
    there.compiler = made.compiler;
    for (const auto &[key, tools] : made.tools)
      there.tools[key] = tools;
  });
}

TwStatus twJitPrebuild(TwJit jit, const char *path, const char *const *targets,
                       size_t numTargets, TwJitReport report, void *user) {
  if (TwStatus status = checkJit(jit))
    return status;
  if (!path || (numTargets && !targets) || jit->isStrict)
    return fail(TW_INVALID_ARGUMENT, "expected a manifest, targets, and a "
                                     "session that is not strict");
  for (size_t i = 0; i < numTargets; ++i)
    if (!targets[i])
      return fail(TW_INVALID_ARGUMENT, "target ", int64_t(i),
                  ": expected a name, but got null");
  Manifest manifest;
  if (TwStatus status = readManifestFile(path, manifest))
    return status;
  SharedStatus first;
  const RequestList &requests = manifest.requests;
  std::vector<std::shared_ptr<const RequestSource>> sources;
  for (const RequestSource &source : requests.getSources())
    sources.push_back(std::make_shared<RequestSource>(source));
  std::vector<std::shared_ptr<Task>> tasks;
  for (const std::string &target : listTargets(targets, numTargets))
    for (size_t j = 0; j < requests.size(); ++j) {
      const Request &request = requests.getBare(j);
      auto task = std::make_shared<Task>();
      setRequest(*task, request, sources[requests.getSourceIndex(j)]);
      task->request.target = target;
      if (TwStatus status = identifyAndCount(jit, task->request))
        return status;
      // Not where PTX was asked for.
      if (!request.keepsPtx)
        task->use = [target](const std::string &made) {
          return checkNeverCompiles(target, /*isAsked=*/false, made);
        };
      startTask(jit, task, /*isUrgent=*/false);
      tasks.push_back(std::move(task));
    }
  Manifest made;
  for (const std::shared_ptr<Task> &task : tasks) {
    TwStatus status = waitForTask(*task);
    tell(report, user, task->request, status);
    if (!status) {
      made.compiler = task->request.compiler;
      made.tools[getToolsKey(task->request)] = task->request.tools;
    }
    keepFirst(first, status);
  }
  if (!made.compiler.empty())
    keepFirst(first, noteMaker(path, made));
  return first.get();
}

TwStatus twJitCheck(TwJit jit, const char *path, const char *target,
                    TwJitReport report, void *user) {
  if (TwStatus status = checkJit(jit))
    return status;
  if (!path || !target)
    return fail(TW_INVALID_ARGUMENT, "expected a manifest and a target");
  Manifest manifest;
  if (TwStatus status = readManifestFile(path, manifest))
    return status;
  SharedStatus first;
  for (Request request : manifest.requests) {
    request.target = getRequestTarget(target);
    // As a session does that has no compiler: it asks for what the maker made.
    auto tools = manifest.tools.find(getToolsKey(request));
    bool hasMaker = !manifest.compiler.empty() && tools != manifest.tools.end();
    if (hasMaker) {
      request.compiler = manifest.compiler;
      request.tools = tools->second;
    } else if (TwStatus status = identifyRequest(jit, request)) {
      return status;
    }
    std::string what =
        "kernel '" + getKernelName(request) + "'" +
        (request.variant.empty() ? "" : ", variant '" + request.variant + "',");
    std::string library, missing;
    TwStatus status = nullptr;
    if (!findLibrary(jit, request, library, missing))
      status = fail(TW_NOT_FOUND, what, " for '", request.target, "'",
                    describeMiss(jit, request, missing));
    else
      status = checkNeverCompiles(request.target, request.keepsPtx, library);
    if (!status && !hasMaker)
      status = fail(TW_NOT_FOUND, what, " for '", request.target,
                    "' is there, but manifest '", path,
                    "' was not prebuilt for it, and does not say so to a "
                    "session without a compiler; run tile-cache prebuild");
    tell(report, user, request, status);
    keepFirst(first, status);
  }
  return first.get();
}
