// Description.h - kernel descriptions: JSON files that name kernel sources.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A description lists kernels. Each has a source (a template in MLIR text),
// template parameters, specialisations and chips; docs/DescriptionFormat.md
// and docs/description.schema.json describe the format.
//
// Everything here is a pure function of its arguments, safe from any thread,
// and needs LLVM's support library only. Errors are one line each and start
// with the file and a JSON pointer (RFC 6901) to the value at fault:
//
//   gemm.json: /kernels/0/chips/1: expected a chip, but got "gfx43"; the
//   nearest is "gfx942"
//
#ifndef TILEWRIGHT_DESCRIPTION_DESCRIPTION_H
#define TILEWRIGHT_DESCRIPTION_DESCRIPTION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tilewright {

/// A template parameter: `${name}` in the source stands for its value.
struct TemplateParameter {
  enum class Kind { Integer, ElementType };
  std::string name;
  Kind kind = Kind::Integer;
  /// The value as it appears in the source: a decimal integer or an element
  /// type such as "bf16".
  std::string defaultValue;
  /// What tuning may try; contains the default.
  std::vector<std::string> values;
};

/// One variant of a kernel: values for parameters, and what a launch
/// guarantees.
struct Specialization {
  /// Unique within its kernel; names the variant in tables and metadata.
  std::string name;
  /// Parameter values that differ from the defaults.
  std::map<std::string, std::string> parameters;
  /// Sizes of named dimensions, in elements. A dimension that is absent is
  /// dynamic.
  std::map<std::string, int64_t> dims;
  /// Divisors of named dimensions and of integer scalars.
  std::map<std::string, int64_t> divisible;
  /// Alignment of arguments, in bytes; a power of two each.
  std::map<std::string, int64_t> align;
  /// Bounds of named dimensions, in elements.
  std::map<std::string, int64_t> atMost;
};

/// Where a kernel's MLIR text comes from.
struct KernelSource {
  /// Empty for an inline source; else as written, relative to the description.
  std::string file;
  /// The template's text, read from the file or given inline.
  std::string text;
  /// What diagnostics call it.
  std::string displayName;
};

struct KernelDescription {
  std::string name;
  KernelSource source;
  /// Symbol of the tile.kernel in the source; the kernel's name by default.
  std::string entry;
  std::vector<TemplateParameter> parameters;
  /// Never empty: without any, one called "default" with nothing bound.
  std::vector<Specialization> specializations;
  /// Chips to compile for, in the order given.
  std::vector<std::string> chips;
  /// Optimisation level of the LLVM pipeline, in [0, 3].
  int optLevel = 3;
  /// Text of a `#tile.schedule<...>` attribute that overrides the compiler's
  /// choice; empty for none.
  std::string schedule;
};

struct Description {
  std::string file;
  std::vector<KernelDescription> kernels;

  /// The kernel called `name`, or an error that names the nearest one.
  llvm::Expected<const KernelDescription *> find(llvm::StringRef name) const;
};

/// The text of a source file that a description names, `path` as it has it.
using SourceReader =
    llvm::function_ref<llvm::Expected<std::string>(llvm::StringRef path)>;

/// Parses `text`. `file` is used in messages and to resolve source files,
/// which are read here, or by `readSource` where there is one. `knownChips`
/// are the chips that may be named.
llvm::Expected<Description>
parseDescription(llvm::StringRef text, llvm::StringRef file,
                 llvm::ArrayRef<llvm::StringRef> knownChips,
                 SourceReader readSource = nullptr);

/// Reads and parses the description in `file`.
llvm::Expected<Description>
readDescription(llvm::StringRef file,
                llvm::ArrayRef<llvm::StringRef> knownChips);

/// The kernel's source with every `${name}` replaced by the value in
/// `variant`, or else by the default. Lines keep their numbers. `$$` stands
/// for one `$`. Errors carry "name:line:column: ".
llvm::Expected<std::string> instantiate(const KernelDescription &kernel,
                                        const Specialization &variant);

/// The candidate nearest to `name` by edit distance, or an empty string where
/// none is near.
llvm::StringRef findNearest(llvm::StringRef name,
                            llvm::ArrayRef<llvm::StringRef> candidates);

} // namespace tilewright

#endif // TILEWRIGHT_DESCRIPTION_DESCRIPTION_H
