// Cdna.cpp - facts of gfx90a, gfx942 and gfx950.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sources (docs/Targets.md has the links):
//   [calc]  AMD Matrix Instruction Calculator: lane maps, cycles of cdna2/3
//   [isa]   AMD Instinct MI200, MI300 and CDNA4 instruction set guides
//   [td]    LLVM 22.1 IntrinsicsAMDGPU.td: names and operand types
//   [llc]   selected by LLVM 22.1.8; test/Unit/Target compiles each atom
//   [ds]    AMD data sheets of MI250X, MI300X, MI355X: sizes, clocks, rates
//   [hk]    HipKittens (arXiv, Nov 2025), table 5: measured LDS phases
// Cycles on gfx950 follow from [ds]: FLOP of one issue times SIMDs times
// clock, over the peak rate; where [calc] has a number, the two agree.

#include "Tables.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;

namespace tilewright {

using detail::makeSequentialAccess;
using detail::makeStripLayout;
using E = ElementKind;

namespace {

constexpr int64_t waveSize = 64;

/// One row of a table of MFMAs. The lane maps follow from the shape: [calc].
struct MfmaRow {
  int64_t m, n, k;
  E operand, acc;
  StringRef name;
  /// After "llvm.amdgcn.mfma.".
  StringRef intrinsic;
  /// LLVM type of one lane's lhs or rhs.
  StringRef operandType;
  int64_t cycles;
};

/// The LLVM type of a lane's `count` accumulators.
std::string getAccType(E acc, int64_t count) {
  StringRef element = acc == E::F64 ? "f64" : acc == E::I32 ? "i32" : "f32";
  return ("v" + Twine(count) + element).str();
}

/// MFMA's lane maps, for lhs; rhs and acc mirror them:
///   lhs: m = lane % M, k = C * (lane / M) + reg, C = M * K / 64 consecutive
///   acc: n = lane % N, m = 4 * (lane / N) + reg % 4 + 4 * (64 / N) * (reg / 4)
/// but f64 accumulators are 1 and not 4 consecutive rows. [calc]
MmaAtom makeMfma(const MfmaRow &row) {
  MmaAtom atom;
  atom.name = row.name.str();
  atom.m = row.m;
  atom.n = row.n;
  atom.k = row.k;
  atom.lhsType = atom.rhsType = row.operand;
  atom.accType = row.acc;
  int64_t contiguous = row.m * row.k / waveSize;
  atom.lhs = makeStripLayout(0, row.m, row.k, contiguous, waveSize);
  atom.rhs = makeStripLayout(1, row.n, row.k, contiguous, waveSize);
  atom.acc =
      makeStripLayout(1, row.n, row.m, row.acc == E::F64 ? 1 : 4, waveSize);
  atom.call = MmaCall::Mfma;
  atom.intrinsic = ("llvm.amdgcn.mfma." + row.intrinsic).str();
  atom.lhsOperand = atom.rhsOperand = row.operandType.str();
  atom.accOperand = getAccType(row.acc, row.m * row.n / waveSize);
  atom.cyclesPerIssue = row.cycles;
  return atom;
}

/// The 8-bit kinds of a chip; "fp8" is e4m3 and "bf8" e5m2 in AMD's names, and
/// the chip's number format says which e4m3.
struct Fp8Kind {
  StringRef name;
  E type;
  uint8_t format;
};
SmallVector<Fp8Kind, 2> getFp8Kinds(Fp8Format format) {
  if (format == Fp8Format::Fnuz)
    return {{"fp8", E::F8E4M3FNUZ, 0}, {"bf8", E::F8E5M2FNUZ, 1}};
  return {{"fp8", E::F8E4M3FN, 0}, {"bf8", E::F8E5M2, 1}};
}

/// 16x16x32 and 32x32x16 for each pair of 8-bit kinds. [calc] [td]
void addFp8Mfmas(ChipInfo &chip, int64_t cycles16, int64_t cycles32) {
  for (const Fp8Kind &lhs : getFp8Kinds(chip.fp8Format))
    for (const Fp8Kind &rhs : getFp8Kinds(chip.fp8Format))
      for (bool isWide : {false, true}) {
        StringRef shape = isWide ? "32x32x16" : "16x16x32";
        int64_t size = isWide ? 32 : 16;
        std::string name =
            ("mfma_f32_" + shape + "_" + lhs.name + "_" + rhs.name).str();
        std::string intrinsic =
            ("f32." + shape + "." + lhs.name + "." + rhs.name).str();
        MmaAtom atom =
            makeMfma({size, size, isWide ? 16 : 32, lhs.type, E::F32, name,
                      intrinsic, "i64", isWide ? cycles32 : cycles16});
        atom.rhsType = rhs.type;
        chip.atoms.push_back(std::move(atom));
      }
}

/// The f8f6f4 forms with 8-bit operands, unscaled. A lane holds 32 values of K
/// in two runs of 16, the second half of K apart: k = 16 * (lane / M) +
/// reg % 16 + K / 2 * (reg / 16). Source: Triton's layout plotter (kWidth 16,
/// kGroup 2 for these two). Without scales any order of K that both operands
/// share gives the same result, so nothing depends on it until scales do.
void addF8f6f4Mfmas(ChipInfo &chip) {
  for (const Fp8Kind &lhs : getFp8Kinds(chip.fp8Format))
    for (const Fp8Kind &rhs : getFp8Kinds(chip.fp8Format))
      for (bool isWide : {false, true}) {
        StringRef shape = isWide ? "32x32x64" : "16x16x128";
        MmaAtom atom;
        atom.name =
            ("mfma_f32_" + shape + "_f8f6f4_" + lhs.name + "_" + rhs.name)
                .str();
        atom.m = atom.n = isWide ? 32 : 16;
        atom.k = isWide ? 64 : 128;
        atom.lhsType = lhs.type;
        atom.rhsType = rhs.type;
        atom.accType = E::F32;
        atom.lhs = makeStripLayout(0, atom.m, atom.k, 16, waveSize);
        atom.rhs = makeStripLayout(1, atom.n, atom.k, 16, waveSize);
        atom.acc = makeStripLayout(1, atom.n, atom.m, 4, waveSize);
        atom.call = MmaCall::MfmaScale;
        atom.intrinsic =
            ("llvm.amdgcn.mfma.scale.f32." + shape + ".f8f6f4.v8i32.v8i32")
                .str();
        atom.lhsOperand = atom.rhsOperand = "v8i32";
        atom.accOperand = getAccType(E::F32, atom.m * atom.n / waveSize);
        atom.lhsFormat = lhs.format;
        atom.rhsFormat = rhs.format;
        atom.cyclesPerIssue = isWide ? 64 : 32;
        chip.atoms.push_back(std::move(atom));
      }
}

void addMfmas(ChipInfo &chip, ArrayRef<MfmaRow> rows) {
  for (const MfmaRow &row : rows)
    chip.atoms.push_back(makeMfma(row));
}

/// f32 to and from the chip's 8-bit kinds, two at a time. [td]; overflow: [isa]
/// FP16_OVFL.
void addFp8Conversions(ChipInfo &chip) {
  SmallVector<Fp8Kind, 2> kinds = getFp8Kinds(chip.fp8Format);
  E e4m3 = kinds[0].type, e5m2 = kinds[1].type;
  auto mode = NativeConversion::ByMode;
  chip.conversions.push_back(
      {E::F32, e4m3, "llvm.amdgcn.cvt.pk.fp8.f32", 2, mode});
  chip.conversions.push_back(
      {E::F32, e5m2, "llvm.amdgcn.cvt.pk.bf8.f32", 2, mode});
  chip.conversions.push_back({e4m3, E::F32, "llvm.amdgcn.cvt.pk.f32.fp8", 2});
  chip.conversions.push_back({e5m2, E::F32, "llvm.amdgcn.cvt.pk.f32.bf8", 2});
}

/// What the three chips share.
ChipInfo makeCdna(StringRef name) {
  ChipInfo chip;
  chip.name = chip.cpu = name;
  chip.backend = Backend::AMDGPU;
  chip.triple = "amdgcn-amd-amdhsa";
  chip.waveSize = waveSize;                          // [isa]
  chip.maxRegistersPerLane = 512;                    // [isa] 256 V + 256 A
  chip.accRegistersPerLane = 256;                    // [isa]
  chip.registerFile = 512;                           // [isa]
  chip.maxThreadsPerWorkgroup = 1024;                // [isa]
  chip.simdsPerComputeUnit = 4;                      // [isa]
  chip.maxWavesPerSimd = 8;                          // [isa] since gfx90a
  chip.sharedBytes = chip.staticSharedBytes = 65536; // [isa]
  chip.sharedBanks = 32;                             // [isa]
  chip.maxGlobalAccessBytes = 16;                    // [isa] dwordx4
  chip.maxSharedAccessBytes = 16;                    // [isa] b128
  chip.asyncCopyBytes = {1, 2, 4};                   // [llc]
  chip.asyncCopyIsLinear = true;                     // [isa] M0 + lane * size
  chip.cacheLineBytes = 128;                         // [isa] of L2
  chip.barrier = BarrierKind::SBarrier;
  chip.waits = WaitEncoding::Gfx9;
  chip.maxVmcnt = 63;       // [isa]
  chip.maxLgkmcnt = 15;     // [isa]
  chip.hasPackedF32 = true; // [isa] v_pk_fma_f32
  chip.crossLane.hasBpermute = true;
  chip.crossLane.hasDpp = true;
  chip.crossLane.hasDppBroadcast = true;
  chip.crossLane.hasSwizzle = true;
  chip.crossLane.hasReadlane = true;
  detail::addBasicConversions(chip); // [llc]
  return chip;
}

/// Reads and writes of 32 banks, 128 bytes at a time, lanes in order: assumed,
/// not measured.
void addAssumedAccesses(ChipInfo &chip) {
  for (bool isWrite : {false, true}) {
    auto add = [&](StringRef name, unsigned bytes) {
      chip.sharedAccesses.push_back(makeSequentialAccess(
          name, isWrite, bytes, 32, 128, waveSize, /*isMeasured=*/false));
    };
    add(isWrite ? "ds_write_b32" : "ds_read_b32", 4);
    add(isWrite ? "ds_write_b64" : "ds_read_b64", 8);
    add(isWrite ? "ds_write_b128" : "ds_read_b128", 16);
  }
}

/// A mask of lanes from inclusive ranges.
uint64_t lanes(ArrayRef<std::pair<unsigned, unsigned>> ranges) {
  uint64_t mask = 0;
  for (auto [first, last] : ranges)
    for (unsigned lane = first; lane <= last; ++lane)
      mask |= uint64_t(1) << lane;
  return mask;
}

/// The phases of gfx950 that [hk] measured; the rest assumed.
void addGfx950Accesses(ChipInfo &chip) {
  addAssumedAccesses(chip);
  auto find = [&](StringRef name) -> SharedAccess & {
    return *llvm::find_if(chip.sharedAccesses, [&](const SharedAccess &a) {
      return a.instruction == name;
    });
  };
  SharedAccess &read128 = find("ds_read_b128");
  read128.banks = 64;
  read128.isMeasured = true;
  read128.phases = {lanes({{0, 3}, {12, 15}, {20, 27}}),
                    lanes({{4, 11}, {16, 19}, {28, 31}}),
                    lanes({{32, 35}, {44, 47}, {52, 59}}),
                    lanes({{36, 43}, {48, 51}, {60, 63}})};
  SharedAccess &read64 = find("ds_read_b64");
  read64.banks = 64;
  read64.isMeasured = true;
  read64.phases = {lanes({{0, 31}}), lanes({{32, 63}})};
  SharedAccess transposed = read64;       // "first / last 32 lanes" [hk, text]
  find("ds_write_b64").isMeasured = true; // sixteen lanes in order, 32 banks

  SharedAccess read96;
  read96.instruction = "ds_read_b96";
  read96.bytes = 12;
  read96.banks = 32;
  read96.isMeasured = true;
  // Eight lanes each: lanes 4i.. with 4j.., in both halves of the wave.
  for (unsigned half : {0u, 32u})
    for (auto [i, j] : {std::pair(0u, 20u), std::pair(4u, 16u),
                        std::pair(8u, 28u), std::pair(12u, 24u)})
      read96.phases.push_back(
          lanes({{half + i, half + i + 3}, {half + j, half + j + 3}}));
  chip.sharedAccesses.push_back(read96);

  transposed.instruction = "ds_read_b64_tr_b16";
  chip.sharedAccesses.push_back(transposed);
}

/// Integers, exchange, and what LDS does on all three. [llc]
void addCommonAtomics(ChipInfo &chip, bool needsNoFineGrained) {
  using A = AtomicKind;
  NativeAtomic shared = {A::AddF, E::F32, /*inGlobal=*/false};
  detail::addAtomics(chip, {A::AddF, A::MaxNumF, A::MinNumF}, {E::F64, E::F32},
                     shared);
  NativeAtomic global = {A::AddF,           E::F32, true, /*inShared=*/false, 1,
                         needsNoFineGrained};
  detail::addAtomics(chip, {A::AddF}, {E::F64, E::F32}, global);
  detail::addAtomics(chip, {A::MaxNumF, A::MinNumF}, {E::F64}, global);
  NativeAtomic integer = {A::AddI, E::I32};
  integer.needsNoFineGrained = needsNoFineGrained;
  detail::addIntegerAtomics(chip, integer);
}

//===----------------------------------------------------------------------===//
// gfx90a
//===----------------------------------------------------------------------===//

ChipInfo makeGfx90a() {
  ChipInfo chip = makeCdna("gfx90a");
  // Half an MI250X: the driver shows each of its two dies as a device. [ds]
  chip.product = "MI250X (one die)";
  chip.computeUnits = 110;
  chip.xcds = 1;
  chip.boostClockMHz = 1700;
  chip.memoryTBPerSecond = 1.6;
  chip.l1Bytes = 16 << 10;
  chip.l2Bytes = 8 << 20;
  chip.peakRates = {{E::F64, true, 47.9},  {E::F32, true, 47.9},
                    {E::F16, true, 191.5}, {E::BF16, true, 191.5},
                    {E::I8, true, 191.5},  {E::F32, false, 23.9},
                    {E::F64, false, 23.9}};
  // [calc] cdna2
  addMfmas(chip, {{16, 16, 4, E::F64, E::F64, "mfma_f64_16x16x4_f64",
                   "f64.16x16x4f64", "f64", 32},
                  {16, 16, 4, E::F32, E::F32, "mfma_f32_16x16x4_f32",
                   "f32.16x16x4f32", "f32", 32},
                  {32, 32, 2, E::F32, E::F32, "mfma_f32_32x32x2_f32",
                   "f32.32x32x2f32", "f32", 64},
                  {16, 16, 16, E::F16, E::F32, "mfma_f32_16x16x16_f16",
                   "f32.16x16x16f16", "v4f16", 32},
                  {32, 32, 8, E::F16, E::F32, "mfma_f32_32x32x8_f16",
                   "f32.32x32x8f16", "v4f16", 64},
                  {16, 16, 16, E::BF16, E::F32, "mfma_f32_16x16x16_bf16",
                   "f32.16x16x16bf16.1k", "v4i16", 32},
                  {32, 32, 8, E::BF16, E::F32, "mfma_f32_32x32x8_bf16",
                   "f32.32x32x8bf16.1k", "v4i16", 64},
                  {16, 16, 16, E::I8, E::I32, "mfma_i32_16x16x16_i8",
                   "i32.16x16x16i8", "i32", 32},
                  {32, 32, 8, E::I8, E::I32, "mfma_i32_32x32x8_i8",
                   "i32.32x32x8i8", "i32", 64}});
  addAssumedAccesses(chip);
  addCommonAtomics(chip, /*needsNoFineGrained=*/true);
  chip.atomics.push_back(
      {AtomicKind::AddF, E::F16, true, /*inShared=*/false, 2, true});
  return chip;
}

//===----------------------------------------------------------------------===//
// gfx942
//===----------------------------------------------------------------------===//

/// MFMAs that gfx942 and gfx950 have in common, with cycles of gfx942 where
/// they agree. [calc] cdna3, [ds]
SmallVector<MfmaRow, 12> getCdna3Rows() {
  return {{16, 16, 4, E::F32, E::F32, "mfma_f32_16x16x4_f32", "f32.16x16x4f32",
           "f32", 32},
          {32, 32, 2, E::F32, E::F32, "mfma_f32_32x32x2_f32", "f32.32x32x2f32",
           "f32", 64},
          {16, 16, 16, E::F16, E::F32, "mfma_f32_16x16x16_f16",
           "f32.16x16x16f16", "v4f16", 16},
          {32, 32, 8, E::F16, E::F32, "mfma_f32_32x32x8_f16", "f32.32x32x8f16",
           "v4f16", 32},
          {16, 16, 16, E::BF16, E::F32, "mfma_f32_16x16x16_bf16",
           "f32.16x16x16bf16.1k", "v4i16", 16},
          {32, 32, 8, E::BF16, E::F32, "mfma_f32_32x32x8_bf16",
           "f32.32x32x8bf16.1k", "v4i16", 32},
          {16, 16, 32, E::I8, E::I32, "mfma_i32_16x16x32_i8", "i32.16x16x32.i8",
           "i64", 16},
          {32, 32, 16, E::I8, E::I32, "mfma_i32_32x32x16_i8", "i32.32x32x16.i8",
           "i64", 32}};
}

ChipInfo makeGfx942() {
  ChipInfo chip = makeCdna("gfx942");
  // [ds]
  chip.product = "MI300X";
  chip.computeUnits = 304;
  chip.xcds = 8;
  chip.boostClockMHz = 2100;
  chip.memoryTBPerSecond = 5.3;
  chip.l1Bytes = 32 << 10;
  chip.l2Bytes = 4 << 20;
  chip.lastLevelBytes = 256 << 20;
  chip.peakRates = {
      {E::F64, true, 163.4},         {E::F32, true, 163.4},
      {E::TF32, true, 653.7},        {E::F16, true, 1307.4},
      {E::BF16, true, 1307.4},       {E::F8E4M3FNUZ, true, 2614.9},
      {E::F8E5M2FNUZ, true, 2614.9}, {E::I8, true, 2614.9},
      {E::F32, false, 163.4},        {E::F64, false, 81.7}};
  chip.fp8Format = Fp8Format::Fnuz; // [isa]
  addMfmas(chip, getCdna3Rows());
  addMfmas(chip, {{16, 16, 4, E::F64, E::F64, "mfma_f64_16x16x4_f64",
                   "f64.16x16x4f64", "f64", 32},
                  // xf32 rounds its operands to 10 bits of mantissa. [isa]
                  {16, 16, 8, E::TF32, E::F32, "mfma_f32_16x16x8_xf32",
                   "f32.16x16x8.xf32", "v2f32", 16},
                  {32, 32, 4, E::TF32, E::F32, "mfma_f32_32x32x4_xf32",
                   "f32.32x32x4.xf32", "v2f32", 32}});
  addFp8Mfmas(chip, 16, 32);
  addFp8Conversions(chip);
  addAssumedAccesses(chip);
  addCommonAtomics(chip, /*needsNoFineGrained=*/false);
  detail::addAtomics(chip, {AtomicKind::AddF}, {E::F16, E::BF16},
                     {AtomicKind::AddF, E::F16, true, true, 2});
  return chip;
}

//===----------------------------------------------------------------------===//
// gfx950
//===----------------------------------------------------------------------===//

ChipInfo makeGfx950() {
  ChipInfo chip = makeCdna("gfx950");
  // [ds]
  chip.product = "MI355X";
  chip.computeUnits = 256;
  chip.xcds = 8;
  chip.boostClockMHz = 2400;
  chip.memoryTBPerSecond = 8.0;
  chip.l1Bytes = 32 << 10;
  chip.l2Bytes = 4 << 20;
  chip.lastLevelBytes = 256 << 20;
  chip.peakRates = {{E::F64, true, 78.6},        {E::F32, true, 157.3},
                    {E::F16, true, 2516.6},      {E::BF16, true, 2516.6},
                    {E::F8E4M3FN, true, 5033.2}, {E::F8E5M2, true, 5033.2},
                    {E::I8, true, 5033.2},       {E::F32, false, 157.3},
                    {E::F64, false, 78.6}};
  chip.sharedBytes = chip.staticSharedBytes = 163840; // [isa] 160 KiB
  chip.sharedBanks = 64;                              // [hk]
  chip.asyncCopyBytes = {1, 2, 4, 12, 16};            // [llc]
  chip.hasTransposedSharedLoad = true;                // [isa]
  chip.crossLane.hasPermlaneSwap = true;              // [isa]
  chip.fp8Format = Fp8Format::Ocp;                    // [isa]
  addMfmas(chip, getCdna3Rows());
  addMfmas(chip, {{16, 16, 4, E::F64, E::F64, "mfma_f64_16x16x4_f64",
                   "f64.16x16x4f64", "f64", 64},
                  {16, 16, 32, E::F16, E::F32, "mfma_f32_16x16x32_f16",
                   "f32.16x16x32.f16", "v8f16", 16},
                  {32, 32, 16, E::F16, E::F32, "mfma_f32_32x32x16_f16",
                   "f32.32x32x16.f16", "v8f16", 32},
                  {16, 16, 32, E::BF16, E::F32, "mfma_f32_16x16x32_bf16",
                   "f32.16x16x32.bf16", "v8bf16", 16},
                  {32, 32, 16, E::BF16, E::F32, "mfma_f32_32x32x16_bf16",
                   "f32.32x32x16.bf16", "v8bf16", 32},
                  {16, 16, 64, E::I8, E::I32, "mfma_i32_16x16x64_i8",
                   "i32.16x16x64.i8", "v4i32", 16},
                  {32, 32, 32, E::I8, E::I32, "mfma_i32_32x32x32_i8",
                   "i32.32x32x32.i8", "v4i32", 32}});
  addFp8Mfmas(chip, 16, 32);
  addF8f6f4Mfmas(chip);
  addFp8Conversions(chip);
  chip.conversions.push_back({E::F32, E::BF16, "fptrunc", 2}); // [llc]
  addGfx950Accesses(chip);
  addCommonAtomics(chip, /*needsNoFineGrained=*/false);
  detail::addAtomics(chip, {AtomicKind::AddF}, {E::F16, E::BF16},
                     {AtomicKind::AddF, E::F16, true, true, 2});
  return chip;
}

} // namespace

void detail::addCdnaChips(std::vector<ChipInfo> &chips) {
  chips.push_back(makeGfx90a());
  chips.push_back(makeGfx942());
  chips.push_back(makeGfx950());
}

} // namespace tilewright
