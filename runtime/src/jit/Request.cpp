// Request.cpp - requests as bytes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Request.h"
#include "../Fields.h"
#include "../Support.h"
#include <charconv>

using namespace tilewright::rt;

namespace {

/// A change of what the fields mean changes this.
constexpr std::string_view kHeader = "tilewright-key 1 request\n";

bool take(std::string_view &text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix)
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// One way to write a number: what is read is written the same again.
bool takeNumber(std::string_view &text, int64_t &number) {
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  size_t count = size_t(end - text.data());
  if (error != std::errc() || text.substr(0, count) != std::to_string(number))
    return false;
  text.remove_prefix(count);
  return true;
}

bool takeType(std::string_view &text, TwElementType &type) {
  size_t end = std::min(text.find(' '), text.size());
  std::string name(text.substr(0, end));
  TwStatus status = twElementTypeParse(name.c_str(), &type);
  bool isGood = !status && name.find('\0') == std::string::npos;
  twStatusDestroy(status);
  text.remove_prefix(end);
  return isGood;
}

struct Writer {
  std::string &bytes;

  void operator()(std::string_view name, const std::string &value) {
    writeField(bytes, name, value);
  }
  void operator()(std::string_view name, bool value) {
    writeField(bytes, name, value ? "1" : "0");
  }
  void operator()(std::string_view name, int64_t value) {
    writeField(bytes, name, std::to_string(value));
  }
  void operator()(std::string_view name, const std::vector<NamedText> &list) {
    std::string inner;
    for (const NamedText &item : list) {
      writeField(inner, "name", item.name);
      writeField(inner, "text", item.text);
    }
    writeField(bytes, name, inner);
  }
  void operator()(std::string_view name,
                  const std::vector<ArgumentClass> &list) {
    std::string inner;
    for (const ArgumentClass &item : list)
      inner += writeArgument(item) + '\n';
    writeField(bytes, name, inner);
  }
};

struct Reader {
  std::string_view bytes;
  bool isGood = true;

  std::string_view take(std::string_view &from, std::string_view expected) {
    std::string_view name, value;
    isGood = isGood && readField(from, name, value) && name == expected;
    return isGood ? value : std::string_view();
  }
  void operator()(std::string_view name, std::string &value) {
    value = take(bytes, name);
  }
  void operator()(std::string_view name, bool &value) {
    std::string_view text = take(bytes, name);
    value = text == "1";
    isGood = isGood && (value || text == "0");
  }
  void operator()(std::string_view name, int64_t &value) {
    std::string_view text = take(bytes, name);
    isGood = isGood && takeNumber(text, value) && text.empty();
  }
  void operator()(std::string_view name, std::vector<NamedText> &list) {
    list.clear();
    for (std::string_view inner = take(bytes, name);
         isGood && !inner.empty();) {
      NamedText item;
      item.name = take(inner, "name");
      item.text = take(inner, "text");
      list.push_back(std::move(item));
    }
  }
  void operator()(std::string_view name, std::vector<ArgumentClass> &list) {
    list.clear();
    for (std::string_view inner = take(bytes, name);
         isGood && !inner.empty();) {
      size_t end = inner.find('\n');
      list.emplace_back();
      isGood = end != std::string_view::npos &&
               readArgument(inner.substr(0, end), list.back());
      if (isGood)
        inner.remove_prefix(end + 1);
    }
  }
};

} // namespace

std::string tilewright::rt::writeArgument(const ArgumentClass &argument) {
  std::string text = argument.kind == TW_ARRAY ? "array " : "scalar ";
  text += twElementTypeGetName(argument.type);
  text += argument.kind == TW_ARRAY
              ? " align=" + std::to_string(argument.align) + " dims="
              : " divisor=" + std::to_string(argument.divisor);
  for (size_t i = 0; i < argument.dims.size(); ++i) {
    const DimClass &dim = argument.dims[i];
    text += i ? "," : "";
    text += std::to_string(dim.size) + ":" + std::to_string(dim.divisor) + ":" +
            std::to_string(dim.atMost) + ":" + std::to_string(dim.stride) +
            ":" + std::to_string(dim.strideDivisor);
  }
  return text;
}

bool tilewright::rt::readArgument(std::string_view text,
                                  ArgumentClass &argument) {
  argument = {};
  if (take(text, "scalar "))
    return takeType(text, argument.type) && take(text, " divisor=") &&
           takeNumber(text, argument.divisor) && text.empty();
  argument.kind = TW_ARRAY;
  if (!take(text, "array ") || !takeType(text, argument.type) ||
      !take(text, " align=") || !takeNumber(text, argument.align) ||
      !take(text, " dims="))
    return false;
  while (!text.empty()) {
    DimClass dim;
    if (!argument.dims.empty() && !take(text, ","))
      return false;
    if (!takeNumber(text, dim.size) || !take(text, ":") ||
        !takeNumber(text, dim.divisor) || !take(text, ":") ||
        !takeNumber(text, dim.atMost) || !take(text, ":") ||
        !takeNumber(text, dim.stride) || !take(text, ":") ||
        !takeNumber(text, dim.strideDivisor))
      return false;
    argument.dims.push_back(dim);
  }
  return true;
}

std::string tilewright::rt::writeRequest(const Request &request) {
  std::string bytes(kHeader);
  visitFields(request, Writer{bytes});
  return bytes;
}

bool tilewright::rt::readRequest(std::string_view bytes, Request &request) {
  Reader reader{bytes};
  reader.isGood = take(reader.bytes, kHeader);
  visitFields(request, reader);
  return reader.isGood && reader.bytes.empty();
}
