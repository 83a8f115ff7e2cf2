// NpyTest.cpp - array files: round trips, every error, and mutants.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Npy/Npy.h"

#include "llvm/Support/FileSystem.h"
#include "gtest/gtest.h"
#include <random>

using namespace tilewright;

namespace {

/// A file with this dictionary in a header of version 1.0.
std::string file(const std::string &dictionary, const std::string &data = "") {
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(dictionary.size() & 0xFF);
  bytes += static_cast<char>(dictionary.size() >> 8);
  return bytes + dictionary + data;
}

std::string errorOf(llvm::StringRef bytes) {
  llvm::Expected<NpyArray> result = parseNpy(bytes, "x.npy");
  return result ? "no error" : llvm::toString(result.takeError());
}

TEST(Npy, RoundTrip) {
  std::string data(24, '\x5A');
  NpyArray array = llvm::cantFail(parseNpy(formatNpy("<f4", {2, 3}, data), ""));
  EXPECT_EQ(array.kind, 'f');
  EXPECT_EQ(array.itemBytes, 4);
  EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(array.data, data);
  EXPECT_EQ(array.getDescr(), "<f4");
  EXPECT_EQ(array.getNumElements(), 6);
  // Rank 0 has one element, an empty array none.
  EXPECT_EQ(llvm::cantFail(parseNpy(formatNpy("|V2", {}, "ab"), "")).getDescr(),
            "|V2");
  EXPECT_EQ(llvm::cantFail(parseNpy(formatNpy("|i1", {4, 0}, ""), ""))
                .getNumElements(),
            0);
}

TEST(Npy, ElementsStartAligned) {
  for (int64_t size : {1, 10, 100, 1000, 1000000}) {
    std::string bytes = formatNpy("|i1", {size}, std::string(size, 'x'));
    EXPECT_EQ((bytes.size() - size) % 64, 0u);
  }
}

TEST(Npy, ReadsOtherSpellings) {
  NpyArray array = llvm::cantFail(parseNpy(
      file("{\"shape\":(3L,), \"descr\": '<i2' ,'fortran_order':False}\n",
           "abcdef"),
      ""));
  EXPECT_EQ(array.shape, std::vector<int64_t>{3});
  EXPECT_EQ(array.getDescr(), "<i2");
}

TEST(Npy, Errors) {
  EXPECT_EQ(errorOf("PK\x03\x04"), "'x.npy': expected a NumPy array file, but "
                                   "its first bytes are others");
  EXPECT_EQ(errorOf("\x93NUMPY\x01"), "'x.npy': file ends within the header");
  EXPECT_EQ(errorOf(llvm::StringRef("\x93NUMPY\x04\x00\x00\x00", 10)),
            "'x.npy': expected format version 1 to 3, but got 4");
  EXPECT_EQ(errorOf(llvm::StringRef("\x93NUMPY\x02\x00\xff\xff", 10)),
            "'x.npy': file ends within the header");
  EXPECT_EQ(errorOf(llvm::StringRef("\x93NUMPY\x01\x00\xff\xff", 10)),
            "'x.npy': file ends within the header");
  auto header = [](const std::string &descr, const std::string &shape) {
    return errorOf(file("{'descr': " + descr +
                        ", 'fortran_order': False, 'shape': " + shape + "}"));
  };
  EXPECT_EQ(header("'<f4'", "(3,)"),
            "'x.npy': expected 12 bytes of elements, but got 0");
  EXPECT_EQ(header("'<f4'", "(4611686018427387904, 4611686018427387904)"),
            "'x.npy': expected too many bytes of elements, but got 0");
  EXPECT_EQ(header("'<f4'", "(-1,)"),
            "'x.npy': expected sizes of at least 0 in the shape");
  EXPECT_EQ(header("'<f4'", "3"), "'x.npy': expected a shape in parentheses");
  EXPECT_EQ(header("'<f4'", "(3 4)"),
            "'x.npy': expected ',' or ')' in the shape");
  EXPECT_EQ(header("'>f4'", "(0,)"),
            "'x.npy': expected little-endian elements, but got '>f4'; save a "
            "copy made with .astype('<...')");
  EXPECT_EQ(header("'|O'", "(0,)"),
            "'x.npy': expected elements that are floats, integers, bools or "
            "bytes, but got '|O'");
  EXPECT_EQ(header("'<f99'", "(0,)"),
            "'x.npy': expected elements of 1 to 16 bytes, but got '<f99'");
  EXPECT_EQ(header("[('a', '<f4')]", "(0,)"),
            "'x.npy': expected one element type, but got a record");
  EXPECT_EQ(errorOf(file("[]")),
            "'x.npy': expected a dictionary in the header");
  EXPECT_EQ(errorOf(file("{'descr'}")),
            "'x.npy': expected a key in the header");
  EXPECT_EQ(errorOf(file("{'order': 1}")),
            "'x.npy': unexpected key 'order' in the header");
  EXPECT_EQ(errorOf(file("{'descr': '<f4'}")),
            "'x.npy': expected 'descr', 'fortran_order' and 'shape' in the "
            "header");
  EXPECT_EQ(errorOf(file("{'descr': '<f4' 'shape': (1,)}")),
            "'x.npy': expected ',' or '}' in the header");
  EXPECT_EQ(errorOf(file("{'fortran_order': 1}")),
            "'x.npy': expected True or False for 'fortran_order'");
  EXPECT_EQ(errorOf(file("{'fortran_order': True}")),
            "'x.npy': expected row-major order, but got column-major; save a "
            "copy made with numpy.ascontiguousarray");
  EXPECT_EQ(errorOf(file("{'shape': (), 'descr': '<f4', "
                         "'fortran_order': False} x")),
            "'x.npy': unexpected text behind the header's dictionary");
  EXPECT_EQ(llvm::toString(readNpy("none.npy").takeError()),
            "cannot read array 'none.npy': No such file or directory");
  EXPECT_EQ(llvm::toString(writeNpy("none/x.npy", "<f4", {}, "abcd")),
            "cannot write array 'none/x.npy': No such file or directory");
}

TEST(Npy, MutantsNeverCrash) {
  std::string good = formatNpy("<f4", {2, 3}, std::string(24, 'x'));
  std::mt19937 random(3);
  int parsed = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (unsigned edits = 1 + random() % 3; edits; --edits) {
      bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
      if (random() % 4 == 0)
        bytes.resize(1 + random() % bytes.size());
    }
    llvm::Expected<NpyArray> result = parseNpy(bytes, "x");
    if (result) {
      ++parsed;
      EXPECT_EQ(static_cast<int64_t>(result->data.size()),
                result->getNumElements() * result->itemBytes);
    } else {
      llvm::consumeError(result.takeError());
    }
  }
  EXPECT_GT(parsed, 0);
}

} // namespace
