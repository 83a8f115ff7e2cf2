// KernelTest.cpp - what a kernel says of its arguments and its grid.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace tilewright::tile;

namespace {

class KernelTest : public ::testing::Test {
protected:
  KernelTest() { context.loadDialect<TileDialect>(); }

  /// The first kernel of `text`.
  KernelOp parse(StringRef text) {
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return {};
    return *module->getOps<KernelOp>().begin();
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(KernelTest, NamesAndSymbols) {
  KernelOp kernel = parse(R"(
    tile.kernel @k(%a: memref<?x?xf32> {tile.name = "a", tile.dims = ["M", ""]},
                   %b: memref<?x96xf32> {tile.dims = ["K", "M"]},
                   %n: i32 {tile.name = "n"}, %x: f32 {tile.name = "x"})
        grid ["n"] affine_map<()[n] -> (n)> {
      tile.return
    })");
  ASSERT_TRUE(kernel);
  EXPECT_EQ(kernel.getArgName(0), "a");
  EXPECT_EQ(kernel.getArgName(1), "arg1");

  // The place that says the size is preferred.
  auto m = kernel.findSymbol("M");
  ASSERT_TRUE(m);
  EXPECT_EQ(m->arg, 1u);
  EXPECT_EQ(m->dim, 1u);
  EXPECT_EQ(kernel.getConstantSymbol(*m), 96);

  auto k = kernel.findSymbol("K");
  ASSERT_TRUE(k);
  EXPECT_EQ(k->arg, 1u);
  EXPECT_EQ(k->dim, 0u);
  EXPECT_EQ(kernel.getConstantSymbol(*k), std::nullopt);

  auto n = kernel.findSymbol("n");
  ASSERT_TRUE(n);
  EXPECT_EQ(n->arg, 2u);
  EXPECT_EQ(n->dim, std::nullopt);

  // Sizes of one name are one: here the static one stands for both.
  auto size = [&](unsigned arg, unsigned dim) {
    auto [same, d] = kernel.getSizeOfSameName(arg, dim);
    return std::make_pair(same, *d);
  };
  EXPECT_EQ(size(0, 0), std::make_pair(1u, 1u));
  EXPECT_EQ(size(1, 1), std::make_pair(1u, 1u));
  EXPECT_EQ(size(0, 1), std::make_pair(0u, 1u)); // no name
  EXPECT_EQ(size(1, 0), std::make_pair(1u, 0u));

  EXPECT_FALSE(kernel.findSymbol("x"));
  EXPECT_FALSE(kernel.findSymbol("a"));
  EXPECT_FALSE(kernel.findSymbol(""));
}

TEST_F(KernelTest, ConstantGrid) {
  KernelOp kernel = parse(R"(
    tile.kernel @k(%a: memref<100x?xf32> {tile.dims = ["M", "N"]},
                   %n: i32 {tile.name = "n", tile.value = 7 : i32})
        grid ["M", "N", "n"]
        affine_map<()[M, N, n] -> (M ceildiv 64, N, n * 2)> {
      tile.return
    })");
  ASSERT_TRUE(kernel);
  auto grid = kernel.getConstantGrid();
  ASSERT_EQ(grid.size(), 3u);
  EXPECT_EQ(grid[0], 2);
  EXPECT_EQ(grid[1], std::nullopt);
  EXPECT_EQ(grid[2], 14);
}

// A divisor that turns out to be zero leaves the extent open.
TEST_F(KernelTest, GridDividedByZero) {
  KernelOp kernel = parse(R"(
    tile.kernel @k(%a: memref<100x0xf32> {tile.dims = ["M", "N"]})
        grid ["M", "N"]
        affine_map<()[M, N] -> (M ceildiv N, M floordiv N, M mod N)> {
      tile.return
    })");
  ASSERT_TRUE(kernel);
  for (std::optional<int64_t> extent : kernel.getConstantGrid())
    EXPECT_EQ(extent, std::nullopt);
}

TEST_F(KernelTest, BuildsWhatItParses) {
  KernelOp parsed = parse(R"(
    tile.kernel @k(%a: memref<?xf32> {tile.dims = ["M"]}, %arg1: f32)
        grid ["M"] affine_map<()[M] -> (M ceildiv 4)> {
      tile.return
    })");
  ASSERT_TRUE(parsed);
  OpBuilder builder(&context);
  auto attrs = builder.getDictionaryAttr(
      builder.getNamedAttr("tile.dims", builder.getStrArrayAttr({"M"})));
  AffineExpr size = builder.getAffineSymbolExpr(0);
  OwningOpRef<KernelOp> built = KernelOp::create(
      builder, builder.getUnknownLoc(), "k",
      {parsed.getArgumentTypes()[0], parsed.getArgumentTypes()[1]}, {"M"},
      AffineMap::get(0, 1, size.ceilDiv(4)),
      {attrs, builder.getDictionaryAttr({})});
  builder.setInsertionPointToStart(&built->getBody().front());
  ReturnOp::create(builder, builder.getUnknownLoc());
  EXPECT_TRUE(succeeded(built->verify()));
  std::string wanted, got;
  llvm::raw_string_ostream wantedStream(wanted), gotStream(got);
  parsed.print(wantedStream);
  built->print(gotStream);
  EXPECT_EQ(StringRef(wanted).trim(), StringRef(got).trim());
}

} // namespace
