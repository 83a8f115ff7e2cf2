/* Value.h - makes the TwValues of a launch; elements that C has no type for.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The headers that `tile-compile --emit=c-header` writes include it. C11 and
 * C++17.
 */
#ifndef TILEWRIGHT_RT_VALUE_H
#define TILEWRIGHT_RT_VALUE_H

#include "tilewright-rt/Kernel.h"
#ifndef __cplusplus
#include <stdbool.h>
#endif
#include <stddef.h>
#include <stdint.h>

/* Storage of one element, so that the types of pointers tell formats apart.
 * A pointer to another type of the same format, such as `__half`, is cast to
 * these. twEncodeFloat and twDecodeFloat convert. */
typedef struct TwBF16 {
  uint16_t bits;
} TwBF16;
typedef struct TwF16 {
  uint16_t bits;
} TwF16;
typedef struct TwF8E4M3FN {
  uint8_t bits;
} TwF8E4M3FN;
typedef struct TwF8E5M2 {
  uint8_t bits;
} TwF8E5M2;
typedef struct TwF8E4M3FNUZ {
  uint8_t bits;
} TwF8E4M3FNUZ;
typedef struct TwF8E5M2FNUZ {
  uint8_t bits;
} TwF8E5M2FNUZ;

/** An array of `rank` sizes; with null `strides` row-major without gaps. What
 * the pointers name must live until the launch has returned. A kernel that only
 * reads the array takes it as const, which the runtime has no word for. */
static inline TwValue twValueMakeArray(TwElementType type, int32_t rank,
                                       const void *data, const int64_t *sizes,
                                       const int64_t *strides) {
  TwValue value;
  value.kind = TW_ARRAY;
#ifdef __cplusplus
  value.data = const_cast<void *>(data);
#else
  value.data = (void *)(uintptr_t)data;
#endif
  value.type = type;
  value.rank = rank;
  value.sizes = sizes;
  value.strides = strides;
  value.isReal = 0;
  value.integer = 0;
  value.real = 0;
  return value;
}

/** A scalar argument of an integer type. */
static inline TwValue twValueMakeInteger(TwElementType type, int64_t integer) {
  TwValue value = twValueMakeArray(type, 0, NULL, NULL, NULL);
  value.kind = TW_SCALAR;
  value.integer = integer;
  return value;
}

/** A scalar argument of a float type; the launch rounds it to `type`. */
static inline TwValue twValueMakeReal(TwElementType type, double real) {
  TwValue value = twValueMakeArray(type, 0, NULL, NULL, NULL);
  value.kind = TW_SCALAR;
  value.isReal = 1;
  value.real = real;
  return value;
}

#endif /* TILEWRIGHT_RT_VALUE_H */
