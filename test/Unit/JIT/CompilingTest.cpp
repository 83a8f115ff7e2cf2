// CompilingTest.cpp - threads, processes and compilers that fail.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SessionFixture.h"
#include "jit/Session.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <mutex>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using CompilingTest = SessionFixture;

/// How messages name the kernel of `twice.json` for a multiple of `divisor`
/// elements.
static std::string describeTwice(TwDevice device,
                                 const std::string &divisor = "16") {
  TwDeviceInfo info = {};
  EXPECT_EQ(take(twDeviceGetInfo(device, &info)), "");
  return "the kernel of 'twice.json' for '" + std::string(info.target) +
         "' with (array f32 align=16 dims=-1:" + divisor +
         ":-1:1:1; array f32 align=16 dims=-1:" + divisor +
         ":-1:1:1; scalar f64 divisor=1): ";
}

static std::string describeTimeout(TwDevice device, int budgetMs) {
  return describeTwice(device) +
         "the compilation took longer than its budget of " +
         std::to_string(budgetMs) +
         " ms; set TwJitOptions::budgetMilliseconds to more, or prebuild the "
         "kernel";
}

TEST_F(CompilingTest, CompilesInAProcessOfItsOwn) {
  TwJitOptions options = {};
  options.usesProcess = 1;
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
  EXPECT_EQ(count().compiles, 1u);
  EXPECT_GT(count().times.total, 0.0);
  // What it makes is what is made here.
  open();
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(count().compiles, 0u);
  // Its errors arrive.
  open(options);
  write("twice.mlir", "tile.kernel @twice(");
  ASSERT_EQ(make(), "");
  EXPECT_NE(launch(arguments).find("twice.mlir:1:"), std::string::npos);
}

TEST_F(CompilingTest, ACrashOfTheCompilerIsAStatus) {
  TwJitOptions options = {};
  options.usesProcess = 1;
  std::string crash = write("crash", "#!/bin/sh\nkill -SEGV $$\n");
  std::string quiet = write("quiet", "#!/bin/sh\nexit 3\n");
  std::string babble = write("babble", "#!/bin/sh\nyes >&0\n");
  for (const std::string &path : {crash, quiet, babble})
    fs::permissions(path, fs::perms::owner_all);
  Arguments arguments(64);
  auto run = [&](const std::string &program) {
    options.worker = program.c_str();
    open(options);
    EXPECT_EQ(make(), "");
    TwStatus status =
        twJitKernelLaunch(kernel, nullptr, arguments.values, 3, nullptr);
    TwCode code = twStatusGetCode(status);
    return std::to_string(code) + " " + take(status);
  };
  std::string name = describeTwice(device);
  EXPECT_EQ(run(crash), "7 " + name +
                            "the compiler crashed on this kernel: its process "
                            "'" +
                            crash +
                            "' ended by signal 11; this is a bug of the "
                            "compiler: report it with the kernel's source");
  EXPECT_EQ(run(quiet), "7 " + name + "the compiler's process '" + quiet +
                            "' ended without an answer, with exit code 3");
  EXPECT_EQ(run(babble),
            "4 '" + babble + "' is no compiler's process of this version");
  std::string none = folder + "/none";
  EXPECT_EQ(run(none).find("3 cannot start the compiler's process '" + none),
            0u);
}

/// Why it could not begin is what the caller is told.
TEST_F(CompilingTest, AProcessSaysWhyItCannotLoadTheCompiler) {
  TwJitOptions options = {};
  options.usesProcess = 1;
  Arguments arguments(64);
  auto run = [&](const std::string &library) {
    options.compiler = library.c_str();
    open(options);
    EXPECT_EQ(make(), "");
    TwStatus status =
        twJitKernelLaunch(kernel, nullptr, arguments.values, 3, nullptr);
    TwCode code = twStatusGetCode(status);
    return std::to_string(code) + " " + take(status);
  };
  std::string text = write("text.so", "no library");
  EXPECT_EQ(run(text), "3 cannot load the compiler '" + text + "': " + text +
                           ": file too short; set TILEWRIGHT_COMPILER to "
                           "libtilewright-jit.so");
  EXPECT_EQ(run(STUB_HIP), "4 '" STUB_HIP "' is no compiler of Tilewright: it "
                           "lacks twCompilerRunWorker");
}

