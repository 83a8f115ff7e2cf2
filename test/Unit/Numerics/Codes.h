// Codes.h - arrays of float codes for compiled formulas.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_TEST_UNIT_NUMERICS_CODES_H
#define TILEWRIGHT_TEST_UNIT_NUMERICS_CODES_H

#include "Reference.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringSwitch.h"

namespace tilewright::test {

inline mlir::Type typeOf(mlir::MLIRContext &context, const Kind &kind) {
  mlir::Builder b(&context);
  return llvm::StringSwitch<mlir::Type>(kind.name)
      .Case("f64", b.getF64Type())
      .Case("f32", b.getF32Type())
      .Case("bf16", b.getBF16Type())
      .Case("f16", b.getF16Type())
      .Case("f8E4M3FN", b.getType<mlir::Float8E4M3FNType>())
      .Case("f8E5M2", b.getType<mlir::Float8E5M2Type>())
      .Case("f8E4M3FNUZ", b.getType<mlir::Float8E4M3FNUZType>())
      .Case("f8E5M2FNUZ", b.getType<mlir::Float8E5M2FNUZType>());
}

/// Codes stored in elements of the kind's width.
inline std::vector<uint8_t> pack(llvm::ArrayRef<uint64_t> codes,
                                 unsigned bits) {
  std::vector<uint8_t> bytes(codes.size() * bits / 8);
  for (size_t i = 0; i != codes.size(); ++i)
    std::memcpy(&bytes[i * bits / 8], &codes[i], bits / 8);
  return bytes;
}

inline uint64_t unpack(const std::vector<uint8_t> &bytes, size_t i,
                       unsigned bits) {
  uint64_t code = 0;
  std::memcpy(&code, &bytes[i * bits / 8], bits / 8);
  return code;
}

} // namespace tilewright::test

#endif // TILEWRIGHT_TEST_UNIT_NUMERICS_CODES_H
