// ChipInfo.h - facts of the chips that tiles compile for, as data.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One table per chip; passes ask it and never compare chip names. A number
// that is 0 is unknown: whoever needs it has to have a plan without it. Where
// each number comes from stands beside it in lib/Target; docs/Targets.md lists
// the sources. The tables are built once, on first use, and never change: all
// functions are safe from any thread.
//
#ifndef TILEWRIGHT_TARGET_CHIPINFO_H
#define TILEWRIGHT_TARGET_CHIPINFO_H

#include "tilewright/Layout/Layout.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tilewright {

/// Element types as the tables see them. TF32 is f32 in memory; an atom that
/// rounds its operands to tf32 has it as operand type.
enum class ElementKind : uint8_t {
  F64,
  F32,
  TF32,
  BF16,
  F16,
  F8E4M3FN,
  F8E5M2,
  F8E4M3FNUZ,
  F8E5M2FNUZ,
  I1,
  I8,
  I16,
  I32,
  I64,
};

/// The type's name in MLIR ("f8E4M3FN"; "tf32" for TF32).
llvm::StringRef stringify(ElementKind kind);
/// The inverse; nothing for other names.
std::optional<ElementKind> parseElementKind(llvm::StringRef name);
/// Bits of one element in memory (tf32: 32, i1: 8).
unsigned getStorageBits(ElementKind kind);

enum class Backend : uint8_t { AMDGPU, NVPTX, Host };

/// How the LLVM intrinsic (or NVVM op) of an atom takes its operands.
enum class MmaCall : uint8_t {
  /// (a, b, c, i32 cbsz, i32 abid, i32 blgp), the three immediates 0.
  Mfma,
  /// (a, b, c, i32 formatA, i32 formatB, i32 0, i32 scaleA, i32 0, i32 scaleB)
  /// with both scales 0, which selects the unscaled form. Operands are
  /// <8 x i32>; formats are `lhsFormat`, `rhsFormat`.
  MfmaScale,
  /// (a, b, c): WMMA of floats.
  Wmma,
  /// (i1 signA, a, i1 signB, b, c, i1 clamp): WMMA of i8, signs true, clamp
  /// false.
  WmmaInt,
  /// nvvm.mma.sync of the atom's shape; operands in 32-bit registers, or f64.
  MmaSync,
  /// wgmma: lhs may be in registers, rhs is in shared memory, waves come in
  /// groups of four. A table only; nothing lowers it yet.
  Wgmma,
};

/// One matrix instruction: acc[m][n] += sum over k of lhs[m][k] * rhs[k][n].
/// `lhs` maps (register, lane) to (m, k), `rhs` to (k, n), `acc` to (m, n);
/// a register here is one element, packed into machine registers with the
/// lowest first. Wgmma has four waves (layouts of one warpgroup).
struct MmaAtom {
  /// Unique in its chip, for instance "mfma_f32_16x16x16_f16".
  std::string name;
  int64_t m = 0, n = 0, k = 0;
  ElementKind lhsType = ElementKind::F16;
  ElementKind rhsType = ElementKind::F16;
  ElementKind accType = ElementKind::F32;
  Layout lhs, rhs, acc;
  MmaCall call = MmaCall::Mfma;
  /// Full LLVM intrinsic name, with the suffix of overloads; the NVVM shape
  /// ("m16n8k16") for MmaSync and Wgmma.
  std::string intrinsic;
  /// LLVM type of one lane's lhs, rhs (the same type) and acc in that call,
  /// for instance "v4f16", "v4i16", "i64", "v8i32"; for MmaSync the type of
  /// one register and their number: "4xi32".
  std::string lhsOperand, rhsOperand, accOperand;
  /// Operand formats of MfmaScale: 0 = e4m3, 1 = e5m2.
  uint8_t lhsFormat = 0, rhsFormat = 0;
  /// Cycles of one SIMD (AMD) or one tensor core (NVIDIA) that one issue
  /// takes; 0 = unknown.
  int64_t cyclesPerIssue = 0;
  bool isWgmma = false;

  int64_t getFlops() const { return 2 * m * n * k; }
};

/// A conversion that one instruction does.
struct NativeConversion {
  ElementKind from, to;
  /// LLVM intrinsic, or "fpext"/"fptrunc" where LLVM's own instruction is one
  /// hardware instruction.
  llvm::StringRef intrinsic;
  /// Elements per instruction.
  unsigned elements = 1;
  /// Finite overflow becomes the largest finite value, always (PTX satfinite)
  /// or by a mode bit that is off unless set.
  enum Overflow : uint8_t {
    ToInfOrNan,
    Saturates,
    ByMode
  } overflow = ToInfOrNan;
};

