// Emitter.cpp - the function of a kernel, its arguments, its ops in order.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Emitter.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/AffineExpr.h"
#include "tilewright/Conversion/TileToHost/TileToHost.h"

using namespace mlir;

namespace tilewright::host {

//===----------------------------------------------------------------------===//
// Builder helpers
//===----------------------------------------------------------------------===//

static bool isStoredAsInteger(Type type) {
  return isa<BFloat16Type>(type) || tile::isFp8Type(type);
}

Type Emitter::valueType(Type elementType, int64_t width) {
  Type type = elementType;
  if (isa<IndexType>(type))
    type = b.getI64Type();
  else if (isStoredAsInteger(type))
    type = b.getIntegerType(type.getIntOrFloatBitWidth());
  return width == 1 ? type : VectorType::get({width}, type);
}

Type Emitter::memoryType(Type elementType) {
  return elementType.isInteger(1) ? b.getI8Type() : valueType(elementType);
}

Value Emitter::constant(int64_t value, unsigned bits) {
  Value &cached = constants[{value, bits}];
  if (cached)
    return cached;
  OpBuilder::InsertionGuard guard(b);
  if (entryEnd)
    b.setInsertionPoint(entryEnd);
  else
    b.setInsertionPointToStart(entry);
  cached = arith::ConstantOp::create(
      b, b.getIntegerAttr(b.getIntegerType(bits), value));
  return cached;
}

static std::optional<int64_t> getConstant(Value v) {
  APInt value;
  if (v && matchPattern(v, m_ConstantInt(&value)))
    return value.getSExtValue();
  return std::nullopt;
}

Value Emitter::add(Value a, Value c) {
  std::optional<int64_t> x = getConstant(a), y = getConstant(c);
  if (x && *x == 0)
    return c;
  if (y && *y == 0)
    return a;
  if (x && y)
    return constant(*x + *y);
  return arith::AddIOp::create(b, a, c);
}

Value Emitter::sub(Value a, Value c) {
  std::optional<int64_t> y = getConstant(c);
  if (y && *y == 0)
    return a;
  return arith::SubIOp::create(b, a, c);
}

Value Emitter::mul(Value a, Value c) {
  std::optional<int64_t> x = getConstant(a), y = getConstant(c);
  if ((x && *x == 0) || (y && *y == 0))
    return constant(0);
  if (x && *x == 1)
    return c;
  if (y && *y == 1)
    return a;
  return arith::MulIOp::create(b, a, c);
}

Value Emitter::both(Value a, Value c) {
  if (!a || !c)
    return a ? a : c;
  return arith::AndIOp::create(b, a, c);
}

Value Emitter::insideBounds(Value index, Value size) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, index, size);
}

Value Emitter::splat(Value scalar, int64_t width) {
  if (width == 1)
    return scalar;
  return vector::BroadcastOp::create(
      b, VectorType::get({width}, scalar.getType()), scalar);
}

Value Emitter::zero(Type type) {
  return arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(type)));
}

Value Emitter::element(Value base, Value index, Type memoryType) {
  if (getConstant(index) == 0)
    return base;
  return LLVM::GEPOp::create(b, base.getType(), memoryType, base,
                             ArrayRef<LLVM::GEPArg>{index});
}

static unsigned getAlignment(Type elementType) {
  return tile::getElementBytes(elementType);
}

Value Emitter::loadFrom(Value pointer, Type elementType, int64_t width) {
  Type type = memoryType(elementType);
  if (width > 1)
    type = VectorType::get({width}, type);
  Value loaded =
      LLVM::LoadOp::create(b, type, pointer, getAlignment(elementType));
  if (!elementType.isInteger(1))
    return loaded;
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, loaded, zero(type));
}

