// DecodeMma.cpp - decodes matrix instructions of both vendors.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Decoder.h"
#include "MmaMaps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/Constants.h"

using namespace llvm;
using namespace tilewright;
using namespace tilewright::emulator;

bool Decoder::setElement(MmaOperand &operand, StringRef kind) {
  auto fp8 = [&](Fp8 format) {
    operand.toF64 = ops.fp8ToF64[size_t(format)];
    operand.elementBytes = 1;
    return true;
  };
  auto real = [&](Ty type) {
    operand.toF64 = ops.getToF64(type);
    operand.elementBytes = bytesOf(type);
    return true;
  };
  auto integer = [&](unsigned bytes, bool isSigned) {
    operand.isInteger = true;
    operand.isSigned = isSigned;
    operand.elementBytes = uint8_t(bytes);
    return true;
  };
  if (kind == "f16")
    return real(Ty::F16);
  if (kind == "bf16")
    return real(Ty::BF16);
  if (kind == "f32" || kind == "tf32" || kind == "xf32")
    return real(Ty::F32);
  if (kind == "f64")
    return real(Ty::F64);
  if (kind == "fp8")
    return fp8(amdFp8(false));
  if (kind == "bf8")
    return fp8(amdFp8(true));
  if (kind == "e4m3")
    return fp8(Fp8::E4M3);
  if (kind == "e5m2")
    return fp8(Fp8::E5M2);
  if (kind == "i8" || kind == "s8")
    return integer(1, true);
  if (kind == "u8")
    return integer(1, false);
  if (kind == "i32" || kind == "s32")
    return integer(4, true);
  return false;
}

void Decoder::emitMma(const Instruction &inst, Mma mma) {
  Slots d = defineResult(inst);
  mma.d.slots = d;
  mma.d.elementBytes = mma.c.elementBytes;
  mma.d.isInteger = mma.c.isInteger;
  mma.d.positions = mma.c.positions;
  Inst &code = add(InstKind::Wave);
  code.wave = execMma;
  code.dst = d[0].offset;
  code.dstBytes = d[0].bytes;
  code.count = uint32_t(d.size()) * width;
  code.extra = uint32_t(program.mmas.size());
  program.mmas.push_back(std::move(mma));
}

// Fills `positions` from fn(register, part of it, lane).
template <typename Fn>
static void fill(MmaOperand &operand, unsigned lanes, Fn fn) {
  for (unsigned reg = 0; reg < operand.slots.size(); ++reg) {
    unsigned parts = operand.slots[reg].bytes / operand.elementBytes;
    for (unsigned lane = 0; lane < lanes; ++lane)
      for (unsigned part = 0; part < parts; ++part)
        operand.positions.push_back(fn(reg, parts, part, lane));
  }
}

// "32x32x8f16" -> 32, 32, 8; leaves "f16".
static bool consumeShape(StringRef &name, Mma &mma) {
  return !name.consumeInteger(10, mma.m) && name.consume_front("x") &&
         !name.consumeInteger(10, mma.n) && name.consume_front("x") &&
         !name.consumeInteger(10, mma.k);
}

static bool isZero(const CallInst &call, unsigned index) {
  auto *number = dyn_cast<ConstantInt>(call.getArgOperand(index));
  return number && number->isZero();
}

static MmaShape shapeOf(const Mma &mma, unsigned lanes) {
  return {mma.m, mma.n, mma.k, mma.blocks, lanes};
}

// Every position of an operand is in range and, together, they cover it.
static bool isComplete(const MmaOperand &operand, size_t size) {
  std::vector<bool> seen(size);
  size_t count = 0;
  for (uint32_t position : operand.positions) {
    if (position == kNoPosition)
      continue;
    if (position >= size)
      return false;
    count += !seen[position];
    seen[position] = true;
  }
  return count == size;
}
static bool isComplete(const Mma &mma) {
  size_t blocks = mma.blocks;
  return isComplete(mma.a, blocks * mma.m * mma.k) &&
         isComplete(mma.b, blocks * mma.k * mma.n) &&
         isComplete(mma.c, blocks * mma.m * mma.n);
}

