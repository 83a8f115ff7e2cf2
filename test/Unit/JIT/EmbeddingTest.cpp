// EmbeddingTest.cpp - what the compiler leaves alone in the program that has
// it. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SessionFixture.h"
#include "tilewright-rt/Observe.h"
#include <atomic>
#include <cfenv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

/// Processes that end in the middle leave what they had made.
static bool leavesAll = false;
extern "C" int __lsan_is_turned_off() { return leavesAll; }

namespace {

void pause(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

/// Each test has processes of its own, which have not loaded the compiler yet.
struct EmbeddingTest : SessionFixture {
  void SetUp() override {
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    SessionFixture::SetUp();
  }

  /// Has the session's threads compile: a kernel for each size.
  void request(int count) {
    TwJitKernelOptions options = {};
    options.policy = TW_JIT_EXACT;
    EXPECT_EQ(make(options), "");
    for (int i = 1; i <= count; ++i) {
      Arguments arguments(i * 48);
      EXPECT_EQ(take(twJitKernelRequest(kernel, arguments.values, 3)), "");
    }
  }

  std::string compile(const char *target, TwLibrary *library,
                      const char *file = nullptr) {
    TwJitSource source = {};
    source.file = file ? file : description.c_str();
    return take(twJitCompile(jit, &source, target, library));
  }

  /// Its files are in this process's folder, and so are removed by it.
  void endIn(int code, void (*end)(EmbeddingTest &test)) {
    Variable variable("TMPDIR", folder);
    EXPECT_EXIT(
        {
          // What hangs is ended.
          alarm(20);
          leavesAll = true;
          end(*this);
        },
        testing::ExitedWithCode(code), "");
    for (const auto &entry : fs::recursive_directory_iterator(folder))
      EXPECT_NE(entry.path().extension(), ".ptx") << entry.path();
  }

  /// A program in front of others on PATH.
  std::string writePtxas(const std::string &text) {
    fs::create_directory(folder + "/bin");
    std::string file = write("bin/ptxas", "#!/bin/sh\n" + text);
    fs::permissions(file, fs::perms::owner_all);
    return folder + "/bin:" + std::getenv("PATH");
  }
};

using EmbeddingDeathTest = EmbeddingTest;

} // namespace

//===----------------------------------------------------------------------===//
// The end of the process
//===----------------------------------------------------------------------===//

/// While LLVM is loaded, and in all that comes then.
TEST_F(EmbeddingDeathTest, EndsWhileItCompiles) {
  endIn(3, [](EmbeddingTest &test) { test.request(100), exit(3); });
  endIn(3, [](EmbeddingTest &test) { test.request(100), pause(50), exit(3); });
  endIn(3, [](EmbeddingTest &test) { test.request(100), pause(80), exit(3); });
  endIn(3, [](EmbeddingTest &test) { test.request(100), pause(100), exit(3); });
  endIn(3, [](EmbeddingTest &test) { test.request(100), pause(120), exit(3); });
  endIn(3, [](EmbeddingTest &test) { test.request(100), pause(150), exit(3); });
  endIn(3, [](EmbeddingTest &test) { test.request(100), pause(250), exit(3); });
}

TEST_F(EmbeddingDeathTest, EndsWithoutHandlers) {
  endIn(4, [](EmbeddingTest &test) {
    test.request(100), pause(150), quick_exit(4);
  });
  endIn(5,
        [](EmbeddingTest &test) { test.request(100), pause(150), _exit(5); });
}

/// A static object that was made before the compiler was loaded closes the
/// session after the compiler's own handler.
TEST_F(EmbeddingDeathTest, ClosesTheSessionAtTheEnd) {
  endIn(3, [](EmbeddingTest &test) {
    struct Closer {
      EmbeddingTest *test = nullptr;
      ~Closer() { test->close(); }
    };
    static Closer closer;
    closer.test = &test;
    test.request(100), pause(150), exit(3);
  });
}

TEST_F(EmbeddingDeathTest, EndsInAHandlerOfTheLog) {
  endIn(6, [](EmbeddingTest &test) {
    auto end = [](void *, const TwLogEvent *event) {
      // Only one thread may call exit.
      static std::atomic<bool> ends{false};
      if (std::strcmp(event->event, "jit.compile") == 0 && !ends.exchange(true))
        exit(6);
    };
    twLogSetHandler(end, nullptr, TW_LOG_INFO);
    test.request(100);
    pause(20000);
  });
}

TEST_F(EmbeddingDeathTest, EndsWhileAnotherThreadWaits) {
  endIn(3, [](EmbeddingTest &test) {
    std::thread waiting([&] {
      for (const char *target : {"gfx942", "x86-64-v3", "sm_90"}) {
        TwLibrary library = nullptr;
        test.compile(target, &library);
      }
    });
    waiting.detach();
    pause(150), exit(3);
  });
}

/// A child has none of the threads that compile in its parent.
TEST_F(EmbeddingDeathTest, AChildEndsWhileItsParentCompiles) {
  endIn(0, [](EmbeddingTest &test) {
    test.request(100);
    for (int i = 0; i < 5; ++i) {
      pause(60);
      pid_t child = fork();
      if (child == 0) {
        alarm(2);
        exit(0);
      }
      int state = 0;
      waitpid(child, &state, 0);
      if (state != 0)
        exit(1);
    }
    exit(0);
  });
}

/// Threads may be in them, and LLVM does not stand unloading.
TEST(Embedding, LibrariesAreNotUnloaded) {
  for (const std::string &file : {std::string(RUNTIME), getCompiler()}) {
    void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << dlerror();
    dlclose(library);
    EXPECT_NE(dlopen(file.c_str(), RTLD_NOW | RTLD_NOLOAD), nullptr) << file;
  }
}

/// The assembler ends with the process, and its files are removed.
TEST_F(EmbeddingDeathTest, EndsWhileAnotherProgramRuns) {
  Variable path("PATH", writePtxas("exec sleep 20\n"));
  endIn(3, [](EmbeddingTest &test) {
    std::thread([&] {
      TwLibrary library = nullptr;
      test.compile("sm_90", &library);
    }).detach();
    auto isRunning = [&] {
      for (const auto &entry :
           fs::directory_iterator(fs::temp_directory_path()))
        if (entry.path().extension() == ".ptx")
          return true;
      return false;
    };
    while (!isRunning())
      pause(5);
    exit(3);
  });
}

//===----------------------------------------------------------------------===//
// Signals
//===----------------------------------------------------------------------===//

static void ignoreSignal(int) {}

/// What is done at each signal, as text.
static std::map<int, std::string> getDispositions() {
  std::map<int, std::string> result;
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action = {};
    if (sigaction(number, nullptr, &action))
      continue;
    result[number] =
        std::to_string(reinterpret_cast<uintptr_t>(action.sa_handler)) + " " +
        std::to_string(action.sa_flags);
    for (int other = 1; other < NSIG; ++other)
      result[number] += sigismember(&action.sa_mask, other) > 0 ? "1" : "0";
  }
  return result;
}

