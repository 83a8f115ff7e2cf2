// ProcessCompiler.cpp - the compiler in a process of its own.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "../Fields.h"
#include "../Support.h"
#include "Compiler.h"
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

using namespace tilewright::rt;

namespace {

/// A kernel that is larger is not believed.
constexpr uint64_t kMostMessageBytes = uint64_t(1) << 30;
/// How often a job looks whether it was cancelled.
constexpr int kPollMs = 20;

class ProcessJob : public CompileJob {
public:
  ProcessJob(const std::string &program, const std::string &library,
             const std::string &request, CompileLimit &limit)
      : program(program), library(library), request(request), limit(limit) {}
  ~ProcessJob() override { end(); }

  TwStatus prepare(std::string &contentKey) override {
    if (TwStatus status = spawn())
      return status;
    if (TwStatus status = send(MessageTag::Request, request))
      return status;
    return receive(MessageTag::ContentKey, contentKey);
  }

  TwStatus finish(CompileResult &result) override {
    if (TwStatus status = send(MessageTag::Finish, {}))
      return status;
    std::string bytes;
    if (TwStatus status = receive(MessageTag::Library, bytes))
      return status;
    std::string_view rest = bytes, name, library, remarks, times;
    if (!readField(rest, name, library) || !readField(rest, name, remarks) ||
        !readField(rest, name, times) || times.size() != sizeof(result.times))
      return fail(TW_CORRUPT, "the compiler's process '", program,
                  "' sent what is no result");
    result.library = library;
    result.remarks = remarks;
    std::memcpy(&result.times, times.data(), sizeof(result.times));
    end();
    return nullptr;
  }

private:
  TwStatus spawn() {
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
      return fail(TW_RESOURCE_EXHAUSTED, "cannot start '", program,
                  "': ", std::strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, sockets[1], STDIN_FILENO);
    // The embedding program's output is its own.
    for (int stream : {STDOUT_FILENO, STDERR_FILENO})
      posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY,
                                       0);
    // Signals that the program blocks or ignores mean what they usually do.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    char *arguments[] = {const_cast<char *>(program.c_str()),
                         const_cast<char *>(library.c_str()), nullptr};
    int error = posix_spawn(&process, program.c_str(), &actions, &attributes,
                            arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(sockets[1]);
    socket = sockets[0];
    fcntl(socket, F_SETFL, O_NONBLOCK);
    if (error) {
      process = -1;
      return fail(TW_NOT_FOUND, "cannot start the compiler's process '",
                  program, "': ", std::strerror(error),
                  "; set TILEWRIGHT_COMPILER_PROCESS to tile-compile-worker");
    }
    return nullptr;
  }

  /// Waits until the socket can be read or written.
  TwStatus wait(short events) {
    while (true) {
      if (TwStatus status = limit.check())
        return status;
      pollfd poll = {socket, events, 0};
      if (::poll(&poll, 1, kPollMs) > 0)
        return nullptr;
    }
  }

  TwStatus transfer(bool isSend, void *data, size_t bytes) {
    char *at = static_cast<char *>(data);
    while (bytes) {
      if (TwStatus status = wait(isSend ? POLLOUT : POLLIN))
        return status;
      ssize_t count = isSend ? ::send(socket, at, bytes, MSG_NOSIGNAL)
                             : ::recv(socket, at, bytes, 0);
      if (count > 0) {
        at += count;
        bytes -= size_t(count);
      } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        return describeEnd();
      }
    }
    return nullptr;
  }

  TwStatus send(MessageTag tag, const std::string &bytes) {
    MessageHeader header = {tag, 0, bytes.size()};
    if (TwStatus status = transfer(true, &header, sizeof(header)))
      return status;
    return transfer(true, const_cast<char *>(bytes.data()), bytes.size());
  }

  TwStatus receive(MessageTag expected, std::string &bytes) {
    MessageHeader header;
    if (TwStatus status = transfer(false, &header, sizeof(header)))
      return status;
    bool isError = header.tag == MessageTag::Error && header.bytes > 0;
    if ((header.tag != expected && !isError) ||
        header.bytes > kMostMessageBytes)
      return fail(TW_UNSUPPORTED, "'", program,
                  "' is no compiler's process of this version");
    bytes.assign(header.bytes, '\0');
    if (TwStatus status = transfer(false, &bytes[0], bytes.size()))
      return status;
    if (!isError)
      return nullptr;
    int code = bytes[0] - '0';
    bool isCode = code > TW_OK && code <= TW_INTERNAL;
    return fail(isCode ? TwCode(code) : TW_CORRUPT, bytes.substr(1));
  }

  /// The process went away without a word.
  TwStatus describeEnd() {
    int state = 0;
    pid_t ended = -1;
    // It has closed its end, so it ends soon.
    for (int i = 0; i < 500 && ended <= 0; ++i) {
      ended = waitpid(process, &state, WNOHANG);
      if (ended < 0)
        break;
      if (ended == 0)
        ::poll(nullptr, 0, 2);
    }
    // Also where the program ignores SIGCHLD or waits for all its children: the
    // number may be another process's by now.
    if (ended != 0)
      process = -1;
    if (ended > 0 && WIFSIGNALED(state))
      return fail(TW_INTERNAL,
                  "the compiler crashed on this kernel: its "
                  "process '",
                  program, "' ended by signal ", int64_t(WTERMSIG(state)),
                  "; this is a bug of the compiler: report it with the "
                  "kernel's source");
    if (ended > 0)
      return fail(TW_INTERNAL, "the compiler's process '", program,
                  "' ended without an answer, with exit code ",
                  int64_t(WEXITSTATUS(state)));
    return fail(TW_INTERNAL, "the compiler's process '", program,
                "' ended without an answer");
  }

  void end() {
    if (socket >= 0)
      close(socket);
    socket = -1;
    if (process <= 0)
      return;
    // It removes its temporary files; what takes no notice is killed.
    kill(process, SIGTERM);
    for (int i = 0; i < 50; ++i) {
      if (waitpid(process, nullptr, WNOHANG) != 0) {
        process = -1;
        return;
      }
      ::poll(nullptr, 0, 2);
    }
    kill(process, SIGKILL);
    while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
    }
    process = -1;
  }

  std::string program, library, request;
  CompileLimit &limit;
  pid_t process = -1;
  int socket = -1;
};

class ProcessCompiler : public Compiler {
public:
  ProcessCompiler(std::string program, std::string library)
      : program(std::move(program)), library(std::move(library)) {}

  TwStatus start(const std::string &request, CompileLimit &limit,
                 std::unique_ptr<CompileJob> &job) override {
    job = std::make_unique<ProcessJob>(program, library, request, limit);
    return nullptr;
  }

private:
  std::string program, library;
};

} // namespace

std::unique_ptr<Compiler>
tilewright::rt::makeProcessCompiler(std::string worker, std::string path) {
  return std::make_unique<ProcessCompiler>(std::move(worker), std::move(path));
}
