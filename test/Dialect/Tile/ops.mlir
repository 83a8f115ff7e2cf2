// RUN: tile-opt %s | tile-opt | FileCheck %s
// RUN: tile-opt -mlir-print-op-generic %s | tile-opt | FileCheck %s
// RUN: tile-opt -mlir-print-op-generic %s | FileCheck -check-prefix=GENERIC %s

// The clause `grid` and all attributes that an argument may have.
// CHECK-LABEL: tile.kernel @arguments(
// CHECK-SAME:    %a: memref<?x?xf16, strided<[?, 1]>> {tile.align = 16 : i64, tile.dims = ["M", "K"], tile.divisible = array<i64: 1, 16>, tile.name = "a", tile.noalias, tile.stride_divisible = array<i64: 8, 1>},
// CHECK-SAME:    %arg1: memref<64xi1>, %n: i32 {tile.divisible = 16 : i64, tile.name = "n"}, %arg3: f64)
// CHECK-SAME:    grid ["M", "n"] affine_map<()[s0, s1] -> (s0 ceildiv 128, s1 floordiv 2)>
// CHECK-SAME:    attributes {tile.chip = "gfx942", tile.schedule = #tile.schedule<{kind = "simple", waves = array<i64: 2, 2>}>, tile.shared_bytes = 1024 : i64} {
// GENERIC: "tile.kernel"() <{
tile.kernel @arguments(
    %a: memref<?x?xf16, strided<[?, 1]>> {tile.name = "a", tile.dims = ["M", "K"], tile.align = 16 : i64, tile.divisible = array<i64: 1, 16>, tile.stride_divisible = array<i64: 8, 1>, tile.noalias},
    %b: memref<64xi1>, %n: i32 {tile.name = "n", tile.divisible = 16 : i64}, %x: f64)
    grid ["M", "n"] affine_map<()[M, N] -> (M ceildiv 128, N floordiv 2)>
    attributes {tile.chip = "gfx942", tile.schedule = #tile.schedule<{kind = "simple", waves = array<i64: 2, 2>}>, tile.shared_bytes = 1024 : i64} {
  // CHECK: tile.program_id 0
  %p = tile.program_id 0
  // CHECK: tile.num_programs 1
  %q = tile.num_programs 1
  // CHECK: tile.return
  tile.return
}

// CHECK-LABEL: tile.kernel @no_arguments() grid [] affine_map<() -> (1)> {
tile.kernel @no_arguments() grid [] affine_map<() -> (1)> {
  tile.return
}

