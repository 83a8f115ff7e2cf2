/* cache_hit.c - what a hit of the cache costs.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cache_hit FOLDER put | get; bench/runtime/cache.py runs it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tilewright-rt/Cache.h>
#include <time.h>

enum { KEY_BYTES = 8000, VALUE_BYTES = 100000, CALLS = 100000 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void check(TwStatus status) {
  if (!status)
    return;
  fprintf(stderr, "cache_hit: error: %s\n", twStatusGetMessage(status));
  exit(1);
}

int main(int argc, char **argv) {
  static char key[KEY_BYTES], value[VALUE_BYTES];
  if (argc != 3)
    return 1;
  memset(key, 'k', sizeof(key));
  TwBytes keyBytes = {key, sizeof(key)}, valueBytes = {value, sizeof(value)};
  TwCacheOptions options = {.folder = argv[1]};
  TwCache cache;
  double start = now();
  check(twCacheOpen(&options, &cache));
  if (strcmp(argv[2], "put") == 0) {
    check(twCachePut(cache, keyBytes, valueBytes));
    return 0;
  }
  TwCacheValue found;
  check(twCacheGet(cache, keyBytes, &found));
  double first = now() - start;
  if (!found.owner)
    return 1;
  twCacheValueDestroy(found);
  start = now();
  for (int i = 0; i < CALLS; ++i) {
    check(twCacheGet(cache, keyBytes, &found));
    twCacheValueDestroy(found);
  }
  printf("%.2f %.4f\n", first, (now() - start) / CALLS);
  twCacheClose(cache);
  return 0;
}
