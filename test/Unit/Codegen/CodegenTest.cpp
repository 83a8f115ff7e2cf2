// CodegenTest.cpp - hand-written LLVM IR to code objects of every chip.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../../../lib/Codegen/Backend.h"
#include "../../../lib/Codegen/Comgr.h"
#include "tilewright/Codegen/CodeObject.h"
#include "tilewright/Codegen/Container.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Object/OffloadBinary.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "gtest/gtest.h"
#include <chrono>
#include <thread>

using namespace tilewright;

namespace {

const char amdVectorAdd[] = R"(
define amdgpu_kernel void @add(ptr addrspace(1) noalias %a,
    ptr addrspace(1) noalias %b, ptr addrspace(1) noalias %c, i64 %n) #0 {
  %lane = call i32 @llvm.amdgcn.workitem.id.x()
  %group = call i32 @llvm.amdgcn.workgroup.id.x()
  %base = mul i32 %group, 256
  %i32 = add i32 %base, %lane
  %i = zext i32 %i32 to i64
  %in = icmp slt i64 %i, %n
  br i1 %in, label %then, label %done
then:
  %pa = getelementptr float, ptr addrspace(1) %a, i64 %i
  %pb = getelementptr float, ptr addrspace(1) %b, i64 %i
  %pc = getelementptr float, ptr addrspace(1) %c, i64 %i
  %x = load float, ptr addrspace(1) %pa
  %y = load float, ptr addrspace(1) %pb
  %z = fadd float %x, %y
  store float %z, ptr addrspace(1) %pc
  br label %done
done:
  ret void
}
declare i32 @llvm.amdgcn.workitem.id.x()
declare i32 @llvm.amdgcn.workgroup.id.x()
attributes #0 = { "amdgpu-flat-work-group-size"="256,256"
                  "amdgpu-implicitarg-num-bytes"="0" }
)";

const char nvVectorAdd[] = R"(
define ptx_kernel void @add(ptr addrspace(1) %a, ptr addrspace(1) %b,
                            ptr addrspace(1) %c, i64 %n) {
  %lane = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %group = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %base = mul i32 %group, 256
  %i32 = add i32 %base, %lane
  %i = zext i32 %i32 to i64
  %in = icmp slt i64 %i, %n
  br i1 %in, label %then, label %done
then:
  %pa = getelementptr float, ptr addrspace(1) %a, i64 %i
  %pb = getelementptr float, ptr addrspace(1) %b, i64 %i
  %pc = getelementptr float, ptr addrspace(1) %c, i64 %i
  %x = load float, ptr addrspace(1) %pa
  %y = load float, ptr addrspace(1) %pb
  %z = fadd float %x, %y
  store float %z, ptr addrspace(1) %pc
  br label %done
done:
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
)";

const char hostVectorAdd[] = R"(
define void @add(ptr %args, i64 %begin, i64 %end, ptr %scratch) {
entry:
  %pb = getelementptr i8, ptr %args, i64 8
  %a = load ptr, ptr %args
  %b = load ptr, ptr %pb
  call void @llvm.memcpy.p0.p0.i64(ptr %a, ptr %b, i64 %end, i1 false)
  ret void
}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
)";

const char *getVectorAdd(const ChipInfo &chip) {
  switch (chip.backend) {
  case Backend::AMDGPU:
    return amdVectorAdd;
  case Backend::NVPTX:
    return nvVectorAdd;
  case Backend::Host:
    return hostVectorAdd;
  }
  return nullptr;
}

std::unique_ptr<llvm::Module> parse(llvm::LLVMContext &context,
                                    llvm::StringRef text) {
  llvm::SMDiagnostic problem;
  auto module = llvm::parseAssemblyString(text, problem, context);
  if (!module)
    ADD_FAILURE() << problem.getMessage().str();
  return module;
}

llvm::Expected<CodeObject> compile(llvm::StringRef text, const ChipInfo &chip) {
  llvm::LLVMContext context;
  auto module = parse(context, text);
  if (llvm::Error error = optimizeModule(*module, chip))
    return std::move(error);
  if (llvm::Error error = checkLegality(*module, chip))
    return std::move(error);
  return emitObject(*module, chip, "add");
}

