// histogram.mlir - counts[b] += how often b occurs in x, by atomics.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values outside [0, bins) and positions past the end count nowhere.

tile.kernel @histogram(
    %x: memref<?xi32> {tile.name = "x", tile.dims = ["N"], tile.noalias},
    %counts: memref<?xi32> {tile.name = "counts", tile.dims = ["BINS"], tile.noalias})
    grid ["N"] affine_map<()[N] -> (N ceildiv ${BLOCK})> {
  %block = arith.constant ${BLOCK} : index
  %outside = arith.constant -1 : i32
  %pid = tile.program_id 0
  %i = arith.muli %pid, %block : index
  %bin = tile.load %x[%i] padding %outside : memref<?xi32> -> tensor<${BLOCK}xi32>
  %one = arith.constant dense<1> : tensor<${BLOCK}xi32>
  %old = tile.atomic_rmw addi %one, %counts[%bin] : tensor<${BLOCK}xi32>, memref<?xi32>, (tensor<${BLOCK}xi32>)
  tile.return
}
