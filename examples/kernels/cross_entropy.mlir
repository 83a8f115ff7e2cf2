// cross_entropy.mlir - loss[m] = log(sum(exp(logits[m]))) - logits[m, target[m]].
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

tile.kernel @cross_entropy(
    %logits: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "logits", tile.dims = ["M", "V"], tile.noalias},
    %target: memref<?xi32> {tile.name = "target", tile.dims = ["M"], tile.noalias},
    %loss: memref<?xf32> {tile.name = "loss", tile.dims = ["M"], tile.noalias})
    grid ["M"] affine_map<()[M] -> (M)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %block = arith.constant ${BLOCK} : index
  %row = tile.program_id 0
  %size = memref.dim %logits, %c1 : memref<?x?x${T}, strided<[?, 1]>>
  %minus_inf = arith.constant 0xFF800000 : f32
  %padding = tile.convert %minus_inf : f32 to ${T}
  %zero = arith.constant 0.0 : f32
  %stats:2 = scf.for %i = %c0 to %size step %block
      iter_args(%max0 = %minus_inf, %sum0 = %zero) -> (f32, f32) {
    %xt = tile.load %logits[%row, %i] padding %padding : memref<?x?x${T}, strided<[?, 1]>> -> tensor<${BLOCK}x${T}>
    %xf = tile.convert %xt : tensor<${BLOCK}x${T}> to tensor<${BLOCK}xf32>
    %max = tile.reduce %xf axis 0 identity [0xFF800000 : f32] : (tensor<${BLOCK}xf32>) -> (f32) {
    ^bb0(%a: f32, %b: f32):
      %m = arith.maximumf %a, %b : f32
      tile.yield %m : f32
    }
    %max1 = arith.maximumf %max0, %max : f32
    %max_all = tile.broadcast %max1 : f32 to tensor<${BLOCK}xf32>
    %shifted = arith.subf %xf, %max_all : tensor<${BLOCK}xf32>
    %exp = math.exp %shifted : tensor<${BLOCK}xf32>
    %part = tile.reduce %exp axis 0 identity [0.0 : f32] : (tensor<${BLOCK}xf32>) -> (f32) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      tile.yield %s : f32
    }
    %change = arith.subf %max0, %max1 : f32
    %factor = math.exp %change : f32
    %kept = arith.mulf %sum0, %factor : f32
    %sum1 = arith.addf %kept, %part : f32
    scf.yield %max1, %sum1 : f32, f32
  }
  %log = math.log %stats#1 : f32
  %lse = arith.addf %log, %stats#0 : f32
  %t = tile.load %target[%row] : memref<?xi32> -> i32
  %column = arith.index_cast %t : i32 to index
  %picked_t = tile.load %logits[%row, %column] : memref<?x?x${T}, strided<[?, 1]>> -> ${T}
  %picked = tile.convert %picked_t : ${T} to f32
  %result = arith.subf %lse, %picked : f32
  tile.store %result, %loss[%row] : f32, memref<?xf32>
  tile.return
}
