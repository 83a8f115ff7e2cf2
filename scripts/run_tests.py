#!/usr/bin/env python3
# run_tests.py - runs GoogleTest programs, lit and pytest, and adds them up.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the tests of a finished build.

The last line is exactly "N passed, N failed, N skipped". Exit code 1 where a
test failed or none ran.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEST_TIMEOUT_S = 2400
# The package cannot be run with -m, and its script has a path of its own.
LIT_MAIN = "from lit.main import main; main()"
LIT_PASSED = {"PASS", "XFAIL", "FLAKYPASS"}
LIT_SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


@dataclass
class Tally:
    passed: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.passed += other.passed
        self.skipped += other.skipped
        self.failed += other.failed

    def __str__(self) -> str:
        return (f"{self.passed} passed, {len(self.failed)} failed, "
                f"{self.skipped} skipped")


def run(command: list[str], **kwargs) -> tuple[int, str]:
    """Exit code and output of `command`; a timeout is exit code 124."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, errors="replace",
                              timeout=TEST_TIMEOUT_S, **kwargs)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
        if isinstance(output, bytes):
            output = output.decode(errors="replace")
        return 124, output + f"\ntimed out after {TEST_TIMEOUT_S} s\n"


# For programs that were built with sanitizers; docs/Testing.md says more. LLVM's
# libraries were not, so containers and allocators that both sides use do not
# keep to the marks of one; and LLVM gives a thread that compiles a signal stack
# of its own. A test forks.
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_container_overflow=0:allow_user_poisoning=0:"
                    "use_sigaltstack=0",
    "TSAN_OPTIONS": "halt_on_error=1:die_after_fork=0",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}
# Build folders of the presets with sanitizers.
SANITIZER_BUILDS = ("build-sanitize", "build-threads")


def run_gtest(build: pathlib.Path, scratch: pathlib.Path) -> Tally:
    """Runs each program below test/Unit; a crash is one failed test."""
    total = Tally()
    folder = build / "test" / "Unit"
    programs = sorted(p for p in folder.glob("*")
                      if p.is_file() and os.access(p, os.X_OK))
    for program in programs:
        report = scratch / f"{build.name}-{program.name}.json"
        # What a compiler's process prints goes nowhere, so reports are files.
        findings = scratch / f"{build.name}-{program.name}-findings"
        findings.mkdir()
        options = {name: f"{text}:log_path={findings}/report"
                   for name, text in SANITIZER_OPTIONS.items()}
        code, output = run([str(program), f"--gtest_output=json:{report}",
                            "--gtest_brief=1"],
                           env=dict(options, **os.environ))
        tally = Tally()
        if report.exists():
            for suite in json.loads(report.read_text())["testsuites"]:
                for test in suite["testsuite"]:
                    name = f"{program.name}: {suite['name']}.{test['name']}"
                    if test.get("failures"):
                        tally.failed.append(name)
                    elif test.get("result") == "COMPLETED":
                        tally.passed += 1
                    else:
                        tally.skipped += 1
        for finding in sorted(findings.iterdir()):
            tally.failed.append(f"{program.name}: {finding.name}")
            output += finding.read_text(errors="replace")
        if code != 0 and not tally.failed:
            tally.failed.append(f"{program.name}: exit code {code}")
        if tally.failed:
            print(output)
        total.add(tally)
    return total


def run_lit(build: pathlib.Path, scratch: pathlib.Path) -> Tally:
    report = scratch / "lit.json"
    code, output = run([sys.executable, "-c", LIT_MAIN, "-v", "--output",
                        str(report), str(build / "test")])
    tally = Tally()
    if report.exists():
        for test in json.loads(report.read_text())["tests"]:
            if test["code"] in LIT_PASSED:
                tally.passed += 1
            elif test["code"] in LIT_SKIPPED:
                tally.skipped += 1
            else:
                tally.failed.append(test["name"])
    # A folder without a single test is no failure, a broken lit.cfg.py is.
    if code != 0 and not tally.failed and "did not discover" not in output:
        tally.failed.append(f"lit: exit code {code}")
    if tally.failed:
        print(output)
    return tally


def run_pytest(build: pathlib.Path, scratch: pathlib.Path) -> Tally:
    folders = [ROOT / name for name in ("test", "python", "examples")]
    files = sorted(str(file) for folder in folders if folder.is_dir()
                   for file in folder.rglob("test_*.py"))
    if not files:
        return Tally()
    report = scratch / "pytest.xml"
    environment = dict(os.environ, TILEWRIGHT_BUILD_DIR=str(build),
                       PATH=f"{build / 'bin'}:{os.environ['PATH']}")
    code, output = run([sys.executable, "-m", "pytest", "-q", "-p",
                        "no:cacheprovider", f"--junitxml={report}",
                        "-n", str(os.cpu_count() or 1),
                        f"--rootdir={ROOT}", *files],
                       env=environment)
    tally = Tally()
    if report.exists():
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            name = f"{case.get('classname')}::{case.get('name')}"
            if (case.find("failure") is not None
                    or case.find("error") is not None):
                tally.failed.append(name)
            elif case.find("skipped") is not None:
                tally.skipped += 1
            else:
                tally.passed += 1
    if code != 0 and not tally.failed:
        tally.failed.append(f"pytest: exit code {code}")
    if tally.failed:
        print(output)
    return tally


RUNNERS = {"gtest": run_gtest, "lit": run_lit, "pytest": run_pytest}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build-dir", type=pathlib.Path,
                        default=ROOT / "build")
    parser.add_argument("--only", choices=sorted(RUNNERS), action="append",
                        help="run this runner alone; may be repeated")
    parser.add_argument("--sanitizers", action="store_true",
                        help="run the unit tests of build-sanitize and "
                        "build-threads as well")
    options = parser.parse_args()
    build = options.build_dir.resolve()

    total = Tally()
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.only or RUNNERS:
            tally = RUNNERS[name](build, pathlib.Path(scratch))
            print(f"{name}: {tally}", flush=True)
            total.add(tally)
        for name in SANITIZER_BUILDS if options.sanitizers else ():
            tally = run_gtest(ROOT / name, pathlib.Path(scratch))
            if not tally.passed:
                tally.failed.append(f"{name}: no test ran")
            print(f"gtest in {name}: {tally}", flush=True)
            total.add(tally)
    for name in total.failed:
        print(f"FAILED {name}")
    if not total.passed and not total.failed:
        print("error: no test ran", file=sys.stderr)
    sys.stderr.flush()
    print(total)
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main())
