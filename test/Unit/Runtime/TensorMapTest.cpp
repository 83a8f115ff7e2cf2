// TensorMapTest.cpp - tensor maps that a launch encodes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CountKernel.h"
#include "Devices.h"
#include "KeptTensorMaps.h"
#include "tilewright-rt/Module.h"
#include <atomic>
#include <random>
#include <thread>
#include <vector>

using namespace tilewright::rt;

namespace {

const char *kMap = R"(, "tensor_maps": [{"argument": 0, "offset": 64,
  "box": [4, 32], "element_strides": [1, 2], "swizzle": 128,
  "l2_promotion": 256, "fills_nan": true}])";

/// A kernel of one array, its map behind its arguments.
struct TensorMapTest : testing::Test {
  Stub stub{"cuda"};
  TwDevice device = nullptr;
  TwModule module = nullptr;
  TwFunction function = nullptr;
  int64_t sizes[5] = {6, 40, 1, 1, 1}, strides[5] = {64, 1, 1, 1, 1};
  TwValue value = {};

  void open(const std::string &type = "f16", int rank = 2,
            const std::string &map = kMap) {
    TearDown();
    stub.reset();
    ASSERT_EQ(openDevice("cuda:0", &device), "");
    stub.setCurrent(1);
    CountImage image("sm_90a");
    image.kernargBytes = 192;
    image.more = map;
    std::string metadata = describeCount(image);
    auto replace = [&](const std::string &from, const std::string &to) {
      size_t at = metadata.find(from);
      ASSERT_NE(at, std::string::npos) << from;
      metadata.replace(at, from.size(), to);
    };
    replace("\"type\": \"i32\"", "\"type\": \"" + type + "\"");
    replace("\"rank\": 1", "\"rank\": " + std::to_string(rank));
    replace("\"contiguous\": true, \"dims\": [\"N\"]",
            rank == 2 ? "\"dims\": [\"N\", \"K\"]" : "\"align\": 1");
    replace("\"exprs\": [\"N\"]", "\"exprs\": [1]");
    image.metadata = metadata;
    std::string bytes = makeCountLibrary({image});
    TwLibrary library = nullptr;
    ASSERT_EQ(take(twLibraryCreate({bytes.data(), bytes.size()}, &library)),
              "");
    ASSERT_EQ(take(twModuleCreate(device, library, &module)), "");
    twLibraryDestroy(library);
    ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)),
              "");
    ASSERT_EQ(take(twFunctionPrepare(function)), "");
    stub.takeLog();
    value.kind = TW_ARRAY;
    ASSERT_EQ(take(twElementTypeParse(type.c_str(), &value.type)), "");
    value.rank = rank;
    value.sizes = sizes;
    value.strides = strides;
    value.data = reinterpret_cast<void *>(uintptr_t(0x7000));
  }
  void TearDown() override {
    twModuleDestroy(module);
    twDeviceClose(device);
    stub.setCurrent(0);
    module = nullptr;
    device = nullptr;
  }
  std::string launch() {
    return take(twFunctionLaunch(function, nullptr, &value, 1, nullptr));
  }
};

std::string repeat(const char *text, int count) {
  std::string result;
  while (count--)
    result += text;
  return result;
}

} // namespace

TEST_F(TensorMapTest, AreEncodedOnce) {
  open();
  ASSERT_EQ(launch(), "");
  // The innermost dimension first; strides in bytes. Address, sizes and strides
  // are passed as well, and the map lies behind them.
  std::string kernel = "cuLaunchKernel count 1 1 1 64 1 1 3072 null null "
                       "0070000000000000"
                       "0600000000000000"
                       "2800000000000000"
                       "4000000000000000"
                       "0100000000000000" +
                       repeat("00", 24) + repeat("22", 128) + "\n";
  EXPECT_EQ(stub.takeLog(), "cuTensorMapEncodeTiled 6 2 ptr sizes=40,6 "
                            "strides=128 box=32,4 steps=2,1  0 3 3 1\n" +
                                kernel);
  ASSERT_EQ(launch(), "");
  EXPECT_EQ(stub.takeLog(), kernel) << "it was kept";
  // Any change makes another one.
  for (auto change : {+[](TensorMapTest &test) {
                        test.value.data = reinterpret_cast<void *>(0x8000);
                      },
                      +[](TensorMapTest &test) { test.sizes[1] = 41; },
                      +[](TensorMapTest &test) { test.strides[0] = 72; }}) {
    change(*this);
    ASSERT_EQ(launch(), "");
    EXPECT_EQ(stub.takeLog().find("cuTensorMapEncodeTiled"), 0u);
    ASSERT_EQ(launch(), "");
    EXPECT_EQ(stub.takeLog().find("cuLaunchKernel"), 0u);
  }
  // For all threads.
  std::thread([&] { EXPECT_EQ(launch(), ""); }).join();
  EXPECT_EQ(stub.takeLog().find("cuTensorMapEncodeTiled"), std::string::npos);
  // Another kernel with an equal array has another map.
  open();
  ASSERT_EQ(launch(), "");
  EXPECT_EQ(stub.takeLog().find("cuTensorMapEncodeTiled"), 0u);
}

