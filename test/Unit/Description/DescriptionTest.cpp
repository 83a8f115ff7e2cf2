// DescriptionTest.cpp - what a kernel description may say, and every error.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Description/Description.h"

#include "gtest/gtest.h"
#include <random>

using namespace tilewright;

namespace {

const llvm::StringRef chips[] = {"gfx90a", "gfx942", "sm_80", "x86-64-v3"};

std::string errorOf(llvm::StringRef text) {
  llvm::Expected<Description> result = parseDescription(text, "k.json", chips);
  return result ? "no error" : llvm::toString(result.takeError());
}

/// The error of a description whose only kernel has `members` besides a name,
/// a source and chips.
std::string kernelError(const std::string &members) {
  return errorOf(R"({"version": 1, "chips": ["gfx942"], "kernels": [{
      "name": "k", "source": {"inline": "${N} $$ ${T}"}, )" +
                 members + "}]}");
}

TEST(Description, ReadsEveryMember) {
  llvm::Expected<Description> result = parseDescription(R"({
    "version": 1,
    "chips": ["gfx942", "sm_80"],
    "kernels": [
      {"name": "a", "source": {"inline": "x${N}$$${T}\ny"}, "entry": "main",
       "parameters": {
         "N": {"type": "integer", "default": 4, "values": [4, 8]},
         "T": {"type": "element", "default": "bf16"}},
       "specializations": [
         {"name": "big", "parameters": {"N": 8},
          "dims": {"M": 4096, "K": "dynamic"},
          "divisible": {"K": 16}, "align": {"x": 64},
          "atMost": {"K": 100}},
         {"name": "any"}],
       "chips": ["sm_80"], "options": {"optLevel": 1, "schedule": "s"}},
      {"name": "b", "source": {"inline": ""}}]})",
                                                        "k.json", chips);
  ASSERT_TRUE(static_cast<bool>(result)) << llvm::toString(result.takeError());
  ASSERT_EQ(result->kernels.size(), 2u);
  const KernelDescription &a = result->kernels[0], &b = result->kernels[1];
  EXPECT_EQ(a.entry, "main");
  EXPECT_EQ(b.entry, "b");
  EXPECT_EQ(a.chips, std::vector<std::string>{"sm_80"});
  EXPECT_EQ(b.chips, (std::vector<std::string>{"gfx942", "sm_80"}));
  EXPECT_EQ(a.optLevel, 1);
  EXPECT_EQ(a.schedule, "s");
  ASSERT_EQ(a.parameters.size(), 2u);
  EXPECT_EQ(a.parameters[0].values, (std::vector<std::string>{"4", "8"}));
  ASSERT_EQ(a.specializations.size(), 2u);
  const Specialization &big = a.specializations[0];
  EXPECT_EQ(big.dims, (std::map<std::string, int64_t>{{"M", 4096}}));
  EXPECT_EQ(big.divisible.at("K"), 16);
  EXPECT_EQ(big.align.at("x"), 64);
  EXPECT_EQ(big.atMost.at("K"), 100);
  EXPECT_EQ(b.specializations.at(0).name, "default");
  EXPECT_EQ(llvm::cantFail(instantiate(a, big)), "x8$bf16\ny");
  EXPECT_EQ(llvm::cantFail(instantiate(a, a.specializations[1])), "x4$bf16\ny");
}

TEST(Description, FindNamesTheNearest) {
  Description description = llvm::cantFail(parseDescription(
      R"({"version": 1, "chips": ["gfx942"],
          "kernels": [{"name": "softmax", "source": {"inline": ""}}]})",
      "k.json", chips));
  EXPECT_TRUE(static_cast<bool>(description.find("softmax")));
  EXPECT_EQ(llvm::toString(description.find("sofmax").takeError()),
            "k.json: no kernel 'sofmax'; the nearest is 'softmax'");
  EXPECT_EQ(llvm::toString(description.find("gemm").takeError()),
            "k.json: no kernel 'gemm'; it has softmax");
}

TEST(Description, SyntaxErrorsHaveAPosition) {
  EXPECT_EQ(errorOf(""),
            "k.json:1:1: expected valid JSON, but got the end of the text");
  EXPECT_EQ(errorOf("{\n  \"version\": 1,,}"),
            "k.json:2:16: expected valid JSON, but got '1,,'");
  EXPECT_EQ(errorOf("{\"a\": 1, \"a\": 2}"),
            "k.json: key \"a\" appears twice in one object");
  EXPECT_EQ(errorOf(std::string(1000, '[')),
            "k.json: values are nested deeper than 64");
}

