// Compiler.cpp - the compiler's C interface.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Compiler.h"

#include "Loaded.h"
#include "jit/Request.h"
#include "tilewright/JIT/Jit.h"

using namespace tilewright;

struct TwCompilationStorage {
  std::string bytes; ///< of the request
  rt::Request request;
  std::atomic<bool> isCancelled{false};
  std::unique_ptr<KernelCompilation> kernel;
  std::string contentKey, library, message;
  TwCompileTimes times = {};

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

void twCompilationDestroy(TwCompilation compilation) { delete compilation; }

TwCode twCompilationPrepare(TwCompilation compilation) {
  if (!rt::readRequest(compilation->bytes, compilation->request)) {
    compilation->message = "expected a request of this version of the compiler";
    return TW_CORRUPT;
  }
  compilation->message = findReplacedLibrary(compilation->request.compiler);
  if (!compilation->message.empty())
    return TW_UNSUPPORTED;
  auto kernel =
      planCompilation(compilation->request, &compilation->isCancelled);
  if (!kernel)
    return compilation->fail(kernel.takeError());
  compilation->kernel = std::move(*kernel);
  compilation->contentKey =
      makeContentKey(compilation->request, *compilation->kernel);
  return TW_OK;
}

TwCode twCompilationFinish(TwCompilation compilation) {
  if (!compilation->kernel) {
    compilation->message = "expected a compilation that is prepared";
    return TW_INVALID_ARGUMENT;
  }
  llvm::Expected<CompiledKernel> result = compilation->kernel->finish();
  if (!result) {
    TwCode code = compilation->fail(result.takeError());
    compilation->kernel.reset();
    return code;
  }
  compilation->kernel.reset();
  const StageTimes &times = result->times;
  compilation->times = {times.parseMs,    times.passesMs,  times.translateMs,
                        times.optimizeMs, times.backendMs, times.assembleMs,
                        times.totalMs};
  compilation->message = result->remarks;
  compilation->library = writeLibrary(&*result);
  return TW_OK;
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
