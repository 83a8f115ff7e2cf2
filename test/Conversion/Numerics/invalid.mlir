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
