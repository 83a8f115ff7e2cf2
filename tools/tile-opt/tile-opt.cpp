// tile-opt.cpp - runs passes on MLIR text, one or all of them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/InitAll.h"
#include "tilewright/Support/CrashGuard.h"
#include "tilewright/Support/SourceText.h"
#include "tilewright/Target/ChipInfo.h"

#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"
#include "llvm/Support/raw_ostream.h"

/// Runs what the command line says, on text that was looked at before.
static llvm::LogicalResult run(llvm::StringRef inputFile,
                               llvm::StringRef outputFile,
                               mlir::DialectRegistry &registry) {
  std::string message;
  auto fail = [](const llvm::Twine &text) {
    llvm::errs() << text << "\n";
    return llvm::failure();
  };
  std::unique_ptr<llvm::MemoryBuffer> input =
      mlir::openInputFile(inputFile, &message);
  if (!input)
    return fail("tile-opt: error: " + message);
  if (llvm::Error error = tilewright::checkSourceText(
          input->getBuffer(), input->getBufferIdentifier()))
    return fail(llvm::toString(std::move(error)));
  std::unique_ptr<llvm::ToolOutputFile> output =
      mlir::openOutputFile(outputFile, &message);
  if (!output)
    return fail("tile-opt: error: " + message);
  if (failed(mlir::MlirOptMain(output->os(), std::move(input), registry,
                               mlir::MlirOptMainConfig::createFromCLOptions())))
    return llvm::failure();
  output->keep();
  return llvm::success();
}

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
  mlir::MlirOptMainConfig config =
      mlir::MlirOptMainConfig::createFromCLOptions();
  // These read no input: MLIR's own main prints them.
  if (config.shouldShowDialects() || config.shouldListPasses())
    return mlir::asMainReturnCode(
        mlir::MlirOptMain(argc, argv, inputFile, outputFile, registry));
  return mlir::asMainReturnCode(run(inputFile, outputFile, registry));
}