void Emitter::storeTo(Value pointer, Value value, Type elementType,
                      bool streams) {
  if (elementType.isInteger(1)) {
    Type type = b.getI8Type();
    if (auto vector = dyn_cast<VectorType>(value.getType()))
      type = vector.clone(type);
    value = arith::ExtUIOp::create(b, type, value);
  }
  unsigned alignment = getAlignment(elementType);
  if (streams)
    alignment = level.host.streamPieceBytes;
  LLVM::StoreOp::create(b, value, pointer, alignment, /*isVolatile=*/false,
                        /*isNonTemporal=*/streams);
}

SmallVector<Value>
Emitter::loopCarried(Value lower, Value upper, Value step, ValueRange inits,
                     bool isChunk,
                     function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, lower, upper, step, inits);
  Scope savedChunk = std::move(chunkScope), savedRow = std::move(rowScope);
  chunkScope = Scope();
  rowScope = Scope();
  if (isChunk) {
    chunkScope.chunk = loop.getBody();
    rowScope.before = loop;
  }
  {
    OpBuilder::InsertionGuard guard(b);
    // Without carried values the builder made the terminator already.
    if (inits.empty()) {
      b.setInsertionPoint(loop.getBody()->getTerminator());
      body(loop.getInductionVar(), {});
    } else {
      b.setInsertionPointToStart(loop.getBody());
      SmallVector<Value> next =
          body(loop.getInductionVar(), loop.getRegionIterArgs());
      scf::YieldOp::create(b, next);
    }
  }
  chunkScope = std::move(savedChunk);
  rowScope = std::move(savedRow);
  return SmallVector<Value>(loop.getResults());
}

void Emitter::loop(int64_t count, int64_t step, bool isChunk,
                   function_ref<void(Value)> body) {
  if (count <= 0)
    return;
  if (count <= step) {
    Scope savedChunk = std::move(chunkScope), savedRow = std::move(rowScope);
    chunkScope = Scope();
    rowScope = Scope();
    body(constant(0));
    chunkScope = std::move(savedChunk);
    rowScope = std::move(savedRow);
    return;
  }
  loopCarried(constant(0), constant(count), constant(step), {}, isChunk,
              [&](Value i, ValueRange) {
                body(i);
                return SmallVector<Value>();
              });
}

SmallVector<Value> Emitter::ifElse(Value condition, TypeRange types,
                                   function_ref<SmallVector<Value>()> onTrue,
                                   function_ref<SmallVector<Value>()> onFalse) {
  bool hasElse = !types.empty() || onFalse;
  auto op = scf::IfOp::create(b, types, condition, hasElse);
  auto fill = [&](Block *block, function_ref<SmallVector<Value>()> body) {
    OpBuilder::InsertionGuard guard(b);
    if (!block->empty())
      b.setInsertionPoint(block->getTerminator());
    else
      b.setInsertionPointToEnd(block);
    SmallVector<Value> values;
    if (body)
      values = body();
    if (block->empty() || !block->back().hasTrait<OpTrait::IsTerminator>())
      scf::YieldOp::create(b, values);
  };
  fill(op.thenBlock(), onTrue);
  if (hasElse)
    fill(op.elseBlock(), onFalse);
  return SmallVector<Value>(op.getResults());
}

Value Emitter::error(Operation *op, const Twine &message, Type type) {
  if (!failed)
    op->emitOpError(message);
  failed = true;
  return zero(type);
}

//===----------------------------------------------------------------------===//
// Function and arguments
//===----------------------------------------------------------------------===//

Emitter::Emitter(tile::KernelOp kernel, const ChipInfo &level)
    : kernel(kernel), level(level), vectorBytes(level.hostVectorBits / 8),
      plan(kernel), b(kernel.getLoc(), kernel.getContext()) {}

