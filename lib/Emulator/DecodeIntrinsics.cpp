// DecodeIntrinsics.cpp - decodes the intrinsics that are not a vendor's.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Decoder.h"
#include "llvm/IR/Intrinsics.h"

using namespace llvm;
using namespace tilewright;
using namespace tilewright::emulator;

// result = op(operands...), scalar by scalar; scalar operands of vector
// results are repeated.
bool Decoder::mapLane(const CallInst &call, LaneOp op, unsigned operands,
                      uint64_t imm) {
  Scalar type = scalarOf(call.getArgOperand(0));
  LaneFn fn = ops.get(op, type.type);
  if (!fn)
    return false;
  Slots d = defineResult(call);
  SmallVector<Slots, 3> slots;
  for (unsigned i = 0; i < operands; ++i) {
    slots.push_back(get(call.getArgOperand(i)));
    if (slots[i].size() == 1)
      slots[i] = splat(slots[i][0], d.size());
    if (slots[i].size() != d.size())
      return false;
  }
  SmallVector<ArrayRef<Slot>, 3> views(slots.begin(), slots.end());
  emitLane(fn, d, views, imm);
  return true;
}

bool Decoder::decodeFloatIntrinsic(const IntrinsicInst &call) {
  switch (call.getIntrinsicID()) {
  case Intrinsic::fma:
  case Intrinsic::fmuladd:
    return mapLane(call, LaneOp::Fma, 3);
  case Intrinsic::sqrt:
    return mapLane(call, LaneOp::Sqrt, 1);
  case Intrinsic::minnum:
  case Intrinsic::minimumnum:
    return mapLane(call, LaneOp::FMinNum, 2);
  case Intrinsic::maxnum:
  case Intrinsic::maximumnum:
    return mapLane(call, LaneOp::FMaxNum, 2);
  case Intrinsic::minimum:
    return mapLane(call, LaneOp::FMinimum, 2);
  case Intrinsic::maximum:
    return mapLane(call, LaneOp::FMaximum, 2);
  case Intrinsic::fabs:
    return mapLane(call, LaneOp::FAbs, 1);
  case Intrinsic::copysign:
    return mapLane(call, LaneOp::CopySign, 2);
  case Intrinsic::floor:
    return mapLane(call, LaneOp::Floor, 1);
  case Intrinsic::ceil:
    return mapLane(call, LaneOp::Ceil, 1);
  case Intrinsic::trunc:
    return mapLane(call, LaneOp::Trunc, 1);
  case Intrinsic::rint:
  case Intrinsic::nearbyint:
  case Intrinsic::roundeven:
    return mapLane(call, LaneOp::RoundEven, 1);
  case Intrinsic::round:
    return mapLane(call, LaneOp::RoundAway, 1);
  case Intrinsic::exp2:
    return mapLane(call, LaneOp::Exp2, 1);
  case Intrinsic::exp:
    return mapLane(call, LaneOp::Exp, 1);
  case Intrinsic::log2:
    return mapLane(call, LaneOp::Log2, 1);
  case Intrinsic::log:
    return mapLane(call, LaneOp::Log, 1);
  case Intrinsic::log10:
    return mapLane(call, LaneOp::Log10, 1);
  case Intrinsic::sin:
    return mapLane(call, LaneOp::Sin, 1);
  case Intrinsic::cos:
    return mapLane(call, LaneOp::Cos, 1);
  case Intrinsic::tanh:
    return mapLane(call, LaneOp::Tanh, 1);
  case Intrinsic::pow:
    return mapLane(call, LaneOp::Pow, 2);
  case Intrinsic::canonicalize:
    return mapLane(call, LaneOp::Canonicalize, 1);
  case Intrinsic::is_fpclass:
    return mapLane(call, LaneOp::IsClass, 1,
                   cast<ConstantInt>(call.getArgOperand(1))->getZExtValue());
  case Intrinsic::ldexp:
    return scalarOf(call.getArgOperand(1)).type == Ty::I32 &&
           mapLane(call, LaneOp::LdExp, 2);
  case Intrinsic::frexp: {
    Scalar type = scalarOf(call.getArgOperand(0));
    Slots a = get(call.getArgOperand(0));
    if (!isFloat(type.type) || a.size() != 1)
      return false;
    Scalars shape;
    flatten(call.getType(), shape);
    if (shape[1].type != Ty::I32)
      return false;
    Slots d = allocate(shape);
    emitLane(ops.get(LaneOp::FrexpMant, type.type),
             ArrayRef<Slot>(d).take_front(), {a}, 0);
    emitLane(ops.get(LaneOp::FrexpExp, type.type),
             ArrayRef<Slot>(d).drop_front(), {a}, 0);
    setResult(call, d);
    return true;
  }
  case Intrinsic::fptosi_sat:
  case Intrinsic::fptoui_sat: {
    Scalar from = scalarOf(call.getArgOperand(0)), to = scalarOf(&call);
    bool isSigned = call.getIntrinsicID() == Intrinsic::fptosi_sat;
    emitLane(ops.getFpToInt(to.type, from.type, isSigned), defineResult(call),
             {get(call.getArgOperand(0))}, to.bits);
    return true;
  }
  default:
    return false;
  }
}

