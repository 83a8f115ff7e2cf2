// tile-compile.cpp - compiles kernel descriptions into libraries of kernels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Codegen/Container.h"
#include "tilewright/Description/Description.h"
#include "tilewright/Pipeline/Compile.h"
#include "tilewright/Support/CommandLine.h"
#include "tilewright/Support/CrashGuard.h"
#include "tilewright/Target/ChipInfo.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileOutputBuffer.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/ThreadPool.h"
#include <atomic>
#include <cstring>
#include <mutex>

using namespace tilewright;

namespace {

llvm::cl::OptionCategory category("tile-compile options");

enum class Emit { Tilelib, Object, Assembly, Llvm, Mlir, Ptx };

/// The command line, copied out of LLVM's options: a link in this process
/// resets those.
struct Options {
  std::string input, output, report;
  std::vector<std::string> chips, kernels, variants;
  Emit emit = Emit::Tilelib;
  unsigned jobs = 1;
  bool timeReport = false, quiet = false, assemblePtx = true;
};

/// One kernel, variant and chip, and what came of it.
struct Job {
  CompileRequest request;
  std::optional<CompiledKernel> result;
  std::string error;
};

int fail(const llvm::Twine &message) {
  llvm::errs() << "tile-compile: error: " << message << "\n";
  return 1;
}

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
                 clEnumValN(Emit::Ptx, "ptx", "PTX text")),
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
  cl::HideUnrelatedOptions(category);
  parseCommandLineOptions(argc, argv, "tile-compile",
                          "Tilewright's compiler of kernel descriptions\n");
  Options options;
  options.input = input;
  options.output = output;
  options.report = report;
  options.chips.assign(chips.begin(), chips.end());
  options.kernels.assign(kernels.begin(), kernels.end());
  options.variants.assign(variants.begin(), variants.end());
  options.emit = emit;
  options.jobs = jobs;
  options.timeReport = timeReport;
  options.quiet = quiet;
  options.assemblePtx = !noPtxas;
  return options;
}

std::vector<llvm::StringRef> getChipNames() {
  std::vector<llvm::StringRef> names;
  for (const ChipInfo *chip : allChips())
    names.push_back(chip->name);
  names.push_back("host");
  return names;
}

/// A plain MLIR file is a description of all its kernels without parameters.
llvm::Expected<Description> describeMlir(const Options &options) {
  auto buffer = llvm::MemoryBuffer::getFile(options.input);
  if (!buffer)
    return llvm::createStringError("cannot read '" + options.input +
                                   "': " + buffer.getError().message());
  if (options.chips.empty())
    return llvm::createStringError("expected --chip for '" + options.input +
                                   "': only a description names chips");
  llvm::StringRef text = (*buffer)->getBuffer();
  llvm::Expected<std::vector<std::string>> names =
      listKernels(text, options.input);
  if (!names)
    return names.takeError();
  if (names->empty())
    return llvm::createStringError("expected a tile.kernel in '" +
                                   options.input + "', but got none");
  Description description;
  description.file = options.input;
  for (const std::string &name : *names) {
    KernelDescription kernel;
    kernel.name = kernel.entry = name;
    // The text is no template: '$' stands for itself.
    for (char c : text)
      kernel.source.text += c == '$' ? "$$" : std::string(1, c);
    kernel.source.displayName = options.input;
    kernel.specializations.emplace_back();
    kernel.specializations.back().name = "default";
    kernel.chips = options.chips;
    description.kernels.push_back(std::move(kernel));
  }
  return description;
}

llvm::Expected<std::vector<Job>> planJobs(const Options &options,
                                          const Description &description) {
  for (const std::string &name : options.kernels)
    if (llvm::Expected<const KernelDescription *> kernel =
            description.find(name);
        !kernel)
      return kernel.takeError();
  std::vector<Job> jobs;
  std::vector<std::string> knownVariants;
  for (const KernelDescription &kernel : description.kernels) {
    if (!options.kernels.empty() &&
        !llvm::is_contained(options.kernels, kernel.name))
      continue;
    for (const Specialization &variant : kernel.specializations) {
      knownVariants.push_back(variant.name);
      if (!options.variants.empty() &&
          !llvm::is_contained(options.variants, variant.name))
        continue;
      llvm::Expected<std::string> source = instantiate(kernel, variant);
      if (!source)
        return source.takeError();
      for (const std::string &name :
           options.chips.empty() ? kernel.chips : options.chips) {
        const ChipInfo *chip = lookupChip(name);
        if (!chip)
          return llvm::createStringError(describeUnknownChip(name));
        Job job;
        job.request.source = *source;
        job.request.sourceName = kernel.source.displayName;
        job.request.kernel = kernel.entry;
        job.request.variant = variant.name;
        job.request.facts = {variant.dims,
                             variant.divisible,
                             variant.align,
                             variant.atMost,
                             {},
                             {}};
        job.request.chip = chip;
        job.request.optLevel = kernel.optLevel;
        job.request.schedule = kernel.schedule;
        job.request.keepLlvm = options.emit == Emit::Llvm;
        job.request.keepAssembly = options.emit == Emit::Assembly;
        job.request.assemblePtx =
            options.assemblePtx && options.emit != Emit::Ptx;
        jobs.push_back(std::move(job));
      }
    }
  }
  for (const std::string &name : options.variants)
    if (!llvm::is_contained(knownVariants, name))
      return llvm::createStringError(description.file + ": no variant '" +
                                     name + "'; it has " +
                                     llvm::join(knownVariants, ", "));
  return jobs;
}

