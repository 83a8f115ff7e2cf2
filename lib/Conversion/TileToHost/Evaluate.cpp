// Evaluate.cpp - emits inline tiles, one vector of elements at a time.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Emitter.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "tilewright/Conversion/Numerics.h"

using namespace mlir;

namespace tilewright::host {

bool Emitter::isInChunk(const Point &point) {
  if (!chunkScope.chunk)
    return true;
  return llvm::any_of(point.coords, [&](Value v) {
    return v.getParentRegion() == chunkScope.chunk->getParent() ||
           chunkScope.chunk->getParent()->isAncestor(v.getParentRegion());
  });
}

Value Emitter::evaluate(Value v, const Point &point) {
  if (!isTile(v.getType()))
    return splat(scalars.lookup(v), point.width);
  bool inChunk = isInChunk(point);
  Scope &scope = inChunk ? chunkScope : rowScope;
  MemoKey key(v.getAsOpaquePointer(), point.dim, point.width, {});
  for (Value coord : point.coords)
    std::get<3>(key).push_back(coord.getAsOpaquePointer());
  if (auto it = scope.memo.find(key); it != scope.memo.end())
    return it->second;
  OpBuilder::InsertionGuard guard(b);
  if (!inChunk)
    b.setInsertionPoint(rowScope.before);
  Value result;
  if (plan.isBuffered(v))
    result = evaluateBuffer(getBuffer(v), cast<RankedTensorType>(v.getType()),
                            point);
  else
    result = evaluateOp(v.getDefiningOp(), point);
  (inChunk ? chunkScope : rowScope).memo[key] = result;
  return result;
}

Value Emitter::evaluateBuffer(Buffer buffer, RankedTensorType type,
                              const Point &point) {
  ArrayRef<int64_t> shape = type.getShape();
  Type elementType = type.getElementType();
  Value pointer = bufferPointer(buffer, shape, point.coords, elementType);
  if (point.width == 1)
    return loadFrom(pointer, elementType, 1);
  int64_t stride = 1;
  for (int64_t n : shape.drop_front(point.dim + 1))
    stride *= n;
  if (stride == 1)
    return loadFrom(pointer, elementType, point.width);
  SmallVector<Value> lanes;
  for (int64_t l = 0; l < point.width; ++l)
    lanes.push_back(loadFrom(
        element(pointer, constant(l * stride), memoryType(elementType)),
        elementType, 1));
  return vector::FromElementsOp::create(b, valueType(elementType, point.width),
                                        lanes);
}

Value Emitter::constantValue(Attribute attr, Type elementType, int64_t width) {
  Type type = valueType(elementType);
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (dense)
    attr = dense.getSplatValue<Attribute>();
  if (auto f = dyn_cast<FloatAttr>(attr); f && isa<IntegerType>(type))
    attr = b.getIntegerAttr(type, f.getValue().bitcastToAPInt());
  else if (auto i = dyn_cast<IntegerAttr>(attr))
    attr = b.getIntegerAttr(
        type, i.getValue().sextOrTrunc(type.getIntOrFloatBitWidth()));
  auto typed = cast<TypedAttr>(attr);
  if (width == 1)
    return arith::ConstantOp::create(b, typed);
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(VectorType::get({width}, type),
                                ArrayRef<Attribute>{typed}));
}

Value Emitter::evaluateConstant(arith::ConstantOp op, const Point &point) {
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  auto type = cast<RankedTensorType>(op.getType());
  Type elementType = type.getElementType();
  if (dense && dense.isSplat())
    return constantValue(dense, elementType, point.width);
  if (!dense)
    return error(op, "expected a dense constant",
                 valueType(elementType, point.width));
  // A table in the image.
  auto [it, inserted] = tables.try_emplace(op.getOperation(), tables.size());
  std::string name =
      "__" + kernel.getSymName().str() + "_table_" + std::to_string(it->second);
  Type memory = memoryType(elementType);
  if (inserted) {
    SmallVector<Attribute> elements;
    for (Attribute attr : dense.getValues<Attribute>()) {
      if (auto f = dyn_cast<FloatAttr>(attr); f && isa<IntegerType>(memory))
        attr = b.getIntegerAttr(memory, f.getValue().bitcastToAPInt());
      else if (auto i = dyn_cast<IntegerAttr>(attr))
        attr = b.getIntegerAttr(
            memory,
            elementType.isInteger(1)
                ? APInt(8, i.getValue().getBoolValue())
                : i.getValue().sextOrTrunc(memory.getIntOrFloatBitWidth()));
      elements.push_back(attr);
    }
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(func);
    int64_t count = type.getNumElements();
    LLVM::GlobalOp::create(
        b, LLVM::LLVMArrayType::get(memory, count), /*isConstant=*/true,
        LLVM::Linkage::Internal, name,
        DenseElementsAttr::get(RankedTensorType::get({count}, memory),
                               elements),
        /*alignment=*/64);
  }
  Value base = LLVM::AddressOfOp::create(
      b, LLVM::LLVMPointerType::get(b.getContext()), name);
  ArrayRef<int64_t> shape = type.getShape();
  Value index = constant(0);
  int64_t stride = 1, laneStride = 1;
  for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d) {
    index = add(index, mul(point.coords[d], constant(stride)));
    if (d == point.dim)
      laneStride = stride;
    stride *= shape[d];
  }
  Value pointer = element(base, index, memory);
  if (point.width == 1 || laneStride == 1)
    return loadFrom(pointer, elementType, point.width);
  SmallVector<Value> lanes;
  for (int64_t l = 0; l < point.width; ++l)
    lanes.push_back(loadFrom(element(pointer, constant(l * laneStride), memory),
                             elementType, 1));
  return vector::FromElementsOp::create(b, valueType(elementType, point.width),
                                        lanes);
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

