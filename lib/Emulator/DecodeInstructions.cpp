// DecodeInstructions.cpp - decodes LLVM's instructions, but for calls.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Decoder.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GetElementPtrTypeIterator.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Operator.h"

using namespace llvm;
using namespace tilewright;
using namespace tilewright::emulator;

static bool isOdd(const Scalar &scalar) {
  return scalar.bits != 8 * scalar.bytes;
}
static uint64_t maskOf(unsigned bits) {
  return bits >= 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
}

bool Decoder::decodeInst(const Instruction &inst) {
  if (auto *binary = dyn_cast<BinaryOperator>(&inst))
    return decodeBinary(*binary);
  if (auto *compare = dyn_cast<CmpInst>(&inst))
    return decodeCompare(*compare);
  if (auto *conversion = dyn_cast<CastInst>(&inst))
    return decodeCast(*conversion);
  if (inst.isTerminator())
    return decodeTerminator(inst);
  switch (inst.getOpcode()) {
  case Instruction::PHI:
    return true; // slots exist, edges copy
  case Instruction::Freeze:
    setResult(inst, get(inst.getOperand(0)));
    return true;
  case Instruction::FNeg: {
    Slots a = get(inst.getOperand(0));
    Slots d = defineResult(inst);
    emitLane(ops.get(LaneOp::FNeg, scalarOf(&inst).type), d, {a}, 0);
    return true;
  }
  case Instruction::GetElementPtr:
    return decodeGep(cast<GetElementPtrInst>(inst));
  case Instruction::Select:
  case Instruction::ExtractElement:
  case Instruction::InsertElement:
  case Instruction::ShuffleVector:
    return decodeVectorInst(inst);
  case Instruction::ExtractValue:
  case Instruction::InsertValue:
    return decodeAggregate(inst);
  case Instruction::Load:
  case Instruction::Store:
    return decodeMemory(inst);
  case Instruction::AtomicRMW:
  case Instruction::AtomicCmpXchg:
    return decodeAtomic(inst);
  case Instruction::Fence:
    return true; // waves of a workgroup run in order; see docs/Emulator.md
  case Instruction::Alloca:
    return decodeAlloca(cast<AllocaInst>(inst));
  case Instruction::Call:
    return decodeCall(cast<CallInst>(inst));
  default:
    return false;
  }
}

Slots Decoder::applyInt(LaneOp op, const Scalar &type, ArrayRef<Slot> a,
                        ArrayRef<Slot> b) {
  SmallVector<Scalar> shape(a.size(), type);
  LaneFn fn = ops.get(op, type.type);
  uint64_t imm = isFloat(type.type) ? 0 : type.bits;
  Slots d = defineLane(fn, shape, {a, b}, imm);
  bool widens = op == LaneOp::Add || op == LaneOp::Sub || op == LaneOp::Mul ||
                op == LaneOp::Shl;
  if (isFloat(type.type) || !isOdd(type) || !widens)
    return d;
  return defineLane(ops.get(LaneOp::AndImm, type.type), shape, {d},
                    maskOf(type.bits));
}

bool Decoder::decodeBinary(const BinaryOperator &inst) {
  LaneOp op;
  switch (inst.getOpcode()) {
  case Instruction::Add:
    op = LaneOp::Add;
    break;
  case Instruction::Sub:
    op = LaneOp::Sub;
    break;
  case Instruction::Mul:
    op = LaneOp::Mul;
    break;
  case Instruction::And:
    op = LaneOp::And;
    break;
  case Instruction::Or:
    op = LaneOp::Or;
    break;
  case Instruction::Xor:
    op = LaneOp::Xor;
    break;
  case Instruction::Shl:
    op = LaneOp::Shl;
    break;
  case Instruction::LShr:
    op = LaneOp::LShr;
    break;
  case Instruction::AShr:
    op = LaneOp::AShr;
    break;
  case Instruction::UDiv:
    op = LaneOp::UDiv;
    break;
  case Instruction::SDiv:
    op = LaneOp::SDiv;
    break;
  case Instruction::URem:
    op = LaneOp::URem;
    break;
  case Instruction::SRem:
    op = LaneOp::SRem;
    break;
  case Instruction::FAdd:
    op = LaneOp::FAdd;
    break;
  case Instruction::FSub:
    op = LaneOp::FSub;
    break;
  case Instruction::FMul:
    op = LaneOp::FMul;
    break;
  case Instruction::FDiv:
    op = LaneOp::FDiv;
    break;
  case Instruction::FRem:
    op = LaneOp::FRem;
    break;
  default:
    return false;
  }
  Scalar type = scalarOf(&inst);
  Slots a = get(inst.getOperand(0)), b = get(inst.getOperand(1));
  setResult(inst, applyInt(op, type, a, b));
  return true;
}

