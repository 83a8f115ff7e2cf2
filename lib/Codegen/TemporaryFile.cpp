// TemporaryFile.cpp - files that linkers and assemblers want.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TemporaryFile.h"
#include "tilewright/Support/CrashGuard.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace tilewright {

std::string getTemporaryFolder() {
  llvm::SmallString<128> folder;
  llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
  // A variable that is set to nothing names no folder.
  if (folder.empty())
    folder = "/tmp";
  // Else the working directory could change, or a name begin with "-".
  llvm::sys::fs::make_absolute(folder);
  return folder.str().str();
}

llvm::Error makeFileError(const llvm::Twine &what, llvm::StringRef folder,
                          const llvm::Twine &reason) {
  auto error = std::make_unique<CodegenError>(
      ("cannot " + what + " a temporary file in '" + folder + "': " + reason +
       "; set TMPDIR to a folder that can be written to and has room")
          .str());
  error->isSystemFailure = true;
  return llvm::Error(std::move(error));
}

TemporaryFile::~TemporaryFile() {
  if (memory >= 0)
    close(memory);
  if (path.empty() || isInMemory)
    return;
  llvm::sys::fs::remove(path);
  if (ownsSignals())
    llvm::sys::DontRemoveFileOnSignal(path);
}

/// Whether a file can have so many bytes more, which it then does not; an error
/// number.
static int checkRoom(int descriptor, uint64_t bytes) {
  if (!bytes)
    return 0;
  off_t before = lseek(descriptor, 0, SEEK_END);
  // Some kernels stop at any signal, such as those of a profiler.
  sigset_t all, blocked;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &blocked);
  int error = posix_fallocate(descriptor, before, off_t(bytes));
  pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
  if (ftruncate(descriptor, before) && !error)
    error = errno;
  return error;
}

/// Writes `bytes` and closes `descriptor`; an error where there is no room for
/// them and `roomBytes` more.
static std::error_code writeFile(int descriptor, llvm::StringRef bytes,
                                 uint64_t roomBytes) {
  llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  os << bytes;
  os.flush();
  int error = checkRoom(descriptor, roomBytes);
  os.close();
  std::error_code code = os.error();
  // Else the stream ends the process.
  os.clear_error();
  return code ? code : std::error_code(error, std::generic_category());
}

llvm::Error TemporaryFile::createInMemory(llvm::StringRef bytes,
                                          uint64_t roomBytes) {
  memory = memfd_create("tilewright", MFD_CLOEXEC);
  if (memory < 0)
    return makeFileError("create", folder, llvm::sys::StrError());
  path = folder + "/" + std::to_string(memory);
  // The system may have no such folder, or not let files be opened there.
  int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0)
    return makeFileError("open", folder, llvm::sys::StrError());
  std::error_code code = writeFile(descriptor, bytes, roomBytes);
  return code ? makeFileError("write", folder, code.message())
              : llvm::Error::success();
}

llvm::Error TemporaryFile::create(llvm::StringRef suffix, llvm::StringRef bytes,
                                  uint64_t roomBytes) {
  if (isInMemory)
    return createInMemory(bytes, roomBytes);
  // Not LLVM's createUniqueFile, which puts digits for each "%" of the folder.
  std::string made = folder + "/tilewright-XXXXXX." + suffix.str();
  int descriptor = mkostemps(&made[0], int(suffix.size() + 1), O_CLOEXEC);
  if (descriptor < 0)
    return makeFileError("create", folder, llvm::sys::StrError());
  path = std::move(made);
  // A process of the runtime that takes too long is ended by one. In another
  // program LLVM's handlers would be in the place of its own.
  if (ownsSignals())
    llvm::sys::RemoveFileOnSignal(path);
  std::error_code code = writeFile(descriptor, bytes, roomBytes);
  return code ? makeFileError("write", folder, code.message())
              : llvm::Error::success();
}

llvm::Expected<std::string> TemporaryFile::read() const {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeFileError("read", folder, buffer.getError().message());
  return (*buffer)->getBuffer().str();
}

} // namespace tilewright
