// Memory.h - the entries that a process has in memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_MEMORY_H
#define TILEWRIGHT_RUNTIME_CACHE_MEMORY_H

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace tilewright::rt {

/// Values by key; the ones that were not asked for longest go first.
class MemoryCache {
public:
  using Value = std::shared_ptr<const std::string>;

  explicit MemoryCache(uint64_t maxBytes) : maxBytes(maxBytes) {}

  /// Null where there is none.
  Value find(const std::string &key) {
    std::lock_guard<std::mutex> lock(mutex);
    auto it = entries.find(key);
    if (it == entries.end())
      return nullptr;
    order.splice(order.begin(), order, it->second);
    return it->second->value;
  }

  /// One that is larger than all memory is not kept.
  void set(const std::string &key, Value value) {
    std::lock_guard<std::mutex> lock(mutex);
    auto it = entries.find(key);
    if (it != entries.end())
      remove(it->second);
    order.push_front({key, std::move(value)});
    entries[key] = order.begin();
    bytes += getBytes(order.front());
    while (bytes > maxBytes)
      remove(std::prev(order.end()));
  }

private:
  struct Entry {
    std::string key;
    Value value;
  };

  static uint64_t getBytes(const Entry &entry) {
    return 2 * entry.key.size() + entry.value->size();
  }
  void remove(std::list<Entry>::iterator it) {
    bytes -= getBytes(*it);
    entries.erase(it->key);
    order.erase(it);
  }

  std::mutex mutex;
  uint64_t bytes = 0, maxBytes;
  std::list<Entry> order; ///< the last that was asked for first
  std::unordered_map<std::string, std::list<Entry>::iterator> entries;
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_MEMORY_H
