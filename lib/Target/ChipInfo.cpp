// ChipInfo.cpp - finds chips, and what they can do.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Target/ChipInfo.h"

#include "Tables.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;

namespace tilewright {

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

namespace {

struct ElementKindName {
  ElementKind kind;
  StringRef name;
  unsigned storageBits;
};

constexpr ElementKindName elementKinds[] = {
    {ElementKind::F64, "f64", 64},
    {ElementKind::F32, "f32", 32},
    {ElementKind::TF32, "tf32", 32},
    {ElementKind::BF16, "bf16", 16},
    {ElementKind::F16, "f16", 16},
    {ElementKind::F8E4M3FN, "f8E4M3FN", 8},
    {ElementKind::F8E5M2, "f8E5M2", 8},
    {ElementKind::F8E4M3FNUZ, "f8E4M3FNUZ", 8},
    {ElementKind::F8E5M2FNUZ, "f8E5M2FNUZ", 8},
    {ElementKind::I1, "i1", 8},
    {ElementKind::I8, "i8", 8},
    {ElementKind::I16, "i16", 16},
    {ElementKind::I32, "i32", 32},
    {ElementKind::I64, "i64", 64},
};

const ElementKindName &getName(ElementKind kind) {
  return elementKinds[size_t(kind)];
}

} // namespace

StringRef stringify(ElementKind kind) { return getName(kind).name; }

unsigned getStorageBits(ElementKind kind) { return getName(kind).storageBits; }

std::optional<ElementKind> parseElementKind(StringRef name) {
  for (const ElementKindName &entry : elementKinds)
    if (entry.name == name)
      return entry.kind;
  return std::nullopt;
}

StringRef stringify(AtomicKind kind) {
  constexpr StringRef names[] = {"addf",     "addi",    "assign",  "maximumf",
                                 "minimumf", "maxnumf", "minnumf", "maxs",
                                 "maxu",     "mins",    "minu",    "ori",
                                 "andi",     "xori",    "cmpxchg"};
  return names[size_t(kind)];
}

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

const MmaAtom *ChipInfo::findAtom(StringRef atomName) const {
  for (const MmaAtom &atom : atoms)
    if (atom.name == atomName)
      return &atom;
  return nullptr;
}

/// True where `a` is to be preferred: see findAtoms().
static bool isPreferred(const MmaAtom *a, const MmaAtom *b) {
  bool aKnown = a->cyclesPerIssue != 0, bKnown = b->cyclesPerIssue != 0;
  if (aKnown != bKnown)
    return aKnown;
  // Cycles per FLOP, without division.
  int64_t aCost = a->cyclesPerIssue * b->getFlops();
  int64_t bCost = b->cyclesPerIssue * a->getFlops();
  if (aCost != bCost)
    return aCost < bCost;
  if (a->m * a->n != b->m * b->n)
    return a->m * a->n < b->m * b->n;
  if (a->k != b->k)
    return a->k > b->k;
  return a->name < b->name;
}

SmallVector<const MmaAtom *, 4> ChipInfo::findAtoms(ElementKind lhs,
                                                    ElementKind rhs,
                                                    ElementKind acc,
                                                    bool withWgmma) const {
  SmallVector<const MmaAtom *, 4> found;
  for (const MmaAtom &atom : atoms)
    if (atom.lhsType == lhs && atom.rhsType == rhs && atom.accType == acc &&
        (withWgmma || !atom.isWgmma))
      found.push_back(&atom);
  llvm::sort(found, isPreferred);
  return found;
}

const NativeConversion *ChipInfo::findConversion(ElementKind from,
                                                 ElementKind to) const {
  for (const NativeConversion &conversion : conversions)
    if (conversion.from == from && conversion.to == to)
      return &conversion;
  return nullptr;
}

const NativeAtomic *ChipInfo::findAtomic(AtomicKind kind, ElementKind type,
                                         bool inShared) const {
  // One element at a time first: packed forms are for those who look for them.
  const NativeAtomic *best = nullptr;
  for (const NativeAtomic &atomic : atomics)
    if (atomic.kind == kind && atomic.type == type &&
        (inShared ? atomic.inShared : atomic.inGlobal) &&
        (!best || atomic.elements < best->elements))
      best = &atomic;
  return best;
}

const SharedAccess *ChipInfo::findSharedAccess(unsigned bytes,
                                               bool isWrite) const {
  for (const SharedAccess &access : sharedAccesses)
    if (access.bytes == bytes && access.isWrite == isWrite)
      return &access;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// All chips
//===----------------------------------------------------------------------===//

static const std::vector<ChipInfo> &getTables() {
  static const std::vector<ChipInfo> tables = [] {
    std::vector<ChipInfo> chips;
    detail::addCdnaChips(chips);
    detail::addRdnaChips(chips);
    detail::addNvidiaChips(chips);
    detail::addHostChips(chips);
    return chips;
  }();
  return tables;
}

ArrayRef<const ChipInfo *> allChips() {
  static const std::vector<const ChipInfo *> pointers = [] {
    std::vector<const ChipInfo *> chips;
    for (const ChipInfo &chip : getTables())
      chips.push_back(&chip);
    return chips;
  }();
  return pointers;
}

const ChipInfo *lookupChip(StringRef name) {
  if (name == "host")
    name = getHostChipName();
  for (const ChipInfo *chip : allChips())
    if (chip->name == name)
      return chip;
  return nullptr;
}

std::string describeUnknownChip(StringRef name) {
  StringRef nearest;
  unsigned best = ~0u;
  for (const ChipInfo *chip : allChips()) {
    unsigned distance = name.edit_distance(chip->name);
    if (distance < best) {
      best = distance;
      nearest = chip->name;
    }
  }
  if (name == "host" && !getHostChipName().empty())
    return ("expected the name of a chip; this CPU is '" + getHostChipName() +
            "'")
        .str();
  if (name == "host")
    return "expected 'host' to have the features of x86-64-v3, but this CPU "
           "lacks some";
  return ("expected a chip, but got \"" + Twine(name) +
          "\"; the nearest is \"" + nearest + "\"")
      .str();
}

} // namespace tilewright
