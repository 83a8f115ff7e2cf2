// SourceText.h - refuses what only looks like MLIR text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_SUPPORT_SOURCETEXT_H
#define TILEWRIGHT_SUPPORT_SOURCETEXT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tilewright {

/// An error, with `name` and the place, where `text` is bytecode (whose reader
/// trusts its input: a damaged file hangs or crashes it), has a NUL byte, or
/// nests brackets so deep that the parser would exhaust its stack.
llvm::Error checkSourceText(llvm::StringRef text, llvm::StringRef name);

} // namespace tilewright

#endif // TILEWRIGHT_SUPPORT_SOURCETEXT_H
