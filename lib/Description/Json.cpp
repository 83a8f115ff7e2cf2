// Json.cpp - reads JSON text into a tree, with exact positions for errors.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Json.h"

#include "llvm/ADT/Twine.h"
#include <cctype>
#include <vector>

namespace tilewright {
namespace {

/// Deeper nesting than any description has; bounds the memory of hostile
/// input.
constexpr size_t maxDepth = 64;

/// Builds the tree from the parser's events. nlohmann's own builder keeps the
/// last of two equal keys without a word, which hides mistakes.
class TreeBuilder : public nlohmann::json_sax<Json> {
public:
  explicit TreeBuilder(llvm::StringRef text) : text(text) {}

  bool null() override { return add(Json(nullptr)); }
  bool boolean(bool value) override { return add(Json(value)); }
  bool number_integer(number_integer_t value) override {
    return add(Json(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return add(Json(value));
  }
  bool number_float(number_float_t value, const string_t &) override {
    return add(Json(value));
  }
  bool string(string_t &value) override { return add(Json(value)); }
  bool binary(binary_t &) override { return fail("binary value"); }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool key(string_t &value) override {
    if (parents.back()->contains(value))
      return fail("key \"" + value + "\" appears twice in one object");
    nextKey = value;
    return true;
  }

  bool parse_error(std::size_t position, const std::string &token,
                   const nlohmann::detail::exception &) override {
    errorPosition = position ? position - 1 : 0;
    message = "expected valid JSON, but got ";
    llvm::StringRef shown = llvm::StringRef(token).take_back(20);
    bool printable = !shown.empty();
    for (char c : shown)
      printable &= std::isprint(static_cast<unsigned char>(c)) != 0;
    if (position > text.size())
      message += "the end of the text";
    else if (printable)
      message += "'" + shown.str() + "'";
    else
      message += "a character that may not stand here";
    return false;
  }

  Json root;
  std::string message;
  size_t errorPosition = 0;

private:
  bool fail(const std::string &text) {
    message = text;
    return false;
  }

  Json *place(Json value) {
    if (parents.empty()) {
      root = std::move(value);
      return &root;
    }
    Json &parent = *parents.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[nextKey] = std::move(value));
  }

  bool add(Json value) {
    place(std::move(value));
    return true;
  }

  bool open(Json value) {
    if (parents.size() == maxDepth)
      return fail("values are nested deeper than " + std::to_string(maxDepth));
    parents.push_back(place(std::move(value)));
    return true;
  }

  bool close() {
    parents.pop_back();
    return true;
  }

  llvm::StringRef text;
  std::vector<Json *> parents;
  std::string nextKey;
};

} // namespace

llvm::Expected<Json> parseJson(llvm::StringRef text, llvm::StringRef file) {
  TreeBuilder builder(text);
  if (Json::sax_parse(text.begin(), text.end(), &builder))
    return std::move(builder.root);
  // Failures of the builder itself have no position.
  if (builder.errorPosition == 0 && !text.empty() &&
      !llvm::StringRef(builder.message).starts_with("expected valid"))
    return llvm::createStringError(file + ": " + builder.message);
  llvm::StringRef before = text.take_front(builder.errorPosition);
  size_t line = before.count('\n') + 1;
  size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  return llvm::createStringError(file + ":" + llvm::Twine(line) + ":" +
                                 llvm::Twine(column) + ": " + builder.message);
}

std::string describeJson(const Json &value) {
  if (value.is_object())
    return value.empty() ? "an empty object" : "an object";
  if (value.is_array())
    return value.empty() ? "an empty array" : "an array";
  std::string text =
      value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  if (text.size() > 60)
    text = text.substr(0, 57) + "...";
  return text;
}

std::string appendPointer(llvm::StringRef pointer, llvm::StringRef key) {
  std::string result = pointer.str() + "/";
  for (char c : key) {
    if (c == '~')
      result += "~0";
    else if (c == '/')
      result += "~1";
    else
      result += c;
  }
  return result;
}

} // namespace tilewright
