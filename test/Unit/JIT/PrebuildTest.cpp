// PrebuildTest.cpp - strict sessions, manifests, kernels without a device.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SessionFixture.h"
#include "jit/Session.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <mutex>
#include <pthread.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using PrebuildTest = SessionFixture;

TEST_F(PrebuildTest, StrictNeverCompiles) {
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_EQ(launch(arguments),
            "strict: the kernel of 'twice.json' for 'x86-64-v" +
                std::string(__builtin_cpu_supports("x86-64-v4") ? "4" : "3") +
                "' with (array f32 align=16 dims=-1:16:-1:1:1; array f32 "
                "align=16 dims=-1:16:-1:1:1; scalar f64 divisor=1) is not in "
                "cache '" +
                cacheFolder + "'; prebuild it from a manifest that has it");
  EXPECT_EQ(count().strictMisses, 1u);
  open();
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  open(strict);
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
  EXPECT_EQ(count().compiles, 0u);
}

/// From what a model asked for to a server without a compiler.
TEST_F(PrebuildTest, ManifestsAreRecordedPrebuiltAndServed) {
  std::string manifest = folder + "/model.json";
  ASSERT_EQ(make(), "");
  Arguments many(1024), odd(7);
  ASSERT_EQ(launch(many), "");
  ASSERT_EQ(launch(odd), "");
  ASSERT_EQ(take(twJitSaveManifest(jit, manifest.c_str())), "");
  std::ifstream file(manifest);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  // No path of this machine, the source once.
  EXPECT_EQ(text.find(folder), std::string::npos);
  EXPECT_EQ(text.find("tile.kernel"), text.rfind("tile.kernel"));

  // Another machine, for chips that it does not have.
  cacheFolder = folder + "/prebuilt";
  open();
  TwDeviceInfo info = {};
  ASSERT_EQ(take(twDeviceGetInfo(device, &info)), "");
  const char *targets[] = {info.target, "gfx942"};
  std::vector<std::string> reports;
  auto report = [](void *user, const TwJitReportInfo *info, TwStatus status) {
    static_cast<std::vector<std::string> *>(user)->push_back(
        std::string(info->kernel) + "/" + info->variant + " " + info->target +
        " " + info->arguments + " " + twStatusGetMessage(status));
  };
  ASSERT_EQ(
      take(twJitPrebuild(jit, manifest.c_str(), targets, 2, report, &reports)),
      "");
  EXPECT_EQ(reports.size(), 4u);
  // Of two for one target it says which.
  EXPECT_EQ(reports.back(),
            "twice.json/ gfx942 array f32 align=16 dims=-1:1:-1:1:1; array f32 "
            "align=16 dims=-1:1:-1:1:1; scalar f64 divisor=1 ");
  EXPECT_EQ(count().compiles, 4u);
  EXPECT_EQ(take(twJitCheck(jit, manifest.c_str(), "gfx942", nullptr, nullptr)),
            "");
  EXPECT_NE(take(twJitCheck(jit, manifest.c_str(), "gfx90a", nullptr, nullptr)),
            "");

  // A server: strict, and no compiler anywhere.
  TwJitOptions strict = {};
  strict.isStrict = 1;
  strict.compiler = "/nowhere/libtilewright-jit.so";
  open(strict);
  ASSERT_EQ(make(), "");
  EXPECT_NE(launch(many).find("cannot read the compiler '/nowhere/"),
            std::string::npos);
  strict.manifest = manifest.c_str();
  open(strict);
  ASSERT_EQ(make(), "");
  size_t numFound = 0;
  ASSERT_EQ(take(twJitKernelPrepare(kernel, &numFound)), "");
  EXPECT_EQ(numFound, 2u);
  uint64_t requests = count().requests;
  for (Arguments *each : {&many, &odd}) {
    ASSERT_EQ(launch(*each), "");
    EXPECT_EQ(each->check(), "");
  }
  EXPECT_EQ(count().requests, requests) << "a launch looked for its kernel";
  Arguments other(4);
  EXPECT_EQ(launch(other).find("strict: "), 0u);
  EXPECT_EQ(count().compiles, 0u);
}

