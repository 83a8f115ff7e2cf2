// Files.cpp - the file system as a cache uses it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Files.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tilewright;

bool rt::resizeBytes(std::string &bytes, uint64_t size) {
  // A string cannot say that there is no memory: without exceptions it ends the
  // process. So it is asked for before; only another thread could take it now.
  if (size > bytes.capacity()) {
    std::string().swap(bytes); // nothing is copied, and it grows to the size
    // Volatile: an optimizer leaves out what is only given back.
    void *volatile room = std::malloc(size_t(size) + 1);
    bool isThere = room;
    std::free(room);
    if (!isThere)
      return false;
  }
  bytes.resize(size_t(size));
  return true;
}

int rt::readFile(const std::string &path, std::string &bytes, Links links,
                 struct stat *known) {
  bytes.clear();
  // A pipe with that name must not block.
  int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  int file =
      open(path.c_str(), links == Links::Refused ? flags | O_NOFOLLOW : flags);
  if (file < 0)
    return errno;
  struct stat info = {};
  int error = fstat(file, &info) ? errno : 0;
  if (!error &&
      (!S_ISREG(info.st_mode) || uint64_t(info.st_size) > kMostFileBytes))
    error = EINVAL;
  if (!error && !resizeBytes(bytes, uint64_t(info.st_size)))
    error = ENOMEM;
  if (known)
    *known = info;
  // Read, not mapped: a file that gets shorter would kill the process.
  for (size_t done = 0; !error && done < bytes.size();) {
    ssize_t count = read(file, &bytes[done], bytes.size() - done);
    if (count > 0)
      done += size_t(count);
    else if (count == 0)
      bytes.resize(done);
    else if (errno != EINTR)
      error = errno;
  }
  close(file);
  return error;
}

static int writeAll(int file, const std::string &bytes) {
  for (size_t done = 0; done < bytes.size();) {
    ssize_t count = write(file, &bytes[done], bytes.size() - done);
    if (count > 0)
      done += size_t(count);
    else if (count == 0)
      return ENOSPC;
    else if (errno != EINTR)
      return errno;
  }
  return 0;
}

int rt::publishFile(const std::string &temporary, const std::string &path,
                    const std::string &bytes, bool syncs, FileUsers users) {
  int file = open(temporary.c_str(),
                  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                  users == FileUsers::Owner ? 0600 : 0644);
  if (file < 0)
    return errno;
  int error = writeAll(file, bytes);
  if (!error && syncs && fsync(file))
    error = errno;
  // Some file systems report only here what they could not write.
  if (close(file) && !error)
    error = errno;
  if (!error && rename(temporary.c_str(), path.c_str()))
    error = errno;
  if (error)
    unlink(temporary.c_str());
  return error;
}

int rt::makeAbsolute(std::string &path) {
  if (!path.empty() && path[0] == '/')
    return 0;
  char *folder = getcwd(nullptr, 0);
  if (!folder)
    return errno;
  path = std::string(folder) + "/" + path;
  std::free(folder);
  return 0;
}

int rt::makeFolders(const std::string &path, FileUsers users) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0)
    return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
  size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0)
    if (int error = makeFolders(path.substr(0, slash), users))
      return error;
  if (mkdir(path.c_str(), users == FileUsers::Owner ? 0700 : 0755) == 0 ||
      errno == EEXIST)
    return 0;
  return errno;
}

static int openFolder(const std::string &path) {
  return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int rt::removeFile(const std::string &folder, const std::string &name) {
  int opened = openFolder(folder);
  if (opened < 0)
    return errno;
  int error = unlinkat(opened, name.c_str(), 0) ? errno : 0;
  close(opened);
  return error;
}

std::vector<rt::FileInfo> rt::listFolder(const std::string &path) {
  std::vector<FileInfo> files;
  int opened = openFolder(path);
  DIR *folder = opened < 0 ? nullptr : fdopendir(opened);
  if (!folder) {
    if (opened >= 0)
      close(opened);
    return files;
  }
  while (const dirent *entry = readdir(folder)) {
    FileInfo file;
    file.name = entry->d_name;
    struct stat info;
    if (file.name == "." || file.name == ".." ||
        fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW))
      continue;
    file.isFolder = S_ISDIR(info.st_mode);
    if (!file.isFolder && !S_ISREG(info.st_mode))
      continue;
    file.bytes = uint64_t(info.st_size);
    file.stamp = info.st_mtime;
    files.push_back(std::move(file));
  }
  closedir(folder);
  return files;
}

void rt::stampFile(const std::string &path) {
  utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

int64_t rt::getNow() { return time(nullptr); }
