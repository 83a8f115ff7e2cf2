// Json.h - reads JSON text into a tree, with exact positions for errors.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_DESCRIPTION_JSON_H
#define TILEWRIGHT_LIB_DESCRIPTION_JSON_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#define JSON_NOEXCEPTION 1
#include <nlohmann/json.hpp>

namespace tilewright {

using Json = nlohmann::ordered_json;

/// Parses `text`; a syntax error or a repeated key is an error that starts
/// with "file:line:column: ". Objects keep the order of their keys.
llvm::Expected<Json> parseJson(llvm::StringRef text, llvm::StringRef file);

/// The text of `value` for messages, cut to a readable length.
std::string describeJson(const Json &value);

/// `pointer` with `key` appended, escaped as RFC 6901 asks.
std::string appendPointer(llvm::StringRef pointer, llvm::StringRef key);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_DESCRIPTION_JSON_H
