# op_control.py - cases of loops, branches, program ids and scalar arguments.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

from __future__ import annotations

import itertools
from typing import Iterator

import numpy as np

from op_harness import (DTYPES, FLOATS, FP8, INTS, MEMORY_TYPES, Case, draw,
                        is_float, round_to, tile_type, wide)
from op_memory import scalar_text

SHAPE = (5, 24)


def add(type_: str) -> str:
    return "arith.addf" if is_float(type_) else (
        "arith.xori" if type_ == "i1" else "arith.addi")


def plus(a: np.ndarray, b: np.ndarray, type_: str) -> np.ndarray:
    if is_float(type_):
        return round_to(wide(a) + wide(b), type_)
    if type_ == "i1":
        return a ^ b
    with np.errstate(over="ignore"):
        return a + b


def control_cases() -> Iterator[Case]:
    rng = np.random.default_rng(51)
    for type_ in MEMORY_TYPES:
        t = tile_type(SHAPE, type_)
        x, z = (np.asarray(rng.integers(0, 2, SHAPE)).astype(DTYPES[type_])
                for _ in range(2))
        for trips in (0, 1, 5):
            want = z
            for _ in range(trips):
                want = plus(want, x, type_)
            case = Case(f"for {type_} {trips}").tile("x", type_, x)
            case.tile("z", type_, z).scalar("n", "i64", trips)
            case.body = f"""
%n_ = arith.index_cast %n : i64 to index
%y = scf.for %i = %c0 to %n_ step %c1 iter_args(%s = %z) -> ({t}) {{
  %r = {add(type_)} %s, %x : {t}
  scf.yield %r : {t}
}}"""
            yield case.result("y", type_, want)
        # Two tiles that change places, and a scalar.
        case = Case(f"for swap {type_}").tile("x", type_, x).tile("z", type_, z)
        case.scalar("n", "i32", 7)
        case.body = f"""
%n_ = arith.index_cast %n : i32 to index
%y:3 = scf.for %i = %c0 to %n_ step %c1 iter_args(%p = %x, %q = %z, %k = %c0) -> ({t}, {t}, index) {{
  %l = arith.addi %k, %i : index
  scf.yield %q, %p, %l : {t}, {t}, index
}}
%u = tile.transpose %y#0 [1, 0] : {t} to {tile_type(SHAPE[::-1], type_)}
%v = tile.transpose %y#1 [1, 0] : {t} to {tile_type(SHAPE[::-1], type_)}
%k = arith.index_cast %y#2 : index to i64"""
        case.result("u", type_, z.T).result("v", type_, x.T)
        yield case.result("k", "i64", np.int64(21))
        for flag in (0, 1):
            case = Case(f"if {type_} {flag}").tile("x", type_, x)
            case.tile("z", type_, z).scalar("c", "i1", flag)
            case.body = f"""
%y = scf.if %c -> ({t}) {{
  %r = {add(type_)} %z, %x : {t}
  scf.yield %r : {t}
}} else {{
  scf.yield %x : {t}
}}"""
            yield case.result("y", type_, plus(z, x, type_) if flag else x)
            case = Case(f"if store {type_} {flag}").tile("x", type_, x)
            case.scalar("c", "i1", flag)
            case.memory("y", type_, z, x if flag else z, dynamic=False)
            case.body = f"""
scf.if %c {{
  tile.store %x, %y_m[%c0, %c0] : {t}, {case.arrays['y'].declared}
}}"""
            yield case
            case = Case(f"select scalar {type_} {flag}").tile("x", type_, x)
            case.tile("z", type_, z).scalar("c", "i1", flag)
            case.body = f"%y = arith.select %c, %x, %z : {t}"
            yield case.result("y", type_, x if flag else z)
        for limit in (0, 3):
            case = Case(f"while {type_} {limit}").tile("x", type_, x)
            case.tile("z", type_, z).scalar("n", "i64", limit)
            case.body = f"""
%one = arith.constant 1 : i64
%zero = arith.constant 0 : i64
%w:2 = scf.while (%k = %zero, %s = %z) : (i64, {t}) -> (i64, {t}) {{
  %c = arith.cmpi slt, %k, %n : i64
  scf.condition(%c) %k, %s : i64, {t}
}} do {{
^bb0(%k: i64, %s: {t}):
  %l = arith.addi %k, %one : i64
  %r = {add(type_)} %s, %x : {t}
  scf.yield %l, %r : i64, {t}
}}
%y = {add(type_)} %w#1, %x : {t}"""
            want = z
            for _ in range(limit + 1):
                want = plus(want, x, type_)
            yield case.result("y", type_, want)
    yield from data_loops(rng)
    yield from grid_cases(rng)
    yield from scalar_cases(rng)


