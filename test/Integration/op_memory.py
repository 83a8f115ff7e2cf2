# op_memory.py - cases of loads, stores, gathers, scatters and atomics.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

from __future__ import annotations

import itertools
from typing import Iterator, Optional

import numpy as np

from op_harness import (DTYPES, FLOATS, INTS, MEMORY_TYPES, Case, draw,
                        is_float, round_to, tile_type, wide)


def window(x: np.ndarray, at: tuple[int, ...], walked: tuple[int, ...],
           shape: tuple[int, ...], padding: object) -> np.ndarray:
    """What tile.load reads, element by element."""
    result = np.full(shape, padding, x.dtype)
    for p in itertools.product(*(range(n) for n in shape)):
        c = list(at)
        for i, d in zip(p, walked):
            c[d] += i
        if all(0 <= i < n for i, n in zip(c, x.shape)):
            result[p] = x[tuple(c)]
    return result


def put(y: np.ndarray, value: np.ndarray, at: tuple[int, ...],
        walked: tuple[int, ...]) -> np.ndarray:
    """What tile.store leaves."""
    result = y.copy()
    for p in itertools.product(*(range(n) for n in value.shape)):
        c = list(at)
        for i, d in zip(p, walked):
            c[d] += i
        if all(0 <= i < n for i, n in zip(c, y.shape)):
            result[tuple(c)] = value[p]
    return result


def constants(prefix: str, values: tuple[int, ...]) -> tuple[str, str]:
    """Definitions of index constants, and their names."""
    lines = [f"%{prefix}{d} = arith.constant {v} : index"
             for d, v in enumerate(values)]
    return "\n".join(lines), ", ".join(f"%{prefix}{d}"
                                       for d in range(len(values)))


def copy_case(name: str, type_: str, rng: np.random.Generator,
              source: tuple[int, ...], at: tuple[int, ...],
              tile: tuple[int, ...], target: tuple[int, ...],
              to: tuple[int, ...], walked: Optional[tuple[int, ...]] = None,
              put_walked: Optional[tuple[int, ...]] = None,
              padded: bool = False, cache: str = "",
              dynamic: bool = True, attributes: str = "") -> Case:
    """Loads a tile from one place and stores it at another."""
    x, y = draw(rng, type_, *source), draw(rng, type_, *target)
    rank = len(tile)
    read = walked or tuple(range(len(source) - rank, len(source)))
    wrote = put_walked or tuple(range(len(target) - rank, len(target)))
    padding = draw(rng, type_, 1)[0] if padded else np.zeros(
        1, DTYPES[type_])[0]
    value = window(x, at, read, tile, padding)
    case = Case(name)
    case.memory("x", type_, x, dynamic=dynamic, attributes=attributes)
    case.memory("y", type_, y, put(y, value, to, wrote), dynamic=dynamic,
                attributes=attributes)
    options, put_options = [], []
    if walked:
        options.append(f"dims = array<i64: {', '.join(map(str, walked))}>")
    if put_walked:
        put_options.append(
            f"dims = array<i64: {', '.join(map(str, put_walked))}>")
    if cache:
        options.append(f"cache = #tile.cache<{cache}>")
        put_options.append(f"cache = #tile.cache<{cache}>")
    pad = ""
    if padded:
        case.scalar("p", type_, scalar_text(padding))
        pad = " padding %p"
    first, names = constants("i", at)
    second, put_names = constants("j", to)
    xm, ym = case.arrays["x"].declared, case.arrays["y"].declared
    case.body = (
        f"{first}\n{second}\n"
        f"%v = tile.load %x_m[{names}]{pad} {{{', '.join(options)}}} : {xm} -> "
        f"{tile_type(tile, type_)}\n"
        f"tile.store %v, %y_m[{put_names}] {{{', '.join(put_options)}}} : "
        f"{tile_type(tile, type_)}, {ym}")
    return case