// mfma.<D>.<MxNxK>[.]<A>[.<B>][.1k], mfma.scale.f32.<MxNxK>.f8f6f4
bool Decoder::decodeMfma(const IntrinsicInst &call, StringRef name) {
  if (width != 64)
    return false;
  bool isScaled = name.consume_front("scale.");
  StringRef result;
  std::tie(result, name) = name.split('.');
  Mma mma;
  if (!consumeShape(name, mma))
    return false;
  name.consume_front(".");
  StringRef left, right;
  std::tie(left, right) = name.split('.');
  if (right.empty() || right == "1k")
    right = left;
  for (unsigned i = 0; i < 3; ++i) {
    MmaOperand *operands[] = {&mma.a, &mma.b, &mma.c};
    operands[i]->slots = get(call.getArgOperand(i));
  }
  if (isScaled) {
    // a, b, c, formats of a and b, then scale selectors and scales: only
    // scales of one (127 in e8m0), which LLVM writes as zero: unscaled.
    static const StringRef kinds[] = {"fp8", "bf8"};
    auto *formatA = dyn_cast<ConstantInt>(call.getArgOperand(3));
    auto *formatB = dyn_cast<ConstantInt>(call.getArgOperand(4));
    if (!formatA || !formatB || formatA->getZExtValue() > 1 ||
        formatB->getZExtValue() > 1)
      return false;
    for (unsigned i = 5; i < 9; ++i)
      if (!isZero(call, i))
        return false;
    left = kinds[formatA->getZExtValue()];
    right = kinds[formatB->getZExtValue()];
  } else if (result == "f64") {
    // blgp negates: bit 0 a, bit 1 b, bit 2 c.
    if (!isZero(call, 3) || !isZero(call, 4))
      return false;
    auto *negate = dyn_cast<ConstantInt>(call.getArgOperand(5));
    if (!negate)
      return false;
    mma.negateA = negate->getZExtValue() & 1;
    mma.negateB = negate->getZExtValue() & 2;
    mma.negateC = negate->getZExtValue() & 4;
  } else {
    for (unsigned i = 3; i < 6; ++i)
      if (!isZero(call, i))
        return false;
  }
  if (!setElement(mma.a, left) || !setElement(mma.b, right) ||
      !setElement(mma.c, result))
    return false;
  if (left == "xf32")
    mma.truncateBits = 10;
  mma.blocks = unsigned(mma.c.slots.size()) * 64 / (mma.m * mma.n);
  if (mma.blocks == 0)
    return false;
  if (!mma.c.isInteger)
    mma.fromF64 = result == "f64" ? nullptr : ops.f64ToF32;

  MmaShape shape = shapeOf(mma, 64);
  auto operand = [&](bool isLeft) {
    return [&, isLeft](unsigned reg, unsigned parts, unsigned part,
                       unsigned lane) {
      return mfmaOperand(shape, isLeft, reg * parts + part, lane);
    };
  };
  fill(mma.a, 64, operand(true));
  fill(mma.b, 64, operand(false));
  unsigned group = result == "f64" ? 1 : 4;
  fill(mma.c, 64, [&](unsigned reg, unsigned, unsigned, unsigned lane) {
    return mfmaResult(shape, group, reg, lane);
  });
  if (!isComplete(mma))
    return false;
  emitMma(call, std::move(mma));
  return true;
}

// wmma.<D>.16x16x<K>.<A>[.<B>]...; gfx11 and gfx12 by the operands' sizes.
bool Decoder::decodeWmma(const IntrinsicInst &call, StringRef name) {
  StringRef result;
  std::tie(result, name) = name.split('.');
  Mma mma;
  if (!consumeShape(name, mma) || !name.consume_front("."))
    return false;
  SmallVector<StringRef> parts;
  name.split(parts, '.');
  StringRef left = parts[0];
  StringRef right = parts.size() > 1 && (parts[1] == "fp8" || parts[1] == "bf8")
                        ? parts[1]
                        : left;
  bool isTied = llvm::is_contained(parts, "tied");
  bool isInteger = left == "iu8";
  // Integers: signed a?, a, signed b?, b, c, clamp.
  unsigned first = isInteger ? 1 : 0, step = isInteger ? 2 : 1;
  mma.a.slots = get(call.getArgOperand(first));
  mma.b.slots = get(call.getArgOperand(first + step));
  mma.c.slots = get(call.getArgOperand(isInteger ? 4 : 2));
  if (isInteger) {
    if (!isZero(call, 5))
      return false;
    left = isZero(call, 0) ? "u8" : "i8";
    right = isZero(call, 2) ? "u8" : "i8";
  }
  if (!setElement(mma.a, left) || !setElement(mma.b, right) ||
      !setElement(mma.c, result))
    return false;
  if (!mma.c.isInteger)
    mma.fromF64 =
        result == "f32"
            ? ops.f64ToF32
            : ops.getFpToFp(result == "f16" ? Ty::F16 : Ty::BF16, Ty::F64);
  MmaShape shape = shapeOf(mma, width);
  bool isGfx11 = program.generation == 11;
  if (!isGfx11 && (program.generation != 12 || width != 32))
    return false;
  auto operand = [&](bool isLeft) {
    return [&, isLeft](unsigned reg, unsigned parts, unsigned part,
                       unsigned lane) {
      unsigned item = reg * parts + part;
      return isGfx11 ? wmma11Operand(shape, isLeft, item, lane)
                     : wmma12Operand(shape, isLeft, item, lane);
    };
  };
  fill(mma.a, width, operand(true));
  fill(mma.b, width, operand(false));
  // gfx11: a 16-bit result fills one half of each register, by op_sel.
  bool isHalf = isGfx11 && mma.c.elementBytes == 2;
  unsigned select = 0;
  if (isHalf && call.arg_size() > 3)
    select = isZero(call, 3) ? 0 : 1;
  (void)isTied; // the other half is kept either way
  fill(mma.c, width, [&](unsigned reg, unsigned, unsigned, unsigned lane) {
    if (isHalf)
      return reg % 2 == select ? wmma11Result(shape, reg / 2, lane)
                               : kNoPosition;
    return isGfx11 ? wmma11Result(shape, reg, lane)
                   : wmma12Result(shape, reg, lane);
  });
  if (!isComplete(mma))
    return false;
  emitMma(call, std::move(mma));
  return true;
}

