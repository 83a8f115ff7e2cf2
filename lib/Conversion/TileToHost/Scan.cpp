// Scan.cpp - running combinations along an axis.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Emitter.h"

using namespace mlir;

namespace tilewright::host {

SmallVector<Value> Emitter::identities(ArrayAttr attrs, ValueRange operands,
                                       int64_t width) {
  SmallVector<Value> values;
  for (auto [attr, operand] : llvm::zip_equal(attrs, operands))
    values.push_back(
        constantValue(attr, getElementTypeOrSelf(operand.getType()), width));
  return values;
}

void Emitter::storeScanned(tile::ScanOp op, const Point &point,
                           ArrayRef<Buffer> targets, ArrayRef<Value> values) {
  ArrayRef<int64_t> shape = tile::getTileShape(op.getOperands()[0].getType());
  for (auto [t, target] : llvm::enumerate(targets)) {
    if (!target.isValid())
      continue;
    Type elementType = getElementTypeOrSelf(op.getOperands()[t].getType());
    storeTo(bufferPointer(target, shape, point.coords, elementType), values[t],
            elementType);
  }
}

/// Scans along the axis one position after the other; `point`, of the shape
/// without the axis, may be a vector across it.
void Emitter::scanAcrossVectors(tile::ScanOp op, const Point &point,
                                ArrayRef<Buffer> targets) {
  int64_t axis = op.getAxis();
  int64_t extent = tile::getTileShape(op.getOperands()[0].getType())[axis];
  loopCarried(constant(0), constant(extent), constant(1),
              identities(op.getIdentity(), op.getOperands(), point.width),
              /*isChunk=*/true, [&](Value i, ValueRange carried) {
                Point p = point;
                Value at = op.getReverse() ? sub(constant(extent - 1), i) : i;
                p.coords.insert(p.coords.begin() + axis, at);
                if (p.dim >= axis)
                  ++p.dim;
                SmallVector<Value> operands(carried);
                for (Value operand : op.getOperands())
                  operands.push_back(evaluate(operand, p));
                SmallVector<Value> next =
                    emitCombiner(op.getCombiner(), operands, point.width);
                SmallVector<Value> before(carried);
                storeScanned(op, p, targets, op.getExclusive() ? before : next);
                return next;
              });
}

/// Scans the `width` elements at `point` along the axis, after those whose
/// combination is `carry`; stores them and returns the new carry.
SmallVector<Value> Emitter::scanVector(tile::ScanOp op, const Point &point,
                                       ArrayRef<Buffer> targets,
                                       ArrayRef<Value> carry) {
  int64_t width = point.width;
  auto shuffle = [&](ArrayRef<Value> low, ArrayRef<Value> high,
                     ArrayRef<int64_t> mask) {
    SmallVector<Value> result;
    for (auto [a, c] : llvm::zip_equal(low, high))
      result.push_back(vector::ShuffleOp::create(b, a, c, mask));
    return result;
  };
  SmallVector<int64_t> backward;
  for (int64_t l = width - 1; l >= 0; --l)
    backward.push_back(l);
  auto combine = [&](ArrayRef<Value> left, ArrayRef<Value> right) {
    SmallVector<Value> operands(left);
    operands.append(right.begin(), right.end());
    return emitCombiner(op.getCombiner(), operands, width);
  };
  SmallVector<Value> values;
  for (Value operand : op.getOperands())
    values.push_back(evaluate(operand, point));
  SmallVector<Value> carries;
  for (Value v : carry)
    carries.push_back(splat(v, width));
  if (width == 1) {
    SmallVector<Value> next = combine(carries, values);
    storeScanned(op, point, targets, op.getExclusive() ? carries : next);
    return next;
  }
  if (op.getReverse())
    values = shuffle(values, values, backward);
  // Each step combines twice as many neighbours.
  SmallVector<Value> none =
      identities(op.getIdentity(), op.getOperands(), width);
  for (int64_t s = 1; s < width; s *= 2) {
    SmallVector<int64_t> mask;
    for (int64_t l = 0; l < width; ++l)
      mask.push_back(width + l - s);
    values = combine(shuffle(none, values, mask), values);
  }
  // From carry to carry there is one combination, of scalars.
  SmallVector<Value> next(carry);
  for (Value v : values)
    next.push_back(vector::ExtractOp::create(b, v, width - 1));
  next = emitCombiner(op.getCombiner(), next, 1);
  values = combine(carries, values);
  if (op.getExclusive()) {
    SmallVector<int64_t> mask;
    for (int64_t l = 0; l < width; ++l)
      mask.push_back(width + l - 1);
    values = shuffle(carries, values, mask);
  }
  if (op.getReverse())
    values = shuffle(values, values, backward);
  storeScanned(op, point, targets, values);
  return next;
}

/// Scans along the axis by vectors of `width` positions.
void Emitter::scanAlongVector(tile::ScanOp op, Point point, int64_t width,
                              ArrayRef<Buffer> targets) {
  int64_t axis = op.getAxis();
  int64_t extent = tile::getTileShape(op.getOperands()[0].getType())[axis];
  auto run = [&](Value done, int64_t lanes, ArrayRef<Value> carry) {
    Point p = point;
    Value start = op.getReverse() ? sub(constant(extent - lanes), done) : done;
    p.coords.insert(p.coords.begin() + axis, start);
    p.width = lanes;
    p.dim = lanes == 1 ? -1 : axis;
    return scanVector(op, p, targets, carry);
  };
  int64_t main = extent - extent % width;
  SmallVector<Value> carry =
      loopCarried(constant(0), constant(main), constant(width),
                  identities(op.getIdentity(), op.getOperands(), 1),
                  /*isChunk=*/true, [&](Value i, ValueRange carried) {
                    SmallVector<Value> before(carried);
                    return run(i, width, before);
                  });
  for (int64_t lanes = width / 2; lanes >= 1; lanes /= 2)
    if (extent - main >= lanes) {
      carry = run(constant(main), lanes, carry);
      main += lanes;
    }
}

void Emitter::emitScan(tile::ScanOp op) {
  ArrayRef<int64_t> shape = tile::getTileShape(op.getOperands()[0].getType());
  int64_t axis = op.getAxis();
  SmallVector<Buffer> targets;
  for (Value result : op.getResults()) {
    targets.emplace_back();
    if (!plan.getSites(result).empty())
      targets.back() = chooseBuffer(result, op, {}, op.getOperands());
  }
  int64_t last = int64_t(shape.size()) - 1;
  while (last > 0 && shape[last] == 1)
    --last;
  SmallVector<int64_t> outer(shape);
  outer.erase(outer.begin() + axis);
  versioned(collectLoads(op.getOperands()), {}, [&] {
    int64_t width = chooseWidth(op.getOperands(), nullptr, last, shape[last]);
    // A wider vector takes one more step for each half of it.
    if (last == axis) {
      width = std::min<int64_t>(width, 8);
      forEach(outer, -1, 1,
              [&](Point point) { scanAlongVector(op, point, width, targets); });
    } else {
      forEach(outer, last > axis ? last - 1 : last, width,
              [&](Point point) { scanAcrossVectors(op, point, targets); });
    }
    return SmallVector<Value>();
  });
}

} // namespace tilewright::host