bool Decoder::decodeOverflow(const IntrinsicInst &call, LaneOp value,
                             LaneOp flag) {
  Scalar type = scalarOf(call.getArgOperand(0));
  Slots a = get(call.getArgOperand(0)), b = get(call.getArgOperand(1));
  Slots result = applyInt(value, type, a, b);
  SmallVector<Scalar> flags(a.size(), {Ty::I8, 1, 1, 0});
  result.append(defineLane(ops.get(flag, type.type), flags, {a, b}, type.bits));
  setResult(call, result);
  return true;
}

bool Decoder::decodeIntIntrinsic(const IntrinsicInst &call) {
  Scalar type = scalarOf(call.getArgOperand(0));
  uint64_t bits = type.bits;
  switch (call.getIntrinsicID()) {
  case Intrinsic::umin:
    return mapLane(call, LaneOp::UMin, 2, bits);
  case Intrinsic::umax:
    return mapLane(call, LaneOp::UMax, 2, bits);
  case Intrinsic::smin:
    return mapLane(call, LaneOp::SMin, 2, bits);
  case Intrinsic::smax:
    return mapLane(call, LaneOp::SMax, 2, bits);
  case Intrinsic::abs:
    return mapLane(call, LaneOp::Abs, 1, bits);
  case Intrinsic::ctpop:
    return mapLane(call, LaneOp::CtPop, 1, bits);
  case Intrinsic::ctlz:
    return mapLane(call, LaneOp::CtLz, 1, bits);
  case Intrinsic::cttz:
    return mapLane(call, LaneOp::CtTz, 1, bits);
  case Intrinsic::bswap:
    return mapLane(call, LaneOp::BSwap, 1, bits);
  case Intrinsic::bitreverse:
    return mapLane(call, LaneOp::BitReverse, 1, bits);
  case Intrinsic::fshl:
    return mapLane(call, LaneOp::FshL, 3, bits);
  case Intrinsic::fshr:
    return mapLane(call, LaneOp::FshR, 3, bits);
  case Intrinsic::uadd_sat:
    return mapLane(call, LaneOp::UAddSat, 2, bits);
  case Intrinsic::sadd_sat:
    return mapLane(call, LaneOp::SAddSat, 2, bits);
  case Intrinsic::usub_sat:
    return mapLane(call, LaneOp::USubSat, 2, bits);
  case Intrinsic::ssub_sat:
    return mapLane(call, LaneOp::SSubSat, 2, bits);
  case Intrinsic::uadd_with_overflow:
    return decodeOverflow(call, LaneOp::Add, LaneOp::UAddO);
  case Intrinsic::sadd_with_overflow:
    return decodeOverflow(call, LaneOp::Add, LaneOp::SAddO);
  case Intrinsic::usub_with_overflow:
    return decodeOverflow(call, LaneOp::Sub, LaneOp::USubO);
  case Intrinsic::ssub_with_overflow:
    return decodeOverflow(call, LaneOp::Sub, LaneOp::SSubO);
  case Intrinsic::umul_with_overflow:
    return decodeOverflow(call, LaneOp::Mul, LaneOp::UMulO);
  case Intrinsic::smul_with_overflow:
    return decodeOverflow(call, LaneOp::Mul, LaneOp::SMulO);
  case Intrinsic::scmp:
  case Intrinsic::ucmp: {
    bool isSigned = call.getIntrinsicID() == Intrinsic::scmp;
    Scalar to = scalarOf(&call);
    Slots a = get(call.getArgOperand(0)), b = get(call.getArgOperand(1));
    SmallVector<Scalar> flags(a.size(), {Ty::I8, 8, 1, 0});
    SmallVector<Scalar> shape(a.size(), to);
    Slots greater = defineLane(
        ops.get(isSigned ? LaneOp::ICmpSgt : LaneOp::ICmpUgt, type.type), flags,
        {a, b}, bits);
    Slots less = defineLane(
        ops.get(isSigned ? LaneOp::ICmpSlt : LaneOp::ICmpUlt, type.type), flags,
        {a, b}, bits);
    Slots d =
        defineLane(ops.get(LaneOp::Sub, Ty::I8), flags, {greater, less}, 8);
    d = defineLane(ops.getSExt(to.type, Ty::I8), shape, {d}, 8);
    uint64_t mask = to.bits >= 64 ? ~uint64_t(0) : (uint64_t(1) << to.bits) - 1;
    setResult(call,
              defineLane(ops.get(LaneOp::AndImm, to.type), shape, {d}, mask));
    return true;
  }
  default:
    return false;
  }
}

