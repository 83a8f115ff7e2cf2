// ObserveTest.cpp - what others are told of a session.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Observe.h"
#include "SessionFixture.h"
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

using ObserveTest = SessionFixture;

namespace {

/// Events as text, one a line; fields that differ from run to run left out.
struct Log {
  std::mutex mutex;
  std::string text;

  explicit Log(TwLogLevel lowest) { twLogSetHandler(&add, this, lowest); }
  ~Log() { twLogSetHandler(nullptr, nullptr, TW_LOG_DEBUG); }

  static void add(void *user, const TwLogEvent *event) {
    Log &log = *static_cast<Log *>(user);
    std::lock_guard<std::mutex> lock(log.mutex);
    log.text += std::to_string(event->level) + " " + event->event;
    for (size_t i = 0; i < event->numFields; ++i) {
      const TwLogField &field = event->fields[i];
      log.text += std::string(" ") + field.name;
      if (field.text && std::string(field.name) != "target" &&
          std::string(field.name) != "chip")
        log.text += std::string("='") + field.text + "'";
      else if (!field.text)
        EXPECT_GT(field.number, 0.0) << field.name;
    }
    log.text += "\n";
  }
  std::string take() {
    std::lock_guard<std::mutex> lock(mutex);
    return std::move(text);
  }
};

} // namespace

TEST_F(ObserveTest, EventsTellWhatHappens) {
  Log log(TW_LOG_DEBUG);
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(log.take(),
            "1 jit.compile kernel='twice.json' source='twice.json' target ms "
            "bytes remarks=''\n"
            "1 module.load kernel='twice' variant='f32' chip bytes ms\n");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(log.take(), "") << "launches are not events";
  open();
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(log.take(),
            "0 jit.hit kernel='twice.json' source='twice.json' target\n"
            "1 module.load kernel='twice' variant='f32' chip bytes ms\n");
  TwJitOptions strict = {};
  strict.isStrict = 1;
  open(strict);
  TwJitSource other = {};
  other.optLevelPlusOne = 1;
  ASSERT_EQ(make({}, other), "");
  std::string message = launch(arguments);
  EXPECT_EQ(log.take(), "3 jit.miss kernel='twice.json' source='twice.json' "
                        "target message='" +
                            message + "'\n");
  open();
  write("twice.mlir", "tile.kernel");
  ASSERT_EQ(make(), "");
  message = launch(arguments);
  EXPECT_EQ(log.take(), "2 jit.fail kernel='twice.json' source='twice.json' "
                        "target message='" +
                            message + "'\n");
  Log warnings(TW_LOG_WARNING);
  write("twice.mlir", kText);
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  EXPECT_EQ(warnings.take(), "");
  EXPECT_EQ(log.take(), "") << "it was replaced";
}

