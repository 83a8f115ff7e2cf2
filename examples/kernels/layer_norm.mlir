// layer_norm.mlir - h = x + residual; y = (h - mean) / std * weight + bias.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Mean and sum of squared deviations of a block come from the block itself,
// twice read where it is near; blocks are combined as Chan, Golub and LeVeque
// do, which loses no digits where the mean is large.

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
  %block = arith.constant ${BLOCK} : index
  %row = tile.program_id 0
  %size = memref.dim %x, %c1 : memref<?x?x${T}, strided<[?, 1]>>
  %zeros = arith.constant dense<0.0> : tensor<${BLOCK}xf32>
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
    %inside_count = arith.minsi %rest, %block : index
    %rest_all = tile.broadcast %rest : index to tensor<${BLOCK}xindex>
    %inside = arith.cmpi slt, %position, %rest_all : tensor<${BLOCK}xindex>
    %count_int = arith.index_cast %inside_count : index to i32
    %count = arith.sitofp %count_int : i32 to f32
    %sum = tile.reduce %hf axis 0 identity [0.0 : f32] : (tensor<${BLOCK}xf32>) -> (f32) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      tile.yield %s : f32
    }
    %mean = arith.divf %sum, %count : f32
    %mean_all = tile.broadcast %mean : f32 to tensor<${BLOCK}xf32>
    %apart = arith.subf %hf, %mean_all : tensor<${BLOCK}xf32>
    %apart_inside = arith.select %inside, %apart, %zeros : tensor<${BLOCK}xi1>, tensor<${BLOCK}xf32>
    %square = arith.mulf %apart_inside, %apart_inside : tensor<${BLOCK}xf32>
    %dev = tile.reduce %square axis 0 identity [0.0 : f32] : (tensor<${BLOCK}xf32>) -> (f32) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      tile.yield %s : f32
    }
    %n = arith.addf %count0, %count : f32
    %share = arith.divf %count, %n : f32
    %delta = arith.subf %mean, %mean0 : f32
    %step = arith.mulf %delta, %share : f32
    %mean1 = arith.addf %mean0, %step : f32
    %delta2 = arith.mulf %delta, %step : f32
    %cross = arith.mulf %delta2, %count0 : f32
    %dev_sum = arith.addf %dev0, %dev : f32
    %dev1 = arith.addf %dev_sum, %cross : f32
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