/// The error of checkLegality on `body` inside a kernel, or "".
std::string check(llvm::StringRef chipName, llvm::StringRef body,
                  llvm::StringRef declarations = "") {
  const ChipInfo *chip = lookupChip(chipName);
  llvm::LLVMContext context;
  std::string text = "define void @k(ptr %p, float %x, double %d, half %h, "
                     "bfloat %b) {\n" +
                     body.str() + "\n ret void\n}\n" + declarations.str();
  auto module = parse(context, text);
  return llvm::toString(checkLegality(*module, *chip));
}

llvm::Expected<CodeObject> compileWithComgr(const ChipInfo &chip) {
  llvm::LLVMContext context;
  auto module = parse(context, amdVectorAdd);
  if (llvm::Error error = optimizeModule(*module, chip))
    return std::move(error);
  EmitOptions options;
  options.linker = Linker::Comgr;
  return emitObject(*module, chip, "add", options);
}

/// Debian's comgr of ROCm 5 knows gfx90a and nothing newer.
TEST(Codegen, ComgrLinksAndReadsMetadata) {
  auto object = compileWithComgr(*lookupChip("gfx90a"));
  ASSERT_TRUE(static_cast<bool>(object))
      << llvm::toString(object.takeError());
  EXPECT_EQ(object->bytes[8], 3) << "ELFABIVERSION_AMDGPU_HSA_V5";
  auto lld = compile(amdVectorAdd, *lookupChip("gfx90a"));
  ASSERT_TRUE(static_cast<bool>(lld)) << llvm::toString(lld.takeError());
  EXPECT_EQ(lld->bytes[8], 4) << "ELFABIVERSION_AMDGPU_HSA_V6";
  EXPECT_EQ(object->use.codeBytes, lld->use.codeBytes);
  // What either linker made is read as we read it, of newer chips as well.
  std::vector<std::string> objects{object->bytes, lld->bytes};
  for (const char *name : {"gfx942", "gfx950", "gfx1100", "gfx1201"}) {
    auto newer = compile(amdVectorAdd, *lookupChip(name));
    ASSERT_TRUE(static_cast<bool>(newer))
        << llvm::toString(newer.takeError());
    objects.push_back(newer->bytes);
  }
  for (const std::string &bytes : objects) {
    auto ours = readHsacoResources(bytes, "add");
    auto theirs = readResourcesWithComgr(bytes, "add");
    ASSERT_TRUE(static_cast<bool>(ours)) << llvm::toString(ours.takeError());
    ASSERT_TRUE(static_cast<bool>(theirs))
        << llvm::toString(theirs.takeError());
    EXPECT_EQ(theirs->vgprs, ours->vgprs);
    EXPECT_GT(theirs->vgprs.value_or(0), 0);
    EXPECT_EQ(theirs->agprs, ours->agprs);
    EXPECT_EQ(theirs->sgprs, ours->sgprs);
    EXPECT_EQ(theirs->spills, ours->spills);
    EXPECT_EQ(theirs->sharedBytes, ours->sharedBytes);
    EXPECT_EQ(theirs->privateBytes, ours->privateBytes);
  }
}

TEST(Codegen, ComgrSaysWhatItCannotDo) {
  auto newer = compileWithComgr(*lookupChip("gfx942"));
  // A newer ROCm links it.
  if (!newer) {
    std::string text = llvm::toString(newer.takeError());
    EXPECT_NE(text.find("does not know 'gfx942'; link with lld"),
              std::string::npos)
        << text;
  }
  auto chip = lookupChip("gfx90a");
  auto nothing = linkWithComgr("no object", *chip);
  ASSERT_FALSE(static_cast<bool>(nothing));
  EXPECT_EQ(llvm::toString(nothing.takeError())
                .find("libamd_comgr cannot link a code object for 'gfx90a': "),
            0u);
  auto unread = readResourcesWithComgr("no object", "add");
  ASSERT_FALSE(static_cast<bool>(unread));
  EXPECT_EQ(llvm::toString(unread.takeError()).find("libamd_comgr"), 0u);
  auto object = compile(amdVectorAdd, *chip);
  ASSERT_TRUE(static_cast<bool>(object));
  auto none = readResourcesWithComgr(object->bytes, "sub");
  ASSERT_FALSE(static_cast<bool>(none));
  EXPECT_EQ(llvm::toString(none.takeError()),
            "the code object has no kernel 'sub'");
}

