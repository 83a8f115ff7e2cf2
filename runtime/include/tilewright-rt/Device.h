/* Device.h - devices, their memory, streams and events.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Devices are "host", "cuda:N" and "hip:N". The drivers of the vendors are
 * loaded when the first device of their kind is opened; a machine without one
 * answers NOT_FOUND.
 *
 * Memory, streams and events are the driver's own handles: what another library
 * made on the same device can be passed here, and the other way round. On
 * "cuda" a device keeps to the context that was current when it was opened, if
 * that is one of the device, else to the device's primary context; what was
 * current before a call is current again after it.
 *
 * A device may be used from several threads. In a child process after fork all
 * calls but twDeviceClose answer UNSUPPORTED: open the device again there.
 */
#ifndef TILEWRIGHT_RT_DEVICE_H
#define TILEWRIGHT_RT_DEVICE_H

#include "tilewright-rt/Status.h"
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TwDeviceStorage *TwDevice;

/** "cuda": a CUstream, "hip": a hipStream_t, and null is the default stream.
 * "host": only null; work is done when the call returns. */
typedef void *TwStream;
/** "cuda": a CUevent, "hip": a hipEvent_t, "host": from twEventCreate. */
typedef void *TwEvent;

/** How to open a device; all zero is right for most. */
typedef struct TwDeviceOptions {
  /** "host": threads, the one that launches included; 0: as many as this
   * process may use. */
  int32_t numThreads;
  /** File of the vendor's driver; null: the one that the system finds, or
   * the one that TILEWRIGHT_CUDA_DRIVER or TILEWRIGHT_HIP_DRIVER names. The
   * first device of a kind decides for the process. */
  const char *driver;
} TwDeviceOptions;

/** What a device is. Strings live as long as it is open. */
typedef struct TwDeviceInfo {
  /** As it was opened, such as "cuda:0". */
  const char *name;
  /** The product, such as "NVIDIA H100 80GB HBM3". */
  const char *product;
  /** What its code is compiled for: "sm_90", "gfx942:sramecc+:xnack-", or the
   * highest level of the host's CPU, such as "x86-64-v4". */
  const char *target;
  /** In bytes. */
  uint64_t memoryBytes;
  /** Most shared memory of a workgroup, in bytes; 0 on the host. */
  int64_t sharedBytes;
  int64_t maxWorkgroupThreads;
  /** Compute units, multiprocessors, or threads of the host's pool. */
  int64_t numComputeUnits;
} TwDeviceInfo;

/** Opens a device; `options` may be null.
 *
 * Errors: INVALID_ARGUMENT  not a name of a device, or wrong options
 *         NOT_FOUND         no such device, or no driver
 *         UNSUPPORTED       the driver is too old
 *         DEVICE            the driver refuses */
TW_EXPORTED TwStatus twDeviceOpen(const char *name,
                                  const TwDeviceOptions *options,
                                  TwDevice *device);
/** Its modules, memory, streams and events must be gone; null is nothing. */
TW_EXPORTED void twDeviceClose(TwDevice device);
TW_EXPORTED TwStatus twDeviceGetInfo(TwDevice device, TwDeviceInfo *info);

/** How well machine code for `chip`, such as "sm_80", runs on the device: 0 for
 * not at all, else more is better. */
TW_EXPORTED int32_t twDeviceRankChip(TwDevice device, const char *chip);

/** `bytes` of memory, aligned to 256; null for 0 bytes.
 *
 * Errors: RESOURCE_EXHAUSTED, DEVICE */
TW_EXPORTED TwStatus twDeviceAllocate(TwDevice device, size_t bytes,
                                      void **memory);
/** Null is nothing. */
TW_EXPORTED TwStatus twDeviceFree(TwDevice device, void *memory);
/** Copies between memory of the device and of the host, any way. It may return
 * before the copy is done, if the host's memory is known to the driver. */
TW_EXPORTED TwStatus twDeviceCopy(TwDevice device, void *to, const void *from,
                                  size_t bytes, TwStream stream);
TW_EXPORTED TwStatus twDeviceFill(TwDevice device, void *memory, uint8_t value,
                                  size_t bytes, TwStream stream);
/** Waits for all that was put on the device's streams, then unloads the code of
 * modules that were destroyed before. Not while a stream of the device is
 * captured: the driver refuses it, and the capture is lost. */
TW_EXPORTED TwStatus twDeviceSynchronize(TwDevice device);

/** A stream that does not wait for the default one. A lower `priority` comes
 * first; what the device does not have is rounded. */
TW_EXPORTED TwStatus twStreamCreate(TwDevice device, int32_t priority,
                                    TwStream *stream);
TW_EXPORTED TwStatus twStreamDestroy(TwDevice device, TwStream stream);
TW_EXPORTED TwStatus twStreamSynchronize(TwDevice device, TwStream stream);

/** An event that takes the time. */
TW_EXPORTED TwStatus twEventCreate(TwDevice device, TwEvent *event);
TW_EXPORTED TwStatus twEventDestroy(TwDevice device, TwEvent event);
/** Marks the place that `stream` has reached. */
TW_EXPORTED TwStatus twEventRecord(TwDevice device, TwEvent event,
                                   TwStream stream);
/** What is put on `stream` from here on waits for the mark. */
TW_EXPORTED TwStatus twEventWait(TwDevice device, TwEvent event,
                                 TwStream stream);
TW_EXPORTED TwStatus twEventSynchronize(TwDevice device, TwEvent event);
/** Milliseconds between two marks. */
TW_EXPORTED TwStatus twEventGetElapsed(TwDevice device, TwEvent start,
                                       TwEvent end, float *milliseconds);

#ifdef __cplusplus
}
#endif

#endif /* TILEWRIGHT_RT_DEVICE_H */
