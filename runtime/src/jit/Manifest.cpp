// Manifest.cpp - what a model needs of kernels, as a file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Manifest.h"
#include "../Kernel.h"
#include "../Support.h"
#include "../cache/Files.h"
#include "../cache/Lease.h"
#include "Classes.h"
#include <cerrno>
#include <cstring>
#include <ctime>
#include <sys/stat.h>
#include <unistd.h>

#define JSON_NOEXCEPTION 1
#include <nlohmann/json.hpp>

using namespace tilewright::rt;
using Json = nlohmann::ordered_json;

void Manifest::add(const Request &request) {
  Request kept = request;
  kept.compiler.clear();
  kept.tools.clear();
  kept.target.clear();
  requests.add(std::move(kept));
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static Json writePairs(const std::vector<NamedText> &pairs, const char *text) {
  Json list = Json::array();
  for (const NamedText &pair : pairs)
    list.push_back({{"name", pair.name}, {text, pair.text}});
  return list;
}

std::string tilewright::rt::writeManifest(const Manifest &manifest) {
  Json sources = Json::array(), kernels = Json::array();
  for (const RequestSource &source : manifest.requests.getSources())
    sources.push_back({{"form", source.form},
                       {"name", source.name},
                       {"text", source.text},
                       {"files", writePairs(source.files, "text")}});
  for (size_t i = 0; i < manifest.requests.size(); ++i) {
    const Request &request = manifest.requests.getBare(i);
    Json kernel = {{"source", manifest.requests.getSourceIndex(i)},
                   {"kernel", request.kernel},
                   {"variant", request.variant},
                   {"parameters", writePairs(request.parameters, "value")}};
    if (request.hasArguments) {
      Json arguments = Json::array();
      for (const ArgumentClass &argument : request.arguments)
        arguments.push_back(writeArgument(argument));
      kernel["arguments"] = std::move(arguments);
    }
    kernel["opt_level"] = request.optLevel;
    kernel["schedule"] = request.schedule;
    kernel["keeps_ptx"] = request.keepsPtx;
    kernel["linker"] = request.linker;
    kernels.push_back(std::move(kernel));
  }
  Json tools = Json::object();
  for (const auto &[target, list] : manifest.tools)
    tools[target] = writePairs(list, "hash");
  Json root = {{"version", 1},
               {"compiler", manifest.compiler},
               {"tools", std::move(tools)},
               {"sources", std::move(sources)},
               {"kernels", std::move(kernels)}};
  return root.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// Whether a policy may have made it: the bytes of a class hold no other.
bool isClass(const ArgumentClass &argument) {
  for (int64_t factor : {argument.align, argument.divisor})
    if (factor < 1 || factor > kMostDivisor || (factor & (factor - 1)))
      return false;
  return argument.dims.size() <= maxRank;
}

/// Reads values of a tree; the first that is missing or wrong is named.
class Reader {
public:
  explicit Reader(std::string name) : name(std::move(name)) {}

  TwStatus read(const std::string &text, Manifest &manifest);

private:
  const Json *get(const Json &object, const char *key) {
    if (!object.is_object())
      return refuse("expected an object with \"", key, "\"");
    auto it = object.find(key);
    if (it == object.end())
      return refuse("expected a key \"", key, "\"");
    return &*it;
  }
  std::string getText(const Json &object, const char *key) {
    const Json *value = get(object, key);
    if (value && !value->is_string())
      value = refuse("expected a text for \"", key, "\"");
    return value ? value->get<std::string>() : std::string();
  }
  const Json *getList(const Json &object, const char *key) {
    const Json *value = get(object, key);
    if (value && !value->is_array())
      value = refuse("expected a list for \"", key, "\"");
    return value;
  }
  int64_t getNumber(const Json &object, const char *key) {
    const Json *value = get(object, key);
    if (value && !value->is_number_integer())
      value = refuse("expected an integer for \"", key, "\"");
    return value ? value->get<int64_t>() : 0;
  }
  std::vector<NamedText> readPairs(const Json *list, const char *text) {
    std::vector<NamedText> pairs;
    if (list && !list->is_array())
      list = refuse("expected a list of names and \"", text, "\"");
    if (list)
      for (const Json &item : *list)
        pairs.push_back({getText(item, "name"), getText(item, text)});
    return pairs;
  }
  Request readKernel(const Json &kernel, const Json &sources);

  template <typename... Parts> const Json *refuse(const Parts &...parts) {
    if (!status)
      status = fail(TW_CORRUPT, "manifest '", name, "': ", parts...);
    return nullptr;
  }

  std::string name;
  TwStatus status = nullptr;
};

Request Reader::readKernel(const Json &kernel, const Json &sources) {
  Request request;
  int64_t index = getNumber(kernel, "source");
  if (index < 0 || index >= int64_t(sources.size())) {
    refuse("expected a source below ", int64_t(sources.size()), ", but got ",
           index);
    return request;
  }
  const Json &source = sources[size_t(index)];
  request.form = getText(source, "form");
  request.name = getText(source, "name");
  request.text = getText(source, "text");
  request.files = readPairs(getList(source, "files"), "text");
  request.kernel = getText(kernel, "kernel");
  request.variant = getText(kernel, "variant");
  request.parameters = readPairs(getList(kernel, "parameters"), "value");
  request.optLevel = getNumber(kernel, "opt_level");
  request.schedule = getText(kernel, "schedule");
  const Json *keepsPtx = get(kernel, "keeps_ptx");
  if (keepsPtx && !keepsPtx->is_boolean())
    keepsPtx = refuse("expected true or false for \"keeps_ptx\"");
  request.keepsPtx = keepsPtx && keepsPtx->get<bool>();
  request.linker = getText(kernel, "linker");
  if (!status && kernel.contains("arguments")) {
    request.hasArguments = true;
    if (const Json *list = getList(kernel, "arguments"))
      for (const Json &item : *list) {
        request.arguments.emplace_back();
        if (!item.is_string() ||
            !readArgument(item.get<std::string>(), request.arguments.back()) ||
            !isClass(request.arguments.back()))
          refuse("expected an argument such as \"scalar i64 divisor=1\"");
      }
  }
  return request;
}

/// Whether lists and objects of JSON lie too deep in one another: the library
/// copies trees recursively. It could tell while it parses, but then it looks
/// at all kernels that it has for each one more.
bool isTooDeep(const std::string &text) {
  constexpr int kMostDepth = 32;
  int depth = 0;
  bool isText = false;
  for (size_t i = 0; i < text.size() && depth <= kMostDepth; ++i) {
    char c = text[i];
    if (c == '"')
      isText = !isText;
    else if (isText)
      i += c == '\\';
    else if (c == '[' || c == '{')
      ++depth;
    else if (c == ']' || c == '}')
      --depth;
  }
  return depth > kMostDepth;
}

TwStatus Reader::read(const std::string &text, Manifest &manifest) {
  if (isTooDeep(text)) {
    refuse("expected JSON of less depth");
    return status;
  }
  Json root = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) {
    refuse("expected JSON");
    return status;
  }
  int64_t version = getNumber(root, "version");
  if (!status && version != 1)
    return fail(TW_UNSUPPORTED, "manifest '", name, "' is of version ", version,
                ", but this runtime reads version 1");
  manifest.compiler = getText(root, "compiler");
  if (const Json *tools = get(root, "tools")) {
    if (!tools->is_object())
      refuse("expected an object for \"tools\"");
    for (auto it = tools->begin(); !status && it != tools->end(); ++it)
      manifest.tools[it.key()] = readPairs(&it.value(), "hash");
  }
  const Json *sources = getList(root, "sources");
  const Json *kernels = getList(root, "kernels");
  if (!status)
    for (const Json &kernel : *kernels) {
      Request request = readKernel(kernel, *sources);
      if (status)
        break;
      manifest.add(request);
    }
  return status;
}

} // namespace

