// softmax.cpp - runs a kernel of a library from C++, on any device.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// softmax LIBRARY.tilelib [DEVICE]
//
// Tilewright.hpp owns what the runtime makes. The library has variants for
// several element types, and softmax_kernels.h, which
// `tile-compile --emit=c-header` writes, a struct of arguments for each.
#include "softmax_kernels.h"
#include "tilewright-rt/Tilewright.hpp"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace {

/// Prints what went wrong and ends the program.
void check(const tilewright::Status &status) {
  if (status.isOk())
    return;
  std::fprintf(stderr, "softmax: error: %s\n", status.getMessage());
  std::exit(1);
}

/// The value, if there is one.
template <typename T> T check(tilewright::Result<T> result) {
  if (!result)
    check(result.takeStatus());
  return *std::move(result);
}

void run(const char *file, const char *name) {
  tilewright::Device device = check(tilewright::Device::open(name));
  tilewright::Library library = check(tilewright::Library::read(file));
  tilewright::Module module =
      check(tilewright::Module::create(device, library));

  constexpr int64_t rows = 37, columns = 1003;
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 4);
  std::vector<float> in(rows * columns), out(in.size());
  for (float &x : in)
    x = normal(random);
  const size_t bytes = in.size() * sizeof(float);
  tilewright::Buffer x = check(device.allocate(bytes));
  tilewright::Buffer y = check(device.allocate(bytes));
  auto verify = [&] {
    check(device.copy(out.data(), y.get(), bytes));
    check(device.synchronize());
    double worst = 0;
    for (int64_t row = 0; row < rows; ++row) {
      double sum = 0;
      for (int64_t i = 0; i < columns; ++i)
        sum += std::exp(double(in[row * columns + i]));
      for (int64_t i = 0; i < columns; ++i) {
        double want = std::exp(double(in[row * columns + i])) / sum;
        worst =
            std::max(worst, std::fabs(out[row * columns + i] - want) / want);
      }
    }
    if (!(worst < 1e-5)) {
      std::fprintf(stderr, "softmax: error: relative error %g\n", worst);
      std::exit(1);
    }
  };
  check(device.copy(x.get(), in.data(), bytes));

  // By the names of the arguments.
  TwFunction found = nullptr;
  check(softmax_f32_get(module.get(), &found));
  softmax_f32_arguments arguments{};
  arguments.x = x.as<float>();
  arguments.y = y.as<float>();
  arguments.M = rows;
  arguments.N = columns;
  check(softmax_f32_launch(found, nullptr, &arguments, nullptr));
  verify();

  // Without the header, in the kernel's order.
  tilewright::Function softmax = check(module.getFunction("softmax", "f32"));
  check(device.fill(y.get(), 0, bytes));
  check(softmax.launch(nullptr,
                       tilewright::makeArray(x.as<float>(), {rows, columns}),
                       tilewright::makeArray(y.as<float>(), {rows, columns})));
  verify();
  std::printf("softmax: %lld x %lld, all right\n", static_cast<long long>(rows),
              static_cast<long long>(columns));
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: softmax LIBRARY.tilelib [DEVICE]\n");
    return 1;
  }
  run(argv[1], argc > 2 ? argv[2] : "host");
  return 0;
}
