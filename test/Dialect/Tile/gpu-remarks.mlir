// RUN: tile-opt %s -verify-diagnostics \
// RUN:   --tile-choose-schedule=chip=gfx942 --tile-assign-layouts=remarks \
// RUN:   --tile-insert-barriers=remarks

tile.kernel @facts(%a: memref<?xf32> {tile.name = "a", tile.align = 16 : i64},
                   %b: memref<?xf32> {tile.name = "b", tile.align = 16 : i64, tile.divisible = array<i64: 4>},
                   %c: memref<?x?xf32, strided<[?, ?]>> {tile.name = "c", tile.noalias},
                   %d: memref<?x?xf32, strided<[?, 1]>> {tile.name = "d", tile.align = 16 : i64, tile.divisible = array<i64: 1, 4>},
                   %i: index {tile.name = "i"}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  // expected-remark @below {{accesses 4 bytes at once, not 16, because of 'tile.divisible' of dimension 0 of argument 'a'}}
  %x = tile.load %a[%c0] : memref<?xf32> -> tensor<256xf32>
  // Nothing is missing, but the arguments may alias.
  // expected-remark @below {{needs a barrier because argument 'b' may alias argument 'a'; 'tile.noalias' on the former would save it}}
  tile.store %x, %b[%c0] : tensor<256xf32>, memref<?xf32>
  // expected-remark @below {{accesses 4 bytes at once, not 16, because of a stride of 1 in the type, for example strided<[?, 1]> of argument 'c'}}
  tile.store %x, %c[%c0, %c0] : tensor<256xf32>, memref<?x?xf32, strided<[?, ?]>>
  // expected-remark @below {{accesses 4 bytes at once, not 16, because of 'tile.stride_divisible' of dimension 0 of argument 'd'}}
  // expected-remark @below {{needs a barrier because argument 'd' may alias argument 'b'; 'tile.noalias' on the former would save it}}
  %y = tile.load %d[%c0, %c0] : memref<?x?xf32, strided<[?, 1]>> -> tensor<256xf32>
  // expected-remark @below {{accesses 4 bytes at once, not 16, because of the divisor of index 0 of argument 'b'}}
  // expected-remark @below {{needs a barrier because argument 'b' may alias argument 'd'; 'tile.noalias' on the former would save it}}
  tile.store %y, %b[%i] : tensor<256xf32>, memref<?xf32>
  tile.return
}
