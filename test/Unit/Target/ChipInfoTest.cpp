// ChipInfoTest.cpp - look-ups and consistency of the tables of chips.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Target/ChipInfo.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace tilewright;
using E = ElementKind;

namespace {

TEST(ChipInfo, Lookup) {
  std::vector<std::string> names;
  for (const ChipInfo *chip : allChips()) {
    names.push_back(chip->name.str());
    EXPECT_EQ(lookupChip(chip->name), chip);
  }
  EXPECT_EQ(names, (std::vector<std::string>{
                       "gfx90a", "gfx942", "gfx950", "gfx1100", "gfx1201",
                       "sm_80", "sm_89", "sm_90a", "x86-64-v3", "x86-64-v4"}));
  EXPECT_EQ(lookupChip("gfx43"), nullptr);
  EXPECT_EQ(lookupChip(""), nullptr);
  EXPECT_EQ(describeUnknownChip("gfx43"),
            "expected a chip, but got \"gfx43\"; the nearest is \"gfx942\"");
}

TEST(ChipInfo, HostIsALevelThatThisCpuHas) {
  const ChipInfo *host = lookupChip("host");
  if (getHostChipName().empty()) {
    EXPECT_EQ(host, nullptr);
    return;
  }
  ASSERT_NE(host, nullptr);
  EXPECT_EQ(host->backend, Backend::Host);
  EXPECT_EQ(host->name, getHostChipName());
}

TEST(ChipInfo, ElementKinds) {
  for (const char *name :
       {"f64", "f32", "tf32", "bf16", "f16", "f8E4M3FN", "f8E5M2", "f8E4M3FNUZ",
        "f8E5M2FNUZ", "i1", "i8", "i16", "i32", "i64"}) {
    std::optional<ElementKind> kind = parseElementKind(name);
    ASSERT_TRUE(kind.has_value()) << name;
    EXPECT_EQ(stringify(*kind), name);
  }
  EXPECT_FALSE(parseElementKind("f4").has_value());
  EXPECT_EQ(getStorageBits(E::TF32), 32u);
  EXPECT_EQ(getStorageBits(E::I1), 8u);
}

TEST(ChipInfo, GpusHaveWhatEveryPlanNeeds) {
  for (const ChipInfo *chip : allChips()) {
    if (!chip->isGpu())
      continue;
    EXPECT_TRUE(chip->waveSize == 32 || chip->waveSize == 64);
    EXPECT_GE(chip->sharedBytes, 65536);
    EXPECT_LE(chip->staticSharedBytes, chip->sharedBytes);
    EXPECT_GT(chip->maxRegistersPerLane, 0);
    EXPECT_EQ(chip->maxGlobalAccessBytes, 16);
    EXPECT_FALSE(chip->atoms.empty());
    EXPECT_NE(chip->barrier, BarrierKind::None);
    EXPECT_NE(chip->waits, WaitEncoding::None);
  }
}

TEST(ChipInfo, AtomsAreWellFormed) {
  for (const ChipInfo *chip : allChips()) {
    llvm::StringSet<> names;
    for (const MmaAtom &atom : chip->atoms) {
      EXPECT_TRUE(names.insert(atom.name).second) << atom.name;
      EXPECT_EQ(chip->findAtom(atom.name), &atom);
      EXPECT_EQ(atom.lhs.getShape(), (Coords{atom.m, atom.k})) << atom.name;
      EXPECT_EQ(atom.acc.getShape(), (Coords{atom.m, atom.n})) << atom.name;
      EXPECT_EQ(atom.lhs.getNumLanes(), chip->waveSize);
      EXPECT_EQ(atom.acc.getNumLanes(), chip->waveSize);
      EXPECT_FALSE(atom.acc.isReplicated()) << atom.name;
      if (atom.isWgmma)
        continue;
      EXPECT_EQ(atom.rhs.getShape(), (Coords{atom.k, atom.n})) << atom.name;
      EXPECT_EQ(atom.rhs.getNumLanes(), chip->waveSize);
      EXPECT_NE(llvm::Intrinsic::lookupIntrinsicID(atom.intrinsic),
                llvm::Intrinsic::not_intrinsic)
          << atom.intrinsic;
    }
  }
}

std::vector<std::string> namesOf(const char *chip, E lhs, E rhs, E acc,
                                 bool withWgmma = false) {
  std::vector<std::string> names;
  for (const MmaAtom *atom :
       lookupChip(chip)->findAtoms(lhs, rhs, acc, withWgmma))
    names.push_back(atom->name);
  return names;
}

TEST(ChipInfo, FindAtomsPrefersFastThenSmall) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(namesOf("gfx942", E::F16, E::F16, E::F32),
            (Names{"mfma_f32_16x16x16_f16", "mfma_f32_32x32x8_f16"}));
  EXPECT_EQ(namesOf("gfx950", E::BF16, E::BF16, E::F32),
            (Names{"mfma_f32_16x16x32_bf16", "mfma_f32_32x32x16_bf16",
                   "mfma_f32_16x16x16_bf16", "mfma_f32_32x32x8_bf16"}));
  EXPECT_EQ(namesOf("gfx950", E::F8E4M3FN, E::F8E5M2, E::F32).front(),
            "mfma_f32_16x16x128_f8f6f4_fp8_bf8");
  EXPECT_EQ(namesOf("sm_80", E::F16, E::F16, E::F32),
            (Names{"mma_m16n8k16_f16", "mma_m16n8k8_f16"}));
  EXPECT_EQ(namesOf("sm_80", E::F64, E::F64, E::F64),
            (Names{"mma_m8n8k4_f64"}));
  // wgmma only on request, and then first: its cycles are known.
  EXPECT_EQ(namesOf("sm_90a", E::BF16, E::BF16, E::F32).front(),
            "mma_m16n8k16_bf16");
  EXPECT_EQ(namesOf("sm_90a", E::BF16, E::BF16, E::F32, true).front(),
            "wgmma_m64n64k16_bf16");
}

