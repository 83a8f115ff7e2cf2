// Loops.cpp - loops over tiles, and tiles into buffers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Emitter.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tilewright::host {

//===----------------------------------------------------------------------===//
// Vector width
//===----------------------------------------------------------------------===//

int64_t Emitter::chooseWidth(ValueRange values, Operation *op, int64_t dim,
                             int64_t extent) {
  int64_t bytes = 1;
  bool gathers = false;
  auto see = [&](Type type) {
    Type elementType = getElementTypeOrSelf(type);
    if (!elementType.isInteger(1))
      bytes = std::max(bytes, tile::getElementBytes(elementType));
  };
  auto seeOp = [&](Operation *inner) {
    gathers |= isa<tile::GatherOp, tile::TransposeOp>(inner);
    for (Type type : inner->getResultTypes())
      see(type);
    for (Type type : inner->getOperandTypes())
      if (isTile(type))
        see(type);
  };
  for (Value v : values) {
    see(v.getType());
    plan.walkInline(v, seeOp);
  }
  if (op && isInlineOp(op))
    seeOp(op);
  // Wider elements take several registers: that unrolls the loop.
  int64_t width = vectorBytes / std::min<int64_t>(bytes, 4);
  if (gathers)
    width = std::min<int64_t>(width, 16);
  return std::min<int64_t>(width, llvm::bit_floor<uint64_t>(extent));
}

//===----------------------------------------------------------------------===//
// Full and partial tiles
//===----------------------------------------------------------------------===//

SmallVector<Operation *> Emitter::collectLoads(ValueRange values,
                                               Operation *op) {
  llvm::SmallSetVector<Operation *, 4> loads;
  auto see = [&](Operation *inner) {
    if (isa<tile::LoadOp, tile::GatherOp>(inner))
      loads.insert(inner);
  };
  for (Value v : values)
    plan.walkInline(v, see);
  if (op)
    see(op);
  return loads.takeVector();
}

SmallVector<Value> Emitter::versioned(ArrayRef<Operation *> loads,
                                      TypeRange types,
                                      function_ref<SmallVector<Value>()> body,
                                      Value extra) {
  Scope savedChunk = std::move(chunkScope), savedRow = std::move(rowScope);
  bool savedChecked = checked;
  Value full = extra;
  for (Operation *load : loads)
    full = both(full, getAccess(load).full);
  auto emit = [&](bool withChecks) {
    checked = withChecks;
    chunkScope = Scope();
    rowScope = Scope();
    return body();
  };
  SmallVector<Value> results;
  if (!full)
    results = emit(false);
  else
    results = ifElse(
        full, types, [&] { return emit(false); }, [&] { return emit(true); });
  checked = savedChecked;
  chunkScope = std::move(savedChunk);
  rowScope = std::move(savedRow);
  return results;
}

void Emitter::choose(Value condition, function_ref<void()> onTrue,
                     function_ref<void()> onFalse) {
  Scope savedChunk = std::move(chunkScope), savedRow = std::move(rowScope);
  auto emit = [&](function_ref<void()> body) {
    chunkScope = Scope();
    rowScope = Scope();
    body();
    return SmallVector<Value>();
  };
  ifElse(
      condition, {}, [&] { return emit(onTrue); },
      [&] { return emit(onFalse); });
  chunkScope = std::move(savedChunk);
  rowScope = std::move(savedRow);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void Emitter::forChunks(Point point, int64_t dim, int64_t extent, int64_t width,
                        function_ref<void(Point)> body) {
  auto run = [&](Value start, int64_t lanes) {
    Point p = point;
    p.coords[dim] = start;
    p.dim = lanes == 1 ? -1 : dim;
    p.width = lanes;
    body(p);
  };
  int64_t main = extent - extent % width;
  loop(main, width, /*isChunk=*/true, [&](Value i) { run(i, width); });
  // The rest in ever smaller powers of two.
  int64_t done = main;
  for (int64_t lanes = width / 2; lanes >= 1; lanes /= 2) {
    if (extent - done < lanes)
      continue;
    Scope savedChunk = std::move(chunkScope), savedRow = std::move(rowScope);
    chunkScope = Scope();
    rowScope = Scope();
    run(constant(done), lanes);
    chunkScope = std::move(savedChunk);
    rowScope = std::move(savedRow);
    done += lanes;
  }
}

void Emitter::forEach(ArrayRef<int64_t> shape, int64_t dim, int64_t width,
                      function_ref<void(Point)> body) {
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0 && dim < 0; --d)
    if (shape[d] != 1)
      dim = d;
  Point point;
  point.coords.assign(shape.size(), constant(0));
  auto recurse = [&](auto &&self, int64_t d) -> void {
    if (d == int64_t(shape.size())) {
      if (dim < 0)
        body(point);
      else
        forChunks(point, dim, shape[dim], width, body);
      return;
    }
    if (d == dim || shape[d] == 1)
      return self(self, d + 1);
    loop(shape[d], 1, /*isChunk=*/false, [&](Value i) {
      point.coords[d] = i;
      self(self, d + 1);
    });
  };
  recurse(recurse, 0);
}

//===----------------------------------------------------------------------===//
// Into buffers
//===----------------------------------------------------------------------===//

void Emitter::copyBuffer(Buffer from, Buffer to, Type type) {
  if (from.offset == to.offset)
    return;
  auto tensor = cast<RankedTensorType>(type);
  Type elementType = tensor.getElementType();
  int64_t count = tensor.getNumElements();
  auto flat = RankedTensorType::get({count}, elementType);
  int64_t width =
      std::min<int64_t>(2 * vectorBytes / tile::getElementBytes(elementType),
                        llvm::bit_floor<uint64_t>(count));
  forEach({count}, 0, width, [&](Point point) {
    Value v = evaluateBuffer(from, flat, point);
    storeTo(bufferPointer(to, {count}, point.coords, elementType), v,
            elementType);
  });
}