Value Emitter::evaluateReshape(tile::ReshapeOp op, const Point &point) {
  Value source = op.getSource();
  if (!isTile(source.getType()))
    return splat(scalars.lookup(source), point.width);
  ArrayRef<int64_t> from = tile::getTileShape(source.getType());
  ArrayRef<int64_t> to = tile::getTileShape(op.getType());
  if (onlyUnitDimsChange(from, to)) {
    Point inner;
    inner.width = point.width;
    unsigned next = 0;
    for (auto [d, n] : llvm::enumerate(from)) {
      if (n == 1) {
        inner.coords.push_back(constant(0));
        continue;
      }
      while (to[next] == 1)
        ++next;
      if (point.dim == int64_t(next))
        inner.dim = d;
      inner.coords.push_back(point.coords[next++]);
    }
    return evaluate(source, inner);
  }
  if (auto c = source.getDefiningOp<arith::ConstantOp>();
      c && !plan.isBuffered(source)) {
    auto dense = dyn_cast<DenseElementsAttr>(c.getValue());
    if (dense && dense.isSplat())
      return constantValue(dense, dense.getElementType(), point.width);
    return error(
        op,
        "of a constant that is not a splat is not supported by "
        "convert-tile-to-host",
        valueType(cast<RankedTensorType>(op.getType()).getElementType(),
                  point.width));
  }
  // The same bytes in another shape.
  return evaluateBuffer(getBuffer(source), cast<RankedTensorType>(op.getType()),
                        point);
}

Value Emitter::evaluateView(Operation *op, const Point &point) {
  Value source = op->getOperand(0);
  Point inner = point;
  if (auto transpose = dyn_cast<tile::TransposeOp>(op)) {
    for (auto [d, s] : llvm::enumerate(transpose.getPermutation())) {
      inner.coords[s] = point.coords[d];
      if (point.dim == int64_t(d))
        inner.dim = s;
    }
    return evaluate(source, inner);
  }
  if (auto slice = dyn_cast<tile::ExtractSliceOp>(op)) {
    for (auto [d, offset] : llvm::enumerate(slice.getOffsets()))
      inner.coords[d] = add(point.coords[d], constant(offset));
    return evaluate(source, inner);
  }
  // A broadcast, of a scalar or of a tile.
  if (!isTile(source.getType()))
    return splat(scalars.lookup(source), point.width);
  bool repeatsLane = false;
  for (auto [d, n] : llvm::enumerate(tile::getTileShape(source.getType()))) {
    if (n != 1)
      continue;
    inner.coords[d] = constant(0);
    repeatsLane |= point.dim == int64_t(d);
  }
  if (!repeatsLane || point.width == 1)
    return evaluate(source, inner);
  inner.dim = -1;
  inner.width = 1;
  Value scalar = evaluate(source, inner);
  // Beside the scalar, so that a loop around here does not repeat it.
  OpBuilder::InsertionGuard guard(b);
  if (!isInChunk(inner) && rowScope.before)
    b.setInsertionPoint(rowScope.before);
  return splat(scalar, point.width);
}

