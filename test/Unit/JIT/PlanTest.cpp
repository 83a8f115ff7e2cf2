// PlanTest.cpp - what the compiler makes of a request, and its content key.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/Request.h"
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