/// What the machine lacks for a while is not the kernel's fault.
TEST_F(CompilingTest, AMissingTemporaryFolderIsNotRemembered) {
  write("ptxas", "#!/bin/sh\n"
                 "while [ \"$1\" != -o ]; do shift; done\n"
                 "echo cubin >\"$2\"\n");
  fs::permissions(folder + "/ptxas", fs::perms::owner_all);
  Variable path("PATH", folder + ":" + std::getenv("PATH"));
  TwDevice gpu = nullptr;
  ASSERT_EQ(openDevice("cuda:0", &gpu), "");
  for (int usesProcess : {0, 1}) {
    std::string temporary = folder + "/temporary" + std::to_string(usesProcess);
    Variable variable("TMPDIR", temporary);
    TwJitOptions options = {};
    options.usesProcess = usesProcess;
    cacheFolder = temporary + "-cache";
    open(options);
    ASSERT_EQ(make({}, {}, gpu), "");
    Arguments arguments(64);
    for (int i = 0; i < 2; ++i) {
      TwStatus status =
          twJitKernelLaunch(kernel, nullptr, arguments.values, 3, nullptr);
      EXPECT_EQ(twStatusGetCode(status), TW_RESOURCE_EXHAUSTED);
      EXPECT_EQ(take(status), "cannot create a temporary file in '" +
                                  temporary +
                                  "': No such file or directory; set TMPDIR to "
                                  "a folder that can be written to and has "
                                  "room");
    }
    fs::create_directory(temporary);
    EXPECT_EQ(launch(arguments), "");
    EXPECT_EQ(count().failures, 2u);
    EXPECT_EQ(count().timeouts, 0u);
    EXPECT_TRUE(fs::is_empty(temporary));
    twJitKernelDestroy(kernel);
    kernel = nullptr;
  }
  twDeviceClose(gpu);
}

/// As on a disk that is full: nothing can be written, in memory or elsewhere.
TEST_F(CompilingTest, AFullDiskIsNotRemembered) {
  Variable variable("TMPDIR", folder);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  auto *before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit usual, none;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
  none = usual;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  TwStatus status =
      twJitKernelLaunch(kernel, nullptr, arguments.values, 3, nullptr);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &usual), 0);
  std::signal(SIGXFSZ, before);
  EXPECT_EQ(twStatusGetCode(status), TW_RESOURCE_EXHAUSTED);
  EXPECT_EQ(take(status),
            "cannot write a temporary file in '" + folder +
                "': File too large; set TMPDIR to a folder that can be written "
                "to and has room");
  EXPECT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
}

/// The message of a worker that is no compiler is not kept as a kernel.
TEST_F(CompilingTest, WhatIsNoLibraryIsNotKept) {
  // A key of 3 bytes, and a library of 4.
  std::string liar = write("liar", R"(#!/bin/sh
printf '\002\0\0\0\0\0\0\0\003\0\0\0\0\0\0\0abc' >&0
printf '\004\0\0\0\0\0\0\0\134\0\0\0\0\0\0\0' >&0
printf 'library 4\nnone\nremarks 0\n\ntimes 56\n' >&0
head -c 56 /dev/zero >&0
echo >&0
exec sleep 1000
)");
  fs::permissions(liar, fs::perms::owner_all);
  TwJitOptions options = {};
  options.usesProcess = 1;
  options.worker = liar.c_str();
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_NE(launch(arguments).find("the library ends"), std::string::npos);
  open();
  ASSERT_EQ(make(), "");
  EXPECT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
}

