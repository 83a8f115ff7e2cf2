// Prefetch.cpp - brings the tile of the next iteration near while this one is
// computed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tile of several rows is several short runs far from each other: what the
// CPU's own prefetchers learn on one of them ends with it. The next iteration
// of a loop reads the same rows further on, so its addresses are known.
#include "Access.h"

using namespace mlir;

namespace tilewright::host {

/// How far `index` moves from one iteration of `loop` to the next. Null: it
/// does not move; failure: not by the same amount each time.
FailureOr<Value> Emitter::getAdvance(Value index, scf::ForOp loop) {
  if (index == loop.getInductionVar())
    return scalars.lookup(loop.getStep());
  if (loop.isDefinedOutsideOfLoop(index))
    return Value();
  Operation *op = index.getDefiningOp();
  if (!isa_and_nonnull<arith::AddIOp, arith::SubIOp, arith::MulIOp>(op))
    return failure();
  FailureOr<Value> left = getAdvance(op->getOperand(0), loop);
  FailureOr<Value> right = getAdvance(op->getOperand(1), loop);
  if (mlir::failed(left) || mlir::failed(right) || !index.getType().isIndex())
    return failure();
  if (isa<arith::AddIOp>(op))
    return *left && *right ? add(*left, *right) : *left ? *left : *right;
  if (isa<arith::SubIOp>(op))
    return *right ? sub(*left ? *left : constant(0), *right) : *left;
  if (*left && *right)
    return failure();
  if (*left)
    return mul(*left, scalars.lookup(op->getOperand(1)));
  if (*right)
    return mul(*right, scalars.lookup(op->getOperand(0)));
  return Value();
}

void Emitter::preparePrefetch(tile::LoadOp op, Access &access) {
  auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
  int64_t dim = findContiguousDim(access);
  if (!loop || dim < 0)
    return;
  // Runs of a part of a line are not worth an instruction each.
  int64_t run =
      access.shape[dim] * tile::getElementBytes(access.memref->elementType);
  int64_t rows = llvm::product_of(access.shape) / access.shape[dim];
  if (run < level.cacheLineBytes || rows == 1)
    return;
  Value ahead;
  for (auto [d, index] : llvm::enumerate(op.getIndices())) {
    FailureOr<Value> advance = getAdvance(index, loop);
    if (mlir::failed(advance))
      return;
    if (!*advance)
      continue;
    Value part = mul(*advance, access.memref->strides[d]);
    ahead = ahead ? add(ahead, part) : part;
  }
  access.ahead = ahead;
}

void Emitter::emitPrefetch(Access &access, Value pointer, int64_t width) {
  if (!access.ahead || checked)
    return;
  // Once for each element: where it is read first.
  if (!access.prefetchedAt)
    access.prefetchedAt = site;
  if (access.prefetchedAt != site)
    return;
  Type memory = memoryType(access.memref->elementType);
  Value next = element(pointer, access.ahead, memory);
  int64_t bytes = width * tile::getElementBytes(access.memref->elementType);
  for (int64_t at = 0; at < bytes; at += level.cacheLineBytes)
    LLVM::Prefetch::create(b, element(next, constant(at), b.getI8Type()),
                           /*rw=*/0,
                           /*hint=*/3, /*cache=*/1);
}

} // namespace tilewright::host
