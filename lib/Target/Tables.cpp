// Tables.cpp - what the tables of chips are written with.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Tables.h"

#include "llvm/ADT/STLExtras.h"
#include <cassert>

using namespace llvm;

namespace tilewright::detail {

Layout makeStepLayout(ArrayRef<Step> reg, ArrayRef<Step> lane,
                      ArrayRef<Step> wave) {
  auto toVectors = [](ArrayRef<Step> steps) {
    SmallVector<Coords, 8> vectors;
    for (Step step : steps) {
      Coords vector(2, 0);
      vector[step.dim] = step.step;
      vectors.push_back(vector);
    }
    return vectors;
  };
  std::optional<Layout> layout =
      Layout::get(2, toVectors(reg), toVectors(lane), toVectors(wave));
  assert(layout && "a table has a layout with holes");
  return layout ? *layout : Layout();
}

Steps doubling(unsigned dim, int64_t first, int64_t end) {
  Steps steps;
  for (int64_t step = first; step < end; step *= 2)
    steps.push_back({dim, step});
  return steps;
}

Layout makeStripLayout(unsigned fixedDim, int64_t fixedSize, int64_t otherSize,
                       int64_t contiguous, int64_t waveSize) {
  unsigned otherDim = 1 - fixedDim;
  Steps reg = doubling(otherDim, 1, contiguous);
  Steps lane = doubling(fixedDim, 1, fixedSize);
  int64_t inLanes = std::min(contiguous * (waveSize / fixedSize), otherSize);
  lane.append(doubling(otherDim, contiguous, inLanes));
  while (int64_t(1) << lane.size() < waveSize)
    lane.push_back({otherDim, 0});
  reg.append(doubling(otherDim, inLanes, otherSize));
  return makeStepLayout(reg, lane);
}

SharedAccess makeSequentialAccess(StringRef instruction, bool isWrite,
                                  unsigned bytes, unsigned banks,
                                  unsigned phaseBytes, unsigned waveSize,
                                  bool isMeasured) {
  SharedAccess access;
  access.instruction = instruction;
  access.isWrite = isWrite;
  access.bytes = bytes;
  access.banks = banks;
  access.isMeasured = isMeasured;
  unsigned lanes = std::min(waveSize, phaseBytes / bytes);
  for (unsigned lane = 0; lane < waveSize; lane += lanes)
    access.phases.push_back(((uint64_t(1) << (lanes - 1) << 1) - 1) << lane);
  return access;
}

void addAtomics(ChipInfo &chip, ArrayRef<AtomicKind> kinds,
                ArrayRef<ElementKind> types, NativeAtomic form) {
  for (AtomicKind kind : kinds)
    for (ElementKind type : types) {
      form.kind = kind;
      form.type = type;
      chip.atomics.push_back(form);
    }
}

void addIntegerAtomics(ChipInfo &chip, NativeAtomic form) {
  using E = ElementKind;
  using A = AtomicKind;
  NativeAtomic plain = {A::Assign, E::I32};
  addAtomics(chip, {A::Assign, A::CompareExchange},
             {E::I32, E::I64, E::F32, E::F64}, plain);
  addAtomics(chip, {A::AddI}, {E::I32, E::I64}, plain);
  const A kinds[] = {A::MaxS, A::MaxU, A::MinS, A::MinU,
                     A::OrI,  A::AndI, A::XorI};
  plain.inGlobal = false;
  addAtomics(chip, kinds, {E::I32, E::I64}, plain);
  form.inShared = false;
  addAtomics(chip, kinds, {E::I32, E::I64}, form);
}

void addBasicConversions(ChipInfo &chip) {
  using E = ElementKind;
  chip.conversions.push_back({E::F64, E::F32, "fptrunc"});
  chip.conversions.push_back({E::F32, E::F64, "fpext"});
  chip.conversions.push_back({E::F32, E::F16, "fptrunc"});
  chip.conversions.push_back({E::F16, E::F32, "fpext"});
}

} // namespace tilewright::detail