TEST(Description, ErrorsOfTheTop) {
  EXPECT_EQ(errorOf("[]"), "k.json: /: expected a kernel description object, "
                           "but got an empty array");
  EXPECT_EQ(errorOf("{}"),
            "k.json: /: expected \"version\": 1, but got no such key");
  EXPECT_EQ(errorOf(R"({"version": 2})"),
            "k.json: /version: expected a format version in [1, 1], but got 2");
  EXPECT_EQ(errorOf(R"({"version": 1, "kernel": []})"),
            "k.json: /kernel: unknown key \"kernel\"; the nearest is "
            "\"kernels\"");
  EXPECT_EQ(errorOf(R"({"version": 1})"),
            "k.json: /: expected \"kernels\", but got no such key");
  EXPECT_EQ(errorOf(R"({"version": 1, "kernels": []})"),
            "k.json: /kernels: expected a list of kernels, but got an empty "
            "array");
  EXPECT_EQ(errorOf(R"({"version": 1, "chips": ["gfx43"]})"),
            "k.json: /chips/0: expected a chip, but got \"gfx43\"; the nearest "
            "is \"gfx942\"");
  EXPECT_EQ(errorOf(R"({"version": 1, "chips": ["volta"]})"),
            "k.json: /chips/0: expected a chip, but got \"volta\"; valid are "
            "gfx90a, gfx942, sm_80, x86-64-v3");
  EXPECT_EQ(errorOf(R"({"version": 1, "chips": ["sm_80", "sm_80"]})"),
            "k.json: /chips/1: chip \"sm_80\" is listed twice");
  EXPECT_EQ(errorOf(R"({"version": 1, "chips": []})"),
            "k.json: /chips: expected a list of chips, but got an empty array");
}

TEST(Description, ErrorsOfAKernel) {
  EXPECT_EQ(errorOf(R"({"version": 1, "kernels": [3]})"),
            "k.json: /kernels/0: expected a kernel object, but got 3");
  EXPECT_EQ(errorOf(R"({"version": 1, "kernels": [{}]})"),
            "k.json: /kernels/0: expected a \"name\", but got no such key");
  EXPECT_EQ(errorOf(R"({"version": 1, "kernels": [{"name": "1a"}]})"),
            "k.json: /kernels/0/name: expected a kernel name of letters, "
            "digits and '_', not starting with a digit, but got \"1a\"");
  EXPECT_EQ(errorOf(R"({"version": 1, "kernels": [{"name": "a"}]})"),
            "k.json: /kernels/0: expected a \"source\", but got no such key");
  EXPECT_EQ(errorOf(R"({"version": 1, "kernels": [
                {"name": "a", "source": {"inline": ""}}]})"),
            "k.json: /kernels/0: expected \"chips\" here or at the top, but "
            "got neither");
  EXPECT_EQ(errorOf(R"({"version": 1, "chips": ["sm_80"], "kernels": [
                {"name": "a", "source": {"inline": ""}},
                {"name": "a", "source": {"inline": ""}}]})"),
            "k.json: /kernels/1/name: kernel \"a\" is defined twice");
  EXPECT_EQ(errorOf(R"({"version": 1, "kernels": [
                {"name": "a", "source": {}}]})"),
            "k.json: /kernels/0/source: expected one of \"file\" and "
            "\"inline\", but got neither");
  EXPECT_EQ(errorOf(R"({"version": 1, "kernels": [
                {"name": "a", "source": {"file": "none.mlir"}}]})"),
            "k.json: /kernels/0/source/file: cannot read source 'none.mlir': "
            "No such file or directory");
  EXPECT_EQ(kernelError(R"("entry": 5)"),
            "k.json: /kernels/0/entry: expected a symbol name, but got 5");
}

TEST(Description, ErrorsOfParameters) {
  auto error = [](const std::string &parameter) {
    return kernelError("\"parameters\": {\"N\": " + parameter + "}");
  };
  EXPECT_EQ(error("{}"), "k.json: /kernels/0/parameters/N: expected \"type\": "
                         "\"integer\" or \"element\", but got no such key");
  EXPECT_EQ(error(R"({"type": "int"})"),
            "k.json: /kernels/0/parameters/N/type: expected \"integer\" or "
            "\"element\", but got \"int\"");
  EXPECT_EQ(error(R"({"type": "integer"})"),
            "k.json: /kernels/0/parameters/N: expected a \"default\" value, "
            "but got no such key");
  EXPECT_EQ(error(R"({"type": "element", "default": "f17"})"),
            "k.json: /kernels/0/parameters/N/default: expected an element "
            "type, but got \"f17\"; the nearest is \"f16\"");
  EXPECT_EQ(error(R"({"type": "integer", "default": 4, "values": [8]})"),
            "k.json: /kernels/0/parameters/N/default: expected one of "
            "\"values\", but got 4");
  EXPECT_EQ(error(R"({"type": "integer", "default": 4, "values": [4, 4]})"),
            "k.json: /kernels/0/parameters/N/values/1: value 4 is listed "
            "twice");
  EXPECT_EQ(error(R"({"type": "integer", "default": 1.5})"),
            "k.json: /kernels/0/parameters/N/default: expected an integer of "
            "at least -9223372036854775808, but got 1.5");
  EXPECT_EQ(kernelError(R"("parameters": {"a-b": {}})"),
            "k.json: /kernels/0/parameters/a-b: expected a parameter name of "
            "letters, digits and '_', but got \"a-b\"");
}

