// aligned-gemm.mlir - a GEMM all of whose accesses may have 16 bytes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// IN, OUT and ACC stand for element types, ZERO for a constant.
tile.kernel @gemm(
    %a: memref<?x?xIN> {tile.name = "a", tile.dims = ["M", "K"], tile.align = 16 : i64, tile.divisible = array<i64: 64, 64>, tile.noalias},
    %b: memref<?x?xIN> {tile.name = "b", tile.dims = ["K", "N"], tile.align = 16 : i64, tile.divisible = array<i64: 64, 128>, tile.noalias},
    %c: memref<?x?xOUT> {tile.name = "c", tile.dims = ["M", "N"], tile.align = 16 : i64, tile.divisible = array<i64: 64, 128>, tile.noalias})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv 64, N ceildiv 128)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %bm = arith.constant 64 : index
  %bn = arith.constant 128 : index
  %bk = arith.constant 64 : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %m = arith.muli %p, %bm : index
  %n = arith.muli %q, %bn : index
  %size = memref.dim %a, %c1 : memref<?x?xIN>
  %zero = arith.constant dense<ZERO> : tensor<64x128xACC>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<64x128xACC>) {
    %x = tile.load %a[%m, %k] : memref<?x?xIN> -> tensor<64x64xIN>
    %y = tile.load %b[%k, %n] : memref<?x?xIN> -> tensor<64x128xIN>
    %next = tile.mma %x, %y, %sum : tensor<64x64xIN>, tensor<64x128xIN>, tensor<64x128xACC>
    scf.yield %next : tensor<64x128xACC>
  }
  CONVERT
  tile.store %out, %c[%m, %n] : tensor<64x128xOUT>, memref<?x?xOUT>
  tile.return
}
