# gemm.py - GEMM on one core against NumPy's OpenBLAS on one core.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run: .venv/bin/python bench/host/gemm.py [--type f32] [--tiles 128x128x64]

Prints GFLOP/s of the best of several runs, and the ratio to an f32 product by
NumPy, measured around each case because the machine may be shared.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pathlib
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
# Both slow OpenBLAS down where they are set.
os.environ.pop("OPENBLAS_CORETYPE", None)
os.environ.pop("OPENBLAS_L2_SIZE", None)

import numpy as np  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "Integration"))
import host_harness  # noqa: E402

SOURCE = """
tile.kernel @gemm(
    %a: memref<?x?x{T}, strided<[?, 1]>> {{tile.dims = ["M", "K"], tile.noalias}},
    %b: memref<?x?x{T}, strided<[?, 1]>> {{tile.dims = ["K", "N"], tile.noalias}},
    %c: memref<?x?x{A}, strided<[?, 1]>> {{tile.dims = ["M", "N"], tile.noalias}})
    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv {BM}, N ceildiv {BN})> {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %bm = arith.constant {BM} : index
  %bn = arith.constant {BN} : index
  %bk = arith.constant {BK} : index
  %p = tile.program_id 0
  %q = tile.program_id 1
  %m = arith.muli %p, %bm : index
  %n = arith.muli %q, %bn : index
  %size = memref.dim %a, %c1 : memref<?x?x{T}, strided<[?, 1]>>
  %zero = arith.constant dense<{Z}> : tensor<{BM}x{BN}x{A}>
  %acc = scf.for %k = %c0 to %size step %bk iter_args(%sum = %zero) -> (tensor<{BM}x{BN}x{A}>) {{
    %x = tile.load %a[%m, %k] : memref<?x?x{T}, strided<[?, 1]>> -> tensor<{BM}x{BK}x{T}>
    %y = tile.load %b[%k, %n] : memref<?x?x{T}, strided<[?, 1]>> -> tensor<{BK}x{BN}x{T}>
    %next = tile.mma %x, %y, %sum : tensor<{BM}x{BK}x{T}>, tensor<{BK}x{BN}x{T}>, tensor<{BM}x{BN}x{A}>
    scf.yield %next : tensor<{BM}x{BN}x{A}>
  }}
  tile.store %acc, %c[%m, %n] : tensor<{BM}x{BN}x{A}>, memref<?x?x{A}, strided<[?, 1]>>
  tile.return
}}
"""


def best(function, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def openblas_kernel() -> str:
    """The name of the kernel that OpenBLAS chose for this processor."""
    maps = pathlib.Path("/proc/self/maps").read_text()
    for path in sorted({line.split()[-1] for line in maps.splitlines()
                        if "openblas" in line}):
        library = ctypes.CDLL(path)
        for name in ("scipy_openblas_get_corename64_",
                     "openblas_get_corename64_", "openblas_get_corename"):
            if hasattr(library, name):
                function = getattr(library, name)
                function.restype = ctypes.c_char_p
                return function().decode()
    return "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--type", default="f32")
    parser.add_argument("--tiles", default="64x64x64,128x128x64,256x256x128")
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--repeat", type=int, default=10)
    options = parser.parse_args()
    print(f"OpenBLAS kernel: {openblas_kernel()}")
    n, element = options.size, options.type
    acc = {"f64": "f64", "i8": "i32"}.get(element, "f32")
    rng = np.random.default_rng(0)
    dtype = host_harness.DTYPES[element]
    scale = 10 if element == "i8" else 1
    a, b = ((rng.standard_normal((n, n)) * scale).astype(dtype)
            for _ in range(2))
    c = np.zeros((n, n), host_harness.DTYPES[acc])
    blas_a, blas_b = a.astype(np.float32), b.astype(np.float32)
    exact = a.astype(np.float64) @ b.astype(np.float64)
    flops = 2.0 * n**3
    for chip in host_harness.cpu_levels():
        for tile in options.tiles.split(","):
            bm, bn, bk = (int(v) for v in tile.split("x"))
            start = time.perf_counter()
            kernel = host_harness.compile_kernel(SOURCE.format(
                T=element, A=acc, BM=bm, BN=bn, BK=bk,
                Z="0" if acc == "i32" else "0.0"), chip)
            compile_s = time.perf_counter() - start
            blas = best(lambda: blas_a @ blas_b, options.repeat)
            ours = best(kernel.bind(a, b, c), options.repeat)
            blas = min(blas, best(lambda: blas_a @ blas_b, options.repeat))
            error = np.abs(c - exact).max() / np.abs(exact).max()
            print(f"{chip} {element} {tile}: {flops / ours / 1e9:.1f} GFLOP/s, "
                  f"NumPy f32 {flops / blas / 1e9:.1f}, ratio "
                  f"{blas / ours:.2f}, error {error:.1e}, compiled in "
                  f"{compile_s:.2f} s, scratch {kernel.scratch_bytes} bytes",
                  flush=True)


if __name__ == "__main__":
    main()
