// ModuleTest.cpp - kernels of libraries on devices, and their launches.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Module.h"
#include "CountKernel.h"
#include "Devices.h"
#include "Module.h"
#include "Observe.h"
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

TwModule makeModule(TwDevice device, std::initializer_list<CountImage> images,
                    std::string *message = nullptr) {
  std::string bytes = makeCountLibrary(images);
  TwLibrary library = nullptr;
  EXPECT_EQ(take(twLibraryCreate({bytes.data(), bytes.size()}, &library)), "");
  TwModule module = nullptr;
  std::string text = take(twModuleCreate(device, library, &module));
  if (message)
    *message = text;
  else
    EXPECT_EQ(text, "");
  // The module keeps it.
  twLibraryDestroy(library);
  return module;
}

/// `out` of `size` elements at `data`.
struct Out {
  int64_t size;
  TwValue value{};
  Out(void *data, int64_t size) : size(size) {
    value.kind = TW_ARRAY;
    value.type = TW_I32;
    value.rank = 1;
    value.data = data;
    value.sizes = &this->size;
  }
};

struct AnyModule : testing::TestWithParam<const char *> {
  TwDevice device = nullptr;
  void SetUp() override {
    if (!__builtin_cpu_supports("x86-64-v3"))
      GTEST_SKIP() << "this CPU is below x86-64-v3";
    ASSERT_EQ(openDevice(GetParam(), &device), "");
  }
  void TearDown() override { twDeviceClose(device); }
  bool isHost() const { return GetParam() == std::string("host"); }
};

INSTANTIATE_TEST_SUITE_P(Devices, AnyModule,
                         testing::Values("host", "cuda:0", "hip:0"),
                         [](const testing::TestParamInfo<const char *> &info) {
                           std::string name = info.param;
                           return name.substr(0, name.find(':'));
                         });

TEST_P(AnyModule, Launches) {
  TwModule module = makeModule(device, {{"sm_90a"}, {"gfx942"}, {"x86-64-v3"}});
  TwFunction function = nullptr, same = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &same)), "");
  EXPECT_EQ(function, same);
  ASSERT_EQ(twFunctionGetNumVariants(function), 1u);
  TwKernel kernel = nullptr;
  ASSERT_EQ(take(twFunctionGetKernel(function, 0, &kernel)), "");
  EXPECT_STREQ(twKernelGetVariant(kernel), "v");
  EXPECT_EQ(take(twFunctionPrepare(function)), "");
  void *memory = nullptr;
  ASSERT_EQ(take(twDeviceAllocate(device, 400, &memory)), "");
  ASSERT_EQ(take(twDeviceFill(device, memory, 0, 400, nullptr)), "");
  Out out(memory, 100);
  EXPECT_EQ(take(twFunctionLaunch(function, nullptr, &out.value, 1, nullptr)),
            "");
  // The same, packed once and launched twice.
  int64_t kernarg[2], grid[3];
  size_t variant = 7;
  ASSERT_EQ(take(twFunctionPack(function, &out.value, 1, kernarg, 16, &variant,
                                grid)),
            "");
  EXPECT_EQ(variant, 0u);
  EXPECT_EQ(grid[0], 100);
  EXPECT_EQ(kernarg[0], reinterpret_cast<intptr_t>(memory));
  EXPECT_EQ(kernarg[1], 100);
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(take(twFunctionLaunchPacked(function, variant, nullptr, kernarg,
                                          16, grid, nullptr)),
              "");
  std::vector<int32_t> result(100);
  ASSERT_EQ(take(twDeviceCopy(device, result.data(), memory, 400, nullptr)),
            "");
  ASSERT_EQ(take(twDeviceSynchronize(device)), "");
  // Stubs compute nothing.
  EXPECT_EQ(result, std::vector<int32_t>(100, isHost() ? 21 : 0));
  EXPECT_EQ(take(twDeviceFree(device, memory)), "");
  twModuleDestroy(module);
}

