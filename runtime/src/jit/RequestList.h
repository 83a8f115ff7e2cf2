// RequestList.h - requests, each once, and their sources once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_RUNTIME_JIT_REQUESTLIST_H
#define TILEWRIGHT_RUNTIME_JIT_REQUESTLIST_H

#include "Request.h"
#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace tilewright::rt {

/// The part of requests that many of them have in common, and that is large.
struct RequestSource {
  std::string form, name, text;
  std::vector<NamedText> files;
};

/// Moves the source out of `request`, which has none any more.
RequestSource takeSource(Request &request);

void setSource(Request &request, const RequestSource &source);

/// What was asked for: a kernel for a thousand shapes has one source.
class RequestList {
public:
  /// Adds what is not there yet, in the order of the calls.
  void add(Request request);

  size_t size() const { return requests.size(); }
  /// A copy, with its source.
  Request at(size_t index) const;
  Request operator[](size_t index) const { return at(index); }
  /// The same without its source, and which of getSources() that is.
  const Request &getBare(size_t index) const { return requests[index].first; }
  size_t getSourceIndex(size_t index) const { return requests[index].second; }
  const std::vector<RequestSource> &getSources() const { return sources; }

  class Iterator {
  public:
    Iterator(const RequestList &list, size_t index)
        : list(list), index(index) {}
    Request operator*() const { return list.at(index); }
    Iterator &operator++() {
      ++index;
      return *this;
    }
    bool operator!=(const Iterator &other) const {
      return index != other.index;
    }

  private:
    const RequestList &list;
    size_t index;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

private:
  using Hash = std::pair<uint64_t, uint64_t>; ///< 128 bits of XXH3

  std::vector<RequestSource> sources;
  std::vector<std::pair<Request, size_t>> requests;
  std::map<Hash, size_t> knownSources;
  std::set<Hash> known;
};

} // namespace tilewright::rt

#endif // TILEWRIGHT_RUNTIME_JIT_REQUESTLIST_H