TEST(ChipInfo, NoAtomWhereTheChipHasNone) {
  // OCP kinds on a FNUZ chip and the reverse: same mnemonic, other numbers.
  EXPECT_TRUE(namesOf("gfx942", E::F8E4M3FN, E::F8E4M3FN, E::F32).empty());
  EXPECT_TRUE(namesOf("gfx950", E::F8E4M3FNUZ, E::F8E4M3FNUZ, E::F32).empty());
  EXPECT_TRUE(namesOf("gfx90a", E::TF32, E::TF32, E::F32).empty());
  EXPECT_TRUE(namesOf("gfx950", E::TF32, E::TF32, E::F32).empty());
  EXPECT_TRUE(namesOf("sm_80", E::F8E4M3FN, E::F8E4M3FN, E::F32).empty());
  EXPECT_TRUE(namesOf("sm_80", E::F32, E::F32, E::F32).empty());
  EXPECT_TRUE(namesOf("gfx1100", E::F64, E::F64, E::F64).empty());
}

TEST(ChipInfo, ConversionsNameIntrinsics) {
  for (const ChipInfo *chip : allChips())
    for (const NativeConversion &conversion : chip->conversions) {
      if (conversion.intrinsic.starts_with("llvm."))
        EXPECT_NE(llvm::Intrinsic::lookupIntrinsicID(conversion.intrinsic),
                  llvm::Intrinsic::not_intrinsic)
            << conversion.intrinsic.str();
      else
        EXPECT_TRUE(conversion.intrinsic == "fpext" ||
                    conversion.intrinsic == "fptrunc");
    }
  EXPECT_NE(lookupChip("gfx942")->findConversion(E::F32, E::F8E4M3FNUZ),
            nullptr);
  EXPECT_EQ(lookupChip("gfx942")->findConversion(E::F32, E::F8E4M3FN), nullptr);
  EXPECT_EQ(lookupChip("gfx942")->findConversion(E::F32, E::BF16), nullptr);
}

