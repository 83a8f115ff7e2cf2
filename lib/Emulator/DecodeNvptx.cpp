// DecodeNvptx.cpp - decodes the intrinsics llvm.nvvm.*.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Decoder.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/Constants.h"

using namespace llvm;
using namespace tilewright;
using namespace tilewright::emulator;

bool Decoder::decodeNvptx(const IntrinsicInst &call, StringRef name) {
  StringRef sreg = name;
  if (sreg.consume_front("read.ptx.sreg.")) {
    auto special = StringSwitch<std::optional<Special>>(sreg)
                       .Case("tid.x", Special::ThreadX)
                       .Case("tid.y", Special::ThreadY)
                       .Case("tid.z", Special::ThreadZ)
                       .Case("ntid.x", Special::GroupSizeX)
                       .Case("ntid.y", Special::GroupSizeY)
                       .Case("ntid.z", Special::GroupSizeZ)
                       .Case("ctaid.x", Special::GroupX)
                       .Case("ctaid.y", Special::GroupY)
                       .Case("ctaid.z", Special::GroupZ)
                       .Case("nctaid.x", Special::GridX)
                       .Case("nctaid.y", Special::GridY)
                       .Case("nctaid.z", Special::GridZ)
                       .Case("laneid", Special::Lane)
                       .Case("warpid", Special::WaveIndex)
                       .Case("nwarpid", Special::WaveCount)
                       .Case("warpsize", Special::WaveSize)
                       .Case("lanemask.eq", Special::LaneMaskEq)
                       .Case("lanemask.lt", Special::LaneMaskLt)
                       .Case("lanemask.le", Special::LaneMaskLe)
                       .Case("lanemask.gt", Special::LaneMaskGt)
                       .Case("lanemask.ge", Special::LaneMaskGe)
                       .Case("clock", Special::Clock)
                       .Case("clock64", Special::Clock)
                       .Default(std::nullopt);
    if (!special)
      return false;
    emitSpecial(call, *special);
    return true;
  }
  if (name.starts_with("mma.m"))
    return decodeMmaSync(call, name.drop_front(4));
  if (name.starts_with("fence.") || name.starts_with("membar."))
    return true;
  return decodeNvLanes(call, name) || decodeNvMemory(call, name) ||
         decodeNvConvert(call, name) || decodeNvMath(call, name);
}

bool Decoder::decodeNvLanes(const IntrinsicInst &call, StringRef name) {
  auto argument = [&](unsigned i) { return get(call.getArgOperand(i)); };
  if (name == "activemask") {
    emitSpecial(call, Special::ActiveMask);
    return true;
  }
  if (name == "barrier0" || name.starts_with("barrier.cta.sync.")) {
    std::vector<Slots> operands;
    for (unsigned i = 0; i < call.arg_size(); ++i)
      operands.push_back(argument(i));
    emitEffect(execBarrier, std::move(operands), 0, InstKind::Barrier);
    return true;
  }
  if (name.starts_with("barrier.cta.arrive.")) {
    emitEffect(execBarrierArrive, {argument(0), argument(1)});
    return true;
  }
  if (name == "bar.warp.sync") {
    emitEffect(execWarpSync, {argument(0)});
    return true;
  }
  StringRef rest = name;
  if (rest.consume_front("shfl.sync.")) {
    auto [mode, type] = rest.split('.');
    unsigned imm = StringSwitch<unsigned>(mode)
                       .Case("up", 0)
                       .Case("down", 1)
                       .Case("bfly", 2)
                       .Default(3);
    std::vector<Slots> operands = {argument(0), argument(1), argument(2),
                                   argument(3)};
    Slots d = defineResult(call);
    Access &access = emitEffect(execShfl, std::move(operands), imm);
    access.value = d;
    return true;
  }
  if (rest.consume_front("vote.") && rest.consume_back(".sync")) {
    unsigned imm = StringSwitch<unsigned>(rest)
                       .Case("all", 0)
                       .Case("any", 1)
                       .Case("uni", 2)
                       .Default(3);
    emitWave(execVote, defineResult(call), {argument(0), argument(1)}, imm);
    return true;
  }
  if (name.starts_with("match.")) {
    std::vector<Slots> operands = {argument(0), argument(1)};
    Slots d = defineResult(call);
    Access &access = emitEffect(execMatch, std::move(operands),
                                name.starts_with("match.all") ? 1 : 0);
    access.value = d;
    return true;
  }
  rest = name;
  if (rest.consume_front("redux.sync.")) {
    auto operation = StringSwitch<std::optional<AtomicRMWInst::BinOp>>(rest)
                         .Case("add", AtomicRMWInst::Add)
                         .Case("and", AtomicRMWInst::And)
                         .Case("or", AtomicRMWInst::Or)
                         .Case("xor", AtomicRMWInst::Xor)
                         .Case("min", AtomicRMWInst::Min)
                         .Case("max", AtomicRMWInst::Max)
                         .Case("umin", AtomicRMWInst::UMin)
                         .Case("umax", AtomicRMWInst::UMax)
                         .Default(std::nullopt);
    if (!operation)
      return false;
    emitWave(execRedux, defineResult(call), {argument(0), argument(1)}, 0,
             *operation);
    return true;
  }
  return false;
}

