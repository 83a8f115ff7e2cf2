// CStruct.cpp - writes a struct of arguments and its functions in C.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CStruct.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

namespace tilewright {

/// C type of an element in memory.
static llvm::StringRef getStorageType(llvm::StringRef type) {
  return llvm::StringSwitch<llvm::StringRef>(type)
      .Case("f64", "double")
      .Case("f32", "float")
      .Case("f16", "TwF16")
      .Case("bf16", "TwBF16")
      .Case("f8E4M3FN", "TwF8E4M3FN")
      .Case("f8E5M2", "TwF8E5M2")
      .Case("f8E4M3FNUZ", "TwF8E4M3FNUZ")
      .Case("f8E5M2FNUZ", "TwF8E5M2FNUZ")
      .Case("i1", "bool")
      .Case("i8", "int8_t")
      .Case("i16", "int16_t")
      .Case("i32", "int32_t")
      .Default("int64_t");
}

static bool isFloat(llvm::StringRef type) { return !type.starts_with("i"); }

/// C type of a scalar argument. The narrow floats are values of a float.
static llvm::StringRef getScalarType(llvm::StringRef type) {
  return isFloat(type) && type != "f64" ? "float" : getStorageType(type);
}

static std::string getEnumerator(llvm::StringRef type) {
  return "TW_" + type.upper();
}

void writeComment(llvm::raw_ostream &os, llvm::StringRef indent,
                  llvm::ArrayRef<std::string> paragraphs) {
  bool isFirst = true;
  for (const std::string &paragraph : paragraphs) {
    std::string line = indent.str() + (isFirst ? "/**" : " *");
    llvm::SmallVector<llvm::StringRef> words;
    llvm::StringRef(paragraph).split(words, ' ');
    for (llvm::StringRef word : words) {
      // Room for the end of the comment.
      if (line.size() + 1 + word.size() + 3 > 80) {
        os << line << "\n";
        // What a list item goes on with stands under its text.
        bool isItem = llvm::StringRef(paragraph).starts_with("- ");
        line = indent.str() + (isItem ? " *  " : " *");
      }
      line += (" " + word).str();
    }
    isFirst = false;
    os << llvm::StringRef(line).rtrim();
    os << (&paragraph == &paragraphs.back() ? " */\n" : "\n");
  }
}

std::vector<std::string> StructWriter::listSuffixes() {
  return {"_arguments", "_values", "_fill", "_get", "_launch", "_pack"};
}

std::vector<std::string> StructWriter::listMacros(const CSignature &signature) {
  std::vector<std::string> macros;
  for (const CArgument &argument : signature.arguments)
    for (const CSize &size : argument.sizes)
      if (std::string macro = "_size_" + size.name;
          size.constant && !size.name.empty() &&
          !llvm::is_contained(macros, macro))
        macros.push_back(std::move(macro));
  return macros;
}

void StructWriter::nameMembers() {
  // Arguments first: their names are those that the caller knows best.
  for (const CArgument &argument : signature.arguments)
    members.push_back(scope.claim({makeMemberName(argument.name)}));
  for (const CArgument &argument : signature.arguments) {
    sizes.emplace_back();
    for (size_t d = 0; d < argument.sizes.size(); ++d)
      nameSize(argument, d);
  }
  for (const CArgument &argument : signature.arguments) {
    bool hasStrides =
        argument.isArray && !argument.isContiguous && !argument.sizes.empty();
    strides.push_back(
        hasStrides ? scope.claim({makeMemberName(argument.name + "_strides")})
                   : "");
  }
}

void StructWriter::nameSize(const CArgument &argument, size_t d) {
  const CSize &size = argument.sizes[d];
  if (size.name.empty()) {
    if (size.constant) {
      sizes.back().push_back("INT64_C(" + std::to_string(*size.constant) + ")");
      return;
    }
    std::string number = std::to_string(d);
    std::string member =
        scope.claim({makeMemberName(argument.name + "_size" + number)});
    sizeMembers.push_back(
        {member, "Size " + number + " of " + argument.name + "."});
    sizes.back().push_back("arguments->" + member);
    return;
  }
  std::string &expression = namedSizes[size.name];
  if (expression.empty() && size.constant) {
    expression = base + "_size_" + size.name;
  } else if (expression.empty()) {
    std::string member =
        scope.claim({makeMemberName(size.name), "size_" + size.name});
    sizeMembers.push_back({member, "Size " + size.name + "."});
    expression = "arguments->" + member;
  }
  sizes.back().push_back(expression);
}

/// What stands at the member of an argument.
std::string StructWriter::describe(const CArgument &argument) {
  std::string text = argument.name;
  if (!argument.isArray) {
    text += ", " + argument.type;
    if (isFloat(argument.type) && argument.type != "f64" &&
        argument.type != "f32")
      text += ", to which the launch rounds it";
    return text + ".";
  }
  llvm::SmallVector<std::string> shape;
  for (auto [d, size] : llvm::enumerate(argument.sizes)) {
    std::string part = size.name;
    if (part.empty() && !size.constant)
      part = argument.name + "_size" + std::to_string(d);
    if (size.constant)
      part += (part.empty() ? "" : " = ") + std::to_string(*size.constant);
    shape.push_back(std::move(part));
  }
  return text + "[" + llvm::join(shape, ", ") + "] of " + argument.type +
         (argument.isWritten ? ", written." : ", only read.");
}

void StructWriter::writeMacros() {
  llvm::StringMap<bool> seen;
  for (const CArgument &argument : signature.arguments)
    for (const CSize &size : argument.sizes)
      if (size.constant && !size.name.empty() &&
          seen.try_emplace(size.name).second)
        os << "/** Size " << size.name << ", of every variant. */\n#define "
           << base << "_size_" << size.name << " INT64_C(" << *size.constant
           << ")\n";
  if (!seen.empty())
    os << "\n";
}

void StructWriter::writeArguments(bool hasOthers) {
  std::vector<std::string> comment;
  std::vector<std::string> names;
  for (const CSignature::Variant &variant : signature.variants)
    names.push_back(variant.name);
  comment.push_back("Arguments of kernel " + kernel.name +
                    (!hasOthers ? "."
                     : names.size() == 1
                         ? ", variant " + names[0] + "."
                         : ", variants " + llvm::join(names, ", ") + "."));
  auto list = [&](llvm::StringRef title, const Facts &facts) {
    if (facts.empty())
      return;
    comment.push_back("");
    comment.push_back(title.str());
    for (const std::string &fact : facts)
      comment.push_back("- " + fact);
  };
  list(names.size() == 1 ? "It assumes:" : "All variants assume:",
       signature.commonFacts);
  for (const CSignature::Variant &variant : signature.variants)
    list("Variant " + variant.name + " assumes as well:", variant.facts);
  writeComment(os, "", comment);

  os << "typedef struct " << base << "_arguments {\n";
  for (auto [argument, member] : llvm::zip(signature.arguments, members)) {
    writeComment(os, "  ", describe(argument));
    if (argument.isArray)
      os << "  " << (argument.isWritten ? "" : "const ")
         << getStorageType(argument.type) << " *" << member << ";\n";
    else
      os << "  " << getScalarType(argument.type) << " " << member << ";\n";
  }
  for (const SizeMember &size : sizeMembers) {
    writeComment(os, "  ", size.comment);
    os << "  int64_t " << size.member << ";\n";
  }
  for (auto [argument, member] : llvm::zip(signature.arguments, strides)) {
    if (member.empty())
      continue;
    writeComment(os, "  ",
                 "Strides of " + argument.name + ", " +
                     std::to_string(argument.sizes.size()) +
                     "; null: row-major without gaps.");
    os << "  const int64_t *" << member << ";\n";
  }
  // C has no empty structs.
  if (signature.arguments.empty())
    os << "  char unused;\n";
  os << "} " << base << "_arguments;\n\n";
}

void StructWriter::writeValues() {
  size_t numSizes = 0;
  for (const auto &list : sizes)
    numSizes += list.size();
  os << "typedef struct " << base << "_values {\n  TwValue values["
     << std::max<size_t>(members.size(), 1) << "];\n  int64_t sizes["
     << std::max<size_t>(numSizes, 1) << "];\n} " << base << "_values;\n\n";
}

void StructWriter::writeSignature(llvm::StringRef result,
                                  llvm::StringRef suffix,
                                  llvm::ArrayRef<std::string> parameters) {
  os << "static inline " << result << " " << base << suffix << "(\n    "
     << llvm::join(parameters, ",\n    ") << ") {\n";
}

void StructWriter::writeFill() {
  writeComment(os, "",
               {"The arguments as twFunctionLaunch takes them. `values` points "
                "into itself and to the strides: it is not to be copied."});
  writeSignature(
      "void", "_fill",
      {"const " + base + "_arguments *arguments", base + "_values *values"});
  if (members.empty())
    os << "  (void)arguments;\n  (void)values;\n";
  size_t next = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    const CArgument &argument = signature.arguments[i];
    std::string type = getEnumerator(argument.type);
    std::string value = "arguments->" + members[i];
    size_t first = next;
    for (const std::string &size : sizes[i])
      os << "  values->sizes[" << next++ << "] = " << size << ";\n";
    os << "  values->values[" << i << "] = ";
    if (!argument.isArray) {
      os << (isFloat(argument.type) ? "twValueMakeReal" : "twValueMakeInteger")
         << "(" << type << ", " << value << ");\n";
      continue;
    }
    std::string sizesOf = argument.sizes.empty()
                              ? "NULL"
                              : "values->sizes + " + std::to_string(first);
    std::string stridesOf =
        strides[i].empty() ? "NULL" : "arguments->" + strides[i];
    os << "twValueMakeArray(\n      " << type << ", " << argument.sizes.size()
       << ", " << value << ", " << sizesOf << ", " << stridesOf << ");\n";
  }
  os << "}\n\n";
}

