// Print.cpp - the tables of chips as text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Target/ChipInfo.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <functional>

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

//===----------------------------------------------------------------------===//
// Native or expanded
//===----------------------------------------------------------------------===//

namespace {

using E = ElementKind;

/// A row of the table: an operation, and what a chip has for it ("" if it is
/// expanded).
struct NativeRow {
  std::string operation;
  std::function<std::string(const ChipInfo &)> describe;
};

std::string describeMma(const ChipInfo &chip, E lhs, E rhs, E acc) {
  auto atoms = chip.findAtoms(lhs, rhs, acc);
  if (atoms.empty())
    return "";
  const MmaAtom &atom = *atoms.front();
  return (Twine(atom.m) + "x" + Twine(atom.n) + "x" + Twine(atom.k)).str();
}

std::string describeAtomic(const ChipInfo &chip, AtomicKind kind, E type,
                           bool inShared) {
  const NativeAtomic *atomic = chip.findAtomic(kind, type, inShared);
  if (!atomic)
    return "";
  std::string text = atomic->elements == 1 ? "native" : "pairs";
  return atomic->needsNoFineGrained ? text + "*" : text;
}

std::vector<NativeRow> getNativeRows() {
  std::vector<NativeRow> rows;
  auto addMma = [&](E lhs, E rhs, E acc) {
    std::string name = "mma " + stringify(lhs).str();
    if (rhs != lhs)
      name += " * " + stringify(rhs).str();
    rows.push_back({name, [=](const ChipInfo &chip) {
                      return describeMma(chip, lhs, rhs, acc);
                    }});
  };
  addMma(E::F64, E::F64, E::F64);
  addMma(E::F32, E::F32, E::F32);
  for (E type : {E::TF32, E::F16, E::BF16})
    addMma(type, type, E::F32);
  addMma(E::I8, E::I8, E::I32);
  for (E lhs : {E::F8E4M3FN, E::F8E5M2})
    for (E rhs : {E::F8E4M3FN, E::F8E5M2})
      addMma(lhs, rhs, E::F32);
  for (E lhs : {E::F8E4M3FNUZ, E::F8E5M2FNUZ})
    for (E rhs : {E::F8E4M3FNUZ, E::F8E5M2FNUZ})
      addMma(lhs, rhs, E::F32);

  auto addConversion = [&](E from, E to) {
    std::string name =
        ("convert " + stringify(from) + " to " + stringify(to)).str();
    rows.push_back({name, [=](const ChipInfo &chip) -> std::string {
                      return chip.findConversion(from, to) ? "native" : "";
                    }});
  };
  addConversion(E::F64, E::F32);
  addConversion(E::F64, E::F16);
  addConversion(E::F64, E::BF16);
  for (E type : {E::F16, E::BF16, E::F8E4M3FN, E::F8E5M2, E::F8E4M3FNUZ,
                 E::F8E5M2FNUZ}) {
    addConversion(E::F32, type);
    addConversion(type, E::F32);
  }
  for (E type : {E::F8E4M3FN, E::F8E5M2}) {
    addConversion(E::F16, type);
    addConversion(type, E::F16);
  }

  auto addAtomic = [&](AtomicKind kind, E type) {
    for (bool inShared : {false, true}) {
      std::string name = ("atomic " + stringify(kind) + " " + stringify(type) +
                          (inShared ? ", shared" : ", global"))
                             .str();
      rows.push_back({name, [=](const ChipInfo &chip) {
                        return describeAtomic(chip, kind, type, inShared);
                      }});
    }
  };
  for (E type : {E::F64, E::F32, E::F16, E::BF16})
    addAtomic(AtomicKind::AddF, type);
  addAtomic(AtomicKind::MaxNumF, E::F64);
  addAtomic(AtomicKind::MaxNumF, E::F32);
  addAtomic(AtomicKind::MaximumF, E::F32);
  addAtomic(AtomicKind::AddI, E::I32);
  addAtomic(AtomicKind::MaxS, E::I32);
  return rows;
}

} // namespace

void printNativeTable(raw_ostream &os) {
  std::vector<const ChipInfo *> chips;
  for (const ChipInfo *chip : allChips())
    if (chip->isGpu())
      chips.push_back(chip);
  os << "| operation |";
  for (const ChipInfo *chip : chips)
    os << ' ' << chip->name << " |";
  os << "\n|---|";
  for (size_t i = 0; i != chips.size(); ++i)
    os << "---|";
  os << "\n";
  for (const NativeRow &row : getNativeRows()) {
    os << "| " << row.operation << " |";
    for (const ChipInfo *chip : chips) {
      std::string text = row.describe(*chip);
      os << ' ' << (text.empty() ? "-" : text) << " |";
    }
    os << "\n";
  }
}

} // namespace tilewright
