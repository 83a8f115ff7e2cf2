# test_host_random.py - random programs of tiles on the CPU, against NumPy.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every value is an i32 tile, so results are exact. Run as a script with a
number of seeds to look further than the tests do."""

from __future__ import annotations

import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import host_harness  # noqa: E402

CHIPS = host_harness.cpu_levels()
SIZES = [1, 2, 3, 5, 8, 12, 16, 20, 33]
MEMORIES = [(40, 35), (17, 60), (35, 40)]


class Program:
    """Text of a kernel and, in step, a closure per op that computes it."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.name = f"k{seed}"
        self.noalias = bool(self.rng.integers(2))
        self.lines: list[str] = []
        self.count = 0
        self.steps = self.block([], 0, int(self.rng.integers(8, 30)))
        # Show as much of what was computed as fits.
        for m, rows in enumerate((40, 17, 35)):
            shown = [v for v in self.last_values if len(v[1]) == 2]
            at = 0
            while shown and at < rows:
                a, shape = shown[self.rng.integers(len(shown))]
                self.store(self.steps, a, shape, m, at, 0)
                at += shape[0]

    def fresh(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    @staticmethod
    def type(shape: tuple[int, ...]) -> str:
        return "tensor<" + "".join(f"{n}x" for n in shape) + "i32>"

    def pick(self, values, shape=None):
        fitting = [v for v in values if shape is None or v[1] == shape]
        # Recent values more often: deeper expressions.
        weights = np.arange(1, len(fitting) + 1) ** 2.0
        return fitting[self.rng.choice(len(fitting), p=weights / weights.sum())]

    def index(self, low: int, high: int, loops) -> tuple[str, object]:
        value = int(self.rng.integers(low, high))
        name = self.fresh()
        self.lines.append(f"{name} = arith.constant {value} : index")
        if loops and self.rng.integers(2):
            loop = loops[self.rng.integers(len(loops))]
            total = self.fresh()
            self.lines.append(f"{total} = arith.addi {name}, {loop} : index")
            return total, lambda env: value + env[loop]
        return name, lambda env: value

    def block(self, outer, depth: int, length: int, loops=()):
        values, steps = list(outer), []
        for _ in range(length):
            made = self.op(values, steps, depth, list(loops))
            if made:
                values.append(made)
        self.last_values = values
        return steps

    def load(self, steps, loops, shape):
        m = int(self.rng.integers(len(MEMORIES)))
        i, fi = self.index(-6, 30, loops)
        j, fj = self.index(-6, 40, loops)
        v = self.fresh()
        full = shape if len(shape) == 2 else (1, *shape)
        read = self.type(full if len(shape) == 2 else shape)
        self.lines.append(f"{v} = tile.load %m{m}[{i}, {j}] : memref<?x?xi32> "
                          f"-> {read}")

        def step(env):
            source, result = env[f"m{m}"], np.zeros(full, np.int32)
            r0, c0 = fi(env), fj(env)
            rows = np.arange(full[0]) + r0
            cols = np.arange(full[1]) + c0
            ok = (((rows >= 0) & (rows < source.shape[0]))[:, None]
                  & ((cols >= 0) & (cols < source.shape[1]))[None, :])
            picked = source[np.clip(rows, 0, source.shape[0] - 1)][
                :, np.clip(cols, 0, source.shape[1] - 1)]
            env[v] = np.where(ok, picked, result).reshape(shape)
        steps.append(step)
        return v, shape

    def store(self, steps, a, shape, m, low_i, low_j, high=None, loops=()):
        i, fi = self.index(low_i, high[0] if high else low_i + 1, loops)
        j, fj = self.index(low_j, high[1] if high else low_j + 1, loops)
        self.lines.append(f"tile.store {a}, %m{m}[{i}, {j}] : "
                          f"{self.type(shape)}, memref<?x?xi32>")

        def step(env):
            target, value = env[f"m{m}"], env[a]
            value = value if value.ndim == 2 else value[None]
            r0, c0 = fi(env), fj(env)
            for r in range(value.shape[0]):
                if 0 <= r0 + r < target.shape[0]:
                    lo = max(0, -c0)
                    hi = min(value.shape[1], target.shape[1] - c0)
                    if lo < hi:
                        target[r0 + r, c0 + lo:c0 + hi] = value[r, lo:hi]
        steps.append(step)

    def op(self, values, steps, depth, loops):
        rng = self.rng
        if depth and values and rng.integers(3) == 0:
            # Carried tiles are among the last values when a body starts.
            return self.combine(values, steps)
        kinds = ["load", "binary", "binary", "binary", "select", "broadcast",
                 "reshape", "transpose", "slice", "reduce", "scan", "store",
                 "iota", "constant", "mma", "gather"]
        if depth < 2:
            kinds += ["for", "for", "if"]
        kind = kinds[rng.integers(len(kinds))]
        if not values and kind not in ("iota", "constant"):
            kind = "load"
        if kind == "load":
            shape = tuple(int(n) for n in rng.choice(
                SIZES, int(rng.integers(1, 3))))
            return self.load(steps, loops, shape)
        v = self.fresh()
        out = self.lines.append
        if kind == "iota":
            shape = tuple(int(n) for n in rng.choice(SIZES, 2))
            d = int(rng.integers(2))
            out(f"{v} = tile.iota dim {d} : {self.type(shape)}")
            steps.append(lambda env: env.__setitem__(
                v, np.indices(shape, np.int32)[d]))
            return v, shape
        if kind == "constant":
            shape = tuple(int(n) for n in rng.choice(SIZES, 2))
            c = int(rng.integers(-3, 4))
            out(f"{v} = arith.constant dense<{c}> : {self.type(shape)}")
            steps.append(lambda env: env.__setitem__(
                v, np.full(shape, c, np.int32)))
            return v, shape
        a, shape = self.pick(values)
        if kind in ("binary", "select"):
            b, _ = self.pick(values, shape)
            if kind == "select":
                c, _ = self.pick(values, shape)
                cond = self.fresh()
                out(f"{cond} = arith.cmpi slt, {a}, {b} : {self.type(shape)}")
                out(f"{v} = arith.select {cond}, {c}, {a} : tensor<"
                    + "".join(f"{n}x" for n in shape)
                    + f"i1>, {self.type(shape)}")
                steps.append(lambda env: env.__setitem__(
                    v, np.where(env[a] < env[b], env[c], env[a])))
                return v, shape
            name, f = [("addi", np.add), ("subi", np.subtract),
                       ("muli", np.multiply), ("xori", np.bitwise_xor),
                       ("maxsi", np.maximum)][rng.integers(5)]
            out(f"{v} = arith.{name} {a}, {b} : {self.type(shape)}")
            steps.append(lambda env: env.__setitem__(v, f(env[a], env[b])))
            return v, shape
        if kind == "broadcast":
            ones = [d for d, n in enumerate(shape) if n == 1]
            if not ones:
                d = int(rng.integers(len(shape)))
                to = (*shape[:d], 1, *shape[d:])
                if len(to) > 3:
                    return None
                u = self.fresh()
                out(f"{u} = tile.reshape {a} : {self.type(shape)} to "
                    f"{self.type(to)}")
                steps.append(lambda env, a=a: env.__setitem__(
                    u, env[a].reshape(to)))
                a, shape, ones = u, to, [d]
            d = ones[rng.integers(len(ones))]
            n = int(rng.choice(SIZES[:7]))
            result = (*shape[:d], n, *shape[d + 1:])
            if np.prod(result) > 4000:
                return a, shape
            out(f"{v} = tile.broadcast {a} : {self.type(shape)} to "
                f"{self.type(result)}")
            steps.append(lambda env, a=a: env.__setitem__(
                v, np.broadcast_to(env[a], result)))
            return v, result
        if kind == "reshape":
            n = int(np.prod(shape))
            divisors = [d for d in range(1, n + 1) if n % d == 0]
            d = int(rng.choice(divisors))
            result = [(n,), (d, n // d), (1, n), (n, 1)][rng.integers(4)]
            out(f"{v} = tile.reshape {a} : {self.type(shape)} to "
                f"{self.type(result)}")
            steps.append(lambda env: env.__setitem__(
                v, env[a].reshape(result)))
            return v, result
        if kind == "transpose":
            p = [int(d) for d in rng.permutation(len(shape))]
            result = tuple(shape[d] for d in p)
            out(f"{v} = tile.transpose {a} {p} : {self.type(shape)} to "
                f"{self.type(result)}")
            steps.append(lambda env: env.__setitem__(v, env[a].transpose(p)))
            return v, result
        if kind == "slice":
            result = tuple(int(rng.integers(1, n + 1)) for n in shape)
            at = [int(rng.integers(0, n - m + 1))
                  for n, m in zip(shape, result)]
            out(f"{v} = tile.extract_slice {a} {at} : {self.type(shape)} to "
                f"{self.type(result)}")
            where = tuple(slice(o, o + m) for o, m in zip(at, result))
            steps.append(lambda env: env.__setitem__(v, env[a][where]))
            return v, result
        if kind in ("reduce", "scan"):
            if kind == "reduce" and len(shape) == 1:
                return None
            axis = int(rng.integers(len(shape)))
            name, identity, f = [
                ("addi", 0, np.add), ("maxsi", -2**31, np.maximum),
                ("xori", 0, np.bitwise_xor)][rng.integers(3)]
            result = (shape if kind == "scan" else
                      tuple(n for d, n in enumerate(shape) if d != axis))
            out(f"{v} = tile.{kind} {a} axis {axis} identity [{identity} : "
                f"i32] : ({self.type(shape)}) -> ({self.type(result)}) {{\n"
                "^bb0(%l: i32, %r: i32):\n"
                f"%s = arith.{name} %l, %r : i32\ntile.yield %s : i32\n}}")
            compute = f.accumulate if kind == "scan" else f.reduce
            steps.append(lambda env: env.__setitem__(
                v, compute(env[a], axis=axis, dtype=np.int32)))
            return v, result
        if kind == "gather":
            if len(shape) != 1:
                return None
            m = int(rng.integers(len(MEMORIES)))
            i, fi = self.index(-3, 30, loops)
            out(f"{v} = tile.gather %m{m}[{i}, {a}] : memref<?x?xi32>, "
                f"(index, {self.type(shape)}) -> {self.type(shape)}")

            def gather(env):
                source, row, at = env[f"m{m}"], fi(env), env[a]
                ok = (at >= 0) & (at < source.shape[1])
                if not 0 <= row < source.shape[0]:
                    ok, row = ok & False, 0
                env[v] = np.where(ok, source[row][np.where(ok, at, 0)],
                                  0).astype(np.int32)
            steps.append(gather)
            return v, shape
        if kind == "mma":
            if len(shape) != 2:
                return None
            k = [x for x in values if len(x[1]) == 2 and x[1][0] == shape[1]]
            if not k:
                return None
            b, other = self.pick(k)
            result = (shape[0], other[1])
            u, w, z = self.fresh(), self.fresh(), self.fresh()
            narrow = {s: self.type(s).replace("i32", "i8")
                      for s in (shape, other)}
            out(f"{u} = arith.trunci {a} : {self.type(shape)} to "
                f"{narrow[shape]}")
            out(f"{w} = arith.trunci {b} : {self.type(other)} to "
                f"{narrow[other]}")
            accs = [x for x in values if x[1] == result]
            if accs:
                z = self.pick(accs)[0]
            else:
                out(f"{z} = arith.constant dense<0> : {self.type(result)}")
                steps.append(lambda env: env.__setitem__(
                    z, np.zeros(result, np.int32)))
            out(f"{v} = tile.mma {u}, {w}, {z} : {narrow[shape]}, "
                f"{narrow[other]}, {self.type(result)}")
            steps.append(lambda env: env.__setitem__(
                v, env[z] + env[a].astype(np.int8).astype(np.int32)
                @ env[b].astype(np.int8).astype(np.int32)))
            return v, result
        if kind == "store":
            if len(shape) > 2:
                return None
            m = int(rng.integers(len(MEMORIES)))
            self.store(steps, a, shape, m, -6, -6, (30, 40), loops)
            return None
        if kind == "for":
            return self.make_for(values, steps, depth, loops)
        return self.make_if(values, steps, depth, loops)

    def combine(self, values, steps):
        """An elementwise op, or a matrix product that adds to a value."""
        a, shape = self.pick(values)
        v = self.fresh()
        if len(shape) == 2 and self.rng.integers(2):
            left, right = ((shape[0], 3), (3, shape[1]))
            u, w = self.fresh(), self.fresh()
            for name, s in ((u, left), (w, right)):
                self.lines.append(f"{name} = arith.constant dense<2> : "
                                  + self.type(s).replace("i32", "i8"))
            self.lines.append(
                f"{v} = tile.mma {u}, {w}, {a} : "
                f"{self.type(left).replace('i32', 'i8')}, "
                f"{self.type(right).replace('i32', 'i8')}, {self.type(shape)}")
            steps.append(lambda env: env.__setitem__(v, env[a] + np.int32(12)))
            return v, shape
        b, _ = self.pick(values, shape)
        self.lines.append(f"{v} = arith.addi {a}, {b} : {self.type(shape)}")
        steps.append(lambda env: env.__setitem__(v, env[a] + env[b]))
        return v, shape

    def make_for(self, values, steps, depth, loops):
        carried = [self.pick(values)
                   for _ in range(int(self.rng.integers(1, 4)))]
        trips = int(self.rng.integers(0, 4))
        args = [(self.fresh(), shape) for _, shape in carried]
        iv, result = self.fresh(), self.fresh()
        low, high, one = self.fresh(), self.fresh(), self.fresh()
        for name, value in ((low, 0), (high, trips), (one, 1)):
            self.lines.append(f"{name} = arith.constant {value} : index")
        types = ", ".join(self.type(s) for _, s in carried)
        self.lines.append(
            f"{result}:{len(carried)} = scf.for {iv} = {low} to {high} step "
            f"{one} iter_args("
            + ", ".join(f"{a} = {init}" for (a, _), (init, _)
                        in zip(args, carried)) + f") -> ({types}) {{")
        known = len(values) + len(args)
        inner = self.block([*values, *args], depth + 1,
                           int(self.rng.integers(3, 9)), [*loops, iv])
        # Prefer what the body computes: it may be written over what it reads.
        new = self.last_values[known:]
        yields = [self.pick(new if any(v[1] == shape for v in new)
                            and self.rng.integers(4) else self.last_values,
                            shape)[0] for _, shape in args]
        self.lines.append(f"scf.yield {', '.join(yields)} : {types}\n}}")

        def run(env):
            state = [env[init] for init, _ in carried]
            for t in range(trips):
                env[iv] = t
                for (a, _), value in zip(args, state):
                    env[a] = value
                for step in inner:
                    step(env)
                state = [env[y] for y in yields]
            for n, value in enumerate(state):
                env[f"{result}#{n}"] = value
        steps.append(run)
        for n in range(1, len(carried)):
            values.append((f"{result}#{n}", carried[n][1]))
        return f"{result}#0", carried[0][1]

    def make_if(self, values, steps, depth, loops):
        _, shape = self.pick(values)
        left, right = self.index(0, 3, loops), self.index(0, 3, loops)
        cond, result = self.fresh(), self.fresh()
        self.lines.append(f"{cond} = arith.cmpi slt, {left[0]}, {right[0]} : "
                          "index")
        self.lines.append(f"{result} = scf.if {cond} -> "
                          f"({self.type(shape)}) {{")
        branches = []
        for n in range(2):
            inner = self.block(values, depth + 1, int(self.rng.integers(1, 5)),
                               loops)
            y = self.pick(self.last_values, shape)[0]
            self.lines.append(f"scf.yield {y} : {self.type(shape)}\n}}"
                              + (" else {" if n == 0 else ""))
            branches.append((inner, y))

        def run(env):
            inner, y = branches[0 if left[1](env) < right[1](env) else 1]
            for step in inner:
                step(env)
            env[result] = env[y]
        steps.append(run)
        return result, shape

    def text(self) -> str:
        note = "{tile.noalias}" if self.noalias else ""
        arguments = ", ".join(f"%m{m}: memref<?x?xi32> {note}"
                              for m in range(len(MEMORIES)))
        return (f"tile.kernel @{self.name}({arguments}) grid [] "
                "affine_map<() -> (1)> {\n" + "\n".join(self.lines)
                + "\ntile.return\n}\n")


def check(seeds: range, chip: str) -> list[str]:
    """The names of the programs that went wrong."""
    programs = [Program(seed) for seed in seeds]
    module = host_harness.Module("".join(p.text() for p in programs), chip)
    wrong = []
    for program in programs:
        rng = np.random.default_rng(1)
        arrays = [rng.integers(-9, 30, shape).astype(np.int32)
                  for shape in MEMORIES]
        env = {f"m{n}": a.copy() for n, a in enumerate(arrays)}
        with np.errstate(over="ignore"):
            for step in program.steps:
                step(env)
        module.kernels[program.name](1, *arrays)
        if any((a != env[f"m{n}"]).any() for n, a in enumerate(arrays)):
            wrong.append(program.name)
    return wrong


@pytest.mark.skipif(not CHIPS, reason="needs AVX2 and FMA")
@pytest.mark.parametrize("chip", CHIPS)
def test_random_programs(chip):
    assert check(range(40), chip) == []


if __name__ == "__main__":
    first, last = int(sys.argv[1]), int(sys.argv[2])
    for start in range(first, last, 20):
        for level in CHIPS:
            try:
                bad = check(range(start, min(start + 20, last)), level)
            except host_harness.CompileError as error:
                bad = [str(error)[:800]]
            print(start, level, "wrong:" if bad else "ok", *bad, flush=True)
