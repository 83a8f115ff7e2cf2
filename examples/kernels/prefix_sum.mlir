// prefix_sum.mlir - inclusive prefix sum along the rows of a matrix.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

tile.kernel @prefix_sum(
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
  %zeros = arith.constant dense<0.0> : tensor<${ROWS}xf32>
  %last = scf.for %i = %c0 to %size step %block iter_args(%carry = %zeros) -> (tensor<${ROWS}xf32>) {
    %xt = tile.load %x[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${ROWS}x${BLOCK}x${T}>
    %xf = tile.convert %xt : tensor<${ROWS}x${BLOCK}x${T}> to tensor<${ROWS}x${BLOCK}xf32>
    %local = tile.scan %xf axis 1 identity [0.0 : f32] : (tensor<${ROWS}x${BLOCK}xf32>) -> (tensor<${ROWS}x${BLOCK}xf32>) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      tile.yield %s : f32
    }
    %carry_col = tile.reshape %carry : tensor<${ROWS}xf32> to tensor<${ROWS}x1xf32>
    %carry_all = tile.broadcast %carry_col : tensor<${ROWS}x1xf32> to tensor<${ROWS}x${BLOCK}xf32>
    %yf = arith.addf %local, %carry_all : tensor<${ROWS}x${BLOCK}xf32>
    %yt = tile.convert %yf : tensor<${ROWS}x${BLOCK}xf32> to tensor<${ROWS}x${BLOCK}x${T}>
    tile.store %yt, %y[%row, %i] : tensor<${ROWS}x${BLOCK}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
    %total = tile.reduce %xf axis 1 identity [0.0 : f32] : (tensor<${ROWS}x${BLOCK}xf32>) -> (tensor<${ROWS}xf32>) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      tile.yield %s : f32
    }
    %next = arith.addf %carry, %total : tensor<${ROWS}xf32>
    scf.yield %next : tensor<${ROWS}xf32>
  }
  tile.return
}
