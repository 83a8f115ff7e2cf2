// batched_gemm.mlir - C[b] = A[b] B[b] for every matrix b of a batch.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

tile.kernel @batched_gemm(
    %a: memref<?x?x?x${T}, strided<[?, ?, 1]>> {tile.name = "a", tile.dims = ["B", "M", "K"], tile.noalias},
    %b: memref<?x?x?x${T}, strided<[?, ?, 1]>> {tile.name = "b", tile.dims = ["B", "K", "N"], tile.noalias},
    %c: memref<?x?x?x${TC}, strided<[?, ?, 1]>> {tile.name = "c", tile.dims = ["B", "M", "N"], tile.noalias})
    grid ["M", "N", "B"] affine_map<()[M, N, B] -> (M ceildiv ${BM}, N ceildiv ${BN}, B ceildiv ${BB})> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %bb = arith.constant ${BB} : index
  %bm = arith.constant ${BM} : index
  %bn = arith.constant ${BN} : index
  %bk = arith.constant ${BK} : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %r = tile.program_id 2
  %m = arith.muli %p, %bm : index
  %n = arith.muli %q, %bn : index
  %batch = arith.muli %r, %bb : index
  %size = memref.dim %a, %c2 : memref<?x?x?x${T}, strided<[?, ?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BB}x${BM}x${BN}xf32>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<${BB}x${BM}x${BN}xf32>) {
    %x = tile.load %a[%batch, %m, %k] : memref<?x?x?x${T}, strided<[?, ?, 1]>> -> tensor<${BB}x${BM}x${BK}x${T}>
    %y = tile.load %b[%batch, %k, %n] : memref<?x?x?x${T}, strided<[?, ?, 1]>> -> tensor<${BB}x${BK}x${BN}x${T}>
    %next = tile.mma %x, %y, %sum : tensor<${BB}x${BM}x${BK}x${T}>, tensor<${BB}x${BK}x${BN}x${T}>, tensor<${BB}x${BM}x${BN}xf32>
    scf.yield %next : tensor<${BB}x${BM}x${BN}xf32>
  }
  %out = tile.convert %acc : tensor<${BB}x${BM}x${BN}xf32> to tensor<${BB}x${BM}x${BN}x${TC}>
  tile.store %out, %c[%batch, %m, %n] : tensor<${BB}x${BM}x${BN}x${TC}>, memref<?x?x?x${TC}, strided<[?, ?, 1]>>
  tile.return
}
