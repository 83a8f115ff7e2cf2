#!/usr/bin/env python3
# start_up.py - from dlopen of the runtime to the first kernel, in new processes.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run: .venv/bin/python bench/runtime/start_up.py [--triton PYTHON]

vector_add on the host: from a library that was compiled before, and from a
session whose cache has it (no LLVM is loaded). Budget: 2 ms to the first handle,
0.5 ms for the cache's hit alone (bench/runtime/cache.py). PYTHON is one that has
Triton: a kernel like it is then compiled for sm_90 with Triton's cache warm, in
new processes as well; no GPU is needed. Instructions are those of all threads in
user mode; Triton's are not counted.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile

import counts

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TILEWRIGHT_BUILD_DIR", ROOT / "build"))
PROCESSES = 30
TRITON = '''
import sys, time
start = time.perf_counter()
import triton, triton.language as tl
from triton.compiler import ASTSource
from triton.backends.compiler import GPUTarget
imported = time.perf_counter()

@triton.jit
def add(a, b, c, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(a + i, mask=i < n)
    y = tl.load(b + i, mask=i < n)
    tl.store(c + i, x + y, mask=i < n)

source = ASTSource(add, signature={"a": "*fp32", "b": "*fp32", "c": "*fp32",
                                   "n": "i32", "BLOCK": "constexpr"},
                   constexprs={(4,): 1024})
target = GPUTarget("cuda", 90, 32)
begin = time.perf_counter()
first = triton.compile(source, target=target)
end = time.perf_counter()
for _ in range(20):
    triton.compile(source, target=target)
again = (time.perf_counter() - end) / 20
print((end - start) * 1e6, (end - begin) * 1e6, again * 1e6)
'''


def repeat(command: list, column: int = 0, **options) -> str:
    """The best and the median of the numbers that new processes print."""
    times = []
    for _ in range(PROCESSES):
        done = subprocess.run(command, check=True, capture_output=True,
                              text=True, **options)
        times.append(float(done.stdout.split()[column]))
    return f"best {min(times):9.0f} us, median {sorted(times)[PROCESSES // 2]:9.0f} us"


def count(command: list, prepare=lambda: None, **options) -> str:
    """The instructions of a command of start_up, for the end of a line."""
    prepare()
    done = subprocess.run(command, check=True, capture_output=True, text=True,
                          **options)
    counted = int(done.stdout.split()[1])
    if counted >= 0:
        return counts.describe(counted, None)
    prepare()
    return counts.describe(None, counts.difference(
        counts.callgrind(command, **options),
        counts.callgrind([command[0], "nothing"], **options)))


def measure_triton(python: str, base: pathlib.Path) -> None:
    script = base / "rival.py"
    script.write_text(TRITON)
    environment = dict(os.environ, TRITON_CACHE_DIR=str(base / "triton"))
    command = [python, script]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    for name, column in (("import and warm hit", 0), ("warm hit alone", 1),
                         ("hit in the same process", 2)):
        print(f"Triton, {name:24}", repeat(command, column, env=environment))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--triton", metavar="PYTHON")
    options = parser.parse_args()
    description = ROOT / "examples/kernels/vector_add.json"
    runtime = BUILD / "lib/libtilewright-rt.so"
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        program, library = base / "start_up", base / "v.tilelib"
        subprocess.run(
            ["clang-22", "-O2", "-Wall", "-Wextra", f"-I{ROOT}/runtime/include",
             ROOT / "bench/runtime/start_up.c", "-ldl", "-o", program],
            check=True)
        subprocess.run([BUILD / "bin/tile-compile", description, "--chip",
                        "gfx942,sm_90a,x86-64-v3", "--no-assemble-ptx",
                        "--quiet", "-o", library], check=True)
        environment = dict(os.environ, TILEWRIGHT_CACHE_DIR=str(base / "cache"))
        session = [program, runtime, "session", description, "vector_add"]
        done = subprocess.run(session, check=True, env=environment,
                              capture_output=True, text=True)
        print(f"session, cold cache: {float(done.stdout.split()[0]):.0f} us, the "
              "compiler loaded" +
              count(session, lambda: shutil.rmtree(base / "cache"),
                    env=environment))
        from_library = [program, runtime, "library", library, "vector_add"]
        print("library, first kernel handle   ",
              repeat(from_library) + count(from_library))
        print("session, warm cache            ",
              repeat(session, env=environment) +
              count(session, env=environment))
        if options.triton:
            measure_triton(options.triton, base)


if __name__ == "__main__":
    main()
