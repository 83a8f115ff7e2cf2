#!/usr/bin/env python3
# gen_docs.py - writes the references of dialect and passes from TableGen.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes docs/Dialects/TileReference.md and docs/PassReference.md.

With --check writes nothing and fails where a file is not up to date."""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
IR = "include/tilewright/Dialect/Tile/IR/"
NOTE = ("<!-- {name} - {purpose}; written by scripts/gen_docs.py, "
        "do not edit. -->\n"
        "<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->\n\n")


def run_tblgen(tblgen: str, source: str, *flags: str) -> str:
    """What mlir-tblgen makes of one .td file, without its own first comment."""
    prefix = pathlib.Path(tblgen).resolve().parent.parent
    text = subprocess.run(
        [tblgen, *flags, f"-I{ROOT / 'include'}", f"-I{prefix / 'include'}",
         str(ROOT / source)],
        check=True, capture_output=True, text=True).stdout
    text = re.sub(r"\A<!--.*?-->\n+", "", text)
    text = text.replace("[TOC]\n\n", "")
    return re.sub(r"\n{3,}", "\n\n", text)


def make_dialect(tblgen: str) -> str:
    text = run_tblgen(tblgen, IR + "TileOps.td", "-gen-dialect-doc",
                      "-dialect=tile")
    return NOTE.format(name="TileReference.md",
                       purpose="ops, types and attributes of `tile`") + text


def make_passes(tblgen: str) -> str:
    text = NOTE.format(name="PassReference.md", purpose="all passes of ours")
    text += "# Passes\n\nIn the order of the files that define them.\n\n"
    sources = sorted((ROOT / "include/tilewright").rglob("*Passes.td"),
                     key=lambda path: path.relative_to(ROOT).as_posix())
    for source in sources:
        name = source.relative_to(ROOT).as_posix()
        passes = run_tblgen(tblgen, name, "-gen-pass-doc")
        text += f"## {name.removeprefix('include/')}\n\n{passes.strip()}\n\n"
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--tblgen", default=shutil.which("mlir-tblgen")
                        or "/usr/lib/llvm-22/bin/mlir-tblgen")
    args = parser.parse_args()
    stale = []
    for name, make in (("docs/Dialects/TileReference.md", make_dialect),
                       ("docs/PassReference.md", make_passes)):
        text = make(args.tblgen).rstrip() + "\n"
        file = ROOT / name
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        if args.check:
            stale.append(name)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    if stale:
        print("not up to date, build tilewright-docs:", *stale)
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
