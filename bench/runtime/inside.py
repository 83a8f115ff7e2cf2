#!/usr/bin/env python3
# inside.py - host launches beside the bare pool, and tensor maps.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run: .venv/bin/python bench/runtime/inside.py

A kernel that does nothing on grids of 1, 64 and 4096 workgroups, beside a bare
call of the thread pool; launches with tensor maps that were encoded before
(budget: 50 ns each) on a driver that does nothing. Needs the unit tests built.
"""

import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TILEWRIGHT_BUILD_DIR", ROOT / "build"))
EMPTY = """tile.kernel @empty(%n: i64 {tile.name = "n"})
    grid ["n"] affine_map<()[n] -> (n)> {
  tile.return
}
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        (base / "empty.mlir").write_text(EMPTY)
        subprocess.run([BUILD / "bin/tile-compile", base / "empty.mlir",
                        "--chip", "x86-64-v3", "--quiet", "-o",
                        base / "empty.tilelib"], check=True)
        subprocess.run(
            ["clang++-22", "-std=c++17", "-O2", "-Wall", "-Wextra",
             f"-I{ROOT}/runtime/include", f"-I{ROOT}/runtime/src",
             ROOT / "bench/runtime/inside.cpp",
             BUILD / "lib/libTilewrightRuntime.a", "-pthread", "-ldl", "-o",
             base / "inside"], check=True)
        subprocess.run([base / "inside", BUILD / "lib/libtilewright-stub-cuda.so",
                        base / "empty.tilelib"], check=True)


if __name__ == "__main__":
    main()