TwStatus tilewright::rt::readManifest(const std::string &text,
                                      const std::string &name,
                                      Manifest &manifest) {
  manifest = {};
  return Reader(name).read(text, manifest);
}

TwStatus tilewright::rt::readManifestFile(const std::string &path,
                                          Manifest &manifest) {
  std::string text;
  if (int error = readFile(path, text, Links::Followed))
    return fail(TW_NOT_FOUND, "cannot read manifest '", path,
                "': ", std::strerror(error));
  return readManifest(text, path, manifest);
}

/// JSON is UTF-8: what is not would be read as something else. `name` is the
/// source's.
static TwStatus checkText(const Request &request, const std::string &name) {
  std::string bytes = writeRequest(request);
  std::string kept =
      Json(bytes).dump(-1, ' ', false, Json::error_handler_t::replace);
  if (Json::parse(kept, nullptr, /*allow_exceptions=*/false) == bytes)
    return nullptr;
  return fail(TW_INVALID_ARGUMENT, "source '", name,
              "': expected UTF-8, which alone a manifest can have");
}

TwStatus tilewright::rt::writeManifestFile(const std::string &path,
                                           const Manifest &manifest) {
  const RequestList &requests = manifest.requests;
  const std::vector<RequestSource> &sources = requests.getSources();
  for (const RequestSource &source : sources) {
    Request alone;
    setSource(alone, source);
    if (TwStatus status = checkText(alone, source.name))
      return status;
  }
  for (size_t i = 0; i < requests.size(); ++i)
    if (TwStatus status = checkText(requests.getBare(i),
                                    sources[requests.getSourceIndex(i)].name))
      return status;
  struct stat old;
  bool hasOld = stat(path.c_str(), &old) == 0;
  std::string temporary = path + "." + std::to_string(getpid()) + ".tmp";
  if (int error = publishFile(temporary, path, writeManifest(manifest),
                              /*syncs=*/false))
    return fail(TW_NOT_FOUND, "cannot write manifest '", path,
                "': ", std::strerror(error));
  // Who may read it stays as it was.
  if (hasOld)
    (void)!chmod(path.c_str(), old.st_mode & 07777);
  return nullptr;
}

/// False where somebody else had the file for longer than a change takes.
static bool waitForLock(const std::string &path, TwCacheLeaseStorage &lock) {
  constexpr int kMostPolls = 2000;
  constexpr timespec kPause = {0, 5 * 1000000};
  for (int i = 0; i < kMostPolls; ++i) {
    // Without locks as with one: there is nothing better.
    if (tryLease(path, lock) != LeaseState::Taken)
      return true;
    nanosleep(&kPause, nullptr);
  }
  return false;
}

TwStatus tilewright::rt::updateManifestFile(
    const std::string &path, const std::function<void(Manifest &)> &change) {
  std::string lockPath = path + ".lock";
  TwCacheLeaseStorage lock;
  if (!waitForLock(lockPath, lock))
    return fail(TW_RESOURCE_EXHAUSTED, "cannot write manifest '", path,
                "': another process holds '", lockPath, "'");
  Manifest manifest;
  TwStatus status = nullptr;
  if (access(path.c_str(), F_OK) == 0)
    status = readManifestFile(path, manifest);
  if (!status) {
    change(manifest);
    status = writeManifestFile(path, manifest);
  }
  // While it is locked: it is then nobody else's.
  if (lock.file >= 0)
    unlink(lockPath.c_str());
  releaseLease(lock);
  return status;
}
