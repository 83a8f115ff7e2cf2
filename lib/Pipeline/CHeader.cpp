// CHeader.cpp - a typed C header for the kernels of a library.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Pipeline/CHeader.h"

#include "CInterface.h"
#include "CNames.h"
#include "CStruct.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace tilewright {
namespace {

/// Text in a comment: one line that does not end it.
std::string quoteForComment(llvm::StringRef text) {
  std::string result;
  for (char c : text)
    result += llvm::isPrint(c) && c != '*' ? c : '_';
  return result;
}

/// A kernel, its structs, and the bases of their names.
struct PlannedKernel {
  const HeaderKernel *kernel;
  std::vector<CSignature> signatures;
  std::string base;
  /// The kernel's own where it has one struct.
  std::vector<std::string> structBases;
};

/// What stands behind the base of a struct in the names of all kinds.
std::vector<std::string> listStructSuffixes(const CSignature &signature) {
  std::vector<std::string> suffixes = StructWriter::listSuffixes();
  for (std::string &macro : StructWriter::listMacros(signature))
    suffixes.push_back(std::move(macro));
  return suffixes;
}

std::vector<PlannedKernel> planKernels(llvm::ArrayRef<HeaderKernel> kernels,
                                       llvm::StringRef prefix) {
  CScope scope;
  std::vector<PlannedKernel> plans;
  // The names of kernels first: a new variant of one renames no other.
  for (const HeaderKernel &kernel : kernels) {
    PlannedKernel plan{&kernel, groupVariants(kernel), "", {}};
    std::vector<std::string> suffixes;
    if (plan.signatures.size() == 1)
      suffixes = listStructSuffixes(plan.signatures.front());
    suffixes.insert(suffixes.end(), {"_name", "_get"});
    // At file scope names that start with '_' are the implementation's.
    bool isReserved = prefix.empty() && kernel.name[0] == '_';
    plan.base = scope.claimBase(
        (prefix + (isReserved ? "x" : "") + kernel.name).str(), suffixes);
    if (plan.signatures.size() == 1)
      plan.structBases.push_back(plan.base);
    plans.push_back(std::move(plan));
  }
  for (PlannedKernel &plan : plans)
    if (plan.structBases.empty())
      for (const CSignature &signature : plan.signatures)
        plan.structBases.push_back(
            scope.claimBase(plan.base + "_" + signature.variants.front().name,
                            listStructSuffixes(signature)));
  return plans;
}

/// The macros of the header but for its guard.
std::vector<std::string> listMacros(llvm::ArrayRef<PlannedKernel> plans) {
  std::vector<std::string> macros;
  for (const PlannedKernel &plan : plans) {
    macros.push_back(plan.base + "_name");
    for (auto [signature, base] : llvm::zip(plan.signatures, plan.structBases))
      for (const std::string &macro : StructWriter::listMacros(signature))
        macros.push_back(base + macro);
  }
  return macros;
}

void writeTop(llvm::raw_ostream &os, const HeaderOptions &options) {
  std::string guard = makeIncludeGuard(options.fileName);
  os << "/* " << quoteForComment(options.fileName) << " - the kernels of "
     << quoteForComment(options.sourceName) << R"(, typed.
 * Written by `tile-compile --emit=c-header`; changes to it are lost.
 *
 * NAME stands for a kernel, or for a kernel and the first of the variants that
 * take the same struct, where a kernel has several:
 *
 *   NAME_name        what the library calls the kernel
 *   NAME_get         finds it in a module
 *   NAME_arguments   its arguments; sizes and strides count elements
 *   NAME_size_DIM    a size that is static, and no member
 *   NAME_launch      launches it
 *   NAME_pack        checks and packs, for many launches of the same arguments
 *   NAME_fill        the values of these calls
 *
 * A launch checks what a variant assumes, and takes the first one that fits.
 */
)";
  os << "#ifndef " << guard << "\n#define " << guard << R"(

#include <stddef.h>
#include <stdint.h>
#include <tilewright-rt/Module.h>
#include <tilewright-rt/Value.h>
)";
}

} // namespace

std::string writeCHeader(llvm::ArrayRef<HeaderKernel> kernels,
                         const HeaderOptions &options) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeTop(os, options);
  std::vector<PlannedKernel> plans = planKernels(kernels, options.prefix);
  std::vector<std::string> macros = listMacros(plans);
  for (const PlannedKernel &plan : plans) {
    bool hasOthers = plan.signatures.size() > 1;
    std::vector<std::string> names;
    for (const HeaderKernel::Variant &variant : plan.kernel->variants)
      names.push_back(variant.name);
    os << "\n";
    writeComment(os, "",
                 {"Kernel " + plan.kernel->name + ", variants " +
                  llvm::join(names, ", ") + "."});
    os << "#define " << plan.base << "_name \""
       << *plan.kernel->variants[0].interface.getString("kernel") << "\"\n";
    if (hasOthers) {
      writeComment(os, "",
                   {"Finds the kernel, all variants; it lives as long as the "
                    "module."});
      os << "static inline TwStatus " << plan.base
         << "_get(\n    TwModule module,\n    TwFunction *function) {\n"
            "  return twModuleGetFunction(module, "
         << plan.base << "_name, NULL, function);\n}\n";
    }
    for (auto [signature, base] :
         llvm::zip(plan.signatures, plan.structBases)) {
      os << "\n";
      StructWriter(os, *plan.kernel, signature, base, macros)
          .write(plan.base, hasOthers);
    }
  }
  os << "\n#endif /* " << makeIncludeGuard(options.fileName) << " */\n";
  return text;
}

} // namespace tilewright
