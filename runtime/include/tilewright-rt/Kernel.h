/* Kernel.h - what a kernel takes: arguments, kernarg bytes, grid.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * docs/KernelABI.md describes the layout. A TwKernel is made from an image's
 * metadata, never changes, and may be used from several threads.
 */
#ifndef TILEWRIGHT_RT_KERNEL_H
#define TILEWRIGHT_RT_KERNEL_H

#include "tilewright-rt/Library.h"
#include "tilewright-rt/Status.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TwKernelStorage *TwKernel;

typedef enum TwElementType {
  TW_F64,
  TW_F32,
  TW_BF16,
  TW_F16,
  TW_F8E4M3FN,
  TW_F8E5M2,
  TW_F8E4M3FNUZ,
  TW_F8E5M2FNUZ,
  TW_I1, /* one byte, 0 or 1 */
  TW_I8,
  TW_I16,
  TW_I32,
  TW_I64
} TwElementType;

/** Bytes of one element in memory. */
TW_EXPORTED size_t twElementTypeGetBytes(TwElementType type);
/** MLIR's name, such as "f8E4M3FN". */
TW_EXPORTED const char *twElementTypeGetName(TwElementType type);
/** Errors: NOT_FOUND         no element type has that name
 *         INVALID_ARGUMENT  null */
TW_EXPORTED TwStatus twElementTypeParse(const char *name, TwElementType *type);

typedef enum TwArgumentKind { TW_ARRAY, TW_SCALAR } TwArgumentKind;

/** What a kernel knows of a dimension of an array; sizes and strides count
 * elements. */
typedef struct TwDimInfo {
  /** Dimensions and integers of one name are equal; "" for none. */
  const char *name;
  /** Static, or -1. In contiguous arrays strides follow from the sizes. */
  int64_t size, stride;
  /** They are multiples of these. */
  int64_t sizeDivisor, strideDivisor;
  /** The largest size; INT64_MAX where there is no bound. */
  int64_t atMost;
} TwDimInfo;

/** One argument as the kernel declares it. -1 stands for "dynamic". */
typedef struct TwArgumentInfo {
  const char *name;
  TwArgumentKind kind;
  TwElementType type;
  /** Number of dimensions; 0 for scalars. */
  int32_t rank;
  /** `rank` static sizes, in elements, or -1. */
  const int64_t *sizes;
  /** The kernel may write to it. */
  int32_t isWritten;
  /** Offset of its first byte in the kernarg bytes. */
  size_t offset;
  /** TW_ARRAY: its address is a multiple of this many bytes, a power of two. */
  int64_t align;
  /** TW_ARRAY: scratch memory, which is as large as twKernelGetWorkspace says,
   * at least. */
  int32_t isWorkspace;
  /** `rank` dimensions. In the kernarg bytes the address is followed by the
   * dynamic sizes and then, but for contiguous arrays, by the dynamic strides, 8
   * bytes each. */
  const TwDimInfo *dims;
  /** Row-major without gaps. */
  int32_t isContiguous;
  /** It shares no byte with another array, unless both are only read. */
  int32_t isNoAlias;
  /** TW_SCALAR: an integer is a multiple of this. */
  int64_t divisor;
  /** TW_SCALAR: the kernel was compiled for one value, which alone a launch
   * takes. */
  int32_t isFixed;
} TwArgumentInfo;

/** What every launch of a kernel has, whatever its arguments. -1 stands for
 * "the metadata do not say". */
typedef struct TwLaunchInfo {
  /** Threads of a workgroup in x, y and z; all 1 on the host. The driver gets
   * their product in x. */
  int64_t workgroup[3];
  /** Lanes of a wave (GPU). */
  int64_t waveLanes;
  /** Shared memory of a workgroup, in bytes (GPU): all of it. How much of it a
   * launch asks for, twFunctionGetLaunchLimits says. */
  int64_t sharedBytes;
  /** Scratch of one thread of the pool, in bytes (host). */
  int64_t scratchBytes;
  /** Private memory of one thread, in bytes, from the driver (GPU). */
  int64_t privateBytes;
  /** As twKernelGetKernargBytes. */
  size_t kernargBytes;
  /** Extents of the grid that follow from the arguments, 0 to 3. */
  size_t numGridDims;
  /** Arrays that are workspaces, see twKernelGetWorkspace. */
  size_t numWorkspaces;
  /** Tensor maps that a launch encodes ("cuda"). */
  size_t numTensorMaps;
  /** Registers of one thread: vector registers, on NVIDIA all; accumulation
   * registers (AMD); scalar registers of a wave (AMD). And how many of them the
   * compiler had to spill to memory. */
  int64_t vectorRegisters, accumulationRegisters, scalarRegisters, spills;
} TwLaunchInfo;

