# counts.py - instructions beside times.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the system has no counters for a program (instructions.h), callgrind
counts: those of the whole program, less those of one that does nothing."""

import re
import shutil
import subprocess


def callgrind(command: list, **options) -> int | None:
    """The instructions of a command, or None where valgrind is not found."""
    valgrind = shutil.which("valgrind")
    if not valgrind:
        return None
    done = subprocess.run(
        [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null",
         *command], check=True, capture_output=True, text=True, **options)
    found = re.search(r"Collected : (\d+)", done.stderr)
    return int(found[1]) if found else None


def difference(long: int | None, short: int | None) -> int | None:
    return None if long is None or short is None else long - short


def describe(counted: int | None, simulated: int | None) -> str:
    """What stands behind a time: `counted` by the system, else by callgrind."""
    if counted is not None and counted >= 0:
        return f", {counted} instructions (perf counters)"
    if simulated is not None:
        return f", {simulated} instructions (callgrind)"
    return (", instructions not counted (neither perf counters nor valgrind on "
            "the PATH)")