def data_loops(rng: np.random.Generator) -> Iterator[Case]:
    """Bounds and conditions that come from memory."""
    x = rng.integers(0, 9, (40,)).astype(np.int32)
    case = Case("while on a reduction").tile("x", "i32", x)
    case.body = """
%half = arith.constant dense<1> : tensor<40xi32>
%limit = arith.constant 20 : i32
%y = scf.while (%s = %x) : (tensor<40xi32>) -> (tensor<40xi32>) {
  %sum = tile.reduce %s axis 0 identity [0 : i32] : (tensor<40xi32>) -> (i32) {
  ^bb0(%a: i32, %b: i32):
    %r = arith.addi %a, %b : i32
    tile.yield %r : i32
  }
  %c = arith.cmpi sgt, %sum, %limit : i32
  scf.condition(%c) %s : tensor<40xi32>
} do {
^bb0(%s: tensor<40xi32>):
  %r = arith.shrsi %s, %half : tensor<40xi32>
  scf.yield %r : tensor<40xi32>
}"""
    want = x.copy()
    while want.sum() > 20:
        want = want >> 1
    yield case.result("y", "i32", want)

    bounds = np.array([3, 11, 2], np.int32)
    table = rng.integers(-9, 9, (16, 33)).astype(np.float32)
    case = Case("bounds from memory").memory("b", "i32", bounds)
    case.memory("t", "f32", table)
    case.body = """
%c2 = arith.constant 2 : index
%l_ = tile.load %b_m[%c0] : memref<?xi32> -> i32
%h_ = tile.load %b_m[%c1] : memref<?xi32> -> i32
%s_ = tile.load %b_m[%c2] : memref<?xi32> -> i32
%l = arith.index_cast %l_ : i32 to index
%h = arith.index_cast %h_ : i32 to index
%s = arith.index_cast %s_ : i32 to index
%zero = arith.constant dense<0.0> : tensor<33xf32>
%y = scf.for %i = %l to %h step %s iter_args(%acc = %zero) -> (tensor<33xf32>) {
  %row = tile.load %t_m[%i, %c0] : memref<?x?xf32> -> tensor<33xf32>
  %odd = arith.remsi %i, %c2 : index
  %c = arith.cmpi eq, %odd, %c0 : index
  %r = scf.if %c -> (tensor<33xf32>) {
    %u = arith.subf %acc, %row : tensor<33xf32>
    scf.yield %u : tensor<33xf32>
  } else {
    %u = scf.for %j = %c0 to %i step %c1 iter_args(%in = %acc) -> (tensor<33xf32>) {
      %v = arith.addf %in, %row : tensor<33xf32>
      scf.yield %v : tensor<33xf32>
    }
    scf.yield %u : tensor<33xf32>
  }
  scf.yield %r : tensor<33xf32>
}"""
    want = np.zeros(33, np.float32)
    for i in range(3, 11, 2):
        want = want - table[i] if i % 2 == 0 else want + i * table[i]
    yield case.result("y", "f32", want)


def grid_cases(rng: np.random.Generator) -> Iterator[Case]:
    for extents in ((7,), (3, 4), (2, 3, 5)):
        size = int(np.prod(extents))
        results = ", ".join(map(str, extents))
        case = Case(f"static grid {extents}",
                    grid=f"[] affine_map<() -> ({results})>")
        yield write_ids(case, extents, size)
    for extents in ((5,), (4, 3), (3, 2, 4)):
        shape = tuple(8 * n - 3 for n in extents)
        x = rng.integers(0, 50, shape).astype(np.int16)
        names = [f"d{extents}{d}" for d in range(len(extents))]
        names = [n.replace("(", "").replace(")", "").replace(",", "").replace(
            " ", "_") for n in names]
        symbols = ", ".join(f"s{d}" for d in range(len(extents)))
        exprs = ", ".join(f"s{d} ceildiv 8" for d in range(len(extents)))
        quoted = ", ".join(f'"{n}"' for n in names)
        case = Case(f"grid over {shape}",
                    grid=f"[{quoted}] affine_map<()[{symbols}] -> ({exprs})>")
        case.memory("x", "i16", x, attributes=f"tile.dims = [{quoted}]")
        case.memory("y", "i16", None, (x * 3).astype(np.int16))
        t = tile_type((8,) * len(extents), "i16")
        lines = ["%c8 = arith.constant 8 : index"]
        for d in range(len(extents)):
            lines.append(f"%p{d} = tile.program_id {d}")
            lines.append(f"%o{d} = arith.muli %p{d}, %c8 : index")
        at = ", ".join(f"%o{d}" for d in range(len(extents)))
        m = case.arrays["x"].declared
        lines += [f"%v = tile.load %x_m[{at}] : {m} -> {t}",
                  f"%three = arith.constant dense<3> : {t}",
                  f"%w = arith.muli %v, %three : {t}",
                  f"tile.store %w, %y_m[{at}] : {t}, {m}"]
        case.body = "\n".join(lines)
        yield case
    for type_ in ("i32", "i64", "i16"):
        case = Case(f"grid from a scalar {type_}",
                    grid='["$n"] affine_map<()[s0] -> (s0 ceildiv 2 + 1, 2)>')
        case.scalar("n", type_, 9)
        yield write_ids(case, (6, 2), 12)


