// KeyTextTest.cpp - keys that describe themselves, hostile ones too.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cache/KeyText.h"
#include "Support.h"
#include "gtest/gtest.h"
#include <random>

using namespace tilewright::rt;

namespace {

std::string field(const std::string &name, const std::string &value) {
  return name + " " + std::to_string(value.size()) + "\n" + value + "\n";
}

std::string start(const std::string &kind) {
  return "tilewright-key 1 " + kind + "\n";
}

/// "name=value,..." or "(not of the form)".
std::string parse(const std::string &key) {
  KeyText text;
  if (!parseKeyText(key, text))
    return "(not of the form)";
  std::string result(text.kind);
  for (const KeyField &f : text.fields)
    result += "," + std::string(f.name) + "=" + escape(f.value);
  return result;
}

/// Each difference as "field|part position|a|b", with "-" for a key without it.
std::vector<std::string> compare(const std::string &a, const std::string &b) {
  std::vector<std::string> lines;
  for (const KeyDifference &d : compareKeys(a, b).differences) {
    std::string part = d.part == KeyDifference::Whole ? ""
                       : d.part == KeyDifference::Line
                           ? "line " + std::to_string(d.position)
                           : "byte " + std::to_string(d.position);
    lines.push_back(d.field + "|" + part + "|" + (d.isInA ? d.a : "-") + "|" +
                    (d.isInB ? d.b : "-"));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(KeyTextTest, Reads) {
  EXPECT_EQ(parse(start("kernel")), "kernel");
  EXPECT_EQ(parse(start("a kind")), "a kind");
  EXPECT_EQ(parse(start("k") + field("chip", "gfx942") + field("empty", "") +
                  field("lines", "a\nb 5\n\n") +
                  field("bytes", std::string("\0\xff", 2))),
            "k,chip=gfx942,empty=,lines=a\\nb 5\\n\\n,bytes=\\x00\\xff");
}

TEST(KeyTextTest, WhatIsNotOfTheForm) {
  const std::string good = start("k") + field("name", "value");
  for (const std::string &bad :
       {std::string(),
        std::string("tilewright-key 1 "),
        std::string("tilewright-key 1 k"),
        std::string("tilewright-key 2 k\n"),
        std::string("tilewright-key 1 \n"),
        std::string("Tilewright-key 1 k\n"),
        start(std::string(129, 'k')),
        start("k\x01"),
        start("k\xc3\xa4"),
        good + "x",
        good + "\n",
        good.substr(0, good.size() - 1),
        start("k") + "name\n",
        start("k") + "name \n\n",
        start("k") + "name 1\n",
        start("k") + "name 1\nab\n",
        start("k") + "name 2\na\n",
        start("k") + "name 01\na\n",
        start("k") + "name -1\na\n",
        start("k") + "name +1\na\n",
        start("k") + "name 1 \na\n",
        start("k") + "name 0x1\na\n",
        start("k") + " 1\na\n",
        start("k") + "na me 1\na\n",
        start("k") + "na\tme 1\na\n",
        start("k") + field(std::string(129, 'n'), ""),
        start("k") + "name 18446744073709551615\na\n",
        start("k") + "name 18446744073709551617\na\n",
        start("k") + "name 999999999999999999\na\n",
        start("k") + "name 99999999999999999999999999\na\n"})
    EXPECT_EQ(parse(bad), "(not of the form)") << escape(bad);
  std::string many = start("k");
  for (int i = 0; i < 65536; ++i)
    many += "n 0\n\n";
  EXPECT_NE(parse(many), "(not of the form)");
  EXPECT_EQ(parse(many + "n 0\n\n"), "(not of the form)");
}

TEST(KeyTextTest, Differences) {
  std::string a = start("kernel") + field("chip", "gfx942") +
                  field("same", "x") + field("flags", "-O3");
  EXPECT_TRUE(compareKeys(a, a).areEqual);
  EXPECT_TRUE(compareKeys(a, a).hasFields);
  EXPECT_EQ(compare(a, a), Lines{});
  std::string b = start("graph") + field("chip", "sm_90\x01") +
                  field("same", "x") + field("more", std::string(70, 'm'));
  EXPECT_EQ(
      compare(a, b),
      (Lines{"kind||kernel|graph", "chip||gfx942|sm_90\\x01", "flags||-O3|-",
             "more||-|" + std::string(64, 'm') + "... (70 bytes)"}));
  // Another order is no field's difference.
  std::string c = start("k") + field("x", "1") + field("y", "2");
  std::string d = start("k") + field("y", "2") + field("x", "1");
  EXPECT_FALSE(compareKeys(c, d).areEqual);
  EXPECT_EQ(compare(c, d), Lines{});
}

TEST(KeyTextTest, FieldsOfOneName) {
  std::string a = start("k") + field("arg", "1") + field("arg", "2");
  std::string b =
      start("k") + field("arg", "1") + field("arg", "3") + field("arg", "4");
  EXPECT_EQ(compare(a, b), (Lines{"arg||2|3", "arg||-|4"}));
}

TEST(KeyTextTest, TheFirstLineThatDiffers) {
  std::string text = "module {\n  func @a\n  return\n}\n";
  std::string other = "module {\n  func @b\n  ret\n}\n";
  EXPECT_EQ(compare(start("k") + field("source", text),
                    start("k") + field("source", other)),
            Lines{"source|line 2|  func @a|  func @b"});
  EXPECT_EQ(compare(start("k") + field("s", "same\nx\n"),
                    start("k") + field("s", "same\n")),
            Lines{"s|line 2|x|"});
  // A long line: what is around the difference.
  std::string line(500, 'l'), changed = line;
  changed[300] = 'L';
  EXPECT_EQ(compare(start("k") + field("s", "\n" + line + "\nz"),
                    start("k") + field("s", "\n" + changed + "\nz")),
            Lines{"s|line 2|..." + std::string(64, 'l') + "...|..." +
                  std::string(16, 'l') + "L" + std::string(47, 'l') + "..."});
}

TEST(KeyTextTest, TheFirstByteThatDiffers) {
  std::string a(200, '\0'), b = a;
  b[150] = '\x7f';
  Lines lines =
      compare(start("k") + field("code", a), start("k") + field("code", b));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].substr(0, 14), "code|byte 150|");
  EXPECT_NE(lines[0].find("\\x00\\x7f\\x00"), std::string::npos);
  // Keys that are not of the form.
  EXPECT_EQ(compare("key 1", "key 2"), Lines{"|byte 4|key 1|key 2"});
  EXPECT_EQ(compare("key", "key 2"), Lines{"|byte 3|key|key 2"});
  EXPECT_EQ(compare("", "x"), Lines{"|byte 0||x"});
  EXPECT_FALSE(compareKeys("key", start("k")).hasFields);
  EXPECT_TRUE(compareKeys("key", "key").areEqual);
}

// Whatever the bytes are: what is of the form gives back the same bytes, and
// two keys are either equal or have something to say.
TEST(KeyTextTest, HostileKeys) {
  std::string good = start("kernel") + field("chip", "gfx942") +
                     field("source", "a\nb\nc\n") + field("n", "12") +
                     field("bytes", std::string(100, '\xff'));
  std::mt19937 random(3);
  std::string last = good;
  int numOfTheForm = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string key = mutate(i % 4 ? good : last, random);
    KeyText text;
    if (parseKeyText(key, text)) {
      ++numOfTheForm;
      std::string again = start(std::string(text.kind));
      for (const KeyField &f : text.fields)
        again += field(std::string(f.name), std::string(f.value));
      ASSERT_EQ(again, key) << i;
    }
    KeyComparison comparison = compareKeys(key, last);
    ASSERT_EQ(comparison.areEqual, key == last) << i;
    if (!comparison.areEqual && !comparison.hasFields) {
      ASSERT_EQ(comparison.differences.size(), 1u);
    }
    for (const KeyDifference &d : comparison.differences)
      for (const std::string &shown : {d.a, d.b}) {
        ASSERT_LE(shown.size(), 4 * 64u + 32) << i;
        ASSERT_TRUE(std::all_of(shown.begin(), shown.end(),
                                [](char c) { return c >= ' ' && c <= '~'; }));
      }
    last = key;
  }
  EXPECT_GT(numOfTheForm, 1000);
}

TEST(KeyTextTest, Escapes) {
  EXPECT_EQ(escape(std::string("a\\\n\t\0\x1f~\x7f\xe4", 9)),
            "a\\\\\\n\\t\\x00\\x1f~\\x7f\\xe4");
}

} // namespace
