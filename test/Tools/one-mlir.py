# one-mlir.py - no binary of ours may carry a second copy of MLIR.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Static MLIR archives beside libMLIR.so link without a word and break type
# identities at run time.
# RUN: %python %s

import pathlib
import re
import shutil
import subprocess
import sys

tools = pathlib.Path(shutil.which("tile-opt")).parent
binaries = [file for file in sorted(tools.iterdir())
            if file.is_file() and file.read_bytes()[:4] == b"\x7fELF"]
if not binaries:
    sys.exit("no binaries beside tile-opt")
copies = []
for binary in binaries:
    symbols = subprocess.run(
        ["llvm-nm", "-C", "--defined-only", str(binary)], check=True,
        capture_output=True, text=True).stdout
    if re.search(r" [TBDR] mlir::MLIRContext::", symbols):
        copies.append(binary.name)
if copies:
    sys.exit("binaries that define mlir::MLIRContext: " + ", ".join(copies))
