# bandwidth.py - memory-bound example kernels on one core against a copy.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run: .venv/bin/python bench/host/bandwidth.py [kernel ...]

GB/s counts each argument once, in or out, as does the copy (np.copyto of
64 MiB), which is measured around each case.
"""

from __future__ import annotations

import pathlib
import re
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "Integration"))
import example_kernels  # noqa: E402
import host_harness  # noqa: E402
import reference  # noqa: E402

CASES = [
    ("vector_add", "f32", {"N": 1 << 24}),
    ("vector_add", "f16", {"N": 1 << 24}),
    ("softmax", "f32", {"M": 4096, "N": 4096}),
    ("softmax", "bf16", {"M": 4096, "N": 4096}),
    ("rms_norm", "f32", {"M": 4096, "D": 4096}),
    ("layer_norm", "f32", {"M": 4096, "D": 4096}),
    ("swiglu", "f32", {"M": 1024, "N": 14336}),
    ("gemv", "f32", {"N": 4096, "K": 4096}),
    ("embedding", "f32", {"S": 4096, "V": 16032, "D": 4096}),
    ("transpose", "f32", {"M": 4096, "N": 4096}),
    ("prefix_sum", "f32", {"M": 4096, "N": 4096}),
]


def best(function, repeats: int = 7) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def aligned(value):
    """A copy that starts at a cache line; NumPy's own are 16 bytes off."""
    if not isinstance(value, np.ndarray):
        return value
    memory = np.empty(value.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    copy = memory[start:start + value.nbytes].view(value.dtype)
    copy = copy.reshape(value.shape)
    copy[...] = value
    return copy


def main() -> None:
    source = aligned(np.ones(1 << 24, np.float32))
    target = aligned(np.ones(1 << 24, np.float32))

    def copy_rate() -> float:
        return 2 * source.nbytes / best(lambda: np.copyto(target, source)) / 1e9

    for name, variant, shape in CASES:
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        case = reference.make_case(name, variant, shape)
        text = example_kernels.source_of(name, variant)
        names = re.findall(r'%\w+: [^%]*?tile\.name = "(\w+)"', text)
        values = dict(case.inputs)
        for key, output in case.outputs.items():
            if key not in values:
                values[key] = np.ones(output.value.shape,
                                      reference.DTYPES[output.type])
        count = sum(v.nbytes for v in values.values()
                    if isinstance(v, np.ndarray))
        if name == "embedding":  # reads only some rows of the table
            count = 2 * values["y"].nbytes
        arguments = [aligned(values[n]) for n in names]
        for chip in host_harness.cpu_levels():
            kernel = example_kernels.compile_kernel(name, variant, chip)
            copy = copy_rate()
            took = best(kernel.bind(*arguments))
            copy = max(copy, copy_rate())
            rate = count / took / 1e9
            print(f"{chip} {name} {variant} {shape}: {took * 1e3:.2f} ms, "
                  f"{rate:.1f} GB/s, copy {copy:.1f} GB/s, ratio "
                  f"{rate / copy:.2f}", flush=True)


if __name__ == "__main__":
    main()
