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

template <typename T>
constexpr auto canMakeValue(int)
    -> decltype(makeValue(std::declval<T>()), true) {
  return true;
}
template <typename T> constexpr bool canMakeValue(long) { return false; }

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
  // One element has no sizes.
  Array<0> element = makeArray(x);
  value = makeValue(element);
  EXPECT_EQ(value.rank, 0);
  EXPECT_EQ(value.data, x);
  EXPECT_EQ(ElementTypeOf<const unsigned long long>::value, TW_I64);
  // Of an array that is gone at once there is no value.
  static_assert(canMakeValue<const Array<2> &>(0));
  static_assert(!canMakeValue<Array<2>>(0));
  static_assert(!canMakeValue<float *>(0));
}

TEST(Wrapper, Workspaces) {
  TwKernel made = nullptr;
  ASSERT_EQ(take(twKernelCreate(R"({"version": 1, "kernel": "k",
    "variant": "v", "chip": "c", "symbol": "k", "abi": {"bytes": 32, "args": [
      {"name": "a", "kind": "memref", "type": "f32", "rank": 1, "offset": 0,
       "contiguous": true, "dims": ["N"]},
      {"name": "w", "kind": "memref", "type": "f32", "rank": 1, "offset": 16,
       "contiguous": true, "workspace": ["mul", "N", 8], "zeroed": true}]},
    "grid": {"exprs": [1]}})",
                                &made)),
            "");
  Kernel kernel(made);
  EXPECT_STREQ(kernel.getVariant(), "v");
  EXPECT_EQ(kernel.getLaunchInfo()->numWorkspaces, 1u);
  EXPECT_TRUE(kernel.getArgument(1)->isWorkspace);
  EXPECT_EQ(kernel.getArgument(2).getCode(), TW_INVALID_ARGUMENT);
  float x[6];
  Result<Workspace> needed = kernel.getWorkspace(1, makeArray(x, {6}), 0);
  ASSERT_TRUE(needed) << show(needed);
  EXPECT_EQ(needed->bytes, 48);
  EXPECT_TRUE(needed->isZeroed);
  EXPECT_EQ(kernel.getWorkspace(1, 0).getCode(), TW_INVALID_ARGUMENT);
  EXPECT_EQ(Kernel().getWorkspace(0).getCode(), TW_INVALID_ARGUMENT);
  EXPECT_EQ(Kernel().getLaunchInfo().getCode(), TW_INVALID_ARGUMENT);
  EXPECT_STREQ(Kernel().getName(), "");
  twKernelDestroy(made);
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
  EXPECT_EQ(twice->getNumVariants(), 1u);
  Result<Kernel> kernel = twice->getKernel();
  ASSERT_TRUE(kernel) << show(kernel);
  EXPECT_STREQ(kernel->getName(), "twice");
  ASSERT_EQ(kernel->getNumArguments(), 3u);
  EXPECT_STREQ(kernel->getArgument(2)->name, "n");
  EXPECT_EQ(twice->getKernel(1).getCode(), TW_INVALID_ARGUMENT);
  Result<TwLaunchLimits> limits = twice->getLaunchLimits();
  ASSERT_TRUE(limits) << show(limits);
  EXPECT_TRUE(limits->fits);
  TwValue values[] = {makeValue(from), makeValue(to), makeValue(1)};
  EXPECT_TRUE(twice->launchValues(nullptr, values, 3).isOk());
  EXPECT_EQ(b->as<float>()[7], 15.0f);
  TwLaunchOptions options = {};
  options.isCooperative = 1;
  EXPECT_EQ(twice->launchValues(nullptr, values, 3, &options).getCode(),
            TW_UNSUPPORTED);
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
  TwValue values[] = {makeValue(from), makeValue(to), makeValue(3)};
  EXPECT_TRUE(twice->launchValues(nullptr, values, 3).isOk());
  EXPECT_EQ(b[63], 9.0f);
  std::string manifest = folder + "/m.json";
  EXPECT_TRUE(session->saveManifest(manifest.c_str()).isOk());
  // Of two targets one is none.
  const char *targets[] = {"x86-64-v3", "none"};
  std::string report;
  auto add = [&](const TwJitReportInfo &info, const Status &status) {
    report += info.kernel + std::string(" ") + info.target +
              (status.isOk() ? " ok\n" : " failed\n");
  };
  Status made = session->prebuild(manifest.c_str(), targets, 2, add);
  EXPECT_FALSE(made.isOk());
  EXPECT_EQ(report, "twice.json x86-64-v3 ok\ntwice.json none failed\n");
  report.clear();
  Status found = session->check(manifest.c_str(), targets[0], add);
  EXPECT_TRUE(found.isOk()) << show(found);
  EXPECT_EQ(report, "twice.json x86-64-v3 ok\n");
  EXPECT_TRUE(session->cancel().isOk());
  TwCacheOptions options = {};
  std::string own = folder + "/own";
  options.folder = own.c_str();
  Result<Cache> kept = Cache::open(options);
  ASSERT_TRUE(kept) << show(kept);
  EXPECT_EQ(kept->getFolder(), own);
  EXPECT_EQ(kept->getCounters().puts, 0u);
}