void Emitter::materialize(Value v, Buffer target) {
  if (plan.isBuffered(v))
    return copyBuffer(getBuffer(v), target, v.getType());
  computeInto(v.getDefiningOp(), target);
}

void Emitter::computeInto(Operation *op, Buffer target) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  ArrayRef<int64_t> shape = type.getShape();
  int64_t dim = -1;
  for (int64_t d = type.getRank() - 1; d >= 0 && dim < 0; --d)
    if (shape[d] != 1)
      dim = d;
  int64_t width =
      dim < 0 ? 1 : chooseWidth(op->getOperands(), op, dim, shape[dim]);
  Type elementType = type.getElementType();
  SmallVector<Value> tiles;
  for (Value operand : op->getOperands())
    if (isTile(operand.getType()))
      tiles.push_back(operand);
  versioned(collectLoads(tiles, op), {}, [&] {
    if (isa<tile::TransposeOp>(op) &&
        getPreferredDim(op->getResult(0)) != dim) {
      computeTransposed(op, target);
      return SmallVector<Value>();
    }
    forEach(shape, dim, width, [&](Point point) {
      storeTo(bufferPointer(target, shape, point.coords, elementType),
              evaluateOp(op, point), elementType);
    });
    return SmallVector<Value>();
  });
}

//===----------------------------------------------------------------------===//
// Transposes
//===----------------------------------------------------------------------===//

int64_t Emitter::getBlockSide(Type elementType) {
  int64_t bytes = tile::getElementBytes(elementType);
  return std::min<int64_t>(
      level.host.transposeBytes / std::min<int64_t>(bytes, 8), 16);
}

SmallVector<Value>
Emitter::transposedBlock(const Point &point, int64_t across,
                         function_ref<Value(const Point &)> row) {
  int64_t side = point.width;
  SmallVector<Value> rows;
  for (int64_t r = 0; r < side; ++r) {
    Point p = point;
    p.coords[across] = add(p.coords[across], constant(r));
    rows.push_back(row(p));
  }
  // Swaps one bit of the row number with the same bit of the lane per step.
  for (int64_t s = side / 2; s >= 1; s /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t l = 0; l < side; ++l) {
      low.push_back((l & s) ? side + l - s : l);
      high.push_back((l & s) ? side + l : l + s);
    }
    for (int64_t i = 0; i < side; ++i) {
      if (i & s)
        continue;
      Value a = rows[i], c = rows[i + s];
      rows[i] = vector::ShuffleOp::create(b, a, c, low);
      rows[i + s] = vector::ShuffleOp::create(b, a, c, high);
    }
  }
  return rows;
}

void Emitter::forEachTransposed(
    ArrayRef<int64_t> shape, int64_t from, int64_t to, int64_t side,
    int64_t run, function_ref<Value(const Point &)> read,
    function_ref<void(const Point &, Value)> write) {
  int64_t mainFrom = shape[from] - shape[from] % side;
  int64_t mainTo = shape[to] - shape[to] % (side * run);
  // Whole blocks.
  if (mainFrom && mainTo) {
    SmallVector<int64_t> blocks(shape);
    blocks[from] = mainFrom / side;
    blocks[to] = mainTo / (side * run);
    forEach(blocks, to, 1, [&](Point point) {
      point.coords[from] = mul(point.coords[from], constant(side));
      point.coords[to] = mul(point.coords[to], constant(side * run));
      point.dim = from;
      point.width = side;
      SmallVector<Value> starts, columns;
      for (int64_t r = 0; r < run; ++r) {
        Point block = point;
        block.coords[to] = add(block.coords[to], constant(r * side));
        starts.push_back(block.coords[to]);
        columns.append(transposedBlock(block, to, read));
      }
      for (int64_t l = 0; l < side; ++l)
        for (int64_t r = 0; r < run; ++r) {
          Point target = point;
          target.dim = to;
          target.coords[from] = add(target.coords[from], constant(l));
          target.coords[to] = starts[r];
          write(target, columns[r * side + l]);
        }
    });
  }
  // The edges, element by element.
  auto rest = [&](int64_t beginFrom, int64_t beginTo, int64_t endTo) {
    SmallVector<int64_t> part(shape);
    part[from] -= beginFrom;
    part[to] = endTo - beginTo;
    if (part[from] <= 0 || part[to] <= 0)
      return;
    forEach(part, to, 1, [&](Point point) {
      point.coords[from] = add(point.coords[from], constant(beginFrom));
      point.coords[to] = add(point.coords[to], constant(beginTo));
      write(point, read(point));
    });
  };
  if (!mainFrom || !mainTo)
    return rest(0, 0, shape[to]);
  rest(mainFrom, 0, mainTo);
  rest(0, mainTo, shape[to]);
}

void Emitter::computeTransposed(Operation *op, Buffer target) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  Type elementType = type.getElementType();
  int64_t to = type.getRank() - 1;
  while (type.getDimSize(to) == 1)
    --to;
  forEachTransposed(
      type.getShape(), getPreferredDim(op->getResult(0)), to,
      getBlockSide(elementType), /*run=*/1,
      [&](const Point &point) { return evaluateOp(op, point); },
      [&](const Point &point, Value v) {
        storeTo(
            bufferPointer(target, type.getShape(), point.coords, elementType),
            v, elementType);
      });
}

} // namespace tilewright::host