def scalar_text(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, np.integer):
        return str(int(value))
    return repr(float(value))


def copy_cases() -> Iterator[Case]:
    rng = np.random.default_rng(31)
    for type_ in MEMORY_TYPES:
        for n, (at, to) in enumerate([((0, 0), (0, 0)), ((3, 2), (-2, -3)),
                                      ((-2, -3), (4, 30)), ((2**40, 0), (0, 0)),
                                      ((0, -2**62), (1, 1))]):
            yield copy_case(f"edges {type_} {n}", type_, rng, (7, 41), at,
                            (5, 24), (9, 50), to, padded=n != 2)
        yield copy_case(f"rank 1 {type_}", type_, rng, (333,), (-7,), (80,),
                        (100,), (1,), padded=True)
        yield copy_case(f"rank 3 {type_}", type_, rng, (3, 5, 40), (1, -1, 3),
                        (2, 5, 24), (4, 6, 30), (1, 2, -3), padded=True)
        yield copy_case(f"rank 4 {type_}", type_, rng, (2, 3, 4, 9),
                        (0, 1, -1, 2), (2, 2, 3, 8), (3, 3, 3, 11),
                        (1, 0, 1, 0))
        yield copy_case(f"dims {type_}", type_, rng, (5, 3, 30), (1, 2, 4),
                        (4, 24), (6, 5, 20), (1, 3, -2), walked=(0, 2),
                        put_walked=(0, 2))
        yield copy_case(f"dims 0 {type_}", type_, rng, (40, 3), (-3, 1), (24,),
                        (30, 5), (2, 4), walked=(0,), put_walked=(0,))
        yield copy_case(f"scalar {type_}", type_, rng, (4, 6), (3, 2), (),
                        (5, 7), (2, 4))
        yield copy_case(f"scalar outside {type_}", type_, rng, (4, 6), (4, 2),
                        (), (5, 7), (2, 4), padded=True)
        yield copy_case(f"scalar put outside {type_}", type_, rng, (4, 6),
                        (1, 2), (), (5, 7), (2, 7))
        yield copy_case(f"static {type_}", type_, rng, (16, 64), (0, 0),
                        (16, 64), (16, 64), (0, 0), dynamic=False,
                        attributes="tile.align = 16 : i64")
        yield copy_case(f"empty {type_}", type_, rng, (0, 8), (0, 0), (4, 8),
                        (4, 8), (0, 0), padded=True)
    for type_, length in itertools.product(["f32", "f16", "i8", "f64"],
                                           [1, 2, 3, 5, 64, 96, 192, 1000]):
        yield copy_case(f"length {length} {type_}", type_, rng, (1024,), (5,),
                        (length,), (1010,), (3,))
    for type_, shape in itertools.product(
            ["f32", "bf16", "i8"], [(1, 1), (1, 96), (96, 1), (5, 80), (80, 24),
                                    (192, 5), (24, 96), (1, 1, 1), (3, 1, 7),
                                    (7, 5, 1, 3)]):
        target = tuple(n + 1 for n in shape)
        yield copy_case(f"shape {shape} {type_}", type_, rng, target,
                        (0,) * len(shape), shape, target, (1,) * len(shape))
    for type_, cache in itertools.product(MEMORY_TYPES,
                                          ["default", "stream", "persist"]):
        yield copy_case(f"cache {cache} {type_}", type_, rng, (9, 40), (0, 0),
                        (8, 32), (9, 40), (0, 0), cache=cache)
    yield from strided_cases(rng)


