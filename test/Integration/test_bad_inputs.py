# test_bad_inputs.py - bad input gets a message and exit code 1, nothing else.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""No bad input may crash a tool, hang it or leave a file behind."""

import os
import pathlib
import random
import re
import subprocess
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import bad_inputs  # noqa: E402
from host_harness import BUILD  # noqa: E402

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples/kernels"
TRACES = ("PLEASE submit", "Stack dump", "UNREACHABLE", "Assertion")


def run(folder: pathlib.Path, tool: str, *arguments: object):
    command = [str(BUILD / "bin" / tool), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True,
                          timeout=60)


def expect_error(folder: pathlib.Path, part: str, tool: str,
                 *arguments: object) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    done = run(folder, tool, *arguments)
    message = done.stderr.decode(errors="replace")
    assert done.returncode == 1, message
    assert part in message, message
    assert not any(trace in message for trace in TRACES), message
    if tool != "tile-opt":  # its driver is MLIR's
        found = re.search(r"error: (\S+: )*(\w+|\W)", message)
        assert found and (found[2] == "MLIR" or found[2][0].islower()
                          or not found[2][0].isalpha()), message
    after = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert after == before, "files were left or changed"


def write(path: pathlib.Path, content) -> None:
    path.write_bytes(content if isinstance(content, bytes)
                     else content.encode())


@pytest.fixture
def good(tmp_path):
    """A folder with one good file of each kind."""
    write(tmp_path / "copy.mlir", bad_inputs.ir())
    write(tmp_path / "d.json", bad_inputs.changed(("version",), 1))
    write(tmp_path / "a.npy", bad_inputs.npy(bad_inputs.GOOD))
    return tmp_path


RUN = ("--kernel", "copy", "--arg", "n=1", "--out", "c=c.npy:f32:16")


def test_good_input_is_taken(good):
    """The corpus is worth something only if its base is right."""
    for tool, *arguments in (
            ("tile-compile", "copy.mlir", "--chip", "gfx942", "-o", "x.tilelib"),
            ("tile-compile", "d.json", "-o", "y.tilelib"),
            ("tile-opt", "copy.mlir"),
            ("tile-run", "copy.mlir", *RUN, "--arg", "a=a.npy"),
            ("tile-run", "d.json", *RUN, "--arg", "a=a.npy", "--device",
             "emu:gfx942")):
        done = run(good, tool, *arguments)
        assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("name", bad_inputs.IR)
def test_ir(good, name):
    text, part = bad_inputs.IR[name]
    write(good / "bad.mlir", text)
    fits_host = name in bad_inputs.FITS_HOST
    for chip in ("gfx942", "sm_80") + (() if fits_host else ("x86-64-v3",)):
        expect_error(good, part, "tile-compile", "bad.mlir", "--quiet",
                     "--chip", chip, "-o", "out.tilelib")
    device = "emu:gfx1100" if fits_host else "host"
    expect_error(good, part, "tile-run", "bad.mlir", *RUN, "--arg", "a=a.npy",
                 "--device", device)
    # tile-opt may take what has no kernel, or more than one dialect.
    done = run(good, "tile-opt", "bad.mlir", "-o", "out.mlir")
    assert done.returncode in (0, 1), done.stderr.decode(errors="replace")
    assert done.returncode == 0 or not (good / "out.mlir").exists()


@pytest.mark.parametrize("name", ("start", "after a split"))
@pytest.mark.parametrize("tool", ("tile-opt", "tile-reduce", "tile-compile"))
def test_bytecode(good, tool, name):
    """What MLIR itself writes is refused, damaged or not."""
    done = run(good, "tile-opt", "copy.mlir", "--emit-bytecode", "-o", "x.bc")
    assert done.returncode == 0, done.stderr.decode()
    data = (good / "x.bc").read_bytes()
    assert data.startswith(b"ML\xefR")
    if name != "start":
        data = bad_inputs.ir().encode() + b"// -----\n" + data
    write(good / "bad.mlir", data)
    options = {"tile-compile": ("--chip", "gfx942", "-o", "out.tilelib"),
               "tile-opt": ("-split-input-file", "-o", "out.mlir")}
    expect_error(good, "expected MLIR text, but got MLIR bytecode", tool,
                 "bad.mlir", *options.get(tool, ()))


