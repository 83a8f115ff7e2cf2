// Explain.cpp - says how the keys of two entries differ.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Explain.h"
#include "cache/Entry.h"
#include "cache/Files.h"
#include "cache/Folder.h"
#include "cache/KeyText.h"
#include <cstdio>
#include <cstring>

using namespace tilewright::rt;

/// More names than these are not listed in an error.
static constexpr size_t kMostListed = 4;

/// The file of the only entry whose name starts with `digits`; empty, or what
/// is wrong.
static std::string findEntry(const Options &options, const std::string &digits,
                             std::string &path) {
  TwCache cache = nullptr;
  std::string message = openCache(options, cache);
  if (!message.empty())
    return message;
  Folder folder(twCacheGetFolder(cache), options.allowsGroupWrite);
  twCacheClose(cache);
  std::string names;
  size_t count = 0;
  for (const EntryFile &file : folder.listEntries()) {
    if (file.name.rfind(digits, 0) != 0)
      continue;
    path = file.path;
    if (++count <= kMostListed)
      names += (names.empty() ? "" : ", ") + file.name;
  }
  if (count == 1)
    return {};
  if (!count)
    return "cache folder '" + folder.path + "' has no entry '" + digits + "'";
  return "expected the digits of one entry, but cache folder '" + folder.path +
         "' has " + std::to_string(count) + " that start with '" + digits +
         "': " + names + (count > kMostListed ? ", ..." : "");
}

/// Reads the key of an operand; empty, or what is wrong.
static std::string readKey(const Options &options, const std::string &operand,
                           std::string &key) {
  std::string path = operand, bytes;
  if (operand.size() <= 32 && isHex(operand, operand.size())) {
    std::string message = findEntry(options, operand, path);
    if (!message.empty())
      return message;
  }
  if (int error = readFile(path, bytes))
    return "cannot read entry '" + path + "': " + std::strerror(error);
  TwBytes value;
  switch (readEntry(bytes, nullptr, value)) {
  case EntryState::OtherVersion:
    return "entry '" + path + "' is of another version";
  case EntryState::Good:
    break;
  default:
    return "entry '" + path + "' is damaged";
  }
  TwBytes found = getEntryKey(bytes);
  key.assign(static_cast<const char *>(found.data), found.size);
  return {};
}

static void printDifference(const KeyDifference &difference) {
  std::string title = difference.field.empty()
                          ? "the keys"
                          : "field '" + difference.field + "'";
  if (difference.part == KeyDifference::Line)
    title += ", line " + std::to_string(difference.position);
  else if (difference.part == KeyDifference::Bytes)
    title += ", byte " + std::to_string(difference.position);
  std::printf("%s:\n", title.c_str());
  auto print = [](const char *name, bool isThere, const std::string &text) {
    std::printf("  %s%s\n", name,
                isThere ? (": " + text).c_str() : " does not have it");
  };
  print("a", difference.isInA, difference.a);
  print("b", difference.isInB, difference.b);
}

static nlohmann::ordered_json toJson(const KeyDifference &difference) {
  nlohmann::ordered_json json;
  json["field"] = nullptr;
  if (!difference.field.empty())
    json["field"] = difference.field;
  if (difference.part == KeyDifference::Line)
    json["line"] = difference.position;
  else if (difference.part == KeyDifference::Bytes)
    json["byte"] = difference.position;
  json["a"] = nullptr;
  json["b"] = nullptr;
  if (difference.isInA)
    json["a"] = difference.a;
  if (difference.isInB)
    json["b"] = difference.b;
  return json;
}

int explain(const Options &options) {
  std::string keys[2];
  for (size_t i = 0; i < 2; ++i) {
    std::string message = readKey(options, options.operands[i], keys[i]);
    if (!message.empty())
      return fail(options, message);
  }
  KeyComparison comparison = compareKeys(keys[0], keys[1]);
  if (options.isJson) {
    nlohmann::ordered_json report;
    report["equal"] = comparison.areEqual;
    report["fields"] = comparison.hasFields;
    report["differences"] = nlohmann::ordered_json::array();
    for (const KeyDifference &difference : comparison.differences)
      report["differences"].push_back(toJson(difference));
    printJson(report);
    return 0;
  }
  for (const KeyDifference &difference : comparison.differences)
    printDifference(difference);
  if (comparison.areEqual)
    std::puts("the keys are equal");
  else if (comparison.differences.empty())
    std::puts("the keys have the same fields in another order");
  return 0;
}
