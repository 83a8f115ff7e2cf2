// CountKernel.cpp - a kernel and its library for the tests of devices.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "CountKernel.h"
#include "tilewright/Codegen/CodeObject.h"
#include "tilewright/Codegen/Container.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"
#include "gtest/gtest.h"

using namespace tilewright;

// Adds 1 to out[program] and stores there what it finds in a table, which
// makes the image relocate; memset fills the scratch.
static const char countPrograms[] = R"(
@seven = internal global i32 7
@table = internal global [1 x ptr] [ptr @seven]
define void @count(ptr %args, i64 %begin, i64 %end, ptr %scratch) {
entry:
  %out = load ptr, ptr %args
  %address = ptrtoint ptr %scratch to i64
  %low = and i64 %address, 63
  %bad = trunc i64 %low to i32
  %size = sub i64 256, %low
  call void @llvm.memset.p0.i64(ptr %scratch, i8 1, i64 %size, i1 false)
  %entry0 = load volatile ptr, ptr @table
  %add = load i32, ptr %entry0
  %sum = add i32 %add, %bad
  br label %head
head:
  %i = phi i64 [ %begin, %entry ], [ %next, %body ]
  %more = icmp slt i64 %i, %end
  br i1 %more, label %body, label %done
body:
  %p = getelementptr i32, ptr %out, i64 %i
  %old = load i32, ptr %p
  %new = add i32 %old, %sum
  store i32 %new, ptr %p
  %next = add i64 %i, 1
  br label %head
done:
  ret void
}
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
)";

std::string describeCount(const CountImage &image) {
  if (!image.metadata.empty())
    return image.metadata;
  return R"({"version": 1, "kernel": "count", "variant": ")" + image.variant +
         R"(", "chip": ")" + image.chip +
         R"(", "symbol": "count", "abi": {"args": [
    {"name": "out", "kind": "memref", "type": "i32", "rank": 1, "offset": 0,
     "contiguous": true, "dims": ["N"])" +
         (image.facts.empty() ? "" : ", " + image.facts) + R"(}], "bytes": )" +
         std::to_string(image.kernargBytes) + R"(},
  "grid": {"exprs": ["N"]}, "workgroup": [)" +
         std::to_string(image.threads) + R"(, 1, 1], "shared_bytes": )" +
         std::to_string(image.sharedBytes) + R"(, "scratch_bytes": 256)" +
         image.more + "}";
}

std::string getCountMetadata(const std::string &chip,
                             const std::string &variant) {
  return describeCount(CountImage(chip, variant));
}

const std::string &getCountImage() {
  static const std::string image = [] {
    llvm::LLVMContext context;
    llvm::SMDiagnostic problem;
    auto module = llvm::parseAssemblyString(countPrograms, problem, context);
    const ChipInfo *chip = lookupChip("x86-64-v3");
    if (!module || optimizeModule(*module, *chip))
      return std::string();
    auto object = emitObject(*module, *chip, "count");
    if (!object) {
      ADD_FAILURE() << llvm::toString(object.takeError());
      return std::string();
    }
    return object->bytes;
  }();
  return image;
}

std::string makeCountLibrary(std::initializer_list<CountImage> images) {
  std::vector<ContainerEntry> entries;
  for (const CountImage &image : images) {
    ContainerEntry entry;
    entry.kind = CodeObjectKind::Hsaco;
    entry.chip = image.chip;
    entry.triple = "stub";
    entry.kernel = "count";
    entry.variant = image.variant;
    entry.metadata = describeCount(image);
    entry.source = "tile.kernel @count";
    entry.ptx = image.ptx;
    entry.image = image.image;
    if (entry.image.empty())
      entry.image = image.chip.rfind("x86", 0) == 0
                        ? getCountImage()
                        : std::string("\x7f"
                                      "ELF code of ") +
                              image.chip;
    entries.push_back(std::move(entry));
  }
  return writeContainer(entries);
}
