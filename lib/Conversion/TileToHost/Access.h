// Access.h - the address of a run of elements in a memref.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_LIB_CONVERSION_TILETOHOST_ACCESS_H
#define TILEWRIGHT_LIB_CONVERSION_TILETOHOST_ACCESS_H

#include "Emitter.h"

namespace tilewright::host {

/// One of: a uniform element (`pointer`, to be repeated over the lanes); a
/// contiguous run (`pointer`; only lanes [first, last) where these are set);
/// one address per lane (`pointers` and `mask`).
struct Emitter::Address {
  Value pointer;
  Value condition; ///< nothing is inside where it is false; null: true
  Value first, last;
  Value pointers, mask;
  bool isUniform = false;
};

} // namespace tilewright::host

#endif // TILEWRIGHT_LIB_CONVERSION_TILETOHOST_ACCESS_H