def strided_cases(rng: np.random.Generator) -> Iterator[Case]:
    """The runtime passes contiguous arrays: strides that are arguments of the
    kernel are those of a row-major array."""
    for type_ in MEMORY_TYPES:
        x, y = draw(rng, type_, 6, 40), draw(rng, type_, 9, 41)
        case = Case(f"strided {type_}")
        strided = f"memref<?x?x{type_}, strided<[?, 1]>>"
        open_ = f"memref<?x?x{type_}, strided<[?, ?]>>"
        case.memory("x", type_, x, declared=open_)
        value = window(x, (1, 2), (0, 1), (6, 33), 0)
        case.memory("y", type_, y, put(y, value, (2, 7), (0, 1)),
                    declared=strided)
        case.body = f"""
%c2 = arith.constant 2 : index
%c7 = arith.constant 7 : index
%v = tile.load %x_m[%c1, %c2] : {open_} -> tensor<6x33x{type_}>
tile.store %v, %y_m[%c2, %c7] : tensor<6x33x{type_}>, {strided}"""
        yield case


# ------------------------------------------------------------ gather, scatter

def gather_cases() -> Iterator[Case]:
    rng = np.random.default_rng(32)
    for number, type_ in enumerate(MEMORY_TYPES):
        x = draw(rng, type_, 6, 30)
        padding = draw(rng, type_, 1)[0]
        for index in ("i32", "i64", "index"):
            memory = "i64" if index == "index" else index
            rows = np.array([0, 5, 6, -1, 3, 3, 2, 2**31 - 1, -2**31],
                            DTYPES[memory])
            case = Case(f"gather rows {type_} {index}")
            case.tile("r", memory, rows).memory("x", type_, x)
            case.scalar("p", type_, scalar_text(padding))
            want = np.full((9, 24), padding, x.dtype)
            for i, j in itertools.product(range(9), range(24)):
                if 0 <= rows[i] < 6 and 0 <= j + 9 < 30:
                    want[i, j] = x[rows[i], j + 9]
            cast = (f"%k = arith.index_cast %r : tensor<9xi64> to tensor<9xindex>"
                    if index == "index" else "")
            name = "%k" if cast else "%r"
            case.body = f"""{cast}
%col = tile.reshape {name} : tensor<9x{index}> to tensor<9x1x{index}>
%j = arith.constant 9 : index
%v = tile.gather %x_m[%col, %j] padding %p {{walk = array<i64: -1, 1>}} : memref<?x?x{type_}>, (tensor<9x1x{index}>, index) -> tensor<9x24x{type_}>"""
            yield case.result("v", type_, want)

        a = rng.integers(-2, 8, (5, 24)).astype(np.int32)
        b = rng.integers(-2, 32, (1, 24))
        inside = (a >= 0) & (a < 6) & (b >= 0) & (b < 30)
        want = np.where(inside, x[np.clip(a, 0, 5), np.clip(b, 0, 29)],
                        np.zeros(1, x.dtype)).astype(x.dtype)
        case = Case(f"gather points {type_}")
        case.tile("a", "i32", a).tile("b", "i64", b).memory("x", type_, x)
        case.body = (f"%v = tile.gather %x_m[%a, %b] : memref<?x?x{type_}>, "
                     f"(tensor<5x24xi32>, tensor<1x24xi64>) -> "
                     f"tensor<5x24x{type_}>")
        yield case.result("v", type_, want)

        case = Case(f"gather scalar {type_}").memory("x", type_, x)
        case.body = (f"%c3 = arith.constant 3 : index\n%c7 = arith.constant 7 "
                     f": i32\n%v = tile.gather %x_m[%c3, %c3] : "
                     f"memref<?x?x{type_}>, (index, index) -> {type_}")
        yield case.result("v", type_, x[3, 3])

        y = draw(rng, type_, 8, 30)
        v = draw(rng, type_, 5, 20)
        rows = np.array([7, -1, 0, 8, 3], np.int64)
        want = y.copy()
        for i, row in enumerate(rows):
            if 0 <= row < 8:
                want[row, 12:30] = v[i, :18]
        case = Case(f"scatter rows {type_}").tile("v", type_, v)
        case.tile("r", "i64", rows).memory("y", type_, y, want)
        case.body = f"""
%col = tile.reshape %r : tensor<5xi64> to tensor<5x1xi64>
%j = arith.constant 12 : index
tile.scatter %v, %y_m[%col, %j] {{walk = array<i64: -1, 1>}} : tensor<5x20x{type_}>, memref<?x?x{type_}>, (tensor<5x1xi64>, index)"""
        yield case
        v = draw(rng, type_, 96)
        to = (rng.permutation(300)[:96] - 30).astype(np.int32)
        want = np.ravel(draw(rng, type_, 200))
        y = want.copy()
        for i, e in zip(to, v):
            if 0 <= i < 200:
                want[i] = e
        case = Case(f"scatter points {type_}").tile("v", type_, v)
        case.tile("t", "i32", to).memory("y", type_, y, want)
        case.body = (f"tile.scatter %v, %y_m[%t] : tensor<96x{type_}>, "
                     f"memref<?x{type_}>, (tensor<96xi32>)")
        yield case


