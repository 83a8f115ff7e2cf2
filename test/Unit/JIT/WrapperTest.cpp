// WrapperTest.cpp - the runtime through Tilewright.hpp.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SessionFixture.h"
#include "tilewright-rt/Tilewright.hpp"
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

using namespace tilewright;

static_assert(!std::is_copy_constructible_v<Device>);
static_assert(!std::is_copy_constructible_v<Buffer>);
static_assert(std::is_nothrow_move_constructible_v<Module>);
static_assert(std::is_nothrow_move_assignable_v<JitKernel>);
static_assert(std::is_nothrow_move_constructible_v<Stream>);

namespace {

/// A failure as text.
template <typename T> std::string show(const T &result) {
  return std::to_string(result.getCode()) + " " + result.getMessage();
}

struct WrapperTest : SessionFixture {
  TwJitSource getSource() {
    TwJitSource source = {};
    source.file = description.c_str();
    source.variant = "f32";
    return source;
  }
  Result<Jit> openSession() {
    TwJitOptions options = {};
    options.cache = cache;
    options.compiler = compiler.c_str();
    return Jit::open(options);
  }
};

} // namespace

TEST(Wrapper, StatusesAndResults) {
  EXPECT_TRUE(Status().isOk());
  EXPECT_STREQ(Status().getMessage(), "");
  Result<Device> none = Device::open("nothing");
  EXPECT_FALSE(none.isOk());
  EXPECT_EQ(show(none), "1 expected a device 'host', 'cuda:N' or 'hip:N', but "
                        "got 'nothing'");
  Status status = none.takeStatus();
  EXPECT_EQ(status.getCode(), TW_INVALID_ARGUMENT);
  Status moved = std::move(status);
  EXPECT_TRUE(status.isOk());
  EXPECT_FALSE(moved.isOk());
  moved = Status();
  EXPECT_TRUE(moved.isOk());
  EXPECT_EQ(Library::read("/nowhere/k.tilelib").getCode(), TW_NOT_FOUND);
  // Null handles are errors, and no crashes.
  Device device;
  EXPECT_EQ(device.synchronize().getCode(), TW_INVALID_ARGUMENT);
  EXPECT_EQ(device.allocate(4).getCode(), TW_INVALID_ARGUMENT);
  EXPECT_EQ(Module::create(device, Library()).getCode(), TW_INVALID_ARGUMENT);
  EXPECT_EQ(Function().launch(nullptr).getCode(), TW_INVALID_ARGUMENT);
  EXPECT_EQ(JitKernel().launch(nullptr).getCode(), TW_INVALID_ARGUMENT);
}

TEST(Wrapper, ValuesOfArguments) {
  float x[6];
  const TwBF16 *halves = nullptr;
  int64_t rows = 2;
  Array<2> array = makeArray(x, {rows, 3});
  TwValue value = makeValue(array);
  EXPECT_EQ(value.kind, TW_ARRAY);
  EXPECT_EQ(value.type, TW_F32);
  EXPECT_EQ(value.rank, 2);
  EXPECT_EQ(value.data, x);
  EXPECT_EQ(value.sizes[0], 2);
  EXPECT_EQ(value.sizes[1], 3);
  EXPECT_EQ(value.strides, nullptr);
  Array<1> strided = makeArray(halves, {4}, {7});
  value = makeValue(strided);
  EXPECT_EQ(value.type, TW_BF16);
  EXPECT_EQ(value.strides[0], 7);
  value = makeValue(2.5f);
  EXPECT_EQ(value.kind, TW_SCALAR);
  EXPECT_TRUE(value.isReal);
  EXPECT_EQ(value.real, 2.5);
  value = makeValue(-7);
  EXPECT_FALSE(value.isReal);
  EXPECT_EQ(value.integer, -7);
  EXPECT_EQ(makeValue(true).integer, 1);
}

