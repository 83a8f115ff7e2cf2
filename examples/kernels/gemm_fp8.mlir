// gemm_fp8.mlir - C = (A transpose(B)) * row scale * column scale, in fp8.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

tile.kernel @gemm_fp8(
    %a: memref<?x?x${TA}, strided<[?, 1]>> {tile.name = "a", tile.dims = ["M", "K"], tile.noalias},
    %b: memref<?x?x${TB}, strided<[?, 1]>> {tile.name = "b", tile.dims = ["N", "K"], tile.noalias},
    %a_scale: memref<?xf32> {tile.name = "a_scale", tile.dims = ["M"], tile.noalias},
    %b_scale: memref<?xf32> {tile.name = "b_scale", tile.dims = ["N"], tile.noalias},
    %c: memref<?x?x${TC}, strided<[?, 1]>> {tile.name = "c", tile.dims = ["M", "N"], tile.noalias})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv ${BM}, N ceildiv ${BN})> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %bm = arith.constant ${BM} : index
  %bn = arith.constant ${BN} : index
  %bk = arith.constant ${BK} : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %m = arith.muli %p, %bm : index
  %n = arith.muli %q, %bn : index
  %size = memref.dim %a, %c1 : memref<?x?x${TA}, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BM}x${BN}xf32>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<${BM}x${BN}xf32>) {
    %x = tile.load %a[%m, %k] : memref<?x?x${TA}, strided<[?, 1]>> -> tensor<${BM}x${BK}x${TA}>
    %yt = tile.load %b[%n, %k] : memref<?x?x${TB}, strided<[?, 1]>> -> tensor<${BN}x${BK}x${TB}>
    %y = tile.transpose %yt [1, 0] : tensor<${BN}x${BK}x${TB}> to tensor<${BK}x${BN}x${TB}>
    %next = tile.mma %x, %y, %sum : tensor<${BM}x${BK}x${TA}>, tensor<${BK}x${BN}x${TB}>, tensor<${BM}x${BN}xf32>
    scf.yield %next : tensor<${BM}x${BN}xf32>
  }
  %sa = tile.load %a_scale[%m] : memref<?xf32> -> tensor<${BM}xf32>
  %sb = tile.load %b_scale[%n] : memref<?xf32> -> tensor<${BN}xf32>
  %sa_col = tile.reshape %sa : tensor<${BM}xf32> to tensor<${BM}x1xf32>
  %sb_row = tile.reshape %sb : tensor<${BN}xf32> to tensor<1x${BN}xf32>
  %sa_all = tile.broadcast %sa_col : tensor<${BM}x1xf32> to tensor<${BM}x${BN}xf32>
  %sb_all = tile.broadcast %sb_row : tensor<1x${BN}xf32> to tensor<${BM}x${BN}xf32>
  %scales = arith.mulf %sa_all, %sb_all : tensor<${BM}x${BN}xf32>
  %scaled = arith.mulf %acc, %scales : tensor<${BM}x${BN}xf32>
  %out = tile.convert %scaled : tensor<${BM}x${BN}xf32> to tensor<${BM}x${BN}x${TC}>
  tile.store %out, %c[%m, %n] : tensor<${BM}x${BN}x${TC}>, memref<?x?x${TC}, strided<[?, 1]>>
  tile.return
}
