// CNames.cpp - names that C and C++ compilers take.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CNames.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>

namespace tilewright {

/// Keywords of C up to C23 and of C++ up to C++20, its alternative tokens, and
/// lower-case macros that a header in front of ours, or the compiler itself,
/// may define. Sorted.
static constexpr llvm::StringLiteral takenNames[] = {
    "NULL",          "alignas",   "alignof",    "and",
    "and_eq",        "asm",       "assert",     "auto",
    "bitand",        "bitor",     "bool",       "break",
    "case",          "catch",     "char",       "char16_t",
    "char32_t",      "char8_t",   "class",      "co_await",
    "co_return",     "co_yield",  "compl",      "complex",
    "concept",       "const",     "const_cast", "consteval",
    "constexpr",     "constinit", "continue",   "decltype",
    "default",       "delete",    "do",         "double",
    "dynamic_cast",  "else",      "enum",       "errno",
    "explicit",      "export",    "extern",     "false",
    "float",         "for",       "friend",     "goto",
    "i386",          "if",        "imaginary",  "inline",
    "int",           "linux",     "long",       "mutable",
    "namespace",     "new",       "noexcept",   "noreturn",
    "not",           "not_eq",    "nullptr",    "offsetof",
    "operator",      "or",        "or_eq",      "private",
    "protected",     "public",    "register",   "reinterpret_cast",
    "requires",      "restrict",  "return",     "short",
    "signed",        "sizeof",    "static",     "static_assert",
    "static_cast",   "stderr",    "stdin",      "stdout",
    "struct",        "switch",    "template",   "this",
    "thread_local",  "throw",     "true",       "try",
    "typedef",       "typeid",    "typename",   "typeof",
    "typeof_unqual", "union",     "unix",       "unsigned",
    "using",         "va_arg",    "va_copy",    "va_end",
    "va_start",      "virtual",   "void",       "volatile",
    "wchar_t",       "while",     "xor",        "xor_eq",
};

/// Macros of <stdint.h> and of the runtime's headers.
static bool isMacroOfHeaders(llvm::StringRef name) {
  static constexpr llvm::StringLiteral starts[] = {
      "INT", "UINT", "SIZE_", "PTRDIFF_", "SIG_ATOMIC_", "WCHAR_", "WINT_"};
  static constexpr llvm::StringLiteral ends[] = {"_MAX", "_MIN", "_C",
                                                 "_WIDTH"};
  auto starting = [&](llvm::StringRef part) { return name.starts_with(part); };
  auto ending = [&](llvm::StringRef part) { return name.ends_with(part); };
  return name.starts_with("TW_EXPORTED") ||
         name.starts_with("TILEWRIGHT_RT_") ||
         (llvm::any_of(starts, starting) && llvm::any_of(ends, ending));
}

std::string makeMemberName(llvm::StringRef name) {
  // The implementation's own, among them _Bool, __int128 and __LINE__.
  if (name.size() > 1 && name[0] == '_' &&
      (name[1] == '_' || llvm::isUpper(name[1])))
    return ("x" + name).str();
  bool isTaken =
      std::binary_search(std::begin(takenNames), std::end(takenNames), name);
  return isTaken || isMacroOfHeaders(name) ? (name + "_").str() : name.str();
}

std::string CScope::claim(llvm::ArrayRef<std::string> candidates) {
  for (const std::string &candidate : candidates)
    if (used.insert(candidate).second)
      return candidate;
  // C++ keeps names with "__" for itself.
  llvm::StringRef last = candidates.back();
  llvm::StringRef separator = last.ends_with("_") ? "" : "_";
  for (unsigned i = 2;; ++i) {
    std::string numbered = (last + separator + llvm::Twine(i)).str();
    if (used.insert(numbered).second)
      return numbered;
  }
}

std::string CScope::claimBase(llvm::StringRef base,
                              llvm::ArrayRef<std::string> suffixes) {
  std::string candidate = base.str();
  auto isFree = [&](const std::string &suffix) {
    return !used.contains(candidate + suffix);
  };
  for (unsigned i = 2; !llvm::all_of(suffixes, isFree); ++i)
    candidate = (base + "_" + llvm::Twine(i)).str();
  for (const std::string &suffix : suffixes)
    used.insert(candidate + suffix);
  return candidate;
}

std::string makeIncludeGuard(llvm::StringRef fileName) {
  // With words of its own: TILEWRIGHT_RT_MODULE_H is the runtime's.
  std::string guard = "TILEWRIGHT_KERNELS_";
  for (char c : fileName)
    guard += llvm::isAlnum(c) ? llvm::toUpper(c) : '_';
  return guard;
}

} // namespace tilewright
