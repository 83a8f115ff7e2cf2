// transpose.mlir - transposes of a matrix and of every matrix of a batch.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

tile.kernel @transpose(
    %x: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "x", tile.dims = ["M", "N"], tile.noalias},
    %y: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "y", tile.dims = ["N", "M"], tile.noalias})
    grid ["N", "M"] affine_map<()[N, M] -> (N ceildiv ${BN}, M ceildiv ${BM})> {
  %bm = arith.constant ${BM} : index
  %bn = arith.constant ${BN} : index
  // Neighbours read on along the same rows.
  %q = tile.program_id 0
  %p = tile.program_id 1
  %m = arith.muli %p, %bm : index
  %n = arith.muli %q, %bn : index
  %t = tile.load %x[%m, %n] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BM}x${BN}x${T}>
  %u = tile.transpose %t [1, 0] : tensor<${BM}x${BN}x${T}> to tensor<${BN}x${BM}x${T}>
  tile.store %u, %y[%n, %m] : tensor<${BN}x${BM}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
  tile.return
}

tile.kernel @batched_transpose(
    %x: memref<?x?x?x${T}, strided<[?, ?, 1]>> {tile.name = "x", tile.dims = ["B", "M", "N"], tile.noalias},
    %y: memref<?x?x?x${T}, strided<[?, ?, 1]>> {tile.name = "y", tile.dims = ["B", "N", "M"], tile.noalias})
    grid ["N", "M", "B"] affine_map<()[N, M, B] -> (N ceildiv ${BN}, M ceildiv ${BM}, B)> {
  %bm = arith.constant ${BM} : index
  %bn = arith.constant ${BN} : index
  // Neighbours read on along the same rows.
  %q = tile.program_id 0
  %p = tile.program_id 1
  %b = tile.program_id 2
  %m = arith.muli %p, %bm : index
  %n = arith.muli %q, %bn : index
  %t = tile.load %x[%b, %m, %n] : memref<?x?x?x${T}, strided<[?, ?, 1]>> -> tensor<${BM}x${BN}x${T}>
  %u = tile.transpose %t [1, 0] : tensor<${BM}x${BN}x${T}> to tensor<${BN}x${BM}x${T}>
  tile.store %u, %y[%b, %n, %m] : tensor<${BN}x${BM}x${T}>, memref<?x?x?x${T}, strided<[?, ?, 1]>>
  tile.return
}