TEST_P(AnyModule, TakesTheVariantThatAssumesMost) {
  std::string chip = isHost()                             ? "x86-64-v3"
                     : GetParam() == std::string("hip:0") ? "gfx942"
                                                          : "sm_90a";
  TwModule module =
      makeModule(device, {{chip, "any"},
                          {chip, "by8", R"("divisible": [8])"},
                          {chip, "fixed", R"("sizes": [96], "align": 64)"}});
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  ASSERT_EQ(twFunctionGetNumVariants(function), 3u);
  alignas(64) static char memory[4096];
  auto choose = [&](int64_t size, int64_t off) {
    Out out(memory + off, size);
    int64_t kernarg[2], grid[3];
    size_t variant = 9;
    TwKernel kernel = nullptr;
    EXPECT_EQ(take(twFunctionPack(function, &out.value, 1, kernarg, 16,
                                  &variant, grid)),
              "");
    EXPECT_EQ(take(twFunctionGetKernel(function, variant, &kernel)), "");
    return std::string(twKernelGetVariant(kernel));
  };
  EXPECT_EQ(choose(96, 0), "fixed");
  EXPECT_EQ(choose(96, 4), "by8"); // not aligned
  EXPECT_EQ(choose(64, 0), "by8");
  EXPECT_EQ(choose(63, 0), "any");
  // Of equal ones the library's first, wherever its better code stands.
  TwModule equal =
      makeModule(device, {{chip, "first"}, {chip, "second"}, {chip, "first"}});
  TwFunction either = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(equal, "count", nullptr, &either)), "");
  TwKernel kernel = nullptr;
  ASSERT_EQ(take(twFunctionGetKernel(either, 0, &kernel)), "");
  EXPECT_STREQ(twKernelGetVariant(kernel), "first");
  twModuleDestroy(equal);
  // By name there is no other to fall to.
  TwFunction fixed = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", "fixed", &fixed)), "");
  Out out(memory, 63);
  EXPECT_EQ(take(twFunctionLaunch(fixed, nullptr, &out.value, 1, nullptr)),
            "kernel 'count', variant 'fixed': argument 'out': expected size 96 "
            "in dimension 0, but got 63");
  // What no variant takes: the message of the weakest.
  out.value.type = TW_F32;
  EXPECT_EQ(take(twFunctionLaunch(function, nullptr, &out.value, 1, nullptr)),
            "kernel 'count', variant 'any': argument 'out': expected elements "
            "of type i32, but got f32");
  twModuleDestroy(module);
}

/// Where the types differ between variants, the one that has those of the
/// arguments says what is wrong with them.
TEST_P(AnyModule, RefusesAsTheVariantThatIsNearest) {
  std::string chip = isHost()                             ? "x86-64-v3"
                     : GetParam() == std::string("hip:0") ? "gfx942"
                                                          : "sm_90a";
  auto makeVariant = [&](const char *name, const char *type, int rank,
                         const char *facts) {
    CountImage image(chip, name);
    std::string array = std::string(R"(, "kind": "memref", "type": ")") + type +
                        R"(", "rank": )" + std::to_string(rank) +
                        R"(, "contiguous": true, )";
    image.metadata = std::string(R"({"version": 1, "kernel": "count",
      "variant": ")") +
                     name + R"(", "chip": ")" + chip +
                     R"(", "symbol": "count", "abi": {"args": [{"name": "a")" +
                     array + facts + R"("offset": 0}, {"name": "b")" + array +
                     R"("offset": 24}], "bytes": 48},
      "grid": {"exprs": [1]}, "workgroup": [1, 1, 1]})";
    return image;
  };
  TwModule module = makeModule(
      device,
      {makeVariant("f32by8", "f32", 1, R"("divisible": [8], )"),
       makeVariant("f32", "f32", 1, ""), makeVariant("f32x2", "f32", 2, ""),
       makeVariant("f64", "f64", 1, "")});
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  alignas(64) static char memory[4096];
  int64_t sizes[2] = {5, 5};
  TwValue values[2] = {};
  for (TwValue &value : values) {
    value.kind = TW_ARRAY;
    value.type = TW_F32;
    value.rank = 1;
    value.data = memory;
    value.sizes = sizes;
  }
  auto launch = [&](size_t numValues) {
    return take(
        twFunctionLaunch(function, nullptr, values, numValues, nullptr));
  };
  values[0].data = nullptr;
  EXPECT_EQ(launch(2), "kernel 'count', variant 'f32': argument 'a': expected "
                       "memory, but got a null pointer");
  values[0].rank = values[1].rank = 2;
  EXPECT_EQ(launch(2), "kernel 'count', variant 'f32x2': argument 'a': "
                       "expected memory, but got a null pointer");
  sizes[1] = -1;
  EXPECT_EQ(launch(2), "kernel 'count', variant 'f32x2': argument 'a': "
                       "expected a size of at least 0 in dimension 1, but got "
                       "-1");
  sizes[1] = 5;
  values[0].data = memory;
  // Two variants have its first argument, and assume less.
  values[0].rank = values[1].rank = 1;
  values[1].kind = TW_SCALAR;
  EXPECT_EQ(launch(2), "kernel 'count', variant 'f32': argument 'b': expected "
                       "an array, but got a scalar");
  // No variant is nearer than the others.
  values[0].type = TW_I8;
  EXPECT_EQ(launch(2),
            "kernel 'count', variant 'f64': argument 'a': expected elements of "
            "type f64, but got i8");
  EXPECT_EQ(launch(1), "kernel 'count' takes 2 arguments, but got 1");
  twModuleDestroy(module);
}

