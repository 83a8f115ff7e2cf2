// PlanTest.cpp - what the compiler makes of a request, and its content key.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Fields.h"
#include "jit/Request.h"
#include "tilewright-rt/Compiler.h"
#include "tilewright/JIT/Jit.h"
#include "gtest/gtest.h"
#include <functional>
#include <set>

using namespace tilewright;

namespace {

rt::Request makeRequest() {
  rt::Request request;
  request.compiler = "lib 01\n";
  request.tools = {{"ptxas", "02"}};
  request.form = "mlir";
  request.name = "k.mlir";
  request.target = "sm_90a";
  request.variant = "v";
  request.text = R"(
tile.kernel @k(
    %a: memref<?x?xf32, strided<[?, 1]>> {tile.name = "a", tile.dims = ["M", "N"]},
    %b: memref<?xf32> {tile.name = "b", tile.dims = ["N"]},
    %n: i32 {tile.name = "n"})
    grid ["M"] affine_map<()[M] -> (M)> {
  %pid = tile.program_id 0
  %c0 = arith.constant 0 : index
  %x = tile.load %b[%c0] : memref<?xf32> -> tensor<16xf32>
  %y = tile.reshape %x : tensor<16xf32> to tensor<1x16xf32>
  tile.store %y, %a[%pid, %c0] : tensor<1x16xf32>, memref<?x?xf32, strided<[?, 1]>>
  tile.return
}
)";
  request.hasArguments = true;
  rt::ArgumentClass a, b, n;
  a.kind = b.kind = TW_ARRAY;
  a.type = b.type = TW_F32;
  a.dims = {{-1, 1, -1, -1, 1}, {-1, 1, -1, 1, 1}};
  b.dims = {{-1, 1, -1, 1, 1}};
  n.type = TW_I64;
  request.arguments = {a, b, n};
  return request;
}

/// The content key, or the error.
std::string plan(const rt::Request &request) {
  auto kernel = planCompilation(request);
  if (!kernel)
    return "error: " + llvm::toString(kernel.takeError());
  return makeContentKey(request, **kernel);
}

} // namespace

TEST(Plan, WritesWhatClassesSay) {
  rt::Request request = makeRequest();
  request.arguments[0].align = 16;
  request.arguments[0].dims[0].size = 48;
  request.arguments[0].dims[0].stride = 64;
  request.arguments[1].dims[0].divisor = 8;
  request.arguments[0].dims[1].divisor = 8;
  request.arguments[2].divisor = 4;
  std::string key = plan(request);
  for (const char *text :
       {"memref<48x?xf32, strided<[64, 1]>>", "tile.align = 16",
        "tile.divisible = array<i64: 1, 8>", "tile.divisible = 4"})
    EXPECT_NE(key.find(text), std::string::npos) << text << "\n" << key;
  // A memref without strides has none to know.
  request.arguments[1].dims[0].strideDivisor = 16;
  EXPECT_EQ(plan(request), key);
  // Less than an element says nothing.
  request.arguments[1].align = 4;
  EXPECT_EQ(plan(request), key);
}

TEST(Plan, SaysWhatIsWrongWithASchedule) {
  rt::Request request = makeRequest();
  request.schedule = "nonsense";
  EXPECT_EQ(plan(request),
            "error: k.mlir: error: kernel 'k': expected the text of a "
            "#tile.schedule attribute as its schedule, but got 'nonsense'\n"
            "schedule:1:1: error: expected attribute value");
  request.schedule = "1 : i32";
  EXPECT_EQ(plan(request),
            "error: k.mlir: error: kernel 'k': expected the text of a "
            "#tile.schedule attribute as its schedule, but got '1 : i32'");
}

/// The host's chips have names; "host" is a word of the tools.
TEST(Plan, SaysWhichChipTheHostIs) {
  rt::Request request = makeRequest();
  request.target = "host";
  llvm::StringRef chip = getHostChipName();
  EXPECT_EQ(plan(request),
            chip.empty()
                ? "error: k.mlir: error: nothing runs on 'host': expected "
                  "'host' to have the features of x86-64-v3, but this CPU "
                  "lacks some"
                : "error: k.mlir: error: nothing runs on 'host': expected the "
                  "name of a chip; this CPU is '" +
                      chip.str() + "'");
}

