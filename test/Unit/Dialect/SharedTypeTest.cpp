// SharedTypeTest.cpp - addresses in shared buffers against plain loops.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/AsmParser/AsmParser.h"
#include "gtest/gtest.h"

#include <set>

using namespace mlir;
using namespace tilewright::tile;

namespace {

/// All addresses, in elements, of a buffer, walked in its order by loops: the
/// fastest dimension first, `pad` skipped after each `interval` elements.
std::vector<int64_t> walk(ArrayRef<int64_t> shape, ArrayRef<int64_t> order,
                          int64_t interval, int64_t pad) {
  int64_t elements = 1;
  for (int64_t size : shape)
    elements *= size;
  std::vector<int64_t> addresses(elements);
  SmallVector<int64_t> position(shape.size(), 0);
  int64_t address = 0;
  for (int64_t done = 0; done < elements; ++done) {
    int64_t rowMajor = 0;
    for (size_t dim = 0; dim < shape.size(); ++dim)
      rowMajor = rowMajor * shape[dim] + position[dim];
    addresses[rowMajor] = address++;
    if ((done + 1) % interval == 0)
      address += pad;
    for (int64_t dim : order) {
      if (++position[dim] < shape[dim])
        break;
      position[dim] = 0;
    }
  }
  return addresses;
}

class SharedTypeTest : public ::testing::Test {
protected:
  SharedTypeTest() { context.loadDialect<TileDialect>(); }

  void check(ArrayRef<int64_t> shape, ArrayRef<int64_t> order, int64_t interval,
             int64_t pad) {
    Type element = Float16Type::get(&context);
    auto layout = PaddedAttr::get(&context, order, interval, pad);
    auto type = SharedType::get(shape, element, layout);
    std::vector<int64_t> wanted = walk(shape, order, interval, pad);
    SmallVector<int64_t> position(shape.size(), 0);
    int64_t last = 0;
    for (int64_t address : wanted) {
      EXPECT_EQ(type.getElementOffset(position), address);
      last = std::max(last, address);
      for (int64_t dim = shape.size() - 1; dim >= 0; --dim) {
        if (++position[dim] < shape[dim])
          break;
        position[dim] = 0;
      }
    }
    EXPECT_EQ(type.getSizeInBytes(), (last + 1) * 2);
    EXPECT_EQ(std::set<int64_t>(wanted.begin(), wanted.end()).size(),
              wanted.size());
  }

  MLIRContext context;
};

TEST_F(SharedTypeTest, AddressesAreThoseOfPlainLoops) {
  for (int64_t interval : {1, 3, 4, 8, 100})
    for (int64_t pad : {0, 1, 8}) {
      check({7}, {0}, interval, pad);
      check({4, 8}, {1, 0}, interval, pad);
      check({4, 8}, {0, 1}, interval, pad);
      check({3, 5, 2}, {1, 2, 0}, interval, pad);
    }
}

TEST_F(SharedTypeTest, DenseIsRowMajor) {
  auto type = SharedType::get({3, 5}, Float32Type::get(&context));
  EXPECT_EQ(type.getOrder(), (SmallVector<int64_t>{1, 0}));
  EXPECT_EQ(type.getElementOffset({2, 4}), 14);
  EXPECT_EQ(type.getSizeInBytes(), 60);
}

TEST_F(SharedTypeTest, BooleansTakeAByteAndIndexEight) {
  Builder builder(&context);
  EXPECT_EQ(SharedType::get({9}, builder.getI1Type()).getSizeInBytes(), 9);
  EXPECT_EQ(SharedType::get({9}, builder.getIndexType()).getSizeInBytes(), 72);
}

} // namespace
