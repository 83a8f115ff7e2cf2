// KeyText.cpp - keys that describe themselves, and how two of them differ.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "KeyText.h"
#include "../Fields.h"
#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

using namespace tilewright::rt;

static constexpr std::string_view kStart = "tilewright-key 1 ";
static constexpr size_t kMostNameBytes = 128, kMostFields = 65536;
/// A longer value is shown in part; of what is no text even less, since each
/// byte takes four places.
static constexpr size_t kMostShownBytes = 64, kMostShownBinary = 24;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static bool isPrintable(std::string_view text, char least) {
  return !text.empty() && text.size() <= kMostNameBytes &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return c >= least && c <= '~'; });
}

/// Takes the line that `rest` starts with.
static bool takeLine(std::string_view &rest, std::string_view &line) {
  size_t end = rest.find('\n');
  if (end == std::string_view::npos)
    return false;
  line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return true;
}

bool tilewright::rt::parseKeyText(std::string_view key, KeyText &text) {
  text = {};
  if (key.substr(0, kStart.size()) != kStart)
    return false;
  key.remove_prefix(kStart.size());
  if (!takeLine(key, text.kind) || !isPrintable(text.kind, ' '))
    return false;
  while (!key.empty()) {
    KeyField field;
    if (text.fields.size() == kMostFields ||
        !readField(key, field.name, field.value) ||
        !isPrintable(field.name, '!'))
      return false;
    text.fields.push_back(field);
  }
  return true;
}

bool tilewright::rt::isLocalKey(std::string_view key) {
  constexpr std::string_view kFile = "file\n";
  return key.substr(0, kStart.size()) == kStart &&
         key.substr(kStart.size(), kFile.size()) == kFile;
}

//===----------------------------------------------------------------------===//
// Showing
//===----------------------------------------------------------------------===//

std::string tilewright::rt::escape(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) {
    char digits[5];
    if (byte == '\\') {
      text += "\\\\";
    } else if (byte == '\n') {
      text += "\\n";
    } else if (byte == '\t') {
      text += "\\t";
    } else if (byte >= ' ' && byte <= '~') {
      text += byte;
    } else {
      std::snprintf(digits, sizeof(digits), "\\x%02x",
                    unsigned(static_cast<unsigned char>(byte)));
      text += digits;
    }
  }
  return text;
}

/// At most `most` of `bytes`, around `offset`.
static std::string showAround(std::string_view bytes, size_t offset,
                              size_t most) {
  size_t start = offset > most / 2 ? offset - most / 4 : 0;
  std::string text = start ? "..." : "";
  text += escape(bytes.substr(start, most));
  return text + (bytes.size() - start > most ? "..." : "");
}

static std::string showStart(std::string_view bytes) {
  std::string text = escape(bytes.substr(0, kMostShownBytes));
  if (bytes.size() > kMostShownBytes)
    text += "... (" + std::to_string(bytes.size()) + " bytes)";
  return text;
}

static bool isText(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\t' ||
           c == '\r';
  });
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

static size_t findDifference(std::string_view a, std::string_view b) {
  size_t size = std::min(a.size(), b.size());
  return size_t(std::mismatch(a.begin(), a.begin() + size, b.begin()).first -
                a.begin());
}

static bool isShort(std::string_view bytes) {
  return bytes.size() <= kMostShownBytes &&
         bytes.find('\n') == std::string_view::npos;
}

/// The line that starts at `start`, around `offset`.
static std::string showLine(std::string_view bytes, size_t start,
                            size_t offset) {
  std::string_view line = bytes.substr(start);
  return showAround(line.substr(0, line.find('\n')), offset - start,
                    kMostShownBytes);
}

/// How the values of a field differ, which they do.
static KeyDifference compareValues(std::string_view field, std::string_view a,
                                   std::string_view b) {
  KeyDifference result;
  result.field = field;
  size_t offset = findDifference(a, b);
  if (isShort(a) && isShort(b)) {
    result.a = escape(a);
    result.b = escape(b);
  } else if (isText(a) && isText(b)) {
    std::string_view same = a.substr(0, offset);
    size_t start = same.rfind('\n') + 1; // 0 where there is none
    result.part = KeyDifference::Line;
    result.position = 1 + uint64_t(std::count(same.begin(), same.end(), '\n'));
    result.a = showLine(a, start, offset);
    result.b = showLine(b, start, offset);
  } else {
    result.part = KeyDifference::Bytes;
    result.position = offset;
    result.a = showAround(a, offset, kMostShownBinary);
    result.b = showAround(b, offset, kMostShownBinary);
  }
  return result;
}

static KeyDifference showLonely(const KeyField &field, bool isInA) {
  KeyDifference result;
  result.field = field.name;
  result.isInA = isInA;
  result.isInB = !isInA;
  (isInA ? result.a : result.b) = showStart(field.value);
  return result;
}

/// A field's name, and how many of that name are before it.
using FieldId = std::pair<std::string_view, size_t>;

static std::vector<FieldId> identify(const std::vector<KeyField> &fields) {
  std::map<std::string_view, size_t> counts;
  std::vector<FieldId> ids;
  for (const KeyField &field : fields)
    ids.push_back({field.name, counts[field.name]++});
  return ids;
}

static void compareFields(const std::vector<KeyField> &a,
                          const std::vector<KeyField> &b,
                          std::vector<KeyDifference> &differences) {
  std::vector<FieldId> idsA = identify(a), idsB = identify(b);
  std::map<FieldId, size_t> inB;
  for (size_t i = 0; i < b.size(); ++i)
    inB[idsB[i]] = i;
  std::vector<bool> isFound(b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    auto it = inB.find(idsA[i]);
    if (it == inB.end()) {
      differences.push_back(showLonely(a[i], /*isInA=*/true));
      continue;
    }
    isFound[it->second] = true;
    std::string_view other = b[it->second].value;
    if (a[i].value != other)
      differences.push_back(compareValues(a[i].name, a[i].value, other));
  }
  for (size_t i = 0; i < b.size(); ++i)
    if (!isFound[i])
      differences.push_back(showLonely(b[i], /*isInA=*/false));
}

KeyComparison tilewright::rt::compareKeys(std::string_view a,
                                          std::string_view b) {
  KeyComparison result;
  KeyText textA, textB;
  result.hasFields = parseKeyText(a, textA) && parseKeyText(b, textB);
  result.areEqual = a == b;
  if (result.areEqual)
    return result;
  if (result.hasFields) {
    if (textA.kind != textB.kind)
      result.differences.push_back(
          compareValues("kind", textA.kind, textB.kind));
    compareFields(textA.fields, textB.fields, result.differences);
    return result;
  }
  KeyDifference difference;
  difference.part = KeyDifference::Bytes;
  difference.position = findDifference(a, b);
  difference.a = showAround(a, difference.position, kMostShownBinary);
  difference.b = showAround(b, difference.position, kMostShownBinary);
  result.differences.push_back(difference);
  return result;
}