# -------------------------------------------------------------------- atomics

INT_KINDS = ["addi", "assign", "maxs", "maxu", "mins", "minu", "ori", "andi",
             "xori"]
FLOAT_KINDS = ["addf", "assign", "maximumf", "minimumf", "maxnumf", "minnumf"]


def apply(kind: str, old: np.ndarray, value: np.ndarray,
          type_: str) -> np.ndarray:
    """One atomic step on arrays of any shape."""
    if kind == "assign":
        return value
    if is_float(type_):
        a, b = wide(old), wide(value)
        if kind == "addf":
            return round_to(a + b, type_)
        larger = np.where((a > b) | ((a == b) & ~np.signbit(a)), a, b)
        smaller = np.where((a < b) | ((a == b) & np.signbit(a)), a, b)
        best = larger if "max" in kind else smaller
        if "num" in kind:
            best = np.where(np.isnan(a), b, np.where(np.isnan(b), a, best))
        else:
            best = np.where(np.isnan(a) | np.isnan(b), np.nan, best)
        return round_to(best, type_)
    if kind == "addi" and type_ == "i1":
        return old ^ value
    with np.errstate(over="ignore"):
        plain = {"addi": np.add, "ori": np.bitwise_or, "andi": np.bitwise_and,
                 "xori": np.bitwise_xor}
        if kind in plain:
            return plain[kind](old, value).astype(old.dtype)
    a, b = old.astype(np.int64), value.astype(np.int64)
    if type_ == "i1":  # true is -1 where it has a sign
        a, b = (-a, -b) if kind.endswith("s") else (a, b)
    elif kind.endswith("u"):
        a, b = (v.view(np.uint64) & np.uint64((1 << 8 * old.itemsize) - 1)
                for v in (a, b))
    pick = a > b if "max" in kind else a < b
    return np.where(pick, old, value)


def kinds_of(type_: str) -> list[str]:
    return FLOAT_KINDS if is_float(type_) else INT_KINDS


def atomic_values(rng: np.random.Generator, type_: str, n: int) -> np.ndarray:
    if is_float(type_):
        return rng.integers(-8, 8, n).astype(DTYPES[type_])
    if type_ == "i1":
        return rng.integers(0, 2, n).astype(np.bool_)
    info = np.iinfo(DTYPES[type_])
    return rng.integers(info.min, info.max, n, DTYPES[type_])


