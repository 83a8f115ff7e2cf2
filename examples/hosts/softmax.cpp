// softmax.cpp - runs a kernel of a library from C++, on any device.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// softmax LIBRARY.tilelib [DEVICE]
//
// The library has variants for several element types: the launch takes the one
// that fits the arguments.
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <tilewright-rt/Module.h>
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
      : device(device), sizes{rows, columns}, strides{columns, 1} {
    check(twDeviceAllocate(device, bytes(), &memory));
  }
  Matrix(const Matrix &) = delete;
  ~Matrix() { twStatusDestroy(twDeviceFree(device, memory)); }

  void write(const std::vector<float> &values) {
    check(twDeviceCopy(device, memory, values.data(), bytes(), nullptr));
  }
  std::vector<float> read() const {
    std::vector<float> values(size_t(sizes[0] * sizes[1]));
    check(twDeviceCopy(device, values.data(), memory, bytes(), nullptr));
    check(twDeviceSynchronize(device));
    return values;
  }
  TwValue value() const {
    TwValue result{};
    result.kind = TW_ARRAY;
    result.type = TW_F32;
    result.rank = 2;
    result.data = memory;
    result.sizes = sizes;
    result.strides = strides;
    return result;
  }

private:
  size_t bytes() const { return size_t(sizes[0] * sizes[1]) * sizeof(float); }

  TwDevice device;
  int64_t sizes[2], strides[2];
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
  check(twModuleGetFunction(module, "softmax", nullptr, &softmax));
  check(twFunctionPrepare(softmax));

  constexpr int64_t rows = 37, columns = 1003;
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 4);
  std::vector<float> in(rows * columns);
  for (float &x : in)
    x = normal(random);
  Matrix x(device, rows, columns), y(device, rows, columns);
  x.write(in);
  TwValue values[] = {x.value(), y.value()};
  check(twFunctionLaunch(softmax, nullptr, values, 2, nullptr));

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
  std::printf("softmax: %lld x %lld, all right\n",
              static_cast<long long>(rows), static_cast<long long>(columns));
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
