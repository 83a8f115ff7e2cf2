// Exports.cpp - keeps in the library what only others call.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Compiler.h"

#include "Statics.h"

namespace tilewright {

// Referring to them pulls in the sources that have all others.
__attribute__((used)) static const void *const keptFunctions[] = {
    reinterpret_cast<const void *>(&twCompilerGetVersion),
    reinterpret_cast<const void *>(&twCompilerRunWorker)};

// Before the constructors of LLVM and MLIR: the library is linked as the one
// that is initialised first.
__attribute__((constructor(101))) static void initialize() { keepStatics(); }

} // namespace tilewright