void runJobs(std::vector<Job> &jobs, const Options &options) {
  bool hasBar = !options.quiet && llvm::sys::Process::StandardErrIsDisplayed();
  std::mutex mutex;
  size_t done = 0;
  auto run = [&](Job &job) {
    llvm::Expected<CompiledKernel> result = compileKernel(job.request);
    if (result)
      job.result = std::move(*result);
    else
      job.error = llvm::toString(result.takeError());
    std::lock_guard<std::mutex> lock(mutex);
    ++done;
    if (hasBar) {
      size_t filled = 40 * done / jobs.size();
      llvm::errs() << "\r[" << std::string(filled, '=')
                   << std::string(40 - filled, ' ') << "] " << done << "/"
                   << jobs.size() << (done == jobs.size() ? "\n" : "");
    }
  };
  if (options.jobs == 1) {
    for (Job &job : jobs)
      run(job);
    return;
  }
  llvm::DefaultThreadPool pool(llvm::hardware_concurrency(options.jobs));
  for (Job &job : jobs)
    pool.async([&run, &job] { run(job); });
  pool.wait();
}

std::string show(std::optional<int64_t> number) {
  return number ? std::to_string(*number) : "-";
}

void printTable(llvm::ArrayRef<Job> jobs, bool withStages) {
  llvm::raw_ostream &os = llvm::outs();
  os << llvm::formatv("{0,-20} {1,-18} {2,-10} {3,9} {4,6} {5,6} {6,6} {7,7} "
                      "{8,8} {9,9}",
                      "kernel", "variant", "chip", "code", "vgpr", "agpr",
                      "sgpr", "spills", "shared", "ms");
  if (withStages)
    os << llvm::formatv(" {0,8} {1,8} {2,9} {3,8} {4,8} {5,8}", "parse",
                        "passes", "translate", "optimize", "backend",
                        "assemble");
  os << "\n";
  for (const Job &job : jobs) {
    if (!job.result) {
      os << llvm::formatv("{0,-20} {1,-18} {2,-10} failed\n",
                          job.request.kernel, job.request.variant,
                          job.request.chip->name);
      continue;
    }
    const ResourceUse &use = job.result->object.use;
    std::optional<int64_t> shared;
    if (llvm::Expected<llvm::json::Value> metadata =
            llvm::json::parse(job.result->metadata)) {
      if (std::optional<int64_t> bytes =
              metadata->getAsObject()->getInteger("shared_bytes"))
        shared = *bytes;
    } else {
      llvm::consumeError(metadata.takeError());
    }
    const StageTimes &times = job.result->times;
    os << llvm::formatv("{0,-20} {1,-18} {2,-10} {3,9} {4,6} {5,6} {6,6} "
                        "{7,7} {8,8} {9,9:f1}",
                        job.result->kernel, job.result->variant,
                        job.result->chip, use.codeBytes, show(use.vgprs),
                        show(use.agprs), show(use.sgprs), show(use.spills),
                        show(shared), times.totalMs);
    if (withStages)
      os << llvm::formatv(" {0,8:f1} {1,8:f1} {2,9:f1} {3,8:f1} {4,8:f1} "
                          "{5,8:f1}",
                          times.parseMs, times.passesMs, times.translateMs,
                          times.optimizeMs, times.backendMs, times.assembleMs);
    os << "\n";
  }
}

llvm::Error writeFile(llvm::StringRef path, llvm::StringRef bytes) {
  if (path == "-") {
    llvm::outs() << bytes;
    return llvm::Error::success();
  }
  // Renamed into place at the end: nobody sees half a file.
  auto buffer = llvm::FileOutputBuffer::create(path, bytes.size());
  llvm::Error failure = buffer ? llvm::Error::success() : buffer.takeError();
  if (!failure) {
    std::memcpy((*buffer)->getBufferStart(), bytes.data(), bytes.size());
    failure = (*buffer)->commit();
  }
  if (failure)
    return llvm::createStringError("cannot write '" + path +
                                   "': " + llvm::toString(std::move(failure)));
  return llvm::Error::success();
}

