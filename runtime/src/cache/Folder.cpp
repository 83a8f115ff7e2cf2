// Folder.cpp - a folder of entries, and what is where in it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Folder.h"
#include "../Support.h"
#include "Files.h"
#include <cerrno>
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

static TwStatus getInfo(const char *what, const std::string &folder,
                        struct stat &info) {
  if (stat(folder.c_str(), &info))
    return fail(TW_NOT_FOUND, "cannot open ", what, " '", folder,
                "': ", std::strerror(errno));
  if (!S_ISDIR(info.st_mode))
    return fail(TW_NOT_FOUND, what, " '", folder, "' is no folder");
  return nullptr;
}

TwStatus tilewright::rt::checkFolder(const char *what,
                                     const std::string &folder) {
  struct stat info;
  return getInfo(what, folder, info);
}

TwStatus tilewright::rt::checkOwner(const char *what, const std::string &folder,
                                    bool allowsGroupWrite) {
  struct stat info;
  if (TwStatus status = getInfo(what, folder, info))
    return status;
  if (info.st_uid != geteuid() && info.st_uid != 0)
    return fail(TW_UNSUPPORTED, what, " '", folder, "' belongs to user ",
                int64_t(info.st_uid), ", not to ", int64_t(geteuid()),
                ": what it holds cannot be trusted");
  if (info.st_mode & S_IWOTH)
    return fail(TW_UNSUPPORTED, "everybody may write to ", what, " '", folder,
                "': what it holds cannot be trusted");
  if ((info.st_mode & S_IWGRP) && !allowsGroupWrite)
    return fail(TW_UNSUPPORTED, "a group may write to ", what, " '", folder,
                "': allow it, or take the right away");
  return nullptr;
}
