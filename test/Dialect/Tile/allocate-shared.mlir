// RUN: tile-opt %s -split-input-file --tile-allocate-shared | FileCheck %s
// RUN: tile-opt %s -split-input-file --tile-allocate-shared \
// RUN:   --tile-allocate-shared | FileCheck %s

// CHECK-LABEL: tile.kernel @none
//  CHECK-SAME:   tile.shared_bytes = 0 : i64
tile.kernel @none() grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// Both are live at once; the smaller one starts at a multiple of 16 bytes.
// CHECK-LABEL: tile.kernel @side_by_side
//  CHECK-SAME:   tile.shared_bytes = 533 : i64
//       CHECK:   tile.alloc_shared {offset = 528 : i64} : !tile.shared<5xi8>
//       CHECK:   tile.alloc_shared {offset = 0 : i64} : !tile.shared<130xf32>
tile.kernel @side_by_side() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %s = tile.alloc_shared : !tile.shared<5xi8>
  %t = tile.alloc_shared : !tile.shared<130xf32>
  %x = arith.constant dense<1> : tensor<5xi8, #L>
  %y = arith.constant dense<1.0> : tensor<130xf32, #tile.layout<reg = [[128]], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>>
  tile.store_shared %x, %s : tensor<5xi8, #L>, !tile.shared<5xi8>
  tile.store_shared %y, %t : tensor<130xf32, #tile.layout<reg = [[128]], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>>, !tile.shared<130xf32>
  tile.barrier
  %v = tile.load_shared %s : !tile.shared<5xi8> -> tensor<5xi8, #L>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// The barrier separates the last read of the first from the first write of the
// second: they share their bytes.
// CHECK-LABEL: tile.kernel @one_after_the_other
//  CHECK-SAME:   tile.shared_bytes = 512 : i64
//       CHECK:   tile.alloc_shared {offset = 0 : i64}
//       CHECK:   tile.alloc_shared {offset = 0 : i64}
tile.kernel @one_after_the_other() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %s = tile.alloc_shared : !tile.shared<128xf32>
  %t = tile.alloc_shared : !tile.shared<128xf32>
  %x = arith.constant dense<1.0> : tensor<128xf32, #L>
  tile.store_shared %x, %s : tensor<128xf32, #L>, !tile.shared<128xf32>
  tile.barrier
  %v = tile.load_shared %s : !tile.shared<128xf32> -> tensor<128xf32, #L>
  tile.barrier
  tile.store_shared %v, %t : tensor<128xf32, #L>, !tile.shared<128xf32>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// Without the barrier they do not; there is room.
// CHECK-LABEL: tile.kernel @no_barrier_between
//  CHECK-SAME:   tile.shared_bytes = 1024 : i64
//       CHECK:   tile.load_shared
//  CHECK-NEXT:   tile.store_shared
tile.kernel @no_barrier_between() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %s = tile.alloc_shared : !tile.shared<128xf32>
  %t = tile.alloc_shared : !tile.shared<128xf32>
  %x = arith.constant dense<1.0> : tensor<128xf32, #L>
  tile.store_shared %x, %s : tensor<128xf32, #L>, !tile.shared<128xf32>
  tile.barrier
  %v = tile.load_shared %s : !tile.shared<128xf32> -> tensor<128xf32, #L>
  tile.store_shared %v, %t : tensor<128xf32, #L>, !tile.shared<128xf32>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]], repeat = [reg 75 dim 0]>

// There is no room for both: they share their bytes and get a barrier.
// CHECK-LABEL: tile.kernel @barrier_for_room
//  CHECK-SAME:   tile.shared_bytes = 38400 : i64
//       CHECK:   tile.load_shared
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.store_shared
tile.kernel @barrier_for_room() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %s = tile.alloc_shared : !tile.shared<9600xf32>
  %t = tile.alloc_shared : !tile.shared<9600xf32>
  %x = arith.constant dense<1.0> : tensor<9600xf32, #L>
  tile.store_shared %x, %s : tensor<9600xf32, #L>, !tile.shared<9600xf32>
  tile.barrier
  %v = tile.load_shared %s : !tile.shared<9600xf32> -> tensor<9600xf32, #L>
  tile.store_shared %v, %t : tensor<9600xf32, #L>, !tile.shared<9600xf32>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// The first is written before the loop and read in it: it lives through it.
// CHECK-LABEL: tile.kernel @through_the_loop
//  CHECK-SAME:   tile.shared_bytes = 1024 : i64
tile.kernel @through_the_loop(%n: index) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s = tile.alloc_shared : !tile.shared<128xf32>
  %x = arith.constant dense<1.0> : tensor<128xf32, #L>
  tile.store_shared %x, %s : tensor<128xf32, #L>, !tile.shared<128xf32>
  scf.for %i = %c0 to %n step %c1 {
    tile.barrier
    %v = tile.load_shared %s : !tile.shared<128xf32> -> tensor<128xf32, #L>
    tile.barrier
    %t = tile.alloc_shared : !tile.shared<128xf32>
    tile.store_shared %v, %t : tensor<128xf32, #L>, !tile.shared<128xf32>
  }
  tile.return
}

// -----

// A place that is set is kept.
// CHECK-LABEL: tile.kernel @kept
//  CHECK-SAME:   tile.shared_bytes = 1536 : i64
//       CHECK:   tile.alloc_shared {offset = 1024 : i64}
tile.kernel @kept() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  %s = tile.alloc_shared {offset = 1024 : i64} : !tile.shared<128xf32>
  tile.return
}
