// rms_norm.mlir - h = x + residual; y = h / rms(h) * weight, row by row.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

tile.kernel @rms_norm(
    %x: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "x", tile.dims = ["M", "D"], tile.noalias},
    %residual: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "residual", tile.dims = ["M", "D"], tile.noalias},
    %weight: memref<?x${T}> {tile.name = "weight", tile.dims = ["D"], tile.noalias},
    %h: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "h", tile.dims = ["M", "D"], tile.noalias},
    %y: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "y", tile.dims = ["M", "D"], tile.noalias},
    %eps: f32 {tile.name = "eps"})
    grid ["M"] affine_map<()[M] -> (M)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %block = arith.constant ${BLOCK} : index
  %row = tile.program_id 0
  %size = memref.dim %x, %c1 : memref<?x?x${T}, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<${BLOCK}xf32>
  %squares = scf.for %i = %c0 to %size step %block iter_args(%sum = %zero) -> (tensor<${BLOCK}xf32>) {
    %xt = tile.load %x[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
    %rt = tile.load %residual[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
    %xf = tile.convert %xt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %rf = tile.convert %rt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %hf = arith.addf %xf, %rf : tensor<${BLOCK}xf32>
    %ht = tile.convert %hf : tensor<${BLOCK}xf32> to tensor<${BLOCK}x${T}>
    tile.store %ht, %h[%row, %i] : tensor<${BLOCK}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
    %sq = arith.mulf %hf, %hf : tensor<${BLOCK}xf32>
    %next = arith.addf %sum, %sq : tensor<${BLOCK}xf32>
    scf.yield %next : tensor<${BLOCK}xf32>
  }
  %total = tile.reduce %squares axis 0 identity [0.0 : f32] : (tensor<${BLOCK}xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    tile.yield %s : f32
  }
  %size_i64 = arith.index_cast %size : index to i64
  %size_f = arith.sitofp %size_i64 : i64 to f32
  %mean = arith.divf %total, %size_f : f32
  %shifted = arith.addf %mean, %eps : f32
  %scale = math.rsqrt %shifted : f32
  %scale_all = tile.broadcast %scale : f32 to tensor<${BLOCK}xf32>
  scf.for %i = %c0 to %size step %block {
    // The sum again, not h: h is rounded to its element type.
    %xt = tile.load %x[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
    %rt = tile.load %residual[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
    %wt = tile.load %weight[%i] : memref<?x${T}> -> tensor<${BLOCK}x${T}>
    %xf = tile.convert %xt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %rf = tile.convert %rt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %wf = tile.convert %wt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %hf = arith.addf %xf, %rf : tensor<${BLOCK}xf32>
    %normal = arith.mulf %hf, %scale_all : tensor<${BLOCK}xf32>
    %yf = arith.mulf %normal, %wf : tensor<${BLOCK}xf32>
    %yt = tile.convert %yf : tensor<${BLOCK}xf32> to tensor<${BLOCK}x${T}>
    tile.store %yt, %y[%row, %i] : tensor<${BLOCK}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
  }
  tile.return
}
