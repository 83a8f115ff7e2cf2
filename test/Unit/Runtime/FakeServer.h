// FakeServer.h - a server on a Unix socket that answers what a test says.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef TILEWRIGHT_TEST_UNIT_RUNTIME_FAKESERVER_H
#define TILEWRIGHT_TEST_UNIT_RUNTIME_FAKESERVER_H

#include <atomic>
#include <cstring>
#include <functional>
#include <mutex>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

/// Accepts one connection at a time; `answer` gets each piece that arrives and
/// says what is sent back. "" answers nothing; kHangUp closes the connection.
class FakeServer {
public:
  using Answer = std::function<std::string(const std::string &)>;
  static constexpr const char *kHangUp = "(hang up)";

  FakeServer(std::string path, Answer answer, int pauseMs = 0)
      : path(std::move(path)), answer(std::move(answer)), pauseMs(pauseMs) {
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, this->path.c_str(),
                 sizeof(address.sun_path) - 1);
    isGood = !bind(listener, reinterpret_cast<sockaddr *>(&address),
                   sizeof(address)) &&
             !listen(listener, 16);
    thread = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    isDone = true;
    thread.join();
    close(listener);
    unlink(path.c_str());
  }

  std::string getUrl() const { return "unix://" + path; }

  /// Held while `answer` runs: for a test that changes what it says while a
  /// request that nobody waits for any more may still be answered.
  std::mutex mutex;
  std::atomic<bool> isGood{false};
  std::atomic<unsigned> numConnections{0}, numRequests{0};

private:
  bool waitFor(int file) {
    while (!isDone) {
      pollfd wait = {file, POLLIN, 0};
      if (poll(&wait, 1, 5) > 0)
        return true;
    }
    return false;
  }
  void serve() {
    std::vector<int> files;
    while (waitFor(listener)) {
      int file = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (file < 0)
        continue;
      ++numConnections;
      serveOne(file);
      close(file);
    }
  }
  std::string getReply(const std::string &request) {
    std::lock_guard<std::mutex> lock(mutex);
    return answer(request);
  }
  void serveOne(int file) {
    char buffer[65536];
    while (waitFor(file)) {
      ssize_t count = recv(file, buffer, sizeof(buffer), 0);
      if (count <= 0)
        return;
      ++numRequests;
      std::string reply = getReply({buffer, size_t(count)});
      if (reply == kHangUp)
        return;
      size_t step = pauseMs ? 1 : reply.size();
      for (size_t i = 0; i < reply.size() && !isDone; i += step) {
        if (send(file, &reply[i], step, MSG_NOSIGNAL) < 0)
          return;
        if (pauseMs)
          usleep(useconds_t(pauseMs) * 1000);
      }
    }
  }

  std::string path;
  Answer answer;
  int pauseMs; ///< after each byte
  int listener;
  std::atomic<bool> isDone{false};
  std::thread thread;
};

#endif // TILEWRIGHT_TEST_UNIT_RUNTIME_FAKESERVER_H
