// Legality.cpp - finds what a chip cannot run before LLVM ends the process.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tables first, then the walk. The AMDGPU and host rows were found by feeding
// each intrinsic and type to llc of LLVM 22.1; test/Codegen/legality.test
// checks rows against the back end itself.
#include "Backend.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

namespace tilewright {
namespace {

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// An AMDGPU intrinsic whose name starts with `prefix` and contains `part`
/// needs one of `anyOf` and none of `noneOf` (features of LLVM, comma
/// separated; an empty `anyOf` refuses it everywhere: graphics, or unused).
/// The first row that matches decides.
struct AmdRule {
  llvm::StringRef prefix, part, anyOf, noneOf;
};

const AmdRule amdRules[] = {
    {"mfma.scale.", "", "gfx950-insts", ""},
    {"mfma.f32.16x16x32.f16", "", "gfx950-insts", ""},
    {"mfma.f32.16x16x32.bf16", "", "gfx950-insts", ""},
    {"mfma.f32.32x32x16.f16", "", "gfx950-insts", ""},
    {"mfma.f32.32x32x16.bf16", "", "gfx950-insts", ""},
    {"mfma.i32.16x16x64.i8", "", "gfx950-insts", ""},
    {"mfma.i32.32x32x32.i8", "", "gfx950-insts", ""},
    {"mfma.f32.", "fp8", "fp8-insts", ""},
    {"mfma.f32.", "bf8", "fp8-insts", ""},
    {"mfma.f32.", "xf32", "xf32-insts", ""},
    {"mfma.i32.16x16x32.i8", "", "gfx940-insts", ""},
    {"mfma.i32.32x32x16.i8", "", "gfx940-insts", ""},
    {"mfma.i32.16x16x16i8", "", "mai-insts", "gfx940-insts"},
    {"mfma.i32.32x32x8i8", "", "mai-insts", "gfx940-insts"},
    {"mfma.f64.", "", "gfx90a-insts", ""},
    {"mfma.", "bf16.1k", "gfx90a-insts", ""},
    {"mfma.", "bf16", "mai-insts", "gfx940-insts"},
    {"mfma.", "", "mai-insts", ""},
    {"smfmac.", "x128", "gfx950-insts", ""},
    {"smfmac.", "32x32x64", "gfx950-insts", ""},
    {"smfmac.f32.16x16x64.f16", "", "gfx950-insts", ""},
    {"smfmac.f32.16x16x64.bf16", "", "gfx950-insts", ""},
    {"smfmac.f32.32x32x32.f16", "", "gfx950-insts", ""},
    {"smfmac.f32.32x32x32.bf16", "", "gfx950-insts", ""},
    {"smfmac.", "", "gfx940-insts", ""},
    {"wmma.", "16x16x16.fp8", "gfx12-insts", "gfx1250-insts"},
    {"wmma.", "16x16x16.bf8", "gfx12-insts", "gfx1250-insts"},
    {"wmma.", "16x16x16", "gfx11-insts", "gfx1250-insts"},
    {"wmma.i32.16x16x32.iu4", "", "gfx12-insts", "gfx1250-insts"},
    {"wmma.", "", "gfx1250-insts", ""},
    {"swmmac.", "", "gfx12-insts", ""},
    {"cvt.scalef32.", "pk16.", "gfx1250-insts", ""},
    {"cvt.scalef32.", "pk8.", "gfx1250-insts", ""},
    {"cvt.scalef32.", "", "fp8-cvt-scale-insts", ""},
    {"cvt.scale.", "", "gfx1250-insts", ""},
    {"cvt.f16.", "", "gfx1250-insts", ""},
    {"cvt.pk.f16.", "", "gfx1250-insts", ""},
    {"cvt.pk.fp8.f16", "", "gfx1250-insts", ""},
    {"cvt.pk.bf8.f16", "", "gfx1250-insts", ""},
    {"cvt.sr.fp8.f16", "", "gfx1250-insts", ""},
    {"cvt.sr.bf8.f16", "", "gfx1250-insts", ""},
    {"cvt.sr.pk.", "", "gfx1250-insts", ""},
    {"cvt.", "e5m3", "gfx1250-insts", ""},
    {"cvt.", "fp8", "fp8-conversion-insts", ""},
    {"cvt.", "bf8", "fp8-conversion-insts", ""},
    {"cvt.sr.", "", "f32-to-f16bf16-cvt-sr-insts", ""},
    {"permlane16.swap", "", "permlane16-swap", ""},
    {"permlane32.swap", "", "permlane32-swap", ""},
    {"permlane64", "", "gfx11-insts", ""},
    {"permlane16.var", "", "gfx12-insts", ""},
    {"permlanex16.var", "", "gfx12-insts", ""},
    {"permlane16", "", "gfx10-insts", ""},
    {"permlanex16", "", "gfx10-insts", ""},
    {"permlane.", "", "gfx1250-insts", ""},
    {"ds.read.tr", "", "gfx950-insts", ""},
    {"ds.load.tr", "", "gfx1250-insts", ""},
    {"global.load.tr", "", "gfx12-insts", ""},
    {"global.load.async", "", "gfx1250-insts", ""},
    {"cluster.", "", "gfx1250-insts", ""},
    {"tensor.", "", "gfx1250-insts", ""},
    {"raw.buffer.load.lds", "", "vmem-to-lds-load-insts", ""},
    {"raw.ptr.buffer.load.lds", "", "vmem-to-lds-load-insts", ""},
    {"struct.ptr.buffer.load.lds", "", "vmem-to-lds-load-insts", ""},
    {"global.load.lds", "", "vmem-to-lds-load-insts", ""},
    {"load.to.lds", "", "vmem-to-lds-load-insts", ""},
    {"s.waitcnt", "", "gfx9-insts", "gfx12-insts"},
    {"s.wait.event", "", "gfx11-insts", ""},
    {"s.wait.asynccnt", "", "gfx1250-insts", ""},
    {"s.wait.tensorcnt", "", "gfx1250-insts", ""},
    {"s.wait.", "", "gfx12-insts", ""},
    {"s.barrier.", "", "gfx12-insts", ""},
    {"s.get.barrier", "", "gfx12-insts", ""},
    {"s.get.named.barrier", "", "gfx12-insts", ""},
    {"s.get.waveid", "", "get-wave-id-inst", "gfx11-insts"},
    {"s.cluster.", "", "gfx1250-insts", ""},
    {"s.wakeup.barrier", "", "s-wakeup-barrier-inst", ""},
    {"s.monitor.sleep", "", "gfx1250-insts", ""},
    {"s.setprio.inc.wg", "", "setprio-inc-wg-inst", ""},
    {"s.sleep.var", "", "gfx12-insts", ""},
    {"s.buffer.prefetch", "", "gfx12-insts", ""},
    {"s.ttracedata.imm", "", "gfx10-insts", ""},
    {"s.dcache.", "", "gfx9-insts", "gfx10-insts"},
    {"s.memrealtime", "", "s-memrealtime", ""},
    {"s.memtime", "", "s-memtime-inst", ""},
    {"buffer.wbinvl1.sc", "", "", ""},
    {"buffer.wbinvl1", "", "gfx9-insts", "gfx940-insts,gfx10-insts"},
    {"ds.atomic.", "", "lds-barrier-arrive-atomic", ""},
    {"ds.bpermute.fi", "", "gfx12-insts", ""},
    {"ds.bvh.", "", "", ""},
    {"ds.gws.", "", "gws", ""},
    {"ds.ordered.", "", "", ""},
    {"flat.prefetch", "", "vmem-pref-insts", ""},
    {"global.prefetch", "", "vmem-pref-insts", ""},
    {"global.store.async", "", "gfx1250-insts", ""},
    {"global.atomic.ordered", "", "gfx12-insts", ""},
    {"fma.legacy", "", "gfx10-3-insts", ""},
    {"rcp.legacy", "", "", ""},
    {"rsq.legacy", "", "", ""},
    {"interp.", "", "", ""},
    {"lds.direct", "", "", ""},
    {"lds.param", "", "", ""},
    {"lds.kernel.id", "", "", ""},
    {"implicit.buffer.ptr", "", "", ""},
    {"pops.", "", "", ""},
    {"perm.pk16", "", "tensor-cvt-lut-insts", ""},
    {"add.max.", "", "add-min-max-insts", ""},
    {"add.min.", "", "add-min-max-insts", ""},
    {"pk.add.", "", "pk-add-min-max-insts", ""},
    {"sat.pk4.", "", "gfx1250-insts", ""},
    {"wave.id", "", "gfx12-insts", ""},
    {"prng.b32", "", "prng-inst", ""},
    {"ashr.pk.", "", "ashr-pk-insts", ""},
    {"bitop3", "", "bitop3-insts", ""},
    {"fdot2.f32.bf16", "", "dot12-insts", ""},
    {"fdot2.f16.f16", "", "dot9-insts", ""},
    {"fdot2.bf16.bf16", "", "dot9-insts", ""},
    {"sdot2", "", "dot2-insts", ""},
    {"udot2", "", "dot2-insts", ""},
    {"fdot2c.", "", "dot13-insts", ""},
    {"fdot2", "", "dot10-insts", ""},
    {"sudot8", "", "", ""},
    {"sdot4", "", "dot1-insts,dot8-insts", ""},
    {"udot4", "", "dot7-insts", ""},
    {"sudot4", "", "dot8-insts", ""},
    {"dot4.f32", "", "dot11-insts", ""},
    {"tanh", "", "tanh-insts", ""},
};

/// An NVVM intrinsic whose name starts with `prefix` and contains `part` needs
/// at least `sm`; `exact` if only the "a" variant of that sm has it. `sm` 0
/// refuses it everywhere.
struct NvRule {
  llvm::StringRef prefix, part;
  int sm;
  bool exact = false;
};

const NvRule nvRules[] = {
    {"shfl.sync", "", 70},
    {"shfl.", "", 0}, // without .sync: gone since sm_70
    {"vote.sync", "", 70},
    {"vote.", "", 0},
    {"barrier0", "", 70},
    {"wgmma.", "", 90, true},
    {"", "ue8m0x2", 100, true},
    {"", "e2m1x", 100, true},
    {"", "e2m3x", 100, true},
    {"", "e3m2x", 100, true},
    {"f32x4.to.", "", 100, true},
    {"ff2bf16x2.rs", "", 100, true},
    {"ff2f16x2.rs", "", 100, true},
    {"ff2", "satfinite", 100},
    {"f2bf16.", "satfinite", 100},
    {"fma.rn.ftz", "bf16", 0},
    {"fma.rn.sat", "bf16", 0},
    {"fma.rn.bf16", "", 80},
    {"fmin.ftz", "bf16", 0},
    {"fmax.ftz", "bf16", 0},
    {"f2tf32.", "satfinite", 100},
    {"f2tf32.rna", "", 80},
    {"f2tf32.", "", 90},
    {"lg2.approx.d", "", 0},
    {"clusterlaunchcontrol", "", 100},
    {"st.bulk", "", 100},
    {"setmaxnreg.", "", 90, true},
    {"tcgen05.", "", 100, true},
    {"cp.async.bulk", "", 90},
    {"cp.async", "", 80},
    {"mbarrier.", "", 80},
    {"elect.sync", "", 90},
    {"fence.proxy", "", 90},
    {"barrier.cluster", "", 90},
    {"cluster.", "", 90},
    {"mapa.", "", 90},
    {"stmatrix.", "", 90},
    {"ldmatrix.", "", 75},
    {"redux.sync.f", "", 100, true},
    {"redux.sync", "", 80},
    {"ff.to.e", "", 89},
    {"f16x2.to.e", "", 89},
    {"e4m3x2.to.", "", 89},
    {"e5m2x2.to.", "", 89},
    {"mma.", "e4m3", 89},
    {"mma.", "e5m2", 89},
    {"mma.", "tf32", 80},
    {"mma.", "bf16", 80},
    {"mma.", "f64", 80},
    {"mma.", "m16n8k16", 80},
    {"mma.", "m16n8k32", 80},
    {"fma.rn.bf16", "", 80},
    {"ex2.approx.ftz.bf16", "", 90},
    {"tanh.approx", "", 75},
    {"griddepcontrol", "", 90},
};

/// Types of a row of mathRules, as a set.
enum : unsigned {
  F16 = 1,
  BF16 = 2,
  F32 = 4,
  F64 = 8,
  All = F16 | BF16 | F32 | F64
};

/// LLVM's own math intrinsics: the types that a back end cannot expand, where
/// there is no library to call. `approximate`: types that work when the call
/// carries `afn`.
struct MathRule {
  llvm::StringRef name;
  unsigned amd, nv, host;
  unsigned nvApproximate = 0;
};

const MathRule mathRules[] = {
    {"acos", All, All, All},
    {"asin", All, All, All},
    {"atan", All, All, All},
    {"atan2", All, All, All},
    {"cosh", All, All, All},
    {"sinh", All, All, All},
    {"tan", All, All, All},
    {"tanh", All, All, All, F32},
    {"cos", F64, All, All, F32},
    {"sin", F64, All, All, F32},
    {"sincos", F64, All, All},
    {"exp", F64, All, All},
    {"exp2", F64, F64, All},
    {"exp10", F64, All, All},
    {"log", F64, All, All},
    {"log10", F64, All, All},
    {"log2", F64, All, All},
    {"pow", F64, All, All},
    {"powi", F64, All, All},
    {"ldexp", 0, All, All},
    {"frexp", 0, All, All},
    {"modf", All, All, All},
    {"canonicalize", 0, BF16, BF16},
    {"fma", 0, 0, F16 | BF16},
    {"fmuladd", 0, 0, BF16},
    {"ceil", 0, 0, BF16},
    {"floor", 0, 0, BF16},
    {"trunc", 0, 0, BF16},
    {"rint", 0, 0, BF16},
    {"nearbyint", 0, 0, BF16},
    {"round", 0, 0, BF16},
    {"roundeven", 0, 0, BF16},
    {"sqrt", 0, 0, BF16},
    {"minnum", 0, 0, F16 | BF16},
    {"maxnum", 0, 0, F16 | BF16},
    {"minimum", 0, 0, BF16},
    {"maximum", 0, 0, BF16},
    {"minimumnum", 0, 0, BF16},
    {"maximumnum", 0, 0, BF16},
    {"lround", All, All, All},
    {"lrint", All, All, All},
};

/// Synchronisation scopes that a back end knows.
const llvm::StringRef amdScopes[] = {"",
                                     "singlethread",
                                     "system",
                                     "agent",
                                     "workgroup",
                                     "wavefront",
                                     "cluster",
                                     "one-as",
                                     "agent-one-as",
                                     "workgroup-one-as",
                                     "wavefront-one-as",
                                     "singlethread-one-as",
                                     "cluster-one-as"};
const llvm::StringRef nvScopes[] = {"",        "singlethread", "block",
                                    "cluster", "device",       "system"};

//===----------------------------------------------------------------------===//
// The walk
//===----------------------------------------------------------------------===//

class Checker {
public:
  Checker(const llvm::Module &module, const ChipInfo &chip,
          const llvm::MCSubtargetInfo &subtarget)
      : module(module), chip(chip), subtarget(subtarget),
        layout(module.getDataLayout()) {
    module.getContext().getSyncScopeNames(scopeNames);
  }

