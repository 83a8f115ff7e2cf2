// Rdna.cpp - facts of gfx1100 and gfx1201.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sources (docs/Targets.md has the links):
//   [calc]  AMD Matrix Instruction Calculator, rdna3: lane maps
//   [gpuo]  AMD GPUOpen, "How to accelerate AI applications on RDNA 3 using
//           WMMA" and "Using the Matrix Cores of AMD RDNA 4 architecture GPUs"
//   [isa]   AMD RDNA 3 and RDNA 4 instruction set guides
//   [td]    LLVM 22.1 IntrinsicsAMDGPU.td: names and operand types
//   [llc]   selected by LLVM 22.1.8; test/Unit/Target compiles each atom
//   [ds]    AMD product pages of RX 7900 XTX and RX 9070 XT

#include "Tables.h"

#include "llvm/ADT/Twine.h"

using namespace llvm;

namespace tilewright {

using detail::makeSequentialAccess;
using detail::makeStripLayout;
using E = ElementKind;

namespace {

/// We compile for waves of 32, in which RDNA runs natively.
constexpr int64_t waveSize = 32;

struct WmmaRow {
  E lhs, rhs, acc;
  StringRef name, intrinsic, operandType;
  MmaCall call;
  int64_t cycles;
};

/// WMMA is 16x16x16. `contiguous` is the number of values of K that one lane
/// holds, `accRows` of consecutive rows:
///   gfx1100: 16 and 1: lanes 16-31 hold the same operands as lanes 0-15, and
///            row = 2 * reg + lane / 16 [calc]
///   gfx1201: 8 and 8: k = 8 * (lane / 16) + reg, row = 8 * (lane / 16) + reg
///            [gpuo]
MmaAtom makeWmma(const WmmaRow &row, int64_t contiguous, int64_t accRows) {
  MmaAtom atom;
  atom.name = row.name.str();
  atom.m = atom.n = atom.k = 16;
  atom.lhsType = row.lhs;
  atom.rhsType = row.rhs;
  atom.accType = row.acc;
  atom.lhs = makeStripLayout(0, 16, 16, contiguous, waveSize);
  atom.rhs = makeStripLayout(1, 16, 16, contiguous, waveSize);
  atom.acc = makeStripLayout(1, 16, 16, accRows, waveSize);
  atom.call = row.call;
  atom.accOperand = row.acc == E::I32 ? "v8i32" : "v8f32";
  atom.lhsOperand = atom.rhsOperand = row.operandType.str();
  atom.intrinsic = ("llvm.amdgcn.wmma." + row.intrinsic + "." +
                    atom.accOperand + "." + row.operandType)
                       .str();
  atom.cyclesPerIssue = row.cycles;
  return atom;
}

ChipInfo makeRdna(StringRef name) {
  ChipInfo chip;
  chip.name = chip.cpu = name;
  chip.backend = Backend::AMDGPU;
  chip.triple = "amdgcn-amd-amdhsa";
  chip.waveSize = waveSize;
  chip.maxRegistersPerLane = 256;                    // [isa]
  chip.registerFile = 1536;                          // [td] 1536-vgprs
  chip.maxThreadsPerWorkgroup = 1024;                // [isa]
  chip.simdsPerComputeUnit = 2;                      // [isa]
  chip.maxWavesPerSimd = 16;                         // [isa]
  chip.sharedBytes = chip.staticSharedBytes = 65536; // [isa]
  chip.sharedBanks = 32;                             // [isa] per half
  chip.maxGlobalAccessBytes = 16;                    // [isa] b128
  chip.maxSharedAccessBytes = 16;                    // [isa] b128
  chip.cacheLineBytes = 128;                         // [isa]
  chip.maxVmcnt = 63;                                // [isa]
  chip.maxLgkmcnt = 63;                              // [isa]
  chip.crossLane.hasBpermute = true;
  chip.crossLane.hasDpp = true;
  chip.crossLane.hasDppRowShare = true;
  chip.crossLane.hasPermlane16 = true;
  chip.crossLane.hasPermlane64 = true;
  chip.crossLane.hasSwizzle = true;
  chip.crossLane.hasReadlane = true;
  detail::addBasicConversions(chip); // [llc]
  for (bool isWrite : {false, true}) {
    auto add = [&](StringRef instruction, unsigned bytes) {
      chip.sharedAccesses.push_back(
          makeSequentialAccess(instruction, isWrite, bytes, 32, 128, waveSize,
                               /*isMeasured=*/false));
    };
    add(isWrite ? "ds_store_b32" : "ds_load_b32", 4);
    add(isWrite ? "ds_store_b64" : "ds_load_b64", 8);
    add(isWrite ? "ds_store_b128" : "ds_load_b128", 16);
  }
  return chip;
}

/// [llc]
void addRdnaAtomics(ChipInfo &chip, bool needsNoFineGrained) {
  using A = AtomicKind;
  NativeAtomic shared = {A::AddF, E::F32, /*inGlobal=*/false};
  detail::addAtomics(chip, {A::AddF, A::MaxNumF, A::MinNumF}, {E::F32}, shared);
  detail::addAtomics(chip, {A::MaxNumF, A::MinNumF}, {E::F64}, shared);
  NativeAtomic global = {A::AddF,           E::F32, true, /*inShared=*/false, 1,
                         needsNoFineGrained};
  detail::addAtomics(chip, {A::AddF, A::MaxNumF, A::MinNumF}, {E::F32}, global);
  NativeAtomic integer = {A::AddI, E::I32};
  integer.needsNoFineGrained = needsNoFineGrained;
  detail::addIntegerAtomics(chip, integer);
}

ChipInfo makeGfx1100() {
  ChipInfo chip = makeRdna("gfx1100");
  // [ds]
  chip.product = "RX 7900 XTX";
  chip.computeUnits = 96;
  chip.xcds = 1;
  chip.boostClockMHz = 2500;
  chip.memoryTBPerSecond = 0.96;
  chip.l1Bytes = 32 << 10;
  chip.l2Bytes = 6 << 20;
  chip.lastLevelBytes = 96 << 20;
  chip.peakRates = {{E::F16, true, 122.8},
                    {E::BF16, true, 122.8},
                    {E::I8, true, 122.8},
                    {E::F32, false, 61.4}};
  chip.barrier = BarrierKind::SBarrier;
  chip.waits = WaitEncoding::Gfx11;
  // 512 FLOP per clock and compute unit for all three [gpuo]: 32 cycles.
  WmmaRow rows[] = {{E::F16, E::F16, E::F32, "wmma_f32_16x16x16_f16",
                     "f32.16x16x16.f16", "v16f16", MmaCall::Wmma, 32},
                    {E::BF16, E::BF16, E::F32, "wmma_f32_16x16x16_bf16",
                     "f32.16x16x16.bf16", "v16i16", MmaCall::Wmma, 32},
                    {E::I8, E::I8, E::I32, "wmma_i32_16x16x16_iu8",
                     "i32.16x16x16.iu8", "v4i32", MmaCall::WmmaInt, 32}};
  for (const WmmaRow &row : rows)
    chip.atoms.push_back(makeWmma(row, 16, 1));
  addRdnaAtomics(chip, /*needsNoFineGrained=*/true);
  return chip;
}

ChipInfo makeGfx1201() {
  ChipInfo chip = makeRdna("gfx1201");
  // [ds]
  chip.product = "RX 9070 XT";
  chip.computeUnits = 64;
  chip.xcds = 1;
  chip.boostClockMHz = 2970;
  chip.memoryTBPerSecond = 0.64;
  chip.l1Bytes = 32 << 10;
  chip.l2Bytes = 8 << 20;
  chip.lastLevelBytes = 64 << 20;
  chip.peakRates = {{E::F16, true, 195},    {E::BF16, true, 195},
                    {E::I8, true, 389},     {E::F8E4M3FN, true, 389},
                    {E::F8E5M2, true, 389}, {E::F32, false, 48.7}};
  chip.barrier = BarrierKind::SplitBarrier;
  chip.waits = WaitEncoding::Gfx12;
  chip.fp8Format = Fp8Format::Ocp; // [isa]
  // 1024 FLOP per clock and compute unit for 16 bits, 2048 for 8. [gpuo]
  WmmaRow rows[] = {
      {E::F16, E::F16, E::F32, "wmma_f32_16x16x16_f16", "f32.16x16x16.f16",
       "v8f16", MmaCall::Wmma, 16},
      {E::BF16, E::BF16, E::F32, "wmma_f32_16x16x16_bf16", "f32.16x16x16.bf16",
       "v8i16", MmaCall::Wmma, 16},
      {E::I8, E::I8, E::I32, "wmma_i32_16x16x16_iu8", "i32.16x16x16.iu8",
       "v2i32", MmaCall::WmmaInt, 8},
      {E::F8E4M3FN, E::F8E4M3FN, E::F32, "wmma_f32_16x16x16_fp8_fp8",
       "f32.16x16x16.fp8.fp8", "v2i32", MmaCall::Wmma, 8},
      {E::F8E4M3FN, E::F8E5M2, E::F32, "wmma_f32_16x16x16_fp8_bf8",
       "f32.16x16x16.fp8.bf8", "v2i32", MmaCall::Wmma, 8},
      {E::F8E5M2, E::F8E4M3FN, E::F32, "wmma_f32_16x16x16_bf8_fp8",
       "f32.16x16x16.bf8.fp8", "v2i32", MmaCall::Wmma, 8},
      {E::F8E5M2, E::F8E5M2, E::F32, "wmma_f32_16x16x16_bf8_bf8",
       "f32.16x16x16.bf8.bf8", "v2i32", MmaCall::Wmma, 8}};
  for (const WmmaRow &row : rows)
    chip.atoms.push_back(makeWmma(row, 8, 8));
  auto mode = NativeConversion::ByMode; // [isa] FP16_OVFL
  chip.conversions.insert(
      chip.conversions.end(),
      {{E::F32, E::F8E4M3FN, "llvm.amdgcn.cvt.pk.fp8.f32", 2, mode},
       {E::F32, E::F8E5M2, "llvm.amdgcn.cvt.pk.bf8.f32", 2, mode},
       {E::F8E4M3FN, E::F32, "llvm.amdgcn.cvt.pk.f32.fp8", 2},
       {E::F8E5M2, E::F32, "llvm.amdgcn.cvt.pk.f32.bf8", 2}});
  addRdnaAtomics(chip, /*needsNoFineGrained=*/false);
  detail::addAtomics(chip, {AtomicKind::AddF}, {E::F16, E::BF16},
                     {AtomicKind::AddF, E::F16, true, true, 2});
  return chip;
}

} // namespace

void detail::addRdnaChips(std::vector<ChipInfo> &chips) {
  chips.push_back(makeGfx1100());
  chips.push_back(makeGfx1201());
}

} // namespace tilewright
