// gemv.mlir - y = W x, one output a row of W.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

tile.kernel @gemv(
    %w: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "w", tile.dims = ["N", "K"], tile.noalias},
    %x: memref<?x${T}> {tile.name = "x", tile.dims = ["K"], tile.noalias},
    %y: memref<?x${T}> {tile.name = "y", tile.dims = ["N"], tile.noalias})
    grid ["N"] affine_map<()[N] -> (N ceildiv ${BN})> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %bn = arith.constant ${BN} : index
  %bk = arith.constant ${BK} : index
  %p = tile.program_id 0
  %n = arith.muli %p, %bn : index
  %size = memref.dim %w, %c1 : memref<?x?x${T}, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BN}x${BK}xf32>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<${BN}x${BK}xf32>) {
    %wt = tile.load %w[%n, %k] {cache = #tile.cache<stream>} : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BN}x${BK}x${T}>
    %xt = tile.load %x[%k] : memref<?x${T}> -> tensor<${BK}x${T}>
    %wf = tile.convert %wt : tensor<${BN}x${BK}x${T}> to tensor<${BN}x${BK}xf32>
    %xf = tile.convert %xt : tensor<${BK}x${T}> to tensor<${BK}xf32>
    %row = tile.reshape %xf : tensor<${BK}xf32> to tensor<1x${BK}xf32>
    %all = tile.broadcast %row : tensor<1x${BK}xf32> to tensor<${BN}x${BK}xf32>
    %prod = arith.mulf %wf, %all : tensor<${BN}x${BK}xf32>
    %next = arith.addf %sum, %prod : tensor<${BN}x${BK}xf32>
    scf.yield %next : tensor<${BN}x${BK}xf32>
  }
  %dot = tile.reduce %acc axis 1 identity [0.0 : f32] : (tensor<${BN}x${BK}xf32>) -> (tensor<${BN}xf32>) {
  ^bb0(%l: f32, %r: f32):
    %s = arith.addf %l, %r : f32
    tile.yield %s : f32
  }
  %out = tile.convert %dot : tensor<${BN}xf32> to tensor<${BN}x${T}>
  tile.store %out, %y[%n] : tensor<${BN}x${T}>, memref<?x${T}>
  tile.return
}