/// Read-modify-write kinds, named as arith's AtomicRMWKind.
enum class AtomicKind : uint8_t {
  AddF,
  AddI,
  Assign,
  MaximumF,
  MinimumF,
  MaxNumF,
  MinNumF,
  MaxS,
  MaxU,
  MinS,
  MinU,
  OrI,
  AndI,
  XorI,
  CompareExchange,
};
llvm::StringRef stringify(AtomicKind kind);

/// An atomic that one instruction does (anything else is a compare-and-swap
/// loop).
struct NativeAtomic {
  AtomicKind kind;
  ElementKind type;
  bool inGlobal = true;
  bool inShared = true;
  /// Elements per instruction; 2 for packed 16-bit forms.
  unsigned elements = 1;
  /// Needs amdgpu.no.fine.grained.memory and amdgpu.no.remote.memory (and, for
  /// f32, amdgpu.ignore.denormal.mode) on the LLVM instruction.
  bool needsNoFineGrained = false;
};

/// How one shared memory instruction meets the banks: lanes of one phase are
/// served together, and conflict where they touch different words of a bank.
struct SharedAccess {
  /// Mnemonic, for instance "ds_read_b128".
  llvm::StringRef instruction;
  bool isWrite = false;
  unsigned bytes = 0;
  unsigned banks = 32;
  /// One mask of lanes per phase, together all lanes.
  llvm::SmallVector<uint64_t, 8> phases;
  /// True where vendor or measurement says so; false where we assume
  /// consecutive lanes.
  bool isMeasured = false;
};

/// What moves values between lanes of a wave.
struct CrossLane {
  /// ds_bpermute_b32: any lane to any lane, through the LDS crossbar.
  bool hasBpermute = false;
  /// Update with DPP: quad_perm, row_shl/shr/ror, row_mirror, half_mirror.
  bool hasDpp = false;
  /// DPP row_bcast15/31 and wave_shl (gfx9 alone).
  bool hasDppBroadcast = false;
  /// DPP row_share, row_xmask (gfx10 and later).
  bool hasDppRowShare = false;
  /// v_permlane16_b32, v_permlanex16_b32 (gfx10 and later).
  bool hasPermlane16 = false;
  /// v_permlane16_swap_b32 and v_permlane32_swap_b32 (gfx950).
  bool hasPermlaneSwap = false;
  /// v_permlane64_b32 (gfx11 and later; of use with waves of 64).
  bool hasPermlane64 = false;
  /// ds_swizzle_b32.
  bool hasSwizzle = false;
  /// shfl.sync idx, up, down, bfly.
  bool hasShfl = false;
  /// redux.sync on s32/u32 (sm_80 and later).
  bool hasRedux = false;
  bool hasReadlane = false;
};

/// How counted waits are encoded; amd: the immediate of s_waitcnt or the
/// s_wait_* instructions.
enum class WaitEncoding : uint8_t { None, Gfx9, Gfx11, Gfx12, CpAsync };

enum class BarrierKind : uint8_t {
  None,
  /// llvm.amdgcn.s.barrier; adds no wait of its own.
  SBarrier,
  /// s_barrier_signal / s_barrier_wait (llvm.amdgcn.s.barrier selects both).
  SplitBarrier,
  /// bar.sync; orders shared memory.
  CtaBarrier,
};

/// Number format of the 8-bit floats of the chip's instructions.
enum class Fp8Format : uint8_t { None, Ocp, Fnuz };

/// Dense peak rate of operations on a type, of the whole chip.
struct PeakRate {
  ElementKind type;
  bool isMma = true;
  /// TFLOP/s (TOP/s for integers) at the boost clock.
  double teraOps = 0;
};

/// What a level of the host has beside its registers.
struct HostFacts {
  /// Masked loads and stores of 8 and 16 bits.
  bool hasByteMasks = false;
  /// Arrays from this size on do not stay in the caches until somebody reads
  /// them: stores go past the caches.
  int64_t streamArrayBytes = 0;
  /// Rows of at least this many bytes do so, some lines, so that what is left
  /// unfinished of a line is soon finished; and the alignment of their pieces.
  int64_t streamRunBytes = 0, streamPieceBytes = 0;
  /// Side of the square blocks of a transpose.
  int64_t transposeBytes = 0;
};

struct ChipInfo {
  llvm::StringRef name;
  Backend backend = Backend::AMDGPU;
  /// LLVM triple, CPU name and feature string ("+x,-y"; may be empty).
  llvm::StringRef triple, cpu, features;

  //===--- Waves and registers ---------------------------------------------//
  int64_t waveSize = 0;
  /// Most 32-bit registers that one lane can have, all classes.
  int64_t maxRegistersPerLane = 0;
  /// Of these, accumulator registers (AGPRs) that only mma and copies reach.
  int64_t accRegistersPerLane = 0;
  /// 32-bit registers of one SIMD (AMD: per lane of it; NVIDIA: of the SM),
  /// shared by the waves that run there.
  int64_t registerFile = 0;
  int64_t maxThreadsPerWorkgroup = 0;
  int64_t simdsPerComputeUnit = 0;
  int64_t maxWavesPerSimd = 0;
  /// Bits of the widest vector register of a host level.
  int64_t hostVectorBits = 0;
  HostFacts host;

