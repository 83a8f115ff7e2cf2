// Mma.cpp - matrix products: packed operands and register-blocked kernels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rhs is packed into panels of as many columns as a micro-kernel keeps in
// registers, row after row; the lhs is row-major. Both are in the type that the
// products are summed in, but for i8: there an element is a pair of i16 that
// follow each other along K, and one instruction multiplies and adds both. The
// accumulator tile is updated where it is.
#include "Emitter.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "tilewright/Conversion/Numerics.h"

using namespace mlir;

namespace tilewright::host {

namespace {
/// Panels of one width, next to each other.
struct PanelGroup {
  int64_t firstColumn;
  int64_t width;  ///< columns of a panel
  int64_t count;  ///< panels
  int64_t offset; ///< of the first panel, in elements
};
} // namespace

struct Emitter::MmaShape {
  int64_t m, n, k;
  int64_t rows;  ///< of a micro-kernel
  int64_t lanes; ///< of a vector of the accumulator's type
  Type type;     ///< of the products and sums
  bool isPaired; ///< i8: an element of a packed operand has two of K
  int64_t steps; ///< packed elements along K
  bool startsAtZero;
  SmallVector<int64_t> batch;
  SmallVector<PanelGroup> groups;
};

/// Rows of a micro-kernel that is two vectors wide: enough sums in flight to
/// hide the latency of an fma, and room for the operands.
static int64_t chooseRows(int64_t m, int64_t numRegisters) {
  int64_t most = numRegisters >= 32 ? 12 : 6;
  if (m <= most)
    return m;
  if (numRegisters >= 32)
    for (int64_t rows = most; rows >= 8; --rows)
      if (m % rows == 0)
        return rows;
  return most;
}

static SmallVector<PanelGroup> makeGroups(int64_t n, int64_t k, int64_t width) {
  SmallVector<PanelGroup> groups;
  int64_t column = 0;
  for (int64_t w = width; w >= 1; w /= 2) {
    int64_t count = (n - column) / w;
    if (!count)
      continue;
    groups.push_back({column, w, count, column * k});
    column += w * count;
  }
  return groups;
}

static bool isZeroConstant(Value v) {
  auto c = v.getDefiningOp<arith::ConstantOp>();
  auto dense = c ? dyn_cast<SplatElementsAttr>(c.getValue()) : nullptr;
  if (!dense)
    return false;
  if (isa<FloatType>(dense.getElementType()))
    return dense.getSplatValue<APFloat>().isPosZero();
  return dense.getSplatValue<APInt>().isZero();
}

Value Emitter::convertOperand(Value value, Type from, const MmaShape &mma,
                              int64_t width) {
  if (from == mma.type)
    return value;
  if (isa<IntegerType>(from))
    return arith::ExtSIOp::create(b, valueType(mma.type, width), value);
  if (Value converted = convertFloat(value, from, mma.type, width))
    return converted;
  Type source = width == 1 ? from : VectorType::get({width}, from);
  value = arith::BitcastOp::create(b, source, value);
  return expandConvert(b, b.getLoc(), value, mma.type);
}

/// The low 16 bits of `low` and, above, those of `high`, or zero.
Value Emitter::joinPair(Value low, Value high, int64_t width) {
  Value mask = splat(constant(0xFFFF, 32), width);
  low = arith::AndIOp::create(b, low, mask);
  if (!high)
    return low;
  high = arith::ShLIOp::create(b, high, splat(constant(16, 32), width));
  return arith::OrIOp::create(b, low, high);
}

/// sum + left.low * right.low + left.high * right.high, of pairs of i16.
Value Emitter::addPairProducts(Value left, Value right, Value sum,
                               int64_t width) {
  StringRef name = width == 4    ? "llvm.x86.sse2.pmadd.wd"
                   : width == 8  ? "llvm.x86.avx2.pmadd.wd"
                   : width == 16 ? "llvm.x86.avx512.pmaddw.d.512"
                                 : "";
  if (!name.empty()) {
    auto halves = VectorType::get({2 * width}, b.getI16Type());
    left = vector::BitCastOp::create(b, halves, left);
    right = vector::BitCastOp::create(b, halves, right);
    auto call = LLVM::CallIntrinsicOp::create(
        b, sum.getType(), b.getStringAttr(name), ValueRange{left, right});
    return arith::AddIOp::create(b, sum, call.getResults());
  }
  Value shift = splat(constant(16, 32), width);
  auto high = [&](Value v) -> Value {
    return arith::ShRSIOp::create(b, v, shift);
  };
  auto low = [&](Value v) -> Value {
    return high(arith::ShLIOp::create(b, v, shift));
  };
  Value a = arith::MulIOp::create(b, low(left), low(right));
  Value c = arith::MulIOp::create(b, high(left), high(right));
  return arith::AddIOp::create(b, sum, arith::AddIOp::create(b, a, c));
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

void Emitter::packLhs(tile::MmaOp op, const MmaShape &mma, Buffer target,
                      ArrayRef<Value> batch) {
  Value lhs = op.getLhs();
  Type from = getElementTypeOrSelf(lhs.getType());
  int64_t dim = batch.size() + 1;
  int64_t width =
      std::min(chooseWidth(lhs, nullptr, dim, mma.k), 2 * mma.lanes);
  Type to = mma.isPaired ? b.getI16Type() : mma.type;
  SmallVector<int64_t> packed = {mma.m, mma.isPaired ? 2 * mma.steps : mma.k};
  if (mma.isPaired && mma.k % 2)
    loop(mma.m, 1, /*isChunk=*/false, [&](Value i) {
      storeTo(bufferPointer(target, packed, {i, constant(mma.k)}, to), zero(to),
              to);
    });
  versioned(collectLoads(lhs), {}, [&] {
    forEach({mma.m, mma.k}, 1, width, [&](Point point) {
      Value pointer = bufferPointer(target, packed, point.coords, to);
      point.coords.insert(point.coords.begin(), batch.begin(), batch.end());
      if (point.width > 1)
        point.dim = dim;
      Value v = evaluate(lhs, point);
      if (mma.isPaired)
        v = arith::ExtSIOp::create(b, valueType(to, point.width), v);
      else
        v = convertOperand(v, from, mma, point.width);
      storeTo(pointer, v, to);
    });
    return SmallVector<Value>();
  });
}

void Emitter::packRhs(tile::MmaOp op, const MmaShape &mma, Buffer target,
                      ArrayRef<Value> batch) {
  Value rhs = op.getRhs();
  Type from = getElementTypeOrSelf(rhs.getType());
  int64_t kDim = batch.size(), nDim = kDim + 1;
  bool isTransposed = rhs.getDefiningOp<tile::TransposeOp>() &&
                      !plan.isBuffered(rhs) && getPreferredDim(rhs) == kDim;
  int64_t side = getBlockSide(from);
  auto at = [&](Value k, Value n, int64_t dim, int64_t width) {
    Point point;
    point.coords.assign(batch.begin(), batch.end());
    point.coords.push_back(k);
    point.coords.push_back(n);
    point.dim = width == 1 ? -1 : dim;
    point.width = width;
    return point;
  };
  // Stores `low`, and `high` where elements are pairs: those of `step` from
  // `column` on of panel `p` of the group.
  auto store = [&](const PanelGroup &group, Value p, Value step, Value column,
                   Value low, Value high, int64_t width) {
    Value index = add(mul(p, constant(mma.steps * group.width)),
                      mul(step, constant(group.width)));
    index = add(index, add(column, constant(group.offset)));
    Value v = convertOperand(low, from, mma, width);
    if (mma.isPaired)
      v = joinPair(v, high ? convertOperand(high, from, mma, width) : Value(),
                   width);
    storeTo(element(bufferBase(target), index, mma.type), v, mma.type);
  };
  int64_t perStep = mma.isPaired ? 2 : 1;
  auto packGroup = [&](const PanelGroup &group) {
    loop(group.count, 1, /*isChunk=*/false, [&](Value p) {
      Value first =
          add(mul(p, constant(group.width)), constant(group.firstColumn));
      int64_t blocks = 0;
      if (isTransposed && group.width >= side)
        blocks = mma.k / side;
      loop(blocks, 1, /*isChunk=*/true, [&](Value block) {
        Value k = mul(block, constant(side));
        Value step = mul(block, constant(side / perStep));
        for (int64_t c = 0; c < group.width; c += side) {
          SmallVector<Value> columns = transposedBlock(
              at(k, add(first, constant(c)), kDim, side), nDim,
              [&](const Point &point) { return evaluate(rhs, point); });
          for (int64_t l = 0; l < side; l += perStep)
            store(group, p, add(step, constant(l / perStep)), constant(c),
                  columns[l], mma.isPaired ? columns[l + 1] : Value(), side);
        }
      });
      int64_t lanes = isTransposed ? 1 : std::min(mma.lanes, group.width);
      auto packStep = [&](Value step, bool isWhole) {
        Value k = mul(step, constant(perStep));
        auto packColumns = [&](Value c, int64_t width) {
          Value n = add(first, c);
          Value low = evaluate(rhs, at(k, n, nDim, width)), high;
          if (mma.isPaired && isWhole)
            high = evaluate(rhs, at(add(k, constant(1)), n, nDim, width));
          store(group, p, step, c, low, high, width);
        };
        if (lanes == 1 && group.width > 1)
          return loop(group.width, 1, /*isChunk=*/false,
                      [&](Value c) { packColumns(c, 1); });
        for (int64_t c = 0; c < group.width; c += lanes)
          packColumns(constant(c), lanes);
      };
      int64_t done = blocks * side / perStep, whole = mma.k / perStep;
      loop(whole - done, 1, /*isChunk=*/true, [&](Value i) {
        packStep(add(i, constant(done)), /*isWhole=*/true);
      });
      if (whole < mma.steps)
        loop(1, 1, /*isChunk=*/true,
             [&](Value) { packStep(constant(whole), /*isWhole=*/false); });
    });
  };
  versioned(collectLoads(rhs), {}, [&] {
    for (const PanelGroup &group : mma.groups)
      packGroup(group);
    return SmallVector<Value>();
  });
}

//===----------------------------------------------------------------------===//
// Micro-kernels
//===----------------------------------------------------------------------===//

void Emitter::emitMicroKernel(const MmaShape &mma, Value lhs, Value panel,
                              Value acc, int64_t rows, int64_t columns) {
  int64_t lanes = std::min(mma.lanes, columns), vectors = columns / lanes;
  auto accPointer = [&](int64_t r, int64_t v) {
    return element(acc, constant(r * mma.n + v * lanes), mma.type);
  };
  SmallVector<Value> sums;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      sums.push_back(mma.startsAtZero
                         ? zero(valueType(mma.type, lanes))
                         : loadFrom(accPointer(r, v), mma.type, lanes));
  auto step = [&](Value k, ValueRange carried) {
    SmallVector<Value> next;
    SmallVector<Value> right;
    Value row = mul(k, constant(columns));
    for (int64_t v = 0; v < vectors; ++v)
      right.push_back(
          loadFrom(element(panel, add(row, constant(v * lanes)), mma.type),
                   mma.type, lanes));
    for (int64_t r = 0; r < rows; ++r) {
      Value left = loadFrom(
          element(lhs, add(k, constant(r * mma.steps)), mma.type), mma.type, 1);
      left = splat(left, lanes);
      for (int64_t v = 0; v < vectors; ++v) {
        Value sum = carried[r * vectors + v];
        if (isa<FloatType>(mma.type))
          sum = math::FmaOp::create(b, left, right[v], sum);
        else
          sum = addPairProducts(left, right[v], sum, lanes);
        next.push_back(sum);
      }
    }
    return next;
  };
  int64_t unroll = mma.steps % 4 == 0 ? 4 : mma.steps % 2 == 0 ? 2 : 1;
  sums = loopCarried(constant(0), constant(mma.steps), constant(unroll), sums,
                     /*isChunk=*/false, [&](Value k, ValueRange carried) {
                       SmallVector<Value> values(carried);
                       for (int64_t u = 0; u < unroll; ++u)
                         values = step(add(k, constant(u)), values);
                       return values;
                     });
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t v = 0; v < vectors; ++v)
      storeTo(accPointer(r, v), sums[r * vectors + v], mma.type);
}

void Emitter::emitMicroKernels(tile::MmaOp op, const MmaShape &mma, Value lhs,
                               Value rhs, Value acc) {
  int64_t whole = mma.m / mma.rows, rest = mma.m % mma.rows;
  for (const PanelGroup &group : mma.groups) {
    // Panels outside: one stays in the first-level cache for all rows.
    loop(group.count, 1, /*isChunk=*/false, [&](Value p) {
      Value panel = element(rhs,
                            add(mul(p, constant(mma.steps * group.width)),
                                constant(group.offset)),
                            mma.type);
      Value column =
          add(mul(p, constant(group.width)), constant(group.firstColumn));
      auto run = [&](Value row, int64_t rows) {
        Value left = element(lhs, mul(row, constant(mma.steps)), mma.type);
        Value sums =
            element(acc, add(mul(row, constant(mma.n)), column), mma.type);
        emitMicroKernel(mma, left, panel, sums, rows, group.width);
      };
      loop(whole, 1, /*isChunk=*/false,
           [&](Value i) { run(mul(i, constant(mma.rows)), mma.rows); });
      if (rest)
        run(constant(whole * mma.rows), rest);
    });
  }
}

void Emitter::emitMma(tile::MmaOp op) {
  auto accType = cast<RankedTensorType>(op.getAcc().getType());
  ArrayRef<int64_t> shape = accType.getShape();
  ArrayRef<int64_t> lhsShape = tile::getTileShape(op.getLhs().getType());
  if (plan.getSites(op.getResult()).empty())
    return;
  MmaShape mma;
  mma.m = shape[shape.size() - 2];
  mma.n = shape.back();
  mma.k = lhsShape.back();
  mma.type = accType.getElementType();
  mma.batch.assign(shape.begin(), shape.end() - 2);
  mma.lanes = vectorBytes / tile::getElementBytes(mma.type);
  mma.rows = chooseRows(mma.m, level.maxRegistersPerLane);
  mma.isPaired = mma.type.isInteger(32);
  mma.steps = mma.isPaired ? llvm::divideCeil(mma.k, 2) : mma.k;
  mma.groups = makeGroups(mma.n, mma.steps, 2 * mma.lanes);
  mma.startsAtZero = isZeroConstant(op.getAcc());

  Buffer target =
      chooseBuffer(op.getResult(), op, op.getAcc(), {op.getLhs(), op.getRhs()});
  if (!mma.startsAtZero)
    materialize(op.getAcc(), target);

  int64_t bytes = tile::getElementBytes(mma.type);
  // A buffered lhs of the right type is what the micro-kernel reads.
  bool packsLhs = !plan.isBuffered(op.getLhs()) ||
                  getElementTypeOrSelf(op.getLhs().getType()) != mma.type;
  Buffer left = packsLhs ? arena.allocate(mma.m * mma.steps * bytes)
                         : getBuffer(op.getLhs());
  Buffer right = arena.allocate(mma.steps * mma.n * bytes);
  forEach(mma.batch, -1, 1, [&](Point point) {
    SmallVector<Value> batch = point.coords;
    if (packsLhs)
      packLhs(op, mma, left, batch);
    packRhs(op, mma, right, batch);
    auto matrix = [&](Buffer buffer, ArrayRef<int64_t> dims) {
      SmallVector<Value> coords = batch;
      coords.append(2, constant(0));
      return bufferPointer(buffer, dims, coords, mma.type);
    };
    emitMicroKernels(op, mma,
                     packsLhs ? bufferBase(left) : matrix(left, lhsShape),
                     bufferBase(right), matrix(target, shape));
  });
  if (packsLhs)
    arena.release(left);
  arena.release(right);
}

} // namespace tilewright::host
