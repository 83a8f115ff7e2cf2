// Support.cpp - statuses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

TwCode twStatusGetCode(TwStatus status) {
  return status ? status->code : TW_OK;
}

const char *twStatusGetMessage(TwStatus status) {
  return status ? status->message.c_str() : "";
}

void twStatusDestroy(TwStatus status) { delete status; }

uint64_t tilewright::rt::hashBytes(const void *data, size_t size) {
  return XXH64(data, size, 0);
}
