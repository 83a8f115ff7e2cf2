// RUN: tile-opt -tile-expand-numerics -split-input-file -verify-diagnostics %s
// RUN: not tile-opt -tile-expand-numerics=chip=gfx943 %s 2>&1 | \
// RUN:   FileCheck %s --check-prefix=CHIP

// CHIP: error: expected a chip, but got "gfx943"

func.func @element(%x: tensor<4xf8E3M4>) -> tensor<4xf8E3M4> {
  // expected-error @below {{'arith.addf' op expected elements of f64, f32, bf16, f16, f8E4M3FN, f8E5M2, f8E4M3FNUZ or f8E5M2FNUZ, but got 'f8E3M4'}}
  %0 = arith.addf %x, %x : tensor<4xf8E3M4>
  return %0 : tensor<4xf8E3M4>
}

// -----

func.func @function_element(%x: f128) -> f128 {
  // expected-error @below {{'math.exp' op expected elements of f64, f32, bf16, f16, f8E4M3FN, f8E5M2, f8E4M3FNUZ or f8E5M2FNUZ, but got 'f128'}}
  %0 = math.exp %x : f128
  return %0 : f128
}

// -----

func.func @rounding_mode(%x: f32) -> bf16 {
  // expected-error @below {{'arith.truncf' op expected a rounding mode of tile.convert, but got 'to_nearest_away'}}
  %0 = arith.truncf %x to_nearest_away : f32 to bf16
  return %0 : bf16
}

// -----

func.func @scaled(%x: vector<4xbf16>, %s: vector<4xbf16>) -> vector<4xf32> {
  // expected-error @below {{'arith.scaling_extf' op has no expansion; multiply by the scale after a tile.convert}}
  %0 = arith.scaling_extf %x, %s : vector<4xbf16>, vector<4xbf16> to vector<4xf32>
  return %0 : vector<4xf32>
}

// -----

func.func @dynamic(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{'math.exp' op expected a static shape, but got 'tensor<?xf32>'}}
  %0 = math.exp %x : tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

func.func @dynamic_convert(%x: tensor<?xf32>) -> tensor<?xf8E5M2> {
  // expected-error @below {{'arith.truncf' op expected a static shape, but got 'tensor<?xf32>'}}
  %0 = arith.truncf %x : tensor<?xf32> to tensor<?xf8E5M2>
  return %0 : tensor<?xf8E5M2>
}

// -----

func.func @index(%x: index, %n: index) -> index {
  // expected-error @below {{'math.ipowi' op has no expansion for elements of 'index'; use operations that have one (docs/Numerics.md)}}
  %0 = math.ipowi %x, %n : index
  return %0 : index
}

// -----

func.func @wide_integer(%x: i128) -> bf16 {
  // expected-error @below {{'arith.sitofp' op expected an integer of at most 64 bits, but got 'i128'}}
  %0 = arith.sitofp %x : i128 to bf16
  return %0 : bf16
}
