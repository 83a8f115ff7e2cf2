// LayoutText.cpp - the text form of layouts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LayoutDetail.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace tilewright {

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

static void printVectors(raw_ostream &os, StringRef name,
                         ArrayRef<Coords> vectors) {
  os << name << " = [";
  interleaveComma(vectors, os, [&](const Coords &vector) {
    os << '[';
    interleaveComma(vector, os);
    os << ']';
  });
  os << ']';
}

static void printRepeat(raw_ostream &os, const LayoutRepeat &repeat) {
  os << (repeat.unit == LayoutUnit::Register ? "reg " : "wave ")
     << repeat.count;
  if (repeat.dim >= 0)
    os << " dim " << repeat.dim;
}

void Layout::print(raw_ostream &os) const {
  printVectors(os, "reg", reg);
  os << ", ";
  printVectors(os, "lane", lane);
  os << ", ";
  printVectors(os, "wave", wave);

  // Without any vector the rank has to be read from the repeats: one along the
  // last dimension, of count 1 if need be.
  detail::Repeats shown(repeats.begin(), repeats.end());
  if (rank != 0 && reg.empty() && lane.empty() && wave.empty() &&
      none_of(shown, [&](auto &r) { return r.dim == int(rank) - 1; }))
    shown.push_back({LayoutUnit::Register, 1, int(rank) - 1});
  if (shown.empty())
    return;
  os << ", repeat = [";
  interleaveComma(shown, os, [&](auto &repeat) { printRepeat(os, repeat); });
  os << ']';
}

std::string Layout::str() const {
  std::string text;
  raw_string_ostream os(text);
  print(os);
  return text;
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

namespace {

class LayoutParser {
public:
  LayoutParser(StringRef text, std::string *error) : rest(text), error(error) {}

  std::optional<Layout> parse() {
    detail::Vectors reg, lane, wave;
    detail::Repeats repeats;
    if (!parseVectors("reg", reg) || !parsePunctuation(',') ||
        !parseVectors("lane", lane) || !parsePunctuation(',') ||
        !parseVectors("wave", wave))
      return std::nullopt;
    if (tryPunctuation(',') && !parseRepeats(repeats))
      return std::nullopt;
    skipSpace();
    if (!rest.empty()) {
      fail("the end of the layout");
      return std::nullopt;
    }
    return Layout::get(inferRank({reg, lane, wave}, repeats), reg, lane, wave,
                       repeats, error);
  }

private:
  static unsigned inferRank(ArrayRef<detail::Vectors> parts,
                            ArrayRef<LayoutRepeat> repeats) {
    for (const detail::Vectors &vectors : parts)
      if (!vectors.empty())
        return vectors.front().size();
    int64_t rank = 0;
    for (const LayoutRepeat &repeat : repeats)
      rank = std::max<int64_t>(rank, int64_t(repeat.dim) + 1);
    return unsigned(rank);
  }

  void skipSpace() { rest = rest.ltrim(" \t\r\n"); }

  bool fail(const Twine &expected) {
    if (!error)
      return false;
    StringRef shown = rest.take_until([](char c) { return c == '\n'; });
    *error = ("expected " + expected + ", but got " +
              (rest.empty() ? Twine("the end of the text")
                            : "'" + shown.take_front(24) + "'"))
                 .str();
    return false;
  }

  bool tryPunctuation(char c) {
    skipSpace();
    return rest.consume_front(StringRef(&c, 1));
  }
  bool parsePunctuation(char c) {
    return tryPunctuation(c) || fail("'" + Twine(c) + "'");
  }

  bool tryKeyword(StringRef keyword) {
    skipSpace();
    StringRef word = rest.take_while([](char c) { return isAlnum(c); });
    if (word != keyword)
      return false;
    rest = rest.drop_front(word.size());
    return true;
  }
  bool parseKeyword(StringRef keyword) {
    return tryKeyword(keyword) || fail("'" + keyword + "'");
  }

  bool parseInteger(int64_t &value) {
    skipSpace();
    StringRef digits = rest.take_while([](char c) { return isDigit(c); });
    if (digits.empty() || digits.getAsInteger(10, value))
      return fail("an integer in [0, 2^40)");
    rest = rest.drop_front(digits.size());
    return true;
  }

  /// `[` (element (`,` element)*)? `]`
  template <typename Fn> bool parseList(Fn parseElement) {
    if (!parsePunctuation('['))
      return false;
    if (tryPunctuation(']'))
      return true;
    do {
      if (!parseElement())
        return false;
    } while (tryPunctuation(','));
    return tryPunctuation(']') || fail("',' or ']'");
  }

  bool parseVectors(StringRef name, detail::Vectors &vectors) {
    return parseKeyword(name) && parsePunctuation('=') && parseList([&] {
             Coords vector;
             if (!parseList(
                     [&] { return parseInteger(vector.emplace_back()); }))
               return false;
             vectors.push_back(vector);
             return true;
           });
  }

  bool parseRepeats(detail::Repeats &repeats) {
    return parseKeyword("repeat") && parsePunctuation('=') && parseList([&] {
             LayoutRepeat repeat;
             if (tryKeyword("wave"))
               repeat.unit = LayoutUnit::Wave;
             else if (!tryKeyword("reg"))
               return fail("'reg' or 'wave'");
             if (!parseInteger(repeat.count))
               return false;
             int64_t dim = -1;
             if (tryKeyword("dim") && !parseInteger(dim))
               return false;
             repeat.dim = int(std::min<int64_t>(dim, Layout::maxRank));
             repeats.push_back(repeat);
             return true;
           });
  }

  StringRef rest;
  std::string *error;
};

} // namespace

std::optional<Layout> Layout::parse(StringRef text, std::string *error) {
  return LayoutParser(text, error).parse();
}

} // namespace tilewright
