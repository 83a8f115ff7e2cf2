#!/usr/bin/env python3
# launch.py - what a launch costs beyond the driver's own call.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run: .venv/bin/python bench/runtime/launch.py

Compiles kernels with 3 and with 19 arguments, one of them in four variants of
which the last takes the arguments, and launches them on a driver that does
nothing. `mixed` has matrices with strides and without, vectors, and scalars of
several types. Budgets: 40 ns with packed arguments, 100 ns with 19 typed ones,
250 ns where a variant is chosen. Sessions (tilewright-rt/Jit.h) launch the same kernels.
Needs the unit tests built, for the driver.
"""

import counts
import json
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("TILEWRIGHT_BUILD_DIR", ROOT / "build"))


def kernel(name: str, arrays: int, scalars: int) -> str:
    """Adds all arrays and scalars into the first array."""
    arguments = [f'%a{i}: memref<?xf32> {{tile.name = "a{i}", tile.dims = ["N"],'
                 " tile.noalias}" for i in range(arrays)]
    arguments += [f'%s{i}: i32 {{tile.name = "s{i}"}}' for i in range(scalars)]
    lines = ["%c256 = arith.constant 256 : index", "%p = tile.program_id 0",
             "%i = arith.muli %p, %c256 : index"]
    for i in range(arrays):
        lines.append(f"%t{i} = tile.load %a{i}[%i] : memref<?xf32> -> tensor<256xf32>")
        lines.append(f"%u{i} = arith.addf %t{i}, %{'u' if i else 't'}{max(i - 1, 0)}"
                     " : tensor<256xf32>")
    total = f"%u{arrays - 1}"
    for i in range(scalars):
        lines += [f"%f{i} = arith.sitofp %s{i} : i32 to f32",
                  f"%b{i} = tile.broadcast %f{i} : f32 to tensor<256xf32>",
                  f"%v{i} = arith.addf {total}, %b{i} : tensor<256xf32>"]
        total = f"%v{i}"
    body = "\n  ".join(lines)
    return (f"tile.kernel @{name}({', '.join(arguments)})\n"
            f'    grid ["N"] affine_map<()[N] -> (N ceildiv 256)> {{\n  {body}\n'
            f"  tile.store {total}, %a0[%i] : tensor<256xf32>, memref<?xf32>\n"
            "  tile.return\n}\n")


def mixed() -> str:
    """Matrices M x N with strides (6) and without (2), vectors (2), scalars."""
    strided, packed = "memref<?x?xf16, strided<[?, 1]>>", "memref<?x?xf16>"
    arguments, lines = [], []
    facts = 'tile.dims = ["M", "N"], tile.noalias'
    for i in range(8):
        memory = strided if i < 6 else packed
        arguments.append(f'%a{i}: {memory} {{tile.name = "a{i}", {facts}}}')
        lines.append(f"%t{i} = tile.load %a{i}[%i, %j] : {memory} "
                     "-> tensor<64x64xf16>")
        lines.append(f"%u{i} = arith.addf %t{i}, %{'u' if i else 't'}"
                     f"{max(i - 1, 0)} : tensor<64x64xf16>")
    for i, size in enumerate("MN"):
        arguments.append(f'%v{i}: memref<?xf32> {{tile.name = "v{i}", '
                         f'tile.dims = ["{size}"]}}')
        lines.append(f"%w{i} = tile.load %v{i}[%{'ij'[i]}] : memref<?xf32> "
                     "-> tensor<64xf32>")
        lines.append(f"tile.store %w{i}, %v{i}[%{'ij'[i]}] : tensor<64xf32>, "
                     "memref<?xf32>")
    scalars = ["i32"] * 4 + ["f32"] * 3 + ["i64"] * 2
    for i, type_ in enumerate(scalars):
        arguments.append(f'%s{i}: {type_} {{tile.name = "s{i}"}}')
        if type_ != "f32":
            lines.append(f"%h{i} = arith.sitofp %s{i} : {type_} to f16")
        else:
            lines.append(f"%h{i} = arith.truncf %s{i} : f32 to f16")
        lines += [f"%b{i} = tile.broadcast %h{i} : f16 to tensor<64x64xf16>",
                  f"%u{8 + i} = arith.mulf %u{7 + i}, %b{i} : tensor<64x64xf16>"]
    body = "\n  ".join(lines)
    return (f"tile.kernel @mixed({', '.join(arguments)})\n"
            '    grid ["M", "N"] affine_map<()[M, N] -> (M ceildiv 64, N ceildiv 64)> {\n'
            "  %c64 = arith.constant 64 : index\n"
            "  %p = tile.program_id 0\n  %q = tile.program_id 1\n"
            "  %i = arith.muli %p, %c64 : index\n"
            f"  %j = arith.muli %q, %c64 : index\n  {body}\n"
            f"  tile.store %u16, %a0[%i, %j] : tensor<64x64xf16>, {strided}\n"
            "  tile.return\n}\n")


CALLS = ["the driver's own", "packed", "typed", "session, divisibility",
         "session, one kernel"]
COUNTED = 20000


def count(command: list, names: list[str], environment: dict) -> None:
    """Instructions of a call by callgrind, where the system counts none."""
    def run(name: str, call: int, number: int) -> int | None:
        return counts.callgrind(
            command + [name],
            env=dict(environment, LAUNCH_OVERHEAD_ONLY=f"{call} {number}"))

    print("instructions of a call (callgrind)".ljust(36) +
          "".join(f"{call:>24}" for call in CALLS))
    for name in names:
        row, nothing = name.ljust(36), run(name, 0, 0)
        for call in range(len(CALLS)):
            total = counts.difference(run(name, call, COUNTED), nothing)
            row += f"{'-' if total is None else total // COUNTED:>24}"
        print(row)


def main() -> None:
    variants = [{"name": "size", "dims": {"N": 4096}},
                {"name": "odd", "divisible": {"N": 3}},
                {"name": "prime", "divisible": {"N": 7}}, {"name": "any"}]
    kernels = [("three", kernel("three", 3, 0), [{"name": "any"}]),
               ("nineteen", kernel("nineteen", 10, 9), [{"name": "any"}]),
               ("mixed", mixed(), [{"name": "any"}]),
               ("choice", kernel("choice", 10, 9), variants)]
    description = {"version": 1, "chips": ["sm_80"], "kernels": [
        {"name": name, "source": {"inline": source},
         "specializations": specializations}
        for name, source, specializations in kernels]}
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        (base / "d.json").write_text(json.dumps(description))
        subprocess.run([BUILD / "bin/tile-compile", base / "d.json", "--quiet",
                        "--no-assemble-ptx", "-o", base / "d.tilelib"],
                       check=True)
        subprocess.run(
            ["clang-22", "-O2", "-Wall", "-Wextra", f"-I{ROOT}/runtime/include",
             ROOT / "bench/runtime/launch_overhead.c", f"-L{BUILD}/lib",
             "-ltilewright-rt", f"-Wl,-rpath,{BUILD}/lib", "-pthread", "-ldl",
             "-o", base / "launch_overhead"], check=True)
        command = [base / "launch_overhead",
                   BUILD / "lib/libtilewright-stub-cuda.so",
                   base / "d.tilelib", base / "d.json"]
        environment = dict(os.environ,
                           TILEWRIGHT_CACHE_DIR=str(base / "cache"))
        names = [name for name, _, _ in kernels]
        done = subprocess.run(command + names, check=True, env=environment,
                              stdout=subprocess.PIPE, text=True)
        print(done.stdout, end="")
        if "instructions" not in done.stdout:
            count(command, names, environment)


if __name__ == "__main__":
    main()
