/* everything.c - launches the kernels of test/Tools/c-header.mlir.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */
#include "harness.h"

static arrays_arguments arrays;
static scalars_arguments scalars;
static shapes_arguments shapes;
static none_arguments none;
static int_arguments named;

static void run(TwModule module) {
  TwFunction function;
  check(arrays_get(module, &function));
  /* The runtime compares types, ranks and sizes with the library's; how large
   * an element is in C it cannot see. */
#define SET(MEMBER, TYPE)                                                      \
  if (sizeof(*arrays.MEMBER) != twElementTypeGetBytes(TYPE))                   \
    exit(5);                                                                   \
  arrays.MEMBER = (CAST(arrays.MEMBER))allocate(64)
#ifdef __cplusplus
#define CAST(X) decltype(X)
#else
#define CAST(X) void *
#endif
  SET(a, TW_F64);
  SET(b, TW_F32);
  SET(c, TW_F16);
  SET(d, TW_BF16);
  SET(e, TW_F8E4M3FN);
  SET(f, TW_F8E5M2);
  SET(g, TW_F8E4M3FNUZ);
  SET(h, TW_F8E5M2FNUZ);
  SET(i, TW_I1);
  SET(j, TW_I8);
  SET(k, TW_I16);
  SET(l, TW_I32);
  SET(m, TW_I64);
  arrays.N = 3;
  check(arrays_launch(function, NULL, &arrays, NULL));
  arrays.N = -1;
  printRefusal(arrays_launch(function, NULL, &arrays, NULL));
  arrays.N = 3;
  arrays.m = NULL;
  printRefusal(arrays_launch(function, NULL, &arrays, NULL));

  check(scalars_get(module, &function));
  scalars.f64 = 1e300;
  scalars.f32 = 1.5f;
  scalars.f16 = 0.1f;
  scalars.bf16 = -3;
  scalars.f8 = 448;
  scalars.i1 = true;
  scalars.i8 = -128;
  scalars.i16 = 4;
  scalars.i32 = -3;
  scalars.i64 = 2;
  scalars.index = INT64_MAX;
  check(scalars_launch(function, NULL, &scalars, NULL));

  /* What is passed, by the offsets of docs/KernelABI.md. */
  unsigned char bytes[64];
  size_t variant;
  int64_t grid[3];
  check(scalars_pack(function, &scalars, bytes, sizeof(bytes), &variant, grid));
  for (int i = 0; i < 48; ++i)
    printf("%02x", bytes[i]);
  printf("\n%d %d %d\n", (int)grid[0], (int)grid[1], (int)grid[2]);
  scalars.i16 = 5;
  printRefusal(scalars_launch(function, NULL, &scalars, NULL));

  check(shapes_get(module, &function));
  shapes.zero = (float *)allocate(4);
  shapes.one = (const float *)allocate(4 * shapes_size_K);
  shapes.four = (const float *)allocate(2 * 1000 * 4);
  shapes.three = (const float *)allocate(2 * 16 * 5 * 4);
  shapes.M = 2;
  shapes.four_size3 = 4;
  shapes.three_size1 = 16;
  check(shapes_launch(function, NULL, &shapes, NULL));
  const int64_t strides[] = {800, 12, 4, 1}, odd[] = {801, 12, 4, 1};
  shapes.four_strides = strides;
  check(shapes_launch(function, NULL, &shapes, NULL));
  shapes.four_strides = odd;
  printRefusal(shapes_launch(function, NULL, &shapes, NULL));
  shapes.four_strides = NULL;
  shapes.three_size1 = 15;
  printRefusal(shapes_launch(function, NULL, &shapes, NULL));
  printf("%g\n", shapes.zero[0]);

  check(none_get(module, &function));
  check(none_launch(function, NULL, &none, NULL));

  check(int_get(module, &function));
  named.int_ = (float *)allocate(4 * 3);
  named.class_ = (const float *)allocate(4 * 3 * 2);
  named.x_Bool = named.linux_ = named.int_2 = named.class_;
  named.class_strides = 7;
  named.for_ = 3;
  named.size_class = 2;
  named.INT_MAX_ = named.NULL_ = named.int_arguments = 1;
  const int64_t pitch[] = {2, 1};
  named.class_strides_2 = pitch;
  check(int_launch(function, NULL, &named, NULL));
  printf("%g\n", named.int_[0]);

  static x_hidden_arguments hidden;
  hidden.int_name_2 = hidden.shapes_size_K_2 = hidden.int_launch = 1;
  check(x_hidden_get(module, &function));
  check(x_hidden_launch(function, NULL, &hidden, NULL));
}
