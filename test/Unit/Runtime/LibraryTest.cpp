// LibraryTest.cpp - libraries, whole and damaged.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include "tilewright/Codegen/Container.h"
#include "gtest/gtest.h"
#include <cstring>

using namespace tilewright;

extern "C" int twTestCallFromC(void);

namespace {

std::string makeLibrary() {
  ContainerEntry one;
  one.kind = CodeObjectKind::Hsaco;
  one.image = std::string("\x7f"
                          "ELF\0code",
                          9);
  one.chip = "gfx942";
  one.triple = "amdgcn-amd-amdhsa";
  one.kernel = "gemm";
  one.variant = "default";
  one.metadata = "{\"version\":1}";
  one.source = "tile.kernel @gemm";
  ContainerEntry two = one;
  two.kind = CodeObjectKind::Cubin;
  two.chip = "sm_80";
  two.ptx = ".version 7.0";
  two.image = std::string(1000, 'x');
  two.variant = "aligned";
  return writeContainer({one, two});
}

TwStatus read(const std::string &bytes, TwLibrary *library) {
  return twLibraryCreate({bytes.data(), bytes.size()}, library);
}

/// The message for `bytes`, which must be refused.
std::string getError(const std::string &bytes) {
  TwLibrary library = nullptr;
  std::string text = take(read(bytes, &library));
  EXPECT_EQ(library, nullptr);
  return text;
}

TEST(Library, Reads) {
  TwLibrary library = nullptr;
  std::string bytes = makeLibrary();
  ASSERT_EQ(take(read(bytes, &library)), "");
  bytes.assign(bytes.size(), 0); // the library has its own copy
  ASSERT_EQ(twLibraryGetNumImages(library), 2u);
  TwImageInfo info;
  ASSERT_EQ(take(twLibraryGetImage(library, 1, &info)), "");
  EXPECT_STREQ(info.kernel, "gemm");
  EXPECT_STREQ(info.variant, "aligned");
  EXPECT_STREQ(info.chip, "sm_80");
  EXPECT_STREQ(info.ptx, ".version 7.0");
  EXPECT_STREQ(info.source, "tile.kernel @gemm");
  EXPECT_EQ(info.image.size, 1000u);
  ASSERT_EQ(take(twLibraryFindImage(library, "gemm", nullptr, "gfx942", &info)),
            "");
  EXPECT_EQ(info.image.size, 9u);
  EXPECT_EQ(std::memcmp(info.image.data,
                        "\x7f"
                        "ELF",
                        4),
            0);
  EXPECT_EQ(
      take(twLibraryFindImage(library, "gemm", "default", "sm_90a", &info)),
      "the library has no kernel 'gemm', variant 'default' for 'sm_90a'; "
      "it has gemm/default/gfx942, gemm/aligned/sm_80");
  EXPECT_EQ(take(twLibraryGetImage(library, 2, &info)),
            "expected an image below 2, but got 2");
  twLibraryDestroy(library);
}

TEST(Library, Refuses) {
  std::string good = makeLibrary();
  EXPECT_EQ(getError(""), "the library is empty");
  EXPECT_EQ(getError("abc"), "the library ends within the header of image 0");
  EXPECT_EQ(getError(std::string(64, 'a')),
            "expected an offload binary at byte 0 of the library");
  std::string newer = good;
  newer[4] = 2;
  EXPECT_EQ(getError(newer), "image 0 of the library has format version 2, "
                             "but this runtime reads 1");
  std::string flipped = good;
  flipped[flipped.find("tile.kernel")] ^= 1;
  EXPECT_EQ(getError(flipped),
            "the bytes of image 0 of the library do not match their hash");
  std::string cut = good.substr(0, good.size() - 8);
  EXPECT_NE(getError(cut).find("image 1 of the library claims "),
            std::string::npos);
  EXPECT_EQ(take(twLibraryCreateFromFile("/nonexistent", nullptr)),
            "expected a path and a place for a library");
  TwLibrary library = nullptr;
  EXPECT_EQ(take(twLibraryCreateFromFile("/nonexistent", &library)),
            "cannot read '/nonexistent'");
}

TEST(Library, ManyStringsAndTwice) {
  // A count of strings that would run far past the end.
  std::string good = makeLibrary();
  uint64_t entry;
  std::memcpy(&entry, good.data() + 16, 8);
  std::string many = good;
  many[entry + 16] = 65;
  EXPECT_EQ(getError(many),
            "image 0 of the library claims more than 64 strings");
  // The second string entry made a copy of the first one.
  uint64_t strings;
  std::memcpy(&strings, good.data() + entry + 8, 8);
  std::string twice = good;
  twice.replace(strings + 16, 16, good, strings, 16);
  EXPECT_EQ(getError(twice), "image 0 of the library has a string twice");
}

TEST(Library, EveryTruncation) {
  std::string good = makeLibrary();
  uint64_t first;
  std::memcpy(&first, good.data() + 8, 8);
  for (size_t size = 0; size < good.size(); ++size) {
    TwLibrary library = nullptr;
    std::string text = take(read(good.substr(0, size), &library));
    // A library of the first image alone is one.
    EXPECT_EQ(library != nullptr, size == first) << size;
    EXPECT_EQ(text.empty(), size == first);
    twLibraryDestroy(library);
  }
}

TEST(Library, EveryBitOfTheContent) {
  std::string good = makeLibrary();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] ^= char(1 << bit % 8);
    TwLibrary library = nullptr;
    twStatusDestroy(read(bad, &library));
    if (!library)
      continue;
    // What is read in spite of the flip is what was written.
    TwImageInfo info;
    for (size_t i = 0; i < twLibraryGetNumImages(library); ++i) {
      ASSERT_EQ(take(twLibraryGetImage(library, i, &info)), "");
      EXPECT_STREQ(info.kernel, "gemm");
      EXPECT_STREQ(info.metadata, "{\"version\":1}");
      EXPECT_EQ(info.image.size, i ? 1000u : 9u);
    }
    twLibraryDestroy(library);
  }
}

TEST(Library, RandomDamage) {
  std::string good = makeLibrary();
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string bad = mutate(good, random);
    if (i % 3 == 0)
      bad = bad.empty() ? bad : mutate(bad, random);
    TwLibrary library = nullptr;
    TwStatus status = read(bad, &library);
    EXPECT_EQ(library == nullptr, status != nullptr);
    twStatusDestroy(status);
    twLibraryDestroy(library);
  }
}

TEST(Runtime, CallsFromC) { EXPECT_EQ(twTestCallFromC(), 1); }

} // namespace
