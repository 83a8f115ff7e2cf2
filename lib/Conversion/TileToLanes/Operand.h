// Operand.h - operands of matrix instructions as the chip tables name them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_CONVERSION_TILETOLANES_OPERAND_H
#define TILEWRIGHT_LIB_CONVERSION_TILETOLANES_OPERAND_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace tilewright::lanes {

/// The type of a text like "f32", "i64", "v4f16"; null for others.
mlir::Type parseOperandType(mlir::MLIRContext *context, llvm::StringRef text);

/// `value` seen as `type` of as many bits.
mlir::Value castBits(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                     mlir::Type type);

/// The registers of a text like "4xi32" in order; nothing for others.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
splitOperand(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
             llvm::StringRef text);

/// Calls an LLVM intrinsic with one result or none (null type).
mlir::Value callIntrinsic(mlir::ImplicitLocOpBuilder &b, llvm::StringRef name,
                          mlir::Type result, mlir::ValueRange args);

} // namespace tilewright::lanes

#endif // TILEWRIGHT_LIB_CONVERSION_TILETOLANES_OPERAND_H
