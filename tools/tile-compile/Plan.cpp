// Plan.cpp - what tile-compile has to compile.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Plan.h"
#include "tilewright/JIT/Jit.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"

namespace tilewright {

static std::vector<llvm::StringRef> getChipNames() {
  std::vector<llvm::StringRef> names;
  for (const ChipInfo *chip : allChips())
    names.push_back(chip->name);
  names.push_back("host");
  return names;
}

/// A plain MLIR file is a description of all its kernels without parameters.
static llvm::Expected<Description> describeMlir(const Options &options) {
  auto buffer = llvm::MemoryBuffer::getFile(options.input);
  if (!buffer)
    return llvm::createStringError("cannot read '" + options.input +
                                   "': " + buffer.getError().message());
  if (options.chips.empty() && options.emit != Emit::CHeader)
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

llvm::Expected<Description> readInput(const Options &options) {
  if (llvm::StringRef(options.input).ends_with(".mlir"))
    return describeMlir(options);
  return readDescription(options.input, getChipNames());
}

llvm::Expected<std::vector<Job>> planJobs(const Options &options,
                                          const Description &description) {
  for (const std::string &name : options.kernels)
    if (llvm::Expected<const KernelDescription *> kernel =
            description.find(name);
        !kernel)
      return kernel.takeError();
  for (const std::string &name : options.chips)
    if (!lookupChip(name))
      return llvm::createStringError(describeUnknownChip(name));
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
      llvm::Expected<CompileRequest> request = makeRequest(kernel, variant);
      if (!request)
        return request.takeError();
      Job job;
      job.request = std::move(*request);
      job.request.linker = options.linker;
      job.request.keepLlvm = options.emit == Emit::Llvm;
      job.request.keepAssembly = options.emit == Emit::Assembly;
      job.request.assemblePtx =
          options.assemblePtx && options.emit != Emit::Ptx;
      // The interface is that of all chips.
      if (options.emit == Emit::CHeader) {
        jobs.push_back(std::move(job));
        continue;
      }
      for (const std::string &name :
           options.chips.empty() ? kernel.chips : options.chips) {
        job.request.chip = lookupChip(name);
        jobs.push_back(job);
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

} // namespace tilewright