TEST_F(EmbeddingDeathTest, SignalsStayAsTheyAre) {
  Variable path("PATH", writePtxas("for last; do :; done\n"
                                   "echo cubin >\"$last\"\n"));
  endIn(0, [](EmbeddingTest &test) {
    for (int number :
         {SIGHUP, SIGINT, SIGUSR1, SIGTERM, SIGPIPE, SIGCHLD, SIGXCPU}) {
      struct sigaction action = {};
      action.sa_handler = &ignoreSignal;
      action.sa_flags = SA_RESTART;
      sigaction(number, &action, nullptr);
    }
    alarm(1000);
    auto before = getDispositions();
    for (const char *target : {"gfx942", "x86-64-v3", "sm_90"}) {
      TwLibrary library = nullptr;
      if (std::string error = test.compile(target, &library); !error.empty()) {
        std::fprintf(stderr, "%s: %s\n", target, error.c_str());
        exit(1);
      }
      twLibraryDestroy(library);
      auto after = getDispositions();
      for (const auto &[number, text] : before)
        if (after[number] != text) {
          std::fprintf(stderr, "%s: signal %d: %s, but was %s\n", target,
                       number, after[number].c_str(), text.c_str());
          exit(2);
        }
      // Nor does a time limit of the compiler take the place of the program's.
      if (alarm(1000) < 900)
        exit(3);
    }
    exit(0);
  });
}

//===----------------------------------------------------------------------===//
// Floating-point numbers
//===----------------------------------------------------------------------===//

TEST_F(EmbeddingTest, RoundingOfTheProgramDoesNotMatter) {
  const std::string softmax = EXAMPLES "/softmax.json";
  std::map<std::string, std::string> expected;
  auto check = [&](const std::string &mode) {
    // Threads begin as the one that starts them.
    cacheFolder = folder + "/cache-" + mode;
    open();
    for (const char *target : {"x86-64-v4", "gfx942"}) {
      TwLibrary library = nullptr;
      EXPECT_EQ(compile(target, &library, softmax.c_str()), "") << mode;
      TwBytes bytes = twLibraryGetBytes(library);
      std::string made(static_cast<const char *>(bytes.data), bytes.size);
      twLibraryDestroy(library);
      std::string &first = expected[target];
      if (first.empty())
        first = made;
      EXPECT_TRUE(made == first) << mode << " " << target;
    }
  };
  check("default");
  for (auto [name, mode] : {std::make_pair("up", FE_UPWARD),
                            {"down", FE_DOWNWARD},
                            {"zero", FE_TOWARDZERO}}) {
    ASSERT_EQ(std::fesetround(mode), 0);
    check(name);
    EXPECT_EQ(std::fegetround(), mode);
    std::fesetround(FE_TONEAREST);
  }
#ifdef __SSE__
  unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040); // no denormals, neither read nor written
  check("flush");
  EXPECT_EQ(_mm_getcsr() & 0x8040, 0x8040u);
  _mm_setcsr(before);
#endif
#ifdef __GLIBC__
  feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
  check("traps");
  fedisableexcept(FE_ALL_EXCEPT);
#endif
}