Value Emitter::evaluateOp(Operation *op, const Point &point) {
  if (failed)
    return zero(valueType(
        cast<RankedTensorType>(op->getResult(0).getType()).getElementType(),
        point.width));
  if (auto c = dyn_cast<arith::ConstantOp>(op))
    return evaluateConstant(c, point);
  if (isa<tile::LoadOp, tile::GatherOp>(op))
    return evaluateAccess(op, point);
  if (auto reshape = dyn_cast<tile::ReshapeOp>(op))
    return evaluateReshape(reshape, point);
  if (isa<tile::TransposeOp, tile::ExtractSliceOp, tile::BroadcastOp,
          tensor::SplatOp>(op))
    return evaluateView(op, point);
  if (auto iota = dyn_cast<tile::IotaOp>(op)) {
    Type type =
        valueType(cast<RankedTensorType>(iota.getType()).getElementType());
    int64_t dim = iota.getDim();
    Value coord = point.coords[dim];
    unsigned bits = type.getIntOrFloatBitWidth();
    if (bits < 64)
      coord = arith::TruncIOp::create(b, type, coord);
    coord = splat(coord, point.width);
    if (dim != point.dim || point.width == 1)
      return coord;
    SmallVector<Attribute> lanes;
    for (int64_t l = 0; l < point.width; ++l)
      lanes.push_back(b.getIntegerAttr(type, APInt(64, l).trunc(bits)));
    Value steps = arith::ConstantOp::create(
        b, DenseElementsAttr::get(VectorType::get({point.width}, type), lanes));
    return arith::AddIOp::create(b, coord, steps);
  }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    // A select may have one condition for the whole tile.
    if (!isTile(operand.getType()))
      operands.push_back(scalars.lookup(operand));
    else
      operands.push_back(evaluate(operand, point));
  }
  return emitElementwise(op, operands, point.width);
}

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

static Type getElement(Type type) { return getElementTypeOrSelf(type); }

/// Division by zero and the overflowing one stop an x86 CPU; elsewhere they
/// give some value, so they do here.
Value Emitter::guardDivision(Operation *op, Value lhs, Value rhs) {
  APInt known;
  if (matchPattern(rhs, m_ConstantInt(&known)) && known.isStrictlyPositive())
    return rhs;
  auto intConstant = [&](APInt value) -> Value {
    Type type = rhs.getType();
    TypedAttr attr = b.getIntegerAttr(getElement(type), value);
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, ArrayRef<Attribute>{attr});
    return arith::ConstantOp::create(b, attr);
  };
  unsigned bits = getElement(rhs.getType()).getIntOrFloatBitWidth();
  if (bits == 1)
    return rhs;
  Value one = intConstant(APInt(bits, 1));
  Value bad = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rhs,
                                    intConstant(APInt(bits, 0)));
  if (isa<arith::DivSIOp, arith::RemSIOp, arith::CeilDivSIOp,
          arith::FloorDivSIOp>(op)) {
    Value minusOne = arith::CmpIOp::create(
        b, arith::CmpIPredicate::eq, rhs, intConstant(APInt::getAllOnes(bits)));
    Value lowest =
        arith::CmpIOp::create(b, arith::CmpIPredicate::eq, lhs,
                              intConstant(APInt::getSignedMinValue(bits)));
    bad = arith::OrIOp::create(b, bad,
                               arith::AndIOp::create(b, minusOne, lowest));
  }
  return arith::SelectOp::create(b, bad, one, rhs);
}

