// SelectionTest.cpp - LLVM selects what the tables of chips promise.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM ends the process on what it cannot select, so a wrong row fails loudly.

#include "tilewright/Target/ChipInfo.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace tilewright;

namespace {

/// Assembly of a module in text form, or an empty string and a failure.
std::string compile(const ChipInfo &chip, const std::string &ir) {
  static bool initialized = [] {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
    return true;
  }();
  (void)initialized;
  LLVMContext context;
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module = parseAssemblyString(ir, diagnostic, context);
  if (!module) {
    ADD_FAILURE() << diagnostic.getMessage().str() << "\n" << ir;
    return "";
  }
  Triple triple(chip.triple);
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target) {
    ADD_FAILURE() << error;
    return "";
  }
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      triple, chip.cpu, chip.features, TargetOptions(), std::nullopt));
  module->setTargetTriple(triple);
  module->setDataLayout(machine->createDataLayout());
  SmallString<4096> text;
  raw_svector_ostream os(text);
  legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, nullptr,
                                   CodeGenFileType::AssemblyFile)) {
    ADD_FAILURE() << "no assembly printer for " << chip.name.str();
    return "";
  }
  passes.run(*module);
  return std::string(text);
}

StringRef spell(StringRef type) {
  return StringSwitch<StringRef>(type)
      .Case("f16", "half")
      .Case("bf16", "bfloat")
      .Case("f32", "float")
      .Case("f64", "double")
      .Default(type);
}

/// "v4f16" to "<4 x half>", "i64" to "i64".
std::string spellVector(StringRef operand) {
  if (!operand.consume_front("v"))
    return spell(operand).str();
  StringRef count = operand.take_while(isDigit);
  return ("<" + count + " x " + spell(operand.drop_front(count.size())) + ">")
      .str();
}

/// An AMD kernel with one call of the atom's intrinsic.
std::string makeAmdModule(const MmaAtom &atom) {
  std::string lhs = spellVector(atom.lhsOperand);
  std::string rhs = spellVector(atom.rhsOperand);
  std::string acc = spellVector(atom.accOperand);
  std::string args, types;
  switch (atom.call) {
  case MmaCall::Mfma:
    args = lhs + " %a, " + rhs + " %b, " + acc + " %c, i32 0, i32 0, i32 0";
    break;
  case MmaCall::MfmaScale:
    args = lhs + " %a, " + rhs + " %b, " + acc + " %c, i32 " +
           utostr(atom.lhsFormat) + ", i32 " + utostr(atom.rhsFormat) +
           ", i32 0, i32 0, i32 0, i32 0";
    break;
  case MmaCall::Wmma:
    args = lhs + " %a, " + rhs + " %b, " + acc + " %c";
    break;
  case MmaCall::WmmaInt:
    args = "i1 true, " + lhs + " %a, i1 true, " + rhs + " %b, " + acc +
           " %c, i1 false";
    break;
  default:
    ADD_FAILURE() << atom.name;
  }
  return "define amdgpu_kernel void @f(" + lhs + " %a, " + rhs + " %b, " + acc +
         " %c, ptr addrspace(1) %out) {\n  %d = call " + acc + " @" +
         atom.intrinsic + "(" + args + ")\n  store " + acc +
         " %d, ptr addrspace(1) %out\n  ret void\n}\n";
}

/// "4xv2f16" to four parameters of <2 x half>, named PREFIX0 ...
void addParameters(StringRef operand, StringRef prefix,
                   SmallVectorImpl<std::string> &parameters) {
  auto [count, type] = operand.split('x');
  unsigned number = 0;
  EXPECT_FALSE(count.getAsInteger(10, number));
  for (unsigned i = 0; i != number; ++i)
    parameters.push_back(spellVector(type) + " %" + prefix.str() + utostr(i));
}

std::string makeNvidiaModule(const MmaAtom &atom) {
  SmallVector<std::string> parameters;
  addParameters(atom.lhsOperand, "a", parameters);
  addParameters(atom.rhsOperand, "b", parameters);
  addParameters(atom.accOperand, "c", parameters);
  auto [count, type] = StringRef(atom.accOperand).split('x');
  unsigned number = 0;
  EXPECT_FALSE(count.getAsInteger(10, number));
  SmallVector<std::string> fields(number, spellVector(type));
  std::string result = "{ " + join(fields, ", ") + " }";
  std::string list = join(parameters, ", ");
  return "define ptx_kernel void @f(" + list + ", ptr %out) {\n  %d = call " +
         result + " @" + atom.intrinsic + "(" + list + ")\n  store " + result +
         " %d, ptr %out\n  ret void\n}\n";
}

