// MemoryFunctions.cpp - memcpy, memmove and memset for host images.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Backend.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/SourceMgr.h"

namespace tilewright {

// 32 bytes at a time, then byte by byte; large copies are the lowering's job.
static const char memoryFunctions[] = R"(
define hidden ptr @memcpy(ptr %to, ptr %from, i64 %bytes) #0 {
  %r = call ptr @memmove(ptr %to, ptr %from, i64 %bytes)
  ret ptr %r
}
define hidden ptr @memmove(ptr %to, ptr %from, i64 %bytes) #0 {
entry:
  %wide = and i64 %bytes, -32
  %a = ptrtoint ptr %to to i64
  %b = ptrtoint ptr %from to i64
  %distance = sub i64 %a, %b
  %down = icmp ult i64 %distance, %bytes
  br i1 %down, label %back, label %head
back:
  %i = phi i64 [ %bytes, %entry ], [ %i1, %move ]
  %end = icmp eq i64 %i, 0
  br i1 %end, label %done, label %move
move:
  %i1 = sub i64 %i, 1
  %p = getelementptr i8, ptr %from, i64 %i1
  %q = getelementptr i8, ptr %to, i64 %i1
  %v = load i8, ptr %p, align 1
  store i8 %v, ptr %q, align 1
  br label %back
head:
  %j = phi i64 [ 0, %entry ], [ %j1, %block ]
  %more = icmp ult i64 %j, %wide
  br i1 %more, label %block, label %tail
block:
  %bp = getelementptr i8, ptr %from, i64 %j
  %bq = getelementptr i8, ptr %to, i64 %j
  %w = load <32 x i8>, ptr %bp, align 1
  store <32 x i8> %w, ptr %bq, align 1
  %j1 = add i64 %j, 32
  br label %head
tail:
  %k = phi i64 [ %wide, %head ], [ %k1, %one ]
  %left = icmp ult i64 %k, %bytes
  br i1 %left, label %one, label %done
one:
  %tp = getelementptr i8, ptr %from, i64 %k
  %tq = getelementptr i8, ptr %to, i64 %k
  %u = load i8, ptr %tp, align 1
  store i8 %u, ptr %tq, align 1
  %k1 = add i64 %k, 1
  br label %tail
done:
  ret ptr %to
}
define hidden ptr @memset(ptr %to, i32 %value, i64 %bytes) #0 {
entry:
  %byte = trunc i32 %value to i8
  %e = insertelement <32 x i8> poison, i8 %byte, i64 0
  %s = shufflevector <32 x i8> %e, <32 x i8> poison, <32 x i32> zeroinitializer
  %wide = and i64 %bytes, -32
  br label %head
head:
  %j = phi i64 [ 0, %entry ], [ %j1, %block ]
  %more = icmp ult i64 %j, %wide
  br i1 %more, label %block, label %tail
block:
  %bq = getelementptr i8, ptr %to, i64 %j
  store <32 x i8> %s, ptr %bq, align 1
  %j1 = add i64 %j, 32
  br label %head
tail:
  %k = phi i64 [ %wide, %head ], [ %k1, %one ]
  %left = icmp ult i64 %k, %bytes
  br i1 %left, label %one, label %done
one:
  %tq = getelementptr i8, ptr %to, i64 %k
  store i8 %byte, ptr %tq, align 1
  %k1 = add i64 %k, 1
  br label %tail
done:
  ret ptr %to
}
attributes #0 = { nounwind "no-builtins" }
)";

static bool mayCallMemoryFunctions(const llvm::Module &module) {
  for (const llvm::Function &function : module) {
    llvm::StringRef name = function.getName();
    if (function.isDeclaration() && !function.use_empty() &&
        (name == "memcpy" || name == "memmove" || name == "memset" ||
         name.starts_with("llvm.memcpy.") ||
         name.starts_with("llvm.memmove.") || name.starts_with("llvm.memset.")))
      return true;
  }
  return false;
}

llvm::Error addMemoryFunctions(llvm::Module &module) {
  if (!mayCallMemoryFunctions(module))
    return llvm::Error::success();
  llvm::SMDiagnostic problem;
  std::unique_ptr<llvm::Module> part =
      llvm::parseAssemblyString(memoryFunctions, problem, module.getContext());
  if (!part)
    return llvm::make_error<CodegenError>("cannot parse memory functions: " +
                                          problem.getMessage().str());
  part->setDataLayout(module.getDataLayout());
  part->setTargetTriple(module.getTargetTriple());
  if (llvm::Linker::linkModules(module, std::move(part)))
    return llvm::make_error<CodegenError>(
        "a kernel may not define memcpy, memmove or memset");
  return llvm::Error::success();
}

} // namespace tilewright
