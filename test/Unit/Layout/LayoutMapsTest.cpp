// LayoutMapsTest.cpp - laws of the maps from layouts to layouts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TestLayouts.h"
#include <algorithm>

using namespace tilewright;

namespace {

TEST(LayoutMaps, Transpose) {
  for (const Layout &layout : makeRandomLayouts(200, 10)) {
    llvm::SmallVector<unsigned> perm;
    for (unsigned d = 0; d != layout.getRank(); ++d)
      perm.push_back(d);
    do {
      Layout result = layout.transpose(perm);
      forEachPlace(layout, [&](int64_t r, int64_t l, int64_t w) {
        Coords from = layout.apply(r, l, w), to = result.apply(r, l, w);
        for (unsigned i = 0; i != perm.size(); ++i)
          ASSERT_EQ(to[i], from[perm[i]]) << layout.str();
      });
    } while (std::next_permutation(perm.begin(), perm.end()));
  }
}

TEST(LayoutMaps, DropCollapseAndExpand) {
  for (const Layout &layout : makeRandomLayouts(200, 11))
    for (unsigned dim = 0; dim != layout.getRank(); ++dim) {
      Layout dropped = layout.dropDim(dim);
      Layout collapsed = layout.collapseDim(dim);
      Layout expanded = dropped.expandDims(dim);
      EXPECT_EQ(expanded, collapsed) << layout.str();
      forEachPlace(layout, [&](int64_t r, int64_t l, int64_t w) {
        Coords at = layout.apply(r, l, w);
        at[dim] = 0;
        ASSERT_EQ(collapsed.apply(r, l, w), at) << layout.str();
        at.erase(at.begin() + dim);
        ASSERT_EQ(dropped.apply(r, l, w), at) << layout.str();
      });
    }
}

TEST(LayoutMaps, BroadcastDim) {
  for (const Layout &layout : makeRandomLayouts(100, 12)) {
    Layout flat = layout.collapseDim(0);
    for (int64_t size : {1, 2, 3, 5, 8, 12}) {
      Layout result = flat.broadcastDim(0, size);
      EXPECT_EQ(result.getShape()[0], size);
      int64_t registers = flat.getNumRegisters();
      ASSERT_EQ(result.getNumRegisters(), registers * size);
      forEachPlace(result, [&](int64_t r, int64_t l, int64_t w) {
        Coords at = flat.apply(r % registers, l, w);
        at[0] = r / registers;
        ASSERT_EQ(result.apply(r, l, w), at) << layout.str();
      });
    }
  }
}

TEST(LayoutMaps, MapDim) {
  Layout layout = parseLayout("reg = [[0, 1], [0, 2], [1, 0]], "
                              "lane = [[0, 4], [1, 8]], wave = [], "
                              "repeat = [reg 3 dim 1]");
  // K order 0 1 4 5 2 3 6 7 ...: bits 1 and 2 change places, bit 3 swizzles.
  int64_t images[] = {1, 4, 2, 9};
  std::optional<Layout> result = layout.mapDim(1, images);
  ASSERT_TRUE(result.has_value());
  forEachPlace(layout, [&](int64_t r, int64_t l, int64_t w) {
    Coords at = layout.apply(r, l, w);
    int64_t mapped = at[1] / 16 * 16;
    for (unsigned bit = 0; bit != 4; ++bit)
      if (at[1] >> bit & 1)
        mapped ^= images[bit];
    at[1] = mapped;
    ASSERT_EQ(result->apply(r, l, w), at);
  });
  EXPECT_FALSE(layout.mapDim(1, {1, 2, 3, 8}).has_value()); // not invertible
  EXPECT_FALSE(layout.mapDim(1, {1, 2, 4}).has_value());
  EXPECT_FALSE(layout.mapDim(1, {1, 2, 4, 16}).has_value());
}

TEST(LayoutMaps, WithoutFreeRegisters) {
  for (const Layout &layout : makeRandomLayouts(300, 13)) {
    SCOPED_TRACE(layout.str());
    llvm::SmallVector<int64_t> kept;
    Layout result = layout.withoutFreeRegisters(&kept);
    ASSERT_EQ(int64_t(kept.size()), result.getNumRegisters());
    EXPECT_EQ(result.getShape(), layout.getShape());
    forEachPlace(result, [&](int64_t r, int64_t l, int64_t w) {
      ASSERT_EQ(result.apply(r, l, w), layout.apply(kept[r], l, w));
    });
    // What a lane holds, it holds once, and it still holds all of it.
    std::vector<Coords> before, after;
    for (int64_t r = 0; r != layout.getNumRegisters(); ++r)
      before.push_back(layout.apply(r, 0, 0));
    for (int64_t r = 0; r != result.getNumRegisters(); ++r)
      after.push_back(result.apply(r, 0, 0));
    std::sort(before.begin(), before.end());
    before.erase(std::unique(before.begin(), before.end()), before.end());
    std::sort(after.begin(), after.end());
    EXPECT_EQ(before, after);
  }
}

TEST(LayoutMaps, ExtractSlice) {
  unsigned found = 0;
  for (const Layout &layout : makeRandomLayouts(200, 14)) {
    SCOPED_TRACE(layout.str());
    Coords shape = layout.getShape();
    unsigned dim = layout.getRank() - 1;
    for (int64_t offset = 0; offset != shape[dim]; ++offset)
      for (int64_t size = 1; size <= shape[dim] - offset; ++size) {
        Coords offsets(layout.getRank(), 0), sizes = shape;
        offsets[dim] = offset;
        sizes[dim] = size;
        llvm::SmallVector<int64_t> kept;
        std::optional<Layout> result =
            layout.extractSlice(offsets, sizes, &kept);
        if (!result)
          continue;
        found += size != shape[dim];
        ASSERT_TRUE(result->covers(sizes));
        ASSERT_EQ(int64_t(kept.size()), result->getNumRegisters());
        forEachPlace(*result, [&](int64_t r, int64_t l, int64_t w) {
          Coords at = result->apply(r, l, w);
          at[dim] += offset;
          ASSERT_EQ(layout.apply(kept[r], l, w), at)
              << "offset " << offset << " size " << size;
        });
      }
  }
  EXPECT_GT(found, 100u);

  // Halves of a tile whose registers choose them: half of the registers.
  Layout layout = parseLayout("reg = [[0, 1], [0, 8], [0, 16]], "
                              "lane = [[0, 2], [0, 4], [1, 0]], wave = []");
  llvm::SmallVector<int64_t> kept;
  std::optional<Layout> half = layout.extractSlice({0, 16}, {2, 16}, &kept);
  ASSERT_TRUE(half.has_value());
  EXPECT_EQ(half->str(), "reg = [[0, 1], [0, 8]], "
                         "lane = [[0, 2], [0, 4], [1, 0]], wave = []");
  EXPECT_EQ(kept, (llvm::SmallVector<int64_t>{4, 5, 6, 7}));
  // One row lies in half of the lanes.
  EXPECT_FALSE(layout.extractSlice({1, 0}, {1, 32}).has_value());
  // 192 = 3 x 64: one third, two thirds.
  Layout thirds = parseLayout("reg = [[1]], lane = [[2], [4]], wave = [], "
                              "repeat = [reg 3 dim 0]");
  ASSERT_TRUE(thirds.extractSlice({8}, {16}, &kept).has_value());
  EXPECT_EQ(kept, (llvm::SmallVector<int64_t>{2, 3, 4, 5}));
  EXPECT_FALSE(thirds.extractSlice({4}, {8}).has_value());
}

/// Row-major indices of all places inside of the tensor agree.
void expectReshape(const Layout &layout, llvm::ArrayRef<int64_t> from,
                   llvm::ArrayRef<int64_t> to) {
  std::optional<Layout> result = layout.reshape(from, to);
  ASSERT_TRUE(result.has_value()) << layout.str();
  ASSERT_EQ(result->getNumRegisters(), layout.getNumRegisters());
  ASSERT_TRUE(result->covers(to));
  forEachPlace(layout, [&](int64_t r, int64_t l, int64_t w) {
    Coords before = layout.apply(r, l, w), after = result->apply(r, l, w);
    bool inside = isInside(before, from);
    ASSERT_EQ(inside, isInside(after, to)) << layout.str();
    if (inside)
      ASSERT_EQ(rowMajorIndex(before, from), rowMajorIndex(after, to))
          << layout.str() << "\n"
          << result->str();
  });
}

TEST(LayoutMaps, ReshapeWhereItIsPossible) {
  // Powers of two: always, swizzled or not.
  Layout swizzled = parseLayout("reg = [[0, 1], [1, 2]], "
                                "lane = [[0, 2], [2, 4], [0, 4]], "
                                "wave = [[4, 1]]");
  for (auto to : std::vector<Coords>{
           {64}, {64, 1}, {1, 8, 8}, {4, 16}, {2, 2, 16}, {2, 32, 1}, {8, 8}})
    expectReshape(swizzled, {8, 8}, to);
  // Repeats and padding at the slow end.
  Layout thirds = parseLayout("reg = [[1]], lane = [[2], [4]], "
                              "wave = [], repeat = [reg 3 dim 0]");
  expectReshape(thirds, {24}, {3, 8});
  expectReshape(thirds, {24}, {6, 4});
  expectReshape(thirds, {24}, {3, 2, 4});
  expectReshape(thirds, {20}, {5, 4});
  expectReshape(*thirds.reshape({24}, {3, 8}), {3, 8}, {24});
  // 12 = 4 x 3 as one digit, split where the sizes say.
  Layout twelve = parseLayout("reg = [], lane = [[1]], wave = [], "
                              "repeat = [wave 3 dim 0, reg 5 dim 0]");
  expectReshape(twelve, {30}, {5, 6});
  expectReshape(twelve, {30}, {5, 3, 2});
  // Dimensions of size 1 come and go, with their padding.
  Layout padded = parseLayout("reg = [[1, 0], [0, 1]], lane = [[0, 2], [2, 0]]"
                              ", wave = []");
  expectReshape(padded, {1, 4}, {4});
  expectReshape(padded, {1, 4}, {4, 1});
  expectReshape(padded, {1, 3}, {3});
  expectReshape(padded, {3, 1}, {1, 3});
}

TEST(LayoutMaps, ReshapeWhereItIsNot) {
  // 3x6 in a padded 4x8: the rows do not follow one another.
  Layout padded = parseLayout("reg = [[0, 1], [0, 2], [0, 4]], "
                              "lane = [[1, 0], [2, 0]], wave = []");
  EXPECT_FALSE(padded.reshape({3, 6}, {18}).has_value());
  EXPECT_FALSE(padded.reshape({4, 8}, {31}).has_value());
  EXPECT_FALSE(padded.reshape({5, 8}, {40}).has_value());
  // 24 = 8 x 3, but 3 is the slow digit: no rows of 3.
  Layout thirds = parseLayout("reg = [[1]], lane = [[2], [4]], wave = [], "
                              "repeat = [reg 3 dim 0]");
  EXPECT_FALSE(thirds.reshape({24}, {8, 3}).has_value());
}

// Every reshape that is offered is right.
TEST(LayoutMaps, ReshapeOfRandomLayouts) {
  unsigned found = 0;
  for (const Layout &layout : makeRandomLayouts(300, 15)) {
    Coords from = layout.getShape();
    int64_t size = 1;
    for (int64_t extent : from)
      size *= extent;
    for (int64_t a = 1; a <= size; ++a)
      for (int64_t b = 1; a * b <= size; ++b) {
        if (size % (a * b) != 0)
          continue;
        Coords to = {a, b, size / (a * b)};
        if (!layout.reshape(from, to))
          continue;
        ++found;
        expectReshape(layout, from, to);
      }
  }
  EXPECT_GT(found, 500u);
}

TEST(LayoutMaps, Compose) {
  // A buffer of 4x8 with a swizzle: address -> position.
  Layout buffer = parseLayout(
      "reg = [[0, 1], [0, 2], [0, 4], [1, 2], [2, 4]], lane = [], wave = []");
  Layout access = parseLayout("reg = [[1], [2]], lane = [[4], [8]], "
                              "wave = [[16], [0]]");
  std::optional<Layout> result = Layout::compose(buffer, access);
  ASSERT_TRUE(result.has_value());
  forEachPlace(access, [&](int64_t r, int64_t l, int64_t w) {
    ASSERT_EQ(result->apply(r, l, w),
              buffer.apply(access.apply(r, l, w)[0], 0, 0));
  });
  EXPECT_FALSE(Layout::compose(access, buffer).has_value());
  EXPECT_FALSE(
      Layout::compose(buffer, parseLayout("reg = [[1]], lane = [], wave = []"))
          .has_value());
}

TEST(LayoutMaps, Product) {
  Layout inner = parseLayout("reg = [[0, 1]], lane = [[1, 0], [0, 2]], "
                             "wave = []");
  Layout outer = parseLayout("reg = [[1, 0]], lane = [], wave = [[0, 1]], "
                             "repeat = [reg 3 dim 1]");
  std::optional<Layout> result = Layout::product(inner, outer);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->getShape(), (Coords{4, 24}));
  forEachPlace(*result, [&](int64_t r, int64_t l, int64_t w) {
    Coords low = inner.apply(r % 2, l, 0), high = outer.apply(r / 2, 0, w);
    ASSERT_EQ(result->apply(r, l, w),
              (Coords{low[0] + 2 * high[0], low[1] + 4 * high[1]}));
  });
  EXPECT_FALSE(Layout::product(outer, inner).has_value());
}

} // namespace