bool Decoder::decodeCompare(const CmpInst &inst) {
  Scalar type = scalarOf(inst.getOperand(0));
  Slots a = get(inst.getOperand(0)), b = get(inst.getOperand(1));
  if (a.size() != Scalars().size() && isa<FixedVectorType>(inst.getType()) &&
      a.size() != cast<FixedVectorType>(inst.getType())->getNumElements())
    return false;
  if (!isa<FixedVectorType>(inst.getType()) && a.size() != 1)
    return false;
  LaneFn fn;
  uint64_t imm = type.bits;
  if (isa<FCmpInst>(inst)) {
    fn = ops.get(LaneOp::FCmp, type.type);
    imm =
        unsigned(inst.getPredicate()); // bits: equal, greater, less, unordered
  } else {
    LaneOp op;
    switch (inst.getPredicate()) {
    case CmpInst::ICMP_EQ:
      op = LaneOp::ICmpEq;
      break;
    case CmpInst::ICMP_NE:
      op = LaneOp::ICmpNe;
      break;
    case CmpInst::ICMP_UGT:
      op = LaneOp::ICmpUgt;
      break;
    case CmpInst::ICMP_UGE:
      op = LaneOp::ICmpUge;
      break;
    case CmpInst::ICMP_ULT:
      op = LaneOp::ICmpUlt;
      break;
    case CmpInst::ICMP_ULE:
      op = LaneOp::ICmpUle;
      break;
    case CmpInst::ICMP_SGT:
      op = LaneOp::ICmpSgt;
      break;
    case CmpInst::ICMP_SGE:
      op = LaneOp::ICmpSge;
      break;
    case CmpInst::ICMP_SLT:
      op = LaneOp::ICmpSlt;
      break;
    case CmpInst::ICMP_SLE:
      op = LaneOp::ICmpSle;
      break;
    default:
      return false;
    }
    fn = ops.get(op, type.type);
  }
  emitLane(fn, defineResult(inst), {a, b}, imm);
  return true;
}

