// DecodeAmdgpu.cpp - decodes the intrinsics llvm.amdgcn.*.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Decoder.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/Constants.h"

using namespace llvm;
using namespace tilewright;
using namespace tilewright::emulator;

// The value of an argument that must be a constant.
static std::optional<uint64_t> immediate(const CallInst &call, unsigned index) {
  if (index < call.arg_size())
    if (auto *number = dyn_cast<ConstantInt>(call.getArgOperand(index)))
      return number->getZExtValue();
  return std::nullopt;
}

Fp8 Decoder::amdFp8(bool isBf8) const {
  // gfx940 to gfx942 have the FNUZ kinds, gfx950 and gfx12 those of OCP.
  bool isFnuz = StringRef(program.chip).starts_with("gfx94");
  if (isFnuz)
    return isBf8 ? Fp8::E5M2Fnuz : Fp8::E4M3Fnuz;
  return isBf8 ? Fp8::E5M2 : Fp8::E4M3;
}

bool Decoder::decodeAmdgpu(const IntrinsicInst &call, StringRef name) {
  auto special = StringSwitch<std::optional<Special>>(name)
                     .Case("workitem.id.x", Special::ThreadX)
                     .Case("workitem.id.y", Special::ThreadY)
                     .Case("workitem.id.z", Special::ThreadZ)
                     .Case("workgroup.id.x", Special::GroupX)
                     .Case("workgroup.id.y", Special::GroupY)
                     .Case("workgroup.id.z", Special::GroupZ)
                     .Case("wave.id", Special::WaveIndex)
                     .Case("s.get.waveid.in.workgroup", Special::WaveIndex)
                     .Case("wavefrontsize", Special::WaveSize)
                     .Case("kernarg.segment.ptr", Special::KernargPointer)
                     .Case("s.memtime", Special::Clock)
                     .Case("s.memrealtime", Special::Clock)
                     .Default(std::nullopt);
  if (special) {
    emitSpecial(call, *special);
    return true;
  }
  if (name.starts_with("mfma."))
    return decodeMfma(call, name.drop_front(5));
  if (name.starts_with("wmma."))
    return decodeWmma(call, name.drop_front(5));
  return decodeAmdSync(call, name) || decodeAmdLanes(call, name) ||
         decodeAmdMath(call, name) || decodeAmdConvert(call, name) ||
         decodeAmdBuffer(call, name);
}

bool Decoder::decodeAmdSync(const IntrinsicInst &call, StringRef name) {
  if (name == "s.barrier") {
    emitEffect(execBarrier, {}, 0, InstKind::Barrier);
    return true;
  }
  if (name == "s.barrier.signal") {
    // -1 is the workgroup's barrier; named ones are not known.
    if (immediate(call, 0) != uint64_t(uint32_t(-1)))
      return false;
    emitEffect(execBarrierArrive, {});
    return true;
  }
  if (name == "s.barrier.wait") {
    if (immediate(call, 0) != uint64_t(uint16_t(-1)))
      return false;
    emitEffect(execBarrierWait, {}, 0, InstKind::Barrier);
    return true;
  }
  if (name == "s.waitcnt") {
    std::optional<uint64_t> bits = immediate(call, 0);
    if (!bits)
      return false;
    // vmcnt: bits 3:0 and 15:14, from gfx11 on bits 15:10.
    uint64_t count = program.generation >= 11
                         ? (*bits >> 10) & 63
                         : (*bits & 15) | ((*bits >> 14) & 3) << 4;
    emitEffect(execCopyWait, {}, count);
    return true;
  }
  if (name == "s.wait.loadcnt" || name == "s.wait.asynccnt") {
    std::optional<uint64_t> count = immediate(call, 0);
    if (!count)
      return false;
    emitEffect(execCopyWait, {}, *count);
    return true;
  }
  return StringSwitch<bool>(name)
      .Cases({"s.wait.dscnt", "s.wait.kmcnt", "s.wait.storecnt",
              "s.wait.samplecnt"},
             true)
      .Cases({"s.wait.expcnt", "s.wait.bvhcnt", "wave.barrier"}, true)
      .Cases({"sched.barrier", "sched.group.barrier", "iglp.opt", "s.setprio"},
             true)
      .Cases({"s.sleep", "s.nop", "s.icache.inv", "s.dcache.inv"}, true)
      .Default(false);
}

