# test_host_programs.py - memory order, reductions, products and loops on CPU.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

from __future__ import annotations

import itertools
import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import host_harness  # noqa: E402
from host_harness import DTYPES  # noqa: E402
from test_host_ops import (CHIPS, FLOATS, INTS, MEMORY_TYPES,  # noqa: E402
                           build, chip, draw, kernel, same)

pytestmark = pytest.mark.skipif(not CHIPS, reason="needs AVX2 and FMA")
assert chip


# ---------------------------------------------------- gather, scatter, atomics

def test_gather_and_scatter(chip):
    text = ""
    for t in MEMORY_TYPES:
        text += f"""
tile.kernel @rows_{t}(%x: memref<?x?x{t}, strided<[?, 1]>>, %ids: memref<?xi32>, %y: memref<?x?x{t}>, %j: i64, %p: {t}) grid [] affine_map<() -> (1)> {{
  %c0 = arith.constant 0 : index
  %i = tile.load %ids[%c0] : memref<?xi32> -> tensor<9xi32>
  %col = tile.reshape %i : tensor<9xi32> to tensor<9x1xi32>
  %b = arith.index_cast %j : i64 to index
  %v = tile.gather %x[%col, %b] padding %p {{walk = array<i64: -1, 1>}} : memref<?x?x{t}, strided<[?, 1]>>, (tensor<9x1xi32>, index) -> tensor<9x20x{t}>
  tile.store %v, %y[%c0, %c0] : tensor<9x20x{t}>, memref<?x?x{t}>
  tile.return
}}
tile.kernel @points_{t}(%x: memref<?x?x{t}>, %a: memref<?xi64>, %b: memref<?xi32>, %y: memref<?x{t}>) grid [] affine_map<() -> (1)> {{
  %c0 = arith.constant 0 : index
  %i = tile.load %a[%c0] : memref<?xi64> -> tensor<41xi64>
  %j = tile.load %b[%c0] : memref<?xi32> -> tensor<41xi32>
  %v = tile.gather %x[%i, %j] : memref<?x?x{t}>, (tensor<41xi64>, tensor<41xi32>) -> tensor<41x{t}>
  tile.store %v, %y[%c0] : tensor<41x{t}>, memref<?x{t}>
  tile.return
}}
tile.kernel @put_{t}(%x: memref<?x{t}>, %a: memref<?xi64>, %y: memref<?x?x{t}, strided<[?, 1]>>, %r: memref<?xi32>, %z: memref<?x?x{t}>) grid [] affine_map<() -> (1)> {{
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %v = tile.load %x[%c0] : memref<?x{t}> -> tensor<41x{t}>
  %i = tile.load %a[%c0] : memref<?xi64> -> tensor<41xi64>
  tile.scatter %v, %y[%c2, %i] : tensor<41x{t}>, memref<?x?x{t}, strided<[?, 1]>>, (index, tensor<41xi64>)
  %rows = tile.load %r[%c0] : memref<?xi32> -> tensor<3xi32>
  %col = tile.reshape %rows : tensor<3xi32> to tensor<3x1xi32>
  %w = tile.load %z[%c0, %c0] : memref<?x?x{t}> -> tensor<3x20x{t}>
  tile.scatter %w, %y[%col, %c2] {{walk = array<i64: -1, 1>}} : tensor<3x20x{t}>, memref<?x?x{t}, strided<[?, 1]>>, (tensor<3x1xi32>, index)
  tile.return
}}
"""
    module, rng = build(text, chip), np.random.default_rng(8)
    for t in MEMORY_TYPES:
        x = draw(rng, t, 6, 30)
        ids = np.array([0, 5, 6, -1, 3, 3, 2**31 - 1, -2**31, 2], np.int32)
        p = draw(rng, t, 1)[0]
        for j in (0, 3, 15, -4, 2**62):
            y = draw(rng, t, 9, 20)
            module.kernels[f"rows_{t}"](1, x, ids, y, j, p)
            expected = np.full((9, 20), p, x.dtype)
            for r, c in itertools.product(range(9), range(20)):
                if 0 <= ids[r] < 6 and 0 <= j + c < 30:
                    expected[r, c] = x[ids[r], j + c]
            same(y, expected)
        a = rng.integers(-3, 9, 41)
        b = rng.integers(-4, 34, 41).astype(np.int32)
        a[:2] = 2**63 - 1, -2**63
        y = draw(rng, t, 41)
        module.kernels[f"points_{t}"](1, x, a, b, y)
        inside = (a >= 0) & (a < 6) & (b >= 0) & (b < 30)
        same(y, np.where(inside, x[np.where(inside, a, 0),
                                   np.where(inside, b, 0)],
                         np.zeros(1, x.dtype)).astype(x.dtype))
        v, z = draw(rng, t, 41), draw(rng, t, 3, 20)
        to = rng.permutation(60)[:41] - 10
        y = draw(rng, t, 6, 30)
        rows = np.array([5, -1, 0], np.int32)
        expected = y.copy()
        for i, e in zip(to, v):
            if 0 <= i < 30:
                expected[2, i] = e
        expected[5, 2:22], expected[0, 2:22] = z[0], z[2]
        module.kernels[f"put_{t}"](1, v, to, y, rows, z)
        same(y, expected)