void Emitter::emitArguments() {
  int64_t offset = 0;
  Value kernarg = entry->getArgument(0);
  auto read = [&](Type type, int64_t bytes) -> Value {
    offset = llvm::alignTo(offset, bytes);
    Value pointer = element(kernarg, constant(offset), b.getI8Type());
    offset += bytes;
    return LLVM::LoadOp::create(b, type, pointer, bytes);
  };
  for (BlockArgument arg : kernel.getBody().getArguments()) {
    auto type = dyn_cast<MemRefType>(arg.getType());
    if (!type) {
      Type element = arg.getType();
      int64_t bytes = tile::getElementBytes(element);
      Value value = read(memoryType(element), bytes);
      if (element.isInteger(1))
        value = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value,
                                      zero(value.getType()));
      scalars.map(arg, value);
      continue;
    }
    MemRef memref;
    memref.elementType = type.getElementType();
    memref.base = read(LLVM::LLVMPointerType::get(b.getContext()), 8);
    for (auto [d, size] : llvm::enumerate(type.getShape())) {
      Value passed =
          ShapedType::isDynamic(size) ? read(b.getI64Type(), 8) : Value();
      // Equal sizes are one value: equal bounds are tested once.
      auto [same, dim] = kernel.getSizeOfSameName(arg.getArgNumber(), d);
      int64_t known =
          cast<MemRefType>(kernel.getArgumentTypes()[same]).getDimSize(*dim);
      if (!ShapedType::isDynamic(known))
        passed = constant(known);
      else if (same != arg.getArgNumber())
        passed = memrefs[kernel.getBody().getArgument(same)].sizes[*dim];
      else if (*dim != d)
        passed = memref.sizes[*dim];
      memref.sizes.push_back(passed);
    }
    if (type.getLayout().isIdentity()) {
      Value stride = constant(1);
      memref.strides.resize(type.getRank());
      for (int64_t d = type.getRank() - 1; d >= 0; --d) {
        memref.strides[d] = stride;
        stride = mul(stride, memref.sizes[d]);
      }
    } else {
      auto layout = cast<StridedLayoutAttr>(type.getLayout());
      for (int64_t stride : layout.getStrides())
        memref.strides.push_back(ShapedType::isDynamic(stride)
                                     ? read(b.getI64Type(), 8)
                                     : constant(stride));
    }
    memrefs[arg] = std::move(memref);
  }
}

Value Emitter::emitGridExpr(AffineExpr expr, ArrayRef<Value> symbols) {
  if (auto c = dyn_cast<AffineConstantExpr>(expr))
    return constant(c.getValue());
  if (auto s = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[s.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value l = emitGridExpr(binary.getLHS(), symbols);
  Value r = emitGridExpr(binary.getRHS(), symbols);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return add(l, r);
  case AffineExprKind::Mul:
    return mul(l, r);
  default:
    break;
  }
  // A symbol may be a divisor: never divide by zero.
  if (!getConstant(r))
    r = arith::SelectOp::create(
        b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, r, constant(0)),
        constant(1), r);
  if (expr.getKind() == AffineExprKind::FloorDiv)
    return arith::FloorDivSIOp::create(b, l, r);
  if (expr.getKind() == AffineExprKind::CeilDiv)
    return arith::CeilDivSIOp::create(b, l, r);
  Value q = arith::FloorDivSIOp::create(b, l, r);
  return sub(l, mul(q, r));
}

SmallVector<Value> Emitter::emitGrid() {
  SmallVector<Value> symbols;
  for (Attribute name : kernel.getGridSymbols()) {
    auto symbol = kernel.findSymbol(cast<StringAttr>(name).getValue());
    BlockArgument arg = kernel.getBody().getArgument(symbol->arg);
    Value value;
    if (symbol->dim)
      value = memrefs[arg].sizes[*symbol->dim];
    else
      value = scalars.lookup(arg);
    unsigned bits = value.getType().getIntOrFloatBitWidth();
    if (bits < 64)
      value = arith::ExtSIOp::create(b, b.getI64Type(), value);
    symbols.push_back(value);
  }
  SmallVector<Value> extents;
  for (AffineExpr expr : kernel.getGridMap().getResults())
    extents.push_back(emitGridExpr(expr, symbols));
  return extents;
}

