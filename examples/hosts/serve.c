/* serve.c - kernels that are compiled when they are asked for, or never.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * serve record VECTOR_ADD.json MANIFEST [DEVICE]
 * serve strict VECTOR_ADD.json MANIFEST [DEVICE]
 *
 * "record" compiles what is in no cache, and writes down what was asked for.
 * "strict" compiles nothing: what `tile-cache prebuild` made must be there.
 */
#include "tilewright-rt/Jit.h"
#include "tilewright-rt/Value.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints what went wrong and ends the program. */
static void check(TwStatus status) {
  if (!status)
    return;
  fprintf(stderr, "serve: error: %s\n", twStatusGetMessage(status));
  twStatusDestroy(status);
  exit(1);
}

enum { MOST = 100000 };
static float a[MOST], b[MOST], c[MOST];

/* Adds `size` numbers on the device, and says whether the sums are right. */
static int add(TwDevice device, TwJitKernel kernel, int64_t size) {
  size_t bytes = (size_t)size * sizeof(float);
  void *memory[3];
  float *arrays[3] = {a, b, c};
  TwValue values[3];
  for (int i = 0; i < 3; ++i) {
    check(twDeviceAllocate(device, bytes, &memory[i]));
    check(twDeviceCopy(device, memory[i], arrays[i], bytes, NULL));
    values[i] = twValueMakeArray(TW_F32, 1, memory[i], &size, NULL);
  }
  check(twJitKernelLaunch(kernel, NULL, values, 3, NULL));
  check(twDeviceCopy(device, c, memory[2], bytes, NULL));
  check(twDeviceSynchronize(device));
  int isRight = 1;
  for (int64_t i = 0; i < size; ++i)
    isRight &= c[i] == a[i] + b[i];
  for (int i = 0; i < 3; ++i)
    check(twDeviceFree(device, memory[i]));
  return isRight;
}

int main(int argc, char **argv) {
  int isStrict = argc > 1 && strcmp(argv[1], "strict") == 0;
  if (argc < 4 || (!isStrict && strcmp(argv[1], "record") != 0)) {
    fprintf(stderr,
            "usage: serve record|strict VECTOR_ADD.json MANIFEST [DEVICE]\n");
    return 1;
  }
  for (int i = 0; i < MOST; ++i) {
    a[i] = (float)i;
    b[i] = 2.0f * (float)i;
  }

  TwDevice device;
  TwJit jit;
  TwJitKernel kernel;
  TwJitOptions options = {.isStrict = isStrict,
                          .manifest = isStrict ? argv[3] : NULL};
  TwJitSource source = {.file = argv[2], .kernel = "vector_add"};
  check(twDeviceOpen(argc > 4 ? argv[4] : "host", NULL, &device));
  check(twJitOpen(&options, &jit));
  check(twJitKernelCreate(jit, device, &source, NULL, &kernel));
  /* A server loads its code before it takes requests. */
  size_t loaded = 0;
  if (isStrict)
    check(twJitKernelPrepare(kernel, &loaded));

  const int64_t sizes[] = {MOST, 4096, 1000, 17};
  int isRight = 1;
  for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); ++i)
    isRight &= add(device, kernel, sizes[i]);
  if (!isStrict)
    check(twJitSaveManifest(jit, argv[3]));

  TwJitCounters counters;
  twJitGetCounters(jit, &counters);
  printf("serve: %d sizes %s, %d kernels asked for, %d loaded before\n",
         (int)(sizeof(sizes) / sizeof(*sizes)), isRight ? "right" : "WRONG",
         (int)counters.requests, (int)loaded);
  if (isStrict)
    printf("serve: %d compilations\n", (int)counters.compiles);
  twJitKernelDestroy(kernel);
  twJitClose(jit);
  twDeviceClose(device);
  return isRight ? 0 : 1;
}
