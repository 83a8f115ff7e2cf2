# test_cache_faults.py - a cache on a file system that fails.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Processes share a folder, and one that they only read, while calls fail, tear,
flip bits, vanish, jump in time or kill them. Whatever they get must be right.
TILEWRIGHT_FUZZ=N does N times as many operations."""

import os
import pathlib
import signal
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from host_harness import BUILD  # noqa: E402

NAMES = ("operations", "hits", "misses", "damaged", "wrong", "warnings",
         "leases", "refused", "shared hits", "shared damaged",
         "shared rejected", "shared unreachable", "transfers")
OPERATIONS = 120_000 * int(os.environ.get("TILEWRIGHT_FUZZ", "1"))
PROCESSES = 4
PER_PROCESS = 2_000
WORKER = BUILD / "test/Unit/Runtime/cache-fault-worker"
SECRET = "a secret of the shared folder"


def make_shared(shared: pathlib.Path, scratch: pathlib.Path) -> None:
    """Fills a shared folder, without faults, with sealed entries; damages some
    and takes the seal of others off."""
    counters, secret = scratch / "counters", scratch / "secret"
    counters.write_bytes(bytes(8 * len(NAMES)))
    secret.touch(mode=0o600)
    secret.write_text(SECRET)
    subprocess.run([WORKER, scratch / "full", "1", "2000", counters],
                   check=True)
    subprocess.run([BUILD / "bin/tile-cache", "export", shared, "--folder",
                    scratch / "full", "--secret-file", secret], check=True,
                   stdout=subprocess.DEVNULL)
    for i, path in enumerate(sorted(shared.rglob("*.entry"))):
        data = bytearray(path.read_bytes())
        if i % 8 == 0:
            data[i * 37 % len(data)] ^= 1
        elif i % 8 == 1:
            del data[-64:]
        path.write_bytes(data)


def test_cache_faults(tmp_path, capsys):
    folder = tmp_path / "cache"
    # The shim knows its files by how their paths start: these are among them.
    shared = tmp_path / "cache-shared"
    (tmp_path / "scratch").mkdir()
    make_shared(shared, tmp_path / "scratch")
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
            command = [WORKER, folder, str(seed), str(PER_PROCESS), counters,
                       shared] + ([SECRET] if seed % 2 else [])
            process = subprocess.Popen(command, env=environment,
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
    assert not totals["refused"]
    assert killed and totals["damaged"] and totals["warnings"]
    assert totals["leases"] and totals["shared hits"]
    assert totals["shared damaged"] and totals["shared rejected"]
    assert totals["shared unreachable"] and totals["transfers"]
