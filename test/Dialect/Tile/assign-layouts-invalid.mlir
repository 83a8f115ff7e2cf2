// RUN: tile-opt %s -split-input-file -verify-diagnostics \
// RUN:   --tile-assign-layouts --tile-promote-shared

// expected-error @below {{kernel 'no_chip' has no 'tile.chip'; run 'tile-choose-schedule' with the option 'chip'}}
tile.kernel @no_chip() grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{kernel 'no_schedule' has no complete 'tile.schedule'; run 'tile-choose-schedule'}}
tile.kernel @no_schedule() grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942"} {
  tile.return
}

// -----

tile.kernel @vector_op(%a: memref<?xf32>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{waves = array<i64: 4>, vector_bytes = 16 : i64}>} {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<64xf32>
  // expected-error @below {{'tensor.extract' op cannot have tiles in a kernel}}
  %y = tensor.extract %x[%c0] : tensor<64xf32>
  tile.return
}

// -----

tile.kernel @unknown_atom(%a: memref<?x?xf16>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{waves = array<i64: 4>, vector_bytes = 16 : i64}>} {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0, %c0] : memref<?x?xf16> -> tensor<16x16xf16>
  %z = arith.constant dense<0.0> : tensor<16x16xf32>
  // expected-error @below {{'tile.mma' op names the atom "wgmma", but 'gfx942' has none}}
  %d = tile.mma %x, %x, %z {atom = "wgmma"} : tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf32>
  tile.return
}

// -----

tile.kernel @other_atom(%a: memref<?x?xf16>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{waves = array<i64: 4>, vector_bytes = 16 : i64}>} {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0, %c0] : memref<?x?xf16> -> tensor<16x16xf16>
  %z = arith.constant dense<0.0> : tensor<16x16xf32>
  // expected-error @below {{'tile.mma' op names the atom "mfma_f32_16x16x4_f32", which has other element types}}
  %d = tile.mma %x, %x, %z {atom = "mfma_f32_16x16x4_f32"} : tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf32>
  tile.return
}

// -----

tile.kernel @huge(%a: memref<?xf32>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{waves = array<i64: 4>, vector_bytes = 16 : i64}>} {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'tile.load' op gives a tile of 4194304 bytes, but the registers of a workgroup have 2097152 on 'gfx942'}}
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<1048576xf32>
  tile.store %x, %a[%c0] : tensor<1048576xf32>, memref<?xf32>
  tile.return
}

// -----

tile.kernel @many_elements(%a: memref<?xi8>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx942",
    tile.schedule = #tile.schedule<{waves = array<i64: 4>, vector_bytes = 16 : i64}>} {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'tile.load' op gives a tile of 524288 elements, but at most 262144 are supported}}
  %x = tile.load %a[%c0] : memref<?xi8> -> tensor<524288xi8>
  tile.store %x, %a[%c0] : tensor<524288xi8>, memref<?xi8>
  tile.return
}

// -----

// No atom for f32 on this chip: all of K is in the registers of each lane.
tile.kernel @long_k(%a: memref<?x?xf32>) grid [] affine_map<() -> (1)> attributes {tile.chip = "gfx1100",
    tile.schedule = #tile.schedule<{waves = array<i64: 4>, vector_bytes = 16 : i64}>} {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0, %c0] : memref<?x?xf32> -> tensor<4x65536xf32>
  %y = tile.load %a[%c0, %c0] : memref<?x?xf32> -> tensor<65536x4xf32>
  %z = arith.constant dense<0.0> : tensor<4x4xf32>
  // expected-error @below {{'tile.mma' op needs 65536 elements of an operand in each lane, but at most 32768 are supported; use smaller tiles or more waves}}
  %d = tile.mma %x, %y, %z : tensor<4x65536xf32>, tensor<65536x4xf32>, tensor<4x4xf32>
  tile.store %d, %a[%c0, %c0] : tensor<4x4xf32>, memref<?x?xf32>
  tile.return
}
