/* Host.h - loads host images and runs them on a pool of threads.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A host image is an ELF shared object without imports. It is loaded from
 * memory by a loader of our own, which checks every offset: the system's
 * loader trusts its input.
 */
#ifndef TILEWRIGHT_RT_HOST_H
#define TILEWRIGHT_RT_HOST_H

#include "tilewright-rt/Kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TwHostPoolStorage *TwHostPool;
typedef struct TwHostKernelStorage *TwHostKernel;

/** A pool of `numThreads` threads, the one that launches included; 0 takes as
 * many as this process may use.
 *
 * Errors: INVALID_ARGUMENT    negative or more than 4096
 *         RESOURCE_EXHAUSTED  the system gives no more threads */
TW_EXPORTED TwStatus twHostPoolCreate(int32_t numThreads, TwHostPool *pool);
/** Waits for the threads. No launch may be running. */
TW_EXPORTED void twHostPoolDestroy(TwHostPool pool);
TW_EXPORTED int32_t twHostPoolGetNumThreads(TwHostPool pool);

/** Loads the image of `kernel` (which is kept by reference: destroy it last).
 *
 * Errors: CORRUPT             not such an ELF file
 *         UNSUPPORTED         it has imports, or this CPU is below its chip
 *         NOT_FOUND           it has no function of the kernel's name
 *         RESOURCE_EXHAUSTED  no memory */
TW_EXPORTED TwStatus twHostKernelLoad(TwKernel kernel, TwBytes image,
                                      TwHostKernel *loaded);
TW_EXPORTED void twHostKernelDestroy(TwHostKernel loaded);

/** Runs the kernel over its whole grid and waits for the end. Launches on one
 * pool take turns; different pools are independent. An empty grid succeeds at
 * once.
 *
 * Errors: those of twKernelPrepare; RESOURCE_EXHAUSTED  no scratch memory */
TW_EXPORTED TwStatus twHostLaunch(TwHostPool pool, TwHostKernel loaded,
                                  const TwValue *values, size_t numValues);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_RT_HOST_H */
