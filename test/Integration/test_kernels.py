# test_kernels.py - every example kernel, on the host and in the emulator.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each kernel x variant runs on random, ragged and empty shapes on the host,
and on ragged shapes for each GPU in the emulator; outputs are filled with
0xCD first and compared with the float64 references of examples/kernels.

TILEWRIGHT_ALL_SHAPES=1 runs all shapes in the emulator as well (an hour).
"""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]
                       / "examples" / "kernels"))

import launch  # noqa: E402
import reference  # noqa: E402

CHIPS = ["gfx90a", "gfx942", "gfx950", "gfx1100", "gfx1201", "sm_80", "sm_89",
         "sm_90a"]
ALL_SHAPES = bool(os.environ.get("TILEWRIGHT_ALL_SHAPES"))


def name(shape: dict[str, int]) -> str:
    return "x".join(str(size) for size in shape.values())


def host_cases():
    for kernel, entry in reference.KERNELS.items():
        for variant in reference.variants(kernel):
            for shape in entry.shapes:
                yield pytest.param(kernel, variant, shape,
                                   id=f"{kernel}-{variant}-{name(shape)}")


def emulator_cases():
    for chip in CHIPS:
        for kernel, entry in reference.KERNELS.items():
            for number, variant in enumerate(reference.variants(kernel)):
                # The second shape is ragged in every dimension; the first
                # variant runs an empty one too.
                shapes = entry.shapes if ALL_SHAPES else entry.shapes[1:2]
                if number == 0 and not ALL_SHAPES:
                    shapes += entry.shapes[-1:]
                for shape in shapes:
                    yield pytest.param(
                        chip, kernel, variant, shape,
                        id=f"{chip}-{kernel}-{variant}-{name(shape)}")


@pytest.mark.parametrize("kernel, variant, shape", host_cases())
def test_host(kernel, variant, shape):
    case = reference.make_case(kernel, variant, shape)
    assert launch.launch(case, "host").message == ""


@pytest.mark.parametrize("chip, kernel, variant, shape", emulator_cases())
def test_emulator(chip, kernel, variant, shape):
    case = reference.make_case(kernel, variant, shape)
    assert launch.launch(case, f"emu:{chip}").message == ""
