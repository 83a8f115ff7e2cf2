# op_compute.py - cases of mma, reduce, scan and the ops that move elements.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

from __future__ import annotations

import itertools
from typing import Iterator

import numpy as np

from op_harness import (DTYPES, FLOATS, FORMATS, FP8, INTS, MEMORY_TYPES,
                        WIDE_FLOATS, Case, draw, exact, is_float, round_to,
                        tile_type, wide, within)

# ------------------------------------------------------------------------ mma

MMA_TYPES = [("f64", "f64", "f64", ""), ("f32", "f32", "f32", ""),
             ("f32", "f32", "f32", "allow_tf32"), ("f16", "f16", "f32", ""),
             ("bf16", "bf16", "f32", ""), ("i8", "i8", "i32", ""),
             *[(a, b, "f32", "") for a, b in itertools.product(FP8, FP8)],
             ("f8E4M3FN", "f8E5M2", "f32", "fast_accum")]
# Smaller than an atom, not its multiple, several of it, one row, one column.
MMA_SHAPES = [(32, 32, 32), (5, 7, 3), (24, 80, 96), (1, 33, 40), (48, 1, 17),
              (1, 1, 1), (17, 19, 130)]


def mma_operand(rng: np.random.Generator, type_: str, *shape: int) -> np.ndarray:
    """Small whole numbers, so that any order of the sum is exact; fp8 and
    tf32 have them all."""
    if type_ == "i8":
        return rng.integers(-128, 128, shape).astype(np.int8)
    return rng.integers(-4, 5, shape).astype(DTYPES[type_])


def mma_case(name: str, rng: np.random.Generator, types: tuple,
             shape: tuple[int, int, int], batch: int = 0,
             random: bool = False, transposed: str = "",
             from_edges: bool = False) -> Case:
    a, b, c, option = types
    m, n, k = shape
    lead = (batch,) if batch else ()
    make = draw if random else mma_operand
    x, y = make(rng, a, *lead, m, k), make(rng, b, *lead, k, n)
    z = mma_operand(rng, c, *lead, m, n)
    case = Case(name)
    lines = []
    rank = len(lead) + 2
    swap = [*range(len(lead)), rank - 1, rank - 2]
    for operand, value, type_ in (("x", x, a), ("y", y, b)):
        if operand in transposed:
            back = np.swapaxes(value, -1, -2)
            case.tile(f"{operand}t", type_, back)
            lines.append(f"%{operand} = tile.transpose %{operand}t {swap} : "
                         f"{tile_type(back.shape, type_)} to "
                         f"{tile_type(value.shape, type_)}")
        elif from_edges:
            # The memref ends within the tile: the rest of K is padding.
            case.memory(operand, type_, value)
            big = (value.shape[0] + 3, value.shape[1] + 5)
            big = ((m + 3, k + 5) if operand == "x" else (k + 5, n + 6))
            at = ", ".join(["%c0"] * rank)
            lines.append(f"%{operand} = tile.load %{operand}_m[{at}] : "
                         f"memref<?x?x{type_}> -> {tile_type(big, type_)}")
        else:
            case.tile(operand, type_, value)
    sizes = {"x": (*lead, m, k), "y": (*lead, k, n), "z": (*lead, m, n)}
    want = wide(z) + wide(x) @ wide(y)
    if from_edges:
        sizes = {"x": (m + 3, k + 5), "y": (k + 5, n + 6), "z": (m + 3, n + 6)}
        want = np.pad(want, ((0, 3), (0, 6)))
        z = np.pad(z, ((0, 3), (0, 6)))
    case.tile("z", c, z)
    lines.append(f"%d = tile.mma %x, %y, %z {{{option}}} : "
                 f"{tile_type(sizes['x'], a)}, {tile_type(sizes['y'], b)}, "
                 f"{tile_type(sizes['z'], c)}")
    case.body = "\n".join(lines)
    if not random:
        return case.result("d", c, want.astype(DTYPES[c]))
    total = np.abs(wide(z)) + np.abs(wide(x)) @ np.abs(wide(y))
    epsilon = 2.0**-FORMATS[c][0] * 4
    if option == "allow_tf32":
        epsilon = 2.0**-10
    if option == "fast_accum":
        epsilon = 2.0**-12
    return case.result("d", c, want, within(epsilon * total))


