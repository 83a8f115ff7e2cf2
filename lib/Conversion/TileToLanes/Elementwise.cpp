// Elementwise.cpp - arith and math on chunks, constants, sizes of memrefs.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LaneEmitter.h"
#include "tilewright/Conversion/Numerics.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

static Type getChunkType(Type like, Type element) {
  if (auto vector = dyn_cast<VectorType>(like))
    return VectorType::get(vector.getShape(), element);
  return element;
}

// index is i64: a cast of index widens, narrows or does nothing.
static Value castInteger(ImplicitLocOpBuilder &b, Value value, Type element,
                         bool isSigned) {
  Type type = getChunkType(value.getType(), element);
  unsigned from = getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth();
  unsigned to = element.getIntOrFloatBitWidth();
  if (from == to)
    return value;
  if (from > to)
    return arith::TruncIOp::create(b, type, value);
  if (isSigned)
    return arith::ExtSIOp::create(b, type, value);
  return arith::ExtUIOp::create(b, type, value);
}

LogicalResult LaneEmitter::emitElementwise(Operation *op) {
  StringRef dialect =
      op->getDialect() ? op->getDialect()->getNamespace() : StringRef();
  bool isKnown = (dialect == "arith" || dialect == "math") &&
                 op->getNumRegions() == 0 && op->getNumResults() >= 1;
  if (!isKnown) {
    auto error = op->emitOpError("has no lowering to lanes of '")
                 << target.chip.name << "'";
    if (op->getNumResults())
      error << "; its results are " << op->getResultTypes();
    return error;
  }
  if (isa<arith::ExtFOp, arith::TruncFOp>(op) &&
      (tile::isFp8Type(getElementTypeOrSelf(op->getOperand(0))) ||
       tile::isFp8Type(getElementTypeOrSelf(op->getResult(0)))))
    return emitConvert(op, RoundingMode::NearestEven, /*saturate=*/false);

  Type resultType = op->getResult(0).getType();
  int64_t numChunks = getNumRegisters(resultType) / getChunk(resultType);
  SmallVector<Lanes> results(op->getNumResults());
  for (int64_t i = 0; i < numChunks; ++i) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      const Lanes &lanes = get(operand);
      // A scalar condition of a select goes with every chunk.
      operands.push_back(isa<TensorType>(operand.getType()) ? lanes[i]
                                                             : lanes[0]);
    }
    Type element = convertElement(getElementTypeOrSelf(resultType));
    if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op)) {
      results[0].push_back(castInteger(b, operands[0], element,
                                       isa<arith::IndexCastOp>(op)));
      continue;
    }
    if (isa<arith::BitcastOp>(op) &&
        getElementTypeOrSelf(operands[0].getType()) == element) {
      results[0].push_back(operands[0]);
      continue;
    }
    IRMapping mapping;
    for (auto [from, to] : llvm::zip(op->getOperands(), operands))
      mapping.map(from, to);
    Operation *clone = b.clone(*op, mapping);
    clone->removeAttr("tile.vector");
    for (auto [n, result] : llvm::enumerate(op->getResults())) {
      SmallVector<Type> types;
      appendLaneTypes(result.getType(), types);
      clone->getResult(n).setType(types[i]);
      results[n].push_back(clone->getResult(n));
    }
  }
  for (auto [result, lanes] : llvm::zip(op->getResults(), results))
    set(result, std::move(lanes));
  return success();
}

// What tile-expand-numerics left or a later pass inserted: the widening of mma
// operands whose types have no atom.
LogicalResult LaneEmitter::emitConvert(Operation *op, RoundingMode mode,
                                       bool saturate) {
  Value source = op->getOperand(0), result = op->getResult(0);
  Type from = getElementTypeOrSelf(source), to = getElementTypeOrSelf(result);
  Type fromHeld = convertElement(from), toHeld = convertElement(to);
  unsigned fromBits = from.getIntOrFloatBitWidth(),
           toBits = to.getIntOrFloatBitWidth();
  bool isPlain = fromHeld == from && toHeld == to && fromBits != toBits &&
                 mode == RoundingMode::NearestEven && !saturate;
  Lanes results;
  for (Value chunk : Lanes(get(source))) {
    Type type = getChunkType(chunk.getType(), to);
    Value value = chunk;
    if (isPlain && fromBits < toBits) {
      value = arith::ExtFOp::create(b, type, value);
    } else if (isPlain) {
      value = arith::TruncFOp::create(b, type, value);
    } else {
      if (fromHeld != from)
        value = arith::BitcastOp::create(
            b, getChunkType(chunk.getType(), from), value);
      value = expandConvert(b, b.getLoc(), value, to, mode, saturate);
      if (toHeld != to)
        value = arith::BitcastOp::create(
            b, getChunkType(chunk.getType(), toHeld), value);
    }
    results.push_back(value);
  }
  set(result, std::move(results));
  return success();
}

