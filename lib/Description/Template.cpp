// Template.cpp - puts parameter values into a kernel's source.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Description/Description.h"

#include "llvm/ADT/Twine.h"

namespace tilewright {
namespace {

/// Value of parameter `name` in `variant`; null where there is none.
const std::string *lookUp(const KernelDescription &kernel,
                          const Specialization &variant,
                          llvm::StringRef name) {
  auto it = variant.parameters.find(name.str());
  if (it != variant.parameters.end())
    return &it->second;
  for (const TemplateParameter &parameter : kernel.parameters)
    if (parameter.name == name)
      return &parameter.defaultValue;
  return nullptr;
}

} // namespace

llvm::Expected<std::string> instantiate(const KernelDescription &kernel,
                                        const Specialization &variant) {
  llvm::StringRef text = kernel.source.text;
  auto errorAt = [&](size_t position, const llvm::Twine &message) {
    llvm::StringRef before = text.take_front(position);
    return llvm::createStringError(
        kernel.source.displayName + ":" + llvm::Twine(before.count('\n') + 1) +
        ":" + llvm::Twine(position - (before.rfind('\n') + 1) + 1) + ": " +
        message);
  };

  std::string result;
  result.reserve(text.size());
  size_t position = 0;
  while (position < text.size()) {
    size_t dollar = text.find('$', position);
    result += text.slice(position, dollar);
    if (dollar == llvm::StringRef::npos)
      break;
    llvm::StringRef rest = text.substr(dollar + 1);
    if (rest.starts_with("$")) {
      result += '$';
      position = dollar + 2;
      continue;
    }
    if (!rest.starts_with("{"))
      return errorAt(dollar, "expected '${' or '$$' after '$'");
    size_t end = rest.find_first_of("}\n");
    if (end == llvm::StringRef::npos || rest[end] == '\n')
      return errorAt(dollar, "expected '}' on the same line as '${'");
    llvm::StringRef name = rest.slice(1, end);
    const std::string *value = lookUp(kernel, variant, name);
    if (!value) {
      std::vector<llvm::StringRef> names;
      for (const TemplateParameter &parameter : kernel.parameters)
        names.push_back(parameter.name);
      llvm::StringRef near = findNearest(name, names);
      std::string hint =
          near.empty() ? "" : ("; the nearest is '" + near + "'").str();
      return errorAt(dollar,
                     "unknown template parameter '" + name + "'" + hint);
    }
    result += *value;
    position = dollar + 1 + end + 1;
  }
  return result;
}

} // namespace tilewright