void StructWriter::writeGet(llvm::StringRef kernelBase, bool hasOthers) {
  // One variant alone: its refusal then says what is wrong with it, and not
  // that other variants have other types.
  bool isOne = hasOthers && signature.variants.size() == 1;
  const std::string &variant = signature.variants.front().name;
  writeComment(os, "",
               {"Finds the kernel, " +
                (isOne ? "variant " + variant + " alone" : "all variants") +
                "; it lives as long as the module."});
  writeSignature("TwStatus", "_get",
                 {"TwModule module", "TwFunction *function"});
  os << "  return twModuleGetFunction(module, " << kernelBase << "_name, "
     << (isOne ? "\"" + variant + "\"" : "NULL") << ", function);\n}\n\n";
}

void StructWriter::writeLaunch() {
  writeComment(os, "", {"Launches it on `stream`; `options` may be null."});
  writeSignature("TwStatus", "_launch",
                 {"TwFunction function", "TwStream stream",
                  "const " + base + "_arguments *arguments",
                  "const TwLaunchOptions *options"});
  os << "  " << base << "_values values;\n  " << base
     << "_fill(arguments, &values);\n"
        "  return twFunctionLaunch(\n      function, stream, values.values, "
     << members.size() << ", options);\n}\n\n";
}

void StructWriter::writePack() {
  writeComment(os, "",
               {"Checks and packs, as twFunctionPack, for "
                "twFunctionLaunchPacked."});
  writeSignature("TwStatus", "_pack",
                 {"TwFunction function",
                  "const " + base + "_arguments *arguments", "void *kernarg",
                  "size_t kernargBytes", "size_t *variant", "int64_t grid[3]"});
  os << "  " << base << "_values values;\n  " << base
     << "_fill(arguments, &values);\n"
        "  return twFunctionPack(\n      function, values.values, "
     << members.size() << ", kernarg, kernargBytes, variant, grid);\n}\n";
}

void StructWriter::write(llvm::StringRef kernelBase, bool hasOthers) {
  writeMacros();
  writeArguments(hasOthers);
  writeValues();
  writeFill();
  writeGet(kernelBase, hasOthers);
  writeLaunch();
  writePack();
}

} // namespace tilewright
