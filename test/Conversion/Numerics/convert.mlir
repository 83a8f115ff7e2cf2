// RUN: tile-opt -tile-expand-numerics %s | FileCheck %s
// RUN: tile-opt -tile-expand-numerics=chip=x86-64-v3 %s | \
// RUN:   FileCheck %s --check-prefixes=CHECK,HOST
// RUN: tile-opt -tile-expand-numerics=chip=gfx942 %s | \
// RUN:   FileCheck %s --check-prefixes=CHECK,GPU

// No chip rounds in another direction by itself: integers do.
// CHECK-LABEL: func.func @directed
//   CHECK-NOT:   tile.convert
//   CHECK-NOT:   arith.truncf
//       CHECK:   %[[CODE:.+]] = arith.trunci %{{.+}} : tensor<8xi32> to tensor<8xi16>
//       CHECK:   %[[R:.+]] = arith.bitcast %[[CODE]] : tensor<8xi16> to tensor<8xf16>
//       CHECK:   return %[[R]]
func.func @directed(%x: tensor<8xf32>) -> tensor<8xf16> {
  %0 = tile.convert %x {rounding = #tile.rounding<upward>}
      : tensor<8xf32> to tensor<8xf16>
  return %0 : tensor<8xf16>
}

// One instruction on every chip.
// CHECK-LABEL: func.func @f32_to_f16
//        HOST:   arith.truncf %{{.+}} : tensor<8xf32> to tensor<8xf16>
//         GPU:   arith.truncf %{{.+}} : tensor<8xf32> to tensor<8xf16>
//   CHECK-NOT:   tile.convert
func.func @f32_to_f16(%x: tensor<8xf32>) -> tensor<8xf16> {
  %0 = tile.convert %x : tensor<8xf32> to tensor<8xf16>
  return %0 : tensor<8xf16>
}

// LLVM calls a library for this on x86, and rounds inline on GPUs.
// CHECK-LABEL: func.func @truncf_to_bf16
//    HOST-NOT:   arith.truncf
//        HOST:   arith.bitcast %{{.+}} : i16 to bf16
//         GPU:   arith.truncf %{{.+}} : f32 to bf16
func.func @truncf_to_bf16(%x: f32) -> bf16 {
  %0 = arith.truncf %x : f32 to bf16
  return %0 : bf16
}

// An 8-bit float, through the f16 of the same fields.
// CHECK-LABEL: func.func @widen_e4m3
//   CHECK-NOT:   arith.extf {{.+}}f8E4M3FN
//       CHECK:   arith.bitcast %{{.+}} : vector<4xi16> to vector<4xf16>
//       CHECK:   arith.mulf %{{.+}} : vector<4xf16>
//   CHECK-NOT:   tile.convert
func.func @widen_e4m3(%x: vector<4xf8E4M3FN>) -> vector<4xf16> {
  %0 = arith.extf %x : vector<4xf8E4M3FN> to vector<4xf16>
  return %0 : vector<4xf16>
}

// The layout of a tile stays.
// CHECK-LABEL: func.func @keeps_encoding
//       CHECK:   arith.bitcast %{{.+}} : tensor<8xi8, "L"> to tensor<8xf8E5M2, "L">
func.func @keeps_encoding(%x: tensor<8xf32, "L">) -> tensor<8xf8E5M2, "L"> {
  %0 = arith.truncf %x : tensor<8xf32, "L"> to tensor<8xf8E5M2, "L">
  return %0 : tensor<8xf8E5M2, "L">
}

// i32 is exact in f64, so that bf16 rounds once.
// CHECK-LABEL: func.func @int_to_bf16
//       CHECK:   arith.sitofp %{{.+}} : i32 to f64
//   CHECK-NOT:   arith.sitofp {{.+}}bf16
func.func @int_to_bf16(%x: i32) -> bf16 {
  %0 = arith.sitofp %x : i32 to bf16
  return %0 : bf16
}

// CHECK-LABEL: func.func @bf16_to_int
//       CHECK:   arith.fptosi %{{.+}} : f32 to i32
func.func @bf16_to_int(%x: bf16) -> i32 {
  %0 = arith.fptosi %x : bf16 to i32
  return %0 : i32
}
