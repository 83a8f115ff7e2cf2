// Statics.h - what the compiler's libraries keep until the process ends.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_LIB_JIT_STATICS_H
#define TILEWRIGHT_LIB_JIT_STATICS_H

namespace tilewright {

/// From now on LLVM, MLIR and this library register no destructors of static
/// objects. exit() would run them while other threads compile, and LLVM makes
/// such objects all the time, so that no handler of ours could be in front.
/// They hold memory alone, and their libraries are never unloaded.
///
/// Runs before the constructors of these libraries: it uses nothing of them.
void keepStatics();

} // namespace tilewright

#endif // TILEWRIGHT_LIB_JIT_STATICS_H
