// Atomics.cpp - atomic_rmw on global memory.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Access.h"
#include "tilewright/Conversion/Numerics.h"

using namespace mlir;
using namespace tilewright;
using namespace tilewright::lanes;

// LLVM's operation; of i1, which is a byte of 0 or 1, the one on bits that
// means the same.
static std::optional<LLVM::AtomicBinOp> getBinOp(arith::AtomicRMWKind kind,
                                                 bool isBool) {
  using Op = LLVM::AtomicBinOp;
  switch (kind) {
  case arith::AtomicRMWKind::addf:
    return Op::fadd;
  case arith::AtomicRMWKind::addi:
    return isBool ? Op::_xor : Op::add;
  case arith::AtomicRMWKind::assign:
    return Op::xchg;
  case arith::AtomicRMWKind::maximumf:
    return Op::fmaximum;
  case arith::AtomicRMWKind::minimumf:
    return Op::fminimum;
  case arith::AtomicRMWKind::maxnumf:
    return Op::fmax;
  case arith::AtomicRMWKind::minnumf:
    return Op::fmin;
  case arith::AtomicRMWKind::maxs:
    return isBool ? Op::_and : Op::max;
  case arith::AtomicRMWKind::maxu:
    return isBool ? Op::_or : Op::umax;
  case arith::AtomicRMWKind::mins:
    return isBool ? Op::_or : Op::min;
  case arith::AtomicRMWKind::minu:
    return isBool ? Op::_and : Op::umin;
  case arith::AtomicRMWKind::ori:
    return Op::_or;
  case arith::AtomicRMWKind::andi:
    return Op::_and;
  case arith::AtomicRMWKind::xori:
    return Op::_xor;
  default:
    return std::nullopt;
  }
}

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
  llvm_unreachable("all orderings are listed");
}

// No instruction knows 8-bit floats: compute in f32, round once, and exchange
// the byte if it is still the one that was read.
Value LaneEmitter::emitAtomicFloat8(tile::AtomicRMWOp op, Value pointer,
                                    Value value) {
  Type original = getElementTypeOrSelf(op.getValue().getType());
  Type byte = value.getType(), wide = b.getF32Type();
  Location loc = b.getLoc();
  LLVM::AtomicOrdering ordering = getOrdering(op.getOrdering());
  LLVM::AtomicOrdering onFailure =
      ordering == LLVM::AtomicOrdering::acquire ||
              ordering == LLVM::AtomicOrdering::acq_rel
          ? LLVM::AtomicOrdering::acquire
          : LLVM::AtomicOrdering::monotonic;
  StringRef scope = target.getSyncScope(op.getScope());
  auto widen = [&](Value bits) {
    Value narrow = arith::BitcastOp::create(b, original, bits);
    return expandConvert(b, loc, narrow, wide);
  };
  Value addend = widen(value);
  Value first = LLVM::LoadOp::create(
      b, byte, pointer, /*alignment=*/1, /*isVolatile=*/false,
      /*isNonTemporal=*/false, /*isInvariant=*/false,
      /*isInvariantGroup=*/false, LLVM::AtomicOrdering::monotonic, scope);
  auto loop = scf::WhileOp::create(
      b, loc, TypeRange(byte), ValueRange(first),
      [&](OpBuilder &inner, Location, ValueRange args) {
        OpBuilder::InsertionGuard guard(b);
        b.restoreInsertionPoint(inner.saveInsertionPoint());
        Value old = widen(args[0]), sum;
        switch (op.getKind()) {
        case arith::AtomicRMWKind::addf:
          sum = arith::AddFOp::create(b, old, addend);
          break;
        case arith::AtomicRMWKind::maximumf:
          sum = arith::MaximumFOp::create(b, old, addend);
          break;
        case arith::AtomicRMWKind::minimumf:
          sum = arith::MinimumFOp::create(b, old, addend);
          break;
        case arith::AtomicRMWKind::maxnumf:
          sum = arith::MaxNumFOp::create(b, old, addend);
          break;
        default:
          sum = arith::MinNumFOp::create(b, old, addend);
          break;
        }
        Value bits = arith::BitcastOp::create(
            b, byte, expandConvert(b, loc, sum, original));
        auto exchange = LLVM::AtomicCmpXchgOp::create(
            b, pointer, args[0], bits, ordering, onFailure, scope,
            /*alignment=*/1);
        Value seen = LLVM::ExtractValueOp::create(b, exchange, 0);
        Value done = LLVM::ExtractValueOp::create(b, exchange, 1);
        Value again = arith::XOrIOp::create(
            b, done, arith::ConstantOp::create(b, b.getBoolAttr(true)));
        scf::ConditionOp::create(b, again, seen);
      },
      [&](OpBuilder &inner, Location, ValueRange args) {
        OpBuilder::InsertionGuard guard(b);
        b.restoreInsertionPoint(inner.saveInsertionPoint());
        scf::YieldOp::create(b, args);
      });
  return loop.getResult(0);
}

Value LaneEmitter::emitAtomicElement(tile::AtomicRMWOp op, Value pointer,
                                     Value value) {
  Type element = value.getType();
  if (tile::isFp8Type(getElementTypeOrSelf(op.getValue().getType())) &&
      op.getKind() != arith::AtomicRMWKind::assign)
    return emitAtomicFloat8(op, pointer, value);
  Type memoryType = getMemoryType(element);
  bool isBool = memoryType != element;
  if (isBool)
    value = LLVM::ZExtOp::create(b, memoryType, value);
  auto atomic = LLVM::AtomicRMWOp::create(
      b, *getBinOp(op.getKind(), isBool), pointer, value,
      getOrdering(op.getOrdering()), target.getSyncScope(op.getScope()),
      tile::getElementBytes(memoryType));
  target.annotateAtomic(atomic);
  Value old = atomic.getRes();
  if (isBool)
    old = LLVM::TruncOp::create(b, element, old);
  return old;
}

