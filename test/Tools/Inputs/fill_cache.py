# fill_cache.py - puts entries into a cache folder, through the runtime.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""fill_cache.py LIBRARY FOLDER COUNT: values of 1000 bytes."""

import ctypes
import sys


class Bytes(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("size", ctypes.c_size_t)]


class Options(ctypes.Structure):
    _fields_ = [("folder", ctypes.c_char_p), ("maxBytes", ctypes.c_uint64),
                ("maxMemoryBytes", ctypes.c_uint64),
                ("isReadOnly", ctypes.c_int32),
                ("allowsGroupWrite", ctypes.c_int32), ("syncs", ctypes.c_int32)]


def main() -> None:
    runtime = ctypes.CDLL(sys.argv[1])
    for name in ("twCacheOpen", "twCachePut"):
        getattr(runtime, name).restype = ctypes.c_void_p
    runtime.twCachePut.argtypes = [ctypes.c_void_p, Bytes, Bytes]
    runtime.twCacheClose.argtypes = [ctypes.c_void_p]
    cache = ctypes.c_void_p()
    assert not runtime.twCacheOpen(
        ctypes.byref(Options(folder=sys.argv[2].encode())), ctypes.byref(cache))
    for i in range(int(sys.argv[3])):
        key, value = b"key %d" % i, bytes([i]) * 1000
        assert not runtime.twCachePut(cache, Bytes(key, len(key)),
                                      Bytes(value, len(value)))
    runtime.twCacheClose(cache)


if __name__ == "__main__":
    main()
