// Folder.h - a folder of entries, and what is where in it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_FOLDER_H
#define TILEWRIGHT_RUNTIME_CACHE_FOLDER_H

#include "tilewright-rt/Cache.h"
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct stat;

namespace tilewright::rt {

struct EntryFile {
  std::string path;
  std::string name; ///< 32 hexadecimal digits
  uint64_t bytes;
  int64_t stamp; ///< seconds; when it was last asked for
};

/// Whether only this user and root may write to what `info` is of; with
/// `allowsGroupWrite` a group, too. Whoever else may decides what code runs.
bool isTrusted(const struct stat &info, bool allowsGroupWrite);

/// What Folder answers, instead of errno, of what others may write to.
constexpr int kUntrusted = EPERM;

/// A folder as docs/CacheFormat.md describes it.
struct Folder {
  std::string path, root;

  Folder() = default;
  explicit Folder(const std::string &path, bool allowsGroupWrite = false)
      : path(path), root(path + "/v1"), allowsGroupWrite(allowsGroupWrite),
        trusted(std::make_shared<Trusted>()) {}

  /// The file of an entry with this name of 32 digits.
  std::string getEntryPath(const std::string &name) const;
  /// Nothing but entries: what else lies there is never touched.
  std::vector<EntryFile> listEntries() const;

  /// Reads an entry's file; 0, errno, or kUntrusted where others may write to
  /// the file or to a folder that it is in. `info` may be null.
  int readEntry(const std::string &name, std::string &bytes,
                struct stat *info = nullptr) const;
  /// Who else may write to the entry of this name, or to a folder that it is
  /// in, for people; empty where nobody may.
  std::string describeWriters(const std::string &name) const;
  /// Whether only this user may write to the folders that an entry of this name
  /// is written to, which are there; 0, errno or kUntrusted.
  int checkForWriting(const std::string &name) const;

private:
  /// The folders that were found to be this user's: who owns a folder alone
  /// decides what becomes of those in it, so one look at each will do.
  using Trusted = std::array<std::atomic<bool>, 256 + 3>;

  int check(const std::string &folder, size_t index, bool isTop) const;
  int checkForEntry(const std::string &name) const;

  bool allowsGroupWrite = false;
  std::shared_ptr<Trusted> trusted;
};

bool isHex(const std::string &text, size_t size);

/// Whether `folder` is there.
///
/// Errors: NOT_FOUND
TwStatus checkFolder(const char *what, const std::string &folder);

/// Whoever may write to a folder decides what code runs: refuses one of another
/// user, or one that everybody may write to. `error` is errno, or 0, of a
/// folder that could not be looked at: then there is no status.
///
/// Errors: UNSUPPORTED
TwStatus checkOwner(const char *what, const std::string &folder,
                    bool allowsGroupWrite, int &error);
/// The same; a folder that cannot be looked at is an error, too.
///
/// Errors: NOT_FOUND, UNSUPPORTED
TwStatus checkOwner(const char *what, const std::string &folder,
                    bool allowsGroupWrite);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_FOLDER_H
