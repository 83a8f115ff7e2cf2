// Link.cpp - links a relocatable object to a shared one with lld in process.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Backend.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <mutex>
#include <pthread.h>

LLD_HAS_DRIVER(elf)

namespace tilewright {
namespace {
/// A file in memory where the system has a folder for such, else in its folder
/// for temporary files; removed at the end.
struct TemporaryFile {
  llvm::SmallString<128> path;
  int descriptor = -1;
  ~TemporaryFile() {
    if (path.empty())
      return;
    llvm::sys::fs::remove(path);
    llvm::sys::DontRemoveFileOnSignal(path);
  }
  llvm::Error create(llvm::StringRef suffix) {
    if (!llvm::sys::fs::createUniqueFile(
            "/dev/shm/tilewright-%%%%%%%%." + suffix, descriptor, path)) {
      // A process of the runtime that takes too long is ended by one.
      llvm::sys::RemoveFileOnSignal(path);
      return llvm::Error::success();
    }
    if (std::error_code code = llvm::sys::fs::createTemporaryFile(
            "tilewright", suffix, descriptor, path))
      return llvm::make_error<CodegenError>("cannot create a temporary file: " +
                                            code.message());
    llvm::sys::RemoveFileOnSignal(path);
    return llvm::Error::success();
  }
};
} // namespace

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
  return result.empty() ? text.trim().str() : result;
}

llvm::Expected<std::string> linkObject(llvm::StringRef object,
                                       const ChipInfo &chip) {
  TemporaryFile input, output;
  if (llvm::Error error = input.create("o"))
    return std::move(error);
  {
    llvm::raw_fd_ostream os(input.descriptor, /*shouldClose=*/true);
    os << object;
    os.flush();
    if (os.has_error()) {
      std::string reason = os.error().message();
      os.clear_error();
      return llvm::make_error<CodegenError>("cannot write a temporary file: " +
                                            reason);
    }
  }
  if (llvm::Error error = output.create("so"))
    return std::move(error);
  llvm::sys::fs::closeFile(output.descriptor);

  llvm::SmallVector<const char *> arguments = {
      "ld.lld", "-shared",    "--threads=1",     "-z",
      "defs",   "-Bsymbolic", "--build-id=none", "--hash-style=sysv"};
  if (chip.backend == Backend::Host)
    arguments.append({"-z", "norelro", "-z", "max-page-size=4096", "-s"});
  arguments.append({input.path.c_str(), "-o", output.path.c_str()});

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
    if (result.retCode != 0)
      return llvm::make_error<CodegenError>("cannot link a code object for '" +
                                            chip.name.str() +
                                            "': " + describeLinkErrors(text));
  }
  auto buffer = llvm::MemoryBuffer::getFile(output.path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::make_error<CodegenError>("cannot read the linked object: " +
                                          buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

} // namespace tilewright
