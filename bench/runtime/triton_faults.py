#!/usr/bin/env python3
# triton_faults.py - Triton's cache on a file system that fails: a control.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run: PYTHON bench/runtime/triton_faults.py, PYTHON having Triton (PyPI).

Triton's FileCacheManager under the same faults as ours in
test/Integration/test_cache_faults.py, from the same preloaded library: errors,
short writes, flipped bits, renames that vanish, processes that are killed. Needs
the unit tests built. It shows that the faults do harm where nothing guards.
"""

import hashlib
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TILEWRIGHT_BUILD_DIR", ROOT / "build"))
NAMES = ("operations", "hits", "misses", "wrong", "exceptions")
OPERATIONS, PER_PROCESS, PROCESSES, KEYS = 40_000, 2_000, 4, 64


def make_value(key: int) -> bytes:
    """Bytes that follow from the key, as many as a small kernel has."""
    return random.Random(key).randbytes(500 + 97 * key)


def work(seed: int, counters: pathlib.Path) -> None:
    from triton.runtime.cache import FileCacheManager
    counts = dict.fromkeys(NAMES, 0)
    choose = random.Random(seed)
    with open(counters, "r+b") as file:
        for _ in range(PER_PROCESS):
            key = choose.randrange(KEYS)
            counts["operations"] += 1
            try:
                manager = FileCacheManager(hashlib.sha256(b"%d" % key).hexdigest())
                path = manager.get_file("kernel.bin")
                # Some keys are made anew, as those of a changed kernel are.
                if path is None or choose.randrange(4) == 0:
                    counts["misses"] += 1
                    manager.put(make_value(key), "kernel.bin", binary=True)
                else:
                    counts["hits"] += 1
                    found = pathlib.Path(path).read_bytes()
                    counts["wrong"] += found != make_value(key)
            except OSError:
                counts["exceptions"] += 1
            file.seek(0)
            file.write(struct.pack(f"<{len(NAMES)}Q", *counts.values()))
            file.flush()


def main() -> None:
    if len(sys.argv) == 3:
        work(int(sys.argv[1]), pathlib.Path(sys.argv[2]))
        return
    import triton
    totals, seed, killed, running = dict.fromkeys(NAMES, 0), 0, 0, {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "cache"
        while totals["operations"] < OPERATIONS or running:
            while len(running) < PROCESSES and totals["operations"] < OPERATIONS:
                counters = pathlib.Path(scratch) / f"counters-{seed}"
                counters.write_bytes(bytes(8 * len(NAMES)))
                environment = dict(
                    os.environ, TRITON_CACHE_DIR=str(folder),
                    FAULT_FOLDER=str(folder), FAULT_SEED=str(seed),
                    FAULT_ONE_IN=str((4, 20, 100, 500)[seed % 4]),
                    LD_PRELOAD=str(BUILD / "lib/libtilewright-fault-shim.so"))
                if seed % 3:
                    environment["FAULT_KILL"] = "1"
                process = subprocess.Popen(
                    [sys.executable, __file__, str(seed), str(counters)],
                    env=environment)
                running[process] = counters
                seed += 1
            process, counters = next(iter(running.items()))
            del running[process]
            process.wait()
            killed += process.returncode == -signal.SIGKILL
            numbers = struct.unpack(f"<{len(NAMES)}Q", counters.read_bytes())
            for name, number in zip(NAMES, numbers):
                totals[name] += number
    print(f"Triton {triton.__version__}: {totals['operations']} operations, {seed} "
          f"processes of which {killed} were killed, "
          + ", ".join(f"{totals[name]} {name}" for name in NAMES[1:]))


if __name__ == "__main__":
    main()
