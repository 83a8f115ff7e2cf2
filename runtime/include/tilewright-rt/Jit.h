/* Jit.h - kernels from their source, compiled for the arguments of a launch and
 * kept.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A session (TwJit) has a cache, and a compiler that is loaded when a kernel is
 * in no cache. A kernel (TwJitKernel) is a source on a device; a launch finds
 * what its policy lets the code assume of the arguments, and takes the code
 * that was compiled for that. docs/Runtime.md tells the whole story.
 *
 * Sessions and kernels may be used from several threads. A launch of code that
 * is there takes no lock. After fork a session answers UNSUPPORTED.
 *
 * A kernel keeps the code of each class of arguments until it is destroyed, for
 * at most 1024 classes, however many threads launch it; further ones are
 * launched with the code that assumes nothing, which counts as one more. What a
 * manifest names (twJitKernelPrepare) is loaded in any case, and counts. A
 * class that does not compile is remembered and counts. Where there is no code
 * that assumes nothing, since a parameter is "bucket(N)", 8192 classes are kept
 * and a further one is RESOURCE_EXHAUSTED. A class takes about 25 KB for
 * examples/kernels/vector_add.json on the host: its code, its library and its
 * checks; not the source, which the kernel has once. A GPU's driver takes what
 * it takes for a module. The session's record (twJitSaveManifest) has each
 * class that was found or compiled, and each source once, until it is closed.
 */
#ifndef TILEWRIGHT_RT_JIT_H
#define TILEWRIGHT_RT_JIT_H

#include "tilewright-rt/Cache.h"
#include "tilewright-rt/Compiler.h"
#include "tilewright-rt/Device.h"
#include "tilewright-rt/Module.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TwJitStorage *TwJit;
typedef struct TwJitKernelStorage *TwJitKernel;

/** How to open a session; all zero is right for most. */
typedef struct TwJitOptions {
  /** Null: the one that twCacheOpen opens by default. It outlives the session. */
  TwCache cache;
  /** Nothing is ever compiled, here or by a driver: what is in no cache is an
   * error that says what is missing. */
  int32_t isStrict;
  /** Compiles in a process of its own: a crash of the compiler is a status, and
   * LLVM is never loaded here. */
  int32_t usesProcess;
  /** libtilewright-jit.so; null: TILEWRIGHT_COMPILER, else beside this library.
   * A relative path counts from the folder in which twJitOpen is called. */
  const char *compiler;
  /** The program tile-compile-worker; null: TILEWRIGHT_COMPILER_PROCESS, else
   * beside this library, or in "../bin". */
  const char *worker;
  /** Longest time of one compilation, and before it of waiting for others who
   * make the same; 0: 60000. */
  uint32_t budgetMilliseconds;
  /** Threads that compile; 0: 2. They start when they are needed. */
  uint32_t numThreads;
  /** A manifest of twJitPrebuild. It tells which compiler made what is in the
   * cache, where there is none here, and in strict sessions. */
  const char *manifest;
} TwJitOptions;

/** What happened since the session was opened. */
typedef struct TwJitCounters {
  /** Kernels that were asked for, and how they were answered: while none is
   * being made, requests are the sum of the others. Counted before who asked has
   * the answer. */
  uint64_t requests, cacheHits, contentHits, compiles, failures;
  /** Of the failures: in strict sessions; over the budget or cancelled. */
  uint64_t strictMisses, timeouts;
  /** Launches that took the fallback. */
  uint64_t fallbacks;
  /** Bytes of libraries that were compiled. */
  uint64_t compiledBytes;
  /** Sums over all compiles. */
  TwCompileTimes times;
} TwJitCounters;

/** What code may assume of the arguments of a launch. Types and ranks it always
 * does. Facts of addresses and divisors are powers of two. */
