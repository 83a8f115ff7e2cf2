// Nvidia.cpp - facts of sm_80, sm_89 and sm_90a.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sources (docs/Targets.md has the links):
//   [ptx]   PTX ISA, "Matrix fragments for mma" of each shape and type, and
//           "Register fragments for wgmma"
//   [td]    LLVM 22.1 IntrinsicsNVVM.td: names and operand types
//   [llc]   selected by LLVM 22.1.8; test/Unit/Target compiles each atom
//   [cc]    CUDA C++ Programming Guide, technical specifications per compute
//           capability
//   [ds]    NVIDIA data sheets and white papers of A100, L40S, H100 SXM

#include "Tables.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;

namespace tilewright {

using detail::doubling;
using detail::makeSequentialAccess;
using detail::makeStepLayout;
using detail::Step;
using detail::Steps;
using E = ElementKind;

namespace {

constexpr int64_t waveSize = 32;

/// Fragments of mma.sync. With g = lane / 4, t = lane % 4 and p elements per
/// 32-bit register (of any element of 32 bits and more: 1):
///
///   lhs: m = g + 8 * (reg / p % 2)     k = p * t + reg % p + 4p * (reg / 2p)
///   rhs: n = g                         k = p * t + reg % p + 4p * (reg / p)
///   acc: m = g + 8 * (reg / 2)         n = 2 * t + reg % 2
///
/// M = 8 (f64) has no second row. [ptx]
struct Fragments {
  Layout lhs, rhs, acc;
};
Fragments makeFragments(int64_t m, int64_t k, int64_t p) {
  Steps regLhs = doubling(1, 1, p), regRhs = doubling(0, 1, p);
  if (m == 16)
    regLhs.push_back({0, 8});
  regLhs.append(doubling(1, 4 * p, k));
  regRhs.append(doubling(0, 4 * p, k));
  Steps regAcc = {{1, 1}};
  if (m == 16)
    regAcc.push_back({0, 8});
  return {makeStepLayout(regLhs, {{1, p}, {1, 2 * p}, {0, 1}, {0, 2}, {0, 4}}),
          makeStepLayout(regRhs, {{0, p}, {0, 2 * p}, {1, 1}, {1, 2}, {1, 4}}),
          makeStepLayout(regAcc, {{1, 2}, {1, 4}, {0, 1}, {0, 2}, {0, 4}})};
}

struct MmaRow {
  int64_t m, n, k;
  E lhs, rhs, acc;
  /// Element types as PTX names them, for the atom's name.
  StringRef types;
  /// After "llvm.nvvm.mma.SHAPE.row.col.".
  StringRef suffix;
  StringRef lhsOperand, rhsOperand, accOperand;
};

MmaAtom makeMma(const MmaRow &row) {
  MmaAtom atom;
  std::string shape =
      ("m" + Twine(row.m) + "n" + Twine(row.n) + "k" + Twine(row.k)).str();
  atom.name = ("mma_" + shape + "_" + row.types).str();
  atom.m = row.m;
  atom.n = row.n;
  atom.k = row.k;
  atom.lhsType = row.lhs;
  atom.rhsType = row.rhs;
  atom.accType = row.acc;
  int64_t perRegister = std::max<int64_t>(1, 32 / getStorageBits(row.lhs));
  Fragments fragments = makeFragments(row.m, row.k, perRegister);
  atom.lhs = fragments.lhs;
  atom.rhs = fragments.rhs;
  atom.acc = fragments.acc;
  atom.call = MmaCall::MmaSync;
  atom.intrinsic = ("llvm.nvvm.mma." + shape + ".row.col." + row.suffix).str();
  atom.lhsOperand = row.lhsOperand.str();
  atom.rhsOperand = row.rhsOperand.str();
  atom.accOperand = row.accOperand.str();
  return atom;
}

/// sm_80: [ptx] [td]
void addMmaSync(ChipInfo &chip) {
  const MmaRow rows[] = {
      {8, 8, 4, E::F64, E::F64, E::F64, "f64", "f64", "1xf64", "1xf64",
       "2xf64"},
      {16, 8, 8, E::TF32, E::TF32, E::F32, "tf32", "tf32", "4xi32", "2xi32",
       "4xf32"},
      {16, 8, 4, E::TF32, E::TF32, E::F32, "tf32", "tf32", "2xi32", "1xi32",
       "4xf32"},
      {16, 8, 16, E::F16, E::F16, E::F32, "f16", "f32.f32", "4xv2f16",
       "2xv2f16", "4xf32"},
      {16, 8, 8, E::F16, E::F16, E::F32, "f16", "f32.f32", "2xv2f16", "1xv2f16",
       "4xf32"},
      {16, 8, 16, E::BF16, E::BF16, E::F32, "bf16", "bf16", "4xi32", "2xi32",
       "4xf32"},
      {16, 8, 8, E::BF16, E::BF16, E::F32, "bf16", "bf16", "2xi32", "1xi32",
       "4xf32"},
      {16, 8, 32, E::I8, E::I8, E::I32, "s8", "s8", "4xi32", "2xi32", "4xi32"},
      {16, 8, 16, E::I8, E::I8, E::I32, "s8", "s8", "2xi32", "1xi32", "4xi32"}};
  for (const MmaRow &row : rows)
    chip.atoms.push_back(makeMma(row));
}

struct Fp8Kind {
  StringRef name;
  E type;
};
const Fp8Kind fp8Kinds[] = {{"e4m3", E::F8E4M3FN}, {"e5m2", E::F8E5M2}};

/// sm_89 and later: [ptx] [td]
void addMmaSyncFp8(ChipInfo &chip) {
  for (const Fp8Kind &lhs : fp8Kinds)
    for (const Fp8Kind &rhs : fp8Kinds) {
      std::string types = (lhs.name + "_" + rhs.name).str();
      std::string suffix = ("f32." + lhs.name + "." + rhs.name + ".f32").str();
      chip.atoms.push_back(makeMma({16, 8, 32, lhs.type, rhs.type, E::F32,
                                    types, suffix, "4xi32", "2xi32", "4xf32"}));
    }
}

/// wgmma: the four waves of a warpgroup stack along M, otherwise the fragments
/// are those of mma.sync; N continues in registers. rhs is in shared memory:
/// it has no layout of registers. N / 2 cycles from N = 64 on: [ds] over SMs
/// and clock. [ptx]
MmaAtom makeWgmma(E lhs, E rhs, E acc, StringRef types, int64_t n, int64_t k) {
  MmaAtom atom;
  std::string shape = ("m64n" + Twine(n) + "k" + Twine(k)).str();
  atom.name = ("wgmma_" + shape + "_" + types).str();
  atom.m = 64;
  atom.n = n;
  atom.k = k;
  atom.lhsType = lhs;
  atom.rhsType = rhs;
  atom.accType = acc;
  int64_t p = 32 / getStorageBits(lhs);
  Steps waves = {{0, 16}, {0, 32}};
  Steps reg = doubling(1, 1, p);
  reg.push_back({0, 8});
  reg.append(doubling(1, 4 * p, k));
  atom.lhs =
      makeStepLayout(reg, {{1, p}, {1, 2 * p}, {0, 1}, {0, 2}, {0, 4}}, waves);
  Layout first = makeStepLayout(
      {{1, 1}, {0, 8}}, {{1, 2}, {1, 4}, {0, 1}, {0, 2}, {0, 4}}, waves);
  atom.acc = Layout::extendAtom(first, {64, n}, {});
  atom.call = MmaCall::Wgmma;
  atom.isWgmma = true;
  atom.intrinsic = shape;
  atom.lhsOperand = (Twine(32 * k / 64 / p) + "xi32").str();
  atom.accOperand = (Twine(n / 2) + (acc == E::I32 ? "xi32" : "xf32")).str();
  atom.cyclesPerIssue = n >= 64 ? n / 2 : 0;
  return atom;
}

void addWgmma(ChipInfo &chip) {
  for (int64_t n : {8, 16, 32, 64, 96, 128, 192, 256}) {
    auto add = [&](E lhs, E rhs, E acc, const Twine &types, int64_t k) {
      chip.atoms.push_back(makeWgmma(lhs, rhs, acc, types.str(), n, k));
    };
    add(E::TF32, E::TF32, E::F32, "tf32", 8);
    add(E::F16, E::F16, E::F32, "f16", 16);
    add(E::BF16, E::BF16, E::F32, "bf16", 16);
    add(E::I8, E::I8, E::I32, "s8", 32);
    for (const Fp8Kind &lhs : fp8Kinds)
      for (const Fp8Kind &rhs : fp8Kinds)
        add(lhs.type, rhs.type, E::F32, lhs.name + "_" + rhs.name, 32);
  }
}

ChipInfo makeNvidia(StringRef name, StringRef features) {
  ChipInfo chip;
  chip.name = chip.cpu = name;
  chip.features = features;
  chip.backend = Backend::NVPTX;
  chip.triple = "nvptx64-nvidia-cuda";
  chip.waveSize = waveSize;
  chip.maxRegistersPerLane = 255;     // [cc]
  chip.registerFile = 65536;          // [cc] of the SM
  chip.maxThreadsPerWorkgroup = 1024; // [cc]
  chip.simdsPerComputeUnit = 4;       // [ds]
  chip.maxWavesPerSimd = 16;          // [cc] 64 per SM
  chip.staticSharedBytes = 49152;     // [cc]
  chip.sharedBanks = 32;              // [cc]
  chip.maxGlobalAccessBytes = 16;     // [ptx] v4.b32
  chip.maxSharedAccessBytes = 16;     // [ptx]
  chip.asyncCopyBytes = {4, 8, 16};   // [ptx] cp.async
  chip.cacheLineBytes = 128;          // [cc]
  chip.barrier = BarrierKind::CtaBarrier;
  chip.waits = WaitEncoding::CpAsync;
  chip.hasLdmatrix = chip.hasTransposedSharedLoad = true; // [ptx]
  chip.crossLane.hasShfl = true;
  chip.crossLane.hasRedux = true; // [ptx] sm_80
  detail::addBasicConversions(chip);
  chip.conversions.push_back({E::F64, E::F16, "fptrunc"}); // [llc]
  chip.conversions.push_back({E::F16, E::F64, "fpext"});   // [llc]
  // [llc] One element; the packed form is llvm.nvvm.ff2bf16x2.rn.
  chip.conversions.push_back({E::F32, E::BF16, "fptrunc"});
  for (bool isWrite : {false, true}) {
    auto add = [&](StringRef instruction, unsigned bytes) {
      // Lanes in order, 128 bytes at a time. [cc]
      chip.sharedAccesses.push_back(
          makeSequentialAccess(instruction, isWrite, bytes, 32, 128, waveSize,
                               /*isMeasured=*/true));
    };
    add(isWrite ? "st.shared.b32" : "ld.shared.b32", 4);
    add(isWrite ? "st.shared.v2.b32" : "ld.shared.v2.b32", 8);
    add(isWrite ? "st.shared.v4.b32" : "ld.shared.v4.b32", 16);
  }
  // [llc]
  using A = AtomicKind;
  detail::addAtomics(chip, {A::AddF}, {E::F64, E::F32, E::F16},
                     {A::AddF, E::F32});
  detail::addIntegerAtomics(chip, {A::AddI, E::I32});
  addMmaSync(chip);
  return chip;
}

/// sm_89 and later; both saturate always. [ptx] cvt.rn.satfinite
void addFp8Conversions(ChipInfo &chip) {
  auto saturates = NativeConversion::Saturates;
  chip.conversions.insert(
      chip.conversions.end(),
      {{E::F32, E::F8E4M3FN, "llvm.nvvm.ff.to.e4m3x2.rn", 2, saturates},
       {E::F32, E::F8E5M2, "llvm.nvvm.ff.to.e5m2x2.rn", 2, saturates},
       {E::F16, E::F8E4M3FN, "llvm.nvvm.f16x2.to.e4m3x2.rn", 2, saturates},
       {E::F16, E::F8E5M2, "llvm.nvvm.f16x2.to.e5m2x2.rn", 2, saturates},
       {E::F8E4M3FN, E::F16, "llvm.nvvm.e4m3x2.to.f16x2.rn", 2},
       {E::F8E5M2, E::F16, "llvm.nvvm.e5m2x2.to.f16x2.rn", 2}});
}

ChipInfo makeSm80() {
  ChipInfo chip = makeNvidia("sm_80", "+ptx81");
  // [ds] A100 SXM 80 GB
  chip.product = "A100 SXM";
  chip.computeUnits = 108;
  chip.boostClockMHz = 1410;
  chip.memoryTBPerSecond = 2.039;
  chip.l1Bytes = 192 << 10;
  chip.l2Bytes = 40 << 20;
  chip.peakRates = {{E::F64, true, 19.5}, {E::TF32, true, 156},
                    {E::F16, true, 312},  {E::BF16, true, 312},
                    {E::I8, true, 624},   {E::F32, false, 19.5},
                    {E::F64, false, 9.7}};
  chip.sharedBytes = 166912; // [cc] 163 KiB
  return chip;
}

ChipInfo makeSm89() {
  ChipInfo chip = makeNvidia("sm_89", "+ptx84");
  // [ds] L40S
  chip.product = "L40S";
  chip.computeUnits = 142;
  chip.boostClockMHz = 2520;
  chip.memoryTBPerSecond = 0.864;
  chip.l1Bytes = 128 << 10;
  chip.l2Bytes = 96 << 20;
  chip.peakRates = {{E::TF32, true, 183},   {E::F16, true, 362},
                    {E::BF16, true, 362},   {E::F8E4M3FN, true, 733},
                    {E::F8E5M2, true, 733}, {E::I8, true, 733},
                    {E::F32, false, 91.6}};
  chip.sharedBytes = 101376; // [cc] 99 KiB
  chip.maxWavesPerSimd = 12; // [cc] 48 per SM
  chip.fp8Format = Fp8Format::Ocp;
  addMmaSyncFp8(chip);
  addFp8Conversions(chip);
  return chip;
}

ChipInfo makeSm90a() {
  ChipInfo chip = makeNvidia("sm_90a", "+ptx84");
  // [ds] H100 SXM5
  chip.product = "H100 SXM";
  chip.computeUnits = 132;
  chip.boostClockMHz = 1830;
  chip.memoryTBPerSecond = 3.35;
  chip.l1Bytes = 256 << 10;
  chip.l2Bytes = 50 << 20;
  chip.peakRates = {{E::F64, true, 66.9},        {E::TF32, true, 494.7},
                    {E::F16, true, 989.4},       {E::BF16, true, 989.4},
                    {E::F8E4M3FN, true, 1978.9}, {E::F8E5M2, true, 1978.9},
                    {E::I8, true, 1978.9},       {E::F32, false, 66.9}};
  chip.sharedBytes = 232448; // [cc] 227 KiB
  chip.fp8Format = Fp8Format::Ocp;
  chip.hasStmatrix = chip.hasTma = chip.hasClusters = true; // [ptx]
  addMmaSyncFp8(chip);
  addWgmma(chip);
  addFp8Conversions(chip);
  chip.conversions.push_back({E::F64, E::BF16, "fptrunc"}); // [llc]
  chip.conversions.push_back({E::BF16, E::F64, "fpext"});   // [llc]
  chip.conversions.push_back({E::BF16, E::F32, "fpext"});   // [llc]
  chip.atomics.push_back({AtomicKind::AddF, E::BF16});      // [llc]
  return chip;
}

} // namespace

void detail::addNvidiaChips(std::vector<ChipInfo> &chips) {
  chips.push_back(makeSm80());
  chips.push_back(makeSm89());
  chips.push_back(makeSm90a());
}

} // namespace tilewright
