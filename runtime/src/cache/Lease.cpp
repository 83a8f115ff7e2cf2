// Lease.cpp - the right to make something, among processes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// flock belongs to the open file, which a forked child shares: it would hold
// the lease of a parent that died. So the child closes what its parent had
// open.
#include "Lease.h"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <pthread.h>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace tilewright::rt;

namespace {

struct OpenLeases {
  std::mutex mutex;
  std::set<int> files;
  unsigned forks = 0;
};

/// Never destroyed: a lease may be given back while the process ends.
OpenLeases &getOpenLeases() {
  static OpenLeases *leases = [] {
    static OpenLeases *const made = new OpenLeases;
    pthread_atfork([] { made->mutex.lock(); }, [] { made->mutex.unlock(); },
                   [] {
                     for (int file : made->files)
                       close(file);
                     made->files.clear();
                     ++made->forks;
                     made->mutex.unlock();
                   });
    return made;
  }();
  return *leases;
}

} // namespace

void tilewright::rt::prepareLeases() { getOpenLeases(); }

LeaseState tilewright::rt::tryLease(const std::string &path,
                                    TwCacheLeaseStorage &lease) {
  OpenLeases &leases = getOpenLeases();
  // Not while this process forks: the child must know of the file.
  std::lock_guard<std::mutex> lock(leases.mutex);
  for (int attempt = 0; attempt < 8; ++attempt) {
    int file =
        open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
      return LeaseState::NoLocks;
    if (flock(file, LOCK_EX | LOCK_NB)) {
      bool isTaken = errno == EWOULDBLOCK || errno == EINTR;
      close(file);
      return isTaken ? LeaseState::Taken : LeaseState::NoLocks;
    }
    // Somebody may have removed the file in between: then another one locks
    // the next of that name.
    struct stat own, named;
    if (fstat(file, &own) == 0 && stat(path.c_str(), &named) == 0 &&
        own.st_dev == named.st_dev && own.st_ino == named.st_ino) {
      lease.file = file;
      lease.forks = leases.forks;
      leases.files.insert(file);
      return LeaseState::Held;
    }
    close(file);
  }
  return LeaseState::NoLocks;
}

int64_t tilewright::rt::getLeasePauseMs(int64_t waitedMs) {
  return std::clamp<int64_t>(waitedMs / 16, 5, 100);
}

void tilewright::rt::releaseLease(TwCacheLeaseStorage &lease) {
  if (lease.file < 0)
    return;
  OpenLeases &leases = getOpenLeases();
  std::lock_guard<std::mutex> lock(leases.mutex);
  // In a forked child it is closed already, and the number may be another's.
  if (lease.forks == leases.forks) {
    leases.files.erase(lease.file);
    close(lease.file);
  }
  lease.file = -1;
}