def mma_cases() -> Iterator[Case]:
    rng = np.random.default_rng(41)
    for number, types in enumerate(MMA_TYPES):
        name = "mma " + " ".join(types)
        shapes = MMA_SHAPES if types[0] not in FP8 or types[0] == types[1] \
            else [MMA_SHAPES[0], MMA_SHAPES[1 + number % 6]]
        for shape in shapes:
            yield mma_case(f"{name} {shape}", rng, types, shape)
        yield mma_case(f"{name} random", rng, types, (16, 24, 64),
                       random=types[2] != "i32")
        yield mma_case(f"{name} batched", rng, types, (9, 18, 20), batch=3)
        yield mma_case(f"{name} edges", rng, types, (21, 26, 27),
                       from_edges=True)
        for operands in ("x", "y", "xy"):
            yield mma_case(f"{name} transposed {operands}", rng, types,
                           (16, 40, 33), transposed=operands)
        yield chained_mma(f"{name} chained", rng, types)


def chained_mma(name: str, rng: np.random.Generator, types: tuple) -> Case:
    """Sums over a loop with ragged K, then the result is an operand."""
    a, b, c, option = types
    m, n, k, step = 16, 24, 77, 32
    x, y = mma_operand(rng, a, m, k), mma_operand(rng, b, k, n)
    zero = "0" if c == "i32" else "0.0"
    case = Case(name).memory("x", a, x).memory("y", b, y)
    xt, yt, zt = (tile_type(s, t) for s, t in (((m, step), a), ((step, n), b),
                                               ((m, n), c)))
    case.body = f"""
%size = memref.dim %x_m, %c1 : memref<?x?x{a}>
%step = arith.constant {step} : index
%zero = arith.constant dense<{zero}> : {zt}
%d = scf.for %k = %c0 to %size step %step iter_args(%s = %zero) -> ({zt}) {{
  %p = tile.load %x_m[%c0, %k] : memref<?x?x{a}> -> {xt}
  %q = tile.load %y_m[%k, %c0] : memref<?x?x{b}> -> {yt}
  %t = tile.mma %p, %q, %s {{{option}}} : {xt}, {yt}, {zt}
  scf.yield %t : {zt}
}}"""
    want = wide(x) @ wide(y)
    return case.result("d", c, want.astype(DTYPES[c]))


# --------------------------------------------------------------- reduce, scan

# Op, identity, reference and the types it is for.
COMBINERS = [("addf", "0.0", "sum", FLOATS), ("mulf", "1.0", "prod", FLOATS),
             ("maximumf", "low", "max", FLOATS),
             ("minimumf", "high", "min", FLOATS),
             ("addi", "0", "sum", INTS), ("muli", "1", "prod", INTS),
             ("andi", "-1", "and", ["i1", *INTS]),
             ("ori", "0", "or", ["i1", *INTS]),
             ("xori", "0", "xor", ["i1", *INTS]),
             ("maxsi", "low", "max", INTS), ("minsi", "high", "min", INTS)]


def identity(type_: str, text: str) -> str:
    if type_ == "i1":
        return {"0": "false", "-1": "true"}[text]
    if text in ("low", "high"):
        if not is_float(type_):
            info = np.iinfo(DTYPES[type_])
            text = str(info.min if text == "low" else info.max)
        else:
            largest = FORMATS[type_][2]
            value = np.array([-largest if text == "low" else largest])
            stored = value.astype(DTYPES[type_])
            text = "0x" + stored.tobytes()[::-1].hex().upper()
    return f"{text} : {type_}"