TEST_F(TensorMapTest, ManyAreKept) {
  // As a model has them: one kernel for the weights of many layers, in turns.
  constexpr uintptr_t kLayers = 500;
  open();
  for (int round = 0; round < 3; ++round) {
    for (uintptr_t i = 1; i <= kLayers; ++i) {
      value.data = reinterpret_cast<void *>(i * 7340032);
      ASSERT_EQ(launch(), "");
    }
    size_t numEncoded = 0;
    std::string log = stub.takeLog(), call = "cuTensorMapEncodeTiled";
    for (size_t at = 0; (at = log.find(call, at)) != std::string::npos; ++at)
      ++numEncoded;
    EXPECT_EQ(numEncoded, round == 0 ? kLayers : 0);
  }
  // Batches of many sizes in one buffer.
  for (int round = 0; round < 2; ++round) {
    stub.takeLog();
    for (int64_t i = 1; i <= 256; ++i) {
      sizes[0] = i;
      ASSERT_EQ(launch(), "");
    }
    EXPECT_EQ(stub.takeLog().find("cuTensorMapEncodeTiled") ==
                  std::string::npos,
              round == 1);
  }
  // With ever more the oldest ones go, and what comes is right.
  for (uintptr_t i = 1000; i < 3000; ++i) {
    sizes[1] = int64_t(i);
    ASSERT_EQ(launch(), "");
    EXPECT_EQ(stub.takeLog().find("cuTensorMapEncodeTiled 6 2 ptr sizes=" +
                                  std::to_string(i) + ",256 "),
              0u);
  }
}

/// Threads that encode the same map at the same time.
TEST(KeptTensorMaps, AreKeptOnce) {
  KeptTensorMaps kept;
  KeptTensorMaps::Key first = {}, second = {}; // of one set
  second[2] = 1;
  KeptTensorMaps::Map map = {}, found = {};
  map.fill(7);
  kept.add(first, map.data());
  for (int i = 0; i < 100; ++i)
    kept.add(second, map.data());
  EXPECT_TRUE(kept.find(second, found.data()));
  EXPECT_TRUE(kept.find(first, found.data()));
}

TEST(KeptTensorMaps, AreWholeWhileOthersAreWritten) {
  KeptTensorMaps kept;
  constexpr uint64_t kKeys = 4000; // four times what is kept
  std::atomic<uint64_t> numFound{0}, numWrong{0};
  auto use = [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 100000; ++i) {
      // Some more often than others.
      uint64_t number = random() % (1 + random() % kKeys);
      KeptTensorMaps::Key key = {};
      key.fill(number);
      KeptTensorMaps::Map map = {}, found = {};
      map.fill(number * 3);
      if (!kept.find(key, found.data())) {
        kept.add(key, map.data());
        continue;
      }
      ++numFound;
      numWrong += found != map;
    }
  };
  std::vector<std::thread> threads;
  for (uint64_t seed = 1; seed <= 4; ++seed)
    threads.emplace_back(use, seed);
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(numWrong, 0u);
  EXPECT_GT(numFound, 100000u);
  EXPECT_LT(numFound, 400000u);
}

TEST_F(TensorMapTest, PackedArgumentsHaveThem) {
  open();
  alignas(64) unsigned char kernarg[192];
  size_t variant = 0;
  int64_t grid[3];
  ASSERT_EQ(take(twFunctionPack(function, &value, 1, kernarg, sizeof(kernarg),
                                &variant, grid)),
            "");
  EXPECT_EQ(kernarg[64], 0x22);
  EXPECT_EQ(kernarg[191], 0x22);
}

TEST_F(TensorMapTest, OfAllTypes) {
  for (auto [type, number] :
       std::vector<std::pair<const char *, int>>{{"f64", 8},
                                                 {"f32", 7},
                                                 {"bf16", 9},
                                                 {"f16", 6},
                                                 {"f8E4M3FN", 0},
                                                 {"f8E5M2", 0},
                                                 {"i1", 0},
                                                 {"i8", 0},
                                                 {"i16", 1},
                                                 {"i32", 3},
                                                 {"i64", 5}}) {
    open(type);
    ASSERT_EQ(launch(), "") << type;
    // NaN is for floating-point numbers alone.
    EXPECT_EQ(stub.takeLog().find(
                  "cuTensorMapEncodeTiled " + std::to_string(number) +
                  " 2 ptr sizes=40,6 strides=" +
                  std::to_string(64 * twElementTypeGetBytes(value.type)) +
                  " box=32,4 steps=2,1  0 3 3 " + (number >= 6 ? "1" : "0")),
              0u)
        << type;
  }
}

