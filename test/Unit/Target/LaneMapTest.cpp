// LaneMapTest.cpp - lane maps of all atoms against the vendors' formulas.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The formulas run from an element to its lane and register, as vendors print
// them, and know nothing of how the tables are built.

#include "tilewright/Target/ChipInfo.h"
#include "gtest/gtest.h"
#include <functional>

using namespace tilewright;

namespace {

/// (row, col) to the register and lane that hold it.
using Formula = std::function<Place(int64_t row, int64_t col)>;

/// Every element is where the formula says, and in `copies` places in all.
void expectMap(const std::string &what, const Layout &layout, int64_t rows,
               int64_t cols, const Formula &formula, int64_t copies = 1) {
  ASSERT_EQ(layout.getShape(), (Coords{rows, cols})) << what;
  std::vector<int64_t> count(rows * cols, 0);
  for (int64_t w = 0; w != layout.getNumWaves(); ++w)
    for (int64_t l = 0; l != layout.getNumLanes(); ++l)
      for (int64_t r = 0; r != layout.getNumRegisters(); ++r) {
        Coords at = layout.apply(r, l, w);
        ++count[at[0] * cols + at[1]];
      }
  for (int64_t i = 0; i != rows; ++i)
    for (int64_t j = 0; j != cols; ++j) {
      Place place = formula(i, j);
      ASSERT_EQ(layout.apply(place), (Coords{i, j}))
          << what << " element " << i << ", " << j;
      ASSERT_EQ(count[i * cols + j], copies)
          << what << " element " << i << ", " << j;
    }
}

/// Atoms of a chip whose name starts with `prefix`; at least one.
std::vector<const MmaAtom *> atomsOf(const char *chipName,
                                     llvm::StringRef prefix) {
  std::vector<const MmaAtom *> atoms;
  const ChipInfo *chip = lookupChip(chipName);
  EXPECT_NE(chip, nullptr) << chipName;
  if (chip)
    for (const MmaAtom &atom : chip->atoms)
      if (llvm::StringRef(atom.name).starts_with(prefix))
        atoms.push_back(&atom);
  EXPECT_FALSE(atoms.empty()) << chipName << " " << prefix.str();
  return atoms;
}

bool isF8f6f4(const MmaAtom &atom) {
  return llvm::StringRef(atom.name).contains("f8f6f4");
}

// AMD Matrix Instruction Calculator, cdna2 and cdna3, instructions of one
// block: A[i][k] in lane i + M * floor(k / C), element k % C of the lane's,
// with C = M * K / 64; B[k][j] likewise with j.
TEST(LaneMap, MfmaOperands) {
  for (const char *chip : {"gfx90a", "gfx942", "gfx950"})
    for (const MmaAtom *atom : atomsOf(chip, "mfma_")) {
      if (isF8f6f4(*atom))
        continue;
      int64_t m = atom->m, n = atom->n, k = atom->k;
      int64_t perLane = m * k / 64;
      expectMap(atom->name + " lhs", atom->lhs, m, k,
                [&](int64_t i, int64_t kk) {
                  return Place{kk % perLane, i + m * (kk / perLane), 0};
                });
      expectMap(atom->name + " rhs", atom->rhs, k, n,
                [&](int64_t kk, int64_t j) {
                  return Place{kk % perLane, j + n * (kk / perLane), 0};
                });
    }
}

// CDNA4, 8-bit operands of the f8f6f4 forms: 16 values of the lower half of K,
// then 16 of the upper half.
TEST(LaneMap, MfmaF8f6f4Operands) {
  unsigned seen = 0;
  for (const MmaAtom *atom : atomsOf("gfx950", "mfma_")) {
    if (!isF8f6f4(*atom))
      continue;
    ++seen;
    int64_t m = atom->m, half = atom->k / 2;
    auto place = [&](int64_t i, int64_t k) {
      return Place{k % 16 + 16 * (k / half), i + m * (k % half / 16), 0};
    };
    expectMap(atom->name + " lhs", atom->lhs, m, atom->k, place);
    expectMap(atom->name + " rhs", atom->rhs, atom->k, atom->n,
              [&](int64_t k, int64_t j) { return place(j, k); });
  }
  EXPECT_EQ(seen, 8u);
}

// The same calculator, D matrix: 32-bit results in groups of four rows. For
// 16x16: register i % 4, lane j + 16 * floor(i / 4). For 32x32: register
// 4 * floor(i / 8) + i % 4, lane j + 32 * (floor(i / 4) % 2). For f64:
// register floor(i / 4), lane j + 16 * (i % 4).
TEST(LaneMap, MfmaAccumulators) {
  for (const char *chip : {"gfx90a", "gfx942", "gfx950"})
    for (const MmaAtom *atom : atomsOf(chip, "mfma_"))
      expectMap(atom->name + " acc", atom->acc, atom->m, atom->n,
                [&](int64_t i, int64_t j) {
                  if (atom->accType == ElementKind::F64)
                    return Place{i / 4, j + 16 * (i % 4), 0};
                  if (atom->m == 16)
                    return Place{i % 4, j + 16 * (i / 4), 0};
                  return Place{4 * (i / 8) + i % 4, j + 32 * (i / 4 % 2), 0};
                });
}

// GPUOpen, "How to accelerate AI applications on RDNA 3 using WMMA": a lane
// holds a whole row of A or column of B, lanes 16-31 the same as lanes 0-15;
// lane l has column l % 16 of D, rows 2 * r + l / 16.
TEST(LaneMap, Rdna3Wmma) {
  for (const MmaAtom *atom : atomsOf("gfx1100", "wmma_")) {
    for (int64_t half : {0, 16}) {
      expectMap(
          atom->name + " lhs", atom->lhs, 16, 16,
          [&](int64_t i, int64_t k) {
            return Place{k, i + half, 0};
          },
          2);
      expectMap(
          atom->name + " rhs", atom->rhs, 16, 16,
          [&](int64_t k, int64_t j) {
            return Place{k, j + half, 0};
          },
          2);
    }
    EXPECT_EQ(atom->lhs.getFreeBits(LayoutUnit::Lane), 16);
    EXPECT_EQ(atom->rhs.getFreeBits(LayoutUnit::Lane), 16);
    expectMap(atom->name + " acc", atom->acc, 16, 16,
              [&](int64_t i, int64_t j) {
                return Place{i / 2, j + 16 * (i % 2), 0};
              });
  }
}

// GPUOpen, "Using the Matrix Cores of AMD RDNA 4 architecture GPUs": nothing
// is replicated; the upper half of the wave has K and rows 8-15.
TEST(LaneMap, Rdna4Wmma) {
  for (const MmaAtom *atom : atomsOf("gfx1201", "wmma_")) {
    expectMap(atom->name + " lhs", atom->lhs, 16, 16,
              [&](int64_t i, int64_t k) {
                return Place{k % 8, i + 16 * (k / 8), 0};
              });
    expectMap(atom->name + " rhs", atom->rhs, 16, 16,
              [&](int64_t k, int64_t j) {
                return Place{k % 8, j + 16 * (k / 8), 0};
              });
    expectMap(atom->name + " acc", atom->acc, 16, 16,
              [&](int64_t i, int64_t j) {
                return Place{i % 8, j + 16 * (i / 8), 0};
              });
  }
}

// PTX ISA, "Matrix fragments for mma.mNnNkN". The tables there run from the
// element a_i of a thread to (row, column), with groupID = lane / 4 and
// threadID_in_group = lane % 4; written here per shape and width.
struct PtxFragment {
  const char *name;
  std::function<Coords(int64_t i, int64_t group, int64_t thread)> a, b;
};

void expectFragment(const MmaAtom &atom, const Layout &layout,
                    const std::function<Coords(int64_t, int64_t, int64_t)> &f,
                    const char *what) {
  for (int64_t lane = 0; lane != 32; ++lane)
    for (int64_t i = 0; i != layout.getNumRegisters(); ++i)
      ASSERT_EQ(layout.apply(i, lane, 0), f(i, lane / 4, lane % 4))
          << atom.name << " " << what << i << " lane " << lane;
}

TEST(LaneMap, MmaSync) {
  const PtxFragment fragments[] = {
      {"mma_m8n8k4_f64",
       [](int64_t, int64_t g, int64_t t) {
         return Coords{g, t};
       },
       [](int64_t, int64_t g, int64_t t) {
         return Coords{t, g};
       }},
      {"mma_m16n8k4_tf32",
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{i == 0 ? g : g + 8, t};
       },
       [](int64_t, int64_t g, int64_t t) {
         return Coords{t, g};
       }},
      {"mma_m16n8k8_tf32",
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{i == 0 || i == 2 ? g : g + 8, i < 2 ? t : t + 4};
       },
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{i == 0 ? t : t + 4, g};
       }},
      {"mma_m16n8k8_", // f16 and bf16
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{i < 2 ? g : g + 8, t * 2 + (i & 1)};
       },
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{t * 2 + i, g};
       }},
      {"mma_m16n8k16_s8",
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{i < 4 ? g : g + 8, t * 4 + (i & 3)};
       },
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{t * 4 + i, g};
       }},
      {"mma_m16n8k16_", // f16 and bf16
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{i < 2 || (i >= 4 && i < 6) ? g : g + 8,
                       t * 2 + (i & 1) + (i < 4 ? 0 : 8)};
       },
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{t * 2 + (i & 1) + (i < 2 ? 0 : 8), g};
       }},
      {"mma_m16n8k32_", // s8 and fp8
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{i < 4 || (i >= 8 && i < 12) ? g : g + 8,
                       t * 4 + (i & 3) + (i < 8 ? 0 : 16)};
       },
       [](int64_t i, int64_t g, int64_t t) {
         return Coords{t * 4 + (i & 3) + (i < 4 ? 0 : 16), g};
       }}};

  for (const char *chip : {"sm_80", "sm_89", "sm_90a"})
    for (const MmaAtom *atom : atomsOf(chip, "mma_")) {
      const PtxFragment *fragment = nullptr;
      for (const PtxFragment &candidate : fragments)
        if (!fragment &&
            llvm::StringRef(atom->name).starts_with(candidate.name))
          fragment = &candidate;
      ASSERT_NE(fragment, nullptr) << atom->name;
      EXPECT_EQ(atom->lhs.getNumRegisters() * 32, atom->m * atom->k);
      EXPECT_EQ(atom->rhs.getNumRegisters() * 32, atom->n * atom->k);
      EXPECT_EQ(atom->acc.getNumRegisters() * 32, atom->m * atom->n);
      expectFragment(*atom, atom->lhs, fragment->a, "a");
      expectFragment(*atom, atom->rhs, fragment->b, "b");
      expectFragment(
          *atom, atom->acc,
          [](int64_t i, int64_t g, int64_t t) {
            return Coords{i < 2 ? g : g + 8, t * 2 + (i & 1)};
          },
          "c");
    }
}