@pytest.mark.parametrize("name", bad_inputs.JSON)
def test_json(good, name):
    text, part = bad_inputs.JSON[name]
    write(good / "bad.json", text)
    expect_error(good, part, "tile-compile", "bad.json", "--quiet", "-o",
                 "out.tilelib")


@pytest.mark.parametrize("name", bad_inputs.NPY)
def test_npy(good, name):
    data, part = bad_inputs.NPY[name]
    write(good / "bad.npy", data)
    expect_error(good, part, "tile-run", "copy.mlir", *RUN, "--arg",
                 "a=bad.npy")


COMPILE = ("tile-compile", "copy.mlir", "--quiet", "-o", "out.tilelib")
LAUNCH = ("tile-run", "copy.mlir", "--kernel", "copy")
INPUTS = ("--arg", "a=a.npy", "--arg", "n=1")
OUTPUT = ("--out", "c=c.npy:f32:16")
COMMANDS = {
    "no input": ("positional", "tile-compile"),
    "missing input": ("nosuch.json", "tile-compile", "nosuch.json"),
    "folder as input": ("error:", "tile-compile", "."),
    "unknown option": ("--chop", *COMPILE, "--chop", "gfx942"),
    "unknown chip": ('the nearest is "gfx942"', *COMPILE, "--chip", "gfx943"),
    "empty chip": ("error:", *COMPILE, "--chip", ""),
    "no chip": ("--chip", *COMPILE),
    "unknown kernel": ("copi", *COMPILE, "--chip", "gfx942", "--kernel",
                       "copi"),
    "unknown kind of output": ("elf", *COMPILE, "--chip", "gfx942",
                               "--emit=elf"),
    "jobs as text": ("-j", *COMPILE, "--chip", "gfx942", "-j", "many"),
    "PTX of an AMD chip": ("ptx", *COMPILE, "--chip", "gfx942", "--emit=ptx"),
    "output in a missing folder": (
        "nosuch", "tile-compile", "copy.mlir", "--quiet", "--chip", "gfx942",
        "-o", "nosuch/out.tilelib"),
    "output is a folder": (
        "error:", "tile-compile", "copy.mlir", "--quiet", "--chip", "gfx942",
        "-o", "."),
    "report in a missing folder": (
        "nosuch", *COMPILE, "--chip", "gfx942", "--report", "nosuch/r.json"),
    "run: missing input": ("nosuch.mlir", "tile-run", "nosuch.mlir",
                           "--kernel", "copy"),
    "run: unknown kernel": ("copi", "tile-run", "copy.mlir", "--kernel", "copi"),
    "run: unknown variant": ("has any", "tile-run", "d.json", "--kernel", "copy",
                             "--variant", "anny", *INPUTS, *OUTPUT),
    "run: unknown device": ("tpu", *LAUNCH, *INPUTS, *OUTPUT, "--device",
                            "tpu"),
    "run: unknown chip": ("gfx9", *LAUNCH, *INPUTS, *OUTPUT, "--device",
                          "emu:gfx9"),
    "run: host chip in the emulator": (
        "x86-64-v3", *LAUNCH, *INPUTS, *OUTPUT, "--device", "emu:x86-64-v3"),
    "run: missing argument": ("'a'", *LAUNCH, "--arg", "n=1", *OUTPUT),
    "run: missing scalar": ("'n'", *LAUNCH, "--arg", "a=a.npy", *OUTPUT),
    "run: missing output": ("'c'", *LAUNCH, *INPUTS),
    "run: unknown argument": ("'q'", *LAUNCH, *INPUTS, *OUTPUT, "--arg",
                              "q=1"),
    "run: argument given twice": ("'n'", *LAUNCH, *INPUTS, *OUTPUT, "--arg",
                                  "n=2"),
    "run: argument without value": ("error:", *LAUNCH, "--arg", "a", *OUTPUT),
    "run: number for an array": ("'a'", *LAUNCH, "--arg", "a=5", "--arg", "n=1",
                                 *OUTPUT),
    "run: array for a number": ("'n'", *LAUNCH, "--arg", "a=a.npy", "--arg",
                                "n=a.npy", *OUTPUT),
    "run: number too large": ("'n'", *LAUNCH, "--arg", "a=a.npy", "--arg",
                              "n=4294967296", *OUTPUT),
    "run: fraction": ("'n'", *LAUNCH, "--arg", "a=a.npy", "--arg", "n=1.5",
                      *OUTPUT),
    "run: missing array": ("nosuch.npy", *LAUNCH, "--arg", "a=nosuch.npy",
                           "--arg", "n=1", *OUTPUT),
    "run: type of an output": ("f33", *LAUNCH, *INPUTS, "--out",
                               "c=c.npy:f33:16"),
    "run: other type of an output": ("'c'", *LAUNCH, *INPUTS, "--out",
                                     "c=c.npy:f16:16"),
    "run: shape of an output": ("error:", *LAUNCH, *INPUTS, "--out",
                                "c=c.npy:f32:16y"),
    "run: negative shape": ("error:", *LAUNCH, *INPUTS, "--out",
                            "c=c.npy:f32:-16"),
    "run: rank of an output": ("'c'", *LAUNCH, *INPUTS, "--out",
                               "c=c.npy:f32:4x4"),
    "run: size that differs": ("N", *LAUNCH, *INPUTS, "--out",
                               "c=c.npy:f32:17"),
    "run: huge output": ("error:", *LAUNCH, *INPUTS, "--out",
                         "c=c.npy:f32:4611686018427387904"),
    "run: output in a missing folder": (
        "nosuch", *LAUNCH, *INPUTS, "--out", "c=nosuch/c.npy:f32:16"),
    "run: repeat 0": ("repeat", *LAUNCH, *INPUTS, *OUTPUT, "--repeat", "0"),
    "run: tolerance as text": ("rtol", *LAUNCH, *INPUTS, *OUTPUT, "--rtol",
                               "x"),
    "run: check of a missing file": (
        "nosuch.npy", *LAUNCH, *INPUTS, *OUTPUT, "--check", "c=nosuch.npy"),
    "run: check of an unknown argument": (
        "'q'", *LAUNCH, *INPUTS, *OUTPUT, "--check", "q=a.npy"),
    "opt: unknown pass": ("tile-nothing", "tile-opt", "copy.mlir",
                          "--tile-nothing"),
    "opt: unknown chip": ("gfx943", "tile-opt", "copy.mlir",
                          "--tile-to-amdgpu=chip=gfx943", "-o", "out.mlir"),
    "opt: chip of the other vendor": (
        "sm_80", "tile-opt", "copy.mlir", "--tile-to-amdgpu=chip=sm_80", "-o",
        "out.mlir"),
    "opt: unknown option of a pass": (
        "chop", "tile-opt", "copy.mlir", "--tile-to-amdgpu=chop=1", "-o",
        "out.mlir"),
    "opt: missing input": ("nosuch.mlir", "tile-opt", "nosuch.mlir"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_command_line(good, name):
    part, tool, *arguments = COMMANDS[name]
    expect_error(good, part, tool, *arguments)


# ------------------------------------------------------- facts of a variant

VARIANTS = [{"name": "any"},
            {"name": "aligned", "align": {"a": 64},
             "divisible": {"N": 8, "n": 4}},
            {"name": "page", "align": {"a": 1 << 16, "c": 4096}},
            {"name": "fixed", "dims": {"N": 32}}]
# variant, N, n -> part of the message; nothing where the launch is right
LAUNCHES = [("any", 31, 5, ""), ("aligned", 32, 4, ""), ("page", 31, 5, ""),
            ("aligned", 32, 5, "argument 'n': expected a multiple of 4"),
            ("aligned", 31, 4, "argument 'a': expected a multiple of 8"),
            ("fixed", 32, 5, ""),
            ("fixed", 40, 5, "argument 'a': expected size 32")]


@pytest.mark.parametrize("device", ["host", "emu:gfx942", "emu:sm_80"])
@pytest.mark.parametrize("variant, size, number, part", LAUNCHES)
def test_facts_are_checked_at_launch(good, device, variant, size, number, part):
    write(good / "facts.json",
          bad_inputs.changed((*bad_inputs.KERNEL, "specializations"), VARIANTS))
    values = np.random.default_rng(1).standard_normal(size).astype(np.float32)
    np.save(good / "in.npy", values)
    command = ("facts.json", "--kernel", "copy", "--variant", variant,
               "--device", device, "--arg", "a=in.npy", "--arg", f"n={number}",
               "--out", f"c=c.npy:f32:{size}")
    if part:
        return expect_error(good, part, "tile-run", *command)
    done = run(good, "tile-run", *command)
    assert done.returncode == 0, done.stderr.decode()
    assert np.array_equal(np.load(good / "c.npy"), values)


# ------------------------------------------------------------------ damage

def survives(folder: pathlib.Path, tool: str, *arguments: object) -> None:
    """Good or refused with a message, but never a crash."""
    done = run(folder, tool, *arguments)
    message = done.stderr.decode(errors="replace")
    assert done.returncode in (0, 1), message
    assert not any(trace in message for trace in TRACES), message
    # What the guard catches is a bug still, and damage finds no known one.
    assert "crashed on this input" not in message, message
    if done.returncode == 1:
        assert "error" in message or "wrong" in message


def damaged(rng: random.Random, data: bytes) -> bytes:
    data = bytearray(data)
    kind = rng.randrange(4)
    if kind == 0:
        del data[rng.randrange(len(data)):]
    elif kind == 1:
        for _ in range(rng.randrange(1, 6)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == 2:
        begin = rng.randrange(len(data))
        del data[begin:begin + rng.randrange(1, 40)]
    else:
        begin = rng.randrange(len(data))
        piece = data[begin:begin + rng.randrange(1, 40)]
        place = rng.randrange(len(data))
        data[place:place] = piece
    return bytes(data)


# More by hand: TILEWRIGHT_FUZZ=100.
ROUNDS = 12 * int(os.environ.get("TILEWRIGHT_FUZZ", "1"))


@pytest.mark.parametrize("seed", range(4))
def test_damaged_library(good, seed):
    rng = random.Random(seed)
    done = run(good, "tile-compile", "copy.mlir", "--quiet", "--chip",
               "x86-64-v3,gfx942", "-o", "good.tilelib")
    assert done.returncode == 0, done.stderr.decode()
    content = (good / "good.tilelib").read_bytes()
    for _ in range(2 * ROUNDS):
        # Not the machine code: who can change that can run anything.
        cut = content.find(b"\x7fELF")
        head = damaged(rng, content[:cut]) + content[cut:]
        write(good / "bad.tilelib", rng.choice([
            head, content[:rng.randrange(len(content))],
            content[:cut] + content[cut + 4:]]))
        survives(good, "tile-run", "bad.tilelib", *RUN, "--arg", "a=a.npy")


@pytest.mark.parametrize("seed", range(4))
def test_damaged_source(good, seed):
    rng = random.Random(seed)
    sources = sorted(EXAMPLES.glob("*.mlir"))
    for _ in range(ROUNDS):
        source = rng.choice(sources).read_text().replace("${T}", "f32")
        source = re.sub(r"\$\{\w+\}", "16", source)
        write(good / "bad.mlir", damaged(rng, source.encode()))
        survives(good, "tile-compile", "bad.mlir", "--quiet", "--chip",
                 rng.choice(["gfx942", "sm_80", "x86-64-v3"]), "-o",
                 "out.tilelib")


@pytest.mark.parametrize("seed", range(2))
def test_damaged_description(good, seed):
    rng = random.Random(seed)
    description = (good / "d.json").read_bytes()
    array = (good / "a.npy").read_bytes()
    for _ in range(ROUNDS):
        write(good / "bad.json", damaged(rng, description))
        survives(good, "tile-compile", "bad.json", "--quiet", "-o",
                 "out.tilelib")
        write(good / "bad.npy", damaged(rng, array))
        survives(good, "tile-run", "copy.mlir", *RUN, "--arg", "a=bad.npy")
