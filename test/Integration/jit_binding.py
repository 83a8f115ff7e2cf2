# jit_binding.py - sessions of the runtime, called through ctypes.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a program that embeds libtilewright-rt.so does; no compiler is loaded
until a kernel is in no cache."""

from __future__ import annotations

import ctypes
import pathlib

from host_harness import BUILD


class Bytes(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class CacheOptions(ctypes.Structure):
    """The first fields of TwCacheOptions; the rest is zero."""
    _fields_ = [("folder", ctypes.c_char_p), ("rest", ctypes.c_char * 256)]


class JitOptions(ctypes.Structure):
    _fields_ = [("cache", ctypes.c_void_p), ("isStrict", ctypes.c_int32),
                ("usesProcess", ctypes.c_int32), ("compiler", ctypes.c_char_p),
                ("worker", ctypes.c_char_p), ("budget", ctypes.c_uint32),
                ("numThreads", ctypes.c_uint32), ("manifest", ctypes.c_char_p)]


class JitSource(ctypes.Structure):
    _fields_ = [("file", ctypes.c_char_p), ("text", Bytes),
                ("kernel", ctypes.c_char_p), ("variant", ctypes.c_char_p),
                ("parameters", ctypes.c_void_p),
                ("numParameters", ctypes.c_size_t),
                ("optLevelPlusOne", ctypes.c_int32),
                ("schedule", ctypes.c_char_p), ("keepsPtx", ctypes.c_int32),
                ("linker", ctypes.c_char_p)]


def load() -> ctypes.CDLL:
    library = ctypes.CDLL(str(BUILD / "lib/libtilewright-rt.so"))
    for name in ("twCacheOpen", "twJitOpen", "twJitCompile",
                 "twJitSaveManifest"):
        getattr(library, name).restype = ctypes.c_void_p
    library.twStatusGetMessage.restype = ctypes.c_char_p
    library.twStatusGetMessage.argtypes = [ctypes.c_void_p]
    library.twStatusDestroy.argtypes = [ctypes.c_void_p]
    library.twLibraryGetBytes.restype = Bytes
    return library


class Session:
    """A session with a cache folder of its own."""

    def __init__(self, folder: pathlib.Path, **options):
        self.library = load()
        self.cache, self.jit = ctypes.c_void_p(), ctypes.c_void_p()
        cache = CacheOptions(folder=str(folder).encode())
        self.check(self.library.twCacheOpen(ctypes.byref(cache),
                                            ctypes.byref(self.cache)))
        jit = JitOptions(cache=self.cache, **options)
        self.check(self.library.twJitOpen(ctypes.byref(jit),
                                          ctypes.byref(self.jit)))

    def check(self, status: int | None):
        if status:
            message = self.library.twStatusGetMessage(status).decode()
            self.library.twStatusDestroy(status)
            raise RuntimeError(message)

    def compile(self, file: pathlib.Path, kernel: str, variant: str,
                target: str) -> bytes:
        """The bytes of a library with that one kernel."""
        source = JitSource(file=str(file).encode(), kernel=kernel.encode(),
                           variant=variant.encode())
        result = ctypes.c_void_p()
        self.check(self.library.twJitCompile(
            self.jit, ctypes.byref(source), target.encode(),
            ctypes.byref(result)))
        found = self.library.twLibraryGetBytes(result)
        content = ctypes.string_at(found.data, found.size)
        self.library.twLibraryDestroy(result)
        return content

    def close(self):
        self.library.twJitClose(self.jit)
        self.library.twCacheClose(self.cache)
