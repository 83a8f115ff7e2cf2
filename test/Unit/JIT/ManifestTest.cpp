// ManifestTest.cpp - manifests whole and damaged.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/Manifest.h"
#include "../Runtime/Support.h"
#include "gtest/gtest.h"
#include <cstdio>
#include <malloc.h>
#include <sys/stat.h>

using namespace tilewright::rt;

namespace {

Manifest makeManifest() {
  Manifest manifest;
  manifest.compiler = "lib 01\n";
  manifest.tools["sm_90"] = {{"ptxas", "02"}};
  Request request;
  request.form = "mlir";
  request.name = "k.mlir";
  request.text = "\"text\"\n";
  request.target = "sm_90";
  request.hasArguments = true;
  request.arguments.emplace_back();
  manifest.add(request);
  manifest.add(request); // the same
  request.target = "gfx942";
  manifest.add(request); // targets do not count
  request.hasArguments = false;
  request.arguments.clear();
  request.parameters = {{"T", "f32"}};
  request.files = {{"f", "g"}};
  manifest.add(request);
  return manifest;
}

/// A kernel for a thousand shapes has one source.
TEST(RequestList, KeepsASourceOnce) {
  Request request;
  request.text.assign(1 << 18, ' ');
  request.files = {{"f", std::string(1 << 18, 'f')}};
  request.hasArguments = true;
  request.arguments.resize(1);
  RequestList list;
  struct mallinfo2 before = mallinfo2();
  for (int round = 0; round < 2; ++round)
    for (int64_t i = 1; i <= 100; ++i) {
      request.arguments[0].divisor = i;
      list.add(request);
    }
  struct mallinfo2 after = mallinfo2();
  EXPECT_LT(after.uordblks + after.hblkhd,
            before.uordblks + before.hblkhd + (2 << 20));
  ASSERT_EQ(list.size(), 100u);
  EXPECT_EQ(list.getSources().size(), 1u);
  EXPECT_EQ(writeRequest(list[99]), writeRequest(request));
  request.files[0].text = "g";
  list.add(request);
  ASSERT_EQ(list.size(), 101u);
  EXPECT_EQ(list.getSourceIndex(100), 1u);
  EXPECT_EQ(writeRequest(list[100]), writeRequest(request));
  size_t count = 0;
  for (const Request &each : list)
    count += each.text.size() == 1 << 18;
  EXPECT_EQ(count, 101u);
}

} // namespace

TEST(Manifest, ReadsWhatItWrote) {
  Manifest manifest = makeManifest();
  ASSERT_EQ(manifest.requests.size(), 2u);
  EXPECT_EQ(manifest.requests[0].target, "");
  std::string text = writeManifest(manifest);
  Manifest read;
  ASSERT_EQ(take(readManifest(text, "m", read)), "");
  EXPECT_EQ(writeManifest(read), text);
  EXPECT_EQ(read.compiler, manifest.compiler);
  EXPECT_EQ(read.tools["sm_90"][0].text, "02");
  for (size_t i = 0; i < 2; ++i)
    EXPECT_EQ(writeRequest(read.requests[i]),
              writeRequest(manifest.requests[i]));
}

TEST(Manifest, SaysWhatIsWrong) {
  Manifest read;
  EXPECT_EQ(take(readManifest("", "m", read)), "manifest 'm': expected JSON");
  // The library that reads JSON would run out of stack when it copies.
  std::string deep = "{\"version\": 1, \"compiler\": \"\", \"tools\": {}, "
                     "\"sources\": [" +
                     std::string(300000, '[') + std::string(300000, ']') +
                     "], \"kernels\": []}";
  EXPECT_EQ(take(readManifest(deep, "m", read)),
            "manifest 'm': expected JSON of less depth");
  EXPECT_EQ(take(readManifest("[]", "m", read)),
            "manifest 'm': expected an object with \"version\"");
  EXPECT_EQ(take(readManifest("{\"version\": 2}", "m", read)),
            "manifest 'm' is of version 2, but this runtime reads version 1");
  EXPECT_EQ(take(readManifest("{\"version\": 1}", "m", read)),
            "manifest 'm': expected a key \"compiler\"");
  std::string text = writeManifest(makeManifest());
  size_t at = text.find("\"source\": 0");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 11, "\"source\": 9");
  EXPECT_EQ(take(readManifest(text, "m", read)),
            "manifest 'm': expected a source below 2, but got 9");
  EXPECT_EQ(take(readManifestFile("/nowhere/m", read)),
            "cannot read manifest '/nowhere/m': No such file or directory");
  // What no policy makes would be taken for what one does.
  for (const char *argument :
       {"scalar f32 divisor=272", "scalar f32 divisor=3",
        "scalar f32 divisor=0",
        "array f32 align=-16 dims=", "array f32 align=32 dims=1:1:1:1:1"}) {
    text = writeManifest(makeManifest());
    at = text.find("scalar f32 divisor=1");
    ASSERT_NE(at, std::string::npos);
    text.replace(at, 20, argument);
    EXPECT_EQ(take(readManifest(text, "m", read)),
              "manifest 'm': expected an argument such as \"scalar i64 "
              "divisor=1\"")
        << argument;
  }
}

TEST(Manifest, KeepsItsMode) {
  std::string path = testing::TempDir() + "/tilewright-manifest-mode";
  ASSERT_EQ(take(writeManifestFile(path, makeManifest())), "");
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  ASSERT_EQ(take(updateManifestFile(path, [](Manifest &) {})), "");
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0644u);
  std::remove(path.c_str());
}

TEST(Manifest, HoldsUtf8Alone) {
  Manifest manifest;
  Request request;
  request.name = "caf\xc3\xa9.mlir";
  request.text = "\xef\xbf\xbd"; // what stands for what is not UTF-8
  manifest.add(request);
  std::string path = testing::TempDir() + "/tilewright-manifest-utf8";
  EXPECT_EQ(take(writeManifestFile(path, manifest)), "");
  Manifest read;
  EXPECT_EQ(take(readManifestFile(path, read)), "");
  EXPECT_EQ(writeRequest(read.requests.at(0)), writeRequest(request));
  request.text = "caf\xe9";
  manifest.add(request);
  EXPECT_EQ(take(writeManifestFile(path, manifest)),
            "source 'caf\xc3\xa9.mlir': expected UTF-8, which alone a "
            "manifest can have");
  std::remove(path.c_str());
}

TEST(Manifest, StandsDamage) {
  std::string text = writeManifest(makeManifest());
  std::mt19937 random(5);
  Manifest read;
  for (int i = 0; i < 5000; ++i)
    twStatusDestroy(readManifest(mutate(text, random), "m", read));
}
