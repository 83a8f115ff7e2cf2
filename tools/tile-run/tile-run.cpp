// tile-run.cpp - runs one kernel on NumPy arrays and checks what it computes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Arguments.h"
#include "tilewright-rt/Host.h"
#include "tilewright-rt/Library.h"
#include "tilewright/Description/Description.h"
#include "tilewright/Emulator/Emulator.h"
#include "tilewright/Pipeline/Compile.h"
#include "tilewright/Support/CommandLine.h"
#include "tilewright/Support/CrashGuard.h"
#include "tilewright/Target/ChipInfo.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include <algorithm>
#include <chrono>
#include <functional>

using namespace tilewright;

namespace {

llvm::cl::OptionCategory category("tile-run options");

/// The command line, copied out of LLVM's options: a link in this process
/// resets those.
struct Options {
  std::string input, kernel, variant, device;
  ArgumentTexts texts;
  double rtol = 0, atol = 0, flops = 0;
  unsigned repeat = 1;
  int threads = 0;
};

/// What the file gives: a kernel to compile, or an image of a library.
struct Source {
  CompileRequest request;
  /// Handle that owns the strings of `image`; null for a source.
  TwLibrary library = nullptr;
  TwImageInfo image = {};
  bool hasImage = false;
};

// The options are static: the linker resets every registered one.
Options parseCommandLine(int argc, char **argv) {
  using namespace llvm;
  static cl::opt<std::string> input(
      cl::Positional, cl::Required,
      cl::desc("LIBRARY.tilelib | DESCRIPTION.json | FILE.mlir"),
      cl::cat(category));
  static cl::opt<std::string> kernel("kernel", cl::value_desc("name"),
                              cl::desc("Kernel to run"), cl::cat(category));
  static cl::opt<std::string> variant("variant", cl::value_desc("name"),
                               cl::desc("Variant to run (default: the first)"),
                               cl::cat(category));
  static cl::opt<std::string> device("device", cl::value_desc("host|emu:CHIP"),
                              cl::desc("Where to run it (default: host)"),
                              cl::init("host"), cl::cat(category));
  static cl::list<std::string> args(
      "arg", cl::value_desc("NAME=FILE.npy|NUMBER"),
      cl::desc("An argument; an array is also an output if --out names it"),
      cl::cat(category));
  static cl::list<std::string> outs("out", cl::value_desc("NAME=FILE[:TYPE:SHAPE]"),
                             cl::desc("Write an argument after the launch"),
                             cl::cat(category));
  static cl::list<std::string> checks("check", cl::value_desc("NAME=FILE.npy"),
                               cl::desc("Compare an argument after the launch"),
                               cl::cat(category));
  static cl::opt<double> rtol("rtol", cl::desc("Relative tolerance (default: 1e-5)"),
                       cl::init(1e-5), cl::cat(category));
  static cl::opt<double> atol("atol", cl::desc("Absolute tolerance (default: 1e-8)"),
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
  return options;
}

int fail(const llvm::Twine &message) {
  llvm::StringRef text;
  llvm::SmallString<256> storage;
  text = message.toStringRef(storage);
  llvm::errs() << "tile-run: error: " << text << "\n";
  return 1;
}

llvm::Error openDescription(const Options &options, Source &source) {
  std::vector<llvm::StringRef> chips;
  for (const ChipInfo *chip : allChips())
    chips.push_back(chip->name);
  chips.push_back("host");
  llvm::Expected<Description> description =
      readDescription(options.input, chips);
  if (!description)
    return description.takeError();
  const KernelDescription *kernel = &description->kernels.front();
  if (!options.kernel.empty()) {
    llvm::Expected<const KernelDescription *> found =
        description->find(options.kernel);
    if (!found)
      return found.takeError();
    kernel = *found;
  } else if (description->kernels.size() > 1) {
    return llvm::createStringError("expected --kernel: '" + options.input +
                                   "' has several");
  }
  const Specialization *variant = nullptr;
  std::vector<llvm::StringRef> names;
  for (const Specialization &candidate : kernel->specializations) {
    names.push_back(candidate.name);
    if (!variant &&
        (options.variant.empty() || options.variant == candidate.name))
      variant = &candidate;
  }
  if (!variant)
    return llvm::createStringError("no variant '" + options.variant +
                                   "'; kernel '" + kernel->name + "' has " +
                                   llvm::join(names, ", "));
  llvm::Expected<std::string> text = instantiate(*kernel, *variant);
  if (!text)
    return text.takeError();
  source.request.source = std::move(*text);
  source.request.sourceName = kernel->source.displayName;
  source.request.kernel = kernel->entry;
  source.request.variant = variant->name;
  source.request.facts = {variant->dims, variant->divisible, variant->align};
  source.request.optLevel = kernel->optLevel;
  source.request.schedule = kernel->schedule;
  return llvm::Error::success();
}

llvm::Error openLibrary(const Options &options, const ChipInfo &chip,
                        Source &source) {
  if (llvm::Error error = toError(
          twLibraryCreateFromFile(options.input.c_str(), &source.library)))
    return error;
  if (options.kernel.empty())
    return llvm::createStringError("expected --kernel for library '" +
                                   options.input + "'");
  const char *variant =
      options.variant.empty() ? nullptr : options.variant.c_str();
  // Highest first: the CPU runs images of its own level and of those below.
  TwStatus status = nullptr;
  for (const ChipInfo *level : llvm::reverse(allChips())) {
    bool isBelow = !chip.isGpu() && level->backend == Backend::Host &&
                   level->hostVectorBits <= chip.hostVectorBits;
    if (level != &chip && !isBelow)
      continue;
    TwStatus found = twLibraryFindImage(source.library, options.kernel.c_str(),
                                        variant, level->name.str().c_str(),
                                        &source.image);
    if (!found) {
      twStatusDestroy(status);
      status = nullptr;
      break;
    }
    // The message about the highest level is the one to show.
    if (status)
      twStatusDestroy(found);
    else
      status = found;
  }
  // An emulated kernel is compiled again from the source of any image.
  if (chip.isGpu() && status && twStatusGetCode(status) == TW_NOT_FOUND) {
    for (size_t i = 0; i < twLibraryGetNumImages(source.library); ++i) {
      TwImageInfo image;
      if (llvm::Error error =
              toError(twLibraryGetImage(source.library, i, &image)))
        return error;
      if (options.kernel != image.kernel || (variant && options.variant !=
                                             image.variant))
        continue;
      twStatusDestroy(status);
      status = nullptr;
      source.image = image;
      break;
    }
  }
  if (llvm::Error error = toError(status))
    return error;
  source.hasImage = true;
  source.request.source = source.image.source;
  source.request.sourceName = options.input;
  source.request.kernel = source.image.kernel;
  source.request.variant = source.image.variant;
  return llvm::Error::success();
}

llvm::Error openSource(const Options &options, const ChipInfo &chip,
                       Source &source) {
  llvm::StringRef input = options.input;
  source.request.chip = &chip;
  if (input.ends_with(".json"))
    return openDescription(options, source);
  auto buffer = llvm::MemoryBuffer::getFile(input);
  if (!buffer)
    return llvm::createStringError("cannot read '" + input +
                                   "': " + buffer.getError().message());
  llvm::StringRef text = (*buffer)->getBuffer();
  if (input.ends_with(".tilelib") || text.starts_with("\x10\xFF\x10\xAD"))
    return openLibrary(options, chip, source);
  if (!options.variant.empty())
    return llvm::createStringError("'--variant': '" + input +
                                   "' is no description and has no variants");
  source.request.source = text.str();
  source.request.sourceName = input.str();
  source.request.kernel = options.kernel;
  return llvm::Error::success();
}

double nowMs() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch())
      .count();
}