// CHECK-LABEL: func.func @load_store
// GENERIC: "tile.load"
func.func @load_store(%m: memref<?x?x?xf16>, %s: memref<f32>, %i: index, %p: f16) {
  // CHECK: tile.load %{{.*}}[%{{.*}}, %{{.*}}, %{{.*}}] : memref<?x?x?xf16> -> tensor<4x32xf16>
  %0 = tile.load %m[%i, %i, %i] : memref<?x?x?xf16> -> tensor<4x32xf16>
  // CHECK: tile.load %{{.*}}[%{{.*}}] padding %{{.*}} {cache = #tile.cache<stream>, dims = array<i64: 0, 2>} : memref<?x?x?xf16> -> tensor<64x24xf16>
  %1 = tile.load %m[%i, %i, %i] padding %p {cache = #tile.cache<stream>, dims = array<i64: 0, 2>} : memref<?x?x?xf16> -> tensor<64x24xf16>
  // CHECK: tile.load %{{.*}}[%{{.*}}] : memref<?x?x?xf16> -> f16
  %2 = tile.load %m[%i, %i, %i] : memref<?x?x?xf16> -> f16
  // CHECK: tile.load %{{.*}}[] : memref<f32> -> f32
  %3 = tile.load %s[] : memref<f32> -> f32
  // CHECK: tile.store %{{.*}}, %{{.*}}[%{{.*}}] {cache = #tile.cache<persist>, tile.vector = 4 : i64} : tensor<4x32xf16>, memref<?x?x?xf16>
  tile.store %0, %m[%i, %i, %i] {cache = #tile.cache<persist>, tile.vector = 4 : i64} : tensor<4x32xf16>, memref<?x?x?xf16>
  // CHECK: tile.store %{{.*}} {dims = array<i64: 0, 2>} : tensor<64x24xf16>, memref<?x?x?xf16>
  tile.store %1, %m[%i, %i, %i] {dims = array<i64: 0, 2>} : tensor<64x24xf16>, memref<?x?x?xf16>
  // CHECK: tile.store %{{.*}}, %{{.*}}[] : f32, memref<f32>
  tile.store %3, %s[] : f32, memref<f32>
  return
}

// CHECK-LABEL: func.func @gather_scatter
// GENERIC: "tile.gather"
func.func @gather_scatter(%m: memref<?x?xf16>, %rows: tensor<64x1xi32>, %j: index, %p: f16) {
  // CHECK: tile.gather %{{.*}}[%{{.*}}, %{{.*}}] padding %{{.*}} {walk = array<i64: -1, 1>} : memref<?x?xf16>, (tensor<64x1xi32>, index) -> tensor<64x32xf16>
  %0 = tile.gather %m[%rows, %j] padding %p {walk = array<i64: -1, 1>} : memref<?x?xf16>, (tensor<64x1xi32>, index) -> tensor<64x32xf16>
  // CHECK: tile.gather %{{.*}}[%{{.*}}, %{{.*}}] : memref<?x?xf16>, (index, index) -> f16
  %1 = tile.gather %m[%j, %j] : memref<?x?xf16>, (index, index) -> f16
  // CHECK: tile.scatter %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] {walk = array<i64: -1, 1>} : tensor<64x32xf16>, memref<?x?xf16>, (tensor<64x1xi32>, index)
  tile.scatter %0, %m[%rows, %j] {walk = array<i64: -1, 1>} : tensor<64x32xf16>, memref<?x?xf16>, (tensor<64x1xi32>, index)
  return
}

// CHECK-LABEL: func.func @atomic_rmw
// GENERIC: "tile.atomic_rmw"
func.func @atomic_rmw(%m: memref<?xf32>, %n: memref<?xi64>, %i: tensor<256xi64>, %v: tensor<256xf32>, %w: i64, %j: index, %r: memref<i64>) {
  // CHECK: tile.atomic_rmw addf %{{.*}}, %{{.*}}[%{{.*}}] : tensor<256xf32>, memref<?xf32>, (tensor<256xi64>)
  %0 = tile.atomic_rmw addf %v, %m[%i] : tensor<256xf32>, memref<?xf32>, (tensor<256xi64>)
  // CHECK: tile.atomic_rmw assign %{{.*}}, %{{.*}}[%{{.*}}] {ordering = #tile.ordering<acq_rel>, scope = #tile.scope<system>} : i64, memref<?xi64>, (index)
  %1 = tile.atomic_rmw assign %w, %n[%j] {ordering = #tile.ordering<acq_rel>, scope = #tile.scope<system>} : i64, memref<?xi64>, (index)
  %c = arith.constant dense<1> : tensor<8xi64>
  // CHECK: tile.atomic_rmw addi %{{.*}}, %{{.*}}[] : i64, memref<i64>, ()
  %3 = tile.atomic_rmw addi %w, %r[] : i64, memref<i64>, ()
  // CHECK: tile.atomic_rmw maxs %{{.*}} {walk = array<i64: 0>} : tensor<8xi64>, memref<?xi64>, (index)
  %2 = tile.atomic_rmw maxs %c, %n[%j] {walk = array<i64: 0>} : tensor<8xi64>, memref<?xi64>, (index)
  return
}

// CHECK-LABEL: func.func @mma
// GENERIC: "tile.mma"
func.func @mma(%a: tensor<64x32xf16>, %b: tensor<32x48xf16>, %c: tensor<64x48xf32>,
               %d: tensor<2x16x8xf32>, %e: tensor<2x8x16xf32>, %f: tensor<2x16x16xf32>,
               %g: tensor<16x32xf8E4M3FN>, %h: tensor<32x16xf8E5M2FNUZ>, %i: tensor<16x16xf32>) {
  // CHECK: tile.mma %{{.*}}, %{{.*}}, %{{.*}} {atom = "mfma_f32_16x16x16_f16"} : tensor<64x32xf16>, tensor<32x48xf16>, tensor<64x48xf32>
  %0 = tile.mma %a, %b, %c {atom = "mfma_f32_16x16x16_f16"} : tensor<64x32xf16>, tensor<32x48xf16>, tensor<64x48xf32>
  // CHECK: tile.mma %{{.*}} {allow_tf32} : tensor<2x16x8xf32>, tensor<2x8x16xf32>, tensor<2x16x16xf32>
  %1 = tile.mma %d, %e, %f {allow_tf32} : tensor<2x16x8xf32>, tensor<2x8x16xf32>, tensor<2x16x16xf32>
  // CHECK: tile.mma %{{.*}} {fast_accum} : tensor<16x32xf8E4M3FN>, tensor<32x16xf8E5M2FNUZ>, tensor<16x16xf32>
  %2 = tile.mma %g, %h, %i {fast_accum} : tensor<16x32xf8E4M3FN>, tensor<32x16xf8E5M2FNUZ>, tensor<16x16xf32>
  return
}

// CHECK-LABEL: func.func @convert
// GENERIC: "tile.convert"
func.func @convert(%x: tensor<64xf32>, %s: f64) {
  // CHECK: tile.convert %{{.*}} {rounding = #tile.rounding<toward_zero>, saturate} : tensor<64xf32> to tensor<64xf8E4M3FN>
  %0 = tile.convert %x {rounding = #tile.rounding<toward_zero>, saturate} : tensor<64xf32> to tensor<64xf8E4M3FN>
  // CHECK: tile.convert %{{.*}} : f64 to bf16
  %1 = tile.convert %s {rounding = #tile.rounding<nearest_even>} : f64 to bf16
  return
}

// CHECK-LABEL: func.func @reduce_scan
// GENERIC: "tile.reduce"
func.func @reduce_scan(%x: tensor<64x128xf32>, %i: tensor<64x128xi32>, %y: tensor<128xi1>) {
  // CHECK:      tile.reduce %{{.*}}, %{{.*}} axis 1 identity [0xFF800000 : f32, 2147483647 : i32] : (tensor<64x128xf32>, tensor<64x128xi32>) -> (tensor<64xf32>, tensor<64xi32>) {
  // CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: i32, %{{.*}}: f32, %{{.*}}: i32):
  %0:2 = tile.reduce %x, %i axis 1 identity [0xFF800000 : f32, 2147483647 : i32] : (tensor<64x128xf32>, tensor<64x128xi32>) -> (tensor<64xf32>, tensor<64xi32>) {
  ^bb0(%a: f32, %ai: i32, %b: f32, %bi: i32):
    %c = arith.cmpf ogt, %b, %a : f32
    %r = arith.select %c, %b, %a : f32
    %ri = arith.select %c, %bi, %ai : i32
    // CHECK: tile.yield %{{.*}}, %{{.*}} : f32, i32
    tile.yield %r, %ri : f32, i32
  }
  // CHECK: tile.reduce %{{.*}} axis 0 identity [false] : (tensor<128xi1>) -> (i1) {
  %1 = tile.reduce %y axis 0 identity [false] : (tensor<128xi1>) -> (i1) {
  ^bb0(%a: i1, %b: i1):
    %r = arith.ori %a, %b : i1
    tile.yield %r : i1
  }
  // CHECK: tile.scan %{{.*}} axis 1 identity [0 : i32] {exclusive, reverse} : (tensor<64x128xi32>) -> (tensor<64x128xi32>) {
  %2 = tile.scan %i axis 1 identity [0 : i32] {exclusive, reverse} : (tensor<64x128xi32>) -> (tensor<64x128xi32>) {
  ^bb0(%a: i32, %b: i32):
    %r = arith.addi %a, %b : i32
    tile.yield %r : i32
  }
  return
}

// CHECK-LABEL: func.func @move
// GENERIC: "tile.broadcast"
func.func @move(%x: tensor<64x1xf32>, %s: f32, %y: tensor<64x128xf32>) {
  // CHECK: tile.broadcast %{{.*}} : tensor<64x1xf32> to tensor<64x128xf32>
  %0 = tile.broadcast %x : tensor<64x1xf32> to tensor<64x128xf32>
  // CHECK: tile.broadcast %{{.*}} : f32 to tensor<3x5xf32>
  %1 = tile.broadcast %s : f32 to tensor<3x5xf32>
  // CHECK: tile.reshape %{{.*}} : tensor<64x1xf32> to tensor<64xf32>
  %2 = tile.reshape %x : tensor<64x1xf32> to tensor<64xf32>
  // CHECK: tile.reshape %{{.*}} : f32 to tensor<1x1xf32>
  %3 = tile.reshape %s : f32 to tensor<1x1xf32>
  // CHECK: tile.reshape %{{.*}} : tensor<1x1xf32> to f32
  %4 = tile.reshape %3 : tensor<1x1xf32> to f32
  // CHECK: tile.transpose %{{.*}} [1, 0] : tensor<64x128xf32> to tensor<128x64xf32>
  %5 = tile.transpose %y [1, 0] : tensor<64x128xf32> to tensor<128x64xf32>
  // CHECK: tile.iota dim 1 : tensor<64x128xi32>
  %6 = tile.iota dim 1 : tensor<64x128xi32>
  // CHECK: tile.extract_slice %{{.*}} [0, 32] : tensor<64x128xf32> to tensor<64x32xf32>
  %7 = tile.extract_slice %y [0, 32] : tensor<64x128xf32> to tensor<64x32xf32>
  return
}

#a = #tile.layout<reg = [[0, 1], [0, 2]], lane = [[1, 0], [2, 0]], wave = []>
#b = #tile.layout<reg = [[1, 0], [0, 1]], lane = [[0, 2], [2, 0]], wave = []>

// CHECK-LABEL: func.func @wave_level
// GENERIC: "tile.relayout"
func.func @wave_level(%x: tensor<4x4xf32, #a>) {
  // CHECK: tile.relayout %{{.*}} : tensor<4x4xf32, #layout> to tensor<4x4xf32, #layout1>
  %0 = tile.relayout %x : tensor<4x4xf32, #a> to tensor<4x4xf32, #b>
  // CHECK: tile.alloc_shared : !tile.shared<4x4xf32>
  %s = tile.alloc_shared : !tile.shared<4x4xf32>
  // CHECK: tile.alloc_shared {offset = 64 : i64} : !tile.shared<4x4xf32, #tile.padded<order = [0, 1], interval = 4, pad = 1>>
  %t = tile.alloc_shared {offset = 64 : i64} : !tile.shared<4x4xf32, #tile.padded<order = [0, 1], interval = 4, pad = 1>>
  // CHECK: tile.store_shared %{{.*}}, %{{.*}} : tensor<4x4xf32, #layout>, !tile.shared<4x4xf32>
  tile.store_shared %x, %s : tensor<4x4xf32, #a>, !tile.shared<4x4xf32>
  // CHECK: tile.barrier
  tile.barrier
  // CHECK: tile.load_shared %{{.*}} : !tile.shared<4x4xf32, #tile.padded<order = [0, 1], interval = 4, pad = 1>> -> tensor<4x4xf32, #layout1>
  %1 = tile.load_shared %t : !tile.shared<4x4xf32, #tile.padded<order = [0, 1], interval = 4, pad = 1>> -> tensor<4x4xf32, #b>
  // CHECK: tile.load_shared %{{.*}} : !tile.shared<4x4xf32> -> tensor<2x8xf32>
  %2 = tile.load_shared %s : !tile.shared<4x4xf32> -> tensor<2x8xf32>
  // CHECK: tile.load_shared %{{.*}} offsets = [1, 0] : !tile.shared<4x4xf32> -> tensor<3x2xf32>
  %3 = tile.load_shared %s offsets = [1, 0] : !tile.shared<4x4xf32> -> tensor<3x2xf32>
  return
}