ATOMIC = {"addi": np.add, "maxs": np.maximum, "mins": np.minimum,
          "ori": np.bitwise_or, "andi": np.bitwise_and,
          "xori": np.bitwise_xor}
ATOMIC_FLOAT = {"addf": np.add, "maximumf": np.maximum,
                "minimumf": np.minimum, "maxnumf": np.maximum,
                "minnumf": np.minimum}


def test_atomics(chip):
    kinds = [*itertools.product(ATOMIC.items(), INTS),
             *itertools.product([("ori", np.bitwise_or),
                                 ("andi", np.bitwise_and)], ["i1"]),
             *itertools.product(ATOMIC_FLOAT.items(),
                                ["f64", "f32", "f16", "bf16", "f8E5M2"]),
             *itertools.product([("assign", lambda a, b: b)], MEMORY_TYPES)]
    text = ""
    for n, ((kind, _), t) in enumerate(kinds):
        order = ["relaxed", "acquire", "release", "acq_rel"][n % 4]
        text += f"""
tile.kernel @{kind}_{t}(%x: memref<?x{t}>, %i: memref<?xi32>, %y: memref<?x{t}>, %old: memref<?x{t}>) grid [] affine_map<() -> (1)> {{
  %c0 = arith.constant 0 : index
  %v = tile.load %x[%c0] : memref<?x{t}> -> tensor<50x{t}>
  %j = tile.load %i[%c0] : memref<?xi32> -> tensor<50xi32>
  %o = tile.atomic_rmw {kind} %v, %y[%j] {{ordering = #tile.ordering<{order}>}} : tensor<50x{t}>, memref<?x{t}>, (tensor<50xi32>)
  tile.store %o, %old[%c0] : tensor<50x{t}>, memref<?x{t}>
  tile.return
}}
"""
    module, rng = build(text, chip), np.random.default_rng(9)
    for (kind, f), t in kinds:
        x, y = draw(rng, t, 50), draw(rng, t, 8)
        i = rng.integers(-2, 10, 50).astype(np.int32)
        old, expected = draw(rng, t, 50), y.copy()
        expected_old = np.zeros(50, x.dtype)
        with np.errstate(over="ignore"):
            for p in range(50):
                if 0 <= i[p] < 8:
                    expected_old[p] = expected[i[p]]
                    a, b = expected[i[p]], x[p]
                    if t in ("f16", "bf16", "f8E5M2"):
                        a, b = np.float32(a), np.float32(b)
                    expected[i[p]] = np.asarray(f(a, b)).astype(x.dtype)
        module.kernels[f"{kind}_{t}"](1, x, i, y, old)
        same(y, expected)
        same(old, expected_old)


# ---------------------------------------------------------------- reduce, scan

def reduction(op: str, axis: int, identity: str, t: str, shape: list[int],
              kind: str = "reduce", extra: str = "") -> str:
    """%r = a reduce or scan of %0 by one op of arith."""
    tile = "x".join(map(str, shape)) + f"x{t}"
    left = [n for d, n in enumerate(shape) if d != axis]
    out = "x".join(map(str, left)) + f"x{t}"
    result = tile if kind == "scan" else out
    identity = "false" if t == "i1" else f"{identity} : {t}"
    return f"""
%r = tile.{kind} %0 axis {axis} identity [{identity}] {extra} : (tensor<{tile}>) -> (tensor<{result}>) {{
^bb0(%a: {t}, %b: {t}):
  %s = arith.{op} %a, %b : {t}
  tile.yield %s : {t}
}}"""