typedef enum TwJitPolicy {
  /** Divisors of sizes, strides and integer scalars up to 16, alignment up to
   * 16 bytes, unit strides: few kernels, each nearly as fast as can be. */
  TW_JIT_DIVISIBILITY = 0,
  /** Sizes and strides as they are, alignment up to 16 bytes: one kernel for
   * each shape. */
  TW_JIT_EXACT = 1,
  /** Nothing: one kernel for all. */
  TW_JIT_DYNAMIC = 2,
  /** As TW_JIT_DIVISIBILITY, and that no size is above the next power of two: a
   * kernel for each bucket of sizes. A template parameter may follow it, see
   * TwJitParameter. */
  TW_JIT_BUCKETS = 3
} TwJitPolicy;

/** Value of a template parameter, as the description would have it. With policy
 * TW_JIT_BUCKETS it may be "bucket(N)": the bound of the size named N, such as
 * 1024 for sizes from 513 on. Where the description lists "values" it is the
 * smallest of them that is not below the bound, else the largest. */
typedef struct TwJitParameter {
  const char *name, *value;
} TwJitParameter;

/** Where a kernel comes from; all zero but for `file` is right for most. */
typedef struct TwJitSource {
  /** A description (.json) or MLIR text (.mlir). With `text`, only the name
   * that messages have for it, and the folder of what a description names. */
  const char *file;
  /** The text itself; null data: it is read from `file`. */
  TwBytes text;
  /** Null: the only one. */
  const char *kernel;
  /** Null: the first whose types the arguments have, and whose facts follow from
   * what the policy says of them. */
  const char *variant;
  /** Parameters that differ from the variant's. */
  const TwJitParameter *parameters;
  size_t numParameters;
  /** Optimisation level, plus 1; 0: the description's. */
  int32_t optLevelPlusOne;
  /** Text of a #tile.schedule attribute; null: the description's. */
  const char *schedule;
  /** PTX instead of machine code, where there is a choice. */
  int32_t keepsPtx;
  /** AMD: null or "lld"; or "comgr", ROCm's, for chips newer than our LLVM. */
  const char *linker;
} TwJitSource;

/** How a kernel is specialised; all zero is right for most. */
typedef struct TwJitKernelOptions {
  TwJitPolicy policy;
  /** A launch does not wait for a compilation: until it is done, and where it
   * failed, `fallback` is launched. */
  int32_t isBackground;
  /** Null: the same kernel with policy TW_JIT_DYNAMIC, for which the first
   * launch waits. Where a parameter is "bucket(N)" there is no such kernel, and
   * launches wait. It outlives the kernel. */
  TwFunction fallback;
} TwJitKernelOptions;

/** Opens a session; `options` may be null. Loads no compiler.
 *
 * Errors: those of twCacheOpen; CORRUPT, NOT_FOUND  of the manifest */
TW_EXPORTED TwStatus twJitOpen(const TwJitOptions *options, TwJit *jit);
/** Its kernels must be gone. Cancels what is compiled. Null is nothing. */
TW_EXPORTED void twJitClose(TwJit jit);
/** All zero for null, and after a fork. */
TW_EXPORTED void twJitGetCounters(TwJit jit, TwJitCounters *counters);
/** Waits for all compilations that were asked for. */
TW_EXPORTED TwStatus twJitWait(TwJit jit);
/** Ends all of them; who waits for one gets RESOURCE_EXHAUSTED. They are begun
 * anew when they are asked for again. */
TW_EXPORTED TwStatus twJitCancel(TwJit jit);

/** Reads the source, and compiles nothing yet. Device and session outlive the
 * kernel.
 *
 * Errors: NOT_FOUND         a file cannot be read
 *         INVALID_ARGUMENT  neither a description nor MLIR
 *         UNSUPPORTED       strict, and the fallback's code is PTX */
TW_EXPORTED TwStatus twJitKernelCreate(TwJit jit, TwDevice device,
                                       const TwJitSource *source,
                                       const TwJitKernelOptions *options,
                                       TwJitKernel *kernel);
/** Waits for its launches and unloads its code. Null is nothing. */
TW_EXPORTED void twJitKernelDestroy(TwJitKernel kernel);

