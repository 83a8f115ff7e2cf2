// tile-compile-worker.cpp - the process in which the runtime has a kernel
// compiled (TwJitOptions::usesProcess); nobody calls it by hand.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Compiler.h"
#include <csignal>
#include <cstdio>
#include <dlfcn.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fputs("tile-compile-worker LIBRARY: answers the runtime, which starts "
               "it with a socket as standard input\n",
               stderr);
    return 1;
  }
  // Nobody is left to answer to.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    std::fprintf(stderr, "tile-compile-worker: error: %s\n", dlerror());
    return 2;
  }
  auto run = reinterpret_cast<decltype(&twCompilerRunWorker)>(
      dlsym(library, "twCompilerRunWorker"));
  if (!run) {
    std::fprintf(stderr, "tile-compile-worker: error: %s\n", dlerror());
    return 2;
  }
  return run(STDIN_FILENO);
}
