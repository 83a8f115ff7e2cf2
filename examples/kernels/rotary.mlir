// rotary.mlir - rotary position embedding, into a new array and in place.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Position s of head h is rotated pairwise: elements i and i + D/2 form a pair
// turned by the angle whose cosine and sine stand at [s, i]. D = 2 * HALF.

tile.kernel @rotary(
    %x: memref<?x?x?x${T}, strided<[?, ?, 1]>> {tile.name = "x", tile.dims = ["S", "H", "D"], tile.noalias},
    %cos: memref<?x?xf32> {tile.name = "cos", tile.dims = ["S", "P"], tile.noalias},
    %sin: memref<?x?xf32> {tile.name = "sin", tile.dims = ["S", "P"], tile.noalias},
    %y: memref<?x?x?x${T}, strided<[?, ?, 1]>> {tile.name = "y", tile.dims = ["S", "H", "D"], tile.noalias})
    grid ["S", "H"] affine_map<()[S, H] -> (S ceildiv ${BS}, H)> {
  %s_block = arith.constant ${BS} : index
  %half = arith.constant ${HALF} : index
  %c0 = arith.constant 0 : index
  %pid = tile.program_id 0
  %head = tile.program_id 1
  %s = arith.muli %pid, %s_block : index
  %x1 = tile.load %x[%s, %head, %c0] {dims = array<i64: 0, 2>} : memref<?x?x?x${T}, strided<[?, ?, 1]>> -> tensor<${BS}x${HALF}x${T}>
  %x2 = tile.load %x[%s, %head, %half] {dims = array<i64: 0, 2>} : memref<?x?x?x${T}, strided<[?, ?, 1]>> -> tensor<${BS}x${HALF}x${T}>
  %c = tile.load %cos[%s, %c0] : memref<?x?xf32> -> tensor<${BS}x${HALF}xf32>
  %d = tile.load %sin[%s, %c0] : memref<?x?xf32> -> tensor<${BS}x${HALF}xf32>
  %f1 = tile.convert %x1 : tensor<${BS}x${HALF}x${T}> to tensor<${BS}x${HALF}xf32>
  %f2 = tile.convert %x2 : tensor<${BS}x${HALF}x${T}> to tensor<${BS}x${HALF}xf32>
  %c1 = arith.mulf %f1, %c : tensor<${BS}x${HALF}xf32>
  %s2 = arith.mulf %f2, %d : tensor<${BS}x${HALF}xf32>
  %r1 = arith.subf %c1, %s2 : tensor<${BS}x${HALF}xf32>
  %c2 = arith.mulf %f2, %c : tensor<${BS}x${HALF}xf32>
  %s1 = arith.mulf %f1, %d : tensor<${BS}x${HALF}xf32>
  %r2 = arith.addf %c2, %s1 : tensor<${BS}x${HALF}xf32>
  %y1 = tile.convert %r1 : tensor<${BS}x${HALF}xf32> to tensor<${BS}x${HALF}x${T}>
  %y2 = tile.convert %r2 : tensor<${BS}x${HALF}xf32> to tensor<${BS}x${HALF}x${T}>
  tile.store %y1, %y[%s, %head, %c0] {dims = array<i64: 0, 2>} : tensor<${BS}x${HALF}x${T}>, memref<?x?x?x${T}, strided<[?, ?, 1]>>
  tile.store %y2, %y[%s, %head, %half] {dims = array<i64: 0, 2>} : tensor<${BS}x${HALF}x${T}>, memref<?x?x?x${T}, strided<[?, ?, 1]>>
  tile.return
}

tile.kernel @rotary_in_place(
    %x: memref<?x?x?x${T}, strided<[?, ?, 1]>> {tile.name = "x", tile.dims = ["S", "H", "D"], tile.noalias},
    %cos: memref<?x?xf32> {tile.name = "cos", tile.dims = ["S", "P"], tile.noalias},
    %sin: memref<?x?xf32> {tile.name = "sin", tile.dims = ["S", "P"], tile.noalias})
    grid ["S", "H"] affine_map<()[S, H] -> (S ceildiv ${BS}, H)> {
  %s_block = arith.constant ${BS} : index
  %half = arith.constant ${HALF} : index
  %c0 = arith.constant 0 : index
  %pid = tile.program_id 0
  %head = tile.program_id 1
  %s = arith.muli %pid, %s_block : index
  %x1 = tile.load %x[%s, %head, %c0] {dims = array<i64: 0, 2>} : memref<?x?x?x${T}, strided<[?, ?, 1]>> -> tensor<${BS}x${HALF}x${T}>
  %x2 = tile.load %x[%s, %head, %half] {dims = array<i64: 0, 2>} : memref<?x?x?x${T}, strided<[?, ?, 1]>> -> tensor<${BS}x${HALF}x${T}>
  %c = tile.load %cos[%s, %c0] : memref<?x?xf32> -> tensor<${BS}x${HALF}xf32>
  %d = tile.load %sin[%s, %c0] : memref<?x?xf32> -> tensor<${BS}x${HALF}xf32>
  %f1 = tile.convert %x1 : tensor<${BS}x${HALF}x${T}> to tensor<${BS}x${HALF}xf32>
  %f2 = tile.convert %x2 : tensor<${BS}x${HALF}x${T}> to tensor<${BS}x${HALF}xf32>
  %c1 = arith.mulf %f1, %c : tensor<${BS}x${HALF}xf32>
  %s2 = arith.mulf %f2, %d : tensor<${BS}x${HALF}xf32>
  %r1 = arith.subf %c1, %s2 : tensor<${BS}x${HALF}xf32>
  %c2 = arith.mulf %f2, %c : tensor<${BS}x${HALF}xf32>
  %s1 = arith.mulf %f1, %d : tensor<${BS}x${HALF}xf32>
  %r2 = arith.addf %c2, %s1 : tensor<${BS}x${HALF}xf32>
  %y1 = tile.convert %r1 : tensor<${BS}x${HALF}xf32> to tensor<${BS}x${HALF}x${T}>
  %y2 = tile.convert %r2 : tensor<${BS}x${HALF}xf32> to tensor<${BS}x${HALF}x${T}>
  tile.store %y1, %x[%s, %head, %c0] {dims = array<i64: 0, 2>} : tensor<${BS}x${HALF}x${T}>, memref<?x?x?x${T}, strided<[?, ?, 1]>>
  tile.store %y2, %x[%s, %head, %half] {dims = array<i64: 0, 2>} : tensor<${BS}x${HALF}x${T}>, memref<?x?x?x${T}, strided<[?, ?, 1]>>
  tile.return
}
