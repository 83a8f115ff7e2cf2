// sum.mlir - a sum over all lanes of a wave.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
tile.kernel @sum(%a: memref<?xf32> {tile.name = "a"}, %b: memref<?xf32> {tile.name = "b"})
    grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<64xf32>
  %s = tile.reduce %x axis 0 identity [0.0 : f32] : (tensor<64xf32>) -> (f32) {
  ^bb0(%l: f32, %r: f32):
    %t = arith.addf %l, %r : f32
    tile.yield %t : f32
  }
  tile.store %s, %b[%c0] : f32, memref<?xf32>
  tile.return
}
