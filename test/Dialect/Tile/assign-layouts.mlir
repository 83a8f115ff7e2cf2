// RUN: tile-opt %s -split-input-file --tile-choose-schedule=chip=gfx942 \
// RUN:   --tile-assign-layouts -canonicalize -cse | FileCheck %s
// RUN: tile-opt %s -split-input-file --tile-choose-schedule=chip=gfx942 \
// RUN:   --tile-assign-layouts --tile-assign-layouts -canonicalize -cse \
// RUN:   | FileCheck %s

// Without facts a lane accesses one element, neighbouring lanes neighbours.
// CHECK: #[[L:.+]] = #tile.layout<reg = {{\[}}[256], [512]], lane = {{\[}}[1], [2], [4], [8], [16], [32]], wave = {{\[}}[64], [128]]>
// CHECK-LABEL: tile.kernel @no_facts
//   CHECK-NOT:   tile.vector
//       CHECK:   tile.load %{{.*}} -> tensor<1024xf32, #[[L]]>
tile.kernel @no_facts(%a: memref<?xf32>, %b: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<1024xf32>
  tile.store %x, %b[%c0] : tensor<1024xf32>, memref<?xf32>
  tile.return
}

// -----

// Alignment, size and index all say 16 bytes: 4 elements per access. The store
// knows only an alignment of 8.
// CHECK: #[[L:.+]] = #tile.layout<reg = {{\[}}[1], [2]], lane = {{\[}}[4], [8], [16], [32], [64], [128]], wave = {{\[}}[256], [512]]>
// CHECK-LABEL: tile.kernel @facts
//       CHECK:   tile.load %{{.*}} {tile.vector = 4 : i64} : memref<?xf32> -> tensor<1024xf32, #[[L]]>
//       CHECK:   tile.store %{{.*}} {tile.vector = 2 : i64} : tensor<1024xf32, #[[L]]>
tile.kernel @facts(%a: memref<?xf32> {tile.name = "a", tile.dims = ["N"], tile.align = 16 : i64, tile.divisible = array<i64: 64>},
                   %b: memref<?xf32> {tile.name = "b", tile.dims = ["N"], tile.align = 8 : i64, tile.divisible = array<i64: 64>},
                   %n: i32 {tile.name = "n", tile.divisible = 4 : i64})
    grid ["N"] affine_map<()[s0] -> (s0 ceildiv 1024)> {
  %c1024 = arith.constant 1024 : index
  %pid = tile.program_id 0
  %i = arith.muli %pid, %c1024 : index
  %m = arith.index_cast %n : i32 to index
  %j = arith.addi %i, %m : index
  %x = tile.load %a[%j] : memref<?xf32> -> tensor<1024xf32>
  tile.store %x, %b[%j] : tensor<1024xf32>, memref<?xf32>
  tile.return
}

// -----

// The index of a loop: multiples of its step. Rows start at multiples of 8
// elements, and so do the columns of each trip.
// CHECK-LABEL: tile.kernel @loop_index
//       CHECK:   tile.load %{{.*}} {tile.vector = 8 : i64}
tile.kernel @loop_index(%a: memref<?x?xf16, strided<[?, 1]>> {tile.name = "a", tile.align = 16 : i64, tile.divisible = array<i64: 1, 8>, tile.stride_divisible = array<i64: 8, 1>},
                        %o: memref<?x?xf16, strided<[?, 1]>> {tile.name = "o"})
    grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %n = memref.dim %a, %c1 : memref<?x?xf16, strided<[?, 1]>>
  scf.for %k = %c0 to %n step %c64 {
    %x = tile.load %a[%c1, %k] : memref<?x?xf16, strided<[?, 1]>> -> tensor<32x64xf16>
    tile.store %x, %o[%c0, %k] : tensor<32x64xf16>, memref<?x?xf16, strided<[?, 1]>>
  }
  tile.return
}

// -----

// 192 = 3 x 64 is covered without padding.
// CHECK: #[[L:.+]] = #tile.layout<reg = [], lane = {{\[}}[1], [2], [4], [8], [16], [32]], wave = [], repeat = [reg 3 dim 0]>
// CHECK-LABEL: tile.kernel @not_a_power_of_two
//       CHECK:   tensor<192xf32, #[[L]]>
tile.kernel @not_a_power_of_two(%a: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<192xf32>
  tile.store %x, %a[%c0] : tensor<192xf32>, memref<?xf32>
  tile.return
}