  llvm::Error run() {
    if (llvm::Error error = checkGlobals())
      return error;
    for (const llvm::Function &function : module) {
      if (function.isDeclaration())
        continue;
      for (const llvm::Instruction &inst : llvm::instructions(function))
        if (llvm::Error error = checkInstruction(inst))
          return error;
    }
    return llvm::Error::success();
  }

private:
  const llvm::Module &module;
  const ChipInfo &chip;
  const llvm::MCSubtargetInfo &subtarget;
  const llvm::DataLayout &layout;
  llvm::SmallVector<llvm::StringRef, 16> scopeNames;

  llvm::Error fail(const llvm::Instruction &inst, const llvm::Twine &text) {
    return llvm::make_error<CodegenError>(
        ("kernel '" + inst.getFunction()->getName() + "': " + text).str(),
        inst);
  }
  llvm::Error refuse(const llvm::Instruction &inst, const llvm::Twine &what) {
    return fail(inst, "'" + chip.name + "' has no " + what);
  }

  bool hasAny(llvm::StringRef features) const {
    llvm::SmallVector<llvm::StringRef> parts;
    features.split(parts, ',', -1, /*KeepEmpty=*/false);
    for (llvm::StringRef part : parts)
      if (subtarget.checkFeatures(("+" + part).str()))
        return true;
    return false;
  }

