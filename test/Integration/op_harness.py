# op_harness.py - runs many small cases as few kernels, on every target.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A case is a few ops with their inputs and the outputs that they must give.

Cases with one grid are put into one kernel, since starting tile-run costs more
than a small case does. SSA names of a body are made unique by a prefix, so a
body may use any: `%c0` and `%c1` are there already. Where a kernel fails, its
cases run again one by one and the message names those that are wrong.
"""

from __future__ import annotations

import functools
import os
import pathlib
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from typing import Callable, Iterable, Optional, Union

import numpy as np

import host_harness
from host_harness import BUILD, DTYPES

FLOATS = ["f64", "f32", "bf16", "f16", "f8E4M3FN", "f8E5M2", "f8E4M3FNUZ",
          "f8E5M2FNUZ"]
WIDE_FLOATS = FLOATS[:4]
FP8 = FLOATS[4:]
INTS = ["i8", "i16", "i32", "i64"]
MEMORY_TYPES = [*FLOATS, "i1", *INTS]
GPUS = ["gfx90a", "gfx942", "gfx950", "gfx1100", "gfx1201", "sm_80", "sm_89",
        "sm_90a"]
DEVICES = [*host_harness.cpu_levels(), *GPUS]
# Bits of mantissa, least exponent of a normal number, largest number.
FORMATS = {"f64": (52, -1022, 2.0**1023 * (2 - 2.0**-52)),
           "f32": (23, -126, 2.0**127 * (2 - 2.0**-23)),
           "bf16": (7, -126, 2.0**127 * (2 - 2.0**-7)),
           "f16": (10, -14, 65504.0),
           "f8E4M3FN": (3, -6, 448.0), "f8E5M2": (2, -14, 57344.0),
           "f8E4M3FNUZ": (3, -7, 240.0), "f8E5M2FNUZ": (2, -15, 57344.0)}
HAS_INFINITY = {"f64", "f32", "bf16", "f16", "f8E5M2"}


def is_float(type_: str) -> bool:
    return type_ in FORMATS


def width(type_: str) -> int:
    return 1 if type_ == "i1" else 8 * DTYPES[type_].itemsize


def draw(rng: np.random.Generator, type_: str, *shape: int) -> np.ndarray:
    """Numbers of moderate size."""
    dtype = DTYPES[type_]
    if type_ == "i1":
        return rng.integers(0, 2, shape).astype(dtype)
    if not is_float(type_):
        return rng.integers(-100, 100, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def quantum(x: np.ndarray, type_: str) -> np.ndarray:
    """Distance of the numbers of `type_` around the float64 `x`."""
    mantissa, least, _ = FORMATS[type_]
    exponent = np.frexp(np.where(np.isfinite(x), x, 1.0))[1] - 1
    return np.ldexp(1.0, np.maximum(exponent, least) - mantissa)


def round_to(x: np.ndarray, type_: str, mode: str = "nearest_even",
             saturate: bool = False) -> np.ndarray:
    """`x`, float64, rounded once to `type_` as `tile.convert` says."""
    x = np.asarray(x, np.float64)
    largest = FORMATS[type_][2]
    step = {"nearest_even": np.rint, "toward_zero": np.trunc,
            "upward": np.ceil, "downward": np.floor}[mode]
    with np.errstate(all="ignore"):
        unit = quantum(x, type_)
        rounded = np.where(np.isfinite(x), step(x / unit) * unit, x)
        if type_ == "f64":
            rounded = x
        overflows = np.isfinite(x) & (np.abs(rounded) > largest)
        if saturate:
            rounded = np.clip(rounded, -largest, largest)
        else:
            # To the largest number where the mode points towards it.
            stays = overflows & {
                "nearest_even": np.zeros(x.shape, bool),
                "toward_zero": np.ones(x.shape, bool),
                "upward": x < 0, "downward": x > 0}[mode]
            limit = np.inf if type_ in HAS_INFINITY else np.nan
            rounded = np.where(overflows, np.copysign(limit, x), rounded)
            if type_ not in HAS_INFINITY:
                rounded = np.where(np.isinf(x), np.nan, rounded)
            rounded = np.where(stays, np.copysign(largest, x), rounded)
        rounded = np.where((rounded == 0) & (x != 0), np.copysign(0.0, x),
                           rounded)
        if type_.endswith("FNUZ"):
            rounded = np.where(rounded == 0, 0.0, rounded)
        return rounded.astype(DTYPES[type_])


def wide(x: np.ndarray) -> np.ndarray:
    """Numbers as float64 or as int64, in which references compute."""
    if x.dtype == np.bool_ or np.issubdtype(x.dtype, np.integer):
        return x.astype(np.int64)
    with np.errstate(all="ignore"):
        return x.astype(np.float64)


def bits(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x).view(
        {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}[x.itemsize])


# ------------------------------------------------------------------- checks

Check = Callable[[np.ndarray, np.ndarray], np.ndarray]


def exact(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Where elements differ; NaN is NaN, and zeros have their sign."""
    differs = bits(got) != bits(want)
    if np.issubdtype(want.dtype, np.integer) or want.dtype == np.bool_:
        return differs
    with np.errstate(all="ignore"):
        return differs & ~(np.isnan(wide(got)) & np.isnan(wide(want)))


