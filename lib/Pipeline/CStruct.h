// CStruct.h - writes a struct of arguments and its functions in C.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_PIPELINE_CSTRUCT_H
#define TILEWRIGHT_LIB_PIPELINE_CSTRUCT_H

#include "CInterface.h"
#include "CNames.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/raw_ostream.h"

namespace tilewright {

/// Writes a comment, of at most 80 columns where the words allow it.
void writeComment(llvm::raw_ostream &os, llvm::StringRef indent,
                  llvm::ArrayRef<std::string> paragraphs);

/// A struct of arguments and its functions.
class StructWriter {
public:
  /// `macros` are those of the whole header, which no member can be called.
  StructWriter(llvm::raw_ostream &os, const HeaderKernel &kernel,
               const CSignature &signature, std::string base,
               llvm::ArrayRef<std::string> macros)
      : os(os), kernel(kernel), signature(signature), base(std::move(base)),
        scope(macros) {
    nameMembers();
  }

  /// `kernelBase` is that of the macro with the kernel's name. With
  /// `hasOthers` the kernel has other structs.
  void write(llvm::StringRef kernelBase, bool hasOthers);

  /// What stands behind the base in the names of types and functions.
  static std::vector<std::string> listSuffixes();
  /// What stands behind the base in the names of macros.
  static std::vector<std::string> listMacros(const CSignature &signature);

private:
  struct SizeMember {
    std::string member, comment;
  };

  void nameMembers();
  void nameSize(const CArgument &argument, size_t d);
  std::string describe(const CArgument &argument);
  void writeMacros();
  void writeArguments(bool hasOthers);
  void writeValues();
  void writeSignature(llvm::StringRef result, llvm::StringRef suffix,
                      llvm::ArrayRef<std::string> parameters);
  void writeFill();
  void writeGet(llvm::StringRef kernelBase, bool hasOthers);
  void writeLaunch();
  void writePack();

  llvm::raw_ostream &os;
  const HeaderKernel &kernel;
  const CSignature &signature;
  std::string base;
  CScope scope;
  /// Of each argument; strides are empty where there are none.
  std::vector<std::string> members, strides;
  /// For each argument and dimension an expression of `arguments`.
  std::vector<std::vector<std::string>> sizes;
  std::vector<SizeMember> sizeMembers;
  /// Members and macros of named sizes.
  llvm::StringMap<std::string> namedSizes;
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_PIPELINE_CSTRUCT_H