bool Decoder::decodeReduce(const IntrinsicInst &call) {
  LaneOp op;
  bool hasStart = false;
  switch (call.getIntrinsicID()) {
  case Intrinsic::vector_reduce_add:
    op = LaneOp::Add;
    break;
  case Intrinsic::vector_reduce_mul:
    op = LaneOp::Mul;
    break;
  case Intrinsic::vector_reduce_and:
    op = LaneOp::And;
    break;
  case Intrinsic::vector_reduce_or:
    op = LaneOp::Or;
    break;
  case Intrinsic::vector_reduce_xor:
    op = LaneOp::Xor;
    break;
  case Intrinsic::vector_reduce_smax:
    op = LaneOp::SMax;
    break;
  case Intrinsic::vector_reduce_smin:
    op = LaneOp::SMin;
    break;
  case Intrinsic::vector_reduce_umax:
    op = LaneOp::UMax;
    break;
  case Intrinsic::vector_reduce_umin:
    op = LaneOp::UMin;
    break;
  case Intrinsic::vector_reduce_fmax:
    op = LaneOp::FMaxNum;
    break;
  case Intrinsic::vector_reduce_fmin:
    op = LaneOp::FMinNum;
    break;
  case Intrinsic::vector_reduce_fmaximum:
    op = LaneOp::FMaximum;
    break;
  case Intrinsic::vector_reduce_fminimum:
    op = LaneOp::FMinimum;
    break;
  case Intrinsic::vector_reduce_fadd:
    op = LaneOp::FAdd;
    hasStart = true;
    break;
  case Intrinsic::vector_reduce_fmul:
    op = LaneOp::FMul;
    hasStart = true;
    break;
  default:
    return false;
  }
  Slots elements = get(call.getArgOperand(hasStart ? 1 : 0));
  Scalar type = scalarOf(&call);
  Slots sum = hasStart ? get(call.getArgOperand(0)) : Slots{elements[0]};
  for (size_t i = hasStart ? 0 : 1; i < elements.size(); ++i)
    sum = applyInt(op, type, sum, {elements[i]});
  setResult(call, sum);
  return true;
}

