// Source.cpp - reads the source of a kernel, with all files that it names.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Support.h"
#include "../cache/Files.h"
#include "Session.h"
#include <algorithm>
#include <cstring>

#define JSON_NOEXCEPTION 1
#include <nlohmann/json.hpp>

using namespace tilewright::rt;

/// Larger ones are refused, as the compiler does.
static constexpr size_t kMostSourceBytes = size_t(16) << 20;

static bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

static TwStatus checkSize(const std::string &path, size_t bytes) {
  if (bytes > kMostSourceBytes)
    return fail(TW_INVALID_ARGUMENT, "expected a source of at most ",
                int64_t(kMostSourceBytes), " bytes, but '", path, "' has ",
                int64_t(bytes));
  return nullptr;
}

static TwStatus readText(const std::string &path, std::string &text) {
  if (int error = readFile(path, text, Links::Followed))
    return fail(TW_NOT_FOUND, "cannot read '", path,
                "': ", std::strerror(error));
  return checkSize(path, text.size());
}

/// The files that a description names; what is no description is the
/// compiler's to refuse.
static std::vector<std::string> listFiles(const std::string &description) {
  std::vector<std::string> names;
  auto root = nlohmann::json::parse(description, nullptr,
                                    /*allow_exceptions=*/false);
  if (!root.is_object() || !root.contains("kernels") ||
      !root["kernels"].is_array())
    return names;
  for (const auto &kernel : root["kernels"]) {
    if (!kernel.is_object() || !kernel.contains("source") ||
        !kernel["source"].is_object() || !kernel["source"].contains("file") ||
        !kernel["source"]["file"].is_string())
      continue;
    std::string name = kernel["source"]["file"].get<std::string>();
    if (!name.empty() && name.find('\0') == std::string::npos &&
        std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  }
  return names;
}

TwStatus tilewright::rt::readSource(const TwJitSource &source,
                                    Request &request) {
  std::string file = source.file ? source.file : "";
  if (file.empty())
    return fail(TW_INVALID_ARGUMENT, "expected the name of a source file");
  bool isDescription = endsWith(file, ".json");
  if (!isDescription && !endsWith(file, ".mlir"))
    return fail(
        TW_INVALID_ARGUMENT,
        "expected a description (.json) or MLIR text (.mlir), but got '", file,
        "'");
  request.form = isDescription ? "description" : "mlir";
  size_t slash = file.rfind('/');
  std::string folder =
      slash == std::string::npos ? "" : file.substr(0, slash + 1);
  request.name = file.substr(folder.size());
  if (source.text.data) {
    if (TwStatus status = checkSize(file, source.text.size))
      return status;
    request.text.assign(static_cast<const char *>(source.text.data),
                        source.text.size);
  } else if (TwStatus status = readText(file, request.text)) {
    return status;
  }
  if (isDescription)
    for (const std::string &name : listFiles(request.text)) {
      NamedText read = {name, {}};
      std::string path = name[0] == '/' ? name : folder + name;
      if (TwStatus status = readText(path, read.text))
        return status;
      request.files.push_back(std::move(read));
    }
  request.kernel = source.kernel ? source.kernel : "";
  request.variant = source.variant ? source.variant : "";
  if (source.numParameters && !source.parameters)
    return fail(TW_INVALID_ARGUMENT, "expected ", int64_t(source.numParameters),
                " parameters, but got null");
  for (size_t i = 0; i < source.numParameters; ++i) {
    const TwJitParameter &parameter = source.parameters[i];
    if (!parameter.name || !parameter.value)
      return fail(TW_INVALID_ARGUMENT, "parameter ", int64_t(i),
                  ": expected a name and a value");
    request.parameters.push_back({parameter.name, parameter.value});
  }
  // In one order, whatever order they are given in.
  std::sort(
      request.parameters.begin(), request.parameters.end(),
      [](const NamedText &a, const NamedText &b) { return a.name < b.name; });
  if (source.optLevelPlusOne < 0 || source.optLevelPlusOne > 4)
    return fail(TW_INVALID_ARGUMENT,
                "expected an optimisation level in [0, 3], but got ",
                int64_t(source.optLevelPlusOne) - 1);
  request.optLevel = source.optLevelPlusOne - 1;
  request.schedule = source.schedule ? source.schedule : "";
  request.keepsPtx = source.keepsPtx;
  request.linker = source.linker ? source.linker : "";
  if (request.linker == "lld")
    request.linker.clear();
  if (!request.linker.empty() && request.linker != "comgr")
    return fail(TW_INVALID_ARGUMENT,
                "expected linker 'lld' or 'comgr', but "
                "got '",
                request.linker, "'");
  return nullptr;
}
