/* Compiler.h - the compiler as a library, libtilewright-jit.so.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * tilewright-rt/Jit.h loads this library when a kernel is in no cache. A
 * program seldom needs it itself.
 *
 * A compilation belongs to one thread at a time, but for twCompilationCancel.
 * Different ones may run at the same time. Handlers of signals stay as they are
 * (LLVM installs some where the system has no /proc), and what the program has
 * set for floating-point numbers neither matters nor changes.
 *
 * The program may end at any time: exit() cancels the compilations that run and
 * waits for them, 5 seconds at most, and later ones end with RESOURCE_EXHAUSTED.
 * Static objects of LLVM are not destroyed then. Once loaded the library stays.
 *
 * The compiler may crash on what it was not made for; a program that cannot bear
 * that compiles in a process of its own (TwJitOptions::usesProcess).
 */
#ifndef TILEWRIGHT_RT_COMPILER_H
#define TILEWRIGHT_RT_COMPILER_H

#include "tilewright-rt/Library.h"
#include "tilewright-rt/Status.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Version of this interface and of requests. */
#define TW_COMPILER_VERSION 1

typedef struct TwCompilationStorage *TwCompilation;

/** Wall-clock time of the stages of a compilation, in milliseconds. */
typedef struct TwCompileTimes {
  double parse, passes, translate, optimize, backend, assemble, total;
} TwCompileTimes;

/** TW_COMPILER_VERSION of the library. */
TW_EXPORTED uint32_t twCompilerGetVersion(void);
/** Takes a copy of the bytes of a request. */
TW_EXPORTED TwCompilation twCompilationCreate(TwBytes request);
TW_EXPORTED void twCompilationDestroy(TwCompilation compilation);
/** Reads the kernel and what it may assume; then there is a content key. */
TW_EXPORTED TwCode twCompilationPrepare(TwCompilation compilation);
/** Compiles it; then there is a library.
 *
 * Errors: INVALID_ARGUMENT    the kernel is wrong
 *         RESOURCE_EXHAUSTED  cancelled, the process is ending, or the machine
 *                             has no room for a temporary file (TMPDIR): it may
 *                             work later */
TW_EXPORTED TwCode twCompilationFinish(TwCompilation compilation);
/** From any thread: the compilation ends soon, with RESOURCE_EXHAUSTED. */
TW_EXPORTED void twCompilationCancel(TwCompilation compilation);

/** Bytes that are equal for requests that give the same library. */
TW_EXPORTED TwBytes twCompilationGetContentKey(TwCompilation compilation);
/** The bytes of a library (tilewright-rt/Library.h) with one image. */
TW_EXPORTED TwBytes twCompilationGetLibrary(TwCompilation compilation);
/** After an error what is wrong, else warnings and remarks; a line each. */
TW_EXPORTED const char *twCompilationGetMessage(TwCompilation compilation);
TW_EXPORTED void twCompilationGetTimes(TwCompilation compilation,
                                       TwCompileTimes *times);

/** Answers one request of the runtime on `socket`, for a process that does
 * nothing else; an exit code. Installs handlers of signals. */
TW_EXPORTED int twCompilerRunWorker(int socket);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_RT_COMPILER_H */
