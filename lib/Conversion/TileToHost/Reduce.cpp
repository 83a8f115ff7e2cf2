// Reduce.cpp - reductions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Emitter.h"

using namespace mlir;

namespace tilewright::host {

/// Vectors that a reduction along the vector dimension keeps at once, to hide
/// the latency of the combination.
static constexpr int64_t kAccumulators = 4;

static int64_t getLastDim(ArrayRef<int64_t> shape) {
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d)
    if (shape[d] != 1)
      return d;
  return -1;
}

static SmallVector<Value> join(ArrayRef<Value> left, ArrayRef<Value> right) {
  SmallVector<Value> both(left);
  both.append(right.begin(), right.end());
  return both;
}

/// Reduces `op`'s operands along its axis at the other coordinates of `point`:
/// one scalar per operand.
SmallVector<Value> Emitter::reduceRow(tile::ReduceOp op, Point point,
                                      int64_t width) {
  int64_t axis = op.getAxis(), count = op.getOperands().size();
  int64_t extent = tile::getTileShape(op.getOperands()[0].getType())[axis];
  Block &combiner = op.getCombiner();
  auto read = [&](Value start, int64_t lanes) {
    Point p = point;
    p.coords[axis] = start;
    p.dim = lanes == 1 ? -1 : axis;
    p.width = lanes;
    SmallVector<Value> values;
    for (Value operand : op.getOperands())
      values.push_back(evaluate(operand, p));
    return values;
  };
  int64_t accumulators =
      std::min(kAccumulators, std::max<int64_t>(1, extent / width / 2));
  int64_t step = width * accumulators;
  SmallVector<Value> inits;
  for (int64_t u = 0; u < accumulators; ++u)
    inits.append(identities(op.getIdentity(), op.getOperands(), width));
  SmallVector<Value> acc = loopCarried(
      constant(0), constant(extent - extent % step), constant(step), inits,
      /*isChunk=*/true, [&](Value i, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t u = 0; u < accumulators; ++u) {
          SmallVector<Value> left(carried.slice(u * count, count));
          SmallVector<Value> right = read(add(i, constant(u * width)), width);
          next.append(emitCombiner(combiner, join(left, right), width));
        }
        return next;
      });
  // Whole vectors that are left, then the accumulators into one.
  int64_t done = extent - extent % step;
  SmallVector<SmallVector<Value>> parts;
  for (int64_t u = 0; u < accumulators; ++u)
    parts.emplace_back(ArrayRef(acc).slice(u * count, count));
  for (; extent - done >= width; done += width)
    parts.push_back(read(constant(done), width));
  while (parts.size() > 1) {
    SmallVector<SmallVector<Value>> next;
    for (size_t i = 0; i + 1 < parts.size(); i += 2)
      next.push_back(
          emitCombiner(combiner, join(parts[i], parts[i + 1]), width));
    if (parts.size() % 2)
      next.push_back(parts.back());
    parts = std::move(next);
  }
  SmallVector<Value> total = parts[0];
  // Halve the vector down to one element, with the rest of the row where its
  // width fits.
  for (int64_t lanes = width; lanes > 1;) {
    int64_t half = lanes / 2;
    auto extract = [&](ArrayRef<Value> values, int64_t from) {
      SmallVector<Value> result;
      for (Value v : values) {
        if (half == 1) {
          result.push_back(vector::ExtractOp::create(b, v, from));
          continue;
        }
        SmallVector<int64_t> mask;
        for (int64_t l = 0; l < half; ++l)
          mask.push_back(from + l);
        result.push_back(vector::ShuffleOp::create(b, v, v, mask));
      }
      return result;
    };
    total = emitCombiner(combiner,
                         join(extract(total, 0), extract(total, half)), half);
    lanes = half;
    if (extent - done >= lanes) {
      total = emitCombiner(combiner, join(total, read(constant(done), lanes)),
                           lanes);
      done += lanes;
    }
  }
  return total;
}

