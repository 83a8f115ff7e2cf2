// Report.h - what tile-compile tells of its compilations.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_TOOLS_TILECOMPILE_REPORT_H
#define TILEWRIGHT_TOOLS_TILECOMPILE_REPORT_H

#include "tilewright/Pipeline/Compile.h"
#include "llvm/ADT/ArrayRef.h"
#include <optional>
#include <string>

namespace tilewright {

/// One kernel, variant and chip, and what came of it.
struct Job {
  CompileRequest request;
  std::optional<CompiledKernel> result;
  std::string error;
};

/// Prints a line per job.
void printTable(llvm::ArrayRef<Job> jobs, bool withStages);

/// The same as JSON.
std::string makeReport(llvm::ArrayRef<Job> jobs);

} // namespace tilewright

#endif // TILEWRIGHT_TOOLS_TILECOMPILE_REPORT_H
