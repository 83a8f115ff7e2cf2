// KeptTensorMaps.h - tensor maps that were encoded, for launches to come.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_KEPTTENSORMAPS_H
#define TILEWRIGHT_RUNTIME_KEPTTENSORMAPS_H

#include "Kernel.h"
#include <array>
#include <atomic>

namespace tilewright::rt {

/// The last tensor maps of a device, those of 1024 weights and activations.
/// Readers take no lock. Who adds one while another thread adds to the same set
/// does without: the map is encoded again when it is needed again.
class KeptTensorMaps {
public:
  /// What a map depends on: the recipe's id, the address, sizes and strides.
  using Key = std::array<uint64_t, 2 + 2 * TensorMapRecipe::kMostRank>;
  using Map = std::array<uint64_t, TensorMapRecipe::kBytes / 8>;

  KeptTensorMaps() = default;
  ~KeptTensorMaps() { delete[] sets.load(); }

  /// Writes the map of `key` to `map`; false where it is not kept.
  bool find(const Key &key, void *map) const;

  /// Allocates when it is called first. Where memory is short nothing is kept.
  void add(const Key &key, const void *map);

private:
  /// A map, which readers see whole or not at all: its version is odd while it
  /// is written.
  struct Entry {
    std::atomic<uint64_t> version{0};
    std::array<std::atomic<uint64_t>, std::tuple_size_v<Key>> key{};
    std::array<std::atomic<uint64_t>, std::tuple_size_v<Map>> map{};

    bool read(const Key &wanted, void *to) const;
    void write(const Key &newKey, const Map &newMap);
  };

  /// Maps whose hashes begin alike; the oldest one goes for a new one.
  struct Set {
    static constexpr size_t kWays = 8;
    std::array<std::atomic<uint64_t>, kWays> hashes{}; ///< 0 is none
    std::atomic<bool> isBusy{false};
    size_t next = 0;
    std::array<Entry, kWays> entries;
  };
  static constexpr size_t kSetBits = 7;

  static uint64_t getHash(const Key &key);

  std::atomic<Set *> sets{nullptr};
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_KEPTTENSORMAPS_H
