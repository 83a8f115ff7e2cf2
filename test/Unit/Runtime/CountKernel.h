// CountKernel.h - a kernel and its library for the tests of devices.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TEST_UNIT_RUNTIME_COUNTKERNEL_H
#define TILEWRIGHT_TEST_UNIT_RUNTIME_COUNTKERNEL_H

#include <string>

/// Metadata of `count`, which adds 7 to each of the N elements of `out`.
std::string getCountMetadata(const std::string &chip,
                             const std::string &variant = "v");
/// A host image of `count`, for x86-64-v3.
const std::string &getCountImage();

/// One image of a library. `facts` are more keys of the argument `out`, such as
/// `"divisible": [8]`.
struct CountImage {
  CountImage(std::string chip, std::string variant = "v",
             std::string facts = "")
      : chip(std::move(chip)), variant(std::move(variant)),
        facts(std::move(facts)) {}
  std::string chip, variant, facts;
  int64_t threads = 64, sharedBytes = 4096, kernargBytes = 16;
  /// More keys of the metadata, behind a comma.
  std::string more;
  /// All of the metadata; "" for what the rest says.
  std::string metadata;
  /// Of the code; "" takes what fits the chip.
  std::string image;
  std::string ptx;
};

/// The metadata of an image.
std::string describeCount(const CountImage &image);
/// A library of such images.
std::string makeCountLibrary(std::initializer_list<CountImage> images);

#endif // TILEWRIGHT_TEST_UNIT_RUNTIME_COUNTKERNEL_H
