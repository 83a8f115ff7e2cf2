// Explain.h - says how the keys of two entries differ.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TOOLS_TILE_CACHE_EXPLAIN_H
#define TILEWRIGHT_TOOLS_TILE_CACHE_EXPLAIN_H

#include "Options.h"

/// Runs the command on the two operands: the first digits of names in the
/// cache's folder, or files. The exit code.
int explain(const Options &options);

#endif // TILEWRIGHT_TOOLS_TILE_CACHE_EXPLAIN_H