  llvm::Error checkGlobals() {
    int64_t shared = 0;
    for (const llvm::GlobalVariable &global : module.globals()) {
      if (chip.isGpu() && global.getAddressSpace() == 3 &&
          !global.isDeclaration()) {
        int64_t align = global.getAlign().valueOrOne().value();
        shared = (shared + align - 1) / align * align +
                 layout.getTypeAllocSize(global.getValueType());
      } else if (global.isDeclaration() && !global.use_empty() &&
                 global.getAddressSpace() != 3) {
        return llvm::make_error<CodegenError>(
            ("'" + global.getName() +
             "' has no definition, and a code object imports nothing")
                .str());
      }
    }
    if (chip.isGpu() && chip.sharedBytes && shared > chip.sharedBytes)
      return llvm::make_error<CodegenError>(
          ("the module needs " + llvm::Twine(shared) +
           " bytes of shared memory per workgroup, but '" + chip.name +
           "' has " + llvm::Twine(chip.sharedBytes))
              .str());
    return llvm::Error::success();
  }

  //===--- Types ----------------------------------------------------------===//

  static unsigned getTypeBit(llvm::Type *type) {
    type = type->getScalarType();
    if (type->isHalfTy())
      return F16;
    if (type->isBFloatTy())
      return BF16;
    if (type->isFloatTy())
      return F32;
    return type->isDoubleTy() ? F64 : 0;
  }

