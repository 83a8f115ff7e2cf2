// Tilewright.hpp - the runtime for C++17 programs: owners of its handles.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All of it is inline, calls the C functions, and neither throws nor needs
// RTTI. What has no method here is called with `get()` in C, and the other
// headers say what each call does, its errors, and what may be null.
//
//   using namespace tilewright;
//   Result<Device> device = Device::open("host");
//   if (!device)
//     return complain(device.getMessage());
//   Result<Library> library = Library::read("vector_add.tilelib");
//   ...
//   Result<Module> module = Module::create(*device, *library);
//   Result<Function> add = module->getFunction("vector_add");
//   Status status = add->launch(nullptr, makeArray(a, {n}), makeArray(b, {n}),
//                               makeArray(c, {n}));
//
// Ownership: an owner is moved, not copied, and ends its handle with itself. It
// must go before what it was made from, which C++ does where they are declared
// in that order: a Device before its Buffer, Stream, Event, Module and
// JitKernel; a Jit before its JitKernel; a Cache before its Jit. A Module does
// not need its Library any more. A Function and its Kernel own nothing: they
// are the Module's or the JitKernel's. An owner that was moved from, or
// default, has a null handle, which every call answers with INVALID_ARGUMENT.
//
// Threads: as the handle. Const members may be called from several threads at
// once, for all kinds but Status and Result; to move, assign or destroy an
// owner is not safe beside any other use of it.
//
#ifndef TILEWRIGHT_RT_TILEWRIGHT_HPP
#define TILEWRIGHT_RT_TILEWRIGHT_HPP

#include "tilewright-rt/Cache.h"
#include "tilewright-rt/Device.h"
#include "tilewright-rt/Jit.h"
#include "tilewright-rt/Library.h"
#include "tilewright-rt/Module.h"
#include "tilewright-rt/Status.h"
#include "tilewright-rt/Value.h"
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

namespace tilewright {

namespace detail {

/// Owns a handle, which `destroy` ends.
template <typename Handle, auto destroy> class Owner {
public:
  Owner() = default;
  /// Takes `made` over; null is nothing.
  explicit Owner(Handle made) noexcept : handle(made) {}
  Owner(Owner &&other) noexcept : handle(other.release()) {}
  Owner &operator=(Owner &&other) noexcept {
    if (this != &other) {
      destroy(handle);
      handle = other.release();
    }
    return *this;
  }
  ~Owner() { destroy(handle); }

  /// For the C functions; still owned here.
  Handle get() const noexcept { return handle; }
  /// Gives the handle to the caller.
  [[nodiscard]] Handle release() noexcept {
    return std::exchange(handle, nullptr);
  }

private:
  Handle handle = nullptr;
};

} // namespace detail

//===----------------------------------------------------------------------===//
// Statuses
//===----------------------------------------------------------------------===//

/// Whether a call succeeded, and if not why. Takes a C function's TwStatus.
class [[nodiscard]] Status : public detail::Owner<TwStatus, &twStatusDestroy> {
public:
  Status() = default;
  Status(TwStatus status) noexcept : Owner(status) {}

  bool isOk() const noexcept { return !get(); }
  TwCode getCode() const noexcept { return twStatusGetCode(get()); }
  /// "" for success; lives as long as the status.
  const char *getMessage() const noexcept { return twStatusGetMessage(get()); }
};

/// A value, or the status of the call that should have made it.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T made) : value(std::move(made)) {}
  /// `failure` is one.
  Result(Status failure) noexcept : status(std::move(failure)) {
    assert(!status.isOk() && "expected a failure or a value");
  }

  bool isOk() const noexcept { return value.has_value(); }
  explicit operator bool() const noexcept { return isOk(); }
  TwCode getCode() const noexcept { return status.getCode(); }
  const char *getMessage() const noexcept { return status.getMessage(); }
  /// For a caller to return.
  Status takeStatus() noexcept { return std::move(status); }

