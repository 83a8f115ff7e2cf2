// CompilerThreadsTest.cpp - compilations side by side, and the process of one.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/Compiler.h"
#include "jit/Request.h"
#include "gtest/gtest.h"
#include <cerrno>
#include <cfenv>
#include <chrono>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace tilewright;

// LLVM's libraries are not built with ThreadSanitizer, which sees the memory
// that they allocate and copy but not the atomics that publish it. So it looks
// at what our code itself reads and writes, and at all locks.
extern "C" const char *__tsan_default_options() {
  return "ignore_interceptors_accesses=1";
}

namespace {

/// A product of matrices: most passes have something to do.
std::string writeProduct(const char *target) {
  rt::Request request;
  request.compiler = "lib 01\n";
  request.form = "mlir";
  request.name = "product.mlir";
  request.target = target;
  request.keepsPtx = true;
  request.text = R"(
tile.kernel @product(
    %a: memref<?x?xf16> {tile.name = "a", tile.dims = ["M", "K"]},
    %b: memref<?x?xf16> {tile.name = "b", tile.dims = ["K", "N"]},
    %c: memref<?x?xf32> {tile.name = "c", tile.dims = ["M", "N"]})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv 64, N ceildiv 64)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %m = tile.program_id 0
  %n = tile.program_id 1
  %row = arith.muli %m, %c64 : index
  %col = arith.muli %n, %c64 : index
  %k = memref.dim %a, %c1 : memref<?x?xf16>
  %sum = scf.for %i = %c0 to %k step %c32
      iter_args(%acc = %zero) -> (tensor<64x64xf32>) {
    %x = tile.load %a[%row, %i] : memref<?x?xf16> -> tensor<64x32xf16>
    %y = tile.load %b[%i, %col] : memref<?x?xf16> -> tensor<32x64xf16>
    %next = tile.mma %x, %y, %acc
        : tensor<64x32xf16>, tensor<32x64xf16>, tensor<64x64xf32>
    scf.yield %next : tensor<64x64xf32>
  }
  tile.store %sum, %c[%row, %col] : tensor<64x64xf32>, memref<?x?xf32>
  tile.return
}
)";
  return rt::writeRequest(request);
}

/// The library's bytes, or the error.
std::string compile(const std::string &request) {
  TwCompilation compilation =
      twCompilationCreate({request.data(), request.size()});
  TwCode code = twCompilationPrepare(compilation);
  if (code == TW_OK)
    code = twCompilationFinish(compilation);
  TwBytes library = twCompilationGetLibrary(compilation);
  std::string result =
      code == TW_OK
          ? std::string(static_cast<const char *>(library.data), library.size)
          : std::string("error: ") + twCompilationGetMessage(compilation);
  twCompilationDestroy(compilation);
  return result;
}

const char *const kTargets[] = {"x86-64-v3", "gfx942", "sm_90a"};

} // namespace

/// The first compilations of the process among them: what is made once is made
/// by one of them.
TEST(CompilerThreads, MakeTheSameBytes) {
  constexpr size_t kCopies = 2;
  std::vector<std::string> made(kCopies * std::size(kTargets));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < made.size(); ++i)
    threads.emplace_back([&made, i] {
      made[i] = compile(writeProduct(kTargets[i % std::size(kTargets)]));
    });
  for (std::thread &thread : threads)
    thread.join();
  for (size_t i = 0; i < made.size(); ++i) {
    EXPECT_NE(made[i].find("error"), 0u) << made[i];
    EXPECT_EQ(made[i], compile(writeProduct(kTargets[i % std::size(kTargets)])))
        << kTargets[i % std::size(kTargets)];
  }
}

TEST(CompilerThreads, AnotherOneCancels) {
  std::string request = writeProduct("gfx942");
  for (int delayMs : {0, 2, 10, 50, 200}) {
    TwCompilation compilation =
        twCompilationCreate({request.data(), request.size()});
    std::thread cancelling([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(delayMs));
      twCompilationCancel(compilation);
    });
    TwCode code = twCompilationPrepare(compilation);
    if (code == TW_OK)
      code = twCompilationFinish(compilation);
    cancelling.join();
    EXPECT_TRUE(code == TW_OK || code == TW_RESOURCE_EXHAUSTED)
        << twCompilationGetMessage(compilation);
    twCompilationDestroy(compilation);
  }
}

TEST(CompilerThreads, WhatIsCancelledIsNotFinished) {
  std::string request = writeProduct("gfx942");
  TwCompilation compilation =
      twCompilationCreate({request.data(), request.size()});
  EXPECT_EQ(twCompilationPrepare(compilation), TW_OK);
  std::thread(twCompilationCancel, compilation).join();
  EXPECT_EQ(twCompilationFinish(compilation), TW_RESOURCE_EXHAUSTED);
  twCompilationDestroy(compilation);
}

/// The caller's thread has its own again afterwards.
TEST(CompilerThreads, HaveFloatsOfTheirOwn) {
  std::string request = writeProduct("x86-64-v3"), usual = compile(request);
  std::fenv_t before;
  std::fegetenv(&before);
  for (int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    std::feclearexcept(FE_ALL_EXCEPT);
    std::feraiseexcept(FE_UNDERFLOW);
    EXPECT_EQ(compile(request), usual);
    EXPECT_EQ(std::fegetround(), mode);
    EXPECT_EQ(std::fetestexcept(FE_ALL_EXCEPT), FE_UNDERFLOW);
    std::fesetenv(&before);
  }
}

/// The runtime that goes away ends its worker, whatever error came before.
TEST(CompilerProcess, EndsWithTheRuntime) {
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  close(sockets[0]);
  pid_t child = fork();
  if (child == 0) {
    // What hangs is ended.
    alarm(20);
    errno = EINTR;
    _exit(twCompilerRunWorker(sockets[1]));
  }
  close(sockets[1]);
  int state = 0;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  EXPECT_TRUE(WIFEXITED(state)) << "signal " << WTERMSIG(state);
  EXPECT_EQ(WEXITSTATUS(state), 1);
}
