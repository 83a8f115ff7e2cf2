#!/usr/bin/env python3
# run.py - compiles and runs the kernels of a Llama-3.1-8B layer.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The main job of scripts/quickstart.sh.

First every description is compiled for every chip it names; then the kernels
run at the sizes of one layer (hidden 4096, intermediate 14336, 32 query heads
and 8 key heads of 128, 256 tokens) on the host, and at small sizes in the
emulator. Every result is compared with NumPy in float64.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
import tempfile

import launch
import reference

# The element type that a model of today would use, where a variant has it.
PREFERRED = ("bf16", "d128_bf16", "e4m3", "f16", "f32")


def pick_variant(kernel: str) -> str:
    names = list(reference.variants(kernel))
    return next((name for name in PREFERRED if name in names), names[0])


def compile_all(jobs: int) -> bool:
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(reference.FOLDER.glob("*.json")):
            output = pathlib.Path(folder) / f"{path.stem}.tilelib"
            done = subprocess.run(
                [launch.find_tool("tile-compile"), str(path), "-o",
                 str(output), "-j", str(jobs)], text=True)
            good &= done.returncode == 0
    return good


def run_kernels(kernels: list[str], device: str, layer: bool) -> bool:
    good = True
    print(f"\n{'kernel':<18} {'variant':<10} {'shape':<34} {'device':<12} "
          f"{'ms':>10} {'GFLOP/s':>9}  result")
    for kernel in kernels:
        entry = reference.KERNELS[kernel]
        variant = pick_variant(kernel)
        for shape in entry.layer if layer else entry.shapes[1:2]:
            case = reference.make_case(kernel, variant, shape)
            result = launch.launch(case, device, repeat=3 if layer else 1)
            rate = (f"{case.flops / result.milliseconds / 1e6:9.1f}"
                    if case.flops and result.milliseconds > 0 else " " * 9)
            text = " ".join(f"{k}={v}" for k, v in shape.items())
            print(f"{kernel:<18} {variant:<10} {text:<34} {device:<12} "
                  f"{result.milliseconds:10.3f} {rate}  "
                  f"{result.message or 'right'}", flush=True)
            good &= not result.message
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", action="append",
                        choices=sorted(reference.KERNELS))
    parser.add_argument("--emulate", action="append", metavar="CHIP",
                        help="chips to emulate (default: gfx942 and sm_80)")
    parser.add_argument("--skip-compile", action="store_true")
    parser.add_argument("-j", type=int, default=2, dest="jobs")
    options = parser.parse_args()
    kernels = options.kernel or list(reference.KERNELS)

    good = options.skip_compile or compile_all(options.jobs)
    good &= run_kernels(kernels, "host", layer=True)
    for chip in options.emulate or ["gfx942", "sm_80"]:
        good &= run_kernels(kernels, f"emu:{chip}", layer=False)
    print("\nevery result is right" if good else "\nsomething failed, see above")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
