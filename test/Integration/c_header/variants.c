/* variants.c - which variant of a struct's several runs.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 */
#include "harness.h"

/* Prints the variant that takes `rows` rows, `offset` floats into memory. */
static void pick(TwModule module, int rows, int offset) {
  TwFunction function;
  TwKernel kernel;
  static copy_arguments arguments;
  unsigned char bytes[64];
  size_t variant;
  int64_t grid[3];
  float *in = (float *)allocate(4 * 200) + offset;
  float *out = (float *)allocate(4 * 200);
  enum { K = copy_size_K };
  for (int i = 0; i < K * rows; ++i)
    in[i] = (float)i;
  arguments.x = in;
  arguments.y = out;
  arguments.M = rows;
  check(copy_get(module, &function));
  check(copy_pack(function, &arguments, bytes, sizeof(bytes), &variant, grid));
  check(twFunctionGetKernel(function, variant, &kernel));
  check(copy_launch(function, NULL, &arguments, NULL));
  printf("%s %d", twKernelGetVariant(kernel), (int)grid[0]);
  for (int i = 0; i < K * rows; ++i)
    if (out[i] != (float)i)
      printf(" wrong");
  printf("\n");
}

static void run(TwModule module) {
  pick(module, 5, 0);
  pick(module, 16, 0);
  pick(module, 16, 1);
  pick(module, 40, 1);
}
