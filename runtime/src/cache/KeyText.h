// KeyText.h - keys that describe themselves, and how two of them differ.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A key is any bytes to a cache. One of this form says what it is made of:
//
//   tilewright-key 1 KIND\n
//   NAME LENGTH\n
//   LENGTH bytes\n
//   ...
//
// with printable ASCII for KIND and NAME, no space in a NAME, and a decimal
// LENGTH. Keys are read from files that anybody may have written: what is not
// quite of the form is not of the form.
#ifndef TILEWRIGHT_RUNTIME_CACHE_KEYTEXT_H
#define TILEWRIGHT_RUNTIME_CACHE_KEYTEXT_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tilewright::rt {

struct KeyField {
  std::string_view name, value;
};

/// Points into the key.
struct KeyText {
  std::string_view kind;
  std::vector<KeyField> fields;
};

/// False where `key` is not of the form.
bool parseKeyText(std::string_view key, KeyText &text);

/// Whether a key is of kind "file": its value is of one machine alone.
bool isLocalKey(std::string_view key);

/// A field whose values differ, or that one key lacks.
struct KeyDifference {
  std::string field; ///< "" for keys that are not of the form
  bool isInA = true, isInB = true;
  /// What `a` and `b` are of the values: all, or what is around the first
  /// difference.
  enum Part { Whole, Line, Bytes } part = Whole;
  /// The number of the line, from 1, or the offset of the byte.
  uint64_t position = 0;
  std::string a, b; ///< escaped
};

struct KeyComparison {
  bool areEqual = false;
  bool hasFields = false; ///< both are of the form
  /// None where the keys have the same fields in another order.
  std::vector<KeyDifference> differences;
};

/// The kind is compared as a field of that name. Of fields that have one name,
/// the first is compared with the first, and so on.
KeyComparison compareKeys(std::string_view a, std::string_view b);

/// `bytes` with a backslash and two digits for what is not printable.
std::string escape(std::string_view bytes);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_CACHE_KEYTEXT_H
