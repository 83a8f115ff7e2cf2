// RequestTest.cpp - the key of a request has all of it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/Request.h"
#include "../Runtime/Support.h"
#include "gtest/gtest.h"
#include <functional>
#include <set>

using namespace tilewright::rt;

namespace {

Request makeRequest() {
  Request request;
  request.compiler = "lib 01\n";
  request.tools = {{"ptxas", "02"}};
  request.form = "description";
  request.name = "k.json";
  request.text = "{}";
  request.files = {{"k.mlir", "text"}};
  request.kernel = "k";
  request.variant = "v";
  request.parameters = {{"T", "f32"}};
  request.hasArguments = true;
  ArgumentClass array;
  array.kind = TW_ARRAY;
  array.type = TW_BF16;
  array.align = 16;
  array.dims = {{128, 1, -1, 64, 1}, {-1, 16, 256, -1, 8}};
  ArgumentClass scalar;
  scalar.type = TW_I64;
  scalar.divisor = 4;
  request.arguments = {array, scalar};
  request.target = "sm_90";
  request.optLevel = 2;
  request.schedule = "#tile.schedule<>";
  request.linker = "comgr";
  return request;
}

/// Calls `check` once for each change of one thing in a request.
class Flipper {
public:
  Flipper(Request &request, std::function<void(const char *)> check)
      : check(std::move(check)) {
    visitFields(request, *this);
  }
  void operator()(const char *name, std::string &value) {
    change(name, value, value + "x");
    change(name, value, std::string());
  }
  void operator()(const char *name, bool &value) {
    change(name, value, !value);
  }
  void operator()(const char *name, int64_t &value) {
    change(name, value, value + 1);
    change(name, value, -value - 7);
  }
  void operator()(const char *name, std::vector<NamedText> &list) {
    std::vector<NamedText> more = list;
    more.emplace_back();
    change(name, list, more);
    change(name, list, std::vector<NamedText>());
    // The border between name and text.
    change(name, list,
           std::vector<NamedText>{{list[0].name + list[0].text, ""}});
    (*this)(name, list[0].name);
    (*this)(name, list[0].text);
  }
  void operator()(const char *name, std::vector<ArgumentClass> &list) {
    std::vector<ArgumentClass> fewer(list.begin(), list.end() - 1);
    change(name, list, fewer);
    std::vector<ArgumentClass> swapped(list.rbegin(), list.rend());
    change(name, list, swapped);
    auto &[kind, type, align, divisor, dims] = list[0];
    change(name, kind, TW_SCALAR);
    change(name, type, TW_F16);
    (*this)(name, align);
    (*this)(name, list[1].divisor);
    (void)divisor;
    std::vector<DimClass> one(dims.begin(), dims.end() - 1);
    change(name, dims, one);
    for (DimClass &dim : dims) {
      auto &[size, sizeDivisor, atMost, stride, strideDivisor] = dim;
      for (int64_t *number :
           {&size, &sizeDivisor, &atMost, &stride, &strideDivisor})
        (*this)(name, *number);
    }
  }

private:
  template <typename T, typename U>
  void change(const char *name, T &value, const U &other) {
    T old = value;
    value = other;
    check(name);
    value = old;
  }
  std::function<void(const char *)> check;
};

} // namespace

TEST(Request, EveryFieldIsInTheKey) {
  Request request = makeRequest();
  std::set<std::string> keys{writeRequest(request)};
  size_t changes = 0;
  Flipper(request, [&](const char *name) {
    ++changes;
    EXPECT_TRUE(keys.insert(writeRequest(request)).second)
        << name << ": the key has been there before";
  });
  EXPECT_EQ(keys.size(), changes + 1);
  EXPECT_GT(changes, 60u);
}

TEST(Request, ReadsWhatItWrote) {
  Request request = makeRequest();
  auto check = [&](const char *name) {
    // A scalar has no dimensions in its text.
    if (request.arguments.size() && request.arguments[0].kind == TW_SCALAR)
      return;
    std::string bytes = writeRequest(request);
    Request read;
    ASSERT_TRUE(readRequest(bytes, read)) << name;
    EXPECT_EQ(writeRequest(read), bytes) << name;
  };
  check("all");
  Flipper(request, check);
}

/// Keys must not change by accident: caches in the field would be lost. Who
/// changes what a field means changes the number in the first line.
TEST(Request, IsWrittenAsEver) {
  EXPECT_EQ(writeRequest(makeRequest()),
            "tilewright-key 1 request\n"
            "compiler 7\nlib 01\n\n"
            "tools 23\nname 5\nptxas\ntext 2\n02\n\n"
            "form 11\ndescription\n"
            "name 6\nk.json\n"
            "text 2\n{}\n"
            "files 26\nname 6\nk.mlir\ntext 4\ntext\n\n"
            "kernel 1\nk\n"
            "variant 1\nv\n"
            "parameters 20\nname 1\nT\ntext 3\nf32\n\n"
            "has-arguments 1\n1\n"
            "arguments 75\n"
            "array bf16 align=16 dims=128:1:-1:64:1,-1:16:256:-1:8\n"
            "scalar i64 divisor=4\n\n"
            "target 5\nsm_90\n"
            "opt-level 1\n2\n"
            "schedule 16\n#tile.schedule<>\n"
            "keeps-ptx 1\n0\n"
            "linker 5\ncomgr\n");
}

TEST(Request, RefusesDamage) {
  std::string bytes = writeRequest(makeRequest());
  std::mt19937 random(7);
  Request read;
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(readRequest(bytes.substr(0, length), read));
  EXPECT_FALSE(readRequest(bytes + "\n", read));
  EXPECT_FALSE(readRequest(
      "tilewright-key 2 request\n" + bytes.substr(bytes.find('\n') + 1), read));
  // What is read all the same is what stands there.
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = mutate(bytes, random);
    if (readRequest(damaged, read))
      ASSERT_EQ(writeRequest(read), damaged);
  }
}