LogicalResult LaneEmitter::emitAtomic(tile::AtomicRMWOp op) {
  Type type = op.getValue().getType();
  Type original = getElementTypeOrSelf(type);
  Type element = convertElement(original);
  std::optional<LLVM::AtomicBinOp> binOp =
      getBinOp(op.getKind(), element.isInteger(1));
  if (!binOp)
    return op.emitOpError("has no lowering of '")
           << arith::stringifyAtomicRMWKind(op.getKind()) << "' on " << original
           << " for '" << target.chip.name << "'";
  FailureOr<Access> found = getAccess(op, op.getMemref(), op.getIndices(),
                                      op.getWalkOrDefault(), type);
  if (failed(found))
    return failure();
  Access &access = *found;
  const Lanes lanes = get(op.getValue());
  const Layout *layout = getLayout(type);
  Value owner;
  if (layout)
    owner = getCoords(type).isOwner;
  else
    owner = arith::CmpIOp::create(prologue, arith::CmpIPredicate::eq, thread,
                                  i32(0));
  bool isUsed = !op.getResult().use_empty();
  Value zero = zeroOf(element);
  SmallVector<Value> olds;
  for (int64_t reg = 0, end = getNumRegisters(type); reg < end; ++reg) {
    olds.push_back(zero);
    if (layout && (!layout->isOwner(reg, 0, 0) || isNeverInside(type, reg)))
      continue;
    Value value = getScalar(getElem(lanes, type, reg));
    Value pointer = getPointer(access, reg);
    Value predicate = andAlso(owner, getPredicate(access, reg));
    if (!predicate) {
      olds.back() = emitAtomicElement(op, pointer, value);
      continue;
    }
    OpBuilder::InsertionGuard guard(b);
    if (!isUsed) {
      auto branch = scf::IfOp::create(b, predicate, /*withElse=*/false);
      b.setInsertionPointToStart(branch.thenBlock());
      emitAtomicElement(op, pointer, value);
      continue;
    }
    auto branch = scf::IfOp::create(b, TypeRange(element), predicate,
                                    /*withElse=*/true);
    b.setInsertionPointToStart(branch.thenBlock());
    Value old = emitAtomicElement(op, pointer, value);
    scf::YieldOp::create(b, old);
    b.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(b, zero);
    olds.back() = branch.getResult(0);
  }
  if (isUsed && (!layout || layout->isReplicated()))
    shareFromOwners(type, olds);
  set(op.getResult(), pack(olds, type));
  return success();
}

// Owners write what they have to shared memory, and everybody reads it.
void LaneEmitter::shareFromOwners(Type type, SmallVectorImpl<Value> &scalars) {
  const Layout *layout = getLayout(type);
  Type element = scalars.front().getType();
  Type memoryType = getMemoryType(element);
  int64_t bytes = tile::getElementBytes(memoryType);
  ArrayRef<int64_t> shape = tile::getTileShape(type);
  int64_t elements = 1;
  for (int64_t extent : shape)
    elements *= extent;
  Value base = getSharedBase();
  scratchBytes = std::max(scratchBytes, elements * bytes);
  // Behind the buffers; all of these lie before, their allocations are known
  // from the kernel.
  int64_t start = sharedBytes;
  base = LLVM::GEPOp::create(b, base.getType(), b.getI8Type(), base,
                             ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(start)});
  Value owner = layout ? getCoords(type).isOwner
                       : Value(arith::CmpIOp::create(
                             prologue, arith::CmpIPredicate::eq, thread,
                             i32(0)));
  auto getPlace = [&](int64_t reg, Value &inside) -> Value {
    Value index = i32(0);
    int64_t stride = elements;
    for (auto [dim, extent] : llvm::enumerate(shape)) {
      stride /= extent;
      index = arith::AddIOp::create(
          b, index,
          arith::MulIOp::create(b, getCoordValue(type, reg, dim), i32(stride)));
      inside = andAlso(inside, isInside(type, reg, dim));
    }
    if (inside)
      index = arith::SelectOp::create(b, inside, index, i32(0));
    return LLVM::GEPOp::create(b, base.getType(), memoryType, base,
                               ArrayRef<LLVM::GEPArg>{index});
  };
  target.emitBarrier(b); // the last readers are done
  for (auto [reg, scalar] : llvm::enumerate(scalars)) {
    if (layout && (!layout->isOwner(reg, 0, 0) || isNeverInside(type, reg)))
      continue;
    Value inside;
    Value place = getPlace(reg, inside);
    OpBuilder::InsertionGuard guard(b);
    if (Value predicate = andAlso(owner, inside)) {
      auto branch = scf::IfOp::create(b, predicate, /*withElse=*/false);
      b.setInsertionPointToStart(branch.thenBlock());
    }
    storeElements({Elem{scalar, -1}}, element, place, bytes, false);
  }
  target.emitBarrier(b);
  for (auto [reg, scalar] : llvm::enumerate(scalars)) {
    if (isNeverInside(type, reg))
      continue;
    Value inside;
    Value place = getPlace(reg, inside);
    scalar = loadElements(element, 1, place, bytes, false);
    if (!layout)
      scalar = mapWords(scalar, [&](Value word) {
        return target.emitUniform(b, word);
      });
  }
}
