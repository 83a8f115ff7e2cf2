// x = factor * x, 256 elements a workgroup.
tile.kernel @scale(
    %x: memref<?xf32> {tile.name = "x", tile.dims = ["N"], tile.noalias},
    %factor: f32 {tile.name = "factor"})
    grid ["N"] affine_map<()[N] -> (N ceildiv 256)> {
  %block = arith.constant 256 : index
  %pid = tile.program_id 0
  %i = arith.muli %pid, %block : index
  %t = tile.load %x[%i] : memref<?xf32> -> tensor<256xf32>
  %f = tile.broadcast %factor : f32 to tensor<256xf32>
  %y = arith.mulf %t, %f : tensor<256xf32>
  tile.store %y, %x[%i] : tensor<256xf32>, memref<?xf32>
  tile.return
}
