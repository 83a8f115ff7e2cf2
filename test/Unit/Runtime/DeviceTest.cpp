// DeviceTest.cpp - devices, memory, streams and events.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Devices.h"
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

/// What all devices do alike.
struct AnyDevice : testing::TestWithParam<const char *> {
  TwDevice device = nullptr;

  void SetUp() override { ASSERT_EQ(openDevice(GetParam(), &device), ""); }
  void TearDown() override { twDeviceClose(device); }
  bool isHost() const { return GetParam() == std::string("host"); }
};

INSTANTIATE_TEST_SUITE_P(Devices, AnyDevice,
                         testing::Values("host", "cuda:1", "hip:1"),
                         [](const testing::TestParamInfo<const char *> &info) {
                           std::string name = info.param;
                           return name.substr(0, name.find(':'));
                         });

TEST_P(AnyDevice, SaysWhatItIs) {
  TwDeviceInfo info;
  ASSERT_EQ(take(twDeviceGetInfo(device, &info)), "");
  EXPECT_STREQ(info.name, GetParam());
  EXPECT_STRNE(info.product, "");
  EXPECT_STRNE(info.target, "");
  EXPECT_GT(info.memoryBytes, 1u << 20);
  EXPECT_EQ(info.sharedBytes > 0, !isHost());
  EXPECT_GE(info.maxWorkgroupThreads, 1);
  EXPECT_GE(info.numComputeUnits, 1);
}

TEST_P(AnyDevice, CopiesAndFills) {
  std::vector<uint8_t> in(1000), out(1000);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = uint8_t(i * 7);
  void *memory = nullptr, *other = nullptr;
  ASSERT_EQ(take(twDeviceAllocate(device, 1000, &memory)), "");
  ASSERT_EQ(take(twDeviceAllocate(device, 1000, &other)), "");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 256, 0u);
  EXPECT_EQ(take(twDeviceCopy(device, memory, in.data(), 1000, nullptr)), "");
  EXPECT_EQ(take(twDeviceCopy(device, other, memory, 1000, nullptr)), "");
  EXPECT_EQ(take(twDeviceFill(device, other, 0xAB, 10, nullptr)), "");
  EXPECT_EQ(take(twDeviceCopy(device, out.data(), other, 1000, nullptr)), "");
  EXPECT_EQ(take(twStreamSynchronize(device, nullptr)), "");
  EXPECT_EQ(take(twDeviceSynchronize(device)), "");
  std::fill_n(in.begin(), 10, 0xAB);
  EXPECT_EQ(in, out);
  EXPECT_EQ(take(twDeviceFree(device, memory)), "");
  EXPECT_EQ(take(twDeviceFree(device, other)), "");
}

TEST_P(AnyDevice, NothingIsAllowed) {
  void *memory = &memory;
  EXPECT_EQ(take(twDeviceAllocate(device, 0, &memory)), "");
  EXPECT_EQ(memory, nullptr);
  EXPECT_EQ(take(twDeviceFree(device, nullptr)), "");
  EXPECT_EQ(take(twDeviceCopy(device, nullptr, nullptr, 0, nullptr)), "");
  EXPECT_EQ(take(twDeviceFill(device, nullptr, 1, 0, nullptr)), "");
  EXPECT_EQ(take(twStreamDestroy(device, nullptr)), "");
  EXPECT_EQ(take(twEventDestroy(device, nullptr)), "");
}

