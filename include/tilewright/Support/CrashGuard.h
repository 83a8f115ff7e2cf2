// CrashGuard.h - turns crashes on bad input into errors.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// LLVM and MLIR crash on some inputs. A tool must not: it says what it was
// doing, and ends with exit code 1. Two nets, one above the other:
//
// - `runCrashGuarded` runs one piece of work; a crash in it is an error of that
//   piece, and the process goes on. What the work had allocated is leaked.
// - everything else that crashes, in any thread, prints one line and ends the
//   process at once, with its unfinished files removed.
//
// Both need `installCrashGuard`. Where a program does not call it, as one that
// embeds the compiler, signals keep their meaning and work runs unguarded.
//
#ifndef TILEWRIGHT_SUPPORT_CRASHGUARD_H
#define TILEWRIGHT_SUPPORT_CRASHGUARD_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tilewright {

/// Installs both nets; call it once, at the start of main, behind InitLLVM.
/// `tool` opens the lines of the second net and must live on.
///
/// With TILEWRIGHT_STACK_TRACE=1 in the environment it does nothing, so that
/// LLVM prints the stack of a crash.
void installCrashGuard(llvm::StringRef tool);

/// Whether installCrashGuard was called: handlers of signals are this program's
/// to install, and there is no embedding one that they would belong to.
bool ownsSignals();

/// Names what the second net says the tool was reading, such as a file.
void setCrashGuardInput(llvm::StringRef input);

/// Runs `work` and returns its error; one that says that `what` crashed, if it
/// did. Safe from any thread.
llvm::Error runCrashGuarded(llvm::StringRef what,
                            llvm::function_ref<llvm::Error()> work);

/// What main returns: `code`, but after a crash it ends the process here and
/// now, for the destructors of a damaged process may crash again.
int finishCrashGuarded(int code);

} // namespace tilewright

#endif // TILEWRIGHT_SUPPORT_CRASHGUARD_H
