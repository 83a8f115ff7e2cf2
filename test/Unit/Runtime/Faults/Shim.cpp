// Shim.cpp - a file system that fails: to be preloaded.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls on what lies below FAULT_FOLDER fail by chance, one in FAULT_ONE_IN:
// with an error, with less than was asked for, with success that was none, with
// bits that flipped, or with the end of the process. FAULT_SEED makes it the
// same again. FAULT_KILL=1 allows the end of the process.
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <initializer_list>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

struct Settings {
  const char *folder = getenv("FAULT_FOLDER");
  size_t length = folder ? strlen(folder) : 0;
  uint64_t oneIn = getenv("FAULT_ONE_IN")
                       ? strtoull(getenv("FAULT_ONE_IN"), nullptr, 10)
                       : 0;
  uint64_t state =
      (getenv("FAULT_SEED") ? strtoull(getenv("FAULT_SEED"), nullptr, 10) : 1) *
          0x9E3779B97F4A7C15 +
      1;
  bool kills = getenv("FAULT_KILL") != nullptr;
  bool isOurs[4096] = {};
};

Settings &get() {
  static Settings settings;
  return settings;
}

uint64_t draw(uint64_t below) {
  uint64_t &state = get().state;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (state >> 11) % below;
}

bool isBelow(const char *path) {
  Settings &settings = get();
  return settings.length &&
         strncmp(path, settings.folder, settings.length) == 0;
}

bool isOurs(int file) { return file >= 0 && file < 4096 && get().isOurs[file]; }

bool isKilled() { return get().kills && draw(8) == 0; }

/// Whether this call fails, unless the process ends here.
bool fails() {
  Settings &settings = get();
  if (!settings.oneIn || draw(settings.oneIn))
    return false;
  if (isKilled())
    kill(getpid(), SIGKILL);
  return true;
}

int setError(std::initializer_list<int> errors) {
  errno = errors.begin()[draw(errors.size())];
  return -1;
}

template <typename F> F real(const char *name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}
#define REAL(name) static auto call = real<decltype(&name)>(#name)

} // namespace