TEST_P(AnyDevice, StreamsAndEvents) {
  TwStream stream = nullptr;
  TwEvent start = nullptr, end = nullptr;
  ASSERT_EQ(take(twStreamCreate(device, -1, &stream)), "");
  ASSERT_EQ(take(twEventCreate(device, &start)), "");
  ASSERT_EQ(take(twEventCreate(device, &end)), "");
  EXPECT_EQ(take(twEventRecord(device, start, stream)), "");
  EXPECT_EQ(take(twEventRecord(device, end, stream)), "");
  EXPECT_EQ(take(twEventWait(device, start, nullptr)), "");
  EXPECT_EQ(take(twEventSynchronize(device, end)), "");
  float ms = -1;
  EXPECT_EQ(take(twEventGetElapsed(device, start, end, &ms)), "");
  EXPECT_GE(ms, 0);
  EXPECT_EQ(take(twStreamSynchronize(device, stream)), "");
  EXPECT_EQ(take(twEventDestroy(device, start)), "");
  EXPECT_EQ(take(twEventDestroy(device, end)), "");
  EXPECT_EQ(take(twStreamDestroy(device, stream)), "");
}

TEST_P(AnyDevice, RefusesNull) {
  char byte = 0;
  EXPECT_EQ(take(twDeviceCopy(device, nullptr, &byte, 1, nullptr)),
            "expected memory to copy 1 bytes, but got null");
  EXPECT_EQ(take(twDeviceFill(device, nullptr, 1, 5, nullptr)),
            "expected memory to fill with 5 bytes, but got null");
  EXPECT_EQ(take(twEventRecord(device, nullptr, nullptr)),
            "expected an event, but got null");
  EXPECT_EQ(take(twDeviceAllocate(nullptr, 1, nullptr)),
            "expected a device, but got null");
  EXPECT_EQ(take(twDeviceAllocate(device, 1, nullptr)),
            "expected a place for the memory");
}

TEST_P(AnyDevice, AnswersAfterAFork) {
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    TwStatus status = twDeviceSynchronize(device);
    std::string expected = "device '" + std::string(GetParam()) +
                           "' was opened before this process was forked; open "
                           "it again";
    bool isRight = status && twStatusGetCode(status) == TW_UNSUPPORTED &&
                   expected == twStatusGetMessage(status);
    twStatusDestroy(status);
    twDeviceClose(device); // touches no driver
    TwDevice again = nullptr;
    isRight &= openDevice(GetParam(), &again).empty();
    status = twDeviceSynchronize(again);
    isRight &= !status;
    twDeviceClose(again);
    _exit(isRight ? 0 : 1);
  }
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_TRUE(WIFEXITED(result) && WEXITSTATUS(result) == 0);
  EXPECT_EQ(take(twDeviceSynchronize(device)), "");
}

TEST(Device, RefusesNames) {
  for (const char *name : {"", "gpu", "cuda", "cuda:", "cuda:x", "cuda:-1",
                           "cuda:12345", "hip:1a", "host:1", "Host"}) {
    TwDevice device = nullptr;
    EXPECT_EQ(take(twDeviceOpen(name, nullptr, &device)),
              std::string("expected a device 'host', 'cuda:N' or 'hip:N', but "
                          "got '") +
                  name + "'");
    EXPECT_EQ(device, nullptr);
  }
  TwDevice device = nullptr;
  EXPECT_EQ(openDevice("cuda:2", &device),
            "expected a CUDA device below 2, but got 2");
  EXPECT_EQ(openDevice("hip:9", &device),
            "expected a HIP device below 2, but got 9");
}

} // namespace

//===----------------------------------------------------------------------===//
// Call by call
//===----------------------------------------------------------------------===//

bool hasCudaLaunchKeys();
bool hasHipLaunchKeys();