/// A handler may call the runtime, also for the module that it is told of.
TEST_P(AnyModule, LogHandlerCallsTheModule) {
  TwModule module = makeModule(
      device, {{"sm_90a"}, {"gfx942"}, {"x86-64-v3"}, {"x86-64-v3", "w"}});
  struct Seen {
    TwModule module;
    int numLoads = 0;
  } seen{module};
  twLogSetHandler(
      [](void *user, const TwLogEvent *event) {
        if (std::strcmp(event->event, "module.load") != 0)
          return;
        auto *seen = static_cast<Seen *>(user);
        ++seen->numLoads;
        TwFunction function = nullptr;
        EXPECT_EQ(take(twModuleGetFunction(seen->module, "count", nullptr,
                                           &function)),
                  "");
        EXPECT_EQ(take(twFunctionPrepare(function)), "");
      },
      &seen, TW_LOG_INFO);
  TwFunction function = nullptr;
  EXPECT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  EXPECT_EQ(take(twFunctionPrepare(function)), "");
  twLogSetHandler(nullptr, nullptr, TW_LOG_DEBUG);
  EXPECT_EQ(seen.numLoads, isHost() ? 2 : 1);
  twModuleDestroy(module);
}

TEST_P(AnyModule, NothingToLaunch) {
  TwModule module = makeModule(device, {{"sm_90a"}, {"gfx942"}, {"x86-64-v3"}});
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  Out out(nullptr, 0);
  std::string kind(GetParam(), std::strcspn(GetParam(), ":"));
  if (!isHost())
    Stub(kind).takeLog();
  EXPECT_EQ(take(twFunctionLaunch(function, nullptr, &out.value, 1, nullptr)),
            "");
  // It does not even load.
  if (!isHost())
    EXPECT_EQ(Stub(kind).takeLog(), "");
  twModuleDestroy(module);
}

TEST_P(AnyModule, GridsThatAreNone) {
  TwModule module = makeModule(device, {{"sm_90a"}, {"gfx942"}, {"x86-64-v3"}});
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  int64_t kernarg[2] = {}, negative[3] = {1, -1, 1},
          huge[3] = {int64_t(1) << 40, int64_t(1) << 40, 1},
          none[3] = {5, 0, 5}, vast[3] = {huge[0], huge[1], 0};
  auto launch = [&](const int64_t *grid) {
    return take(twFunctionLaunchPacked(function, 0, nullptr, kernarg, 16, grid,
                                       nullptr));
  };
  EXPECT_EQ(launch(negative), "kernel 'count', variant 'v': expected a grid "
                              "of at most 9223372036854775807 workgroups, but "
                              "got 1 x -1 x 1");
  EXPECT_EQ(launch(huge), "kernel 'count', variant 'v': expected a grid of at "
                          "most 9223372036854775807 workgroups, but got "
                          "1099511627776 x 1099511627776 x 1");
  EXPECT_EQ(launch(none), "");
  EXPECT_EQ(launch(vast), "");
  TwLaunchOptions options = {};
  options.clusterSize = -1;
  TwStatus status =
      twFunctionLaunchPacked(function, 0, nullptr, kernarg, 16, none, &options);
  EXPECT_EQ(twStatusGetCode(status), TW_INVALID_ARGUMENT);
  EXPECT_EQ(take(status),
            "kernel 'count', variant 'v': expected clusters of at least 0 "
            "workgroups, but got -1");
  EXPECT_EQ(twFunctionGetNumVariants(nullptr), 0u);
  twModuleDestroy(module);
}

