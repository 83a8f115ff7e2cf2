// Prebuild.cpp - kernels without a device: one, or all of a manifest.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Compatibility.h"
#include "../Module.h"
#include "../Support.h"
#include "../cache/Files.h"
#include "Session.h"
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
  if (TwStatus status = identifyRequest(jit, task->request))
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

/// Refuses a library whose code for an NVIDIA target is PTX alone: the driver
/// would compile it, so that strict sessions do not take it.
static TwStatus checkNeverCompiles(const Request &request,
                                   const std::string &bytes) {
  if (request.target.rfind("sm_", 0) != 0)
    return nullptr;
  TwLibrary library = nullptr;
  if (TwStatus status = twLibraryCreate({bytes.data(), bytes.size()}, &library))
    return status;
  bool hasCode = false;
  std::string kernel;
  for (size_t i = 0; i < twLibraryGetNumImages(library); ++i) {
    TwImageInfo info = {};
    twStatusDestroy(twLibraryGetImage(library, i, &info));
    kernel = info.kernel;
    hasCode |= isMachineCode(info.image) &&
               rankChip(info.chip, /*isPtx=*/false, request.target) > 0;
  }
  twLibraryDestroy(library);
  if (hasCode)
    return nullptr;
  return fail(TW_UNSUPPORTED, "kernel '", kernel, "' for '", request.target,
              "' was kept as PTX, which the driver would compile and strict "
              "sessions refuse; prebuild it where ptxas or nvJitLink is found");
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
  std::vector<std::shared_ptr<Task>> tasks;
  for (size_t i = 0; i < numTargets; ++i)
    for (const Request &request : manifest.requests) {
      auto task = std::make_shared<Task>();
      task->request = request;
      task->request.target = targets[i];
      if (TwStatus status = identifyRequest(jit, task->request))
        return status;
      manifest.compiler = task->request.compiler;
      manifest.tools[getToolsKey(task->request)] = task->request.tools;
      // Not where PTX was asked for.
      if (!request.keepsPtx)
        task->use = [made = task->request](const std::string &library) {
          return checkNeverCompiles(made, library);
        };
      startTask(jit, task, /*isUrgent=*/false);
      tasks.push_back(std::move(task));
    }
  for (const std::shared_ptr<Task> &task : tasks) {
    TwStatus status = waitForTask(*task);
    tell(report, user, task->request, status);
    keepFirst(first, status);
  }
  // What was added to it meanwhile stays.
  TwStatus written = updateManifestFile(path, [&](Manifest &there) {
    there.compiler = manifest.compiler;
    there.tools = manifest.tools;
  });
  keepFirst(first, written);
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
    request.target = target;
    if (TwStatus status = identifyRequest(jit, request))
      return status;
    std::string library;
    TwStatus status = nullptr;
    if (!findLibrary(jit, request, library))
      status =
          fail(TW_NOT_FOUND, "kernel '", getKernelName(request), "'",
               request.variant.empty() ? std::string()
                                       : ", variant '" + request.variant + "',",
               " for '", target, "' is not in ", describeCache(jit->cache),
               ", or cannot be read there");
    else
      status = checkNeverCompiles(request, library);
    tell(report, user, request, status);
    keepFirst(first, status);
  }
  return first.get();
}
