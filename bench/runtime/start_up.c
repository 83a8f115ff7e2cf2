/* start_up.c - from dlopen to the first kernel.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * start_up RUNTIME library FILE.tilelib KERNEL
 * start_up RUNTIME session DESCRIPTION KERNEL
 * start_up nothing
 *
 * bench/runtime/start_up.py runs it: a library that was compiled before, or a
 * session with a cache that has the kernel. It prints microseconds, and the
 * instructions of all threads, or -1. `nothing` is what the process itself
 * takes.
 */
#define _GNU_SOURCE
#include "instructions.h"
#include "tilewright-rt/Jit.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void *runtime;

static void *find(const char *name) {
  void *function = dlsym(runtime, name);
  if (!function) {
    fprintf(stderr, "start_up: error: no %s\n", name);
    exit(1);
  }
  return function;
}

#define CALL(name) ((__typeof__(&name))find(#name))

static void check(TwStatus status) {
  if (!status)
    return;
  fprintf(stderr, "start_up: error: %s\n", CALL(twStatusGetMessage)(status));
  exit(1);
}

static TwFunction fromLibrary(TwDevice device, char **argv) {
  TwLibrary library;
  TwModule module;
  TwFunction function;
  check(CALL(twLibraryCreateFromFile)(argv[3], &library));
  check(CALL(twModuleCreate)(device, library, &module));
  check(CALL(twModuleGetFunction)(module, argv[4], NULL, &function));
  check(CALL(twFunctionPrepare)(function));
  return function;
}

static TwFunction fromSession(TwDevice device, char **argv) {
  static const int64_t size = 4096;
  TwJit jit;
  TwJitKernel kernel;
  TwFunction function;
  TwJitSource source = {.file = argv[3], .kernel = argv[4]};
  TwValue values[3];
  memset(values, 0, sizeof(values));
  for (int i = 0; i < 3; ++i) {
    values[i].kind = TW_ARRAY;
    values[i].type = TW_F32;
    values[i].rank = 1;
    values[i].sizes = &size;
  }
  check(CALL(twJitOpen)(NULL, &jit));
  check(CALL(twJitKernelCreate)(jit, device, &source, NULL, &kernel));
  check(CALL(twJitKernelGetFunction)(kernel, values, 3, &function));
  return function;
}

int main(int argc, char **argv) {
  if (argc == 2)
    _Exit(0);
  if (argc != 5)
    return 1;
  int counter = openInstructions();
  long long count = readInstructions(counter);
  double start = now();
  runtime = dlopen(argv[1], RTLD_NOW);
  if (!runtime)
    return 1;
  TwDevice device;
  TwDeviceOptions options = {.numThreads = 1};
  check(CALL(twDeviceOpen)("host", &options, &device));
  TwFunction function = strcmp(argv[2], "library") == 0
                            ? fromLibrary(device, argv)
                            : fromSession(device, argv);
  double time = now() - start;
  if (counter >= 0)
    count = readInstructions(counter) - count;
  if (!function)
    return 1;
  printf("%.1f %lld\n", time, count);
  fflush(stdout);
  _Exit(0);
}
