// Seal.h - authenticates the entries of layers that machines share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sealed entry is an entry and a trailer of 64 bytes with a keyed hash of all
// that is before the hash; docs/CacheFormat.md.
#ifndef TILEWRIGHT_RUNTIME_CACHE_SEAL_H
#define TILEWRIGHT_RUNTIME_CACHE_SEAL_H

#include "tilewright-rt/Library.h"
#include "tilewright-rt/Status.h"
#include <cstdint>
#include <memory>
#include <string>

namespace tilewright::rt {

constexpr size_t kSealBytes = 64, kSealKeyBytes = 64;
constexpr size_t kLeastSecretBytes = 16, kMostSecretBytes = 4096;

struct SodiumApi;

/// What seals with one secret, and tells whether something was. Safe from
/// several threads.
class Sealer {
public:
  /// Loads libsodium.
  ///
  /// Errors: INVALID_ARGUMENT  the secret is too short or too long
  ///         NOT_FOUND         libsodium is missing
  static TwStatus create(TwBytes secret, std::unique_ptr<Sealer> &sealer);
  Sealer(const Sealer &) = delete;
  ~Sealer();

  std::string seal(const std::string &entry) const;
  /// Whether `bytes` are a sealed entry, and sealed with this secret.
  bool isRight(const std::string &bytes) const;

private:
  explicit Sealer(const SodiumApi &api) : api(api) {}

  const SodiumApi &api;
  unsigned char key[kSealKeyBytes];
};

/// Whether the last bytes of `bytes` are a trailer behind an entry of
/// `entryBytes`; says nothing of its hash.
bool hasSeal(const std::string &bytes, uint64_t entryBytes);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_SEAL_H