def write_ids(case: Case, extents: tuple[int, ...], size: int) -> Case:
    """Each program writes its ids and the extents to a row of its own."""
    want = np.zeros((size, 6), np.int64)
    for p in itertools.product(*(range(n) for n in extents)):
        row, factor = 0, 1
        for i, n in zip(p, extents):
            row += i * factor
            factor *= n
        want[row, :len(p)] = p
        want[row, 3:3 + len(p)] = extents
    case.memory("y", "i64", np.zeros((size, 6), np.int64), want)
    lines = ["%row0 = arith.constant 0 : index",
             "%f0 = arith.constant 1 : index"]
    for d in range(len(extents)):
        lines += [f"%p{d} = tile.program_id {d}",
                  f"%n{d} = tile.num_programs {d}",
                  f"%t{d} = arith.muli %p{d}, %f{d} : index",
                  f"%row{d + 1} = arith.addi %row{d}, %t{d} : index",
                  f"%f{d + 1} = arith.muli %f{d}, %n{d} : index"]
    for d in range(len(extents)):
        for column, name in ((d, f"p{d}"), (3 + d, f"n{d}")):
            lines += [f"%c_{column} = arith.constant {column} : index",
                      f"%v_{column} = arith.index_cast %{name} : index to i64",
                      f"tile.store %v_{column}, %y_m[%row{len(extents)}, "
                      f"%c_{column}] : i64, memref<?x?xi64>"]
    case.body = "\n".join(lines)
    return case


def scalar_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Scalar arguments of every type, between others of other sizes."""
    for round_ in range(3):
        case = Case(f"scalars {round_}")
        lines = []
        for type_ in MEMORY_TYPES[round_:] + MEMORY_TYPES[:round_]:
            value = draw(rng, type_, 1)[0]
            if type_ == "i64":
                value = np.int64(-2**62 + round_)
            if type_ in ("f64", "f32", "f8E5M2") and round_ == 2:
                value = DTYPES[type_].type(-np.inf)
            name = f"s_{type_}"
            case.scalar(name, type_, scalar_text(value))
            lines.append(f"%t_{type_} = tile.broadcast %{name} : {type_} to "
                         f"{tile_type((3, 5), type_)}")
            case.result(f"t_{type_}", type_, np.full((3, 5), value,
                                                     DTYPES[type_]))
        case.scalar("s_index", "index", -(2**40) - round_)
        lines.append("%t_index = arith.index_cast %s_index : index to i64")
        case.result("t_index", "i64", np.int64(-(2**40) - round_))
        case.body = "\n".join(lines)
        yield case
    # Scalars take part in arithmetic as tiles of rank 0 do.
    for type_ in FLOATS:
        a, b = draw(rng, type_, 2)
        case = Case(f"scalar arithmetic {type_}")
        case.scalar("a", type_, scalar_text(a)).scalar("b", type_, scalar_text(b))
        case.body = f"""
%m = arith.mulf %a, %b : {type_}
%y = math.absf %m : {type_}
%h = tile.convert %a {{rounding = #tile.rounding<upward>}} : {type_} to f16"""
        product = round_to(wide(a) * wide(b), type_)
        case.result("y", type_, round_to(np.abs(wide(product)), type_))
        yield case.result("h", "f16", round_to(wide(a), "f16", "upward"))
