// Host.cpp - levels of x86-64 as chips, and which of them this CPU has.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The levels are those of the x86-64 psABI ("micro-architecture levels").

#include "Tables.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;

namespace tilewright {

namespace {

ChipInfo makeHost(StringRef name, int64_t vectorBits) {
  ChipInfo chip;
  chip.name = chip.cpu = name;
  chip.backend = Backend::Host;
  chip.triple = "x86_64-unknown-linux-gnu";
  chip.waveSize = 1;
  chip.hostVectorBits = vectorBits;
  chip.maxRegistersPerLane = vectorBits == 512 ? 32 : 16;
  chip.maxGlobalAccessBytes = vectorBits / 8;
  chip.cacheLineBytes = 64;
  chip.host.hasByteMasks = vectorBits == 512; // AVX512BW
  // Measured on AMD EPYC (bench/results/host.md): larger than what one core
  // usually finds in its last-level cache.
  chip.host.streamArrayBytes = 32 << 20;
  chip.host.streamRunBytes = 512;
  chip.host.streamPieceBytes = 16; // MOVNTPS of an SSE register
  // Not a line of 64 bytes: 16 rows of a matrix whose row size is a power of
  // two are in one set of the first-level cache, which may hold 8 lines.
  chip.host.transposeBytes = 32;
  detail::addBasicConversions(chip); // F16C is part of v3
  return chip;
}

/// CPU features that a level adds to those below it (psABI, table 3.1), named
/// as LLVM does.
constexpr StringRef v3Features[] = {"avx2", "bmi",   "bmi2", "f16c",
                                    "fma",  "lzcnt", "movbe"};
constexpr StringRef v4Features[] = {"avx512f", "avx512bw", "avx512cd",
                                    "avx512dq", "avx512vl"};

} // namespace

void detail::addHostChips(std::vector<ChipInfo> &chips) {
  chips.push_back(makeHost("x86-64-v3", 256));
  chips.push_back(makeHost("x86-64-v4", 512));
}

StringRef getHostChipName() {
  static const StringRef name = [] {
    StringMap<bool> features = sys::getHostCPUFeatures();
    auto hasAll = [&](ArrayRef<StringRef> names) {
      for (StringRef feature : names)
        if (!features.lookup(feature))
          return false;
      return true;
    };
    if (!hasAll(v3Features))
      return StringRef();
    return StringRef(hasAll(v4Features) ? "x86-64-v4" : "x86-64-v3");
  }();
  return name;
}

} // namespace tilewright
