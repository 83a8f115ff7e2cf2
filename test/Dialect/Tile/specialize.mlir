// RUN: tile-opt %s -split-input-file \
// RUN:   -tile-specialize='kernel=sizes dims=M=128,K=64 strides=a.0=64' \
// RUN:   -tile-specialize='kernel=scalars scalars=n=-5,alpha=0.5,flag=true,size=0x40' \
// RUN:   -tile-specialize='kernel=facts align=a=16,b=4 divisible=M=16,n=6 at-most=M=96,K=64 stride-divisible=a.0=8 noalias=a' \
// RUN:   -canonicalize | FileCheck %s

// Each size of that name becomes static, and all that is known from it.
// CHECK-LABEL: tile.kernel @sizes
//  CHECK-SAME:   %a: memref<128x64xf32, strided<[64, 1]>>
//  CHECK-SAME:   %b: memref<64x?xf32>
//   CHECK-DAG:   %[[C0:.+]] = arith.constant 0 : index
//   CHECK-DAG:   %[[C64:.+]] = arith.constant 64 : index
//       CHECK:   tile.load %a[%[[C0]], %[[C64]]] : memref<128x64xf32, strided<[64, 1]>> -> tensor<4xf32>
//       CHECK:   tile.store %{{.*}} : tensor<4xf32>, memref<64x?xf32>
tile.kernel @sizes(%a: memref<?x?xf32, strided<[?, 1]>> {tile.name = "a", tile.dims = ["M", "K"]},
                   %b: memref<?x?xf32> {tile.name = "b", tile.dims = ["K", "N"]})
    grid ["M"] affine_map<()[M] -> (M ceildiv 128)> {
  %c1 = arith.constant 1 : index
  %p = tile.program_id 0
  %k = memref.dim %a, %c1 : memref<?x?xf32, strided<[?, 1]>>
  %x = tile.load %a[%p, %k] : memref<?x?xf32, strided<[?, 1]>> -> tensor<4xf32>
  tile.store %x, %b[%p, %p] : tensor<4xf32>, memref<?x?xf32>
  tile.return
}

// -----

// The argument is still passed; the launch compares it with `tile.value`. An
// extent that depends on it is known.
// CHECK-LABEL: tile.kernel @scalars
//  CHECK-SAME:   %n: i32 {tile.name = "n", tile.value = -5 : i32}
//  CHECK-SAME:   %alpha: f16 {tile.name = "alpha", tile.value = 5.000000e-01 : f16}
//  CHECK-SAME:   %flag: i1 {tile.name = "flag", tile.value = true}
//  CHECK-SAME:   %size: index {tile.name = "size", tile.value = 64 : index}
//   CHECK-DAG:   %[[C2:.+]] = arith.constant 2 : index
//   CHECK-DAG:   %[[N:.+]] = arith.constant -5 : i32
//   CHECK-DAG:   %[[ALPHA:.+]] = arith.constant 5.000000e-01 : f16
//       CHECK:   tile.store %[[N]], %m[%[[C2]]]
//       CHECK:   tile.store %[[ALPHA]]
tile.kernel @scalars(%m: memref<?xi32>  {tile.name = "m"}, %h: memref<f16> {tile.name = "h"},
                     %n: i32 {tile.name = "n"}, %alpha: f16 {tile.name = "alpha"},
                     %flag: i1 {tile.name = "flag"}, %size: index {tile.name = "size"})
    grid ["size"] affine_map<()[n] -> (n ceildiv 32)> {
  %q = tile.num_programs 0
  tile.store %n, %m[%q] : i32, memref<?xi32>
  tile.store %alpha, %h[] : f16, memref<f16>
  tile.return
}

// -----

// Facts that are there already hold as well.
// CHECK-LABEL: tile.kernel @facts
//  CHECK-SAME:   %a: memref<?x?xf32, strided<[?, 1]>> {tile.align = 16 : i64, tile.at_most = array<i64: 96, 32>, tile.dims = ["M", "K"], tile.divisible = array<i64: 48, 1>, tile.name = "a", tile.noalias, tile.stride_divisible = array<i64: 8, 1>}
//  CHECK-SAME:   %b: memref<?xf32> {tile.align = 8 : i64, tile.at_most = array<i64: 96>, tile.dims = ["M"], tile.divisible = array<i64: 16>, tile.name = "b"}
//  CHECK-SAME:   %n: i32 {tile.divisible = 12 : i64, tile.name = "n"}
tile.kernel @facts(%a: memref<?x?xf32, strided<[?, 1]>> {tile.name = "a", tile.dims = ["M", "K"], tile.divisible = array<i64: 3, 1>, tile.at_most = array<i64: -1, 32>},
                   %b: memref<?xf32> {tile.name = "b", tile.dims = ["M"], tile.align = 8 : i64},
                   %n: i32 {tile.name = "n", tile.divisible = 4 : i64})
    grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// No option names this one.
// CHECK-LABEL: tile.kernel @other
//  CHECK-SAME:   %arg0: memref<?xf32> {tile.dims = ["M"]}
tile.kernel @other(%a: memref<?xf32> {tile.dims = ["M"]}) grid [] affine_map<() -> (1)> {
  tile.return
}
