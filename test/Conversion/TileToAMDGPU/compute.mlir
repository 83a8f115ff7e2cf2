// compute.mlir - mma, reductions, scans and moves between lanes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: tile-opt --convert-tile-to-amdgpu=chip=gfx942 %s | FileCheck %s
// RUN: tile-opt --convert-tile-to-amdgpu=chip=gfx942 -cse -convert-scf-to-cf \
// RUN:   -convert-math-to-llvm -convert-arith-to-llvm -convert-cf-to-llvm \
// RUN:   -reconcile-unrealized-casts %s | mlir-translate --mlir-to-llvmir \
// RUN:   | llc -mtriple=amdgcn-amd-amdhsa -mcpu=gfx942 -o /dev/null

#a = #tile.layout<reg = [[0, 1], [0, 2]], lane = [[1, 0], [2, 0], [4, 0], [8, 0], [0, 4], [0, 8]], wave = []>
#b = #tile.layout<reg = [[1, 0], [2, 0]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [4, 0], [8, 0]], wave = []>
#c = #tile.layout<reg = [[1, 0], [2, 0]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [4, 0], [8, 0]], wave = []>
#l = #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = []>
#swapped = #tile.layout<reg = [], lane = [[2], [1], [4], [8], [16], [32]], wave = []>
#rows = #tile.layout<reg = [[1, 0]], lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], wave = []>

