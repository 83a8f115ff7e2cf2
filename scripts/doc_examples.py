#!/usr/bin/env python3
# doc_examples.py - runs the commands in the documentation.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks, or with --update rewrites, the outputs shown in Markdown files.

    <!-- run: COMMAND -->      the fenced block below is what COMMAND prints
    <!-- file: PATH -->        the fenced block below is what PATH holds
    <!-- quiet: COMMAND -->    COMMAND succeeds; nothing is shown

Commands run in the repository's root with build/bin first in the PATH, and
$TMP is an empty folder that one file's commands share.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"<!-- (run|file): (.*?) -->\n```(\w*)\n(.*?)```\n|<!-- (quiet): (.*?) -->",
    re.DOTALL)


def run(command: str, scratch: str) -> tuple[bool, str]:
    build = os.environ.get("TILEWRIGHT_BUILD_DIR", str(ROOT / "build"))
    path = os.pathsep.join([f"{build}/bin", str(pathlib.Path(sys.executable)
                                                .parent), os.environ["PATH"]])
    done = subprocess.run(command, shell=True, cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, PATH=path, TMP=scratch),
                          executable="/bin/bash")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return done.returncode == 0, "\n".join(lines).strip("\n") + "\n"


def process(file: pathlib.Path, update: bool) -> list[str]:
    problems = []
    text = file.read_text(encoding="utf-8")
    name = file.relative_to(ROOT).as_posix()

    def replace(match: re.Match) -> str:
        kind, command = match.group(1), match.group(2)
        if match.group(5):
            good, output = run(match.group(6), scratch)
            if not good:
                problems.append(f"{name}: '{match.group(6)}' failed:\n{output}")
            return match.group(0)
        if kind == "file":
            output = (ROOT / command).read_text(encoding="utf-8")
        else:
            good, output = run(command, scratch)
            if not good:
                problems.append(f"{name}: '{command}' failed:\n{output}")
                return match.group(0)
        if output != match.group(4) and not update:
            problems.append(f"{name}: '{command}' gives another output; run "
                            "scripts/doc_examples.py --update")
        return f"<!-- {kind}: {command} -->\n```{match.group(3)}\n{output}```\n"

    with tempfile.TemporaryDirectory() as scratch:
        result = BLOCK.sub(replace, text)
    if update and result != text:
        file.write_text(result, encoding="utf-8")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    files = [file.resolve() for file in options.files] or [
        ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    problems = []
    for file in files:
        problems += process(file, options.update)
    print("\n".join(problems))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
