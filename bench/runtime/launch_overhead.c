/* launch_overhead.c - nanoseconds that a launch adds to the driver's own call.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * launch_overhead DRIVER.so LIBRARY.tilelib DESCRIPTION KERNEL...;
 * bench/runtime/launch.py makes them and runs it. The driver is one that does
 * nothing. The description is the library's: sessions launch from it. With
 * LAUNCH_OVERHEAD_ONLY="CALL COUNT" in the environment it makes that call so
 * often and nothing else, to be counted by callgrind.
 */
#define _GNU_SOURCE
#include "instructions.h"
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tilewright-rt/Jit.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 99, CALLS = 20000, MOST_ARGUMENTS = 64, MOST_THREADS = 8 };

static void check(TwStatus status) {
  if (!status)
    return;
  fprintf(stderr, "launch_overhead: error: %s\n", twStatusGetMessage(status));
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

typedef int (*CuLaunch)(void *, unsigned, unsigned, unsigned, unsigned,
                        unsigned, unsigned, unsigned, void *, void **, void **);

static CuLaunch cuLaunch;
static TwFunction function;
static TwValue values[MOST_ARGUMENTS];
static size_t numValues;
static char kernarg[4096];
static size_t variant;
static int64_t grid[3];

static void callBare(void) {
  size_t bytes = sizeof(kernarg);
  void *extra[] = {(void *)1, kernarg, (void *)2, &bytes, NULL};
  cuLaunch(&bytes, 1, 1, 1, 64, 1, 1, 0, NULL, NULL, extra);
}

static void callPacked(void) {
  check(twFunctionLaunchPacked(function, variant, NULL, kernarg,
                               sizeof(kernarg), grid, NULL));
}

static void callTyped(void) {
  check(twFunctionLaunch(function, NULL, values, numValues, NULL));
}

static TwJitKernel divisible, dynamic;

static void callDivisible(void) {
  check(twJitKernelLaunch(divisible, NULL, values, numValues, NULL));
}

static void callDynamic(void) {
  check(twJitKernelLaunch(dynamic, NULL, values, numValues, NULL));
}

static struct {
  const char *name;
  void (*call)(void);
  double best;
  long long instructions;
  int keepsMemory;
} calls[] = {{"bare call of the driver", callBare, 0, 0, 0},
             {"packed arguments", callPacked, 0, 0, 0},
             {"typed arguments, checks, grid", callTyped, 0, 0, 0},
             {"a session, by divisibility", callDivisible, 0, 0, 0},
             {"a session, one kernel for all", callDynamic, 0, 0, 0}};
enum { NUM_CALLS = sizeof(calls) / sizeof(calls[0]) };

/* The best of many short rounds, in which all calls take turns: the clock of a
 * shared machine changes from second to second. */
static void measureCalls(void) {
  for (int c = 0; c < NUM_CALLS; ++c) {
    calls[c].best = 1e30;
    calls[c].instructions = -1;
    calls[c].keepsMemory = 0;
  }
  int counter = openInstructions();
  for (int round = 0; round < ROUNDS; ++round)
    for (int c = 0; c < NUM_CALLS; ++c) {
      size_t bytes = mallinfo2().uordblks;
      long long count = readInstructions(counter);
      double start = now();
      for (int i = 0; i < CALLS; ++i)
        calls[c].call();
      double time = (now() - start) / CALLS;
      if (count >= 0)
        calls[c].instructions = (readInstructions(counter) - count) / CALLS;
      if (time < calls[c].best)
        calls[c].best = time;
      calls[c].keepsMemory |= mallinfo2().uordblks != bytes;
    }
  if (counter >= 0)
    close(counter);
  for (int c = 0; c < NUM_CALLS; ++c) {
    printf("  %-34s %7.1f ns", calls[c].name, calls[c].best);
    if (c > 0)
      printf("   %+7.1f over the driver's call", calls[c].best - calls[0].best);
    if (calls[c].instructions >= 0)
      printf("   %lld instructions", calls[c].instructions);
    printf("%s\n", calls[c].keepsMemory ? "   KEEPS MEMORY" : "");
  }
}

static void *launchMany(void *unused) {
  (void)unused;
  for (int i = 0; i < CALLS; ++i)
    callTyped();
  return NULL;
}

static void measureThreads(int numThreads) {
  pthread_t threads[MOST_THREADS];
  double best = 1e30;
  for (int round = 0; round < ROUNDS; ++round) {
    double start = now();
    for (int i = 0; i < numThreads; ++i)
      pthread_create(&threads[i], NULL, launchMany, NULL);
    for (int i = 0; i < numThreads; ++i)
      pthread_join(threads[i], NULL);
    double time = now() - start;
    if (time < best)
      best = time;
  }
  printf("  %d threads: %.1f million launches per second\n", numThreads,
         numThreads * (double)CALLS / best * 1e3);
}

/* Arguments that every kernel of the benchmark takes: vectors of M elements but
 * `v1`, matrices of M x N. */
static void makeValues(TwKernel kernel) {
  static int64_t sizes[2] = {1 << 20, 1 << 10}, columns[1] = {1 << 10};
  static int64_t strides[2] = {1 << 11, 1};
  numValues = twKernelGetNumArguments(kernel);
  for (size_t i = 0; i < numValues; ++i) {
    TwArgumentInfo info;
    check(twKernelGetArgument(kernel, i, &info));
    memset(&values[i], 0, sizeof(values[i]));
    values[i].kind = info.kind;
    values[i].type = info.type;
    values[i].rank = info.rank;
    values[i].sizes = strcmp(info.name, "v1") ? sizes : columns;
    /* The first six of `mixed` have strides. */
    values[i].strides = info.rank == 2 && i < 6 ? strides : NULL;
    values[i].integer = 64;
    values[i].data = (void *)((i + 1) << 32);
  }
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr,
            "usage: launch_overhead DRIVER LIBRARY DESCRIPTION KERNEL...\n");
    return 1;
  }
  void *driver = dlopen(argv[1], RTLD_NOW);
  if (!driver) {
    fprintf(stderr, "launch_overhead: error: %s\n", dlerror());
    return 1;
  }
  TwDeviceOptions options = {.driver = argv[1]};
  TwDevice device;
  TwLibrary library;
  TwModule module;
  check(twDeviceOpen("cuda:0", &options, &device));
  check(twLibraryCreateFromFile(argv[2], &library));
  check(twModuleCreate(device, library, &module));
  void (*setRecording)(int);
  void (*setCurrent)(long);
  *(void **)&setRecording = dlsym(driver, "stubSetRecording");
  *(void **)&setCurrent = dlsym(driver, "stubSetCurrent");
  *(void **)&cuLaunch = dlsym(driver, "cuLaunchKernel");
  setRecording(0);
  TwJit jit;
  check(twJitOpen(NULL, &jit));
  const char *only = getenv("LAUNCH_OVERHEAD_ONLY");
  int numOnly = only && strchr(only, ' ') ? atoi(strchr(only, ' ')) : 0;
  for (int i = 4; i < argc; ++i) {
    check(twModuleGetFunction(module, argv[i], NULL, &function));
    check(twFunctionPrepare(function));
    TwKernel kernel;
    check(twFunctionGetKernel(function, 0, &kernel));
    makeValues(kernel);
    check(twFunctionPack(function, values, numValues, kernarg, sizeof(kernarg),
                         &variant, grid));
    setCurrent(1); /* the device's primary context */
    printf("%s: %zu arguments, %zu bytes, variant %zu of %zu\n", argv[i],
           numValues, twKernelGetKernargBytes(kernel), variant + 1,
           twFunctionGetNumVariants(function));
    TwJitSource source = {.file = argv[3], .kernel = argv[i], .keepsPtx = 1};
    TwJitKernelOptions isDynamic = {.policy = TW_JIT_DYNAMIC};
    check(twJitKernelCreate(jit, device, &source, NULL, &divisible));
    check(twJitKernelCreate(jit, device, &source, &isDynamic, &dynamic));
    callDivisible();
    callDynamic();
    check(twJitWait(jit));
    if (only) {
      void (*call)(void) = calls[atoi(only) % NUM_CALLS].call;
      for (int n = 0; n < numOnly; ++n)
        call();
      continue;
    }
    measureCalls();
    twJitKernelDestroy(divisible);
    twJitKernelDestroy(dynamic);
    for (int numThreads = 1; numThreads <= MOST_THREADS; numThreads *= 2)
      measureThreads(numThreads);
  }
  return 0;
}
