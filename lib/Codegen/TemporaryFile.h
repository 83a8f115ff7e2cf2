// TemporaryFile.h - files that linkers and assemblers want.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_CODEGEN_TEMPORARYFILE_H
#define TILEWRIGHT_LIB_CODEGEN_TEMPORARYFILE_H

#include "tilewright/Codegen/CodeObject.h"
#include "llvm/ADT/SmallString.h"

namespace tilewright {

/// The system's folder for temporary files, from the root on: TMPDIR, else
/// "/tmp".
std::string getTemporaryFolder();

/// The error where `what` failed in `folder` because of `reason`: one of the
/// machine's, with the advice to set TMPDIR.
llvm::Error makeFileError(const llvm::Twine &what, llvm::StringRef folder,
                          const llvm::Twine &reason);

/// A file of this user alone, removed at the end. Where signals are this
/// program's (ownsSignals) also when one ends the process. All errors are those
/// of makeFileError.
class TemporaryFile {
public:
  explicit TemporaryFile(llvm::StringRef folder)
      : folder(folder), isInMemory(false) {}
  /// A file without a name in any folder, for this process alone: nothing is
  /// left of it, however the process ends.
  TemporaryFile() : folder("/proc/self/fd"), isInMemory(true) {}
  TemporaryFile(const TemporaryFile &) = delete;
  ~TemporaryFile();

  /// Makes it, with `bytes` in it. Its name ends in "." and `suffix`. Where
  /// there is no room for `roomBytes` more in the folder, now, that is an
  /// error.
  llvm::Error create(llvm::StringRef suffix, llvm::StringRef bytes = "",
                     uint64_t roomBytes = 0);
  llvm::Expected<std::string> read() const;
  /// Ends with a NUL byte.
  llvm::StringRef getPath() const { return path; }

private:
  llvm::Error createInMemory(llvm::StringRef bytes, uint64_t roomBytes);

  const std::string folder;
  const bool isInMemory;
  std::string path;
  int memory = -1; ///< its descriptor there
};

} // namespace tilewright

#endif // TILEWRIGHT_LIB_CODEGEN_TEMPORARYFILE_H