/// A process that is ended may remove its files; it need not agree.
TEST_F(CompilingTest, ProcessesAreAskedToEnd) {
  std::string polite = write("polite", "#!/bin/sh\ntrap 'touch " + folder +
                                           "/asked; exit' TERM\n"
                                           "while :; do sleep 0.01; done\n");
  std::string deaf = write("deaf", "#!/bin/sh\ntrap '' TERM\n"
                                   "while :; do sleep 0.01; done\n");
  Arguments arguments(64);
  for (const std::string &worker : {polite, deaf}) {
    fs::permissions(worker, fs::perms::owner_all);
    TwJitOptions options = {};
    options.usesProcess = 1;
    options.worker = worker.c_str();
    options.budgetMilliseconds = 500;
    open(options);
    ASSERT_EQ(make(), "");
    EXPECT_EQ(launch(arguments), describeTimeout(device, 500));
  }
  close();
  EXPECT_TRUE(fs::exists(folder + "/asked"));
}

/// The program may take the end of its children for itself.
TEST_F(CompilingTest, NeedsNoSignalOfItsChildren) {
  auto *before = std::signal(SIGCHLD, SIG_IGN);
  TwJitOptions options = {};
  options.usesProcess = 1;
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
  std::string quiet = write("quiet", "#!/bin/sh\nexit 3\n");
  fs::permissions(quiet, fs::perms::owner_all);
  options.worker = quiet.c_str();
  open(options);
  ASSERT_EQ(make(), "");
  Arguments odd(7);
  EXPECT_EQ(launch(odd), describeTwice(device, "1") +
                             "the compiler's process '" + quiet +
                             "' ended without an answer");
  std::signal(SIGCHLD, before);
}

/// A kernel does not wait for the compilations of others to be let go of.
TEST_F(CompilingTest, WhatHasNotBegunIsDropped) {
  TwJitOptions options = {};
  options.usesProcess = 1;
  options.numThreads = 1;
  options.budgetMilliseconds = 600 * 1000;
  std::string asleep = write("asleep", "#!/bin/sh\nexec sleep 1000\n");
  fs::permissions(asleep, fs::perms::owner_all);
  options.worker = asleep.c_str();
  open(options);
  ASSERT_EQ(make(), "");
  TwJitKernel first = kernel;
  kernel = nullptr;
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_EQ(take(twJitKernelRequest(first, arguments.values, 3)), "");
  while (count().requests == 0)
    std::this_thread::yield();
  EXPECT_EQ(take(twJitKernelRequest(kernel, arguments.values, 3)), "");
  auto start = std::chrono::steady_clock::now();
  twJitKernelDestroy(kernel);
  kernel = nullptr;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  twJitKernelDestroy(first);
}

TEST_F(CompilingTest, BudgetsAndCancellationEndACompilation) {
  TwJitOptions options = {};
  options.usesProcess = 1;
  options.budgetMilliseconds = 200;
  std::string asleep = write("asleep", "#!/bin/sh\nexec sleep 1000\n");
  fs::permissions(asleep, fs::perms::owner_all);
  options.worker = asleep.c_str();
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(launch(arguments), describeTimeout(device, 200));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  EXPECT_EQ(take(twJitWait(jit)), "");
  EXPECT_EQ(count().timeouts, 1u);

  options.budgetMilliseconds = 600 * 1000;
  open(options);
  ASSERT_EQ(make(), "");
  std::string message;
  std::thread launcher([&] { message = launch(arguments); });
  while (count().requests == 0)
    std::this_thread::yield();
  EXPECT_EQ(take(twJitCancel(jit)), "");
  launcher.join();
  EXPECT_EQ(message, describeTwice(device) + "the compilation was cancelled");
  // It is begun anew when it is asked for again, and ends with the session.
  EXPECT_EQ(take(twJitKernelRequest(kernel, arguments.values, 3)), "");
  while (count().requests == 1)
    std::this_thread::yield();
}