// -----

// Operands in the layouts of the atom, moved from coalesced loads; constants
// are made where they are wanted, also on the way into a loop.
// CHECK-LABEL: tile.kernel @gemm
//       CHECK:   %[[ZERO:.+]] = arith.constant dense<0.000000e+00> : tensor<64x64xf32, #[[ACC:.+]]>
//       CHECK:   scf.for {{.*}} iter_args(%[[SUM:.+]] = %[[ZERO]]) -> (tensor<64x64xf32, #[[ACC]]>)
//       CHECK:     %[[X:.+]] = tile.load {{.*}} -> tensor<64x32xf16, #[[COALESCED:.+]]>
//       CHECK:     %[[LHS:.+]] = tile.relayout %[[X]] : {{.*}} to tensor<64x32xf16, #[[LHSL:.+]]>
//       CHECK:     %[[Y:.+]] = tile.load
//       CHECK:     %[[RHS:.+]] = tile.relayout %[[Y]] : {{.*}} to tensor<32x64xf16, #[[RHSL:.+]]>
//       CHECK:     tile.mma %[[LHS]], %[[RHS]], %[[SUM]] {atom = "mfma_f32_16x16x16_f16"}
//       CHECK:   %[[OUT:.+]] = tile.convert {{.*}} to tensor<64x64xf16, #[[ACC]]>
//       CHECK:   tile.store %[[OUT]]
tile.kernel @gemm(%a: memref<?x?xf16>, %b: memref<?x?xf16>, %c: memref<?x?xf16>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %n = memref.dim %a, %c1 : memref<?x?xf16>
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %d = scf.for %k = %c0 to %n step %c32 iter_args(%sum = %zero) -> tensor<64x64xf32> {
    %x = tile.load %a[%c0, %k] : memref<?x?xf16> -> tensor<64x32xf16>
    %y = tile.load %b[%k, %c0] : memref<?x?xf16> -> tensor<32x64xf16>
    %e = tile.mma %x, %y, %sum : tensor<64x32xf16>, tensor<32x64xf16>, tensor<64x64xf32>
    scf.yield %e : tensor<64x64xf32>
  }
  %out = tile.convert %d : tensor<64x64xf32> to tensor<64x64xf16>
  tile.store %out, %c[%c0, %c0] : tensor<64x64xf16>, memref<?x?xf16>
  tile.return
}

// -----

// An operand that no loop changes is moved before the loop.
// CHECK-LABEL: tile.kernel @hoisted
//       CHECK:   tile.load
//       CHECK:   tile.relayout
//       CHECK:   scf.for
//   CHECK-NOT:     tile.relayout
//       CHECK:     tile.mma
tile.kernel @hoisted(%a: memref<?x?xf16>, %c: memref<?x?xf32>, %n: index) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %x = tile.load %a[%c0, %c0] : memref<?x?xf16> -> tensor<64x64xf16>
  %d = scf.for %k = %c0 to %n step %c1 iter_args(%sum = %zero) -> tensor<64x64xf32> {
    %one = arith.constant dense<1.0> : tensor<64x64xf16>
    %e = tile.mma %x, %one, %sum : tensor<64x64xf16>, tensor<64x64xf16>, tensor<64x64xf32>
    scf.yield %e : tensor<64x64xf32>
  }
  tile.store %d, %c[%c0, %c0] : tensor<64x64xf32>, memref<?x?xf32>
  tile.return
}

// -----