  /// The value; only where there is one.
  T &operator*() & { return *get(); }
  const T &operator*() const & { return *get(); }
  T &&operator*() && { return std::move(*get()); }
  T *operator->() { return get(); }
  const T *operator->() const { return get(); }

private:
  T *get() {
    assert(isOk() && "expected a value: look at isOk() first");
    return &*value;
  }
  const T *get() const { return const_cast<Result *>(this)->get(); }

  std::optional<T> value;
  Status status;
};

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

namespace detail {

/// Owns what a device made.
template <TwStatus (*destroy)(TwDevice, void *)> class DeviceOwner {
public:
  DeviceOwner() = default;
  DeviceOwner(TwDevice on, void *made) noexcept : device(on), handle(made) {}
  DeviceOwner(DeviceOwner &&other) noexcept
      : device(other.device), handle(other.release()) {}
  DeviceOwner &operator=(DeviceOwner &&other) noexcept {
    if (this != &other) {
      end();
      device = other.device;
      handle = other.release();
    }
    return *this;
  }
  ~DeviceOwner() { end(); }

  /// The driver's own handle or address; still owned here.
  void *get() const noexcept { return handle; }
  [[nodiscard]] void *release() noexcept {
    return std::exchange(handle, nullptr);
  }
  TwDevice getDevice() const noexcept { return device; }

private:
  void end() noexcept {
    if (handle)
      twStatusDestroy(destroy(device, handle));
  }

  TwDevice device = nullptr;
  void *handle = nullptr;
};

} // namespace detail

/// Memory of a device.
class Buffer : public detail::DeviceOwner<&twDeviceFree> {
public:
  using DeviceOwner::DeviceOwner;
  /// Its address, which the host may use on "host" alone.
  template <typename T> T *as() const noexcept {
    return static_cast<T *>(get());
  }
};

/// A queue of launches and copies. Where a TwStream is wanted pass `get()`, or
/// null for the default one.
class Stream : public detail::DeviceOwner<&twStreamDestroy> {
public:
  using DeviceOwner::DeviceOwner;
  Status synchronize() const { return twStreamSynchronize(getDevice(), get()); }
};

/// A mark in a stream.
class Event : public detail::DeviceOwner<&twEventDestroy> {
public:
  using DeviceOwner::DeviceOwner;
  Status record(TwStream stream) const {
    return twEventRecord(getDevice(), get(), stream);
  }
  Status wait(TwStream stream) const {
    return twEventWait(getDevice(), get(), stream);
  }
  Status synchronize() const { return twEventSynchronize(getDevice(), get()); }
  /// Milliseconds from this mark to `end`.
  Result<float> getElapsed(const Event &end) const {
    float milliseconds = 0;
    if (TwStatus status =
            twEventGetElapsed(getDevice(), get(), end.get(), &milliseconds))
      return Status(status);
    return milliseconds;
  }
};

class Device : public detail::Owner<TwDevice, &twDeviceClose> {
public:
  using Owner::Owner;
  /// "host", "cuda:N" or "hip:N".
  static Result<Device> open(const char *name,
                             const TwDeviceOptions &options = {}) {
    TwDevice device = nullptr;
    if (TwStatus status = twDeviceOpen(name, &options, &device))
      return Status(status);
    return Device(device);
  }

  Result<TwDeviceInfo> getInfo() const {
    TwDeviceInfo info = {};
    if (TwStatus status = twDeviceGetInfo(get(), &info))
      return Status(status);
    return info;
  }
  Result<Buffer> allocate(size_t bytes) const {
    return make<Buffer>(
        [&](void **made) { return twDeviceAllocate(get(), bytes, made); });
  }
  Result<Stream> createStream(int32_t priority = 0) const {
    return make<Stream>(
        [&](void **made) { return twStreamCreate(get(), priority, made); });
  }
  Result<Event> createEvent() const {
    return make<Event>([&](void **made) { return twEventCreate(get(), made); });
  }
  Status copy(void *to, const void *from, size_t bytes,
              TwStream stream = nullptr) const {
    return twDeviceCopy(get(), to, from, bytes, stream);
  }
  Status fill(void *memory, uint8_t value, size_t bytes,
              TwStream stream = nullptr) const {
    return twDeviceFill(get(), memory, value, bytes, stream);
  }
  Status synchronize() const { return twDeviceSynchronize(get()); }

private:
  template <typename T, typename Make> Result<T> make(Make make) const {
    void *made = nullptr;
    if (TwStatus status = make(&made))
      return Status(status);
    return T(get(), made);
  }
};

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

