// kernel.mlir - signatures, grids and control flow.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: tile-opt --convert-tile-to-nvptx=chip=sm_80 %s | FileCheck %s
// RUN: tile-opt --convert-tile-to-nvptx=chip=sm_80 -cse -convert-scf-to-cf \
// RUN:   -convert-math-to-llvm -convert-arith-to-llvm -convert-cf-to-llvm \
// RUN:   -reconcile-unrealized-casts %s | mlir-translate --mlir-to-llvmir \
// RUN:   | llc -mtriple=nvptx64-nvidia-cuda -mcpu=sm_80 -mattr=+ptx80 -o /dev/null

#l = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16]], wave = []>

// One pointer, then dynamic sizes, then dynamic strides of strided memrefs; i1
// and 8-bit floats are bytes, index is i64.
// CHECK-LABEL: llvm.func @signature(
//  CHECK-SAME:   !llvm.ptr<1> {llvm.align = 16 : i64, llvm.noalias}, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: i8, %{{.*}}: i64, %{{.*}}: i8)
//  CHECK-SAME:   nvvm.kernel
//  CHECK-SAME:   nvvm.reqntid = array<i32: 32, 1, 1>
tile.kernel @signature(
    %m: memref<?x4xf32, strided<[?, 1]>> {tile.name = "m", tile.align = 16 : i64, tile.noalias},
    %b: i1 {tile.name = "b"}, %n: index {tile.name = "n"}, %f: f8E5M2 {tile.name = "f"})
    grid [] affine_map<() -> (1)> {
  tile.return
}

// The grid is linear, its first dimension the fastest; the last one needs no
// remainder.
// CHECK-LABEL: @grid(
//       CHECK:   %[[ID:.+]] = llvm.call_intrinsic "llvm.nvvm.read.ptx.sreg.ctaid.x"
//       CHECK:   %[[N:.+]] = arith.trunci %{{.*}} : i64 to i32
//       CHECK:   arith.remui %[[ID]], %[[N]] : i32
//       CHECK:   arith.divui %[[ID]], %[[N]] : i32
//   CHECK-NOT:   arith.remui
tile.kernel @grid(%x: memref<?x?xi64> {tile.name = "x", tile.dims = ["M", "N"]})
    grid ["M", "N"] affine_map<()[m, n] -> (m ceildiv 2, n)> {
  %p = tile.program_id 0
  %q = tile.program_id 1
  %v = arith.index_cast %p : index to i64
  tile.store %v, %x[%p, %q] : i64, memref<?x?xi64>
  tile.return
}

// Tiles in control flow are as many values as they have chunks of registers.
// CHECK-LABEL: @loop(
//       CHECK:   scf.for %{{.*}} iter_args(%{{.*}}) -> (f32) : i64
//       CHECK:     math.fma
//       CHECK:     scf.if %{{.*}} -> (f32)
tile.kernel @loop(%x: memref<?xf32> {tile.name = "x"}, %n: index {tile.name = "n"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = tile.load %x[%c0] : memref<?xf32> -> tensor<32xf32, #l>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %t) -> (tensor<32xf32, #l>) {
    %u = math.fma %s, %s, %t : tensor<32xf32, #l>
    %small = arith.cmpi slt, %i, %c1 : index
    %v = scf.if %small -> (tensor<32xf32, #l>) {
      scf.yield %u : tensor<32xf32, #l>
    } else {
      scf.yield %t : tensor<32xf32, #l>
    }
    scf.yield %v : tensor<32xf32, #l>
  }
  tile.store %r, %x[%c0] : tensor<32xf32, #l>, memref<?xf32>
  tile.return
}
