// gemm.mlir - C = op(A) op(B) for the four transpose cases.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// "n" reads an operand as it is stored, "t" transposed: A is MxK or KxM, B is
// KxN or NxK. Sizes need not be multiples of the tile.

tile.kernel @gemm_nn(
    %a: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "a", tile.dims = ["M", "K"], tile.noalias},
    %b: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "b", tile.dims = ["K", "N"], tile.noalias},
    %c: memref<?x?x${TC}, strided<[?, 1]>> {tile.name = "c", tile.dims = ["M", "N"], tile.noalias})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv ${BM}, N ceildiv ${BN})> {
  %c0 = arith.constant 0 : index
  %kdim = arith.constant 1 : index
  %bm = arith.constant ${BM} : index
  %bn = arith.constant ${BN} : index
  %bk = arith.constant ${BK} : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %m = arith.muli %p, %bm : index
  %n = arith.muli %q, %bn : index
  %size = memref.dim %a, %kdim : memref<?x?x${T}, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BM}x${BN}x${ACC}>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<${BM}x${BN}x${ACC}>) {
    %x = tile.load %a[%m, %k] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BM}x${BK}x${T}>
    %y = tile.load %b[%k, %n] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BK}x${BN}x${T}>
    %next = tile.mma %x, %y, %sum : tensor<${BM}x${BK}x${T}>, tensor<${BK}x${BN}x${T}>, tensor<${BM}x${BN}x${ACC}>
    scf.yield %next : tensor<${BM}x${BN}x${ACC}>
  }
  %out = tile.convert %acc : tensor<${BM}x${BN}x${ACC}> to tensor<${BM}x${BN}x${TC}>
  tile.store %out, %c[%m, %n] : tensor<${BM}x${BN}x${TC}>, memref<?x?x${TC}, strided<[?, 1]>>
  tile.return
}

tile.kernel @gemm_nt(
    %a: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "a", tile.dims = ["M", "K"], tile.noalias},
    %b: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "b", tile.dims = ["N", "K"], tile.noalias},
    %c: memref<?x?x${TC}, strided<[?, 1]>> {tile.name = "c", tile.dims = ["M", "N"], tile.noalias})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv ${BM}, N ceildiv ${BN})> {
  %c0 = arith.constant 0 : index
  %kdim = arith.constant 1 : index
  %bm = arith.constant ${BM} : index
  %bn = arith.constant ${BN} : index
  %bk = arith.constant ${BK} : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %m = arith.muli %p, %bm : index
  %n = arith.muli %q, %bn : index
  %size = memref.dim %a, %kdim : memref<?x?x${T}, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BM}x${BN}x${ACC}>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<${BM}x${BN}x${ACC}>) {
    %x = tile.load %a[%m, %k] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BM}x${BK}x${T}>
    %yt = tile.load %b[%n, %k] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BN}x${BK}x${T}>
    %y = tile.transpose %yt [1, 0] : tensor<${BN}x${BK}x${T}> to tensor<${BK}x${BN}x${T}>
    %next = tile.mma %x, %y, %sum : tensor<${BM}x${BK}x${T}>, tensor<${BK}x${BN}x${T}>, tensor<${BM}x${BN}x${ACC}>
    scf.yield %next : tensor<${BM}x${BN}x${ACC}>
  }
  %out = tile.convert %acc : tensor<${BM}x${BN}x${ACC}> to tensor<${BM}x${BN}x${TC}>
  tile.store %out, %c[%m, %n] : tensor<${BM}x${BN}x${TC}>, memref<?x?x${TC}, strided<[?, 1]>>
  tile.return
}

tile.kernel @gemm_tn(
    %a: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "a", tile.dims = ["K", "M"], tile.noalias},
    %b: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "b", tile.dims = ["K", "N"], tile.noalias},
    %c: memref<?x?x${TC}, strided<[?, 1]>> {tile.name = "c", tile.dims = ["M", "N"], tile.noalias})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv ${BM}, N ceildiv ${BN})> {
  %c0 = arith.constant 0 : index
  %kdim = arith.constant 0 : index
  %bm = arith.constant ${BM} : index
  %bn = arith.constant ${BN} : index
  %bk = arith.constant ${BK} : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %m = arith.muli %p, %bm : index
  %n = arith.muli %q, %bn : index
  %size = memref.dim %a, %kdim : memref<?x?x${T}, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BM}x${BN}x${ACC}>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<${BM}x${BN}x${ACC}>) {
    %xt = tile.load %a[%k, %m] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BK}x${BM}x${T}>
    %x = tile.transpose %xt [1, 0] : tensor<${BK}x${BM}x${T}> to tensor<${BM}x${BK}x${T}>
    %y = tile.load %b[%k, %n] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BK}x${BN}x${T}>
    %next = tile.mma %x, %y, %sum : tensor<${BM}x${BK}x${T}>, tensor<${BK}x${BN}x${T}>, tensor<${BM}x${BN}x${ACC}>
    scf.yield %next : tensor<${BM}x${BN}x${ACC}>
  }
  %out = tile.convert %acc : tensor<${BM}x${BN}x${ACC}> to tensor<${BM}x${BN}x${TC}>
  tile.store %out, %c[%m, %n] : tensor<${BM}x${BN}x${TC}>, memref<?x?x${TC}, strided<[?, 1]>>
  tile.return
}

tile.kernel @gemm_tt(
    %a: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "a", tile.dims = ["K", "M"], tile.noalias},
    %b: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "b", tile.dims = ["N", "K"], tile.noalias},
    %c: memref<?x?x${TC}, strided<[?, 1]>> {tile.name = "c", tile.dims = ["M", "N"], tile.noalias})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv ${BM}, N ceildiv ${BN})> {
  %c0 = arith.constant 0 : index
  %kdim = arith.constant 0 : index
  %bm = arith.constant ${BM} : index
  %bn = arith.constant ${BN} : index
  %bk = arith.constant ${BK} : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %m = arith.muli %p, %bm : index
  %n = arith.muli %q, %bn : index
  %size = memref.dim %a, %kdim : memref<?x?x${T}, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BM}x${BN}x${ACC}>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<${BM}x${BN}x${ACC}>) {
    %xt = tile.load %a[%k, %m] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BK}x${BM}x${T}>
    %x = tile.transpose %xt [1, 0] : tensor<${BK}x${BM}x${T}> to tensor<${BM}x${BK}x${T}>
    %yt = tile.load %b[%n, %k] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BN}x${BK}x${T}>
    %y = tile.transpose %yt [1, 0] : tensor<${BN}x${BK}x${T}> to tensor<${BK}x${BN}x${T}>
    %next = tile.mma %x, %y, %sum : tensor<${BM}x${BK}x${T}>, tensor<${BK}x${BN}x${T}>, tensor<${BM}x${BN}x${ACC}>
    scf.yield %next : tensor<${BM}x${BN}x${ACC}>
  }
  %out = tile.convert %acc : tensor<${BM}x${BN}x${ACC}> to tensor<${BM}x${BN}x${TC}>
  tile.store %out, %c[%m, %n] : tensor<${BM}x${BN}x${TC}>, memref<?x?x${TC}, strided<[?, 1]>>
  tile.return
}