bool Decoder::decodeCast(const CastInst &inst) {
  Scalar from = scalarOf(inst.getOperand(0)), to = scalarOf(&inst);
  Slots a = get(inst.getOperand(0));
  Ty fromInt = asInteger(from.type), toInt = asInteger(to.type);
  unsigned opcode = inst.getOpcode();
  switch (opcode) {
  case Instruction::BitCast: {
    Scalars fromType, toType;
    flatten(inst.getOperand(0)->getType(), fromType);
    flatten(inst.getType(), toType);
    setResult(inst, reinterpret(a, fromType, toType));
    return true;
  }
  case Instruction::AddrSpaceCast: {
    unsigned source = inst.getOperand(0)->getType()->getPointerAddressSpace();
    unsigned target = inst.getType()->getPointerAddressSpace();
    if (a.size() != 1 || to.bits > 64)
      return false;
    if (target == 0 && (source == 3 || source == 5)) {
      uint64_t aperture = source == 3 ? kSharedAperture : kPrivateAperture;
      emitLane(ops.getAddress(toInt, fromInt), defineResult(inst),
               {Slots{constantSlot(aperture, 8)}, a},
               uint64_t(from.bits) << 48 | 1);
      return true;
    }
    if (source == 0 && (target == 3 || target == 5)) {
      Slots low = defineLane(ops.get(LaneOp::AndImm, fromInt), from, {a},
                             ~kApertureMask);
      emitLane(ops.getZExt(toInt, fromInt), defineResult(inst), {low}, 0);
      return true;
    }
    if (from.bits != to.bits)
      return false;
    setResult(inst, a);
    return true;
  }
  case Instruction::PtrToInt:
  case Instruction::PtrToAddr:
  case Instruction::IntToPtr:
  case Instruction::Trunc:
  case Instruction::ZExt: {
    if (a.size() != 1 && !inst.getType()->isVectorTy())
      return false;
    if (fromInt == toInt && (!isOdd(to) || to.bits >= from.bits)) {
      setResult(inst, a);
      return true;
    }
    Slots d = defineResult(inst);
    emitLane(ops.getZExt(toInt, fromInt), d, {a}, 0);
    if (to.bits < from.bits && isOdd(to)) {
      SmallVector<Scalar> shape(d.size(), to);
      setResult(inst, defineLane(ops.get(LaneOp::AndImm, toInt), shape, {d},
                                 maskOf(to.bits)));
    }
    return true;
  }
  case Instruction::SExt: {
    Slots d = defineResult(inst);
    emitLane(ops.getSExt(toInt, fromInt), d, {a}, from.bits);
    if (isOdd(to)) {
      SmallVector<Scalar> shape(d.size(), to);
      setResult(inst, defineLane(ops.get(LaneOp::AndImm, toInt), shape, {d},
                                 maskOf(to.bits)));
    }
    return true;
  }
  case Instruction::FPTrunc:
  case Instruction::FPExt:
    emitLane(ops.getFpToFp(to.type, from.type), defineResult(inst), {a}, 0);
    return true;
  case Instruction::FPToSI:
  case Instruction::FPToUI:
    emitLane(ops.getFpToInt(to.type, from.type, opcode == Instruction::FPToSI),
             defineResult(inst), {a}, to.bits);
    return true;
  case Instruction::SIToFP:
  case Instruction::UIToFP:
    emitLane(ops.getIntToFp(to.type, from.type, opcode == Instruction::SIToFP),
             defineResult(inst), {a}, from.bits);
    return true;
  default:
    return false;
  }
}

bool Decoder::decodeGep(const GetElementPtrInst &inst) {
  Scalar type = scalarOf(&inst);
  size_t lanesOut = 1;
  if (auto *vector = dyn_cast<FixedVectorType>(inst.getType()))
    lanesOut = vector->getNumElements();
  auto widen = [&](const Value *value) {
    Slots slots = get(value);
    return slots.size() == 1 ? splat(slots[0], lanesOut) : slots;
  };
  Slots address = widen(inst.getPointerOperand());
  if (address.size() != lanesOut)
    return false; // buffer resources are not plain addresses
  SmallVector<Scalar> shape(lanesOut, type);
  int64_t constant = 0;
  Ty pointer = asInteger(type.type);
  for (auto at = gep_type_begin(inst), end = gep_type_end(inst); at != end;
       ++at) {
    const Value *index = at.getOperand();
    if (StructType *structure = at.getStructTypeOrNull()) {
      const Constant *field = cast<Constant>(index);
      if (field->getType()->isVectorTy())
        field = field->getSplatValue();
      constant += int64_t(layout.getStructLayout(structure)->getElementOffset(
          unsigned(cast<ConstantInt>(field)->getZExtValue())));
      continue;
    }
    int64_t stride = int64_t(at.getSequentialElementStride(layout));
    if (auto *number = dyn_cast<ConstantInt>(index)) {
      constant += number->getSExtValue() * stride;
      continue;
    }
    Scalar indexType = scalarOf(index);
    uint64_t imm =
        uint64_t(indexType.bits) << 48 | (uint64_t(stride) & 0xFFFFFFFFFFFF);
    address = defineLane(ops.getAddress(pointer, asInteger(indexType.type)),
                         shape, {address, widen(index)}, imm);
  }
  if (constant) {
    uint64_t bits = uint64_t(constant) & maskOf(type.bits);
    address =
        defineLane(ops.get(LaneOp::Add, pointer), shape,
                   {address, splat(constantSlot(bits, type.bytes), lanesOut)});
  }
  setResult(inst, address);
  return true;
}

