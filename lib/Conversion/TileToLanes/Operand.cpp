// Operand.cpp - operands of matrix instructions as the chip tables name them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Operand.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

Type lanes::parseOperandType(MLIRContext *context, StringRef text) {
  if (text.consume_front("v")) {
    int64_t count = 0;
    if (text.consumeInteger(10, count) || count < 1)
      return {};
    Type element = parseOperandType(context, text);
    return element ? VectorType::get({count}, element) : Type();
  }
  if (text == "f16")
    return Float16Type::get(context);
  if (text == "bf16")
    return BFloat16Type::get(context);
  if (text == "f32")
    return Float32Type::get(context);
  if (text == "f64")
    return Float64Type::get(context);
  unsigned bits = 0;
  if (text.consume_front("i") && !text.getAsInteger(10, bits) && bits > 0 &&
      bits <= 64)
    return IntegerType::get(context, bits);
  return {};
}

Value lanes::castBits(ImplicitLocOpBuilder &b, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return LLVM::BitcastOp::create(b, type, value);
}

FailureOr<SmallVector<Value>> lanes::splitOperand(ImplicitLocOpBuilder &b,
                                                  Value value,
                                                  StringRef text) {
  int64_t count = 0;
  if (text.consumeInteger(10, count) || count < 1 || !text.consume_front("x"))
    return failure();
  Type type = parseOperandType(b.getContext(), text);
  if (!type)
    return failure();
  if (count == 1)
    return SmallVector<Value>{castBits(b, value, type)};
  SmallVector<Value> registers;
  auto vector = dyn_cast<VectorType>(type);
  Type whole = vector ? type : Type(VectorType::get({count}, type));
  if (vector) {
    // A vector of vectors is one longer vector, cut into pieces.
    int64_t width = vector.getNumElements();
    value = castBits(
        b, value, VectorType::get({count * width}, vector.getElementType()));
    for (int64_t i = 0; i < count; ++i) {
      SmallVector<int32_t> mask;
      for (int64_t j = 0; j < width; ++j)
        mask.push_back(i * width + j);
      registers.push_back(
          LLVM::ShuffleVectorOp::create(b, value, value, mask));
    }
    return registers;
  }
  value = castBits(b, value, whole);
  for (int64_t i = 0; i < count; ++i) {
    Value index = arith::ConstantOp::create(b, b.getI32IntegerAttr(i));
    registers.push_back(LLVM::ExtractElementOp::create(b, value, index));
  }
  return registers;
}

Value lanes::callIntrinsic(ImplicitLocOpBuilder &b, StringRef name, Type result,
                           ValueRange args) {
  if (!result) {
    LLVM::CallIntrinsicOp::create(b, b.getStringAttr(name), args);
    return {};
  }
  return LLVM::CallIntrinsicOp::create(b, result, b.getStringAttr(name), args)
      ->getResult(0);
}