bool Decoder::decodeAmdLanes(const IntrinsicInst &call, StringRef name) {
  auto argument = [&](unsigned i) { return get(call.getArgOperand(i)); };
  if (name.starts_with("readfirstlane")) {
    emitWave(execReadFirstLane, defineResult(call), {argument(0)});
    return true;
  }
  if (name.starts_with("readlane")) {
    emitWave(execReadLane, defineResult(call), {argument(0), argument(1)});
    return true;
  }
  if (name.starts_with("writelane")) {
    emitWave(execWriteLane, defineResult(call),
             {argument(0), argument(1), argument(2)});
    return true;
  }
  if (name.starts_with("ballot")) {
    emitWave(execBallot, defineResult(call), {argument(0)});
    return true;
  }
  if (name.starts_with("inverse.ballot")) {
    emitWave(execInverseBallot, defineResult(call), {argument(0)});
    return true;
  }
  if (name == "mbcnt.lo" || name == "mbcnt.hi") {
    emitWave(execMbcnt, defineResult(call), {argument(0), argument(1)},
             name == "mbcnt.hi" ? 32 : 0);
    return true;
  }
  if (name == "ds.bpermute" || name == "ds.permute") {
    emitWave(name == "ds.permute" ? execPermute : execBPermute,
             defineResult(call), {argument(0), argument(1)});
    return true;
  }
  bool isUpdate = name.starts_with("update.dpp");
  if (isUpdate || name.starts_with("mov.dpp.")) {
    unsigned first = isUpdate ? 2 : 1;
    uint64_t control = immediate(call, first).value_or(0);
    bool isKnown = control <= 0xFF || (control >= 0x101 && control <= 0x12F) ||
                   (control >= 0x150 && control <= 0x16F) || control == 0x130 ||
                   control == 0x134 || control == 0x138 || control == 0x13C ||
                   (control >= 0x140 && control <= 0x143);
    if (!isKnown)
      return false;
    uint64_t imm = control | (*immediate(call, first + 1) & 15) << 16 |
                   (*immediate(call, first + 2) & 15) << 20 |
                   (*immediate(call, first + 3) & 1) << 24;
    Slots source = argument(isUpdate ? 1 : 0);
    Slots old = isUpdate
                    ? argument(0)
                    : splat(constantSlot(0, source[0].bytes), source.size());
    emitWave(execDpp, defineResult(call), {old, source}, imm);
    return true;
  }
  if (name == "ds.swizzle") {
    uint64_t pattern = immediate(call, 1).value_or(~uint64_t(0)) & 0xFFFFFFFF;
    if (pattern >= 0xC000) // rotate and FFT modes
      return false;
    emitWave(execSwizzle, defineResult(call), {argument(0)}, pattern);
    return true;
  }
  bool isX = name.starts_with("permlanex16");
  if ((isX || name.starts_with("permlane16")) && call.arg_size() == 6) {
    uint64_t imm =
        (isX ? 1 : 0) | *immediate(call, 4) << 1 | *immediate(call, 5) << 2;
    emitWave(execPermLane16, defineResult(call),
             {argument(0), argument(1), argument(2), argument(3)}, imm);
    return true;
  }
  if (name == "permlane16.swap" || name == "permlane32.swap") {
    Slots d = defineResult(call);
    emitWave(execPermLaneSwap, d, {argument(0), argument(1)},
             name == "permlane16.swap" ? 16 : 32);
    return true;
  }
  if (name.starts_with("permlane64")) {
    emitWave(execPermLane64, defineResult(call), {argument(0)});
    return true;
  }
  if (name.consume_front("wave.reduce.")) {
    auto operation =
        StringSwitch<std::optional<AtomicRMWInst::BinOp>>(name.split('.').first)
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
    emitWave(execWaveReduce, defineResult(call), {argument(0)}, 0, *operation);
    return true;
  }
  return false;
}

