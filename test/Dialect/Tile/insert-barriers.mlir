// RUN: tile-opt %s -split-input-file --tile-insert-barriers | FileCheck %s
// RUN: tile-opt %s -split-input-file --tile-insert-barriers \
// RUN:   --tile-insert-barriers | FileCheck %s

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// Each element stays in its lane.
// CHECK-LABEL: tile.kernel @in_place
//   CHECK-NOT:   tile.barrier
//       CHECK:   tile.return
tile.kernel @in_place(%a: memref<?xf32>, %i: index) grid [] affine_map<() -> (1)> {
  %x = tile.load %a[%i] : memref<?xf32> -> tensor<128xf32, #L>
  tile.store %x, %a[%i] : tensor<128xf32, #L>, memref<?xf32>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>
#R = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[0]]>

// Other lanes hold the elements: another origin, another layout, or two lanes
// hold one element.
// CHECK-LABEL: tile.kernel @other_lanes
//       CHECK:   tile.load
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.store %{{.*}}, %{{.*}}[%c1]
//  CHECK-NEXT:   tile.load
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.store
//  CHECK-NEXT:   tile.return
tile.kernel @other_lanes(%a: memref<?xf32>, %b: memref<?xf32> {tile.noalias}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<128xf32, #L>
  tile.store %x, %a[%c1] : tensor<128xf32, #L>, memref<?xf32>
  %y = tile.load %b[%c0] : memref<?xf32> -> tensor<64xf32, #R>
  tile.store %y, %b[%c0] : tensor<64xf32, #R>, memref<?xf32>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// Arguments may alias, unless one of the two says that it does not.
// CHECK-LABEL: tile.kernel @alias
//       CHECK:   tile.load
//  CHECK-NEXT:   tile.store %{{.*}}, %c[
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.store %{{.*}}, %b[
tile.kernel @alias(%a: memref<?xf32> {tile.name = "a"}, %b: memref<?xf32> {tile.name = "b"},
                   %c: memref<?xf32> {tile.name = "c", tile.noalias}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<128xf32, #L>
  tile.store %x, %c[%c0] : tensor<128xf32, #L>, memref<?xf32>
  tile.store %x, %b[%c0] : tensor<128xf32, #L>, memref<?xf32>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// The origins are 128 apart, as much as the tile is long.
// CHECK-LABEL: tile.kernel @disjoint
//   CHECK-NOT:   tile.barrier
//       CHECK:   tile.return
tile.kernel @disjoint(%a: memref<?xf32>, %i: index) grid [] affine_map<() -> (1)> {
  %c128 = arith.constant 128 : index
  %j = arith.addi %i, %c128 : index
  %x = tile.load %a[%i] : memref<?xf32> -> tensor<128xf32, #L>
  tile.store %x, %a[%j] : tensor<128xf32, #L>, memref<?xf32>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// Two reads are in any order, two writes are not.
// CHECK-LABEL: tile.kernel @writes
//       CHECK:   tile.load
//  CHECK-NEXT:   tile.load
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.store
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.store
tile.kernel @writes(%a: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<128xf32, #L>
  %y = tile.load %a[%c1] : memref<?xf32> -> tensor<128xf32, #L>
  tile.store %x, %a[%c1] : tensor<128xf32, #L>, memref<?xf32>
  tile.store %y, %a[%c0] : tensor<128xf32, #L>, memref<?xf32>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// An atomic reads and writes; computed coordinates may be any.
// CHECK-LABEL: tile.kernel @atomics
//       CHECK:   tile.atomic_rmw
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.atomic_rmw
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.gather
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.scatter
tile.kernel @atomics(%a: memref<?xi32>, %i: index) grid [] affine_map<() -> (1)> {
  %x = arith.constant dense<1> : tensor<128xi32, #L>
  %0 = tile.atomic_rmw addi %x, %a[%x] : tensor<128xi32, #L>, memref<?xi32>, (tensor<128xi32, #L>)
  %1 = tile.atomic_rmw addi %x, %a[%x] : tensor<128xi32, #L>, memref<?xi32>, (tensor<128xi32, #L>)
  %2 = tile.gather %a[%x] : memref<?xi32>, (tensor<128xi32, #L>) -> tensor<128xi32, #L>
  tile.scatter %2, %a[%x] : tensor<128xi32, #L>, memref<?xi32>, (tensor<128xi32, #L>)
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// Each trip moves on by a whole tile, and an inner loop by columns of a row.
// CHECK-LABEL: tile.kernel @moving
//   CHECK-NOT:   tile.barrier
//       CHECK:   tile.return
tile.kernel @moving(%a: memref<?xf32>, %i: index, %n: index) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  scf.for %k = %c0 to %n step %c128 {
    %j = arith.addi %i, %k : index
    %x = tile.load %a[%j] : memref<?xf32> -> tensor<128xf32, #L>
    tile.store %x, %a[%j] : tensor<128xf32, #L>, memref<?xf32>
  }
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// A step of half a tile: the next trip meets what this one wrote.
// CHECK-LABEL: tile.kernel @overlapping
//       CHECK:   scf.for
//       CHECK:     tile.barrier
//  CHECK-NEXT:     tile.load
//  CHECK-NEXT:     tile.store
//  CHECK-NEXT:   }
tile.kernel @overlapping(%a: memref<?xf32>, %n: index) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  scf.for %k = %c0 to %n step %c64 {
    %x = tile.load %a[%k] : memref<?xf32> -> tensor<128xf32, #L>
    tile.store %x, %a[%k] : tensor<128xf32, #L>, memref<?xf32>
  }
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// The outer loop brings the inner one back to the same rows.
// CHECK-LABEL: tile.kernel @nested
//       CHECK:   scf.for
//       CHECK:     scf.for
//       CHECK:       tile.barrier
//  CHECK-NEXT:       tile.load
tile.kernel @nested(%a: memref<?xf32>, %n: index) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c128 = arith.constant 128 : index
  scf.for %r = %c0 to %n step %c1 {
    scf.for %k = %c0 to %n step %c128 {
      %j = arith.addi %k, %r : index
      %x = tile.load %a[%j] : memref<?xf32> -> tensor<128xf32, #L>
      tile.store %x, %a[%j] : tensor<128xf32, #L>, memref<?xf32>
    }
  }
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>
#M = #tile.layout<reg = [], lane = [[2], [4], [8], [16], [32], [64]], wave = [[1]]>

// Written before it is read, read before it is overwritten in the next trip;
// both buffers share the two barriers.
// CHECK-LABEL: tile.kernel @shared_loop
//       CHECK:   scf.for
//  CHECK-NEXT:     tile.load
//  CHECK-NEXT:     tile.barrier
//  CHECK-NEXT:     tile.store_shared
//  CHECK-NEXT:     tile.store_shared
//  CHECK-NEXT:     tile.barrier
//  CHECK-NEXT:     tile.load_shared
//  CHECK-NEXT:     tile.load_shared
//   CHECK-NOT:     tile.barrier
//       CHECK:   }
//   CHECK-NOT:   tile.barrier
tile.kernel @shared_loop(%a: memref<?xf32> {tile.noalias}, %o: memref<?xf32> {tile.noalias}, %n: index) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %s = tile.alloc_shared : !tile.shared<128xf32>
  %t = tile.alloc_shared : !tile.shared<128xf32>
  scf.for %k = %c0 to %n step %c128 {
    %x = tile.load %a[%k] : memref<?xf32> -> tensor<128xf32, #L>
    tile.store_shared %x, %s : tensor<128xf32, #L>, !tile.shared<128xf32>
    tile.store_shared %x, %t : tensor<128xf32, #L>, !tile.shared<128xf32>
    %y = tile.load_shared %s : !tile.shared<128xf32> -> tensor<128xf32, #M>
    %z = tile.load_shared %t : !tile.shared<128xf32> -> tensor<128xf32, #M>
    %w = arith.addf %y, %z : tensor<128xf32, #M>
    tile.store %w, %o[%k] : tensor<128xf32, #M>, memref<?xf32>
  }
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// Buffers that have their places are compared by their bytes.
// CHECK-LABEL: tile.kernel @places
//       CHECK:   tile.load_shared
//  CHECK-NEXT:   tile.store_shared %{{.*}}, %[[APART:.+]] :
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.store_shared
tile.kernel @places(%o: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %s = tile.alloc_shared {offset = 0 : i64} : !tile.shared<128xf32>
  %t = tile.alloc_shared {offset = 256 : i64} : !tile.shared<128xf32>
  %u = tile.alloc_shared {offset = 768 : i64} : !tile.shared<128xf32>
  %x = tile.load_shared %s : !tile.shared<128xf32> -> tensor<128xf32, #L>
  tile.store_shared %x, %u : tensor<128xf32, #L>, !tile.shared<128xf32>
  tile.store_shared %x, %t : tensor<128xf32, #L>, !tile.shared<128xf32>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// A write on one path is enough; a barrier on one path is not.
// CHECK-LABEL: tile.kernel @paths
//       CHECK:   scf.if
//       CHECK:     tile.store
//       CHECK:   }
//       CHECK:   tile.barrier
//  CHECK-NEXT:   tile.load
//       CHECK:   scf.if
//  CHECK-NEXT:     tile.barrier
//  CHECK-NEXT:   }
//  CHECK-NEXT:   tile.barrier
//  CHECK-NEXT:   tile.store
tile.kernel @paths(%a: memref<?xf32>, %c: i1) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = arith.constant dense<1.0> : tensor<128xf32, #L>
  scf.if %c {
    tile.store %x, %a[%c0] : tensor<128xf32, #L>, memref<?xf32>
  }
  %y = tile.load %a[%c1] : memref<?xf32> -> tensor<128xf32, #L>
  scf.if %c {
    tile.barrier
  }
  tile.store %y, %a[%c0] : tensor<128xf32, #L>, memref<?xf32>
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [[64]]>

// Round a while loop: from the body to the condition.
// CHECK-LABEL: tile.kernel @while
//       CHECK:   scf.while
//  CHECK-NEXT:     tile.barrier
//  CHECK-NEXT:     tile.load
//       CHECK:   } do {
//       CHECK:     tile.barrier
//  CHECK-NEXT:     tile.store
tile.kernel @while(%a: memref<?xi32>, %x: i32) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = arith.constant dense<1> : tensor<128xi32, #L>
  scf.while : () -> () {
    %v = tile.load %a[%c0] : memref<?xi32> -> i32
    %c = arith.cmpi slt, %v, %x : i32
    scf.condition(%c)
  } do {
    tile.store %t, %a[%c0] : tensor<128xi32, #L>, memref<?xi32>
    scf.yield
  }
  tile.return
}
