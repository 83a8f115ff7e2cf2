// RUN: tile-opt %s | tile-opt | FileCheck %s
// RUN: tile-opt %s -split-input-file | FileCheck %s

// A tile of each element type; sizes need not be powers of two.
// CHECK-LABEL: func.func @elements
func.func @elements(%m0: memref<?xf64>, %m1: memref<?xf32>, %m2: memref<?xbf16>, %m3: memref<?xf16>,
    %m4: memref<?xf8E4M3FN>, %m5: memref<?xf8E5M2>, %m6: memref<?xf8E4M3FNUZ>, %m7: memref<?xf8E5M2FNUZ>,
    %m8: memref<?xi1>, %m9: memref<?xi8>, %m10: memref<?xi16>, %m11: memref<?xi32>, %m12: memref<?xi64>, %i: index) {
  // CHECK: -> tensor<5xf64>
  %0 = tile.load %m0[%i] : memref<?xf64> -> tensor<5xf64>
  // CHECK: -> tensor<5xf32>
  %1 = tile.load %m1[%i] : memref<?xf32> -> tensor<5xf32>
  // CHECK: -> tensor<5xbf16>
  %2 = tile.load %m2[%i] : memref<?xbf16> -> tensor<5xbf16>
  // CHECK: -> tensor<5xf16>
  %3 = tile.load %m3[%i] : memref<?xf16> -> tensor<5xf16>
  // CHECK: -> tensor<5xf8E4M3FN>
  %4 = tile.load %m4[%i] : memref<?xf8E4M3FN> -> tensor<5xf8E4M3FN>
  // CHECK: -> tensor<5xf8E5M2>
  %5 = tile.load %m5[%i] : memref<?xf8E5M2> -> tensor<5xf8E5M2>
  // CHECK: -> tensor<5xf8E4M3FNUZ>
  %6 = tile.load %m6[%i] : memref<?xf8E4M3FNUZ> -> tensor<5xf8E4M3FNUZ>
  // CHECK: -> tensor<5xf8E5M2FNUZ>
  %7 = tile.load %m7[%i] : memref<?xf8E5M2FNUZ> -> tensor<5xf8E5M2FNUZ>
  // CHECK: -> tensor<5xi1>
  %8 = tile.load %m8[%i] : memref<?xi1> -> tensor<5xi1>
  // CHECK: -> tensor<5xi8>
  %9 = tile.load %m9[%i] : memref<?xi8> -> tensor<5xi8>
  // CHECK: -> tensor<5xi16>
  %10 = tile.load %m10[%i] : memref<?xi16> -> tensor<5xi16>
  // CHECK: -> tensor<5xi32>
  %11 = tile.load %m11[%i] : memref<?xi32> -> tensor<5xi32>
  // CHECK: -> tensor<5xi64>
  %12 = tile.load %m12[%i] : memref<?xi64> -> tensor<5xi64>
  // Index is for values alone.
  // CHECK: tile.iota dim 0 : tensor<5xindex>
  %13 = tile.iota dim 0 : tensor<5xindex>
  return
}

// CHECK-LABEL: func.func @shared
// CHECK-SAME:    !tile.shared<7xf16>
// CHECK-SAME:    !tile.shared<2x3x4xi1, #tile.padded<order = [0, 2, 1], interval = 8, pad = 4>>
func.func @shared(%a: !tile.shared<7xf16>, %b: !tile.shared<2x3x4xi1, #tile.padded<order = [0, 2, 1], interval = 8, pad = 4>>) {
  return
}

// Repeats are a part of a layout, and a layout without any bit is one place.
// CHECK-LABEL: func.func @layouts
func.func @layouts(
    // CHECK-SAME: tensor<192xf32, #layout{{[0-9]*}}>
    %a: tensor<192xf32, #tile.layout<reg = [], lane = [[1], [2], [4], [8], [16], [32]], wave = [], repeat = [reg 3 dim 0]>>,
    // CHECK-SAME: tensor<1xf32, #layout{{[0-9]*}}>
    %b: tensor<1xf32, #tile.layout<reg = [], lane = [[0]], wave = [[0]]>>,
    // The padded shape, 8, covers 5.
    // CHECK-SAME: tensor<5xf32, #layout{{[0-9]*}}>
    %c: tensor<5xf32, #tile.layout<reg = [], lane = [[1], [2], [4]], wave = []>>,
    // Replicated repeats.
    // CHECK-SAME: tensor<4xf32, #layout{{[0-9]*}}>
    %d: tensor<4xf32, #tile.layout<reg = [], lane = [[1], [2]], wave = [], repeat = [wave 3]>>) {
  return
}

// CHECK-LABEL: func.func @attributes
// CHECK-SAME: a0 = #tile.cache<default>, a1 = #tile.cache<stream>, a2 = #tile.cache<persist>
// CHECK-SAME: b0 = #tile.rounding<nearest_even>, b1 = #tile.rounding<toward_zero>, b2 = #tile.rounding<upward>, b3 = #tile.rounding<downward>
// CHECK-SAME: c0 = #tile.ordering<relaxed>, c1 = #tile.ordering<acquire>, c2 = #tile.ordering<release>, c3 = #tile.ordering<acq_rel>
// CHECK-SAME: d0 = #tile.scope<workgroup>, d1 = #tile.scope<device>, d2 = #tile.scope<system>
// CHECK-SAME: e0 = #tile.schedule<{}>, e1 = #tile.schedule<{kind = "simple", stages = 2 : i64}>
func.func @attributes() attributes {
    a0 = #tile.cache<default>, a1 = #tile.cache<stream>, a2 = #tile.cache<persist>,
    b0 = #tile.rounding<nearest_even>, b1 = #tile.rounding<toward_zero>, b2 = #tile.rounding<upward>, b3 = #tile.rounding<downward>,
    c0 = #tile.ordering<relaxed>, c1 = #tile.ordering<acquire>, c2 = #tile.ordering<release>, c3 = #tile.ordering<acq_rel>,
    d0 = #tile.scope<workgroup>, d1 = #tile.scope<device>, d2 = #tile.scope<system>,
    e0 = #tile.schedule<{}>, e1 = #tile.schedule<{kind = "simple", stages = 2 : i64}>} {
  return
}
