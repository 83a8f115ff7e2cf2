# example_kernels.py - runs the example kernels through host_harness.py.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Instantiates a kernel of examples/kernels and evaluates its grid."""

from __future__ import annotations

import functools
import re
import sys

import numpy as np

import host_harness

sys.path.insert(0, str(host_harness.ROOT / "examples" / "kernels"))
import reference  # noqa: E402


def source_of(kernel: str, variant: str) -> str:
    """The text of one kernel with the variant's parameters filled in."""
    description = reference.load_description(
        reference.KERNELS[kernel].description)
    entry = next(e for e in description["kernels"] if e["name"] == kernel)
    text = (reference.FOLDER / entry["source"]["file"]).read_text()
    for name, value in reference.variants(kernel)[variant].items():
        text = text.replace("${" + name + "}", str(value))
    parts = re.split(r"(?m)^(?=tile\.kernel )", text)
    return next(p for p in parts if p.startswith(f"tile.kernel @{kernel}("))


@functools.cache
def compile_kernel(kernel: str, variant: str, chip: str) -> host_harness.Function:
    return host_harness.compile_kernel(source_of(kernel, variant), chip)


def grid_size(source: str, names: list[str],
              values: dict[str, object]) -> int:
    """The product of the extents of the grid."""
    symbols = re.search(r"grid\s*\[(.*?)\]\s*affine_map<\(\)(?:\[(.*?)\])?\s*"
                        r"->\s*\((.*)\)>", source)
    numbers = {}
    for argument in re.findall(r"%(\w+): [^%]*?\{(.*?)\}", source, re.DOTALL):
        name = re.search(r'tile\.name = "(\w+)"', argument[1])
        name = name.group(1) if name else argument[0]
        dims = re.search(r"tile\.dims = \[(.*?)\]", argument[1])
        value = values[name]
        if dims:
            for dim, size in zip(re.findall(r'"(\w*)"', dims.group(1)),
                                 value.shape):
                numbers[dim] = size
        elif not isinstance(value, np.ndarray):
            numbers[name] = value
    environment = {s.strip(): numbers[n] for s, n in zip(
        (symbols.group(2) or "").split(","),
        re.findall(r'"(\w+)"', symbols.group(1)))}
    total = 1
    for expression in re.split(r",", symbols.group(3)):
        match = re.match(r"\s*(\w+)\s+ceildiv\s+(\d+)\s*$", expression)
        if match:
            total *= -(-environment[match.group(1)] // int(match.group(2)))
        else:
            total *= int(eval(expression, {}, environment))
    return total


def run_case(case: reference.Case, chip: str) -> str:
    """Empty where all outputs are right, else what is wrong."""
    source = source_of(case.kernel, case.variant)
    kernel = compile_kernel(case.kernel, case.variant, chip)
    names = re.findall(r'%\w+: [^%]*?tile\.name = "(\w+)"', source)
    values: dict[str, object] = {}
    for name, value in case.inputs.items():
        values[name] = value.copy() if isinstance(value, np.ndarray) else value
    for name, output in case.outputs.items():
        if name not in values:
            dtype = reference.DTYPES[output.type]
            # Stale contents would show.
            values[name] = np.full(output.value.shape, 77, dtype=dtype)
    kernel(grid_size(source, names, values), *(values[n] for n in names))
    for name, output in case.outputs.items():
        if message := reference.compare(output, values[name]):
            return f"output '{name}': {message}"
    return ""
