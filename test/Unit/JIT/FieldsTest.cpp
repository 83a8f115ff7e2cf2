// FieldsTest.cpp - named fields as bytes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Fields.h"
#include "gtest/gtest.h"

using namespace tilewright::rt;

TEST(Fields, WritesAndReads) {
  std::string bytes;
  writeField(bytes, "a", "one\ntwo");
  writeField(bytes, "b", "");
  EXPECT_EQ(bytes, "a 7\none\ntwo\nb 0\n\n");
  std::string_view rest = bytes, name, value;
  ASSERT_TRUE(readField(rest, name, value));
  EXPECT_EQ(name, "a");
  EXPECT_EQ(value, "one\ntwo");
  ASSERT_TRUE(readField(rest, name, value));
  EXPECT_EQ(name, "b");
  EXPECT_EQ(value, "");
  EXPECT_TRUE(rest.empty());
  EXPECT_FALSE(readField(rest, name, value));
}

TEST(Fields, RefusesWhatIsNone) {
  for (const char *text :
       {"", "a", "a\n", "a 1\n", "a 1\nx", "a 1\nxy", "a 2\nx\n", "a -1\nx\n",
        "a 1 \nx\n", "a 01\nx\n", "a 1x\nx\n", " 1\nx\n", "a  1\nx\n",
        "a 18446744073709551615\nx\n", "a 18446744073709551616\nx\n", "\n a"}) {
    std::string_view rest = text, name, value;
    EXPECT_FALSE(readField(rest, name, value)) << text;
    EXPECT_EQ(rest, text);
  }
}
