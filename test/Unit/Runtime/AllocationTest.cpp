// AllocationTest.cpp - a launch of loaded code allocates nothing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CountKernel.h"
#include "Devices.h"
#include "tilewright-rt/Module.h"
#include <atomic>
#include <cstdlib>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER // it has a malloc of its own
#endif
#endif

#ifndef HAS_SANITIZER

static std::atomic<bool> isCounting{false};
static std::atomic<int> numAllocations{0};

/// All of the process allocate here, in any thread.
extern "C" {
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static void count() {
  if (isCounting.load(std::memory_order_relaxed))
    numAllocations.fetch_add(1, std::memory_order_relaxed);
}
void *malloc(size_t bytes) {
  count();
  return __libc_malloc(bytes);
}
void *calloc(size_t number, size_t bytes) {
  count();
  return __libc_calloc(number, bytes);
}
void *realloc(void *memory, size_t bytes) {
  count();
  return __libc_realloc(memory, bytes);
}
void *aligned_alloc(size_t alignment, size_t bytes) {
  count();
  return __libc_memalign(alignment, bytes);
}
}

struct Allocations : testing::TestWithParam<const char *> {};

INSTANTIATE_TEST_SUITE_P(Devices, Allocations,
                         testing::Values("host", "cuda:0", "hip:0"),
                         [](const testing::TestParamInfo<const char *> &info) {
                           std::string name = info.param;
                           return name.substr(0, name.find(':'));
                         });

TEST_P(Allocations, LaunchesDoWithout) {
  if (!__builtin_cpu_supports("x86-64-v3"))
    GTEST_SKIP() << "this CPU is below x86-64-v3";
  std::string kind = std::string(GetParam()).substr(0, 4);
  std::string chip = kind == "host"   ? "x86-64-v3"
                     : kind == "cuda" ? "sm_90a"
                                      : "gfx942";
  TwDevice device = nullptr;
  ASSERT_EQ(openDevice(GetParam(), &device), "");
  // The first variant does not take 100 elements.
  std::string bytes =
      makeCountLibrary({{chip, "by8", R"("divisible": [8])"}, {chip}});
  TwLibrary library = nullptr;
  ASSERT_EQ(take(twLibraryCreate({bytes.data(), bytes.size()}, &library)), "");
  TwModule module = nullptr;
  ASSERT_EQ(take(twModuleCreate(device, library, &module)), "");
  twLibraryDestroy(library);
  TwFunction function = nullptr;
  ASSERT_EQ(take(twModuleGetFunction(module, "count", nullptr, &function)), "");
  ASSERT_EQ(twFunctionGetNumVariants(function), 2u);
  void *memory = nullptr;
  ASSERT_EQ(take(twDeviceAllocate(device, 400, &memory)), "");
  int64_t size = 100;
  TwValue value = {};
  value.kind = TW_ARRAY;
  value.type = TW_I32;
  value.rank = 1;
  value.sizes = &size;
  value.data = memory;
  // Loads the code.
  ASSERT_EQ(take(twFunctionLaunch(function, nullptr, &value, 1, nullptr)), "");
  if (kind != "host")
    Stub(kind == "cuda" ? "cuda" : "hip").setRecording(false);
  numAllocations = 0;
  isCounting = true;
  TwStatus status = nullptr;
  for (int i = 0; i < 1000 && !status; ++i)
    status = twFunctionLaunch(function, nullptr, &value, 1, nullptr);
  isCounting = false;
  EXPECT_EQ(take(status), "");
  EXPECT_EQ(numAllocations, 0);
  // The count counts.
  isCounting = true;
  std::free(std::malloc(1));
  isCounting = false;
  EXPECT_GT(numAllocations, 0);
  if (kind != "host")
    Stub(kind == "cuda" ? "cuda" : "hip").setRecording(true);
  EXPECT_EQ(take(twDeviceFree(device, memory)), "");
  twModuleDestroy(module);
  twDeviceClose(device);
}

#endif // HAS_SANITIZER