bool Decoder::decodeNvMemory(const IntrinsicInst &call, StringRef name) {
  auto argument = [&](unsigned i) { return get(call.getArgOperand(i)); };
  auto pointerSpace = [&](unsigned i) {
    return call.getArgOperand(i)->getType()->getPointerAddressSpace();
  };
  bool isTransposed = name.contains(".trans.");
  if (name.starts_with("ldmatrix.sync.aligned.m8n8.") &&
      name.contains(".b16")) {
    std::vector<Slots> operands = {argument(0)};
    Slots d = defineResult(call);
    Access &access =
        emitEffect(execLdMatrix, std::move(operands), isTransposed);
    access.value = d;
    access.addressSpace = pointerSpace(0);
    return true;
  }
  if (name.starts_with("stmatrix.sync.aligned.m8n8.") &&
      name.contains(".b16")) {
    Slots value;
    for (unsigned i = 1; i < call.arg_size(); ++i)
      value.append(argument(i));
    Access &access = emitEffect(execStMatrix, {argument(0)}, isTransposed);
    access.value = value;
    access.addressSpace = pointerSpace(0);
    return true;
  }
  if (name == "cp.async.commit.group") {
    emitEffect(execCopyCommit, {});
    return true;
  }
  if (name == "cp.async.wait.all") {
    emitEffect(execCopyWait, {}, ~uint64_t(0));
    return true;
  }
  if (name == "cp.async.wait.group") {
    auto *count = dyn_cast<ConstantInt>(call.getArgOperand(0));
    if (!count)
      return false;
    emitEffect(execCopyWait, {}, count->getZExtValue());
    return true;
  }
  StringRef rest = name;
  if (rest.consume_front("cp.async.ca.shared.global.") ||
      rest.consume_front("cp.async.cg.shared.global.")) {
    unsigned bytes;
    if (rest.consumeInteger(10, bytes))
      return false;
    std::vector<Slots> operands;
    for (unsigned i = 0; i < call.arg_size(); ++i)
      operands.push_back(argument(i));
    emitEffect(execCopyAsync, std::move(operands), bytes);
    return true;
  }
  return false;
}

