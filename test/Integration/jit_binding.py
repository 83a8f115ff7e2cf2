# jit_binding.py - sessions of the runtime, called through ctypes.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a program that embeds libtilewright-rt.so does; no compiler is loaded
until a kernel is in no cache."""

from __future__ import annotations

import ctypes
import pathlib

from cache_api import Cache


class Bytes(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_size_t)]


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


class Session(Cache):
    """A session with a cache folder of its own."""

    def __init__(self, library: pathlib.Path, folder: pathlib.Path, **options):
        super().__init__(str(library), folder=str(folder), redis="")
        self.jit = ctypes.c_void_p()
        jit = JitOptions(cache=self.cache, **options)
        self._call("twJitOpen", ctypes.byref(jit), ctypes.byref(self.jit))
        self.runtime.twLibraryGetBytes.restype = Bytes

    def compile(self, file: pathlib.Path, kernel: str, variant: str,
                target: str) -> bytes:
        """The bytes of a library with that one kernel."""
        source = JitSource(file=str(file).encode(), kernel=kernel.encode(),
                           variant=variant.encode())
        result = ctypes.c_void_p()
        self._call("twJitCompile", self.jit, ctypes.byref(source),
                   target.encode(), ctypes.byref(result))
        found = self.runtime.twLibraryGetBytes(result)
        content = ctypes.string_at(found.data, found.size)
        self.runtime.twLibraryDestroy(result)
        return content

    def save_manifest(self, path: pathlib.Path) -> None:
        """Writes down what was compiled."""
        self._call("twJitSaveManifest", self.jit, str(path).encode())

    def close(self) -> None:
        self.runtime.twJitClose(self.jit)
        super().close()
