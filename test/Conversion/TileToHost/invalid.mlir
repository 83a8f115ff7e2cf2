// RUN: tile-opt -split-input-file -verify-diagnostics \
// RUN:   -allow-unregistered-dialect \
// RUN:   -convert-tile-to-host=chip=x86-64-v3 %s

// Functions of a library are expanded by a pass that must run before.
tile.kernel @math(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0] : memref<?xf32> -> tensor<8xf32>
  // expected-error @below {{'math.exp' op is not supported by convert-tile-to-host on these element types: run tile-expand-numerics first}}
  %b = math.exp %a : tensor<8xf32>
  tile.store %b, %x[%c0] : tensor<8xf32>, memref<?xf32>
  tile.return
}

// -----

tile.kernel @narrow(%x: memref<?xbf16>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0] : memref<?xbf16> -> tensor<8xbf16>
  // expected-error @below {{'arith.addf' op is not supported by convert-tile-to-host on these element types: run tile-expand-numerics first}}
  %b = arith.addf %a, %a : tensor<8xbf16>
  tile.store %b, %x[%c0] : tensor<8xbf16>, memref<?xbf16>
  tile.return
}

// -----

// fmod is a call.
tile.kernel @rem(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0] : memref<?xf32> -> tensor<8xf32>
  // expected-error @below {{'arith.remf' op is not supported by convert-tile-to-host on these element types: run tile-expand-numerics first}}
  %b = arith.remf %a, %a : tensor<8xf32>
  tile.store %b, %x[%c0] : tensor<8xf32>, memref<?xf32>
  tile.return
}

// -----

tile.kernel @region(%x: memref<?xf32>, %c: i1) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0] : memref<?xf32> -> tensor<8xf32>
  %s = tile.reduce %a axis 0 identity [0.0 : f32] : (tensor<8xf32>) -> (f32) {
  ^bb0(%l: f32, %r: f32):
    // expected-error @below {{'scf.if' op is not supported in the region of a reduce or scan}}
    %t = scf.if %c -> f32 {
      scf.yield %l : f32
    } else {
      scf.yield %r : f32
    }
    tile.yield %t : f32
  }
  tile.store %s, %x[%c0] : f32, memref<?xf32>
  tile.return
}

// -----

tile.kernel @dim(%x: memref<?xi64>, %d: i64) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %i = arith.index_cast %d : i64 to index
  // expected-error @below {{'memref.dim' op expected a constant dimension of a kernel argument}}
  %n = memref.dim %x, %i : memref<?xi64>
  %v = arith.index_cast %n : index to i64
  tile.store %v, %x[%c0] : i64, memref<?xi64>
  tile.return
}

// -----

tile.kernel @wave(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  // expected-error @below {{'tile.barrier' op is not supported by convert-tile-to-host}}
  tile.barrier
  tile.return
}

// -----

#L = #tile.layout<reg = [], lane = [[1], [2], [4]], wave = []>
tile.kernel @layout(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'tile.load' op expected a tile without a layout, but got one with a layout: convert-tile-to-host takes kernels of the block level}}
  %a = tile.load %x[%c0] : memref<?xf32> -> tensor<8xf32, #L>
  tile.store %a, %x[%c0] : tensor<8xf32, #L>, memref<?xf32>
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected a body of one block, but got several; use scf for control flow}}
tile.kernel @blocks(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  cf.br ^bb1
^bb1:
  tile.return
}

// -----

tile.kernel @foreign(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'memref.load' op has no lowering to the host; a kernel has ops of tile, arith, math and scf, and memref.dim}}
  %a = memref.load %x[%c0] : memref<?xf32>
  tile.store %a, %x[%c0] : f32, memref<?xf32>
  tile.return
}

// -----

tile.kernel @unregistered(%x: memref<?xf32>) grid [] affine_map<() -> (1)> {
  // expected-error @below {{'foo.bar' op has no lowering to the host}}
  "foo.bar"() : () -> ()
  tile.return
}
