// SourceText.cpp - refuses what only looks like MLIR text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright/Support/SourceText.h"
#include "llvm/ADT/Twine.h"

using llvm::StringRef;
using llvm::Twine;

static constexpr size_t kMaxNesting = 256;

llvm::Error tilewright::checkSourceText(StringRef text, StringRef name) {
  auto fail = [&](size_t position, const Twine &message) {
    StringRef before = text.take_front(position);
    return llvm::createStringError(
        Twine(name) + ":" + Twine(before.count('\n') + 1) + ":" +
        Twine(position - (before.rfind('\n') + 1) + 1) +
        ": error: " + message);
  };
  // Anywhere: pieces of a split input are read by themselves.
  if (text.contains("ML\xEFR"))
    return llvm::createStringError(
        Twine(name) + ": error: expected MLIR text, but got MLIR bytecode, "
                      "which is not read: give the text");
  size_t depth = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\0')
      return fail(i, "expected MLIR text, but got a NUL byte");
    if (inString) {
      if (c == '\\')
        ++i;
      else if (c == '"' || c == '\n')
        inString = false;
      continue;
    }
    if (c == '"') {
      inString = true;
    } else if (c == '/' && text.substr(i).starts_with("//")) {
      i = std::min(text.find('\n', i), text.size() - 1);
    } else if (StringRef("([{<").contains(c)) {
      if (++depth > kMaxNesting)
        return fail(i, "expected at most " + Twine(kMaxNesting) +
                           " nested brackets, but got more");
    } else if (depth && (StringRef(")]}").contains(c) ||
                         (c == '>' && text[i - 1] != '-'))) {
      --depth;
    }
  }
  return llvm::Error::success();
}
