# test_host_ops.py - each op on each element type on the CPU, against NumPy.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

from __future__ import annotations

import functools
import itertools
import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import host_harness  # noqa: E402
from host_harness import DTYPES, Module  # noqa: E402

CHIPS = host_harness.cpu_levels()
pytestmark = pytest.mark.skipif(not CHIPS, reason="needs AVX2 and FMA")
MEMORY_TYPES = [t for t in DTYPES if t != "index"]
FLOATS = ["f64", "f32", "f16", "bf16"]
INTS = ["i8", "i16", "i32", "i64"]


@pytest.fixture(params=CHIPS)
def chip(request) -> str:
    return request.param


@functools.cache
def build(source: str, chip: str, threads: int = 1) -> Module:
    return Module(source, chip, threads)


def draw(rng: np.random.Generator, type_: str, *shape: int) -> np.ndarray:
    dtype = DTYPES[type_]
    if type_ == "i1":
        return rng.integers(0, 2, shape).astype(dtype)
    if type_.startswith("i"):
        return rng.integers(-100, 100, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def bits(array: np.ndarray) -> np.ndarray:
    return array.view({1: np.uint8, 2: np.uint16, 4: np.uint32,
                       8: np.uint64}[array.itemsize])


def same(got: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(bits(np.ascontiguousarray(got)),
                                  bits(np.ascontiguousarray(expected)))


def window(x: np.ndarray, origin: tuple[int, ...], shape: tuple[int, ...],
           padding) -> np.ndarray:
    """What tile.load reads."""
    result = np.full(shape, padding, x.dtype)
    for p in itertools.product(*(range(n) for n in shape)):
        c = tuple(o + i for o, i in zip(origin, p))
        if all(0 <= a < n for a, n in zip(c, x.shape)):
            result[p] = x[c]
    return result


# ---------------------------------------------------------------- load, store

COPY = """
tile.kernel @copy_{t}(%x: memref<?x?x{t}, strided<[?, {s}]>>, %y: memref<?x?x{t}>, %i: i64, %j: i64, %p: {t}) grid [] affine_map<() -> (1)> {{
  %c0 = arith.constant 0 : index
  %a = arith.index_cast %i : i64 to index
  %b = arith.index_cast %j : i64 to index
  %v = tile.load %x[%a, %b] padding %p : memref<?x?x{t}, strided<[?, {s}]>> -> tensor<5x37x{t}>
  tile.store %v, %y[%c0, %c0] : tensor<5x37x{t}>, memref<?x?x{t}>
  tile.return
}}
tile.kernel @put_{t}(%x: memref<?x?x{t}>, %y: memref<?x?x{t}, strided<[?, {s}]>>, %i: i64, %j: i64) grid [] affine_map<() -> (1)> {{
  %c0 = arith.constant 0 : index
  %a = arith.index_cast %i : i64 to index
  %b = arith.index_cast %j : i64 to index
  %v = tile.load %x[%c0, %c0] : memref<?x?x{t}> -> tensor<5x37x{t}>
  tile.store %v, %y[%a, %b] : tensor<5x37x{t}>, memref<?x?x{t}, strided<[?, {s}]>>
  tile.return
}}
"""
ORIGINS = [(0, 0), (3, 2), (-2, -3), (4, 30), (7, 0), (0, 40), (-5, 0),
           (2**63 - 1, 0), (-2**63, 2**63 - 2), (0, -2**63)]


@pytest.mark.parametrize("stride", ["1", "?"])
def test_load_and_store_at_edges(chip, stride):
    module = build("".join(COPY.format(t=t, s=stride) for t in MEMORY_TYPES),
                   chip)
    rng = np.random.default_rng(1)
    for t, origin in itertools.product(MEMORY_TYPES, ORIGINS):
        x = draw(rng, t, 7, 80 if stride == "?" else 40)
        x = x[:, ::2] if stride == "?" else x
        padding = draw(rng, t, 1)[0]
        y = draw(rng, t, 5, 37)
        module.kernels[f"copy_{t}"](1, x, y, *origin, padding)
        same(y, window(x, origin, (5, 37), padding))

        source = draw(rng, t, 5, 37)
        big = draw(rng, t, 9, 100 if stride == "?" else 50)
        view = big[1:8, 2:90:2] if stride == "?" else big[1:8, 3:47]
        expected = big.copy()
        target = (expected[1:8, 2:90:2] if stride == "?"
                  else expected[1:8, 3:47])
        for p in itertools.product(range(5), range(37)):
            c = tuple(o + i for o, i in zip(origin, p))
            if all(0 <= a < n for a, n in zip(c, target.shape)):
                target[c] = source[p]
        module.kernels[f"put_{t}"](1, source, view, *origin)
        same(big, expected)  # nothing around the view has changed


def test_walked_dims_and_scalars(chip):
    module = build("""
tile.kernel @k(%x: memref<?x?x?xf32>, %y: memref<8x?xf32>, %z: memref<2xf32>, %i: i64) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %a = arith.index_cast %i : i64 to index
  %v = tile.load %x[%c0, %a, %c1] {dims = array<i64: 0, 2>} : memref<?x?x?xf32> -> tensor<4x8xf32>
  %t = tile.transpose %v [1, 0] : tensor<4x8xf32> to tensor<8x4xf32>
  tile.store %t, %y[%c0, %c0] : tensor<8x4xf32>, memref<8x?xf32>
  %s = tile.load %x[%c1, %a, %c2] : memref<?x?x?xf32> -> f32
  %w = arith.addf %s, %s : f32
  tile.store %w, %z[%c1] : f32, memref<2xf32>
  %pad = arith.constant 3.0 : f32
  %o = tile.load %x[%c1, %a, %a] padding %pad : memref<?x?x?xf32> -> f32
  tile.store %o, %z[%a] : f32, memref<2xf32>
  tile.return
}""", chip)
    x = np.arange(3 * 4 * 7, dtype=np.float32).reshape(3, 4, 7)
    for i in (0, 3, 4, -1):
        y, z = np.full((8, 4), 9, np.float32), np.zeros(2, np.float32)
        module.kernels["k"](1, x, y, z, i)
        plane = x[:, i] if 0 <= i < 4 else np.zeros((3, 7), np.float32)
        same(y, window(plane, (0, 1), (4, 8), 0).T)
        inside = 0 <= i < 4
        first = (x[1, i, i] if inside else 3.0) if i == 0 else 0.0
        same(z, np.array([first, 2 * x[1, i, 2] if inside else 0], np.float32))


# --------------------------------------------------------------- elementwise

def kernel(name: str, ins: list[str], out: str, shape: str, body: str) -> str:
    """A kernel of tiles: %0, %1, ... are the inputs, %r the result."""
    rank = shape.count("x") + 1
    dynamic = "x".join("?" * rank)
    zeros = ", ".join(["%c0"] * rank)
    arguments = [f"%a{i}: memref<{dynamic}x{t}>" for i, t in enumerate(ins)]
    arguments.append(f"%y: memref<{dynamic}x{out}>")
    lines = [f"tile.kernel @{name}({', '.join(arguments)}) grid [] "
             "affine_map<() -> (1)> {", "%c0 = arith.constant 0 : index"]
    for i, t in enumerate(ins):
        lines.append(f"%{i} = tile.load %a{i}[{zeros}] : memref<{dynamic}x{t}>"
                     f" -> tensor<{shape}x{t}>")
    lines += [body, f"tile.store %r, %y[{zeros}] : tensor<{shape}x{out}>, "
              f"memref<{dynamic}x{out}>", "tile.return }"]
    return "\n".join(lines) + "\n"


BINARY_INT = {"addi": np.add, "subi": np.subtract, "muli": np.multiply,
              "andi": np.bitwise_and, "ori": np.bitwise_or,
              "xori": np.bitwise_xor, "maxsi": np.maximum,
              "minsi": np.minimum}
BINARY_FLOAT = {"addf": np.add, "subf": np.subtract, "mulf": np.multiply,
                "divf": np.divide, "maximumf": np.maximum,
                "minimumf": np.minimum}


def test_binary_ops(chip):
    text, checks = "", []
    for (op, f), t in [*itertools.product(BINARY_INT.items(), INTS),
                       *itertools.product(BINARY_FLOAT.items(), FLOATS)]:
        text += kernel(f"{op}_{t}", [t, t], t, "3x21",
                       f"%r = arith.{op} %0, %1 : tensor<3x21x{t}>")
        checks.append((f"{op}_{t}", f, t))
    module, rng = build(text, chip), np.random.default_rng(2)
    for name, f, t in checks:
        a, b = draw(rng, t, 3, 21), draw(rng, t, 3, 21)
        y = draw(rng, t, 3, 21)
        module.kernels[name](1, a, b, y)
        with np.errstate(over="ignore"):
            same(y, f(a, b).astype(DTYPES[t]))


def test_division_never_traps(chip):
    ops = ["divsi", "divui", "remsi", "remui", "ceildivsi", "floordivsi"]
    text = "".join(kernel(f"{op}_{t}", [t, t], t, "40",
                          f"%r = arith.{op} %0, %1 : tensor<40x{t}>")
                   for op in ops for t in INTS)
    module, rng = build(text, chip), np.random.default_rng(3)
    for op, t in itertools.product(ops, INTS):
        dtype = DTYPES[t]
        a, b = draw(rng, t, 40), draw(rng, t, 40)
        b[b == 0] = 3
        b[:2] = 0, -1
        a[1] = np.iinfo(dtype).min
        y = draw(rng, t, 40)
        module.kernels[f"{op}_{t}"](1, a, b, y)
        x, d = a[2:].astype(object), b[2:].astype(object)
        if op.endswith("ui"):
            bits_ = 8 * dtype.itemsize
            x, d = x % 2**bits_, d % 2**bits_
        quotient = abs(x) // abs(d)
        truncated = np.where((x < 0) != (d < 0), -quotient, quotient)
        expected = {"divsi": truncated, "divui": x // d,
                    "remsi": x - truncated * d, "remui": x % d,
                    "ceildivsi": -(-x // d), "floordivsi": x // d}[op]
        expected = np.array([int(v) % 2**(8 * dtype.itemsize)
                             for v in expected], np.uint64)
        np.testing.assert_array_equal(bits(y[2:]).astype(np.uint64), expected)


def test_conversions(chip):
    kinds = [t for t in MEMORY_TYPES if t.startswith(("f", "b"))]
    pairs = list(itertools.product(kinds, kinds))
    text = "".join(kernel(f"c_{a}_{b}", [a], b, "70",
                          f"%r = tile.convert %0 : tensor<70x{a}> to "
                          f"tensor<70x{b}>") for a, b in pairs)
    module, rng = build(text, chip), np.random.default_rng(4)
    for a, b in pairs:
        x, y = draw(rng, a, 70), np.zeros(70, DTYPES[b])
        module.kernels[f"c_{a}_{b}"](1, x, y)
        expected = x.astype(np.float64).astype(DTYPES[b])
        np.testing.assert_array_equal(y.astype(np.float64),
                                      expected.astype(np.float64))


def test_integer_casts_and_select(chip):
    text = ""
    for a, b in itertools.permutations(INTS, 2):
        op = "extsi" if INTS.index(a) < INTS.index(b) else "trunci"
        text += kernel(f"{a}_{b}", [a], b, "37",
                       f"%r = arith.{op} %0 : tensor<37x{a}> to tensor<37x{b}>")
    for t in MEMORY_TYPES:
        text += kernel(f"pick_{t}", [t, t, "i1"], t, "37",
                       f"%r = arith.select %2, %0, %1 : tensor<37xi1>, "
                       f"tensor<37x{t}>")
        text += kernel(f"all_{t}", [t, t], t, "37", f"""
%c = arith.cmpi slt, %c0, %c0 : index
%r = arith.select %c, %0, %1 : tensor<37x{t}>""")
    module, rng = build(text, chip), np.random.default_rng(5)
    for a, b in itertools.permutations(INTS, 2):
        x, y = draw(rng, a, 37), np.zeros(37, DTYPES[b])
        module.kernels[f"{a}_{b}"](1, x, y)
        same(y, x.astype(DTYPES[b]))
    for t in MEMORY_TYPES:
        a, b, c = draw(rng, t, 37), draw(rng, t, 37), draw(rng, "i1", 37)
        y = draw(rng, t, 37)
        module.kernels[f"pick_{t}"](1, a, b, c, y)
        same(y, np.where(c, a, b).astype(a.dtype))
        module.kernels[f"all_{t}"](1, a, b, y)
        same(y, b)


# --------------------------------------------------------------------- views

def test_transposes(chip):
    text = ""
    shapes = [(32, 32), (33, 17), (2, 40), (1, 9)]
    for t, (m, n) in itertools.product(MEMORY_TYPES, shapes):
        text += kernel(f"t_{t}_{m}_{n}", [t], t, f"{n}x{m}", "").replace(
            f"-> tensor<{n}x{m}x{t}>",
            f"-> tensor<{m}x{n}x{t}>\n%r = tile.transpose %0 [1, 0] : "
            f"tensor<{m}x{n}x{t}> to tensor<{n}x{m}x{t}>")
    permutations = list(itertools.permutations(range(3)))
    for p in permutations:
        out = "x".join(str((5, 18, 20)[d]) for d in p)
        text += kernel("p_" + "".join(map(str, p)), ["f32"], "f32", out,
                       "").replace(
            f"-> tensor<{out}xf32>", "-> tensor<5x18x20xf32>\n%r = "
            f"tile.transpose %0 {list(p)} : tensor<5x18x20xf32> to "
            f"tensor<{out}xf32>")
    module, rng = build(text, chip), np.random.default_rng(6)
    for t, (m, n) in itertools.product(MEMORY_TYPES, shapes):
        x, y = draw(rng, t, m, n), draw(rng, t, n, m)
        module.kernels[f"t_{t}_{m}_{n}"](1, x, y)
        same(y, x.T)
    for p in permutations:
        x = draw(rng, "f32", 5, 18, 20)
        y = np.zeros(x.transpose(p).shape, np.float32)
        module.kernels["p_" + "".join(map(str, p))](1, x, y)
        same(y, x.transpose(p))


def test_views(chip):
    text = kernel("reshape", ["f32"], "f32", "6x20", """
%u = arith.addf %0, %0 : tensor<6x20xf32>
%v = tile.reshape %u : tensor<6x20xf32> to tensor<8x15xf32>
%w = tile.transpose %v [1, 0] : tensor<8x15xf32> to tensor<15x8xf32>
%r = tile.reshape %w : tensor<15x8xf32> to tensor<6x20xf32>""")
    text += kernel("broadcast", ["f32"], "f32", "4x6x8", """
%s = tile.extract_slice %0 [1, 2, 3] : tensor<4x6x8xf32> to tensor<1x1x5xf32>
%m = tile.reshape %s : tensor<1x1x5xf32> to tensor<5x1xf32>
%n = tile.extract_slice %m [4, 0] : tensor<5x1xf32> to tensor<1x1xf32>
%o = tile.reshape %n : tensor<1x1xf32> to f32
%p = tile.broadcast %o : f32 to tensor<4x6x8xf32>
%x0 = tile.extract_slice %0 [3, 0, 0] : tensor<4x6x8xf32> to tensor<1x6x8xf32>
%x1 = tile.extract_slice %0 [0, 5, 0] : tensor<4x6x8xf32> to tensor<4x1x8xf32>
%x2 = tile.extract_slice %0 [0, 0, 7] : tensor<4x6x8xf32> to tensor<4x6x1xf32>
%y0 = tile.broadcast %x0 : tensor<1x6x8xf32> to tensor<4x6x8xf32>
%y1 = tile.broadcast %x1 : tensor<4x1x8xf32> to tensor<4x6x8xf32>
%y2 = tile.broadcast %x2 : tensor<4x6x1xf32> to tensor<4x6x8xf32>
%z0 = arith.addf %y0, %y1 : tensor<4x6x8xf32>
%z1 = arith.mulf %z0, %y2 : tensor<4x6x8xf32>
%r = arith.subf %z1, %p : tensor<4x6x8xf32>""")
    for t in [*INTS, "index"]:
        out = "i64" if t == "index" else t
        text += kernel(f"iota_{t}", [], out, "3x45", f"""
%u = tile.iota dim 0 : tensor<3x45x{t}>
%v = tile.iota dim 1 : tensor<3x45x{t}>
%w = arith.muli %u, %v : tensor<3x45x{t}>
%q = arith.addi %w, %v : tensor<3x45x{t}>
""" + ("%r = arith.index_cast %q : tensor<3x45xindex> to tensor<3x45xi64>"
            if t == "index" else f"%r = arith.addi %q, %u : tensor<3x45x{t}>"))
    module, rng = build(text, chip), np.random.default_rng(7)
    x, y = draw(rng, "f32", 6, 20), draw(rng, "f32", 6, 20)
    module.kernels["reshape"](1, x, y)
    same(y, (x + x).reshape(8, 15).T.reshape(6, 20))
    x, y = draw(rng, "f32", 4, 6, 8), draw(rng, "f32", 4, 6, 8)
    module.kernels["broadcast"](1, x, y)
    same(y, (x[3:4] + x[:, 5:6]) * x[:, :, 7:8] - x[1, 2, 7])
    i, j = np.indices((3, 45))
    for t in [*INTS, "index"]:
        y = np.zeros((3, 45), DTYPES[t])
        module.kernels[f"iota_{t}"](1, y)
        same(y, (i * j + j + (0 if t == "index" else i)).astype(y.dtype))


def test_constants(chip):
    values = [1, 0, 2, -3, 5, 7, 4, 1, 6, -1]
    text = ""
    for t in MEMORY_TYPES:
        listed = [str(bool(v)).lower() if t == "i1" else
                  str(v) if t.startswith("i") else f"{v}.0" for v in values]
        text += kernel(f"table_{t}", [], t, "10",
                       f"%r = arith.constant dense<[{', '.join(listed)}]> : "
                       f"tensor<10x{t}>")
        splat = {"i1": "true"}.get(t, "5" if t.startswith("i") else "5.0")
        text += kernel(f"splat_{t}", [], t, "5x7", f"""
%c = arith.constant {splat if t == "i1" else f"{splat} : {t}"}
%d = tile.broadcast %c : {t} to tensor<5x7x{t}>
%e = arith.constant dense<{splat}> : tensor<5x7x{t}>
%f = arith.constant true
%r = arith.select %f, %d, %e : tensor<5x7x{t}>""")
    module = build(text, chip)
    for t in MEMORY_TYPES:
        y = np.zeros(10, DTYPES[t])
        module.kernels[f"table_{t}"](1, y)
        same(y, np.array(values).astype(DTYPES[t]))
        y = np.zeros((5, 7), DTYPES[t])
        module.kernels[f"splat_{t}"](1, y)
        same(y, np.full((5, 7), 5).astype(DTYPES[t]))
