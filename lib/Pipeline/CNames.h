// CNames.h - names that C and C++ compilers take.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_PIPELINE_CNAMES_H
#define TILEWRIGHT_LIB_PIPELINE_CNAMES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include <string>

namespace tilewright {

/// `name` if it may name a member in C and in C++, else something near it:
/// `int` becomes `int_`, `_Bool` becomes `x_Bool`.
std::string makeMemberName(llvm::StringRef name);

/// Names of one scope.
class CScope {
public:
  /// `taken` are not to be claimed.
  explicit CScope(llvm::ArrayRef<std::string> taken = {}) {
    used.insert(taken.begin(), taken.end());
  }

  /// The first of `candidates` that is free, or the last one with a number.
  std::string claim(llvm::ArrayRef<std::string> candidates);
  /// A base that is `base`, or `base` with a number, such that it is free with
  /// each of `suffixes` behind it. Claims these names.
  std::string claimBase(llvm::StringRef base,
                        llvm::ArrayRef<std::string> suffixes);

private:
  llvm::StringSet<> used;
};

/// The macro that guards a header called `fileName`.
std::string makeIncludeGuard(llvm::StringRef fileName);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_PIPELINE_CNAMES_H