def within(atol: Union[float, np.ndarray], rtol: float = 0.0) -> Check:
    def check(got: np.ndarray, want: np.ndarray) -> np.ndarray:
        g, w = wide(got), np.asarray(want, np.float64)
        with np.errstate(all="ignore"):
            good = np.abs(g - w) <= atol + rtol * np.abs(w)
        return ~(good | (g == w) | (np.isnan(g) & np.isnan(w)))
    return check


def ulps(type_: str, count: float) -> Check:
    """At most so many units in the last place; `want` is in float64."""
    largest = FORMATS[type_][2]

    def check(got: np.ndarray, want: np.ndarray) -> np.ndarray:
        g, w = wide(got), np.asarray(want, np.float64)
        with np.errstate(all="ignore"):
            near = np.abs(g - w) <= count * quantum(w, type_)
            limit = round_to(w, type_).astype(np.float64)
            same = (g == limit) | (np.isnan(g) & np.isnan(limit))
            edge = ((np.abs(w) >= largest * (1 - 2.0**-FORMATS[type_][0]))
                    & ~(np.abs(g) < largest * 0.9))
        return ~((near & np.isfinite(w)) | same | edge)
    return check


# -------------------------------------------------------------------- cases

@dataclass
class Array:
    type: str
    value: Optional[np.ndarray] = None  # None: filled with 0xCD
    want: Optional[np.ndarray] = None  # None: not an output
    check: Check = exact
    shape: tuple[int, ...] = ()
    declared: str = ""  # the memref's type
    attributes: str = ""


@dataclass
class Case:
    """`%x` is the tile or scalar x, `%x_m` the memref of an array, `$n` the
    argument n in the grid."""
    name: str
    body: str = ""
    grid: str = "[] affine_map<() -> (1)>"
    arrays: dict[str, Array] = field(default_factory=dict)
    scalars: dict[str, tuple[str, object]] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    @staticmethod
    def memref(type_: str, shape: tuple[int, ...], dynamic: bool) -> str:
        sizes = "".join("?x" if dynamic else f"{n}x" for n in shape)
        return f"memref<{sizes}{type_}>"

    def tile(self, name: str, type_: str, value: np.ndarray) -> "Case":
        """An input that is loaded as a whole."""
        value = np.asarray(value)
        shape = value.shape
        stored = value.astype(DTYPES[type_]).reshape(shape or (1,))
        declared = self.memref(type_, stored.shape, False)
        self.arrays[name] = Array(type_, stored, declared=declared,
                                  shape=stored.shape)
        at = ", ".join(["%c0"] * stored.ndim)
        self.before.append(f"%{name} = tile.load %{name}_m[{at}] : {declared} "
                           f"-> {tile_type(shape, type_)}")
        return self

    def result(self, name: str, type_: str, want: np.ndarray,
               check: Check = exact) -> "Case":
        """A tile that the body defines and that is stored as a whole."""
        want = np.asarray(want)
        shape = want.shape
        want = want.reshape(shape or (1,))
        declared = self.memref(type_, want.shape, False)
        self.arrays[name] = Array(type_, None, want, check, want.shape,
                                  declared)
        at = ", ".join(["%c0"] * want.ndim)
        self.after.append(f"tile.store %{name}, %{name}_m[{at}] : "
                          f"{tile_type(shape, type_)}, {declared}")
        return self

    def memory(self, name: str, type_: str, value: Optional[np.ndarray] = None,
               want: Optional[np.ndarray] = None, check: Check = exact,
               declared: str = "", attributes: str = "",
               dynamic: bool = True) -> "Case":
        """A memref that the body reads or writes."""
        shape = (value if value is not None else want).shape
        self.arrays[name] = Array(
            type_, value, want, check, shape,
            declared or self.memref(type_, shape, dynamic), attributes)
        return self

    def scalar(self, name: str, type_: str, value: object) -> "Case":
        self.scalars[name] = (type_, value)
        return self

    def text(self, prefix: str) -> tuple[list[str], str]:
        """Arguments and body, with unique names."""
        def rename(text: str) -> str:
            return re.sub(r"%([A-Za-z_]\w*|\d+)", rf"%{prefix}\1", text)
        arguments = []
        for name, array in self.arrays.items():
            facts = f'tile.name = "{prefix}{name}"'
            if array.attributes:
                facts += ", " + array.attributes
            arguments.append(f"%{prefix}{name}_m: {array.declared} {{{facts}}}")
        for name, (type_, _) in self.scalars.items():
            arguments.append(f'%{prefix}{name}: {type_} '
                             f'{{tile.name = "{prefix}{name}"}}')
        body = "\n".join(["%c0 = arith.constant 0 : index",
                          "%c1 = arith.constant 1 : index",
                          *self.before, self.body, *self.after])
        return arguments, rename(body)


