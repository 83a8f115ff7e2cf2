// Decoder.cpp - types, constants, globals, arguments and emission.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Decoder.h"
#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/PostDominators.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Operator.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace tilewright;
using namespace tilewright::emulator;

Decoder::Decoder(const Function &function, Program &program)
    : function(function), layout(function.getDataLayout()), program(program),
      ops(*program.ops), width(program.waveSize) {}

void Decoder::unknown(const Instruction &inst, const Twine &what) {
  std::string text = ("emulator does not know " + what).str();
  std::string line;
  raw_string_ostream os(line);
  inst.print(os);
  for (auto &entry : unknowns)
    if (entry.first == text)
      return;
  unknowns.push_back({text, StringRef(line).trim().str()});
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static bool addInteger(unsigned bits, Scalars &scalars, uint32_t offset) {
  if (bits > 64)
    return false;
  Ty type = bits <= 8    ? Ty::I8
            : bits <= 16 ? Ty::I16
            : bits <= 32 ? Ty::I32
                         : Ty::I64;
  scalars.push_back({type, uint16_t(bits), bytesOf(type), offset});
  return true;
}

bool Decoder::flatten(Type *type, Scalars &scalars, uint32_t offset) {
  if (type->isVoidTy())
    return true;
  if (auto *integer = dyn_cast<IntegerType>(type))
    return addInteger(integer->getBitWidth(), scalars, offset);
  if (auto *pointer = dyn_cast<PointerType>(type)) {
    unsigned bits = layout.getPointerSizeInBits(pointer->getAddressSpace());
    if (bits == 128) // an AMD buffer resource
      return addInteger(64, scalars, offset) &&
             addInteger(64, scalars, offset + 8);
    return addInteger(bits, scalars, offset);
  }
  auto addFloat = [&](Ty kind) {
    scalars.push_back(
        {kind, uint16_t(8 * bytesOf(kind)), bytesOf(kind), offset});
    return true;
  };
  if (type->isHalfTy())
    return addFloat(Ty::F16);
  if (type->isBFloatTy())
    return addFloat(Ty::BF16);
  if (type->isFloatTy())
    return addFloat(Ty::F32);
  if (type->isDoubleTy())
    return addFloat(Ty::F64);
  if (auto *vector = dyn_cast<FixedVectorType>(type)) {
    Type *element = vector->getElementType();
    uint64_t bits = layout.getTypeSizeInBits(element);
    for (unsigned i = 0; i < vector->getNumElements(); ++i)
      if (!flatten(element, scalars, offset + uint32_t(i * bits / 8)))
        return false;
    return true;
  }
  if (auto *array = dyn_cast<ArrayType>(type)) {
    uint64_t stride = layout.getTypeAllocSize(array->getElementType());
    for (unsigned i = 0; i < array->getNumElements(); ++i)
      if (!flatten(array->getElementType(), scalars,
                   offset + uint32_t(i * stride)))
        return false;
    return true;
  }
  if (auto *structure = dyn_cast<StructType>(type)) {
    const StructLayout *fields = layout.getStructLayout(structure);
    for (unsigned i = 0; i < structure->getNumElements(); ++i)
      if (!flatten(structure->getElementType(i), scalars,
                   offset + uint32_t(fields->getElementOffset(i))))
        return false;
    return true;
  }
  return false;
}

Scalar Decoder::scalarOf(const Value *value) {
  Scalars scalars;
  flatten(value->getType()->getScalarType(), scalars);
  return scalars.empty() ? makeScalar(Ty::I32) : scalars[0];
}

Slots Decoder::allocate(ArrayRef<Scalar> scalars) {
  Slots slots;
  uint64_t offset = alignTo(program.registerBytes, 64);
  uint64_t start = offset;
  for (const Scalar &scalar : scalars) {
    slots.push_back({uint32_t(offset), scalar.bytes});
    offset += uint64_t(scalar.bytes) * width;
  }
  program.registerBytes = offset;
  program.scratchBytes = std::max(program.scratchBytes, offset - start);
  return slots;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Slot Decoder::constantSlot(uint64_t bits, uint8_t bytes) {
  auto [at, isNew] = constantPool.insert({{bits, bytes}, Slot()});
  if (isNew) {
    Scalar scalar = {Ty::I8, 8, bytes, 0};
    at->second = allocate(scalar)[0];
    program.constants.push_back({at->second, bits});
  }
  return at->second;
}

bool Decoder::evaluate(const Constant *constant, uint64_t &bits) {
  if (auto *integer = dyn_cast<ConstantInt>(constant)) {
    if (integer->getBitWidth() > 64)
      return false;
    bits = integer->getZExtValue();
    return true;
  }
  if (auto *real = dyn_cast<ConstantFP>(constant)) {
    bits = real->getValueAPF().bitcastToAPInt().getZExtValue();
    return true;
  }
  if (isa<ConstantPointerNull, UndefValue>(constant)) {
    bits = 0;
    return true;
  }
  if (auto *global = dyn_cast<GlobalVariable>(constant)) {
    auto at = globalAddress.find(global);
    if (at == globalAddress.end())
      return false;
    bits = at->second;
    return true;
  }
  auto *expression = dyn_cast<ConstantExpr>(constant);
  if (!expression)
    return false;
  if (!evaluate(expression->getOperand(0), bits))
    return false;
  switch (expression->getOpcode()) {
  case Instruction::GetElementPtr: {
    unsigned indexBits = layout.getIndexTypeSizeInBits(constant->getType());
    APInt offset(indexBits, 0);
    if (!cast<GEPOperator>(expression)
             ->accumulateConstantOffset(layout, offset))
      return false;
    bits += uint64_t(offset.getSExtValue());
    break;
  }
  case Instruction::AddrSpaceCast: {
    unsigned from =
        expression->getOperand(0)->getType()->getPointerAddressSpace();
    unsigned to = constant->getType()->getPointerAddressSpace();
    if (to == 0 && (from == 3 || from == 5))
      bits |= from == 3 ? kSharedAperture : kPrivateAperture;
    else if (from == 0 && (to == 3 || to == 5))
      bits &= ~kApertureMask;
    break;
  }
  case Instruction::PtrToInt:
  case Instruction::IntToPtr:
  case Instruction::Trunc:
  case Instruction::BitCast:
    break;
  case Instruction::Add:
  case Instruction::Sub:
  case Instruction::Xor: {
    uint64_t right;
    if (!evaluate(expression->getOperand(1), right))
      return false;
    bits = expression->getOpcode() == Instruction::Add   ? bits + right
           : expression->getOpcode() == Instruction::Sub ? bits - right
                                                         : bits ^ right;
    break;
  }
  default:
    return false;
  }
  uint64_t size = layout.getTypeSizeInBits(constant->getType());
  if (size < 64)
    bits &= (uint64_t(1) << size) - 1;
  return size <= 64;
}

bool Decoder::constantBits(const Constant *constant,
                           SmallVectorImpl<std::pair<uint64_t, uint8_t>> &out) {
  Type *type = constant->getType();
  if (isa<UndefValue, ConstantAggregateZero>(constant)) {
    Scalars scalars;
    if (!flatten(type, scalars))
      return false;
    for (const Scalar &scalar : scalars)
      out.push_back({0, scalar.bytes});
    return true;
  }
  if (type->isVectorTy() || type->isAggregateType()) {
    uint64_t count = type->isStructTy() ? type->getStructNumElements()
                     : type->isArrayTy()
                         ? type->getArrayNumElements()
                         : cast<FixedVectorType>(type)->getNumElements();
    for (unsigned i = 0; i < count; ++i) {
      const Constant *element = constant->getAggregateElement(i);
      if (!element || !constantBits(element, out))
        return false;
    }
    return true;
  }
  Scalars scalars;
  uint64_t bits;
  if (!flatten(type, scalars) || scalars.size() != 1 ||
      !evaluate(constant, bits))
    return false;
  out.push_back({bits, scalars[0].bytes});
  return true;
}

Slots Decoder::constantSlots(const Constant *constant) {
  SmallVector<std::pair<uint64_t, uint8_t>> scalars;
  if (!constantBits(constant, scalars)) {
    std::string text;
    raw_string_ostream os(text);
    constant->print(os);
    unknown(*current, "the constant '" + text + "'");
    Scalars shape;
    flatten(constant->getType(), shape);
    return allocate(shape);
  }
  if (scalars.size() == 1)
    return {constantSlot(scalars[0].first, scalars[0].second)};
  Scalars shape;
  flatten(constant->getType(), shape);
  Slots slots = allocate(shape);
  for (auto [slot, scalar] : zip_equal(slots, scalars))
    program.constants.push_back({slot, scalar.first});
  return slots;
}

Slots Decoder::get(const Value *value) {
  auto at = values.find(value);
  if (at != values.end())
    return at->second;
  if (auto *constant = dyn_cast<Constant>(value)) {
    Slots slots = constantSlots(constant);
    values[value] = slots;
    return slots;
  }
  // Only after an unknown instruction, or in dead code.
  Scalars shape;
  flatten(value->getType(), shape);
  return values[value] = allocate(shape);
}

//===----------------------------------------------------------------------===//
// Globals and arguments
//===----------------------------------------------------------------------===//

static void collectGlobals(const Value *value,
                           SmallPtrSetImpl<const Value *> &seen) {
  if (!isa<Constant>(value) || !seen.insert(value).second)
    return;
  if (auto *user = dyn_cast<User>(value))
    for (const Value *operand : user->operands())
      collectGlobals(operand, seen);
}

void Decoder::placeGlobals() {
  SmallPtrSet<const Value *, 32> used;
  for (const BasicBlock &block : function)
    for (const Instruction &inst : block)
      for (const Value *operand : inst.operands())
        collectGlobals(operand, used);

  SmallVector<const GlobalVariable *> dynamicShared;
  uint64_t moduleOffset = 0;
  SmallVector<const GlobalVariable *> moduleData;
  for (const GlobalVariable &global : function.getParent()->globals()) {
    if (!used.contains(&global))
      continue;
    uint64_t bytes = layout.getTypeAllocSize(global.getValueType());
    Align align = layout.getPreferredAlign(&global);
    if (global.getAddressSpace() == 3) {
      if (global.isDeclaration() || bytes == 0) {
        dynamicShared.push_back(&global);
        continue;
      }
      program.sharedBytes = alignTo(program.sharedBytes, align);
      globalAddress[&global] = program.sharedBytes;
      program.sharedBytes += bytes;
      continue;
    }
    if (!global.hasInitializer())
      continue; // an error where it is used
    moduleOffset =
        alignTo(moduleOffset + 64, std::max<uint64_t>(align.value(), 16));
    globalAddress[&global] = kModuleAperture + moduleOffset;
    moduleOffset += bytes;
    moduleData.push_back(&global);
  }
  program.sharedBytes = alignTo(program.sharedBytes, 16);
  for (const GlobalVariable *global : dynamicShared)
    globalAddress[global] = program.sharedBytes;

  // Initialisers may name other globals, so they come second.
  for (const GlobalVariable *global : moduleData) {
    GlobalData data;
    data.address = globalAddress[global];
    data.name = global->getName().str();
    data.writable = !global->isConstant();
    data.bytes.resize(
        std::max<uint64_t>(1, layout.getTypeAllocSize(global->getValueType())));
    SmallVector<std::pair<uint64_t, uint8_t>> bits;
    Scalars scalars;
    if (flatten(global->getValueType(), scalars) &&
        constantBits(global->getInitializer(), bits)) {
      for (auto [scalar, value] : zip_equal(scalars, bits))
        memcpy(data.bytes.data() + scalar.offset, &value.first, scalar.bytes);
      program.globals.push_back(std::move(data));
    } else {
      globalAddress.erase(global);
    }
  }
}

bool Decoder::placeArguments() {
  uint64_t offset = 0;
  for (const Argument &argument : function.args()) {
    Type *type = argument.getType();
    bool inPlace = argument.hasByValAttr() || argument.hasByRefAttr();
    if (inPlace)
      type = argument.getPointeeInMemoryValueType();
    Align align = layout.getABITypeAlign(type);
    if (inPlace)
      align = std::max(align, argument.getParamAlign().valueOrOne());
    offset = alignTo(offset, align);
    Scalars scalars;
    if (inPlace) {
      values[&argument] = {constantSlot(kKernargAperture + offset, 8)};
    } else {
      if (!flatten(type, scalars)) {
        unknowns.push_back(
            {formatv("emulator does not know the type of parameter "
                     "{0} of kernel '{1}'",
                     argument.getArgNo(), function.getName())
                 .str(),
             ""});
        continue;
      }
      Slots slots = allocate(scalars);
      for (auto [slot, scalar] : zip_equal(slots, scalars))
        program.arguments.push_back(
            {slot, uint32_t(offset + scalar.offset), scalar.bytes});
      values[&argument] = slots;
    }
    offset += layout.getTypeAllocSize(type);
  }
  program.kernargBytes = offset;
  return true;
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

Inst &Decoder::add(InstKind kind) {
  Inst &inst = program.insts.emplace_back();
  inst.kind = kind;
  inst.origin = current;
  return inst;
}

void Decoder::emitLane(LaneFn fn, ArrayRef<Slot> dst,
                       ArrayRef<ArrayRef<Slot>> operands, uint64_t imm) {
  auto follows = [&](ArrayRef<Slot> slots, size_t i) {
    return slots[i].offset ==
               slots[i - 1].offset + slots[i - 1].bytes * width &&
           slots[i].bytes == slots[i - 1].bytes;
  };
  for (size_t begin = 0; begin < dst.size();) {
    size_t end = begin + 1;
    while (end < dst.size() && follows(dst, end) &&
           all_of(operands,
                  [&](ArrayRef<Slot> slots) { return follows(slots, end); }))
      ++end;
    Inst &inst = add(InstKind::Lane);
    inst.lane = fn;
    inst.imm = imm;
    inst.dst = dst[begin].offset;
    inst.dstBytes = dst[begin].bytes;
    inst.count = uint32_t(end - begin) * width;
    uint32_t *offsets[] = {&inst.a, &inst.b, &inst.c};
    for (auto [at, slots] : zip(offsets, operands))
      *at = slots[begin].offset;
    begin = end;
  }
}

Slots Decoder::defineLane(LaneFn fn, ArrayRef<Scalar> result,
                          ArrayRef<ArrayRef<Slot>> operands, uint64_t imm) {
  Slots dst = allocate(result);
  emitLane(fn, dst, operands, imm);
  return dst;
}

void Decoder::emitWave(WaveFn fn, ArrayRef<Slot> dst,
                       std::vector<Slots> operands, uint64_t imm,
                       unsigned operation) {
  Inst &inst = add(InstKind::Wave);
  inst.wave = fn;
  inst.imm = imm;
  inst.extra = uint32_t(program.accesses.size());
  if (!dst.empty()) {
    inst.dst = dst[0].offset;
    inst.dstBytes = dst[0].bytes;
    inst.count = uint32_t(dst.size()) * width;
  }
  Access &access = program.accesses.emplace_back();
  access.operands = std::move(operands);
  access.operation = operation;
  access.value.assign(dst.begin(), dst.end());
}

Access &Decoder::emitEffect(WaveFn fn, std::vector<Slots> operands,
                            uint64_t imm, InstKind kind) {
  Inst &inst = add(kind);
  inst.wave = fn;
  inst.imm = imm;
  inst.extra = uint32_t(program.accesses.size());
  Access &access = program.accesses.emplace_back();
  access.operands = std::move(operands);
  return access;
}

void Decoder::setAccess(Access &access, ArrayRef<Slot> slots,
                        ArrayRef<Scalar> scalars, unsigned addressSpace,
                        uint64_t align) {
  access.value.assign(slots.begin(), slots.end());
  access.bytes = 0;
  for (const Scalar &scalar : scalars) {
    access.offsets.push_back(scalar.offset);
    access.bytes =
        std::max<uint32_t>(access.bytes, scalar.offset + scalar.bytes);
  }
  access.addressSpace = addressSpace;
  access.align = uint32_t(align);
}

Slots Decoder::defineResult(const Instruction &inst) {
  Scalars scalars;
  flatten(inst.getType(), scalars);
  Slots slots = allocate(scalars);
  values[&inst] = slots;
  return slots;
}

void Decoder::emitSpecial(const Instruction &inst, Special special) {
  emitWave(execSpecial, defineResult(inst), {}, uint64_t(special));
}

Slots Decoder::reinterpret(ArrayRef<Slot> from, ArrayRef<Scalar> fromType,
                           ArrayRef<Scalar> toType) {
  if (fromType.empty() || toType.empty())
    return {};
  if (fromType[0].bits == toType[0].bits)
    return Slots(from.begin(), from.end());
  Slots dst = allocate(toType);
  emitWave(execBitPack, dst, {Slots(from.begin(), from.end())},
           fromType[0].bits | uint64_t(toType[0].bits) << 8);
  return dst;
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

llvm::Error Decoder::decode() {
  placeGlobals();
  placeArguments();

  ReversePostOrderTraversal<const Function *> order(&function);
  PostDominatorTree postDominators(const_cast<Function &>(function));
  for (const BasicBlock *block : order)
    blockIndex[block] = uint32_t(blockIndex.size());
  program.blocks.resize(blockIndex.size());
  for (const BasicBlock *block : order) {
    auto *node = postDominators.getNode(const_cast<BasicBlock *>(block));
    auto *parent = node ? node->getIDom() : nullptr;
    const BasicBlock *meet = parent ? parent->getBlock() : nullptr;
    program.blocks[blockIndex[block]].reconverge =
        meet ? blockIndex.lookup(meet) : kNoBlock;
    for (const PHINode &phi : block->phis()) {
      current = &phi;
      Scalars scalars;
      if (!flatten(phi.getType(), scalars))
        unknown(phi, "the type of a phi");
      values[&phi] = allocate(scalars);
    }
  }
  for (const BasicBlock *block : order)
    decodeBlock(*block);

  if (unknowns.empty())
    return Error::success();
  std::string text;
  for (auto &[what, where] : unknowns)
    text += (text.empty() ? "" : "\n") + what +
            (where.empty() ? "" : "\n  at " + where);
  return createStringError(inconvertibleErrorCode(),
                           "kernel '" + function.getName() + "': " + text);
}

bool Decoder::decodeBlock(const BasicBlock &block) {
  program.blocks[blockIndex[&block]].firstInst = uint32_t(program.insts.size());
  for (const Instruction &inst : block) {
    current = &inst;
    Scalars scalars;
    bool known = true;
    if (!flatten(inst.getType(), scalars)) {
      std::string text;
      raw_string_ostream os(text);
      inst.getType()->print(os);
      unknown(inst, "the type '" + text + "'");
      continue;
    }
    for (const Value *operand : inst.operands()) {
      Scalars ignored;
      Type *type = operand->getType();
      if (type->isLabelTy() || type->isMetadataTy() ||
          isa<Function, InlineAsm>(operand))
        continue;
      if (!flatten(type, ignored)) {
        std::string text;
        raw_string_ostream os(text);
        type->print(os);
        unknown(inst, "the type '" + text + "'");
        known = false;
        break;
      }
    }
    if (!known)
      continue;
    if (!decodeInst(inst)) {
      if (auto *call = dyn_cast<CallInst>(&inst)) {
        if (const Function *callee = call->getCalledFunction())
          unknown(inst, "'" + callee->getName() + "'");
        else
          unknown(inst, "an indirect call");
      } else {
        unknown(inst,
                Twine("'") + inst.getOpcodeName() + "' on these operands");
      }
    }
  }
  return true;
}

static unsigned generationOf(StringRef chip) {
  // gfx942 -> 9, gfx1100 -> 11.
  unsigned digits = 0;
  StringRef rest = chip.drop_front(3);
  if (rest.size() < 3)
    return 0;
  return rest.drop_back(2).getAsInteger(10, digits) ? 0 : digits;
}

Expected<std::shared_ptr<const Program>> emulator::decode(const Module &module,
                                                          StringRef kernel,
                                                          StringRef chip,
                                                          unsigned waveSize) {
  auto fail = [](const Twine &text) {
    return createStringError(inconvertibleErrorCode(), text);
  };
  const Function *function = module.getFunction(kernel);
  if (!function || function->isDeclaration())
    return fail("the module has no kernel '" + kernel + "'");
  auto program = std::make_shared<Program>();
  program->name = kernel.str();
  program->chip = chip.str();
  program->ops = &getLaneOps();
  const Triple &triple = module.getTargetTriple();
  if (triple.isAMDGPU()) {
    program->vendor = Vendor::AMDGPU;
    program->generation = chip.starts_with("gfx") ? generationOf(chip) : 0;
    if (program->generation < 9 || program->generation > 12)
      return fail("expected a chip like 'gfx942' for '" + triple.str() +
                  "', but got '" + chip + "'");
    program->waveSize = program->generation == 9 ? 64 : 32;
  } else if (triple.isNVPTX()) {
    program->vendor = Vendor::NVPTX;
    if (!chip.starts_with("sm_"))
      return fail("expected a chip like 'sm_90a' for '" + triple.str() +
                  "', but got '" + chip + "'");
    program->waveSize = 32;
  } else {
    return fail("expected a module for amdgcn or nvptx64, but got '" +
                triple.str() + "'");
  }
  if (waveSize) {
    if (waveSize != 32 && waveSize != 64)
      return fail("expected a wave of 32 or 64 lanes, but got " +
                  Twine(waveSize));
    program->waveSize = waveSize;
  }
  Decoder decoder(*function, *program);
  if (Error error = decoder.decode())
    return std::move(error);
  return program;
}

const LaneOps &emulator::getLaneOps() {
#if defined(__x86_64__)
  static const bool hasV3 = __builtin_cpu_supports("avx2") &&
                            __builtin_cpu_supports("fma") &&
                            __builtin_cpu_supports("bmi2");
  return hasV3 ? getLaneOpsV3() : getLaneOpsBase();
#else
  return getLaneOpsBase();
#endif
}
