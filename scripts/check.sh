#!/bin/sh
# check.sh - sets up, builds and runs every test that needs no device.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# check.sh [--sanitizers]: with --sanitizers also the unit tests of the runtime,
# the JIT and the compiler, all built with the address, undefined-behaviour and
# thread sanitizers; LLVM and MLIR are not.
#
# The last line is "N passed, N failed, N skipped" over all runners; the exit
# code is 1 where a test failed, the build failed or no test ran.
set -eu
cd "$(dirname "$0")/.."

case ${1-} in
  "" | --sanitizers) ;;
  *)
    echo "check: error: expected --sanitizers or nothing, but got '$1'" >&2
    exit 1
    ;;
esac

fail() {
  echo "check: error: the build failed, no test ran" >&2
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
}

scripts/build.sh all tilewright-unittests || fail
if [ "${1-}" = --sanitizers ]; then
  for preset in sanitize threads; do
    PRESET=$preset scripts/build.sh CacheTests CompilerTests DriverTests \
      JitTests RuntimeTests || fail
  done
fi
exec .venv/bin/python scripts/run_tests.py --build-dir build ${1+"$1"}
