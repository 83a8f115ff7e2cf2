// SessionTest.cpp - kernels compiled when they are launched, and kept.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SessionFixture.h"
#include "jit/Table.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <malloc.h>
#include <mutex>
#include <pthread.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using SessionTest = SessionFixture;

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
      "twice.json: error: no variant takes these arguments:"
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

/// Launches of `kernel` for `size` elements without the time that they take.
static std::string ask(TwJitKernel kernel, Arguments &arguments, int64_t size) {
  arguments.size = size;
  TwFunction function = nullptr;
  return take(twJitKernelGetFunction(kernel, arguments.values, 3, &function));
}

/// A server that sees another shape each time has code for 1024 of them.
TEST_F(SessionTest, ClassesAreBounded) {
  TwJitKernelOptions dynamic = {}, exact = {};
  dynamic.policy = TW_JIT_DYNAMIC;
  exact.policy = TW_JIT_EXACT;
  Arguments arguments(200000);
  ASSERT_EQ(make(dynamic), "");
  ASSERT_EQ(ask(kernel, arguments, 1), "");
  // Strict, so that nothing is compiled for the first shapes.
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  ASSERT_EQ(make(exact), "");
  for (int64_t size = 1; size <= 1024; ++size)
    ASSERT_NE(ask(kernel, arguments, size), "") << size;
  ASSERT_EQ(ask(kernel, arguments, 1025), "");
  uint64_t requests = count().requests;
  size_t bytes = mallinfo2().uordblks;
  for (int64_t size = 1026; size <= 100000; ++size)
    ASSERT_EQ(ask(kernel, arguments, size), "") << size;
  EXPECT_EQ(kernel->table.getAll().size(), 1025u) << "with the one for all";
  EXPECT_EQ(count().requests, requests);
  EXPECT_LT(mallinfo2().uordblks, bytes + 65536);
  Arguments other(100001);
  EXPECT_EQ(launch(other), "");
  EXPECT_EQ(other.check(), "");
}

TEST_F(SessionTest, ThreadsKeepTheBoundOfClasses) {
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  TwJitKernelOptions exact = {};
  exact.policy = TW_JIT_EXACT;
  ASSERT_EQ(make(exact), "");
  std::vector<std::thread> threads;
  for (int64_t i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      Arguments arguments(4096);
      for (int64_t size = 1 + i; size <= 2400; size += 8)
        EXPECT_NE(ask(kernel, arguments, size), "");
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(kernel->table.getAll().size(), 1025u);
}

/// Of parameters that follow a bucket there is no code for all.
TEST_F(SessionTest, ClassesWithoutCodeForAllAreBounded) {
  TwJitParameter parameter = {"T", "bucket(N)"};
  TwJitSource source = {};
  source.parameters = &parameter;
  source.numParameters = 1;
  TwJitKernelOptions exact = {};
  exact.policy = TW_JIT_EXACT;
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  ASSERT_EQ(make(exact, source), "");
  Arguments arguments(16384);
  for (int64_t size = 1; size <= 8192; ++size)
    ASSERT_NE(ask(kernel, arguments, size), "") << size;
  EXPECT_EQ(ask(kernel, arguments, 8193),
            "kernel 'twice.json' has code for 8192 classes of arguments, and "
            "none for all, since a parameter follows a bucket; destroy it and "
            "make it anew");
  EXPECT_EQ(kernel->table.getAll().size(), 8192u);
}

/// A source of a megabyte is not kept once for each class.
TEST_F(SessionTest, ClassesShareTheirSource) {
  std::string text = write("twice.mlir", kText + std::string(1 << 20, '\n'));
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  TwJitKernelOptions exact = {};
  exact.policy = TW_JIT_EXACT;
  // A file that a description names, and a source of its own.
  for (const std::string &file : {description, text}) {
    TwJitSource source = {};
    source.file = file.c_str();
    ASSERT_EQ(make(exact, source), "");
    Arguments arguments(4096);
    ASSERT_NE(ask(kernel, arguments, 1), "");
    struct mallinfo2 before = mallinfo2();
    for (int64_t size = 2; size <= 100; ++size)
      ASSERT_NE(ask(kernel, arguments, size), "");
    struct mallinfo2 after = mallinfo2();
    EXPECT_LT(after.uordblks + after.hblkhd,
              before.uordblks + before.hblkhd + (8 << 20))
        << file;
  }
}
