# op_elementwise.py - cases of arith, math and conversions on every type.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

from __future__ import annotations

import itertools
import math
from typing import Iterator

import numpy as np

from op_harness import (DTYPES, FLOATS, FORMATS, INTS, MEMORY_TYPES,
                        WIDE_FLOATS, Case, draw, is_float, round_to, tile_type,
                        ulps, wide, width)


def boundary_values(type_: str) -> np.ndarray:
    """Numbers of `type_` where arithmetic goes wrong, as stored."""
    mantissa, least, largest = FORMATS[type_]
    dtype = DTYPES[type_]
    if dtype.itemsize == 1:
        return np.arange(256, dtype=np.uint8).view(dtype)
    tiny, unit = 2.0**(least - mantissa), 2.0**-mantissa
    values = [0.0, tiny, 3 * tiny, 2.0**least, 2.0**least - tiny,
              1.0, 1 + unit, 1.5, 2.0, 3.0, 0.5, 0.1, 100.0, largest,
              largest * (1 - unit), np.inf, np.nan]
    values = np.array(values + [-v for v in values])
    return values.astype(dtype)


def all_pairs(type_: str, count: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of boundary values and of ordinary numbers."""
    rng = np.random.default_rng(21)
    special = boundary_values(type_)
    picked = [np.concatenate([rng.choice(special, count // 2),
                              draw(rng, type_, count - count // 2)])
              for _ in range(2)]
    zeros = np.array([0.0, -0.0, 0.0, -0.0, np.nan, 1.0])
    picked[0][:6] = zeros.astype(picked[0].dtype)
    picked[1][:6] = zeros[[1, 0, 0, 1, 5, 4]].astype(picked[1].dtype)
    return picked[0], picked[1]


def elementwise(name: str, op: str, ins: list[tuple[str, np.ndarray]],
                out: str, want: np.ndarray, check=None) -> Case:
    """One op; `op` has {0}, {1} for operands and {t}, {o} for tile types."""
    case = Case(name)
    for n, (type_, value) in enumerate(ins):
        case.tile(f"x{n}", type_, value)
    shape = np.shape(want)
    text = op.format(*(f"%x{n}" for n in range(len(ins))),
                     t=tile_type(shape, ins[0][0] if ins else out),
                     o=tile_type(shape, out),
                     b=tile_type(shape, "i1"))
    case.body = "\n".join([*text.splitlines()[:-1],
                           "%y = " + text.splitlines()[-1]])
    return case.result("y", out, want, *([check] if check else []))


# ------------------------------------------------------------------- integers

def int_pairs(type_: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(22)
    info = np.iinfo(DTYPES[type_])
    edge = [info.min, info.min + 1, -1, 0, 1, 2, 7, info.max - 1, info.max]
    pairs = list(itertools.product(edge, edge))
    a = np.array([p[0] for p in pairs], DTYPES[type_])
    b = np.array([p[1] for p in pairs], DTYPES[type_])
    extra = rng.integers(info.min, info.max, (2, 15), DTYPES[type_])
    return np.concatenate([a, extra[0]]), np.concatenate([b, extra[1]])


def wrap(values: np.ndarray, type_: str) -> np.ndarray:
    """Python integers modulo 2^bits."""
    bits = width(type_)
    flat = [((int(v) + (1 << (bits - 1))) % (1 << bits)) - (1 << (bits - 1))
            for v in np.ravel(values)]
    return np.array(flat, DTYPES[type_]).reshape(np.shape(values))


def int_cases() -> Iterator[Case]:
    for type_ in INTS:
        a, b = int_pairs(type_)
        x, y = a.astype(object), b.astype(object)
        modulus = 1 << width(type_)
        ux, uy = x % modulus, y % modulus
        results = {
            "addi": x + y, "subi": x - y, "muli": x * y, "andi": x & y,
            "ori": x | y, "xori": x ^ y, "maxsi": np.maximum(x, y),
            "minsi": np.minimum(x, y), "maxui": np.maximum(ux, uy),
            "minui": np.minimum(ux, uy)}
        for op, want in results.items():
            yield elementwise(f"{op} {type_}", f"arith.{op} {{0}}, {{1}} : {{t}}",
                              [(type_, a), (type_, b)], type_,
                              wrap(want, type_))
        # Division is defined where it does not overflow.
        low = int(np.iinfo(a.dtype).min)
        ok = (y != 0) & ~((x == low) & (y == -1))
        d, u = np.where(ok, y, 1), np.where(y != 0, uy, 1)
        stored_d, stored_u = wrap(d, type_), wrap(u, type_)
        quotient = abs(x) // abs(d) * np.where((x < 0) != (d < 0), -1, 1)
        divisions = {
            "divsi": (stored_d, quotient), "remsi": (stored_d, x - quotient * d),
            "floordivsi": (stored_d, x // d), "ceildivsi": (stored_d, -(-x // d)),
            "divui": (stored_u, ux // u), "remui": (stored_u, ux % u),
            "ceildivui": (stored_u, -(-ux // u))}
        for op, (right, want) in divisions.items():
            yield elementwise(f"{op} {type_}", f"arith.{op} {{0}}, {{1}} : {{t}}",
                              [(type_, a), (type_, right)], type_,
                              wrap(want, type_))
        amount = (np.arange(a.size) % width(type_)).astype(a.dtype)
        by = amount.astype(object)
        shifts = {"shli": [v << n for v, n in zip(x, by)],
                  "shrsi": [v >> n for v, n in zip(x, by)],
                  "shrui": [v >> n for v, n in zip(ux, by)]}
        for op, want in shifts.items():
            yield elementwise(f"{op} {type_}", f"arith.{op} {{0}}, {{1}} : {{t}}",
                              [(type_, a), (type_, amount)], type_,
                              wrap(np.array(want, object), type_))
        compare = {"eq": x == y, "ne": x != y, "slt": x < y, "sle": x <= y,
                   "sgt": x > y, "sge": x >= y, "ult": ux < uy,
                   "ule": ux <= uy, "ugt": ux > uy, "uge": ux >= uy}
        for predicate, want in compare.items():
            yield elementwise(f"cmpi {predicate} {type_}",
                              f"arith.cmpi {predicate}, {{0}}, {{1}} : {{t}}",
                              [(type_, a), (type_, b)], "i1",
                              want.astype(np.bool_))
        bits = width(type_)
        text = [format(int(v), f"0{bits}b") for v in ux]
        counts = {"ctpop": [t.count("1") for t in text],
                  "ctlz": [len(t) - len(t.lstrip("0")) for t in text],
                  "cttz": [len(t) - len(t.rstrip("0")) for t in text],
                  "absi": [abs(v) for v in x]}
        for op, want in counts.items():
            yield elementwise(f"{op} {type_}", f"math.{op} {{0}} : {{t}}",
                              [(type_, a)], type_, wrap(np.array(want, object),
                                                        type_))
        exponent = np.abs(b.astype(np.int64) % 9).astype(b.dtype)
        power = np.array([int(v) ** int(n) for v, n in zip(a, exponent)],
                         object)
        yield elementwise(f"ipowi {type_}", "math.ipowi {0}, {1} : {t}",
                          [(type_, a), (type_, exponent)], type_,
                          wrap(power, type_))
        low_half = wrap(x * y, type_).astype(object)
        yield elementwise(
            f"mulsi_extended {type_}",
            "%lo, %hi = arith.mulsi_extended {0}, {1} : {t}\n"
            "arith.xori %lo, %hi : {t}", [(type_, a), (type_, b)], type_,
            wrap(low_half ^ ((x * y) >> bits), type_))
        yield elementwise(
            f"mului_extended {type_}",
            "%lo, %hi = arith.mului_extended {0}, {1} : {t}\n"
            "arith.xori %lo, %hi : {t}", [(type_, a), (type_, b)], type_,
            wrap(low_half ^ ((ux * uy) >> bits), type_))
        yield elementwise(
            f"addui_extended {type_}",
            "%sum, %over = arith.addui_extended {0}, {1} : {t}, {b}\n"
            "arith.select %over, {0}, %sum : {b}, {t}",
            [(type_, a), (type_, b)], type_,
            wrap(np.where(ux + uy >= modulus, x, x + y), type_))
    rng = np.random.default_rng(23)
    a, b = draw(rng, "i1", 40), draw(rng, "i1", 40)
    for op, want in {"andi": a & b, "ori": a | b, "xori": a ^ b,
                     "addi": a ^ b, "muli": a & b}.items():
        yield elementwise(f"{op} i1", f"arith.{op} {{0}}, {{1}} : {{t}}",
                          [("i1", a), ("i1", b)], "i1", want)
    for predicate, want in {"eq": a == b, "ne": a != b, "ult": ~a & b,
                            "slt": a & ~b}.items():
        yield elementwise(f"cmpi {predicate} i1",
                          f"arith.cmpi {predicate}, {{0}}, {{1}} : {{t}}",
                          [("i1", a), ("i1", b)], "i1", want)


def cast_cases() -> Iterator[Case]:
    all_ints = ["i1", *INTS]
    for a, b in itertools.product(all_ints, all_ints):
        if a == b:
            continue
        x = (np.array([False, True] * 20) if a == "i1" else int_pairs(a)[0])
        values = x.astype(object)
        if a == "i1":
            values = -x.astype(np.int64).astype(object)
        unsigned = values % (1 << width(a))
        wider = width(b) > width(a)
        for op, source in ([("extsi", values), ("extui", unsigned)] if wider
                           else [("trunci", values)]):
            want = (np.array([int(v) & 1 for v in source], np.bool_)
                    if b == "i1" else wrap(source, b))
            yield elementwise(f"{op} {a} {b}", f"arith.{op} {{0}} : {{t}} to {{o}}",
                              [(a, x)], b, want)
    for a, f in itertools.product(all_ints, FLOATS):
        x = (np.array([False, True] * 20) if a == "i1" else int_pairs(a)[0])
        values = (-x.astype(np.int64).astype(object) if a == "i1"
                  else x.astype(object))
        for op, source in (("sitofp", values),
                           ("uitofp", values % (1 << width(a)))):
            yield elementwise(f"{op} {a} {f}", f"arith.{op} {{0}} : {{t}} to {{o}}",
                              [(a, x)], f, round_integers(source, f))
    for f, a in itertools.product(FLOATS, INTS):
        low, high = -2.0**(width(a) - 1), 2.0**(width(a) - 1)
        x = boundary_values(f)
        v = wide(x)
        with np.errstate(all="ignore"):
            signed = (np.trunc(v) >= low) & (np.trunc(v) < high)
            plain = (np.trunc(v) >= 0) & (np.trunc(v) < 2 * high)
        for op, ok in (("fptosi", signed), ("fptoui", plain)):
            kept = np.where(ok, x, np.zeros(1, x.dtype)).astype(x.dtype)
            want = wrap(np.array([int(n) for n in wide(kept)], object), a)
            yield elementwise(f"{op} {f} {a}", f"arith.{op} {{0}} : {{t}} to {{o}}",
                              [(f, kept)], a, want)
    for f in FLOATS:
        x = boundary_values(f)
        same = f"i{width(f)}"
        yield elementwise(f"bitcast {f}", "arith.bitcast {0} : {t} to {o}",
                          [(f, x)], same, x.view(DTYPES[same]))
        yield elementwise(f"bitcast to {f}", "arith.bitcast {0} : {t} to {o}",
                          [(same, x.view(DTYPES[same]))], f, x)
    for a in ("i32", "i64"):
        x = int_pairs(a)[0]
        kind = tile_type(x.shape, "index")
        yield elementwise(f"index_cast {a}",
                          f"%i = arith.index_cast {{0}} : {{t}} to {kind}\n"
                          f"%j = arith.addi %i, %i : {kind}\n"
                          f"arith.index_cast %j : {kind} to {{t}}",
                          [(a, x)], a, wrap(x.astype(object) * 2, a))


def round_integers(values: np.ndarray, type_: str) -> np.ndarray:
    """Python integers rounded once; a sticky bit keeps f64 exact enough."""
    reduced = []
    for value in values:
        magnitude, sign = abs(int(value)), -1.0 if value < 0 else 1.0
        if type_ != "f64" and magnitude >> 53:
            magnitude = (magnitude >> 12 << 12) | (
                4096 if magnitude & 4095 else 0)
        reduced.append(sign * float(magnitude))
    return round_to(np.array(reduced), type_)


# --------------------------------------------------------------------- floats

def annex_f_max(x: np.ndarray, y: np.ndarray, number: bool) -> np.ndarray:
    with np.errstate(all="ignore"):
        larger = np.where((x > y) | ((x == y) & ~np.signbit(x)), x, y)
        if number:
            return np.where(np.isnan(x), y, np.where(np.isnan(y), x, larger))
        return np.where(np.isnan(x) | np.isnan(y), np.nan, larger)


def same_or_zero(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """maxnumf and minnumf of two zeros may have either sign."""
    g, w = wide(got), wide(want)
    with np.errstate(all="ignore"):
        return ~((g == w) | (np.isnan(g) & np.isnan(w)))


def float_cases() -> Iterator[Case]:
    with np.errstate(all="ignore"):
        yield from _float_cases()


def _float_cases() -> Iterator[Case]:
    for type_ in FLOATS:
        a, b = all_pairs(type_)
        x, y = wide(a), wide(b)
        binary = {"addf": x + y, "subf": x - y, "mulf": x * y, "divf": x / y,
                  "maximumf": annex_f_max(x, y, False),
                  "minimumf": -annex_f_max(-x, -y, False),
                  "maxnumf": annex_f_max(x, y, True),
                  "minnumf": -annex_f_max(-x, -y, True),
                  "remf": np.fmod(x, y)}
        for op, value in binary.items():
            want = round_to(value, type_)
            check = [same_or_zero] if "num" in op else []
            yield elementwise(f"{op} {type_}", f"arith.{op} {{0}}, {{1}} : {{t}}",
                              [(type_, a), (type_, b)], type_, want, *check)
        unordered = np.isnan(x) | np.isnan(y)
        ordered = {"eq": x == y, "gt": x > y, "ge": x >= y, "lt": x < y,
                   "le": x <= y, "ne": (x != y) & ~unordered}
        predicates = {f"o{p}": w & ~unordered for p, w in ordered.items()}
        predicates |= {f"u{p}": w | unordered for p, w in ordered.items()}
        predicates |= {"ord": ~unordered, "uno": unordered}
        for predicate, want in predicates.items():
            yield elementwise(f"cmpf {predicate} {type_}",
                              f"arith.cmpf {predicate}, {{0}}, {{1}} : {{t}}",
                              [(type_, a), (type_, b)], "i1", want)
        special = boundary_values(type_)
        v = wide(special)
        away = np.copysign(np.floor(np.abs(v) + 0.5), v)
        away = np.where(np.abs(v) >= 2.0**52, v, away)
        unary = {"math.absf": np.abs(v), "math.floor": np.floor(v),
                 "math.ceil": np.ceil(v), "math.trunc": np.trunc(v),
                 "math.roundeven": np.rint(v), "math.round": away,
                 "math.sqrt": np.sqrt(v), "arith.negf": -v}
        for op, value in unary.items():
            yield elementwise(f"{op} {type_}", f"{op} {{0}} : {{t}}",
                              [(type_, special)], type_, round_to(value, type_))
        yield elementwise(f"copysign {type_}", "math.copysign {0}, {1} : {t}",
                          [(type_, a), (type_, b)], type_,
                          round_to(np.copysign(x, y), type_),
                          same_or_zero if type_.endswith("FNUZ") else None)
        for op, want in {"isnan": np.isnan(v), "isinf": np.isinf(v),
                         "isfinite": np.isfinite(v)}.items():
            yield elementwise(f"{op} {type_}", f"math.{op} {{0}} : {{t}}",
                              [(type_, special)], "i1", want)
        rng = np.random.default_rng(24)
        p, q, r = (draw(rng, type_, 50) for _ in range(3))
        if type_ == "f64":
            product = [np.float64(np.longdouble(i) * j + k)
                       for i, j, k in zip(p, q, r)]
            yield elementwise("fma f64", "math.fma {0}, {1}, {2} : {t}",
                              [(type_, p), (type_, q), (type_, r)], type_,
                              np.array(product), ulps("f64", 1))
        else:
            product = np.longdouble(wide(p)) * wide(q) + wide(r)
            yield elementwise(f"fma {type_}", "math.fma {0}, {1}, {2} : {t}",
                              [(type_, p), (type_, q), (type_, r)], type_,
                              round_to(product.astype(np.float64), type_))
        flag = draw(rng, "i1", 50)
        yield elementwise(f"select {type_}",
                          "arith.select {2}, {0}, {1} : {b}, {t}",
                          [(type_, p), (type_, q), ("i1", flag)], type_,
                          np.where(flag, p, q).astype(p.dtype))
        power = rng.integers(-3, 5, 50).astype(np.int32)
        kind = tile_type((50,), "i32")
        yield elementwise(f"fpowi {type_}", f"math.fpowi {{0}}, {{1}} : {{t}}, {kind}",
                          [(type_, p), ("i32", power)], type_,
                          wide(p) ** power, ulps(type_, 2))
    for type_ in ["i1", *INTS]:
        rng = np.random.default_rng(25)
        p, q, flag = draw(rng, type_, 50), draw(rng, type_, 50), draw(rng, "i1", 50)
        yield elementwise(f"select {type_}",
                          "arith.select {2}, {0}, {1} : {b}, {t}",
                          [(type_, p), (type_, q), ("i1", flag)], type_,
                          np.where(flag, p, q))


def vector(f):
    return lambda *xs: np.array([f(*map(float, x)) for x in zip(*xs)])


def guarded(f):
    def call(*xs):
        try:
            return f(*xs)
        except OverflowError:
            return math.inf
        except ValueError:
            return math.nan
    return vector(call)


# Function, interval of arguments, bound in ulp on f32 and on f64.
MATH = {
    "exp": (guarded(math.exp), (-20, 20), 1.2),
    "exp2": (guarded(lambda v: 2.0**v), (-20, 20), 1.2),
    "expm1": (guarded(math.expm1), (-5, 5), 2),
    "sinh": (guarded(math.sinh), (-8, 8), 2.5),
    "cosh": (guarded(math.cosh), (-8, 8), 2.5),
    "tanh": (guarded(math.tanh), (-6, 6), 3),
    "log": (guarded(math.log), (0.01, 100), 1.5),
    "log2": (guarded(math.log2), (0.01, 100), 1.5),
    "log10": (guarded(math.log10), (0.01, 100), 2),
    "log1p": (guarded(math.log1p), (-0.9, 100), 1.5),
    "asinh": (guarded(math.asinh), (-50, 50), 3),
    "acosh": (guarded(math.acosh), (1, 50), 3),
    "atanh": (guarded(math.atanh), (-0.99, 0.99), 3),
    "sin": (guarded(math.sin), (-50, 50), 1.5),
    "cos": (guarded(math.cos), (-50, 50), 1.5),
    "tan": (guarded(math.tan), (-50, 50), 4),
    "asin": (guarded(math.asin), (-1, 1), 2),
    "acos": (guarded(math.acos), (-1, 1), 2),
    "atan": (guarded(math.atan), (-50, 50), 2),
    "erf": (guarded(math.erf), (-3, 3), 2),
    "erfc": (guarded(math.erfc), (-3, 3), 5),
    "cbrt": (lambda v: np.cbrt(v), (-50, 50), 1),
    "rsqrt": (guarded(lambda v: 1 / math.sqrt(v)), (0.01, 100), 1.6),
}
APPROXIMATE = ["exp", "exp2", "log", "log2", "log10", "sin", "cos", "tanh",
               "rsqrt"]


def math_cases() -> Iterator[Case]:
    rng = np.random.default_rng(26)
    for type_, (op, (f, (low, high), bound)) in itertools.product(
            FLOATS, MATH.items()):
        x = round_to(rng.uniform(low, high, 40), type_)
        # Rounding to an 8-bit kind may leave the domain.
        x = np.where((wide(x) < low) | (wide(x) > high), np.ones(1, x.dtype),
                     x).astype(x.dtype)
        want = f(wide(x))
        narrow = type_ not in ("f64", "f32")
        yield elementwise(f"{op} {type_}", f"math.{op} {{0}} : {{t}}",
                          [(type_, x)], type_, want,
                          ulps(type_, 0.51 if narrow else bound + 0.5))
    for type_ in FLOATS:
        x, y = (round_to(np.abs(rng.standard_normal(40)) + 0.3, type_)
                for _ in range(2))
        slack = 0.51 if type_ not in ("f64", "f32") else 3
        yield elementwise(f"powf {type_}", "math.powf {0}, {1} : {t}",
                          [(type_, x), (type_, y)], type_,
                          wide(x) ** wide(y), ulps(type_, slack))
        yield elementwise(f"atan2 {type_}", "math.atan2 {0}, {1} : {t}",
                          [(type_, x), (type_, y)], type_,
                          np.arctan2(wide(x), wide(y)), ulps(type_, slack))
    for type_, op in itertools.product(WIDE_FLOATS, APPROXIMATE):
        f, (low, high), _ = MATH[op]
        x = round_to(rng.uniform(max(low, -3), min(high, 3), 40), type_)
        want = f(wide(x))
        # The hardware's functions are good to about 2^-21 of their range.
        slack = 4 + 64 * 2.0**(FORMATS[type_][0] - 23) if type_ != "f64" else 4
        atol = 2.0**-20
        near = ulps(type_, slack)

        def check(got, expected, near=near, atol=atol):
            return near(got, expected) & ~(np.abs(wide(got) - expected) <= atol)
        yield elementwise(f"{op} afn {type_}",
                          f"math.{op} {{0}} fastmath<afn> : {{t}}",
                          [(type_, x)], type_, want, check)


# ---------------------------------------------------------------- conversions

def boundaries_between(source: str, target: str) -> np.ndarray:
    """Numbers of `source` around what `target` rounds, as stored."""
    values = wide(boundary_values(target))
    mantissa, least, largest = FORMATS[target]
    rng = np.random.default_rng(27)
    random = np.ldexp(rng.uniform(1, 2, 60),
                      rng.integers(max(least - mantissa - 2, -1074), min(
                          np.frexp(largest)[1] + 1, 1023), 60))
    if len(values) > 100:
        values = values[rng.permutation(len(values))[:100]]
    tiny = np.ldexp(1.0, max(least - mantissa, -1074))
    edge = [largest, largest * (1 + 2.0**-(mantissa + 2)),
            largest * (1 + 2.0**-(mantissa + 1)) if target != "f64" else 1.0,
            tiny / 2, tiny / 2 * (1 + 2.0**-10), tiny * 1.5, tiny * 2.5,
            2.0**least * (1 - 2.0**-(mantissa + 2)), tiny / 4]
    with np.errstate(all="ignore"):
        half = values * (1 + 2.0**-(mantissa + 1))
        above = np.nextafter(half, np.inf)
        below = np.nextafter(half, -np.inf)
        everything = np.concatenate([values, half, above, below, random,
                                     -random, edge, np.negative(edge),
                                     [np.inf, -np.inf, np.nan, 0.0, -0.0]])
        return everything.astype(DTYPES[source])


def convert_cases() -> Iterator[Case]:
    modes = ["nearest_even", "toward_zero", "upward", "downward"]
    for source, target in itertools.product(FLOATS, FLOATS):
        x = boundaries_between(source, target)
        for mode, saturate in itertools.product(modes, (False, True)):
            options = [] if mode == "nearest_even" else [
                f"rounding = #tile.rounding<{mode}>"]
            options += ["saturate"] if saturate else []
            yield elementwise(
                f"convert {source} {target} {mode} {'saturate' * saturate}",
                f"tile.convert {{0}} {{{{{', '.join(options)}}}}} : {{t}} to {{o}}",
                [(source, x)], target,
                round_to(wide(x), target, mode, saturate))
    for wider, narrower in itertools.combinations(WIDE_FLOATS, 2):
        if (wider, narrower) == ("bf16", "f16"):
            continue
        x = boundaries_between(wider, narrower)
        yield elementwise(f"truncf {wider} {narrower}",
                          "arith.truncf {0} : {t} to {o}", [(wider, x)],
                          narrower, round_to(wide(x), narrower))
        x = boundary_values(narrower)
        yield elementwise(f"extf {narrower} {wider}",
                          "arith.extf {0} : {t} to {o}", [(narrower, x)],
                          wider, round_to(wide(x), wider))
