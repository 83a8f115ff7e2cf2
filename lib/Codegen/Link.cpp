// Link.cpp - links a relocatable object to a shared one with lld in process.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Backend.h"
#include "TemporaryFile.h"
#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <pthread.h>
#include <unistd.h>
#include <utility>

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

namespace {

/// What lld writes, without a file: for one LLVM would install handlers of
/// signals. Nothing may be forked meanwhile: the child would hold the pipe
/// open.
class OutputPipe {
public:
  OutputPipe() = default;
  OutputPipe(const OutputPipe &) = delete;
  ~OutputPipe() { finish(); }

  llvm::Error start() {
    if (pipe2(ends, O_CLOEXEC))
      return makeFileError("create", folder, llvm::sys::StrError());
    path = folder + "/" + std::to_string(ends[1]);
    // The system may have no such folder, or not let files be opened there.
    int test = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (test < 0)
      return makeFileError("open", folder, llvm::sys::StrError());
    close(test);
    // Signals are for the threads of the program.
    sigset_t all, blocked;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &blocked);
    int error = pthread_create(&thread, nullptr, &readAll, this);
    pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
    isStarted = !error;
    return error ? makeFileError("read", folder, llvm::sys::StrError(error))
                 : llvm::Error::success();
  }

  /// Ends with a NUL byte.
  llvm::StringRef getPath() const { return path; }

  /// Once nobody writes any more.
  std::string finish() {
    if (ends[1] >= 0)
      close(std::exchange(ends[1], -1));
    if (std::exchange(isStarted, false))
      pthread_join(thread, nullptr);
    if (ends[0] >= 0)
      close(std::exchange(ends[0], -1));
    return std::move(bytes);
  }

private:
  static void *readAll(void *pipe) {
    auto &self = *static_cast<OutputPipe *>(pipe);
    char buffer[1 << 16];
    while (true) {
      ssize_t count = ::read(self.ends[0], buffer, sizeof(buffer));
      if (count > 0)
        self.bytes.append(buffer, size_t(count));
      else if (count == 0 || errno != EINTR)
        return nullptr;
    }
  }

  const std::string folder = "/proc/self/fd";
  std::string path, bytes;
  int ends[2] = {-1, -1};
  pthread_t thread;
  bool isStarted = false;
};

} // namespace

/// The caller has the lock.
static llvm::Error runLinker(llvm::StringRef input, llvm::StringRef output,
                             const ChipInfo &chip) {
  if (linkerIsBroken)
    return llvm::make_error<CodegenError>(
        "the linker crashed before and cannot be used in this process");
  llvm::SmallVector<const char *> arguments = {
      "ld.lld", "-shared",    "--threads=1",     "-z",
      "defs",   "-Bsymbolic", "--build-id=none", "--hash-style=sysv"};
  if (chip.backend == Backend::Host)
    arguments.append({"-z", "norelro", "-z", "max-page-size=4096", "-s"});
  arguments.append({input.data(), "-o", output.data()});
  std::string text;
  llvm::raw_string_ostream os(text);
  lld::Result result =
      lld::lldMain(arguments, os, os, {{lld::Gnu, &lld::elf::link}});
  linkerIsBroken = !result.canRunAgain;
  // It names its output where that cannot be written, and never else.
  if (result.retCode != 0 && llvm::StringRef(text).contains(output))
    return makeFileError("write", llvm::sys::path::parent_path(output),
                         describeLinkErrors(text));
  if (result.retCode != 0)
    return llvm::make_error<CodegenError>("cannot link a code object for '" +
                                          chip.name.str() +
                                          "': " + describeLinkErrors(text));
  return llvm::Error::success();
}

static llvm::Expected<std::string> linkInMemory(llvm::StringRef object,
                                                const ChipInfo &chip) {
  TemporaryFile input;
  if (llvm::Error error = input.create("o", object))
    return std::move(error);
  keepForksOut();
  std::lock_guard<std::mutex> lock(linkMutex);
  OutputPipe output;
  if (llvm::Error error = output.start())
    return std::move(error);
  if (llvm::Error error = runLinker(input.getPath(), output.getPath(), chip))
    return std::move(error);
  return output.finish();
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
  {
    keepForksOut();
    std::lock_guard<std::mutex> lock(linkMutex);
    if (llvm::Error error = runLinker(input.getPath(), output.getPath(), chip))
      return std::move(error);
  }
  return output.read();
}

llvm::Expected<std::string> linkObject(llvm::StringRef object,
                                       const ChipInfo &chip) {
  auto linked = linkInMemory(object, chip);
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