/** An argument of a launch. Sizes and strides count elements. An array with a
 * size of 0 has no elements: its address, its strides and how large its other
 * sizes are do not matter, but for facts of the kernel about sizes. */
typedef struct TwValue {
  /** TW_ARRAY: memory that the kernel reads and writes. */
  TwArgumentKind kind;
  void *data;
  TwElementType type;
  int32_t rank;
  const int64_t *sizes;
  /** Null: row-major without gaps. */
  const int64_t *strides;
  /** TW_SCALAR: the value, in `real` if `isReal`, else in `integer`. */
  int32_t isReal;
  int64_t integer;
  double real;
} TwValue;

/** Errors: CORRUPT  not JSON, or not what docs/Container.md says
 *          UNSUPPORTED  another version */
TW_EXPORTED TwStatus twKernelCreate(const char *metadata, TwKernel *kernel);
/** Null is nothing. */
TW_EXPORTED void twKernelDestroy(TwKernel kernel);

/* Of a kernel that is null the names are "" and the numbers 0. */

TW_EXPORTED const char *twKernelGetName(TwKernel kernel);
TW_EXPORTED const char *twKernelGetVariant(TwKernel kernel);
TW_EXPORTED const char *twKernelGetChip(TwKernel kernel);
/** The function's name in the code object. */
TW_EXPORTED const char *twKernelGetSymbol(TwKernel kernel);
TW_EXPORTED size_t twKernelGetNumArguments(TwKernel kernel);
/** Errors: INVALID_ARGUMENT  `index` is out of range, or null */
TW_EXPORTED TwStatus twKernelGetArgument(TwKernel kernel, size_t index,
                                         TwArgumentInfo *info);
/** Errors: INVALID_ARGUMENT  null */
TW_EXPORTED TwStatus twKernelGetLaunchInfo(TwKernel kernel, TwLaunchInfo *info);
/** Bytes of kernarg, a multiple of 8. */
TW_EXPORTED size_t twKernelGetKernargBytes(TwKernel kernel);
/** Threads per workgroup; 1 on the host. */
TW_EXPORTED int64_t twKernelGetWorkgroupThreads(TwKernel kernel);
/** Shared memory of a workgroup, in bytes (GPU). */
TW_EXPORTED int64_t twKernelGetSharedBytes(TwKernel kernel);
/** Scratch of one thread of the pool, in bytes (host). */
TW_EXPORTED int64_t twKernelGetScratchBytes(TwKernel kernel);

/** Checks `values` against everything that the kernel states about its
 * arguments (count, types, ranks, static sizes, equal names, strides,
 * contiguity, alignment, divisibility, aliasing), writes the kernarg bytes,
 * and evaluates the grid; `grid` gets three extents, 1 where the kernel has
 * fewer dimensions. An extent of 0 means that there is nothing to launch.
 *
 * Allocates nothing unless it fails. Memory behind `data` is not touched.
 *
 * Errors: INVALID_ARGUMENT  with the name of the argument, what the kernel
 *                           expects and what it got; or a pointer is null,
 *                           unless there are 0 values or bytes at it */
TW_EXPORTED TwStatus twKernelPrepare(TwKernel kernel, const TwValue *values,
                                     size_t numValues, void *kernarg,
                                     size_t kernargBytes, int64_t grid[3]);

/** How many bytes a launch with these arguments needs at least in argument
 * `index`, a workspace, and whether they must be 0 when it starts; 0 bytes for
 * other arguments. What `values` has for workspaces does not matter.
 *
 * Errors: INVALID_ARGUMENT  `values` are not the kernel's arguments */
TW_EXPORTED TwStatus twKernelGetWorkspace(TwKernel kernel,
                                          const TwValue *values,
                                          size_t numValues, size_t index,
                                          int64_t *bytes, int32_t *isZeroed);

/** Encodes `value` in a float format of at most 64 bits, rounded to nearest
 * even, into the low bytes of the result. Overflow gives infinity, or NaN in
 * formats without. For integer types the value is truncated. */
TW_EXPORTED uint64_t twEncodeFloat(TwElementType type, double value);
/** The value of the element whose bits are `bits`; exact. */
TW_EXPORTED double twDecodeFloat(TwElementType type, uint64_t bits);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_RT_KERNEL_H */
