// Compiler.cpp - the compiler's C interface.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Compiler.h"

#include "Leaving.h"
#include "Loaded.h"
#include "jit/Request.h"
#include "tilewright/JIT/Jit.h"
#include <cfenv>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

using namespace tilewright;

namespace {

/// The compiler computes constants: round to nearest, with denormals and
/// without traps, whatever the program has set for this thread.
class DefaultFloats {
public:
  DefaultFloats() {
    std::fegetenv(&saved);
    std::fesetenv(FE_DFL_ENV);
#ifdef __SSE__
    // Some C libraries leave "flush to zero" as it was.
    _mm_setcsr(0x1f80);
#endif
  }
  ~DefaultFloats() { std::fesetenv(&saved); }
  DefaultFloats(const DefaultFloats &) = delete;
  DefaultFloats &operator=(const DefaultFloats &) = delete;

private:
  std::fenv_t saved;
};

} // namespace

struct TwCompilationStorage {
  std::string bytes; ///< of the request
  rt::Request request;
  std::atomic<bool> isCancelled{false};
  std::unique_ptr<KernelCompilation> kernel;
  std::string contentKey, library, message;
  TwCompileTimes times = {};
  TwCompilation nextLeft = nullptr; ///< of those that are not destroyed

  /// One step in the compiler.
  template <typename Work> TwCode run(Work work) {
    Presence presence(isCancelled);
    if (!presence.isAllowed()) {
      message = "the process is ending";
      return TW_RESOURCE_EXHAUSTED;
    }
    DefaultFloats floats;
    return work();
  }
  TwCode prepare();
  TwCode finish();

  TwCode fail(llvm::Error error) {
    // What may work later is not the kernel's fault.
    bool isTransient = isCancelled;
    llvm::visitErrors(error, [&](const llvm::ErrorInfoBase &info) {
      if (info.isA<CodegenError>())
        isTransient |= static_cast<const CodegenError &>(info).isSystemFailure;
    });
    message = llvm::toString(std::move(error));
    return isTransient ? TW_RESOURCE_EXHAUSTED : TW_INVALID_ARGUMENT;
  }
};

uint32_t twCompilerGetVersion(void) { return TW_COMPILER_VERSION; }

TwCompilation twCompilationCreate(TwBytes request) {
  auto *result = new TwCompilationStorage;
  result->bytes.assign(static_cast<const char *>(request.data), request.size);
  return result;
}

void twCompilationDestroy(TwCompilation compilation) {
  if (!compilation)
    return;
  auto destroy = [&] {
    compilation->kernel.reset();
    return TW_OK;
  };
  // Where the process ends, what LLVM's static objects have to do with stays.
  static std::atomic<TwCompilation> left{nullptr};
  if (compilation->run(destroy) == TW_OK)
    delete compilation;
  else
    compilation->nextLeft = left.exchange(compilation);
}

TwCode TwCompilationStorage::prepare() {
  if (!rt::readRequest(bytes, request)) {
    message = "expected a request of this version of the compiler";
    return TW_CORRUPT;
  }
  message = findReplacedLibrary(request.compiler);
  if (!message.empty())
    return TW_UNSUPPORTED;
  auto planned = planCompilation(request, &isCancelled);
  if (!planned)
    return fail(planned.takeError());
  kernel = std::move(*planned);
  contentKey = makeContentKey(request, *kernel);
  return TW_OK;
}

TwCode twCompilationPrepare(TwCompilation compilation) {
  return compilation->run([&] { return compilation->prepare(); });
}

TwCode TwCompilationStorage::finish() {
  if (!kernel) {
    message = "expected a compilation that is prepared";
    return TW_INVALID_ARGUMENT;
  }
  llvm::Expected<CompiledKernel> result = kernel->finish();
  if (!result) {
    TwCode code = fail(result.takeError());
    kernel.reset();
    return code;
  }
  kernel.reset();
  const StageTimes &used = result->times;
  times = {used.parseMs,   used.passesMs,   used.translateMs, used.optimizeMs,
           used.backendMs, used.assembleMs, used.totalMs};
  message = result->remarks;
  library = writeLibrary(&*result);
  return TW_OK;
}

TwCode twCompilationFinish(TwCompilation compilation) {
  return compilation->run([&] { return compilation->finish(); });
}

void twCompilationCancel(TwCompilation compilation) {
  compilation->isCancelled = true;
}

TwBytes twCompilationGetContentKey(TwCompilation compilation) {
  return {compilation->contentKey.data(), compilation->contentKey.size()};
}

TwBytes twCompilationGetLibrary(TwCompilation compilation) {
  return {compilation->library.data(), compilation->library.size()};
}

const char *twCompilationGetMessage(TwCompilation compilation) {
  return compilation->message.c_str();
}

void twCompilationGetTimes(TwCompilation compilation, TwCompileTimes *times) {
  *times = compilation->times;
}
