// Description.cpp - checks the tree of a kernel description.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Description/Description.h"

#include "Json.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <limits>
#include <optional>

namespace tilewright {
namespace {

constexpr llvm::StringLiteral elementTypes[] = {
    "f64",        "f32",          "bf16",         "f16", "f8E4M3FN", "f8E5M2",
    "f8E4M3FNUZ", "f8E5M2FNUZ",   "i1",           "i8",  "i16",      "i32",
    "i64"};
/// Sources larger than this are refused: nobody writes them by hand.
constexpr uint64_t maxSourceBytes = 16 << 20;

/// A value of the tree with the way to it.
struct Node {
  const Json *value;
  std::string pointer;
};

class Reader {
public:
  Reader(llvm::StringRef file, llvm::ArrayRef<llvm::StringRef> knownChips,
         SourceReader sourceReader)
      : file(file), knownChips(knownChips), sourceReader(sourceReader) {}

  llvm::Expected<Description> read(const Json &root);

private:
  // Each returns false after an error, which `error` then holds.
  bool readKernel(const Node &node, Description &description);
  bool readSource(const Node &node, KernelSource &source);
  bool readParameters(const Node &node, KernelDescription &kernel);
  bool readParameter(const Node &node, TemplateParameter &parameter);
  bool readParameterValue(const Node &node, TemplateParameter::Kind kind,
                          std::string &value);
  bool readSpecialization(const Node &node, KernelDescription &kernel);
  bool readChips(const Node &node, std::vector<std::string> &chips);
  bool readOptions(const Node &node, KernelDescription &kernel);
  bool readNumbers(const Node &node, llvm::StringRef what, bool allowDynamic,
                   bool powersOfTwo, std::map<std::string, int64_t> &numbers);
  bool readName(const Node &node, llvm::StringRef what, std::string &name);
  bool readString(const Node &node, llvm::StringRef what, std::string &text);
  bool readInteger(const Node &node, llvm::StringRef what, int64_t min,
                   int64_t max, int64_t &number);

  /// Checks that `node` is an object with no key outside `keys`.
  bool checkObject(const Node &node, llvm::StringRef what,
                   llvm::ArrayRef<llvm::StringRef> keys);
  std::optional<Node> get(const Node &node, llvm::StringRef key);

  bool fail(const Node &node, const llvm::Twine &message) {
    llvm::StringRef pointer = node.pointer;
    error = (file + ": " + (pointer.empty() ? "/" : pointer) + ": " + message)
                .str();
    return false;
  }
  bool expected(const Node &node, const llvm::Twine &what) {
    return fail(node, "expected " + what + ", but got " +
                          describeJson(*node.value));
  }
  static std::string hint(llvm::StringRef name,
                          llvm::ArrayRef<llvm::StringRef> candidates) {
    llvm::StringRef near = findNearest(name, candidates);
    if (near.empty())
      return "; valid are " + llvm::join(candidates, ", ");
    return ("; the nearest is \"" + near + "\"").str();
  }

