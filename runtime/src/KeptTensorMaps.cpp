// KeptTensorMaps.cpp - tensor maps that were encoded, for launches to come.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "KeptTensorMaps.h"
#include <cstring>
#include <new>

using namespace tilewright::rt;

/// Of the recipe, the address and the sizes. The strides follow from the sizes,
/// or do not change: the ways of a set are enough for them.
uint64_t KeptTensorMaps::getHash(const Key &key) {
  constexpr uint64_t kGoldenRatio = 0x9E3779B97F4A7C15u;
  // Odd numbers that are unlike each other: sums of products differ.
  constexpr uint64_t kFactors[TensorMapRecipe::kMostRank] = {
      0xBF58476D1CE4E5B9u, 0x94D049BB133111EBu, 0xD6E8FEB86659FD93u,
      0xA0761D6478BD642Fu, 0xE7037ED1A0B428DBu};
  uint64_t mixed = key[0] * kGoldenRatio + (key[1] >> 4);
  for (size_t i = 0; i < size_t(TensorMapRecipe::kMostRank); ++i)
    mixed += key[2 + i] * kFactors[i];
  return (mixed * kGoldenRatio) | 1;
}

bool KeptTensorMaps::Entry::read(const Key &wanted, void *to) const {
  uint64_t before = version.load(std::memory_order_acquire);
  if (before % 2)
    return false;
  uint64_t differs = 0;
  for (size_t i = 0; i < wanted.size(); ++i)
    differs |= key[i].load(std::memory_order_relaxed) ^ wanted[i];
  if (differs)
    return false;
  auto *bytes = static_cast<uint8_t *>(to);
  for (size_t i = 0; i < map.size(); ++i) {
    uint64_t word = map[i].load(std::memory_order_relaxed);
    std::memcpy(bytes + 8 * i, &word, sizeof(word));
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  return version.load(std::memory_order_relaxed) == before;
}

void KeptTensorMaps::Entry::write(const Key &newKey, const Map &newMap) {
  uint64_t before = version.load(std::memory_order_relaxed);
  version.store(before + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (size_t i = 0; i < newKey.size(); ++i)
    key[i].store(newKey[i], std::memory_order_relaxed);
  for (size_t i = 0; i < newMap.size(); ++i)
    map[i].store(newMap[i], std::memory_order_relaxed);
  version.store(before + 2, std::memory_order_release);
}

bool KeptTensorMaps::find(const Key &key, void *map) const {
  const Set *all = sets.load(std::memory_order_acquire);
  if (!all)
    return false;
  uint64_t hash = getHash(key);
  const Set &set = all[hash >> (64 - kSetBits)];
  for (size_t i = 0; i < Set::kWays; ++i)
    if (set.hashes[i].load(std::memory_order_relaxed) == hash &&
        set.entries[i].read(key, map))
      return true;
  return false;
}

void KeptTensorMaps::add(const Key &key, const void *map) {
  Set *all = sets.load(std::memory_order_acquire);
  if (!all) {
    auto *made = new (std::nothrow) Set[size_t(1) << kSetBits];
    if (!made)
      return;
    if (sets.compare_exchange_strong(all, made))
      all = made;
    else
      delete[] made;
  }
  uint64_t hash = getHash(key);
  Set &set = all[hash >> (64 - kSetBits)];
  if (set.isBusy.exchange(true, std::memory_order_acquire))
    return;
  Map words;
  // Another thread may have encoded the same: it takes one place.
  if (!find(key, words.data())) {
    std::memcpy(words.data(), map, TensorMapRecipe::kBytes);
    set.entries[set.next].write(key, words);
    set.hashes[set.next].store(hash, std::memory_order_relaxed);
    set.next = (set.next + 1) % Set::kWays;
  }
  set.isBusy.store(false, std::memory_order_release);
}
