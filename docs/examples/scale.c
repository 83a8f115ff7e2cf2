/* scale.c - runs scale.mlir through the header that tile-compile writes for it.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * scale LIBRARY.tilelib
 */
#include "scale.h"
#include <stdio.h>
#include <stdlib.h>

static void check(TwStatus status) {
  if (!status)
    return;
  fprintf(stderr, "scale: error: %s\n", twStatusGetMessage(status));
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 2)
    return 1;
  TwDevice device;
  TwLibrary library;
  TwModule module;
  check(twDeviceOpen("host", NULL, &device));
  check(twLibraryCreateFromFile(argv[1], &library));
  check(twModuleCreate(device, library, &module));

  float x[] = {1, 2, 3, 4, 5};
  TwFunction function;
  check(scale_get(module, &function));
  scale_arguments arguments = {.x = x, .factor = 2.5f, .N = 5};
  check(scale_launch(function, NULL, &arguments, NULL));

  printf("%g %g %g %g %g\n", x[0], x[1], x[2], x[3], x[4]);
  twModuleDestroy(module);
  twLibraryDestroy(library);
  twDeviceClose(device);
  return 0;
}