  llvm::StringRef file;
  llvm::ArrayRef<llvm::StringRef> knownChips;
  SourceReader sourceReader;
  std::vector<std::string> defaultChips;
  std::string error;
};

bool isIdentifier(llvm::StringRef name) {
  if (name.empty() || name.size() > 128 || llvm::isDigit(name.front()))
    return false;
  return llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

bool Reader::checkObject(const Node &node, llvm::StringRef what,
                         llvm::ArrayRef<llvm::StringRef> keys) {
  if (!node.value->is_object())
    return expected(node, what);
  for (const auto &item : node.value->items()) {
    if (llvm::is_contained(keys, item.key()))
      continue;
    Node child{&item.value(), appendPointer(node.pointer, item.key())};
    return fail(child, "unknown key \"" + item.key() + "\"" +
                           hint(item.key(), keys));
  }
  return true;
}

std::optional<Node> Reader::get(const Node &node, llvm::StringRef key) {
  auto it = node.value->find(key.str());
  if (it == node.value->end())
    return std::nullopt;
  return Node{&*it, appendPointer(node.pointer, key)};
}

bool Reader::readString(const Node &node, llvm::StringRef what,
                        std::string &text) {
  if (!node.value->is_string())
    return expected(node, what);
  text = node.value->get<std::string>();
  return true;
}

bool Reader::readName(const Node &node, llvm::StringRef what,
                      std::string &name) {
  if (!readString(node, what, name))
    return false;
  if (!isIdentifier(name))
    return expected(node, what + " of letters, digits and '_', not starting "
                                 "with a digit");
  return true;
}

bool Reader::readInteger(const Node &node, llvm::StringRef what, int64_t min,
                         int64_t max, int64_t &number) {
  const Json &value = *node.value;
  bool fits = value.is_number_integer();
  if (fits && value.is_number_unsigned())
    fits = value.get<uint64_t>() <=
           static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (fits) {
    number = value.get<int64_t>();
    fits = number >= min && number <= max;
  }
  if (!fits) {
    std::string range =
        max == std::numeric_limits<int64_t>::max()
            ? " of at least " + std::to_string(min)
            : " in [" + std::to_string(min) + ", " + std::to_string(max) + "]";
    return expected(node, what + range);
  }
  return true;
}

bool Reader::readNumbers(const Node &node, llvm::StringRef what,
                         bool allowDynamic, bool powersOfTwo,
                         std::map<std::string, int64_t> &numbers) {
  if (!node.value->is_object())
    return expected(node, "an object of names and " + what + "s");
  for (const auto &item : node.value->items()) {
    Node child{&item.value(), appendPointer(node.pointer, item.key())};
    if (!isIdentifier(item.key()))
      return fail(child, "expected a name of letters, digits and '_', but got "
                         "\"" + item.key() + "\"");
    if (allowDynamic && child.value->is_string()) {
      if (child.value->get<std::string>() != "dynamic")
        return expected(child, what + " or \"dynamic\"");
      continue;
    }
    int64_t number = 0;
    if (!readInteger(child, what, 1, std::numeric_limits<int64_t>::max(),
                     number))
      return false;
    if (powersOfTwo && !llvm::isPowerOf2_64(static_cast<uint64_t>(number)))
      return expected(child, what + " that is a power of two");
    numbers[item.key()] = number;
  }
  return true;
}

bool Reader::readChips(const Node &node, std::vector<std::string> &chips) {
  if (!node.value->is_array() || node.value->empty())
    return expected(node, "a list of chips");
  for (size_t i = 0; i < node.value->size(); ++i) {
    Node child{&(*node.value)[i],
               appendPointer(node.pointer, std::to_string(i))};
    std::string chip;
    if (!readString(child, "a chip", chip))
      return false;
    if (!llvm::is_contained(knownChips, chip))
      return fail(child, "expected a chip, but got " +
                             describeJson(*child.value) +
                             hint(chip, knownChips));
    if (llvm::is_contained(chips, chip))
      return fail(child, "chip \"" + chip + "\" is listed twice");
    chips.push_back(chip);
  }
  return true;
}

bool Reader::readSource(const Node &node, KernelSource &source) {
  if (!checkObject(node, "an object with \"file\" or \"inline\"",
                   {"file", "inline"}))
    return false;
  std::optional<Node> path = get(node, "file"), text = get(node, "inline");
  if (path.has_value() == text.has_value())
    return fail(node, "expected one of \"file\" and \"inline\", but got " +
                          llvm::Twine(path ? "both" : "neither"));
  if (text) {
    source.displayName = (file + "#" + text->pointer).str();
    return readString(*text, "MLIR text", source.text);
  }
  if (!readString(*path, "a file name", source.file))
    return false;
  llvm::SmallString<256> full(source.file);
  if (source.file.empty() || source.file.find('\0') != std::string::npos)
    return expected(*path, "a file name");
  if (sourceReader) {
    llvm::Expected<std::string> read = sourceReader(source.file);
    if (!read)
      return fail(*path, llvm::toString(read.takeError()));
    source.text = std::move(*read);
    source.displayName = source.file;
    return true;
  }
  if (llvm::sys::path::is_relative(full)) {
    full = llvm::sys::path::parent_path(file);
    llvm::sys::path::append(full, source.file);
  }
  auto buffer = llvm::MemoryBuffer::getFile(full, /*IsText=*/true);
  if (!buffer)
    return fail(*path, "cannot read source '" + full +
                           "': " + buffer.getError().message());
  if ((*buffer)->getBufferSize() > maxSourceBytes)
    return fail(*path, "expected a source of at most " +
                           llvm::Twine(maxSourceBytes) + " bytes, but '" +
                           full + "' has " +
                           llvm::Twine((*buffer)->getBufferSize()));
  source.text = (*buffer)->getBuffer().str();
  source.displayName = full.str().str();
  return true;
}

bool Reader::readParameterValue(const Node &node, TemplateParameter::Kind kind,
                                std::string &value) {
  if (kind == TemplateParameter::Kind::Integer) {
    int64_t number = 0;
    if (!readInteger(node, "an integer", std::numeric_limits<int64_t>::min(),
                     std::numeric_limits<int64_t>::max(), number))
      return false;
    value = std::to_string(number);
    return true;
  }
  if (!readString(node, "an element type", value))
    return false;
  std::vector<llvm::StringRef> names(std::begin(elementTypes),
                                     std::end(elementTypes));
  if (!llvm::is_contained(names, value))
    return fail(node, "expected an element type, but got " +
                          describeJson(*node.value) + hint(value, names));
  return true;
}

bool Reader::readParameter(const Node &node, TemplateParameter &parameter) {
  if (!checkObject(node, "a parameter object", {"type", "default", "values"}))
    return false;
  std::optional<Node> type = get(node, "type");
  if (!type)
    return fail(node, "expected \"type\": \"integer\" or \"element\", but got "
                      "no such key");
  std::string kind;
  if (!readString(*type, "\"integer\" or \"element\"", kind))
    return false;
  if (kind == "integer")
    parameter.kind = TemplateParameter::Kind::Integer;
  else if (kind == "element")
    parameter.kind = TemplateParameter::Kind::ElementType;
  else
    return expected(*type, "\"integer\" or \"element\"");

  std::optional<Node> value = get(node, "default");
  if (!value)
    return fail(node, "expected a \"default\" value, but got no such key");
  if (!readParameterValue(*value, parameter.kind, parameter.defaultValue))
    return false;
  std::optional<Node> values = get(node, "values");
  if (!values) {
    parameter.values.push_back(parameter.defaultValue);
    return true;
  }
  if (!values->value->is_array() || values->value->empty())
    return expected(*values, "a list of values");
  for (size_t i = 0; i < values->value->size(); ++i) {
    Node child{&(*values->value)[i],
               appendPointer(values->pointer, std::to_string(i))};
    std::string text;
    if (!readParameterValue(child, parameter.kind, text))
      return false;
    if (llvm::is_contained(parameter.values, text))
      return fail(child, "value " + describeJson(*child.value) +
                             " is listed twice");
    parameter.values.push_back(text);
  }
  if (!llvm::is_contained(parameter.values, parameter.defaultValue))
    return fail(*value, "expected one of \"values\", but got " +
                            describeJson(*value->value));
  return true;
}

bool Reader::readParameters(const Node &node, KernelDescription &kernel) {
  if (!node.value->is_object())
    return expected(node, "an object of parameters");
  for (const auto &item : node.value->items()) {
    Node child{&item.value(), appendPointer(node.pointer, item.key())};
    if (!isIdentifier(item.key()))
      return fail(child, "expected a parameter name of letters, digits and "
                         "'_', but got \"" + item.key() + "\"");
    TemplateParameter parameter;
    parameter.name = item.key();
    if (!readParameter(child, parameter))
      return false;
    kernel.parameters.push_back(std::move(parameter));
  }
  return true;
}

bool Reader::readSpecialization(const Node &node, KernelDescription &kernel) {
  if (!checkObject(node, "a specialisation object",
                   {"name", "parameters", "dims", "divisible", "align",
                    "atMost"}))
    return false;
  Specialization variant;
  std::optional<Node> name = get(node, "name");
  if (!name)
    return fail(node, "expected a \"name\", but got no such key");
  if (!readName(*name, "a variant name", variant.name))
    return false;
  for (const Specialization &other : kernel.specializations)
    if (other.name == variant.name)
      return fail(*name, "variant \"" + variant.name + "\" is defined twice");

  if (std::optional<Node> parameters = get(node, "parameters")) {
    if (!parameters->value->is_object())
      return expected(*parameters, "an object of parameter values");
    for (const auto &item : parameters->value->items()) {
      Node child{&item.value(), appendPointer(parameters->pointer, item.key())};
      const TemplateParameter *parameter = nullptr;
      std::vector<llvm::StringRef> names;
      for (const TemplateParameter &candidate : kernel.parameters) {
        names.push_back(candidate.name);
        if (candidate.name == item.key())
          parameter = &candidate;
      }
      if (!parameter)
        return fail(child, "unknown parameter \"" + item.key() + "\"" +
                               (names.empty() ? "; the kernel has none"
                                              : hint(item.key(), names)));
      std::string value;
      if (!readParameterValue(child, parameter->kind, value))
        return false;
      variant.parameters[item.key()] = value;
    }
  }
  if (std::optional<Node> dims = get(node, "dims"))
    if (!readNumbers(*dims, "a size", /*allowDynamic=*/true,
                     /*powersOfTwo=*/false, variant.dims))
      return false;
  if (std::optional<Node> divisible = get(node, "divisible"))
    if (!readNumbers(*divisible, "a divisor", /*allowDynamic=*/false,
                     /*powersOfTwo=*/false, variant.divisible))
      return false;
  if (std::optional<Node> align = get(node, "align"))
    if (!readNumbers(*align, "an alignment in bytes", /*allowDynamic=*/false,
                     /*powersOfTwo=*/true, variant.align))
      return false;
  if (std::optional<Node> atMost = get(node, "atMost"))
    if (!readNumbers(*atMost, "a bound", /*allowDynamic=*/false,
                     /*powersOfTwo=*/false, variant.atMost))
      return false;
  kernel.specializations.push_back(std::move(variant));
  return true;
}

bool Reader::readOptions(const Node &node, KernelDescription &kernel) {
  if (!checkObject(node, "an object of options", {"optLevel", "schedule"}))
    return false;
  if (std::optional<Node> level = get(node, "optLevel")) {
    int64_t number = 0;
    if (!readInteger(*level, "an optimisation level", 0, 3, number))
      return false;
    kernel.optLevel = static_cast<int>(number);
  }
  if (std::optional<Node> schedule = get(node, "schedule"))
    return readString(*schedule, "the text of a #tile.schedule attribute",
                      kernel.schedule);
  return true;
}

bool Reader::readKernel(const Node &node, Description &description) {
  if (!checkObject(node, "a kernel object",
                   {"name", "source", "entry", "parameters", "specializations",
                    "chips", "options"}))
    return false;
  KernelDescription kernel;
  std::optional<Node> name = get(node, "name");
  if (!name)
    return fail(node, "expected a \"name\", but got no such key");
  if (!readName(*name, "a kernel name", kernel.name))
    return false;
  for (const KernelDescription &other : description.kernels)
    if (other.name == kernel.name)
      return fail(*name, "kernel \"" + kernel.name + "\" is defined twice");
  std::optional<Node> source = get(node, "source");
  if (!source)
    return fail(node, "expected a \"source\", but got no such key");
  if (!readSource(*source, kernel.source))
    return false;
  kernel.entry = kernel.name;
  if (std::optional<Node> entry = get(node, "entry"))
    if (!readName(*entry, "a symbol name", kernel.entry))
      return false;
  if (std::optional<Node> parameters = get(node, "parameters"))
    if (!readParameters(*parameters, kernel))
      return false;
  if (std::optional<Node> variants = get(node, "specializations")) {
    if (!variants->value->is_array() || variants->value->empty())
      return expected(*variants, "a list of specialisations");
    for (size_t i = 0; i < variants->value->size(); ++i)
      if (!readSpecialization(
              {&(*variants->value)[i],
               appendPointer(variants->pointer, std::to_string(i))},
              kernel))
        return false;
  } else {
    kernel.specializations.emplace_back();
    kernel.specializations.back().name = "default";
  }
  kernel.chips = defaultChips;
  if (std::optional<Node> chips = get(node, "chips")) {
    kernel.chips.clear();
    if (!readChips(*chips, kernel.chips))
      return false;
  }
  if (kernel.chips.empty())
    return fail(node, "expected \"chips\" here or at the top, but got neither");
  if (std::optional<Node> options = get(node, "options"))
    if (!readOptions(*options, kernel))
      return false;
  // Mistakes in the template belong to the description that names it.
  for (const Specialization &variant : kernel.specializations)
    if (llvm::Expected<std::string> text = instantiate(kernel, variant); !text)
      return fail(*source, llvm::toString(text.takeError()));
  description.kernels.push_back(std::move(kernel));
  return true;
}

llvm::Expected<Description> Reader::read(const Json &root) {
  Description description;
  description.file = file.str();
  Node node{&root, ""};
  auto readAll = [&] {
    if (!checkObject(node, "a kernel description object",
                     {"version", "chips", "kernels"}))
      return false;
    std::optional<Node> version = get(node, "version");
    int64_t number = 0;
    if (!version)
      return fail(node, "expected \"version\": 1, but got no such key");
    if (!readInteger(*version, "a format version", 1, 1, number))
      return false;
    if (std::optional<Node> chips = get(node, "chips"))
      if (!readChips(*chips, defaultChips))
        return false;
    std::optional<Node> kernels = get(node, "kernels");
    if (!kernels)
      return fail(node, "expected \"kernels\", but got no such key");
    if (!kernels->value->is_array() || kernels->value->empty())
      return expected(*kernels, "a list of kernels");
    for (size_t i = 0; i < kernels->value->size(); ++i)
      if (!readKernel({&(*kernels->value)[i],
                       appendPointer(kernels->pointer, std::to_string(i))},
                      description))
        return false;
    return true;
  };
  if (!readAll())
    return llvm::createStringError(error);
  return description;
}

} // namespace

llvm::StringRef findNearest(llvm::StringRef name,
                            llvm::ArrayRef<llvm::StringRef> candidates) {
  llvm::StringRef best;
  // A third of the letters may differ; more is another word.
  unsigned bestDistance = static_cast<unsigned>(name.size() / 3 + 2);
  for (llvm::StringRef candidate : candidates) {
    unsigned distance = name.edit_distance_insensitive(candidate);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

llvm::Expected<const KernelDescription *>
Description::find(llvm::StringRef name) const {
  std::vector<llvm::StringRef> names;
  for (const KernelDescription &kernel : kernels) {
    if (kernel.name == name)
      return &kernel;
    names.push_back(kernel.name);
  }
  llvm::StringRef near = findNearest(name, names);
  std::string tail = near.empty() ? "it has " + llvm::join(names, ", ")
                                  : ("the nearest is '" + near + "'").str();
  return llvm::createStringError(file + ": no kernel '" + name + "'; " + tail);
}

llvm::Expected<Description>
parseDescription(llvm::StringRef text, llvm::StringRef file,
                 llvm::ArrayRef<llvm::StringRef> knownChips,
                 SourceReader readSource) {
  llvm::Expected<Json> root = parseJson(text, file);
  if (!root)
    return root.takeError();
  return Reader(file, knownChips, readSource).read(*root);
}

llvm::Expected<Description>
readDescription(llvm::StringRef file,
                llvm::ArrayRef<llvm::StringRef> knownChips) {
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!buffer)
    return llvm::createStringError("cannot read description '" + file +
                                   "': " + buffer.getError().message());
  if ((*buffer)->getBufferSize() > maxSourceBytes)
    return llvm::createStringError(
        "expected a description of at most " + llvm::Twine(maxSourceBytes) +
        " bytes, but '" + file + "' has " +
        llvm::Twine((*buffer)->getBufferSize()));
  return parseDescription((*buffer)->getBuffer(), file, knownChips);
}

} // namespace tilewright
