// Folder.h - a folder of entries, and what is where in it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_FOLDER_H
#define TILEWRIGHT_RUNTIME_CACHE_FOLDER_H

#include "tilewright-rt/Cache.h"
#include <cstdint>
#include <string>
#include <vector>

namespace tilewright::rt {

struct EntryFile {
  std::string path;
  std::string name; ///< 32 hexadecimal digits
  uint64_t bytes;
  int64_t stamp; ///< seconds; when it was last asked for
};

/// A folder as docs/CacheFormat.md describes it.
struct Folder {
  std::string path, root;

  Folder() = default;
  explicit Folder(const std::string &path) : path(path), root(path + "/v1") {}

  /// The file of an entry with this name of 32 digits.
  std::string getEntryPath(const std::string &name) const;
  /// Nothing but entries: what else lies there is never touched.
  std::vector<EntryFile> listEntries() const;
};

bool isHex(const std::string &text, size_t size);

/// Refuses what is no folder. `what` names it in the message.
///
/// Errors: NOT_FOUND
TwStatus checkFolder(const char *what, const std::string &folder);

/// Whoever may write to a folder decides what code runs: refuses one of another
/// user, or one that everybody may write to.
///
/// Errors: NOT_FOUND, UNSUPPORTED
TwStatus checkOwner(const char *what, const std::string &folder,
                    bool allowsGroupWrite);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_FOLDER_H
