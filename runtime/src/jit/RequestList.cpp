// RequestList.cpp - requests, each once, and their sources once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RequestList.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace tilewright::rt;

RequestSource tilewright::rt::takeSource(Request &request) {
  RequestSource source;
  std::swap(source.form, request.form);
  std::swap(source.name, request.name);
  std::swap(source.text, request.text);
  std::swap(source.files, request.files);
  return source;
}

void tilewright::rt::setSource(Request &request, const RequestSource &source) {
  request.form = source.form;
  request.name = source.name;
  request.text = source.text;
  request.files = source.files;
}

void RequestList::add(Request request) {
  auto hash = [](const Request &each) {
    std::string bytes = writeRequest(each);
    XXH128_hash_t value = XXH3_128bits(bytes.data(), bytes.size());
    return Hash(value.high64, value.low64);
  };
  if (!known.insert(hash(request)).second)
    return;
  RequestSource source = takeSource(request);
  Request alone;
  setSource(alone, source);
  auto [it, isNew] = knownSources.try_emplace(hash(alone), sources.size());
  if (isNew)
    sources.push_back(std::move(source));
  requests.emplace_back(std::move(request), it->second);
}

Request RequestList::at(size_t index) const {
  Request request = requests.at(index).first;
  setSource(request, sources[requests[index].second]);
  return request;
}
