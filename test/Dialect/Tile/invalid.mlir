// RUN: tile-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{'tile.kernel' op expected the name of a kernel to be an identifier, but got 'not-c'}}
tile.kernel @"not-c"() grid [] affine_map<() -> (1)> { // @kernel_c1
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected argument #1 to be a scalar, or a memref of an element type but index, contiguous or strided with offset 0, in the default memory space, but got 'memref<?xindex>'}}
tile.kernel @kernel_c2_element(%a: memref<?xf32>, %b: memref<?xindex>) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected argument #0 to be a scalar, or a memref of an element type but index, contiguous or strided with offset 0, in the default memory space, but got 'memref<?xf32, strided<[1], offset: ?>>'}}
tile.kernel @kernel_c2_offset(%a: memref<?xf32, strided<[1], offset: ?>>) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected argument #0 to be a scalar, or a memref of an element type but index, contiguous or strided with offset 0, in the default memory space, but got 'memref<?xf32, 3>'}}
tile.kernel @kernel_c2_space(%a: memref<?xf32, 3>) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected argument #0 to be a scalar, or a memref of an element type but index, contiguous or strided with offset 0, in the default memory space, but got 'tensor<4xf32>'}}
tile.kernel @kernel_c2_tensor(%a: tensor<4xf32>) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected argument #0 to be a scalar, or a memref of an element type but index, contiguous or strided with offset 0, in the default memory space, but got 'i4'}}
tile.kernel @kernel_c2_scalar(%a: i4) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected a kernel without results, but got 1}}
"tile.kernel"() <{sym_name = "kernel_c3", function_type = () -> i32, grid_symbols = [], grid_map = affine_map<() -> (1)>}> ({
  "tile.return"() : () -> ()
}) : () -> ()

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.name' of argument #0 to be an identifier, but got "1st"}}
tile.kernel @kernel_c4_identifier(%a: f32 {tile.name = "1st"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.name' of argument #0 to be an identifier, but got 1 : i64}}
tile.kernel @kernel_c4_string(%a: f32 {tile.name = 1}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected names of arguments to be unique, but #0 and #1 are both 'arg1'}}
tile.kernel @kernel_c4_unique(%a: f32 {tile.name = "arg1"}, %b: f32) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.dims' of argument 'a' to be 2 strings, one per dimension, but got ["M"]}}
tile.kernel @kernel_c5_length(%a: memref<?x?xf32> {tile.name = "a", tile.dims = ["M"]}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.dims' of argument 'arg0' to be 1 strings, one per dimension, but got [1]}}
tile.kernel @kernel_c5_strings(%a: memref<?xf32> {tile.dims = [1]}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected entries of 'tile.dims' of argument 'arg0' to be identifiers or "", but got "a b"}}
tile.kernel @kernel_c5_identifier(%a: memref<?xf32> {tile.dims = ["a b"]}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.dims' on a memref alone, but argument 'arg0' is of type 'f32'}}
tile.kernel @kernel_c5_scalar(%a: f32 {tile.dims = []}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.align' of argument 'arg0' to be a power of two, an i64, but got 12 : i64}}
tile.kernel @kernel_c6_power(%a: memref<?xf32> {tile.align = 12 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.align' of argument 'arg0' to be a power of two, an i64, but got 16 : i32}}
tile.kernel @kernel_c6_type(%a: memref<?xf32> {tile.align = 16 : i32}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.align' on a memref alone, but argument 'arg0' is of type 'i32'}}
tile.kernel @kernel_c6_scalar(%a: i32 {tile.align = 16 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.divisible' of argument 'arg0' to be an array<i64> with 2 entries, one per dimension, but got array<i64: 4>}}
tile.kernel @kernel_c7_length(%a: memref<?x?xf32> {tile.divisible = array<i64: 4>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.divisible' of argument 'arg0' to be an array<i64> with 1 entries, one per dimension, but got 16 : i64}}
tile.kernel @kernel_c7_memref(%a: memref<?xf32> {tile.divisible = 16 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected entries of 'tile.divisible' of argument 'arg0' of at least 1, but got 0}}
tile.kernel @kernel_c7_zero(%a: memref<?xf32> {tile.divisible = array<i64: 0>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.divisible' of argument 'arg0' to be an i64 of at least 1, but got array<i64: 4>}}
tile.kernel @kernel_c7_scalar(%a: i32 {tile.divisible = array<i64: 4>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.divisible' of argument 'arg0' to be an i64 of at least 1, but got -1 : i64}}
tile.kernel @kernel_c7_negative(%a: i32 {tile.divisible = -1 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.divisible' on a memref or an integer, but argument 'arg0' is of type 'f32'}}
tile.kernel @kernel_c7_float(%a: f32 {tile.divisible = 4 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.stride_divisible' of argument 'arg0' to be an array<i64> with 1 entries, one per dimension, but got array<i64: 4, 1>}}
tile.kernel @kernel_c8_length(%a: memref<?xf32> {tile.stride_divisible = array<i64: 4, 1>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected entries of 'tile.stride_divisible' of argument 'arg0' of at least 1, but got -8}}
tile.kernel @kernel_c8_negative(%a: memref<?x?xf32, strided<[?, 1]>> {tile.stride_divisible = array<i64: -8, 1>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op unknown attribute 'tile.alignment' of argument 'arg0', did you mean 'tile.align'?}}
tile.kernel @kernel_c9_hint(%a: memref<?xf32> {tile.alignment = 16 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op unknown attribute 'tile.something_else' of argument 'arg0'}}
tile.kernel @kernel_c9(%a: memref<?xf32> {tile.something_else}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.noalias' of argument 'arg0' without a value, but got false}}
tile.kernel @kernel_c9_noalias(%a: memref<?xf32> {tile.noalias = false}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected a grid map of symbols alone, but got 1 dimensions}}
tile.kernel @kernel_c10_dims(%n: i32 {tile.name = "n"}) grid ["n"] affine_map<(n) -> (n)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected a grid map of 1 symbols, one per name, but got 2}}
tile.kernel @kernel_c10_symbols(%n: i32 {tile.name = "n"}) grid ["n"] affine_map<()[n, m] -> (n, m)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected a grid of 1 to 3 dimensions, but got 4}}
tile.kernel @kernel_c10_results() grid [] affine_map<() -> (1, 1, 1, 1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected a grid of 1 to 3 dimensions, but got 0}}
tile.kernel @kernel_c10_no_result() grid [] affine_map<() -> ()> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op grid symbol 'ROWS' names no size and no integer argument, did you mean 'rows'?}}
tile.kernel @kernel_c11_case(%n: i32 {tile.name = "rows"}) grid ["ROWS"] affine_map<()[n] -> (n)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op grid symbol 'length' names no size and no integer argument, did you mean 'lenght'?}}
tile.kernel @kernel_c11_typo(%a: memref<?x?xf32> {tile.dims = ["lenght", ""]}) grid ["length"] affine_map<()[n] -> (n)> {
  tile.return
}

// -----

// A size without a name has not the name "".
// expected-error @below {{'tile.kernel' op grid symbol '' names no size and no integer argument}}
tile.kernel @kernel_c11_empty(%a: memref<?xf32> {tile.dims = [""]}) grid [""] affine_map<()[n] -> (n)> {
  tile.return
}

// -----

// A float does not count workgroups.
// expected-error @below {{'tile.kernel' op grid symbol 'x' names no size and no integer argument}}
tile.kernel @kernel_c11_float(%x: f32 {tile.name = "x"}) grid ["x"] affine_map<()[n] -> (n)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected constant divisors of the grid of at least 1, but got -4}}
tile.kernel @kernel_c12(%n: i32 {tile.name = "n"}) grid ["n"] affine_map<()[n] -> (n ceildiv -4)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected all sizes named 'N' to be equal, but got 4 and 8}}
tile.kernel @kernel_c13(%a: memref<4xf32> {tile.dims = ["N"]}, %b: memref<?x8xf32> {tile.dims = ["", "N"]}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'n' to name either a size or argument #1, but it names both}}
tile.kernel @kernel_c14(%a: memref<?xf32> {tile.dims = ["n"]}, %n: i64 {tile.name = "n"}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected size 0 of argument 'arg0' to be a multiple of 16, as 'tile.divisible' says, but it is 24}}
tile.kernel @kernel_c15_size(%a: memref<24xf32> {tile.divisible = array<i64: 16>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected stride 1 of argument 'arg0' to be a multiple of 2, as 'tile.stride_divisible' says, but it is 1}}
tile.kernel @kernel_c15_stride(%a: memref<?x?xf32, strided<[?, 1]>> {tile.stride_divisible = array<i64: 8, 2>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.value' of argument 'n' to be a number of its type 'i32', but got 4 : i64}}
tile.kernel @kernel_c16_type(%n: i32 {tile.name = "n", tile.value = 4 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.value' of argument 'arg0' to be a number of its type 'memref<?xf32>', but got 4 : i64}}
tile.kernel @kernel_c16_memref(%m: memref<?xf32> {tile.value = 4 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.at_most' of argument 'arg0' to be an array<i64> with 2 entries, one per dimension, of at least -1, but got array<i64: 4>}}
tile.kernel @kernel_c17_length(%a: memref<?x?xf32> {tile.at_most = array<i64: 4>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.at_most' of argument 'arg0' to be an array<i64> with 1 entries, one per dimension, of at least -1, but got array<i64: -2>}}
tile.kernel @kernel_c17_negative(%a: memref<?xf32> {tile.at_most = array<i64: -2>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected size 1 of argument 'arg0' of at most 8, as 'tile.at_most' says, but it is 9}}
tile.kernel @kernel_c17_static(%a: memref<?x9xf32> {tile.at_most = array<i64: -1, 8>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.at_most' on a memref alone, but argument 'arg0' is of type 'i32'}}
tile.kernel @kernel_c17_scalar(%n: i32 {tile.at_most = array<i64: 4>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.workspace' of argument 'arg0' to be a map of the grid's 0 symbols to one number of bytes, but got affine_map<()[s0] -> (s0)>}}
tile.kernel @kernel_c18_symbols(%w: memref<?xi8> {tile.workspace = affine_map<()[n] -> (n)>}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.workspace' of argument 'arg0' to be a map of the grid's 0 symbols to one number of bytes, but got 64 : i64}}
tile.kernel @kernel_c18_number(%w: memref<?xi8> {tile.workspace = 64 : i64}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected constant divisors of 'tile.workspace' of argument 'arg1' of at least 1, but got -4}}
tile.kernel @kernel_c18_divisor(%x: memref<?xf32> {tile.dims = ["N"]}, %w: memref<?xi8> {tile.workspace = affine_map<()[n] -> (n mod -4)>}) grid ["N"] affine_map<()[n] -> (n)> {
  tile.return
}

// -----

// expected-error @below {{'tile.kernel' op expected 'tile.zeroed' of argument 'arg0' without a value, beside 'tile.workspace', but got unit}}
tile.kernel @kernel_c19(%w: memref<?xi8> {tile.zeroed}) grid [] affine_map<() -> (1)> {
  tile.return
}

// -----

// expected-error @below {{expected a 'grid' clause after the arguments of a kernel, as in 'grid ["N"] affine_map<()[N] -> (N ceildiv 128)>'}}
tile.kernel @kernel_without_grid() {
  tile.return
}

// -----

// expected-error @below {{attribute 'grid_map' of a kernel is part of its signature}}
tile.kernel @kernel_grid_twice() grid [] affine_map<() -> (1)> attributes {grid_map = affine_map<() -> (2)>} {
  tile.return
}

// -----

// expected-error @below {{expected a body that ends in 'tile.return'}}
tile.kernel @kernel_without_body() grid [] affine_map<() -> (1)> {}

// -----

// expected-error @below {{expected 'tile.chip' to be a string, but got 942 : i64}}
tile.kernel @kernel_chip() grid [] affine_map<() -> (1)> attributes {tile.chip = 942} {
  tile.return
}

// -----

// expected-error @below {{expected 'tile.schedule' to be a '#tile.schedule', but got {kind = "simple"}}}
tile.kernel @kernel_schedule() grid [] affine_map<() -> (1)> attributes {tile.schedule = {kind = "simple"}} {
  tile.return
}

// -----

// expected-error @below {{expected 'tile.shared_bytes' to be an i64 of at least 0, but got -1 : i64}}
tile.kernel @kernel_shared_bytes() grid [] affine_map<() -> (1)> attributes {tile.shared_bytes = -1} {
  tile.return
}

// -----

func.func @program_id_c1() {
  // expected-error @below {{'tile.program_id' op expected to be in a 'tile.kernel'}}
  %0 = tile.program_id 0
  return
}

// -----

// expected-note @below {{the grid is here}}
tile.kernel @program_id_c2() grid [] affine_map<() -> (1, 1)> {
  // expected-error @below {{'tile.program_id' op expected a dimension of the grid in [0, 2), but got 2}}
  %0 = tile.program_id 2
  tile.return
}

// -----

func.func @num_programs_c1() {
  // expected-error @below {{'tile.num_programs' op expected to be in a 'tile.kernel'}}
  %0 = tile.num_programs 0
  return
}

// -----

// expected-note @below {{the grid is here}}
tile.kernel @num_programs_c2() grid [] affine_map<() -> (1)> {
  // expected-error @below {{'tile.num_programs' op expected a dimension of the grid in [0, 1), but got -1}}
  %0 = tile.num_programs -1
  tile.return
}

// -----

func.func @return_outside() {
  // expected-error @below {{'tile.return' op expects parent op 'tile.kernel'}}
  tile.return
}

// -----

func.func @yield_outside() {
  // expected-error @below {{'tile.yield' op expects parent op to be one of 'tile.reduce, tile.scan'}}
  tile.yield
}

// -----

func.func @load_c1(%m: memref<?x?xf32>, %i: index) {
  // expected-error @below {{'tile.load' op expected 2 indices, one per dimension of the memref, but got 1}}
  %0 = tile.load %m[%i] : memref<?x?xf32> -> tensor<4xf32>
  return
}

// -----

func.func @load_c2(%m: memref<?xf32>, %i: index) {
  // expected-error @below {{'tile.load' op expected 'result' of the memref's element type 'f32', but got 'f16'}}
  %0 = tile.load %m[%i] : memref<?xf32> -> tensor<4xf16>
  return
}

// -----

func.func @load_c2_padding(%m: memref<?xf32>, %i: index, %p: f16) {
  // expected-error @below {{'tile.load' op expected 'padding' of the memref's element type 'f32', but got 'f16'}}
  %0 = "tile.load"(%m, %i, %p) <{operandSegmentSizes = array<i32: 1, 1, 1>}> : (memref<?xf32>, index, f16) -> tensor<4xf32>
  return
}

// -----

func.func @load_c3(%m: memref<?x?xf32>, %i: index) {
  // expected-error @below {{'tile.load' op expected 'dims' of 1 entries, one per dimension of 'result', but got 2}}
  %0 = tile.load %m[%i, %i] {dims = array<i64: 0, 1>} : memref<?x?xf32> -> tensor<4xf32>
  return
}

// -----

func.func @load_c3_rank(%m: memref<?xf32>, %i: index) {
  // expected-error @below {{'tile.load' op expected 'result' of a rank of at most 1 like the memref, but got rank 2}}
  %0 = tile.load %m[%i] : memref<?xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @load_c4_order(%m: memref<?x?xf32>, %i: index) {
  // expected-error @below {{'tile.load' op expected 'dims' to be strictly increasing, but got 0 after 1}}
  %0 = tile.load %m[%i, %i] {dims = array<i64: 1, 0>} : memref<?x?xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @load_c4_range(%m: memref<?x?xf32>, %i: index) {
  // expected-error @below {{'tile.load' op expected entries of 'dims' in [0, 2), but got 2}}
  %0 = tile.load %m[%i, %i] {dims = array<i64: 2>} : memref<?x?xf32> -> tensor<4xf32>
  return
}

// -----

func.func @load_memory(%m: memref<?xf32, strided<[1], offset: 4>>, %i: index) {
  // expected-error @below {{'tile.load' op operand #0 must be memref of an element type but index, contiguous or strided with offset 0, in the default memory space, but got 'memref<?xf32, strided<[1], offset: 4>>'}}
  %0 = tile.load %m[%i] : memref<?xf32, strided<[1], offset: 4>> -> tensor<4xf32>
  return
}

// -----

func.func @load_dynamic(%m: memref<?xf32>, %i: index) {
  // expected-error @below {{'tile.load' op result #0 must be tile (a tensor of static shape and of rank 1 or more, each dimension at least 1, at most 2^30 elements of an element type) or scalar, but got 'tensor<?xf32>'}}
  %0 = tile.load %m[%i] : memref<?xf32> -> tensor<?xf32>
  return
}

// -----

func.func @load_rank_0(%m: memref<?xf32>, %i: index) {
  // expected-error @below {{'tile.load' op result #0 must be tile (a tensor of static shape and of rank 1 or more, each dimension at least 1, at most 2^30 elements of an element type) or scalar, but got 'tensor<f32>'}}
  %0 = tile.load %m[%i] : memref<?xf32> -> tensor<f32>
  return
}

// -----

func.func @load_too_large(%m: memref<?xf32>, %i: index) {
  // expected-error @below {{'tile.load' op result #0 must be tile (a tensor of static shape and of rank 1 or more, each dimension at least 1, at most 2^30 elements of an element type) or scalar, but got 'tensor<9223372036854775807x9223372036854775807xf32>'}}
  %0 = tile.load %m[%i] : memref<?xf32> -> tensor<9223372036854775807x9223372036854775807xf32>
  return
}

// -----

func.func @load_sub_byte(%m: memref<?xi4>, %i: index) {
  // expected-error @below {{'tile.load' op operand #0 must be memref of an element type but index, contiguous or strided with offset 0, in the default memory space, but got 'memref<?xi4>'}}
  %0 = tile.load %m[%i] : memref<?xi4> -> tensor<4xi4>
  return
}

// -----

func.func @load_vector(%m: memref<?xf32>, %i: index) {
  // expected-error @below {{expected 'tile.vector' to be a power of two, an i64, but got 3 : i64}}
  %0 = tile.load %m[%i] {tile.vector = 3 : i64} : memref<?xf32> -> tensor<6xf32>
  return
}

// -----

func.func @store_c1(%m: memref<?xf32>, %i: index, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.store' op expected 1 indices, one per dimension of the memref, but got 2}}
  tile.store %v, %m[%i, %i] : tensor<4xf32>, memref<?xf32>
  return
}

// -----

func.func @store_c2(%m: memref<?xf32>, %i: index, %v: tensor<4xi32>) {
  // expected-error @below {{'tile.store' op expected 'value' of the memref's element type 'f32', but got 'i32'}}
  tile.store %v, %m[%i] : tensor<4xi32>, memref<?xf32>
  return
}

// -----

func.func @store_c3(%m: memref<?x?xf32>, %i: index, %v: tensor<4x4xf32>) {
  // expected-error @below {{'tile.store' op expected 'dims' of 2 entries, one per dimension of 'value', but got 1}}
  tile.store %v, %m[%i, %i] {dims = array<i64: 0>} : tensor<4x4xf32>, memref<?x?xf32>
  return
}

// -----

func.func @store_c3_rank(%m: memref<?xf32>, %i: index, %v: tensor<4x4xf32>) {
  // expected-error @below {{'tile.store' op expected 'value' of a rank of at most 1 like the memref, but got rank 2}}
  tile.store %v, %m[%i] : tensor<4x4xf32>, memref<?xf32>
  return
}

// -----

func.func @store_c4_order(%m: memref<?x?xf32>, %i: index, %v: tensor<4x4xf32>) {
  // expected-error @below {{'tile.store' op expected 'dims' to be strictly increasing, but got 1 after 1}}
  tile.store %v, %m[%i, %i] {dims = array<i64: 1, 1>} : tensor<4x4xf32>, memref<?x?xf32>
  return
}

// -----

func.func @store_c4_range(%m: memref<?x?xf32>, %i: index, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.store' op expected entries of 'dims' in [0, 2), but got -1}}
  tile.store %v, %m[%i, %i] {dims = array<i64: -1>} : tensor<4xf32>, memref<?x?xf32>
  return
}

// -----

func.func @gather_c1(%m: memref<?x?xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{'tile.gather' op expected 2 indices, one per dimension of the memref, but got 1}}
  %0 = tile.gather %m[%i] : memref<?x?xf32>, (tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @gather_c2(%m: memref<?xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{'tile.gather' op expected 'result' of the memref's element type 'f32', but got 'f64'}}
  %0 = tile.gather %m[%i] : memref<?xf32>, (tensor<4xi32>) -> tensor<4xf64>
  return
}

// -----

func.func @gather_c2_padding(%m: memref<?xf32>, %i: tensor<4xi32>, %p: i32) {
  // expected-error @below {{'tile.gather' op expected 'padding' of the memref's element type 'f32', but got 'i32'}}
  %0 = "tile.gather"(%m, %i, %p) <{operandSegmentSizes = array<i32: 1, 1, 1>}> : (memref<?xf32>, tensor<4xi32>, i32) -> tensor<4xf32>
  return
}

// -----

func.func @gather_c3_size(%m: memref<?xf32>, %i: tensor<4x2xi32>) {
  // expected-error @below {{'tile.gather' op expected index #0 to be broadcastable to 'result' of type 'tensor<4x4xf32>', but got 'tensor<4x2xi32>'}}
  %0 = tile.gather %m[%i] : memref<?xf32>, (tensor<4x2xi32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @gather_c3_rank(%m: memref<?xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{'tile.gather' op expected index #0 to be broadcastable to 'result' of type 'f32', but got 'tensor<4xi32>'}}
  %0 = tile.gather %m[%i] : memref<?xf32>, (tensor<4xi32>) -> f32
  return
}

// -----

func.func @gather_c4(%m: memref<?xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{'tile.gather' op expected 'walk' of 1 entries, one per dimension of the memref, but got 2}}
  %0 = tile.gather %m[%i] {walk = array<i64: -1, 0>} : memref<?xf32>, (tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @gather_c5(%m: memref<?xf32>, %i: index) {
  // expected-error @below {{'tile.gather' op expected entries of 'walk' in [-1, 1), but got 1}}
  %0 = tile.gather %m[%i] {walk = array<i64: 1>} : memref<?xf32>, (index) -> tensor<4xf32>
  return
}

// -----

func.func @gather_c6(%m: memref<?xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{'tile.gather' op expected index #0, along which 'walk' walks, to be of type 'index', but got 'tensor<4xi32>'}}
  %0 = tile.gather %m[%i] {walk = array<i64: 0>} : memref<?xf32>, (tensor<4xi32>) -> tensor<4xf32>
  return
}

// -----

func.func @gather_index_type(%m: memref<?xf32>, %i: tensor<4xi16>) {
  // expected-error @below {{'tile.gather' op operand #1 must be variadic of index, or tile of i32, i64 or index, but got 'tensor<4xi16>'}}
  %0 = tile.gather %m[%i] : memref<?xf32>, (tensor<4xi16>) -> tensor<4xf32>
  return
}

// -----

func.func @scatter_c1(%m: memref<?x?xf32>, %i: tensor<4xi32>, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.scatter' op expected 2 indices, one per dimension of the memref, but got 1}}
  tile.scatter %v, %m[%i] : tensor<4xf32>, memref<?x?xf32>, (tensor<4xi32>)
  return
}

// -----

func.func @scatter_c2(%m: memref<?xf32>, %i: tensor<4xi32>, %v: tensor<4xf16>) {
  // expected-error @below {{'tile.scatter' op expected 'value' of the memref's element type 'f32', but got 'f16'}}
  tile.scatter %v, %m[%i] : tensor<4xf16>, memref<?xf32>, (tensor<4xi32>)
  return
}

// -----

func.func @scatter_c3(%m: memref<?xf32>, %i: tensor<2xi32>, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.scatter' op expected index #0 to be broadcastable to 'value' of type 'tensor<4xf32>', but got 'tensor<2xi32>'}}
  tile.scatter %v, %m[%i] : tensor<4xf32>, memref<?xf32>, (tensor<2xi32>)
  return
}

// -----

func.func @scatter_c4(%m: memref<?xf32>, %i: tensor<4xi32>, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.scatter' op expected 'walk' of 1 entries, one per dimension of the memref, but got 0}}
  tile.scatter %v, %m[%i] {walk = array<i64>} : tensor<4xf32>, memref<?xf32>, (tensor<4xi32>)
  return
}

// -----

func.func @scatter_c5(%m: memref<?xf32>, %i: index, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.scatter' op expected entries of 'walk' in [-1, 1), but got -2}}
  tile.scatter %v, %m[%i] {walk = array<i64: -2>} : tensor<4xf32>, memref<?xf32>, (index)
  return
}

// -----

func.func @scatter_c6(%m: memref<?xf32>, %i: tensor<4xi64>, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.scatter' op expected index #0, along which 'walk' walks, to be of type 'index', but got 'tensor<4xi64>'}}
  tile.scatter %v, %m[%i] {walk = array<i64: 0>} : tensor<4xf32>, memref<?xf32>, (tensor<4xi64>)
  return
}

// -----

func.func @atomic_rmw_c1(%m: memref<?xf32>, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.atomic_rmw' op expected 1 indices, one per dimension of the memref, but got 0}}
  %0 = tile.atomic_rmw addf %v, %m[] : tensor<4xf32>, memref<?xf32>, ()
  return
}

// -----

func.func @atomic_rmw_c2(%m: memref<?xf32>, %i: tensor<4xi32>, %v: tensor<4xf64>) {
  // expected-error @below {{'tile.atomic_rmw' op expected 'value' of the memref's element type 'f32', but got 'f64'}}
  %0 = tile.atomic_rmw addf %v, %m[%i] : tensor<4xf64>, memref<?xf32>, (tensor<4xi32>)
  return
}

// -----

func.func @atomic_rmw_c3(%m: memref<?xf32>, %i: tensor<4x1xi32>, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.atomic_rmw' op expected index #0 to be broadcastable to 'value' of type 'tensor<4xf32>', but got 'tensor<4x1xi32>'}}
  %0 = tile.atomic_rmw addf %v, %m[%i] : tensor<4xf32>, memref<?xf32>, (tensor<4x1xi32>)
  return
}

// -----

func.func @atomic_rmw_c4(%m: memref<?xf32>, %i: index, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.atomic_rmw' op expected 'walk' of 1 entries, one per dimension of the memref, but got 2}}
  %0 = tile.atomic_rmw addf %v, %m[%i] {walk = array<i64: 0, 0>} : tensor<4xf32>, memref<?xf32>, (index)
  return
}

// -----

func.func @atomic_rmw_c5(%m: memref<?xf32>, %i: index, %v: f32) {
  // expected-error @below {{'tile.atomic_rmw' op expected entries of 'walk' in [-1, 0), but got 0}}
  %0 = tile.atomic_rmw addf %v, %m[%i] {walk = array<i64: 0>} : f32, memref<?xf32>, (index)
  return
}

// -----

func.func @atomic_rmw_c6(%m: memref<?xf32>, %i: tensor<4xi32>, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.atomic_rmw' op expected index #0, along which 'walk' walks, to be of type 'index', but got 'tensor<4xi32>'}}
  %0 = tile.atomic_rmw addf %v, %m[%i] {walk = array<i64: 0>} : tensor<4xf32>, memref<?xf32>, (tensor<4xi32>)
  return
}

// -----

func.func @atomic_rmw_c7(%m: memref<?xf32>, %i: tensor<4xi32>, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.atomic_rmw' op expected a kind other than 'mulf', which no memory does atomically}}
  %0 = tile.atomic_rmw mulf %v, %m[%i] : tensor<4xf32>, memref<?xf32>, (tensor<4xi32>)
  return
}

// -----

func.func @atomic_rmw_c8_float(%m: memref<?xi32>, %i: tensor<4xi32>, %v: tensor<4xi32>) {
  // expected-error @below {{'tile.atomic_rmw' op expected a float element type for 'maximumf', but got 'i32'}}
  %0 = tile.atomic_rmw maximumf %v, %m[%i] : tensor<4xi32>, memref<?xi32>, (tensor<4xi32>)
  return
}

// -----

func.func @atomic_rmw_c8_integer(%m: memref<?xf32>, %i: tensor<4xi32>, %v: tensor<4xf32>) {
  // expected-error @below {{'tile.atomic_rmw' op expected an integer element type for 'addi', but got 'f32'}}
  %0 = tile.atomic_rmw addi %v, %m[%i] : tensor<4xf32>, memref<?xf32>, (tensor<4xi32>)
  return
}

// -----

func.func @mma_c1_low(%a: tensor<4xf32>) {
  // expected-error @below {{'tile.mma' op expected operands of one rank of at least 2, but got ranks 1, 1 and 1}}
  %0 = tile.mma %a, %a, %a : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  return
}

// -----

func.func @mma_c1_mixed(%a: tensor<2x4x4xf32>, %b: tensor<4x4xf32>) {
  // expected-error @below {{'tile.mma' op expected operands of one rank of at least 2, but got ranks 3, 2 and 3}}
  %0 = tile.mma %a, %b, %a : tensor<2x4x4xf32>, tensor<4x4xf32>, tensor<2x4x4xf32>
  return
}

// -----

func.func @mma_c2(%a: tensor<2x4x4xf32>, %b: tensor<1x4x4xf32>) {
  // expected-error @below {{'tile.mma' op expected equal leading dimensions, but got shapes 2x4x4, 1x4x4 and 2x4x4}}
  %0 = tile.mma %a, %b, %a : tensor<2x4x4xf32>, tensor<1x4x4xf32>, tensor<2x4x4xf32>
  return
}

// -----

func.func @mma_c3_k(%a: tensor<8x4xf16>, %b: tensor<8x16xf16>, %c: tensor<8x16xf32>) {
  // expected-error @below {{'tile.mma' op expected 'rhs' of 4 rows, the columns of 'lhs', but got 8}}
  %0 = tile.mma %a, %b, %c : tensor<8x4xf16>, tensor<8x16xf16>, tensor<8x16xf32>
  return
}

// -----

func.func @mma_c3_acc(%a: tensor<64x32xf16>, %b: tensor<32x64xf16>, %c: tensor<32x64xf32>) {
  // expected-error @below {{'tile.mma' op expected 'acc' of shape 64x64, but got 32x64}}
  %0 = tile.mma %a, %b, %c : tensor<64x32xf16>, tensor<32x64xf16>, tensor<32x64xf32>
  return
}

// -----

func.func @mma_c4_acc(%a: tensor<4x4xf16>) {
  // expected-error @below {{'tile.mma' op expected element types f64, f64, f64; f32, f32, f32; f16, f16, f32; bf16, bf16, f32; two fp8 kinds, f32; or i8, i8, i32; but got 'f16', 'f16', 'f16'}}
  %0 = tile.mma %a, %a, %a : tensor<4x4xf16>, tensor<4x4xf16>, tensor<4x4xf16>
  return
}

// -----

func.func @mma_c4_mixed(%a: tensor<4x4xf16>, %b: tensor<4x4xbf16>, %c: tensor<4x4xf32>) {
  // expected-error @below {{'tile.mma' op expected element types f64, f64, f64; f32, f32, f32; f16, f16, f32; bf16, bf16, f32; two fp8 kinds, f32; or i8, i8, i32; but got 'f16', 'bf16', 'f32'}}
  %0 = tile.mma %a, %b, %c : tensor<4x4xf16>, tensor<4x4xbf16>, tensor<4x4xf32>
  return
}

// -----

func.func @mma_c5(%a: tensor<4x4xf16>, %c: tensor<4x4xf32>) {
  // expected-error @below {{'tile.mma' op expected f32 operands with 'allow_tf32', but got 'f16'}}
  %0 = tile.mma %a, %a, %c {allow_tf32} : tensor<4x4xf16>, tensor<4x4xf16>, tensor<4x4xf32>
  return
}

// -----

func.func @mma_c6(%c: tensor<4x4xf32>) {
  // expected-error @below {{'tile.mma' op expected fp8 operands with 'fast_accum', but got 'f32'}}
  %0 = tile.mma %c, %c, %c {fast_accum} : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
  return
}

// -----

func.func @convert_c1_source(%x: tensor<4xi32>) {
  // expected-error @below {{'tile.convert' op expected 'source' of floats, but got 'tensor<4xi32>'}}
  %0 = tile.convert %x : tensor<4xi32> to tensor<4xf32>
  return
}

// -----

func.func @convert_c1_result(%x: f32) {
  // expected-error @below {{'tile.convert' op expected 'result' of floats, but got 'index'}}
  %0 = tile.convert %x : f32 to index
  return
}

// -----

func.func @convert_c2(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.convert' op expected 'result' of the source's shape, 4, but got 2x2}}
  %0 = tile.convert %x : tensor<4xf32> to tensor<2x2xf16>
  return
}

// -----

func.func @convert_c2_scalar(%x: tensor<1xf32>) {
  // expected-error @below {{'tile.convert' op expected 'result' of the source's shape, 1, but got a scalar}}
  %0 = tile.convert %x : tensor<1xf32> to f16
  return
}

// -----

#a = #tile.layout<reg = [[1], [2]], lane = [], wave = []>
func.func @convert_c3(%x: tensor<4xf32, #a>) {
  // expected-error @below {{'tile.convert' op expected 'source' and 'result' to have one layout}}
  %0 = tile.convert %x : tensor<4xf32, #a> to tensor<4xf16>
  return
}

// -----

func.func @reduce_c1_none() {
  // expected-error @below {{'tile.reduce' op expected at least one operand}}
  "tile.reduce"() <{axis = 0 : i64, identity = []}> ({
    "tile.yield"() : () -> ()
  }) : () -> ()
  return
}

// -----

func.func @reduce_c1_shape(%x: tensor<4xf32>, %y: tensor<8xf32>) {
  // expected-error @below {{'tile.reduce' op expected operands of one shape, but got 4 and 8}}
  %0:2 = tile.reduce %x, %y axis 0 identity [0.0 : f32, 0.0 : f32] : (tensor<4xf32>, tensor<8xf32>) -> (f32, f32) {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
    tile.yield %a, %b : f32, f32
  }
  return
}

// -----

func.func @reduce_c2(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.reduce' op expected 'axis' in [0, 1), but got 1}}
  %0 = tile.reduce %x axis 1 identity [0.0 : f32] : (tensor<4xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @reduce_c3_count(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.reduce' op expected 'identity' of 1 values, one per operand, but got 0}}
  %0 = tile.reduce %x axis 0 identity [] : (tensor<4xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @reduce_c3_type(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.reduce' op expected identity #0 of type 'f32', but got 0.000000e+00 : f64}}
  %0 = tile.reduce %x axis 0 identity [0.0] : (tensor<4xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @reduce_c4_count(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.reduce' op expected 1 results, one per operand, but got 2}}
  %0:2 = tile.reduce %x axis 0 identity [0.0 : f32] : (tensor<4xf32>) -> (f32, f32) {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @reduce_c4_type(%x: tensor<4x8xf32>) {
  // expected-error @below {{'tile.reduce' op expected result #0 of type 'tensor<8xf32>', but got 'tensor<4xf32>'}}
  %0 = tile.reduce %x axis 0 identity [0.0 : f32] : (tensor<4x8xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @reduce_c5(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.reduce' op expected a region that takes ('f32', 'f32'), but it takes ('f32')}}
  %0 = tile.reduce %x axis 0 identity [0.0 : f32] : (tensor<4xf32>) -> (f32) {
  ^bb0(%a: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @reduce_c6(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.reduce' op expected a region that yields ('f32'), but it yields ('f32', 'f32')}}
  %0 = tile.reduce %x axis 0 identity [0.0 : f32] : (tensor<4xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    // expected-note @below {{yields here}}
    tile.yield %a, %b : f32, f32
  }
  return
}

// -----

func.func @reduce_c6_terminator(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.reduce' op expected a region that ends in 'tile.yield'}}
  %0 = tile.reduce %x axis 0 identity [0.0 : f32] : (tensor<4xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    llvm.unreachable
  }
  return
}

// -----

func.func @reduce_c7_memory(%x: tensor<4xf32>, %m: memref<?xf32>, %i: index) {
  // expected-error @below {{'tile.reduce' op expected ops on scalars without memory effects in the region, but got 'memref.load'}}
  %0 = tile.reduce %x axis 0 identity [0.0 : f32] : (tensor<4xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    // expected-note @below {{used here}}
    %r = memref.load %m[%i] : memref<?xf32>
    tile.yield %r : f32
  }
  return
}

// -----

func.func @reduce_c7_tile(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.reduce' op expected ops on scalars without memory effects in the region, but got 'tile.broadcast'}}
  %0 = tile.reduce %x axis 0 identity [0.0 : f32] : (tensor<4xf32>) -> (f32) {
  ^bb0(%a: f32, %b: f32):
    // expected-note @below {{used here}}
    %r = tile.broadcast %a : f32 to tensor<4xf32>
    tile.yield %a : f32
  }
  return
}

// -----

func.func @scan_c1() {
  // expected-error @below {{'tile.scan' op expected at least one operand}}
  "tile.scan"() <{axis = 0 : i64, identity = []}> ({
    "tile.yield"() : () -> ()
  }) : () -> ()
  return
}

// -----

func.func @scan_c2(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.scan' op expected 'axis' in [0, 1), but got -1}}
  %0 = tile.scan %x axis -1 identity [0.0 : f32] : (tensor<4xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @scan_c3(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.scan' op expected identity #0 of type 'f32', but got "zero"}}
  %0 = tile.scan %x axis 0 identity ["zero"] : (tensor<4xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @scan_c4(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.scan' op expected results of the operands' types ('tensor<4xf32>'), but got ('tensor<8xf32>')}}
  %0 = tile.scan %x axis 0 identity [0.0 : f32] : (tensor<4xf32>) -> (tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @scan_c5(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.scan' op expected a region that takes ('f32', 'f32'), but it takes ('f32', 'i32')}}
  %0 = tile.scan %x axis 0 identity [0.0 : f32] : (tensor<4xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: f32, %b: i32):
    tile.yield %a : f32
  }
  return
}

// -----

func.func @scan_c6(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.scan' op expected a region that yields ('f32'), but it yields ()}}
  %0 = tile.scan %x axis 0 identity [0.0 : f32] : (tensor<4xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    // expected-note @below {{yields here}}
    tile.yield
  }
  return
}

// -----

func.func private @callee(f32) -> f32
func.func @scan_c7(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.scan' op expected ops on scalars without memory effects in the region, but got 'func.call'}}
  %0 = tile.scan %x axis 0 identity [0.0 : f32] : (tensor<4xf32>) -> (tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    // expected-note @below {{used here}}
    %r = func.call @callee(%a) : (f32) -> f32
    tile.yield %r : f32
  }
  return
}

// -----

func.func @broadcast_c1(%x: tensor<1xf32>) {
  // expected-error @below {{'tile.broadcast' op expected 'result' of the source's element type 'f32', but got 'f16'}}
  %0 = tile.broadcast %x : tensor<1xf32> to tensor<4xf16>
  return
}

// -----

func.func @broadcast_c2(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.broadcast' op expected a scalar or a source of rank 2 like 'result', but got rank 1}}
  %0 = tile.broadcast %x : tensor<4xf32> to tensor<4x4xf32>
  return
}

// -----

func.func @broadcast_c3(%x: tensor<1x4xf32>) {
  // expected-error @below {{'tile.broadcast' op expected dimension 1 of the source to be 1 or 8, but got 4}}
  %0 = tile.broadcast %x : tensor<1x4xf32> to tensor<4x8xf32>
  return
}

// -----

func.func @reshape_c1(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.reshape' op expected 'result' of the source's element type 'f32', but got 'i32'}}
  %0 = tile.reshape %x : tensor<4xf32> to tensor<4xi32>
  return
}

// -----

func.func @reshape_c2(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.reshape' op expected 'result' of 4 elements like the source, but got 1}}
  %0 = tile.reshape %x : tensor<4xf32> to f32
  return
}

// -----

func.func @transpose_c1(%x: tensor<4x2xf32>) {
  // expected-error @below {{'tile.transpose' op expected 'result' of the source's element type 'f32', but got 'f64'}}
  %0 = tile.transpose %x [1, 0] : tensor<4x2xf32> to tensor<2x4xf64>
  return
}

// -----

func.func @transpose_c2(%x: tensor<4x2xf32>) {
  // expected-error @below {{'tile.transpose' op expected a permutation of the 2 dimensions of the source, but got [1, 1]}}
  %0 = tile.transpose %x [1, 1] : tensor<4x2xf32> to tensor<2x4xf32>
  return
}

// -----

func.func @transpose_c2_length(%x: tensor<4x2xf32>) {
  // expected-error @below {{'tile.transpose' op expected a permutation of the 2 dimensions of the source, but got [0]}}
  %0 = tile.transpose %x [0] : tensor<4x2xf32> to tensor<4x2xf32>
  return
}

// -----

func.func @transpose_c3(%x: tensor<4x2xf32>) {
  // expected-error @below {{'tile.transpose' op expected 'result' of shape 2x4, but got 4x2}}
  %0 = tile.transpose %x [1, 0] : tensor<4x2xf32> to tensor<4x2xf32>
  return
}

// -----

func.func @iota_c1() {
  // expected-error @below {{'tile.iota' op expected element type i8, i16, i32, i64 or index, but got 'f32'}}
  %0 = tile.iota dim 0 : tensor<4xf32>
  return
}

// -----

func.func @iota_c2() {
  // expected-error @below {{'tile.iota' op expected 'dim' in [0, 1), but got 1}}
  %0 = tile.iota dim 1 : tensor<4xi32>
  return
}

// -----

func.func @extract_slice_c1(%x: tensor<4xf32>) {
  // expected-error @below {{'tile.extract_slice' op expected 'result' of the source's element type 'f32', but got 'f16'}}
  %0 = tile.extract_slice %x [0] : tensor<4xf32> to tensor<2xf16>
  return
}

// -----

func.func @extract_slice_c2(%x: tensor<4x4xf32>) {
  // expected-error @below {{'tile.extract_slice' op expected 'result' and 'offsets' of rank 2 like the source, but got ranks 1 and 2}}
  %0 = tile.extract_slice %x [0, 0] : tensor<4x4xf32> to tensor<4xf32>
  return
}

// -----

func.func @extract_slice_c3(%x: tensor<4x4xf32>) {
  // expected-error @below {{'tile.extract_slice' op expected a slice of 2 from 3 to lie within the 4 elements of dimension 1}}
  %0 = tile.extract_slice %x [0, 3] : tensor<4x4xf32> to tensor<4x2xf32>
  return
}

// -----

#a = #tile.layout<reg = [[1], [2]], lane = [], wave = []>
func.func @relayout_c1(%x: tensor<4xf32, #a>) {
  // expected-error @below {{'tile.relayout' op expected 'source' and 'result' of one shape and element type, but got 'tensor<4xf32>' and 'tensor<3xf32>'}}
  %0 = tile.relayout %x : tensor<4xf32, #a> to tensor<3xf32, #a>
  return
}

// -----

#a = #tile.layout<reg = [[1], [2]], lane = [], wave = []>
func.func @relayout_c2(%x: tensor<4xf32, #a>) {
  // expected-error @below {{'tile.relayout' op expected 'result' to have a '#tile.layout', but got 'tensor<4xf32>'}}
  %0 = tile.relayout %x : tensor<4xf32, #a> to tensor<4xf32>
  return
}

// -----

func.func @alloc_shared_c1() {
  // expected-error @below {{'tile.alloc_shared' op expected 'offset' to be a multiple of 4 bytes, the size of an element, but got 6}}
  %0 = tile.alloc_shared {offset = 6 : i64} : !tile.shared<4xf32>
  return
}

// -----

func.func @store_shared_c1(%x: tensor<4xf32>, %b: !tile.shared<4xf16>) {
  // expected-error @below {{'tile.store_shared' op expected 'value' of the buffer's shape and element type, 'tensor<4xf16>', but got 'tensor<4xf32>'}}
  tile.store_shared %x, %b : tensor<4xf32>, !tile.shared<4xf16>
  return
}

// -----

func.func @load_shared_c1(%b: !tile.shared<2x4xf16>) {
  // expected-error @below {{'tile.load_shared' op expected elements of type 'f16', but got 'f32'}}
  %0 = tile.load_shared %b : !tile.shared<2x4xf16> -> tensor<2x4xf32>
  return
}

// -----

func.func @load_shared_c2_rank(%b: !tile.shared<2x4xf16>) {
  // expected-error @below {{'tile.load_shared' op expected 2 offsets and a result of rank 2, but got 1 and rank 1}}
  %0 = tile.load_shared %b offsets = [0] : !tile.shared<2x4xf16> -> tensor<4xf16>
  return
}

// -----

func.func @load_shared_c2_outside(%b: !tile.shared<2x4xf16>) {
  // expected-error @below {{'tile.load_shared' op expected offset 1 in [0, 1], but got 2}}
  %0 = tile.load_shared %b offsets = [0, 2] : !tile.shared<2x4xf16> -> tensor<2x3xf16>
  return
}

// -----

func.func @load_shared_c2_negative(%b: !tile.shared<2x4xf16>) {
  // expected-error @below {{'tile.load_shared' op expected offset 0 in [0, 1], but got -1}}
  %0 = tile.load_shared %b offsets = [-1, 0] : !tile.shared<2x4xf16> -> tensor<1x4xf16>
  return
}

// -----

func.func @load_shared_c3(%b: !tile.shared<2x4xf16>) {
  // expected-error @below {{'tile.load_shared' op expected 8 elements, as 'buffer' has, but got 9}}
  %0 = tile.load_shared %b : !tile.shared<2x4xf16> -> tensor<3x3xf16>
  return
}

// -----

func.func @load_shared_c4(%b: !tile.shared<2x4xf16, #tile.padded<order = [1, 0], interval = 4, pad = 2>>) {
  // expected-error @below {{'tile.load_shared' op expected a buffer without a layout, to read a part of it or another shape, but got '!tile.shared<2x4xf16, #tile.padded<}}
  %0 = tile.load_shared %b : !tile.shared<2x4xf16, #tile.padded<order = [1, 0], interval = 4, pad = 2>> -> tensor<4x2xf16>
  return
}

// -----

// expected-error @below {{expected a shared buffer of rank 1 or more}}
func.func private @shared_c1_rank(!tile.shared<f32>)

// -----

// expected-error @below {{expected each dimension of a shared buffer to be at least 1}}
func.func private @shared_c1_size(!tile.shared<4x0xf32>)

// -----

// expected-error @below {{expected a shared buffer of at most 1073741824 elements}}
func.func private @shared_c2_elements(!tile.shared<65536x65536xf32>)

// -----

// expected-error @below {{expected a shared buffer of an element type of tiles, but got 'i7'}}
func.func private @shared_c2_type(!tile.shared<4xi7>)

// -----

// expected-error @below {{expected a layout of rank 1 like the buffer, but got rank 2}}
func.func private @shared_c3(!tile.shared<4xf32, #tile.padded<order = [1, 0], interval = 32, pad = 8>>)

// -----

// expected-error @below {{expected 'order' to be a permutation of the dimensions, but got [0, 2]}}
func.func private @padded_c1(!tile.shared<4x4xf32, #tile.padded<order = [0, 2], interval = 32, pad = 8>>)

// -----

// expected-error @below {{expected 'interval' of at least 1, but got 0}}
func.func private @padded_c2(!tile.shared<4xf32, #tile.padded<order = [0], interval = 0, pad = 8>>)

// -----

// expected-error @below {{expected 'pad' of 0 to 65536, but got -1}}
func.func private @padded_c3(!tile.shared<4xf32, #tile.padded<order = [0], interval = 1, pad = -1>>)

// -----

// expected-error @below {{expected a layout of rank 2 like the tensor, but got rank 1}}
func.func private @layout_c1(tensor<4x4xf32, #tile.layout<reg = [[1], [2]], lane = [], wave = []>>)

// -----

// expected-error @below {{expected a layout that covers shape 5, but its padded shape is 4}}
func.func private @layout_c2(tensor<5xf32, #tile.layout<reg = [[1], [2]], lane = [], wave = []>>)

// -----

// expected-error @below {{expected a tensor of static shape with a layout}}
func.func private @layout_c2_dynamic(tensor<?xf32, #tile.layout<reg = [[1], [2]], lane = [], wave = []>>)

// -----

// expected-error @below {{expected a vector of 2 coordinates like the first, but got 1}}
func.func private @layout_ranks(tensor<4x4xf32, #tile.layout<reg = [[1, 0], [2]], lane = [], wave = []>>)

// -----

// expected-error @below {{expected 'reg' or 'wave' before a repeat}}
func.func private @layout_repeat(tensor<4xf32, #tile.layout<reg = [[1], [2]], lane = [], wave = [], repeat = [lane 2 dim 0]>>)

// -----

// expected-error @below {{expected a dimension of at least 0, but got -1}}
func.func private @layout_repeat_dim(tensor<4xf32, #tile.layout<reg = [[1], [2]], lane = [], wave = [], repeat = [reg 2 dim -1]>>)

// -----

// expected-error @below {{invalid layout: expected coordinates in [0, 2^40) in 'lane', but got -2}}
func.func private @layout_negative(tensor<4xf32, #tile.layout<reg = [[1]], lane = [[-2]], wave = []>>)

// -----

// expected-error @below {{invalid layout: expected at most 8 dimensions, but got 2147483648}}
func.func private @layout_rank(tensor<4xf32, #tile.layout<reg = [], lane = [], wave = [], repeat = [reg 2 dim 2147483647]>>)
