// Source.cpp - what tile-run is given to run.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Source.h"
#include "tilewright/Description/Description.h"
#include "tilewright/JIT/Jit.h"
#include "tilewright/Target/ChipInfo.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace tilewright;

static llvm::Error openDescription(const Options &options, Source &source) {
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
  llvm::Expected<CompileRequest> request = makeRequest(*kernel, *variant);
  if (!request)
    return request.takeError();
  source.request = std::move(*request);
  return llvm::Error::success();
}

/// Finds the kernel, the variant and their text. Which image runs is the
/// runtime's to say.
static llvm::Error openLibrary(const Options &options, llvm::StringRef chip,
                               Source &source) {
  if (llvm::Error error = toError(
          twLibraryCreateFromFile(options.input.c_str(), &source.library)))
    return error;
  if (options.kernel.empty())
    return llvm::createStringError("expected --kernel for library '" +
                                   options.input + "'");
  source.request.sourceName = options.input;
  // The text of an image has one kernel, whose symbol may be another.
  source.kernel = options.kernel;
  source.request.variant = options.variant;
  bool isFound = false;
  for (size_t i = 0; i < twLibraryGetNumImages(source.library); ++i) {
    TwImageInfo image;
    if (llvm::Error error =
            toError(twLibraryGetImage(source.library, i, &image)))
      return error;
    if (options.kernel != image.kernel ||
        (!source.request.variant.empty() &&
         source.request.variant != image.variant))
      continue;
    source.request.variant = image.variant;
    if (!isFound || chip == image.chip)
      source.request.source = image.source;
    isFound = true;
  }
  return llvm::Error::success();
}

llvm::Expected<Source> tilewright::openSource(const Options &options,
                                              llvm::StringRef chip) {
  Source source;
  llvm::StringRef input = options.input;
  if (input.ends_with(".json")) {
    if (llvm::Error error = openDescription(options, source))
      return std::move(error);
    return std::move(source);
  }
  auto buffer = llvm::MemoryBuffer::getFile(input);
  if (!buffer)
    return llvm::createStringError("cannot read '" + input +
                                   "': " + buffer.getError().message());
  llvm::StringRef text = (*buffer)->getBuffer();
  if (input.ends_with(".tilelib") || text.starts_with("\x10\xFF\x10\xAD")) {
    if (llvm::Error error = openLibrary(options, chip, source))
      return std::move(error);
    return std::move(source);
  }
  if (!options.variant.empty())
    return llvm::createStringError("'--variant': '" + input +
                                   "' is no description and has no variants");
  source.request.source = text.str();
  source.request.sourceName = input.str();
  source.request.kernel = options.kernel;
  return std::move(source);
}

llvm::Error tilewright::compileToLibrary(Source &source, const ChipInfo &chip) {
  source.request.chip = &chip;
  llvm::Expected<CompiledKernel> compiled = compileKernel(source.request);
  if (!compiled)
    return compiled.takeError();
  llvm::errs() << compiled->remarks;
  source.kernel = compiled->kernel;
  source.request.variant = compiled->variant;
  std::string bytes = writeLibrary(&*compiled);
  return toError(
      twLibraryCreate({bytes.data(), bytes.size()}, &source.library));
}