bool Decoder::decodeAmdMath(const IntrinsicInst &call, StringRef name) {
  struct Row {
    StringRef prefix;
    LaneOp op;
    unsigned operands;
  };
  // Hardware approximations: computed exactly here, so within their error.
  static const Row rows[] = {
      {"exp2.", LaneOp::Exp2, 1},   {"log.", LaneOp::Log2, 1},
      {"rcp.", LaneOp::Rcp, 1},     {"rsq.", LaneOp::Rsq, 1},
      {"sqrt.", LaneOp::Sqrt, 1},   {"fract.", LaneOp::Fract, 1},
      {"tanh.", LaneOp::Tanh, 1},   {"frexp.mant.", LaneOp::FrexpMant, 1},
      {"fmed3.", LaneOp::FMed3, 3}, {"fmul.legacy", LaneOp::FMulLegacy, 2},
      {"perm", LaneOp::Perm, 3},    {"alignbyte", LaneOp::AlignByte, 3},
  };
  for (const Row &row : rows)
    if (row.prefix.ends_with(".") ? name.starts_with(row.prefix)
                                  : name == row.prefix)
      return mapLane(call, row.op, row.operands);
  if (name == "ubfe.i32" || name == "sbfe.i32")
    return mapLane(call, name[0] == 'u' ? LaneOp::UBfe : LaneOp::SBfe, 3);
  if (name.starts_with("frexp.exp.i32")) {
    emitLane(ops.get(LaneOp::FrexpExp, scalarOf(call.getArgOperand(0)).type),
             defineResult(call), {get(call.getArgOperand(0))}, 0);
    return true;
  }
  if (name == "sdot4" || name == "udot4") {
    if (immediate(call, 3) != 0) // clamp
      return false;
    return mapLane(call, name == "sdot4" ? LaneOp::SDot4 : LaneOp::UDot4, 3);
  }
  if (name == "sudot4") {
    // signed a?, a, signed b?, b, c, clamp
    if (immediate(call, 5) != 0)
      return false;
    emitLane(ops.get(LaneOp::SUDot4, Ty::I32), defineResult(call),
             {get(call.getArgOperand(1)), get(call.getArgOperand(3)),
              get(call.getArgOperand(4))},
             *immediate(call, 0) | *immediate(call, 2) << 1);
    return true;
  }
  if (name == "mul.u24" || name == "mul.i24") {
    Scalar type = scalarOf(&call);
    if (type.type != Ty::I32)
      return false;
    auto low = [&](unsigned i) {
      bool isUnsigned = name == "mul.u24";
      return defineLane(
          ops.get(isUnsigned ? LaneOp::AndImm : LaneOp::SExtIn, Ty::I32), type,
          {get(call.getArgOperand(i))}, isUnsigned ? 0xFFFFFF : 24);
    };
    Slots a = low(0), b = low(1);
    setResult(call, applyInt(LaneOp::Mul, type, a, b));
    return true;
  }
  if (name == "fdot2") {
    // d = a0 * b0 + a1 * b1 + c in f32
    if (immediate(call, 3) != 0)
      return false;
    Scalar type = makeScalar(Ty::F32);
    Slots a = get(call.getArgOperand(0)), b = get(call.getArgOperand(1));
    Slots sum = get(call.getArgOperand(2));
    for (int i = 1; i >= 0; --i) {
      LaneFn widen = ops.getFpToFp(Ty::F32, Ty::F16);
      Slots left = defineLane(widen, type, {Slots{a[size_t(i)]}});
      Slots right = defineLane(widen, type, {Slots{b[size_t(i)]}});
      sum = defineLane(ops.get(LaneOp::Fma, Ty::F32), type, {left, right, sum});
    }
    setResult(call, sum);
    return true;
  }
  if (name.starts_with("class.")) {
    // v_cmp_class has LLVM's order of the ten classes.
    std::optional<uint64_t> mask = immediate(call, 1);
    return mask && mapLane(call, LaneOp::IsClass, 1, *mask);
  }
  return false;
}

bool Decoder::decodeAmdConvert(const IntrinsicInst &call, StringRef name) {
  Scalar byte = makeScalar(Ty::I8), word = makeScalar(Ty::I32);
  SmallVector<Scalar> bytes(4, byte);
  if (name == "cvt.pkrtz") {
    Slots d = defineResult(call);
    for (unsigned i = 0; i < 2; ++i)
      emitLane(ops.f32ToF16TowardZero, ArrayRef<Slot>(d).slice(i, 1),
               {get(call.getArgOperand(i))}, 0);
    return true;
  }
  if (name == "cvt.pk.fp8.f32" || name == "cvt.pk.bf8.f32") {
    // Two floats into the low or high half of `old`; no saturation
    // (FP16_OVFL is 0).
    LaneFn narrow = ops.getF32ToFp8(amdFp8(name.contains("bf8")));
    Slots old = reinterpret(get(call.getArgOperand(2)), word, bytes);
    unsigned first = immediate(call, 3) == 1 ? 2 : 0;
    for (unsigned i = 0; i < 2; ++i)
      old[first + i] =
          defineLane(narrow, byte, {get(call.getArgOperand(i))}, 0)[0];
    setResult(call, reinterpret(old, bytes, word));
    return true;
  }
  bool isPacked = name == "cvt.pk.f32.fp8" || name == "cvt.pk.f32.bf8";
  if (isPacked || name == "cvt.f32.fp8" || name == "cvt.f32.bf8") {
    LaneFn widen = ops.getFp8ToF32(amdFp8(name.contains("bf8")));
    Slots source = reinterpret(get(call.getArgOperand(0)), word, bytes);
    std::optional<uint64_t> choice = immediate(call, 1);
    if (!choice)
      return false;
    unsigned first = unsigned(*choice) * (isPacked ? 2 : 1);
    Slots d = defineResult(call);
    for (unsigned i = 0; i < d.size(); ++i)
      emitLane(widen, ArrayRef<Slot>(d).slice(i, 1),
               {Slots{source[(first + i) & 3]}}, 0);
    return true;
  }
  return false;
}

