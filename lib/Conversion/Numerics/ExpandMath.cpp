// ExpandMath.cpp - which formula computes which op.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Math.h"
#include "tilewright/Conversion/Numerics.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::numerics;

using Unary = Term (*)(const Term &);

static Unary unaryFormula(Operation *op) {
  return llvm::TypeSwitch<Operation *, Unary>(op)
      .Case([](math::ExpOp) { return expandExp; })
      .Case([](math::Exp2Op) { return expandExp2; })
      .Case([](math::ExpM1Op) { return expandExpM1; })
      .Case([](math::SinhOp) { return expandSinh; })
      .Case([](math::CoshOp) { return expandCosh; })
      .Case([](math::TanhOp) { return expandTanh; })
      .Case([](math::LogOp) { return expandLog; })
      .Case([](math::Log2Op) { return expandLog2; })
      .Case([](math::Log10Op) { return expandLog10; })
      .Case([](math::Log1pOp) { return expandLog1p; })
      .Case([](math::AsinhOp) { return expandAsinh; })
      .Case([](math::AcoshOp) { return expandAcosh; })
      .Case([](math::AtanhOp) { return expandAtanh; })
      .Case([](math::SinOp) { return expandSin; })
      .Case([](math::CosOp) { return expandCos; })
      .Case([](math::TanOp) { return expandTan; })
      .Case([](math::AsinOp) { return expandAsin; })
      .Case([](math::AcosOp) { return expandAcos; })
      .Case([](math::AtanOp) { return expandAtan; })
      .Case([](math::ErfOp) { return expandErf; })
      .Case([](math::ErfcOp) { return expandErfc; })
      .Case([](math::CbrtOp) { return expandCbrt; })
      .Default([](Operation *) { return nullptr; });
}

/// Classifications, which give i1; null for other ops.
static Value classify(Operation *op, const Term &x) {
  double inf = std::numeric_limits<double>::infinity();
  if (isa<math::IsNaNOp>(op))
    return isNaN(x);
  if (isa<math::IsInfOp>(op))
    return eq(fabs(x), inf);
  if (isa<math::IsFiniteOp>(op))
    return lt(fabs(x), inf);
  if (isa<math::IsNormalOp>(op)) {
    Term a = fabs(x);
    return ge(a, isF64(x) ? 0x1p-1022 : 0x1p-126) & lt(a, inf);
  }
  return {};
}

SmallVector<Value> tilewright::expandMath(OpBuilder &builder, Operation *op) {
  ImplicitLocOpBuilder b(op->getLoc(), builder);
  SmallVector<Term> x;
  for (Value operand : op->getOperands())
    x.push_back(Term(b, operand));
  auto isIndex = [](const Term &t) {
    return isa<IndexType>(t.getElementType());
  };
  if (x.empty() || llvm::any_of(x, isIndex))
    return {};
  if (isa<math::IPowIOp>(op))
    return {expandIntPow(x[0], x[1])};
  if (!isa<Float32Type, Float64Type>(x[0].getElementType()))
    return {};
  if (Unary formula = unaryFormula(op))
    return {formula(x[0])};
  if (Value result = classify(op, x[0]))
    return {result};
  return llvm::TypeSwitch<Operation *, SmallVector<Value>>(op)
      .Case([&](math::SincosOp) -> SmallVector<Value> {
        auto [s, c] = expandSinCos(x[0]);
        return {s, c};
      })
      .Case([&](math::RsqrtOp) -> SmallVector<Value> {
        return {Number(1.0) / sqrt(x[0])};
      })
      .Case([&](math::Atan2Op) -> SmallVector<Value> {
        return {expandAtan2(x[0], x[1])};
      })
      .Case([&](math::PowFOp) -> SmallVector<Value> {
        return {expandPow(x[0], x[1])};
      })
      .Case([&](math::FPowIOp) -> SmallVector<Value> {
        return {expandPowInt(x[0], x[1])};
      })
      .Case([&](math::ClampFOp) -> SmallVector<Value> {
        Term low = x[0].make<arith::MaximumFOp>(x[0], x[1]);
        return {low.make<arith::MinimumFOp>(low, x[2])};
      })
      .Case([&](arith::RemFOp) -> SmallVector<Value> {
        return {expandRemainder(x[0], x[1])};
      })
      .Default([](Operation *) { return SmallVector<Value>(); });
}