/// What is launched meanwhile is loaded as well.
TEST_F(PrebuildTest, PreparesFallbacks) {
  std::string manifest = folder + "/model.json";
  TwJitKernelOptions background = {};
  background.isBackground = 1;
  ASSERT_EQ(make(background), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  ASSERT_EQ(take(twJitWait(jit)), "");
  ASSERT_EQ(take(twJitSaveManifest(jit, manifest.c_str())), "");
  TwJitOptions options = {};
  options.manifest = manifest.c_str();
  open(options);
  ASSERT_EQ(make(background), "");
  size_t numFound = 0;
  ASSERT_EQ(take(twJitKernelPrepare(kernel, &numFound)), "");
  // That of multiples of 16; that which assumes nothing, by either policy.
  EXPECT_EQ(numFound, 3u);
  uint64_t requests = count().requests;
  Arguments odd(7);
  ASSERT_EQ(launch(arguments), "");
  ASSERT_EQ(launch(odd), "");
  EXPECT_EQ(odd.check(), "");
  ASSERT_EQ(take(twJitWait(jit)), "");
  EXPECT_EQ(count().requests, requests + 1) << "only the code for 7 is new";
}

/// As when the processes of a server end together.
TEST_F(PrebuildTest, ManyWriteOneManifest) {
  std::string path = folder + "/model.json";
  std::vector<std::string> messages(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < messages.size(); ++i)
    threads.emplace_back([&, i] {
      TwJitOptions options = {};
      options.cache = cache;
      TwJit own = nullptr;
      messages[i] = take(twJitOpen(&options, &own));
      tilewright::rt::Request request;
      request.name = std::to_string(i) + ".mlir";
      tilewright::rt::recordRequest(own, request);
      messages[i] += take(twJitSaveManifest(own, path.c_str()));
      twJitClose(own);
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &message : messages)
    EXPECT_EQ(message, "");
  tilewright::rt::Manifest manifest;
  ASSERT_EQ(take(tilewright::rt::readManifestFile(path, manifest)), "");
  EXPECT_EQ(manifest.requests.size(), messages.size());
  EXPECT_FALSE(fs::exists(path + ".lock"));
}

TEST_F(PrebuildTest, CompilesForDevicesThatAreNotHere) {
  for (const char *name : {"cuda:0", "hip:0"}) {
    TwDevice gpu = nullptr;
    ASSERT_EQ(openDevice(name, &gpu), "");
    ASSERT_EQ(make({}, {}, gpu), "");
    Arguments arguments(64);
    EXPECT_EQ(launch(arguments), "") << name;
    twJitKernelDestroy(kernel);
    kernel = nullptr;
    twDeviceClose(gpu);
  }
  EXPECT_EQ(count().compiles, 2u);
}

/// In a strict session the driver must not compile either.
TEST_F(PrebuildTest, StrictRefusesPtx) {
  TwJitSource source = {};
  source.keepsPtx = 1;
  Arguments arguments(64);
  TwDevice gpu = nullptr;
  ASSERT_EQ(openDevice("cuda:0", &gpu), "");
  ASSERT_EQ(make({}, source, gpu), "");
  EXPECT_EQ(launch(arguments), "");
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  ASSERT_EQ(make({}, source, gpu), "");
  EXPECT_EQ(launch(arguments),
            "strict: kernel 'twice' for 'sm_90' is PTX of 'sm_90a', which the "
            "driver would compile: that was asked for; do not set "
            "TwJitSource::keepsPtx");
  // Nor as what is launched meanwhile.
  open();
  ASSERT_EQ(make({}, source, gpu), "");
  TwJitKernelOptions background = {};
  background.isBackground = 1;
  ASSERT_EQ(take(twJitKernelGetFunction(kernel, arguments.values, 3,
                                        &background.fallback)),
            "");
  TwJit strictJit = nullptr;
  strict.cache = cache;
  ASSERT_EQ(take(twJitOpen(&strict, &strictJit)), "");
  TwJitKernel refused = nullptr;
  TwJitSource file = source;
  file.file = description.c_str();
  EXPECT_EQ(
      take(twJitKernelCreate(strictJit, gpu, &file, &background, &refused)),
      "strict: kernel 'twice' for 'sm_90' is PTX of 'sm_90a', which the "
      "driver would compile: there was no assembler; prebuild it where ptxas "
      "or "
      "nvJitLink is found");
  twJitClose(strictJit);
  twJitKernelDestroy(kernel);
  kernel = nullptr;
  twDeviceClose(gpu);
}

/// Requests that differ may lead to one kernel: it is compiled once, also where
/// both ask at the same time.
TEST_F(PrebuildTest, OneContentIsCompiledOnce) {
  constexpr int kAsking = 6;
  std::string text = readText(description);
  std::vector<std::string> names;
  for (int i = 0; i < kAsking; ++i)
    names.push_back(write("copy" + std::to_string(i) + ".json", text));
  std::vector<TwJit> sessions(kAsking);
  std::vector<TwCache> caches(kAsking);
  TwCacheOptions options = {};
  options.folder = cacheFolder.c_str();
  for (int i = 0; i < kAsking; ++i) {
    ASSERT_EQ(take(twCacheOpen(&options, &caches[size_t(i)])), "");
    TwJitOptions jitOptions = {};
    jitOptions.cache = caches[size_t(i)];
    jitOptions.compiler = compiler.c_str();
    ASSERT_EQ(take(twJitOpen(&jitOptions, &sessions[size_t(i)])), "");
  }
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kAsking; ++i)
    threads.emplace_back([&, i] {
      TwJitSource source = {};
      source.file = names[i].c_str();
      source.variant = "f64";
      TwLibrary library = nullptr;
      EXPECT_EQ(take(twJitCompile(sessions[i], &source, "gfx90a", &library)),
                "");
      twLibraryDestroy(library);
    });
  for (std::thread &thread : threads)
    thread.join();
  uint64_t compiles = 0, contentHits = 0;
  for (size_t i = 0; i < kAsking; ++i) {
    TwJitCounters counters = {};
    twJitGetCounters(sessions[i], &counters);
    compiles += counters.compiles;
    contentHits += counters.contentHits;
    twJitClose(sessions[i]);
    twCacheClose(caches[i]);
  }
  EXPECT_EQ(compiles, 1u);
  EXPECT_EQ(contentHits, uint64_t(kAsking - 1));
}

/// What `check` finds a strict session takes: PTX it does not.
TEST_F(PrebuildTest, ChecksThatNothingIsPtx) {
  TwJitSource source = {};
  source.file = description.c_str();
  source.keepsPtx = 1;
  source.variant = "f32";
  TwLibrary library = nullptr;
  ASSERT_EQ(take(twJitCompile(jit, &source, "sm_80", &library)), "");
  twLibraryDestroy(library);
  std::string manifest = folder + "/ptx.json";
  ASSERT_EQ(take(twJitSaveManifest(jit, manifest.c_str())), "");
  const char *target = "sm_80";
  // It was asked for.
  EXPECT_EQ(
      take(twJitPrebuild(jit, manifest.c_str(), &target, 1, nullptr, nullptr)),
      "");
  std::string why = "kernel 'twice' for 'sm_80' is PTX of 'sm_80', which the "
                    "driver would compile: ",
              kept = why + "there was no assembler; prebuild it where ptxas or "
                           "nvJitLink is found";
  EXPECT_EQ(take(twJitCheck(jit, manifest.c_str(), target, nullptr, nullptr)),
            why + "that was asked for; do not set TwJitSource::keepsPtx");

  // Else it is an error where there is no assembler.
  std::string text = readText(manifest);
  size_t at = text.find("\"keeps_ptx\": true");
  ASSERT_NE(at, std::string::npos);
  write("code.json", text.replace(at, 17, "\"keeps_ptx\": false"));
  manifest = folder + "/code.json";
  std::string old = std::getenv("PATH") ? std::getenv("PATH") : "";
  setenv("PATH", folder.c_str(), 1);
  bool hasLinker = dlopen("libnvJitLink.so.13", RTLD_NOW | RTLD_LOCAL) ||
                   dlopen("libnvJitLink.so.12", RTLD_NOW | RTLD_LOCAL);
  open();
  EXPECT_EQ(
      take(twJitPrebuild(jit, manifest.c_str(), &target, 1, nullptr, nullptr)),
      hasLinker ? "" : kept);
  EXPECT_EQ(take(twJitCheck(jit, manifest.c_str(), target, nullptr, nullptr)),
            hasLinker ? "" : kept);
  setenv("PATH", old.c_str(), 1);
}

/// A session may be open for longer than a program is installed.
TEST_F(PrebuildTest, ReplacedToolsAreOtherTools) {
  std::string old = std::getenv("PATH") ? std::getenv("PATH") : "";
  std::string tool = folder + "/ptxas";
  auto identify = [&](const std::string &text) {
    write("ptxas", text);
    fs::permissions(tool, fs::perms::owner_all);
    setenv("PATH", folder.c_str(), 1);
    tilewright::rt::Request request;
    request.target = "sm_90";
    EXPECT_EQ(take(tilewright::rt::identifyRequest(jit, request)), "");
    setenv("PATH", old.c_str(), 1);
    return request.tools.empty() ? "" : request.tools[0].text;
  };
  std::string one = identify("#!/bin/sh\n"), two = identify("#!/bin/bash\n");
  EXPECT_NE(one, "");
  EXPECT_NE(one, two);
}

TEST_F(PrebuildTest, LibrariesWithoutADevice) {
  TwJitSource source = {};
  source.file = description.c_str();
  source.variant = "f64";
  TwLibrary library = nullptr;
  ASSERT_EQ(take(twJitCompile(jit, &source, "gfx90a", &library)), "");
  ASSERT_EQ(twLibraryGetNumImages(library), 1u);
  TwImageInfo image = {};
  ASSERT_EQ(take(twLibraryGetImage(library, 0, &image)), "");
  EXPECT_STREQ(image.kernel, "twice");
  EXPECT_STREQ(image.variant, "f64");
  EXPECT_STREQ(image.chip, "gfx90a");
  TwBytes bytes = twLibraryGetBytes(library);
  EXPECT_EQ(count().compiledBytes, bytes.size);
  twLibraryDestroy(library);
  std::string message = take(twJitCompile(jit, &source, "gfx1", &library));
  EXPECT_EQ(message.find("twice.json: error: nothing runs on 'gfx1'"), 0u)
      << message;
}
