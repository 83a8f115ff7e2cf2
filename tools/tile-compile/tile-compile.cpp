// tile-compile.cpp - compiles kernel descriptions into libraries of kernels.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Options.h"
#include "Plan.h"
#include "Report.h"

#include "tilewright/JIT/Jit.h"
#include "tilewright/Pipeline/CHeader.h"
#include "tilewright/Support/CrashGuard.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileOutputBuffer.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/ThreadPool.h"
#include <cstring>
#include <mutex>

using namespace tilewright;

namespace {

int fail(const llvm::Twine &message) {
  llvm::errs() << "tile-compile: error: " << message << "\n";
  return 1;
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
  std::vector<const CompiledKernel *> kernels;
  for (const Job &job : jobs)
    kernels.push_back(&*job.result);
  return writeLibrary(kernels);
}

bool isIdentifier(llvm::StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

/// Writes the header of the kernels in `jobs`, which follow each other.
int writeHeader(llvm::ArrayRef<Job> jobs, const Options &options,
                llvm::StringRef output) {
  std::vector<HeaderKernel> kernels;
  size_t failures = 0;
  for (const Job &job : jobs) {
    llvm::Expected<llvm::json::Object> interface = describeKernel(job.request);
    if (!interface) {
      ++failures;
      llvm::errs() << "tile-compile: kernel '" << job.request.name
                   << "', variant '" << job.request.variant << "':\n"
                   << llvm::toString(interface.takeError()) << "\n";
      continue;
    }
    if (kernels.empty() || kernels.back().name != job.request.name)
      kernels.push_back({job.request.name, {}});
    kernels.back().variants.push_back(
        {job.request.variant, std::move(*interface)});
  }
  if (failures)
    return fail(llvm::Twine(failures) + " of " + llvm::Twine(jobs.size()) +
                " variants have errors; wrote no header");
  HeaderOptions header;
  header.sourceName = llvm::sys::path::filename(options.input).str();
  header.fileName = output == "-"
                        ? llvm::sys::path::stem(options.input).str() + ".h"
                        : llvm::sys::path::filename(output).str();
  header.prefix = options.cPrefix;
  if (llvm::Error error = writeFile(output, writeCHeader(kernels, header)))
    return fail(llvm::toString(std::move(error)));
  return 0;
}

int run(const Options &options) {
  if (!options.cPrefix.empty() && options.emit != Emit::CHeader)
    return fail("expected '--emit=c-header' with '--c-prefix'");
  if (!options.cPrefix.empty() && !isIdentifier(options.cPrefix))
    return fail("expected an identifier for '--c-prefix', but got '" +
                options.cPrefix + "'");
  llvm::Expected<Description> description = readInput(options);
  if (!description)
    return fail(llvm::toString(description.takeError()));
  if (options.jobs < 1 || options.jobs > 1024)
    return fail("expected '-j' in [1, 1024], but got " +
                llvm::Twine(options.jobs));
  llvm::Expected<std::vector<Job>> jobs = planJobs(options, *description);
  if (!jobs)
    return fail(llvm::toString(jobs.takeError()));
  if (options.emit == Emit::CHeader)
    return writeHeader(*jobs, options,
                       options.output.empty() ? "-" : options.output);
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
    llvm::errs() << "tile-compile: kernel '" << job.request.name
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
