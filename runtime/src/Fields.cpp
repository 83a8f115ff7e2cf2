// Fields.cpp - named fields as bytes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Fields.h"
#include <charconv>

using namespace tilewright;

void rt::writeField(std::string &bytes, std::string_view name,
                    std::string_view value) {
  bytes += name;
  bytes += ' ';
  bytes += std::to_string(value.size());
  bytes += '\n';
  bytes += value;
  bytes += '\n';
}

bool rt::readField(std::string_view &bytes, std::string_view &name,
                   std::string_view &value) {
  size_t lineEnd = bytes.find('\n');
  size_t space = bytes.find(' ');
  if (lineEnd == std::string_view::npos || space == 0 || space > lineEnd)
    return false;
  size_t length = 0;
  const char *digits = bytes.data() + space + 1;
  const char *end = bytes.data() + lineEnd;
  auto [parsed, error] = std::from_chars(digits, end, length);
  // One way to write a number: "07" is none.
  if (error != std::errc() || parsed != end || digits == end ||
      (*digits == '0' && end - digits > 1))
    return false;
  size_t begin = lineEnd + 1;
  if (length >= bytes.size() - begin || bytes[begin + length] != '\n')
    return false;
  name = bytes.substr(0, space);
  value = bytes.substr(begin, length);
  bytes.remove_prefix(begin + length + 1);
  return true;
}