TEST(Selection, EveryAtomIsOneInstruction) {
  for (const ChipInfo *chip : allChips())
    for (const MmaAtom &atom : chip->atoms) {
      if (atom.isWgmma)
        continue;
      SCOPED_TRACE(chip->name.str() + " " + atom.name);
      bool isNvidia = atom.call == MmaCall::MmaSync;
      std::string text = compile(*chip, isNvidia ? makeNvidiaModule(atom)
                                                 : makeAmdModule(atom));
      StringRef rest = text;
      StringRef mnemonic = isNvidia                          ? "mma.sync"
                           : atom.call == MmaCall::Mfma      ? "v_mfma_"
                           : atom.call == MmaCall::MfmaScale ? "v_mfma_"
                                                             : "v_wmma_";
      EXPECT_EQ(rest.count(mnemonic), 1u) << text;
    }
}

/// A kernel with one atomicrmw at an address that differs by lane (else LLVM
/// reduces over the wave first).
std::string makeAtomicModule(const ChipInfo &chip, StringRef operation,
                             StringRef type, bool inShared, bool withMetadata) {
  bool isAmd = chip.backend == Backend::AMDGPU;
  std::string pointer = inShared ? "ptr addrspace(3)" : "ptr addrspace(1)";
  std::string scope;
  if (isAmd)
    scope = inShared ? " syncscope(\"workgroup\")" : " syncscope(\"agent\")";
  std::string metadata;
  if (withMetadata)
    metadata = ", !amdgpu.no.fine.grained.memory !0, "
               "!amdgpu.no.remote.memory !0, !amdgpu.ignore.denormal.mode !0";
  std::string lane = isAmd ? "@llvm.amdgcn.workitem.id.x()"
                           : "@llvm.nvvm.read.ptx.sreg.tid.x()";
  return std::string("define ") + (isAmd ? "amdgpu_kernel" : "ptx_kernel") +
         " void @f(" + pointer + " %p, " + type.str() +
         " %v, ptr addrspace(1) %out) {\n  %t = call " + "i32 " + lane +
         "\n  %q = getelementptr " + type.str() + ", " + pointer +
         " %p, i32 %t\n  %r = atomicrmw " + operation.str() + " " + pointer +
         " %q, " + type.str() + " %v" + scope + " monotonic" + metadata +
         "\n  store " + type.str() +
         " %r, ptr addrspace(1) %out\n  ret void\n}\n!0 = !{}\n";
}

struct AtomicOperation {
  AtomicKind kind;
  StringRef name;
  bool isFloat;
};

TEST(Selection, AtomicsAreNativeWhereTheTableSaysSo) {
  using A = AtomicKind;
  const AtomicOperation operations[] = {
      {A::AddF, "fadd", true},    {A::MaxNumF, "fmax", true},
      {A::MinNumF, "fmin", true}, {A::MaximumF, "fmaximum", true},
      {A::AddI, "add", false},    {A::MaxS, "max", false},
      {A::MinU, "umin", false},   {A::XorI, "xor", false}};
  const std::pair<ElementKind, StringRef> types[] = {
      {ElementKind::F64, "double"},
      {ElementKind::F32, "float"},
      {ElementKind::F16, "half"},
      {ElementKind::I32, "i32"},
      {ElementKind::I64, "i64"}};
  for (const ChipInfo *chip : allChips()) {
    if (!chip->isGpu())
      continue;
    for (const AtomicOperation &operation : operations)
      for (auto [kind, type] : types) {
        if (operation.isFloat != !type.starts_with("i"))
          continue;
        for (bool inShared : {false, true}) {
          const NativeAtomic *entry =
              chip->findAtomic(operation.kind, kind, inShared);
          bool isNative = entry && entry->elements == 1;
          bool withMetadata = chip->backend == Backend::AMDGPU &&
                              (!entry || entry->needsNoFineGrained);
          std::string text =
              compile(*chip, makeAtomicModule(*chip, operation.name, type,
                                              inShared, withMetadata));
          bool hasLoop = StringRef(text).contains("cmpst") ||
                         StringRef(text).contains("cmpswap") ||
                         StringRef(text).contains("cmpstore") ||
                         StringRef(text).contains(".cas.");
          EXPECT_EQ(isNative, !hasLoop)
              << chip->name.str() << " " << operation.name.str() << " "
              << type.str() << (inShared ? " shared\n" : " global\n");
        }
      }
  }
}

} // namespace
