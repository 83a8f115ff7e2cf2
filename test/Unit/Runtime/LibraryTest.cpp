// LibraryTest.cpp - libraries, whole and damaged.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Support.h"
#include "tilewright/Codegen/Container.h"
#include "gtest/gtest.h"
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
  // What it is for has a hash of its own.
  for (const char *text : {"gfx942", "amdgcn-amd-amdhsa"}) {
    std::string other = good;
    other[other.find(text) + 5] ^= 1;
    EXPECT_EQ(getError(other), "the chip and triple of image 0 of the library "
                               "do not match their hash");
  }
  std::string cut = good.substr(0, good.size() - 8);
  EXPECT_NE(getError(cut).find("image 1 of the library claims "),
            std::string::npos);
  EXPECT_EQ(take(twLibraryCreateFromFile("/nonexistent", nullptr)),
            "expected a path and a place for a library");
  TwLibrary library = nullptr;
  EXPECT_EQ(take(twLibraryCreateFromFile("/nonexistent", &library)),
            "cannot read '/nonexistent': No such file or directory");
}

TEST(Library, RefusesNull) {
  char byte = 0;
  EXPECT_EQ(take(twLibraryCreate({&byte, 1}, nullptr)),
            "expected bytes and a place for a library");
  TwImageInfo info;
  for (TwImageInfo *place : {&info, static_cast<TwImageInfo *>(nullptr)}) {
    TwStatus status = twLibraryGetImage(nullptr, 0, place);
    EXPECT_EQ(twStatusGetCode(status), TW_INVALID_ARGUMENT);
    EXPECT_EQ(take(status), "expected a library and a place for an image");
  }
  EXPECT_EQ(twLibraryGetBytes(nullptr).data, nullptr);
  EXPECT_EQ(twLibraryGetBytes(nullptr).size, 0u);
  EXPECT_EQ(twLibraryGetNumImages(nullptr), 0u);
  twLibraryDestroy(nullptr);
  TwLibrary library = nullptr;
  ASSERT_EQ(take(read(makeLibrary(), &library)), "");
  EXPECT_EQ(take(twLibraryGetImage(library, 0, nullptr)),
            "expected a library and a place for an image");
  const char *message = "expected a library, the names of a kernel and of a "
                        "chip, and a place for an image";
  auto find = [](TwLibrary from, const char *kernel, const char *chip,
                 TwImageInfo *place) {
    return take(twLibraryFindImage(from, kernel, nullptr, chip, place));
  };
  EXPECT_EQ(find(nullptr, "gemm", "gfx942", &info), message);
  EXPECT_EQ(find(library, nullptr, "gfx942", &info), message);
  EXPECT_EQ(find(library, "gemm", nullptr, &info), message);
  EXPECT_EQ(find(library, "gemm", "gfx942", nullptr), message);
  twLibraryDestroy(library);
}

/// A file in a folder that goes with it.
struct TemporaryFile {
  TemporaryFile() {
    std::string name = testing::TempDir() + "tilewright-library-XXXXXX";
    folder = mkdtemp(name.data());
    path = folder + "/file";
  }
  ~TemporaryFile() {
    unlink(path.c_str());
    rmdir(folder.c_str());
  }
  /// As large as `bytes`, and takes no place on the disk.
  void makeSparse(uint64_t bytes) {
    int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_EQ(ftruncate(file, off_t(bytes)), 0);
    close(file);
  }
  TwCode read(std::string &message) {
    TwLibrary library = nullptr;
    TwStatus status = twLibraryCreateFromFile(path.c_str(), &library);
    TwCode code = twStatusGetCode(status);
    message = take(status);
    EXPECT_EQ(library != nullptr, code == TW_OK);
    twLibraryDestroy(library);
    return code;
  }
  std::string folder, path;
};

TEST(Library, ReadsRegularFilesAlone) {
  TemporaryFile file;
  std::string message;
  ASSERT_EQ(mkfifo(file.path.c_str(), 0600), 0);
  EXPECT_EQ(file.read(message), TW_NOT_FOUND); // and does not wait
  EXPECT_EQ(message,
            "cannot read '" + file.path + "': expected a regular file");
  TwLibrary library = nullptr;
  for (const char *path : {"/dev/zero", "/tmp"})
    EXPECT_EQ(take(twLibraryCreateFromFile(path, &library)),
              std::string("cannot read '") + path +
                  "': expected a regular file");
  unlink(file.path.c_str());
  file.makeSparse(0);
  EXPECT_EQ(file.read(message), TW_CORRUPT);
  EXPECT_EQ(message, file.path + ": the library is empty");
  std::string good = makeLibrary();
  std::FILE *out = std::fopen(file.path.c_str(), "wb");
  ASSERT_EQ(std::fwrite(good.data(), 1, good.size(), out), good.size());
  std::fclose(out);
  EXPECT_EQ(file.read(message), TW_OK);
  // Also through a link.
  std::string link = file.folder + "/link";
  ASSERT_EQ(symlink(file.path.c_str(), link.c_str()), 0);
  EXPECT_EQ(take(twLibraryCreateFromFile(link.c_str(), &library)), "");
  twLibraryDestroy(library);
  unlink(link.c_str());
}

