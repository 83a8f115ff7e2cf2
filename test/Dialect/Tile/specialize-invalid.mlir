// RUN: tile-opt %s -split-input-file -verify-diagnostics \
// RUN:   -tile-specialize='kernel=form dims=M' \
// RUN:   -tile-specialize='kernel=number dims=M=many' \
// RUN:   -tile-specialize='kernel=negative dims=M=-1' \
// RUN:   -tile-specialize='kernel=unknown_size dims=ROW=1' \
// RUN:   -tile-specialize='kernel=other_size dims=M=64' \
// RUN:   -tile-specialize='kernel=not_divisible dims=M=24' \
// RUN:   -tile-specialize='kernel=other_use dims=M=64' \
// RUN:   -tile-specialize='kernel=stride_form strides=a=1' \
// RUN:   -tile-specialize='kernel=stride_dim strides=a.2=1' \
// RUN:   -tile-specialize='kernel=stride_scalar strides=n.0=1' \
// RUN:   -tile-specialize='kernel=stride_contiguous strides=a.0=1' \
// RUN:   -tile-specialize='kernel=other_stride strides=a.1=2' \
// RUN:   -tile-specialize='kernel=unknown_scalar scalars=teta=1' \
// RUN:   -tile-specialize='kernel=scalar_memref scalars=a=1' \
// RUN:   -tile-specialize='kernel=scalar_range scalars=n=300' \
// RUN:   -tile-specialize='kernel=scalar_float scalars=x=1e999' \
// RUN:   -tile-specialize='kernel=scalar_text scalars=x=half' \
// RUN:   -tile-specialize='kernel=other_scalar scalars=n=4' \
// RUN:   -tile-specialize='kernel=scalar_divisible scalars=n=6' \
// RUN:   -tile-specialize='kernel=align_power align=a=12' \
// RUN:   -tile-specialize='kernel=unknown_divisible divisible=x=2' \
// RUN:   -tile-specialize='kernel=large_divisible divisible=n=4611686018427387904' \
// RUN:   -tile-specialize='kernel=unknown_at_most at-most=n=2' \
// RUN:   -tile-specialize='kernel=static_at_most at-most=M=8' \
// RUN:   -tile-specialize='kernel=above_at_most dims=M=16' \
// RUN:   -tile-specialize='kernel=unknown_noalias noalias=b'

// expected-error @below {{expected NAME=VALUE in option 'dims', but got 'M'}}
tile.kernel @form(%a: memref<?xf32> {tile.dims = ["M"]}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected an integer of at least 0 for 'M' in option 'dims', but got 'many'}}
tile.kernel @number(%a: memref<?xf32> {tile.dims = ["M"]}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected an integer of at least 0 for 'M' in option 'dims', but got '-1'}}
tile.kernel @negative(%a: memref<?xf32> {tile.dims = ["M"]}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{kernel 'unknown_size' has no size named 'ROW', as option 'dims' says, did you mean 'ROWS'?}}
tile.kernel @unknown_size(%a: memref<?xf32> {tile.dims = ["ROWS"]}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected size 'M' of argument 'b' to become 64, but it is 32 already}}
tile.kernel @other_size(%a: memref<?xf32> {tile.dims = ["M"]}, %b: memref<32xf32> {tile.name = "b", tile.dims = ["M"]}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected size 0 of argument 'arg0' to be a multiple of 16, as 'tile.divisible' says, but it is 24}}
tile.kernel @not_divisible(%a: memref<?xf32> {tile.dims = ["M"], tile.divisible = array<i64: 16>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{cannot specialize argument 'arg0': expected it to be used by 'memref.dim' and ops of 'tile' alone, but 'memref.load' uses it}}
tile.kernel @other_use(%a: memref<?xf32> {tile.dims = ["M"]}) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  // expected-note @below {{used here}}
  %0 = memref.load %a[%c0] : memref<?xf32>
  tile.return
}

// -----

// expected-error @below {{expected ARGUMENT.DIM=VALUE in option 'strides', but got 'a=1'}}
tile.kernel @stride_form(%a: memref<?xf32, strided<[?]>> {tile.name = "a"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected a dimension in [0, 1) of argument 'a' in option 'strides', but got 2}}
tile.kernel @stride_dim(%a: memref<?xf32, strided<[?]>> {tile.name = "a"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected option 'strides' to name a memref, but argument 'n' is of type 'i32'}}
tile.kernel @stride_scalar(%n: i32 {tile.name = "n"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected argument 'a' to have strides in its type, but it is contiguous: 'memref<?xf32>'}}
tile.kernel @stride_contiguous(%a: memref<?xf32> {tile.name = "a"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected stride 1 of argument 'a' to become 2, but it is 1 already}}
tile.kernel @other_stride(%a: memref<?x?xf32, strided<[?, 1]>> {tile.name = "a"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{kernel 'unknown_scalar' has no argument named 'teta', as option 'scalars' says, did you mean 'theta'?}}
tile.kernel @unknown_scalar(%a: f32 {tile.name = "theta"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected option 'scalars' to name a scalar, but argument 'a' is of type 'memref<?xf32>'}}
tile.kernel @scalar_memref(%a: memref<?xf32> {tile.name = "a"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected a value of type 'i8' for argument 'n', but got '300'}}
tile.kernel @scalar_range(%n: i8 {tile.name = "n"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected a value of type 'f32' for argument 'x', but got '1e999'}}
tile.kernel @scalar_float(%x: f32 {tile.name = "x"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected a value of type 'f32' for argument 'x', but got 'half'}}
tile.kernel @scalar_text(%x: f32 {tile.name = "x"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected argument 'n' to become 4 : i32, but it is 5 : i32 already}}
tile.kernel @other_scalar(%n: i32 {tile.name = "n", tile.value = 5 : i32}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected argument 'n' to be a multiple of 4, as 'tile.divisible' says, but got 6}}
tile.kernel @scalar_divisible(%n: i32 {tile.name = "n", tile.divisible = 4 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected a power of two for 'a' in option 'align', but got 12}}
tile.kernel @align_power(%a: memref<?xf32> {tile.name = "a"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{kernel 'unknown_divisible' has no size or integer argument named 'x', as option 'divisible' says}}
tile.kernel @unknown_divisible(%x: f32 {tile.name = "theta"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected a smaller divisor for 'n' in option 'divisible', but got 4611686018427387904}}
tile.kernel @large_divisible(%n: i64 {tile.name = "n", tile.divisible = 3 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{kernel 'unknown_noalias' has no argument named 'b', as option 'noalias' says}}
tile.kernel @unknown_noalias(%a: memref<?xf32> {tile.name = "theta"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{kernel 'unknown_at_most' has no size named 'n', as option 'at-most' says}}
tile.kernel @unknown_at_most(%a: memref<?xf32> {tile.dims = ["M"]}, %n: i32 {tile.name = "n"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected a bound of 'M' in option 'at-most' of at least 9, its size, but got 8}}
tile.kernel @static_at_most(%a: memref<9xf32> {tile.dims = ["M"]}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected size 0 of argument 'arg0' of at most 8, as 'tile.at_most' says, but it is 16}}
tile.kernel @above_at_most(%a: memref<?xf32> {tile.dims = ["M"], tile.at_most = array<i64: 8>}) grid [] affine_map<() -> (1)> {
  tile.return
}
