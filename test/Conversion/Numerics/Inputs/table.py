# table.py - prints which ops which back end does by itself, as Markdown.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Usage: table.py every_op.mlir NAME=expanded.mlir ...
# A function whose op was left alone, or became one conversion, is "native" on
# that chip. The table is docs/NumericsTable.md; a test compares them.

import re
import sys

KINDS = """f64 f32 bf16 f16 f8E4M3FN f8E5M2 f8E4M3FNUZ f8E5M2FNUZ""".split()


def functions(path):
    """Yields name and op names of the body of each function."""
    name, ops = None, []
    for line in open(path, encoding="utf-8"):
        if match := re.match(r"\s*func\.func @(\w+)\(", line):
            name, ops = match[1], []
        elif match := re.match(r"\s*(?:%\S+ = )?([a-z]+\.[a-z_0-9]+)", line):
            ops.append(match[1])
        elif line.strip() == "}" and name:
            yield name, ops
            name = None


def is_native(before, after):
    left = [op for op in after if op != "return"]
    return left == [op for op in before if op != "return"] or (
        before[0] == "tile.convert" and len(left) == 1)


before = dict(functions(sys.argv[1]))
chips = [argument.split("=", 1)[0] for argument in sys.argv[2:]]
native = {}
for argument in sys.argv[2:]:
    chip, path = argument.split("=", 1)
    for name, ops in functions(path):
        if is_native(before[name], ops):
            native.setdefault(name, []).append(chip)

rows = {}
for name in before:
    conversion = re.fullmatch(r"convert_(\w+?)_(\w+)", name)
    if conversion:
        op, kind = f"convert to {conversion[2]}", conversion[1]
    else:
        kind = next(part for part in name.split("_") if part in KINDS)
        op = name.replace("_" + kind, "")
    cell = native.get(name, [])
    text = "all" if cell == chips else ", ".join(cell) or "-"
    rows.setdefault(op, {})[kind] = text

print("""# Native or expanded

Which chips do an op by themselves after `tile-expand-numerics`; everywhere else, and where it says "-", it is
expanded into others, with the same result. Columns are the element type of the operands (of the result for
conversions from integers). Written by `test/Conversion/Numerics/Inputs/table.py`; a test keeps it true.

Chips: %s; the others of a back end are as these.
""" % ", ".join(chips))
print("| op | " + " | ".join(KINDS) + " |")
print("|----|" + "---|" * len(KINDS))
for op, cells in rows.items():
    print(f"| {op} | " + " | ".join(cells.get(k, "") for k in KINDS) + " |")
