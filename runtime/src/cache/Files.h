// Files.h - the file system as a cache uses it: every failure is an answer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_FILES_H
#define TILEWRIGHT_RUNTIME_CACHE_FILES_H

#include <cstdint>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace tilewright::rt {

/// Nothing larger is read or written: memory for it may not be there.
constexpr uint64_t kMostFileBytes = uint64_t(1) << 30;

/// Whether a link at the end of a path leads to the file that is read. In a
/// folder that others may write to it would lead to any.
enum class Links { Refused, Followed };

/// Makes `bytes` that long; false where there is no memory for it.
bool resizeBytes(std::string &bytes, uint64_t size);

/// Reads a regular file; 0 or errno. `info` is of what was read, not of what
/// has its name now.
int readFile(const std::string &path, std::string &bytes,
             Links links = Links::Refused, struct stat *info = nullptr);

/// Who may read what is made; nobody else may write to it.
enum class FileUsers { Owner, Everybody };

/// Writes `bytes` to a new file `temporary` and renames it to `path`, so that
/// others see all of it or nothing; 0 or errno, and nothing is left then.
int publishFile(const std::string &temporary, const std::string &path,
                const std::string &bytes, bool syncs,
                FileUsers users = FileUsers::Owner);

/// Has a path count from the root, so that it stays right when the working
/// directory changes; 0, or errno where nobody knows what that is.
int makeAbsolute(std::string &path);

/// Makes a folder and those above it; 0 or errno.
int makeFolders(const std::string &path, FileUsers users = FileUsers::Owner);

struct FileInfo {
  std::string name;
  uint64_t bytes = 0;
  int64_t stamp = 0; ///< seconds; of the last change
  bool isFolder = false;
};
/// What a folder holds, links excepted; empty where it cannot be read, or its
/// own name is a link.
std::vector<FileInfo> listFolder(const std::string &path);

/// Removes a file of a folder whose name is no link; 0 or errno.
int removeFile(const std::string &folder, const std::string &name);

/// Sets a file's time to now.
void stampFile(const std::string &path);

/// Now, in seconds.
int64_t getNow();

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_FILES_H
