// Request.h - what is asked of the compiler, which is also the key under which
// the answer is kept.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_JIT_REQUEST_H
#define TILEWRIGHT_RUNTIME_JIT_REQUEST_H

#include "tilewright-rt/Kernel.h"
#include <string>
#include <string_view>
#include <vector>

namespace tilewright::rt {

/// What a kernel may assume of one dimension of an array; in elements.
struct DimClass {
  int64_t size = -1; ///< -1: not known
  int64_t divisor = 1;
  int64_t atMost = -1; ///< -1: no bound is known
  int64_t stride = -1; ///< -1: not known
  int64_t strideDivisor = 1;
};

/// What a kernel may assume of an argument.
struct ArgumentClass {
  TwArgumentKind kind = TW_SCALAR;
  TwElementType type = TW_F32;
  int64_t align = 1;   ///< arrays: of the address, in bytes
  int64_t divisor = 1; ///< integer scalars
  std::vector<DimClass> dims;
};

struct NamedText {
  std::string name, text;
};

/// All that the bytes of a compiled kernel depend on. What a field means, and
/// that all of them are in the key, is tested (RequestTest).
struct Request {
  /// Build ids of the compiler and of the libraries that it is made with.
  std::string compiler;
  /// Programs and libraries that it calls, and a hash of their contents.
  std::vector<NamedText> tools;
  /// "description" (JSON) or "mlir".
  std::string form;
  /// What diagnostics call the text; no folder in it.
  std::string name;
  std::string text;
  /// Files that the text names, by the names that it has for them.
  std::vector<NamedText> files;
  /// Empty: the only one.
  std::string kernel;
  /// Empty: the first one whose types the arguments have.
  std::string variant;
  /// Template parameters that differ from the variant's.
  std::vector<NamedText> parameters;
  /// Whether `arguments` counts; without them the variant's facts are all.
  bool hasArguments = false;
  std::vector<ArgumentClass> arguments;
  /// "sm_90", "gfx942", "x86-64-v4".
  std::string target;
  int64_t optLevel = -1; ///< -1: the description's, else 3
  /// Text of a #tile.schedule attribute; empty: the description's.
  std::string schedule;
  /// PTX instead of machine code, where there is a choice.
  bool keepsPtx = false;
  /// AMD: "" for lld, or "comgr".
  std::string linker;
};

/// Calls `visit(name, field)` for each field. A field that is added to the
/// struct and not here does not compile.
template <typename R, typename Visitor>
void visitFields(R &request, Visitor &&visit) {
  auto &[compiler, tools, form, name, text, files, kernel, variant, parameters,
         hasArguments, arguments, target, optLevel, schedule, keepsPtx,
         linker] =
      request;
  visit("compiler", compiler);
  visit("tools", tools);
  visit("form", form);
  visit("name", name);
  visit("text", text);
  visit("files", files);
  visit("kernel", kernel);
  visit("variant", variant);
  visit("parameters", parameters);
  visit("has-arguments", hasArguments);
  visit("arguments", arguments);
  visit("target", target);
  visit("opt-level", optLevel);
  visit("schedule", schedule);
  visit("keeps-ptx", keepsPtx);
  visit("linker", linker);
}

/// "array f32 align=16 dims=1024:16:-1:-1:1,..." and "scalar i32 divisor=16";
/// the numbers of a dimension in the order of DimClass.
std::string writeArgument(const ArgumentClass &argument);
bool readArgument(std::string_view text, ArgumentClass &argument);

/// The key: fields of Fields.h behind one line that says what they are.
std::string writeRequest(const Request &request);
/// False where `bytes` is not what writeRequest wrote.
bool readRequest(std::string_view bytes, Request &request);

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_JIT_REQUEST_H
