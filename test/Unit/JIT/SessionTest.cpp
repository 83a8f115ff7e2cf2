// SessionTest.cpp - kernels compiled when they are launched, and kept.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/Session.h"
#include "../Runtime/Devices.h"
#include "../Runtime/Support.h"
#include "tilewright-rt/Jit.h"
#include "tilewright-rt/Observe.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <pthread.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

/// b = 2 * a + n.
const char *kText = R"(
tile.kernel @twice(
    %a: memref<?x${T}> {tile.name = "a", tile.dims = ["N"]},
    %b: memref<?x${T}> {tile.name = "b", tile.dims = ["N"]},
    %n: ${T} {tile.name = "n"})
    grid ["N"] affine_map<()[N] -> (N ceildiv 64)> {
  %block = arith.constant 64 : index
  %pid = tile.program_id 0
  %i = arith.muli %pid, %block : index
  %x = tile.load %a[%i] : memref<?x${T}> -> tensor<64x${T}>
  %y = arith.addf %x, %x : tensor<64x${T}>
  %s = tensor.splat %n : tensor<64x${T}>
  %z = arith.addf %y, %s : tensor<64x${T}>
  tile.store %z, %b[%i] : tensor<64x${T}>, memref<?x${T}>
  tile.return
}
)";

const char *kDescription = R"({
  "version": 1,
  "chips": ["x86-64-v3"],
  "kernels": [{
    "name": "twice",
    "source": {"file": "twice.mlir"},
    "parameters": {"T": {"type": "element", "default": "f32",
                         "values": ["f32", "f64"]}},
    "specializations": [{"name": "f32"},
                        {"name": "f64", "parameters": {"T": "f64"}}]
  }]
})";

std::string getCompiler() {
  const char *own = std::getenv("TILEWRIGHT_COMPILER");
#ifdef COMPILER
  return own ? own : COMPILER;
#else
  return own ? own : "";
#endif
}

std::string getWorker() {
  const char *own = std::getenv("TILEWRIGHT_COMPILER_PROCESS");
#ifdef WORKER
  return own ? own : WORKER;
#else
  return own ? own : "";
#endif
}

/// The arguments of `twice`.
struct Arguments {
  std::vector<float> a, b;
  int64_t size;
  TwValue values[3] = {};

  explicit Arguments(int64_t size)
      : a(size_t(size) + 16), b(size_t(size) + 16, -1.0f), size(size) {
    for (size_t i = 0; i < a.size(); ++i)
      a[i] = float(i % 1000);
    for (int i : {0, 1}) {
      values[i].kind = TW_ARRAY;
      values[i].type = TW_F32;
      values[i].rank = 1;
      values[i].sizes = &this->size;
      // Aligned to 64 bytes, so that the class is always the same.
      uintptr_t address = reinterpret_cast<uintptr_t>((i ? b : a).data());
      values[i].data = reinterpret_cast<void *>((address + 63) / 64 * 64);
    }
    values[2].kind = TW_SCALAR;
    values[2].isReal = 1;
    values[2].real = 0.5;
  }
  Arguments(const Arguments &) = delete;

  std::string check() const {
    const float *from = static_cast<const float *>(values[0].data);
    const float *to = static_cast<const float *>(values[1].data);
    for (int64_t i = 0; i < size; ++i)
      if (to[i] != 2 * from[i] + 0.5f)
        return "element " + std::to_string(i) + " is " + std::to_string(to[i]);
    return "";
  }
};

struct SessionTest : testing::Test {
  std::string folder, cacheFolder, description, compiler = getCompiler(),
                                                worker = getWorker();
  TwCache cache = nullptr;
  TwJit jit = nullptr;
  TwDevice device = nullptr;
  TwJitKernel kernel = nullptr;

