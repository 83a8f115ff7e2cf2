// linear.mlir - y = epilogue(x transpose(w)), the linear layers of a model.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

tile.kernel @linear_bias(
    %x: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "x", tile.dims = ["M", "K"], tile.noalias},
    %w: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "w", tile.dims = ["N", "K"], tile.noalias},
    %bias: memref<?x${T}> {tile.name = "bias", tile.dims = ["N"], tile.noalias},
    %y: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "y", tile.dims = ["M", "N"], tile.noalias})
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
  %size = memref.dim %x, %c1 : memref<?x?x${T}, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BM}x${BN}xf32>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<${BM}x${BN}xf32>) {
    %a = tile.load %x[%m, %k] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BM}x${BK}x${T}>
    %bt = tile.load %w[%n, %k] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BN}x${BK}x${T}>
    %b = tile.transpose %bt [1, 0] : tensor<${BN}x${BK}x${T}> to tensor<${BK}x${BN}x${T}>
    %next = tile.mma %a, %b, %sum : tensor<${BM}x${BK}x${T}>, tensor<${BK}x${BN}x${T}>, tensor<${BM}x${BN}xf32>
    scf.yield %next : tensor<${BM}x${BN}xf32>
  }
  %bias_tile = tile.load %bias[%n] : memref<?x${T}> -> tensor<${BN}x${T}>
  %bias_f32 = tile.convert %bias_tile : tensor<${BN}x${T}> to tensor<${BN}xf32>
  %bias_row = tile.reshape %bias_f32 : tensor<${BN}xf32> to tensor<1x${BN}xf32>
  %bias_all = tile.broadcast %bias_row : tensor<1x${BN}xf32> to tensor<${BM}x${BN}xf32>
  %result = arith.addf %acc, %bias_all : tensor<${BM}x${BN}xf32>
  %out = tile.convert %result : tensor<${BM}x${BN}xf32> to tensor<${BM}x${BN}x${T}>
  tile.store %out, %y[%m, %n] : tensor<${BM}x${BN}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
  tile.return
}

tile.kernel @linear_bias_gelu(
    %x: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "x", tile.dims = ["M", "K"], tile.noalias},
    %w: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "w", tile.dims = ["N", "K"], tile.noalias},
    %bias: memref<?x${T}> {tile.name = "bias", tile.dims = ["N"], tile.noalias},
    %y: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "y", tile.dims = ["M", "N"], tile.noalias})
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
  %size = memref.dim %x, %c1 : memref<?x?x${T}, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BM}x${BN}xf32>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<${BM}x${BN}xf32>) {
    %a = tile.load %x[%m, %k] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BM}x${BK}x${T}>
    %bt = tile.load %w[%n, %k] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BN}x${BK}x${T}>
    %b = tile.transpose %bt [1, 0] : tensor<${BN}x${BK}x${T}> to tensor<${BK}x${BN}x${T}>
    %next = tile.mma %a, %b, %sum : tensor<${BM}x${BK}x${T}>, tensor<${BK}x${BN}x${T}>, tensor<${BM}x${BN}xf32>
    scf.yield %next : tensor<${BM}x${BN}xf32>
  }
  %bias_tile = tile.load %bias[%n] : memref<?x${T}> -> tensor<${BN}x${T}>
  %bias_f32 = tile.convert %bias_tile : tensor<${BN}x${T}> to tensor<${BN}xf32>
  %bias_row = tile.reshape %bias_f32 : tensor<${BN}xf32> to tensor<1x${BN}xf32>
  %bias_all = tile.broadcast %bias_row : tensor<1x${BN}xf32> to tensor<${BM}x${BN}xf32>
  %sum = arith.addf %acc, %bias_all : tensor<${BM}x${BN}xf32>
  // gelu(s) = s / 2 * (1 + erf(s / sqrt(2)))
  %half = arith.constant dense<0.5> : tensor<${BM}x${BN}xf32>
  %one = arith.constant dense<1.0> : tensor<${BM}x${BN}xf32>
  %rsqrt2 = arith.constant dense<0.707106769> : tensor<${BM}x${BN}xf32>
  %scaled = arith.mulf %sum, %rsqrt2 : tensor<${BM}x${BN}xf32>
  %erf = math.erf %scaled : tensor<${BM}x${BN}xf32>
  %cdf2 = arith.addf %erf, %one : tensor<${BM}x${BN}xf32>
  %halved = arith.mulf %sum, %half : tensor<${BM}x${BN}xf32>
  %result = arith.mulf %halved, %cdf2 : tensor<${BM}x${BN}xf32>
  %out = tile.convert %result : tensor<${BM}x${BN}xf32> to tensor<${BM}x${BN}x${T}>
  tile.store %out, %y[%m, %n] : tensor<${BM}x${BN}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
  tile.return
}

tile.kernel @linear_residual(
    %x: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "x", tile.dims = ["M", "K"], tile.noalias},
    %w: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "w", tile.dims = ["N", "K"], tile.noalias},
    %residual: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "residual", tile.dims = ["M", "N"], tile.noalias},
    %y: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "y", tile.dims = ["M", "N"], tile.noalias})
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
  %size = memref.dim %x, %c1 : memref<?x?x${T}, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BM}x${BN}xf32>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<${BM}x${BN}xf32>) {
    %a = tile.load %x[%m, %k] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BM}x${BK}x${T}>
    %bt = tile.load %w[%n, %k] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BN}x${BK}x${T}>
    %b = tile.transpose %bt [1, 0] : tensor<${BN}x${BK}x${T}> to tensor<${BK}x${BN}x${T}>
    %next = tile.mma %a, %b, %sum : tensor<${BM}x${BK}x${T}>, tensor<${BK}x${BN}x${T}>, tensor<${BM}x${BN}xf32>
    scf.yield %next : tensor<${BM}x${BN}xf32>
  }
  %r = tile.load %residual[%m, %n] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BM}x${BN}x${T}>
  %r_f32 = tile.convert %r : tensor<${BM}x${BN}x${T}> to tensor<${BM}x${BN}xf32>
  %result = arith.addf %acc, %r_f32 : tensor<${BM}x${BN}xf32>
  %out = tile.convert %result : tensor<${BM}x${BN}xf32> to tensor<${BM}x${BN}x${T}>
  tile.store %out, %y[%m, %n] : tensor<${BM}x${BN}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
  tile.return
}
