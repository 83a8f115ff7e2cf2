// BytecodeTest.cpp - the dialect survives MLIR's binary form.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tools read text alone; programs that embed the dialect may store modules
// as bytecode.

#include "tilewright/Dialect/Tile/IR/Tile.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  return text;
}

TEST(BytecodeTest, RoundTrip) {
  const char *text = R"(
    #a = #tile.layout<reg = [[1, 0]], lane = [[0, 1], [0, 2], [2, 0], [4, 0], [8, 0]], wave = [[16, 0]]>
    tile.kernel @k(%x: memref<?x?xf8E4M3FN, strided<[?, 1]>> {tile.name = "x", tile.dims = ["M", ""], tile.align = 16 : i64, tile.noalias},
                   %n: i32 {tile.name = "n", tile.value = 3 : i32})
        grid ["M"] affine_map<()[m] -> (m ceildiv 32)>
        attributes {tile.chip = "gfx942", tile.schedule = #tile.schedule<{waves = array<i64: 2>}>} {
      %c0 = arith.constant 0 : index
      %pad = arith.constant 1.0 : f8E4M3FN
      %t = tile.load %x[%c0, %c0] padding %pad {cache = #tile.cache<stream>} : memref<?x?xf8E4M3FN, strided<[?, 1]>> -> tensor<32x4xf8E4M3FN, #a>
      %f = tile.convert %t {rounding = #tile.rounding<toward_zero>} : tensor<32x4xf8E4M3FN, #a> to tensor<32x4xf32, #a>
      %s = tile.alloc_shared : !tile.shared<32x4xf32, #tile.padded<order = [1, 0], interval = 8, pad = 2>>
      tile.store_shared %f, %s : tensor<32x4xf32, #a>, !tile.shared<32x4xf32, #tile.padded<order = [1, 0], interval = 8, pad = 2>>
      tile.barrier
      tile.return
    })";
  MLIRContext context;
  context.loadDialect<tilewright::tile::TileDialect, arith::ArithDialect,
                      memref::MemRefDialect>();
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(module);
  std::string bytecode;
  llvm::raw_string_ostream os(bytecode);
  ASSERT_TRUE(succeeded(writeBytecodeToFile(*module, os)));
  OwningOpRef<ModuleOp> again = parseSourceString<ModuleOp>(bytecode, &context);
  ASSERT_TRUE(again);
  EXPECT_EQ(print(*again), print(*module));
}
