// layer_norm.mlir - h = x + residual; y = (h - mean) / std * weight + bias.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mean and variance come from one pass with Welford's update, as a reduction
// of (mean, sum of squared deviations, count).

tile.kernel @layer_norm(
    %x: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "x", tile.dims = ["M", "D"], tile.noalias},
    %residual: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "residual", tile.dims = ["M", "D"], tile.noalias},
    %weight: memref<?x${T}> {tile.name = "weight", tile.dims = ["D"], tile.noalias},
    %bias: memref<?x${T}> {tile.name = "bias", tile.dims = ["D"], tile.noalias},
    %h: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "h", tile.dims = ["M", "D"], tile.noalias},
    %y: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "y", tile.dims = ["M", "D"], tile.noalias},
    %eps: f32 {tile.name = "eps"})
    grid ["M"] affine_map<()[M] -> (M)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %block = arith.constant ${BLOCK} : index
  %row = tile.program_id 0
  %size = memref.dim %x, %c1 : memref<?x?x${T}, strided<[?, 1]>>
  %zeros = arith.constant dense<0.0> : tensor<${BLOCK}xf32>
  %ones = arith.constant dense<1.0> : tensor<${BLOCK}xf32>
  %position = tile.iota dim 0 : tensor<${BLOCK}xindex>
  %stats:3 = scf.for %i = %c0 to %size step %block
      iter_args(%mean0 = %zero, %dev0 = %zero, %count0 = %zero) -> (f32, f32, f32) {
    %xt = tile.load %x[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
    %rt = tile.load %residual[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
    %xf = tile.convert %xt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %rf = tile.convert %rt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %hf = arith.addf %xf, %rf : tensor<${BLOCK}xf32>
    %ht = tile.convert %hf : tensor<${BLOCK}xf32> to tensor<${BLOCK}x${T}>
    tile.store %ht, %h[%row, %i] : tensor<${BLOCK}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
    // Positions past the end of the row count nothing.
    %rest = arith.subi %size, %i : index
    %rest_all = tile.broadcast %rest : index to tensor<${BLOCK}xindex>
    %inside = arith.cmpi slt, %position, %rest_all : tensor<${BLOCK}xindex>
    %count = arith.select %inside, %ones, %zeros : tensor<${BLOCK}xi1>, tensor<${BLOCK}xf32>
    %chunk:3 = tile.reduce %hf, %zeros, %count axis 0 identity [0.0 : f32, 0.0 : f32, 0.0 : f32]
        : (tensor<${BLOCK}xf32>, tensor<${BLOCK}xf32>, tensor<${BLOCK}xf32>) -> (f32, f32, f32) {
    ^bb0(%ma: f32, %da: f32, %na: f32, %mb: f32, %db: f32, %nb: f32):
      %zero_in = arith.constant 0.0 : f32
      %one_in = arith.constant 1.0 : f32
      %n = arith.addf %na, %nb : f32
      %empty = arith.cmpf oeq, %n, %zero_in : f32
      %divisor = arith.select %empty, %one_in, %n : f32
      %weight_b = arith.divf %nb, %divisor : f32
      %delta = arith.subf %mb, %ma : f32
      %step = arith.mulf %delta, %weight_b : f32
      %m = arith.addf %ma, %step : f32
      %delta2 = arith.mulf %delta, %step : f32
      %cross = arith.mulf %delta2, %na : f32
      %d0 = arith.addf %da, %db : f32
      %d = arith.addf %d0, %cross : f32
      tile.yield %m, %d, %n : f32, f32, f32
    }
    %n = arith.addf %count0, %chunk#2 : f32
    %share = arith.divf %chunk#2, %n : f32
    %delta = arith.subf %chunk#0, %mean0 : f32
    %step = arith.mulf %delta, %share : f32
    %mean1 = arith.addf %mean0, %step : f32
    %delta2 = arith.mulf %delta, %step : f32
    %cross = arith.mulf %delta2, %count0 : f32
    %dev = arith.addf %dev0, %chunk#1 : f32
    %dev1 = arith.addf %dev, %cross : f32
    scf.yield %mean1, %dev1, %n : f32, f32, f32
  }
  %variance = arith.divf %stats#1, %stats#2 : f32
  %shifted = arith.addf %variance, %eps : f32
  %scale = math.rsqrt %shifted : f32
  %scale_all = tile.broadcast %scale : f32 to tensor<${BLOCK}xf32>
  %mean_all = tile.broadcast %stats#0 : f32 to tensor<${BLOCK}xf32>
  scf.for %i = %c0 to %size step %block {
    %xt = tile.load %x[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
    %rt = tile.load %residual[%row, %i] : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
    %wt = tile.load %weight[%i] : memref<?x${T}> -> tensor<${BLOCK}x${T}>
    %bt = tile.load %bias[%i] : memref<?x${T}> -> tensor<${BLOCK}x${T}>
    %xf = tile.convert %xt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %rf = tile.convert %rt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %wf = tile.convert %wt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %bf = tile.convert %bt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %hf = arith.addf %xf, %rf : tensor<${BLOCK}xf32>
    %centred = arith.subf %hf, %mean_all : tensor<${BLOCK}xf32>
    %normal = arith.mulf %centred, %scale_all : tensor<${BLOCK}xf32>
    %weighted = arith.mulf %normal, %wf : tensor<${BLOCK}xf32>
    %yf = arith.addf %weighted, %bf : tensor<${BLOCK}xf32>
    %yt = tile.convert %yf : tensor<${BLOCK}xf32> to tensor<${BLOCK}x${T}>
    tile.store %yt, %y[%row, %i] : tensor<${BLOCK}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
  }
  tile.return
}