def numbers(rng: np.random.Generator, type_: str, kind: str,
            shape: tuple[int, ...]) -> np.ndarray:
    """Inputs for which every order of the combiner is exact."""
    if type_ == "i1":
        return rng.integers(0, 2, shape).astype(np.bool_)
    if not is_float(type_):
        info = np.iinfo(DTYPES[type_])
        return rng.integers(info.min, info.max, shape, DTYPES[type_])
    if kind == "prod":
        # +-1 and a few powers of two that stay in range.
        x = rng.choice([-1.0, 1.0], shape)
        flat = x.reshape(-1)
        flat[rng.integers(0, x.size, 1)] *= 2
        return x.astype(DTYPES[type_])
    if kind == "sum":
        # Sums of so few small numbers are exact in 2 bits of mantissa.
        x = np.zeros(shape)
        flat = x.reshape(-1)
        count = 2 if type_ in FP8 else 50
        at = rng.permutation(x.size)[:count]
        flat[at] = rng.choice([-1.0, 1.0, 2.0], len(at))
        return x.astype(DTYPES[type_])
    return draw(rng, type_, *shape)


def apply(kind: str, x: np.ndarray, axis: int, scan: bool) -> np.ndarray:
    f = {"sum": np.add, "prod": np.multiply, "max": np.maximum,
         "min": np.minimum, "and": np.bitwise_and, "or": np.bitwise_or,
         "xor": np.bitwise_xor}[kind]
    method = f.accumulate if scan else f.reduce
    if x.dtype == np.bool_ or np.issubdtype(x.dtype, np.integer):
        with np.errstate(over="ignore"):
            return method(x, axis=axis, dtype=x.dtype)
    return method(wide(x), axis=axis)


def scan_of(x: np.ndarray, kind: str, axis: int, options: str,
            start: object) -> np.ndarray:
    """`start` is what an exclusive scan begins with."""
    turned = np.flip(x, axis) if "reverse" in options else x
    result = apply(kind, turned, axis, True)
    if "exclusive" in options:
        result = np.roll(result, 1, axis)
        first = [slice(None)] * x.ndim
        first[axis] = 0
        result[tuple(first)] = start
    return np.flip(result, axis) if "reverse" in options else result


def combiner_case(name: str, rng: np.random.Generator, op: str, text: str,
                  kind: str, type_: str, shape: tuple[int, ...], axis: int,
                  options: str = "", scan: bool = False) -> Case:
    x = numbers(rng, type_, kind, shape)
    if scan:
        neutral = {"0": 0, "0.0": 0.0, "1": 1, "1.0": 1.0, "-1": -1}.get(text)
        if neutral is None:
            if is_float(type_):
                neutral = FORMATS[type_][2] * (-1 if text == "low" else 1)
            else:
                info = np.iinfo(x.dtype)
                neutral = info.min if text == "low" else info.max
        want = scan_of(x, kind, axis, options, neutral)
    else:
        want = apply(kind, x, axis, False)
    want = (round_to(want, type_) if is_float(type_)
            else want.astype(x.dtype))
    case = Case(name).tile("x", type_, x)
    case.body = f"""
%y = tile.{'scan' if scan else 'reduce'} %x axis {axis} identity [{identity(type_, text)}] {{{options}}} : ({tile_type(shape, type_)}) -> ({tile_type(want.shape, type_)}) {{
^bb0(%a: {type_}, %b: {type_}):
  %r = arith.{op} %a, %b : {type_}
  tile.yield %r : {type_}
}}"""
    return case.result("y", type_, want)


REDUCED = [((5,), 0), ((1,), 0), ((1000,), 0), ((33, 96), 0), ((33, 96), 1),
           ((3, 5, 24), 0), ((3, 5, 24), 1), ((3, 5, 24), 2), ((96, 1), 1),
           ((1, 80), 0)]
SCAN_OPTIONS = ["", "exclusive", "reverse", "exclusive, reverse"]


