# test_ops.py - every op on every element type on every chip, against NumPy.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each op at the block level runs on the levels of this CPU and, lane by lane,
for each GPU. What is exact is compared bit by bit; sums and functions within
bounds that each family of cases states.
"""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import op_compute  # noqa: E402
import op_control  # noqa: E402
import op_elementwise  # noqa: E402
import op_memory  # noqa: E402
import op_table  # noqa: E402
from op_harness import DEVICES, failures, pack  # noqa: E402

# Cases of a family and how many go into one kernel.
FAMILIES = {
    "integers": (op_elementwise.int_cases, 40),
    "casts": (op_elementwise.cast_cases, 40),
    "floats": (op_elementwise.float_cases, 40),
    "math": (op_elementwise.math_cases, 30),
    "convert": (op_elementwise.convert_cases, 32),
    "copy": (op_memory.copy_cases, 30),
    "gather": (op_memory.gather_cases, 20),
    "atomic": (op_memory.atomic_cases, 20),
    "order": (op_memory.order_cases, 12),
    "mma": (op_compute.mma_cases, 8),
    "reduce": (op_compute.reduce_cases, 16),
    "scan": (op_compute.scan_cases, 16),
    "view": (op_compute.view_cases, 40),
    "control": (op_control.control_cases, 20),
}


def groups():
    for family, (make, most) in FAMILIES.items():
        for number, cases in enumerate(pack(make(), most)):
            for device in DEVICES:
                yield pytest.param(cases, device,
                                   id=f"{family}-{number}-{device}")


@pytest.mark.parametrize("cases, device", groups())
def test_ops(cases, device):
    assert failures(cases, device) == []


def test_the_page_shows_these_cases():
    assert op_table.PAGE.read_text() == op_table.table(FAMILIES), \
        "run test/Integration/op_table.py"
