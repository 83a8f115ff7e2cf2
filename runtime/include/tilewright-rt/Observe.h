/* Observe.h - what the runtime does, told to whoever wants to know.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Counters are with what they count: twCacheGetCounters, twJitGetCounters. This
 * header has events as they happen, and a trace of how long things took. Both
 * are the process's; without them a launch pays one load of memory.
 */
#ifndef TILEWRIGHT_RT_OBSERVE_H
#define TILEWRIGHT_RT_OBSERVE_H

#include "tilewright-rt/Status.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum TwLogLevel {
  TW_LOG_DEBUG = 0,
  TW_LOG_INFO = 1,
  TW_LOG_WARNING = 2,
  TW_LOG_ERROR = 3
} TwLogLevel;

/** A fact of an event; `text` is null for numbers. */
typedef struct TwLogField {
  const char *name;
  const char *text;
  double number;
} TwLogField;

/** Something that happened. All pointers live during the call alone.
 *
 * | event            | level   | fields                                    |
 * |------------------|---------|-------------------------------------------|
 * | device.open      | INFO    | device, target                            |
 * | module.load      | INFO    | kernel, variant, chip, bytes, ms          |
 * | jit.hit          | DEBUG   | kernel, source, target                    |
 * | jit.compile      | INFO    | kernel, source, target, ms, bytes, remarks |
 * | jit.fail         | WARNING | kernel, source, target, message           |
 * | jit.miss         | ERROR   | the same, in strict sessions              |
 * | cache.miss       | WARNING | folder, layer, reason; only where there   |
 * |                  |         | was something that could not be used      |
 * | cache.refuse     | WARNING | folder, layer; a value could not be kept  |
 * | cache.away       | WARNING | folder, layer, reason; a folder could not |
 * |                  |         | be made or opened                         |
 */
typedef struct TwLogEvent {
  TwLogLevel level;
  const char *event;
  const TwLogField *fields;
  size_t numFields;
} TwLogEvent;

/** Called from any thread, also from several at once. It may call the runtime,
 * but for twLogSetHandler, and must not destroy what the call that tells it is
 * about: twModuleDestroy waits for that call. Nor may it wait for code of a
 * session that tells it something, as twJitWait or a launch without code does:
 * the thread that would compile is in the handler. */
typedef void (*TwLogHandler)(void *user, const TwLogEvent *event);

/** Has `handler` called for events of at least `lowest`; null for none. The one
 * before may still be running in another thread when this returns. */
TW_EXPORTED void twLogSetHandler(TwLogHandler handler, void *user,
                                 TwLogLevel lowest);

/** Begins a trace, which is kept in memory until twTraceStop: up to a million
 * slices; what comes later is left out. A child that is forked meanwhile goes
 * on with a trace of its own, which begins empty.
 *
 * Errors: INVALID_ARGUMENT  there is one already */
TW_EXPORTED TwStatus twTraceStart(void);
/** Ends the trace and writes it to the file `path` in Chrome's format, for
 * ui.perfetto.dev or chrome://tracing: a slice for each launch (the time of the
 * call, not that of the kernel), load, cache access and compilation, with the
 * compiler's stages inside, by thread; a thread has the name that it had when
 * its first slice ended. Null: it is thrown away.
 *
 * Errors: INVALID_ARGUMENT  there is none
 *         NOT_FOUND         the file cannot be written; the trace has ended all
 *                           the same, and is kept for another call of this
 *                           function, until a new one begins */
TW_EXPORTED TwStatus twTraceStop(const char *path);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_RT_OBSERVE_H */
