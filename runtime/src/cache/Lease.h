// Lease.h - the right to make something, among processes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_LEASE_H
#define TILEWRIGHT_RUNTIME_CACHE_LEASE_H

#include <cstdint>
#include <string>

/// A locked file, which is open as long as the lease is held. The system lets
/// go of it when its process ends, in whatever way.
struct TwCacheLeaseStorage {
  int file = -1; ///< -1: the file system has no locks
  /// How often the process had been forked when the file was opened.
  unsigned forks = 0;
};

namespace tilewright::rt {

enum class LeaseState { Held, Taken, NoLocks };

/// To be called before the first lease, or a fork while another thread asks for
/// it would leave the child waiting.
void prepareLeases();
/// Tries to lock the file `path`; never waits.
LeaseState tryLease(const std::string &path, TwCacheLeaseStorage &lease);
void releaseLease(TwCacheLeaseStorage &lease);

/// How many milliseconds pass until the next try of who waits for a lease since
/// `waitedMs`: first 5, later a sixteenth of that, at most 100.
int64_t getLeasePauseMs(int64_t waitedMs);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_LEASE_H
