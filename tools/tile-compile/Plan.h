// Plan.h - what tile-compile has to compile.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_TOOLS_TILECOMPILE_PLAN_H
#define TILEWRIGHT_TOOLS_TILECOMPILE_PLAN_H

#include "Options.h"
#include "Report.h"
#include "tilewright/Description/Description.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace tilewright {

/// The description that is the input, or that stands for an MLIR file.
llvm::Expected<Description> readInput(const Options &options);

/// A job for each kernel, variant and chip that the options choose; for a C
/// header for each kernel and variant, without a chip.
llvm::Expected<std::vector<Job>> planJobs(const Options &options,
                                          const Description &description);

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_TILECOMPILE_PLAN_H
