// tile-reduce.cpp - makes the IR that shows a bug smaller.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/InitAll.h"

#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  tilewright::registerAllPasses();
  mlir::DialectRegistry registry;
  tilewright::registerAllDialects(registry);
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