// mma.<shape>.row.col.<types>, registers one argument each.
bool Decoder::decodeMmaSync(const IntrinsicInst &call, StringRef name) {
  Mma mma;
  if (!name.consume_front("m") || name.consumeInteger(10, mma.m) ||
      !name.consume_front("n") || name.consumeInteger(10, mma.n) ||
      !name.consume_front("k") || name.consumeInteger(10, mma.k) ||
      !name.consume_front(".row.col."))
    return false;
  name.consume_front("kind.f8f6f4.");
  SmallVector<StringRef> types;
  name.split(types, '.');
  StringRef left, right, result;
  if (types.size() == 4) { // f32.e4m3.e5m2.f32: D, A, B, C
    result = types[0];
    left = types[1];
    right = types[2];
    if (types[3] != result)
      return false;
  } else if (types[0] == "f32" || types[0] == "f16") { // D and C; A, B are f16
    if (types.size() != 2 || types[1] != types[0])
      return false;
    result = types[0];
    left = right = "f16";
  } else if (types.size() <= 2) {
    left = types[0];
    right = types.size() == 2 ? types[1] : left;
    result = left == "f64"                  ? "f64"
             : left == "s8" || left == "u8" ? "s32"
                                            : "f32";
  } else {
    return false;
  }
  if (!setElement(mma.a, left) || !setElement(mma.b, right) ||
      !setElement(mma.c, result))
    return false;
  if (left == "tf32")
    mma.truncateBits = 10 | 0x200;
  if (mma.m == 8 && mma.k == 4 && left != "f64")
    return false; // Volta's quad pairs
  if (!mma.c.isInteger && result != "f64")
    mma.fromF64 =
        result == "f32" ? ops.f64ToF32 : ops.getFpToFp(Ty::F16, Ty::F64);

  // How many scalars belong to each operand follows from the sizes.
  Slots all;
  for (const Value *argument : call.args()) {
    Slots slots = get(argument);
    all.append(slots.begin(), slots.end());
  }
  auto takeBytes = [&](MmaOperand &operand, unsigned elements) {
    unsigned want = elements / 32 * operand.elementBytes;
    while (want && !all.empty()) {
      unsigned bytes = all.front().bytes;
      operand.slots.push_back(all.front());
      all.erase(all.begin());
      if (bytes > want)
        return false;
      want -= bytes;
    }
    return want == 0;
  };
  if (!takeBytes(mma.a, mma.m * mma.k) || !takeBytes(mma.b, mma.k * mma.n) ||
      !takeBytes(mma.c, mma.m * mma.n) || !all.empty())
    return false;

  MmaShape shape = shapeOf(mma, 32);
  // Elements per register of 32 bits; f64 counts as one per register.
  unsigned perReg = left == "f64" ? 1 : 4 / mma.a.elementBytes;
  auto item = [](unsigned reg, unsigned parts, unsigned part) {
    return reg * parts + part;
  };
  fill(mma.a, 32,
       [&](unsigned reg, unsigned parts, unsigned part, unsigned lane) {
         unsigned i = item(reg, parts, part);
         return mmaSyncLeft(shape, perReg, i / perReg, i % perReg, lane);
       });
  fill(mma.b, 32,
       [&](unsigned reg, unsigned parts, unsigned part, unsigned lane) {
         unsigned i = item(reg, parts, part);
         return mmaSyncRight(shape, perReg, i / perReg, i % perReg, lane);
       });
  fill(mma.c, 32,
       [&](unsigned reg, unsigned parts, unsigned part, unsigned lane) {
         return mmaSyncResult(shape, item(reg, parts, part), lane);
       });
  if (!isComplete(mma))
    return false;
  emitMma(call, std::move(mma));
  return true;
}
