// tile-compile-worker.cpp - the process in which the runtime has a kernel
// compiled (TwJitOptions::usesProcess); nobody calls it by hand.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/Compiler.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <dlfcn.h>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>

using namespace tilewright::rt;

/// Reads or writes all of `bytes` bytes; false where the runtime is gone.
template <typename Transfer, typename Data>
static bool transferAll(Transfer transfer, Data *data, size_t bytes) {
  while (bytes) {
    ssize_t count = transfer(STDIN_FILENO, data, bytes);
    if (count <= 0 && (count == 0 || errno != EINTR))
      return false;
    count = std::max<ssize_t>(count, 0);
    data += count;
    bytes -= size_t(count);
  }
  return true;
}

/// Answers the request with an error: nobody reads what is printed here.
static int answer(TwCode code, const std::string &message) {
  // First the request: of a socket with unread bytes the other end may learn
  // that it was closed before it learns what was said.
  MessageHeader header;
  char *at = reinterpret_cast<char *>(&header);
  if (!transferAll(&read, at, sizeof(header)))
    return 1;
  for (char rest[4096]; header.bytes;) {
    size_t bytes = std::min<size_t>(header.bytes, sizeof(rest));
    if (!transferAll(&read, rest, bytes))
      return 1;
    header.bytes -= bytes;
  }
  std::string text = char('0' + code) + message;
  header = {MessageTag::Error, 0, text.size()};
  return transferAll(&write, at, sizeof(header)) &&
                 transferAll(&write, text.data(), text.size())
             ? 0
             : 1;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fputs("tile-compile-worker LIBRARY: answers the runtime, which starts "
               "it with a socket as standard input\n",
               stderr);
    return 1;
  }
  // Nobody is left to answer to. Temporary files are removed at this signal.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  std::string path = argv[1];
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    return answer(TW_NOT_FOUND,
                  "cannot load the compiler '" + path +
                      "': " + (why ? why : "no reason given") +
                      "; set TILEWRIGHT_COMPILER to libtilewright-jit.so");
  }
  auto run = reinterpret_cast<decltype(&twCompilerRunWorker)>(
      dlsym(library, "twCompilerRunWorker"));
  if (!run)
    return answer(TW_UNSUPPORTED,
                  "'" + path +
                      "' is no compiler of Tilewright: it lacks "
                      "twCompilerRunWorker");
  return run(STDIN_FILENO);
}
