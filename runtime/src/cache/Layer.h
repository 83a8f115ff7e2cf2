// Layer.h - what a look into a layer of a cache finds, and how often it did.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_CACHE_LAYER_H
#define TILEWRIGHT_RUNTIME_CACHE_LAYER_H

#include "tilewright-rt/Cache.h"
#include <atomic>
#include <cstdint>

namespace tilewright::rt {

/// What a look into a layer finds.
enum class Look { Hit, Absent, Damaged, OtherVersion, Rejected, Unreachable };
constexpr unsigned kNumLooks = 6;

/// The counters of a layer; several threads may count.
class LayerCounters {
public:
  Look count(Look look) {
    ++looks[unsigned(look)];
    return look;
  }
  void countRead(uint64_t bytes) { readBytes += bytes; }
  void countWrite(bool isDone, uint64_t bytes) {
    ++(isDone ? writes : failedWrites);
    writtenBytes += isDone ? bytes : 0;
  }
  TwCacheLayerCounters get() const {
    return {get(Look::Hit),
            get(Look::Absent),
            get(Look::Damaged),
            get(Look::OtherVersion),
            get(Look::Rejected),
            get(Look::Unreachable),
            writes,
            failedWrites,
            readBytes,
            writtenBytes};
  }
  uint64_t get(Look look) const { return looks[unsigned(look)]; }

private:
  std::atomic<uint64_t> looks[kNumLooks] = {};
  std::atomic<uint64_t> writes{0}, failedWrites{0}, readBytes{0},
      writtenBytes{0};
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_LAYER_H
