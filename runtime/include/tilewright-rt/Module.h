/* Module.h - the kernels of a library on a device, and their launches.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A module finds, for each kernel of a library, the images that fit the device.
 * A function is one kernel with all its variants; a launch takes the first
 * variant, from the one that assumes most to the one that assumes least, whose
 * facts the arguments meet. Code is loaded when it is launched first, or by
 * twFunctionPrepare.
 *
 * Functions may be launched from several threads. A launch of code that is
 * loaded allocates nothing and takes no lock; on the host launches take turns,
 * and more than 4 KiB of arguments are allocated.
 */
#ifndef TILEWRIGHT_RT_MODULE_H
#define TILEWRIGHT_RT_MODULE_H

#include "tilewright-rt/Device.h"
#include "tilewright-rt/Kernel.h"
#include "tilewright-rt/Library.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TwModuleStorage *TwModule;
typedef struct TwFunctionStorage *TwFunction;

/** Special ways to launch; all zero is the usual one. A device that does not
 * have what is asked for refuses the launch: UNSUPPORTED. */
typedef struct TwLaunchOptions {
  /** Workgroups of a cluster in x; 0 and 1: no clusters. "cuda" alone. */
  int32_t clusterSize;
  /** All workgroups run at the same time, or the launch is refused. "hip": from
   * ROCm 5.5 on. "host" refuses it. */
  int32_t isCooperative;
  /** The kernel may start before the one in front of it has ended, and says
   * itself when it needs the other's results. "cuda" alone. */
  int32_t isProgrammatic;
  /** Priority within the device as twStreamCreate has it. "cuda" alone. */
  int32_t priority;
} TwLaunchOptions;

/** What a launch of a variant may ask of its device. The first four are what
 * TwLaunchOptions may have: no kernel needs one of them to run. */
typedef struct TwLaunchLimits {
  /** Most workgroups of a cluster that every device of this kind takes; 1:
   * there are no clusters. "cuda" from sm_90 on: 8. How many of that size run
   * at the same time depends on the kernel. */
  int32_t maxClusterSize;
  /** Whether there are launches with `isCooperative`, with `isProgrammatic`
   * ("cuda" from sm_90 on) and with `priority`. */
  int32_t hasCooperative, hasProgrammatic, hasPriority;
  /** Most workgroups of a grid: the product of its extents. */
  int64_t maxWorkgroups;
  /** Of the device: most threads and bytes of shared memory of a workgroup, and
   * whether the variant needs no more. On the host sharedBytes is 0, and any
   * kernel fits. */
  int64_t maxWorkgroupThreads, maxSharedBytes;
  int32_t fits;
  /** Bytes of shared memory that each launch asks the driver for, besides what
   * the code declares itself ("cuda"; 0 elsewhere); -1: the code is not loaded
   * yet, and only then the driver says. */
  int64_t dynamicSharedBytes;
} TwLaunchLimits;

/** Takes the kernels of `library` that have code for `device`. Both are kept
 * until the module is destroyed, the library may be destroyed before.
 *
 * Errors: CORRUPT, UNSUPPORTED  metadata that is damaged, or of a newer
 *                               version */
TW_EXPORTED TwStatus twModuleCreate(TwDevice device, TwLibrary library,
                                    TwModule *module);
/** Waits for calls of its functions that other threads are in. Launches may
 * still run, and to wait for the device would spoil the capture of any of its
 * streams: so a GPU's code stays until twDeviceSynchronize is called, which
 * unloads it, or the device closed. Graphs that have captured launches of it
 * must not be launched after that. No call may begin with its functions any
 * more; one that begins meanwhile answers INVALID_ARGUMENT. Null is nothing. */
TW_EXPORTED void twModuleDestroy(TwModule module);

/** The kernel `name`, which lives as long as the module. With a `variant` that
 * is not null, that variant alone.
 *
 * Errors: NOT_FOUND  no such kernel or variant, or none for this device; the
 *                    message lists what there is */
TW_EXPORTED TwStatus twModuleGetFunction(TwModule module, const char *name,
                                         const char *variant,
                                         TwFunction *function);

/** 0 for null. */
TW_EXPORTED size_t twFunctionGetNumVariants(TwFunction function);
/** What variant `index` takes, in the order in which launches try them.
 *
 * Errors: INVALID_ARGUMENT  `index` is out of range */
TW_EXPORTED TwStatus twFunctionGetKernel(TwFunction function, size_t index,
                                         TwKernel *kernel);

/** What launches of variant `index` may ask for. Loads nothing.
 *
 * Errors: INVALID_ARGUMENT  `index` is out of range, or null
 *         UNSUPPORTED       after a fork */
TW_EXPORTED TwStatus twFunctionGetLaunchLimits(TwFunction function,
                                               size_t index,
                                               TwLaunchLimits *limits);

/** Loads all variants now: a launch then never loads.
 *
 * Errors: UNSUPPORTED, CORRUPT, RESOURCE_EXHAUSTED, DEVICE */
TW_EXPORTED TwStatus twFunctionPrepare(TwFunction function);

/** Launches on `stream`, on the grid that the arguments give. An empty grid
 * succeeds without a launch. `options` may be null.
 *
 * Errors: INVALID_ARGUMENT  no variant takes these arguments; the message is
 *                           that of the variant with most of their element
 *                           types and ranks, and of those the one that assumes
 *                           least; or options that are none
 *         and those of twFunctionPrepare */
TW_EXPORTED TwStatus twFunctionLaunch(TwFunction function, TwStream stream,
                                      const TwValue *values, size_t numValues,
                                      const TwLaunchOptions *options);

/** The variant that twFunctionLaunch would take, its kernarg bytes and its
 * grid, for launches of twFunctionLaunchPacked.
 *
 * Errors: INVALID_ARGUMENT  as twFunctionLaunch; or fewer `kernargBytes` than
 *                           the variant has */
TW_EXPORTED TwStatus twFunctionPack(TwFunction function, const TwValue *values,
                                    size_t numValues, void *kernarg,
                                    size_t kernargBytes, size_t *variant,
                                    int64_t grid[3]);
/** Launches a variant with arguments that were packed before, unchecked. */
TW_EXPORTED TwStatus twFunctionLaunchPacked(TwFunction function, size_t variant,
                                            TwStream stream,
                                            const void *kernarg,
                                            size_t kernargBytes,
                                            const int64_t grid[3],
                                            const TwLaunchOptions *options);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_RT_MODULE_H */
