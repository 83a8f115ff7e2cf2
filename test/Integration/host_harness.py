# host_harness.py - compiles kernels for the CPU and calls them with NumPy.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tile-compile makes a library of the kernels, and the runtime launches them
on one thread: programs run in their order."""

from __future__ import annotations

import pathlib
import re
import subprocess
import tempfile

import numpy as np

import runtime_calls
from runtime_calls import BUILD, Function

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DTYPES = {**runtime_calls.DTYPES, "index": np.dtype(np.int64)}

__all__ = ["BUILD", "DTYPES", "ROOT", "CompileError", "Function", "Module",
           "compile_kernel", "cpu_levels"]


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


class Module:
    """Kernels compiled together and loaded; by name in `kernels`."""

    def __init__(self, source: str, chip: str, threads: int = 1):
        with tempfile.TemporaryDirectory() as folder:
            base = pathlib.Path(folder)
            (base / "k.mlir").write_text(source)
            done = subprocess.run(
                [BUILD / "bin/tile-compile", base / "k.mlir", "--quiet",
                 "--chip", chip, "-o", base / "k.tilelib"],
                capture_output=True, text=True)
            if done.returncode:
                raise CompileError(done.stderr.strip())
            loaded = runtime_calls.Module(base / "k.tilelib", threads)
        self.kernels: dict[str, Function] = {
            name: loaded.get(name)
            for name in re.findall(r"tile\.kernel @(\w+)", source)}


def compile_kernel(source: str, chip: str) -> Function:
    """The only kernel of `source`."""
    (kernel,) = Module(source, chip).kernels.values()
    return kernel
