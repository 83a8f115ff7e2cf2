// swiglu.mlir - y = silu(gate) * up, with silu(g) = g / (1 + exp(-g)).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

tile.kernel @swiglu(
    %gate: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "gate", tile.dims = ["M", "N"], tile.noalias},
    %up: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "up", tile.dims = ["M", "N"], tile.noalias},
    %y: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "y", tile.dims = ["M", "N"], tile.noalias})
    grid ["N", "M"] affine_map<()[N, M] -> (N ceildiv ${BLOCK}, M)> {
  %block = arith.constant ${BLOCK} : index
  %pid = tile.program_id 0
  %row = tile.program_id 1
  %i = arith.muli %pid, %block : index
  %gt = tile.load %gate[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
  %ut = tile.load %up[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
  %g = tile.convert %gt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
  %u = tile.convert %ut : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
  %one = arith.constant dense<1.0> : tensor<${BLOCK}xf32>
  %negated = arith.negf %g : tensor<${BLOCK}xf32>
  %exp = math.exp %negated : tensor<${BLOCK}xf32>
  %divisor = arith.addf %one, %exp : tensor<${BLOCK}xf32>
  %silu = arith.divf %g, %divisor : tensor<${BLOCK}xf32>
  %product = arith.mulf %silu, %u : tensor<${BLOCK}xf32>
  %out = tile.convert %product : tensor<${BLOCK}xf32> to tensor<${BLOCK}x${T}>
  tile.store %out, %y[%row, %i] : tensor<${BLOCK}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
  tile.return
}
