// RequestList.cpp - requests, each once, and their sources once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RequestList.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

using namespace tilewright::rt;

void RequestList::add(Request request) {
  auto hash = [](const Request &each) {
    std::string bytes = writeRequest(each);
    XXH128_hash_t value = XXH3_128bits(bytes.data(), bytes.size());
    return Hash(value.high64, value.low64);
  };
  if (!known.insert(hash(request)).second)
    return;
  Request alone;
  alone.form = std::move(request.form);
  alone.name = std::move(request.name);
  alone.text = std::move(request.text);
  alone.files = std::move(request.files);
  request.form.clear();
  request.name.clear();
  request.text.clear();
  request.files.clear();
  auto [it, isNew] = knownSources.try_emplace(hash(alone), sources.size());
  if (isNew)
    sources.push_back({std::move(alone.form), std::move(alone.name),
                       std::move(alone.text), std::move(alone.files)});
  requests.emplace_back(std::move(request), it->second);
}

Request RequestList::at(size_t index) const {
  Request request = requests.at(index).first;
  const RequestSource &source = sources[requests[index].second];
  request.form = source.form;
  request.name = source.name;
  request.text = source.text;
  request.files = source.files;
  return request;
}
