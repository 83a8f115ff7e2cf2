// RUN: tile-opt -split-input-file -convert-tile-to-host=chip=x86-64-v3 -canonicalize -cse %s | FileCheck %s

// Rows of a tile are runs far from each other: each vector prefetches its line
// of the next iteration, which is 512 elements of 4 bytes further on. Partial
// tiles are the last ones of a row and prefetch nothing.
// CHECK-LABEL: llvm.func @rows
//       CHECK:   llvm.load {{.*}} -> vector<8xf32>
//       CHECK:   %[[NEXT:.*]] = llvm.getelementptr %[[AT:.*]][512] : (!llvm.ptr) -> !llvm.ptr, f32
//  CHECK-NEXT:   "llvm.intr.prefetch"(%[[NEXT]]) <{cache = 1 : i32, hint = 3 : i32, rw = 0 : i32}>
//  CHECK-NEXT:   llvm.load %[[AT]] {{.*}} -> vector<8xf32>
//       CHECK: } else {
//   CHECK-NOT:   prefetch
tile.kernel @rows(%x: memref<?x?xf32, strided<[?, 1]>> {tile.noalias}, %y: memref<?xf32> {tile.dims = ["M"], tile.noalias})
    grid ["M"] affine_map<()[M] -> (M ceildiv 4)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c512 = arith.constant 512 : index
  %p = tile.program_id 0
  %row = arith.muli %p, %c4 : index
  %size = memref.dim %x, %c1 : memref<?x?xf32, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<4x512xf32>
  %sum = scf.for %i = %c0 to %size step %c512 iter_args(%acc = %zero) -> (tensor<4x512xf32>) {
    %t = tile.load %x[%row, %i] : memref<?x?xf32, strided<[?, 1]>> -> tensor<4x512xf32>
    %next = arith.addf %acc, %t : tensor<4x512xf32>
    scf.yield %next : tensor<4x512xf32>
  }
  %r = tile.reduce %sum axis 1 identity [0.0 : f32] : (tensor<4x512xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    tile.yield %s : f32
  }
  tile.store %r, %y[%row] : tensor<4xf32>, memref<?xf32>
  tile.return
}

// -----

// What is read twice is prefetched once, here by the four vectors of the first
// reduction; the step is the loop's, scaled.
// CHECK-LABEL: llvm.func @twice
// CHECK-COUNT-4:   llvm.intr.prefetch
//     CHECK-NOT:   llvm.intr.prefetch
tile.kernel @twice(%x: memref<?x?xf32, strided<[?, 1]>> {tile.noalias}, %y: memref<?xf32> {tile.dims = ["M"], tile.noalias}, %n: index)
    grid ["M"] affine_map<()[M] -> (M ceildiv 4)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c64 = arith.constant 64 : index
  %p = tile.program_id 0
  %row = arith.muli %p, %c4 : index
  %low = arith.constant dense<0xFF800000> : tensor<4xf32>
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%m0 = %low, %s0 = %zero) -> (tensor<4xf32>, tensor<4xf32>) {
    %at = arith.muli %i, %c64 : index
    %t = tile.load %x[%row, %at] : memref<?x?xf32, strided<[?, 1]>> -> tensor<4x64xf32>
    %m = tile.reduce %t axis 1 identity [0xFF800000 : f32] : (tensor<4x64xf32>) -> (tensor<4xf32>) {
    ^bb0(%a: f32, %b: f32):
      %v = arith.maximumf %a, %b : f32
      tile.yield %v : f32
    }
    %s = tile.reduce %t axis 1 identity [0.0 : f32] : (tensor<4x64xf32>) -> (tensor<4xf32>) {
    ^bb0(%a: f32, %b: f32):
      %v = arith.addf %a, %b : f32
      tile.yield %v : f32
    }
    %m1 = arith.maximumf %m0, %m : tensor<4xf32>
    %s1 = arith.addf %s0, %s : tensor<4xf32>
    scf.yield %m1, %s1 : tensor<4xf32>, tensor<4xf32>
  }
  %sum = arith.addf %r#0, %r#1 : tensor<4xf32>
  tile.store %sum, %y[%row] : tensor<4xf32>, memref<?xf32>
  tile.return
}

// -----

// One row goes on where it ends, which the CPU sees by itself; and a step that
// changes is not known.
// CHECK-LABEL: llvm.func @no_prefetch
//   CHECK-NOT:   prefetch
tile.kernel @no_prefetch(%x: memref<?x?xf32, strided<[?, 1]>> {tile.noalias}, %y: memref<?xf32> {tile.dims = ["M"], tile.noalias})
    grid ["M"] affine_map<()[M] -> (M)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c512 = arith.constant 512 : index
  %row = tile.program_id 0
  %size = memref.dim %x, %c1 : memref<?x?xf32, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<512xf32>
  %sum = scf.for %i = %c0 to %size step %c512 iter_args(%acc = %zero) -> (tensor<512xf32>) {
    %t = tile.load %x[%row, %i] : memref<?x?xf32, strided<[?, 1]>> -> tensor<512xf32>
    %square = arith.muli %i, %i : index
    %far = tile.load %x[%square, %i] : memref<?x?xf32, strided<[?, 1]>> -> tensor<4x512xf32>
    %rows = tile.reduce %far axis 0 identity [0.0 : f32] : (tensor<4x512xf32>) -> (tensor<512xf32>) {
    ^bb0(%a: f32, %b: f32):
      %v = arith.addf %a, %b : f32
      tile.yield %v : f32
    }
    %both = arith.addf %t, %rows : tensor<512xf32>
    %next = arith.addf %acc, %both : tensor<512xf32>
    scf.yield %next : tensor<512xf32>
  }
  %r = tile.reduce %sum axis 0 identity [0.0 : f32] : (tensor<512xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    tile.yield %s : f32
  }
  tile.store %r, %y[%row] : f32, memref<?xf32>
  tile.return
}