TEST_F(TensorMapTest, WhatTheHardwareAsksIsChecked) {
  open();
  value.data = reinterpret_cast<void *>(uintptr_t(0x7008));
  EXPECT_EQ(launch(), "kernel 'count', variant 'v': "
                      "argument 'out': expected an address aligned to 16 bytes "
                      "for its tensor map, but it is 8 bytes off");
  value.data = reinterpret_cast<void *>(uintptr_t(0x7000));
  strides[0] = 41;
  EXPECT_EQ(launch(), "kernel 'count', variant 'v': "
                      "argument 'out': expected a stride that is a multiple of "
                      "16 bytes in dimension 0 for its tensor map, but got 82");
  strides[0] = 64;
  strides[1] = 2;
  EXPECT_EQ(launch(),
            "kernel 'count', variant 'v': "
            "argument 'out': expected stride 1 in dimension 1 for its "
            "tensor map, but got 2");
  strides[1] = 1;
  sizes[0] = int64_t(1) << 33;
  EXPECT_EQ(launch(),
            "kernel 'count', variant 'v': "
            "argument 'out': expected sizes of at most 4294967295 for "
            "its tensor map, but got 8589934592 in dimension 0");
  stub.takeLog();
  // A dimension of size 1 takes no step.
  sizes[0] = 1;
  strides[0] = 41;
  EXPECT_EQ(launch(), "");
  EXPECT_NE(stub.takeLog().find("strides=80 "), std::string::npos);
  // Nothing there, nothing to encode; null is legal.
  sizes[0] = 0;
  value.data = nullptr;
  EXPECT_EQ(launch(), "");
  EXPECT_EQ(stub.takeLog().find("cuLaunchKernel"), 0u);
  sizes[0] = 6;
  strides[0] = 64;
  value.data = reinterpret_cast<void *>(uintptr_t(0x9000));
  stub.fail("cuTensorMapEncodeTiled", 1);
  EXPECT_EQ(launch(), "kernel 'count', variant 'v': "
                      "argument 'out': cannot encode a tensor map: the CUDA "
                      "driver answers CUDA_ERROR_STUB (1): an error of the "
                      "stub");
  // What failed is not kept.
  EXPECT_EQ(launch(), "");
}

TEST(TensorMap, BadRecipesAreRefused) {
  CountImage image("sm_90a");
  image.kernargBytes = 192;
  auto error = [&](const std::string &map) {
    image.more = ", \"tensor_maps\": " + map;
    TwKernel kernel = nullptr;
    std::string message =
        take(twKernelCreate(describeCount(image).c_str(), &kernel));
    twKernelDestroy(kernel);
    return message;
  };
  EXPECT_EQ(error(R"([{"argument": 0, "offset": 64}])"), "");
  EXPECT_EQ(error("5"), "metadata: /tensor_maps: expected an array of at most "
                        "1024 tensor maps");
  EXPECT_EQ(error(R"([{"argument": 1, "offset": 64}])"),
            "metadata: /tensor_maps/0/argument: expected an integer in [0, 0]");
  EXPECT_EQ(error(R"([{"argument": 0, "offset": 32}])"),
            "metadata: /tensor_maps/0/offset: expected a multiple of 64, with "
            "128 bytes of kernarg");
  EXPECT_EQ(error(R"([{"argument": 0, "offset": 128}])"),
            "metadata: /tensor_maps/0/offset: expected a multiple of 64, with "
            "128 bytes of kernarg");
  EXPECT_EQ(error(R"([{"argument": 0, "offset": 64, "box": [257]}])"),
            "metadata: /tensor_maps/0/box: expected sizes of at most 256");
  EXPECT_EQ(error(R"([{"argument": 0, "offset": 64, "element_strides": [9]}])"),
            "metadata: /tensor_maps/0/element_strides: expected strides of at "
            "most 8");
  for (const char *key : {R"("swizzle": 96)", R"("swizzle": 16)",
                          R"("l2_promotion": 192)", R"("l2_promotion": 32)"})
    EXPECT_EQ(
        error(std::string(R"([{"argument": 0, "offset": 64, )") + key + "}]"),
        "metadata: /tensor_maps/0: expected a swizzle of 0, 32, 64 or 128 "
        "bytes, and a promotion of 0, 64, 128 or 256");
}

TEST(TensorMap, OtherDevicesHaveNone) {
  Stub stub("hip");
  stub.reset();
  TwDevice device = nullptr;
  ASSERT_EQ(openDevice("hip:0", &device), "");
  CountImage image("gfx942");
  image.kernargBytes = 192;
  image.more = R"(, "tensor_maps": [{"argument": 0, "offset": 64}])";
  std::string bytes = makeCountLibrary({image});
  TwLibrary library = nullptr;
  ASSERT_EQ(take(twLibraryCreate({bytes.data(), bytes.size()}, &library)), "");
  TwModule module = nullptr;
  ASSERT_EQ(take(twModuleCreate(device, library, &module)), "");
  twLibraryDestroy(library);
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  int64_t size = 4;
  TwValue value = {};
  value.kind = TW_ARRAY;
  value.type = TW_I32;
  value.rank = 1;
  value.sizes = &size;
  value.data = reinterpret_cast<void *>(uintptr_t(0x7000));
  EXPECT_EQ(take(twFunctionLaunch(function, nullptr, &value, 1, nullptr)),
            "kernel 'count', variant 'v': "
            "argument 'out': this device has no tensor maps");
  twModuleDestroy(module);
  twDeviceClose(device);
}