namespace detail {
using OtherLong =
    std::conditional_t<std::is_same_v<int64_t, long>, long long, long>;
} // namespace detail

/// The element type of a C++ type, const or not; of others there is no `value`.
template <typename T> struct ElementTypeOf {};
template <typename T> struct ElementTypeOf<const T> : ElementTypeOf<T> {};
#define TILEWRIGHT_ELEMENT_TYPE(TYPE, ELEMENT)                                 \
  template <> struct ElementTypeOf<TYPE> {                                     \
    static constexpr TwElementType value = ELEMENT;                            \
  };
TILEWRIGHT_ELEMENT_TYPE(double, TW_F64)
TILEWRIGHT_ELEMENT_TYPE(float, TW_F32)
TILEWRIGHT_ELEMENT_TYPE(TwBF16, TW_BF16)
TILEWRIGHT_ELEMENT_TYPE(TwF16, TW_F16)
TILEWRIGHT_ELEMENT_TYPE(TwF8E4M3FN, TW_F8E4M3FN)
TILEWRIGHT_ELEMENT_TYPE(TwF8E5M2, TW_F8E5M2)
TILEWRIGHT_ELEMENT_TYPE(TwF8E4M3FNUZ, TW_F8E4M3FNUZ)
TILEWRIGHT_ELEMENT_TYPE(TwF8E5M2FNUZ, TW_F8E5M2FNUZ)
TILEWRIGHT_ELEMENT_TYPE(bool, TW_I1)
TILEWRIGHT_ELEMENT_TYPE(int8_t, TW_I8)
TILEWRIGHT_ELEMENT_TYPE(uint8_t, TW_I8)
TILEWRIGHT_ELEMENT_TYPE(int16_t, TW_I16)
TILEWRIGHT_ELEMENT_TYPE(uint16_t, TW_I16)
TILEWRIGHT_ELEMENT_TYPE(int32_t, TW_I32)
TILEWRIGHT_ELEMENT_TYPE(uint32_t, TW_I32)
TILEWRIGHT_ELEMENT_TYPE(int64_t, TW_I64)
TILEWRIGHT_ELEMENT_TYPE(uint64_t, TW_I64)
// That of long and long long which int64_t is not.
TILEWRIGHT_ELEMENT_TYPE(detail::OtherLong,
                        sizeof(detail::OtherLong) == 8 ? TW_I64 : TW_I32)
TILEWRIGHT_ELEMENT_TYPE(std::make_unsigned_t<detail::OtherLong>,
                        ElementTypeOf<detail::OtherLong>::value)
#undef TILEWRIGHT_ELEMENT_TYPE

/// An array of a launch: `rank` sizes and strides, in elements, of memory that
/// somebody else owns.
template <size_t rank> struct Array {
  TwElementType type;
  const void *data;
  std::array<int64_t, rank> sizes;
  /// Nothing: row-major without gaps.
  std::optional<std::array<int64_t, rank>> strides;
};

namespace detail {
template <size_t rank>
std::array<int64_t, rank> copyOf(const int64_t (&values)[rank]) {
  std::array<int64_t, rank> result = {};
  for (size_t i = 0; i < rank; ++i)
    result[i] = values[i];
  return result;
}
} // namespace detail

/// `makeArray(x, {rows, columns})`, where `x` points to elements in memory of
/// the device.
template <typename T, size_t rank>
Array<rank> makeArray(T *data, const int64_t (&sizes)[rank]) {
  return {ElementTypeOf<T>::value, data, detail::copyOf(sizes), std::nullopt};
}
/// `makeArray(x, {rows, columns}, {stride, 1})`.
template <typename T, size_t rank>
Array<rank> makeArray(T *data, const int64_t (&sizes)[rank],
                      const int64_t (&strides)[rank]) {
  return {ElementTypeOf<T>::value, data, detail::copyOf(sizes),
          detail::copyOf(strides)};
}