  static std::string print(llvm::Type *type) {
    std::string text;
    llvm::raw_string_ostream os(text);
    type->print(os);
    return text;
  }

  llvm::Error checkType(const llvm::Instruction &inst, llvm::Type *type) {
    if (llvm::isa<llvm::ScalableVectorType>(type))
      return refuse(inst, "scalable vectors, but got '" + print(type) + "'");
    llvm::Type *scalar = type->getScalarType();
    if (scalar->isFloatingPointTy() && !getTypeBit(scalar))
      return refuse(inst, "values of type '" + print(scalar) + "'");
    return llvm::Error::success();
  }

  //===--- Instructions ---------------------------------------------------===//

  llvm::Error checkInstruction(const llvm::Instruction &inst) {
    if (llvm::Error error = checkType(inst, inst.getType()))
      return error;
    for (const llvm::Value *operand : inst.operand_values())
      if (llvm::Error error = checkType(inst, operand->getType()))
        return error;
    if (const auto *call = llvm::dyn_cast<llvm::CallBase>(&inst))
      return checkCall(*call);
    if (inst.isAtomic())
      return checkAtomic(inst);
    if (llvm::isa<llvm::InvokeInst, llvm::LandingPadInst, llvm::ResumeInst,
                  llvm::VAArgInst, llvm::IndirectBrInst>(inst))
      return refuse(inst,
                    "'" + llvm::Twine(inst.getOpcodeName()) + "' instruction");
    return checkArithmetic(inst);
  }