SHAPES = [(3, 70), (130, 33), (7, 1), (2, 5, 24)]


def test_reduce(chip):
    cases = [*itertools.product(
                 [("addf", "0.0", np.sum)], ["f64", "f32", "f16", "bf16"],
                 SHAPES),
             *itertools.product([("maximumf", "0xFF800000", np.max)], ["f32"],
                                SHAPES),
             *itertools.product([("addi", "0", np.sum)], INTS, SHAPES),
             *itertools.product([("xori", "0", np.bitwise_xor.reduce)],
                                ["i8", "i64"], SHAPES[:2]),
             *itertools.product([("ori", "0", np.max)], ["i1"], SHAPES)]
    text, checks = "", []
    for (op, identity, f), t, shape in cases:
        for axis in range(len(shape)):
            name = f"{op}_{t}_{'_'.join(map(str, shape))}_{axis}"
            tile = "x".join(map(str, shape))
            out = "x".join(str(n) for d, n in enumerate(shape) if d != axis)
            k = kernel(name, [t], t, out, reduction(op, axis, identity, t,
                                                    list(shape)))
            rank = "x".join("?" * len(shape))
            k = k.replace(f"%a0: memref<{'x'.join('?' * (len(shape) - 1))}x{t}>",
                          f"%a0: memref<{rank}x{t}>")
            zeros = ", ".join(["%c0"] * len(shape))
            lines = k.split("\n")
            lines[2] = (f"%0 = tile.load %a0[{zeros}] : memref<{rank}x{t}> -> "
                        f"tensor<{tile}x{t}>")
            text += "\n".join(lines)
            checks.append((name, t, shape, axis, f))
    module, rng = build(text, chip), np.random.default_rng(10)
    for name, t, shape, axis, f in checks:
        x = draw(rng, t, *shape)
        exact = x.astype(np.float64 if t in FLOATS else x.dtype)
        expected = f(exact, axis=axis)
        y = draw(rng, t, *expected.shape)
        module.kernels[name](1, x, y)
        if t in FLOATS and f is np.sum:
            eps = {"f64": 1e-14, "f32": 1e-5, "f16": 2e-2, "bf16": 2e-1}[t]
            np.testing.assert_allclose(
                y.astype(np.float64), expected, rtol=eps,
                atol=eps * np.abs(exact).sum(axis=axis).max())
        else:
            same(y, expected.astype(x.dtype))


def test_argmax_and_total(chip):
    module = build("""
tile.kernel @k(%x: memref<?x?xf32>, %v: memref<?xf32>, %i: memref<?xi32>, %t: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tile.load %x[%c0, %c0] : memref<?x?xf32> -> tensor<5x77xf32>
  %n = tile.iota dim 1 : tensor<5x77xi32>
  %m:2 = tile.reduce %a, %n axis 1 identity [0xFF800000 : f32, 2147483647 : i32] : (tensor<5x77xf32>, tensor<5x77xi32>) -> (tensor<5xf32>, tensor<5xi32>) {
  ^bb0(%l: f32, %li: i32, %r: f32, %ri: i32):
    %gt = arith.cmpf ogt, %l, %r : f32
    %eq = arith.cmpf oeq, %l, %r : f32
    %lo = arith.cmpi slt, %li, %ri : i32
    %tie = arith.andi %eq, %lo : i1
    %c = arith.ori %gt, %tie : i1
    %s = arith.select %c, %l, %r : f32
    %si = arith.select %c, %li, %ri : i32
    tile.yield %s, %si : f32, i32
  }
  tile.store %m#0, %v[%c0] : tensor<5xf32>, memref<?xf32>
  tile.store %m#1, %i[%c0] : tensor<5xi32>, memref<?xi32>
  %bias = tile.load %x[%c0, %c1] : memref<?x?xf32> -> f32
  %flat = tile.reshape %a : tensor<5x77xf32> to tensor<385xf32>
  %all:2 = tile.reduce %flat, %flat axis 0 identity [0.0 : f32, 0x7F800000 : f32] : (tensor<385xf32>, tensor<385xf32>) -> (f32, f32) {
  ^bb0(%l0: f32, %l1: f32, %r0: f32, %r1: f32):
    %s0 = arith.addf %l0, %r0 : f32
    %s1 = arith.minimumf %l1, %r1 : f32
    tile.yield %s0, %s1 : f32, f32
  }
  %w = arith.addf %all#1, %bias : f32
  tile.store %all#0, %t[%c0] : f32, memref<?xf32>
  tile.store %w, %t[%c1] : f32, memref<?xf32>
  tile.return
}""", chip)
    rng = np.random.default_rng(11)
    x = rng.integers(-20, 20, (5, 77)).astype(np.float32)
    v, i = np.zeros(5, np.float32), np.zeros(5, np.int32)
    t = np.zeros(2, np.float32)
    module.kernels["k"](1, x, v, i, t)
    same(v, x.max(axis=1))
    same(i, x.argmax(axis=1).astype(np.int32))
    same(t, np.array([x.sum(), x.min() + x[0, 1]], np.float32))