/// `makeArray(x)`: one element, an array without dimensions.
template <typename T> Array<0> makeArray(T *data) {
  return {ElementTypeOf<T>::value, data, {}, std::nullopt};
}

/// What a launch takes: an Array, which must outlive the value; a number; or
/// what is a TwValue already, such as twValueMakeArray makes of an array whose
/// rank is known when the program runs.
template <size_t rank> TwValue makeValue(const Array<rank> &array) {
  return twValueMakeArray(array.type, int32_t(rank), array.data,
                          array.sizes.data(),
                          array.strides ? array.strides->data() : nullptr);
}
/// It would have the sizes of an array that is gone.
template <size_t rank> TwValue makeValue(const Array<rank> &&) = delete;
template <typename T>
std::enable_if_t<std::is_arithmetic_v<T>, TwValue> makeValue(T number) {
  if constexpr (std::is_floating_point_v<T>)
    return twValueMakeReal(TW_F64, double(number));
  else
    return twValueMakeInteger(TW_I64, int64_t(number));
}
inline TwValue makeValue(const TwValue &value) { return value; }

namespace detail {

/// Calls call(values, numValues).
template <typename Call, typename... Arguments>
auto withValues(Call call, const Arguments &...arguments) {
  // One more, for no array is empty.
  const TwValue values[] = {makeValue(arguments)..., TwValue{}};
  return call(values, sizeof...(Arguments));
}

} // namespace detail

//===----------------------------------------------------------------------===//
// Libraries and their kernels
//===----------------------------------------------------------------------===//

class Library : public detail::Owner<TwLibrary, &twLibraryDestroy> {
public:
  using Owner::Owner;
  static Result<Library> create(TwBytes bytes) {
    TwLibrary library = nullptr;
    if (TwStatus status = twLibraryCreate(bytes, &library))
      return Status(status);
    return Library(library);
  }
  /// The library in a file.
  static Result<Library> read(const char *path) {
    TwLibrary library = nullptr;
    if (TwStatus status = twLibraryCreateFromFile(path, &library))
      return Status(status);
    return Library(library);
  }

  /// Live as long as the library.
  TwBytes getBytes() const { return twLibraryGetBytes(get()); }
  size_t getNumImages() const { return twLibraryGetNumImages(get()); }
  Result<TwImageInfo> getImage(size_t index) const {
    TwImageInfo image = {};
    if (TwStatus status = twLibraryGetImage(get(), index, &image))
      return Status(status);
    return image;
  }
};

/// How large a workspace must be, and whether it must be 0 at first.
struct Workspace {
  int64_t bytes;
  bool isZeroed;
};

/// What a variant of a Function takes. It owns nothing, as a Function.
class Kernel {
public:
  Kernel() = default;
  explicit Kernel(TwKernel found) noexcept : kernel(found) {}

  TwKernel get() const noexcept { return kernel; }
  const char *getName() const { return twKernelGetName(kernel); }
  const char *getVariant() const { return twKernelGetVariant(kernel); }
  size_t getNumArguments() const { return twKernelGetNumArguments(kernel); }
  Result<TwArgumentInfo> getArgument(size_t index) const {
    TwArgumentInfo info = {};
    if (TwStatus status = twKernelGetArgument(kernel, index, &info))
      return Status(status);
    return info;
  }
  Result<TwLaunchInfo> getLaunchInfo() const {
    TwLaunchInfo info = {};
    if (TwStatus status = twKernelGetLaunchInfo(kernel, &info))
      return Status(status);
    return info;
  }
  /// What a launch with these arguments needs in argument `index`. Those that
  /// are workspaces may be anything here, such as 0.
  template <typename... Arguments>
  Result<Workspace> getWorkspace(size_t index,
                                 const Arguments &...arguments) const {
    int64_t bytes = 0;
    int32_t isZeroed = 0;
    Status status = detail::withValues(
        [&](const TwValue *values, size_t count) -> Status {
          return twKernelGetWorkspace(kernel, values, count, index, &bytes,
                                      &isZeroed);
        },
        arguments...);
    if (!status.isOk())
      return Result<Workspace>(std::move(status));
    return Workspace{bytes, isZeroed != 0};
  }

private:
  TwKernel kernel = nullptr;
};

