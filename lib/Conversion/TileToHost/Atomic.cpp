// Atomic.cpp - atomic updates, element by element.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Access.h"
#include "tilewright/Conversion/Numerics.h"

using namespace mlir;

namespace tilewright::host {

static LLVM::AtomicOrdering getOrdering(tile::Ordering ordering) {
  switch (ordering) {
  case tile::Ordering::Relaxed:
    return LLVM::AtomicOrdering::monotonic;
  case tile::Ordering::Acquire:
    return LLVM::AtomicOrdering::acquire;
  case tile::Ordering::Release:
    return LLVM::AtomicOrdering::release;
  case tile::Ordering::AcqRel:
    return LLVM::AtomicOrdering::acq_rel;
  }
  llvm_unreachable("unknown ordering");
}

static std::optional<LLVM::AtomicBinOp> getNativeKind(arith::AtomicRMWKind kind,
                                                      Type elementType) {
  if (elementType.isInteger(1))
    return std::nullopt;
  switch (kind) {
  case arith::AtomicRMWKind::assign:
    return LLVM::AtomicBinOp::xchg;
  case arith::AtomicRMWKind::addi:
    return LLVM::AtomicBinOp::add;
  case arith::AtomicRMWKind::maxs:
    return LLVM::AtomicBinOp::max;
  case arith::AtomicRMWKind::maxu:
    return LLVM::AtomicBinOp::umax;
  case arith::AtomicRMWKind::mins:
    return LLVM::AtomicBinOp::min;
  case arith::AtomicRMWKind::minu:
    return LLVM::AtomicBinOp::umin;
  case arith::AtomicRMWKind::ori:
    return LLVM::AtomicBinOp::_or;
  case arith::AtomicRMWKind::andi:
    return LLVM::AtomicBinOp::_and;
  case arith::AtomicRMWKind::xori:
    return LLVM::AtomicBinOp::_xor;
  default:
    return std::nullopt;
  }
}

/// kind(old, value) on values of the element type; narrow floats in f32, which
/// rounds once.
Value Emitter::combineAtomic(tile::AtomicRMWOp op, Value old, Value value) {
  if (op.getKind() == arith::AtomicRMWKind::assign)
    return value;
  Type elementType = getElementTypeOrSelf(op.getValue().getType());
  bool isNarrow =
      isa<FloatType>(elementType) && elementType.getIntOrFloatBitWidth() < 32;
  auto widen = [&](Value v) -> Value {
    if (valueType(elementType) != elementType)
      v = arith::BitcastOp::create(b, elementType, v);
    return expandConvert(b, op.getLoc(), v, b.getF32Type());
  };
  if (isNarrow) {
    old = widen(old);
    value = widen(value);
  }
  Value result =
      arith::getReductionOp(op.getKind(), b, op.getLoc(), old, value);
  if (!result)
    return error(op, "of this kind is not supported by convert-tile-to-host",
                 valueType(elementType));
  if (isNarrow) {
    result = expandConvert(b, op.getLoc(), result, elementType);
    if (valueType(elementType) != elementType)
      result = arith::BitcastOp::create(b, valueType(elementType), result);
  }
  return result;
}

/// The old value. Sequences that the CPU has no instruction for are a
/// compare-and-swap loop.
Value Emitter::emitAtomicElement(tile::AtomicRMWOp op, Value pointer,
                                 Value value) {
  Type elementType = getElementTypeOrSelf(op.getValue().getType());
  Type type = valueType(elementType);
  Type bits = b.getIntegerType(tile::getElementBytes(elementType) * 8);
  LLVM::AtomicOrdering ordering = getOrdering(op.getOrdering());
  auto toBits = [&](Value v) -> Value {
    if (v.getType() == bits)
      return v;
    if (elementType.isInteger(1))
      return arith::ExtUIOp::create(b, bits, v);
    return arith::BitcastOp::create(b, bits, v);
  };
  auto fromBits = [&](Value v) -> Value {
    if (v.getType() == type)
      return v;
    if (elementType.isInteger(1))
      return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, v, zero(bits));
    return arith::BitcastOp::create(b, type, v);
  };
  if (auto kind = getNativeKind(op.getKind(), elementType))
    return fromBits(
        LLVM::AtomicRMWOp::create(b, *kind, pointer, toBits(value), ordering));

  LLVM::AtomicOrdering onFailure =
      ordering == LLVM::AtomicOrdering::acq_rel ||
              ordering == LLVM::AtomicOrdering::acquire
          ? LLVM::AtomicOrdering::acquire
          : LLVM::AtomicOrdering::monotonic;
  auto first = LLVM::LoadOp::create(b, bits, pointer,
                                    tile::getElementBytes(elementType));
  first.setOrdering(LLVM::AtomicOrdering::monotonic);
  auto loop = scf::WhileOp::create(
      b, TypeRange{bits}, ValueRange{first.getResult()},
      [&](OpBuilder &, Location, ValueRange args) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToEnd(args[0].getParentBlock());
        Value next = toBits(combineAtomic(op, fromBits(args[0]), value));
        Value pair = LLVM::AtomicCmpXchgOp::create(b, pointer, args[0], next,
                                                   ordering, onFailure);
        Value seen = LLVM::ExtractValueOp::create(b, pair, 0);
        Value done = LLVM::ExtractValueOp::create(b, pair, 1);
        Value again = arith::XOrIOp::create(b, done, constant(1, 1));
        scf::ConditionOp::create(b, again, ValueRange{seen});
      },
      [&](OpBuilder &, Location, ValueRange args) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToEnd(args[0].getParentBlock());
        scf::YieldOp::create(b, args);
      });
  return fromBits(loop.getResult(0));
}

void Emitter::emitAtomic(tile::AtomicRMWOp op) {
  Access &access = prepareAccess(op);
  Type elementType = getElementTypeOrSelf(op.getValue().getType());
  Type type = valueType(elementType);
  bool isTileOp = isTile(op.getType());
  bool isUsed = !op.getResult().use_empty();
  Buffer target;
  if (isTileOp && isUsed) {
    target = allocate(op.getType());
    setBuffer(op.getResult(), target, /*owned=*/true);
  }
  // One pass with all checks: the work is in the updates.
  checked = true;
  auto update = [&](Point point) -> Value {
    Value value = evaluate(op.getValue(), point);
    Address address = emitAddress(access, point);
    auto swap = [&] {
      return SmallVector<Value>{emitAtomicElement(op, address.pointer, value)};
    };
    if (!address.condition)
      return swap()[0];
    return ifElse(address.condition, type, swap,
                  [&] { return SmallVector<Value>{zero(type)}; })[0];
  };
  if (!isTileOp) {
    scalars.map(op.getResult(), update(Point()));
    return;
  }
  forEach(access.shape, -1, 1, [&](Point point) {
    Value old = update(point);
    if (isUsed)
      storeTo(bufferPointer(target, access.shape, point.coords, elementType),
              old, elementType);
  });
}

} // namespace tilewright::host
