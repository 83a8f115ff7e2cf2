// RUN: tile-opt -tile-expand-numerics=chip=x86-64-v3 %s | \
// RUN:   FileCheck %s --check-prefixes=CHECK,HOST
// RUN: tile-opt -tile-expand-numerics=chip=gfx942 %s | \
// RUN:   FileCheck %s --check-prefixes=CHECK,GPU

// CHECK-LABEL: func.func @exp
//   CHECK-NOT:   math.exp
//       CHECK:   math.fma
//   CHECK-NOT:   math.exp
//       CHECK:   return
func.func @exp(%x: tensor<64xf32>) -> tensor<64xf32> {
  %0 = math.exp %x : tensor<64xf32>
  return %0 : tensor<64xf32>
}

// With afn a GPU has an instruction; the host has none.
// CHECK-LABEL: func.func @exp_afn
//    HOST-NOT:   math.exp
//         GPU:   %[[S:.+]] = arith.mulf
//    GPU-NEXT:   math.exp2 %[[S]] fastmath<afn>
//    GPU-NEXT:   return
func.func @exp_afn(%x: tensor<64xf32>) -> tensor<64xf32> {
  %0 = math.exp %x fastmath<afn> : tensor<64xf32>
  return %0 : tensor<64xf32>
}

// CHECK-LABEL: func.func @instructions_afn
//    HOST-NOT:   math.sin
//         GPU:   math.sin %{{.+}} fastmath<afn>
//    GPU-NEXT:   math.log2 %{{.+}} fastmath<afn>
//    GPU-NEXT:   math.rsqrt %{{.+}} fastmath<afn>
//       CHECK:   return
func.func @instructions_afn(%x: f32) -> f32 {
  %0 = math.sin %x fastmath<afn> : f32
  %1 = math.log2 %0 fastmath<afn> : f32
  %2 = math.rsqrt %1 fastmath<afn> : f32
  return %2 : f32
}

// In f32, rounded once.
// CHECK-LABEL: func.func @tanh_f16
//       CHECK:   %[[W:.+]] = arith.extf %{{.+}} : tensor<64xf16> to tensor<64xf32>
//   CHECK-NOT:   math.tanh
//       CHECK:   arith.truncf %{{.+}} : tensor<64xf32> to tensor<64xf16>
func.func @tanh_f16(%x: tensor<64xf16>) -> tensor<64xf16> {
  %0 = math.tanh %x : tensor<64xf16>
  return %0 : tensor<64xf16>
}

// Instructions, or short sequences, everywhere.
// CHECK-LABEL: func.func @left_alone
//  CHECK-NEXT:   math.sqrt
//  CHECK-NEXT:   math.floor
//  CHECK-NEXT:   math.fma
//  CHECK-NEXT:   math.absf
//  CHECK-NEXT:   return
func.func @left_alone(%x: tensor<64xf64>) -> tensor<64xf64> {
  %0 = math.sqrt %x : tensor<64xf64>
  %1 = math.floor %0 : tensor<64xf64>
  %2 = math.fma %1, %0, %x : tensor<64xf64>
  %3 = math.absf %2 : tensor<64xf64>
  return %3 : tensor<64xf64>
}

// Two results.
// CHECK-LABEL: func.func @sincos
//   CHECK-NOT:   math.sincos
//       CHECK:   return %{{.+}}, %{{.+}} : f64, f64
func.func @sincos(%x: f64) -> (f64, f64) {
  %s, %c = math.sincos %x : f64
  return %s, %c : f64, f64
}

// A loop over the bits of the exponent.
// CHECK-LABEL: func.func @ipowi
//       CHECK:   scf.for
//   CHECK-NOT:   math.ipowi
func.func @ipowi(%x: tensor<8xi32>, %n: tensor<8xi32>) -> tensor<8xi32> {
  %0 = math.ipowi %x, %n : tensor<8xi32>
  return %0 : tensor<8xi32>
}
