// ArgumentFacts.cpp - what a request says of arguments, by a kernel's names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ArgumentFacts.h"

namespace tilewright {

namespace json = llvm::json;
using rt::ArgumentClass;
using rt::DimClass;
using rt::Request;

namespace {

/// "f32[2]", for messages: the type and the rank.
std::string describe(const ArgumentClass &argument) {
  if (argument.kind == TW_SCALAR)
    return argument.type < TW_I1 ? "real scalar" : "integer scalar";
  return std::string(twElementTypeGetName(argument.type)) + " array of rank " +
         std::to_string(argument.dims.size());
}

/// Whether numbers of a type of the interface have a fraction.
bool isReal(llvm::StringRef type) {
  return type.starts_with("f") || type.starts_with("bf");
}

/// Calls check(value, class) for each place that a fact of that name is about:
/// sizes of arrays, or a scalar; false as soon as it is.
template <typename Check>
bool holds(const std::map<std::string, int64_t> &facts,
           const json::Array &arguments, const Request &request, Check check) {
  for (const auto &[name, value] : facts)
    for (auto [expected, given] :
         llvm::zip_equal(arguments, request.arguments)) {
      const json::Object &argument = *expected.getAsObject();
      if (given.kind == TW_SCALAR && *argument.getString("name") == name &&
          given.divisor % value != 0)
        return false;
      const json::Array *dims = argument.getArray("dims");
      for (size_t d = 0; dims && d < given.dims.size(); ++d)
        if (*(*dims)[d].getAsString() == name && !check(value, given.dims[d]))
          return false;
    }
  return true;
}

/// Gathers the facts of one argument after the other.
class FactMaker {
public:
  llvm::Error add(const json::Object &expected, const ArgumentClass &given) {
    name = expected.getString("name")->str();
    if (given.kind == TW_SCALAR) {
      if (!isReal(*expected.getString("type")) && given.divisor > 1)
        facts.divisible[name] = given.divisor;
      return llvm::Error::success();
    }
    // Less than an element says nothing.
    TwElementType type = given.type;
    if (given.align > int64_t(twElementTypeGetBytes(type)))
      facts.align[name] = given.align;
    const json::Array *names = expected.getArray("dims");
    const json::Array *strides = expected.getArray("strides");
    for (size_t dim = 0; dim < given.dims.size(); ++dim) {
      if (names)
        if (llvm::Error error =
                addSize(*(*names)[dim].getAsString(), given.dims[dim]))
          return error;
      // Without strides of its own the array has no gaps.
      if (strides)
        if (!(*strides)[dim].getAsInteger()) // null where it is not fixed
          addStride(dim, given.dims[dim]);
    }
    return llvm::Error::success();
  }

  KernelFacts facts;

private:
  llvm::Error addSize(llvm::StringRef dim, const DimClass &given) {
    if (dim.empty())
      return llvm::Error::success();
    if (given.size >= 0) {
      auto [it, isNew] = facts.dims.try_emplace(dim.str(), given.size);
      if (!isNew && it->second != given.size)
        return llvm::createStringError(
            "argument '" + name + "': expected size '" + dim + "' to be " +
            llvm::Twine(it->second) + ", as in an argument before, but got " +
            llvm::Twine(given.size));
    } else {
      if (given.divisor > 1)
        facts.divisible[dim.str()] = given.divisor;
      if (given.atMost >= 0) {
        auto [it, isNew] = facts.atMost.try_emplace(dim.str(), given.atMost);
        it->second = std::min(it->second, given.atMost);
      }
    }
    return llvm::Error::success();
  }

  void addStride(size_t dim, const DimClass &given) {
    std::string place = name + "." + std::to_string(dim);
    if (given.stride >= 0)
      facts.strides[place] = given.stride;
    else if (given.strideDivisor > 1)
      facts.strideDivisible[place] = given.strideDivisor;
  }

  std::string name;
};

} // namespace

std::string compareTypes(const json::Array &arguments, const Request &request) {
  if (arguments.size() != request.arguments.size())
    return "it has " + std::to_string(arguments.size()) +
           " arguments, but got " + std::to_string(request.arguments.size());
  for (auto [value, given] : llvm::zip_equal(arguments, request.arguments)) {
    const json::Object &expected = *value.getAsObject();
    bool isArray = *expected.getString("kind") == "memref";
    llvm::StringRef type = *expected.getString("type");
    bool isSame = isArray == (given.kind == TW_ARRAY);
    if (isSame && isArray)
      isSame = type == twElementTypeGetName(given.type) &&
               *expected.getInteger("rank") == int64_t(given.dims.size());
    else if (isSame)
      // An integer becomes a real number, but not the other way round.
      isSame = isReal(type) || given.type >= TW_I1;
    if (!isSame)
      return "argument '" + expected.getString("name")->str() + "': expected " +
             (isArray ? type.str() + " array of rank " +
                            std::to_string(*expected.getInteger("rank"))
                      : type.str() + " scalar") +
             ", but got " + describe(given);
  }
  return {};
}

bool meetsFacts(const KernelFacts &facts, const json::Array &arguments,
                const Request &request) {
  auto isSize = [](int64_t size, const DimClass &given) {
    return given.size == size;
  };
  auto isMultiple = [](int64_t divisor, const DimClass &given) {
    return given.size >= 0 ? given.size % divisor == 0
                           : given.divisor % divisor == 0;
  };
  auto isBelow = [](int64_t bound, const DimClass &given) {
    return (given.size >= 0 && given.size <= bound) ||
           (given.atMost >= 0 && given.atMost <= bound);
  };
  for (const auto &[name, bytes] : facts.align)
    for (auto [expected, given] : llvm::zip_equal(arguments, request.arguments))
      if (*expected.getAsObject()->getString("name") == name &&
          given.align % bytes != 0)
        return false;
  return holds(facts.dims, arguments, request, isSize) &&
         holds(facts.divisible, arguments, request, isMultiple) &&
         holds(facts.atMost, arguments, request, isBelow);
}

llvm::Expected<KernelFacts> makeFacts(const json::Array &arguments,
                                      const Request &request) {
  FactMaker maker;
  for (auto [expected, given] : llvm::zip_equal(arguments, request.arguments))
    if (llvm::Error error = maker.add(*expected.getAsObject(), given))
      return std::move(error);
  return std::move(maker.facts);
}

} // namespace tilewright
