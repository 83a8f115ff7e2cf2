// RUN: tile-opt %s -split-input-file --tile-choose-schedule=chip=gfx942 \
// RUN:   | FileCheck %s
// RUN: tile-opt %s -split-input-file --tile-choose-schedule=chip=sm_80 \
// RUN:   | FileCheck %s --check-prefix=SM80
// RUN: tile-opt %s -split-input-file --tile-choose-schedule="chip=gfx942 \
// RUN:   waves=8,1 vector-bytes=8 operands=direct stores=shared \
// RUN:   atom=mfma_f32_32x32x8_f16" | FileCheck %s --check-prefix=OPTIONS

// A lane gets a vector of 16 bytes: 1024 f32 fill four waves of 64.
// CHECK-LABEL: tile.kernel @elementwise
//  CHECK-SAME:   tile.chip = "gfx942"
//  CHECK-SAME:   kind = "simple"
//  CHECK-SAME:   operands = "shared"
//  CHECK-SAME:   stores = "shared"
//  CHECK-SAME:   vector_bytes = 16 : i64
//  CHECK-SAME:   waves = array<i64: 4>
// SM80-LABEL: tile.kernel @elementwise
//  SM80-SAME:   tile.chip = "sm_80"
//  SM80-SAME:   waves = array<i64: 4>
tile.kernel @elementwise(%a: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<1024xf32>
  tile.store %x, %a[%c0] : tensor<1024xf32>, memref<?xf32>
  tile.return
}

// -----

// Fewer elements than one wave has lanes.
// CHECK-LABEL: tile.kernel @small
//  CHECK-SAME:   waves = array<i64: 1>
tile.kernel @small(%a: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<5xf32>
  tile.store %x, %a[%c0] : tensor<5xf32>, memref<?xf32>
  tile.return
}

// -----

// More than an eighth of the registers would go to one tile: more waves.
// CHECK-LABEL: tile.kernel @large
//  CHECK-SAME:   waves = array<i64: 16>
tile.kernel @large(%a: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<65536xf32>
  tile.store %x, %a[%c0] : tensor<65536xf32>, memref<?xf32>
  tile.return
}

// -----

// A square grid of waves reads the fewest operand rows and columns.
// CHECK-LABEL: tile.kernel @square_mma
//  CHECK-SAME:   waves = array<i64: 2, 2>
// OPTIONS-LABEL: tile.kernel @square_mma
//  OPTIONS-SAME:   atom = "mfma_f32_32x32x8_f16"
//  OPTIONS-SAME:   operands = "direct"
//  OPTIONS-SAME:   stores = "shared"
//  OPTIONS-SAME:   vector_bytes = 8 : i64
//  OPTIONS-SAME:   waves = array<i64: 8, 1>
tile.kernel @square_mma(%a: memref<?x?xf16>, %c: memref<?x?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0, %c0] : memref<?x?xf16> -> tensor<128x64xf16>
  %y = tile.load %a[%c0, %c0] : memref<?x?xf16> -> tensor<64x128xf16>
  %z = arith.constant dense<0.0> : tensor<128x128xf32>
  %d = tile.mma %x, %y, %z : tensor<128x64xf16>, tensor<64x128xf16>, tensor<128x128xf32>
  tile.store %d, %c[%c0, %c0] : tensor<128x128xf32>, memref<?x?xf32>
  tile.return
}

// -----

// One atom of 16x16 occupies one wave.
// CHECK-LABEL: tile.kernel @one_atom
//  CHECK-SAME:   waves = array<i64: 1, 1>
tile.kernel @one_atom(%a: memref<?x?xf16>, %c: memref<?x?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0, %c0] : memref<?x?xf16> -> tensor<16x16xf16>
  %z = arith.constant dense<0.0> : tensor<16x16xf32>
  %d = tile.mma %x, %x, %z : tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf32>
  tile.store %d, %c[%c0, %c0] : tensor<16x16xf32>, memref<?x?xf32>
  tile.return
}

// -----

// Rows are reduced: each row stays in one wave.
// CHECK-LABEL: tile.kernel @reduced_rows
//  CHECK-SAME:   waves = array<i64: 4, 1>
tile.kernel @reduced_rows(%a: memref<?x?xf16>, %c: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0, %c0] : memref<?x?xf16> -> tensor<64x64xf16>
  %z = arith.constant dense<0.0> : tensor<64x64xf32>
  %d = tile.mma %x, %x, %z : tensor<64x64xf16>, tensor<64x64xf16>, tensor<64x64xf32>
  %s = tile.reduce %d axis 1 identity [0.0 : f32] : (tensor<64x64xf32>) -> (tensor<64xf32>) {
  ^bb0(%l: f32, %r: f32):
    %m = arith.addf %l, %r : f32
    tile.yield %m : f32
  }
  tile.store %s, %c[%c0] : tensor<64xf32>, memref<?xf32>
  tile.return
}

// -----

// What is set is kept, also fields that no pass knows, and goes before options.
// CHECK-LABEL: tile.kernel @kept
//  CHECK-SAME:   mine = 7 : i64
//  CHECK-SAME:   vector_bytes = 4 : i64
//  CHECK-SAME:   waves = array<i64: 3, 1>
// OPTIONS-LABEL: tile.kernel @kept
//  OPTIONS-SAME:   vector_bytes = 4 : i64
//  OPTIONS-SAME:   waves = array<i64: 3, 1>
tile.kernel @kept() grid [] affine_map<() -> (1)> attributes {
    tile.schedule = #tile.schedule<{mine = 7 : i64, waves = array<i64: 3, 1>, vector_bytes = 4 : i64}>} {
  tile.return
}