/// Variants of a description that assume what is not known are left out.
TEST(Plan, ChoosesAVariantWhoseFactsFollow) {
  rt::Request request = makeRequest();
  request.files = {{"k.mlir", request.text}};
  request.form = "description";
  request.variant = "";
  request.text = R"({"version": 1, "chips": ["sm_90a"], "kernels": [
    {"name": "k", "source": {"file": "k.mlir"}, "specializations": [
      {"name": "size", "dims": {"N": 64}},
      {"name": "by16", "divisible": {"N": 16, "n": 2}},
      {"name": "small", "atMost": {"M": 8}},
      {"name": "aligned", "align": {"a": 8}},
      {"name": "any"}]}]})";
  auto variant = [&] {
    std::string key = plan(request);
    size_t at = key.find("\nvariant ");
    at = key.find('\n', at + 1) + 1;
    return key.substr(at, key.find('\n', at) - at);
  };
  auto setN = [&](int64_t size, int64_t divisor) {
    for (rt::ArgumentClass *each :
         {&request.arguments[0], &request.arguments[1]}) {
      each->dims.back().size = size;
      each->dims.back().divisor = divisor;
    }
  };
  EXPECT_EQ(variant(), "any");
  request.arguments[0].align = 16;
  EXPECT_EQ(variant(), "aligned");
  request.arguments[0].dims[0].atMost = 16;
  EXPECT_EQ(variant(), "aligned");
  request.arguments[0].dims[0].atMost = 8;
  EXPECT_EQ(variant(), "small");
  request.arguments[0].dims[0].atMost = -1;
  request.arguments[0].dims[0].size = 7;
  EXPECT_EQ(variant(), "small");
  setN(-1, 16);
  EXPECT_EQ(variant(), "small") << "n is not known to be even";
  request.arguments[2].divisor = 4;
  EXPECT_EQ(variant(), "by16");
  setN(64, 1);
  EXPECT_EQ(variant(), "size");
  setN(32, 1);
  EXPECT_EQ(variant(), "by16");
  // One that is named is taken; the launch checks it.
  request.variant = "size";
  setN(-1, 1);
  EXPECT_EQ(variant(), "size");
}

/// An integer may be given for a real scalar, of which nothing is assumed.
TEST(Plan, RealScalarsHaveNoDivisor) {
  for (const char *type : {"f16", "bf16", "f32", "f64", "f8E4M3FN"}) {
    rt::Request request = makeRequest();
    request.text.replace(request.text.find("%n: i32"), 7,
                         std::string("%n: ") + type);
    std::string key = plan(request);
    EXPECT_NE(key.find(std::string("%n: ") + type), std::string::npos) << key;
    request.arguments[2].divisor = 16;
    EXPECT_EQ(plan(request), key);
  }
}