// PTX ISA, "Register fragments for wgmma.mma_async": D in registers.
TEST(LaneMap, Wgmma) {
  for (const MmaAtom *atom : atomsOf("sm_90a", "wgmma_")) {
    EXPECT_TRUE(atom->isWgmma);
    ASSERT_EQ(atom->acc.getShape(), (Coords{64, atom->n})) << atom->name;
    ASSERT_EQ(atom->acc.getNumWaves(), 4);
    for (int64_t w = 0; w != 4; ++w)
      for (int64_t l = 0; l != 32; ++l)
        for (int64_t i = 0; i != atom->n / 2; ++i)
          ASSERT_EQ(atom->acc.apply(i, l, w),
                    (Coords{16 * w + l / 4 + 8 * ((i / 2) % 2),
                            8 * (i / 4) + 2 * (l % 4) + i % 2}))
              << atom->name;
    // A: 32-bit registers a0..a3 at rows +0, +8, +0, +8 and the upper half of
    // K from a2 on.
    int64_t p = 32 / getStorageBits(atom->lhsType);
    ASSERT_EQ(atom->lhs.getNumRegisters(), 4 * p) << atom->name;
    for (int64_t w = 0; w != 4; ++w)
      for (int64_t l = 0; l != 32; ++l)
        for (int64_t a = 0; a != 4; ++a)
          for (int64_t e = 0; e != p; ++e)
            ASSERT_EQ(atom->lhs.apply(a * p + e, l, w),
                      (Coords{16 * w + l / 4 + 8 * (a % 2),
                              p * (l % 4) + 4 * p * (a / 2) + e}))
                << atom->name;
  }
}

// An mma contracts slot by slot: what lhs and rhs hold in one slot has the
// same k. On AMD a slot is a register of a group of lanes, on NVIDIA a
// register of the thread in its group.
TEST(LaneMap, SlotsOfLhsAndRhsAgree) {
  for (const ChipInfo *chip : allChips())
    for (const MmaAtom &atom : chip->atoms) {
      if (atom.isWgmma)
        continue;
      bool isNvidia = atom.call == MmaCall::MmaSync;
      int64_t p = isNvidia ? 32 / std::min(32u, getStorageBits(atom.lhsType))
                           : atom.rhs.getNumRegisters();
      // Registers of lhs with the lower rows, in order.
      for (int64_t l = 0; l != chip->waveSize; ++l)
        for (int64_t r = 0; r != atom.rhs.getNumRegisters(); ++r) {
          int64_t rows = atom.m == 16 && isNvidia ? 2 : 1;
          int64_t lhsReg = r % p + rows * p * (r / p);
          ASSERT_EQ(atom.lhs.apply(lhsReg, l, 0)[1], atom.rhs.apply(r, l, 0)[0])
              << chip->name.str() << " " << atom.name;
        }
    }
}

} // namespace