TEST(Description, ErrorsOfSpecializations) {
  const std::string parameters =
      R"("parameters": {"N": {"type": "integer", "default": 1},
                        "T": {"type": "element", "default": "f32"}}, )";
  auto error = [&](const std::string &variant) {
    return kernelError(parameters + "\"specializations\": [" + variant + "]");
  };
  const std::string at = "k.json: /kernels/0/specializations/0";
  EXPECT_EQ(error("{}"), at + ": expected a \"name\", but got no such key");
  EXPECT_EQ(error(R"({"name": "v"}, {"name": "v"})"),
            "k.json: /kernels/0/specializations/1/name: variant \"v\" is "
            "defined twice");
  EXPECT_EQ(error(R"({"name": "v", "parameters": {"M": 1}})"),
            at + "/parameters/M: unknown parameter \"M\"; the nearest is "
                 "\"N\"");
  EXPECT_EQ(error(R"({"name": "v", "parameters": {"N": "8"}})"),
            at + "/parameters/N: expected an integer of at least "
                 "-9223372036854775808, but got \"8\"");
  EXPECT_EQ(error(R"({"name": "v", "dims": {"M": "static"}})"),
            at + "/dims/M: expected a size or \"dynamic\", but got "
                 "\"static\"");
  EXPECT_EQ(error(R"({"name": "v", "dims": {"M": 0}})"),
            at + "/dims/M: expected a size of at least 1, but got 0");
  EXPECT_EQ(error(R"({"name": "v", "divisible": {"M": "dynamic"}})"),
            at + "/divisible/M: expected a divisor of at least 1, but got "
                 "\"dynamic\"");
  EXPECT_EQ(error(R"({"name": "v", "atMost": {"x": "dynamic"}})"),
            at + "/atMost/x: expected a bound of at least 1, but got "
                 "\"dynamic\"");
  EXPECT_EQ(error(R"({"name": "v", "align": {"x": 12}})"),
            at + "/align/x: expected an alignment in bytes that is a power of "
                 "two, but got 12");
  EXPECT_EQ(kernelError(parameters + R"("specializations": {})"),
            "k.json: /kernels/0/specializations: expected a list of "
            "specialisations, but got an empty object");
  EXPECT_EQ(kernelError(parameters + R"("options": {"optLevel": 4})"),
            "k.json: /kernels/0/options/optLevel: expected an optimisation "
            "level in [0, 3], but got 4");
}

TEST(Description, TemplateErrorsPointIntoTheSource) {
  EXPECT_EQ(kernelError(R"("parameters": {
                "N": {"type": "integer", "default": 1}})"),
            "k.json: /kernels/0/source: k.json#/kernels/0/source/inline:1:9: "
            "unknown template parameter 'T'; the nearest is 'N'");
  KernelDescription kernel;
  kernel.source.displayName = "k.mlir";
  auto error = [&](llvm::StringRef text) {
    kernel.source.text = text.str();
    return llvm::toString(instantiate(kernel, {}).takeError());
  };
  EXPECT_EQ(error("a\n $N"), "k.mlir:2:2: expected '${' or '$$' after '$'");
  EXPECT_EQ(error("a\n ${N\n}"),
            "k.mlir:2:2: expected '}' on the same line as '${'");
  EXPECT_EQ(error("${}"), "k.mlir:1:1: unknown template parameter ''");
}

/// No text, however mangled, ends the process; what parses is well-formed.
TEST(Description, MutantsNeverCrash) {
  const std::string good = R"({"version": 1, "chips": ["gfx942"],
    "kernels": [{"name": "k", "source": {"inline": "${N}"},
      "parameters": {"N": {"type": "integer", "default": 4}},
      "specializations": [{"name": "v", "dims": {"M": 3}}],
      "options": {"optLevel": 2}}]})";
  std::mt19937 random(7);
  int parsed = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = good;
    for (unsigned edits = 1 + random() % 3; edits; --edits) {
      size_t at = random() % text.size();
      switch (random() % 3) {
      case 0:
        text[at] = static_cast<char>(random() % 256);
        break;
      case 1:
        text.erase(at, 1 + random() % 5);
        break;
      default:
        text.resize(at + 1);
      }
      if (text.empty())
        text = "{";
    }
    llvm::Expected<Description> result = parseDescription(text, "k", chips);
    if (!result) {
      EXPECT_FALSE(llvm::toString(result.takeError()).empty());
      continue;
    }
    ++parsed;
    for (const KernelDescription &kernel : result->kernels)
      for (const Specialization &variant : kernel.specializations)
        EXPECT_TRUE(static_cast<bool>(instantiate(kernel, variant)));
  }
  EXPECT_GT(parsed, 0);
}

} // namespace
