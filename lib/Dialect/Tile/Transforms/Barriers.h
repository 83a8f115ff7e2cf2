// Barriers.h - puts the barriers that the memory model asks for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_BARRIERS_H
#define TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_BARRIERS_H

#include "mlir/IR/Region.h"

namespace tilewright::tile {

/// Inserts a tile.barrier before each operation that may touch memory which
/// another lane may have touched since the last barrier, where one of the two
/// writes. Shared buffers with offsets are compared by their bytes, without by
/// identity. A barrier is put as late as possible, which makes their number
/// minimal for the given order of operations.
///
/// With `withRemarks`, a remark on the operation behind a barrier that
/// `tile.noalias` would save.
///
/// \returns the number of barriers inserted.
int64_t insertBarriers(mlir::Region &kernelBody, bool withRemarks = false);

} // namespace tilewright::tile

#endif // TILEWRIGHT_LIB_DIALECT_TILE_TRANSFORMS_BARRIERS_H
