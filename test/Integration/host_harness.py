# host_harness.py - compiles kernels for the CPU and calls them with NumPy.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A path to the host target that needs only tile-opt and LLVM's own tools.

The runtime is not part of it: what fails here is the lowering.
"""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib
import re
import subprocess
import tempfile
from dataclasses import dataclass

import ml_dtypes
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TILEWRIGHT_BUILD_DIR", ROOT / "build"))
LLVM = pathlib.Path(os.environ.get("TILEWRIGHT_LLVM_BIN",
                                   "/usr/lib/llvm-22/bin"))

DTYPES = {
    "f64": np.dtype(np.float64), "f32": np.dtype(np.float32),
    "f16": np.dtype(np.float16), "bf16": np.dtype(ml_dtypes.bfloat16),
    "f8E4M3FN": np.dtype(ml_dtypes.float8_e4m3fn),
    "f8E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "f8E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "f8E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "i1": np.dtype(np.bool_), "i8": np.dtype(np.int8),
    "i16": np.dtype(np.int16), "i32": np.dtype(np.int32),
    "i64": np.dtype(np.int64), "index": np.dtype(np.int64),
}

PASSES = (
    "convert-tile-to-host{{chip={chip}}},canonicalize,cse,"
    "convert-scf-to-cf,convert-vector-to-llvm,convert-math-to-llvm,"
    "convert-arith-to-llvm,convert-cf-to-llvm,reconcile-unrealized-casts,"
    "canonicalize")
NUMERICS = ("canonicalize,cse,tile-expand-numerics{{chip={chip}}},"
            "canonicalize,cse,")


def cpu_levels() -> list[str]:
    """The levels that this CPU runs."""
    flags = set()
    for line in open("/proc/cpuinfo", encoding="ascii", errors="replace"):
        if line.startswith("flags"):
            flags = set(line.split())
            break
    levels = []
    if {"avx2", "fma", "bmi2", "f16c"} <= flags:
        levels.append("x86-64-v3")
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"} <= flags:
        levels.append("x86-64-v4")
    return levels


class CompileError(RuntimeError):
    """What the compiler said."""


def _run(command: list[str], text: str | None = None) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        raise CompileError(done.stderr.strip())
    return done.stdout


@functools.cache
def has_numerics() -> bool:
    return "tile-expand-numerics" in _run([str(BUILD / "bin/tile-opt"),
                                           "--help"])


def lower(source: str, chip: str) -> str:
    """The llvm dialect of `source`."""
    passes = (NUMERICS if has_numerics() else "") + PASSES
    return _run([str(BUILD / "bin/tile-opt"), "-pass-pipeline=builtin.module("
                 + passes.format(chip=chip) + ")"], source)


@dataclass
class Argument:
    """How one argument stands in the kernarg."""
    type: str
    shape: list[str] | None = None  # None: a scalar
    strides: list[str] | None = None  # None: contiguous


def parse_arguments(source: str, kernel: str) -> list[Argument]:
    text = source[source.index(f"@{kernel}("):]
    text = text[:re.search(r"\n?\s*grid\s*\[", text).start()]
    text = re.sub(r"\{[^{}]*\}", "", text)
    arguments = []
    for declared in re.findall(r"%\w+: (memref<[^%]*>|\w+)", text):
        if not declared.startswith("memref"):
            arguments.append(Argument(declared))
            continue
        match = re.match(
            r"memref<((?:[?\d]+x)*)(\w+)(?:, strided<\[(.*?)\].*>)?>", declared)
        strides = match.group(3)
        arguments.append(Argument(
            match.group(2), match.group(1).split("x")[:-1],
            None if strides is None else
            [s.strip() for s in strides.split(",") if s.strip()]))
    return arguments


class Module:
    """Kernels compiled together and loaded; by name in `kernels`."""

    def __init__(self, source: str, chip: str):
        self.folder = tempfile.TemporaryDirectory()
        base = pathlib.Path(self.folder.name)
        lowered = lower(source, chip)
        (base / "k.ll").write_text(
            _run([str(LLVM / "mlir-translate"), "--mlir-to-llvmir"], lowered))
        _run([str(LLVM / "opt"), "-O3", "-mtriple=x86_64-unknown-linux-gnu",
              f"-mcpu={chip}", str(base / "k.ll"), "-o", str(base / "k.bc")])
        _run([str(LLVM / "llc"), "-O3", f"-mcpu={chip}",
              "-relocation-model=pic", "-filetype=obj", str(base / "k.bc"),
              "-o", str(base / "k.o")])
        undefined = _run([str(LLVM / "llvm-nm"), "-u",
                          str(base / "k.o")]).split()
        if undefined:
            raise CompileError(f"undefined symbols: {undefined}")
        _run([str(LLVM / "ld.lld"), "-shared", "--no-undefined",
              str(base / "k.o"), "-o", str(base / "k.so")])
        self.library = ctypes.CDLL(str(base / "k.so"))
        self.kernels = {}
        for name in re.findall(r"tile\.kernel @(\w+)", source):
            match = re.search(rf"@{name}\(.*?tile\.scratch_bytes = (\d+)",
                              lowered, re.DOTALL)
            self.kernels[name] = Kernel(
                getattr(self.library, name), int(match.group(1)),
                parse_arguments(source, name), self)


GUARD = 64


class Kernel:
    """One kernel; calling it runs programs [begin, programs)."""

    def __init__(self, function, scratch_bytes: int, arguments: list[Argument],
                 module: Module):
        self.function = function
        self.function.restype = None
        self.arguments = arguments
        self.module = module  # keeps the library loaded
        self.scratch_bytes = scratch_bytes
        self._scratch = np.zeros(scratch_bytes + 64 + GUARD, np.uint8)
        start = -self._scratch.ctypes.data % 64
        self.scratch = self._scratch.ctypes.data + start
        self._guard = self._scratch[start + scratch_bytes:][:GUARD]
        self._guard[:] = 0xA5

    def kernarg(self, values: list) -> bytes:
        block = bytearray()

        def put(data: bytes) -> None:
            while len(block) % len(data):
                block.append(0)
            block.extend(data)

        for argument, value in zip(self.arguments, values, strict=True):
            if argument.shape is None:
                put(np.asarray(value).astype(DTYPES[argument.type]).tobytes())
                continue
            put(int(value.ctypes.data).to_bytes(8, "little"))
            for static, size in zip(argument.shape, value.shape, strict=True):
                if static == "?":
                    put(int(size).to_bytes(8, "little"))
            for static, stride in zip(argument.strides or [], value.strides):
                if static == "?":
                    put((stride // value.itemsize).to_bytes(8, "little",
                                                            signed=True))
        return bytes(block)

    def __call__(self, programs: int, *values, begin: int = 0) -> None:
        block = self.kernarg(list(values))
        self.function(ctypes.c_char_p(block), ctypes.c_int64(begin),
                      ctypes.c_int64(programs), ctypes.c_void_p(self.scratch))
        assert (self._guard == 0xA5).all(), "wrote past the end of scratch"


def compile_kernel(source: str, chip: str) -> Kernel:
    """The only kernel of `source`."""
    (kernel,) = Module(source, chip).kernels.values()
    return kernel
