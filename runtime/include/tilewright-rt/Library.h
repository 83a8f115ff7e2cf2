/* Library.h - reads libraries of kernels (.tilelib).
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A library holds images: one code object each, for one kernel, variant and
 * chip. The reader checks every offset and a hash per image; it never trusts
 * the bytes. Handles may be read from several threads at once.
 */
#ifndef TILEWRIGHT_RT_LIBRARY_H
#define TILEWRIGHT_RT_LIBRARY_H

#include "tilewright-rt/Status.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TwLibraryStorage *TwLibrary;

/** Bytes that belong to another handle. */
typedef struct TwBytes {
  const void *data;
  size_t size;
} TwBytes;

/** One image. All pointers live as long as the library; strings end with a
 * NUL byte, and are "" where the library has none. */
typedef struct TwImageInfo {
  const char *kernel;
  const char *variant;
  const char *chip;
  const char *triple;
  /** JSON of docs/Container.md. */
  const char *metadata;
  /** Block-level MLIR text. */
  const char *source;
  /** PTX text beside a cubin. */
  const char *ptx;
  /** The code object. */
  TwBytes image;
} TwImageInfo;

/** Reads a library; `bytes` are copied.
 *
 * Errors: INVALID_ARGUMENT    null
 *         CORRUPT             damaged or truncated
 *         UNSUPPORTED         a newer version of the format
 *         RESOURCE_EXHAUSTED  no memory for the copy */
TW_EXPORTED TwStatus twLibraryCreate(TwBytes bytes, TwLibrary *library);
/** Reads a library from the regular file `path` (UTF-8), which may be a link
 * to one, and has at most 1 GiB.
 *
 * Errors: NOT_FOUND    the file cannot be read, or is a pipe, a device or a
 *                      folder
 *         UNSUPPORTED  it is larger; and those of twLibraryCreate */
TW_EXPORTED TwStatus twLibraryCreateFromFile(const char *path,
                                             TwLibrary *library);
/** Null is nothing. */
TW_EXPORTED void twLibraryDestroy(TwLibrary library);
/** All of its bytes, as long as it lives; none for null. */
TW_EXPORTED TwBytes twLibraryGetBytes(TwLibrary library);
/** 0 for null. */
TW_EXPORTED size_t twLibraryGetNumImages(TwLibrary library);
/** Errors: INVALID_ARGUMENT  `index` is out of range, or null */
TW_EXPORTED TwStatus twLibraryGetImage(TwLibrary library, size_t index,
                                       TwImageInfo *info);
/** Finds an image. A null `variant` takes the first variant.
 *
 * Errors: NOT_FOUND         the message lists what there is
 *         INVALID_ARGUMENT  another argument is null */
TW_EXPORTED TwStatus twLibraryFindImage(TwLibrary library, const char *kernel,
                                        const char *variant, const char *chip,
                                        TwImageInfo *info);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_RT_LIBRARY_H */
