#!/usr/bin/env python3
# cache.py - what a hit of the cache costs.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run: .venv/bin/python bench/runtime/cache.py

An entry with a key of 8000 and a value of 100000 bytes. Budgets: 0.5 ms for the
first hit of a new process, from opening the cache to the checked value, and 1 us
in memory. Instructions are those in user mode.
"""

import os
import pathlib
import subprocess
import tempfile

import counts

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TILEWRIGHT_BUILD_DIR", ROOT / "build"))
PROCESSES = 50
HITS = 100000
SIMULATED_HITS = 2000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        program, cache = base / "cache_hit", base / "cache"
        subprocess.run(
            ["clang-22", "-O2", "-Wall", "-Wextra", f"-I{ROOT}/runtime/include",
             ROOT / "bench/runtime/cache_hit.c", f"-L{BUILD}/lib",
             "-ltilewright-rt", f"-Wl,-rpath,{BUILD}/lib", "-o", program],
            check=True)
        subprocess.run([program, cache, "put"], check=True)
        first, memory = [], []
        for _ in range(PROCESSES):
            done = subprocess.run([program, cache, "get", str(HITS)],
                                  check=True, capture_output=True, text=True)
            a, b, *counted = map(float, done.stdout.split())
            first.append(a)
            memory.append(b)
        simulated = [None, None]
        if counted[0] < 0:
            nothing, one, many = (
                counts.callgrind([program, cache, *what])
                for what in (["nothing"], ["get", "0"],
                             ["get", str(SIMULATED_HITS)]))
            simulated = [counts.difference(one, nothing),
                         counts.difference(many, one)]
            if simulated[1] is not None:
                simulated[1] //= SIMULATED_HITS
    print(f"first hit of a process: best {min(first):.0f} us, median "
          f"{sorted(first)[PROCESSES // 2]:.0f} us (budget 500)"
          + counts.describe(int(counted[0]), simulated[0]))
    print(f"hit in memory: best {min(memory):.3f} us (budget 1)"
          + counts.describe(int(counted[1]), simulated[1]))


if __name__ == "__main__":
    main()
