// RUN: not tile-opt %s --tile-to-amdgpu=chip=gfx942 --mlir-pass-pipeline-crash-reproducer=%t.mlir 2>&1 | FileCheck %s --check-prefix=ERROR
// RUN: FileCheck %s --check-prefix=FILE --input-file=%t.mlir
// RUN: not tile-opt %t.mlir --run-reproducer 2>&1 | FileCheck %s --check-prefix=ERROR

// A pass that fails leaves a file that fails in the same way.
// ERROR: error: 'tile.load' op gives a tile of 400000000 bytes
// FILE: tile.kernel @huge
// FILE: mlir_reproducer
// FILE: pipeline: {{.*}}tile-choose-schedule{{.*}}chip=gfx942
tile.kernel @huge(%a: memref<?xf32>, %b: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<100000000xf32>
  tile.store %x, %b[%c0] : tensor<100000000xf32>, memref<?xf32>
  tile.return
}