  //===--- Memory -----------------------------------------------------------//
  /// Most shared memory of a workgroup, and of it what a kernel may declare
  /// statically; in bytes.
  int64_t sharedBytes = 0;
  int64_t staticSharedBytes = 0;
  int64_t sharedBanks = 0;
  int64_t sharedBankBytes = 4;
  std::vector<SharedAccess> sharedAccesses;
  /// Widest access of one lane, in bytes.
  int64_t maxGlobalAccessBytes = 0;
  int64_t maxSharedAccessBytes = 0;
  /// Bytes that one lane can copy asynchronously from global to shared memory,
  /// ascending; empty: no such copies.
  llvm::SmallVector<int64_t, 4> asyncCopyBytes;
  /// True where the destination of such a copy is linear in the lanes (AMD).
  bool asyncCopyIsLinear = false;
  int64_t cacheLineBytes = 0;
  /// Vector data cache of a compute unit, L2 (per XCD on AMD), and the last
  /// level in front of memory where there is one (Infinity Cache).
  int64_t l1Bytes = 0, l2Bytes = 0, lastLevelBytes = 0;

  //===--- Size and speed (of the largest product with this chip) ------------//
  llvm::StringRef product;
  int64_t computeUnits = 0;
  int64_t xcds = 0;
  int64_t boostClockMHz = 0;
  double memoryTBPerSecond = 0;
  std::vector<PeakRate> peakRates;

  //===--- Instructions --------------------------------------------------- -//
  std::vector<MmaAtom> atoms;
  std::vector<NativeConversion> conversions;
  std::vector<NativeAtomic> atomics;
  CrossLane crossLane;
  BarrierKind barrier = BarrierKind::None;
  WaitEncoding waits = WaitEncoding::None;
  /// Largest counts of s_waitcnt (vector memory, LDS).
  int64_t maxVmcnt = 0, maxLgkmcnt = 0;
  Fp8Format fp8Format = Fp8Format::None;
  /// Transposing shared loads (ds_read_b64_tr_b16, ldmatrix.trans).
  bool hasTransposedSharedLoad = false;
  bool hasLdmatrix = false, hasStmatrix = false;
  bool hasTma = false, hasClusters = false;
  /// Packed two-element f32 arithmetic (v_pk_fma_f32).
  bool hasPackedF32 = false;

  //===--- Queries ------------------------------------------------------- --//
  bool isGpu() const { return backend != Backend::Host; }

  /// The atom of that name, or null.
  const MmaAtom *findAtom(llvm::StringRef name) const;

  /// Atoms for these element types, the preferred one first: fewest cycles
  /// per FLOP where known, then the smaller tile (which schedules better),
  /// then the larger K. Wgmma atoms are left out unless asked for.
  llvm::SmallVector<const MmaAtom *, 4> findAtoms(ElementKind lhs,
                                                  ElementKind rhs,
                                                  ElementKind acc,
                                                  bool withWgmma = false) const;

  /// The conversion that one instruction does, or null.
  const NativeConversion *findConversion(ElementKind from,
                                         ElementKind to) const;

  /// The atomic that one instruction does, or null.
  const NativeAtomic *findAtomic(AtomicKind kind, ElementKind type,
                                 bool inShared = false) const;

  /// The table row of a shared memory access of that width, or null.
  const SharedAccess *findSharedAccess(unsigned bytes, bool isWrite) const;
};

/// The chip of that name ("gfx942", "sm_90a", "x86-64-v3"); "host" is the
/// highest host level that this CPU has. Null for other names.
const ChipInfo *lookupChip(llvm::StringRef name);

/// All chips: AMD, NVIDIA, host levels, each ascending.
llvm::ArrayRef<const ChipInfo *> allChips();

/// The name of the highest host level that this CPU has, by CPUID; empty where
/// there is none.
llvm::StringRef getHostChipName();

/// An error text for an unknown name: `expected a chip, but got "gfx43"; the
/// nearest is "gfx942"`.
std::string describeUnknownChip(llvm::StringRef name);

/// One paragraph per chip, for `tile-opt --list-chips`.
void printChips(llvm::raw_ostream &os);
/// All facts of one chip, its atoms one per line.
void printChip(llvm::raw_ostream &os, const ChipInfo &chip);
/// What each GPU does by one instruction and what is expanded, per operation
/// and element types, as a table in Markdown: the one in docs/Targets.md.
void printNativeTable(llvm::raw_ostream &os);

} // namespace tilewright

#endif // TILEWRIGHT_TARGET_CHIPINFO_H