/// A launch that does without does not begin again what took too long.
TEST_F(CompilingTest, LaunchesDoNotRepeatATimeout) {
  TwJitOptions options = {};
  open(options);
  TwJitKernelOptions background = {};
  background.isBackground = 1;
  background.policy = TW_JIT_DYNAMIC;
  ASSERT_EQ(make(background), "");
  Arguments arguments(64);
  TwFunction general = nullptr;
  ASSERT_EQ(take(twJitKernelGetFunction(kernel, arguments.values, 3, &general)),
            "");
  TwJitKernel first = kernel;
  kernel = nullptr;
  // From here on the compiler only sleeps.
  TwJit fast = jit;
  TwCache fastCache = cache;
  jit = nullptr;
  cache = nullptr;
  std::string asleep = write("asleep", "#!/bin/sh\nexec sleep 1000\n");
  fs::permissions(asleep, fs::perms::owner_all);
  options.usesProcess = 1;
  options.budgetMilliseconds = 100;
  options.worker = asleep.c_str();
  open(options);
  background.policy = TW_JIT_EXACT;
  background.fallback = general;
  ASSERT_EQ(make(background), "");
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(launch(arguments), "");
    ASSERT_EQ(take(twJitWait(jit)), "");
  }
  EXPECT_EQ(arguments.check(), "");
  EXPECT_EQ(count().timeouts, 1u);
  EXPECT_EQ(count().fallbacks, 3u);
  // Who asks for it begins it again.
  ASSERT_EQ(take(twJitKernelRequest(kernel, arguments.values, 3)), "");
  ASSERT_EQ(take(twJitWait(jit)), "");
  EXPECT_EQ(count().timeouts, 2u);
  close();
  twJitKernelDestroy(first);
  twJitClose(fast);
  twCacheClose(fastCache);
}

TEST_F(CompilingTest, ALibraryCompilationCanBeCancelled) {
  TwJitOptions options = {};
  options.budgetMilliseconds = 1;
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_EQ(launch(arguments), describeTimeout(device, 1));
  // What is over the budget is tried again, by whoever has more time.
  open();
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
}

TEST_F(CompilingTest, ManyThreadsCompileOnce) {
  ASSERT_EQ(make(), "");
  std::vector<std::string> messages(8);
  std::vector<std::thread> threads;
  for (std::string &message : messages)
    threads.emplace_back([&] {
      for (int64_t size : {64, 7, 4, 2, 64}) {
        Arguments arguments(size);
        message += launch(arguments);
        message += arguments.check();
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &message : messages)
    EXPECT_EQ(message, "");
  EXPECT_EQ(count().compiles, 4u);
  EXPECT_EQ(count().requests, 4u);
}

/// As in a container with a limit on processes.
TEST_F(CompilingTest, StandsASystemWithoutThreads) {
  ASSERT_EQ(make(), "");
  Arguments many(64), odd(7);
  pthread_attr_t usual, impossible;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  ASSERT_EQ(pthread_attr_init(&impossible), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&impossible, size_t(1) << 48), 0);
  auto launchWith = [&](const pthread_attr_t &attributes, Arguments &values) {
    EXPECT_EQ(pthread_setattr_default_np(&attributes), 0);
    std::string message = launch(values);
    EXPECT_EQ(pthread_setattr_default_np(&usual), 0);
    return message;
  };
  EXPECT_EQ(launchWith(impossible, many),
            "the system gives no thread to compile on");
  EXPECT_EQ(launchWith(usual, many), "");
  EXPECT_EQ(many.check(), "");
  EXPECT_EQ(launchWith(impossible, odd),
            "the system gives no thread that watches over a compilation");
  EXPECT_EQ(launchWith(usual, odd), "");
  EXPECT_EQ(odd.check(), "");
  pthread_attr_destroy(&impossible);
}

TEST_F(CompilingTest, ManyProcessesCompileOnce) {
  close();
  twDeviceClose(device);
  device = nullptr;
  constexpr int kProcesses = 64;
  int pipes[2], gate[2];
  ASSERT_EQ(pipe(pipes), 0);
  ASSERT_EQ(pipe(gate), 0);
  for (int i = 0; i < kProcesses; ++i)
    if (fork() == 0) {
      char result = 'x';
      EXPECT_EQ(openDevice("host", &device), "");
      open();
      Arguments arguments(64);
      bool isReady = make() == "";
      // They ask at the same time: when the other end is closed.
      ::close(gate[1]);
      isReady &= ::read(gate[0], &result, 1) == 0;
      if (isReady && launch(arguments) == "" && arguments.check() == "")
        result = char('0' + count().compiles);
      ssize_t written = ::write(pipes[1], &result, 1);
      _exit(written == 1 ? 0 : 1);
    }
  ::close(gate[0]);
  ::close(gate[1]);
  for (int i = 0; i < kProcesses; ++i)
    wait(nullptr);
  std::string results(kProcesses, ' ');
  ASSERT_EQ(::read(pipes[0], &results[0], kProcesses), kProcesses);
  ::close(pipes[0]);
  ::close(pipes[1]);
  EXPECT_EQ(std::count(results.begin(), results.end(), '0'), kProcesses - 1)
      << results;
  EXPECT_EQ(std::count(results.begin(), results.end(), '1'), 1) << results;
  ASSERT_EQ(openDevice("host", &device), "");
}

TEST_F(CompilingTest, AfterAForkTheChildOpensItsOwn) {
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  pid_t child = fork();
  if (child == 0) {
    bool isRight = launch(arguments) == "the session was opened before this "
                                        "process was forked; open one here";
    isRight &= count().compiles == 0;
    // Closing does not wait for threads that are not there.
    close();
    _exit(isRight ? 0 : 1);
  }
  int state = 0;
  waitpid(child, &state, 0);
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0);
}