TEST_P(AnyModule, Refuses) {
  TwModule module = makeModule(device, {{"sm_120"}, {"gfx90a"}, {"x86-64-v9"}});
  TwFunction function = nullptr;
  std::string message =
      take(twModuleGetFunction(module, "count", nullptr, &function));
  TwDeviceInfo info;
  ASSERT_EQ(take(twDeviceGetInfo(device, &info)), "");
  EXPECT_EQ(message, std::string("the library has no kernel 'count' for device "
                                 "'") +
                         GetParam() + "', which is '" + info.target +
                         "'; it has count/v/sm_120, count/v/gfx90a, "
                         "count/v/x86-64-v9");
  EXPECT_EQ(take(twModuleGetFunction(module, "count", "w", &function))
                .rfind("the library has no kernel 'count', variant 'w' for", 0),
            0u);
  EXPECT_EQ(function, nullptr);
  twModuleDestroy(module);
  EXPECT_EQ(take(twModuleCreate(device, nullptr, &module)),
            "expected a library and a place for a module");
  twModuleDestroy(nullptr);
}

TEST_P(AnyModule, ManyThreadsLoadOnce) {
  TwModule module = makeModule(device, {{"sm_90a"}, {"gfx942"}, {"x86-64-v3"}});
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  std::string kind(GetParam(), std::strcspn(GetParam(), ":"));
  if (!isHost())
    Stub(kind).takeLog();
  std::vector<std::thread> threads;
  static int32_t memory[8][16];
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      Out out(memory[t], 16);
      for (int i = 0; i < 100; ++i)
        EXPECT_EQ(
            take(twFunctionLaunch(function, nullptr, &out.value, 1, nullptr)),
            "");
    });
  for (std::thread &thread : threads)
    thread.join();
  if (!isHost()) {
    std::string log = Stub(kind).takeLog();
    size_t count = 0;
    for (size_t at = 0; (at = log.find("ModuleLoad", at)) != std::string::npos;
         ++at)
      ++count;
    EXPECT_EQ(count, 1u);
  }
  twModuleDestroy(module);
}

//===----------------------------------------------------------------------===//
// Call by call
//===----------------------------------------------------------------------===//

TEST(CudaModule, Calls) {
  Stub stub("cuda");
  stub.reset();
  TwDevice device = nullptr;
  ASSERT_EQ(openDevice("cuda:0", &device), "");
  stub.setCurrent(1);
  TwModule module = makeModule(device, {{"sm_90a"}});
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  stub.takeLog();
  EXPECT_EQ(take(twFunctionPrepare(function)), "");
  EXPECT_EQ(take(twFunctionPrepare(function)), "");
  // Loading is allowed while streams are captured. The code declares 1024 of
  // 4096 bytes; the others are dynamic.
  EXPECT_EQ(stub.takeLog(), "cuThreadExchangeStreamCaptureMode 2\n"
                            "cuModuleLoadDataEx ELF 2\n"
                            "cuModuleGetFunction count\n"
                            "cuFuncGetAttribute 1\n"
                            "cuFuncSetAttribute 8 3072\n"
                            "cuThreadExchangeStreamCaptureMode 0\n");
  auto *pointer = reinterpret_cast<void *>(uintptr_t(0x1122334455667700));
  Out out(pointer, 5);
  auto *stream = reinterpret_cast<TwStream>(uintptr_t(0x30));
  EXPECT_EQ(take(twFunctionLaunch(function, stream, &out.value, 1, nullptr)),
            "");
  EXPECT_EQ(stub.takeLog(), "cuLaunchKernel count 5 1 1 64 1 1 3072 ptr null "
                            "00776655443322110500000000000000\n");
  TwLaunchOptions options = {};
  options.clusterSize = 4;
  options.isCooperative = 1;
  options.isProgrammatic = 1;
  options.priority = -3;
  EXPECT_EQ(take(twFunctionLaunch(function, stream, &out.value, 1, &options)),
            "");
  EXPECT_EQ(stub.takeLog(),
            "cuLaunchKernelEx count 5 1 1 64 1 1 3072 ptr 4=4,2=1,6=1,8=-3, "
            "null 00776655443322110500000000000000\n");
  // More workgroups than a dimension of the hardware's grid.
  int64_t kernarg[2] = {}, grid[3] = {1 << 20, 1 << 20, 1};
  EXPECT_EQ(take(twFunctionLaunchPacked(function, 0, stream, kernarg, 16, grid,
                                        nullptr)),
            "kernel 'count', variant 'v': expected a grid of at most "
            "2147483647 workgroups, but got 1099511627776");
  twModuleDestroy(module);
  EXPECT_EQ(stub.takeLog(), "");
  twDeviceClose(device);
  EXPECT_EQ(stub.takeLog(), "cuCtxSynchronize\n"
                            "cuThreadExchangeStreamCaptureMode 2\n"
                            "cuModuleUnload\n"
                            "cuThreadExchangeStreamCaptureMode 0\n"
                            "cuDevicePrimaryCtxRelease_v2 0\n");
  stub.setCurrent(0);
}

