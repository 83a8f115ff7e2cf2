// SecretFile.cpp - a secret that lies in a file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SecretFile.h"
#include "../Support.h"
#include "Seal.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tilewright::rt;

/// Checks the file that is open, not one that has its name now.
static TwStatus check(const char *path, int file) {
  struct stat info;
  if (fstat(file, &info))
    return fail(TW_NOT_FOUND, "cannot read secret file '", path,
                "': ", std::strerror(errno));
  if (!S_ISREG(info.st_mode))
    return fail(TW_NOT_FOUND, "secret file '", path, "' is no file");
  if (info.st_uid != geteuid() && info.st_uid != 0)
    return fail(TW_UNSUPPORTED, "secret file '", path, "' belongs to user ",
                int64_t(info.st_uid), ", not to ", int64_t(geteuid()));
  if (info.st_mode & (S_IRWXG | S_IRWXO))
    return fail(TW_UNSUPPORTED, "others than its owner have rights to secret ",
                "file '", path, "': take them away");
  return nullptr;
}

TwStatus tilewright::rt::readSecretFile(const char *path, std::string &secret) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0)
    return fail(TW_NOT_FOUND, "cannot read secret file '", path,
                "': ", std::strerror(errno));
  TwStatus status = check(path, file);
  // One more than may be, so that it is seen to be too long.
  secret.assign(kMostSecretBytes + 1, '\0');
  size_t done = 0;
  while (!status && done < secret.size()) {
    ssize_t count = read(file, &secret[done], secret.size() - done);
    if (count > 0)
      done += size_t(count);
    else if (count == 0)
      break;
    else if (errno != EINTR)
      status = fail(TW_NOT_FOUND, "cannot read secret file '", path,
                    "': ", std::strerror(errno));
  }
  close(file);
  secret.resize(done);
  if (!status && (done < kLeastSecretBytes || done > kMostSecretBytes))
    status = fail(TW_INVALID_ARGUMENT, "expected a secret of ",
                  int64_t(kLeastSecretBytes), " to ", int64_t(kMostSecretBytes),
                  " bytes in '", path, "', but got ",
                  done > kMostSecretBytes ? "more" : std::to_string(done));
  return status;
}
