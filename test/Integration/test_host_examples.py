# test_host_examples.py - the example kernels on the CPU, without the runtime.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import example_kernels  # noqa: E402
import host_harness  # noqa: E402
import reference  # noqa: E402

CHIPS = host_harness.cpu_levels()


@pytest.mark.skipif(not CHIPS, reason="needs AVX2 and FMA")
@pytest.mark.parametrize("kernel", reference.KERNELS)
def test_example(kernel):
    for number, variant in enumerate(reference.variants(kernel)):
        # The levels take turns: all variants on all levels would be slow.
        chip = CHIPS[number % len(CHIPS)]
        for shape in reference.KERNELS[kernel].shapes:
            case = reference.make_case(kernel, variant, shape)
            message = example_kernels.run_case(case, chip)
            assert not message, f"{variant} {shape} on {chip}: {message}"
