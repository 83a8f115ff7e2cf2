/* Status.h - what every call of the runtime that can fail returns.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The runtime needs neither LLVM nor MLIR. Its headers are C11; nothing is
 * thrown, printed or aborted: a call that fails returns a status that is not
 * null, with a code and a message of one line.
 */
#ifndef TILEWRIGHT_RT_STATUS_H
#define TILEWRIGHT_RT_STATUS_H

#if defined(__GNUC__)
#define TW_EXPORTED __attribute__((visibility("default")))
#else
#define TW_EXPORTED
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum TwCode {
  TW_OK = 0,
  /** The caller's arguments are wrong; the message names the argument. */
  TW_INVALID_ARGUMENT = 1,
  /** Bytes are damaged: a library, its metadata or an image. */
  TW_CORRUPT = 2,
  TW_NOT_FOUND = 3,
  /** Right, but not for this machine or this version. */
  TW_UNSUPPORTED = 4,
  TW_RESOURCE_EXHAUSTED = 5,
  /** The driver of a device refuses; the message has its name for why. */
  TW_DEVICE = 6,
  /** A bug of Tilewright, such as a crash of the compiler's process. */
  TW_INTERNAL = 7
} TwCode;

/** Null means success. Owned by the caller, who destroys it. */
typedef struct TwStatusStorage *TwStatus;

TW_EXPORTED TwCode twStatusGetCode(TwStatus status);
/** "" for success; lives as long as the status. */
TW_EXPORTED const char *twStatusGetMessage(TwStatus status);
/** Does nothing for null. */
TW_EXPORTED void twStatusDestroy(TwStatus status);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_RT_STATUS_H */
