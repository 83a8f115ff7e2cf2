// RUN: tile-opt %s -cse | FileCheck -check-prefix=CSE %s
// RUN: tile-opt %s -canonicalize | FileCheck -check-prefix=CANON %s
// RUN: tile-opt %s -loop-invariant-code-motion | FileCheck -check-prefix=LICM %s

// Two equal loads without a store between are one.
// CSE-LABEL: func.func @loads_merge
// CSE-COUNT-1: tile.load
// CSE-NOT:     tile.load
// CANON-LABEL: func.func @loads_merge
// LICM-LABEL: func.func @loads_merge
func.func @loads_merge(%m: memref<?xf32>, %i: index) -> (tensor<8xf32>, tensor<8xf32>) {
  %0 = tile.load %m[%i] : memref<?xf32> -> tensor<8xf32>
  %1 = tile.load %m[%i] : memref<?xf32> -> tensor<8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// A store, an atomic, a scatter or a barrier between keeps them apart.
// CSE-LABEL: func.func @loads_stay
// CSE-COUNT-5: tile.load
// CANON-LABEL: func.func @loads_stay
// LICM-LABEL: func.func @loads_stay
func.func @loads_stay(%m: memref<?xf32>, %i: index, %v: tensor<8xf32>, %at: tensor<8xi32>)
    -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %0 = tile.load %m[%i] : memref<?xf32> -> tensor<8xf32>
  tile.store %v, %m[%i] : tensor<8xf32>, memref<?xf32>
  %1 = tile.load %m[%i] : memref<?xf32> -> tensor<8xf32>
  %old = tile.atomic_rmw addf %v, %m[%at] : tensor<8xf32>, memref<?xf32>, (tensor<8xi32>)
  %2 = tile.load %m[%i] : memref<?xf32> -> tensor<8xf32>
  tile.scatter %v, %m[%at] : tensor<8xf32>, memref<?xf32>, (tensor<8xi32>)
  %3 = tile.load %m[%i] : memref<?xf32> -> tensor<8xf32>
  tile.barrier
  %4 = tile.load %m[%i] : memref<?xf32> -> tensor<8xf32>
  return %0, %1, %2, %3, %4 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// Two allocations are two buffers; a barrier stays; equal loads of a buffer are
// one until a store to it.
// CSE-LABEL: func.func @shared
// CSE-COUNT-2: tile.alloc_shared
// CSE:         tile.load_shared
// CSE-NOT:     tile.load_shared
// CSE:         tile.store_shared
// CSE:         tile.load_shared
// CSE:         tile.barrier
// CSE:         tile.load_shared
// CANON-LABEL: func.func @shared
// CANON-COUNT-2: tile.alloc_shared
// CANON:         tile.barrier
// LICM-LABEL: func.func @shared
func.func @shared(%v: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %a = tile.alloc_shared : !tile.shared<8xf32>
  %b = tile.alloc_shared : !tile.shared<8xf32>
  tile.store_shared %v, %b : tensor<8xf32>, !tile.shared<8xf32>
  %0 = tile.load_shared %a : !tile.shared<8xf32> -> tensor<8xf32>
  %1 = tile.load_shared %a : !tile.shared<8xf32> -> tensor<8xf32>
  tile.store_shared %v, %a : tensor<8xf32>, !tile.shared<8xf32>
  %2 = tile.load_shared %a : !tile.shared<8xf32> -> tensor<8xf32>
  tile.barrier
  %3 = tile.load_shared %a : !tile.shared<8xf32> -> tensor<8xf32>
  return %0, %1, %2, %3 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// What nobody reads goes, unless it writes.
// CSE-LABEL: func.func @unused
// CANON-LABEL: func.func @unused
// CANON-NOT:     tile.load
// CANON-NOT:     tile.gather
// CANON-NOT:     tile.alloc_shared
// CANON-NOT:     tile.reduce
// CANON-NOT:     tile.mma
// CANON:         tile.atomic_rmw
// CANON-NEXT:    return
// LICM-LABEL: func.func @unused
func.func @unused(%m: memref<?xf32>, %i: index, %v: tensor<8xf32>, %at: tensor<8xi32>, %s: tensor<8x8xf32>) {
  %0 = tile.load %m[%i] : memref<?xf32> -> tensor<8xf32>
  %1 = tile.gather %m[%at] : memref<?xf32>, (tensor<8xi32>) -> tensor<8xf32>
  %2 = tile.alloc_shared : !tile.shared<8xf32>
  %3 = tile.reduce %v axis 0 identity [0.0 : f32] : (tensor<8xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    tile.yield %r : f32
  }
  %4 = tile.mma %s, %s, %s : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
  %5 = tile.atomic_rmw addf %v, %m[%at] : tensor<8xf32>, memref<?xf32>, (tensor<8xi32>)
  return
}

// What computes only leaves a loop; what reads memory stays: the loop may store,
// and may not run at all.
// CSE-LABEL: func.func @loop
// CANON-LABEL: func.func @loop
// LICM-LABEL: func.func @loop
// LICM:         tile.convert
// LICM:         tile.reduce
// LICM:         scf.for
// LICM:           tile.load
// LICM:           tile.store
func.func @loop(%m: memref<?xf32>, %n: index, %v: tensor<8xf16>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %0 = tile.load %m[%c0] : memref<?xf32> -> tensor<8xf32>
    %1 = tile.convert %v : tensor<8xf16> to tensor<8xf32>
    %2 = tile.reduce %1 axis 0 identity [0.0 : f32] : (tensor<8xf32>) -> (f32) {
    ^bb0(%a: f32, %b: f32):
      %r = arith.addf %a, %b : f32
      tile.yield %r : f32
    }
    %3 = tile.broadcast %2 : f32 to tensor<8xf32>
    %4 = arith.addf %3, %0 : tensor<8xf32>
    tile.store %4, %m[%i] : tensor<8xf32>, memref<?xf32>
  }
  return
}

// A region with a division may trap: the reduction stays in its loop.
// CSE-LABEL: func.func @trapping_region
// CANON-LABEL: func.func @trapping_region
// LICM-LABEL: func.func @trapping_region
// LICM:         scf.for
// LICM:           tile.reduce
func.func @trapping_region(%m: memref<?xi32>, %n: index, %v: tensor<8xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %0 = tile.reduce %v axis 0 identity [1 : i32] : (tensor<8xi32>) -> (i32) {
    ^bb0(%a: i32, %b: i32):
      %r = arith.divsi %a, %b : i32
      tile.yield %r : i32
    }
    tile.store %0, %m[%i] : i32, memref<?xi32>
  }
  return
}