def atomic_cases() -> Iterator[Case]:
    rng = np.random.default_rng(33)
    orders = itertools.cycle(["relaxed", "acquire", "release", "acq_rel"])
    scopes = itertools.cycle(["workgroup", "device", "system"])
    for type_ in MEMORY_TYPES:
        for kind in kinds_of(type_):
            # Every position at an element of its own: old values are known.
            value, y = (atomic_values(rng, type_, n) for n in (40, 50))
            if is_float(type_) and kind != "addf":
                value[:4] = np.array([np.nan, 0.0, -0.0, 1.0])
                y[:4] = np.array([1.0, -0.0, 0.0, np.nan])
            at = rng.permutation(50)[:40] - 5
            at[:4] = [1, 0, 2, 3]
            at[4:] = np.array([a for a in rng.permutation(54) - 4
                               if not 0 <= a < 4])[:36]
            inside = (at >= 0) & (at < 50)
            old = np.where(inside, y[np.clip(at, 0, 49)],
                           np.zeros(1, y.dtype)).astype(y.dtype)
            want = y.copy()
            new = apply(kind, old, value, type_)
            for i in range(40):
                if inside[i]:
                    want[at[i]] = new[i]
            case = Case(f"atomic {kind} {type_}").tile("v", type_, value)
            check = []
            if "num" in kind:
                from op_elementwise import same_or_zero
                check = [same_or_zero]
            case.memory("y", type_, y, want, *check)
            case.tile("at", "i32", at.astype(np.int32))
            case.body = (
                f"%o = tile.atomic_rmw {kind} %v, %y_m[%at] {{ordering = "
                f"#tile.ordering<{next(orders)}>, scope = "
                f"#tile.scope<{next(scopes)}>}} : tensor<40x{type_}>, "
                f"memref<?x{type_}>, (tensor<40xi32>)")
            yield case.result("o", type_, old)
            if kind == "assign":
                continue
            # Collisions: any order gives the same.
            value = atomic_values(rng, type_, 96)
            if is_float(type_):
                value = rng.integers(-1, 2, 96).astype(y.dtype)
            y = atomic_values(rng, type_, 4)
            at = rng.integers(-1, 5, (3, 32)).astype(np.int64)
            want = y.copy()
            for i, e in zip(at.ravel(), value):
                if 0 <= i < 4:
                    want[i] = apply(kind, want[i:i + 1],
                                    np.array([e], y.dtype), type_)[0]
            case = Case(f"atomic collisions {kind} {type_}")
            case.tile("v", type_, value.reshape(3, 32)).tile("at", "i64", at)
            case.memory("y", type_, y, want, *check)
            case.body = (f"%o = tile.atomic_rmw {kind} %v, %y_m[%at] : "
                         f"tensor<3x32x{type_}>, memref<?x{type_}>, "
                         "(tensor<3x32xi64>)")
            yield case
        # A scalar, and a walked dimension.
        y = atomic_values(rng, type_, 60).reshape(3, 20)
        one = atomic_values(rng, type_, 1)[0]
        value = atomic_values(rng, type_, 16)
        kind = "addf" if is_float(type_) else "xori"
        want = y.copy()
        want[1, 4:5] = apply(kind, want[1, 4:5], np.array([one], y.dtype), type_)
        want[2, 8:20] = apply(kind, want[2, 8:20], value[:12], type_)
        case = Case(f"atomic scalar and walk {type_}")
        case.tile("v", type_, value).tile("s", type_, one)
        case.memory("y", type_, y, want)
        old = np.concatenate([y[2, 8:20], np.zeros(4, y.dtype)])
        case.body = f"""
%c2 = arith.constant 2 : index
%c4 = arith.constant 4 : index
%c8 = arith.constant 8 : index
%a = tile.atomic_rmw {kind} %s, %y_m[%c1, %c4] : {type_}, memref<?x?x{type_}>, (index, index)
%b = tile.atomic_rmw {kind} %v, %y_m[%c2, %c8] {{walk = array<i64: -1, 0>}} : tensor<16x{type_}>, memref<?x?x{type_}>, (index, index)"""
        case.result("a", type_, y[1, 4])
        yield case.result("b", type_, old)


# ------------------------------------------------------- order, aliases, grids

