// ThreadSanitizer.cpp - what is no race in a program that loads the compiler.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// LLVM's libraries are not built with the sanitizer, which sees their memory
// but not the atomics that publish it. Nothing of the runtime is called by them
// or lies in memory that they allocate.
extern "C" const char *__tsan_default_suppressions() {
  return "race:libLLVM.so\n";
}

extern "C" const char *__tsan_default_options() {
  return "print_suppressions=0";
}