/// An op of a dialect that the block level does not have, or null.
static Operation *findForeignOp(tile::KernelOp kernel) {
  Operation *found = nullptr;
  kernel.getBody().walk([&](Operation *op) {
    // An unregistered op has no dialect.
    if (isa_and_nonnull<tile::TileDialect, arith::ArithDialect,
                        math::MathDialect, scf::SCFDialect>(op->getDialect()) ||
        isa<memref::DimOp>(op))
      return WalkResult::advance();
    found = op;
    return WalkResult::interrupt();
  });
  return found;
}

LogicalResult Emitter::emit() {
  if (!kernel.getBody().hasOneBlock())
    return kernel.emitOpError(
        "expected a body of one block, but got several; use scf for control "
        "flow");
  Operation *foreign = findForeignOp(kernel);
  if (foreign)
    return foreign->emitOpError(
        "has no lowering to the host; a kernel has ops of tile, arith, math "
        "and scf, and memref.dim");
  b.setInsertionPoint(kernel);
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto type = LLVM::LLVMFunctionType::get(
      LLVM::LLVMVoidType::get(b.getContext()),
      {pointer, b.getI64Type(), b.getI64Type(), pointer});
  func = LLVM::LLVMFuncOp::create(b, kernel.getSymName(), type);
  for (unsigned i : {0u, 3u})
    func.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(),
                    b.getUnitAttr());
  func.setArgAttr(0, LLVM::LLVMDialect::getReadonlyAttrName(), b.getUnitAttr());
  func.setArgAttr(3, LLVM::LLVMDialect::getAlignAttrName(),
                  b.getI64IntegerAttr(Arena::kAlignment));
  // No memset or memcpy may come out of a loop: nothing would define it.
  func.setPassthroughAttr(b.getArrayAttr(
      {b.getStringAttr("no-builtins"), b.getStringAttr("nounwind"),
       b.getArrayAttr(
           {b.getStringAttr("prefer-vector-width"),
            b.getStringAttr(std::to_string(level.hostVectorBits))})}));
  entry = func.addEntryBlock(b);
  b.setInsertionPointToEnd(entry);
  auto ret = LLVM::ReturnOp::create(b, ValueRange());
  b.setInsertionPoint(ret);

  emitArguments();
  numPrograms = emitGrid();
  // Buffer addresses and constants go before this op, in the entry block.
  auto loop = scf::ForOp::create(b, entry->getArgument(1),
                                 entry->getArgument(2), constant(1));
  entryEnd = loop;
  b.setInsertionPoint(loop.getBody()->getTerminator());
  Value rest = loop.getInductionVar();
  for (auto [d, extent] : llvm::enumerate(numPrograms)) {
    if (d + 1 == numPrograms.size()) {
      programIds.push_back(rest);
      break;
    }
    Value quotient = arith::DivSIOp::create(b, rest, extent);
    programIds.push_back(sub(rest, mul(quotient, extent)));
    rest = quotient;
  }
  kernel.walk([&](tile::AtomicRMWOp) { hasAtomics = true; });
  emitBlock(kernel.getBody().front());
  if (hasStreams) {
    // Before anything says that the kernel is done.
    b.setInsertionPoint(ret);
    LLVM::CallIntrinsicOp::create(b, b.getStringAttr("llvm.x86.sse.sfence"),
                                  ValueRange());
  }
  func->setAttr(kScratchBytesAttrName,
                b.getI64IntegerAttr(arena.getHighWater()));
  if (failed) {
    func.erase();
    return failure();
  }
  kernel.erase();
  return success();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

void Emitter::emitBlock(Block &block) {
  for (Operation &op : block) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      break;
    b.setLoc(op.getLoc());
    site = &op;
    emitOp(&op);
    if (failed)
      return;
    releaseAfter(&op);
  }
}

