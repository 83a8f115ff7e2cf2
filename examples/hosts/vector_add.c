/* vector_add.c - runs a kernel of a library from C, on any device.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * vector_add LIBRARY.tilelib [DEVICE]
 */
#include <stdio.h>
#include <stdlib.h>
#include <tilewright-rt/Module.h>

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
  check(twModuleGetFunction(module, "vector_add", NULL, &add));

  /* Memory of the device, and what is in it. */
  float *arrays[3] = {a, b, c};
  TwValue values[3] = {0};
  int64_t sizes[1] = {N};
  for (int i = 0; i < 3; ++i) {
    void *memory;
    check(twDeviceAllocate(device, sizeof(a), &memory));
    check(twDeviceCopy(device, memory, arrays[i], sizeof(a), NULL));
    values[i] = (TwValue){.kind = TW_ARRAY,
                          .type = TW_F32,
                          .rank = 1,
                          .data = memory,
                          .sizes = sizes};
  }

  check(twFunctionLaunch(add, NULL, values, 3, NULL));
  check(twDeviceCopy(device, c, values[2].data, sizeof(c), NULL));
  check(twDeviceSynchronize(device));

  for (int i = 0; i < N; ++i)
    if (c[i] != 3.0f * (float)i) {
      fprintf(stderr, "vector_add: error: element %d is %g\n", i, c[i]);
      return 1;
    }
  printf("vector_add: %d elements, all right\n", N);

  for (int i = 0; i < 3; ++i)
    check(twDeviceFree(device, values[i].data));
  twModuleDestroy(module);
  twLibraryDestroy(library);
  twDeviceClose(device);
  return 0;
}
