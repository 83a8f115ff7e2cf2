// RUN: tile-opt -tile-expand-numerics=chip=x86-64-v3 %s | \
// RUN:   FileCheck %s --check-prefixes=CHECK,HOST
// RUN: tile-opt -tile-expand-numerics=chip=gfx942 %s | \
// RUN:   FileCheck %s --check-prefixes=CHECK,AMD
// RUN: tile-opt -tile-expand-numerics=chip=sm_80 %s | \
// RUN:   FileCheck %s --check-prefixes=CHECK,NVIDIA

// CHECK-LABEL: func.func @add_bf16
//        HOST:   %[[S:.+]] = arith.addf %{{.+}} : tensor<64xf32>
//        HOST:   arith.bitcast %{{.+}} : tensor<64xi16> to tensor<64xbf16>
//         AMD:   %[[S:.+]] = arith.addf %{{.+}} : tensor<64xf32>
//         AMD:   arith.truncf %[[S]] : tensor<64xf32> to tensor<64xbf16>
//      NVIDIA:   arith.addf %{{.+}} : tensor<64xbf16>
//  NVIDIA-NOT:   f32
//       CHECK:   return
func.func @add_bf16(%a: tensor<64xbf16>, %b: tensor<64xbf16>)
    -> tensor<64xbf16> {
  %0 = arith.addf %a, %b : tensor<64xbf16>
  return %0 : tensor<64xbf16>
}

// CHECK-LABEL: func.func @mul_f16
//        HOST:   arith.mulf %{{.+}} : tensor<64xf32>
//         AMD:   arith.mulf %{{.+}} : tensor<64xf16>
//      NVIDIA:   arith.mulf %{{.+}} : tensor<64xf16>
func.func @mul_f16(%a: tensor<64xf16>, %b: tensor<64xf16>) -> tensor<64xf16> {
  %0 = arith.mulf %a, %b : tensor<64xf16>
  return %0 : tensor<64xf16>
}

// No chip computes with 8-bit floats. Flags go along.
// CHECK-LABEL: func.func @max_fp8
//       CHECK:   arith.maximumf %{{.+}} fastmath<contract> : tensor<64xf32>
func.func @max_fp8(%a: tensor<64xf8E4M3FN>, %b: tensor<64xf8E4M3FN>)
    -> tensor<64xf8E4M3FN> {
  %0 = arith.maximumf %a, %b fastmath<contract> : tensor<64xf8E4M3FN>
  return %0 : tensor<64xf8E4M3FN>
}

// CHECK-LABEL: func.func @compare_fp8
//       CHECK:   arith.cmpf olt, %{{.+}} : tensor<64xf32>
func.func @compare_fp8(%a: tensor<64xf8E5M2>, %b: tensor<64xf8E5M2>)
    -> tensor<64xi1> {
  %0 = arith.cmpf olt, %a, %b : tensor<64xf8E5M2>
  return %0 : tensor<64xi1>
}

// A constant is widened here and now.
// CHECK-LABEL: func.func @constant_operand
//       CHECK:   %[[TWO:.+]] = arith.constant dense<2.000000e+00> : tensor<64xf32>
//       CHECK:   arith.mulf %{{.+}}, %[[TWO]] : tensor<64xf32>
func.func @constant_operand(%a: tensor<64xf8E5M2>) -> tensor<64xf8E5M2> {
  %c = arith.constant dense<2.0> : tensor<64xf8E5M2>
  %0 = arith.mulf %a, %c : tensor<64xf8E5M2>
  return %0 : tensor<64xf8E5M2>
}

// Only a bit changes.
// CHECK-LABEL: func.func @negate
//   CHECK-NOT:   f32
//       CHECK:   arith.xori %{{.+}} : tensor<64xi16>
//   CHECK-NOT:   f32
//       CHECK:   return
func.func @negate(%a: tensor<64xbf16>) -> tensor<64xbf16> {
  %0 = arith.negf %a : tensor<64xbf16>
  return %0 : tensor<64xbf16>
}

// The combiner of a reduction is code like any other.
// CHECK-LABEL: tile.kernel @reduce
//       CHECK:   tile.reduce
//       CHECK:     ^bb0(%[[A:.+]]: f8E4M3FN, %[[B:.+]]: f8E4M3FN):
//       CHECK:     arith.addf %{{.+}} : f32
//       CHECK:     tile.yield %{{.+}} : f8E4M3FN
tile.kernel @reduce(%m: memref<64xf8E4M3FN>, %out: memref<1xf8E4M3FN>)
    grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %m[%c0] : memref<64xf8E4M3FN> -> tensor<64xf8E4M3FN>
  %s = tile.reduce %x axis 0 identity [0.0 : f8E4M3FN]
      : (tensor<64xf8E4M3FN>) -> (f8E4M3FN) {
  ^bb0(%a: f8E4M3FN, %b: f8E4M3FN):
    %r = arith.addf %a, %b : f8E4M3FN
    tile.yield %r : f8E4M3FN
  }
  tile.store %s, %out[%c0] : f8E4M3FN, memref<1xf8E4M3FN>
  tile.return
}

// Nothing to do: moves, integers, f32.
// CHECK-LABEL: func.func @left_alone
//  CHECK-NEXT:   arith.constant dense<1.000000e+00> : tensor<4xbf16>
//  CHECK-NEXT:   arith.select {{.+}} tensor<4xbf16>
//  CHECK-NEXT:   arith.addi
//  CHECK-NEXT:   arith.addf {{.+}} f32
//  CHECK-NEXT:   return
func.func @left_alone(%c: tensor<4xi1>, %x: tensor<4xbf16>, %i: i32, %f: f32)
    -> (tensor<4xbf16>, i32, f32) {
  %one = arith.constant dense<1.0> : tensor<4xbf16>
  %0 = arith.select %c, %x, %one : tensor<4xi1>, tensor<4xbf16>
  %1 = arith.addi %i, %i : i32
  %2 = arith.addf %f, %f : f32
  return %0, %1, %2 : tensor<4xbf16>, i32, f32
}