TEST(Library, RefusesHugeFiles) {
  TemporaryFile file;
  file.makeSparse(uint64_t(20) << 30);
  std::string message;
  EXPECT_EQ(file.read(message), TW_UNSUPPORTED);
  EXPECT_EQ(message, "expected a library of at most 1073741824 bytes, but '" +
                         file.path + "' has 21474836480");
}

/// Calls `function` in a child that gets hardly more memory than it has.
bool isTrueWithoutMemory(const std::function<bool()> &function) {
  pid_t child = fork();
  if (child == 0) {
    long pages = 0;
    std::FILE *file = std::fopen("/proc/self/statm", "r");
    if (!file || std::fscanf(file, "%ld", &pages) != 1)
      _exit(2);
    std::fclose(file);
    rlim_t bytes = rlim_t(pages) * rlim_t(sysconf(_SC_PAGESIZE));
    rlimit limit = {bytes + (64 << 20), RLIM_INFINITY};
    if (setrlimit(RLIMIT_AS, &limit))
      _exit(3);
    _exit(function() ? 0 : 1);
  }
  int result = -1;
  waitpid(child, &result, 0);
  return WIFEXITED(result) && WEXITSTATUS(result) == 0;
}

TEST(Library, SaysThatThereIsNoMemory) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "a sanitizer ends the process where there is no memory";
#endif
#endif
  constexpr size_t kBytes = size_t(600) << 20;
  TemporaryFile file;
  file.makeSparse(kBytes);
  EXPECT_TRUE(isTrueWithoutMemory([&] {
    std::string message;
    return file.read(message) == TW_RESOURCE_EXHAUSTED &&
           message == file.path + ": no memory for 629145600 bytes";
  }));
  // Pages that nobody writes to take none.
  void *bytes =
      mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(bytes, MAP_FAILED);
  EXPECT_TRUE(isTrueWithoutMemory([&] {
    TwLibrary library = nullptr;
    TwStatus status = twLibraryCreate({bytes, kBytes}, &library);
    return twStatusGetCode(status) == TW_RESOURCE_EXHAUSTED && !library &&
           take(status) == "no memory for 629145600 bytes";
  }));
  munmap(bytes, kBytes);
  // Its hash takes no second copy.
  ContainerEntry entry;
  entry.kind = CodeObjectKind::Hsaco;
  entry.image = std::string(48 << 20, 'x');
  entry.chip = "gfx942";
  entry.kernel = entry.variant = "k";
  entry.metadata = "{}";
  std::string large = writeContainer({entry});
  EXPECT_TRUE(isTrueWithoutMemory([&] {
    TwLibrary library = nullptr;
    return take(read(large, &library)).empty();
  }));
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

/// Of a library that was written before there was a hash of the chip.
TEST(Library, HashOfTheChipMayBeAbsent) {
  std::string old = makeLibrary();
  for (size_t at = 0;
       (at = old.find("tilewright.check.target", at)) != std::string::npos;)
    old.replace(at, 10, "unknownkey");
  TwLibrary library = nullptr;
  EXPECT_EQ(take(read(old, &library)), "");
  twLibraryDestroy(library);
  // One that is there and empty is not absent.
  std::string empty = makeLibrary();
  uint64_t entry, strings, numStrings;
  std::memcpy(&entry, empty.data() + 16, 8);
  std::memcpy(&strings, empty.data() + entry + 8, 8);
  std::memcpy(&numStrings, empty.data() + entry + 16, 8);
  for (uint64_t i = 0; i < numStrings; ++i) {
    uint64_t key, value;
    std::memcpy(&key, empty.data() + strings + 16 * i, 8);
    std::memcpy(&value, empty.data() + strings + 16 * i + 8, 8);
    if (std::strcmp(empty.data() + key, "tilewright.check.target") == 0)
      empty[value] = 0;
  }
  EXPECT_EQ(getError(empty), "the chip and triple of image 0 of the library "
                             "do not match their hash");
}

TEST(Library, EveryTruncation) {
  std::string good = makeLibrary();
  uint64_t first;
  std::memcpy(&first, good.data() + 8, 8);
  for (size_t size = 0; size < good.size(); ++size) {
    TwLibrary library = nullptr;
    std::string text = take(read(good.substr(0, size), &library));
    // A library is its images one after the other: that of the first one
    // alone is one.
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
      EXPECT_STREQ(info.variant, i ? "aligned" : "default");
      EXPECT_STREQ(info.chip, i ? "sm_80" : "gfx942");
      EXPECT_STREQ(info.triple, "amdgcn-amd-amdhsa");
      EXPECT_STREQ(info.metadata, "{\"version\":1}");
      EXPECT_STREQ(info.source, "tile.kernel @gemm");
      EXPECT_STREQ(info.ptx, i ? ".version 7.0" : "");
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
