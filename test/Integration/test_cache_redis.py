# test_cache_redis.py - caches of several processes share a Redis server.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""With a real server: it is killed, frozen, full, and what it has is changed.
Nothing of it may be an error, a hang or a wrong value."""

from __future__ import annotations

import hashlib
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from cache_api import Cache, CacheError  # noqa: E402
from host_harness import BUILD  # noqa: E402
from redis_server import RedisServer  # noqa: E402

LIBRARY = str(BUILD / "lib/libtilewright-rt.so")
SECRET, OTHER_SECRET = b"0123456789abcdef", b"0123456789abcdeg"
KEY, VALUE = b"key", b"value" * 100


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("TILEWRIGHT_CACHE"):
            monkeypatch.delenv(name)


@pytest.fixture
def server():
    made = RedisServer()
    yield made
    made.stop()


class Caches:
    """Opens caches, each in a folder of its own: only Redis is shared."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.opened = folder, []

    def open(self, url: str, secret: bytes = b"", **options) -> Cache:
        # A busy machine must not look like a server that is late.
        used = dict(redisConnectMs=20000, redisCommandMs=20000,
                    redisRetryMs=60000)
        used.update(options)
        folder = self.folder / str(len(self.opened))
        folder.mkdir(mode=0o700)  # a cache that only reads does not make it
        cache = Cache(LIBRARY, redis=url, secret=secret, folder=str(folder),
                      secretBytes=len(secret), **used)
        self.opened.append(cache)
        return cache


@pytest.fixture
def caches(tmp_path):
    made = Caches(tmp_path)
    yield made
    for cache in made.opened:
        cache.close()


def only_name(server: RedisServer) -> bytes:
    name, = server.ask("KEYS", "tilewright:1:*")
    return name


def seal(entry: bytes, secret: bytes) -> bytes:
    """As docs/CacheFormat.md says it."""
    key = hashlib.blake2b(secret, digest_size=64).digest()
    trailer = b"TWSEAL\0\0" + struct.pack("<IIQQ", 1, 0, len(entry), 0)
    return entry + trailer + hashlib.blake2b(
        entry + trailer, digest_size=32, key=key).digest()