// CHECK-LABEL: @mma(
//       CHECK:   llvm.call_intrinsic "llvm.amdgcn.mfma.f32.16x16x16f16"
//  CHECK-SAME:     (vector<4xf16>, vector<4xf16>, vector<4xf32>, i32, i32, i32) -> vector<4xf32>
tile.kernel @mma(%x: memref<?x?xf16> {tile.name = "x"}, %y: memref<?x?xf32> {tile.name = "y"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<?x?xf16> -> tensor<16x16xf16, #a>
  %b = tile.load %x[%c0, %c0] : memref<?x?xf16> -> tensor<16x16xf16, #b>
  %c = arith.constant dense<0.0> : tensor<16x16xf32, #c>
  %d = tile.mma %a, %b, %c {atom = "mfma_f32_16x16x16_f16"} : tensor<16x16xf16, #a>, tensor<16x16xf16, #b>, tensor<16x16xf32, #c>
  tile.store %d, %y[%c0, %c0] : tensor<16x16xf32, #c>, memref<?x?xf32>
  tile.return
}

// Positions past the end of the axis count as the identity; then a butterfly.
// CHECK-LABEL: @reduce(
//       CHECK:   arith.cmpi slt
//       CHECK:   arith.select
//       CHECK:   llvm.call_intrinsic "llvm.amdgcn.update.dpp.i32"
//       CHECK:   llvm.call_intrinsic "llvm.amdgcn.update.dpp.i32"
//       CHECK:   llvm.call_intrinsic "llvm.amdgcn.ds.swizzle"
//       CHECK:   llvm.call_intrinsic "llvm.amdgcn.update.dpp.i32"
//       CHECK:   llvm.call_intrinsic "llvm.amdgcn.ds.swizzle"
//       CHECK:   llvm.call_intrinsic "llvm.amdgcn.ds.bpermute"
//       CHECK:   llvm.call_intrinsic "llvm.amdgcn.readfirstlane.i32"
tile.kernel @reduce(%x: memref<?xf32> {tile.name = "x"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0] : memref<?xf32> -> tensor<61xf32, #l>
  %s = tile.reduce %t axis 0 identity [0.0 : f32] : (tensor<61xf32, #l>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    tile.yield %r : f32
  }
  tile.store %s, %x[%c0] : f32, memref<?xf32>
  tile.return
}

// A pair is shuffled value by value, a wide one word by word.
// CHECK-LABEL: @scan(
//       CHECK:   arith.select
//       CHECK:   arith.addi %{{.*}} : i64
tile.kernel @scan(%x: memref<?xi64> {tile.name = "x"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0] : memref<?xi64> -> tensor<64xi64, #l>
  %s = tile.scan %t axis 0 identity [0 : i64] {exclusive, reverse} : (tensor<64xi64, #l>) -> (tensor<64xi64, #l>) {
  ^bb0(%a: i64, %b: i64):
    %r = arith.addi %a, %b : i64
    tile.yield %r : i64
  }
  tile.store %s, %x[%c0] : tensor<64xi64, #l>, memref<?xi64>
  tile.return
}

// CHECK-LABEL: @relayout(
//       CHECK:   llvm.call_intrinsic "llvm.amdgcn.ds.bpermute"
tile.kernel @relayout(%x: memref<?xf16> {tile.name = "x"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0] : memref<?xf16> -> tensor<64xf16, #l>
  %r = tile.relayout %t : tensor<64xf16, #l> to tensor<64xf16, #swapped>
  tile.store %r, %x[%c0] : tensor<64xf16, #swapped>, memref<?xf16>
  tile.return
}

// The barrier orders shared and global memory.
// CHECK-LABEL: @shared(
//       CHECK:   llvm.store %{{.*}} : f32, !llvm.ptr<3>
//       CHECK:   llvm.fence syncscope("workgroup") release
//  CHECK-NEXT:   llvm.call_intrinsic "llvm.amdgcn.s.barrier"
//  CHECK-NEXT:   llvm.fence syncscope("workgroup") acquire
//       CHECK:   llvm.load %{{.*}} : !llvm.ptr<3> -> f32
tile.kernel @shared(%x: memref<?x?xf32> {tile.name = "x"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<?x?xf32> -> tensor<2x64xf32, #rows>
  %s = tile.alloc_shared {offset = 0 : i64} : !tile.shared<2x64xf32, #tile.padded<order = [1, 0], interval = 64, pad = 4>>
  tile.store_shared %t, %s : tensor<2x64xf32, #rows>, !tile.shared<2x64xf32, #tile.padded<order = [1, 0], interval = 64, pad = 4>>
  tile.barrier
  %u = tile.load_shared %s : !tile.shared<2x64xf32, #tile.padded<order = [1, 0], interval = 64, pad = 4>> -> tensor<2x64xf32, #rows>
  tile.store %u, %x[%c0, %c0] : tensor<2x64xf32, #rows>, memref<?x?xf32>
  tile.return
}

// What lanes hold of a constant is known for registers, else read from memory.
// CHECK-LABEL: @values(
//       CHECK:   llvm.load %{{.*}} : !llvm.ptr<4> -> i32
tile.kernel @values(%x: memref<?x?xi32> {tile.name = "x"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %i = tile.iota dim 1 : tensor<2x64xi32, #rows>
  %k = arith.constant dense<"0x000000000100000002000000030000000400000005000000060000000700000008000000090000000a0000000b0000000c0000000d0000000e0000000f000000100000001100000012000000130000001400000015000000160000001700000018000000190000001a0000001b0000001c0000001d0000001e0000001f000000200000002100000022000000230000002400000025000000260000002700000028000000290000002a0000002b0000002c0000002d0000002e0000002f000000300000003100000032000000330000003400000035000000360000003700000038000000390000003a0000003b0000003c0000003d0000003e0000003f000000400000004100000042000000430000004400000045000000460000004700000048000000490000004a0000004b0000004c0000004d0000004e0000004f000000500000005100000052000000530000005400000055000000560000005700000058000000590000005a0000005b0000005c0000005d0000005e0000005f000000600000006100000062000000630000006400000065000000660000006700000068000000690000006a0000006b0000006c0000006d0000006e0000006f000000700000007100000072000000730000007400000075000000760000007700000078000000790000007a0000007b0000007c0000007d0000007e0000007f000000"> : tensor<2x64xi32, #rows>
  %s = arith.addi %i, %k : tensor<2x64xi32, #rows>
  tile.store %s, %x[%c0, %c0] : tensor<2x64xi32, #rows>, memref<?x?xi32>
  tile.return
}

// 8-bit floats are bytes, converted by integer arithmetic.
// CHECK-LABEL: @convert(
//       CHECK:   llvm.load %{{.*}} -> i8
//       CHECK:   arith.select
tile.kernel @convert(%x: memref<?xf8E5M2> {tile.name = "x"}, %y: memref<?xf16> {tile.name = "y"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0] : memref<?xf8E5M2> -> tensor<64xf8E5M2, #l>
  %u = tile.convert %t : tensor<64xf8E5M2, #l> to tensor<64xf16, #l>
  tile.store %u, %y[%c0] : tensor<64xf16, #l>, memref<?xf16>
  tile.return
}
