// LayoutBuildersTest.cpp - layouts for memory access and for mma operands.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestLayouts.h"
#include <set>

using namespace tilewright;

namespace {

// Any shape: covered, with the workgroup's size, vectors where the shape lets
// them, and no more registers than it takes.
TEST(Blocked, CoversAnyShape) {
  for (int64_t m : {1, 2, 3, 5, 16, 24, 64, 80, 96, 192})
    for (int64_t n : {1, 2, 5, 8, 24, 33, 64, 96, 128, 192})
      for (int64_t waves : {1, 3, 4, 8})
        for (int64_t waveSize : {1, 32, 64})
          for (int64_t vector : {1, 4, 8}) {
            Coords shape = {m, n};
            Layout layout =
                Layout::blocked(shape, {1, 0}, vector, waveSize, waves);
            SCOPED_TRACE(layout.str());
            ASSERT_TRUE(layout.covers(shape));
            ASSERT_EQ(layout.getNumLanes(), waveSize);
            ASSERT_EQ(layout.getNumWaves(), waves);
            if (n % vector == 0)
              ASSERT_GE(layout.getVectorWidth(1, shape), vector);
            // Padding stays below twice the elements in each dimension.
            Coords padded = layout.getShape();
            ASSERT_LT(padded[0], 2 * m);
            ASSERT_LT(padded[1], 2 * std::max(n, vector));
          }
}

// Neighbouring lanes read neighbouring vectors.
TEST(Blocked, LanesFollowOneAnother) {
  Layout layout = Layout::blocked({64, 64}, {1, 0}, 8, 64, 4);
  EXPECT_EQ(layout.str(),
            "reg = [[0, 1], [0, 2], [0, 4], [32, 0]], "
            "lane = [[0, 8], [0, 16], [0, 32], [1, 0], [2, 0], [4, 0]], "
            "wave = [[8, 0], [16, 0]]");
  // 192 columns: 24 vectors, shared by 8 lanes, three times.
  Layout thirds = Layout::blocked({8, 192}, {1, 0}, 8, 64, 1);
  EXPECT_EQ(thirds.str(),
            "reg = [[0, 1], [0, 2], [0, 4]], "
            "lane = [[0, 8], [0, 16], [0, 32], [1, 0], [2, 0], [4, 0]], "
            "wave = [], repeat = [reg 3 dim 1]");
  EXPECT_EQ(thirds.getShape(), (Coords{8, 192}));
  // Column-major memory.
  Layout columns = Layout::blocked({16, 4}, {0, 1}, 4, 4, 1);
  EXPECT_EQ(columns.getVectorWidth(0), 4);
  EXPECT_EQ(columns.apply(0, 1, 0), (Coords{4, 0}));
}

TEST(Blocked, SmallTilesAreReplicated) {
  Layout layout = Layout::blocked({1, 4}, {1, 0}, 4, 64, 4);
  EXPECT_EQ(layout.getNumRegisters(), 4);
  EXPECT_TRUE(layout.isReplicated());
  EXPECT_TRUE(layout.isLaneUniform());
  EXPECT_EQ(layout.getFreeBits(LayoutUnit::Lane), 63);
  EXPECT_EQ(layout.getFreeBits(LayoutUnit::Wave), 3);
}

// An odd number of waves: the odd part holds replicas.
TEST(Blocked, OddWaves) {
  Layout layout = Layout::blocked({64}, {0}, 1, 32, 6);
  EXPECT_EQ(layout.str(), "reg = [], lane = [[1], [2], [4], [8], [16]], "
                          "wave = [[32]], repeat = [wave 3]");
}

/// mfma 16x16x16: lhs rows in lanes, four consecutive k.
const char *lhsText = "reg = [[0, 1], [0, 2]], lane = [[1, 0], [2, 0], [4, 0],"
                      " [8, 0], [0, 4], [0, 8]], wave = []";
const char *rhsText = "reg = [[1, 0], [2, 0]], lane = [[0, 1], [0, 2], [0, 4],"
                      " [0, 8], [4, 0], [8, 0]], wave = []";
const char *accText = "reg = [[1, 0], [2, 0]], lane = [[0, 1], [0, 2], [0, 4],"
                      " [0, 8], [4, 0], [8, 0]], wave = []";

// Operands of one mma fit: in each wave, lhs has the rows of acc, rhs has its
// columns, and both all of K.
TEST(ExtendAtom, OperandsFit) {
  Layout lhsAtom = parseLayout(lhsText), rhsAtom = parseLayout(rhsText),
         accAtom = parseLayout(accText);
  for (int64_t m : {8, 16, 48, 64, 80})
    for (int64_t n : {16, 24, 64, 96})
      for (int64_t k : {16, 32, 48})
        for (int64_t wavesM : {1, 2, 3, 4})
          for (int64_t wavesN : {1, 2, 4}) {
            Layout lhs = Layout::extendAtom(lhsAtom, {m, k},
                                            {{wavesM, 0}, {wavesN, -1}});
            Layout rhs = Layout::extendAtom(rhsAtom, {k, n},
                                            {{wavesM, -1}, {wavesN, 1}});
            Layout acc =
                Layout::extendAtom(accAtom, {m, n}, {{wavesM, 0}, {wavesN, 1}});
            SCOPED_TRACE(acc.str());
            ASSERT_TRUE(lhs.covers({m, k}));
            ASSERT_TRUE(rhs.covers({k, n}));
            ASSERT_TRUE(acc.covers({m, n}));
            ASSERT_EQ(acc.getNumWaves(), wavesM * wavesN);
            ASSERT_EQ(lhs.getNumWaves(), wavesM * wavesN);
            ASSERT_EQ(rhs.getNumWaves(), wavesM * wavesN);
            for (int64_t w = 0; w != acc.getNumWaves(); ++w) {
              std::set<int64_t> accRows, accCols, lhsRows, rhsCols, lhsK, rhsK;
              for (int64_t l = 0; l != 64; ++l) {
                for (int64_t r = 0; r != acc.getNumRegisters(); ++r) {
                  accRows.insert(acc.apply(r, l, w)[0]);
                  accCols.insert(acc.apply(r, l, w)[1]);
                }
                for (int64_t r = 0; r != lhs.getNumRegisters(); ++r) {
                  lhsRows.insert(lhs.apply(r, l, w)[0]);
                  lhsK.insert(lhs.apply(r, l, w)[1]);
                }
                for (int64_t r = 0; r != rhs.getNumRegisters(); ++r) {
                  rhsK.insert(rhs.apply(r, l, w)[0]);
                  rhsCols.insert(rhs.apply(r, l, w)[1]);
                }
              }
              ASSERT_EQ(accRows, lhsRows);
              ASSERT_EQ(accCols, rhsCols);
              ASSERT_EQ(lhsK, rhsK);
            }
          }
}

// The registers of one atom hold the atom's map, moved, in every lane and wave.
TEST(ExtendAtom, AtomRegisters) {
  Layout atom = parseLayout(lhsText);
  Layout tile = Layout::extendAtom(atom, {96, 48}, {{2, 0}, {2, -1}});
  ASSERT_EQ(tile.getShape(), (Coords{96, 48}));
  for (int64_t row = 0; row != 3; ++row)
    for (int64_t k = 0; k != 3; ++k) {
      // The waves come between the atom and the next rows: 32 apart.
      auto registers = getAtomRegisters(tile, atom, {32 * row, 16 * k});
      ASSERT_TRUE(registers.has_value());
      for (int64_t w = 0; w != 4; ++w)
        for (int64_t l = 0; l != 64; ++l)
          for (int64_t r = 0; r != 4; ++r) {
            Coords at = atom.apply(r, l, 0);
            at[0] += 32 * row + 16 * (w % 2);
            at[1] += 16 * k;
            ASSERT_EQ(tile.apply((*registers)[r], l, w), at);
          }
    }
  EXPECT_FALSE(getAtomRegisters(tile, atom, {16, 0}).has_value()); // wave 1's
  EXPECT_FALSE(getAtomRegisters(tile, atom, {96, 0}).has_value());
}

// Batched: leading dimensions are register repeats.
TEST(ExtendAtom, LeadingDimensions) {
  Layout tile =
      Layout::extendAtom(parseLayout(accText), {5, 16, 16}, {{2, -1}});
  EXPECT_EQ(tile.getShape(), (Coords{5, 16, 16}));
  EXPECT_EQ(tile.getNumRegisters(), 20);
  EXPECT_EQ(tile.apply(7, 17, 1), (Coords{1, 7, 1}));
}

TEST(Contraction, Order) {
  Layout atomLhs = parseLayout(lhsText), atomRhs = parseLayout(rhsText);
  auto identity = getContractionOrder(atomLhs, atomLhs, 1);
  ASSERT_TRUE(identity.has_value());
  for (int64_t k = 0; k != 16; ++k)
    EXPECT_EQ((*identity)[k], k);
  EXPECT_TRUE(agreeOnContraction(atomLhs, atomRhs, atomLhs, atomRhs));

  // Both operands in the same other order of K: legal. One alone: not.
  int64_t images[] = {4, 8, 1, 2};
  Layout lhs = *atomLhs.mapDim(1, images), rhs = *atomRhs.mapDim(0, images);
  auto order = getContractionOrder(lhs, atomLhs, 1);
  ASSERT_TRUE(order.has_value());
  for (int64_t k = 0; k != 16; ++k)
    EXPECT_EQ((*order)[k], (k % 4) * 4 + k / 4);
  EXPECT_TRUE(agreeOnContraction(lhs, rhs, atomLhs, atomRhs));
  EXPECT_FALSE(agreeOnContraction(lhs, atomRhs, atomLhs, atomRhs));
  EXPECT_FALSE(agreeOnContraction(atomLhs, rhs, atomLhs, atomRhs));

  // Rows in another order are no permutation of K.
  int64_t rows[] = {2, 1, 4, 8};
  EXPECT_FALSE(
      getContractionOrder(*atomLhs.mapDim(0, rows), atomLhs, 1).has_value());
}

// What a 32x32 accumulator is after conversion to 16 bits, transposed: rows of
// the next mma's lhs with K in another order (the `_4` shapes of HipKittens).
TEST(Contraction, AccumulatorBecomesOperand) {
  // 32x32x8: acc n = lane % 32, m = 4 * (lane / 32) + r % 4 + 8 * (r / 4).
  Layout acc = parseLayout(
      "reg = [[1, 0], [2, 0], [8, 0], [16, 0]], lane = [[0, 1], [0, 2], "
      "[0, 4], [0, 8], [0, 16], [4, 0]], wave = []");
  Layout lhsAtom = parseLayout(
      "reg = [[0, 1], [0, 2]], lane = [[1, 0], [2, 0], [4, 0], [8, 0], "
      "[16, 0], [0, 4]], wave = []");
  // The accumulator of S^T, read as P with its rows in the lanes.
  Layout p = acc.transpose({1, 0});
  Layout wanted = Layout::extendAtom(lhsAtom, {32, 32}, {});
  EXPECT_EQ(p, wanted);
}

} // namespace