namespace {

// The rest of the declarations is compared when this program is compiled.
TEST(Headers, LaunchKeys) {
  EXPECT_TRUE(hasCudaLaunchKeys());
  EXPECT_TRUE(hasHipLaunchKeys());
}

TEST(CudaDevice, Calls) {
  Stub stub("cuda");
  stub.reset();
  TwDevice device = nullptr;
  ASSERT_EQ(openDevice("cuda:1", &device), "");
  std::string opening = stub.takeLog();
  EXPECT_NE(opening.find("cuDeviceGetCount\ncuDeviceGet 1\ncuDeviceGetName "
                         "1\ncuDeviceTotalMem_v2 1\n"),
            std::string::npos);
  EXPECT_NE(opening.find("cuDevicePrimaryCtxRetain 1\n"), std::string::npos);
  TwDeviceInfo info;
  ASSERT_EQ(take(twDeviceGetInfo(device, &info)), "");
  EXPECT_STREQ(info.target, "sm_90");
  EXPECT_STREQ(info.product, "Stub GPU");
  EXPECT_EQ(info.sharedBytes, 232448);
  EXPECT_EQ(info.numComputeUnits, 132);

  // Nothing is current: the primary context for the time of the call.
  stub.setCurrent(0);
  EXPECT_EQ(take(twDeviceSynchronize(device)), "");
  EXPECT_EQ(stub.takeLog(),
            "cuCtxPushCurrent_v2\ncuCtxSynchronize\ncuCtxPopCurrent_v2\n");
  EXPECT_EQ(stub.getCurrent(), 0);
  // It is the primary one.
  stub.setCurrent(2);
  EXPECT_EQ(take(twDeviceSynchronize(device)), "");
  EXPECT_EQ(stub.takeLog(), "cuCtxSynchronize\n");
  // One of another device.
  stub.setCurrent(1);
  EXPECT_EQ(take(twDeviceSynchronize(device)), "");
  EXPECT_EQ(stub.takeLog(),
            "cuCtxPushCurrent_v2\ncuCtxSynchronize\ncuCtxPopCurrent_v2\n");
  EXPECT_EQ(stub.getCurrent(), 1);

  stub.setCurrent(2);
  char bytes[8] = {};
  void *memory = nullptr;
  TwStream stream = nullptr;
  TwEvent event = nullptr;
  ASSERT_EQ(take(twDeviceAllocate(device, 8, &memory)), "");
  ASSERT_EQ(take(twStreamCreate(device, -2, &stream)), "");
  ASSERT_EQ(take(twEventCreate(device, &event)), "");
  twStatusDestroy(twDeviceCopy(device, memory, bytes, 8, stream));
  twStatusDestroy(twDeviceFill(device, memory, 3, 8, nullptr));
  twStatusDestroy(twEventRecord(device, event, stream));
  twStatusDestroy(twEventWait(device, event, nullptr));
  twStatusDestroy(twEventSynchronize(device, event));
  twStatusDestroy(twStreamSynchronize(device, stream));
  twStatusDestroy(twEventDestroy(device, event));
  twStatusDestroy(twStreamDestroy(device, stream));
  twStatusDestroy(twDeviceFree(device, memory));
  twDeviceClose(device);
  EXPECT_EQ(stub.takeLog(), "cuMemAlloc_v2 8\n"
                            "cuStreamCreateWithPriority 1 -2\n"
                            "cuEventCreate 0\n"
                            "cuMemcpyAsync 8 ptr\n"
                            "cuMemsetD8Async 3 8 null\n"
                            "cuEventRecord ptr ptr\n"
                            "cuStreamWaitEvent null ptr 0\n"
                            "cuEventSynchronize ptr\n"
                            "cuStreamSynchronize ptr\n"
                            "cuEventDestroy_v2 ptr\n"
                            "cuStreamDestroy_v2 ptr\n"
                            "cuMemFree_v2\n"
                            "cuDevicePrimaryCtxRelease_v2 1\n");
  stub.setCurrent(0);
}

TEST(CudaDevice, KeepsToTheContextOfTheCaller) {
  Stub stub("cuda");
  stub.reset();
  stub.setCurrent(20); // not the primary one, of device 1
  TwDevice device = nullptr;
  ASSERT_EQ(openDevice("cuda:1", &device), "");
  EXPECT_EQ(stub.takeLog().find("cuDevicePrimaryCtxRetain"), std::string::npos);
  EXPECT_EQ(take(twDeviceSynchronize(device)), "");
  EXPECT_EQ(stub.takeLog(), "cuCtxSynchronize\n");
  // Also from a thread that has none.
  stub.setCurrent(0);
  EXPECT_EQ(take(twDeviceSynchronize(device)), "");
  EXPECT_EQ(stub.takeLog(),
            "cuCtxPushCurrent_v2\ncuCtxSynchronize\ncuCtxPopCurrent_v2\n");
  twDeviceClose(device);
  EXPECT_EQ(stub.takeLog(), ""); // nothing of the caller's is released
  // One of another device is not taken.
  stub.setCurrent(20);
  ASSERT_EQ(openDevice("cuda:0", &device), "");
  EXPECT_NE(stub.takeLog().find("cuDevicePrimaryCtxRetain 0\n"),
            std::string::npos);
  EXPECT_EQ(stub.getCurrent(), 20);
  twDeviceClose(device);
  stub.reset();
}

TEST(CudaDevice, Errors) {
  Stub stub("cuda");
  stub.reset();
  TwDevice device = nullptr;
  stub.fail("cuDevicePrimaryCtxRetain", 999);
  EXPECT_EQ(openDevice("cuda:0", &device),
            "cannot open the device: the CUDA driver answers CUDA_ERROR_STUB "
            "(999): an error of the stub");
  ASSERT_EQ(openDevice("cuda:0", &device), "");
  stub.fail("cuMemAlloc_v2", 2);
  void *memory = nullptr;
  TwStatus status = twDeviceAllocate(device, 1 << 20, &memory);
  EXPECT_EQ(twStatusGetCode(status), TW_RESOURCE_EXHAUSTED);
  EXPECT_EQ(take(status),
            "cannot allocate device memory: the CUDA driver "
            "answers CUDA_ERROR_OUT_OF_MEMORY (2): out of memory");
  EXPECT_EQ(memory, nullptr);
  // The context of the caller comes back after an error, too.
  stub.setCurrent(0);
  stub.fail("cuCtxSynchronize", 999);
  status = twDeviceSynchronize(device);
  EXPECT_EQ(twStatusGetCode(status), TW_DEVICE);
  twStatusDestroy(status);
  EXPECT_EQ(stub.getCurrent(), 0);
  twDeviceClose(device);
}

TEST(HipDevice, Calls) {
  Stub stub("hip");
  stub.reset();
  TwDevice device = nullptr;
  ASSERT_EQ(openDevice("hip:1", &device), "");
  TwDeviceInfo info;
  ASSERT_EQ(take(twDeviceGetInfo(device, &info)), "");
  EXPECT_STREQ(info.target, "gfx942:sramecc+:xnack-");
  EXPECT_EQ(info.numComputeUnits, 304);
  stub.takeLog();
  // Device 0 is the thread's, and is so again afterwards.
  stub.setCurrent(1);
  EXPECT_EQ(take(twDeviceSynchronize(device)), "");
  EXPECT_EQ(stub.takeLog(),
            "hipSetDevice 1\nhipDeviceSynchronize\nhipSetDevice 0\n");
  stub.setCurrent(2);
  EXPECT_EQ(take(twDeviceSynchronize(device)), "");
  EXPECT_EQ(stub.takeLog(), "hipDeviceSynchronize\n");
  char bytes[8] = {};
  void *memory = nullptr;
  ASSERT_EQ(take(twDeviceAllocate(device, 8, &memory)), "");
  twStatusDestroy(twDeviceCopy(device, memory, bytes, 8, nullptr));
  twStatusDestroy(twDeviceFill(device, memory, 3, 8, nullptr));
  twStatusDestroy(twDeviceFree(device, memory));
  EXPECT_EQ(stub.takeLog(), "hipMalloc 8\nhipMemcpyAsync 8 4 null\n"
                            "hipMemsetAsync 3 8 null\nhipFree\n");
  stub.fail("hipMalloc", 2);
  EXPECT_EQ(take(twDeviceAllocate(device, 8, &memory)),
            "cannot allocate device memory: HIP answers hipErrorOutOfMemory "
            "(2): out of memory");
  twDeviceClose(device);
  stub.setCurrent(1);
}

} // namespace
