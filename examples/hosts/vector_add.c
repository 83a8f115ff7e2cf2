/* vector_add.c - runs a kernel of a library from C, on any device.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * vector_add LIBRARY.tilelib [DEVICE]
 *
 * vector_add_kernels.h is what `tile-compile --emit=c-header` writes.
 */
#include "vector_add_kernels.h"
#include <stdio.h>
#include <stdlib.h>

/* Prints what went wrong and ends the program. */
static void check(TwStatus status) {
  if (!status)
    return;
  fprintf(stderr, "vector_add: error: %s\n", twStatusGetMessage(status));
  twStatusDestroy(status);
  exit(1);
}

int main(int argc, char **argv) {
  enum { N = 100000 };
  static float a[N], b[N], c[N];
  if (argc < 2) {
    fprintf(stderr, "usage: vector_add LIBRARY.tilelib [DEVICE]\n");
    return 1;
  }
  for (int i = 0; i < N; ++i) {
    a[i] = (float)i;
    b[i] = 2.0f * (float)i;
  }

  TwDevice device;
  TwLibrary library;
  TwModule module;
  TwFunction add;
  check(twDeviceOpen(argc > 2 ? argv[2] : "host", NULL, &device));
  check(twLibraryCreateFromFile(argv[1], &library));
  check(twModuleCreate(device, library, &module));
  check(vector_add_f32_get(module, &add));

  /* Memory of the device, and what is in it. */
  float *arrays[3] = {a, b, c};
  void *memory[3];
  for (int i = 0; i < 3; ++i) {
    check(twDeviceAllocate(device, sizeof(a), &memory[i]));
    check(twDeviceCopy(device, memory[i], arrays[i], sizeof(a), NULL));
  }

  vector_add_f32_arguments arguments = {
      .a = memory[0], .b = memory[1], .c = memory[2], .N = N};
  check(vector_add_f32_launch(add, NULL, &arguments, NULL));
  check(twDeviceCopy(device, c, memory[2], sizeof(c), NULL));
  check(twDeviceSynchronize(device));

  for (int i = 0; i < N; ++i)
    if (c[i] != 3.0f * (float)i) {
      fprintf(stderr, "vector_add: error: element %d is %g\n", i, c[i]);
      return 1;
    }
  printf("vector_add: %d elements, all right\n", N);

  for (int i = 0; i < 3; ++i)
    check(twDeviceFree(device, memory[i]));
  twModuleDestroy(module);
  twLibraryDestroy(library);
  twDeviceClose(device);
  return 0;
}
