// Passes.h - conversions of the wave level to GPU code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_CONVERSION_PASSES_H
#define TILEWRIGHT_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"
#include <string>

namespace tilewright {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tilewright/Conversion/Passes.h.inc"

} // namespace tilewright

#endif // TILEWRIGHT_CONVERSION_PASSES_H