def tile_type(shape: Iterable[int], type_: str) -> str:
    shape = tuple(shape)
    if not shape:
        return type_
    return f"tensor<{'x'.join(map(str, shape))}x{type_}>"


def kernel_text(cases: list[Case]) -> str:
    arguments, bodies = [], []
    for number, case in enumerate(cases):
        more, body = case.text(f"k{number}_")
        arguments += more
        bodies.append(f"// {case.name}\n{body}")
    grid = cases[0].grid.replace("$", "k0_")
    joined = ",\n    ".join(arguments)
    return (f"tile.kernel @ops(\n    {joined})\n    grid {grid} {{\n"
            + "\n".join(bodies) + "\ntile.return\n}\n")


# ------------------------------------------------------------------ running

def run_tool(*command: object) -> str:
    """The message of a tool that fails, or nothing."""
    try:
        done = subprocess.run([str(part) for part in command],
                              capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return "took longer than 300 s"
    if done.returncode == 0:
        return ""
    return (f"exit code {done.returncode}: "
            + "\n".join(done.stderr.strip().splitlines()[:6])[:1500])


def run_kernel(cases: list[Case], device: str) -> list[str]:
    """What is wrong; empty where all is right."""
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        source = base / "ops.mlir"
        source.write_text(kernel_text(cases))
        command = ["--kernel", "ops", "--host-threads", "1"]
        for number, case in enumerate(cases):
            for name, array in case.arrays.items():
                path = base / f"{number}_{name}.npy"
                if array.value is not None:
                    np.save(path, np.ascontiguousarray(array.value))
                    command += ["--arg", f"k{number}_{name}={path}"]
                if array.want is not None:
                    out = f"k{number}_{name}={path}"
                    if array.value is None:
                        shape = "x".join(map(str, array.shape))
                        out += f":{array.type}:{shape}"
                    command += ["--out", out]
            for name, (_, value) in case.scalars.items():
                command += ["--arg", f"k{number}_{name}={value}"]
        tool = BUILD / "bin/tile-run"
        if device.startswith("x86-64"):
            message = run_tool(BUILD / "bin/tile-compile", source, "--quiet",
                               "--chip", device, "-o", base / "ops.tilelib")
            message = message or run_tool(tool, base / "ops.tilelib", *command)
        else:
            message = run_tool(tool, source, "--device", f"emu:{device}",
                               *command)
        if message:
            return [message]
        wrong = []
        for number, case in enumerate(cases):
            for name, array in case.arrays.items():
                if array.want is None:
                    continue
                got = np.load(base / f"{number}_{name}.npy")
                got = got.view(DTYPES[array.type]).reshape(array.shape)
                bad = array.check(got, array.want)
                if bad.any():
                    at = tuple(int(i) for i in np.argwhere(bad)[0])
                    wrong.append(
                        f"{case.name}: {name}: {int(bad.sum())} of {bad.size} "
                        f"are wrong; {list(at)}: expected {array.want[at]}, "
                        f"but got {got[at]}")
        return wrong


def failures(cases: list[Case], device: str) -> list[str]:
    """As run_kernel, and every case by itself where the kernel fails."""
    if os.environ.get("TILEWRIGHT_KEEP_OPS"):
        path = pathlib.Path(os.environ["TILEWRIGHT_KEEP_OPS"])
        path.write_text(kernel_text(cases))
    messages = run_kernel(cases, device)
    if not messages or len(cases) == 1 or "exit code" not in messages[0]:
        return messages
    alone = []
    for case in cases:
        alone += [m if m.startswith(case.name) else f"{case.name}: {m}"
                  for m in run_kernel([case], device)]
    return alone or ["only together: " + m for m in messages]


def pack(cases: Iterable[Case], most: int) -> list[list[Case]]:
    """Groups of cases with one grid, at most `most` in each."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.grid, []).append(case)
    return [same[i:i + most] for same in groups.values()
            for i in range(0, len(same), most)]
