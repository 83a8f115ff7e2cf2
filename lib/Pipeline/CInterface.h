// CInterface.h - the arguments of a kernel's variants, grouped by C type.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_PIPELINE_CINTERFACE_H
#define TILEWRIGHT_LIB_PIPELINE_CINTERFACE_H

#include "tilewright/Pipeline/CHeader.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tilewright {

/// A size of an array argument.
struct CSize {
  /// Empty for none.
  std::string name;
  /// Its value where it is static.
  std::optional<int64_t> constant;
};

/// An argument of one variant, or of all that share a struct.
struct CArgument {
  std::string name;
  bool isArray = false;
  /// As metadata spells it.
  std::string type;
  /// Of arrays.
  bool isWritten = false, isContiguous = false;
  std::vector<CSize> sizes;
};

/// What a launch must keep to, as sentences without an end.
using Facts = std::vector<std::string>;

/// Variants that take the same struct.
struct CSignature {
  /// A size is constant if it is so, and the same, in all variants.
  std::vector<CArgument> arguments;
  struct Variant {
    std::string name;
    Facts facts;
  };
  std::vector<Variant> variants;
  /// What all variants assume; `facts` of the variants are the rest.
  Facts commonFacts;
};

/// The signatures of a kernel, in the order of their first variants.
std::vector<CSignature> groupVariants(const HeaderKernel &kernel);

} // namespace tilewright

#endif // TILEWRIGHT_LIB_PIPELINE_CINTERFACE_H