TEST(HipModule, LaunchesCooperatively) {
  Stub stub("hip");
  stub.reset();
  TwDevice device = nullptr;
  ASSERT_EQ(openDevice("hip:0", &device), "");
  TwModule module = makeModule(device, {{"gfx942"}});
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  ASSERT_EQ(take(twFunctionPrepare(function)), "");
  stub.takeLog();
  auto *pointer = reinterpret_cast<void *>(uintptr_t(0x1122334455667700));
  Out out(pointer, 5);
  TwLaunchOptions options = {};
  options.isCooperative = 1;
  EXPECT_EQ(take(twFunctionLaunch(function, nullptr, &out.value, 1, &options)),
            "");
  // The address and the size, each by its place.
  EXPECT_EQ(stub.takeLog(),
            "hipModuleLaunchCooperativeKernel count 5 1 1 64 1 1 0 null "
            "0077665544332211 0500000000000000\n");
  stub.fail("hipModuleLaunchCooperativeKernel", 720);
  EXPECT_EQ(take(twFunctionLaunch(function, nullptr, &out.value, 1, &options))
                .find("kernel 'count', variant 'v': cannot launch a kernel: "
                      "HIP answers"),
            0u);
  twModuleDestroy(module);
  twDeviceClose(device);
}

/// While a stream is captured a driver refuses to wait for the device; code
/// that may still run must not go.
/// To wait for the device while a stream is captured loses the capture, and who
/// destroys a module cannot know what other threads do.
TEST(GpuModule, UnloadsWhenTheDeviceIsWaitedFor) {
  for (const char *name : {"cuda:0", "hip:0"}) {
    std::string kind(name, std::strcspn(name, ":"));
    bool isHip = kind == "hip";
    Stub stub(kind);
    stub.reset();
    const char *wait = isHip ? "hipDeviceSynchronize" : "cuCtxSynchronize";
    std::string prefix = isHip ? "hip" : "cu";
    std::string unload = prefix + "ThreadExchangeStreamCaptureMode 2\n" +
                         prefix + "ModuleUnload\n" + prefix +
                         "ThreadExchangeStreamCaptureMode 0\n";
    auto count = [&](const std::string &log) {
      int found = 0;
      for (size_t at = 0; (at = log.find(unload, at)) != std::string::npos;
           ++at)
        ++found;
      return found;
    };
    TwDevice device = nullptr;
    ASSERT_EQ(openDevice(name, &device), "");
    auto load = [&] {
      TwModule module = makeModule(device, {{isHip ? "gfx942" : "sm_90a"}});
      TwFunction function = nullptr;
      EXPECT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)),
                "");
      EXPECT_EQ(take(twFunctionPrepare(function)), "");
      return module;
    };
    TwModule first = load(), second = load(), third = load();
    stub.takeLog();
    twModuleDestroy(first);
    twModuleDestroy(second);
    EXPECT_EQ(stub.takeLog(), "");
    stub.fail(wait, 900);
    EXPECT_NE(take(twDeviceSynchronize(device)), "");
    EXPECT_EQ(count(stub.takeLog()), 0);
    EXPECT_EQ(take(twDeviceSynchronize(device)), "");
    EXPECT_EQ(count(stub.takeLog()), 2);
    EXPECT_EQ(take(twDeviceSynchronize(device)), "");
    EXPECT_EQ(count(stub.takeLog()), 0);
    twModuleDestroy(third);
    stub.fail(wait, 900);
    twDeviceClose(device);
    EXPECT_EQ(count(stub.takeLog()), 1);
  }
}

