// Worker.cpp - uses a cache whose file system fails, and checks what it gets.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cache-fault-worker FOLDER SEED OPERATIONS COUNTERS [SHARED [SECRET]]
//
// COUNTERS is a file of 13 numbers of 8 bytes that outlives a kill: operations,
// hits, misses, damaged entries, wrong values, warnings, leases, opens refused;
// of the shared folder hits, damaged, rejected and unreachable entries; exports
// and imports that copied something.
// Exit code 1: a wrong value.
#include "tilewright-rt/Cache.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <random>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

namespace {

enum Counter {
  Operations,
  Hits,
  Misses,
  Damaged,
  Wrong,
  Warnings,
  Leases,
  Refused,
  SharedHits,
  SharedDamaged,
  SharedRejected,
  SharedUnreachable,
  Transfers,
  NumCounters
};

TwBytes bytesOf(const std::string &text) { return {text.data(), text.size()}; }

/// What belongs to a key, and to no other.
std::string makeValue(unsigned number) {
  std::mt19937 random(number);
  std::string value(size_t(random() % 6000), '\0');
  for (char &byte : value)
    byte = char(random());
  return value;
}

class Worker {
public:
  /// `shared` and `secret` may be null.
  Worker(const char *folder, unsigned seed, uint64_t *counters,
         const char *shared, const char *secret)
      : folder(folder), shared(shared), secret(secret ? secret : ""),
        random(seed), counters(counters) {}

  int run(uint64_t operations) {
    for (uint64_t i = 0; i < operations; ++i) {
      if (!cache && !open())
        ++counters[Refused];
      else
        doSomething();
      ++counters[Operations];
    }
    close();
    return counters[Wrong] ? 1 : 0;
  }

private:
  bool open() {
    TwCacheOptions options = {};
    options.folder = folder;
    options.maxBytes = 300000;  // much less than all values
    options.maxMemoryBytes = 1; // everything goes through the folder
    options.syncs = random() % 8 == 0;
    options.sharedFolders = &shared;
    options.numSharedFolders = shared != nullptr;
    options.redis = "";
    options.secret = secret.data();
    options.secretBytes = secret.size();
    TwStatus status = twCacheOpen(&options, &cache);
    twStatusDestroy(status);
    return !status;
  }

  void close() {
    if (!cache)
      return;
    TwCacheCounters own;
    twCacheGetCounters(cache, &own);
    counters[Damaged] += own.damaged;
    counters[Warnings] += own.warnings;
    counters[SharedHits] += own.shared.hits;
    counters[SharedDamaged] += own.shared.damaged + own.shared.otherVersion;
    counters[SharedRejected] += own.shared.rejected;
    counters[SharedUnreachable] += own.shared.unreachable;
    twCacheClose(cache);
    cache = nullptr;
  }

  void doSomething() {
    unsigned number = random() % 200, choice = random() % 100;
    bool isRare = random() % 8 == 0;
    std::string key = "key " + std::to_string(number);
    TwCacheValue value = {};
    TwCacheLease lease = nullptr;
    if (choice < 55 || (choice == 95 && !isRare)) {
      take(twCacheGet(cache, bytesOf(key), &value));
      check(number, value);
    } else if (choice < 85) {
      std::string own = makeValue(number);
      take(twCachePut(cache, bytesOf(key), bytesOf(own)));
    } else if (choice < 95) {
      take(twCacheGetOrLease(cache, bytesOf(key), 2, &value, &lease));
      counters[Leases] += lease != nullptr;
      check(number, value);
      std::string own = makeValue(number);
      if (!value.owner)
        take(twCachePut(cache, bytesOf(key), bytesOf(own)));
      twCacheLeaseDestroy(lease);
    } else if (choice < 96) {
      // Seldom, for it copies all. What cannot be copied is counted or said,
      // and right what is.
      TwCacheTransfer transfer = {};
      std::string copies = std::string(folder) + "-copies";
      twStatusDestroy(random() % 2
                          ? twCacheExport(cache, copies.c_str(), &transfer)
                          : twCacheImport(cache, copies.c_str(), &transfer));
      counters[Transfers] += transfer.numEntries != 0;
    } else if (choice < 97) {
      take(twCachePrune(cache, 200000));
    } else if (choice < 98) {
      uint64_t entries, bytes, damaged;
      take(twCacheVerify(cache, &entries, &bytes, &damaged));
    } else {
      close();
    }
    twCacheValueDestroy(value);
  }

  /// No fault of the file system may be an error.
  void take(TwStatus status) {
    if (status) {
      std::fprintf(stderr, "error: %s\n", twStatusGetMessage(status));
      ++counters[Wrong];
    }
    twStatusDestroy(status);
  }

  void check(unsigned number, TwCacheValue value) {
    if (!value.owner) {
      ++counters[Misses];
      return;
    }
    ++counters[Hits];
    std::string want = makeValue(number);
    if (value.bytes.size == want.size() &&
        !std::memcmp(value.bytes.data, want.data(), want.size()))
      return;
    ++counters[Wrong];
    std::fprintf(stderr, "wrong value of key %u\n", number);
  }

  const char *folder, *shared;
  const std::string secret;
  std::mt19937 random;
  uint64_t *counters;
  TwCache cache = nullptr;
};

} // namespace

int main(int argc, char **argv) {
  if (argc < 5 || argc > 7)
    return 2;
  int file = open(argv[4], O_RDWR);
  void *memory = mmap(nullptr, NumCounters * 8, PROT_READ | PROT_WRITE,
                      MAP_SHARED, file, 0);
  if (file < 0 || memory == MAP_FAILED)
    return 2;
  return Worker(argv[1], unsigned(std::strtoul(argv[2], nullptr, 10)),
                static_cast<uint64_t *>(memory), argc > 5 ? argv[5] : nullptr,
                argc > 6 ? argv[6] : nullptr)
      .run(std::strtoull(argv[3], nullptr, 10));
}