/// A kernel of a Module or a JitKernel, which it must not outlive. It owns
/// nothing, and is copied freely.
class Function {
public:
  Function() = default;
  explicit Function(TwFunction found) noexcept : function(found) {}

  TwFunction get() const noexcept { return function; }
  /// In the order in which launches try them.
  size_t getNumVariants() const { return twFunctionGetNumVariants(function); }
  Result<Kernel> getKernel(size_t variant = 0) const {
    TwKernel kernel = nullptr;
    if (TwStatus status = twFunctionGetKernel(function, variant, &kernel))
      return Status(status);
    return Kernel(kernel);
  }
  Result<TwLaunchLimits> getLaunchLimits(size_t variant = 0) const {
    TwLaunchLimits limits = {};
    if (TwStatus status = twFunctionGetLaunchLimits(function, variant, &limits))
      return Status(status);
    return limits;
  }
  /// Loads its code ahead.
  Status prepare() const { return twFunctionPrepare(function); }
  /// Launches with arguments that makeValue takes, in the kernel's order.
  /// Allocates nothing.
  template <typename... Arguments>
  Status launch(TwStream stream, const Arguments &...arguments) const {
    return launchWith(nullptr, stream, arguments...);
  }
  /// `options` may be null.
  template <typename... Arguments>
  Status launchWith(const TwLaunchOptions *options, TwStream stream,
                    const Arguments &...arguments) const {
    return detail::withValues(
        [&](const TwValue *values, size_t count) -> Status {
          return twFunctionLaunch(function, stream, values, count, options);
        },
        arguments...);
  }
  /// With arguments whose number is known when the program runs.
  Status launchValues(TwStream stream, const TwValue *values, size_t numValues,
                      const TwLaunchOptions *options = nullptr) const {
    return twFunctionLaunch(function, stream, values, numValues, options);
  }

private:
  TwFunction function = nullptr;
};

class Module : public detail::Owner<TwModule, &twModuleDestroy> {
public:
  using Owner::Owner;
  static Result<Module> create(const Device &device, const Library &library) {
    TwModule module = nullptr;
    if (TwStatus status = twModuleCreate(device.get(), library.get(), &module))
      return Status(status);
    return Module(module);
  }
  Result<Function> getFunction(const char *name,
                               const char *variant = nullptr) const {
    TwFunction function = nullptr;
    if (TwStatus status = twModuleGetFunction(get(), name, variant, &function))
      return Status(status);
    return Function(function);
  }
};

//===----------------------------------------------------------------------===//
// Kernels that are compiled when they are asked for
//===----------------------------------------------------------------------===//

class Cache : public detail::Owner<TwCache, &twCacheClose> {
public:
  using Owner::Owner;
  static Result<Cache> open(const TwCacheOptions &options = {}) {
    TwCache cache = nullptr;
    if (TwStatus status = twCacheOpen(&options, &cache))
      return Status(status);
    return Cache(cache);
  }

  /// Lives as long as the cache.
  const char *getFolder() const { return twCacheGetFolder(get()); }
  TwCacheCounters getCounters() const {
    TwCacheCounters counters = {};
    twCacheGetCounters(get(), &counters);
    return counters;
  }
};

/// A session.
class Jit : public detail::Owner<TwJit, &twJitClose> {
public:
  using Owner::Owner;
  static Result<Jit> open(const TwJitOptions &options = {}) {
    TwJit jit = nullptr;
    if (TwStatus status = twJitOpen(&options, &jit))
      return Status(status);
    return Jit(jit);
  }

