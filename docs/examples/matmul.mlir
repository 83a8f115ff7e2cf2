// c = a b for matrices of f16, one 64x64 tile of c a workgroup.
tile.kernel @matmul(
    %a: memref<?x?xf16, strided<[?, 1]>> {tile.name = "a", tile.dims = ["M", "K"], tile.noalias},
    %b: memref<?x?xf16, strided<[?, 1]>> {tile.name = "b", tile.dims = ["K", "N"], tile.noalias},
    %c: memref<?x?xf32, strided<[?, 1]>> {tile.name = "c", tile.dims = ["M", "N"], tile.noalias})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv 64, N ceildiv 64)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %m = arith.muli %p, %c64 : index
  %n = arith.muli %q, %c64 : index
  %size = memref.dim %a, %c1 : memref<?x?xf16, strided<[?, 1]>>
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %acc = scf.for %k = %c0 to %size step %c32 iter_args(%sum = %zero) -> (tensor<64x64xf32>) {
    %x = tile.load %a[%m, %k] : memref<?x?xf16, strided<[?, 1]>> -> tensor<64x32xf16>
    %y = tile.load %b[%k, %n] : memref<?x?xf16, strided<[?, 1]>> -> tensor<32x64xf16>
    %next = tile.mma %x, %y, %sum : tensor<64x32xf16>, tensor<32x64xf16>, tensor<64x64xf32>
    scf.yield %next : tensor<64x64xf32>
  }
  tile.store %acc, %c[%m, %n] : tensor<64x64xf32>, memref<?x?xf32, strided<[?, 1]>>
  tile.return
}
