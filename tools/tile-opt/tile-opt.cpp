// tile-opt.cpp - runs passes on MLIR text, one or all of them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/InitAll.h"
#include "tilewright/Support/CrashGuard.h"
#include "tilewright/Target/ChipInfo.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  llvm::InitLLVM initLLVM(argc, argv);
  tilewright::installCrashGuard("tile-opt");
  llvm::cl::opt<bool> listChips(
      "list-chips", llvm::cl::desc("Print the chips that kernels compile for"));
  mlir::DialectRegistry registry;
  tilewright::registerAllDialects(registry);
  tilewright::registerAllPasses();
  auto [inputFile, outputFile] = mlir::registerAndParseCLIOptions(
      argc, argv, "Tilewright's driver of passes\n", registry);
  tilewright::setCrashGuardInput(inputFile);
  if (listChips) {
    tilewright::printChips(llvm::outs());
    return 0;
  }
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, inputFile, outputFile, registry));
}