Value Emitter::convertFloat(Value value, Type from, Type to, int64_t width) {
  auto withWidth = [&](Type type) -> Type {
    return width == 1 ? type : VectorType::get({width}, type);
  };
  if (from == to)
    return value;
  if (isa<BFloat16Type>(from) && to.isF32()) {
    Type wide = withWidth(b.getI32Type());
    Value bits = arith::ExtUIOp::create(b, wide, value);
    TypedAttr shift = b.getI32IntegerAttr(16);
    if (width > 1)
      shift = DenseElementsAttr::get(cast<VectorType>(wide),
                                     ArrayRef<Attribute>{shift});
    bits = arith::ShLIOp::create(b, bits, arith::ConstantOp::create(b, shift));
    return arith::BitcastOp::create(b, withWidth(to), bits);
  }
  bool isNative = (from.isF16() && to.isF32()) ||
                  (from.isF32() && to.isF16()) ||
                  (from.isF32() && to.isF64()) || (from.isF64() && to.isF32());
  if (isNative && from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
    return arith::ExtFOp::create(b, withWidth(to), value);
  if (isNative)
    return arith::TruncFOp::create(b, withWidth(to), value);
  return {};
}

Value Emitter::emitConversion(Operation *op, Value operand, Type from, Type to,
                              int64_t width) {
  bool isPlain = true;
  RoundingMode mode = RoundingMode::NearestEven;
  bool saturate = false;
  if (auto convert = dyn_cast<tile::ConvertOp>(op)) {
    mode = RoundingMode(unsigned(convert.getRounding()));
    saturate = convert.getSaturate();
    isPlain = false;
  } else if (auto trunc = dyn_cast<arith::TruncFOp>(op)) {
    if (trunc.getRoundingmode() &&
        *trunc.getRoundingmode() != arith::RoundingMode::to_nearest_even)
      return error(op,
                   "with a rounding mode is not supported: use tile.convert",
                   valueType(to, width));
  }
  if (isPlain)
    if (Value converted = convertFloat(operand, from, to, width))
      return converted;
  auto withWidth = [&](Type type) -> Type {
    return width == 1 ? type : VectorType::get({width}, type);
  };
  Value source = operand;
  if (valueType(from) != from)
    source = arith::BitcastOp::create(b, withWidth(from), source);
  Value converted = expandConvert(b, op->getLoc(), source, to, mode, saturate);
  if (valueType(to) != to)
    converted = arith::BitcastOp::create(b, valueType(to, width), converted);
  return converted;
}

/// Math ops that are a few instructions on every CPU that we know.
static bool isNativeMath(Operation *op) {
  return isa<math::FmaOp, math::SqrtOp, math::AbsFOp, math::AbsIOp,
             math::CopySignOp, math::FloorOp, math::CeilOp, math::TruncOp,
             math::RoundOp, math::RoundEvenOp, math::CtPopOp,
             math::CountLeadingZerosOp, math::CountTrailingZerosOp>(op);
}

Value Emitter::emitElementwise(Operation *op, ValueRange operands,
                               int64_t width) {
  b.setLoc(op->getLoc());
  Type to = getElement(op->getResult(0).getType());
  Type resultType = valueType(to, width);
  auto unsupported = [&] {
    return error(op,
                 "is not supported by convert-tile-to-host on these element "
                 "types: run tile-expand-numerics first",
                 resultType);
  };
  if (isa<tile::ConvertOp, arith::ExtFOp, arith::TruncFOp>(op))
    return emitConversion(op, operands[0],
                          getElement(op->getOperand(0).getType()), to, width);
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op)) {
    unsigned from = getElement(operands[0].getType()).getIntOrFloatBitWidth();
    unsigned bits = getElement(resultType).getIntOrFloatBitWidth();
    if (from == bits)
      return operands[0];
    if (from > bits)
      return arith::TruncIOp::create(b, resultType, operands[0]);
    if (isa<arith::IndexCastOp>(op))
      return arith::ExtSIOp::create(b, resultType, operands[0]);
    return arith::ExtUIOp::create(b, resultType, operands[0]);
  }
  if (isa<arith::BitcastOp>(op) && operands[0].getType() == resultType)
    return operands[0];
  if (auto c = dyn_cast<arith::ConstantOp>(op))
    return constantValue(c.getValue(), to, width);

  StringRef dialect = op->getName().getDialectNamespace();
  if ((dialect != "arith" && dialect != "math") || op->getNumRegions() ||
      op->getNumResults() != 1)
    return unsupported();
  if (dialect == "math" && !isNativeMath(op))
    return unsupported();
  if (isa<arith::RemFOp, arith::ScalingExtFOp, arith::ScalingTruncFOp>(op))
    return unsupported();
  bool isMove = isa<arith::SelectOp, arith::BitcastOp>(op);
  if (!isMove) {
    for (Type type :
         llvm::concat<Type>(llvm::to_vector(op->getOperandTypes()),
                            llvm::to_vector(op->getResultTypes()))) {
      Type elementType = getElement(type);
      if (isa<FloatType>(elementType) && valueType(elementType) != elementType)
        return unsupported();
    }
  }
  SmallVector<Value> mapped(operands);
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::RemSIOp, arith::RemUIOp,
          arith::CeilDivSIOp, arith::CeilDivUIOp, arith::FloorDivSIOp>(op))
    mapped[1] = guardDivision(op, mapped[0], mapped[1]);
  Operation *clone = op->cloneWithoutRegions();
  clone->setOperands(mapped);
  clone->getResult(0).setType(resultType);
  clone->setDiscardableAttrs(ArrayRef<NamedAttribute>());
  b.insert(clone);
  return clone->getResult(0);
}

SmallVector<Value> Emitter::emitCombiner(Block &block, ValueRange operands,
                                         int64_t width) {
  IRMapping map;
  for (auto [arg, operand] : llvm::zip_equal(block.getArguments(), operands))
    map.map(Value(arg), operand);
  auto lookup = [&](Value v) -> Value {
    if (Value inner = map.lookupOrNull(v))
      return inner;
    return splat(scalars.lookup(v), width); // from outside of the region
  };
  for (Operation &op : block.without_terminator()) {
    if (op.getNumRegions() || op.getNumResults() != 1) {
      error(&op, "is not supported in the region of a reduce or scan",
            b.getI64Type());
      break;
    }
    SmallVector<Value> mapped;
    for (Value operand : op.getOperands())
      mapped.push_back(lookup(operand));
    map.map(op.getResult(0), emitElementwise(&op, mapped, width));
  }
  SmallVector<Value> results;
  for (auto [i, v] : llvm::enumerate(block.getTerminator()->getOperands()))
    results.push_back(failed ? operands[i] : lookup(v));
  return results;
}

} // namespace tilewright::host