def test_scan(chip):
    text, checks = "", []
    options = ["", "{exclusive}", "{reverse}", "{exclusive, reverse}"]
    for t, shape, (n, option) in itertools.product(
            ["i32", "i8", "f32", "f64"], [(6, 45), (40, 3), (1, 33), (9, 1)],
            enumerate(options)):
        for axis in (0, 1):
            name = f"scan_{t}_{shape[0]}_{shape[1]}_{axis}_{n}"
            op, zero = ("addi", "0") if t[0] == "i" else ("addf", "0.0")
            text += kernel(name, [t], t, f"{shape[0]}x{shape[1]}",
                           reduction(op, axis, zero, t, list(shape), "scan",
                                     option))
            checks.append((name, t, shape, axis, option))
    # Not commutative: keeps the earliest.
    text += kernel("first", ["i32"], "i32", "50", """
%r = tile.scan %0 axis 0 identity [-1 : i32] : (tensor<50xi32>) -> (tensor<50xi32>) {
^bb0(%a: i32, %b: i32):
  %m = arith.constant -1 : i32
  %n = arith.cmpi eq, %a, %m : i32
  %s = arith.select %n, %b, %a : i32
  tile.yield %s : i32
}""")
    module, rng = build(text, chip), np.random.default_rng(12)
    for name, t, shape, axis, option in checks:
        x = rng.integers(-4, 5, shape).astype(DTYPES[t])
        y = np.zeros_like(x)
        module.kernels[name](1, x, y)
        z = np.flip(x, axis) if "reverse" in option else x
        expected = np.cumsum(z, axis=axis, dtype=x.dtype)
        if "exclusive" in option:
            expected = expected - z
        if "reverse" in option:
            expected = np.flip(expected, axis)
        np.testing.assert_array_equal(y, expected)
    x = np.array([-1] * 7 + list(range(5, 48)), np.int32)
    y = np.zeros(50, np.int32)
    module.kernels["first"](1, x, y)
    same(y, np.where(np.arange(50) < 7, -1, 5).astype(np.int32))


# ------------------------------------------------------------------------- mma

FP8 = [t for t in MEMORY_TYPES if t.startswith("f8")]
MMA = [("f64", "f64", "f64"), ("f32", "f32", "f32"), ("f16", "f16", "f32"),
       ("bf16", "bf16", "f32"), ("i8", "i8", "i32"),
       *[(a, b, "f32") for a, b in itertools.product(FP8, FP8)]]
MMA_SHAPES = [(16, 16, 16), (1, 1, 1), (13, 37, 5), (5, 70, 33), (40, 3, 18)]