  void SetUp() override {
    if (!__builtin_cpu_supports("x86-64-v3"))
      GTEST_SKIP() << "this CPU is below x86-64-v3";
    ASSERT_NE(compiler, "") << "set TILEWRIGHT_COMPILER";
    folder = fs::temp_directory_path() / "tilewright-jit-XXXXXX";
    ASSERT_NE(mkdtemp(&folder[0]), nullptr);
    cacheFolder = folder + "/cache";
    description = write("twice.json", kDescription);
    write("twice.mlir", kText);
    ASSERT_EQ(openDevice("host", &device), "");
    open();
  }
  void TearDown() override {
    close();
    twDeviceClose(device);
    fs::remove_all(folder);
  }
  std::string write(const std::string &name, const std::string &text) {
    std::ofstream(folder + "/" + name, std::ios::binary) << text;
    return folder + "/" + name;
  }
  /// As a new process would: nothing is in memory.
  void open(TwJitOptions options = {}) {
    close();
    TwCacheOptions cacheOptions = {};
    cacheOptions.folder = cacheFolder.c_str();
    ASSERT_EQ(take(twCacheOpen(&cacheOptions, &cache)), "");
    options.cache = cache;
    options.compiler = options.compiler ? options.compiler : compiler.c_str();
    options.worker = options.worker ? options.worker : worker.c_str();
    ASSERT_EQ(take(twJitOpen(&options, &jit)), "");
  }
  void close() {
    twJitKernelDestroy(kernel);
    kernel = nullptr;
    twJitClose(jit);
    jit = nullptr;
    twCacheClose(cache);
    cache = nullptr;
  }
  std::string make(TwJitKernelOptions options = {}, TwJitSource source = {},
                   TwDevice where = nullptr) {
    twJitKernelDestroy(kernel);
    kernel = nullptr;
    source.file = source.file ? source.file : description.c_str();
    return take(twJitKernelCreate(jit, where ? where : device, &source,
                                  &options, &kernel));
  }
  std::string launch(Arguments &arguments) {
    return take(
        twJitKernelLaunch(kernel, nullptr, arguments.values, 3, nullptr));
  }
  TwJitCounters count() {
    TwJitCounters counters;
    twJitGetCounters(jit, &counters);
    return counters;
  }
};

} // namespace

TEST_F(SessionTest, CompilesOnceAndKeeps) {
  ASSERT_EQ(make(), "");
  for (int64_t size : {1024, 2048, 0, 1, 3, 17, 1 << 16}) {
    Arguments arguments(size);
    ASSERT_EQ(launch(arguments), "") << size;
    EXPECT_EQ(arguments.check(), "") << size;
  }
  // Multiples of 16 (0 is one), and those of 1.
  EXPECT_EQ(count().compiles, 2u);
  EXPECT_EQ(count().requests, 2u);
  EXPECT_GT(count().compiledBytes, 1000u);
  EXPECT_GT(count().times.total, 0.0);
  open();
  ASSERT_EQ(make(), "");
  for (int64_t size : {1024, 17}) {
    Arguments arguments(size);
    ASSERT_EQ(launch(arguments), "");
    EXPECT_EQ(arguments.check(), "");
  }
  EXPECT_EQ(count().compiles, 0u);
  EXPECT_EQ(count().cacheHits, 2u);
}

TEST_F(SessionTest, PoliciesDecideHowManyKernelsThereAre) {
  auto run = [&](TwJitPolicy policy) {
    TwJitKernelOptions options = {};
    options.policy = policy;
    EXPECT_EQ(make(options), "");
    uint64_t before = count().requests;
    for (int64_t size : {64, 128, 100, 7, 64}) {
      Arguments arguments(size);
      EXPECT_EQ(launch(arguments), "");
      EXPECT_EQ(arguments.check(), "");
    }
    return count().requests - before;
  };
  EXPECT_EQ(run(TW_JIT_DYNAMIC), 1u);
  EXPECT_EQ(run(TW_JIT_DIVISIBILITY), 3u); // 16, 4, 1
  EXPECT_EQ(run(TW_JIT_EXACT), 4u);
  EXPECT_EQ(run(TW_JIT_BUCKETS), 4u); // 64, 128, 4 of at most 128, 1 of 8
}

