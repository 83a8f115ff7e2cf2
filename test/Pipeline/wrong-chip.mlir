// RUN: not tile-opt %s --tile-to-amdgpu=chip=sm_90a 2>&1 | FileCheck %s --check-prefix=AMD
// RUN: not tile-opt %s --tile-to-nvptx=chip=gfx942 2>&1 | FileCheck %s --check-prefix=NV
// RUN: not tile-opt %s --tile-to-amdgpu=chip=gfx1 2>&1 | FileCheck %s --check-prefix=NONE

// A chip of the other vendor, and one that there is not, are errors.
// AMD: error: chip 'sm_90a' is not one of '--tile-to-amdgpu'
// NV: error: chip 'gfx942' is not one of '--tile-to-nvptx'
// NONE: error: expected a chip, but got "gfx1"
tile.kernel @k(%a: memref<64xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<64xf32> -> tensor<64xf32>
  tile.store %x, %a[%c0] : tensor<64xf32>, memref<64xf32>
  tile.return
}