LogicalResult LaneEmitter::emitConstant(arith::ConstantOp op) {
  Type type = op.getType();
  Type element = convertElement(getElementTypeOrSelf(type));
  if (!isa<TensorType>(type)) {
    set(op, {constantOf(element, op.getValue())});
    return success();
  }
  auto dense = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!dense)
    return op.emitOpError("expected a dense value, but got ") << op.getValue();
  if (dense.isSplat()) {
    SmallVector<Type> types;
    appendLaneTypes(type, types);
    Value scalar = constantOf(element, dense.getSplatValue<Attribute>());
    Value chunk = scalar;
    if (auto vector = dyn_cast<VectorType>(types.front())) {
      Attribute value;
      matchPattern(scalar, m_Constant(&value));
      chunk = arith::ConstantOp::create(
          prologue, vector, DenseElementsAttr::get(vector, value));
    }
    set(op, Lanes(types.size(), chunk));
    return success();
  }

  // An array in constant memory, read at the lane's positions.
  ArrayRef<int64_t> shape = tile::getTileShape(type);
  Type memoryType = getMemoryType(element);
  SmallVector<Attribute> values;
  bool isFloat = isa<FloatType>(memoryType);
  auto intType = b.getIntegerType(memoryType.getIntOrFloatBitWidth());
  for (Attribute value : dense.getValues<Attribute>()) {
    if (auto number = dyn_cast<FloatAttr>(value))
      values.push_back(
          b.getIntegerAttr(intType, number.getValue().bitcastToAPInt()));
    else
      values.push_back(b.getIntegerAttr(
          intType, cast<IntegerAttr>(value).getValue().zextOrTrunc(
                       intType.getWidth())));
  }
  int64_t count = values.size();
  OpBuilder top(func);
  std::string name = ("__const_" + kernel.getSymName() + "_" +
                      Twine(numConstantGlobals++))
                         .str();
  LLVM::GlobalOp::create(
      top, op.getLoc(), LLVM::LLVMArrayType::get(intType, count),
      /*isConstant=*/true, LLVM::Linkage::Internal, name,
      DenseElementsAttr::get(RankedTensorType::get({count}, intType), values),
      /*alignment=*/16, /*addrSpace=*/4);
  auto pointerType = LLVM::LLVMPointerType::get(b.getContext(), 4);
  Value base = LLVM::AddressOfOp::create(prologue, pointerType, name);
  SmallVector<Value> scalars;
  for (int64_t reg = 0, end = getNumRegisters(type); reg < end; ++reg) {
    if (isNeverInside(type, reg)) {
      scalars.push_back(zeroOf(element));
      continue;
    }
    Value index = i32(0);
    Value inside;
    int64_t stride = count;
    for (auto [dim, extent] : llvm::enumerate(shape)) {
      stride /= extent;
      Value coord = getCoordValue(type, reg, dim);
      index = arith::AddIOp::create(
          b, index, arith::MulIOp::create(b, coord, i32(stride)));
      inside = andAlso(inside, isInside(type, reg, dim));
    }
    if (inside)
      index = arith::SelectOp::create(b, inside, index, i32(0));
    Value pointer = LLVM::GEPOp::create(b, pointerType, intType, base,
                                        ArrayRef<LLVM::GEPArg>{index});
    Value value = LLVM::LoadOp::create(b, intType, pointer);
    if (isFloat)
      value = LLVM::BitcastOp::create(b, memoryType, value);
    if (element != memoryType)
      value = LLVM::TruncOp::create(b, element, value);
    scalars.push_back(value);
  }
  set(op, pack(scalars, type));
  return success();
}

LogicalResult LaneEmitter::emitDim(memref::DimOp op) {
  auto it = memrefs.find(op.getSource());
  std::optional<int64_t> dim = op.getConstantIndex();
  if (it == memrefs.end())
    return op.emitOpError("expected a memref that is an argument of the kernel");
  if (!dim || *dim < 0 || *dim >= static_cast<int64_t>(it->second.sizes.size()))
    return op.emitOpError("expected a constant dimension of ")
           << op.getSource().getType();
  set(op, {it->second.sizes[*dim]});
  return success();
}
