// LayoutConversionTest.cpp - conversions between layouts, by brute force.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestLayouts.h"

using namespace tilewright;

namespace {

/// What a conversion takes at least, by its definition.
ConversionKind slowClassify(const Layout &from, const Layout &to,
                            llvm::ArrayRef<int64_t> shape) {
  bool noOp = from.getNumRegisters() == to.getNumRegisters();
  bool inLane = true, inWave = true;
  for (int64_t r = 0; r != to.getNumRegisters(); ++r) {
    // Registers that every lane and wave could take this one from.
    std::vector<bool> works(from.getNumRegisters(), true);
    for (int64_t w = 0; w != to.getNumWaves(); ++w)
      for (int64_t l = 0; l != to.getNumLanes(); ++l) {
        Coords wanted = to.apply(r, l, w);
        if (!isInside(wanted, shape))
          continue;
        bool inThisWave = false;
        for (int64_t s = 0; s != from.getNumRegisters(); ++s) {
          works[s] = works[s] && from.apply(s, l, w) == wanted;
          for (int64_t k = 0; k != from.getNumLanes() && !inThisWave; ++k)
            inThisWave = from.apply(s, k, w) == wanted;
        }
        inWave &= inThisWave;
      }
    inLane &= std::find(works.begin(), works.end(), true) != works.end();
    noOp = noOp && works[r];
  }
  return noOp     ? ConversionKind::NoOp
         : inLane ? ConversionKind::InLane
         : inWave ? ConversionKind::InWave
                  : ConversionKind::ThroughShared;
}

/// Whatever is claimed must hold: each place finds its element.
void expectSources(const LayoutConversion &conversion, const Layout &from,
                   const Layout &to, llvm::ArrayRef<int64_t> shape) {
  if (conversion.kind == ConversionKind::ThroughShared)
    return;
  ASSERT_EQ(int64_t(conversion.sources.size()), to.getNumRegisters());
  forEachPlace(to, [&](int64_t r, int64_t l, int64_t w) {
    Coords wanted = to.apply(r, l, w);
    if (!isInside(wanted, shape))
      return;
    ASSERT_TRUE(conversion.sources[r].used);
    Place source = conversion.getSource({r, l, w});
    ASSERT_EQ(source.wave, w);
    ASSERT_EQ(from.apply(source), wanted);
    if (conversion.kind <= ConversionKind::InLane) {
      ASSERT_EQ(source.lane, l);
      ASSERT_EQ(source.reg, conversion.sources[r].reg);
    }
    if (conversion.kind == ConversionKind::NoOp)
      ASSERT_EQ(source.reg, r);
    if (conversion.readsOneRegister())
      ASSERT_EQ(source.reg, conversion.sources[r].reg);
  });
}

// All pairs of random layouts of one rank and workgroup, at their common shape
// and at smaller ones. What the solver claims holds; what it calls free or
// in-lane is so by definition. It may send through shared memory what padding
// alone would have made easier.
TEST(Conversion, RandomPairs) {
  std::vector<Layout> layouts = makeRandomLayouts(150, 20);
  unsigned kinds[4] = {};
  for (const Layout &from : layouts)
    for (const Layout &to : layouts) {
      if (from.getRank() != to.getRank() ||
          from.getNumLanes() != to.getNumLanes() ||
          from.getNumWaves() != to.getNumWaves())
        continue;
      Coords a = from.getShape(), b = to.getShape(), shape;
      for (unsigned d = 0; d != a.size(); ++d)
        shape.push_back(std::min(a[d], b[d]));
      for (unsigned shrink = 0; shrink != 2; ++shrink) {
        if (shrink && shape.back() > 1)
          --shape.back();
        LayoutConversion conversion = classifyConversion(from, to, shape);
        SCOPED_TRACE(from.str() + "\nto " + to.str());
        expectSources(conversion, from, to, shape);
        ConversionKind least = slowClassify(from, to, shape);
        ASSERT_GE(int(conversion.kind), int(least));
        ++kinds[int(conversion.kind)];
        // Where neither layout has padding nothing may be missed.
        if (a == b && shape == a) {
          ASSERT_EQ(int(conversion.kind), int(least));
        }
      }
    }
  for (unsigned count : kinds)
    EXPECT_GT(count, 20u);
}

TEST(Conversion, NoOpIgnoresWhatIsOutside) {
  // Padded to 4 by a bit, and 3 repeats: equal for a tensor of 3.
  Layout padded = parseLayout("reg = [[1], [2]], lane = [], wave = []");
  Layout exact =
      parseLayout("reg = [], lane = [], wave = [], repeat = [reg 3 dim 0]");
  LayoutConversion conversion = classifyConversion(padded, exact, {3});
  EXPECT_EQ(conversion.kind, ConversionKind::InLane);
  EXPECT_EQ(conversion.sources[2].reg, 2);
  conversion = classifyConversion(exact, padded, {3});
  EXPECT_EQ(conversion.kind, ConversionKind::InLane);
  EXPECT_FALSE(conversion.sources[3].used);
}

TEST(Conversion, InLanePermutesRegisters) {
  Layout rows = parseLayout("reg = [[0, 1], [1, 0]], lane = [[0, 2]], "
                            "wave = []");
  Layout columns = parseLayout("reg = [[1, 0], [0, 1]], lane = [[0, 2]], "
                               "wave = []");
  LayoutConversion conversion = classifyConversion(rows, columns, {2, 4});
  ASSERT_EQ(conversion.kind, ConversionKind::InLane);
  int64_t expected[] = {0, 2, 1, 3};
  for (int64_t r = 0; r != 4; ++r)
    EXPECT_EQ(conversion.sources[r].reg, expected[r]);
}

TEST(Conversion, ButterflyIsInWave) {
  Layout a = parseLayout("reg = [[1]], lane = [[2], [4]], wave = []");
  Layout b = parseLayout("reg = [[2]], lane = [[1], [4]], wave = []");
  LayoutConversion conversion = classifyConversion(a, b, {8});
  ASSERT_EQ(conversion.kind, ConversionKind::InWave);
  EXPECT_FALSE(conversion.readsOneRegister());
  expectSources(conversion, a, b, {8});
  // The other lane order: one register each, lanes swap bits.
  Layout c = parseLayout("reg = [[1]], lane = [[4], [2]], wave = []");
  conversion = classifyConversion(a, c, {8});
  ASSERT_EQ(conversion.kind, ConversionKind::InWave);
  EXPECT_TRUE(conversion.readsOneRegister());
  EXPECT_EQ(conversion.laneBits[0].lane, 2);
  EXPECT_EQ(conversion.laneBits[1].lane, 1);
}

TEST(Conversion, OtherWavesGoThroughShared) {
  Layout a = parseLayout("reg = [[1]], lane = [[2]], wave = [[4]]");
  Layout b = parseLayout("reg = [[4]], lane = [[2]], wave = [[1]]");
  EXPECT_EQ(classifyConversion(a, b, {8}).kind, ConversionKind::ThroughShared);
  // Every wave has all of it: in the wave, with registers by the wave's bits.
  Layout all = parseLayout("reg = [[1], [4]], lane = [[2]], wave = [[0]]");
  LayoutConversion conversion = classifyConversion(all, a, {8});
  EXPECT_EQ(conversion.kind, ConversionKind::InWave);
  EXPECT_EQ(conversion.waveBits[0].reg, 2);
  expectSources(conversion, all, a, {8});
  // Another number of lanes is another workgroup.
  Layout fewer = parseLayout("reg = [[1], [2]], lane = [], wave = [[4]]");
  EXPECT_EQ(classifyConversion(a, fewer, {8}).kind,
            ConversionKind::ThroughShared);
}

// Padding of one layout must not look like work for the other.
TEST(Conversion, LanesBeyondTheTensorAreIdle) {
  Layout wide = parseLayout("reg = [], lane = [[1], [2], [4]], wave = []");
  Layout narrow = parseLayout("reg = [], lane = [[1], [2], [0]], wave = []");
  EXPECT_EQ(classifyConversion(narrow, wide, {4}).kind, ConversionKind::NoOp);
  EXPECT_EQ(classifyConversion(wide, narrow, {4}).kind, ConversionKind::InWave);
}

} // namespace
