// TestLayouts.h - layouts to try laws on, and plain loops over them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TEST_UNIT_LAYOUT_TESTLAYOUTS_H
#define TILEWRIGHT_TEST_UNIT_LAYOUT_TESTLAYOUTS_H

#include "tilewright/Layout/Layout.h"
#include "gtest/gtest.h"
#include <random>
#include <vector>

namespace tilewright {

inline Layout parseLayout(llvm::StringRef text) {
  std::string error;
  std::optional<Layout> layout = Layout::parse(text, &error);
  EXPECT_TRUE(layout.has_value()) << text.str() << ": " << error;
  return layout.value_or(Layout());
}

/// Calls fn(reg, lane, wave) for every place.
template <typename Fn> void forEachPlace(const Layout &layout, Fn fn) {
  for (int64_t w = 0; w != layout.getNumWaves(); ++w)
    for (int64_t l = 0; l != layout.getNumLanes(); ++l)
      for (int64_t r = 0; r != layout.getNumRegisters(); ++r)
        fn(r, l, w);
}

/// Calls fn(position) for every position of a shape, the last dimension
/// fastest.
template <typename Fn>
void forEachPosition(llvm::ArrayRef<int64_t> shape, Fn fn) {
  for (int64_t extent : shape)
    if (extent == 0)
      return;
  Coords position(shape.size(), 0);
  while (true) {
    fn(position);
    unsigned d = shape.size();
    while (d != 0 && ++position[d - 1] == shape[d - 1])
      position[--d] = 0;
    if (d == 0)
      return;
  }
}

inline bool isInside(llvm::ArrayRef<int64_t> position,
                     llvm::ArrayRef<int64_t> shape) {
  for (unsigned d = 0; d != shape.size(); ++d)
    if (position[d] >= shape[d])
      return false;
  return true;
}

inline int64_t rowMajorIndex(llvm::ArrayRef<int64_t> position,
                             llvm::ArrayRef<int64_t> shape) {
  int64_t index = 0;
  for (unsigned d = 0; d != shape.size(); ++d)
    index = index * shape[d] + position[d];
  return index;
}

/// Layouts with random vectors (swizzled and replicated ones among them) and
/// random repeats, the same in every run. Rank 1 to 3, 4 lanes, 2 or 4 waves.
inline std::vector<Layout> makeRandomLayouts(unsigned count, unsigned seed) {
  std::mt19937 random(seed);
  auto below = [&](unsigned n) { return int64_t(random() % n); };
  std::vector<Layout> layouts;
  while (layouts.size() != count) {
    unsigned rank = 1 + below(3);
    Coords extents;
    for (unsigned d = 0; d != rank; ++d)
      extents.push_back(int64_t(1) << below(3));
    auto makeVectors = [&](unsigned bits) {
      llvm::SmallVector<Coords> vectors;
      for (unsigned i = 0; i != bits; ++i) {
        Coords vector;
        for (int64_t extent : extents)
          vector.push_back(below(2) ? below(extent) : 0);
        vectors.push_back(vector);
      }
      return vectors;
    };
    llvm::SmallVector<LayoutRepeat> repeats;
    for (int64_t i = below(4); i != 0; --i)
      repeats.push_back({below(3) ? LayoutUnit::Register : LayoutUnit::Wave,
                         1 + below(3), int(below(rank + 1)) - 1});
    std::optional<Layout> layout =
        Layout::get(rank, makeVectors(below(4)), makeVectors(2),
                    makeVectors(1 + below(2)), repeats);
    if (layout)
      layouts.push_back(*layout);
  }
  return layouts;
}

} // namespace tilewright

#endif // TILEWRIGHT_TEST_UNIT_LAYOUT_TESTLAYOUTS_H