/// In a child the lock of a module may be a thread's that is not there.
TEST(Module, GetFunctionAnswersInAForkedChild) {
  TwDevice device = nullptr;
  Stub stub("cuda");
  ASSERT_EQ(openDevice("cuda:0", &device), "");
  TwModule module = makeModule(device, {{"sm_90a"}});
  std::atomic<bool> ends{false};
  std::thread other([&] {
    while (!ends) {
      TwFunction function = nullptr;
      twStatusDestroy(twModuleGetFunction(module, "none", nullptr, &function));
    }
  });
  for (int i = 0; i < 20; ++i) {
    pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      alarm(10);
      TwFunction function = nullptr;
      TwStatus status =
          twModuleGetFunction(module, "count", nullptr, &function);
      bool isRight = twStatusGetCode(status) == TW_UNSUPPORTED;
      // Others can be opened here.
      TwDevice host = nullptr;
      isRight &= !twDeviceOpen("host", nullptr, &host);
      _exit(isRight ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  ends = true;
  other.join();
  twModuleDestroy(module);
  twDeviceClose(device);
}

/// A module does not go while another thread is in a call.
TEST(HostModule, WaitsForCallsThatAreBeingMade) {
  if (!__builtin_cpu_supports("x86-64-v3"))
    GTEST_SKIP() << "this CPU is below x86-64-v3";
  TwDevice device = nullptr;
  ASSERT_EQ(openDevice("host", &device), "");
  TwModule module = makeModule(device, {{"x86-64-v3"}});
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  std::vector<int32_t> memory(1 << 24);
  Out out(memory.data(), int64_t(memory.size()));
  std::thread launcher([&] {
    EXPECT_EQ(take(twFunctionLaunch(function, nullptr, &out.value, 1, nullptr)),
              "");
  });
  // The call has begun once there is something of it to see.
  while (__atomic_load_n(&memory[0], __ATOMIC_ACQUIRE) == 0)
    std::this_thread::yield();
  twModuleDestroy(module);
  EXPECT_EQ(std::count(memory.begin(), memory.end(), 7), 1 << 24);
  launcher.join();
  twDeviceClose(device);
}

TEST(Module, CountsCalls) {
  tilewright::rt::CallCounter counter;
  using Call = tilewright::rt::CallCounter::Call;
  Call none(nullptr);
  EXPECT_TRUE(counter.isZero());
  {
    Call first(&counter);
    EXPECT_FALSE(counter.isZero());
    std::thread([&] {
      Call second(&counter);
      EXPECT_FALSE(counter.isZero());
    }).join();
    EXPECT_FALSE(counter.isZero());
  }
  EXPECT_TRUE(counter.isZero());
}

/// More threads than places to count in, so that some share one.
TEST(Module, CountsCallsOfManyThreads) {
  tilewright::rt::CallCounter counter;
  using Call = tilewright::rt::CallCounter::Call;
  constexpr int kThreads = 64;
  std::atomic<int> numInside{0}, numMayLeave{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      for (int j = 0; j < 1000; ++j) {
        Call outer(&counter);
        Call inner(&counter);
        EXPECT_FALSE(counter.isZero());
      }
      Call last(&counter);
      ++numInside;
      while (numMayLeave <= i)
        std::this_thread::yield();
    });
  while (numInside < kThreads)
    std::this_thread::yield();
  // One after the other leaves, and the last one still counts.
  for (int i = 0; i < kThreads; ++i) {
    EXPECT_FALSE(counter.isZero()) << i;
    ++numMayLeave;
    threads[size_t(i)].join();
  }
  EXPECT_TRUE(counter.isZero());
}

/// As many as a machine of usual size runs do not write to one cache line.
TEST(Module, ThreadsCountInPlacesOfTheirOwn) {
  constexpr size_t kThreads = 16;
  for (int round = 0; round < 20; ++round) {
    tilewright::rt::CallCounter counter;
    std::atomic<size_t> numInside{0};
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        for (int j = 0; j < 100; ++j)
          tilewright::rt::CallCounter::Call call(&counter);
        ++numInside;
        while (numInside < kThreads)
          std::this_thread::yield();
      });
    for (std::thread &thread : threads)
      thread.join();
    EXPECT_EQ(counter.countOwners(), kThreads);
  }
}

TEST(GpuModule, NeedsMoreThanThereIs) {
  for (const char *name : {"cuda:0", "hip:0"}) {
    Stub stub(std::string(name, std::strcspn(name, ":")));
    stub.reset();
    TwDevice device = nullptr;
    ASSERT_EQ(openDevice(name, &device), "");
    CountImage large(name == std::string("hip:0") ? "gfx942" : "sm_90a");
    large.sharedBytes = 1 << 20;
    CountImage wide = large;
    wide.variant = "wide";
    wide.sharedBytes = 0;
    wide.threads = 2048;
    TwModule module = makeModule(device, {large, wide});
    TwFunction function = nullptr;
    ASSERT_EQ(take(twModuleGetFunction(module, "count", "v", &function)), "");
    EXPECT_EQ(take(twFunctionPrepare(function))
                  .rfind("kernel 'count', variant 'v': needs 1048576 bytes of "
                         "shared memory, but the device has ",
                         0),
              0u);
    ASSERT_EQ(take(twModuleGetFunction(module, "count", "wide", &function)),
              "");
    EXPECT_EQ(take(twFunctionPrepare(function)),
              "kernel 'count', variant 'wide': needs 2048 threads per "
              "workgroup, but the device has 1024");
    twModuleDestroy(module);
    twDeviceClose(device);
  }
}