std::string makeReport(llvm::ArrayRef<Job> jobs) {
  namespace json = llvm::json;
  json::Array rows;
  for (const Job &job : jobs) {
    json::Object row{{"kernel", job.request.kernel},
                     {"variant", job.request.variant},
                     {"chip", job.request.chip->name}};
    if (!job.result) {
      row["error"] = job.error;
      rows.push_back(std::move(row));
      continue;
    }
    const ResourceUse &use = job.result->object.use;
    auto add = [&](llvm::StringRef key, std::optional<int64_t> number) {
      if (number)
        row[key] = *number;
    };
    row["kind"] = getCodeObjectKindName(job.result->object.kind);
    row["code_bytes"] = use.codeBytes;
    row["object_bytes"] = static_cast<int64_t>(job.result->object.bytes.size());
    add("vgpr", use.vgprs);
    add("agpr", use.agprs);
    add("sgpr", use.sgprs);
    add("spills", use.spills);
    const StageTimes &times = job.result->times;
    row["ms"] = json::Object{
        {"parse", times.parseMs},         {"passes", times.passesMs},
        {"translate", times.translateMs}, {"optimize", times.optimizeMs},
        {"backend", times.backendMs},     {"assemble", times.assembleMs},
        {"total", times.totalMs}};
    rows.push_back(std::move(row));
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  os << llvm::formatv(
      "{0:2}\n",
      json::Value(json::Object{{"version", 1}, {"images", std::move(rows)}}));
  return text;
}

/// The library, or the one text or object that was asked for.
std::string makeOutput(const std::vector<Job> &jobs, Emit emit) {
  const CompiledKernel &first = *jobs.front().result;
  switch (emit) {
  case Emit::Object:
    return first.object.bytes;
  case Emit::Assembly:
    return first.assembly;
  case Emit::Llvm:
    return first.llvmIr;
  case Emit::Ptx:
    return first.object.ptx;
  default:
    break;
  }
  std::vector<ContainerEntry> entries;
  for (const Job &job : jobs) {
    const CompiledKernel &kernel = *job.result;
    entries.push_back({kernel.object.kind, kernel.object.bytes, kernel.chip,
                       kernel.triple, kernel.kernel, kernel.variant,
                       kernel.metadata, kernel.source, kernel.object.ptx});
  }
  return writeContainer(entries);
}

int run(const Options &options) {
  std::vector<llvm::StringRef> chips = getChipNames();
  llvm::Expected<Description> description =
      llvm::StringRef(options.input).ends_with(".mlir")
          ? describeMlir(options)
          : readDescription(options.input, chips);
  if (!description)
    return fail(llvm::toString(description.takeError()));
  if (options.jobs < 1 || options.jobs > 1024)
    return fail("expected '-j' in [1, 1024], but got " +
                llvm::Twine(options.jobs));
  llvm::Expected<std::vector<Job>> jobs = planJobs(options, *description);
  if (!jobs)
    return fail(llvm::toString(jobs.takeError()));
  if (options.emit != Emit::Tilelib && jobs->size() != 1)
    return fail("expected one kernel, variant and chip for '--emit', but got " +
                llvm::Twine(jobs->size()) +
                "; choose with --kernel, --variant and --chip");
  if (options.emit == Emit::Ptx &&
      jobs->front().request.chip->backend != Backend::NVPTX)
    return fail("expected an NVIDIA chip for '--emit=ptx', but got '" +
                jobs->front().request.chip->name + "'");

  std::string output = options.output;
  if (output.empty()) {
    llvm::SmallString<128> path(llvm::sys::path::filename(options.input));
    llvm::sys::path::replace_extension(path, "tilelib");
    output = options.emit == Emit::Tilelib ? path.str().str() : "-";
  }
  if (options.emit == Emit::Mlir) {
    llvm::Expected<std::string> text = specializeSource(jobs->front().request);
    if (!text)
      return fail(llvm::toString(text.takeError()));
    if (llvm::Error error = writeFile(output, *text))
      return fail(llvm::toString(std::move(error)));
    return 0;
  }

  runJobs(*jobs, options);
  if (!options.quiet && output != "-")
    printTable(*jobs, options.timeReport);
  if (!options.report.empty())
    if (llvm::Error error = writeFile(options.report, makeReport(*jobs)))
      return fail(llvm::toString(std::move(error)));
  size_t failures = 0;
  for (const Job &job : *jobs) {
    if (job.result) {
      llvm::errs() << job.result->remarks;
      continue;
    }
    ++failures;
    llvm::errs() << "tile-compile: kernel '" << job.request.kernel
                 << "', variant '" << job.request.variant << "', chip '"
                 << job.request.chip->name << "':\n"
                 << job.error << "\n";
  }
  if (failures)
    return fail(llvm::Twine(failures) + " of " + llvm::Twine(jobs->size()) +
                " compilations failed; wrote no output");
  if (llvm::Error error = writeFile(output, makeOutput(*jobs, options.emit)))
    return fail(llvm::toString(std::move(error)));
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  installCrashGuard("tile-compile");
  Options options = parseCommandLine(argc, argv);
  setCrashGuardInput(options.input);
  return finishCrashGuarded(run(options));
}
