// inside.cpp - what launches cost that no public call shows by itself.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// inside STUB_DRIVER EMPTY.tilelib; bench/runtime/inside.py runs it.
#include "Library.h"
#include "Support.h"
#include "host/Pool.h"
#include "tilewright-rt/Module.h"
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>

using namespace tilewright::rt;

static void check(TwStatus status) {
  if (!status)
    return;
  std::fprintf(stderr, "inside: error: %s\n", twStatusGetMessage(status));
  std::exit(1);
}

/// Best nanoseconds of a call over some rounds.
template <typename Call> static double measure(int calls, Call call) {
  double best = 1e30;
  for (int round = 0; round < 20; ++round) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i)
      call();
    std::chrono::duration<double, std::nano> time =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, time.count() / calls);
  }
  return best;
}

//===----------------------------------------------------------------------===//
// Empty grids of the host
//===----------------------------------------------------------------------===//

static void doNothing(const uint8_t *, int64_t, int64_t, uint8_t *) {}

static void measureHost(const char *file) {
  std::unique_ptr<HostPool> pool;
  check(HostPool::create(0, pool));
  TwDevice device;
  TwLibrary library;
  TwModule module;
  TwFunction function;
  check(twDeviceOpen("host", nullptr, &device));
  check(twLibraryCreateFromFile(file, &library));
  check(twModuleCreate(device, library, &module));
  check(twModuleGetFunction(module, "empty", nullptr, &function));
  check(twFunctionPrepare(function));
  std::printf("host, %lld threads: an empty kernel beside a bare call of the "
              "pool\n",
              static_cast<long long>(pool->getNumThreads()));
  for (int64_t size : {1, 64, 4096}) {
    TwValue value = {};
    value.kind = TW_SCALAR;
    value.integer = size;
    int calls = size > 1 ? 2000 : 100000;
    double bare = measure(
        calls, [&] { check(pool->run(&doNothing, nullptr, size, 0)); });
    double launch = measure(calls, [&] {
      check(twFunctionLaunch(function, nullptr, &value, 1, nullptr));
    });
    std::printf("  %4lld workgroups: pool %8.0f ns, launch %8.0f ns, %+.0f\n",
                static_cast<long long>(size), bare, launch, launch - bare);
  }
  twModuleDestroy(module);
  twLibraryDestroy(library);
  twDeviceClose(device);
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

static std::string makeMetadata(int numMaps) {
  std::string text = R"({"version": 1, "kernel": "k", "variant": "v",
    "chip": "sm_90a", "symbol": "k", "abi": {"bytes": 512, "args": [)";
  for (int i = 0; i < 3; ++i)
    text += std::string(i ? ", " : "") + "{\"name\": \"x" + std::to_string(i) +
            "\", \"kind\": \"memref\", \"type\": \"bf16\", \"rank\": 2, "
            "\"offset\": " +
            std::to_string(32 * i) + ", \"strides\": [null, 1]}";
  text += "]}, \"grid\": {\"exprs\": [64]}, \"tensor_maps\": [";
  for (int i = 0; i < numMaps; ++i)
    text += std::string(i ? ", " : "") + "{\"argument\": " + std::to_string(i) +
            ", \"offset\": " + std::to_string(128 * (i + 1)) +
            ", \"box\": [64, 64], \"swizzle\": 128}";
  return text + "]}";
}

static void measureMaps(const char *driver) {
  TwDeviceOptions options = {};
  options.driver = driver;
  TwDevice device;
  check(twDeviceOpen("cuda:0", &options, &device));
  using Switch = void (*)(int);
  using SetCurrent = void (*)(long);
  void *stub = dlopen(driver, RTLD_NOW);
  reinterpret_cast<Switch>(dlsym(stub, "stubSetRecording"))(0);
  reinterpret_cast<SetCurrent>(dlsym(stub, "stubSetCurrent"))(1);
  std::printf("tensor maps: three arrays of two dimensions\n");
  double without = 0;
  for (int numMaps : {0, 1, 3}) {
    // A library without a file: as the reader would make it.
    std::string metadata = makeMetadata(numMaps);
    auto *library = new TwLibraryStorage;
    TwImageInfo image = {};
    image.kernel = "k";
    image.variant = "v";
    image.chip = "sm_90a";
    image.triple = image.source = image.ptx = "";
    image.metadata = metadata.c_str();
    image.image = {"\x7f"
                   "ELF",
                   4};
    library->images.push_back(image);
    TwModule module;
    TwFunction function;
    check(twModuleCreate(device, library, &module));
    check(twModuleGetFunction(module, "k", nullptr, &function));
    check(twFunctionPrepare(function));
    int64_t sizes[2] = {4096, 4096}, strides[2] = {4096, 1};
    TwValue values[3] = {};
    for (int i = 0; i < 3; ++i) {
      values[i].kind = TW_ARRAY;
      values[i].type = TW_BF16;
      values[i].rank = 2;
      values[i].sizes = sizes;
      values[i].strides = strides;
      values[i].data = reinterpret_cast<void *>(uintptr_t(i + 1) << 32);
    }
    double time = measure(100000, [&] {
      check(twFunctionLaunch(function, nullptr, values, 3, nullptr));
    });
    without = numMaps ? without : time;
    std::printf("  %d kept maps: %6.1f ns", numMaps, time);
    if (numMaps)
      std::printf(", %+.1f a map (budget 50)", (time - without) / numMaps);
    std::printf("\n");
    twModuleDestroy(module);
    twLibraryDestroy(library);
  }
  twDeviceClose(device);
}

int main(int argc, char **argv) {
  if (argc != 3)
    return 1;
  measureHost(argv[2]);
  measureMaps(argv[1]);
  return 0;
}
