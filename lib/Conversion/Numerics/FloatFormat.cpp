// FloatFormat.cpp - the table of float kinds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "FloatFormat.h"

using namespace tilewright::numerics;

uint64_t FloatFormat::getNaN() const {
  switch (specials) {
  case Specials::IEEE:
    return getInfinity() | 1ull << (mantissaBits - 1);
  case Specials::AllOnesNaN:
    return getMagnitudeMask();
  case Specials::NegativeZeroNaN:
    return getSignMask();
  }
  llvm_unreachable("unknown special codes");
}

uint64_t FloatFormat::getMaxFinite() const {
  switch (specials) {
  case Specials::IEEE:
    return getInfinity() - 1;
  case Specials::AllOnesNaN:
    return getMagnitudeMask() - 1;
  case Specials::NegativeZeroNaN:
    return getMagnitudeMask();
  }
  llvm_unreachable("unknown special codes");
}

const FloatFormat *tilewright::numerics::getFloatFormat(mlir::Type type) {
  static constexpr FloatFormat f64 = {"f64", 64, 11, 52, 1023, Specials::IEEE};
  static constexpr FloatFormat f32 = {"f32", 32, 8, 23, 127, Specials::IEEE};
  static constexpr FloatFormat bf16 = {"bf16", 16, 8, 7, 127, Specials::IEEE};
  static constexpr FloatFormat f16 = {"f16", 16, 5, 10, 15, Specials::IEEE};
  static constexpr FloatFormat e5m2 = {"f8E5M2", 8, 5, 2, 15, Specials::IEEE};
  static constexpr FloatFormat e4m3 = {"f8E4M3FN", 8, 4,
                                       3,          7, Specials::AllOnesNaN};
  static constexpr FloatFormat e5m2fnuz = {
      "f8E5M2FNUZ", 8, 5, 2, 16, Specials::NegativeZeroNaN};
  static constexpr FloatFormat e4m3fnuz = {
      "f8E4M3FNUZ", 8, 4, 3, 8, Specials::NegativeZeroNaN};
  return llvm::TypeSwitch<mlir::Type, const FloatFormat *>(type)
      .Case([](mlir::Float64Type) { return &f64; })
      .Case([](mlir::Float32Type) { return &f32; })
      .Case([](mlir::BFloat16Type) { return &bf16; })
      .Case([](mlir::Float16Type) { return &f16; })
      .Case([](mlir::Float8E5M2Type) { return &e5m2; })
      .Case([](mlir::Float8E4M3FNType) { return &e4m3; })
      .Case([](mlir::Float8E5M2FNUZType) { return &e5m2fnuz; })
      .Case([](mlir::Float8E4M3FNUZType) { return &e4m3fnuz; })
      .Default([](mlir::Type) { return nullptr; });
}