TEST(ChipInfo, PhasesHaveEachLaneOnce) {
  for (const ChipInfo *chip : allChips())
    for (const SharedAccess &access : chip->sharedAccesses) {
      uint64_t seen = 0;
      for (uint64_t phase : access.phases) {
        EXPECT_EQ(seen & phase, 0u) << access.instruction.str();
        seen |= phase;
      }
      uint64_t all =
          chip->waveSize == 64 ? ~uint64_t(0) : (uint64_t(1) << 32) - 1;
      EXPECT_EQ(seen, all) << chip->name.str() << " "
                           << access.instruction.str();
    }
  // HipKittens, table 5.
  const SharedAccess *read =
      lookupChip("gfx950")->findSharedAccess(16, /*isWrite=*/false);
  ASSERT_NE(read, nullptr);
  ASSERT_EQ(read->phases.size(), 4u);
  EXPECT_EQ(read->phases[0], 0x0000'0000'0FF0'F00Fu);
  const SharedAccess *write =
      lookupChip("gfx950")->findSharedAccess(8, /*isWrite=*/true);
  ASSERT_NE(write, nullptr);
  EXPECT_EQ(write->phases.size(), 4u);
  EXPECT_EQ(write->phases[1], 0x0000'0000'FFFF'0000u);
}

// One issue per `cyclesPerIssue` on every SIMD at the boost clock is the peak
// rate of the data sheet, within 2%, for the preferred atom.
TEST(ChipInfo, CyclesAgreeWithPeakRates) {
  for (const ChipInfo *chip : allChips()) {
    for (const PeakRate &rate : chip->peakRates) {
      if (!rate.isMma)
        continue;
      ElementKind acc = rate.type == E::F64  ? E::F64
                        : rate.type == E::I8 ? E::I32
                                             : E::F32;
      auto atoms = chip->findAtoms(rate.type, rate.type, acc, true);
      ASSERT_FALSE(atoms.empty())
          << chip->name.str() << " " << stringify(rate.type).str();
      const MmaAtom &atom = *atoms.front();
      if (atom.cyclesPerIssue == 0)
        continue;
      // wgmma keeps the four tensor cores of an SM busy together.
      double units = atom.isWgmma ? 1 : chip->simdsPerComputeUnit;
      double teraOps = double(atom.getFlops()) / atom.cyclesPerIssue * units *
                       chip->computeUnits * chip->boostClockMHz * 1e-6;
      EXPECT_NEAR(teraOps / rate.teraOps, 1.0, 0.02)
          << chip->name.str() << " " << atom.name;
    }
  }
}

TEST(ChipInfo, PrintsEveryChip) {
  std::string text;
  llvm::raw_string_ostream os(text);
  printChips(os);
  for (const ChipInfo *chip : allChips()) {
    EXPECT_NE(text.find(chip->name.str() + " ("), std::string::npos);
    std::string details;
    llvm::raw_string_ostream detailOs(details);
    printChip(detailOs, *chip);
    for (const MmaAtom &atom : chip->atoms)
      EXPECT_NE(details.find("atom " + atom.name + ":"), std::string::npos);
  }
}

// The committed table of docs/Targets.md is what the tables say.
TEST(ChipInfo, NativeTableOfTheDocumentation) {
  std::string table;
  llvm::raw_string_ostream os(table);
  printNativeTable(os);
  auto page = llvm::MemoryBuffer::getFile(TILEWRIGHT_DOCS "/Targets.md");
  ASSERT_TRUE(bool(page)) << "cannot read docs/Targets.md";
  EXPECT_TRUE((*page)->getBuffer().contains(table))
      << "put this table into docs/Targets.md:\n"
      << table;
}

} // namespace