def test_mma(chip):
    text = ""
    for (a, b, c), (m, n, k), transposed in itertools.product(
            MMA, MMA_SHAPES, (0, 1)):
        if a in FP8 and ((m, n, k) != (13, 37, 5) or (a != b and transposed)):
            continue
        name = f"mma_{a}_{b}_{m}_{n}_{k}_{transposed}"
        read = f"""
  %w = tile.load %b[%c0, %c0] : memref<?x?x{b}> -> tensor<{k}x{n}x{b}>"""
        if transposed:
            read = f"""
  %wt = tile.load %b[%c0, %c0] : memref<?x?x{b}> -> tensor<{n}x{k}x{b}>
  %w = tile.transpose %wt [1, 0] : tensor<{n}x{k}x{b}> to tensor<{k}x{n}x{b}>"""
        text += f"""
tile.kernel @{name}(%a: memref<?x?x{a}>, %b: memref<?x?x{b}>, %c: memref<?x?x{c}>) grid [] affine_map<() -> (1)> {{
  %c0 = arith.constant 0 : index
  %v = tile.load %a[%c0, %c0] : memref<?x?x{a}> -> tensor<{m}x{k}x{a}>{read}
  %s = tile.load %c[%c0, %c0] : memref<?x?x{c}> -> tensor<{m}x{n}x{c}>
  %d = tile.mma %v, %w, %s : tensor<{m}x{k}x{a}>, tensor<{k}x{n}x{b}>, tensor<{m}x{n}x{c}>
  tile.store %d, %c[%c0, %c0] : tensor<{m}x{n}x{c}>, memref<?x?x{c}>
  tile.return
}}
"""
    module, rng = build(text, chip), np.random.default_rng(13)
    for (a, b, c), (m, n, k), transposed in itertools.product(
            MMA, MMA_SHAPES, (0, 1)):
        name = f"mma_{a}_{b}_{m}_{n}_{k}_{transposed}"
        if name not in module.kernels:
            continue
        x, z = draw(rng, a, m, k), draw(rng, c, m, n)
        y = draw(rng, b, n, k) if transposed else draw(rng, b, k, n)
        right = y.T if transposed else y
        wide = np.int64 if c == "i32" else np.float64
        expected = z.astype(wide) + x.astype(wide) @ right.astype(wide)
        module.kernels[name](1, x, y, z)
        eps = {"f64": 1e-14, "f32": 1e-5, "i32": 0}[c]
        np.testing.assert_allclose(z, expected, rtol=eps, atol=eps * (k + 1))


def test_batched_mma(chip):
    module = build("""
tile.kernel @k(%a: memref<?x?x?xf32>, %b: memref<?x?x?xf32>, %c: memref<?x?x?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %v = tile.load %a[%c0, %c0, %c0] : memref<?x?x?xf32> -> tensor<3x9x11xf32>
  %w = tile.load %b[%c0, %c0, %c0] : memref<?x?x?xf32> -> tensor<3x11x20xf32>
  %z = arith.constant dense<0.0> : tensor<3x9x20xf32>
  %d = tile.mma %v, %w, %z : tensor<3x9x11xf32>, tensor<3x11x20xf32>, tensor<3x9x20xf32>
  %e = arith.addf %d, %d : tensor<3x9x20xf32>
  tile.store %e, %c[%c0, %c0, %c0] : tensor<3x9x20xf32>, memref<?x?x?xf32>
  tile.return
}""", chip)
    rng = np.random.default_rng(14)
    a, b = draw(rng, "f32", 3, 9, 11), draw(rng, "f32", 3, 11, 20)
    c = np.zeros((3, 9, 20), np.float32)
    module.kernels["k"](1, a, b, c)
    np.testing.assert_allclose(c, 2 * (a.astype("d") @ b.astype("d")),
                               rtol=1e-5, atol=1e-5)


# ---------------------------------------------------------------- control flow

