#!/usr/bin/env python3
# gemm_step.py - time of one workgroup's step of a GEMM in the emulator.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run: .venv/bin/python bench/emulator/gemm_step.py

One workgroup multiplies 256x64 by 64x256 in bf16 with sums in f32. A step is
the difference between K = 576 and K = 64, divided by 8: without the start and
the epilogue. One core; the budget is 20 ms.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHIPS = ["gfx90a", "gfx942", "gfx950", "gfx1100", "gfx1201", "sm_80", "sm_89",
         "sm_90a"]
SOURCE = (ROOT / "test/Codegen/Inputs/aligned-gemm.mlir").read_text()


def kernel() -> str:
    text = (SOURCE.replace("64x128x", "256x256x").replace("64x64x", "256x64x")
            .replace("256x256xIN>, tensor", "64x256xIN>, tensor")
            .replace("tensor<256x256xIN>", "tensor<64x256xIN>")
            .replace("constant 128 : index", "constant 256 : index")
            .replace("%bm = arith.constant 64", "%bm = arith.constant 256")
            .replace("ceildiv 64,", "ceildiv 256,")
            .replace("ceildiv 128", "ceildiv 256"))
    convert = "%out = tile.convert %acc : tensor<256x256xf32> to tensor<256x256xf32>"
    return (text.replace("xIN", "xbf16").replace("xOUT", "xf32")
            .replace("xACC", "xf32").replace("CONVERT", convert)
            .replace("ZERO", "0.0"))


def measure(folder: pathlib.Path, chip: str, k: int) -> float:
    rng = np.random.default_rng(1)
    a = rng.standard_normal((256, k)).astype(ml_dtypes.bfloat16)
    b = rng.standard_normal((k, 256)).astype(ml_dtypes.bfloat16)
    np.save(folder / "a.npy", a.view(np.uint16))
    np.save(folder / "b.npy", b.view(np.uint16))
    done = subprocess.run(
        [ROOT / "build/bin/tile-run", folder / "g.mlir", "--kernel", "gemm",
         "--device", f"emu:{chip}", "--arg", f"a={folder / 'a.npy'}", "--arg",
         f"b={folder / 'b.npy'}", "--out", f"c={folder / 'c.npy'}:f32:256x256",
         "--repeat", "5", "--host-threads", "1"],
        capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    want = a.astype(np.float64) @ b.astype(np.float64)
    got = np.load(folder / "c.npy")
    if np.abs(got - want).max() > 1e-4 * k:
        sys.exit(f"{chip}: wrong result")
    return float(re.search(r": ([0-9.]+) ms", done.stdout + done.stderr)[1])


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "g.mlir").write_text(kernel())
        for chip in CHIPS:
            short, long = (measure(folder, chip, k) for k in (64, 576))
            print(f"{chip:8} {(long - short) / 8:6.2f} ms a step, "
                  f"{short:6.2f} ms for K = 64")


if __name__ == "__main__":
    main()
