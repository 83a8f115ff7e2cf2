// CInterface.cpp - the arguments of a kernel's variants, grouped by C type.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "CInterface.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"

namespace tilewright {
namespace {

namespace json = llvm::json;

/// Entry `index` of a list of numbers, if the list is there and the entry is
/// not null.
std::optional<int64_t> getNumber(const json::Object &object,
                                 llvm::StringRef key, size_t index) {
  const json::Array *list = object.getArray(key);
  return list ? (*list)[index].getAsInteger() : std::nullopt;
}

CArgument readArgument(const json::Object &object) {
  CArgument argument;
  argument.name = object.getString("name")->str();
  argument.isArray = *object.getString("kind") == "memref";
  argument.type = object.getString("type")->str();
  if (!argument.isArray)
    return argument;
  argument.isWritten = *object.getBoolean("written");
  argument.isContiguous = object.getBoolean("contiguous").value_or(false);
  const json::Array *names = object.getArray("dims");
  for (int64_t d = 0, rank = *object.getInteger("rank"); d < rank; ++d)
    argument.sizes.push_back({names ? (*names)[d].getAsString()->str() : "",
                              getNumber(object, "sizes", d)});
  return argument;
}

/// Sizes of one name are equal: if one is static, all are.
void spreadConstants(std::vector<CArgument> &arguments) {
  llvm::StringMap<int64_t> constants;
  for (const CArgument &argument : arguments)
    for (const CSize &size : argument.sizes)
      if (!size.name.empty() && size.constant)
        constants[size.name] = *size.constant;
  for (CArgument &argument : arguments)
    for (CSize &size : argument.sizes)
      if (auto it = constants.find(size.name); it != constants.end())
        size.constant = it->second;
}

/// Two variants with the same key share a struct.
std::string makeKey(llvm::ArrayRef<CArgument> arguments) {
  std::string key;
  for (const CArgument &argument : arguments) {
    key += argument.name + (argument.isArray ? "[" : ":") +
           (argument.isWritten ? "w" : "") + (argument.isContiguous ? "c" : "");
    for (const CSize &size : argument.sizes)
      key += size.name + ",";
    key += argument.type + ";";
  }
  return key;
}

/// Leaves the constants that both have.
void mergeConstants(std::vector<CArgument> &into,
                    llvm::ArrayRef<CArgument> from) {
  for (auto [one, other] : llvm::zip(into, from))
    for (auto [size, otherSize] : llvm::zip(one.sizes, other.sizes))
      if (size.constant != otherSize.constant)
        size.constant = std::nullopt;
}

void addFact(Facts &facts, const llvm::Twine &fact) {
  std::string text = fact.str();
  if (!llvm::is_contained(facts, text))
    facts.push_back(std::move(text));
}

void addMultiple(Facts &facts, const llvm::Twine &what,
                 std::optional<int64_t> divisor) {
  if (divisor && *divisor > 1)
    addFact(facts, what + " is a multiple of " + llvm::Twine(*divisor));
}

/// A number whose bits, in C's hexadecimal, are those of a `type`.
std::string describeFloat(llvm::StringRef type, llvm::StringRef text) {
  using llvm::APFloat;
  const llvm::fltSemantics &semantics =
      *llvm::StringSwitch<const llvm::fltSemantics *>(type)
           .Case("f64", &APFloat::IEEEdouble())
           .Case("f32", &APFloat::IEEEsingle())
           .Case("f16", &APFloat::IEEEhalf())
           .Case("bf16", &APFloat::BFloat())
           .Case("f8E4M3FN", &APFloat::Float8E4M3FN())
           .Case("f8E5M2", &APFloat::Float8E5M2())
           .Case("f8E4M3FNUZ", &APFloat::Float8E4M3FNUZ())
           .Default(&APFloat::Float8E5M2FNUZ());
  uint64_t bits = 0;
  text.getAsInteger(/*Radix=*/0, bits);
  llvm::SmallString<32> decimal;
  APFloat(semantics, llvm::APInt(APFloat::getSizeInBits(semantics), bits))
      .toString(decimal);
  return (decimal + " (" + text + ")").str();
}

/// An expression of metadata, nested arrays, as functions are written.
std::string describeExpr(const json::Value &expr) {
  if (std::optional<int64_t> number = expr.getAsInteger())
    return std::to_string(*number);
  if (std::optional<llvm::StringRef> name = expr.getAsString())
    return name->str();
  const json::Array &parts = *expr.getAsArray();
  return (*parts[0].getAsString() + "(" + describeExpr(parts[1]) + ", " +
          describeExpr(parts[2]) + ")")
      .str();
}

/// What a variant assumes of `argument`, but for constants of the struct.
void listFacts(Facts &facts, const json::Object &object,
               const CArgument &argument, const CArgument &shared) {
  const std::string &name = argument.name;
  if (!argument.isArray) {
    addMultiple(facts, name, object.getInteger("divisible"));
    if (std::optional<int64_t> value = object.getInteger("value"))
      addFact(facts, name + " is " + llvm::Twine(*value));
    else if (std::optional<llvm::StringRef> bits = object.getString("value"))
      addFact(facts, name + " is " + describeFloat(argument.type, *bits));
    return;
  }
  for (auto [d, size] : llvm::enumerate(argument.sizes)) {
    std::string what = size.name.empty()
                           ? "size " + std::to_string(d) + " of " + name
                           : size.name;
    if (size.constant && !shared.sizes[d].constant)
      addFact(facts, what + " is " + llvm::Twine(*size.constant));
    if (!size.constant)
      addMultiple(facts, what, getNumber(object, "divisible", d));
    if (std::optional<int64_t> bound = getNumber(object, "at_most", d);
        bound && !size.constant)
      addFact(facts, what + " is at most " + llvm::Twine(*bound));
  }
  for (size_t d = 0; d < argument.sizes.size(); ++d) {
    std::string what = "stride " + std::to_string(d) + " of " + name;
    std::optional<int64_t> stride = getNumber(object, "strides", d);
    if (stride)
      addFact(facts, what + " is " + llvm::Twine(*stride));
    else
      addMultiple(facts, what, getNumber(object, "stride_divisible", d));
  }
  if (const json::Value *bytes = object.get("workspace"))
    addFact(facts,
            name + " is a workspace of at least " + describeExpr(*bytes) +
                " bytes" +
                (object.getBoolean("zeroed").value_or(false) ? ", all of them 0"
                                                             : ""));
  if (std::optional<int64_t> bytes = object.getInteger("align"))
    addFact(facts, name + " is aligned to " + llvm::Twine(*bytes) + " bytes");
}

/// What a variant assumes of arguments together.
void listAliasFacts(Facts &facts, const json::Array &objects) {
  std::vector<std::string> names;
  for (const json::Value &object : objects)
    if (object.getAsObject()->getBoolean("noalias").value_or(false))
      names.push_back(object.getAsObject()->getString("name")->str());
  if (!names.empty())
    addFact(facts, "no other argument reaches the memory of " +
                       llvm::join(names, ", ") + ", unless neither is written");
}

/// Moves what all variants assume to one place.
void splitFacts(CSignature &signature) {
  for (const std::string &fact : signature.variants.front().facts)
    if (llvm::all_of(signature.variants, [&](const auto &variant) {
          return llvm::is_contained(variant.facts, fact);
        }))
      signature.commonFacts.push_back(fact);
  for (CSignature::Variant &variant : signature.variants)
    llvm::erase_if(variant.facts, [&](const std::string &fact) {
      return llvm::is_contained(signature.commonFacts, fact);
    });
}

} // namespace

std::vector<CSignature> groupVariants(const HeaderKernel &kernel) {
  struct Member {
    const json::Array *objects;
    std::vector<CArgument> arguments;
  };
  std::vector<CSignature> signatures;
  std::vector<std::vector<Member>> members;
  llvm::StringMap<size_t> numbers;
  for (const HeaderKernel::Variant &variant : kernel.variants) {
    Member member;
    member.objects = variant.interface.getObject("abi")->getArray("args");
    for (const json::Value &object : *member.objects)
      member.arguments.push_back(readArgument(*object.getAsObject()));
    spreadConstants(member.arguments);
    auto [it, isNew] =
        numbers.try_emplace(makeKey(member.arguments), signatures.size());
    if (isNew) {
      signatures.emplace_back();
      signatures.back().arguments = member.arguments;
      members.emplace_back();
    }
    CSignature &signature = signatures[it->second];
    mergeConstants(signature.arguments, member.arguments);
    signature.variants.push_back({variant.name, {}});
    members[it->second].push_back(std::move(member));
  }
  // Only now is it known which sizes are constants of a struct.
  for (auto [signature, group] : llvm::zip(signatures, members)) {
    for (auto [variant, member] : llvm::zip(signature.variants, group)) {
      for (size_t i = 0; i < member.arguments.size(); ++i)
        listFacts(variant.facts, *(*member.objects)[i].getAsObject(),
                  member.arguments[i], signature.arguments[i]);
      listAliasFacts(variant.facts, *member.objects);
    }
    splitFacts(signature);
  }
  return signatures;
}

} // namespace tilewright