  llvm::Error checkArithmetic(const llvm::Instruction &inst) {
    llvm::Type *type = inst.getType()->getScalarType();
    unsigned bit = getTypeBit(type);
    switch (inst.getOpcode()) {
    case llvm::Instruction::SDiv:
    case llvm::Instruction::UDiv:
    case llvm::Instruction::SRem:
    case llvm::Instruction::URem:
      if (!chip.isGpu() && type->getIntegerBitWidth() > 64)
        return refuse(inst, "division of '" + print(type) + "'");
      return llvm::Error::success();
    case llvm::Instruction::FRem:
      if (!chip.isGpu() || (chip.backend == Backend::AMDGPU && bit == BF16))
        return refuse(inst, "remainder of '" + print(type) +
                                "'; it must be expanded before");
      return llvm::Error::success();
    case llvm::Instruction::FAdd:
    case llvm::Instruction::FSub:
    case llvm::Instruction::FMul:
    case llvm::Instruction::FDiv:
      if (!chip.isGpu() && bit == BF16)
        return refuse(inst, "arithmetic on 'bfloat'; it must be done in "
                            "'float'");
      return llvm::Error::success();
    case llvm::Instruction::FPTrunc: {
      llvm::Type *from = inst.getOperand(0)->getType()->getScalarType();
      if (!chip.isGpu() && (bit == BF16 || (bit == F16 && from->isDoubleTy())))
        return refuse(inst, "conversion of '" + print(from) + "' to '" +
                                print(type) + "'; it must be expanded before");
      return llvm::Error::success();
    }
    case llvm::Instruction::Alloca:
      if (!chip.isGpu() && !llvm::cast<llvm::AllocaInst>(inst).isStaticAlloca())
        return refuse(inst, "stack memory of dynamic size");
      return llvm::Error::success();
    default:
      return llvm::Error::success();
    }
  }

