// tile-reduce.cpp - makes the IR that shows a bug smaller.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/InitAll.h"
#include "tilewright/Support/CrashGuard.h"
#include "tilewright/Support/SourceText.h"

#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  tilewright::installCrashGuard("tile-reduce");
  // mlirReduceMain parses the command line and reads the input: whatever on the
  // command line is a file is looked at before.
  for (const char *argument : llvm::ArrayRef(argv, argc).drop_front()) {
    auto file = llvm::MemoryBuffer::getFile(argument);
    if (!file || llvm::StringRef(argument).starts_with("-"))
      continue;
    tilewright::setCrashGuardInput(argument);
    if (llvm::Error error =
            tilewright::checkSourceText((*file)->getBuffer(), argument)) {
      llvm::errs() << llvm::toString(std::move(error)) << "\n";
      return 1;
    }
  }
  tilewright::registerAllPasses();
  mlir::DialectRegistry registry;
  tilewright::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
