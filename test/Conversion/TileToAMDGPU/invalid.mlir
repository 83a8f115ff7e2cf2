// invalid.mlir - what cannot be lowered is an error at the op.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: tile-opt --convert-tile-to-amdgpu=chip=gfx942 -split-input-file \
// RUN:   -verify-diagnostics %s

tile.kernel @no_layout(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'tile.load' op expected tensors with a #tile.layout, but got 'tensor<8xf32>'; run tile-assign-layouts first}}
  %t = tile.load %x[%c0] : memref<?xf32> -> tensor<8xf32>
  tile.return
}

// -----

#l = #tile.layout<reg = [], lane = [[1], [2]], wave = []>
tile.kernel @lanes(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'tile.load' op expected a layout of 64 lanes, as 'gfx942' has, but got 4 in}}
  %t = tile.load %x[%c0] : memref<?xf32> -> tensor<4xf32, #l>
  tile.return
}

// -----

#l = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = []>
#w = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>
tile.kernel @waves(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0] : memref<?xf32> -> tensor<64xf32, #l>
  // expected-error @below {{'tile.load' op expected a layout of 1 waves, but got 2 in}}
  %u = tile.load %x[%c0] : memref<?xf32> -> tensor<128xf32, #w>
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op has layouts for 'gfx90a', but is converted for 'gfx942'}}
tile.kernel @chip() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx90a"} {
  tile.return
}

// -----

tile.kernel @offset() grid [] affine_map<() -> (1)> {
  // expected-error @below {{'tile.alloc_shared' op expected an offset; run tile-allocate-shared first}}
  %s = tile.alloc_shared : !tile.shared<8xf32>
  tile.return
}

// -----

#l = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>
#m = #tile.layout<reg = [], lane = [[2], [4], [8], [16], [32], [64]], wave = [[1]]>
tile.kernel @waves_apart(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0] : memref<?xf32> -> tensor<128xf32, #l>
  // expected-error @below {{'tile.relayout' op moves elements between waves}}
  %u = tile.relayout %t : tensor<128xf32, #l> to tensor<128xf32, #m>
  tile.return
}

// -----

#l = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>
tile.kernel @across_waves(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0] : memref<?xf32> -> tensor<128xf32, #l>
  // expected-error @below {{'tile.reduce' op expected an axis in registers and lanes of a wave, but waves share it in the layout of}}
  %s = tile.reduce %t axis 0 identity [0.0 : f32] : (tensor<128xf32, #l>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    tile.yield %r : f32
  }
  tile.return
}

// -----

#l = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = []>
tile.kernel @unknown_op(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0] : memref<?xf32> -> tensor<64xf32, #l>
  // expected-error @below {{'tensor.cast' op has no lowering to lanes of 'gfx942'; its results are}}
  %u = tensor.cast %t : tensor<64xf32, #l> to tensor<64xf32, #l>
  tile.return
}

// -----

#l = #tile.layout<reg = [[1, 0]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], wave = []>
tile.kernel @atom(%x: memref<?x?xf32>) grid [] affine_map<() -> (1)> {
  %t = arith.constant dense<0.0> : tensor<2x2xf32, #l>
  // expected-error @below {{'tile.mma' op expected an atom of 'gfx942', but got "none"}}
  %u = tile.mma %t, %t, %t {atom = "none"} : tensor<2x2xf32, #l>, tensor<2x2xf32, #l>, tensor<2x2xf32, #l>
  tile.return
}