bool Decoder::decodeVectorInst(const Instruction &inst) {
  switch (inst.getOpcode()) {
  case Instruction::Select: {
    Slots condition = get(inst.getOperand(0));
    Slots a = get(inst.getOperand(1)), b = get(inst.getOperand(2));
    if (condition.size() == 1)
      condition = splat(condition[0], a.size());
    Slots d = defineResult(inst);
    for (size_t i = 0; i < d.size();) {
      // Structs may mix sizes; runs of one size go together.
      size_t end = i + 1;
      while (end < d.size() && d[end].bytes == d[i].bytes)
        ++end;
      Ty type = d[i].bytes == 1   ? Ty::I8
                : d[i].bytes == 2 ? Ty::I16
                : d[i].bytes == 4 ? Ty::I32
                                  : Ty::I64;
      auto part = [&](const Slots &slots) {
        return ArrayRef<Slot>(slots).slice(i, end - i);
      };
      emitLane(ops.get(LaneOp::Select, type), part(d),
               {part(condition), part(a), part(b)}, 0);
      i = end;
    }
    return true;
  }
  case Instruction::ExtractElement: {
    Slots vector = get(inst.getOperand(0));
    if (auto *index = dyn_cast<ConstantInt>(inst.getOperand(1))) {
      if (index->getValue().uge(vector.size()))
        return false;
      setResult(inst, {vector[index->getZExtValue()]});
      return true;
    }
    emitWave(execExtractDynamic, defineResult(inst),
             {vector, get(inst.getOperand(1))});
    return true;
  }
  case Instruction::InsertElement: {
    Slots vector = get(inst.getOperand(0));
    Slots scalar = get(inst.getOperand(1));
    if (scalar.size() != 1)
      return false;
    if (auto *index = dyn_cast<ConstantInt>(inst.getOperand(2))) {
      if (index->getValue().uge(vector.size()))
        return false;
      vector[index->getZExtValue()] = scalar[0];
      setResult(inst, vector);
      return true;
    }
    Slots index = get(inst.getOperand(2));
    emitWave(execInsertDynamic, defineResult(inst), {vector, scalar, index});
    return true;
  }
  default: {
    auto &shuffle = cast<ShuffleVectorInst>(inst);
    Slots both = get(inst.getOperand(0));
    Slots right = get(inst.getOperand(1));
    both.append(right.begin(), right.end());
    Slots result;
    for (int from : shuffle.getShuffleMask())
      result.push_back(both[from < 0 ? 0 : size_t(from)]);
    setResult(inst, result);
    return true;
  }
  }
}

// Number of scalars before the part of `type` that `indices` name.
static size_t scalarsBefore(Type *type, ArrayRef<unsigned> indices,
                            function_ref<size_t(Type *)> count) {
  size_t before = 0;
  for (unsigned index : indices) {
    for (unsigned i = 0; i < index; ++i)
      before += count(type->isStructTy() ? type->getStructElementType(i)
                                         : type->getArrayElementType());
    type = type->isStructTy() ? type->getStructElementType(index)
                              : type->getArrayElementType();
  }
  return before;
}

bool Decoder::decodeAggregate(const Instruction &inst) {
  auto count = [&](Type *type) {
    Scalars scalars;
    flatten(type, scalars);
    return scalars.size();
  };
  Slots whole = get(inst.getOperand(0));
  Type *type = inst.getOperand(0)->getType();
  if (auto *extract = dyn_cast<ExtractValueInst>(&inst)) {
    size_t first = scalarsBefore(type, extract->getIndices(), count);
    size_t size = count(inst.getType());
    setResult(inst, Slots(whole.begin() + first, whole.begin() + first + size));
    return true;
  }
  auto &insert = cast<InsertValueInst>(inst);
  Slots part = get(insert.getInsertedValueOperand());
  size_t first = scalarsBefore(type, insert.getIndices(), count);
  std::copy(part.begin(), part.end(), whole.begin() + first);
  setResult(inst, whole);
  return true;
}

