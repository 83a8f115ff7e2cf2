// CrashGuard.cpp - turns crashes on bad input into errors.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tilewright/Support/CrashGuard.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unistd.h>

namespace tilewright {
namespace {

constexpr int crashSignals[] = {SIGABRT, SIGBUS,  SIGFPE,
                                SIGILL,  SIGSEGV, SIGTRAP};
constexpr const char *advice =
    "; this is a bug of the tool: run it again with TILEWRIGHT_STACK_TRACE=1 "
    "to see where";

std::atomic<bool> isTool{false};
std::atomic<bool> isInstalled{false};
std::atomic<bool> hasCrashed{false};
/// Texts of the last net; a signal handler can read plain arrays.
char toolName[64] = "tool";
char inputName[512] = "";

/// A stack for signal handlers: a recursion that is too deep leaves none.
class SignalStack {
public:
  SignalStack() {
    stack_t old;
    if (sigaltstack(nullptr, &old) == 0 && !(old.ss_flags & SS_DISABLE))
      return;
    memory = std::make_unique<char[]>(numBytes);
    stack_t stack = {};
    stack.ss_sp = memory.get();
    stack.ss_size = numBytes;
    sigaltstack(&stack, nullptr);
  }
  ~SignalStack() {
    if (!memory)
      return;
    stack_t stack = {};
    stack.ss_flags = SS_DISABLE;
    sigaltstack(&stack, nullptr);
  }
  SignalStack(const SignalStack &) = delete;
  SignalStack &operator=(const SignalStack &) = delete;

private:
  static constexpr size_t numBytes = 128 << 10;
  std::unique_ptr<char[]> memory;
};

void ensureSignalStack() {
  thread_local SignalStack stack;
  (void)stack;
}

const char *describeSignal(int number) {
  switch (number) {
  case SIGABRT:
    return "an assertion failed or memory ran out";
  case SIGSEGV:
    return "invalid memory access or nesting that is too deep";
  case SIGBUS:
    return "invalid memory access";
  case SIGFPE:
    return "division by zero";
  default:
    return "an impossible instruction";
  }
}

void writeText(const char *text) {
  [[maybe_unused]] ssize_t written = write(2, text, std::strlen(text));
}

/// The last net.
void endProcess(int number) {
  writeText(toolName);
  writeText(": error: ");
  if (inputName[0]) {
    writeText(inputName);
    writeText(": ");
  }
  writeText("the compiler crashed on this input (");
  writeText(describeSignal(number));
  writeText(")");
  writeText(advice);
  writeText("\n");
  // Removes temporary files.
  llvm::sys::RunInterruptHandlers();
  _exit(1);
}

void copyText(char *target, size_t capacity, llvm::StringRef text) {
  size_t length = std::min(text.size(), capacity - 1);
  std::memcpy(target, text.data(), length);
  target[length] = '\0';
}

} // namespace

void installCrashGuard(llvm::StringRef tool) {
  copyText(toolName, sizeof(toolName), tool);
  isTool = true;
  if (const char *flag = std::getenv("TILEWRIGHT_STACK_TRACE"))
    if (*flag && llvm::StringRef(flag) != "0")
      return;
  isInstalled = true;
  ensureSignalStack();
  // Under LLVM's handlers, which pass on what no runCrashGuarded takes.
  for (int number : crashSignals) {
    struct sigaction action = {};
    action.sa_handler = endProcess;
    action.sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
    sigaction(number, &action, nullptr);
  }
  llvm::CrashRecoveryContext::Enable();
  // LLVM's run on the stack that overflowed.
  for (int number : crashSignals) {
    struct sigaction action;
    if (sigaction(number, nullptr, &action) != 0)
      continue;
    action.sa_flags |= SA_ONSTACK;
    sigaction(number, &action, nullptr);
  }
}

bool ownsSignals() { return isTool; }

void setCrashGuardInput(llvm::StringRef input) {
  copyText(inputName, sizeof(inputName), input);
}

llvm::Error runCrashGuarded(llvm::StringRef what,
                            llvm::function_ref<llvm::Error()> work) {
  if (!isInstalled)
    return work();
  ensureSignalStack();
  // Destroyed after a crash too: it holds nothing of the work.
  llvm::Error result = llvm::Error::success();
  llvm::CrashRecoveryContext guard;
  if (guard.RunSafely([&] {
        llvm::Error error = work();
        llvm::cantFail(std::move(result));
        result = std::move(error);
      }))
    return result;
  hasCrashed = true;
  llvm::cantFail(std::move(result));
  return llvm::createStringError(
      what + " crashed on this input (" +
      describeSignal(guard.RetCode > 128 ? guard.RetCode - 128 : 0) + ")" +
      advice);
}

int finishCrashGuarded(int code) {
  if (!hasCrashed)
    return code;
  llvm::outs().flush();
  llvm::errs().flush();
  std::fflush(nullptr);
  _exit(code);
}

} // namespace tilewright
