# test_aligned_gemm.py - the path of wide accesses gives the same numbers.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Facts let the compiler use 16-byte accesses and turn results through shared
memory, which no example without facts does."""

import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from host_harness import BUILD, DTYPES  # noqa: E402
from op_harness import GPUS, run_tool, within  # noqa: E402

SOURCE = (pathlib.Path(__file__).parents[1]
          / "Codegen/Inputs/aligned-gemm.mlir").read_text()
TYPES = [("f16", "f16", "f32"), ("bf16", "bf16", "f32"), ("f16", "f32", "f32"),
         ("f32", "f32", "f32"), ("f64", "f64", "f64"), ("i8", "i32", "i32"),
         ("f8E4M3FN", "bf16", "f32"), ("f8E5M2FNUZ", "f32", "f32")]


def source(operand: str, result: str, acc: str) -> str:
    text = SOURCE.split("\n//\n", 1)[1].split("\n", 1)[1]
    convert = (f"%out = tile.convert %acc : tensor<64x128x{acc}> to "
               f"tensor<64x128x{result}>")
    if acc == "i32":
        convert = ("%none = arith.constant dense<0> : tensor<64x128xi32>\n"
                   "  %out = arith.addi %acc, %none : tensor<64x128xi32>")
    return (text.replace("xIN", "x" + operand).replace("xOUT", "x" + result)
            .replace("xACC", "x" + acc).replace("CONVERT", convert)
            .replace("ZERO", "0" if acc == "i32" else "0.0"))


@pytest.mark.parametrize("device", ["host", *(f"emu:{g}" for g in GPUS)])
@pytest.mark.parametrize("operand, result, acc", TYPES)
def test_aligned_gemm(tmp_path, operand, result, acc, device):
    rng = np.random.default_rng(7)
    m, n, k = 128, 256, 192

    def draw(rows, columns):
        if operand == "i8":
            return rng.integers(-100, 100, (rows, columns)).astype(np.int8)
        return rng.standard_normal((rows, columns)).astype(DTYPES[operand])
    a, b = draw(m, k), draw(k, n)
    want = a.astype(np.float64) @ b.astype(np.float64)
    bound = np.abs(a.astype(np.float64)) @ np.abs(b.astype(np.float64))
    (tmp_path / "g.mlir").write_text(source(operand, result, acc))
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", b)
    message = run_tool(
        BUILD / "bin/tile-run", tmp_path / "g.mlir", "--kernel", "gemm",
        "--device", device, "--arg", f"a={tmp_path / 'a.npy'}", "--arg",
        f"b={tmp_path / 'b.npy'}", "--out",
        f"c={tmp_path / 'c.npy'}:{result}:{m}x{n}")
    assert message == ""
    got = np.load(tmp_path / "c.npy").view(DTYPES[result]).reshape(m, n)
    # Of the sum, and of the result's rounding.
    last = {"f64": 2.0**-52, "f32": 2.0**-23, "f16": 2.0**-10,
            "bf16": 2.0**-7, "i32": 0.0}
    atol = k * last[acc] * bound
    assert not within(atol, last[result])(got, want).any()
