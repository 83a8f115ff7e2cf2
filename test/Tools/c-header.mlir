// Every element type, rank and kind of size, and names that C has for itself.
// test_c_header.py compiles and launches these kernels.
//
// RUN: tile-compile %s --emit=c-header -o %t.h
// RUN: FileCheck %s --input-file=%t.h

// The comment, and a guard from the output's name.
// CHECK: /* c-header.mlir.tmp.h - the kernels of c-header.mlir, typed.
// CHECK: #ifndef TILEWRIGHT_KERNELS_C_HEADER_MLIR_TMP_H
// CHECK-NEXT: #define TILEWRIGHT_KERNELS_C_HEADER_MLIR_TMP_H
// CHECK: #include <tilewright-rt/Module.h>

// CHECK-LABEL: /** Kernel arrays, variants default. */
// CHECK-NEXT: #define arrays_name "arrays"
// CHECK: typedef struct arrays_arguments {
// CHECK-NEXT: /** a[N] of f64, only read. */
// CHECK-NEXT: const double *a;
// CHECK: const float *b;
// CHECK: const TwF16 *c;
// CHECK: const TwBF16 *d;
// CHECK: const TwF8E4M3FN *e;
// CHECK: const TwF8E5M2 *f;
// CHECK: const TwF8E4M3FNUZ *g;
// CHECK: const TwF8E5M2FNUZ *h;
// CHECK: const bool *i;
// CHECK: const int8_t *j;
// CHECK: const int16_t *k;
// CHECK: const int32_t *l;
// CHECK: const int64_t *m;
// One member for the size that all have.
// CHECK-NEXT: /** Size N. */
// CHECK-NEXT: int64_t N;
// CHECK-NEXT: } arrays_arguments;
// CHECK: TwValue values[13];
// CHECK-NEXT: int64_t sizes[13];
// CHECK: values->sizes[4] = arguments->N;
// CHECK-NEXT: values->values[4] = twValueMakeArray(
// CHECK-NEXT: TW_F8E4M3FN, 1, arguments->e, values->sizes + 4, NULL);
// CHECK: return twFunctionLaunch(
// CHECK-NEXT: function, stream, values.values, 13, options);
tile.kernel @arrays(
    %a: memref<?xf64> {tile.name = "a", tile.dims = ["N"]},
    %b: memref<?xf32> {tile.name = "b", tile.dims = ["N"]},
    %c: memref<?xf16> {tile.name = "c", tile.dims = ["N"]},
    %d: memref<?xbf16> {tile.name = "d", tile.dims = ["N"]},
    %e: memref<?xf8E4M3FN> {tile.name = "e", tile.dims = ["N"]},
    %f: memref<?xf8E5M2> {tile.name = "f", tile.dims = ["N"]},
    %g: memref<?xf8E4M3FNUZ> {tile.name = "g", tile.dims = ["N"]},
    %h: memref<?xf8E5M2FNUZ> {tile.name = "h", tile.dims = ["N"]},
    %i: memref<?xi1> {tile.name = "i", tile.dims = ["N"]},
    %j: memref<?xi8> {tile.name = "j", tile.dims = ["N"]},
    %k: memref<?xi16> {tile.name = "k", tile.dims = ["N"]},
    %l: memref<?xi32> {tile.name = "l", tile.dims = ["N"]},
    %m: memref<?xi64> {tile.name = "m", tile.dims = ["N"]})
    grid ["N"] affine_map<()[N] -> (N)> {
  tile.return
}

// CHECK-LABEL: /** Kernel scalars, variants default. */
// CHECK: * It assumes:
// CHECK-NEXT: - f32 is 1.5 (0x3FC00000)
// CHECK-NEXT: - i16 is a multiple of 4
// CHECK-NEXT: - i32 is -3 */
// CHECK-NEXT: typedef struct scalars_arguments {
// CHECK-NEXT: /** f64, f64. */
// CHECK-NEXT: double f64;
// CHECK-NEXT: /** f32, f32. */
// CHECK-NEXT: float f32;
// CHECK-NEXT: /** f16, f16, to which the launch rounds it. */
// CHECK-NEXT: float f16;
// CHECK: float bf16;
// CHECK: float f8;
// CHECK: bool i1;
// CHECK: int8_t i8;
// CHECK: int16_t i16;
// CHECK: int32_t i32;
// CHECK: int64_t i64;
// CHECK: int64_t index;
// CHECK-NEXT: } scalars_arguments;
// CHECK: values->values[2] = twValueMakeReal(TW_F16, arguments->f16);
// CHECK: values->values[5] = twValueMakeInteger(TW_I1, arguments->i1);
// CHECK: values->values[10] = twValueMakeInteger(TW_I64, arguments->index);
tile.kernel @scalars(
    %f64: f64 {tile.name = "f64"},
    %f32: f32 {tile.name = "f32", tile.value = 1.5 : f32},
    %f16: f16 {tile.name = "f16"}, %bf16: bf16 {tile.name = "bf16"},
    %f8: f8E4M3FN {tile.name = "f8"}, %i1: i1 {tile.name = "i1"},
    %i8: i8 {tile.name = "i8"},
    %i16: i16 {tile.name = "i16", tile.divisible = 4 : i64},
    %i32: i32 {tile.name = "i32", tile.value = -3 : i32},
    %i64: i64 {tile.name = "i64"}, %index: index {tile.name = "index"})
    grid ["i64"] affine_map<()[n] -> (n)> {
  tile.return
}

