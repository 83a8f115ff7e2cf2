# launch.py - runs a case of reference.py through tile-run and checks it.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Used by run.py and by the tests; needs tile-run on the PATH or in build/."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

import numpy as np

import reference

ROOT = reference.FOLDER.parent.parent


def find_tool(name: str) -> str:
    """Path of a tool: of TILEWRIGHT_BUILD_DIR, of build/, or of the PATH."""
    folders = [os.environ.get("TILEWRIGHT_BUILD_DIR"), ROOT / "build"]
    for folder in folders:
        if folder and (path := pathlib.Path(folder) / "bin" / name).exists():
            return str(path)
    found = shutil.which(name)
    if not found:
        raise FileNotFoundError(f"no {name}; run scripts/build.sh")
    return found


@dataclass
class Result:
    """What a launch gave: an empty `message` where every output is right."""
    message: str
    milliseconds: float = float("nan")


def launch(case: reference.Case, device: str, repeat: int = 1,
           timeout_s: int = 600) -> Result:
    """Runs `case` on `device`, "host" or "emu:CHIP", and checks it."""
    description = reference.KERNELS[case.kernel].description
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        command = [find_tool("tile-run"),
                   str(reference.FOLDER / f"{description}.json"),
                   "--kernel", case.kernel, "--variant", case.variant,
                   "--device", device, "--repeat", str(repeat)]
        for name, value in case.inputs.items():
            if isinstance(value, np.ndarray):
                np.save(base / f"in_{name}.npy", value)
                command += ["--arg", f"{name}={base}/in_{name}.npy"]
            else:
                command += ["--arg", f"{name}={value!r}"]
        for name, output in case.outputs.items():
            path = f"{name}={base}/out_{name}.npy"
            if name not in case.inputs:
                shape = "x".join(str(n) for n in output.value.shape)
                path += f":{output.type}:{shape}"
            command += ["--out", path]
        try:
            done = subprocess.run(command, capture_output=True, text=True,
                                  timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return Result(f"tile-run took longer than {timeout_s} s")
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines()[:12]
            return Result(f"tile-run: exit code {done.returncode}: "
                          + "\n".join(lines))
        for name, output in case.outputs.items():
            got = np.load(base / f"out_{name}.npy")
            got = got.view(reference.DTYPES[output.type])
            if message := reference.compare(output, got):
                return Result(f"output '{name}': {message}")
        time = re.search(r"([0-9.]+) ms", done.stdout)
        return Result("", float(time.group(1)) if time else float("nan"))
