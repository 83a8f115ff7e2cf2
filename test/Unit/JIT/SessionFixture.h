// SessionFixture.h - sessions of a test, and a kernel to compile in them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TEST_UNIT_JIT_SESSIONFIXTURE_H
#define TILEWRIGHT_TEST_UNIT_JIT_SESSIONFIXTURE_H

#include "../Runtime/Devices.h"
#include "../Runtime/Support.h"
#include "tilewright-rt/Jit.h"
#include "gtest/gtest.h"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace fs = std::filesystem;

/// b = 2 * a + n.
inline const char *const kText = R"(
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

inline const char *const kDescription = R"({
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

inline std::string getCompiler() {
  const char *own = std::getenv("TILEWRIGHT_COMPILER");
  return own ? own : COMPILER;
}

inline std::string getWorker() {
  const char *own = std::getenv("TILEWRIGHT_COMPILER_PROCESS");
  return own ? own : WORKER;
}

/// A variable of the environment, for as long as this lives.
class Variable {
public:
  Variable(const char *name, const std::string &value) : name(name) {
    if (const char *old = std::getenv(name))
      before = old;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (before)
      setenv(name, before->c_str(), 1);
    else
      unsetenv(name);
  }
  Variable(const Variable &) = delete;

private:
  const char *name;
  std::optional<std::string> before;
};

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

struct SessionFixture : testing::Test {
  std::string folder, cacheFolder, description, compiler = getCompiler(),
                                                worker = getWorker();
  TwCache cache = nullptr;
  TwJit jit = nullptr;
  TwDevice device = nullptr;
  TwJitKernel kernel = nullptr;

  void SetUp() override {
    if (!__builtin_cpu_supports("x86-64-v3"))
      GTEST_SKIP() << "this CPU is below x86-64-v3";
    // Some tests wait until it compiles.
    ASSERT_TRUE(std::filesystem::exists(compiler))
        << "set TILEWRIGHT_COMPILER, which is '" << compiler << "'";
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
  static std::string readText(const std::string &path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string write(const std::string &name, const std::string &text) {
    std::ofstream(folder + "/" + name, std::ios::binary) << text;
    return folder + "/" + name;
  }
  /// As a new process would: nothing is in memory.
  void open(TwJitOptions options = {}, TwCacheOptions cacheOptions = {}) {
    close();
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

#endif // TILEWRIGHT_TEST_UNIT_JIT_SESSIONFIXTURE_H
