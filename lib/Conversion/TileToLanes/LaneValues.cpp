// LaneValues.cpp - the registers of a tile as LLVM values.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LaneEmitter.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

Type LaneEmitter::convertElement(Type type) const {
  if (type.isIndex())
    return IntegerType::get(type.getContext(), 64);
  if (tile::isFp8Type(type))
    return IntegerType::get(type.getContext(), 8);
  return type;
}

Type LaneEmitter::getMemoryType(Type element) {
  return element.isInteger(1) ? IntegerType::get(element.getContext(), 8)
                              : element;
}

const Layout *LaneEmitter::getLayout(Type type) const {
  tile::LayoutAttr attr = tile::getLayoutAttr(type);
  if (!attr)
    return nullptr;
  std::unique_ptr<Layout> &layout = layouts[attr];
  if (!layout)
    layout = std::make_unique<Layout>(attr.getLayout());
  return layout.get();
}

int64_t LaneEmitter::getNumRegisters(Type type) const {
  const Layout *layout = getLayout(type);
  return layout ? layout->getNumRegisters() : 1;
}

// Chunks depend on the number of registers alone, so that the operands of an
// elementwise op have equal ones whatever their element types.
int64_t LaneEmitter::getChunk(Type type) const {
  int64_t registers = getNumRegisters(type);
  return std::min(maxChunk, registers & -registers);
}

void LaneEmitter::appendLaneTypes(Type type,
                                  SmallVectorImpl<Type> &types) const {
  Type element = convertElement(getElementTypeOrSelf(type));
  int64_t chunk = getChunk(type);
  Type part = chunk == 1 ? element : VectorType::get({chunk}, element);
  types.append(getNumRegisters(type) / chunk, part);
}

Value LaneEmitter::i32(int64_t value) {
  Value &known = intConstants[{value, 32}];
  if (!known)
    known = arith::ConstantOp::create(prologue,
                                      prologue.getI32IntegerAttr(value));
  return known;
}

Value LaneEmitter::i64(int64_t value) {
  Value &known = intConstants[{value, 64}];
  if (!known)
    known = arith::ConstantOp::create(prologue,
                                      prologue.getI64IntegerAttr(value));
  return known;
}

Value LaneEmitter::zeroOf(Type type) {
  return arith::ConstantOp::create(prologue, type,
                                   cast<TypedAttr>(b.getZeroAttr(type)));
}

// The bits of an f8 constant, an index as i64, all else as it is.
static TypedAttr convertScalarAttr(Type to, Attribute attr) {
  if (auto number = dyn_cast<FloatAttr>(attr))
    if (isa<IntegerType>(to))
      return IntegerAttr::get(to, number.getValue().bitcastToAPInt());
  if (auto number = dyn_cast<IntegerAttr>(attr))
    return IntegerAttr::get(
        to, number.getValue().zextOrTrunc(to.getIntOrFloatBitWidth()));
  return cast<TypedAttr>(attr);
}

Value LaneEmitter::constantOf(Type type, Attribute value) {
  return arith::ConstantOp::create(prologue,
                                   convertScalarAttr(type, value));
}

Elem LaneEmitter::getElem(const Lanes &lanes, Type type, int64_t reg) const {
  int64_t chunk = getChunk(type);
  if (chunk == 1)
    return {lanes[reg], -1};
  return {lanes[reg / chunk], reg % chunk};
}

Elems LaneEmitter::getElems(const Lanes &lanes, Type type) const {
  Elems elems;
  for (int64_t reg = 0, end = getNumRegisters(type); reg < end; ++reg)
    elems.push_back(getElem(lanes, type, reg));
  return elems;
}

Value LaneEmitter::getScalar(Elem elem) {
  if (elem.index < 0)
    return elem.vector;
  // Look through the insertions of pack().
  Value vector = elem.vector;
  while (auto insert = vector.getDefiningOp<LLVM::InsertElementOp>()) {
    IntegerAttr position;
    if (!matchPattern(insert.getPosition(), m_Constant(&position)))
      break;
    if (position.getInt() == elem.index)
      return insert.getValue();
    vector = insert.getVector();
  }
  return LLVM::ExtractElementOp::create(b, elem.vector, i32(elem.index));
}

