// TemporaryFile.cpp - files that linkers and assemblers want.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "TemporaryFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace tilewright {

std::string getTemporaryFolder() {
  llvm::SmallString<128> folder;
  llvm::sys::path::system_temp_directory(/*ErasedOnReboot=*/true, folder);
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
  if (path.empty())
    return;
  llvm::sys::fs::remove(path);
  llvm::sys::DontRemoveFileOnSignal(path);
}

/// Whether a file can have so many bytes more, which it then does not; an error
/// number.
static int checkRoom(int descriptor, uint64_t bytes) {
  if (!bytes)
    return 0;
  off_t before = lseek(descriptor, 0, SEEK_END);
  int error = posix_fallocate(descriptor, before, off_t(bytes));
  if (ftruncate(descriptor, before) && !error)
    error = errno;
  return error;
}

llvm::Error TemporaryFile::create(llvm::StringRef suffix, llvm::StringRef bytes,
                                  uint64_t roomBytes) {
  int descriptor = -1;
  llvm::SmallString<128> made;
  if (std::error_code code = llvm::sys::fs::createUniqueFile(
          folder + "/tilewright-%%%%%%%%." + suffix, descriptor, made,
          llvm::sys::fs::OF_None,
          llvm::sys::fs::owner_read | llvm::sys::fs::owner_write))
    return makeFileError("create", folder, code.message());
  path = made.str().str();
  // A process of the runtime that takes too long is ended by one.
  llvm::sys::RemoveFileOnSignal(path);
  llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  os << bytes;
  os.flush();
  int error = checkRoom(descriptor, roomBytes);
  os.close();
  std::error_code code = os.error();
  // Else the stream ends the process.
  os.clear_error();
  if (!code)
    code = std::error_code(error, std::generic_category());
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
