// Worker.cpp - answers one request of the runtime, in a process of its own.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tilewright-rt/Compiler.h"

#include "Fields.h"
#include "jit/Compiler.h"
#include "tilewright/Support/CrashGuard.h"
#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace tilewright;

namespace {

/// The stream to the runtime; once something fails the runtime is gone.
class Stream {
public:
  explicit Stream(int file) : file(file) {}

  bool send(rt::MessageTag tag, const std::string &bytes) {
    rt::MessageHeader header = {tag, 0, bytes.size()};
    return transfer(true, &header, sizeof(header)) &&
           transfer(true, const_cast<char *>(bytes.data()), bytes.size());
  }
  bool receive(rt::MessageTag expected, std::string &bytes) {
    rt::MessageHeader header;
    if (!transfer(false, &header, sizeof(header)) || header.tag != expected)
      return false;
    bytes.assign(header.bytes, '\0');
    return transfer(false, &bytes[0], bytes.size());
  }
  bool sendError(TwCode code, const char *message) {
    return send(rt::MessageTag::Error, char('0' + code) + std::string(message));
  }

private:
  bool transfer(bool isSend, void *data, size_t bytes) {
    char *at = static_cast<char *>(data);
    while (bytes) {
      ssize_t count = isSend ? write(file, at, bytes) : read(file, at, bytes);
      // At an end `errno` is that of an earlier call.
      if (count == 0 || (count < 0 && errno != EINTR))
        return false;
      at += std::max<ssize_t>(count, 0);
      bytes -= size_t(std::max<ssize_t>(count, 0));
    }
    return true;
  }
  int file;
};

bool answer(Stream &stream, TwCompilation compilation) {
  TwCode code = twCompilationPrepare(compilation);
  if (code != TW_OK)
    return stream.sendError(code, twCompilationGetMessage(compilation));
  TwBytes key = twCompilationGetContentKey(compilation);
  std::string bytes(static_cast<const char *>(key.data), key.size);
  if (!stream.send(rt::MessageTag::ContentKey, bytes))
    return false;
  // Where a cache has it the runtime says no more.
  if (!stream.receive(rt::MessageTag::Finish, bytes))
    return true;
  code = twCompilationFinish(compilation);
  if (code != TW_OK)
    return stream.sendError(code, twCompilationGetMessage(compilation));
  TwBytes library = twCompilationGetLibrary(compilation);
  TwCompileTimes times;
  twCompilationGetTimes(compilation, &times);
  bytes.clear();
  rt::writeField(bytes, "library",
                 {static_cast<const char *>(library.data), library.size});
  rt::writeField(bytes, "remarks", twCompilationGetMessage(compilation));
  rt::writeField(bytes, "times",
                 {reinterpret_cast<const char *>(&times), sizeof(times)});
  return stream.send(rt::MessageTag::Library, bytes);
}

} // namespace

int twCompilerRunWorker(int socket) {
  installCrashGuard("tile-compile-worker");
  Stream stream(socket);
  std::string request;
  if (!stream.receive(rt::MessageTag::Request, request))
    return 1;
  TwCompilation compilation =
      twCompilationCreate({request.data(), request.size()});
  bool isAnswered = answer(stream, compilation);
  // What crashed cannot be destroyed, and the process ends here.
  _exit(isAnswered ? 0 : 1);
}