def run_python(text: str, *arguments: str) -> str:
    """Runs `text` in another process, which a broken pipe would end."""
    start = ("import sys, signal\n"
             "signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
             f"sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r})\n"
             "from cache_api import Cache\n")
    done = subprocess.run([sys.executable, "-c", start + text, LIBRARY,
                           *arguments], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_hit_from_another_process(server, caches, tmp_path):
    cache = caches.open(server.url)
    assert cache.get(KEY) is None
    cache.put(KEY, VALUE)
    assert cache.count().redis.writes == 1
    assert server.ask("TTL", only_name(server)) == -1  # for ever
    out = run_python(
        "cache = Cache(sys.argv[1], folder=sys.argv[2], redis=sys.argv[3],\n"
        "              redisCommandMs=20000)\n"
        "value = cache.get(b'key')\n"
        "redis = cache.count().redis\n"
        "print(value == b'value' * 100, redis.hits, cache.count().misses)\n",
        str(tmp_path / "other"), server.url)
    assert out.split() == ["True", "1", "0"]
    # It is in that process's folder now, and needs no server.
    server.kill()
    other = Cache(LIBRARY, folder=str(tmp_path / "other"), redis="")
    assert other.get(KEY) == VALUE
    assert other.count().folder.hits == 1
    other.close()


def test_an_entry_ends(server, caches):
    caches.open(server.url, redisTtlSeconds=1000).put(KEY, VALUE)
    assert 900 < server.ask("TTL", only_name(server)) <= 1000


def test_the_bound_of_an_entry(server, caches):
    cache = caches.open(server.url, redisMaxBytes=10000)
    cache.put(b"large", bytes(10000))
    assert server.ask("KEYS", "*") == []
    assert cache.count().redis.failedWrites == 0
    caches.open(server.url).put(b"large", bytes(10000))
    assert cache.get(b"large") == bytes(10000)  # from memory
    other = caches.open(server.url, redisMaxBytes=10000)
    assert other.get(b"large") is None
    assert other.count().redis.damaged == 1
    assert other.count().redis.readBytes == 10001  # and no more


def test_an_outage(server, caches, tmp_path):
    """Killed while it is used, by a process that a broken pipe would end."""
    out = run_python(
        "import os, time\n"
        "cache = Cache(sys.argv[1], folder=sys.argv[2], redis=sys.argv[3],\n"
        "              redisCommandMs=20000, redisConnectMs=20000,\n"
        "              redisRetryMs=60000)\n"
        "cache.put(b'a', b'1')\n"
        "os.kill(int(sys.argv[4]), 9)\n"
        "start = time.monotonic()\n"
        "for i in range(200):\n"
        "    cache.put(b'key %d' % i, bytes(100000))\n"
        "    assert cache.get(b'none %d' % i) is None\n"
        "assert cache.get(b'key 7') == bytes(100000)\n"
        "redis = cache.count().redis\n"
        "print(redis.writes, redis.failedWrites, redis.unreachable,\n"
        "      time.monotonic() - start < 15)\n",
        str(tmp_path / "other"), server.url, str(server.process.pid))
    server.process.wait()
    assert out.split() == ["1", "200", "200", "True"]


def test_it_comes_back(server, caches):
    cache = caches.open(server.url, redisRetryMs=300)
    cache.put(KEY, VALUE)
    server.kill()
    assert cache.get(b"none") is None
    assert cache.count().redis.unreachable == 1
    server.start()
    time.sleep(0.4)
    cache.put(b"again", VALUE)
    assert cache.count().redis.writes == 2
    assert caches.open(server.url).get(b"again") == VALUE


def test_a_frozen_server(server, caches):
    """The system accepts for it, and it never answers."""
    cache = caches.open(server.url, redisCommandMs=100, redisRetryMs=60000)
    server.freeze()
    start = time.monotonic()
    assert cache.get(b"none") is None
    first = time.monotonic() - start
    assert 0.09 < first < 5
    start = time.monotonic()
    for i in range(300):
        assert cache.get(b"none %d" % i) is None
    assert time.monotonic() - start < 15  # not 300 times the first
    assert cache.count().redis.unreachable == 301
    server.thaw()


def test_a_server_that_never_answers(caches, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        accepted = []

        def accept():
            accepted.append(listener.accept())

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        cache = caches.open(f"redis://127.0.0.1:{listener.getsockname()[1]}/2",
                            redisCommandMs=100)
        start = time.monotonic()
        assert cache.get(KEY) is None
        cache.put(KEY, VALUE)
        assert 0.09 < time.monotonic() - start < 5
        thread.join(10)
        assert accepted
        accepted[0][0].close()
    redis = cache.count().redis
    assert (redis.unreachable, redis.failedWrites) == (1, 1)


def test_no_server(caches):
    """Nobody listens there; the name of no machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for url in (f"redis://127.0.0.1:{port}", "redis://machine.invalid",
                "unix:///nowhere/at/all"):
        cache = caches.open(url)
        cache.put(KEY, VALUE)
        assert cache.get(KEY) == VALUE
        assert cache.get(b"none") is None
        assert cache.count().redis.unreachable == 1
        assert cache.count().redis.failedWrites == 1
        assert cache.count().warnings == 0


def test_flipped_bits(server, caches):
    caches.open(server.url).put(KEY, VALUE)
    name = only_name(server)
    good = server.ask("GET", name)
    cache = caches.open(server.url)
    for at in range(0, len(good), 7):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        server.ask("SET", name, bytes(bad))
        before = cache.count().redis.damaged
        assert cache.get(KEY) is None, at
        assert cache.count().redis.damaged == before + 1
    server.ask("SET", name, good[:-1])
    assert cache.get(KEY) is None
    cache.put(KEY, VALUE)  # takes its place
    assert server.ask("GET", name) == good


def test_the_value_of_another_key(server, caches):
    caches.open(server.url).put(b"other", b"wrong")
    wrong = server.ask("GET", only_name(server))
    server.ask("FLUSHALL")
    caches.open(server.url).put(KEY, VALUE)
    server.ask("SET", only_name(server), wrong)
    cache = caches.open(server.url)
    assert cache.get(KEY) is None
    assert cache.count().redis.absent == 1


def test_a_value_of_another_type(server, caches):
    caches.open(server.url).put(KEY, VALUE)
    caches.open(server.url).put(b"good", VALUE)
    cache = caches.open(server.url)
    assert cache.get(KEY) == VALUE
    for name in server.ask("KEYS", "*"):
        if b"key" in server.ask("GETRANGE", name, "64", "67"):
            server.ask("DEL", name)
            server.ask("LPUSH", name, "x")
    cache = caches.open(server.url)
    assert cache.get(KEY) is None
    assert cache.count().redis.unreachable == 1
    assert cache.get(b"good") == VALUE  # the server is asked on


def test_seals(server, caches):
    caches.open(server.url).put(KEY, VALUE)
    name = only_name(server)
    entry = server.ask("GET", name)

    def look(secret: bytes):
        cache = caches.open(server.url, secret)
        value, redis = cache.get(KEY), cache.count().redis
        assert value in (None, VALUE)
        assert redis.hits + redis.rejected + redis.damaged == 1
        return "hit" if value else "rejected" if redis.rejected else "damaged"

    assert look(b"") == "hit"
    assert look(SECRET) == "rejected"  # without a seal
    caches.open(server.url, SECRET).put(KEY, VALUE)
    assert server.ask("GET", name) == seal(entry, SECRET)
    assert look(SECRET) == "hit"
    assert look(OTHER_SECRET) == "rejected"
    assert look(b"") == "hit"
    for at in (0, 70, len(entry) - 1, len(entry), len(entry) + 40):
        bad = bytearray(seal(entry, SECRET))
        bad[at] ^= 1
        server.ask("SET", name, bytes(bad))
        assert look(SECRET) == "rejected", at
    # A right seal, of another key's entry.
    caches.open(server.url, SECRET).put(b"kez", b"wrong")
    wrong, = (server.ask("GET", n) for n in server.ask("KEYS", "*")
              if n != name)
    server.ask("SET", name, wrong)
    cache = caches.open(server.url, SECRET)
    assert cache.get(KEY) is None
    assert cache.count().redis.absent == 1


def test_password_and_database(caches):
    server = RedisServer(password="p@ss/word")
    try:
        address = f"127.0.0.1:{server.port}"
        good = f"redis://:p@ss/word@{address}/3"
        caches.open(good).put(KEY, VALUE)
        assert len(server.ask("KEYS", "*", database=3)) == 1
        assert server.ask("KEYS", "*") == []
        assert caches.open(good).get(KEY) == VALUE
        for bad in (f"redis://:wrong@{address}/3", f"redis://{address}/3",
                    f"redis://:p@ss/word@{address}/99"):
            cache = caches.open(bad)
            assert cache.get(KEY) is None
            assert cache.count().redis.unreachable == 1
        # The default user may also be named.
        user = caches.open(f"redis://default:p@ss/word@{address}/3")
        assert user.get(KEY) == VALUE
    finally:
        server.stop()


def test_a_full_server(server, caches):
    caches.open(server.url).put(KEY, VALUE)
    server.ask("CONFIG", "SET", "maxmemory", "1")
    cache = caches.open(server.url)
    cache.put(b"more", VALUE)
    assert cache.count().redis.failedWrites == 1
    assert cache.get(KEY) == VALUE  # it still answers
    assert cache.count().warnings == 0


def test_threads(server, caches):
    """A connection for each command: no answer is another's."""
    # Read-only and without memory: every get goes to the server.
    cache = caches.open(server.url, maxMemoryBytes=1, isReadOnly=1)
    writer = caches.open(server.url)
    values = {b"key %d" % i: bytes([i]) * (1000 + 997 * i) for i in range(40)}
    for key, value in values.items():
        writer.put(key, value)
    wrong = []

    def work(number: int) -> None:
        for i in range(150):
            key = b"key %d" % ((i * 7 + number * 11) % 40)
            if cache.get(key) != values[key]:
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not wrong
    assert cache.count().redis.hits == 8 * 150
    clients = server.ask("CLIENT", "LIST").decode().splitlines()
    assert len(clients) <= 8 + 1 + 1  # those, the writer, and who asks


def test_a_forked_child(server, caches, tmp_path):
    """It does not read the answers of its parent's commands."""
    writer = caches.open(server.url)
    for i in range(20):
        writer.put(b"key %d" % i, b"%d" % i * 1000)
    # Read-only and without memory: every get goes to the server.
    out = run_python(
        "import os\n"
        "os.mkdir(sys.argv[2], 0o700)\n"
        "cache = Cache(sys.argv[1], folder=sys.argv[2], redis=sys.argv[3],\n"
        "              redisCommandMs=20000, isReadOnly=1, maxMemoryBytes=1)\n"
        "assert cache.get(b'key 0') == b'0' * 1000\n"
        "child = os.fork()\n"
        "for round in range(50):\n"
        "    for i in range(20):\n"
        "        assert cache.get(b'key %d' % i) == b'%d' % i * 1000\n"
        "assert cache.count().redis.hits == 1001\n"
        "if child:\n"
        "    print(os.waitpid(child, 0)[1])\n",
        str(tmp_path / "own"), server.url)
    assert out.split() == ["0"]


def test_statuses(tmp_path):
    with pytest.raises(CacheError, match="expected a Redis server as .*, but "
                                         "got 'localhost:6379'"):
        Cache(LIBRARY, folder=str(tmp_path / "a"), redis="localhost:6379")
    text = ("from cache_api import CacheError\n"
            "try:\n"
            "    Cache(sys.argv[1], folder=sys.argv[2], redis='redis://h')\n"
            "except CacheError as error:\n"
            "    print(error)\n")
    os.environ["TILEWRIGHT_HIREDIS"] = "/nowhere/libhiredis.so"
    try:
        out = run_python(text, str(tmp_path / "a"))
    finally:
        del os.environ["TILEWRIGHT_HIREDIS"]
    assert out.startswith("cannot load hiredis library "
                          "'/nowhere/libhiredis.so': ")
