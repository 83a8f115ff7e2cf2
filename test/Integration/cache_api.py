# cache_api.py - tilewright-rt/Cache.h for Python, as far as tests need it.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Opens caches through libtilewright-rt.so."""

from __future__ import annotations

import ctypes

U32, U64 = ctypes.c_uint32, ctypes.c_uint64


class Bytes(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_size_t)]


class Value(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_size_t),
                ("owner", ctypes.c_void_p)]


class Options(ctypes.Structure):
    _fields_ = [
        ("folder", ctypes.c_char_p), ("maxBytes", U64), ("maxMemoryBytes", U64),
        ("isReadOnly", ctypes.c_int32), ("allowsGroupWrite", ctypes.c_int32),
        ("syncs", ctypes.c_int32), ("needsFolder", ctypes.c_int32),
        ("sharedFolders", ctypes.POINTER(ctypes.c_char_p)),
        ("numSharedFolders", ctypes.c_size_t), ("redis", ctypes.c_char_p),
        ("redisConnectMs", U32), ("redisCommandMs", U32), ("redisRetryMs", U32),
        ("redisTtlSeconds", U32), ("redisMaxBytes", U64),
        ("secret", ctypes.c_char_p), ("secretBytes", ctypes.c_size_t)]


class Layer(ctypes.Structure):
    _fields_ = [(name, U64) for name in (
        "hits", "absent", "damaged", "otherVersion", "rejected", "unreachable",
        "writes", "failedWrites", "readBytes", "writtenBytes")]


class Counters(ctypes.Structure):
    _fields_ = [(name, U64) for name in (
        "memoryHits", "folderHits", "misses", "damaged", "puts", "warnings",
        "evictions")] + [(name, Layer) for name in (
            "memory", "folder", "shared", "redis")]


class CacheError(Exception):
    """The message of a status."""


class Cache:
    def __init__(self, library: str, **options) -> None:
        """`options` are those of TwCacheOptions, with texts as str."""
        self.runtime = ctypes.CDLL(library)
        self.runtime.twStatusGetMessage.restype = ctypes.c_char_p
        self.runtime.twStatusGetMessage.argtypes = [ctypes.c_void_p]
        self.cache = ctypes.c_void_p()
        filled = Options(**{
            name: value.encode() if isinstance(value, str) else value
            for name, value in options.items()})
        self._call("twCacheOpen", ctypes.byref(filled),
                   ctypes.byref(self.cache))

    def _call(self, name: str, *arguments) -> None:
        function = getattr(self.runtime, name)
        function.restype = ctypes.c_void_p
        status = function(*arguments)
        if status:
            message = self.runtime.twStatusGetMessage(status).decode()
            self.runtime.twStatusDestroy(ctypes.c_void_p(status))
            raise CacheError(message)

    def close(self) -> None:
        self.runtime.twCacheClose(self.cache)

    def put(self, key: bytes, value: bytes) -> None:
        self._call("twCachePut", self.cache, Bytes(key, len(key)),
                   Bytes(value, len(value)))

    def get(self, key: bytes) -> bytes | None:
        value = Value()
        self._call("twCacheGet", self.cache, Bytes(key, len(key)),
                   ctypes.byref(value))
        if not value.owner:
            return None
        text = ctypes.string_at(value.data, value.size)
        self.runtime.twCacheValueDestroy(value)
        return text

    def count(self) -> Counters:
        counters = Counters()
        self.runtime.twCacheGetCounters(self.cache, ctypes.byref(counters))
        return counters
