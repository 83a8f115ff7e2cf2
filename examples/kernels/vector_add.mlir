// vector_add.mlir - c = a + b, element by element.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

tile.kernel @vector_add(
    %a: memref<?x${T}> {tile.name = "a", tile.dims = ["N"], tile.noalias},
    %b: memref<?x${T}> {tile.name = "b", tile.dims = ["N"], tile.noalias},
    %c: memref<?x${T}> {tile.name = "c", tile.dims = ["N"], tile.noalias})
    grid ["N"] affine_map<()[N] -> (N ceildiv ${BLOCK})> {
  %block = arith.constant ${BLOCK} : index
  %pid = tile.program_id 0
  %i = arith.muli %pid, %block : index
  %x = tile.load %a[%i] : memref<?x${T}> -> tensor<${BLOCK}x${T}>
  %y = tile.load %b[%i] : memref<?x${T}> -> tensor<${BLOCK}x${T}>
  %z = arith.addf %x, %y : tensor<${BLOCK}x${T}>
  tile.store %z, %c[%i] : tensor<${BLOCK}x${T}>, memref<?x${T}>
  tile.return
}
