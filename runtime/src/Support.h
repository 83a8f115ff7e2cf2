// Support.h - statuses and small helpers inside the runtime.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_SUPPORT_H
#define TILEWRIGHT_RUNTIME_SUPPORT_H

#include "tilewright-rt/Status.h"
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

struct TwStatusStorage {
  TwCode code;
  std::string message;
};

namespace tilewright::rt {

inline void append(std::string &text, const char *part) { text += part; }
inline void append(std::string &text, const std::string &part) { text += part; }
inline void append(std::string &text, int64_t part) {
  text += std::to_string(part);
}

/// A status whose message is `parts` one after the other.
template <typename... Parts> TwStatus fail(TwCode code, const Parts &...parts) {
  auto *status = new TwStatusStorage{code, {}};
  (append(status->message, parts), ...);
  return status;
}

/// The number of an enumeration that a C program filled in: it may be none of
/// its values, and then C++ must not read it as one.
template <typename Enum> int getNumber(const Enum &value) {
  static_assert(sizeof(Enum) == sizeof(int));
  int number;
  std::memcpy(&number, &value, sizeof(number));
  return number;
}

/// XXH64 with seed 0; the algorithm of the xxHash specification, 0.1.1.
uint64_t hashBytes(const void *data, size_t size);
/// The same of `pieces`, one after the other; takes no copy of them.
uint64_t hashPieces(std::initializer_list<std::string_view> pieces);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_SUPPORT_H
