// RUN: tile-opt -split-input-file -convert-tile-to-host=chip=x86-64-v3 -canonicalize -cse %s | FileCheck %s

// A transpose writes whole lines past the caches: two blocks of 8x8 for a line
// of 64 bytes, one after the other. Whether it may is asked of the array's
// address, size and strides and of the tile's place.
// CHECK-LABEL: llvm.func @transpose
//       CHECK:   llvm.ptrtoint
//       CHECK:   llvm.store {{.*}} {alignment = 16 : i64, nontemporal} : vector<8xf32>, !llvm.ptr
//  CHECK-NEXT:   arith.addi
//  CHECK-NEXT:   llvm.getelementptr
//  CHECK-NEXT:   llvm.store {{.*}} {alignment = 16 : i64, nontemporal} : vector<8xf32>, !llvm.ptr
//       CHECK: } else {
//   CHECK-NOT:   nontemporal
//       CHECK:   llvm.call_intrinsic "llvm.x86.sse.sfence"
tile.kernel @transpose(%x: memref<?x?xf32, strided<[?, 1]>> {tile.dims = ["M", "N"], tile.noalias},
                       %y: memref<?x?xf32, strided<[?, 1]>> {tile.noalias})
    grid ["N", "M"] affine_map<()[N, M] -> (N ceildiv 32, M ceildiv 32)> {
  %c32 = arith.constant 32 : index
  %q = tile.program_id 0
  %p = tile.program_id 1
  %m = arith.muli %p, %c32 : index
  %n = arith.muli %q, %c32 : index
  %t = tile.load %x[%m, %n] : memref<?x?xf32, strided<[?, 1]>> -> tensor<32x32xf32>
  %u = tile.transpose %t [1, 0] : tensor<32x32xf32> to tensor<32x32xf32>
  tile.store %u, %y[%n, %m] : tensor<32x32xf32>, memref<?x?xf32, strided<[?, 1]>>
  tile.return
}

// -----

// What is to stay near, and rows shorter than a line, are written as usual.
// CHECK-LABEL: llvm.func @persist
//   CHECK-NOT:   nontemporal
//   CHECK-NOT:   sfence
tile.kernel @persist(%x: memref<?x?xf32, strided<[?, 1]>> {tile.dims = ["M", "N"], tile.noalias},
                     %y: memref<?x?xf32, strided<[?, 1]>> {tile.noalias},
                     %z: memref<?x?xf32, strided<[?, 1]>> {tile.noalias})
    grid ["N", "M"] affine_map<()[N, M] -> (N ceildiv 32, M ceildiv 8)> {
  %c8 = arith.constant 8 : index
  %c32 = arith.constant 32 : index
  %q = tile.program_id 0
  %p = tile.program_id 1
  %m = arith.muli %p, %c8 : index
  %n = arith.muli %q, %c32 : index
  %t = tile.load %x[%m, %n] : memref<?x?xf32, strided<[?, 1]>> -> tensor<8x32xf32>
  %u = tile.transpose %t [1, 0] : tensor<8x32xf32> to tensor<32x8xf32>
  tile.store %u, %y[%n, %m] : tensor<32x8xf32>, memref<?x?xf32, strided<[?, 1]>>
  tile.store %t, %z[%m, %n] {cache = #tile.cache<persist>} : tensor<8x32xf32>, memref<?x?xf32, strided<[?, 1]>>
  tile.return
}
