# test_cache_faults.py - a cache on a file system that fails.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Processes share a folder while calls fail, tear, flip bits, vanish, jump in
time or kill them. Whatever they get must be right. TILEWRIGHT_FUZZ=N does N times
as many operations."""

import os
import pathlib
import signal
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from host_harness import BUILD  # noqa: E402

NAMES = ("operations", "hits", "misses", "damaged", "wrong", "warnings",
         "leases", "refused")
OPERATIONS = 120_000 * int(os.environ.get("TILEWRIGHT_FUZZ", "1"))
PROCESSES = 4
PER_PROCESS = 2_000


def test_cache_faults(tmp_path, capsys):
    folder = tmp_path / "cache"
    totals = dict.fromkeys(NAMES, 0)
    killed, seed, running = 0, 0, {}
    while totals["operations"] < OPERATIONS or running:
        while len(running) < PROCESSES and totals["operations"] < OPERATIONS:
            counters = tmp_path / f"counters-{seed}"
            counters.write_bytes(bytes(8 * len(NAMES)))
            # From rare faults to one in every few calls.
            environment = dict(
                os.environ, FAULT_FOLDER=str(folder), FAULT_SEED=str(seed),
                FAULT_ONE_IN=str((4, 20, 100, 500)[seed % 4]),
                LD_PRELOAD=str(BUILD / "lib/libtilewright-fault-shim.so"))
            if seed % 3:
                environment["FAULT_KILL"] = "1"
            process = subprocess.Popen(
                [BUILD / "test/Unit/Runtime/cache-fault-worker", folder,
                 str(seed), str(PER_PROCESS), counters], env=environment,
                stderr=subprocess.PIPE)
            running[process] = counters
            seed += 1
        process, counters = next(iter(running.items()))
        del running[process]
        _, message = process.communicate(timeout=120)  # a hang is a failure
        numbers = struct.unpack(f"<{len(NAMES)}Q", counters.read_bytes())
        for name, number in zip(NAMES, numbers):
            totals[name] += number
        killed += process.returncode == -signal.SIGKILL
        assert process.returncode in (0, -signal.SIGKILL), message.decode()
        assert not totals["wrong"], message.decode()
        counters.unlink()
    with capsys.disabled():
        print(f"\ncache faults: {totals['operations']} operations, {seed} "
              f"processes of which {killed} were killed, "
              + ", ".join(f"{totals[name]} {name}" for name in NAMES[1:]))
    assert totals["hits"] > OPERATIONS / 20
    assert killed and totals["damaged"] and totals["warnings"]
    assert totals["leases"]