  llvm::Error checkAtomic(const llvm::Instruction &inst) {
    std::optional<llvm::SyncScope::ID> id = llvm::getAtomicSyncScopeID(&inst);
    if (!chip.isGpu() || !id || *id >= scopeNames.size())
      return llvm::Error::success();
    llvm::StringRef scope = scopeNames[*id];
    bool isKnown = chip.backend == Backend::AMDGPU
                       ? llvm::is_contained(amdScopes, scope)
                       : llvm::is_contained(nvScopes, scope);
    if (!isKnown)
      return refuse(inst, "synchronisation scope '" + scope + "'");
    llvm::Type *type = nullptr;
    if (const auto *rmw = llvm::dyn_cast<llvm::AtomicRMWInst>(&inst))
      type = rmw->getValOperand()->getType();
    else if (const auto *cas = llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&inst))
      type = cas->getNewValOperand()->getType();
    if (type && layout.getTypeSizeInBits(type) > 64)
      return refuse(inst, "atomics on '" + print(type) + "'");
    return llvm::Error::success();
  }

  llvm::Error checkCall(const llvm::CallBase &call) {
    if (call.isInlineAsm()) {
      if (chip.isGpu())
        return llvm::Error::success();
      return refuse(call, "support for inline assembly");
    }
    const llvm::Function *callee = call.getCalledFunction();
    if (!callee)
      return refuse(call, "calls through pointers");
    llvm::StringRef name = callee->getName();
    if (!callee->isIntrinsic()) {
      if (!callee->isDeclaration())
        return llvm::Error::success();
      return fail(call, "calls '" + name +
                            "', which has no definition, and a "
                            "code object imports nothing");
    }
    if (name.consume_front("llvm.amdgcn.")) {
      if (chip.backend != Backend::AMDGPU)
        return refuse(call, "intrinsic 'llvm.amdgcn." + name + "'");
      return checkAmdIntrinsic(call, name);
    }
    if (name.consume_front("llvm.nvvm.")) {
      if (chip.backend != Backend::NVPTX)
        return refuse(call, "intrinsic 'llvm.nvvm." + name + "'");
      return checkNvIntrinsic(call, name);
    }
    if (name.starts_with("llvm.x86.") && chip.backend != Backend::Host)
      return refuse(call, "intrinsic '" + name + "'");
    name.consume_front("llvm.");
    return checkMath(call, name);
  }

  llvm::Error checkMath(const llvm::CallBase &call, llvm::StringRef name) {
    llvm::StringRef base = name.split('.').first;
    // llvm.vector.reduce.fadd and so on are expanded by all back ends.
    for (const MathRule &rule : mathRules) {
      if (rule.name != base)
        continue;
      llvm::Type *type = call.getArgOperand(0)->getType();
      unsigned bad = chip.backend == Backend::AMDGPU  ? rule.amd
                     : chip.backend == Backend::NVPTX ? rule.nv
                                                      : rule.host;
      const auto *flags = llvm::dyn_cast<llvm::FPMathOperator>(&call);
      if (chip.backend == Backend::NVPTX && flags && flags->hasApproxFunc())
        bad &= ~rule.nvApproximate;
      if (bad & getTypeBit(type))
        return refuse(call, "'llvm." + base + "' of '" +
                                print(type->getScalarType()) +
                                "'; it must be expanded before");
    }
    return llvm::Error::success();
  }

  llvm::Error checkAmdIntrinsic(const llvm::CallBase &call,
                                llvm::StringRef name) {
    for (const AmdRule &rule : amdRules) {
      if (!name.starts_with(rule.prefix) || !name.contains(rule.part))
        continue;
      if (!hasAny(rule.anyOf) || hasAny(rule.noneOf))
        return refuse(call, "intrinsic 'llvm.amdgcn." + name + "'");
      break;
    }
    if (name.starts_with("wmma."))
      return checkWmmaWidth(call, name);
    if (name.contains("load.lds") || name.starts_with("load.to.lds"))
      return checkCopyWidth(call, name);
    if (name.starts_with("update.dpp") || name.starts_with("mov.dpp"))
      return checkDpp(call, name);
    return llvm::Error::success();
  }