/// A parameter follows the bound of a size.
TEST(Plan, ParametersFollowBuckets) {
  rt::Request request = makeRequest();
  request.form = "description";
  request.name = "k.json";
  std::string mlir = request.text;
  for (size_t at; (at = mlir.find("16xf32")) != std::string::npos;)
    mlir.replace(at, 6, "${BLOCK}xf32");
  request.files = {{"k.mlir", mlir}};
  auto describe = [&](const char *values) {
    request.text = std::string(R"({"version": 1, "chips": ["sm_90a"],
      "kernels": [{"name": "k", "source": {"file": "k.mlir"}, "parameters":
      {"BLOCK": {"type": "integer", "default": 32)") +
                   values +
                   "}, \"T\": {\"type\": \"element\", "
                   "\"default\": \"f32\"}}, "
                   "\"specializations\": [{\"name\": \"v\"}]}]}";
  };
  auto blockOf = [&](int64_t atMost) {
    for (rt::ArgumentClass &each : request.arguments)
      if (!each.dims.empty())
        each.dims.back().atMost = atMost;
    std::string key = plan(request);
    size_t end = key.find("xf32>\n");
    size_t begin = key.rfind("tensor<", end);
    if (end == std::string::npos)
      return key;
    return key.substr(begin + 7, end - begin - 7);
  };
  describe("");
  EXPECT_EQ(blockOf(64), "32");
  request.parameters = {{"BLOCK", "128"}};
  EXPECT_EQ(blockOf(64), "128");
  request.parameters = {{"BLOCK", "bucket(N)"}};
  EXPECT_EQ(blockOf(64), "64");
  EXPECT_EQ(blockOf(1), "1");
  EXPECT_NE(plan(request).find("tile.at_most = array<i64: -1, 1>"),
            std::string::npos);
  // Among the values of the description.
  describe(", \"values\": [16, 256, 32, 128]");
  EXPECT_EQ(blockOf(16), "16");
  EXPECT_EQ(blockOf(64), "128");
  EXPECT_EQ(blockOf(4096), "256");
  EXPECT_EQ(
      blockOf(-1),
      "error: k.json: error: parameter 'BLOCK' of kernel 'k': no argument "
      "has a bounded size 'N'; buckets need policy TW_JIT_BUCKETS");
  request.parameters = {{"BLOCK", "bucket(Q)"}};
  EXPECT_NE(blockOf(64).find("no argument has a bounded size 'Q'"),
            std::string::npos);
  request.parameters = {{"BLOCK", "x"}};
  EXPECT_NE(blockOf(64).find("expected an integer, but got 'x'"),
            std::string::npos);
}

/// What the bytes do not depend on is not in the key.
TEST(Plan, EqualKernelsHaveOneContentKey) {
  rt::Request request = makeRequest();
  std::string key = plan(request);
  ASSERT_EQ(key.find("tilewright-key 1 content\n"), 0u) << key;
  request.name = "other.mlir";
  EXPECT_EQ(plan(request), key);
  request.text = "// a comment\n" + request.text;
  EXPECT_EQ(plan(request), key);
  request.kernel = "k";
  EXPECT_EQ(plan(request), key);
  request.target = "sm_90"; // a device of that name runs sm_90a's code
  EXPECT_EQ(plan(request), key);
  request.optLevel = 3;
  EXPECT_EQ(plan(request), key);
  request.linker = "comgr"; // AMD's alone
  EXPECT_EQ(plan(request), key);
}

TEST(Plan, WhatChangesTheBytesChangesTheContentKey) {
  std::vector<std::function<void(rt::Request &)>> changes = {
      [](rt::Request &r) { r.compiler += "x"; },
      [](rt::Request &r) { r.tools[0].text += "x"; },
      [](rt::Request &r) { r.tools.clear(); },
      [](rt::Request &r) { r.text.replace(r.text.find("@k"), 2, "@l"); },
      [](rt::Request &r) {
        r.text.replace(r.text.find("%c0 = arith.constant 0"), 22,
                       "%c0 = arith.constant 1");
      },
      [](rt::Request &r) { r.variant = "w"; },
      [](rt::Request &r) { r.target = "sm_80"; },
      [](rt::Request &r) { r.target = "gfx942"; },
      [](rt::Request &r) { r.target = "gfx950"; },
      [](rt::Request &r) { r.optLevel = 0; },
      [](rt::Request &r) { r.optLevel = 2; },
      [](rt::Request &r) { r.schedule = "#tile.schedule<{stages = 2}>"; },
      [](rt::Request &r) { r.keepsPtx = true; },
      [](rt::Request &r) { r.target = "gfx90a"; },
      [](rt::Request &r) { r.target = "gfx90a", r.linker = "comgr"; },
      [](rt::Request &r) { r.arguments[0].align = 16; },
      [](rt::Request &r) { r.arguments[1].align = 16; },
      [](rt::Request &r) { r.arguments[0].dims[0].size = 4; },
      [](rt::Request &r) { r.arguments[0].dims[0].divisor = 4; },
      [](rt::Request &r) { r.arguments[0].dims[0].atMost = 4; },
      [](rt::Request &r) { r.arguments[0].dims[0].stride = 4; },
      [](rt::Request &r) { r.arguments[0].dims[0].strideDivisor = 4; },
      [](rt::Request &r) { r.arguments[2].divisor = 4; },
  };
  std::set<std::string> keys{plan(makeRequest())};
  for (size_t i = 0; i < changes.size(); ++i) {
    rt::Request request = makeRequest();
    changes[i](request);
    std::string key = plan(request);
    EXPECT_EQ(key.find("error"), std::string::npos) << i << ": " << key;
    EXPECT_TRUE(keys.insert(key).second) << "change " << i;
  }
}

/// Content keys must not change by accident either. Of pipeline and source
/// the start is enough: both change with each version of the compiler, whose
/// build ids are in front.
TEST(Plan, ContentKeysAreWrittenAsEver) {
  rt::Request request = makeRequest();
  std::string key = plan(request), shown;
  std::string_view rest = key, name, value;
  ASSERT_EQ(rest.substr(0, 25), "tilewright-key 1 content\n");
  rest.remove_prefix(25);
  while (rt::readField(rest, name, value))
    shown += std::string(name) + "=" + std::string(value.substr(0, 30)) + ";";
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(shown,
            "compiler=lib 01\n;tools=name 5\nptxas\ntext 2\n02\n;kernel=k;"
            "name=k;variant=v;chip=sm_90a;opt-level=3;assembles-ptx=1;"
            "linker=lld;pipeline=any(canonicalize{  max-iterati;"
            "source=module {\n  tile.kernel @k(%a: ;");
}

TEST(Plan, ChoosesTheChip) {
  auto chipOf = [](const char *target) {
    rt::Request request = makeRequest();
    request.target = target;
    std::string key = plan(request);
    size_t at = key.find("\nchip ");
    if (at == std::string::npos)
      return key;
    at = key.find('\n', at + 1) + 1;
    size_t end = key.find('\n', at);
    // Whether it is assembled.
    size_t flag = key.find("assembles-ptx 1\n", at) + 16;
    return key.substr(at, end - at) + (key[flag] == '1' ? "" : " ptx");
  };
  EXPECT_EQ(chipOf("sm_80"), "sm_80");
  EXPECT_EQ(chipOf("sm_86"), "sm_80");
  EXPECT_EQ(chipOf("sm_90"), "sm_90a");
  EXPECT_EQ(chipOf("gfx942"), "gfx942");
  EXPECT_EQ(chipOf("x86-64-v4"), "x86-64-v4");
  EXPECT_EQ(chipOf("sm_120"), "sm_89 ptx");
  EXPECT_EQ(chipOf("sm_70").find("error: k.mlir: error: nothing runs on"), 0u);
}

/// What another compiler would make must not be kept under this one's name.
TEST(Compiler, RefusesToStandInForAnother) {
  auto prepare = [](const std::string &compiler) {
    rt::Request request = makeRequest();
    request.compiler = compiler;
    std::string bytes = rt::writeRequest(request);
    TwCompilation compilation =
        twCompilationCreate({bytes.data(), bytes.size()});
    TwCode code = twCompilationPrepare(compilation);
    std::string message =
        std::to_string(code) + " " + twCompilationGetMessage(compilation);
    twCompilationDestroy(compilation);
    return message;
  };
  EXPECT_EQ(prepare("libnowhere.so 01\n"), "0 ");
  std::string message = prepare("libnowhere.so 01\nlibLLVM.so.22.1 0123\n");
  EXPECT_EQ(message.find("4 the compiler was replaced while this process ran: "
                         "its file 'libLLVM.so.22.1' has build id 0123, but "
                         "loaded is "),
            0u)
      << message;
  size_t at = message.find("loaded is ") + 10;
  std::string id = message.substr(at, message.find(';') - at);
  EXPECT_GE(id.size(), 16u);
  EXPECT_EQ(prepare("libLLVM.so.22.1 " + id + "\n"), "0 ");
}

TEST(Compiler, RefusesWhatIsNoRequest) {
  TwCompilation compilation = twCompilationCreate({"x", 1});
  EXPECT_EQ(twCompilationPrepare(compilation), TW_CORRUPT);
  EXPECT_STREQ(twCompilationGetMessage(compilation),
               "expected a request of this version of the compiler");
  EXPECT_EQ(twCompilationFinish(compilation), TW_INVALID_ARGUMENT);
  EXPECT_STREQ(twCompilationGetMessage(compilation),
               "expected a compilation that is prepared");
  twCompilationDestroy(compilation);
}