/// Without the axis.
static SmallVector<int64_t> dropAxis(ArrayRef<int64_t> shape, int64_t axis) {
  SmallVector<int64_t> result(shape);
  result.erase(result.begin() + axis);
  return result;
}

static Point insertAxis(Point point, int64_t axis, Value coord) {
  point.coords.insert(point.coords.begin() + axis, coord);
  if (point.dim >= axis)
    ++point.dim;
  return point;
}

void Emitter::reduceAlongVector(tile::ReduceOp op, ArrayRef<Buffer> targets) {
  ArrayRef<int64_t> shape = tile::getTileShape(op.getOperands()[0].getType());
  int64_t axis = op.getAxis();
  int64_t width = chooseWidth(op.getOperands(), nullptr, axis, shape[axis]);
  SmallVector<int64_t> outer = dropAxis(shape, axis);
  forEach(outer, -1, 1, [&](Point point) {
    SmallVector<Value> values =
        reduceRow(op, insertAxis(point, axis, constant(0)), width);
    for (auto [i, v] : llvm::enumerate(values)) {
      if (!targets[i].isValid())
        continue;
      Type elementType = getElementTypeOrSelf(op.getOperands()[i].getType());
      storeTo(bufferPointer(targets[i], outer, point.coords, elementType), v,
              elementType);
    }
  });
}

void Emitter::reduceAcrossVectors(tile::ReduceOp op, int64_t dim,
                                  ArrayRef<Buffer> targets) {
  ArrayRef<int64_t> shape = tile::getTileShape(op.getOperands()[0].getType());
  int64_t axis = op.getAxis();
  int64_t width = chooseWidth(op.getOperands(), nullptr, dim, shape[dim]);
  SmallVector<int64_t> outer = dropAxis(shape, axis);
  forEach(outer, dim > axis ? dim - 1 : dim, width, [&](Point point) {
    SmallVector<Value> inits =
        identities(op.getIdentity(), op.getOperands(), point.width);
    SmallVector<Value> values = loopCarried(
        constant(0), constant(shape[axis]), constant(1), inits,
        /*isChunk=*/true, [&](Value i, ValueRange carried) {
          Point p = insertAxis(point, axis, i);
          SmallVector<Value> operands(carried);
          for (Value operand : op.getOperands())
            operands.push_back(evaluate(operand, p));
          return emitCombiner(op.getCombiner(), operands, point.width);
        });
    for (auto [i, v] : llvm::enumerate(values)) {
      if (!targets[i].isValid())
        continue;
      Type elementType = getElementTypeOrSelf(op.getOperands()[i].getType());
      storeTo(bufferPointer(targets[i], outer, point.coords, elementType), v,
              elementType);
    }
  });
}

void Emitter::emitReduce(tile::ReduceOp op) {
  ArrayRef<int64_t> shape = tile::getTileShape(op.getOperands()[0].getType());
  int64_t axis = op.getAxis();
  SmallVector<Operation *> loads = collectLoads(op.getOperands());
  if (shape.size() == 1) {
    SmallVector<Type> types;
    for (Value result : op.getResults())
      types.push_back(valueType(result.getType()));
    int64_t width = chooseWidth(op.getOperands(), nullptr, 0, shape[0]);
    Point point;
    point.coords = {constant(0)};
    SmallVector<Value> values =
        versioned(loads, types, [&] { return reduceRow(op, point, width); });
    for (auto [result, value] : llvm::zip_equal(op.getResults(), values))
      scalars.map(Value(result), value);
    return;
  }
  SmallVector<Buffer> targets;
  for (Value result : op.getResults()) {
    targets.emplace_back();
    if (!plan.getSites(result).empty())
      targets.back() = chooseBuffer(result, op, {}, op.getOperands());
  }
  int64_t last = getLastDim(shape);
  versioned(loads, {}, [&] {
    if (last == axis || last < 0)
      reduceAlongVector(op, targets);
    else
      reduceAcrossVectors(op, last, targets);
    return SmallVector<Value>();
  });
}

} // namespace tilewright::host