def reduce_cases() -> Iterator[Case]:
    rng = np.random.default_rng(42)
    number = 0
    for op, text, kind, types in COMBINERS:
        for type_ in types:
            full = op in ("addf", "addi", "ori")
            for shape, axis in (REDUCED if full else
                                REDUCED[number % 2::3] + REDUCED[4:5]):
                yield combiner_case(f"reduce {op} {type_} {shape} {axis}", rng,
                                    op, text, kind, type_, shape, axis)
            number += 1
    for type_ in ("f32", "f64", "bf16", "i64"):
        yield from tuple_cases(rng, type_)


def scan_cases() -> Iterator[Case]:
    rng = np.random.default_rng(43)
    number = 0
    for op, text, kind, types in COMBINERS:
        for type_ in types:
            for shape, axis in REDUCED:
                full = op in ("addi", "addf") and type_ in ("i32", "f32")
                if not full and (number + len(shape) + axis) % 4:
                    number += 1
                    continue
                for n, options in enumerate(SCAN_OPTIONS):
                    if full or n == number % 4:
                        yield combiner_case(
                            f"scan {op} {type_} {shape} {axis} {options}", rng,
                            op, text, kind, type_, shape, axis, options, True)
                number += 1
    for shape, axis in REDUCED:
        for options in SCAN_OPTIONS:
            yield affine_scan(rng, shape, axis, options)
    yield from keep_first(rng)


def tuple_cases(rng: np.random.Generator, type_: str) -> Iterator[Case]:
    """Combiners of several operands."""
    compare = ("arith.cmpf ogt", "arith.cmpf oeq") if is_float(type_) else (
        "arith.cmpi sgt,".rstrip(","), "arith.cmpi eq")
    lowest = identity(type_, "low")
    for shape, axis in (((5, 77), 1), ((40, 9), 0), ((1000,), 0),
                        ((2, 33, 3), 1)):
        x = rng.integers(-20, 20, shape).astype(DTYPES[type_])
        out = tuple(n for d, n in enumerate(shape) if d != axis)
        case = Case(f"argmax {type_} {shape} {axis}").tile("x", type_, x)
        xt, it = tile_type(shape, type_), tile_type(shape, "i32")
        case.body = f"""
%i = tile.iota dim {axis} : {it}
%m:2 = tile.reduce %x, %i axis {axis} identity [{lowest}, 2147483647 : i32] : ({xt}, {it}) -> ({tile_type(out, type_)}, {tile_type(out, 'i32')}) {{
^bb0(%a: {type_}, %ai: i32, %b: {type_}, %bi: i32):
  %gt = {compare[0]}, %a, %b : {type_}
  %eq = {compare[1]}, %a, %b : {type_}
  %lo = arith.cmpi slt, %ai, %bi : i32
  %tie = arith.andi %eq, %lo : i1
  %first = arith.ori %gt, %tie : i1
  %v = arith.select %first, %a, %b : {type_}
  %w = arith.select %first, %ai, %bi : i32
  tile.yield %v, %w : {type_}, i32
}}
%v = tile.reshape %m#0 : {tile_type(out, type_)} to {tile_type(out or (1,), type_)}
%w = tile.reshape %m#1 : {tile_type(out, 'i32')} to {tile_type(out or (1,), 'i32')}"""
        case.result("v", type_, np.max(x, axis).reshape(out or (1,)))
        yield case.result("w", "i32", np.argmax(wide(x), axis).astype(
            np.int32).reshape(out or (1,)))
    if type_ not in ("f32", "f64"):
        return
    for shape, axis in (((6, 96), 1), ((33, 5), 0), ((1000,), 0)):
        x = draw(rng, type_, *shape)
        out = tuple(n for d, n in enumerate(shape) if d != axis)
        case = Case(f"welford {type_} {shape} {axis}").tile("x", type_, x)
        xt, ot = tile_type(shape, type_), tile_type(out, type_)
        case.body = f"""
%zeros = arith.constant dense<0.0> : {xt}
%ones = arith.constant dense<1.0> : {xt}
%m:3 = tile.reduce %x, %zeros, %ones axis {axis} identity [0.0 : {type_}, 0.0 : {type_}, 0.0 : {type_}] : ({xt}, {xt}, {xt}) -> ({ot}, {ot}, {ot}) {{
^bb0(%am: {type_}, %as: {type_}, %an: {type_}, %bm: {type_}, %bs: {type_}, %bn: {type_}):
  %zero = arith.constant 0.0 : {type_}
  %one = arith.constant 1.0 : {type_}
  %n = arith.addf %an, %bn : {type_}
  %safe = arith.maximumf %n, %one : {type_}
  %part = arith.divf %bn, %safe : {type_}
  %d = arith.subf %bm, %am : {type_}
  %dp = arith.mulf %d, %part : {type_}
  %mean = arith.addf %am, %dp : {type_}
  %dd = arith.mulf %d, %dp : {type_}
  %ddn = arith.mulf %dd, %an : {type_}
  %s = arith.addf %as, %bs : {type_}
  %sum = arith.addf %s, %ddn : {type_}
  tile.yield %mean, %sum, %n : {type_}, {type_}, {type_}
}}
%mean = arith.addf %m#0, %m#0 : {ot}
%var = arith.addf %m#1, %m#1 : {ot}
%count = arith.addf %m#2, %m#2 : {ot}"""
        tolerance = 64 * 2.0**-FORMATS[type_][0]
        v = wide(x)
        case.result("mean", type_, 2 * v.mean(axis), within(tolerance * 4))
        case.result("var", type_, 2 * v.var(axis) * shape[axis],
                    within(tolerance, 8 * tolerance))
        yield case.result("count", type_, np.full(
            out, 2.0 * shape[axis]).astype(x.dtype))