def order_cases() -> Iterator[Case]:
    """Memory operations of a workgroup behave as in program order."""
    rng = np.random.default_rng(34)
    for type_ in ["f32", "f16", "i8", "i64", "i1", "f8E5M2", "f64"]:
        x = draw(rng, type_, 40, 33)
        scratch = np.zeros((40, 33), DTYPES[type_])
        case = Case(f"store then load transposed {type_}").tile("x", type_, x)
        case.memory("s", type_, scratch, np.ascontiguousarray(x))
        case.body = f"""
tile.store %x, %s_m[%c0, %c0] : tensor<40x33x{type_}>, memref<?x?x{type_}>
%i = tile.iota dim 0 : tensor<33x40xi32>
%j = tile.iota dim 1 : tensor<33x40xi32>
%y = tile.gather %s_m[%j, %i] : memref<?x?x{type_}>, (tensor<33x40xi32>, tensor<33x40xi32>) -> tensor<33x40x{type_}>"""
        yield case.result("y", type_, x.T)
        # In place, shifted by one: everything is read before it is written.
        y = draw(rng, type_, 97)
        want = y.copy()
        want[1:97] = y[:96]
        case = Case(f"in place shift {type_}").memory("y", type_, y, want)
        case.body = f"""
%v = tile.load %y_m[%c0] : memref<?x{type_}> -> tensor<96x{type_}>
tile.store %v, %y_m[%c1] : tensor<96x{type_}>, memref<?x{type_}>"""
        yield case
        # Again and again, in a loop.
        y = draw(rng, type_, 70)
        want = y.copy()
        for k in range(5):
            part = want[k:k + 48].copy()
            want[k + 3:k + 51] = part[::-1]
        case = Case(f"in place loop {type_}").memory("y", type_, y, want)
        case.body = f"""
%n = arith.constant 5 : index
%c3 = arith.constant 3 : index
%i = tile.iota dim 0 : tensor<48xindex>
%c47 = arith.constant dense<47> : tensor<48xindex>
%back = arith.subi %c47, %i : tensor<48xindex>
scf.for %k = %c0 to %n step %c1 {{
  %kk = tile.broadcast %k : index to tensor<48xindex>
  %at = arith.addi %back, %kk : tensor<48xindex>
  %v = tile.gather %y_m[%at] : memref<?x{type_}>, (tensor<48xindex>) -> tensor<48x{type_}>
  %to = arith.addi %k, %c3 : index
  tile.store %v, %y_m[%to] : tensor<48x{type_}>, memref<?x{type_}>
}}"""
        yield case
        # A scatter, an atomic and a load see each other.
        y = np.zeros(64, DTYPES[type_])
        perm = rng.permutation(64).astype(np.int32)
        v = atomic_values(rng, type_, 64)
        kind = "addf" if is_float(type_) else "addi"
        first = np.zeros_like(y)
        first[perm] = v
        want = apply(kind, first, v, type_)
        case = Case(f"scatter atomic load {type_}").memory("y", type_, y, want)
        case.tile("v", type_, v).tile("p", "i32", perm)
        case.body = f"""
tile.scatter %v, %y_m[%p] : tensor<64x{type_}>, memref<?x{type_}>, (tensor<64xi32>)
%o = tile.atomic_rmw {kind} %v, %y_m[%c0] {{walk = array<i64: 0>}} : tensor<64x{type_}>, memref<?x{type_}>, (index)
%r = tile.load %y_m[%c0] : memref<?x{type_}> -> tensor<64x{type_}>"""
        case.result("o", type_, first)
        yield case.result("r", type_, want)
        # Scalars of one element, by a load of what a tile stored.
        v = draw(rng, type_, 64)
        case = Case(f"scalar after tile {type_}").tile("v", type_, v)
        case.memory("y", type_, np.zeros(64, DTYPES[type_]), v)
        case.body = f"""
tile.store %v, %y_m[%c0] : tensor<64x{type_}>, memref<?x{type_}>
%i = arith.constant 63 : index
%s = tile.load %y_m[%i] : memref<?x{type_}> -> {type_}
%b = tile.broadcast %s : {type_} to tensor<5x24x{type_}>"""
        yield case.result("b", type_, np.full((5, 24), v[63], v.dtype))
