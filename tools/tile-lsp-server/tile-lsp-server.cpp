// tile-lsp-server.cpp - completion, hover and diagnostics in editors.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/InitAll.h"
#include "tilewright/Support/CrashGuard.h"

#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  tilewright::installCrashGuard("tile-lsp-server");
  mlir::DialectRegistry registry;
  tilewright::registerAllDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