def test_loops_that_carry_tiles(chip):
    module = build("""
tile.kernel @swap(%x: memref<?xf32>, %y: memref<?xf32>, %n: i64) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c40 = arith.constant 40 : index
  %end = arith.index_cast %n : i64 to index
  %a0 = tile.load %x[%c0] : memref<?xf32> -> tensor<40xf32>
  %b0 = arith.addf %a0, %a0 : tensor<40xf32>
  %r:3 = scf.for %i = %c0 to %end step %c1 iter_args(%a = %a0, %b = %b0, %k = %c0) -> (tensor<40xf32>, tensor<40xf32>, index) {
    %k1 = arith.addi %k, %c1 : index
    %s = arith.subf %b, %a : tensor<40xf32>
    scf.yield %b, %s, %k1 : tensor<40xf32>, tensor<40xf32>, index
  }
  tile.store %r#0, %y[%c0] : tensor<40xf32>, memref<?xf32>
  tile.store %r#1, %y[%c40] : tensor<40xf32>, memref<?xf32>
  %kk = arith.index_cast %r#2 : index to i64
  %kf = arith.sitofp %kk : i64 to f32
  %c80 = arith.constant 80 : index
  tile.store %kf, %y[%c80] : f32, memref<?xf32>
  tile.return
}
tile.kernel @shift(%x: memref<?xf32>, %y: memref<?xf32>, %n: i64) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %end = arith.index_cast %n : i64 to index
  %a0 = tile.load %x[%c0] : memref<?xf32> -> tensor<40xf32>
  %r = scf.for %i = %c0 to %end step %c1 iter_args(%a = %a0) -> (tensor<40xf32>) {
    %m = tile.reshape %a : tensor<40xf32> to tensor<8x5xf32>
    %t = tile.transpose %m [1, 0] : tensor<8x5xf32> to tensor<5x8xf32>
    %f = tile.reshape %t : tensor<5x8xf32> to tensor<40xf32>
    %s = arith.addf %f, %a : tensor<40xf32>
    scf.yield %s : tensor<40xf32>
  }
  tile.store %r, %y[%c0] : tensor<40xf32>, memref<?xf32>
  tile.return
}
tile.kernel @branch(%x: memref<?x?xf32>, %y: memref<?x?xf32>, %n: i64) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %end = arith.index_cast %n : i64 to index
  %a0 = tile.load %x[%c0, %c0] : memref<?x?xf32> -> tensor<8x8xf32>
  %r = scf.for %i = %c0 to %end step %c1 iter_args(%a = %a0) -> (tensor<8x8xf32>) {
    %rem = arith.remsi %i, %c2 : index
    %odd = arith.cmpi eq, %rem, %c1 : index
    %b = scf.if %odd -> (tensor<8x8xf32>) {
      %d = tile.mma %a0, %a0, %a : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
      scf.yield %d : tensor<8x8xf32>
    } else {
      %t = tile.transpose %a [1, 0] : tensor<8x8xf32> to tensor<8x8xf32>
      %d = scf.for %j = %c0 to %c2 step %c1 iter_args(%e = %a) -> (tensor<8x8xf32>) {
        %g = tile.mma %t, %a0, %e : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
        scf.yield %g : tensor<8x8xf32>
      }
      scf.yield %d : tensor<8x8xf32>
    }
    scf.yield %b : tensor<8x8xf32>
  }
  tile.store %r, %y[%c0, %c0] : tensor<8x8xf32>, memref<?x?xf32>
  tile.return
}
tile.kernel @while(%x: memref<?xf32>, %y: memref<?xf32>, %limit: f32) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %a0 = tile.load %x[%c0] : memref<?xf32> -> tensor<20xf32>
  %r:2 = scf.while (%a = %a0, %k = %zero) : (tensor<20xf32>, i32) -> (tensor<20xf32>, i32) {
    %m = tile.reduce %a axis 0 identity [0.0 : f32] : (tensor<20xf32>) -> (f32) {
    ^bb0(%l: f32, %q: f32):
      %s = arith.maximumf %l, %q : f32
      tile.yield %s : f32
    }
    %c = arith.cmpf olt, %m, %limit : f32
    %twice = arith.addf %a, %a : tensor<20xf32>
    scf.condition(%c) %twice, %k : tensor<20xf32>, i32
  } do {
  ^bb0(%b: tensor<20xf32>, %k: i32):
    %k1 = arith.addi %k, %one : i32
    scf.yield %b, %k1 : tensor<20xf32>, i32
  }
  tile.store %r#0, %y[%c0] : tensor<20xf32>, memref<?xf32>
  %kf = arith.sitofp %r#1 : i32 to f32
  %c20 = arith.constant 20 : index
  tile.store %kf, %y[%c20] : f32, memref<?xf32>
  tile.return
}""", chip)
    rng = np.random.default_rng(15)
    for n in (0, 1, 2, 5):
        x = rng.integers(-9, 9, 40).astype(np.float32)
        y = np.zeros(81, np.float32)
        module.kernels["swap"](1, x, y, n)
        a, b = x, x + x
        for _ in range(n):
            a, b = b, b - a
        same(y, np.concatenate([a, b, [np.float32(n)]]).astype(np.float32))
        y = np.zeros(40, np.float32)
        module.kernels["shift"](1, x, y, n)
        a = x
        for _ in range(n):
            a = a.reshape(8, 5).T.reshape(40) + a
        same(y, a)
        x = rng.integers(-2, 3, (8, 8)).astype(np.float32)
        y = np.zeros((8, 8), np.float32)
        module.kernels["branch"](1, x, y, min(n, 3))
        a = x
        for i in range(min(n, 3)):
            a = a + x @ x if i % 2 else a + 2 * (a.T @ x)
        same(y, a)
    x = np.linspace(0, 1, 20).astype(np.float32)
    y = np.zeros(21, np.float32)
    module.kernels["while"](1, x, y, 10.0)
    same(y, np.concatenate([x * 32, [4]]).astype(np.float32))


