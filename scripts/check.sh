#!/bin/sh
# check.sh - sets up, builds and runs every test that needs no device.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The last line is "N passed, N failed, N skipped" over all runners; the exit
# code is 1 where a test failed, the build failed or no test ran.
set -eu
cd "$(dirname "$0")/.."

if ! scripts/build.sh all tilewright-unittests; then
  echo "check: error: the build failed, no test ran" >&2
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
exec .venv/bin/python scripts/run_tests.py --build-dir build
