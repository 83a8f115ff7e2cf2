// Options.cpp - the command line of tile-compile.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Options.h"

#include "tilewright/Support/CommandLine.h"
#include "llvm/Support/CommandLine.h"

namespace tilewright {

static llvm::cl::OptionCategory category("tile-compile options");

// The options are static: the linker resets every registered one.
Options parseCommandLine(int argc, char **argv) {
  using namespace llvm;
  static cl::opt<std::string> input(cl::Positional, cl::Required,
                                    cl::desc("DESCRIPTION.json | FILE.mlir"),
                                    cl::cat(category));
  static cl::opt<std::string> output(
      "o", cl::value_desc("file"),
      cl::desc("Output (default: the input's name with "
               ".tilelib; '-' is standard output)"),
      cl::cat(category));
  static cl::list<std::string> chips(
      "chip", cl::CommaSeparated, cl::value_desc("a,b"),
      cl::desc("Chips instead of the description's"), cl::cat(category));
  static cl::list<std::string> kernels(
      "kernel", cl::CommaSeparated, cl::value_desc("name"),
      cl::desc("Only these kernels"), cl::cat(category));
  static cl::list<std::string> variants(
      "variant", cl::CommaSeparated, cl::value_desc("name"),
      cl::desc("Only these variants"), cl::cat(category));
  static cl::opt<Emit> emit(
      "emit", cl::desc("What to write"), cl::init(Emit::Tilelib),
      cl::values(clEnumValN(Emit::Tilelib, "tilelib", "a library of kernels"),
                 clEnumValN(Emit::Object, "object", "one code object"),
                 clEnumValN(Emit::Assembly, "asm", "assembly text"),
                 clEnumValN(Emit::Llvm, "llvm", "optimised LLVM IR"),
                 clEnumValN(Emit::Mlir, "mlir",
                            "the block-level kernel, "
                            "parameters and facts put in"),
                 clEnumValN(Emit::Ptx, "ptx", "PTX text"),
                 clEnumValN(Emit::CHeader, "c-header",
                            "a C and C++ header with the kernels' arguments")),
      cl::cat(category));
  static cl::opt<unsigned> jobs("j", cl::value_desc("N"), cl::Prefix,
                                cl::desc("Parallel compilations (default: 1)"),
                                cl::init(1), cl::cat(category));
  static cl::opt<std::string> report("report", cl::value_desc("file"),
                                     cl::desc("Write the table as JSON"),
                                     cl::cat(category));
  static cl::opt<bool> timeReport("time-report",
                                  cl::desc("Print the time of each stage"),
                                  cl::cat(category));
  static cl::opt<bool> quiet("quiet", cl::desc("Print no table"),
                             cl::cat(category));
  static cl::opt<bool> noPtxas("no-assemble-ptx",
                               cl::desc("Keep PTX even where ptxas is found"),
                               cl::cat(category));
  static cl::opt<Linker> linker(
      "linker", cl::desc("What links AMD's code objects"),
      cl::init(Linker::Lld),
      cl::values(clEnumValN(Linker::Lld, "lld", "LLVM's, in this process"),
                 clEnumValN(Linker::Comgr, "comgr",
                            "ROCm's libamd_comgr, or what TILEWRIGHT_COMGR "
                            "names")),
      cl::cat(category));
  static cl::opt<std::string> cPrefix(
      "c-prefix", cl::value_desc("name"),
      cl::desc("What the names of the C header start with"), cl::cat(category));
  cl::HideUnrelatedOptions(category);
  parseCommandLineOptions(argc, argv, "tile-compile",
                          "Tilewright's compiler of kernel descriptions\n");
  Options options;
  options.input = input;
  options.output = output;
  options.report = report;
  options.cPrefix = cPrefix;
  options.chips.assign(chips.begin(), chips.end());
  options.kernels.assign(kernels.begin(), kernels.end());
  options.variants.assign(variants.begin(), variants.end());
  options.emit = emit;
  options.linker = linker;
  options.jobs = jobs;
  options.timeReport = timeReport;
  options.quiet = quiet;
  options.assemblePtx = !noPtxas;
  return options;
}

} // namespace tilewright
