// RUN: tile-opt -split-input-file -convert-tile-to-host=chip=x86-64-v3 -canonicalize -cse %s \
// RUN:   | FileCheck %s --check-prefixes=CHECK,V3
// RUN: tile-opt -split-input-file -convert-tile-to-host=chip=x86-64-v4 -canonicalize -cse %s \
// RUN:   | FileCheck %s --check-prefixes=CHECK,V4

// Loads, arithmetic and the store are one loop over registers, and nothing goes
// through scratch. Partial tiles have a loop of their own, with masks.
// CHECK-LABEL: llvm.func @add
//  CHECK-SAME:   tile.scratch_bytes = 0 : i64
//       CHECK:   scf.for
//       CHECK:     scf.if
//       CHECK:       scf.for
//          V3:         llvm.load {{.*}} -> vector<8xf32>
//          V3:         llvm.load {{.*}} -> vector<8xf32>
//          V3:         arith.addf {{.*}} : vector<8xf32>
//          V3:         llvm.store {{.*}} : vector<8xf32>
//          V4:         arith.addf {{.*}} : vector<16xf32>
//       CHECK:     } else {
//       CHECK:       scf.for
//       CHECK:         llvm.intr.masked.load
//       CHECK:         llvm.intr.masked.load
//       CHECK:         llvm.intr.masked.store
tile.kernel @add(%a: memref<?xf32> {tile.noalias}, %b: memref<?xf32> {tile.noalias}, %c: memref<?xf32> {tile.dims = ["N"], tile.noalias})
    grid ["N"] affine_map<()[N] -> (N ceildiv 1024)> {
  %n = arith.constant 1024 : index
  %p = tile.program_id 0
  %i = arith.muli %p, %n : index
  %x = tile.load %a[%i] : memref<?xf32> -> tensor<1024xf32>
  %y = tile.load %b[%i] : memref<?xf32> -> tensor<1024xf32>
  %z = arith.addf %x, %y : tensor<1024xf32>
  tile.store %z, %c[%i] : tensor<1024xf32>, memref<?xf32>
  tile.return
}

// -----

// What may be overwritten before it is used is read where the load stands: one
// loop into scratch, one out of it.
// CHECK-LABEL: llvm.func @may_alias
//  CHECK-SAME:   tile.scratch_bytes = 4096 : i64
tile.kernel @may_alias(%a: memref<?xf32>, %c: memref<?xf32> {tile.dims = ["N"]})
    grid ["N"] affine_map<()[N] -> (N ceildiv 1024)> {
  %n = arith.constant 1024 : index
  %p = tile.program_id 0
  %i = arith.muli %p, %n : index
  %x = tile.load %a[%i] : memref<?xf32> -> tensor<1024xf32>
  tile.store %x, %c[%i] : tensor<1024xf32>, memref<?xf32>
  tile.return
}

// -----

// The same elements at the same place: an update in place needs no copy.
// CHECK-LABEL: llvm.func @in_place
//  CHECK-SAME:   tile.scratch_bytes = 0 : i64
tile.kernel @in_place(%c: memref<?xf32> {tile.dims = ["N"]})
    grid ["N"] affine_map<()[N] -> (N ceildiv 1024)> {
  %n = arith.constant 1024 : index
  %p = tile.program_id 0
  %i = arith.muli %p, %n : index
  %x = tile.load %c[%i] : memref<?xf32> -> tensor<1024xf32>
  %y = arith.mulf %x, %x : tensor<1024xf32>
  tile.store %y, %c[%i] : tensor<1024xf32>, memref<?xf32>
  tile.return
}

// -----

// A costly value with two users is computed once; the value per row is read
// before the loop over columns.
// CHECK-LABEL: llvm.func @two_users
//  CHECK-SAME:   tile.scratch_bytes = 16640 : i64
//       CHECK:   math.sqrt
//   CHECK-NOT:   math.sqrt
//       CHECK:   llvm.return
tile.kernel @two_users(%a: memref<64x64xf32> {tile.noalias}, %c: memref<64x64xf32> {tile.noalias}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0, %c0] : memref<64x64xf32> -> tensor<64x64xf32>
  %y = math.sqrt %x : tensor<64x64xf32>
  %z = math.absf %y : tensor<64x64xf32>
  %s = tile.reduce %z axis 1 identity [0.0 : f32] : (tensor<64x64xf32>) -> (tensor<64xf32>) {
  ^bb0(%l: f32, %r: f32):
    %t = arith.addf %l, %r : f32
    tile.yield %t : f32
  }
  %u = tile.reshape %s : tensor<64xf32> to tensor<64x1xf32>
  %v = tile.broadcast %u : tensor<64x1xf32> to tensor<64x64xf32>
  %w = arith.addf %z, %v : tensor<64x64xf32>
  tile.store %w, %c[%c0, %c0] : tensor<64x64xf32>, memref<64x64xf32>
  tile.return
}