// One vector of all elements; parts that are in vectors together stay so.
Value LaneEmitter::getVector(ArrayRef<Elem> elems, Type element) {
  int64_t count = elems.size();
  if (count == 1)
    return elems[0].vector ? getScalar(elems[0]) : zeroOf(element);
  auto type = VectorType::get({count}, element);
  auto widthOf = [](const Elem &elem) {
    return elem.index < 0 ? 1
                          : cast<VectorType>(elem.vector.getType())
                                .getNumElements();
  };
  // A run inside one vector.
  bool isRun = elems[0].vector && elems[0].index >= 0;
  for (int64_t i = 1; i < count && isRun; ++i)
    isRun = elems[i].vector == elems[0].vector &&
            elems[i].index == elems[0].index + i;
  if (isRun && widthOf(elems[0]) == count)
    return elems[0].vector;
  if (isRun) {
    SmallVector<int32_t> mask;
    for (const Elem &elem : elems)
      mask.push_back(elem.index);
    return LLVM::ShuffleVectorOp::create(b, elems[0].vector, elems[0].vector,
                                         mask);
  }
  // Whole vectors, one after the other: joined in pairs.
  int64_t width = elems[0].vector ? widthOf(elems[0]) : 1;
  bool isWhole = width > 1 && count % width == 0 &&
                 llvm::isPowerOf2_64(count / width);
  for (int64_t i = 0; i < count && isWhole; ++i)
    isWhole = elems[i].vector && elems[i].index == i % width &&
              widthOf(elems[i]) == width &&
              elems[i].vector == elems[i - i % width].vector;
  if (isWhole) {
    SmallVector<Value> parts;
    for (int64_t i = 0; i < count; i += width)
      parts.push_back(elems[i].vector);
    for (; parts.size() > 1; width *= 2) {
      SmallVector<int32_t> mask;
      for (int64_t i = 0; i < 2 * width; ++i)
        mask.push_back(i);
      SmallVector<Value> joined;
      for (size_t i = 0; i < parts.size(); i += 2)
        joined.push_back(LLVM::ShuffleVectorOp::create(b, parts[i],
                                                       parts[i + 1], mask));
      parts = std::move(joined);
    }
    return parts[0];
  }
  Value vector = LLVM::PoisonOp::create(b, type);
  for (auto [i, elem] : llvm::enumerate(elems))
    if (elem.vector)
      vector = LLVM::InsertElementOp::create(b, vector, getScalar(elem),
                                             i32(i));
  return vector;
}

// Elements that hold nothing become zeros where a whole chunk is concerned and
// poison within one: nobody reads them.
Lanes LaneEmitter::pack(ArrayRef<Elem> elems, Type type) {
  Type element = convertElement(getElementTypeOrSelf(type));
  int64_t chunk = getChunk(type);
  Lanes lanes;
  for (size_t i = 0; i < elems.size(); i += chunk) {
    ArrayRef<Elem> part = elems.slice(i, chunk);
    if (llvm::none_of(part, [](const Elem &elem) { return elem.vector; }))
      lanes.push_back(zeroOf(
          chunk == 1 ? element : Type(VectorType::get({chunk}, element))));
    else
      lanes.push_back(getVector(part, element));
  }
  return lanes;
}

Lanes LaneEmitter::pack(ArrayRef<Value> scalars, Type type) {
  Elems elems;
  for (Value scalar : scalars)
    elems.push_back({scalar, -1});
  return pack(elems, type);
}

const Lanes &LaneEmitter::get(Value value) {
  auto it = values.find(value);
  assert(it != values.end() && "operand was not emitted");
  return it->second;
}

Value LaneEmitter::getUniform(Value value) { return get(value).front(); }

Value LaneEmitter::mapWords(Value value, llvm::function_ref<Value(Value)> fn) {
  Type type = value.getType();
  unsigned bits = type.getIntOrFloatBitWidth();
  Type wordType = b.getI32Type();
  if (bits == 64) {
    auto pairType = VectorType::get({2}, wordType);
    Value pair = LLVM::BitcastOp::create(b, pairType, value);
    Value result = LLVM::PoisonOp::create(b, pairType);
    for (int64_t i = 0; i < 2; ++i) {
      Value word = LLVM::ExtractElementOp::create(b, pair, i32(i));
      result = LLVM::InsertElementOp::create(b, result, fn(word), i32(i));
    }
    return LLVM::BitcastOp::create(b, type, result);
  }
  Type intType = b.getIntegerType(bits);
  Value word = value;
  if (type != intType)
    word = LLVM::BitcastOp::create(b, intType, word);
  if (bits < 32)
    word = LLVM::ZExtOp::create(b, wordType, word);
  word = fn(word);
  if (bits < 32)
    word = LLVM::TruncOp::create(b, intType, word);
  if (type != intType)
    word = LLVM::BitcastOp::create(b, type, word);
  return word;
}

Value LaneEmitter::shuffleXor(Value value, int64_t mask) {
  return mapWords(value, [&](Value word) {
    return target.emitShuffleXor(b, word, mask, lane);
  });
}

Value LaneEmitter::shuffle(Value value, Value sourceLane) {
  return mapWords(value, [&](Value word) {
    return target.emitShuffle(b, word, sourceLane);
  });
}