TEST_F(WrapperTest, KernelsOfALibrary) {
  Result<Jit> session = openSession();
  ASSERT_TRUE(session) << show(session);
  Result<Device> host = Device::open("host");
  ASSERT_TRUE(host) << show(host);
  Result<TwDeviceInfo> info = host->getInfo();
  ASSERT_TRUE(info);
  EXPECT_STREQ(info->name, "host");
  TwJitSource source = getSource();
  Result<Library> library = session->compile(source, "x86-64-v3");
  ASSERT_TRUE(library) << show(library);
  EXPECT_EQ(library->getNumImages(), 1u);
  EXPECT_STREQ(library->getImage(0)->variant, "f32");
  EXPECT_EQ(library->getImage(1).getCode(), TW_INVALID_ARGUMENT);
  // From its bytes it is the same.
  Result<Library> again = Library::create(library->getBytes());
  ASSERT_TRUE(again) << show(again);
  Result<Module> module = Module::create(*host, *again);
  ASSERT_TRUE(module) << show(module);
  *again = Library();
  EXPECT_EQ(module->getFunction("thrice").getCode(), TW_NOT_FOUND);
  Result<Function> twice = module->getFunction("twice");
  ASSERT_TRUE(twice) << show(twice);
  EXPECT_TRUE(twice->prepare().isOk());

  constexpr int64_t kSize = 100;
  constexpr size_t kBytes = kSize * sizeof(float);
  Result<Buffer> a = host->allocate(kBytes), b = host->allocate(kBytes);
  ASSERT_TRUE(a && b);
  std::vector<float> in(kSize), out(kSize);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = float(i);
  EXPECT_TRUE(host->copy(a->get(), in.data(), kBytes).isOk());
  EXPECT_TRUE(host->fill(b->get(), 0xFF, kBytes).isOk());
  Result<Event> start = host->createEvent(), end = host->createEvent();
  ASSERT_TRUE(start && end);
  EXPECT_TRUE(start->record(nullptr).isOk());
  auto from = makeArray(a->as<const float>(), {kSize});
  auto to = makeArray(b->as<float>(), {kSize});
  Status status = twice->launch(nullptr, from, to, 0.5);
  EXPECT_TRUE(status.isOk()) << show(status);
  EXPECT_TRUE(end->record(nullptr).isOk());
  EXPECT_TRUE(end->synchronize().isOk());
  Result<float> elapsed = start->getElapsed(*end);
  ASSERT_TRUE(elapsed) << show(elapsed);
  EXPECT_GE(*elapsed, 0.0f);
  EXPECT_TRUE(host->copy(out.data(), b->get(), kBytes).isOk());
  EXPECT_TRUE(host->synchronize().isOk());
  for (size_t i = 0; i < in.size(); ++i)
    ASSERT_EQ(out[i], 2 * in[i] + 0.5f);
  EXPECT_EQ(show(twice->launch(nullptr, from, 0.5)),
            "1 kernel 'twice' takes 3 arguments, but got 2");
  TwLaunchOptions options = {};
  options.isCooperative = 1;
  EXPECT_EQ(twice->launchWith(&options, nullptr, from, to, 0.5).getCode(),
            TW_UNSUPPORTED);
  // Moved, it is the same memory, and freed once.
  void *address = a->get();
  Buffer moved = *std::move(a);
  EXPECT_EQ(moved.get(), address);
  EXPECT_EQ(a->get(), nullptr);
  moved = *std::move(b);
}

TEST(Wrapper, StreamsAndEventsEndWithTheirOwners) {
  Stub stub("cuda");
  TwDeviceOptions options = {};
  options.driver = stub.file.c_str();
  Result<Device> device = Device::open("cuda:0", options);
  ASSERT_TRUE(device) << show(device);
  stub.reset();
  {
    Result<Stream> stream = device->createStream(-1);
    ASSERT_TRUE(stream) << show(stream);
    Result<Event> event = device->createEvent();
    ASSERT_TRUE(event) << show(event);
    EXPECT_TRUE(event->record(stream->get()).isOk());
    EXPECT_TRUE(event->wait(nullptr).isOk());
    EXPECT_TRUE(stream->synchronize().isOk());
    Stream moved = *std::move(stream);
    EXPECT_NE(moved.get(), nullptr);
  }
  std::string log = stub.takeLog();
  auto count = [&](const std::string &call) {
    int number = 0;
    for (size_t at = 0; (at = log.find(call, at)) != std::string::npos; ++at)
      ++number;
    return number;
  };
  EXPECT_EQ(count("cuStreamDestroy"), 1) << log;
  EXPECT_EQ(count("cuEventDestroy"), 1) << log;
}

TEST_F(WrapperTest, KernelsOfASource) {
  Result<Jit> session = openSession();
  ASSERT_TRUE(session) << show(session);
  Result<Device> host = Device::open("host");
  ASSERT_TRUE(host);
  Result<JitKernel> twice = JitKernel::create(*session, *host, getSource());
  ASSERT_TRUE(twice) << show(twice);
  alignas(64) float a[64], b[64];
  for (float &x : a)
    x = 3;
  auto from = makeArray(a, {64}), to = makeArray(b, {64});
  EXPECT_TRUE(twice->request(from, to, 1).isOk());
  EXPECT_TRUE(session->wait().isOk());
  EXPECT_TRUE(twice->launch(nullptr, from, to, 1).isOk());
  EXPECT_EQ(b[63], 7.0f);
  Result<Function> function = twice->getFunction(from, to, 1);
  ASSERT_TRUE(function) << show(function);
  EXPECT_TRUE(function->launch(nullptr, from, to, 2).isOk());
  EXPECT_EQ(b[63], 8.0f);
  EXPECT_EQ(session->getCounters().compiles, 1u);
  EXPECT_EQ(twice->getFunction(from).getCode(), TW_INVALID_ARGUMENT);
  EXPECT_EQ(show(twice->prepare()),
            "1 expected a session that was opened with a manifest");
  EXPECT_TRUE(session->saveManifest((folder + "/m.json").c_str()).isOk());
  EXPECT_TRUE(session->cancel().isOk());
  TwCacheOptions options = {};
  std::string own = folder + "/own";
  options.folder = own.c_str();
  Result<Cache> kept = Cache::open(options);
  ASSERT_TRUE(kept) << show(kept);
  EXPECT_EQ(twCacheGetFolder(kept->get()), own);
}
