// Manifest.h - what a model needs of kernels, as a file; docs/Runtime.md.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_JIT_MANIFEST_H
#define TILEWRIGHT_RUNTIME_JIT_MANIFEST_H

#include "RequestList.h"
#include "tilewright-rt/Status.h"
#include <functional>
#include <map>

namespace tilewright::rt {

struct Manifest {
  /// Who made what is in the cache; empty before a prebuild.
  std::string compiler;
  /// By getToolsKey: the tools that took part.
  std::map<std::string, std::vector<NamedText>> tools;
  /// What was asked for, without compiler, tools and target.
  RequestList requests;

  /// Adds what is not there yet; `request` may have compiler, tools, target.
  void add(const Request &request);
};

std::string writeManifest(const Manifest &manifest);
/// Errors: CORRUPT, UNSUPPORTED  `name` is what messages call the text
TwStatus readManifest(const std::string &text, const std::string &name,
                      Manifest &manifest);

/// Errors: NOT_FOUND; and those of readManifest
TwStatus readManifestFile(const std::string &path, Manifest &manifest);
/// Replaces the file at once, never by half of it.
TwStatus writeManifestFile(const std::string &path, const Manifest &manifest);
/// Reads the file if there is one, changes what it has and writes it; one
/// thread of one process at a time, the others wait.
TwStatus updateManifestFile(const std::string &path,
                            const std::function<void(Manifest &)> &change);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_JIT_MANIFEST_H