TEST_F(SessionTest, EqualKernelsShareOneEntry) {
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(count().compiles, 1u);
  // The same text by another name, as MLIR without parameters.
  std::string text = kText;
  for (size_t at; (at = text.find("${T}")) != std::string::npos;)
    text.replace(at, 4, "f32");
  std::string file = write("other.mlir", text);
  TwJitSource source = {};
  source.file = file.c_str();
  source.variant = "f32";
  ASSERT_EQ(make({}, source), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
  EXPECT_EQ(count().compiles, 1u);
  EXPECT_EQ(count().contentHits, 1u);
}

TEST_F(SessionTest, AChangedSourceIsAnotherKernel) {
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  std::string text = kText;
  text.replace(text.find("addf %x, %x"), 11, "mulf %x, %x");
  write("twice.mlir", text);
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(count().compiles, 2u);
  const float *to = static_cast<const float *>(arguments.values[1].data);
  const float *from = static_cast<const float *>(arguments.values[0].data);
  EXPECT_EQ(to[5], from[5] * from[5] + 0.5f);
}

TEST_F(SessionTest, TypesChooseTheVariant) {
  ASSERT_EQ(make(), "");
  int64_t size = 3;
  alignas(64) double a[3] = {1, 2, 3}, b[3] = {};
  TwValue values[3] = {};
  for (int i : {0, 1}) {
    values[i].kind = TW_ARRAY;
    values[i].type = TW_F64;
    values[i].rank = 1;
    values[i].sizes = &size;
    values[i].data = i ? b : a;
  }
  values[2].kind = TW_SCALAR;
  values[2].integer = 1; // becomes a real
  ASSERT_EQ(take(twJitKernelLaunch(kernel, nullptr, values, 3, nullptr)), "");
  EXPECT_EQ(b[2], 7.0);
  values[0].type = TW_I32;
  EXPECT_EQ(
      take(twJitKernelLaunch(kernel, nullptr, values, 3, nullptr)),
      "twice.json: error: no variant of kernel '' takes these arguments:"
      "\n  variant 'f32': argument 'a': expected f32 array of rank 1, but "
      "got i32 array of rank 1\n  variant 'f64': argument 'a': expected "
      "f64 array of rank 1, but got i32 array of rank 1");
  // Remembered: nobody compiles it again.
  uint64_t failures = count().failures;
  EXPECT_NE(take(twJitKernelLaunch(kernel, nullptr, values, 3, nullptr)), "");
  EXPECT_EQ(count().failures, failures);
}

TEST_F(SessionTest, SaysWhatIsWrong) {
  TwJitSource source = {};
  source.file = "/nowhere/k.json";
  EXPECT_EQ(make({}, source),
            "cannot read '/nowhere/k.json': No such file or directory");
  source.file = "k.txt";
  EXPECT_EQ(make({}, source), "expected a description (.json) or MLIR text "
                              "(.mlir), but got 'k.txt'");
  source.file = "";
  EXPECT_EQ(make({}, source), "expected the name of a source file");
  source = {};
  source.optLevelPlusOne = 9;
  EXPECT_EQ(make({}, source),
            "expected an optimisation level in [0, 3], but got 8");
  TwJitParameter half = {"T", nullptr};
  source = {};
  source.parameters = &half;
  source.numParameters = 1;
  EXPECT_EQ(make({}, source), "parameter 0: expected a name and a value");
  source.parameters = nullptr;
  EXPECT_EQ(make({}, source), "expected 1 parameters, but got null");
  std::string large((size_t(16) << 20) + 1, ' ');
  source = {};
  source.file = "large.mlir";
  source.text = {large.data(), large.size()};
  EXPECT_EQ(make({}, source), "expected a source of at most 16777216 bytes, "
                              "but 'large.mlir' has 16777217");
  TwJitKernelOptions options = {};
  options.policy = TwJitPolicy(9);
  EXPECT_EQ(make(options), "expected a policy, but got 9");
  fs::remove(folder + "/twice.mlir");
  EXPECT_NE(make().find("cannot read"), std::string::npos);
  // What only the compiler knows.
  Arguments arguments(64);
  auto launchOf = [&](const char *kernelName, const char *variant,
                      const std::string &text) {
    write("twice.mlir", text);
    TwJitSource other = {};
    other.kernel = kernelName;
    other.variant = variant;
    EXPECT_EQ(make({}, other), "");
    return launch(arguments);
  };
  EXPECT_NE(launchOf("none", nullptr, kText).find("no kernel 'none'"),
            std::string::npos);
  EXPECT_EQ(launchOf("twice", "f16", kText),
            "twice.json: error: kernel 'twice' has no variant 'f16'; it has "
            "f32, f64");
  std::string broken = launchOf(nullptr, nullptr, "tile.kernel @twice(");
  EXPECT_NE(broken.find("twice.mlir:1:"), std::string::npos) << broken;
  int64_t size = 5;
  arguments.values[1].sizes = &size;
  TwJitKernelOptions exact = {};
  exact.policy = TW_JIT_EXACT;
  write("twice.mlir", kText);
  ASSERT_EQ(make(exact), "");
  EXPECT_EQ(launch(arguments),
            "twice.json: error: kernel 'twice': argument 'b': expected size "
            "'N' to be 64, as in an argument before, but got 5");
}

TEST_F(SessionTest, StandsNull) {
  twJitGetCounters(jit, nullptr);
  TwJitCounters counters;
  counters.requests = 1;
  twJitGetCounters(nullptr, &counters);
  EXPECT_EQ(counters.requests, 0u);
  std::string manifest = folder + "/model.json";
  ASSERT_EQ(take(twJitSaveManifest(jit, manifest.c_str())), "");
  const char *targets[] = {"gfx942", nullptr};
  EXPECT_EQ(
      take(twJitPrebuild(jit, manifest.c_str(), targets, 2, nullptr, nullptr)),
      "target 1: expected a name, but got null");
}

/// Trees of links, such as a build system's.
TEST_F(SessionTest, FollowsLinksToSources) {
  fs::create_directory(folder + "/links");
  for (const char *name : {"/twice.json", "/twice.mlir"})
    fs::create_symlink(folder + name, folder + "/links" + name);
  std::string file = folder + "/links/twice.json";
  TwJitSource source = {};
  source.file = file.c_str();
  ASSERT_EQ(make({}, source), "");
  Arguments arguments(64);
  EXPECT_EQ(launch(arguments), "");
  std::string manifest = folder + "/model.json";
  ASSERT_EQ(take(twJitSaveManifest(jit, manifest.c_str())), "");
  fs::create_symlink(manifest, folder + "/links/model.json");
  manifest = folder + "/links/model.json";
  EXPECT_NE(take(twJitCheck(jit, manifest.c_str(), "gfx90a", nullptr, nullptr))
                .find("is not in cache"),
            std::string::npos);
}

TEST_F(SessionTest, ParametersAndLevelsAreOptions) {
  TwJitParameter parameter = {"T", "f64"};
  TwJitSource source = {};
  source.parameters = &parameter;
  source.numParameters = 1;
  ASSERT_EQ(make({}, source), "");
  Arguments arguments(64);
  // Both variants are of f64 now.
  EXPECT_NE(launch(arguments).find("variant 'f32': argument 'a': expected f64"),
            std::string::npos);
  parameter = {"U", "1"};
  ASSERT_EQ(make({}, source), "");
  EXPECT_EQ(
      launch(arguments),
      "twice.json: error: parameter 'U' of kernel 'twice': there is none; "
      "the kernel has T");
  parameter = {"T", "f33"};
  ASSERT_EQ(make({}, source), "");
  EXPECT_EQ(launch(arguments),
            "twice.json: error: parameter 'T' of kernel 'twice': expected an "
            "element type, but got 'f33'");
  parameter = {"T", "bucket(N)"};
  ASSERT_EQ(make({}, source), "");
  EXPECT_EQ(
      launch(arguments),
      "twice.json: error: parameter 'T' of kernel 'twice': a bucket is an "
      "integer, but the parameter is a type");
  source = {};
  source.optLevelPlusOne = 1;
  ASSERT_EQ(make({}, source), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
}

TEST_F(SessionTest, StrictNeverCompiles) {
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_EQ(launch(arguments),
            "strict: kernel '' of 'twice.json' for 'x86-64-v" +
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
TEST_F(SessionTest, ManifestsAreRecordedPrebuiltAndServed) {
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
  auto report = [](void *user, const char *name, const char *target,
                   TwStatus status) {
    static_cast<std::vector<std::string> *>(user)->push_back(
        std::string(name) + " " + target + " " + twStatusGetMessage(status));
  };
  ASSERT_EQ(
      take(twJitPrebuild(jit, manifest.c_str(), targets, 2, report, &reports)),
      "");
  EXPECT_EQ(reports.size(), 4u);
  EXPECT_EQ(reports.back(), "twice.json gfx942 ");
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
  EXPECT_NE(launch(many).find("cannot read '/nowhere/"), std::string::npos);
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
TEST_F(SessionTest, PreparesFallbacks) {
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
TEST_F(SessionTest, ManyWriteOneManifest) {
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

TEST_F(SessionTest, CompilesInAProcessOfItsOwn) {
  TwJitOptions options = {};
  options.usesProcess = 1;
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
  EXPECT_EQ(count().compiles, 1u);
  EXPECT_GT(count().times.total, 0.0);
  // What it makes is what is made here.
  open();
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(count().compiles, 0u);
  // Its errors arrive.
  open(options);
  write("twice.mlir", "tile.kernel @twice(");
  ASSERT_EQ(make(), "");
  EXPECT_NE(launch(arguments).find("twice.mlir:1:"), std::string::npos);
}

TEST_F(SessionTest, ACrashOfTheCompilerIsAStatus) {
  TwJitOptions options = {};
  options.usesProcess = 1;
  std::string crash = write("crash", "#!/bin/sh\nkill -SEGV $$\n");
  std::string quiet = write("quiet", "#!/bin/sh\nexit 3\n");
  std::string babble = write("babble", "#!/bin/sh\nyes >&0\n");
  for (const std::string &path : {crash, quiet, babble})
    fs::permissions(path, fs::perms::owner_all);
  Arguments arguments(64);
  auto run = [&](const std::string &program) {
    options.worker = program.c_str();
    open(options);
    EXPECT_EQ(make(), "");
    TwStatus status =
        twJitKernelLaunch(kernel, nullptr, arguments.values, 3, nullptr);
    TwCode code = twStatusGetCode(status);
    return std::to_string(code) + " " + take(status);
  };
  EXPECT_EQ(run(crash), "7 the compiler crashed on this kernel: its process '" +
                            crash +
                            "' ended by signal 11; this is a bug of "
                            "the compiler");
  EXPECT_EQ(run(quiet), "7 the compiler's process '" + quiet +
                            "' ended without an answer, with exit code 3");
  EXPECT_EQ(run(babble),
            "4 '" + babble + "' is no compiler's process of this version");
  std::string none = folder + "/none";
  EXPECT_EQ(run(none).find("3 cannot start the compiler's process '" + none),
            0u);
}

/// The message of a worker that is no compiler is not kept as a kernel.
TEST_F(SessionTest, WhatIsNoLibraryIsNotKept) {
  // A key of 3 bytes, and a library of 4.
  std::string liar = write("liar", R"(#!/bin/sh
printf '\002\0\0\0\0\0\0\0\003\0\0\0\0\0\0\0abc' >&0
printf '\004\0\0\0\0\0\0\0\134\0\0\0\0\0\0\0' >&0
printf 'library 4\nnone\nremarks 0\n\ntimes 56\n' >&0
head -c 56 /dev/zero >&0
echo >&0
exec sleep 1000
)");
  fs::permissions(liar, fs::perms::owner_all);
  TwJitOptions options = {};
  options.usesProcess = 1;
  options.worker = liar.c_str();
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_NE(launch(arguments).find("the library ends"), std::string::npos);
  open();
  ASSERT_EQ(make(), "");
  EXPECT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
}

/// A process that is ended may remove its files; it need not agree.
TEST_F(SessionTest, ProcessesAreAskedToEnd) {
  std::string polite = write("polite", "#!/bin/sh\ntrap 'touch " + folder +
                                           "/asked; exit' TERM\n"
                                           "while :; do sleep 0.01; done\n");
  std::string deaf = write("deaf", "#!/bin/sh\ntrap '' TERM\n"
                                   "while :; do sleep 0.01; done\n");
  Arguments arguments(64);
  for (const std::string &worker : {polite, deaf}) {
    fs::permissions(worker, fs::perms::owner_all);
    TwJitOptions options = {};
    options.usesProcess = 1;
    options.worker = worker.c_str();
    options.budgetMilliseconds = 500;
    open(options);
    ASSERT_EQ(make(), "");
    EXPECT_EQ(launch(arguments), "the compilation took longer than its budget");
  }
  close();
  EXPECT_TRUE(fs::exists(folder + "/asked"));
}

/// The program may take the end of its children for itself.
TEST_F(SessionTest, NeedsNoSignalOfItsChildren) {
  auto *before = std::signal(SIGCHLD, SIG_IGN);
  TwJitOptions options = {};
  options.usesProcess = 1;
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
  std::string quiet = write("quiet", "#!/bin/sh\nexit 3\n");
  fs::permissions(quiet, fs::perms::owner_all);
  options.worker = quiet.c_str();
  open(options);
  ASSERT_EQ(make(), "");
  Arguments odd(7);
  EXPECT_EQ(launch(odd),
            "the compiler's process '" + quiet + "' ended without an answer");
  std::signal(SIGCHLD, before);
}

/// A kernel does not wait for the compilations of others to be let go of.
TEST_F(SessionTest, WhatHasNotBegunIsDropped) {
  TwJitOptions options = {};
  options.usesProcess = 1;
  options.numThreads = 1;
  options.budgetMilliseconds = 600 * 1000;
  std::string asleep = write("asleep", "#!/bin/sh\nexec sleep 1000\n");
  fs::permissions(asleep, fs::perms::owner_all);
  options.worker = asleep.c_str();
  open(options);
  ASSERT_EQ(make(), "");
  TwJitKernel first = kernel;
  kernel = nullptr;
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_EQ(take(twJitKernelRequest(first, arguments.values, 3)), "");
  while (count().requests == 0)
    std::this_thread::yield();
  EXPECT_EQ(take(twJitKernelRequest(kernel, arguments.values, 3)), "");
  auto start = std::chrono::steady_clock::now();
  twJitKernelDestroy(kernel);
  kernel = nullptr;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  twJitKernelDestroy(first);
}

TEST_F(SessionTest, BudgetsAndCancellationEndACompilation) {
  TwJitOptions options = {};
  options.usesProcess = 1;
  options.budgetMilliseconds = 200;
  std::string asleep = write("asleep", "#!/bin/sh\nexec sleep 1000\n");
  fs::permissions(asleep, fs::perms::owner_all);
  options.worker = asleep.c_str();
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(launch(arguments), "the compilation took longer than its budget");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  EXPECT_EQ(take(twJitWait(jit)), "");
  EXPECT_EQ(count().timeouts, 1u);

  options.budgetMilliseconds = 600 * 1000;
  open(options);
  ASSERT_EQ(make(), "");
  std::string message;
  std::thread launcher([&] { message = launch(arguments); });
  while (count().requests == 0)
    std::this_thread::yield();
  EXPECT_EQ(take(twJitCancel(jit)), "");
  launcher.join();
  EXPECT_EQ(message, "the compilation was cancelled");
  // It is begun anew when it is asked for again, and ends with the session.
  EXPECT_EQ(take(twJitKernelRequest(kernel, arguments.values, 3)), "");
  while (count().requests == 1)
    std::this_thread::yield();
}

TEST_F(SessionTest, ALibraryCompilationCanBeCancelled) {
  TwJitOptions options = {};
  options.budgetMilliseconds = 1;
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_EQ(launch(arguments), "the compilation took longer than its budget");
  // What is over the budget is tried again, by whoever has more time.
  open();
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
}

TEST_F(SessionTest, FallbacksRunMeanwhile) {
  TwJitKernelOptions options = {};
  options.isBackground = 1;
  ASSERT_EQ(make(options), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
  EXPECT_EQ(count().fallbacks, 1u);
  ASSERT_EQ(take(twJitWait(jit)), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(count().fallbacks, 1u) << "the code was there";
  EXPECT_EQ(count().compiles, 2u);
  // One of the caller's own: nothing is waited for.
  TwFunction general = nullptr;
  TwJitKernel first = kernel;
  kernel = nullptr;
  ASSERT_EQ(take(twJitKernelGetFunction(first, arguments.values, 3, &general)),
            "");
  options.fallback = general;
  options.policy = TW_JIT_EXACT;
  ASSERT_EQ(make(options), "");
  Arguments other(80);
  ASSERT_EQ(launch(other), "");
  EXPECT_EQ(other.check(), "");
  EXPECT_EQ(count().fallbacks, 2u);
  ASSERT_EQ(take(twJitWait(jit)), "");
  ASSERT_EQ(launch(other), "");
  EXPECT_EQ(count().fallbacks, 2u);
  twJitKernelDestroy(kernel);
  kernel = nullptr;
  twJitKernelDestroy(first);
}

/// Code whose parameters follow a bound does not exist without one.
TEST_F(SessionTest, BucketsAreTheirOwnFallback) {
  std::string text = kText;
  for (const char *from : {"constant 64", "tensor<64x"})
    for (size_t at; (at = text.find(from)) != std::string::npos;)
      text.replace(at + std::strlen(from) - (from[0] == 'c' ? 2 : 3), 2,
                   "${B}");
  write("twice.mlir", text);
  text = kDescription;
  text.insert(text.find("\"T\""), R"("B": {"type": "integer", "default": 64},
                     )");
  write("twice.json", text);
  TwJitParameter parameter = {"B", "bucket(N)"};
  TwJitSource source = {};
  source.parameters = &parameter;
  source.numParameters = 1;
  TwJitKernelOptions options = {};
  options.policy = TW_JIT_BUCKETS;
  options.isBackground = 1;
  ASSERT_EQ(make(options, source), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
  EXPECT_EQ(count().fallbacks, 0u);
}

/// What a launch has code for it takes, however many classes there are.
TEST_F(SessionTest, ManyClassesDoNotHideTheFirst) {
  TwJitKernelOptions exact = {};
  exact.policy = TW_JIT_EXACT;
  ASSERT_EQ(make(exact), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  ASSERT_EQ(make(exact), "");
  ASSERT_EQ(launch(arguments), "");
  for (int64_t size = 1000; size < 2100; ++size) {
    Arguments other(size);
    EXPECT_NE(launch(other), "");
  }
  EXPECT_EQ(launch(arguments), "");
  TwFunction function = nullptr;
  EXPECT_EQ(
      take(twJitKernelGetFunction(kernel, arguments.values, 3, &function)), "");
}

TEST_F(SessionTest, ManyThreadsCompileOnce) {
  ASSERT_EQ(make(), "");
  std::vector<std::string> messages(8);
  std::vector<std::thread> threads;
  for (std::string &message : messages)
    threads.emplace_back([&] {
      for (int64_t size : {64, 7, 4, 2, 64}) {
        Arguments arguments(size);
        message += launch(arguments);
        message += arguments.check();
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &message : messages)
    EXPECT_EQ(message, "");
  EXPECT_EQ(count().compiles, 4u);
  EXPECT_EQ(count().requests, 4u);
}

/// As in a container with a limit on processes.
TEST_F(SessionTest, StandsASystemWithoutThreads) {
  ASSERT_EQ(make(), "");
  Arguments many(64), odd(7);
  pthread_attr_t usual, impossible;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  ASSERT_EQ(pthread_attr_init(&impossible), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&impossible, size_t(1) << 48), 0);
  auto launchWith = [&](const pthread_attr_t &attributes, Arguments &values) {
    EXPECT_EQ(pthread_setattr_default_np(&attributes), 0);
    std::string message = launch(values);
    EXPECT_EQ(pthread_setattr_default_np(&usual), 0);
    return message;
  };
  EXPECT_EQ(launchWith(impossible, many),
            "the system gives no thread to compile on");
  EXPECT_EQ(launchWith(usual, many), "");
  EXPECT_EQ(many.check(), "");
  EXPECT_EQ(launchWith(impossible, odd),
            "the system gives no thread that watches over a compilation");
  EXPECT_EQ(launchWith(usual, odd), "");
  EXPECT_EQ(odd.check(), "");
  pthread_attr_destroy(&impossible);
}

TEST_F(SessionTest, ManyProcessesCompileOnce) {
  close();
  twDeviceClose(device);
  device = nullptr;
  constexpr int kProcesses = 8;
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  for (int i = 0; i < kProcesses; ++i)
    if (fork() == 0) {
      char result = 'x';
      EXPECT_EQ(openDevice("host", &device), "");
      open();
      Arguments arguments(64);
      if (make() == "" && launch(arguments) == "" && arguments.check() == "")
        result = char('0' + count().compiles);
      ssize_t written = ::write(pipes[1], &result, 1);
      _exit(written == 1 ? 0 : 1);
    }
  for (int i = 0; i < kProcesses; ++i)
    wait(nullptr);
  std::string results(kProcesses, ' ');
  ASSERT_EQ(::read(pipes[0], &results[0], kProcesses), kProcesses);
  ::close(pipes[0]);
  ::close(pipes[1]);
  EXPECT_EQ(std::count(results.begin(), results.end(), '0'), kProcesses - 1)
      << results;
  EXPECT_EQ(std::count(results.begin(), results.end(), '1'), 1) << results;
  ASSERT_EQ(openDevice("host", &device), "");
}

TEST_F(SessionTest, AfterAForkTheChildOpensItsOwn) {
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  pid_t child = fork();
  if (child == 0) {
    bool isRight = launch(arguments) == "the session was opened before this "
                                        "process was forked; open one here";
    // Closing does not wait for threads that are not there.
    close();
    _exit(isRight ? 0 : 1);
  }
  int state = 0;
  waitpid(child, &state, 0);
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0);
}

/// The compiler is not left locked by threads that the child does not have.
TEST_F(SessionTest, AChildOfACompilingProcessCompiles) {
  std::atomic<bool> isOver{false};
  std::atomic<int> number{0};
  // Each kernel is another one, for its argument has another name.
  auto compile = [&](const std::string &name) -> std::string {
    std::string text = kText;
    for (size_t at; (at = text.find("${T}")) != std::string::npos;)
      text.replace(at, 4, "f32");
    text.replace(text.find("\"n\""), 3, "\"" + name + "\"");
    TwJitSource source = {};
    source.file = "twice.mlir";
    source.text = {text.data(), text.size()};
    TwLibrary library = nullptr;
    std::string message =
        take(twJitCompile(jit, &source, "x86-64-v3", &library));
    twLibraryDestroy(library);
    return message;
  };
  std::thread compiling([&] {
    while (!isOver)
      compile("n" + std::to_string(++number));
  });
  while (number < 2)
    usleep(1000);
  int numBad = 0;
  for (int i = 0; i < 20; ++i) {
    usleep(1000 * useconds_t(i % 10));
    pid_t child = fork();
    if (child == 0) {
      // What hangs is ended.
      alarm(120);
      jit = nullptr;
      cache = nullptr;
      cacheFolder = folder + "/child" + std::to_string(i);
      open();
      _exit(compile("m").empty() ? 0 : 1);
    }
    int state = 0;
    waitpid(child, &state, 0);
    numBad += !WIFEXITED(state) || WEXITSTATUS(state) != 0;
    if (numBad)
      break;
  }
  isOver = true;
  compiling.join();
  EXPECT_EQ(numBad, 0);
}

TEST_F(SessionTest, WorksWithoutAWritableFolder) {
  close();
  cacheFolder = folder + "/read-only";
  fs::create_directory(cacheFolder);
  fs::permissions(cacheFolder, fs::perms::owner_read | fs::perms::owner_exec);
  TwCacheOptions cacheOptions = {};
  cacheOptions.folder = cacheFolder.c_str();
  cacheOptions.isReadOnly = 1;
  ASSERT_EQ(take(twCacheOpen(&cacheOptions, &cache)), "");
  TwJitOptions options = {};
  options.cache = cache;
  options.compiler = compiler.c_str();
  ASSERT_EQ(take(twJitOpen(&options, &jit)), "");
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
  EXPECT_TRUE(fs::is_empty(cacheFolder));
}

TEST_F(SessionTest, RefusesAnotherCompiler) {
  TwJitOptions options = {};
  options.compiler = STUB_HIP;
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_EQ(launch(arguments).find("'" STUB_HIP "' is no compiler of "
                                   "Tilewright: it lacks twCompilerGetVersion"),
            0u);
}

TEST_F(SessionTest, CompilesForDevicesThatAreNotHere) {
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
TEST_F(SessionTest, StrictRefusesPtx) {
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
            "strict: kernel 'twice' was kept as PTX, which the driver would "
            "compile; prebuild it where ptxas or nvJitLink is found");
  twJitKernelDestroy(kernel);
  kernel = nullptr;
  twDeviceClose(gpu);
}

/// A session may be open for longer than a program is installed.
TEST_F(SessionTest, ReplacedToolsAreOtherTools) {
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

TEST_F(SessionTest, LibrariesWithoutADevice) {
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

//===----------------------------------------------------------------------===//
// What others are told
//===----------------------------------------------------------------------===//

namespace {

/// Events as text, one a line; fields that differ from run to run left out.
struct Log {
  std::mutex mutex;
  std::string text;

  explicit Log(TwLogLevel lowest) { twLogSetHandler(&add, this, lowest); }
  ~Log() { twLogSetHandler(nullptr, nullptr, TW_LOG_DEBUG); }

  static void add(void *user, const TwLogEvent *event) {
    Log &log = *static_cast<Log *>(user);
    std::lock_guard<std::mutex> lock(log.mutex);
    log.text += std::to_string(event->level) + " " + event->event;
    for (size_t i = 0; i < event->numFields; ++i) {
      const TwLogField &field = event->fields[i];
      log.text += std::string(" ") + field.name;
      if (field.text && std::string(field.name) != "target" &&
          std::string(field.name) != "chip")
        log.text += std::string("='") + field.text + "'";
      else if (!field.text)
        EXPECT_GT(field.number, 0.0) << field.name;
    }
    log.text += "\n";
  }
  std::string take() {
    std::lock_guard<std::mutex> lock(mutex);
    return std::move(text);
  }
};

} // namespace

TEST_F(SessionTest, EventsTellWhatHappens) {
  Log log(TW_LOG_DEBUG);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(log.take(),
            "1 jit.compile kernel='twice.json' source='twice.json' target ms "
            "bytes remarks=''\n"
            "1 module.load kernel='twice' variant='f32' chip bytes ms\n");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(log.take(), "") << "launches are not events";
  open();
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(log.take(),
            "0 jit.hit kernel='twice.json' source='twice.json' target\n"
            "1 module.load kernel='twice' variant='f32' chip bytes ms\n");
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  TwJitSource other = {};
  other.optLevelPlusOne = 1;
  ASSERT_EQ(make({}, other), "");
  std::string message = launch(arguments);
  EXPECT_EQ(log.take(), "3 jit.miss kernel='twice.json' source='twice.json' "
                        "target message='" +
                            message + "'\n");
  open();
  write("twice.mlir", "tile.kernel");
  ASSERT_EQ(make(), "");
  message = launch(arguments);
  EXPECT_EQ(log.take(), "2 jit.fail kernel='twice.json' source='twice.json' "
                        "target message='" +
                            message + "'\n");
  Log warnings(TW_LOG_WARNING);
  write("twice.mlir", kText);
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(warnings.take(), "");
  EXPECT_EQ(log.take(), "") << "it was replaced";
}

TEST_F(SessionTest, TracesHaveCompilationsAndLaunches) {
  std::string path = folder + "/trace.json";
  EXPECT_EQ(take(twTraceStop(path.c_str())),
            "there is no trace: begin one first");
  ASSERT_EQ(take(twTraceStart()), "");
  EXPECT_EQ(take(twTraceStart()), "there is a trace already: end it first");
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  ASSERT_EQ(launch(arguments), "");
  ASSERT_EQ(take(twTraceStop(path.c_str())), "");
  std::ifstream file(path);
  auto trace = nlohmann::json::parse(file, nullptr, false);
  ASSERT_TRUE(trace.is_object());
  std::map<std::string, std::pair<double, double>> slices;
  int numLaunches = 0;
  for (const auto &event : trace["traceEvents"]) {
    EXPECT_EQ(event["ph"], "X");
    EXPECT_GE(event["dur"].get<double>(), 0.0);
    std::string name = event["name"].get<std::string>();
    numLaunches += name == "launch twice";
    slices[name] = {event["ts"].get<double>(),
                    event["ts"].get<double>() + event["dur"].get<double>()};
  }
  EXPECT_EQ(numLaunches, 2);
  // One lies within the other.
  auto [begin, end] = slices["compile twice.json"];
  auto [outerBegin, outerEnd] = slices["obtain twice.json"];
  EXPECT_LE(outerBegin, begin);
  EXPECT_GE(outerEnd, end);
  for (const char *stage :
       {"parse", "passes", "translate", "optimize", "backend", "assemble"}) {
    ASSERT_TRUE(slices.count(stage)) << stage;
    EXPECT_LE(slices[stage].second, end) << stage;
  }
  EXPECT_TRUE(slices.count("load twice"));
  ASSERT_EQ(take(twTraceStart()), "");
  EXPECT_EQ(take(twTraceStop("/nowhere/trace.json")),
            "cannot write trace '/nowhere/trace.json': No such file or "
            "directory");
}
