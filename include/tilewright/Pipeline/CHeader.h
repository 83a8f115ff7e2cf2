// CHeader.h - a typed C header for the kernels of a library.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_PIPELINE_CHEADER_H
#define TILEWRIGHT_PIPELINE_CHEADER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace tilewright {

/// A kernel with what `describeKernel` tells of each of its variants.
struct HeaderKernel {
  struct Variant {
    std::string name;
    llvm::json::Object interface;
  };
  /// As the description calls it; the C names start with it.
  std::string name;
  /// At least one.
  std::vector<Variant> variants;
};

struct HeaderOptions {
  /// Name of the header's file, without folders; the include guard is made of
  /// it.
  std::string fileName;
  /// Name of the input's file, for the comment at the top.
  std::string sourceName;
  /// Stands before every name that the header declares; an identifier or empty.
  std::string prefix;
};

/// The text of a header in C11 that is also C++17. For each kernel, and for
/// each kind of arguments where the variants of a kernel differ in it, it has a
/// struct of the arguments and inline functions that launch with one.
///
/// Variants share a struct if their arguments have equal names, types, ranks
/// and names of sizes. A size that is static in all of them is a macro instead
/// of a member.
std::string writeCHeader(llvm::ArrayRef<HeaderKernel> kernels,
                         const HeaderOptions &options);

} // namespace tilewright

#endif // TILEWRIGHT_PIPELINE_CHEADER_H
