// softmax.cpp - runs a kernel of a library from C++, on any device.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// softmax LIBRARY.tilelib [DEVICE]
//
// The library has variants for several element types, and softmax_kernels.h,
// which `tile-compile --emit=c-header` writes, a struct of arguments for each.
#include "softmax_kernels.h"
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void check(TwStatus status) {
  if (!status)
    return;
  std::string message = twStatusGetMessage(status);
  twStatusDestroy(status);
  throw std::runtime_error(message);
}

template <auto Destroy> struct Deleter {
  template <typename T> void operator()(T *handle) const { Destroy(handle); }
};
template <typename Handle, auto Destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Deleter<Destroy>>;

/// A matrix of f32 on a device.
class Matrix {
public:
  Matrix(TwDevice device, int64_t rows, int64_t columns)
      : device(device), count(size_t(rows * columns)) {
    check(twDeviceAllocate(device, bytes(), &memory));
  }
  Matrix(const Matrix &) = delete;
  ~Matrix() { twStatusDestroy(twDeviceFree(device, memory)); }

  void write(const std::vector<float> &values) {
    check(twDeviceCopy(device, memory, values.data(), bytes(), nullptr));
  }
  std::vector<float> read() const {
    std::vector<float> values(count);
    check(twDeviceCopy(device, values.data(), memory, bytes(), nullptr));
    check(twDeviceSynchronize(device));
    return values;
  }
  float *data() const { return static_cast<float *>(memory); }

private:
  size_t bytes() const { return count * sizeof(float); }

  TwDevice device;
  size_t count;
  void *memory = nullptr;
};

void run(const char *file, const char *name) {
  TwDevice device = nullptr;
  check(twDeviceOpen(name, nullptr, &device));
  Owned<TwDevice, twDeviceClose> ownedDevice(device);
  TwLibrary library = nullptr;
  check(twLibraryCreateFromFile(file, &library));
  Owned<TwLibrary, twLibraryDestroy> ownedLibrary(library);
  TwModule module = nullptr;
  check(twModuleCreate(device, library, &module));
  Owned<TwModule, twModuleDestroy> ownedModule(module);
  TwFunction softmax = nullptr;
  check(softmax_f32_get(module, &softmax));
  check(twFunctionPrepare(softmax));

  constexpr int64_t rows = 37, columns = 1003;
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 4);
  std::vector<float> in(rows * columns);
  for (float &x : in)
    x = normal(random);
  Matrix x(device, rows, columns), y(device, rows, columns);
  x.write(in);
  softmax_f32_arguments arguments{};
  arguments.x = x.data();
  arguments.y = y.data();
  arguments.M = rows;
  arguments.N = columns;
  check(softmax_f32_launch(softmax, nullptr, &arguments, nullptr));

  std::vector<float> out = y.read();
  double worst = 0;
  for (int64_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (int64_t i = 0; i < columns; ++i)
      sum += std::exp(double(in[row * columns + i]));
    for (int64_t i = 0; i < columns; ++i) {
      double want = std::exp(double(in[row * columns + i])) / sum;
      worst = std::max(worst, std::fabs(out[row * columns + i] - want) / want);
    }
  }
  if (!(worst < 1e-5))
    throw std::runtime_error("relative error " + std::to_string(worst));
  std::printf("softmax: %lld x %lld, all right\n", static_cast<long long>(rows),
              static_cast<long long>(columns));
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: softmax LIBRARY.tilelib [DEVICE]\n");
    return 1;
  }
  try {
    run(argv[1], argc > 2 ? argv[2] : "host");
  } catch (const std::exception &error) {
    std::fprintf(stderr, "softmax: error: %s\n", error.what());
    return 1;
  }
  return 0;
}