TEST(Codegen, VectorAddForEveryChip) {
  for (const ChipInfo *chip : allChips()) {
    auto object = compile(getVectorAdd(*chip), *chip);
    ASSERT_TRUE(static_cast<bool>(object))
        << chip->name.str() << ": " << llvm::toString(object.takeError());
    if (object->kind != CodeObjectKind::Ptx) {
      EXPECT_EQ(object->bytes.substr(0, 4), "\x7f"
                                            "ELF")
          << chip->name.str();
      EXPECT_GT(object->use.codeBytes, 0) << chip->name.str();
    }
    if (chip->backend == Backend::AMDGPU) {
      EXPECT_GT(object->use.vgprs.value_or(0), 0) << chip->name.str();
      EXPECT_GT(object->use.sgprs.value_or(0), 0) << chip->name.str();
      EXPECT_EQ(object->use.spills.value_or(-1), 0) << chip->name.str();
    }
    if (chip->backend == Backend::NVPTX) {
      EXPECT_NE(object->ptx.find(".target " + chip->cpu.str()),
                std::string::npos);
      if (object->kind == CodeObjectKind::Cubin)
        EXPECT_GT(object->use.vgprs.value_or(0), 0) << object->assembler;
    }
  }
}

TEST(Codegen, SameBytesEveryTime) {
  for (const ChipInfo *chip : allChips()) {
    auto one = compile(getVectorAdd(*chip), *chip);
    auto two = compile(getVectorAdd(*chip), *chip);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(one->bytes, two->bytes) << chip->name.str();
  }
}