def affine_scan(rng: np.random.Generator, shape: tuple[int, ...], axis: int,
                options: str) -> Case:
    """Composition of x -> a x + b modulo 2^32: associative, not commutative."""
    a, b = (rng.integers(-2**31, 2**31, shape).astype(np.int32)
            for _ in range(2))
    t = tile_type(shape, "i32")
    case = Case(f"scan affine {shape} {axis} {options}")
    case.tile("a", "i32", a).tile("b", "i32", b)
    case.body = f"""
%s:2 = tile.scan %a, %b axis {axis} identity [1 : i32, 0 : i32] {{{options}}} : ({t}, {t}) -> ({t}, {t}) {{
^bb0(%la: i32, %lb: i32, %ra: i32, %rb: i32):
  %p = arith.muli %la, %ra : i32
  %q = arith.muli %lb, %ra : i32
  %r = arith.addi %q, %rb : i32
  tile.yield %p, %r : i32, i32
}}
%one = arith.constant dense<1> : {t}
%u = arith.muli %s#0, %one : {t}
%v = arith.muli %s#1, %one : {t}"""
    u, v = np.zeros_like(a), np.zeros_like(b)
    rows_a = np.moveaxis(a, axis, 0).astype(object)
    rows_b = np.moveaxis(b, axis, 0).astype(object)
    out_u, out_v = np.moveaxis(u, axis, 0), np.moveaxis(v, axis, 0)
    order = range(shape[axis])
    p, q = np.ones(rows_a.shape[1:], object), np.zeros(rows_a.shape[1:], object)
    for i in (reversed(order) if "reverse" in options else order):
        if "exclusive" in options:
            out_u[i], out_v[i] = signed(p), signed(q)
        p, q = p * rows_a[i], q * rows_a[i] + rows_b[i]
        p, q = p % 2**32, q % 2**32
        if "exclusive" not in options:
            out_u[i], out_v[i] = signed(p), signed(q)
    return case.result("u", "i32", u).result("v", "i32", v)


