// LaunchInfoTest.cpp - what launches have, and what they may ask for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CountKernel.h"
#include "Devices.h"
#include "Support.h"
#include "tilewright-rt/Module.h"
#include "gtest/gtest.h"
#include <climits>

namespace {

TwKernel makeKernel(const std::string &keys) {
  std::string metadata = R"({"version": 1, "kernel": "k", "variant": "v",
    "chip": "gfx942", "symbol": "k",
    "abi": {"args": [
      {"name": "a", "kind": "memref", "type": "f32", "rank": 1, "offset": 0,
       "contiguous": true, "dims": ["N"]},
      {"name": "w", "kind": "memref", "type": "f32", "rank": 1, "offset": 16,
       "contiguous": true, "workspace": ["mul", "N", 8]}], "bytes": 36},
    "grid": {"exprs": ["N", 2]})" +
                         keys + "}";
  TwKernel kernel = nullptr;
  EXPECT_EQ(take(twKernelCreate(metadata.c_str(), &kernel)), "");
  return kernel;
}

TEST(LaunchInfo, SaysWhatTheMetadataSay) {
  TwKernel kernel = makeKernel(
      R"(, "workgroup": [64, 4, 1], "wave_size": 64, "shared_bytes": 16384,
      "private_bytes": 12, "registers": {"vgpr": 64, "agpr": 32, "sgpr": 100,
      "spills": 3})");
  TwLaunchInfo info;
  ASSERT_EQ(take(twKernelGetLaunchInfo(kernel, &info)), "");
  EXPECT_EQ(info.workgroup[0], 64);
  EXPECT_EQ(info.workgroup[1], 4);
  EXPECT_EQ(info.workgroup[2], 1);
  EXPECT_EQ(twKernelGetWorkgroupThreads(kernel), 256);
  EXPECT_EQ(info.waveLanes, 64);
  EXPECT_EQ(info.sharedBytes, 16384);
  EXPECT_EQ(info.scratchBytes, 0);
  EXPECT_EQ(info.privateBytes, 12);
  EXPECT_EQ(info.kernargBytes, 40u);
  EXPECT_EQ(info.numGridDims, 2u);
  EXPECT_EQ(info.numWorkspaces, 1u);
  EXPECT_EQ(info.numTensorMaps, 0u);
  EXPECT_EQ(info.vectorRegisters, 64);
  EXPECT_EQ(info.accumulationRegisters, 32);
  EXPECT_EQ(info.scalarRegisters, 100);
  EXPECT_EQ(info.spills, 3);
  EXPECT_EQ(take(twKernelGetLaunchInfo(kernel, nullptr)),
            "expected a kernel and a place for what its launches have");
  EXPECT_EQ(take(twKernelGetLaunchInfo(nullptr, &info)),
            "expected a kernel and a place for what its launches have");
  twKernelDestroy(kernel);
}

TEST(LaunchInfo, SaysWhatIsNotSaid) {
  TwKernel kernel = makeKernel("");
  TwLaunchInfo info;
  ASSERT_EQ(take(twKernelGetLaunchInfo(kernel, &info)), "");
  for (int64_t threads : info.workgroup)
    EXPECT_EQ(threads, 1);
  for (int64_t number :
       {info.waveLanes, info.privateBytes, info.vectorRegisters,
        info.accumulationRegisters, info.scalarRegisters, info.spills})
    EXPECT_EQ(number, -1);
  twKernelDestroy(kernel);
}

TEST(LaunchInfo, RefusesWhatIsNoNumber) {
  for (const char *keys :
       {R"("registers": {"vgpr": "64"})", R"("registers": 7)",
        R"("registers": {"spills": -1})", R"("wave_size": 1.5)",
        R"("workgroup": [-9223372036854775808, 2, 1])",
        R"("shared_bytes": 18446744073709551615)"}) {
    std::string metadata = describeCount({"gfx942"});
    metadata.insert(metadata.rfind('}'), std::string(", ") + keys);
    TwKernel kernel = nullptr;
    TwStatus status = twKernelCreate(metadata.c_str(), &kernel);
    EXPECT_EQ(twStatusGetCode(status), TW_CORRUPT) << keys;
    twStatusDestroy(status);
  }
}

//===----------------------------------------------------------------------===//
// On devices
//===----------------------------------------------------------------------===//

/// A device, and `count` on it.
struct Opened {
  TwDevice device = nullptr;
  TwModule module = nullptr;
  TwFunction function = nullptr;
  alignas(8) char kernarg[64] = {};
  int64_t grid[3] = {1, 1, 1};

  Opened(const char *name, std::initializer_list<CountImage> images) {
    EXPECT_EQ(openDevice(name, &device), "");
    std::string bytes = makeCountLibrary(images);
    TwLibrary library = nullptr;
    EXPECT_EQ(take(twLibraryCreate({bytes.data(), bytes.size()}, &library)),
              "");
    EXPECT_EQ(take(twModuleCreate(device, library, &module)), "");
    twLibraryDestroy(library);
    EXPECT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)),
              "");
  }
  ~Opened() {
    twModuleDestroy(module);
    twDeviceClose(device);
  }
  TwLaunchLimits get(size_t index = 0) {
    TwLaunchLimits limits;
    EXPECT_EQ(take(twFunctionGetLaunchLimits(function, index, &limits)), "");
    return limits;
  }
  /// What a launch of `workgroups` workgroups with `options` answers.
  TwCode launch(int64_t workgroups, TwLaunchOptions options = {}) {
    grid[0] = workgroups;
    TwStatus status = twFunctionLaunchPacked(function, 0, nullptr, kernarg,
                                             sizeof(kernarg), grid, &options);
    TwCode code = twStatusGetCode(status);
    twStatusDestroy(status);
    return code;
  }
  /// Whether launches agree with what the query says of them.
  void expectAgreement() {
    TwLaunchLimits limits = get();
    TwLaunchOptions cluster = {}, cooperative = {}, programmatic = {},
                    priority = {};
    cluster.clusterSize = 2;
    cooperative.isCooperative = 1;
    programmatic.isProgrammatic = 1;
    priority.priority = 1;
    auto expect = [&](bool has, TwLaunchOptions options) {
      EXPECT_EQ(launch(1, options), has ? TW_OK : TW_UNSUPPORTED);
    };
    expect(limits.maxClusterSize > 1, cluster);
    expect(limits.hasCooperative, cooperative);
    expect(limits.hasProgrammatic, programmatic);
    expect(limits.hasPriority, priority);
  }
};

