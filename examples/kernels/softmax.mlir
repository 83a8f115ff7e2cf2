// softmax.mlir - softmax along the rows of a matrix, rows of any length.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first loop keeps the running maximum and the sum of exponentials
// relative to it; the second writes the result.

tile.kernel @softmax(
    %x: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "x", tile.dims = ["M", "N"], tile.noalias},
    %y: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "y", tile.dims = ["M", "N"], tile.noalias})
    grid ["M"] affine_map<()[M] -> (M ceildiv ${ROWS})> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = arith.constant ${ROWS} : index
  %block = arith.constant ${BLOCK} : index
  %pid = tile.program_id 0
  %row = arith.muli %pid, %rows : index
  %size = memref.dim %x, %c1 : memref<?x?x${T}, strided<[?, 1]>>
  %minus_inf = arith.constant 0xFF800000 : f32
  %padding = tile.convert %minus_inf : f32 to ${T}
  %lowest = arith.constant dense<0xFF800000> : tensor<${ROWS}xf32>
  %zeros = arith.constant dense<0.0> : tensor<${ROWS}xf32>
  %stats:2 = scf.for %i = %c0 to %size step %block
      iter_args(%max0 = %lowest, %sum0 = %zeros) -> (tensor<${ROWS}xf32>, tensor<${ROWS}xf32>) {
    %xt = tile.load %x[%row, %i] padding %padding : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${ROWS}x${BLOCK}x${T}>
    %xf = tile.convert %xt : tensor<${ROWS}x${BLOCK}x${T}> to tensor<${ROWS}x${BLOCK}xf32>
    %max = tile.reduce %xf axis 1 identity [0xFF800000 : f32] : (tensor<${ROWS}x${BLOCK}xf32>) -> (tensor<${ROWS}xf32>) {
    ^bb0(%a: f32, %b: f32):
      %m = arith.maximumf %a, %b : f32
      tile.yield %m : f32
    }
    %max1 = arith.maximumf %max0, %max : tensor<${ROWS}xf32>
    %max_col = tile.reshape %max1 : tensor<${ROWS}xf32> to tensor<${ROWS}x1xf32>
    %max_all = tile.broadcast %max_col : tensor<${ROWS}x1xf32> to tensor<${ROWS}x${BLOCK}xf32>
    %shifted = arith.subf %xf, %max_all : tensor<${ROWS}x${BLOCK}xf32>
    %exp = math.exp %shifted : tensor<${ROWS}x${BLOCK}xf32>
    %part = tile.reduce %exp axis 1 identity [0.0 : f32] : (tensor<${ROWS}x${BLOCK}xf32>) -> (tensor<${ROWS}xf32>) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      tile.yield %s : f32
    }
    %change = arith.subf %max0, %max1 : tensor<${ROWS}xf32>
    %factor = math.exp %change : tensor<${ROWS}xf32>
    %kept = arith.mulf %sum0, %factor : tensor<${ROWS}xf32>
    %sum1 = arith.addf %kept, %part : tensor<${ROWS}xf32>
    scf.yield %max1, %sum1 : tensor<${ROWS}xf32>, tensor<${ROWS}xf32>
  }
  %max_col = tile.reshape %stats#0 : tensor<${ROWS}xf32> to tensor<${ROWS}x1xf32>
  %max_all = tile.broadcast %max_col : tensor<${ROWS}x1xf32> to tensor<${ROWS}x${BLOCK}xf32>
  %ones = arith.constant dense<1.0> : tensor<${ROWS}xf32>
  %inverse = arith.divf %ones, %stats#1 : tensor<${ROWS}xf32>
  %scale_col = tile.reshape %inverse : tensor<${ROWS}xf32> to tensor<${ROWS}x1xf32>
  %scale_all = tile.broadcast %scale_col : tensor<${ROWS}x1xf32> to tensor<${ROWS}x${BLOCK}xf32>
  scf.for %i = %c0 to %size step %block {
    %xt = tile.load %x[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${ROWS}x${BLOCK}x${T}>
    %xf = tile.convert %xt : tensor<${ROWS}x${BLOCK}x${T}> to tensor<${ROWS}x${BLOCK}xf32>
    %shifted = arith.subf %xf, %max_all : tensor<${ROWS}x${BLOCK}xf32>
    %exp = math.exp %shifted : tensor<${ROWS}x${BLOCK}xf32>
    %yf = arith.mulf %exp, %scale_all : tensor<${ROWS}x${BLOCK}xf32>
    %yt = tile.convert %yf : tensor<${ROWS}x${BLOCK}xf32> to tensor<${ROWS}x${BLOCK}x${T}>
    tile.store %yt, %y[%row, %i] : tensor<${ROWS}x${BLOCK}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
  }
  tile.return
}
