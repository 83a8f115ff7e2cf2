#!/bin/sh
# quickstart.sh - from a fresh clone on Debian 12 to kernels that run.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Arguments go to examples/kernels/run.py.
set -eu
cd "$(dirname "$0")/.."

scripts/build.sh
if [ -f examples/kernels/run.py ]; then
  exec .venv/bin/python examples/kernels/run.py "$@"
fi
echo "quickstart: built the tools in build/bin"