TEST(Codegen, ThreadsCompileAtOnce) {
  std::vector<std::thread> threads;
  std::array<std::string, 4> errors;
  for (size_t i = 0; i < errors.size(); ++i)
    threads.emplace_back([i, &errors] {
      const char *names[] = {"gfx942", "sm_80", "x86-64-v3", "gfx1100"};
      const ChipInfo *chip = lookupChip(names[i]);
      for (int repeat = 0; repeat < 5; ++repeat) {
        auto object = compile(getVectorAdd(*chip), *chip);
        if (!object)
          errors[i] = llvm::toString(object.takeError());
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &error : errors)
    EXPECT_EQ(error, "");
}

TEST(Codegen, LowestPtxVersion) {
  const std::pair<const char *, const char *> cases[] = {
      {"sm_80", ".version 7.0"},
      {"sm_89", ".version 7.8"},
      {"sm_90a", ".version 8.0"}};
  for (auto [name, version] : cases) {
    const ChipInfo *chip = lookupChip(name);
    llvm::LLVMContext context;
    auto module = parse(context, nvVectorAdd);
    auto text = emitAssembly(*module, *chip);
    ASSERT_TRUE(static_cast<bool>(text));
    EXPECT_NE(text->find(version), std::string::npos) << *text;
  }
}

TEST(Codegen, WithoutPtxas) {
  // nvJitLink where its library is found, else the PTX itself.
  const char *path = getenv("PATH");
  std::string saved = path ? path : "";
  setenv("PATH", "/nonexistent", 1);
  const ChipInfo *chip = lookupChip("sm_80");
  auto object = compile(nvVectorAdd, *chip);
  setenv("PATH", saved.c_str(), 1);
  ASSERT_TRUE(static_cast<bool>(object)) << llvm::toString(object.takeError());
  if (object->kind == CodeObjectKind::Ptx) {
    EXPECT_EQ(object->assembler, "");
    EXPECT_EQ(object->bytes, object->ptx);
  } else {
    EXPECT_EQ(object->assembler, "nvJitLink");
    EXPECT_GT(object->use.vgprs.value_or(0), 0);
  }
  EXPECT_NE(object->ptx.find(".entry add"), std::string::npos);
}

TEST(Codegen, PtxIsRefused) {
  auto assembly = assemblePtx("no ptx", *lookupChip("sm_80"), "add");
  if (assembly && !*assembly)
    GTEST_SKIP() << "neither ptxas nor nvJitLink";
  ASSERT_FALSE(static_cast<bool>(assembly));
  std::string text = llvm::toString(assembly.takeError());
  EXPECT_NE(text.find(" refused the PTX of 'add' for 'sm_80': "),
            std::string::npos)
      << text;
}

TEST(Codegen, AssemblyLeavesTheModuleAlone) {
  const ChipInfo *chip = lookupChip("gfx942");
  llvm::LLVMContext context;
  auto module = parse(context, amdVectorAdd);
  ASSERT_FALSE(setTarget(*module, *chip));
  std::string before, after;
  llvm::raw_string_ostream(before) << *module;
  auto text = emitAssembly(*module, *chip);
  ASSERT_TRUE(static_cast<bool>(text));
  llvm::raw_string_ostream(after) << *module;
  EXPECT_EQ(before, after);
  EXPECT_NE(text->find("s_endpgm"), std::string::npos);
}

TEST(Codegen, UndefinedSymbolOfHostImage) {
  // Bypasses checkLegality, so the linker finds it.
  const ChipInfo *chip = lookupChip("x86-64-v3");
  llvm::LLVMContext context;
  auto module = parse(context, "declare float @expf(float)\n"
                               "define float @add(float %x) {\n"
                               "  %y = call float @expf(float %x)\n"
                               "  ret float %y\n}\n");
  auto object = emitObject(*module, *chip, "add");
  ASSERT_FALSE(static_cast<bool>(object));
  EXPECT_EQ(llvm::toString(object.takeError()),
            "cannot link a code object for 'x86-64-v3': undefined symbol: "
            "expf");
  // A failed link can be followed by others.
  auto next = compile(hostVectorAdd, *chip);
  EXPECT_TRUE(static_cast<bool>(next));
}

TEST(Codegen, FatalErrorBecomesAValue) {
  const ChipInfo *chip = lookupChip("sm_80");
  // Leaked on purpose, as the header asks after backendDied.
  auto *context = new llvm::LLVMContext;
  auto *module = parse(*context, "declare float @llvm.pow.f32(float, float)\n"
                                 "define float @add(float %x) {\n"
                                 "  %y = call float @llvm.pow.f32(float %x, "
                                 "float %x)\n  ret float %y\n}\n")
                     .release();
  auto object = emitObject(*module, *chip, "add");
  ASSERT_FALSE(static_cast<bool>(object));
  bool died = false;
  std::string text;
  llvm::handleAllErrors(object.takeError(), [&](const CodegenError &error) {
    died = error.backendDied;
    text = error.message;
  });
  EXPECT_TRUE(died) << text;
  EXPECT_NE(text.find("the back end gave up: "), std::string::npos) << text;
  auto next = compile(nvVectorAdd, *chip);
  EXPECT_TRUE(static_cast<bool>(next));
}

TEST(Legality, Intrinsics) {
  const char mfma[] =
      "declare <4 x float> @llvm.amdgcn.mfma.f32.16x16x32.fp8.fp8(i64, i64, "
      "<4 x float>, i32 immarg, i32 immarg, i32 immarg)";
  const char call[] =
      "%r = call <4 x float> @llvm.amdgcn.mfma.f32.16x16x32.fp8.fp8(i64 0, "
      "i64 0, <4 x float> zeroinitializer, i32 0, i32 0, i32 0)";
  EXPECT_EQ(check("gfx90a", call, mfma),
            "kernel 'k': 'gfx90a' has no intrinsic "
            "'llvm.amdgcn.mfma.f32.16x16x32.fp8.fp8'");
  EXPECT_EQ(check("gfx942", call, mfma), "");
  EXPECT_EQ(check("gfx950", call, mfma), "");
  EXPECT_EQ(check("sm_80", call, mfma),
            "kernel 'k': 'sm_80' has no intrinsic "
            "'llvm.amdgcn.mfma.f32.16x16x32.fp8.fp8'");

  const char convert[] = "declare i16 @llvm.nvvm.ff.to.e4m3x2.rn(float, float)";
  const char use[] =
      "%r = call i16 @llvm.nvvm.ff.to.e4m3x2.rn(float %x, float %x)";
  EXPECT_EQ(check("sm_80", use, convert),
            "kernel 'k': 'sm_80' has no intrinsic 'llvm.nvvm.ff.to.e4m3x2.rn'");
  EXPECT_EQ(check("sm_89", use, convert), "");
  EXPECT_EQ(check("sm_90a", use, convert), "");
}

TEST(Legality, CopiesToSharedMemory) {
  const char declare[] =
      "declare void @llvm.amdgcn.load.to.lds.p1(ptr addrspace(1), "
      "ptr addrspace(3), i32 immarg, i32 immarg, i32 immarg)\n"
      "@lds = internal addrspace(3) global [1024 x i8] poison";
  const char call[] = "call void @llvm.amdgcn.load.to.lds.p1("
                      "ptr addrspace(1) null, ptr addrspace(3) @lds, i32 16, "
                      "i32 0, i32 0)";
  EXPECT_EQ(check("gfx942", call, declare),
            "kernel 'k': 'gfx942' has no copy of 16 bytes per lane to shared "
            "memory");
  EXPECT_EQ(check("gfx950", call, declare), "");
  EXPECT_EQ(check("gfx1100", call, declare),
            "kernel 'k': 'gfx1100' has no intrinsic "
            "'llvm.amdgcn.load.to.lds.p1'");
}

TEST(Legality, MathAndTypes) {
  EXPECT_EQ(check("gfx942", "%r = call double @llvm.exp.f64(double %d)",
                  "declare double @llvm.exp.f64(double)"),
            "kernel 'k': 'gfx942' has no 'llvm.exp' of 'double'; it must be "
            "expanded before");
  EXPECT_EQ(check("gfx942", "%r = call float @llvm.exp.f32(float %x)",
                  "declare float @llvm.exp.f32(float)"),
            "");
  EXPECT_EQ(check("sm_80", "%r = call float @llvm.tanh.f32(float %x)",
                  "declare float @llvm.tanh.f32(float)"),
            "kernel 'k': 'sm_80' has no 'llvm.tanh' of 'float'; it must be "
            "expanded before");
  EXPECT_EQ(check("sm_80", "%r = call afn float @llvm.tanh.f32(float %x)",
                  "declare float @llvm.tanh.f32(float)"),
            "");
  EXPECT_EQ(check("x86-64-v3", "%r = fadd bfloat %b, %b"),
            "kernel 'k': 'x86-64-v3' has no arithmetic on 'bfloat'; it must be "
            "done in 'float'");
  EXPECT_EQ(check("x86-64-v3", "%r = fptrunc double %d to half"),
            "kernel 'k': 'x86-64-v3' has no conversion of 'double' to 'half'; "
            "it must be expanded before");
  EXPECT_EQ(check("gfx942", "%q = fpext float %x to fp128"),
            "kernel 'k': 'gfx942' has no values of type 'fp128'");
  EXPECT_EQ(check("gfx942", "call void @f()", "declare void @f()"),
            "kernel 'k': calls 'f', which has no definition, and a code object "
            "imports nothing");
  EXPECT_EQ(check("gfx942", "call void %p()"),
            "kernel 'k': 'gfx942' has no calls through pointers");
}

TEST(Legality, Scopes) {
  EXPECT_EQ(check("sm_80", "%r = atomicrmw add ptr %p, i32 1 "
                           "syncscope(\"agent\") monotonic"),
            "kernel 'k': 'sm_80' has no synchronisation scope 'agent'");
  EXPECT_EQ(check("gfx90a", "%r = atomicrmw add ptr %p, i32 1 "
                            "syncscope(\"agent\") monotonic"),
            "");
  EXPECT_EQ(check("gfx90a", "fence syncscope(\"device\") acquire"),
            "kernel 'k': 'gfx90a' has no synchronisation scope 'device'");
}

TEST(Legality, SharedMemory) {
  const char global[] =
      "@lds = internal addrspace(3) global [70000 x i8] poison";
  EXPECT_EQ(check("gfx90a", "", global),
            "the module needs 70000 bytes of shared memory per workgroup, but "
            "'gfx90a' has 65536");
  EXPECT_EQ(check("gfx950", "", global), "");
}

TEST(Legality, FeaturesOfTheTablesExist) {
  auto machine = getTargetMachine(*lookupChip("gfx942"), 3);
  ASSERT_TRUE(static_cast<bool>(machine));
  auto all = (*machine)->getMCSubtargetInfo()->getAllProcessorFeatures();
  for (llvm::StringRef feature : getAmdFeaturesOfTables())
    EXPECT_TRUE(llvm::any_of(all, [&](const llvm::SubtargetFeatureKV &row) {
      return feature == row.Key;
    })) << feature.str();
}

TEST(Legality, Locations) {
  const ChipInfo *chip = lookupChip("sm_80");
  llvm::LLVMContext context;
  auto module = parse(context, R"(
define float @k(float %x) !dbg !3 {
  %r = call float @llvm.pow.f32(float %x, float %x), !dbg !4
  ret float %r
}
declare float @llvm.pow.f32(float, float)
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!0 = distinct !DICompileUnit(language: DW_LANG_C, file: !1, emissionKind: LineTablesOnly)
!1 = !DIFile(filename: "k.mlir", directory: "")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = distinct !DISubprogram(name: "k", file: !1, line: 1, unit: !0, type: !5)
!4 = !DILocation(line: 7, column: 3, scope: !3)
!5 = !DISubroutineType(types: !{})
)");
  EXPECT_EQ(llvm::toString(checkLegality(*module, *chip)),
            "k.mlir:7:3: kernel 'k': 'sm_80' has no 'llvm.pow' of 'float'; it "
            "must be expanded before");
}

/// "v4f16" as LLVM writes it: "<4 x half>".
std::string getLlvmType(llvm::StringRef text) {
  std::string count;
  if (text.consume_front("v")) {
    llvm::StringRef digits = text.take_while([](char c) { return isdigit(c); });
    count = digits.str();
    text = text.drop_front(digits.size());
  }
  std::string scalar = llvm::StringSwitch<std::string>(text)
                           .Case("f16", "half")
                           .Case("bf16", "bfloat")
                           .Case("f32", "float")
                           .Case("f64", "double")
                           .Default(text.str());
  return count.empty() ? scalar : "<" + count + " x " + scalar + ">";
}

/// A kernel that issues one matrix instruction of an AMD chip.
std::string getAtomKernel(const MmaAtom &atom) {
  std::string a = getLlvmType(atom.lhsOperand) + " ";
  std::string b = getLlvmType(atom.rhsOperand) + " ";
  std::string c = getLlvmType(atom.accOperand) + " ";
  std::string arguments, types;
  switch (atom.call) {
  case MmaCall::Mfma:
    arguments = a + "%a, " + b + "%b, " + c + "%c, i32 0, i32 0, i32 0";
    types = a + ", " + b + ", " + c + ", i32 immarg, i32 immarg, i32 immarg";
    break;
  case MmaCall::MfmaScale:
    arguments = a + "%a, " + b + "%b, " + c + "%c, i32 " +
                std::to_string(atom.lhsFormat) + ", i32 " +
                std::to_string(atom.rhsFormat) + ", i32 0, i32 0, i32 0, i32 0";
    types = a + ", " + b + ", " + c +
            ", i32 immarg, i32 immarg, i32 immarg, i32, i32 immarg, i32";
    break;
  case MmaCall::Wmma:
    arguments = a + "%a, " + b + "%b, " + c + "%c";
    types = a + ", " + b + ", " + c;
    break;
  case MmaCall::WmmaInt:
    arguments =
        "i1 true, " + a + "%a, i1 true, " + b + "%b, " + c + "%c, i1 false";
    types = "i1 immarg, " + a + ", i1 immarg, " + b + ", " + c + ", i1 immarg";
    break;
  default:
    return "";
  }
  return "define amdgpu_kernel void @add(ptr addrspace(1) %p, " + a + "%a, " +
         b + "%b, " + c + "%c) {\n  %d = call " + c + "@" + atom.intrinsic +
         "(" + arguments + ")\n  store " + c +
         "%d, ptr addrspace(1) %p\n  ret void\n}\ndeclare " + c + "@" +
         atom.intrinsic + "(" + types + ")\n";
}

// The tables of the chips, checkLegality and the back end agree on every
// matrix instruction of every AMD chip, on its own chip and on all others.
TEST(Legality, MatrixInstructions) {
  int numRefused = 0;
  for (const ChipInfo *owner : allChips()) {
    if (owner->backend != Backend::AMDGPU)
      continue;
    for (const MmaAtom &atom : owner->atoms)
      for (const ChipInfo *chip : allChips()) {
        if (chip->backend != Backend::AMDGPU)
          continue;
        llvm::LLVMContext context;
        auto module = parse(context, getAtomKernel(atom));
        ASSERT_TRUE(module) << getAtomKernel(atom);
        std::string text = llvm::toString(checkLegality(*module, *chip));
        if (chip == owner)
          EXPECT_EQ(text, "") << atom.name;
        numRefused += !text.empty();
        if (!text.empty())
          continue;
        auto object = emitObject(*module, *chip, "add");
        if (object)
          continue;
        ADD_FAILURE() << atom.name << " of " << owner->name.str() << " on "
                      << chip->name.str() << ": "
                      << llvm::toString(object.takeError());
        return; // the module and its context are in an unknown state
      }
  }
  EXPECT_GT(numRefused, 0);
}

TEST(Container, LlvmReadsIt) {
  ContainerEntry entry;
  entry.kind = CodeObjectKind::Hsaco;
  entry.image = "image";
  entry.chip = "gfx942";
  entry.triple = "amdgcn-amd-amdhsa";
  entry.kernel = "k";
  entry.variant = "default";
  entry.metadata = "{}";
  std::string bytes = writeContainer({entry, entry});
  EXPECT_EQ(bytes, writeContainer({entry, entry}));
  llvm::SmallVector<llvm::object::OffloadFile> files;
  ASSERT_FALSE(llvm::object::extractOffloadBinaries(
      llvm::MemoryBufferRef(bytes, ""), files));
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[1].getBinary()->getString("tilewright"), "{}");
  EXPECT_EQ(files[1].getBinary()->getImage(), "image");
  EXPECT_EQ(files[1].getBinary()->getArch(), "gfx942");
  // The images of a library know nothing of each other.
  EXPECT_EQ(bytes, writeContainer({entry}) + writeContainer({entry}));
}

// The budget is 100 ms for the first and 10 ms for the next ones; the test
// allows for a loaded machine and prints what it took.
TEST(Codegen, TimeOfTrivialKernel) {
  const ChipInfo *chip = lookupChip("gfx942");
  double best = 1e9;
  for (int repeat = 0; repeat < 10; ++repeat) {
    auto start = std::chrono::steady_clock::now();
    auto object = compile(amdVectorAdd, *chip);
    double ms = std::chrono::duration<double, std::milli>(
                    std::chrono::steady_clock::now() - start)
                    .count();
    ASSERT_TRUE(static_cast<bool>(object));
    best = std::min(best, ms);
  }
  RecordProperty("best_ms", std::to_string(best));
  printf("trivial kernel for gfx942: best of 10: %.1f ms\n", best);
  EXPECT_LT(best, 100);
}

} // namespace