bool Decoder::decodeMemIntrinsic(const IntrinsicInst &call) {
  bool isSet = isa<MemSetInst>(call);
  if (!isSet && !isa<MemTransferInst>(call))
    return false;
  Access &access =
      emitEffect(isSet ? execMemSet : execMemCopy,
                 {get(call.getArgOperand(0)), get(call.getArgOperand(1)),
                  get(call.getArgOperand(2))});
  access.addressSpace =
      call.getArgOperand(0)->getType()->getPointerAddressSpace();
  if (!isSet)
    access.operation =
        call.getArgOperand(1)->getType()->getPointerAddressSpace();
  return true;
}

// A masked access is one guarded access per element.
bool Decoder::decodeMasked(const IntrinsicInst &call) {
  bool isLoad = call.getIntrinsicID() == Intrinsic::masked_load;
  if (!isLoad && call.getIntrinsicID() != Intrinsic::masked_store)
    return false;
  const Value *pointer = call.getArgOperand(isLoad ? 0 : 1);
  const Value *mask = call.getArgOperand(isLoad ? 1 : 2);
  Type *type = isLoad ? call.getType() : call.getArgOperand(0)->getType();
  Scalars scalars;
  flatten(type, scalars);
  for (const Scalar &scalar : scalars)
    if (scalar.bits != 8 * scalar.bytes)
      return false;
  Slots value = isLoad ? defineResult(call) : get(call.getArgOperand(0));
  std::vector<Slots> operands = {get(pointer), get(mask)};
  if (isLoad)
    operands.push_back(get(call.getArgOperand(2)));
  Access &access = emitEffect(isLoad ? execMaskedLoad : execMaskedStore,
                              std::move(operands));
  setAccess(access, value, scalars,
            pointer->getType()->getPointerAddressSpace(),
            call.getParamAlign(isLoad ? 0 : 1).valueOrOne().value());
  return true;
}

bool Decoder::decodeGeneric(const IntrinsicInst &call) {
  switch (call.getIntrinsicID()) {
  case Intrinsic::assume:
  case Intrinsic::lifetime_start:
  case Intrinsic::lifetime_end:
  case Intrinsic::experimental_noalias_scope_decl:
  case Intrinsic::prefetch:
  case Intrinsic::donothing:
  case Intrinsic::sideeffect:
  case Intrinsic::dbg_value:
  case Intrinsic::dbg_declare:
  case Intrinsic::dbg_label:
  case Intrinsic::dbg_assign:
  case Intrinsic::pseudoprobe:
  case Intrinsic::var_annotation:
    return true;
  case Intrinsic::expect:
  case Intrinsic::expect_with_probability:
  case Intrinsic::annotation:
  case Intrinsic::ptr_annotation:
  case Intrinsic::launder_invariant_group:
  case Intrinsic::strip_invariant_group:
  case Intrinsic::ssa_copy:
  case Intrinsic::arithmetic_fence:
    setResult(call, get(call.getArgOperand(0)));
    return true;
  case Intrinsic::is_constant:
    setResult(call, {constantSlot(0, 1)});
    return true;
  case Intrinsic::trap:
  case Intrinsic::debugtrap:
    emitEffect(execTrap, {});
    return true;
  case Intrinsic::ptrmask: {
    Scalar type = scalarOf(&call);
    setResult(call, applyInt(LaneOp::And, type, get(call.getArgOperand(0)),
                             get(call.getArgOperand(1))));
    return true;
  }
  default:
    return decodeFloatIntrinsic(call) || decodeIntIntrinsic(call) ||
           decodeReduce(call) || decodeMemIntrinsic(call) || decodeMasked(call);
  }
}
