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

uint64_t
tilewright::rt::hashPieces(std::initializer_list<std::string_view> pieces) {
  XXH64_state_t state;
  XXH64_reset(&state, 0);
  for (std::string_view piece : pieces)
    XXH64_update(&state, piece.data(), piece.size());
  return XXH64_digest(&state);
}
