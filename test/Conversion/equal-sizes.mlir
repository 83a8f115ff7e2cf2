// RUN: tile-opt -split-input-file -tile-to-amdgpu=chip=gfx942 %s | FileCheck %s --check-prefixes=CHECK,GPU
// RUN: tile-opt -split-input-file -convert-tile-to-host=chip=x86-64-v4 -canonicalize -cse %s | FileCheck %s --check-prefixes=CHECK,HOST

// Sizes of one name are equal: the first is the bound of all three arguments,
// the others are not read.
// CHECK-LABEL: llvm.func {{.*}}@one_name
//  GPU-SAME:     (%{{.*}}: !llvm.ptr<1> {llvm.noalias}, %[[N:.*]]: i64, %{{.*}}: !llvm.ptr<1> {llvm.noalias}, %[[B:.*]]: i64, %{{.*}}: !llvm.ptr<1> {llvm.noalias}, %[[C:.*]]: i64)
//       GPU:     llvm.sub %[[N]],
//   GPU-NOT:     llvm.sub %[[B]],
//   GPU-NOT:     llvm.sub %[[C]],
//       GPU:     llvm.return
//      HOST:     %[[N:.*]] = llvm.load {{.*}} {alignment = 8 : i64} : !llvm.ptr -> i64
//  HOST-NOT:     llvm.load {{.*}} -> i64
//      HOST:     arith.subi %[[N]],
//      HOST:     llvm.return
tile.kernel @one_name(%a: memref<?xf32> {tile.dims = ["N"], tile.noalias}, %b: memref<?xf32> {tile.dims = ["N"], tile.noalias}, %c: memref<?xf32> {tile.dims = ["N"], tile.noalias})
    grid ["N"] affine_map<()[N] -> (N ceildiv 256)> {
  %n = arith.constant 256 : index
  %p = tile.program_id 0
  %i = arith.muli %p, %n : index
  %x = tile.load %a[%i] : memref<?xf32> -> tensor<256xf32>
  %y = tile.load %b[%i] : memref<?xf32> -> tensor<256xf32>
  %z = arith.addf %x, %y : tensor<256xf32>
  tile.store %z, %c[%i] : tensor<256xf32>, memref<?xf32>
  tile.return
}

// -----

// A static size of that name is the bound, wherever it stands; sizes without a
// name are their own.
// CHECK-LABEL: llvm.func {{.*}}@static
//  GPU-SAME:     (%{{.*}}: !llvm.ptr<1> {llvm.noalias}, %[[A:.*]]: i64, %{{.*}}: !llvm.ptr<1> {llvm.noalias}, %[[B:.*]]: i64, %{{.*}}: !llvm.ptr<1> {llvm.noalias})
//   GPU-NOT:     llvm.sub %[[A]],
//       GPU:     llvm.sub %[[B]],
//   GPU-NOT:     llvm.sub %[[A]],
//       GPU:     llvm.return
//      HOST:     %[[B:.*]] = llvm.load {{.*}} {alignment = 8 : i64} : !llvm.ptr -> i64
//  HOST-NOT:     llvm.load {{.*}} -> i64
//      HOST:     arith.subi %[[B]],
//      HOST:     llvm.return
tile.kernel @static(%a: memref<?xf32> {tile.dims = ["N"], tile.noalias}, %b: memref<?xf32> {tile.dims = [""], tile.noalias}, %c: memref<1000xf32> {tile.dims = ["N"], tile.noalias})
    grid ["N"] affine_map<()[N] -> (N ceildiv 256)> {
  %n = arith.constant 256 : index
  %p = tile.program_id 0
  %i = arith.muli %p, %n : index
  %x = tile.load %a[%i] : memref<?xf32> -> tensor<256xf32>
  %y = tile.load %b[%i] : memref<?xf32> -> tensor<256xf32>
  %z = arith.addf %x, %y : tensor<256xf32>
  tile.store %z, %c[%i] : tensor<256xf32>, memref<1000xf32>
  tile.return
}
