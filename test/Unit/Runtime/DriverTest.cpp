// DriverTest.cpp - machines without a driver, or with the wrong one.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program of its own: a process keeps the first driver of a kind that works.
#include "Devices.h"
#include <cstdlib>

static std::string open(const char *name, const char *driver) {
  TwDeviceOptions options = {};
  options.driver = driver;
  TwDevice device = nullptr;
  std::string message = take(twDeviceOpen(name, &options, &device));
  EXPECT_EQ(message.empty(), device != nullptr);
  twDeviceClose(device);
  return message;
}

TEST(Driver, Missing) {
  EXPECT_EQ(open("cuda:0", "/nowhere/libcuda.so"),
            "cannot load CUDA driver '/nowhere/libcuda.so': "
            "/nowhere/libcuda.so: cannot open shared object file: No such file "
            "or directory");
  setenv("TILEWRIGHT_HIP_DRIVER", "/nowhere/libhip.so", 1);
  EXPECT_NE(open("hip:0", nullptr)
                .find("cannot load HIP runtime "
                      "'/nowhere/libhip.so'"),
            std::string::npos);
  unsetenv("TILEWRIGHT_HIP_DRIVER");
}

TEST(Driver, TooOldOrAnother) {
  // The other vendor's library has none of the functions.
  std::string message = open("cuda:0", STUB_HIP);
  EXPECT_EQ(message.rfind("the CUDA driver is too old: it has no cuInit, ", 0),
            0u);
  EXPECT_NE(message.find("; install one of CUDA 12 or newer"),
            std::string::npos);
  EXPECT_EQ(open("hip:0", STUB_CUDA)
                .rfind("the HIP runtime is too old: it has no hipInit, ", 0),
            0u);
}

TEST(Driver, FailsToStartThenStarts) {
  Stub stub("cuda");
  stub.fail("cuInit", 100);
  EXPECT_EQ(open("cuda:0", STUB_CUDA), "this machine has no CUDA device");
  stub.fail("cuInit", 999);
  EXPECT_EQ(open("cuda:0", STUB_CUDA),
            "cannot start the CUDA driver: the CUDA driver answers "
            "CUDA_ERROR_STUB (999): an error of the stub");
  setenv("TILEWRIGHT_CUDA_DRIVER", STUB_CUDA, 1);
  EXPECT_EQ(open("cuda:0", nullptr), "");
  // The driver of the process is chosen now.
  EXPECT_EQ(open("cuda:1", "/nowhere/libcuda.so"), "");
}