TEST(CudaModule, ChoosesCode) {
  Stub stub("cuda");
  stub.reset();
  auto load = [&](const char *target,
                  std::initializer_list<CountImage> images) {
    stub.setTarget(target);
    TwDevice device = nullptr;
    EXPECT_EQ(openDevice("cuda:0", &device), "");
    TwModule module = makeModule(device, images);
    TwFunction function = nullptr;
    std::string text =
        take(twModuleGetFunction(module, "count", nullptr, &function));
    stub.takeLog();
    if (text.empty())
      text = take(twFunctionPrepare(function));
    std::string log = stub.takeLog();
    size_t at = log.find("cuModuleLoadDataEx ");
    if (at != std::string::npos)
      text += log.substr(at + 19, log.find(' ', at + 19) - at - 19);
    twModuleDestroy(module);
    twDeviceClose(device);
    return text;
  };
  CountImage cubin{"sm_80"}, ptx{"sm_80"}, both{"sm_80"};
  ptx.image = ".ver";
  both.ptx = ".tar";
  EXPECT_EQ(load("sm_86", {cubin}), "ELF");
  EXPECT_EQ(load("sm_90", {ptx}), ".ver");
  // The PTX beside the machine code serves what is newer.
  EXPECT_EQ(load("sm_86", {both}), "ELF");
  EXPECT_EQ(load("sm_90", {both}), ".tar");
  // Machine code comes before PTX, whichever is first.
  EXPECT_EQ(load("sm_80", {ptx, cubin}), "ELF");
  EXPECT_EQ(load("sm_80", {cubin, ptx}), "ELF");
  EXPECT_NE(load("sm_75", {both}).find("which is 'sm_75'"), std::string::npos);
  stub.setTarget("");
}

TEST(CudaModule, Errors) {
  Stub stub("cuda");
  stub.reset();
  TwDevice device = nullptr;
  ASSERT_EQ(openDevice("cuda:0", &device), "");
  stub.setCurrent(1);
  TwModule module = makeModule(device, {{"sm_90a"}});
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  stub.fail("cuModuleLoadDataEx", 218);
  EXPECT_EQ(
      take(twFunctionPrepare(function)),
      "kernel 'count', variant 'v': cannot load the code: the CUDA driver "
      "answers CUDA_ERROR_STUB (218): an error of the stub; ptxas says "
      "no");
  // Every call of a load that fails leaves nothing, and the next load works.
  for (auto [call, skip] : std::vector<std::pair<const char *, int>>{
           {"cuThreadExchangeStreamCaptureMode", 0},
           {"cuThreadExchangeStreamCaptureMode", 1},
           {"cuModuleGetFunction", 0},
           {"cuFuncGetAttribute", 0},
           {"cuFuncSetAttribute", 0}}) {
    stub.takeLog();
    stub.fail(call, 999, skip);
    EXPECT_NE(take(twFunctionPrepare(function)), "") << call;
    std::string log = stub.takeLog();
    bool hasLoaded = log.find("cuModuleLoadDataEx") != std::string::npos;
    bool hasUnloaded = log.find("cuModuleUnload") != std::string::npos;
    EXPECT_EQ(hasLoaded, hasUnloaded) << log;
    EXPECT_EQ(hasLoaded, skip > 0 || std::string(call) !=
                                         "cuThreadExchangeStreamCaptureMode");
  }
  stub.fail("cuLaunchKernel", 700);
  Out out(nullptr, 0);
  int64_t kernarg[2] = {}, grid[3] = {1, 1, 1};
  EXPECT_EQ(take(twFunctionLaunchPacked(function, 0, nullptr, kernarg, 16, grid,
                                        nullptr)),
            "kernel 'count', variant 'v': cannot launch a kernel: the CUDA "
            "driver answers CUDA_ERROR_STUB (700): an error of the stub");
  EXPECT_EQ(take(twFunctionLaunchPacked(function, 0, nullptr, kernarg, 8, grid,
                                        nullptr)),
            "kernel 'count' needs 16 bytes of kernarg, but got 8");
  EXPECT_EQ(take(twFunctionLaunchPacked(function, 3, nullptr, kernarg, 16, grid,
                                        nullptr)),
            "expected a variant below 1, arguments and a grid, but got variant "
            "3");
  twModuleDestroy(module);
  twDeviceClose(device);
  stub.setCurrent(0);
}

