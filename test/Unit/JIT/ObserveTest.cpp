// ObserveTest.cpp - what others are told of a session.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Observe.h"
#include "SessionFixture.h"
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

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
  int numLaunches = 0;
  for (const auto &event : trace["traceEvents"]) {
    EXPECT_EQ(event["ph"], "X");
    EXPECT_GE(event["dur"].get<double>(), 0.0);
    std::string name = event["name"].get<std::string>();
    numLaunches += name == "launch twice";
    slices[name] = {event["ts"].get<double>(),
                    event["ts"].get<double>() + event["dur"].get<double>()};
  }
  EXPECT_EQ(numLaunches, 2);
  // One lies within the other.
  auto [begin, end] = slices["compile twice.json"];
  auto [outerBegin, outerEnd] = slices["obtain twice.json"];
  EXPECT_LE(outerBegin, begin);
  EXPECT_GE(outerEnd, end);
  for (const char *stage :
       {"parse", "passes", "translate", "optimize", "backend", "assemble"}) {
    ASSERT_TRUE(slices.count(stage)) << stage;
    EXPECT_LE(slices[stage].second, end) << stage;
  }
  EXPECT_TRUE(slices.count("load twice"));
  ASSERT_EQ(take(twTraceStart()), "");
  EXPECT_EQ(take(twTraceStop("/nowhere/trace.json")),
            "cannot write trace '/nowhere/trace.json': No such file or "
            "directory");
}
