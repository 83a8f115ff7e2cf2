// Fields.h - named fields as bytes that a person can read as well.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A list of fields is, for each of them, "NAME LENGTH\n", LENGTH bytes and
// "\n". Keys of the cache and requests to the compiler are written so:
// docs/CacheFormat.md. Order counts; a value may be a list itself.
#ifndef TILEWRIGHT_RUNTIME_FIELDS_H
#define TILEWRIGHT_RUNTIME_FIELDS_H

#include <string>
#include <string_view>

namespace tilewright::rt {

void writeField(std::string &bytes, std::string_view name,
                std::string_view value);

/// Takes the first field off `bytes`; false, and nothing is taken, where there
/// is none.
bool readField(std::string_view &bytes, std::string_view &name,
               std::string_view &value);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_FIELDS_H
