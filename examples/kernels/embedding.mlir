// embedding.mlir - y[s] = table[ids[s]], rows gathered by index.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A negative or too large index gives a row of zeros.

tile.kernel @embedding(
    %ids: memref<?xi32> {tile.name = "ids", tile.dims = ["S"], tile.noalias},
    %table: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "table", tile.dims = ["V", "D"], tile.noalias},
    %y: memref<?x?x${T}, strided<[?, 1]>> {tile.name = "y", tile.dims = ["S", "D"], tile.noalias})
    grid ["D", "S"] affine_map<()[D, S] -> (D ceildiv ${BD}, S ceildiv ${BS})> {
  %bs = arith.constant ${BS} : index
  %bd = arith.constant ${BD} : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %d = arith.muli %p, %bd : index
  %s = arith.muli %q, %bs : index
  %rows = tile.load %ids[%s] : memref<?xi32> -> tensor<${BS}xi32>
  %column = tile.reshape %rows : tensor<${BS}xi32> to tensor<${BS}x1xi32>
  %values = tile.gather %table[%column, %d] {walk = array<i64: -1, 1>} : memref<?x?x${T}, strided<[?, 1]>>, (tensor<${BS}x1xi32>, index) -> tensor<${BS}x${BD}x${T}>
  tile.store %values, %y[%s, %d] : tensor<${BS}x${BD}x${T}>, memref<?x?x${T}, strided<[?, 1]>>
  tile.return
}