extern "C" {

int open(const char *path, int flags, ...) {
  REAL(open);
  va_list arguments;
  va_start(arguments, flags);
  mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (isBelow(path) && fails())
    return setError(
        {EACCES, EROFS, ESTALE, ENOSPC, EDQUOT, EMFILE, ENOENT, EIO});
  int file = call(path, flags, mode);
  if (file >= 0 && file < 4096)
    get().isOurs[file] = isBelow(path);
  return file;
}

ssize_t read(int file, void *data, size_t size) {
  REAL(read);
  if (!isOurs(file) || !fails())
    return call(file, data, size);
  switch (draw(5)) {
  case 0:
    return setError({EIO, ESTALE});
  case 1:
    return setError({EINTR});
  case 2:
    return call(file, data, size / 2 + 1);
  case 3:
    return 0; // shorter than it was said to be
  default: {
    ssize_t count = call(file, data, size);
    if (count > 0)
      static_cast<char *>(data)[draw(uint64_t(count))] ^= char(1 << draw(8));
    return count;
  }
  }
}

ssize_t write(int file, const void *data, size_t size) {
  REAL(write);
  if (!isOurs(file) || !fails())
    return call(file, data, size);
  if (isKilled()) { // in the middle of it
    (void)!call(file, data, size / 2);
    kill(getpid(), SIGKILL);
  }
  switch (draw(5)) {
  case 0:
    return setError({ENOSPC, EDQUOT, EIO, ESTALE, EFBIG});
  case 1:
    return setError({EINTR});
  case 2:
    return call(file, data, size / 2 + 1);
  case 3: { // torn: some of it is not there, and nobody says so
    ssize_t done = call(file, data, size / 2);
    return done < 0 ? done : ssize_t(size);
  }
  default: {
    char *copy = static_cast<char *>(malloc(size + 1));
    memcpy(copy, data, size);
    copy[draw(size + 1)] ^= char(1 << draw(8));
    ssize_t done = call(file, copy, size);
    free(copy);
    return done;
  }
  }
}

int fsync(int file) {
  REAL(fsync);
  return isOurs(file) && fails() ? setError({EIO, ENOSPC}) : call(file);
}

int close(int file) {
  REAL(close);
  bool wasOurs = isOurs(file);
  if (wasOurs)
    get().isOurs[file] = false;
  int result = call(file);
  return wasOurs && fails() ? setError({EIO, ENOSPC, EDQUOT}) : result;
}

int rename(const char *from, const char *to) {
  REAL(rename);
  if (!isBelow(to) || !fails())
    return call(from, to);
  switch (draw(4)) {
  case 0:
    return 0; // nothing happened
  case 1:     // a part of it, as after a crash without fsync
    if (truncate(from, off_t(draw(4096))))
      return -1;
    return call(from, to);
  default:
    return setError({EEXIST, EBUSY, EACCES, ESTALE, ENOSPC, EROFS, EXDEV});
  }
}

int unlink(const char *path) {
  REAL(unlink);
  return isBelow(path) && fails() ? setError({EACCES, EROFS, EBUSY})
                                  : call(path);
}

int unlinkat(int folder, const char *path, int flags) {
  REAL(unlinkat);
  return isOurs(folder) && fails() ? setError({EACCES, EROFS, EBUSY})
                                   : call(folder, path, flags);
}

ssize_t pread(int file, void *data, size_t size, off_t offset) {
  REAL(pread);
  if (!isOurs(file) || !fails())
    return call(file, data, size, offset);
  return draw(2) ? setError({EIO, ESTALE}) : 0;
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
  REAL(pwrite);
  if (!isOurs(file) || !fails())
    return call(file, data, size, offset);
  return draw(2) ? setError({ENOSPC, EIO, ESTALE})
                 : call(file, data, size / 2, offset);
}

int ftruncate(int file, off_t size) {
  REAL(ftruncate);
  return isOurs(file) && fails() ? setError({EIO, EROFS}) : call(file, size);
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  return isBelow(path) && fails() ? setError({EACCES, EROFS, ENOSPC, EEXIST})
                                  : call(path, mode);
}

int flock(int file, int operation) {
  REAL(flock);
  return isOurs(file) && fails() ? setError({ENOLCK, EWOULDBLOCK, EINTR, EIO})
                                 : call(file, operation);
}

int fstat(int file, struct stat *info) {
  REAL(fstat);
  return isOurs(file) && fails() ? setError({EIO, ESTALE}) : call(file, info);
}

int stat(const char *path, struct stat *info) {
  REAL(stat);
  return isBelow(path) && fails() ? setError({EACCES, ESTALE, ENOENT})
                                  : call(path, info);
}

int lstat(const char *path, struct stat *info) {
  REAL(lstat);
  return isBelow(path) && fails() ? setError({EACCES, ESTALE, ENOENT})
                                  : call(path, info);
}

DIR *fdopendir(int file) {
  REAL(fdopendir);
  if (isOurs(file) && fails()) {
    setError({ENOMEM, ESTALE});
    return nullptr;
  }
  return call(file);
}

/// Ends early, or without a name that is there.
dirent *readdir(DIR *folder) {
  REAL(readdir);
  if (!isOurs(dirfd(folder)) || !fails())
    return call(folder);
  if (draw(2) && call(folder))
    return call(folder);
  errno = EIO;
  return nullptr;
}

int fstatat(int folder, const char *path, struct stat *info, int flags) {
  REAL(fstatat);
  return isOurs(folder) && fails() ? setError({EACCES, ESTALE, ENOENT})
                                   : call(folder, path, info, flags);
}

int utimensat(int folder, const char *path, const timespec times[2],
              int flags) {
  REAL(utimensat);
  return isBelow(path) && fails() ? setError({EACCES, EROFS, EPERM})
                                  : call(folder, path, times, flags);
}

int rmdir(const char *path) {
  REAL(rmdir);
  return isBelow(path) && fails() ? setError({EACCES, EBUSY, ENOTEMPTY})
                                  : call(path);
}

int access(const char *path, int mode) {
  REAL(access);
  return isBelow(path) && fails() ? setError({EACCES, ESTALE, ENOENT})
                                  : call(path, mode);
}

/// The clock jumps.
time_t time(time_t *result) {
  REAL(time);
  time_t now = call(nullptr);
  if (fails())
    now += time_t(draw(20)) * 31536000 - 10 * 31536000;
  if (result)
    *result = now;
  return now;
}

} // extern "C"
