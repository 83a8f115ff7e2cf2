// Link.cpp - links a relocatable object to a shared one with lld in process.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Backend.h"
#include "TemporaryFile.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>
#include <pthread.h>

LLD_HAS_DRIVER(elf)

namespace tilewright {
/// lld keeps its state in globals, and a failed link may leave it unusable.
static std::mutex linkMutex;
static bool linkerIsBroken = false;

/// A child that is forked during a link would wait for a thread that it does
/// not have: fork waits for the link instead.
static void keepForksOut() {
  [[maybe_unused]] static const int error =
      pthread_atfork([] { linkMutex.lock(); }, [] { linkMutex.unlock(); },
                     [] { linkMutex.unlock(); });
}

static std::string describeLinkErrors(llvm::StringRef text) {
  std::string result;
  llvm::SmallVector<llvm::StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef line : lines) {
    // "ld.lld: error: undefined symbol: expf", then ">>> referenced by ...".
    size_t at = line.find("error: ");
    if (at == llvm::StringRef::npos)
      continue;
    if (!result.empty())
      result += "; ";
    result += line.drop_front(at + 7).str();
  }
  if (result.empty())
    result = text.trim().str();
  return result.empty() ? "the linker crashed" : result;
}

static llvm::Expected<std::string>
linkIn(llvm::StringRef folder, llvm::StringRef object, const ChipInfo &chip) {
  TemporaryFile input(folder), output(folder);
  if (llvm::Error error = input.create("o", object))
    return std::move(error);
  // lld writes to mapped memory: in a folder that is full it would crash, and
  // the process with it. Its output is hardly larger than its input.
  if (llvm::Error error = output.create("so", "", 2 * object.size() + 65536))
    return std::move(error);

  llvm::SmallVector<const char *> arguments = {
      "ld.lld", "-shared",    "--threads=1",     "-z",
      "defs",   "-Bsymbolic", "--build-id=none", "--hash-style=sysv"};
  if (chip.backend == Backend::Host)
    arguments.append({"-z", "norelro", "-z", "max-page-size=4096", "-s"});
  arguments.append({input.getPath().data(), "-o", output.getPath().data()});

  std::string text;
  {
    keepForksOut();
    std::lock_guard<std::mutex> lock(linkMutex);
    if (linkerIsBroken)
      return llvm::make_error<CodegenError>(
          "the linker crashed before and cannot be used in this process");
    llvm::raw_string_ostream os(text);
    lld::Result result =
        lld::lldMain(arguments, os, os, {{lld::Gnu, &lld::elf::link}});
    linkerIsBroken = !result.canRunAgain;
    // It names its output where that cannot be written, and never else.
    if (result.retCode != 0 && llvm::StringRef(text).contains(output.getPath()))
      return makeFileError("write", folder, describeLinkErrors(text));
    if (result.retCode != 0)
      return llvm::make_error<CodegenError>("cannot link a code object for '" +
                                            chip.name.str() +
                                            "': " + describeLinkErrors(text));
  }
  return output.read();
}

llvm::Expected<std::string> linkObject(llvm::StringRef object,
                                       const ChipInfo &chip) {
  // In memory, where the system has a folder for such with room in it.
  auto linked = linkIn("/dev/shm", object, chip);
  if (linked)
    return linked;
  if (llvm::Error error = llvm::handleErrors(
          linked.takeError(),
          [](std::unique_ptr<CodegenError> failure) -> llvm::Error {
            if (failure->isSystemFailure)
              return llvm::Error::success();
            return llvm::Error(std::move(failure));
          }))
    return std::move(error);
  return linkIn(getTemporaryFolder(), object, chip);
}

} // namespace tilewright