# --------------------------------------------------------------- memory order

def test_stores_are_in_order(chip):
    module = build("""
tile.kernel @shift(%x: memref<?xf32>, %y: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tile.load %x[%c1] : memref<?xf32> -> tensor<50xf32>
  tile.store %a, %x[%c0] : tensor<50xf32>, memref<?xf32>
  %b = tile.load %x[%c0] : memref<?xf32> -> tensor<50xf32>
  tile.store %b, %y[%c1] : tensor<50xf32>, memref<?xf32>
  %c = arith.addf %b, %a : tensor<50xf32>
  tile.store %c, %x[%c0] : tensor<50xf32>, memref<?xf32>
  tile.return
}
tile.kernel @loop(%x: memref<?xf32>, %y: memref<?xf32>) grid [] affine_map<() -> (1)> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %a = tile.load %x[%c0] : memref<?xf32> -> tensor<50xf32>
  scf.for %i = %c0 to %c3 step %c1 {
    %b = tile.load %y[%i] : memref<?xf32> -> tensor<50xf32>
    %c = arith.addf %a, %b : tensor<50xf32>
    tile.store %c, %y[%c1] : tensor<50xf32>, memref<?xf32>
  }
  tile.return
}""", chip)
    rng = np.random.default_rng(16)
    base = draw(rng, "f32", 51)
    x, y = base.copy(), np.zeros(51, np.float32)
    module.kernels["shift"](1, x, y)
    same(y, np.concatenate([[0], base[1:]]).astype(np.float32))
    same(x, np.concatenate([base[1:] * 2, base[50:]]))
    # Two arguments may be the same memory.
    x = base.copy()
    module.kernels["shift"](1, x, x)
    moved = np.concatenate([base[1:], base[50:]])
    expected = np.concatenate([moved[:1], moved[:50]])
    expected[:50] = moved[:50] + base[1:]
    same(x, expected)
    x = base.copy()
    module.kernels["loop"](1, x, x)
    a, expected = base[:50].copy(), base.copy()
    for i in range(3):
        b = np.zeros(50, np.float32)
        part = expected[i:i + 50]
        b[:len(part)] = part
        expected[1:51] = a + b
    same(x, expected)


@pytest.mark.parametrize("threads", [1, 5])
def test_programs_and_grid(chip, threads):
    module = build("""
tile.kernel @k(%y: memref<?x?xi32> {tile.dims = ["M", "N"]}, %s: i32 {tile.name = "s"}) grid ["M", "N", "s"] affine_map<()[M, N, s] -> (M ceildiv 2, N, s mod 4)> {
  %p = tile.program_id 0
  %q = tile.program_id 1
  %r = tile.program_id 2
  %n = tile.num_programs 0
  %c2 = arith.constant 2 : index
  %c10 = arith.constant 10 : index
  %i = arith.muli %p, %c2 : index
  %a = arith.muli %q, %c10 : index
  %b = arith.addi %a, %p : index
  %c = arith.muli %r, %c10 : index
  %d = arith.muli %c, %c10 : index
  %e = arith.addi %d, %b : index
  %g = arith.muli %n, %c10 : index
  %h = arith.muli %g, %c10 : index
  %j = arith.muli %h, %c10 : index
  %v = arith.addi %e, %j : index
  %w = arith.index_cast %v : index to i32
  tile.store %w, %y[%i, %q] : i32, memref<?x?xi32>
  tile.return
}""", chip, threads)  # five threads take the programs one by one
    y = np.zeros((7, 3), np.int32)
    module.kernels["k"](4 * 3 * 2, y, 6)
    expected = np.zeros((7, 3), np.int32)
    for p, q in itertools.product(range(4), range(3)):
        expected[2 * p, q] = 4000 + 100 + 10 * q + p
    same(y, expected)