TEST_F(ObserveTest, TracesHaveCompilationsAndLaunches) {
  std::string path = folder + "/trace.json";
  EXPECT_EQ(take(twTraceStop(path.c_str())),
            "there is no trace: begin one first");
  ASSERT_EQ(take(twTraceStart()), "");
  EXPECT_EQ(take(twTraceStart()), "there is a trace already: end it first");
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  ASSERT_EQ(launch(arguments), "");
  ASSERT_EQ(take(twTraceStop(path.c_str())), "");
  std::ifstream file(path);
  auto trace = nlohmann::json::parse(file, nullptr, false);
  ASSERT_TRUE(trace.is_object());
  std::map<std::string, std::pair<double, double>> slices;
  std::map<long, std::string> threads;
  std::vector<std::pair<double, double>> lookups;
  int numLaunches = 0;
  for (const auto &event : trace["traceEvents"]) {
    long thread = event["tid"].get<long>();
    std::string name = event["name"].get<std::string>();
    if (event["ph"] == "M") {
      EXPECT_EQ(name, "thread_name");
      threads[thread] = event["args"]["name"].get<std::string>();
      continue;
    }
    EXPECT_EQ(event["ph"], "X");
    EXPECT_GE(event["dur"].get<double>(), 0.0);
    numLaunches += name == "launch twice";
    slices[name] = {event["ts"].get<double>(),
                    event["ts"].get<double>() + event["dur"].get<double>()};
    if (name == "cache get")
      lookups.push_back(slices[name]);
    bool isJit = event["cat"] == "compile" || event["cat"] == "jit";
    EXPECT_TRUE(threads.count(thread)) << name;
    EXPECT_EQ(threads[thread] == "tilewright-jit",
              isJit || name == "load twice" || event["cat"] == "cache")
        << name;
  }
  EXPECT_EQ(threads.size(), 2u);
  EXPECT_EQ(numLaunches, 2);
  // One lies within the other, and each behind the one before.
  auto expectWithin = [&](const std::string &inner, const std::string &outer) {
    ASSERT_TRUE(slices.count(inner)) << inner;
    ASSERT_TRUE(slices.count(outer)) << outer;
    constexpr double kRounding = 0.01;
    EXPECT_GE(slices[inner].first, slices[outer].first - kRounding) << inner;
    EXPECT_LE(slices[inner].second, slices[outer].second + kRounding) << inner;
  };
  expectWithin("compile twice.json", "obtain twice.json");
  expectWithin("prepare twice.json", "compile twice.json");
  expectWithin("finish twice.json", "compile twice.json");
  expectWithin("parse", "prepare twice.json");
  double before = slices["finish twice.json"].first;
  for (const char *stage :
       {"passes", "translate", "optimize", "backend", "assemble"}) {
    expectWithin(stage, "finish twice.json");
    EXPECT_GE(slices[stage].first, before - 0.01) << stage;
    before = slices[stage].second;
  }
  // No lookup during a stage: the content's is between the two.
  bool isBetween = false;
  for (auto [begin, end] : lookups) {
    isBetween |= begin >= slices["prepare twice.json"].second &&
                 end <= slices["finish twice.json"].first;
    for (const char *part : {"prepare twice.json", "finish twice.json"})
      EXPECT_TRUE(end <= slices[part].first || begin >= slices[part].second)
          << part;
  }
  EXPECT_TRUE(isBetween);
  EXPECT_TRUE(slices.count("load twice"));
}

/// In a new process, which loads the compiler for its first kernel.
TEST_F(ObserveTest, TracesHaveTheLoadingOfTheCompiler) {
  close();
  twDeviceClose(device);
  device = nullptr;
  std::string path = folder + "/trace.json";
  pid_t child = fork();
  if (child == 0) {
    bool isRight = openDevice("host", &device).empty();
    open();
    isRight &= take(twTraceStart()).empty() && make().empty();
    Arguments arguments(64);
    isRight &= launch(arguments).empty();
    isRight &= take(twTraceStop(path.c_str())).empty();
    _exit(isRight ? 0 : 1);
  }
  int state = 0;
  waitpid(child, &state, 0);
  ASSERT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0);
  EXPECT_NE(readText(path).find("\"load compiler\""), std::string::npos);
  ASSERT_EQ(openDevice("host", &device), "");
}

/// What could not be written is there for another path.
TEST_F(ObserveTest, KeepsATraceThatCannotBeWritten) {
  ASSERT_EQ(take(twTraceStart()), "");
  ASSERT_EQ(make(), "");
  Arguments arguments(64);
  ASSERT_EQ(launch(arguments), "");
  for (const char *path : {"/nowhere/trace.json", "/"})
    EXPECT_EQ(take(twTraceStop(path))
                  .find("cannot write trace '" + std::string(path) + "': "),
              0u);
  EXPECT_EQ(take(twTraceStop("/nowhere/trace.json")),
            "cannot write trace '/nowhere/trace.json': No such file or "
            "directory; try another path");
  // It has ended.
  ASSERT_EQ(make(), "");
  ASSERT_EQ(launch(arguments), "");
  std::string path = folder + "/trace.json";
  ASSERT_EQ(take(twTraceStop(path.c_str())), "");
  std::string text = readText(path);
  size_t first = text.find("\"launch twice\"");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(text.rfind("\"launch twice\""), first);
  EXPECT_EQ(take(twTraceStop(path.c_str())),
            "there is no trace: begin one first");
  // It may be thrown away, or be followed by another.
  for (bool isThrownAway : {true, false}) {
    ASSERT_EQ(take(twTraceStart()), "");
    ASSERT_EQ(launch(arguments), "");
    EXPECT_NE(take(twTraceStop("/nowhere/trace.json")), "");
    if (isThrownAway)
      ASSERT_EQ(take(twTraceStop(nullptr)), "");
    ASSERT_EQ(take(twTraceStart()), "");
    ASSERT_EQ(take(twTraceStop(path.c_str())), "");
    EXPECT_EQ(readText(path).find("launch"), std::string::npos);
  }
}
