// tile-run.cpp - runs one kernel on NumPy arrays and checks what it computes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Launch.h"
#include "Source.h"
#include "tilewright/Support/CommandLine.h"
#include "tilewright/Support/CrashGuard.h"
#include "tilewright/Target/ChipInfo.h"

#include "tilewright-rt/Observe.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"

using namespace tilewright;

namespace {

llvm::cl::OptionCategory category("tile-run options");

// The options are static: the linker resets every registered one.
Options parseCommandLine(int argc, char **argv) {
  using namespace llvm;
  static cl::opt<std::string> input(
      cl::Positional, cl::Required,
      cl::desc("LIBRARY.tilelib | DESCRIPTION.json | FILE.mlir"),
      cl::cat(category));
  static cl::opt<std::string> kernel("kernel", cl::value_desc("name"),
                                     cl::desc("Kernel to run"),
                                     cl::cat(category));
  static cl::opt<std::string> variant(
      "variant", cl::value_desc("name"),
      cl::desc("Variant to run (default: the first)"), cl::cat(category));
  static cl::opt<std::string> device(
      "device", cl::value_desc("host|cuda:N|hip:N|emu:CHIP"),
      cl::desc("Where to run it (default: host)"), cl::init("host"),
      cl::cat(category));
  static cl::list<std::string> args(
      "arg", cl::value_desc("NAME=FILE.npy|NUMBER"),
      cl::desc("An argument; an array is also an output if --out names it"),
      cl::cat(category));
  static cl::list<std::string> outs(
      "out", cl::value_desc("NAME=FILE[:TYPE:SHAPE]"),
      cl::desc("Write an argument after the launch"), cl::cat(category));
  static cl::list<std::string> checks(
      "check", cl::value_desc("NAME=FILE.npy"),
      cl::desc("Compare an argument after the launch"), cl::cat(category));
  static cl::opt<double> rtol("rtol",
                              cl::desc("Relative tolerance (default: 1e-5)"),
                              cl::init(1e-5), cl::cat(category));
  static cl::opt<double> atol("atol",
                              cl::desc("Absolute tolerance (default: 1e-8)"),
                              cl::init(1e-8), cl::cat(category));
  static cl::opt<double> flops("flops", cl::value_desc("N"),
                               cl::desc("Operations of a launch, for GFLOP/s"),
                               cl::init(0), cl::cat(category));
  static cl::opt<unsigned> repeat("repeat", cl::value_desc("N"),
                                  cl::desc("Launch N times, print the fastest"),
                                  cl::init(1), cl::cat(category));
  static cl::opt<int> threads("host-threads", cl::value_desc("N"),
                              cl::desc("Threads (default: all processors)"),
                              cl::init(0), cl::cat(category));
  static cl::opt<std::string> trace(
      "trace", cl::value_desc("file"),
      cl::desc("Write a trace of loads and launches, for ui.perfetto.dev"),
      cl::cat(category));
  cl::HideUnrelatedOptions(category);
  parseCommandLineOptions(argc, argv, "tile-run",
                          "Tilewright's runner of kernels\n");
  Options options;
  options.input = input;
  options.kernel = kernel;
  options.variant = variant;
  options.device = device;
  options.texts.args.assign(args.begin(), args.end());
  options.texts.outs.assign(outs.begin(), outs.end());
  options.texts.checks.assign(checks.begin(), checks.end());
  options.rtol = rtol;
  options.atol = atol;
  options.flops = flops;
  options.repeat = repeat;
  options.threads = threads;
  options.trace = trace;
  return options;
}

int fail(const llvm::Twine &message) {
  llvm::StringRef text;
  llvm::SmallString<256> storage;
  text = message.toStringRef(storage);
  llvm::errs() << "tile-run: error: " << text << "\n";
  return 1;
}

void printSpeed(const Options &options, TwKernel kernel, double ms,
                llvm::ArrayRef<RunArgument> arguments) {
  double bytes = 0;
  for (const RunArgument &argument : arguments)
    bytes += static_cast<double>(argument.initial.size());
  llvm::outs() << twKernelGetName(kernel) << " on " << options.device << ": "
               << llvm::format("%.4f ms", ms);
  if (ms > 0) {
    llvm::outs() << llvm::format(", %.3f GB/s", bytes / ms / 1e6);
    if (options.flops > 0)
      llvm::outs() << llvm::format(", %.3f GFLOP/s", options.flops / ms / 1e6);
  }
  llvm::outs() << "\n";
}

/// Prints the error norms; true where every checked output is right.
llvm::Expected<bool> checkOutputs(const Options &options,
                                  std::vector<RunArgument> &arguments) {
  bool good = true;
  for (RunArgument &argument : arguments) {
    if (!argument.expected)
      continue;
    llvm::Expected<Difference> difference =
        compareOutput(argument, options.rtol, options.atol);
    if (!difference)
      return difference.takeError();
    llvm::outs() << "check " << argument.info.name << ": "
                 << llvm::format("max abs %.3g, max rel %.3g, rms %.3g",
                                 difference->maxAbsolute,
                                 difference->maxRelative,
                                 difference->rootMeanSquare)
                 << (difference->wrong ? "" : ", right") << "\n";
    if (!difference->wrong)
      continue;
    good = false;
    llvm::errs() << "tile-run: error: check '" << argument.info.name
                 << "': " << difference->wrong << " of " << difference->elements
                 << " elements are wrong; element " << difference->first
                 << ": expected " << difference->expected << ", but got "
                 << difference->got << "\n";
  }
  return good;
}

/// The chip whose code runs best on the device.
const ChipInfo *chooseChip(TwDevice device) {
  const ChipInfo *best = nullptr;
  int32_t most = 0;
  for (const ChipInfo *chip : allChips()) {
    int32_t rank = twDeviceRankChip(device, chip->name.str().c_str());
    if (rank > most) {
      most = rank;
      best = chip;
    }
  }
  return best;
}

llvm::Error report(const Options &options, TwKernel kernel,
                   llvm::Expected<double> ms,
                   std::vector<RunArgument> &arguments, bool &isRight) {
  if (!ms)
    return ms.takeError();
  if (llvm::Error error = writeOutputs(arguments))
    return error;
  printSpeed(options, kernel, *ms, arguments);
  llvm::Expected<bool> good = checkOutputs(options, arguments);
  if (!good)
    return good.takeError();
  isRight = *good;
  return llvm::Error::success();
}

llvm::Error runEmulated(const Options &options, llvm::StringRef name,
                        bool &isRight) {
  const ChipInfo *chip = lookupChip(name);
  if (!chip)
    return llvm::createStringError(describeUnknownChip(name));
  if (!chip->isGpu())
    return llvm::createStringError("expected a GPU behind 'emu:', but got '" +
                                   name + "'");
  llvm::Expected<Source> source = openSource(options, chip->name);
  if (!source)
    return source.takeError();
  // An image is compiled again, from the text that the library keeps.
  if (source->library && source->request.source.empty()) {
    TwImageInfo image;
    if (llvm::Error error = toError(twLibraryFindImage(
            source->library, options.kernel.c_str(),
            options.variant.empty() ? nullptr : options.variant.c_str(),
            chip->name.str().c_str(), &image)))
      return error;
    return llvm::createStringError(
        "library '" + options.input + "' keeps no source of kernel '" +
        options.kernel + "', which the emulator compiles");
  }
  source->request.chip = chip;
  llvm::Expected<EmulatedKernel> compiled = compileForEmulator(source->request);
  if (!compiled)
    return compiled.takeError();
  TwKernel kernel = nullptr;
  if (llvm::Error error =
          toError(twKernelCreate(compiled->metadata.c_str(), &kernel)))
    return error;
  auto destroyKernel = llvm::scope_exit([&] { twKernelDestroy(kernel); });
  llvm::Expected<std::vector<RunArgument>> arguments =
      bindArguments(kernel, options.texts);
  if (!arguments)
    return arguments.takeError();
  return report(options, kernel,
                runInEmulator(kernel, *compiled, options, *arguments),
                *arguments, isRight);
}

llvm::Error runOnRuntime(const Options &options, bool &isRight) {
  TwDevice device = nullptr;
  TwDeviceOptions deviceOptions = {};
  deviceOptions.numThreads = options.threads;
  if (llvm::Error error = toError(
          twDeviceOpen(options.device.c_str(), &deviceOptions, &device)))
    return error;
  auto closeDevice = llvm::scope_exit([&] { twDeviceClose(device); });
  llvm::Expected<Source> source = openSource(options, "");
  if (!source)
    return source.takeError();
  if (!source->library) {
    const ChipInfo *chip = chooseChip(device);
    TwDeviceInfo info = {};
    twStatusDestroy(twDeviceGetInfo(device, &info));
    if (!chip)
      return llvm::createStringError(
          llvm::Twine("no chip that kernels are compiled for fits device '") +
          options.device + "', which is '" + info.target +
          "'; 'tile-opt --list-chips' prints them");
    if (llvm::Error error = compileToLibrary(*source, *chip))
      return error;
  }
  TwModule module = nullptr;
  if (llvm::Error error =
          toError(twModuleCreate(device, source->library, &module)))
    return error;
  auto destroyModule = llvm::scope_exit([&] { twModuleDestroy(module); });
  const std::string &variant = source->request.variant;
  TwFunction function = nullptr;
  if (llvm::Error error = toError(twModuleGetFunction(
          module, source->kernel.c_str(),
          variant.empty() ? nullptr : variant.c_str(), &function)))
    return error;
  TwKernel kernel = nullptr;
  if (llvm::Error error = toError(twFunctionGetKernel(function, 0, &kernel)))
    return error;
  llvm::Expected<std::vector<RunArgument>> arguments =
      bindArguments(kernel, options.texts);
  if (!arguments)
    return arguments.takeError();
  return report(options, kernel,
                runOnDevice(device, function, options, *arguments), *arguments,
                isRight);
}

int run(const Options &options) {
  if (options.repeat == 0)
    return fail("expected at least 1 for --repeat, but got 0");
  llvm::StringRef device = options.device;
  bool isRight = false;
  if (!options.trace.empty() && device.starts_with("emu:"))
    return fail("expected a device of the runtime for --trace, but got '" +
                device + "'");
  if (!options.trace.empty())
    llvm::cantFail(toError(twTraceStart()));
  llvm::Error error = device.consume_front("emu:")
                          ? runEmulated(options, device, isRight)
                          : runOnRuntime(options, isRight);
  if (!error && !options.trace.empty())
    error = toError(twTraceStop(options.trace.c_str()));
  if (error)
    return fail(llvm::toString(std::move(error)));
  return isRight ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  installCrashGuard("tile-run");
  Options options = parseCommandLine(argc, argv);
  setCrashGuardInput(options.input);
  return finishCrashGuarded(run(options));
}