// The direct way: loads give the atom's layouts.
// CHECK-LABEL: tile.kernel @direct
//   CHECK-NOT:   tile.relayout
//       CHECK:   tile.mma
//   CHECK-NOT:   tile.relayout
//       CHECK:   tile.return
tile.kernel @direct(%a: memref<?x?xf16>, %c: memref<?x?xf32>) grid [] affine_map<() -> (1)> attributes {
    tile.schedule = #tile.schedule<{operands = "direct"}>} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %x = tile.load %a[%c0, %c0] : memref<?x?xf16> -> tensor<64x64xf16>
  %y = tile.load %a[%c0, %c0] : memref<?x?xf16> -> tensor<64x64xf16>
  %e = tile.mma %x, %y, %zero : tensor<64x64xf16>, tensor<64x64xf16>, tensor<64x64xf32>
  tile.store %e, %c[%c0, %c0] : tensor<64x64xf32>, memref<?x?xf32>
  tile.return
}

// -----

// The way through shared memory for results: stored as memory likes it.
// CHECK-LABEL: tile.kernel @stores
//       CHECK:   %[[D:.+]] = tile.mma
//       CHECK:   %[[R:.+]] = tile.relayout %[[D]]
//       CHECK:   tile.store %[[R]], {{.*}} {tile.vector = 4 : i64}
tile.kernel @stores(%a: memref<64x64xf16>, %c: memref<64x64xf32> {tile.align = 16 : i64}) grid [] affine_map<() -> (1)> attributes {
    tile.schedule = #tile.schedule<{stores = "shared"}>} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %x = tile.load %a[%c0, %c0] : memref<64x64xf16> -> tensor<64x64xf16>
  %e = tile.mma %x, %x, %zero : tensor<64x64xf16>, tensor<64x64xf16>, tensor<64x64xf32>
  tile.store %e, %c[%c0, %c0] : tensor<64x64xf32>, memref<64x64xf32>
  tile.return
}

// -----

// fp8 kinds that the chip has no atom for: exact in f16, converted in the
// operand's layout, because the fp8 tile is the smaller one to move.
// CHECK-LABEL: tile.kernel @foreign_fp8
//       CHECK:   tile.relayout {{.*}} : tensor<64x32xf8E4M3FN
//       CHECK:   tile.relayout {{.*}} : tensor<32x64xf8E5M2
//       CHECK:   tile.mma {{.*}} {atom = "mfma_f32_16x16x16_f16"} : tensor<64x32xf16, {{.*}}>, tensor<32x64xf16, {{.*}}>, tensor<64x64xf32
tile.kernel @foreign_fp8(%a: memref<?x?xf8E4M3FN>, %b: memref<?x?xf8E5M2>, %c: memref<?x?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %x = tile.load %a[%c0, %c0] : memref<?x?xf8E4M3FN> -> tensor<64x32xf8E4M3FN>
  %y = tile.load %b[%c0, %c0] : memref<?x?xf8E5M2> -> tensor<32x64xf8E5M2>
  %e = tile.mma %x, %y, %zero : tensor<64x32xf8E4M3FN>, tensor<32x64xf8E5M2>, tensor<64x64xf32>
  tile.store %e, %c[%c0, %c0] : tensor<64x64xf32>, memref<?x?xf32>
  tile.return
}

// -----

// Its own fp8 kinds have one.
// CHECK-LABEL: tile.kernel @own_fp8
//       CHECK:   tile.mma {{.*}} {atom = "mfma_f32_{{.*}}"} : tensor<64x32xf8E4M3FNUZ,
tile.kernel @own_fp8(%a: memref<?x?xf8E4M3FNUZ>, %b: memref<?x?xf8E4M3FNUZ>, %c: memref<?x?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %x = tile.load %a[%c0, %c0] : memref<?x?xf8E4M3FNUZ> -> tensor<64x32xf8E4M3FNUZ>
  %y = tile.load %b[%c0, %c0] : memref<?x?xf8E4M3FNUZ> -> tensor<32x64xf8E4M3FNUZ>
  %e = tile.mma %x, %y, %zero : tensor<64x32xf8E4M3FNUZ>, tensor<32x64xf8E4M3FNUZ>, tensor<64x64xf32>
  tile.store %e, %c[%c0, %c0] : tensor<64x64xf32>, memref<?x?xf32>
  tile.return
}

// -----

