#!/usr/bin/env python3
# compile_time.py - milliseconds of each stage of a compilation, and budgets.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles kernels of examples/kernels again and again in one process.

Each row is one kernel for one chip: the first compilation of the process, the
best of the next ones by stage, and the budget (CASES below). Then:
how the time grows when one dimension of a tile doubles, and what two threads
gain. Everything runs on this machine's CPU; no GPU is needed.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples" / "kernels"
STAGES = ("parse", "passes", "translate", "optimize", "backend", "assemble")


@dataclass
class Case:
    """One kernel to compile; `budget_ms` is for the best compilation."""
    name: str
    file: str
    kernel: str
    parameters: dict[str, str | int] = field(default_factory=dict)
    budget_ms: float | None = None


CASES = [
    Case("vector_add f32", "vector_add", "vector_add", {}, 10),
    Case("softmax f32", "softmax", "softmax"),
    Case("gemm f16 128x128x32", "gemm", "gemm_nn",
         {"T": "f16", "TC": "f16", "BM": 128, "BN": 128, "BK": 32}, 150),
    Case("attention bf16 d=128", "attention", "attention",
         {"T": "bf16", "D": 128}, 400),
]
FIRST_BUDGET_MS = 100
GROWTH_LIMIT = 2.2


def describe(case: Case, copies: int) -> dict:
    """A description with `copies` equal variants of the kernel."""
    source = json.loads((EXAMPLES / f"{case.file}.json").read_text())
    kernel = next(k for k in source["kernels"] if k["name"] == case.kernel)
    kernel = dict(kernel)
    for name, value in case.parameters.items():
        # Tuning values are for tuning; a benchmark may go beyond them.
        row = kernel["parameters"][name]
        if "values" in row and value not in row["values"]:
            row["values"] = row["values"] + [value]
    kernel["source"] = {"inline": (EXAMPLES / f"{case.file}.mlir").read_text()}
    kernel["specializations"] = [
        {"name": f"v{i}", "parameters": case.parameters}
        for i in range(copies)]
    return {"version": 1, "chips": source["chips"], "kernels": [kernel]}


def compile_case(tool: str, case: Case, chip: str, copies: int,
                 jobs: int = 1) -> tuple[list[dict], float]:
    """Rows of the report in order, and the wall time of the process in ms."""
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        (base / "d.json").write_text(json.dumps(describe(case, copies)))
        start = time.perf_counter()
        done = subprocess.run(
            [tool, str(base / "d.json"), "-o", str(base / "d.tilelib"),
             "--chip", chip, "--report", str(base / "r.json"), "--quiet",
             "-j", str(jobs)], capture_output=True, text=True)
        wall = (time.perf_counter() - start) * 1e3
        if done.returncode != 0:
            sys.exit(f"tile-compile failed for {case.name}, {chip}:\n"
                     + done.stderr.strip())
        return json.loads((base / "r.json").read_text())["images"], wall


def print_stages(tool: str, chips: list[str], copies: int) -> bool:
    good = True
    print(f"{'kernel':<22} {'chip':<10} {'first':>7} {'best':>7} {'budget':>7} "
          + " ".join(f"{stage:>9}" for stage in STAGES) + "   (ms)")
    for case in CASES:
        for chip in chips:
            rows, _ = compile_case(tool, case, chip, copies)
            best = min(rows[1:], key=lambda row: row["ms"]["total"])
            total = best["ms"]["total"]
            budget = f"{case.budget_ms:7.0f}" if case.budget_ms else " " * 7
            print(f"{case.name:<22} {chip:<10} {rows[0]['ms']['total']:7.1f} "
                  f"{total:7.1f} {budget} "
                  + " ".join(f"{best['ms'][s]:9.1f}" for s in STAGES),
                  flush=True)
            good &= not case.budget_ms or total <= case.budget_ms
            if case is CASES[0]:
                good &= rows[0]["ms"]["total"] <= FIRST_BUDGET_MS
    return good


def print_growth(tool: str, chips: list[str], copies: int) -> bool:
    good = True
    print("\ngrowth when one dimension of the tile of gemm doubles "
          f"(limit {GROWTH_LIMIT})")
    for chip in chips:
        previous = None
        for bm, bn in ((32, 32), (64, 32), (64, 64), (128, 64), (128, 128)):
            case = Case("gemm", "gemm", "gemm_nn",
                        {"T": "f16", "TC": "f16", "BM": bm, "BN": bn,
                         "BK": 32})
            rows, _ = compile_case(tool, case, chip, copies)
            total = min(row["ms"]["total"] for row in rows)
            ratio = total / previous if previous else 1.0
            print(f"  {chip:<10} {bm}x{bn}x32 {total:8.1f} ms  x{ratio:.2f}",
                  flush=True)
            good &= ratio <= GROWTH_LIMIT
            previous = total
    return good


def print_parallel(tool: str, chip: str) -> None:
    case = CASES[1]
    _, one = compile_case(tool, case, chip, 24, jobs=1)
    _, two = compile_case(tool, case, chip, 24, jobs=2)
    print(f"\n24 x {case.name}, {chip}: -j 1 {one:.0f} ms, -j 2 {two:.0f} ms: "
          f"{one / two:.2f} times as fast")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", default=str(ROOT / "build/bin/tile-compile"))
    parser.add_argument("--chip", action="append",
                        help="chips (default: gfx942)")
    parser.add_argument("--copies", type=int, default=8,
                        help="compilations per row, at least 2")
    options = parser.parse_args()
    chips = options.chip or ["gfx942"]
    good = print_stages(options.tool, chips, max(2, options.copies))
    good &= print_growth(options.tool, chips, 3)
    print_parallel(options.tool, chips[0])
    print("\nwithin the budgets" if good else "\nover a budget")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