  /// gfx11 takes each operand twice as wide as gfx12, in both half-waves.
  llvm::Error checkWmmaWidth(const llvm::CallBase &call, llvm::StringRef name) {
    if (!name.contains("16x16x16") || hasAny("gfx1250-insts"))
      return llvm::Error::success();
    bool isInt = name.starts_with("wmma.i32");
    llvm::Type *type = call.getArgOperand(isInt ? 1 : 0)->getType();
    bool isWide = layout.getTypeSizeInBits(type) >= (isInt ? 128 : 256);
    bool wantsWide = !hasAny("gfx12-insts");
    if (name.contains("iu4") || name.contains("fp8") || name.contains("bf8"))
      return llvm::Error::success();
    if (isWide != wantsWide)
      return refuse(call, "form of 'llvm.amdgcn." + name +
                              "' with operands of type '" + print(type) + "'");
    return llvm::Error::success();
  }

  /// Copies to LDS: 1, 2 or 4 bytes per lane; gfx950 also 12 and 16.
  llvm::Error checkCopyWidth(const llvm::CallBase &call, llvm::StringRef name) {
    const auto *bytes =
        llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(2));
    if (!bytes)
      return fail(call,
                  "expected a constant size of 'llvm.amdgcn." + name + "'");
    uint64_t size = bytes->getZExtValue();
    bool isLegal = size == 1 || size == 2 || size == 4 ||
                   ((size == 12 || size == 16) && hasAny("gfx950-insts"));
    if (!isLegal)
      return refuse(call, "copy of " + llvm::Twine(size) +
                              " bytes per lane to shared memory");
    return llvm::Error::success();
  }

  llvm::Error checkDpp(const llvm::CallBase &call, llvm::StringRef name) {
    unsigned index = name.starts_with("update.dpp") ? 2 : 1;
    const auto *control =
        llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(index));
    if (!control)
      return fail(call,
                  "expected a constant control of 'llvm.amdgcn." + name + "'");
    uint64_t value = control->getZExtValue();
    bool isGfx10 = hasAny("gfx10-insts");
    // AMD ISA documents, "DPP_CTRL enumerations".
    bool isLegal = value <= 0xff || (value >= 0x101 && value <= 0x10f) ||
                   (value >= 0x111 && value <= 0x11f) ||
                   (value >= 0x121 && value <= 0x12f) || value == 0x140 ||
                   value == 0x141;
    if (isGfx10)
      isLegal |= value >= 0x150 && value <= 0x16f; // row_share, row_xmask
    else
      isLegal |= value == 0x130 || value == 0x134 || value == 0x138 ||
                 value == 0x13c || value == 0x142 || value == 0x143 ||
                 (value >= 0x150 && value <= 0x15f && hasAny("gfx90a-insts"));
    if (!isLegal)
      return refuse(call, "DPP control " + llvm::Twine(value));
    if (layout.getTypeSizeInBits(call.getType()) > 64)
      return refuse(call, "DPP on '" + print(call.getType()) + "'");
    return llvm::Error::success();
  }

  llvm::Error checkNvIntrinsic(const llvm::CallBase &call,
                               llvm::StringRef name) {
    int sm = 0;
    llvm::StringRef digits = chip.cpu;
    digits.consume_front("sm_");
    digits.consumeInteger(10, sm);
    for (const NvRule &rule : nvRules) {
      if (!name.starts_with(rule.prefix) || !name.contains(rule.part))
        continue;
      bool isLegal = rule.sm == 0 ? false
                     : rule.exact ? sm == rule.sm && chip.cpu.ends_with("a")
                                  : sm >= rule.sm;
      if (!isLegal)
        return refuse(call, "intrinsic 'llvm.nvvm." + name + "'");
      break;
    }
    return llvm::Error::success();
  }
};

} // namespace

std::vector<llvm::StringRef> getAmdFeaturesOfTables() {
  std::vector<llvm::StringRef> result;
  for (const AmdRule &rule : amdRules)
    for (llvm::StringRef list : {rule.anyOf, rule.noneOf}) {
      llvm::SmallVector<llvm::StringRef> parts;
      list.split(parts, ',', -1, /*KeepEmpty=*/false);
      result.insert(result.end(), parts.begin(), parts.end());
    }
  return result;
}

llvm::Error checkLegality(const llvm::Module &module, const ChipInfo &chip) {
  auto machine = getTargetMachine(chip, 3);
  if (!machine)
    return machine.takeError();
  return Checker(module, chip, *(*machine)->getMCSubtargetInfo()).run();
}

} // namespace tilewright