/// Launches `repeat` times on the same contents; returns the shortest time.
llvm::Expected<double> launchRepeatedly(std::vector<RunArgument> &arguments,
                                        unsigned repeat,
                                        std::function<llvm::Error()> launch) {
  double best = 0;
  for (unsigned i = 0; i < repeat; ++i) {
    if (i)
      resetArguments(arguments);
    double start = nowMs();
    if (llvm::Error error = launch())
      return std::move(error);
    double time = nowMs() - start;
    best = i ? std::min(best, time) : time;
  }
  return best;
}

std::vector<TwValue> getValues(llvm::ArrayRef<RunArgument> arguments) {
  std::vector<TwValue> values;
  for (const RunArgument &argument : arguments) {
    values.push_back(argument.value);
    if (argument.value.kind == TW_ARRAY)
      values.back().sizes = argument.sizes.data();
  }
  return values;
}

llvm::Expected<double> runOnHost(TwKernel kernel, TwBytes image,
                                 const Options &options,
                                 std::vector<RunArgument> &arguments) {
  TwHostKernel loaded = nullptr;
  if (llvm::Error error = toError(twHostKernelLoad(kernel, image, &loaded)))
    return std::move(error);
  auto unload = llvm::scope_exit([&] { twHostKernelDestroy(loaded); });
  TwHostPool pool = nullptr;
  if (llvm::Error error = toError(twHostPoolCreate(options.threads, &pool)))
    return std::move(error);
  auto close = llvm::scope_exit([&] { twHostPoolDestroy(pool); });
  std::vector<TwValue> values = getValues(arguments);
  return launchRepeatedly(arguments, options.repeat, [&] {
    return toError(twHostLaunch(pool, loaded, values.data(), values.size()));
  });
}

