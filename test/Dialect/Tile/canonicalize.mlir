// RUN: tile-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func.func @convert_identity
//  CHECK-SAME:   %[[X:.+]]: tensor<4xf32>
//       CHECK:   return %[[X]]
func.func @convert_identity(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tile.convert %x : tensor<4xf32> to tensor<4xf32>
  return %0 : tensor<4xf32>
}

// Infinity would change: not an identity.
// CHECK-LABEL: func.func @convert_saturate
//       CHECK:   tile.convert
func.func @convert_saturate(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tile.convert %x {saturate} : tensor<4xf32> to tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @convert_constants
//   CHECK-DAG:   %[[INF:.+]] = arith.constant 0xFC00 : f16
//   CHECK-DAG:   %[[MAX:.+]] = arith.constant 6.550400e+04 : f16
//   CHECK-DAG:   %[[NAN:.+]] = arith.constant 0x7E00 : f16
//   CHECK-DAG:   %[[ONE:.+]] = arith.constant dense<1.000000e+00> : tensor<8xbf16>
//   CHECK-DAG:   %[[FNUZNAN:.+]] = arith.constant 0x80 : f8E4M3FNUZ
//   CHECK-DAG:   %[[ZERO:.+]] = arith.constant 0.000000e+00 : f8E5M2FNUZ
//   CHECK-DAG:   %[[TIE:.+]] = arith.constant 1.600000e+01 : f8E4M3FN
//       CHECK:   return %[[INF]], %[[MAX]], %[[NAN]], %[[ONE]], %[[FNUZNAN]], %[[ZERO]], %[[TIE]]
func.func @convert_constants() -> (f16, f16, f16, tensor<8xbf16>, f8E4M3FNUZ, f8E5M2FNUZ, f8E4M3FN) {
  %minf = arith.constant 0xFF800000 : f32
  %inf = arith.constant 0x7F800000 : f32
  %nan = arith.constant 0x7FC12345 : f32
  %mnan = arith.constant 0xFFC12345 : f32
  %mzero = arith.constant -0.0 : f32
  %tie = arith.constant 17.0 : f32
  %one = arith.constant dense<1.001> : tensor<8xf32>
  %0 = tile.convert %minf : f32 to f16
  %1 = tile.convert %inf {saturate} : f32 to f16
  %2 = tile.convert %nan : f32 to f16
  %3 = tile.convert %one : tensor<8xf32> to tensor<8xbf16>
  %4 = tile.convert %mnan : f32 to f8E4M3FNUZ
  %5 = tile.convert %mzero : f32 to f8E5M2FNUZ
  %6 = tile.convert %tie : f32 to f8E4M3FN
  return %0, %1, %2, %3, %4, %5, %6 : f16, f16, f16, tensor<8xbf16>, f8E4M3FNUZ, f8E5M2FNUZ, f8E4M3FN
}

// What overflow gives is for the lowering to say; so are directed modes.
// CHECK-LABEL: func.func @convert_left_alone
// CHECK-COUNT-3: tile.convert
func.func @convert_left_alone() -> (f8E4M3FN, f8E4M3FN, f8E4M3FN) {
  %big = arith.constant 1.0e9 : f32
  %tie = arith.constant 17.0 : f32
  %inf = arith.constant 0x7F800000 : f32
  %0 = tile.convert %big : f32 to f8E4M3FN
  %1 = tile.convert %tie {rounding = #tile.rounding<upward>} : f32 to f8E4M3FN
  %2 = tile.convert %inf : f32 to f8E4M3FN
  return %0, %1, %2 : f8E4M3FN, f8E4M3FN, f8E4M3FN
}

// CHECK-LABEL: func.func @broadcast_of_broadcast
//  CHECK-SAME:   %[[X:.+]]: tensor<4x1x1xf32>
//  CHECK-NEXT:   %[[Y:.+]] = tile.broadcast %[[X]] : tensor<4x1x1xf32> to tensor<4x2x3xf32>
//  CHECK-NEXT:   return %[[Y]]
func.func @broadcast_of_broadcast(%x: tensor<4x1x1xf32>) -> tensor<4x2x3xf32> {
  %0 = tile.broadcast %x : tensor<4x1x1xf32> to tensor<4x2x1xf32>
  %1 = tile.broadcast %0 : tensor<4x2x1xf32> to tensor<4x2x3xf32>
  return %1 : tensor<4x2x3xf32>
}

// CHECK-LABEL: func.func @broadcast_identity
//  CHECK-SAME:   %[[X:.+]]: tensor<4x1xf32>
//  CHECK-NEXT:   return %[[X]]
func.func @broadcast_identity(%x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %0 = tile.broadcast %x : tensor<4x1xf32> to tensor<4x1xf32>
  return %0 : tensor<4x1xf32>
}

// A scalar that took a detour.
// CHECK-LABEL: func.func @moved_scalar
//  CHECK-SAME:   %[[S:.+]]: f32
//  CHECK-NEXT:   %[[Y:.+]] = tile.broadcast %[[S]] : f32 to tensor<2x4xf32>
//  CHECK-NEXT:   return %[[Y]], %[[S]]
func.func @moved_scalar(%s: f32) -> (tensor<2x4xf32>, f32) {
  %0 = tile.reshape %s : f32 to tensor<1x1xf32>
  %1 = tile.broadcast %0 : tensor<1x1xf32> to tensor<4x4xf32>
  %2 = tile.extract_slice %1 [0, 0] : tensor<4x4xf32> to tensor<4x2xf32>
  %3 = tile.transpose %2 [1, 0] : tensor<4x2xf32> to tensor<2x4xf32>
  %4 = tile.broadcast %s : f32 to tensor<1xf32>
  %5 = tile.reshape %4 : tensor<1xf32> to f32
  return %3, %5 : tensor<2x4xf32>, f32
}

// CHECK-LABEL: func.func @reshape_of_reshape
//  CHECK-SAME:   %[[X:.+]]: tensor<4x6xf32>
//  CHECK-NEXT:   %[[Y:.+]] = tile.reshape %[[X]] : tensor<4x6xf32> to tensor<8x3xf32>
//  CHECK-NEXT:   return %[[Y]], %[[X]]
func.func @reshape_of_reshape(%x: tensor<4x6xf32>) -> (tensor<8x3xf32>, tensor<4x6xf32>) {
  %0 = tile.reshape %x : tensor<4x6xf32> to tensor<24xf32>
  %1 = tile.reshape %0 : tensor<24xf32> to tensor<8x3xf32>
  %2 = tile.reshape %1 : tensor<8x3xf32> to tensor<4x6xf32>
  return %1, %2 : tensor<8x3xf32>, tensor<4x6xf32>
}

// Dimension i of the result is dimension q[p[i]] of the source.
// CHECK-LABEL: func.func @transpose_of_transpose
//  CHECK-SAME:   %[[X:.+]]: tensor<2x3x4xf32>
//  CHECK-NEXT:   %[[Y:.+]] = tile.transpose %[[X]] [0, 2, 1] : tensor<2x3x4xf32> to tensor<2x4x3xf32>
//  CHECK-NEXT:   return %[[Y]], %[[X]]
func.func @transpose_of_transpose(%x: tensor<2x3x4xf32>) -> (tensor<2x4x3xf32>, tensor<2x3x4xf32>) {
  %0 = tile.transpose %x [1, 2, 0] : tensor<2x3x4xf32> to tensor<3x4x2xf32>
  %1 = tile.transpose %0 [2, 1, 0] : tensor<3x4x2xf32> to tensor<2x4x3xf32>
  %2 = tile.transpose %0 [2, 0, 1] : tensor<3x4x2xf32> to tensor<2x3x4xf32>
  return %1, %2 : tensor<2x4x3xf32>, tensor<2x3x4xf32>
}

// A square tile keeps its type but not its elements.
// CHECK-LABEL: func.func @transpose_square
//       CHECK:   tile.transpose
func.func @transpose_square(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %0 = tile.transpose %x [1, 0] : tensor<4x4xf32> to tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// CHECK-LABEL: func.func @slice_of_slice
//  CHECK-SAME:   %[[X:.+]]: tensor<8x8xf32>
//  CHECK-NEXT:   %[[Y:.+]] = tile.extract_slice %[[X]] [3, 5] : tensor<8x8xf32> to tensor<2x1xf32>
//  CHECK-NEXT:   return %[[Y]], %[[X]]
func.func @slice_of_slice(%x: tensor<8x8xf32>) -> (tensor<2x1xf32>, tensor<8x8xf32>) {
  %0 = tile.extract_slice %x [2, 4] : tensor<8x8xf32> to tensor<4x4xf32>
  %1 = tile.extract_slice %0 [1, 1] : tensor<4x4xf32> to tensor<2x1xf32>
  %2 = tile.extract_slice %x [0, 0] : tensor<8x8xf32> to tensor<8x8xf32>
  return %1, %2 : tensor<2x1xf32>, tensor<8x8xf32>
}

// CHECK-LABEL: func.func @splats
//   CHECK-DAG:   %[[A:.+]] = arith.constant dense<3> : tensor<4x8xi32>
//   CHECK-DAG:   %[[B:.+]] = arith.constant dense<3> : tensor<2x16xi32>
//   CHECK-DAG:   %[[C:.+]] = arith.constant dense<3> : tensor<8x4xi32>
//   CHECK-DAG:   %[[D:.+]] = arith.constant dense<3> : tensor<1x8xi32>
//   CHECK-DAG:   %[[E:.+]] = arith.constant 3 : i32
//       CHECK:   return %[[A]], %[[B]], %[[C]], %[[D]], %[[E]]
func.func @splats() -> (tensor<4x8xi32>, tensor<2x16xi32>, tensor<8x4xi32>, tensor<1x8xi32>, i32) {
  %c = arith.constant 3 : i32
  %one = arith.constant dense<3> : tensor<1x1xi32>
  %0 = tile.broadcast %c : i32 to tensor<4x8xi32>
  %1 = tile.reshape %0 : tensor<4x8xi32> to tensor<2x16xi32>
  %2 = tile.transpose %0 [1, 0] : tensor<4x8xi32> to tensor<8x4xi32>
  %3 = tile.extract_slice %0 [2, 0] : tensor<4x8xi32> to tensor<1x8xi32>
  %4 = tile.reshape %one : tensor<1x1xi32> to i32
  return %0, %1, %2, %3, %4 : tensor<4x8xi32>, tensor<2x16xi32>, tensor<8x4xi32>, tensor<1x8xi32>, i32
}

// CHECK-LABEL: func.func @reshape_of_constant
//       CHECK:   arith.constant dense<{{\[\[}}1, 2], [3, 4]]> : tensor<2x2xi32>
func.func @reshape_of_constant() -> tensor<2x2xi32> {
  %c = arith.constant dense<[1, 2, 3, 4]> : tensor<4xi32>
  %0 = tile.reshape %c : tensor<4xi32> to tensor<2x2xi32>
  return %0 : tensor<2x2xi32>
}

// CHECK-LABEL: func.func @iota_of_one
//       CHECK:   arith.constant dense<0> : tensor<4x1xi8>
func.func @iota_of_one() -> tensor<4x1xi8> {
  %0 = tile.iota dim 1 : tensor<4x1xi8>
  return %0 : tensor<4x1xi8>
}

// CHECK-LABEL: func.func @axis_of_one
//  CHECK-SAME:   %[[X:.+]]: tensor<4x1xf32>, %[[Y:.+]]: tensor<1xf32>
//   CHECK-DAG:   %[[R:.+]] = tile.reshape %[[X]] : tensor<4x1xf32> to tensor<4xf32>
//   CHECK-DAG:   %[[S:.+]] = tile.reshape %[[Y]] : tensor<1xf32> to f32
//       CHECK:   return %[[R]], %[[S]], %[[X]]
func.func @axis_of_one(%x: tensor<4x1xf32>, %y: tensor<1xf32>) -> (tensor<4xf32>, f32, tensor<4x1xf32>) {
  %0 = tile.reduce %x axis 1 identity [0.0 : f32] : (tensor<4x1xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    tile.yield %r : f32
  }
  %1 = tile.reduce %y axis 0 identity [0.0 : f32] : (tensor<1xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    tile.yield %r : f32
  }
  %2 = tile.scan %x axis 1 identity [0.0 : f32] : (tensor<4x1xf32>) -> (tensor<4x1xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    tile.yield %r : f32
  }
  return %0, %1, %2 : tensor<4xf32>, f32, tensor<4x1xf32>
}

// CHECK-LABEL: func.func @exclusive_scan_of_one
//       CHECK:   tile.scan
func.func @exclusive_scan_of_one(%x: tensor<1xf32>) -> tensor<1xf32> {
  %0 = tile.scan %x axis 0 identity [0.0 : f32] {exclusive} : (tensor<1xf32>) -> (tensor<1xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    tile.yield %r : f32
  }
  return %0 : tensor<1xf32>
}

// Zero is the default; minus zero is not it.
// CHECK-LABEL: func.func @padding
//       CHECK:   tile.load %{{.*}}[%{{.*}}] : memref<?xf32>
//       CHECK:   tile.load %{{.*}}[%{{.*}}] padding
//       CHECK:   tile.gather %{{.*}}[%{{.*}}] : memref<?xi32>
func.func @padding(%m: memref<?xf32>, %n: memref<?xi32>, %i: index) -> (tensor<4xf32>, tensor<4xf32>, i32) {
  %zero = arith.constant 0.0 : f32
  %mzero = arith.constant -0.0 : f32
  %izero = arith.constant 0 : i32
  %0 = tile.load %m[%i] padding %zero : memref<?xf32> -> tensor<4xf32>
  %1 = tile.load %m[%i] padding %mzero : memref<?xf32> -> tensor<4xf32>
  %2 = tile.gather %n[%i] padding %izero : memref<?xi32>, (index) -> i32
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, i32
}

#a = #tile.layout<reg = [[1]], lane = [[2]], wave = []>
#b = #tile.layout<reg = [[2]], lane = [[1]], wave = []>

// CHECK-LABEL: func.func @relayout
//  CHECK-SAME:   %[[X:.+]]: tensor<4xf32, #[[A:.+]]>, %[[S:.+]]: f32
//   CHECK-DAG:   %[[C:.+]] = arith.constant dense<1.000000e+00> : tensor<4xf32, #[[B:.+]]>
//   CHECK-DAG:   %[[D:.+]] = arith.constant dense<[0, 1, 2, 3]> : tensor<4xi32, #[[B]]>
//   CHECK-DAG:   %[[E:.+]] = tile.broadcast %[[S]] : f32 to tensor<4xf32, #[[B]]>
//       CHECK:   return %[[X]], %[[C]], %[[D]], %[[E]]
func.func @relayout(%x: tensor<4xf32, #a>, %s: f32)
    -> (tensor<4xf32, #a>, tensor<4xf32, #b>, tensor<4xi32, #b>, tensor<4xf32, #b>) {
  %0 = tile.relayout %x : tensor<4xf32, #a> to tensor<4xf32, #b>
  %1 = tile.relayout %0 : tensor<4xf32, #b> to tensor<4xf32, #a>
  %c = arith.constant dense<1.0> : tensor<4xf32, #a>
  %2 = tile.relayout %c : tensor<4xf32, #a> to tensor<4xf32, #b>
  %d = arith.constant dense<[0, 1, 2, 3]> : tensor<4xi32, #a>
  %3 = tile.relayout %d : tensor<4xi32, #a> to tensor<4xi32, #b>
  %e = tile.broadcast %s : f32 to tensor<4xf32, #a>
  %4 = tile.relayout %e : tensor<4xf32, #a> to tensor<4xf32, #b>
  return %1, %2, %3, %4 : tensor<4xf32, #a>, tensor<4xf32, #b>, tensor<4xi32, #b>, tensor<4xf32, #b>
}

// An extent of 1, written so or because the size is known, has one coordinate.
// CHECK-LABEL: tile.kernel @grid
//   CHECK-DAG:   %[[C0:.+]] = arith.constant 0 : index
//   CHECK-DAG:   %[[C2:.+]] = arith.constant 2 : index
//       CHECK:   %[[P:.+]] = tile.program_id 2
//   CHECK-NOT:   tile.num_programs 0
//       CHECK:   tile.store %{{.*}}, %{{.*}}[%[[C0]], %[[C2]]]
//       CHECK:   tile.store %{{.*}}, %{{.*}}[%[[C0]], %[[P]]]
tile.kernel @grid(%m: memref<100x?xf32> {tile.dims = ["M", "N"]})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv 128, M ceildiv 64, N)> {
  %p = tile.program_id 0
  %n = tile.num_programs 1
  %q = tile.program_id 2
  // A splat is a broadcast in a kernel.
  // CHECK-NOT: tensor.splat
  %c = arith.index_cast %q : index to i32
  %f = arith.sitofp %c : i32 to f32
  %v = tensor.splat %f : tensor<4xf32>
  tile.store %v, %m[%p, %n] : tensor<4xf32>, memref<100x?xf32>
  tile.store %v, %m[%p, %q] : tensor<4xf32>, memref<100x?xf32>
  tile.return
}