void Emitter::emitOp(Operation *op) {
  for (Type type : op->getResultTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      if (tensor.getEncoding()) {
        error(op,
              "expected a tile without a layout, but got one with a layout: "
              "convert-tile-to-host takes kernels of the block level",
              b.getI64Type());
        return;
      }
  if (isInlineOp(op)) {
    // The uniform part of a load is computed once, where the op stands.
    if (isa<tile::LoadOp, tile::GatherOp>(op) &&
        !plan.getSites(op->getResult(0)).empty())
      prepareAccess(op);
    if (plan.isBuffered(op->getResult(0)))
      emitBufferedOp(op);
    return;
  }
  TypeSwitch<Operation *>(op)
      .Case([&](tile::StoreOp store) { emitStore(store); })
      .Case([&](tile::ScatterOp scatter) { emitScatter(scatter); })
      .Case([&](tile::AtomicRMWOp atomic) { emitAtomic(atomic); })
      .Case([&](tile::ReduceOp reduce) { emitReduce(reduce); })
      .Case([&](tile::ScanOp scan) { emitScan(scan); })
      .Case([&](tile::MmaOp mma) { emitMma(mma); })
      .Case([&](scf::ForOp loop) { emitFor(loop); })
      .Case([&](scf::IfOp branch) { emitIf(branch); })
      .Case([&](scf::WhileOp loop) { emitWhile(loop); })
      .Default([&](Operation *other) { emitScalarOp(other); });
}

void Emitter::emitBufferedOp(Operation *op) {
  Value v = op->getResult(0);
  if (plan.getSites(v).empty())
    return;
  SmallVector<Value> same, others;
  for (Value operand : op->getOperands())
    if (isTile(operand.getType()))
      (isElementwise(op) ? same : others).push_back(operand);
  Buffer target = chooseBuffer(v, op, same, others);
  computeInto(op, target);
}

void Emitter::emitScalarOp(Operation *op) {
  auto fail = [&] {
    error(op, "is not supported by convert-tile-to-host", b.getI64Type());
  };
  if (auto id = dyn_cast<tile::ProgramIdOp>(op)) {
    scalars.map(id.getResult(), programIds[id.getDim()]);
    return;
  }
  if (auto num = dyn_cast<tile::NumProgramsOp>(op)) {
    scalars.map(num.getResult(), numPrograms[num.getDim()]);
    return;
  }
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    auto it = memrefs.find(dim.getSource());
    std::optional<int64_t> index = dim.getConstantIndex();
    if (it == memrefs.end() || !index || *index < 0 ||
        *index >= int64_t(it->second.sizes.size())) {
      error(op, "expected a constant dimension of a kernel argument",
            b.getI64Type());
      return;
    }
    scalars.map(dim.getResult(), it->second.sizes[*index]);
    return;
  }
  if (op->getNumResults() != 1 || isTile(op->getResult(0).getType()))
    return fail();
  Value result = op->getResult(0);
  if (isa<tile::LoadOp, tile::GatherOp>(op)) {
    prepareAccess(op);
    checked = true;
    scalars.map(result, evaluateAccess(op, Point()));
    return;
  }
  if (auto c = dyn_cast<arith::ConstantOp>(op)) {
    scalars.map(result, constantValue(c.getValue(), result.getType(), 1));
    return;
  }
  if (auto reshape = dyn_cast<tile::ReshapeOp>(op)) {
    Value source = reshape.getSource();
    if (!isTile(source.getType())) {
      scalars.map(result, scalars.lookup(source));
      return;
    }
    Point point;
    point.coords.assign(tile::getTileShape(source.getType()).size(),
                        constant(0));
    SmallVector<Value> values =
        versioned(collectLoads(source), {valueType(result.getType())},
                  [&] { return SmallVector<Value>{evaluate(source, point)}; });
    scalars.map(result, values[0]);
    return;
  }
  if (op->getNumRegions() || llvm::any_of(op->getOperandTypes(), isTile))
    return fail();
  scalars.map(result, emitElementwise(op, mapScalars(op->getOperands()), 1));
}

SmallVector<Value> Emitter::mapScalars(ValueRange values) {
  SmallVector<Value> result;
  for (Value v : values)
    if (!isTile(v.getType()))
      result.push_back(scalars.lookup(v));
  return result;
}

} // namespace tilewright::host