bool Decoder::decodeNvConvert(const IntrinsicInst &call, StringRef name) {
  auto argument = [&](unsigned i) { return get(call.getArgOperand(i)); };
  auto isOneOf = [&](std::initializer_list<StringRef> names) {
    return is_contained(names, name);
  };
  Scalar byte = makeScalar(Ty::I8), half = makeScalar(Ty::I16);
  Scalar real = makeScalar(Ty::F32);
  SmallVector<Scalar> bytes(2, byte);
  if (isOneOf({"f2bf16.rn", "f2bf16.rz", "f2f16.rn", "f2f16.rz"})) {
    bool toBf16 = name.contains("bf16"), isNearest = name.ends_with("rn");
    LaneFn fn = isNearest ? ops.getFpToFp(toBf16 ? Ty::BF16 : Ty::F16, Ty::F32)
                : toBf16  ? ops.f32ToBF16TowardZero
                          : ops.f32ToF16TowardZero;
    emitLane(fn, defineResult(call), {argument(0)}, 0);
    return true;
  }
  if (isOneOf({"ff2bf16x2.rn", "ff2bf16x2.rz", "ff2f16x2.rn", "ff2f16x2.rz"})) {
    bool toBf16 = name.contains("bf16"), isNearest = name.ends_with("rn");
    LaneFn fn = isNearest ? ops.getFpToFp(toBf16 ? Ty::BF16 : Ty::F16, Ty::F32)
                : toBf16  ? ops.f32ToBF16TowardZero
                          : ops.f32ToF16TowardZero;
    // The first operand goes to the upper half.
    Slots d = defineResult(call);
    if (d.size() != 2)
      return false;
    emitLane(fn, Slots{d[0]}, {argument(1)}, 0);
    emitLane(fn, Slots{d[1]}, {argument(0)}, 0);
    return true;
  }
  if (isOneOf({"f2tf32.rna", "f2tf32.rn", "f2tf32.rz"})) {
    uint64_t imm = 10;
    if (name.ends_with("rna"))
      imm |= 0x100;
    else if (name.ends_with("rz"))
      imm |= 0x200;
    emitLane(ops.roundF32, defineResult(call), {argument(0)}, imm);
    return true;
  }
  bool isE4 = name.contains("e4m3x2");
  Fp8 kind = isE4 ? Fp8::E4M3 : Fp8::E5M2;
  if (isOneOf({"ff.to.e4m3x2.rn", "ff.to.e5m2x2.rn"})) {
    Slots parts;
    for (unsigned i : {1u, 0u})
      parts.push_back(
          defineLane(ops.getF32ToFp8(kind), byte, {argument(i)}, 1)[0]);
    setResult(call, reinterpret(parts, bytes, half));
    return true;
  }
  if (isOneOf({"f16x2.to.e4m3x2.rn", "f16x2.to.e5m2x2.rn"})) {
    Slots source = argument(0), parts;
    for (Slot slot : source) {
      Slots wide =
          defineLane(ops.getFpToFp(Ty::F32, Ty::F16), real, {Slots{slot}});
      parts.push_back(defineLane(ops.getF32ToFp8(kind), byte, {wide}, 1)[0]);
    }
    setResult(call, reinterpret(parts, bytes, half));
    return true;
  }
  if (isOneOf({"e4m3x2.to.f16x2.rn", "e5m2x2.to.f16x2.rn"})) {
    Slots parts = reinterpret(argument(0), half, bytes), d = defineResult(call);
    for (unsigned i = 0; i < 2; ++i) {
      Slots wide = defineLane(ops.getFp8ToF32(kind), real, {Slots{parts[i]}});
      emitLane(ops.getFpToFp(Ty::F16, Ty::F32), Slots{d[i]}, {wide}, 0);
    }
    return true;
  }
  return false;
}

bool Decoder::decodeNvMath(const IntrinsicInst &call, StringRef name) {
  if (name.starts_with("prmt") && call.arg_size() == 3 && name == "prmt") {
    // prmt's selector has 4 bits per byte, bit 3 replicating the sign.
    return false;
  }
  if (name.starts_with("mulhi.") && call.arg_size() == 2) {
    bool isUnsigned =
        name.ends_with("ui") || name.ends_with("ull") || name.ends_with("us");
    return mapLane(call, isUnsigned ? LaneOp::MulHiU : LaneOp::MulHiS, 2);
  }
  // Variants that change more than the last bits are not known.
  if (name.contains(".sat") || name.contains(".relu") ||
      name.contains("xorsign") || name.contains(".rm") ||
      name.contains(".rp") || name.contains(".rz"))
    return false;
  struct Row {
    StringRef prefix;
    LaneOp op;
    unsigned operands;
  };
  // Approximations are computed exactly; .ftz does not flush here.
  static const Row rows[] = {
      {"ex2.approx", LaneOp::Exp2, 1},  {"lg2.approx", LaneOp::Log2, 1},
      {"rcp.approx", LaneOp::Rcp, 1},   {"rcp.rn", LaneOp::Rcp, 1},
      {"rsqrt.approx", LaneOp::Rsq, 1}, {"sqrt.approx", LaneOp::Sqrt, 1},
      {"sqrt.rn", LaneOp::Sqrt, 1},     {"sqrt.f", LaneOp::Sqrt, 1},
      {"tanh.approx", LaneOp::Tanh, 1}, {"sin.approx", LaneOp::Sin, 1},
      {"cos.approx", LaneOp::Cos, 1},   {"fma.rn", LaneOp::Fma, 3},
      {"add.rn", LaneOp::FAdd, 2},      {"mul.rn", LaneOp::FMul, 2},
      {"div.rn", LaneOp::FDiv, 2},      {"div.approx", LaneOp::FDiv, 2},
      {"div.full", LaneOp::FDiv, 2},    {"fabs", LaneOp::FAbs, 1},
  };
  for (const Row &row : rows)
    if (name == row.prefix || name.starts_with((row.prefix + ".").str()))
      return mapLane(call, row.op, row.operands);
  if (name.starts_with("fmax.") || name.starts_with("fmin.")) {
    bool isMax = name.starts_with("fmax."), isNan = name.contains(".nan");
    LaneOp op = isMax ? (isNan ? LaneOp::FMaximum : LaneOp::FMaxNum)
                      : (isNan ? LaneOp::FMinimum : LaneOp::FMinNum);
    return mapLane(call, op, 2);
  }
  return false;
}
