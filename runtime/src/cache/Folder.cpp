// Folder.cpp - a folder of entries, and what is where in it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Folder.h"
#include "../Support.h"
#include "Files.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace tilewright::rt;

/// "2b" for a folder of entries, and the rest of the name for an entry.
static constexpr size_t kFolderDigits = 2, kNameDigits = 30;
static constexpr const char *kEntrySuffix = ".entry";

bool tilewright::rt::isHex(const std::string &text, size_t size) {
  return text.size() == size &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

static bool isEntryName(const std::string &name) {
  size_t suffix = std::strlen(kEntrySuffix);
  return name.size() == kNameDigits + suffix &&
         name.compare(kNameDigits, suffix, kEntrySuffix) == 0 &&
         isHex(name.substr(0, kNameDigits), kNameDigits);
}

std::string Folder::getEntryPath(const std::string &name) const {
  return root + "/" + name.substr(0, kFolderDigits) + "/" +
         name.substr(kFolderDigits) + kEntrySuffix;
}

std::vector<EntryFile> Folder::listEntries() const {
  std::vector<EntryFile> entries;
  for (const FileInfo &folder : listFolder(root)) {
    if (!folder.isFolder || !isHex(folder.name, kFolderDigits))
      continue;
    std::string path = root + "/" + folder.name + "/";
    for (const FileInfo &file : listFolder(path))
      if (!file.isFolder && isEntryName(file.name))
        entries.push_back({path + file.name,
                           folder.name + file.name.substr(0, kNameDigits),
                           file.bytes, file.stamp});
  }
  return entries;
}

//===----------------------------------------------------------------------===//
// Trust
//===----------------------------------------------------------------------===//

/// Where the marks of other folders than those of entries are.
static constexpr size_t kRoot = 256, kTop = 257, kTemporaries = 258;

bool tilewright::rt::isTrusted(const struct stat &info, bool allowsGroupWrite) {
  return (info.st_uid == geteuid() || info.st_uid == 0) &&
         !(info.st_mode & S_IWOTH) &&
         (!(info.st_mode & S_IWGRP) || allowsGroupWrite);
}

/// Looks at a folder; 0 or errno.
static int getInfo(const std::string &folder, bool followsLink,
                   struct stat &info) {
  if (followsLink ? stat(folder.c_str(), &info) : lstat(folder.c_str(), &info))
    return errno;
  return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
}

int Folder::check(const std::string &folder, size_t index, bool isTop) const {
  std::atomic<bool> &isKnown = (*trusted)[index];
  if (isKnown.load(std::memory_order_relaxed))
    return 0;
  struct stat info;
  // The user may have put the whole elsewhere; a link within it would lead to a
  // folder that lies in another's.
  if (int error = getInfo(folder, /*followsLink=*/isTop, info))
    return error;
  if (!isTrusted(info, allowsGroupWrite))
    return kUntrusted;
  isKnown.store(true, std::memory_order_relaxed);
  return 0;
}

int Folder::checkForEntry(const std::string &name) const {
  std::string digits = name.substr(0, kFolderDigits);
  if (int error = check(path, kTop, /*isTop=*/true))
    return error;
  if (int error = check(root, kRoot, /*isTop=*/false))
    return error;
  return check(root + "/" + digits, std::strtoul(digits.c_str(), nullptr, 16),
               /*isTop=*/false);
}

int Folder::checkForWriting(const std::string &name) const {
  if (int error = checkForEntry(name))
    return error;
  return check(root + "/tmp", kTemporaries, /*isTop=*/false);
}

int Folder::readEntry(const std::string &name, std::string &bytes,
                      struct stat *known) const {
  bytes.clear();
  struct stat info;
  if (int error = checkForEntry(name))
    return error;
  if (int error = readFile(getEntryPath(name), bytes, Links::Refused, &info))
    return error;
  if (!isTrusted(info, allowsGroupWrite))
    return kUntrusted;
  if (known)
    *known = info;
  return 0;
}

static TwStatus failToOpen(const char *what, const std::string &folder,
                           int error) {
  return fail(TW_NOT_FOUND, "cannot open ", what, " '", folder,
              "': ", std::strerror(error));
}

TwStatus tilewright::rt::checkFolder(const char *what,
                                     const std::string &folder) {
  struct stat info;
  if (int error = getInfo(folder, /*followsLink=*/true, info))
    return failToOpen(what, folder, error);
  return nullptr;
}

/// Why what `info` is of is not trusted; `what` is its name.
static std::string describeOwner(const struct stat &info,
                                 const std::string &what) {
  if (info.st_uid != geteuid() && info.st_uid != 0)
    return what + " belongs to user " + std::to_string(info.st_uid) +
           ", not to " + std::to_string(geteuid()) +
           ": what it holds cannot be trusted";
  if (info.st_mode & S_IWOTH)
    return "everybody may write to " + what +
           ": what it holds cannot be trusted";
  return "a group may write to " + what +
         ": take the right away, or allow it with "
         "TILEWRIGHT_CACHE_ALLOW_GROUP_WRITE=1";
}

std::string Folder::describeWriters(const std::string &name) const {
  std::string entry = getEntryPath(name);
  for (const std::string &each :
       {path, root, entry.substr(0, entry.rfind('/')), entry}) {
    struct stat info;
    bool isKnown = each == path ? stat(each.c_str(), &info) == 0
                                : lstat(each.c_str(), &info) == 0;
    if (isKnown && !isTrusted(info, allowsGroupWrite))
      return describeOwner(info, "'" + each + "'");
  }
  return {};
}

TwStatus tilewright::rt::checkOwner(const char *what, const std::string &folder,
                                    bool allowsGroupWrite, int &error) {
  struct stat info;
  error = getInfo(folder, /*followsLink=*/true, info);
  if (error || isTrusted(info, allowsGroupWrite))
    return nullptr;
  return fail(TW_UNSUPPORTED,
              describeOwner(info, std::string(what) + " '" + folder + "'"));
}

TwStatus tilewright::rt::checkOwner(const char *what, const std::string &folder,
                                    bool allowsGroupWrite) {
  int error = 0;
  TwStatus status = checkOwner(what, folder, allowsGroupWrite, error);
  return error ? failToOpen(what, folder, error) : status;
}