def signed(x: object) -> np.ndarray:
    return np.asarray(x % 2**32).astype(np.uint64).astype(np.uint32).view(
        np.int32)


def keep_first(rng: np.random.Generator) -> Iterator[Case]:
    """The first operand that is not the identity."""
    for type_, options in itertools.product(INTS, SCAN_OPTIONS[:3:2]):
        x = np.where(rng.random((5, 96)) < 0.9, -1,
                     rng.integers(0, 100, (5, 96))).astype(DTYPES[type_])
        t = tile_type((5, 96), type_)
        case = Case(f"scan first {type_} {options}").tile("x", type_, x)
        case.body = f"""
%y = tile.scan %x axis 1 identity [-1 : {type_}] {{{options}}} : ({t}) -> ({t}) {{
^bb0(%a: {type_}, %b: {type_}):
  %m = arith.constant -1 : {type_}
  %e = arith.cmpi eq, %a, %m : {type_}
  %r = arith.select %e, %b, %a : {type_}
  tile.yield %r : {type_}
}}"""
        turned = x[:, ::-1] if "reverse" in options else x
        want = np.array([[next((v for v in row[:j + 1] if v != -1), -1)
                          for j in range(96)] for row in turned])
        want = want[:, ::-1] if "reverse" in options else want
        yield case.result("y", type_, want.astype(x.dtype))


# ---------------------------------------------------------------------- views

def view_case(name: str, type_: str, x: np.ndarray, op: str,
              want: np.ndarray) -> Case:
    case = Case(name).tile("x", type_, x)
    case.body = (f"%y = {op} : {tile_type(x.shape, type_)} to "
                 f"{tile_type(want.shape, type_)}")
    return case.result("y", type_, want.copy())


def view_cases() -> Iterator[Case]:
    rng = np.random.default_rng(44)
    for type_ in MEMORY_TYPES:
        for source, target in [((5, 1), (5, 24)), ((1, 24), (5, 24)),
                               ((1, 1), (33, 5)), ((3, 1, 7), (3, 5, 7)),
                               ((1, 5, 1), (4, 5, 6)), ((), (3, 80)),
                               ((1,), (192,)), ((2, 1, 1, 3), (2, 3, 4, 3))]:
            x = draw(rng, type_, *source)
            yield view_case(f"broadcast {type_} {source} {target}", type_, x,
                            "tile.broadcast %x", np.broadcast_to(x, target))
        for source, target in [((6, 20), (8, 15)), ((96,), (4, 24)),
                               ((5, 24), (120,)), ((3, 5, 8), (24, 5)),
                               ((80, 3), (2, 4, 30)), ((1,), ()), ((), (1, 1)),
                               ((7, 1), (1, 7)), ((2, 3, 4, 5), (15, 8)),
                               ((64, 64), (4096,)), ((33,), (33, 1)),
                               ((45, 77), (77, 45)), ((37, 3), (3, 37))]:
            x = draw(rng, type_, *source)
            yield view_case(f"reshape {type_} {source} {target}", type_, x,
                            "tile.reshape %x", x.reshape(target))
        for shape, perm in [((33, 17), (1, 0)), ((1, 80), (1, 0)),
                            ((64, 64), (1, 0)), ((2, 3, 4, 5), (3, 1, 0, 2)),
                            *[((5, 18, 24), p) for p in
                              itertools.permutations(range(3))]]:
            x = draw(rng, type_, *shape)
            yield view_case(f"transpose {type_} {shape} {perm}", type_, x,
                            f"tile.transpose %x {list(perm)}", x.transpose(perm))
        for shape, at, size in [((64, 96), (0, 32), (64, 32)),
                                ((5, 24), (3, 7), (2, 9)), ((80,), (79,), (1,)),
                                ((192,), (64,), (96,)),
                                ((4096,), (5,), (900,)),
                                ((3, 5, 24), (1, 2, 8), (2, 1, 16))]:
            x = draw(rng, type_, *shape)
            where = tuple(slice(o, o + n) for o, n in zip(at, size))
            yield view_case(f"extract_slice {type_} {shape} {at} {size}", type_,
                            x, f"tile.extract_slice %x {list(at)}", x[where])
        table = draw(rng, type_, 3, 7)
        case = Case(f"constant {type_}")
        items = ", ".join("[" + ", ".join(literal(v, type_) for v in row) + "]"
                          for row in table)
        case.body = (f"%y = arith.constant dense<[{items}]> : "
                     f"{tile_type((3, 7), type_)}")
        yield case.result("y", type_, table)
        case = Case(f"splat {type_}")
        case.body = (f"%y = arith.constant dense<{literal(table[0, 0], type_)}>"
                     f" : {tile_type((5, 80), type_)}")
        yield case.result("y", type_, np.full((5, 80), table[0, 0]))
    for type_ in [*INTS, "index"]:
        for shape, dim in [((96,), 0), ((5, 24), 0), ((5, 24), 1),
                           ((3, 4, 33), 2), ((3, 4, 33), 1), ((1000,), 0),
                           ((2, 3, 1, 5), 3)]:
            memory = "i64" if type_ == "index" else type_
            want = np.indices(shape)[dim].astype(DTYPES[memory])
            case = Case(f"iota {type_} {shape} {dim}")
            case.body = f"%y = tile.iota dim {dim} : {tile_type(shape, type_)}"
            if type_ == "index":
                case.body = (f"%i = tile.iota dim {dim} : {tile_type(shape, type_)}\n"
                             f"%y = arith.index_cast %i : "
                             f"{tile_type(shape, type_)} to "
                             f"{tile_type(shape, 'i64')}")
            yield case.result("y", memory, want)
    yield from chains(rng)


