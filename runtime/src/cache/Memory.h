// Memory.h - the entries that a process has in memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_MEMORY_H
#define TILEWRIGHT_RUNTIME_CACHE_MEMORY_H

#include "Forked.h"
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace tilewright::rt {

/// Values by key; the ones that were not asked for longest go first. Safe from
/// several threads, and in a forked child, which may lack what the parent had.
class MemoryCache {
public:
  using Value = std::shared_ptr<const std::string>;

  explicit MemoryCache(uint64_t maxBytes) : maxBytes(maxBytes) {}

  /// Null where there is none.
  Value find(const std::string &key) {
    return held.with([&](Held &held) { return held.find(key); });
  }

  /// False for one that is larger than all memory: it is not kept.
  bool set(const std::string &key, Value value) {
    return held.with([&](Held &held) {
      held.set(key, std::move(value), maxBytes);
      return !held.order.empty();
    });
  }

private:
  struct Entry {
    std::string key;
    Value value;
  };

  struct Held {
    uint64_t bytes = 0;
    std::list<Entry> order; ///< the last that was asked for first
    std::unordered_map<std::string, std::list<Entry>::iterator> entries;

    Value find(const std::string &key) {
      auto it = entries.find(key);
      if (it == entries.end())
        return nullptr;
      order.splice(order.begin(), order, it->second);
      return it->second->value;
    }

    void set(const std::string &key, Value value, uint64_t maxBytes) {
      auto it = entries.find(key);
      if (it != entries.end())
        remove(it->second);
      order.push_front({key, std::move(value)});
      entries[key] = order.begin();
      bytes += getBytes(order.front());
      while (bytes > maxBytes)
        remove(std::prev(order.end()));
    }

    void remove(std::list<Entry>::iterator it) {
      bytes -= getBytes(*it);
      entries.erase(it->key);
      order.erase(it);
    }

    static uint64_t getBytes(const Entry &entry) {
      return 2 * entry.key.size() + entry.value->size();
    }
  };

  Guarded<Held> held;
  const uint64_t maxBytes;
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_MEMORY_H