// Four waves hold parts of the row: each reduces its own, then all the four.
// CHECK: #[[PARTS:.+]] = #tile.layout<reg = [], lane = {{\[}}[0], [0], [0], [0], [0], [0]], wave = {{\[}}[1], [2]]>
// CHECK: #[[ALL:.+]] = #tile.layout<reg = {{\[}}[1], [2]], lane = {{\[}}[0], [0], [0], [0], [0], [0]], wave = {{\[}}[0], [0]]>
// CHECK-LABEL: tile.kernel @across_waves
//       CHECK:   tile.reshape {{.*}} to tensor<4x4x64xf32,
//       CHECK:   tile.reduce {{.*}} axis 2
//       CHECK:   tile.reduce {{.*}} axis 0 {{.*}} -> (tensor<4xf32, #[[PARTS]]>)
//       CHECK:   tile.relayout {{.*}} : tensor<4xf32, #[[PARTS]]> to tensor<4xf32, #[[ALL]]>
//       CHECK:   tile.reduce {{.*}} axis 0 {{.*}} : (tensor<4xf32, #[[ALL]]>) -> (f32)
tile.kernel @across_waves(%a: memref<?xf32>, %b: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<1024xf32>
  %s = tile.reduce %x axis 0 identity [0.0 : f32] : (tensor<1024xf32>) -> (f32) {
  ^bb0(%l: f32, %r: f32):
    %m = arith.addf %l, %r : f32
    tile.yield %m : f32
  }
  tile.store %s, %b[%c0] : f32, memref<?xf32>
  tile.return
}

// -----

// Rows are spread over the waves instead, where there are enough of them.
// CHECK: #[[X:.+]] = #tile.layout<reg = {{.*}}, lane = {{\[}}[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], wave = {{\[}}[1, 0], [2, 0]]>
// CHECK-LABEL: tile.kernel @within_waves
//       CHECK:   tile.reduce {{.*}} axis 1 {{.*}} : (tensor<4x256xf32, #[[X]]>) -> (tensor<4xf32, #[[S:.+]]>)
//       CHECK:   tile.reshape {{.*}} : tensor<4xf32, #[[S]]>
//       CHECK:   tile.broadcast {{.*}} to tensor<4x256xf32, #[[X]]>
//   CHECK-NOT:   tile.relayout
//       CHECK:   tile.return
tile.kernel @within_waves(%a: memref<?x?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0, %c0] : memref<?x?xf32> -> tensor<4x256xf32>
  %s = tile.reduce %x axis 1 identity [0.0 : f32] : (tensor<4x256xf32>) -> (tensor<4xf32>) {
  ^bb0(%l: f32, %r: f32):
    %m = arith.addf %l, %r : f32
    tile.yield %m : f32
  }
  %t = tile.reshape %s : tensor<4xf32> to tensor<4x1xf32>
  %u = tile.broadcast %t : tensor<4x1xf32> to tensor<4x256xf32>
  %v = arith.divf %x, %u : tensor<4x256xf32>
  tile.store %v, %a[%c0, %c0] : tensor<4x256xf32>, memref<?x?xf32>
  tile.return
}

// -----

// A scan needs its axis in one wave: the waves repeat each other.
// CHECK: #[[X:.+]] = #tile.layout<{{.*}}wave = {{\[}}[0], [0]]>
// CHECK-LABEL: tile.kernel @scan
//       CHECK:   tile.scan {{.*}} : (tensor<1024xi32, #[[X]]>) -> (tensor<1024xi32, #[[X]]>)
tile.kernel @scan(%a: memref<?xi32>, %b: memref<?xi32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xi32> -> tensor<1024xi32>
  %s = tile.scan %x axis 0 identity [0 : i32] : (tensor<1024xi32>) -> (tensor<1024xi32>) {
  ^bb0(%l: i32, %r: i32):
    %m = arith.addi %l, %r : i32
    tile.yield %m : i32
  }
  tile.store %s, %b[%c0] : tensor<1024xi32>, memref<?xi32>
  tile.return
}

// -----

