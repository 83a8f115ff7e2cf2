// RUN: tile-opt %s -split-input-file --tile-promote-shared | FileCheck %s
// RUN: tile-opt %s -split-input-file --tile-promote-shared \
// RUN:   --tile-promote-shared | FileCheck %s

#A = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>
#B = #tile.layout<reg = [], lane = [[2], [4], [8], [16], [32], [64]], wave = [[1]]>

// Elements change waves.
// CHECK-LABEL: tile.kernel @across_waves
//       CHECK:   %[[X:.+]] = tile.load
//       CHECK:   %[[S:.+]] = tile.alloc_shared : !tile.shared<128xf32>
//       CHECK:   tile.store_shared %[[X]], %[[S]]
//       CHECK:   %[[Y:.+]] = tile.load_shared %[[S]] : !tile.shared<128xf32> -> tensor<128xf32, #[[B:.+]]>
//       CHECK:   tile.store %[[Y]]
//   CHECK-NOT:   tile.relayout
tile.kernel @across_waves(%a: memref<?xf32>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<128xf32, #A>
  %y = tile.relayout %x : tensor<128xf32, #A> to tensor<128xf32, #B>
  tile.store %y, %a[%c0] : tensor<128xf32, #B>, memref<?xf32>
  tile.return
}

// -----

#A = #tile.layout<reg = [[64]], lane = [[1], [2], [4], [8], [16], [32]], wave = [[0]]>
#B = #tile.layout<reg = [[1]], lane = [[2], [4], [8], [16], [32], [64]], wave = [[0]]>

// Within a wave nothing needs shared memory, nor a chip.
// CHECK-LABEL: tile.kernel @within_wave
//       CHECK:   tile.relayout
//   CHECK-NOT:   tile.alloc_shared
tile.kernel @within_wave(%a: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<128xf32, #A>
  %y = tile.relayout %x : tensor<128xf32, #A> to tensor<128xf32, #B>
  tile.store %y, %a[%c0] : tensor<128xf32, #B>, memref<?xf32>
  tile.return
}

// -----

#A = #tile.layout<reg = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], lane = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0], [32, 0]], wave = [[64, 0]]>
#B = #tile.layout<reg = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], lane = [[2, 0], [4, 0], [8, 0], [16, 0], [32, 0], [64, 0]], wave = [[1, 0]]>

// Each lane has a row of 256 bytes: without padding all rows start in bank 0.
// CHECK-LABEL: tile.kernel @padded_rows
//       CHECK:   tile.alloc_shared : !tile.shared<128x64xf32, #tile.padded<order = [1, 0], interval = 64, pad = {{[1-9][0-9]*}}>>
tile.kernel @padded_rows(%a: memref<?x?xf32>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0, %c0] : memref<?x?xf32> -> tensor<128x64xf32, #A>
  %y = tile.relayout %x : tensor<128x64xf32, #A> to tensor<128x64xf32, #B>
  tile.store %y, %a[%c0, %c0] : tensor<128x64xf32, #B>, memref<?x?xf32>
  tile.return
}

// -----

#A = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>
#B = #tile.layout<reg = [], lane = [[2], [4], [8], [16], [32], [64]], wave = [[1]]>
#C = #tile.layout<reg = [[64]], lane = [[1], [2], [4], [8], [16], [32]], wave = [[0]]>

// One buffer for all layouts of a value. The stores wait for the loads from
// global memory; the loads from the buffers come right before their use.
// CHECK-LABEL: tile.kernel @order
//       CHECK:   %[[X:.+]] = tile.load
//  CHECK-NEXT:   %[[S:.+]] = tile.alloc_shared
//  CHECK-NEXT:   %[[Y:.+]] = tile.load
//  CHECK-NEXT:   %[[T:.+]] = tile.alloc_shared
//  CHECK-NEXT:   tile.store_shared %[[X]], %[[S]]
//  CHECK-NEXT:   tile.store_shared %[[Y]], %[[T]]
//  CHECK-NEXT:   %[[XB:.+]] = tile.load_shared %[[S]]
//  CHECK-NEXT:   %[[YB:.+]] = tile.load_shared %[[T]]
//  CHECK-NEXT:   arith.addf %[[XB]], %[[YB]]
//  CHECK-NEXT:   %[[XC:.+]] = tile.load_shared %[[S]]
//  CHECK-NEXT:   tile.store %[[XC]]
tile.kernel @order(%a: memref<?xf32>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<128xf32, #A>
  %xb = tile.relayout %x : tensor<128xf32, #A> to tensor<128xf32, #B>
  %xc = tile.relayout %x : tensor<128xf32, #A> to tensor<128xf32, #C>
  %y = tile.load %a[%c0] : memref<?xf32> -> tensor<128xf32, #A>
  %yb = tile.relayout %y : tensor<128xf32, #A> to tensor<128xf32, #B>
  %z = arith.addf %xb, %yb : tensor<128xf32, #B>
  tile.store %xc, %a[%c0] : tensor<128xf32, #C>, memref<?xf32>
  tile.store %z, %a[%c0] : tensor<128xf32, #B>, memref<?xf32>
  tile.return
}

// -----

#A = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>
#B = #tile.layout<reg = [], lane = [[0, 1], [0, 2], [1, 0], [2, 0], [4, 0], [8, 0]], wave = [[16, 0]]>

// A reshape whose lanes need what others hold reads the buffer in another
// shape, a slice reads a part of it.
// CHECK-LABEL: tile.kernel @moves
//       CHECK:   %[[X:.+]] = tile.load
//       CHECK:   %[[S:.+]] = tile.alloc_shared : !tile.shared<96xf32>
//       CHECK:   tile.store_shared %[[X]], %[[S]]
//       CHECK:   tile.load_shared %[[S]] : !tile.shared<96xf32> -> tensor<32x3xf32, #{{.+}}>
//       CHECK:   %[[T:.+]] = tile.alloc_shared : !tile.shared<96xf32>
//       CHECK:   tile.store_shared %[[X]], %[[T]]
//       CHECK:   tile.load_shared %[[T]] offsets = [5] : !tile.shared<96xf32> -> tensor<77xf32, #{{.+}}>
//   CHECK-NOT:   tile.reshape
//   CHECK-NOT:   tile.extract_slice
tile.kernel @moves(%a: memref<?xf32>, %b: memref<?x?xf32>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<96xf32, #A>
  %y = tile.reshape %x : tensor<96xf32, #A> to tensor<32x3xf32, #B>
  tile.store %y, %b[%c0, %c0] : tensor<32x3xf32, #B>, memref<?x?xf32>
  %z = tile.extract_slice %x [5] : tensor<96xf32, #A> to tensor<77xf32, #A>
  tile.store %z, %a[%c0] : tensor<77xf32, #A>, memref<?xf32>
  tile.return
}

// -----

#A = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>
#B = #tile.layout<reg = [], lane = [[0, 1], [0, 2], [1, 0], [2, 0], [4, 0], [8, 0]], wave = [[16, 0]]>

// Where each lane has what it needs nothing moves.
// CHECK-LABEL: tile.kernel @stays
//       CHECK:   tile.reshape
//   CHECK-NOT:   tile.alloc_shared
tile.kernel @stays(%a: memref<?xf32>, %b: memref<?x?xf32>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<128xf32, #A>
  %y = tile.reshape %x : tensor<128xf32, #A> to tensor<32x4xf32, #B>
  tile.store %y, %b[%c0, %c0] : tensor<32x4xf32, #B>, memref<?x?xf32>
  tile.return
}