// Memory holds whole bytes: no vectors of odd integers, no i24.
static bool isMemoryShape(ArrayRef<Scalar> scalars, Type *type,
                          const DataLayout &layout) {
  for (const Scalar &scalar : scalars) {
    if (scalar.bits != 8 * scalar.bytes && !(scalar.bits == 1))
      return false;
    if (scalar.bits == 1 && type->isVectorTy())
      return false;
  }
  return !scalars.empty() && scalars.back().offset + scalars.back().bytes <=
                                 layout.getTypeStoreSize(type).getFixedValue();
}

bool Decoder::decodeMemory(const Instruction &inst) {
  bool isStore = isa<StoreInst>(inst);
  const Value *pointer = getLoadStorePointerOperand(&inst);
  Type *type = getLoadStoreType(&inst);
  Scalars scalars;
  flatten(type, scalars);
  Slots address = get(pointer);
  if (!isMemoryShape(scalars, type, layout) || address.size() != 1)
    return false;
  Slots value = isStore ? get(inst.getOperand(0)) : defineResult(inst);
  Access &access = emitEffect(isStore ? execStore : execLoad, {address});
  setAccess(access, value, scalars,
            pointer->getType()->getPointerAddressSpace(),
            getLoadStoreAlignment(&inst).value());
  return true;
}

bool Decoder::decodeAtomic(const Instruction &inst) {
  bool isRmw = isa<AtomicRMWInst>(inst);
  const Value *pointer = inst.getOperand(0);
  const Value *operand = inst.getOperand(1);
  Scalars scalars;
  flatten(operand->getType(), scalars);
  unsigned bytes = 0;
  for (const Scalar &scalar : scalars)
    bytes += scalar.bytes;
  if (!isMemoryShape(scalars, operand->getType(), layout) || bytes > 8 ||
      scalars[0].bits == 1)
    return false;
  std::vector<Slots> operands = {get(pointer), get(operand)};
  if (!isRmw)
    operands.push_back(get(inst.getOperand(2)));
  Slots result = defineResult(inst);
  Access &access =
      emitEffect(isRmw ? execAtomicRmw : execCmpXchg, std::move(operands));
  access.value = result;
  access.bytes = bytes;
  access.addressSpace = pointer->getType()->getPointerAddressSpace();
  access.type = scalars[0].type;
  access.bits = scalars[0].bits;
  access.isPacked = scalars.size() > 1;
  if (!isRmw)
    return true;
  auto operation = cast<AtomicRMWInst>(inst).getOperation();
  access.operation = unsigned(operation);
  if (access.isPacked)
    return scalars.size() == 2 && bytes == 4 &&
           AtomicRMWInst::isFPOperation(operation);
  return operation <= AtomicRMWInst::USubSat ||
         operation == AtomicRMWInst::FMaximum ||
         operation == AtomicRMWInst::FMinimum;
}

