/* cache_hit.c - what a hit of the cache costs.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * cache_hit FOLDER put
 * cache_hit FOLDER get HITS
 * cache_hit FOLDER nothing
 *
 * bench/runtime/cache.py runs it. `get` prints microseconds of the first hit,
 * from opening the cache on, and of each of HITS in memory; then instructions
 * of both, or -1. `nothing` is what the process itself takes.
 */
#define _GNU_SOURCE
#include "instructions.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tilewright-rt/Cache.h>
#include <time.h>

enum { KEY_BYTES = 8000, VALUE_BYTES = 100000 };

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

static char key[KEY_BYTES], value[VALUE_BYTES];

static void get(TwCache cache) {
  TwBytes bytes = {key, sizeof(key)};
  TwCacheValue found;
  check(twCacheGet(cache, bytes, &found));
  if (!found.owner)
    exit(1);
  twCacheValueDestroy(found);
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 1;
  memset(key, 'k', sizeof(key));
  if (strcmp(argv[2], "nothing") == 0)
    return 0;
  TwCacheOptions options = {.folder = argv[1]};
  TwCache cache;
  int counter = openInstructions();
  long long count = readInstructions(counter);
  double start = now();
  check(twCacheOpen(&options, &cache));
  if (strcmp(argv[2], "put") == 0) {
    TwBytes keyBytes = {key, sizeof(key)}, valueBytes = {value, sizeof(value)};
    check(twCachePut(cache, keyBytes, valueBytes));
    return 0;
  }
  get(cache);
  double first = now() - start;
  long long firstCount = readInstructions(counter) - count;
  long long hits = argc > 3 ? atoll(argv[3]) : 0;
  count = readInstructions(counter);
  start = now();
  for (long long i = 0; i < hits; ++i)
    get(cache);
  double time = now() - start;
  count = readInstructions(counter) - count;
  if (counter < 0)
    firstCount = -1;
  printf("%.2f %.4f %lld %lld\n", first, hits ? time / (double)hits : 0.0,
         firstCount, counter < 0 || !hits ? -1 : count / hits);
  twCacheClose(cache);
  return 0;
}
