/* instructions.h - instructions of this process in user mode.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Of all threads that are started after it is opened. bench/runtime/counts.py
 * counts with callgrind where the system gives no counter.
 */
#ifndef TILEWRIGHT_BENCH_RUNTIME_INSTRUCTIONS_H
#define TILEWRIGHT_BENCH_RUNTIME_INSTRUCTIONS_H

#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/** A counter, or -1 where nobody counts. */
static int openInstructions(void) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof(attributes));
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.size = sizeof(attributes);
  attributes.config = PERF_COUNT_HW_INSTRUCTIONS;
  attributes.exclude_kernel = 1;
  attributes.inherit = 1;
  return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

/** How many there were, or -1. */
static long long readInstructions(int counter) {
  long long value = 0;
  if (counter < 0 || read(counter, &value, sizeof(value)) != sizeof(value))
    return -1;
  return value;
}

#endif /* TILEWRIGHT_BENCH_RUNTIME_INSTRUCTIONS_H */
