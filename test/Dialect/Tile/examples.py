# examples.py - every example of the dialect's reference parses and verifies.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# An example names values that it does not define. Their types come from the
# parser: each starts as `none`, and its complaint says what it is.
# RUN: %python %s

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCES = ROOT / "include/tilewright/Dialect/Tile/IR"
# Layouts of 64x64, whose padded shape covers smaller tiles as well.
LAYOUTS = """
#A = #tile.layout<reg = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]],
    lane = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0], [32, 0]], wave = []>
#B = #tile.layout<reg = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0], [32, 0]],
    lane = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]], wave = []>
#L = #tile.layout<reg = [[0, 1], [0, 2], [0, 4], [0, 8], [0, 16], [0, 32]],
    lane = [[1, 0], [2, 0], [4, 0], [8, 0], [16, 0], [32, 0]], wave = []>
"""


def run(text):
    return subprocess.run(["tile-opt", "-allow-unregistered-dialect"],
                          input=text, capture_output=True, text=True,
                          check=False)


def wrap(example, types):
    """A module with the example in it, its values defined as `types` says."""
    if example.startswith("tile.kernel"):
        return example
    if example.startswith(("!", "tensor")):
        return "".join(f"func.func private @f{i}({line})\n" for i, line in
                       enumerate(re.split(r"\n(?=\S)", example)))
    if example.startswith("#"):
        return f'func.func private @f() attributes {{a = {example}}}'
    defs = "".join(f'  {name} = "test.def"() : () -> {type}\n'
                   for name, type in types.items())
    end = "" if "tile.return" in example else "  tile.return\n"
    return (LAYOUTS + "tile.kernel @example() grid [] affine_map<() -> (1)> {\n"
            + defs + example + "\n" + end + "}\n")


def check(example):
    """Empty, or what is wrong with the example."""
    types = {}
    for _ in range(40):
        text = wrap(example, types)
        result = run(text)
        if result.returncode == 0:
            return ""
        undefined = re.search(r"use of undeclared SSA value name\n(.*)\n( *)\^",
                              result.stderr)
        if undefined:
            name = re.match(r"%\w+", undefined[1][len(undefined[2]):])[0]
            types[name] = "none"
            continue
        other = re.search(r"use of value '(%\w+)' expects different type than "
                          r"prior uses: '(.*)' vs '(.*)'", result.stderr)
        if not other or other[1] not in types:
            return result.stderr
        types[other[1]] = other[2]
    return "no types found"


count = 0
failures = []
for source in sorted(SOURCES.glob("*.td")):
    for block in re.findall(r"```mlir\n(.*?)```", source.read_text(), re.S):
        lines = block.rstrip().split("\n")
        indent = min(len(line) - len(line.lstrip()) for line in lines if line)
        example = "\n".join(line[indent:] for line in lines)
        # It ends a region, and the examples with a region have it.
        if example.startswith("tile.yield"):
            continue
        count += 1
        error = check(example)
        if error:
            failures.append(f"{source.name}:\n{example}\n{error}")
print(count, "examples")
print("\n".join(failures))
if failures or count < 25:
    sys.exit(f"{len(failures)} of {count} examples are wrong")