/// The compiler is not left locked by threads that the child does not have.
TEST_F(CompilingTest, AChildOfACompilingProcessCompiles) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "a child of many threads does not always live under it";
#endif
#endif
  std::atomic<bool> isOver{false};
  std::atomic<int> number{0};
  // Each kernel is another one, for its argument has another name.
  auto compile = [&](const std::string &name) -> std::string {
    std::string text = kText;
    for (size_t at; (at = text.find("${T}")) != std::string::npos;)
      text.replace(at, 4, "f32");
    text.replace(text.find("\"n\""), 3, "\"" + name + "\"");
    TwJitSource source = {};
    source.file = "twice.mlir";
    source.text = {text.data(), text.size()};
    TwLibrary library = nullptr;
    std::string message =
        take(twJitCompile(jit, &source, "x86-64-v3", &library));
    twLibraryDestroy(library);
    return message;
  };
  std::thread compiling([&] {
    while (!isOver)
      compile("n" + std::to_string(++number));
  });
  while (number < 2)
    usleep(1000);
  int numBad = 0;
  for (int i = 0; i < 20; ++i) {
    usleep(1000 * useconds_t(i % 10));
    pid_t child = fork();
    if (child == 0) {
      // What hangs is ended.
      alarm(120);
      jit = nullptr;
      cache = nullptr;
      cacheFolder = folder + "/child" + std::to_string(i);
      open();
      _exit(compile("m").empty() ? 0 : 1);
    }
    int state = 0;
    waitpid(child, &state, 0);
    numBad += !WIFEXITED(state) || WEXITSTATUS(state) != 0;
    if (numBad)
      break;
  }
  isOver = true;
  compiling.join();
  EXPECT_EQ(numBad, 0);
}

TEST_F(CompilingTest, WorksWithoutAWritableFolder) {
  close();
  cacheFolder = folder + "/read-only";
  fs::create_directory(cacheFolder);
  fs::permissions(cacheFolder, fs::perms::owner_read | fs::perms::owner_exec);
  TwCacheOptions cacheOptions = {};
  cacheOptions.folder = cacheFolder.c_str();
  cacheOptions.isReadOnly = 1;
  ASSERT_EQ(take(twCacheOpen(&cacheOptions, &cache)), "");
  TwJitOptions options = {};
  options.cache = cache;
  options.compiler = compiler.c_str();
  ASSERT_EQ(take(twJitOpen(&options, &jit)), "");
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(arguments.check(), "");
  EXPECT_TRUE(fs::is_empty(cacheFolder));
}

TEST_F(CompilingTest, RefusesAnotherCompiler) {
  TwJitOptions options = {};
  options.compiler = STUB_HIP;
  open(options);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  EXPECT_EQ(launch(arguments).find("'" STUB_HIP "' is no compiler of "
                                   "Tilewright: it lacks twCompilerGetVersion"),
            0u);
}