// Static sizes are no members; those with a name are macros. A size that is
// static in one argument is so in all. Rank 0 has neither sizes nor strides.
// CHECK-LABEL: /** Kernel shapes, variants default. */
// CHECK: /** Size K, of every variant. */
// CHECK-NEXT: #define shapes_size_K INT64_C(64)
// CHECK: - stride 0 of four is a multiple of 8
// CHECK-NEXT: - stride 3 of four is 1
// CHECK-NEXT: - four is aligned to 32 bytes
// CHECK-NEXT: - M is a multiple of 2
// CHECK-NEXT: - size 1 of three is a multiple of 16
// CHECK-NEXT: - no other argument reaches the memory of zero, four, unless neither is
// CHECK-NEXT: written */
// CHECK-NEXT: typedef struct shapes_arguments {
// CHECK-NEXT: /** zero[] of f32, written. */
// CHECK-NEXT: float *zero;
// CHECK: /** one[K = 64] of f32, only read. */
// CHECK: /** four[M, K = 64, 3, four_size3] of f32, only read. */
// CHECK: /** three[M, three_size1, 5] of f32, only read. */
// CHECK: /** Size M. */
// CHECK-NEXT: int64_t M;
// CHECK-NEXT: /** Size 3 of four. */
// CHECK-NEXT: int64_t four_size3;
// CHECK-NEXT: /** Size 1 of three. */
// CHECK-NEXT: int64_t three_size1;
// CHECK-NEXT: /** Strides of four, 4; null: row-major without gaps. */
// CHECK-NEXT: const int64_t *four_strides;
// CHECK-NEXT: } shapes_arguments;
// CHECK: int64_t sizes[8];
// CHECK: TW_F32, 0, arguments->zero, NULL, NULL);
// CHECK: values->sizes[2] = shapes_size_K;
// CHECK-NEXT: values->sizes[3] = INT64_C(3);
// CHECK-NEXT: values->sizes[4] = arguments->four_size3;
// CHECK: TW_F32, 4, arguments->four, values->sizes + 1, arguments->four_strides);
tile.kernel @shapes(
    %zero: memref<f32> {tile.name = "zero", tile.noalias},
    %one: memref<?xf32> {tile.name = "one", tile.dims = ["K"]},
    %four: memref<?x64x3x?xf32, strided<[?, ?, ?, 1]>> {tile.name = "four", tile.dims = ["M", "K", "", ""], tile.stride_divisible = array<i64: 8, 1, 1, 1>, tile.align = 32 : i64, tile.noalias},
    %three: memref<?x?x5xf32> {tile.name = "three", tile.dims = ["M", "", ""], tile.divisible = array<i64: 2, 16, 1>})
    grid ["M"] affine_map<()[M] -> (M)> {
  %c = arith.constant 1.0 : f32
  tile.store %c, %zero[] : f32, memref<f32>
  tile.return
}

// CHECK-LABEL: /** Kernel none, variants default. */
// CHECK: typedef struct none_arguments {
// CHECK-NEXT: char unused;
// CHECK-NEXT: } none_arguments;
// CHECK: (void)arguments;
// CHECK: return twFunctionLaunch(
// CHECK-NEXT: function, stream, values.values, 0, options);
tile.kernel @none() grid [] affine_map<() -> (1)> {
  tile.return
}

// Names of C, of C++, of the compiler and of <stdint.h>; a size with the name
// of an array; a member's name that is already another's. The kernel's own name
// always has something behind it.
// CHECK-LABEL: /** Kernel int, variants default. */
// CHECK-NEXT: #define int_name "int"
// CHECK: float *int_;
// CHECK: const float *class_;
// CHECK: const float *x_Bool;
// CHECK: const float *linux_;
// CHECK: const float *int_2;
// CHECK: float class_strides;
// CHECK: /** Size for. */
// CHECK-NEXT: int64_t for_;
// CHECK-NEXT: /** Size class. */
// CHECK-NEXT: int64_t size_class;
// CHECK-NEXT: /** Size INT_MAX. */
// CHECK-NEXT: int64_t INT_MAX_;
// CHECK-NEXT: /** Size NULL. */
// CHECK-NEXT: int64_t NULL_;
// CHECK-NEXT: /** Size int_arguments. */
// CHECK-NEXT: int64_t int_arguments;
// CHECK: const int64_t *class_strides_2;
tile.kernel @int(
    %int: memref<?xf32> {tile.name = "int", tile.dims = ["for"]},
    %class: memref<?x?xf32, strided<[?, 1]>> {tile.name = "class", tile.dims = ["for", "class"]},
    %bool: memref<?xf32> {tile.name = "_Bool", tile.dims = ["INT_MAX"]},
    %linux: memref<?xf32> {tile.name = "linux", tile.dims = ["NULL"]},
    %other: memref<?xf32> {tile.name = "int_", tile.dims = ["int_arguments"]},
    %strides: f32 {tile.name = "class_strides"})
    grid ["for"] affine_map<()[n] -> (n)> {
  %c0 = arith.constant 0 : index
  %c = arith.constant dense<1.0> : tensor<1xf32>
  tile.store %c, %int[%c0] : tensor<1xf32>, memref<?xf32>
  tile.return
}

// `_x` at file scope belongs to the implementation, and a macro of the header
// would replace a member of its name.
// CHECK-LABEL: /** Kernel _hidden, variants default. */
// CHECK-NEXT: #define x_hidden_name "_hidden"
// CHECK: int64_t n;
// CHECK: float int_name_2;
// CHECK: float shapes_size_K_2;
// CHECK: float int_launch;
tile.kernel @_hidden(%n: i64 {tile.name = "n"},
                     %name: f32 {tile.name = "int_name"},
                     %size: f32 {tile.name = "shapes_size_K"},
                     %launch: f32 {tile.name = "int_launch"})
    grid ["n"] affine_map<()[n] -> (n)> {
  tile.return
}

// CHECK: #endif /* TILEWRIGHT_KERNELS_C_HEADER_MLIR_TMP_H */
// CHECK-NOT: {{.}}
