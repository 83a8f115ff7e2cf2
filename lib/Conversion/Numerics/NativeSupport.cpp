// NativeSupport.cpp - which float ops a chip's back end does by itself.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "NativeSupport.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "tilewright/Target/ChipInfo.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::numerics;

bool NativeSupport::converts(Type src, Type dst, RoundingMode mode,
                             bool saturate) const {
  unsigned srcBits = src.getIntOrFloatBitWidth();
  unsigned dstBits = dst.getIntOrFloatBitWidth();
  if (!chip || srcBits < 16 || dstBits < 16 || srcBits == dstBits)
    return false;
  // Widening is exact in every mode; only infinity could saturate.
  if (srcBits < dstBits)
    return !saturate;
  if (mode != RoundingMode::NearestEven || saturate)
    return false;
  // LLVM has a library call for the others on x86.
  bool isBasic =
      isa<Float32Type>(dst) || (isa<Float32Type>(src) && isa<Float16Type>(dst));
  return isBasic || chip->isGpu();
}

bool NativeSupport::computes(Operation *op, Type type) const {
  if (!chip || !chip->isGpu() || type.getIntOrFloatBitWidth() < 16)
    return false;
  // These round once whatever the back end does with them.
  if (isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, math::FmaOp>(op))
    return isa<Float16Type>(type) || chip->backend == Backend::NVPTX;
  // Not the square root: AMD's instruction is not correctly rounded.
  if (!isa<Float16Type>(type))
    return false;
  return isa<arith::DivFOp, arith::MaximumFOp, arith::MinimumFOp,
             arith::MaxNumFOp, arith::MinNumFOp, arith::CmpFOp, arith::FPToSIOp,
             arith::FPToUIOp, math::FloorOp, math::CeilOp, math::TruncOp,
             math::RoundEvenOp>(op);
}

bool NativeSupport::hasApproximations() const { return chip && chip->isGpu(); }

bool NativeSupport::approximates(Operation *op) const {
  return hasApproximations() && isa<math::Exp2Op, math::Log2Op, math::SinOp,
                                    math::CosOp, math::RsqrtOp>(op);
}