TEST(HipModule, Calls) {
  Stub stub("hip");
  stub.reset();
  stub.setCurrent(1);
  TwDevice device = nullptr;
  ASSERT_EQ(openDevice("hip:0", &device), "");
  TwModule module = makeModule(device, {{"gfx942"}});
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  stub.takeLog();
  auto *pointer = reinterpret_cast<void *>(uintptr_t(0x1122334455667700));
  Out out(pointer, 5);
  EXPECT_EQ(take(twFunctionLaunch(function, nullptr, &out.value, 1, nullptr)),
            "");
  EXPECT_EQ(stub.takeLog(), "hipThreadExchangeStreamCaptureMode 2\n"
                            "hipModuleLoadData ELF\n"
                            "hipModuleGetFunction count\n"
                            "hipThreadExchangeStreamCaptureMode 0\n"
                            "hipModuleLaunchKernel count 5 1 1 64 1 1 0 null "
                            "null 00776655443322110500000000000000\n");
  TwLaunchOptions options = {};
  options.clusterSize = 4;
  EXPECT_EQ(take(twFunctionLaunch(function, nullptr, &out.value, 1, &options)),
            "kernel 'count', variant 'v': HIP has no launches with clusters, "
            "programmatic dependence or priority");
  int64_t kernarg[2] = {}, grid[3] = {1 << 26, 1, 1};
  EXPECT_EQ(take(twFunctionLaunchPacked(function, 0, nullptr, kernarg, 16, grid,
                                        nullptr)),
            "kernel 'count', variant 'v': expected a grid of at most 67108863 "
            "workgroups of 64 threads, but got 67108864");
  stub.takeLog();
  twModuleDestroy(module);
  EXPECT_EQ(stub.takeLog(), "");
  twDeviceClose(device);
  EXPECT_EQ(stub.takeLog(), "hipDeviceSynchronize\n"
                            "hipThreadExchangeStreamCaptureMode 2\n"
                            "hipModuleUnload\n"
                            "hipThreadExchangeStreamCaptureMode 0\n");
}

} // namespace

/// A trace is not left locked by threads that the child does not have, and the
/// child's has what the child did.
TEST(Trace, AChildOfATracingProcessTraces) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "a child of many threads does not always live under it";
#endif
#endif
  if (!__builtin_cpu_supports("x86-64-v3"))
    GTEST_SKIP() << "this CPU is below x86-64-v3";
  auto launchOnce = [] {
    TwDevice device = nullptr;
    EXPECT_EQ(openDevice("host", &device), "");
    TwModule module = makeModule(device, {{"x86-64-v3"}});
    TwFunction function = nullptr;
    int32_t element = 0;
    Out out(&element, 1);
    std::string message =
        take(twModuleGetFunction(module, "count", nullptr, &function)) +
        take(twFunctionLaunch(function, nullptr, &out.value, 1, nullptr));
    twModuleDestroy(module);
    twDeviceClose(device);
    return message;
  };
  ASSERT_EQ(take(twTraceStart()), "");
  std::atomic<bool> isOver{false};
  std::vector<std::thread> tracing;
  for (int i = 0; i < 2; ++i)
    tracing.emplace_back([&] {
      while (!isOver)
        tilewright::rt::addSlice("test", "slice", 0, 1);
    });
  std::string path = testing::TempDir() + "tilewright-trace-" +
                     std::to_string(getpid()) + ".json";
  int numBad = 0;
  for (int i = 0; i < 50 && !numBad; ++i) {
    pid_t child = fork();
    if (child == 0) {
      // What hangs is ended.
      alarm(60);
      bool isRight = launchOnce().empty();
      isRight &= take(twTraceStop(path.c_str())).empty();
      std::ifstream file(path);
      std::string text{std::istreambuf_iterator<char>(file), {}};
      isRight &= text.find("\"launch count\"") != std::string::npos;
      isRight &= text.find("\"test\"") == std::string::npos;
      isRight &= take(twTraceStart()).empty();
      _exit(isRight ? 0 : 1);
    }
    int state = 0;
    waitpid(child, &state, 0);
    numBad += !WIFEXITED(state) || WEXITSTATUS(state) != 0;
  }
  isOver = true;
  for (std::thread &thread : tracing)
    thread.join();
  EXPECT_EQ(numBad, 0);
  EXPECT_EQ(take(twTraceStop(nullptr)), "");
  std::remove(path.c_str());
}