llvm::Expected<double> runInEmulator(TwKernel kernel,
                                     const EmulatedKernel &compiled,
                                     const Options &options,
                                     std::vector<RunArgument> &arguments) {
  std::vector<TwValue> values = getValues(arguments);
  std::vector<uint8_t> kernarg(twKernelGetKernargBytes(kernel));
  int64_t grid[3] = {1, 1, 1};
  if (llvm::Error error = toError(
          twKernelPrepare(kernel, values.data(), values.size(), kernarg.data(),
                          kernarg.size(), grid)))
    return std::move(error);
  std::vector<emulator::MemoryRegion> memory;
  for (RunArgument &argument : arguments)
    if (argument.memory && argument.memory->size())
      memory.push_back(emulator::MemoryRegion::host(
          argument.memory->data(), argument.memory->size(), argument.info.name,
          argument.info.isWritten));
  emulator::LaunchConfig config;
  config.chip = twKernelGetChip(kernel);
  // The hardware's grid has one dimension; the kernel takes it apart.
  int64_t workgroups = grid[0] * grid[1] * grid[2];
  if (workgroups == 0)
    return 0.0;
  if (workgroups > INT32_MAX)
    return llvm::createStringError("expected a grid of at most 2147483647 "
                                   "workgroups, but got " +
                                   llvm::Twine(workgroups));
  config.grid = {static_cast<uint32_t>(workgroups), 1, 1};
  config.workgroup = {
      static_cast<uint32_t>(twKernelGetWorkgroupThreads(kernel)), 1, 1};
  config.kernarg = kernarg;
  config.threads = options.threads > 0
                       ? static_cast<unsigned>(options.threads)
                       : llvm::hardware_concurrency().compute_thread_count();
  llvm::Expected<std::shared_ptr<const emulator::Program>> program =
      emulator::decode(*compiled.module, twKernelGetSymbol(kernel),
                       config.chip);
  if (!program)
    return program.takeError();
  // What the module does not declare statically is dynamic.
  int64_t shared = twKernelGetSharedBytes(kernel);
  int64_t fixed = static_cast<int64_t>(emulator::getSharedBytes(**program));
  config.sharedBytes = static_cast<uint64_t>(std::max<int64_t>(
      0, shared - fixed));
  return launchRepeatedly(arguments, options.repeat, [&] {
    return emulator::launch(**program, memory, config);
  });
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
    llvm::errs() << "tile-run: error: check '" << argument.info.name << "': "
                 << difference->wrong << " of " << difference->elements
                 << " elements are wrong; element " << difference->first
                 << ": expected " << difference->expected << ", but got "
                 << difference->got << "\n";
  }
  return good;
}

int run(const Options &options) {
  if (options.repeat == 0)
    return fail("expected at least 1 for --repeat, but got 0");
  llvm::StringRef device = options.device;
  bool isEmulated = device.consume_front("emu:");
  const ChipInfo *chip = lookupChip(device);
  if (!isEmulated && device != "host")
    return fail("expected device 'host' or 'emu:CHIP', but got '" +
                options.device + "'");
  if (!chip)
    return fail(isEmulated ? describeUnknownChip(device)
                           : "this CPU is below x86-64-v3, the least level "
                             "that kernels are compiled for");
  if (isEmulated && !chip->isGpu())
    return fail("expected a GPU behind 'emu:', but got '" + device + "'");

  Source source;
  auto closeLibrary = llvm::scope_exit([&] {
    if (source.library)
      twLibraryDestroy(source.library);
  });
  if (llvm::Error error = openSource(options, *chip, source))
    return fail(llvm::toString(std::move(error)));

  // The host runs an image of a library as it is; all else is compiled now.
  std::string metadata, object;
  EmulatedKernel emulated;
  if (isEmulated) {
    llvm::Expected<EmulatedKernel> compiled = compileForEmulator(source.request);
    if (!compiled)
      return fail(llvm::toString(compiled.takeError()));
    emulated.context = std::move(compiled->context);
    emulated.module = std::move(compiled->module);
    metadata = compiled->metadata;
  } else if (source.hasImage) {
    metadata = source.image.metadata;
  } else {
    llvm::Expected<CompiledKernel> compiled = compileKernel(source.request);
    if (!compiled)
      return fail(llvm::toString(compiled.takeError()));
    llvm::errs() << compiled->remarks;
    metadata = std::move(compiled->metadata);
    object = std::move(compiled->object.bytes);
  }

  TwKernel kernel = nullptr;
  if (llvm::Error error = toError(twKernelCreate(metadata.c_str(), &kernel)))
    return fail(llvm::toString(std::move(error)));
  auto destroyKernel = llvm::scope_exit([&] { twKernelDestroy(kernel); });
  llvm::Expected<std::vector<RunArgument>> arguments =
      bindArguments(kernel, options.texts);
  if (!arguments)
    return fail(llvm::toString(arguments.takeError()));
  TwBytes image = source.hasImage ? source.image.image
                                  : TwBytes{object.data(), object.size()};
  llvm::Expected<double> ms =
      isEmulated ? runInEmulator(kernel, emulated, options, *arguments)
                 : runOnHost(kernel, image, options, *arguments);
  if (!ms)
    return fail(llvm::toString(ms.takeError()));
  if (llvm::Error error = writeOutputs(*arguments))
    return fail(llvm::toString(std::move(error)));
  printSpeed(options, kernel, *ms, *arguments);
  llvm::Expected<bool> good = checkOutputs(options, *arguments);
  if (!good)
    return fail(llvm::toString(good.takeError()));
  return *good ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  installCrashGuard("tile-run");
  Options options = parseCommandLine(argc, argv);
  setCrashGuardInput(options.input);
  return finishCrashGuarded(run(options));
}
