# op_table.py - writes docs/OpTable.md: which op runs on which element type.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: op_table.py [--check]
"""The table is counted from the cases of test_ops.py, which run each of them on
every device and demand the right numbers: a number in it is a fact of a run,
and a family or type that loses its cases shows in a diff."""

from __future__ import annotations

import pathlib
import sys
from collections import Counter, defaultdict

from op_harness import GPUS, MEMORY_TYPES

PAGE = pathlib.Path(__file__).parents[2] / "docs/OpTable.md"
TYPES = [*MEMORY_TYPES, "index"]
HEADS = {"f8E4M3FN": "E4M3", "f8E5M2": "E5M2", "f8E4M3FNUZ": "E4M3 FNUZ",
         "f8E5M2FNUZ": "E5M2 FNUZ"}


def split(name: str) -> tuple[str, str]:
    """Op and element type of a case: the words before its first type."""
    words = name.split()
    for number, word in enumerate(words):
        if word in TYPES:
            op = [w for w in words[:number] if not w.isdigit()]
            return " ".join(op), word
    return " ".join(words), ""


def table(families: dict) -> str:
    lines = [
        "# Every op on every element type on every chip", "",
        "How many cases of `test/Integration/test_ops.py` each op has on each "
        "element type (of its first operand). Every case runs on "
        + ", ".join(GPUS) + ", lane by lane, and on the host's levels that the "
        "processor has; each must give the numbers of a NumPy reference, bit "
        "by bit where the result is exact. No op is refused on any chip for its "
        "type. What a chip does natively, and what is expanded into other ops, "
        "is in [NumericsTable.md](NumericsTable.md) and, for matrix "
        "instructions and conversions, in [Targets.md](Targets.md).", "",
        "An empty cell has no case, as a rule because the op does not "
        "exist on that type. Written by "
        "`test/Integration/op_table.py`; a test keeps it true.", ""]
    for family, (make, _) in families.items():
        counts: dict[str, Counter] = defaultdict(Counter)
        for case in make():
            op, type_ = split(case.name)
            counts[op][type_] += 1
        used = [t for t in TYPES if any(t in row for row in counts.values())]
        lines += [f"## {family.capitalize()}", "",
                  "| op | " + " | ".join(HEADS.get(t, t) for t in used) + " |",
                  "|---|" + "---|" * len(used)]
        for op, row in counts.items():
            cells = [str(row[t]) if row[t] else "" for t in used]
            if row[""]:
                op += f" ({row['']} without a type)"
            lines.append(f"| {op} | " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    from test_ops import FAMILIES
    text = table(FAMILIES)
    if "--check" not in sys.argv:
        PAGE.write_text(text)
    elif PAGE.read_text() != text:
        sys.exit("docs/OpTable.md is old; run test/Integration/op_table.py")
