# redis_server.py - a Redis server for a test, and what a test does to it.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Debian's package redis-tools has the server, under another name: which of its
programs it is, it sees by what it is called. Unlike redis-server that package
starts nothing when it is installed."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class RedisServer:
    """A server on a Unix socket, and on a TCP port where there is a password."""

    def __init__(self, password: str = "") -> None:
        # Not pytest's folder: the path of a socket must be short.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tw-redis-"))
        self.path = self.folder / "s"
        self.password = password
        self.port = 0
        if password:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        self.process: subprocess.Popen | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    def start(self) -> None:
        program = shutil.which("redis-check-rdb")
        assert program, "expected redis-check-rdb: run scripts/setup.sh"
        command = ["redis-server", "--port", str(self.port), "--bind",
                   "127.0.0.1", "--unixsocket", str(self.path), "--save", "",
                   "--appendonly", "no", "--dir", str(self.folder)]
        if self.password:
            command += ["--requirepass", self.password]
        self.process = subprocess.Popen(
            command, executable=program, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                if self.ask("PING") == b"PONG":
                    return
            assert time.monotonic() < end and self.process.poll() is None
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """It still accepts, as far as the system does, and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder)

    def ask(self, *words: bytes | str, database: int = 0):
        """The answer to one command; an error is an AssertionError."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(str(self.path))
            file = connection.makefile("rwb")
            if self.password:
                assert self._ask(file, "AUTH", self.password) == b"OK"
            if database:
                assert self._ask(file, "SELECT", str(database)) == b"OK"
            return self._ask(file, *words)

    @classmethod
    def _ask(cls, file, *words: bytes | str):
        file.write(b"*%d\r\n" % len(words))
        for word in words:
            data = word.encode() if isinstance(word, str) else word
            file.write(b"$%d\r\n%s\r\n" % (len(data), data))
        file.flush()
        return cls._read(file)

    @classmethod
    def _read(cls, file):
        line = file.readline()
        kind, rest = line[:1], line[1:].strip()
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if int(rest) < 0:
                return None
            return file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [cls._read(file) for _ in range(int(rest))]
        raise AssertionError(line)
