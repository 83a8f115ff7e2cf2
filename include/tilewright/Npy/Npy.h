// Npy.h - reads and writes NumPy's array files.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The format is that of NumPy's documentation (numpy.lib.format), versions 1.0
// to 3.0. Every length is checked against the bytes that are there. Functions
// are pure but for the file they name, and safe from any thread.
//
#ifndef TILEWRIGHT_NPY_NPY_H
#define TILEWRIGHT_NPY_NPY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace tilewright {

/// An array in row-major order, little-endian.
struct NpyArray {
  /// 'f' float, 'i' signed, 'u' unsigned, 'b' bool, 'V' bytes without a
  /// meaning: bf16 and fp8 arrays are saved so.
  char kind = 'V';
  int64_t itemBytes = 1;
  std::vector<int64_t> shape;
  std::string data;

  int64_t getNumElements() const;
  /// NumPy's name of the type, such as "<f4" or "|V2".
  std::string getDescr() const;
};

/// Parses the bytes of a file; `name` is used in messages.
///
/// Errors: not such a file, a truncated one, one with bytes left over, an
/// element type of more than one field or of Python objects, big-endian
/// elements, column-major order.
llvm::Expected<NpyArray> parseNpy(llvm::StringRef bytes, llvm::StringRef name);

/// Reads the file `path`.
llvm::Expected<NpyArray> readNpy(llvm::StringRef path);

/// The bytes of a file with this array.
std::string formatNpy(llvm::StringRef descr, llvm::ArrayRef<int64_t> shape,
                      llvm::StringRef data);

/// Writes the file `path`: all of it, or nothing.
llvm::Error writeNpy(llvm::StringRef path, llvm::StringRef descr,
                     llvm::ArrayRef<int64_t> shape, llvm::StringRef data);

} // namespace tilewright

#endif // TILEWRIGHT_NPY_NPY_H