bool Decoder::decodeAlloca(const AllocaInst &inst) {
  std::optional<TypeSize> bytes = inst.getAllocationSize(layout);
  if (!bytes || bytes->isScalable())
    return false;
  uint64_t offset = alignTo(program.privateBytes, inst.getAlign());
  program.privateBytes = alignTo(offset + bytes->getFixedValue(), 16);
  Scalar type = scalarOf(&inst);
  uint64_t address = offset;
  if (inst.getType()->getAddressSpace() == 0)
    address |= kPrivateAperture;
  setResult(inst, {constantSlot(address, type.bytes)});
  return true;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

uint32_t Decoder::addEdge(const BasicBlock *from, const BasicBlock *to) {
  Edge edge;
  edge.block = blockIndex.lookup(to);
  edge.firstMove = uint32_t(program.moves.size());
  for (const PHINode &phi : to->phis()) {
    Slots dst = get(&phi);
    Slots src = get(phi.getIncomingValueForBlock(from));
    for (auto [d, s] : zip_equal(dst, src)) {
      if (d.offset == s.offset)
        continue;
      Move *last = program.moves.size() > edge.firstMove ? &program.moves.back()
                                                         : nullptr;
      if (last && last->bytes == d.bytes &&
          last->dst + last->bytes * last->count == d.offset &&
          last->src + last->bytes * last->count == s.offset) {
        last->count += width;
        continue;
      }
      program.moves.push_back({d.offset, s.offset, d.bytes, width});
    }
  }
  edge.numMoves = uint32_t(program.moves.size()) - edge.firstMove;
  uint64_t total = 0;
  ArrayRef<Move> moves =
      ArrayRef<Move>(program.moves).slice(edge.firstMove, edge.numMoves);
  for (const Move &a : moves) {
    total += uint64_t(a.bytes) * a.count;
    for (const Move &b : moves)
      edge.overlaps |= a.src < b.dst + b.bytes * b.count &&
                       b.dst < a.src + a.bytes * a.count;
  }
  if (edge.overlaps)
    program.scratchBytes = std::max(program.scratchBytes, total);
  program.edges.push_back(edge);
  return uint32_t(program.edges.size()) - 1;
}

bool Decoder::decodeTerminator(const Instruction &inst) {
  const BasicBlock *block = inst.getParent();
  uint32_t index = blockIndex.lookup(block);
  if (auto *branch = dyn_cast<BranchInst>(&inst)) {
    if (branch->isUnconditional()) {
      uint32_t edge = addEdge(block, branch->getSuccessor(0));
      Inst &jump = add(InstKind::Jump);
      jump.b = edge;
      jump.extra = index;
      return true;
    }
    Slots condition = get(branch->getCondition());
    uint32_t taken = addEdge(block, branch->getSuccessor(0));
    uint32_t other = addEdge(block, branch->getSuccessor(1));
    Inst &jump = add(InstKind::CondBr);
    jump.a = condition[0].offset;
    jump.b = taken;
    jump.c = other;
    jump.extra = index;
    return true;
  }
  if (auto *choice = dyn_cast<SwitchInst>(&inst)) {
    Slots condition = get(choice->getCondition());
    SwitchTable table;
    for (auto &entry : choice->cases())
      table.cases.push_back({entry.getCaseValue()->getZExtValue(),
                             addEdge(block, entry.getCaseSuccessor())});
    table.defaultEdge = addEdge(block, choice->getDefaultDest());
    Inst &jump = add(InstKind::Switch);
    jump.a = condition[0].offset;
    jump.dstBytes = condition[0].bytes;
    jump.b = uint32_t(program.switches.size());
    jump.extra = index;
    program.switches.push_back(std::move(table));
    return true;
  }
  if (isa<ReturnInst>(inst)) {
    if (inst.getNumOperands())
      return false;
    add(InstKind::Return);
    return true;
  }
  if (isa<UnreachableInst>(inst)) {
    Inst &stop = add(InstKind::Effect);
    stop.wave = execUnreachable;
    return true;
  }
  return false;
}

bool Decoder::decodeCall(const CallInst &call) {
  if (call.isInlineAsm())
    return decodeAsm(call);
  auto *intrinsic = dyn_cast<IntrinsicInst>(&call);
  if (!intrinsic)
    return false;
  StringRef name = intrinsic->getCalledFunction()->getName();
  if (name.consume_front("llvm.amdgcn."))
    return program.vendor == Vendor::AMDGPU && decodeAmdgpu(*intrinsic, name);
  if (name.consume_front("llvm.nvvm."))
    return program.vendor == Vendor::NVPTX && decodeNvptx(*intrinsic, name);
  return decodeGeneric(*intrinsic);
}

bool Decoder::decodeAsm(const CallInst &call) {
  auto *assembly = cast<InlineAsm>(call.getCalledOperand());
  StringRef text = assembly->getAsmString();
  if (text.trim().empty() && call.getType()->isVoidTy())
    return true; // a compiler barrier
  if (text.trim().empty() && call.arg_size() == 1 &&
      call.getType() == call.getArgOperand(0)->getType()) {
    setResult(call, get(call.getArgOperand(0))); // hides a value
    return true;
  }
  unknown(call, "the inline assembly '" + text + "'");
  Scalars scalars;
  flatten(call.getType(), scalars);
  setResult(call, allocate(scalars));
  return true;
}
