// Seal.cpp - authenticates the entries of layers that machines share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Seal.h"
#include "../DriverLibrary.h"
#include "../Support.h"
#include <cstring>
#include <sodium.h>

using namespace tilewright::rt;

namespace {

constexpr size_t kHashBytes = 32;

struct Trailer {
  char magic[8];
  uint32_t version;
  uint32_t reserved;
  uint64_t entryBytes;
  uint64_t zero;
  unsigned char hash[kHashBytes]; ///< of the entry and of what is before it
};
static_assert(sizeof(Trailer) == kSealBytes);

constexpr char kMagic[8] = {'T', 'W', 'S', 'E', 'A', 'L', '\0', '\0'};
constexpr uint32_t kVersion = 1;

} // namespace

struct tilewright::rt::SodiumApi {
  decltype(&sodium_init) init;
  decltype(&crypto_generichash) hash;
  decltype(&sodium_memcmp) compare;
};

static TwStatus load(const char *file, SodiumApi &api) {
  // What is called has not changed between these.
  static constexpr const char *kNames[] = {"libsodium.so.23", "libsodium.so.26",
                                           nullptr};
  void *library = nullptr;
  if (TwStatus status =
          openDriver("libsodium", file, "TILEWRIGHT_SODIUM", kNames, &library))
    return status;
  FunctionFinder find{library};
  find(api.init, "sodium_init");
  find(api.hash, "crypto_generichash");
  find(api.compare, "sodium_memcmp");
  if (!find.missing.empty())
    return fail(TW_NOT_FOUND, "libsodium lacks ", find.missing);
  if (api.init() < 0)
    return fail(TW_NOT_FOUND, "libsodium does not start");
  return nullptr;
}

TwStatus Sealer::create(TwBytes secret, std::unique_ptr<Sealer> &sealer) {
  if (secret.size < kLeastSecretBytes || secret.size > kMostSecretBytes)
    return fail(TW_INVALID_ARGUMENT, "expected a secret of ",
                int64_t(kLeastSecretBytes), " to ", int64_t(kMostSecretBytes),
                " bytes, but got ", int64_t(secret.size));
  const SodiumApi *api = nullptr;
  if (TwStatus status = loadOnce<SodiumApi>(nullptr, load, &api))
    return status;
  sealer.reset(new Sealer(*api));
  // A secret may be longer than a key; and of any length it gives a whole one.
  api->hash(sealer->key, sizeof(sealer->key),
            static_cast<const unsigned char *>(secret.data), secret.size,
            nullptr, 0);
  return nullptr;
}

Sealer::~Sealer() { explicit_bzero(key, sizeof(key)); }

std::string Sealer::seal(const std::string &entry) const {
  Trailer trailer = {};
  std::memcpy(trailer.magic, kMagic, sizeof(kMagic));
  trailer.version = kVersion;
  trailer.entryBytes = entry.size();
  std::string bytes;
  bytes.reserve(entry.size() + sizeof(trailer));
  bytes += entry;
  bytes.append(reinterpret_cast<const char *>(&trailer),
               sizeof(trailer) - kHashBytes);
  api.hash(trailer.hash, kHashBytes,
           reinterpret_cast<const unsigned char *>(bytes.data()), bytes.size(),
           key, sizeof(key));
  bytes.append(reinterpret_cast<const char *>(trailer.hash), kHashBytes);
  return bytes;
}

bool Sealer::isRight(const std::string &bytes) const {
  if (bytes.size() < kSealBytes || !hasSeal(bytes, bytes.size() - kSealBytes))
    return false;
  size_t hashed = bytes.size() - kHashBytes;
  auto *data = reinterpret_cast<const unsigned char *>(bytes.data());
  unsigned char hash[kHashBytes];
  api.hash(hash, sizeof(hash), data, hashed, key, sizeof(key));
  // Takes as long wherever they differ.
  return api.compare(hash, data + hashed, sizeof(hash)) == 0;
}

bool tilewright::rt::hasSeal(const std::string &bytes, uint64_t entryBytes) {
  Trailer trailer;
  if (bytes.size() < sizeof(trailer) ||
      bytes.size() - sizeof(trailer) != entryBytes)
    return false;
  std::memcpy(&trailer, bytes.data() + entryBytes, sizeof(trailer));
  return !std::memcmp(trailer.magic, kMagic, sizeof(kMagic)) &&
         trailer.version == kVersion && !trailer.reserved &&
         trailer.entryBytes == entryBytes && !trailer.zero;
}
