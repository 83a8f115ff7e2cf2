/* harness.h - what the programs of test_c_header.py have in common.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * C11 and C++17. main opens the host and the library that it is given, and
 * calls `run`. kernels.h is the header under test.
 */
#ifndef TILEWRIGHT_TEST_INTEGRATION_C_HEADER_HARNESS_H
#define TILEWRIGHT_TEST_INTEGRATION_C_HEADER_HARNESS_H

#include "kernels.h"
#include <stdio.h>
#include <stdlib.h>

static inline void check(TwStatus status) {
  if (!status)
    return;
  fprintf(stderr, "%s\n", twStatusGetMessage(status));
  exit(1);
}

/* Prints why a launch is refused. */
static inline void printRefusal(TwStatus status) {
  printf("%s\n", status ? twStatusGetMessage(status) : "not refused");
  twStatusDestroy(status);
}

static TwDevice device;

/* The bytes of a file, in memory of the device. */
static inline void *load(const char *path, size_t bytes) {
  FILE *file = fopen(path, "rb");
  void *memory;
  check(twDeviceAllocate(device, bytes, &memory));
  if (!file || fread(memory, 1, bytes, file) != bytes)
    exit(2);
  fclose(file);
  return memory;
}

static inline void save(const char *path, const void *memory, size_t bytes) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(memory, 1, bytes, file) != bytes)
    exit(3);
  fclose(file);
}

static inline void *allocate(size_t bytes) {
  void *memory;
  check(twDeviceAllocate(device, bytes, &memory));
  check(twDeviceFill(device, memory, 0xCD, bytes, NULL));
  return memory;
}

static void run(TwModule module);

int main(int argc, char **argv) {
  TwLibrary library;
  TwModule module;
  if (argc != 2)
    return 4;
  check(twDeviceOpen("host", NULL, &device));
  check(twLibraryCreateFromFile(argv[1], &library));
  check(twModuleCreate(device, library, &module));
  run(module);
  twModuleDestroy(module);
  twLibraryDestroy(library);
  twDeviceClose(device);
  return 0;
}

#endif /* TILEWRIGHT_TEST_INTEGRATION_C_HEADER_HARNESS_H */