// The old values are with the lanes that did the atomic; the others hold the
// tile too and get them through shared memory.
// CHECK-LABEL: tile.kernel @old_values
//       CHECK:   %[[OLD:.+]] = tile.atomic_rmw
//       CHECK:   %[[B:.+]] = tile.alloc_shared
//       CHECK:   tile.store_shared %[[OLD]], %[[B]]
//       CHECK:   %[[ALL:.+]] = tile.load_shared %[[B]]
//       CHECK:   tile.store %[[ALL]]
tile.kernel @old_values(%a: memref<?xi32>, %b: memref<?xi32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xi32> -> tensor<5xi32>
  %old = tile.atomic_rmw addi %x, %b[%x] : tensor<5xi32>, memref<?xi32>, (tensor<5xi32>)
  tile.store %old, %a[%c0] : tensor<5xi32>, memref<?xi32>
  tile.return
}

// -----

// The halves of a tile stay in their lanes.
// CHECK-LABEL: tile.kernel @halves
//       CHECK:   tile.load
//  CHECK-NEXT:   tile.extract_slice
//  CHECK-NEXT:   tile.extract_slice
//  CHECK-NEXT:   arith.addf
tile.kernel @halves(%a: memref<?x?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0, %c0] : memref<?x?xf32> -> tensor<16x64xf32>
  %l = tile.extract_slice %x [0, 0] : tensor<16x64xf32> to tensor<16x32xf32>
  %r = tile.extract_slice %x [0, 32] : tensor<16x64xf32> to tensor<16x32xf32>
  %y = arith.addf %l, %r : tensor<16x32xf32>
  tile.store %y, %a[%c0, %c0] : tensor<16x32xf32>, memref<?x?xf32>
  tile.return
}

// -----

// Scalars and control flow around tiles.
// CHECK-LABEL: tile.kernel @control
//       CHECK:   scf.while {{.*}} : (tensor<128xf32, #[[L:.+]]>, i32) -> (tensor<128xf32, #[[L]]>, i32)
//       CHECK:   scf.if {{.*}} -> (tensor<128xf32, #[[L]]>)
//   CHECK-NOT:   tile.relayout
//       CHECK:   tile.return
tile.kernel @control(%a: memref<?xf32>, %n: i32) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1 : i32
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<128xf32>
  %r:2 = scf.while (%t = %x, %i = %n) : (tensor<128xf32>, i32) -> (tensor<128xf32>, i32) {
    %c = arith.cmpi slt, %i, %n : i32
    scf.condition(%c) %t, %i : tensor<128xf32>, i32
  } do {
  ^bb0(%t: tensor<128xf32>, %i: i32):
    %u = arith.addf %t, %t : tensor<128xf32>
    %j = arith.addi %i, %one : i32
    scf.yield %u, %j : tensor<128xf32>, i32
  }
  %c = arith.cmpi eq, %r#1, %one : i32
  %f = scf.if %c -> tensor<128xf32> {
    %w = arith.mulf %r#0, %r#0 : tensor<128xf32>
    scf.yield %w : tensor<128xf32>
  } else {
    %k = arith.constant dense<3.0> : tensor<128xf32>
    scf.yield %k : tensor<128xf32>
  }
  tile.store %f, %a[%c0] : tensor<128xf32>, memref<?xf32>
  tile.return
}

// -----

// Nobody uses the loop's result: it goes, with what is in it.
// CHECK-LABEL: tile.kernel @dead_loop
//   CHECK-NOT:   scf.for
//       CHECK:   tile.return
tile.kernel @dead_loop(%n: index) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = arith.constant dense<1.0> : tensor<64xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%t = %x) -> tensor<64xf32> {
    %u = arith.addf %t, %t : tensor<64xf32>
    scf.yield %u : tensor<64xf32>
  }
  tile.return
}

// -----

// One lane does the atomic of a scalar; all lanes get the old value.
// CHECK-LABEL: tile.kernel @scalar_atomic
//       CHECK:   tile.atomic_rmw addi {{.*}} : tensor<1xi32,
//       CHECK:   tile.store_shared
//       CHECK:   %[[ALL:.+]] = tile.load_shared
//       CHECK:   tile.reshape %[[ALL]] : {{.*}} to i32
tile.kernel @scalar_atomic(%a: memref<?xi32>, %b: memref<?xi32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %one = arith.constant 1 : i32
  %old = tile.atomic_rmw addi %one, %a[%c0] : i32, memref<?xi32>, (index)
  tile.store %old, %b[%c0] : i32, memref<?xi32>
  tile.return
}
