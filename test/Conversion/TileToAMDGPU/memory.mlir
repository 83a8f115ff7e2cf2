// memory.mlir - accesses of global memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: tile-opt --convert-tile-to-amdgpu=chip=gfx942 %s | FileCheck %s
// RUN: tile-opt --convert-tile-to-amdgpu=chip=gfx942 -cse -convert-scf-to-cf \
// RUN:   -convert-math-to-llvm -convert-arith-to-llvm -convert-cf-to-llvm \
// RUN:   -reconcile-unrealized-casts %s | mlir-translate --mlir-to-llvmir \
// RUN:   | llc -mtriple=amdgcn-amd-amdhsa -mcpu=gfx942 -o /dev/null

#four = #tile.layout<reg = [[1], [2]], lane = [[4], [8], [16], [32], [64], [128]], wave = []>
#one = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = []>

// One predicate and one access for the whole vector; out of bounds the lane
// reads a page of zeros, which is the padding.
// CHECK-LABEL: @vectors(
//       CHECK:   %[[IN:.+]] = arith.cmpi slt
//       CHECK:   %[[P:.+]] = llvm.select %[[IN]], %{{.*}}, %{{.*}} : i1, !llvm.ptr<1>
//       CHECK:   llvm.load %[[P]] {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
//   CHECK-NOT:   llvm.select
//       CHECK:   scf.if
//  CHECK-NEXT:     llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xf32>
tile.kernel @vectors(%x: memref<?xf32> {tile.name = "x", tile.divisible = array<i64: 4>}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0] {tile.vector = 4 : i64} : memref<?xf32> -> tensor<256xf32, #four>
  tile.store %t, %x[%c0] {tile.vector = 4 : i64} : tensor<256xf32, #four>, memref<?xf32>
  tile.return
}

// Another padding is selected behind the load; an i1 is a byte.
// CHECK-LABEL: @padding(
//       CHECK:   llvm.load %{{.*}} : !llvm.ptr<1> -> i8
//       CHECK:   %[[V:.+]] = arith.cmpi ne
//       CHECK:   llvm.select %{{.*}}, %[[V]], %{{.*}} : i1, i1
//       CHECK:   arith.extui %{{.*}} : i1 to i8
tile.kernel @padding(%x: memref<?xi1> {tile.name = "x"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %true = arith.constant true
  %t = tile.load %x[%c0] padding %true {cache = #tile.cache<stream>} : memref<?xi1> -> tensor<64xi1, #one>
  tile.store %t, %x[%c0] : tensor<64xi1, #one>, memref<?xi1>
  tile.return
}

// A scalar is stored by the first thread alone.
// CHECK-LABEL: @scalar(
//       CHECK:   %[[T:.+]] = llvm.call_intrinsic "llvm.amdgcn.workitem.id.x"
//       CHECK:   %[[FIRST:.+]] = arith.cmpi eq, %[[T]],
//       CHECK:   scf.if %[[FIRST]]
tile.kernel @scalar(%x: memref<?xf16> {tile.name = "x"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %s = tile.load %x[%c0] : memref<?xf16> -> f16
  tile.store %s, %x[%c0] : f16, memref<?xf16>
  tile.return
}

// Indices are compared as unsigned: negative ones are outside, too.
// CHECK-LABEL: @atomics(
//       CHECK:   arith.cmpi ult, %{{.*}} : i64
//       CHECK:   llvm.atomicrmw fadd %{{.*}} syncscope("agent") monotonic {alignment = 4 : i64, rocdl.ignore_denormal_mode, rocdl.no_fine_grained_memory, rocdl.no_remote_memory}
tile.kernel @atomics(%x: memref<?xf32> {tile.name = "x"}, %k: memref<?xi32> {tile.name = "k"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %i = tile.load %k[%c0] : memref<?xi32> -> tensor<64xi32, #one>
  %v = tile.gather %x[%i] : memref<?xf32>, (tensor<64xi32, #one>) -> tensor<64xf32, #one>
  %o = tile.atomic_rmw addf %v, %x[%i] : tensor<64xf32, #one>, memref<?xf32>, (tensor<64xi32, #one>)
  tile.return
}

// No instruction has 8-bit floats: a loop of compare and exchange.
// CHECK-LABEL: @atomic_fp8(
//       CHECK:   scf.while
//       CHECK:     llvm.cmpxchg %{{.*}} syncscope("agent") monotonic monotonic
tile.kernel @atomic_fp8(%x: memref<?xf8E5M2> {tile.name = "x"}, %v: f8E5M2 {tile.name = "v"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %o = tile.atomic_rmw addf %v, %x[%c0] : f8E5M2, memref<?xf8E5M2>, (index)
  tile.return
}

// What a bound says of a size is said to LLVM.
// CHECK-LABEL: llvm.func{{.*}} @bounds(
//  CHECK-SAME:   %{{[^:]+}}: !llvm.ptr<1>, %{{[^:]+}}: i64 {llvm.range = #llvm.constant_range<i64, 0, 1025>}, %{{[^:]+}}: i64, %{{[^:]+}}: i64, %{{[^:]+}}: i64)
tile.kernel @bounds(%x: memref<?x4x?xf32, strided<[?, ?, 1]>> {tile.name = "x", tile.at_most = array<i64: 1024, -1, -1>}) grid [] affine_map<() -> (1)> {
  tile.return
}