def literal(value: object, type_: str) -> str:
    if type_ == "i1":
        return "true" if value else "false"
    if not is_float(type_):
        return str(int(value))
    return "0x" + np.asarray(value).tobytes()[::-1].hex().upper()


def chains(rng: np.random.Generator) -> Iterator[Case]:
    """Views of views, and views around other ops."""
    for type_ in ("f32", "f16", "i8", "i64", "i1"):
        x = draw(rng, type_, 8, 15)
        want = x.reshape(6, 20).T.reshape(5, 24)[1:4, 3:20].T
        case = Case(f"chain {type_}").tile("x", type_, x)
        case.body = f"""
%a = tile.reshape %x : tensor<8x15x{type_}> to tensor<6x20x{type_}>
%b = tile.transpose %a [1, 0] : tensor<6x20x{type_}> to tensor<20x6x{type_}>
%c = tile.reshape %b : tensor<20x6x{type_}> to tensor<5x24x{type_}>
%d = tile.extract_slice %c [1, 3] : tensor<5x24x{type_}> to tensor<3x17x{type_}>
%y = tile.transpose %d [1, 0] : tensor<3x17x{type_}> to tensor<17x3x{type_}>"""
        yield case.result("y", type_, want)
    x = rng.integers(-9, 9, (24, 40)).astype(np.float32)
    case = Case("reduce of transpose minus row").tile("x", "f32", x)
    case.body = """
%t = tile.transpose %x [1, 0] : tensor<24x40xf32> to tensor<40x24xf32>
%s = tile.reduce %t axis 0 identity [0.0 : f32] : (tensor<40x24xf32>) -> (tensor<24xf32>) {
^bb0(%a: f32, %b: f32):
  %r = arith.addf %a, %b : f32
  tile.yield %r : f32
}
%c = tile.reshape %s : tensor<24xf32> to tensor<24x1xf32>
%w = tile.broadcast %c : tensor<24x1xf32> to tensor<24x40xf32>
%y = arith.subf %x, %w : tensor<24x40xf32>"""
    yield case.result("y", "f32", (x - x.sum(1, keepdims=True)))
