// Compiler.h - the compiler, in this process or in one of its own.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_JIT_COMPILER_H
#define TILEWRIGHT_RUNTIME_JIT_COMPILER_H

#include "tilewright-rt/Compiler.h"
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace tilewright::rt {

/// What a compilation gave.
struct CompileResult {
  std::string library;
  std::string remarks;
  TwCompileTimes times = {};
};

/// When to give up. One job looks at it, others may set it.
struct CompileLimit {
  /// What the deadline was set by; the message says it.
  std::atomic<uint32_t> budgetMs{0};
  /// By getMilliseconds; set when the compiler begins.
  std::atomic<int64_t> deadlineMs{INT64_MAX};
  std::atomic<bool> isCancelled{false};

  /// Null while it may go on.
  TwStatus check() const;
  /// That the deadline is over.
  TwStatus describeTimeout() const;
};

/// One compilation; prepare, then perhaps finish.
class CompileJob {
public:
  virtual ~CompileJob() = default;
  virtual TwStatus prepare(std::string &contentKey) = 0;
  virtual TwStatus finish(CompileResult &result) = 0;
};

/// Compiles in any thread; the limit outlives the job.
class Compiler {
public:
  virtual ~Compiler() = default;
  /// Errors: NOT_FOUND  there is no compiler
  ///         UNSUPPORTED  it is of another version
  virtual TwStatus start(const std::string &request, CompileLimit &limit,
                         std::unique_ptr<CompileJob> &job) = 0;
};

/// Loads the compiler's library `path` into this process when it is needed. It
/// stays: LLVM does not stand unloading.
std::unique_ptr<Compiler> makeLibraryCompiler(std::string path);

/// Runs the program `worker`, which loads the library `path`, for each
/// compilation; what happens there is at worst a status here.
std::unique_ptr<Compiler> makeProcessCompiler(std::string worker,
                                              std::string path);

/// Messages between a process and its worker: a tag, a length, bytes.
enum class MessageTag : uint32_t {
  Request = 1,    ///< to the worker: what writeRequest wrote
  ContentKey = 2, ///< from the worker, once the kernel is read
  Finish = 3,     ///< to the worker: the answer is in no cache
  Library = 4,    ///< from the worker: fields "library", "remarks", "times"
  Error = 5       ///< from the worker: a digit of TwCode, then the message
};

struct MessageHeader {
  MessageTag tag;
  uint32_t reserved;
  uint64_t bytes;
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_JIT_COMPILER_H