/** Launches the code for these arguments; it is compiled first if need be.
 *
 * Errors: INVALID_ARGUMENT    the kernel does not take them, or is wrong; the
 *                             message is the compiler's
 *         NOT_FOUND           strict, and in no cache; or there is no compiler
 *         RESOURCE_EXHAUSTED  over the budget, or cancelled; or the compiler
 *                             cannot make a temporary file. It is tried again
 *                             by the next launch that waits for it. Or a
 *                             class above the bound, and no code that assumes
 *                             nothing
 *         INTERNAL            the compiler crashed, in its process
 *         and those of twFunctionLaunch */
TW_EXPORTED TwStatus twJitKernelLaunch(TwJitKernel kernel, TwStream stream,
                                       const TwValue *values, size_t numValues,
                                       const TwLaunchOptions *options);
/** The code that twJitKernelLaunch would take, once it is compiled: waits. The
 * function lives as long as the kernel. Memory behind the values is not
 * touched, only where it lies counts. */
TW_EXPORTED TwStatus twJitKernelGetFunction(TwJitKernel kernel,
                                            const TwValue *values,
                                            size_t numValues,
                                            TwFunction *function);
/** Has it compiled in the background, and returns. */
TW_EXPORTED TwStatus twJitKernelRequest(TwJitKernel kernel,
                                        const TwValue *values,
                                        size_t numValues);

/** The library of one kernel for a target ("sm_90", "gfx942", "x86-64-v3"),
 * without a device and without arguments: what `tile-compile` writes for the
 * same kernel, variant and chip. */
TW_EXPORTED TwStatus twJitCompile(TwJit jit, const TwJitSource *source,
                                  const char *target, TwLibrary *library);

/** Writes down what was asked for since the session was opened: a manifest,
 * from which twJitPrebuild makes the same for other targets. One that is there
 * already is kept, and added to. It has sources in it, but no paths and nothing
 * of this machine. */
TW_EXPORTED TwStatus twJitSaveManifest(TwJit jit, const char *path);

/** What a manifest names, for one target. The strings live as long as the call
 * that has it. */
typedef struct TwJitReportInfo {
  /** The kernel's name, or that of its source where it is the only one. */
  const char *kernel;
  /** "": its arguments choose it. */
  const char *variant;
  const char *target;
  /** What is assumed of its arguments, as the manifest says it, with "; "
   * between them; "" where it was asked for without any. */
  const char *arguments;
} TwJitReportInfo;

/** Called for each kernel and target of a manifest; `status` is null where it
 * is there. */
typedef void (*TwJitReport)(void *user, const TwJitReportInfo *info,
                            TwStatus status);

/** Makes all that a manifest names for `targets`, on as many threads as the
 * session has, and puts it into the cache; no device is needed. A target is
 * what a device asks for, such as "sm_90" or "gfx942": other names of it,
 * "sm_90a" or that of TwDeviceInfo ("gfx942:sramecc+:xnack-"), stand for that,
 * in reports and in twJitCheck as well. Then writes into the manifest which
 * compiler that was, and for which targets; not of what failed, and no longer
 * of what another compiler made. `report` may be null; it is called
 * from one thread at a time.
 *
 * Errors: CORRUPT, NOT_FOUND  of the manifest; else the first that a kernel
 *         had, such as UNSUPPORTED where there was neither ptxas nor nvJitLink
 *         to make machine code of its PTX, or where the compiler has no chip
 *         like the target and takes PTX of an older one: the others are made all
 *         the same */
TW_EXPORTED TwStatus twJitPrebuild(TwJit jit, const char *manifest,
                                   const char *const *targets,
                                   size_t numTargets, TwJitReport report,
                                   void *user);
/** Whether a strict session finds all that a manifest names for `target`;
 * compiles nothing.
 *
 * Errors: NOT_FOUND    something is missing, or refused; or the manifest was not
 *                      prebuilt for it: the message says which
 *         UNSUPPORTED  something is there as PTX alone, which the driver would
 *                      compile */
TW_EXPORTED TwStatus twJitCheck(TwJit jit, const char *manifest,
                                const char *target, TwJitReport report,
                                void *user);
/** Loads all that the session's manifest names of this kernel, so that no
 * launch with such arguments looks for it; `numFound` may be null. */
TW_EXPORTED TwStatus twJitKernelPrepare(TwJitKernel kernel, size_t *numFound);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_RT_JIT_H */