  TwJitCounters getCounters() const {
    TwJitCounters counters = {};
    twJitGetCounters(get(), &counters);
    return counters;
  }
  Status wait() const { return twJitWait(get()); }
  Status cancel() const { return twJitCancel(get()); }
  Status saveManifest(const char *path) const {
    return twJitSaveManifest(get(), path);
  }
  /// The library of one kernel, without a device.
  Result<Library> compile(const TwJitSource &source, const char *target) const {
    TwLibrary library = nullptr;
    if (TwStatus status = twJitCompile(get(), &source, target, &library))
      return Status(status);
    return Library(library);
  }
  /// Makes all that a manifest names. Calls report(info, status) for each
  /// kernel and target, with a `const TwJitReportInfo &` and a `const Status &`
  /// that live as long as the call.
  template <typename Report>
  Status prebuild(const char *manifest, const char *const *targets,
                  size_t numTargets, Report report) const {
    return twJitPrebuild(get(), manifest, targets, numTargets,
                         &passReport<Report>, &report);
  }
  /// Whether a cache has all that a manifest names for a target; reports as
  /// prebuild does.
  template <typename Report>
  Status check(const char *manifest, const char *target, Report report) const {
    return twJitCheck(get(), manifest, target, &passReport<Report>, &report);
  }

private:
  template <typename Report>
  static void passReport(void *report, const TwJitReportInfo *info,
                         TwStatus status) {
    Status shown(status);
    (*static_cast<Report *>(report))(*info, std::as_const(shown));
    // It is the session's.
    (void)shown.release();
  }
};

/// A source on a device.
class JitKernel : public detail::Owner<TwJitKernel, &twJitKernelDestroy> {
public:
  using Owner::Owner;
  static Result<JitKernel> create(const Jit &jit, const Device &device,
                                  const TwJitSource &source,
                                  const TwJitKernelOptions &options = {}) {
    TwJitKernel kernel = nullptr;
    if (TwStatus status = twJitKernelCreate(jit.get(), device.get(), &source,
                                            &options, &kernel))
      return Status(status);
    return JitKernel(kernel);
  }

  /// As Function::launch; the code is compiled first if need be.
  template <typename... Arguments>
  Status launch(TwStream stream, const Arguments &...arguments) const {
    return launchWith(nullptr, stream, arguments...);
  }
  template <typename... Arguments>
  Status launchWith(const TwLaunchOptions *options, TwStream stream,
                    const Arguments &...arguments) const {
    return detail::withValues(
        [&](const TwValue *values, size_t count) -> Status {
          return twJitKernelLaunch(get(), stream, values, count, options);
        },
        arguments...);
  }
  /// As Function::launchValues.
  Status launchValues(TwStream stream, const TwValue *values, size_t numValues,
                      const TwLaunchOptions *options = nullptr) const {
    return twJitKernelLaunch(get(), stream, values, numValues, options);
  }
  /// The code for such arguments; waits for it.
  template <typename... Arguments>
  Result<Function> getFunction(const Arguments &...arguments) const {
    TwFunction function = nullptr;
    Status status = detail::withValues(
        [&](const TwValue *values, size_t count) -> Status {
          return twJitKernelGetFunction(get(), values, count, &function);
        },
        arguments...);
    if (!status.isOk())
      return Result<Function>(std::move(status));
    return Function(function);
  }
  /// Has it compiled in the background.
  template <typename... Arguments>
  Status request(const Arguments &...arguments) const {
    return detail::withValues(
        [&](const TwValue *values, size_t count) -> Status {
          return twJitKernelRequest(get(), values, count);
        },
        arguments...);
  }
  /// Loads what the session's manifest names; how many.
  Result<size_t> prepare() const {
    size_t numFound = 0;
    if (TwStatus status = twJitKernelPrepare(get(), &numFound))
      return Status(status);
    return numFound;
  }
};

} // namespace tilewright

#endif // TILEWRIGHT_RT_TILEWRIGHT_HPP
