// LayoutTest.cpp - layouts as values: text, positions, places.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestLayouts.h"
#include <map>

using namespace tilewright;

namespace {

// The example of Layout.h, as printed there: lane.register of each element.
TEST(Layout, HeaderExample) {
  const char *text = "reg = [[0, 1]], lane = [[0, 2], [1, 0]], wave = [], "
                     "repeat = [reg 3 dim 1]";
  Layout layout = parseLayout(text);
  EXPECT_EQ(layout.str(), text);
  EXPECT_EQ(layout.getShape(), (Coords{2, 12}));
  EXPECT_EQ(layout.getLinearShape(), (Coords{2, 4}));
  EXPECT_EQ(layout.getNumRegisters(), 6);
  EXPECT_EQ(layout.getNumLanes(), 4);
  EXPECT_EQ(layout.getNumWaves(), 1);
  EXPECT_EQ(layout.apply(3, 3, 0), (Coords{1, 7}));
  const char *rows[2] = {"0.0 0.1 1.0 1.1 | 0.2 0.3 1.2 1.3 | 0.4 0.5 1.4 1.5",
                         "2.0 2.1 3.0 3.1 | 2.2 2.3 3.2 3.3 | 2.4 2.5 3.4 3.5"};
  for (int64_t row = 0; row != 2; ++row) {
    std::string printed;
    for (int64_t col = 0; col != 12; ++col) {
      Place place = layout.locate({row, col});
      printed += (col == 0       ? ""
                  : col % 4 == 0 ? " | "
                                 : " ") +
                 std::to_string(place.lane) + "." + std::to_string(place.reg);
    }
    EXPECT_EQ(printed, rows[row]);
  }
}

// The right inverse, owners and free bits, over all places of many layouts.
TEST(Layout, LocateIsARightInverseAndOwnersAreUnique) {
  for (const Layout &layout : makeRandomLayouts(400, 1)) {
    SCOPED_TRACE(layout.str());
    std::map<std::vector<int64_t>, int64_t> holders, owners;
    forEachPlace(layout, [&](int64_t r, int64_t l, int64_t w) {
      Coords at = layout.apply(r, l, w);
      ASSERT_TRUE(isInside(at, layout.getShape()));
      std::vector<int64_t> key(at.begin(), at.end());
      ++holders[key];
      owners[key] += layout.isOwner(r, l, w);
    });
    int64_t positions = 0;
    bool isReplicated = false;
    forEachPosition(layout.getShape(), [&](const Coords &position) {
      ++positions;
      std::vector<int64_t> key(position.begin(), position.end());
      Place place = layout.locate(position);
      ASSERT_EQ(layout.apply(place), position);
      ASSERT_TRUE(layout.isOwner(place));
      ASSERT_EQ(owners[key], 1);
      isReplicated |= holders[key] > 1;
    });
    EXPECT_EQ(int64_t(holders.size()), positions);
    EXPECT_EQ(layout.isReplicated(), isReplicated);
  }
}

TEST(Layout, TextRoundTrip) {
  for (const Layout &layout : makeRandomLayouts(400, 2)) {
    Layout again = parseLayout(layout.str());
    EXPECT_EQ(again, layout) << layout.str();
    EXPECT_EQ(hash_value(again), hash_value(layout));
    EXPECT_EQ(again.str(), layout.str());
  }
}

TEST(Layout, TextOfEmptyParts) {
  EXPECT_EQ(Layout().str(), "reg = [], lane = [], wave = []");
  EXPECT_EQ(parseLayout("reg=[],lane=[[1]] , wave = [ ]").str(),
            "reg = [], lane = [[1]], wave = []");
  // Nothing but the rank.
  Layout oneElement = *Layout::get(2, {}, {}, {});
  EXPECT_EQ(oneElement.str(),
            "reg = [], lane = [], wave = [], repeat = [reg 1 dim 1]");
  EXPECT_EQ(parseLayout(oneElement.str()), oneElement);
}

// Equal maps are equal layouts, however their repeats were written.
TEST(Layout, CanonicalForm) {
  auto same = [](const char *a, const char *b) {
    Layout left = parseLayout(a), right = parseLayout(b);
    EXPECT_EQ(left, right) << left.str() << "\n" << right.str();
    EXPECT_EQ(left.getNumRegisters(), right.getNumRegisters());
    EXPECT_EQ(left.getNumWaves(), right.getNumWaves());
    EXPECT_EQ(left.getShape(), right.getShape());
  };
  // A power of two that comes first is a bit.
  same("reg = [[1]], lane = [], wave = [], repeat = [reg 4 dim 0]",
       "reg = [[1], [2], [4]], lane = [], wave = []");
  same("reg = [], lane = [[1]], wave = [], repeat = [reg 12 dim 0]",
       "reg = [[2], [4]], lane = [[1]], wave = [], repeat = [reg 3 dim 0]");
  // Digits of one number.
  same("reg = [], lane = [], wave = [], repeat = [reg 3 dim 0, reg 4 dim 0]",
       "reg = [[1], [2]], lane = [], wave = [], repeat = [reg 3 dim 0]");
  // Units and dimensions that do not meet may come in any order.
  same("reg = [], lane = [], wave = [], repeat = [wave 3 dim 0, reg 3 dim 1]",
       "reg = [], lane = [], wave = [], repeat = [reg 3 dim 1, wave 3 dim 0]");
  // A repeat that is not the first of its dimension stays one.
  EXPECT_EQ(parseLayout("reg = [], lane = [], wave = [], "
                        "repeat = [wave 3 dim 0, reg 2 dim 0]")
                .str(),
            "reg = [], lane = [], wave = [], "
            "repeat = [wave 3 dim 0, reg 2 dim 0]");
  // Replication by an even number is a zero vector.
  same("reg = [[1]], lane = [], wave = [], repeat = [wave 6]",
       "reg = [[1]], lane = [], wave = [[0]], repeat = [wave 3]");
}

// Canonical form changes nothing: each digit by hand.
TEST(Layout, RepeatsAreMixedRadix) {
  Layout layout =
      parseLayout("reg = [[1, 0]], lane = [[0, 1]], wave = [], "
                  "repeat = [reg 3 dim 1, wave 5 dim 1, reg 2 dim 1, "
                  "reg 7 dim 0, wave 2]");
  EXPECT_EQ(layout.getNumRegisters(), 2 * 3 * 2 * 7);
  EXPECT_EQ(layout.getNumWaves(), 10);
  EXPECT_EQ(layout.getShape(), (Coords{14, 60}));
  forEachPlace(layout, [&](int64_t r, int64_t l, int64_t w) {
    int64_t row = r % 2 + 2 * (r / 12);
    int64_t col =
        l + 2 * (r / 2 % 3) + 2 * 3 * (w % 5) + 2 * 3 * 5 * (r / 6 % 2);
    ASSERT_EQ(layout.apply(r, l, w), (Coords{row, col}));
  });
}

TEST(Layout, Errors) {
  auto expectError = [](const char *text, const char *message) {
    std::string error;
    EXPECT_FALSE(Layout::parse(text, &error).has_value()) << text;
    EXPECT_EQ(error, message);
    EXPECT_FALSE(Layout::parse(text).has_value());
  };
  expectError("", "expected 'reg', but got the end of the text");
  expectError("lane = []", "expected 'reg', but got 'lane = []'");
  expectError("reg = [[0, 1]] lane = []", "expected ',', but got 'lane = []'");
  expectError("reg = [[0 1]], lane = [], wave = []",
              "expected ',' or ']', but got '1]], lane = [], wave = ['");
  expectError("reg = [[-1]], lane = [], wave = []",
              "expected an integer in [0, 2^40), but got "
              "'-1]], lane = [], wave = '");
  expectError("reg = [[99999999999999999999]], lane = [], wave = []",
              "expected an integer in [0, 2^40), but got "
              "'99999999999999999999]], '");
  expectError("reg = [], lane = [], wave = [], repeat = [lane 2 dim 0]",
              "expected 'reg' or 'wave', but got 'lane 2 dim 0]'");
  expectError("reg = [], lane = [], wave = [] x",
              "expected the end of the layout, but got 'x'");
  expectError("reg = [[1], [0, 1]], lane = [], wave = []",
              "expected vectors of 1 coordinates in 'reg', but got 2");
  expectError("reg = [[1]], lane = [[4]], wave = []",
              "the vectors reach 2^2 of the 2^3 positions that they span; "
              "each position needs a place");
  expectError("reg = [[1]], lane = [], wave = [], repeat = [reg 0 dim 0]",
              "expected a repeat of at least 1, but got 0");
  expectError("reg = [[1]], lane = [], wave = [], repeat = [reg 3 dim 1]",
              "expected a repeat along a dimension below 1, but got 1");
  expectError("reg = [[1]], lane = [], wave = [], repeat = [reg 99999 dim 0]",
              "expected at most 65536 registers, but the repeats need more");
  expectError("reg = [[1]], lane = [], wave = [], repeat = [wave 1025]",
              "expected at most 1024 waves, but the repeats need more");
  expectError("reg = [[1099511627776]], lane = [], wave = []",
              "expected coordinates in [0, 2^40) in 'reg', but got "
              "1099511627776");
  expectError("reg = [[0,0,0,0,0,0,0,0,0]], lane = [], wave = []",
              "expected at most 8 dimensions, but got 9");
  expectError("reg = [], lane = [[0],[0],[0],[0],[0],[0],[0],[0],[0],[0]], "
              "wave = [], repeat = [reg 40000, wave 600]",
              "expected at most 2^24 places, but got 40000 registers in 1024 "
              "lanes of 600 waves");
  std::string error;
  llvm::SmallVector<Coords> many(11, Coords{0});
  EXPECT_FALSE(Layout::get(1, {}, many, {}, {}, &error).has_value());
  EXPECT_EQ(error, "expected at most 10 vectors in 'lane', but got 11");
}

// No text makes the parser do anything but answer.
TEST(Layout, ParserSurvivesMutations) {
  std::mt19937 random(3);
  const std::string seed = "reg = [[0, 1]], lane = [[0, 2], [1, 0]], "
                           "wave = [], repeat = [reg 3 dim 1, wave 2]";
  const std::string alphabet = "[],=0123456789 regwavlndimpt-";
  for (unsigned i = 0; i != 20000; ++i) {
    std::string text = seed;
    for (unsigned n = 1 + random() % 4; n != 0; --n) {
      size_t at = random() % text.size();
      char c = alphabet[random() % alphabet.size()];
      if (random() % 3 == 0)
        text.erase(at, 1);
      else if (random() % 2)
        text.insert(at, 1, c);
      else
        text[at] = c;
    }
    std::string error;
    std::optional<Layout> layout = Layout::parse(text, &error);
    if (layout)
      EXPECT_EQ(parseLayout(layout->str()), *layout) << text;
    else
      EXPECT_FALSE(error.empty()) << text;
  }
}

/// The definition, in plain loops.
int64_t slowVectorWidth(const Layout &layout, unsigned dim,
                        llvm::ArrayRef<int64_t> shape) {
  int64_t best = 1;
  for (int64_t v = 2; layout.getNumRegisters() % v == 0; v *= 2) {
    bool isRight = true;
    forEachPlace(layout, [&](int64_t r, int64_t l, int64_t w) {
      Coords first = layout.apply(r - r % v, l, w);
      Coords at = layout.apply(r, l, w);
      isRight &= first[dim] % v == 0;
      first[dim] += r % v;
      isRight &= at == first;
      if (!shape.empty())
        isRight &=
            at[dim] / v == (shape[dim] - 1) / v ? shape[dim] % v == 0 : true;
    });
    if (!isRight)
      break;
    best = v;
  }
  return best;
}

TEST(Layout, VectorWidth) {
  Layout layout = parseLayout("reg = [[0, 1], [0, 2], [1, 0]], "
                              "lane = [[0, 4], [2, 0]], wave = []");
  EXPECT_EQ(layout.getVectorWidth(1), 4);
  EXPECT_EQ(layout.getVectorWidth(0), 1);
  EXPECT_EQ(layout.getVectorWidth(1, {4, 8}), 4);
  EXPECT_EQ(layout.getVectorWidth(1, {4, 6}), 2);
  EXPECT_EQ(layout.getVectorWidth(1, {4, 5}), 1);
  // Another lane's bit inside of the vector: not contiguous from its start.
  EXPECT_EQ(
      parseLayout("reg = [[1]], lane = [[3]], wave = []").getVectorWidth(0), 1);
  for (const Layout &random : makeRandomLayouts(400, 4))
    for (unsigned dim = 0; dim != random.getRank(); ++dim) {
      ASSERT_EQ(random.getVectorWidth(dim), slowVectorWidth(random, dim, {}))
          << random.str();
      Coords shape = random.getShape();
      for (int64_t size = 1; size <= shape[dim]; ++size) {
        Coords smaller = shape;
        smaller[dim] = size;
        ASSERT_EQ(random.getVectorWidth(dim, smaller),
                  slowVectorWidth(random, dim, smaller))
            << random.str() << " dim " << dim << " size " << size;
      }
    }
}

TEST(Layout, LaneUniform) {
  EXPECT_TRUE(parseLayout("reg = [[1], [2]], lane = [[0], [0]], wave = [[0]]")
                  .isLaneUniform());
  EXPECT_FALSE(
      parseLayout("reg = [[1]], lane = [[2]], wave = []").isLaneUniform());
  EXPECT_FALSE(parseLayout("reg = [], lane = [[0]], wave = [], "
                           "repeat = [wave 3 dim 0]")
                   .isLaneUniform());
}

TEST(Layout, Covers) {
  Layout layout = parseLayout("reg = [[0, 1]], lane = [[1, 0]], wave = [], "
                              "repeat = [reg 3 dim 1]");
  EXPECT_TRUE(layout.covers({2, 6}));
  EXPECT_TRUE(layout.covers({1, 5}));
  EXPECT_FALSE(layout.covers({2, 7}));
  EXPECT_FALSE(layout.covers({2}));
}

} // namespace
