// Print.cpp - the tables of chips as text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Target/ChipInfo.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace tilewright {

static StringRef getBackendName(Backend backend) {
  switch (backend) {
  case Backend::AMDGPU:
    return "amdgpu";
  case Backend::NVPTX:
    return "nvptx";
  case Backend::Host:
    return "host";
  }
  return "";
}

/// "64 KiB", "8 MiB", or bytes.
static void printBytes(raw_ostream &os, int64_t bytes) {
  if (bytes % (1 << 20) == 0)
    os << (bytes >> 20) << " MiB";
  else if (bytes % 1024 == 0)
    os << (bytes >> 10) << " KiB";
  else
    os << bytes << " B";
}

/// The operand types of the chip's atoms, each pair once.
static void printMmaTypes(raw_ostream &os, const ChipInfo &chip) {
  SetVector<std::pair<ElementKind, ElementKind>> types;
  for (const MmaAtom &atom : chip.atoms)
    types.insert({atom.lhsType, atom.rhsType});
  interleave(
      types, os,
      [&](auto pair) {
        os << stringify(pair.first);
        if (pair.second != pair.first)
          os << '*' << stringify(pair.second);
      },
      " ");
}

void printChips(raw_ostream &os) {
  for (const ChipInfo *chip : allChips()) {
    os << chip->name << " (" << getBackendName(chip->backend);
    if (!chip->product.empty())
      os << ", " << chip->product;
    os << ")\n";
    if (!chip->isGpu()) {
      os << "  vectors of " << chip->hostVectorBits << " bits";
      if (chip->name == getHostChipName())
        os << "; this is 'host' here";
      os << "\n";
      continue;
    }
    os << "  waves of " << chip->waveSize << ", " << chip->maxRegistersPerLane
       << " registers per lane, shared memory ";
    printBytes(os, chip->sharedBytes);
    os << ", " << chip->computeUnits << " compute units, L2 ";
    printBytes(os, chip->l2Bytes);
    os << format(", %.2f TB/s\n", chip->memoryTBPerSecond);
    os << "  mma: ";
    printMmaTypes(os, *chip);
    os << "\n";
  }
}

static void printAtom(raw_ostream &os, const MmaAtom &atom) {
  os << "  atom " << atom.name << ": " << atom.m << 'x' << atom.n << 'x'
     << atom.k << ' ' << stringify(atom.lhsType) << ' '
     << stringify(atom.rhsType) << ' ' << stringify(atom.accType) << ", "
     << atom.intrinsic;
  if (atom.cyclesPerIssue)
    os << ", " << atom.cyclesPerIssue << " cycles";
  os << "\n    lhs " << atom.lhs << "\n    rhs ";
  if (atom.isWgmma)
    os << "in shared memory";
  else
    os << atom.rhs;
  os << "\n    acc " << atom.acc << "\n";
}

void printChip(raw_ostream &os, const ChipInfo &chip) {
  os << chip.name << "\n  " << chip.triple << " cpu " << chip.cpu;
  if (!chip.features.empty())
    os << " features " << chip.features;
  os << "\n";
  for (const PeakRate &rate : chip.peakRates)
    os << "  peak " << stringify(rate.type) << (rate.isMma ? " mma" : " vector")
       << format(" %.1f TOP/s\n", rate.teraOps);
  for (const NativeConversion &conversion : chip.conversions)
    os << "  convert " << stringify(conversion.from) << " to "
       << stringify(conversion.to) << ": " << conversion.intrinsic << " x"
       << conversion.elements << "\n";
  for (const NativeAtomic &atomic : chip.atomics)
    os << "  atomic " << stringify(atomic.kind) << ' ' << stringify(atomic.type)
       << " x" << atomic.elements << (atomic.inGlobal ? " global" : "")
       << (atomic.inShared ? " shared" : "") << "\n";
  for (const MmaAtom &atom : chip.atoms)
    printAtom(os, atom);
}

} // namespace tilewright
