// RUN: tile-opt -convert-tile-to-host=chip=x86-64-v3 -canonicalize -cse %s \
// RUN:   | FileCheck %s --check-prefixes=CHECK,V3
// RUN: tile-opt -convert-tile-to-host=chip=x86-64-v4 -canonicalize -cse %s \
// RUN:   | FileCheck %s --check-prefixes=CHECK,V4

// The accumulator tile stays where it is in scratch (no copy: 64 KiB for it and
// 32 KiB for each packed operand); a micro-kernel keeps its part in registers
// over the whole of K. The f16 operands are converted while they are packed.
// CHECK-LABEL: llvm.func @gemm
//    V4-SAME:   tile.scratch_bytes = 131072 : i64
//    V3-SAME:   tile.scratch_bytes = 131200 : i64
//       CHECK:   arith.extf
//          V3:   scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
//          V3:     math.fma {{.*}} : vector<8xf32>
//          V4:   scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>, {{.*}}vector<16xf32>)
//          V4:     math.fma {{.*}} : vector<16xf32>
tile.kernel @gemm(%a: memref<?x?xf16, strided<[?, 1]>> {tile.dims = ["M", "K"], tile.noalias},
                  %b: memref<?x?xf16, strided<[?, 1]>> {tile.dims = ["K", "N"], tile.noalias},
                  %c: memref<?x?xf32, strided<[?, 1]>> {tile.dims = ["M", "N"], tile.noalias})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv 128, N ceildiv 128)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %m = arith.muli %p, %c128 : index
  %n = arith.muli %q, %c128 : index
  %size = memref.dim %a, %c1 : memref<?x?xf16, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<128x128xf32>
  %acc = scf.for %k = %c0 to %size step %c64 iter_args(%sum = %zero) -> (tensor<128x128xf32>) {
    %x = tile.load %a[%m, %k] : memref<?x?xf16, strided<[?, 1]>> -> tensor<128x64xf16>
    %y = tile.load %b[%k, %n] : memref<?x?xf16, strided<[?, 1]>> -> tensor<64x128xf16>
    %next = tile.mma %x, %y, %sum : tensor<128x64xf16>, tensor<64x128xf16>, tensor<128x128xf32>
    scf.yield %next : tensor<128x128xf32>
  }
  tile.store %acc, %c[%m, %n] : tensor<128x128xf32>, memref<?x?xf32, strided<[?, 1]>>
  tile.return
}