bool Decoder::decodeAmdBuffer(const IntrinsicInst &call, StringRef name) {
  auto argument = [&](unsigned i) { return get(call.getArgOperand(i)); };
  Scalar wide = makeScalar(Ty::I64);
  if (name.starts_with("make.buffer.rsrc")) {
    auto widen = [&](unsigned i) {
      Ty from = scalarOf(call.getArgOperand(i)).type;
      return defineLane(ops.getZExt(Ty::I64, from), wide, {argument(i)});
    };
    auto keep = [&](Slots slots, unsigned bits) {
      return defineLane(ops.get(LaneOp::AndImm, Ty::I64), wide, {slots},
                        (uint64_t(1) << bits) - 1);
    };
    auto combine = [&](Slots low, Slots high, unsigned shift) {
      Slots up = applyInt(LaneOp::Shl, wide, high, {constantSlot(shift, 8)});
      return applyInt(LaneOp::Or, wide, low, up);
    };
    Slots result = combine(keep(widen(0), 48), widen(1), 48);
    result.append(combine(keep(widen(2), 32), widen(3), 32));
    setResult(call, result);
    return true;
  }
  if (name.starts_with("load.to.lds") || name.starts_with("global.load.lds")) {
    std::optional<uint64_t> bytes = immediate(call, 2);
    Access &access =
        emitEffect(execGlobalLoadShared, {argument(0), argument(1)},
                   immediate(call, 3).value_or(0));
    access.bytes = uint32_t(bytes.value_or(4));
    return bytes.has_value();
  }

  bool isOld = name.consume_front("raw.buffer.");
  if (!isOld && !name.consume_front("raw.ptr.buffer."))
    return false;
  auto resource = [&](unsigned i) {
    Slots slots = argument(i);
    if (!isOld)
      return slots;
    SmallVector<Scalar> from(4, makeScalar(Ty::I32)), to(2, wide);
    return reinterpret(slots, from, to);
  };
  if (name.consume_front("atomic.")) {
    auto operation =
        StringSwitch<std::optional<AtomicRMWInst::BinOp>>(name.split('.').first)
            .Case("swap", AtomicRMWInst::Xchg)
            .Case("add", AtomicRMWInst::Add)
            .Case("sub", AtomicRMWInst::Sub)
            .Case("smin", AtomicRMWInst::Min)
            .Case("smax", AtomicRMWInst::Max)
            .Case("umin", AtomicRMWInst::UMin)
            .Case("umax", AtomicRMWInst::UMax)
            .Case("and", AtomicRMWInst::And)
            .Case("or", AtomicRMWInst::Or)
            .Case("xor", AtomicRMWInst::Xor)
            .Case("fadd", AtomicRMWInst::FAdd)
            .Case("fmin", AtomicRMWInst::FMin)
            .Case("fmax", AtomicRMWInst::FMax)
            .Default(std::nullopt);
    if (!operation)
      return false;
    Scalars scalars;
    flatten(call.getType(), scalars);
    std::vector<Slots> operands = {resource(1), argument(2), argument(3),
                                   argument(0)};
    Slots result = defineResult(call);
    Access &access = emitEffect(execBufferAtomic, std::move(operands));
    setAccess(access, result, scalars, 1, 1);
    access.operation = unsigned(*operation);
    access.type = scalars[0].type;
    access.bits = scalars[0].bits;
    access.isPacked = scalars.size() > 1;
    return access.bytes <= 8;
  }
  if (name.starts_with("load.lds")) {
    // resource, shared, size, offset, scalar offset, constant offset, flags
    std::optional<uint64_t> bytes = immediate(call, 2);
    std::vector<Slots> operands = {resource(0), argument(3), argument(4),
                                   argument(1)};
    Access &access = emitEffect(execBufferLoadShared, std::move(operands),
                                immediate(call, 5).value_or(0));
    access.bytes = uint32_t(bytes.value_or(4));
    return bytes.has_value();
  }
  if (name.contains("format"))
    return false;
  bool isLoad = name.starts_with("load");
  if (!isLoad && !name.starts_with("store"))
    return false;
  Scalars scalars;
  flatten(isLoad ? call.getType() : call.getArgOperand(0)->getType(), scalars);
  for (const Scalar &scalar : scalars)
    if (scalar.bits != 8 * scalar.bytes)
      return false;
  unsigned first = isLoad ? 0 : 1;
  std::vector<Slots> operands = {resource(first), argument(first + 1),
                                 argument(first + 2)};
  Slots value = isLoad ? defineResult(call) : argument(0);
  Access &access = emitEffect(isLoad ? execBufferLoad : execBufferStore,
                              std::move(operands));
  setAccess(access, value, scalars, 1, 1);
  return true;
}