TEST(LaunchLimits, Cuda) {
  Stub stub("cuda");
  stub.reset();
  CountImage wide("sm_90a", "wide", R"("divisible": [8])");
  wide.threads = 2048;
  Opened opened("cuda:0", {wide, {"sm_90a"}});
  TwLaunchLimits limits = opened.get(1);
  EXPECT_EQ(limits.maxClusterSize, 8);
  EXPECT_TRUE(limits.hasCooperative);
  EXPECT_TRUE(limits.hasProgrammatic);
  EXPECT_TRUE(limits.hasPriority);
  EXPECT_EQ(limits.maxWorkgroups, INT_MAX);
  EXPECT_EQ(limits.maxWorkgroupThreads, 1024);
  EXPECT_EQ(limits.maxSharedBytes, 232448);
  EXPECT_TRUE(limits.fits);
  EXPECT_FALSE(opened.get(0).fits);
  EXPECT_EQ(limits.dynamicSharedBytes, -1);
  TwFunction one = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(opened.module, "count", "v", &one)), "");
  ASSERT_EQ(take(twFunctionPrepare(one)), "");
  // What the driver says the code declares is not asked for again.
  opened.function = one;
  TwKernel kernel = nullptr;
  ASSERT_EQ(take(twFunctionGetKernel(one, 0, &kernel)), "");
  limits = opened.get();
  EXPECT_GE(limits.dynamicSharedBytes, 0);
  EXPECT_LE(limits.dynamicSharedBytes, twKernelGetSharedBytes(kernel));
  opened.expectAgreement();
  EXPECT_EQ(opened.launch(limits.maxWorkgroups), TW_OK);
  EXPECT_EQ(opened.launch(limits.maxWorkgroups + 1), TW_INVALID_ARGUMENT);
  EXPECT_EQ(take(twFunctionGetLaunchLimits(one, 1, &limits)),
            "expected a variant below 1 and a place for its limits, but got 1");
  EXPECT_NE(take(twFunctionGetLaunchLimits(nullptr, 0, &limits)), "");
  EXPECT_NE(take(twFunctionGetLaunchLimits(one, 0, nullptr)), "");
}

TEST(LaunchLimits, OlderCuda) {
  Stub stub("cuda");
  stub.reset();
  stub.setTarget("sm_86");
  Opened opened("cuda:0", {{"sm_80"}});
  TwLaunchLimits limits = opened.get();
  EXPECT_EQ(limits.maxClusterSize, 1);
  EXPECT_FALSE(limits.hasProgrammatic);
  EXPECT_TRUE(limits.hasCooperative);
  opened.expectAgreement();
  TwLaunchOptions options = {};
  options.clusterSize = 2;
  EXPECT_EQ(
      take(twFunctionLaunchPacked(opened.function, 0, nullptr, opened.kernarg,
                                  64, opened.grid, &options)),
      "kernel 'count', variant 'v': 'sm_86' has no launches with clusters");
}

TEST(LaunchLimits, Hip) {
  Stub stub("hip");
  stub.reset();
  Opened opened("hip:0", {{"gfx942"}});
  TwLaunchLimits limits = opened.get();
  EXPECT_EQ(limits.maxClusterSize, 1);
  EXPECT_TRUE(limits.hasCooperative);
  EXPECT_FALSE(limits.hasProgrammatic);
  EXPECT_FALSE(limits.hasPriority);
  EXPECT_EQ(limits.maxWorkgroups, int64_t(UINT32_MAX) / 64);
  EXPECT_EQ(limits.maxSharedBytes, 65536);
  opened.expectAgreement();
  EXPECT_EQ(opened.get().dynamicSharedBytes, 0);
  EXPECT_EQ(opened.launch(limits.maxWorkgroups), TW_OK);
  EXPECT_EQ(opened.launch(limits.maxWorkgroups + 1), TW_INVALID_ARGUMENT);
}

TEST(LaunchLimits, Host) {
  if (!__builtin_cpu_supports("x86-64-v3"))
    GTEST_SKIP() << "this CPU is below x86-64-v3";
  CountImage image("x86-64-v3");
  image.threads = 1;
  Opened opened("host", {image});
  TwLaunchLimits limits = opened.get();
  EXPECT_EQ(limits.maxClusterSize, 1);
  EXPECT_FALSE(limits.hasCooperative || limits.hasProgrammatic ||
               limits.hasPriority);
  EXPECT_EQ(limits.maxWorkgroups, INT64_MAX);
  EXPECT_EQ(limits.maxSharedBytes, 0);
  EXPECT_TRUE(limits.fits);
  TwKernel kernel = nullptr;
  ASSERT_EQ(take(twFunctionGetKernel(opened.function, 0, &kernel)), "");
  TwLaunchInfo info;
  ASSERT_EQ(take(twKernelGetLaunchInfo(kernel, &info)), "");
  EXPECT_EQ(info.scratchBytes, 256);
}

} // namespace
