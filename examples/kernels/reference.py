# reference.py - inputs and float64 references of the example kernels.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What each example kernel computes, written with NumPy in float64.

`make_case(kernel, variant, shape, seed)` gives random inputs for a variant of
a description beside this file, and the expected outputs. The references share
nothing with the compiler: they read the inputs as stored (rounded to their
element type) and compute in float64, or int64 for integers.
"""

from __future__ import annotations

import json
import math
import pathlib
from dataclasses import dataclass, field
from typing import Callable, Union

import ml_dtypes
import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent

DTYPES = {
    "f64": np.dtype(np.float64), "f32": np.dtype(np.float32),
    "f16": np.dtype(np.float16), "bf16": np.dtype(ml_dtypes.bfloat16),
    "f8E4M3FN": np.dtype(ml_dtypes.float8_e4m3fn),
    "f8E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "f8E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "f8E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "i8": np.dtype(np.int8), "i32": np.dtype(np.int32),
}

# Distance from one to the next value: one rounding costs at most half of it.
EPSILON = {"f64": 2.0**-52, "f32": 2.0**-23, "f16": 2.0**-10, "bf16": 2.0**-7,
           "f8E4M3FN": 2.0**-3, "f8E5M2": 2.0**-2, "f8E4M3FNUZ": 2.0**-3,
           "f8E5M2FNUZ": 2.0**-2, "i8": 0.0, "i32": 0.0}

Argument = Union[np.ndarray, int, float]


@dataclass
class Output:
    """An expected output: `value` in float64 or int64, stored as `type`."""
    type: str
    value: np.ndarray
    rtol: float
    atol: float


@dataclass
class Case:
    """One launch. An output that is also an input is updated in place."""
    kernel: str
    variant: str
    inputs: dict[str, Argument]
    outputs: dict[str, Output]
    flops: float = 0.0


@dataclass
class Maker:
    """Draws inputs; tolerances follow from element type and sum length."""
    rng: np.random.Generator
    parameters: dict[str, Union[int, str]]
    shape: dict[str, int]
    inputs: dict[str, Argument] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    flops: float = 0.0

    def normal(self, name: str, type_: str, *shape: int,
               scale: float = 1.0) -> np.ndarray:
        """Draws an input; returns it as float64, rounded as stored."""
        array = (self.rng.standard_normal(shape) * scale).astype(DTYPES[type_])
        self.inputs[name] = array
        return array.astype(np.float64)

    def integers(self, name: str, type_: str, low: int, high: int,
                 *shape: int) -> np.ndarray:
        array = self.rng.integers(low, max(high, low + 1), size=shape)
        self.inputs[name] = array.astype(DTYPES[type_])
        return array

    def expect(self, name: str, type_: str, value: np.ndarray,
               inner: str = "f32", terms: int = 1,
               magnitude: float = 1.0) -> None:
        """States an output computed in `inner` as a sum of `terms` terms of
        about `magnitude`; 8 is slack for intermediate roundings."""
        rounding = EPSILON[type_] + 8 * EPSILON[inner]
        self.outputs[name] = Output(
            type_, value, rtol=rounding,
            atol=magnitude * (8 * EPSILON[inner] * math.sqrt(max(terms, 1))
                              + EPSILON[type_] / 16))


def _vector_add(m: Maker) -> None:
    t, n = m.parameters["T"], m.shape["N"]
    a, b = m.normal("a", t, n), m.normal("b", t, n)
    m.expect("c", t, a + b, inner=t)
    m.flops = n


def _gemm(a_transposed: bool, b_transposed: bool) -> Callable[[Maker], None]:
    def make(m: Maker) -> None:
        p, (M, N, K) = m.parameters, (m.shape[d] for d in "MNK")
        a = m.normal("a", p["T"], *((K, M) if a_transposed else (M, K)))
        b = m.normal("b", p["T"], *((N, K) if b_transposed else (K, N)))
        c = (a.T if a_transposed else a) @ (b.T if b_transposed else b)
        m.expect("c", p["TC"], c, inner=p["ACC"], terms=K)
        m.flops = 2.0 * M * N * K
    return make


def _linear(epilogue: str) -> Callable[[Maker], None]:
    def make(m: Maker) -> None:
        t, (M, N, K) = m.parameters["T"], (m.shape[d] for d in "MNK")
        x = m.normal("x", t, M, K)
        w = m.normal("w", t, N, K, scale=1 / math.sqrt(max(K, 1)))
        y = x @ w.T
        if epilogue == "residual":
            y = y + m.normal("residual", t, M, N)
        else:
            y = y + m.normal("bias", t, N)
        if epilogue == "bias_gelu":
            erf = np.vectorize(math.erf, otypes=[np.float64])
            y = 0.5 * y * (1 + erf(y / math.sqrt(2.0)))
        m.expect("y", t, y, terms=K)
        m.flops = 2.0 * M * N * K
    return make


def _batched_gemm(m: Maker) -> None:
    p, (B, M, N, K) = m.parameters, (m.shape[d] for d in "BMNK")
    a, b = m.normal("a", p["T"], B, M, K), m.normal("b", p["T"], B, K, N)
    m.expect("c", p["TC"], a @ b, terms=K)
    m.flops = 2.0 * B * M * N * K


def _gemv(m: Maker) -> None:
    t, (N, K) = m.parameters["T"], (m.shape[d] for d in "NK")
    w, x = m.normal("w", t, N, K), m.normal("x", t, K)
    m.expect("y", t, w @ x, terms=K)
    m.flops = 2.0 * N * K


def _norm(kind: str) -> Callable[[Maker], None]:
    def make(m: Maker) -> None:
        t, (M, D) = m.parameters["T"], (m.shape[d] for d in "MD")
        h = m.normal("x", t, M, D) + m.normal("residual", t, M, D)
        weight = m.normal("weight", t, D)
        m.inputs["eps"] = 1e-5
        if kind == "rms":
            y = h / np.sqrt((h * h).mean(axis=1, keepdims=True) + 1e-5)
            y = y * weight
        else:
            bias = m.normal("bias", t, D)
            centred = h - h.mean(axis=1, keepdims=True)
            variance = (centred * centred).mean(axis=1, keepdims=True)
            y = centred / np.sqrt(variance + 1e-5) * weight + bias
        m.expect("h", t, h)
        m.expect("y", t, y, terms=D)
    return make


def _softmax(m: Maker) -> None:
    t, (M, N) = m.parameters["T"], (m.shape[d] for d in "MN")
    x = m.normal("x", t, M, N, scale=4.0)
    e = np.exp(x - x.max(axis=1, keepdims=True, initial=-np.inf))
    m.expect("y", t, e / e.sum(axis=1, keepdims=True), terms=N,
             magnitude=1 / max(N, 1))
    m.outputs["y"].rtol += 32 * EPSILON["f32"]


def _swiglu(m: Maker) -> None:
    t, (M, N) = m.parameters["T"], (m.shape[d] for d in "MN")
    g, u = m.normal("gate", t, M, N), m.normal("up", t, M, N)
    m.expect("y", t, g / (1 + np.exp(-g)) * u)


def _rotary(output: str) -> Callable[[Maker], None]:
    def make(m: Maker) -> None:
        t, (S, H) = m.parameters["T"], (m.shape[d] for d in "SH")
        half = m.parameters["HALF"]
        x = m.normal("x", t, S, H, 2 * half)
        frequency = 10000.0 ** (-np.arange(half) / half)
        angle = np.arange(S)[:, None] * frequency[None, :]
        m.inputs["cos"] = np.cos(angle).astype(np.float32)
        m.inputs["sin"] = np.sin(angle).astype(np.float32)
        c = m.inputs["cos"].astype(np.float64)[:, None, :]
        s = m.inputs["sin"].astype(np.float64)[:, None, :]
        x1, x2 = x[..., :half], x[..., half:]
        m.expect(output, t, np.concatenate(
            [x1 * c - x2 * s, x2 * c + x1 * s], axis=-1))
    return make


def _embedding(m: Maker) -> None:
    t, (S, V, D) = m.parameters["T"], (m.shape[d] for d in "SVD")
    table = m.normal("table", t, V, D)
    # A few indices point outside, on either side.
    ids = m.integers("ids", "i32", -2, V + 2, S)
    inside = (ids >= 0) & (ids < V)
    rows = table[np.where(inside, ids, 0)] if V else np.zeros((S, D))
    m.expect("y", t, np.where(inside[:, None], rows, 0.0), inner="f64")


def _cross_entropy(m: Maker) -> None:
    t, (M, V) = m.parameters["T"], (m.shape[d] for d in "MV")
    x = m.normal("logits", t, M, V, scale=3.0)
    target = m.integers("target", "i32", 0, V, M)
    top = x.max(axis=1, initial=-np.inf)
    lse = np.log(np.exp(x - top[:, None]).sum(axis=1)) + top
    m.expect("loss", "f32", lse - x[np.arange(M), target], terms=V,
             magnitude=4.0)


def _attention(causal: bool) -> Callable[[Maker], None]:
    def make(m: Maker) -> None:
        t, d = m.parameters["T"], m.parameters["D"]
        B, S, T, H, G = (m.shape[n] for n in "BSTHG")
        q = m.normal("q", t, B, S, H, d)
        k, v = m.normal("k", t, B, T, G, d), m.normal("v", t, B, T, G, d)
        scale = float(np.float32(1 / math.sqrt(d)))
        m.inputs["scale"] = scale
        k = np.repeat(k, H // G, axis=2)
        v = np.repeat(v, H // G, axis=2)
        score = np.einsum("bshd,bthd->bhst", q, k) * scale
        if causal:
            seen = np.arange(T)[None, :] <= np.arange(S)[:, None] + T - S
            score = np.where(seen, score, -np.inf)
        top = score.max(axis=-1, keepdims=True, initial=-np.inf)
        e = np.exp(score - np.where(np.isinf(top), 0.0, top))
        total = e.sum(axis=-1, keepdims=True)
        p = e / np.where(total == 0, 1.0, total)
        o = np.einsum("bhst,bthd->bshd", p, v)
        # The probabilities are rounded to T before the second product.
        m.expect("o", t, o, terms=T)
        m.outputs["o"].atol += 2 * EPSILON[t]
        m.flops = 4.0 * B * H * S * T * d * (0.5 if causal else 1.0)
    return make


def _prefix_sum(m: Maker) -> None:
    t, (M, N) = m.parameters["T"], (m.shape[d] for d in "MN")
    x = m.normal("x", t, M, N)
    m.expect("y", t, np.cumsum(x, axis=1), terms=N,
             magnitude=math.sqrt(max(N, 1)))


def _histogram(m: Maker) -> None:
    N, bins = m.shape["N"], m.shape["BINS"]
    x = m.integers("x", "i32", -1, bins + 1, N)
    start = m.integers("counts", "i32", 0, 5, bins)
    inside = x[(x >= 0) & (x < bins)]
    m.expect("counts", "i32", start + np.bincount(inside, minlength=bins),
             inner="i32")


def _scaled_gemm(low_bits: bool) -> Callable[[Maker], None]:
    def make(m: Maker) -> None:
        p, (M, N, K) = m.parameters, (m.shape[d] for d in "MNK")
        if low_bits:
            a, b = m.normal("a", p["TA"], M, K), m.normal("b", p["TB"], N, K)
        else:
            a = m.integers("a", "i8", -128, 128, M, K).astype(np.float64)
            b = m.integers("b", "i8", -128, 128, N, K).astype(np.float64)
        unit = 1.0 if low_bits else 1 / 5000.0
        for name, size in (("a_scale", M), ("b_scale", N)):
            m.inputs[name] = (m.rng.uniform(0.5, 2.0, size)
                              * math.sqrt(unit)).astype(np.float32)
        c = (a @ b.T) * m.inputs["a_scale"].astype(np.float64)[:, None] \
            * m.inputs["b_scale"].astype(np.float64)[None, :]
        m.expect("c", p["TC"], c, terms=K, magnitude=2.0)
        m.flops = 2.0 * M * N * K
    return make


def _transpose(m: Maker) -> None:
    t, (M, N) = m.parameters["T"], (m.shape[d] for d in "MN")
    batch = (m.shape["B"],) if "B" in m.shape else ()
    if t == "i8":
        x = m.integers("x", t, -128, 128, *batch, M, N)
    else:
        x = m.normal("x", t, *batch, M, N)
    m.outputs["y"] = Output(t, np.swapaxes(x, -1, -2), 0.0, 0.0)


@dataclass(frozen=True)
class Kernel:
    description: str
    make: Callable[[Maker], None]
    # Small shapes for tests: ragged ones, single elements, empty ones.
    shapes: tuple[dict[str, int], ...]
    # The shapes of a Llama-3.1-8B layer with a few hundred tokens.
    layer: tuple[dict[str, int], ...] = ()


def _shapes(names: str, *rows: tuple[int, ...]) -> tuple[dict[str, int], ...]:
    return tuple(dict(zip(names.split(), row)) for row in rows)


_GEMM = _shapes("M N K", (64, 64, 64), (130, 70, 50), (1, 1, 1), (65, 129, 33),
                (0, 5, 7), (5, 3, 0))
_LAYER_GEMM = _shapes("M N K", (256, 4096, 4096), (256, 1024, 4096))
_ROWS = _shapes("M N", (4, 512), (3, 1300), (1, 1), (7, 77), (0, 9))
_LAYER_ROWS = _shapes("M D", (256, 4096))

KERNELS: dict[str, Kernel] = {
    "vector_add": Kernel("vector_add", _vector_add,
                         _shapes("N", (4096,), (1000,), (1,), (2049,), (0,)),
                         _shapes("N", (256 * 4096,))),
    "gemm_nn": Kernel("gemm", _gemm(False, False), _GEMM),
    "gemm_nt": Kernel("gemm", _gemm(False, True), _GEMM, _LAYER_GEMM),
    "gemm_tn": Kernel("gemm", _gemm(True, False), _GEMM),
    "gemm_tt": Kernel("gemm", _gemm(True, True), _GEMM),
    "linear_bias": Kernel("linear", _linear("bias"), _GEMM),
    "linear_bias_gelu": Kernel("linear", _linear("bias_gelu"), _GEMM),
    "linear_residual": Kernel(
        "linear", _linear("residual"), _GEMM,
        _shapes("M N K", (256, 4096, 4096), (256, 4096, 14336))),
    "batched_gemm": Kernel(
        "batched_gemm", _batched_gemm,
        _shapes("B M N K", (2, 64, 64, 32), (3, 33, 65, 17), (1, 1, 1, 1),
                (0, 4, 4, 4)),
        _shapes("B M N K", (32, 256, 128, 256))),
    "gemv": Kernel("gemv", _gemv,
                   _shapes("N K", (16, 256), (37, 300), (1, 1), (0, 5), (5, 0)),
                   _shapes("N K", (4096, 4096), (14336, 4096))),
    "rms_norm": Kernel("rms_norm", _norm("rms"),
                       _shapes("M D", (2, 1024), (3, 1500), (1, 1), (5, 100),
                               (0, 8)), _LAYER_ROWS),
    "layer_norm": Kernel("layer_norm", _norm("layer"),
                         _shapes("M D", (2, 1024), (3, 1500), (5, 100),
                                 (0, 8)), _LAYER_ROWS),
    "softmax": Kernel("softmax", _softmax, _ROWS,
                      _shapes("M N", (256 * 32, 256))),
    "swiglu": Kernel("swiglu", _swiglu, _ROWS,
                     _shapes("M N", (256, 14336))),
    "rotary": Kernel("rotary", _rotary("y"),
                     _shapes("S H", (16, 2), (21, 3), (1, 1), (0, 2)),
                     _shapes("S H", (256, 32))),
    "rotary_in_place": Kernel("rotary", _rotary("x"),
                              _shapes("S H", (16, 2), (21, 3), (1, 1), (0, 2)),
                              _shapes("S H", (256, 32), (256, 8))),
    "embedding": Kernel("embedding", _embedding,
                        _shapes("S V D", (8, 50, 256), (13, 7, 300), (1, 1, 1),
                                (0, 5, 5)),
                        _shapes("S V D", (256, 16032, 4096))),
    "cross_entropy": Kernel("cross_entropy", _cross_entropy,
                            _shapes("M V", (4, 1024), (3, 2500), (2, 1),
                                    (0, 5)),
                            _shapes("M V", (256, 16032))),
    "attention": Kernel(
        "attention", _attention(False),
        _shapes("B S T H G", (1, 64, 64, 2, 1), (2, 70, 130, 2, 2),
                (1, 1, 1, 1, 1), (1, 0, 4, 1, 1), (1, 3, 0, 2, 1)),
        _shapes("B S T H G", (1, 256, 256, 32, 8))),
    "attention_causal": Kernel(
        "attention", _attention(True),
        _shapes("B S T H G", (1, 64, 64, 2, 1), (1, 70, 130, 4, 2),
                (1, 90, 40, 1, 1), (1, 1, 1, 1, 1), (0, 4, 4, 1, 1)),
        _shapes("B S T H G", (1, 256, 256, 32, 8))),
    "prefix_sum": Kernel("prefix_sum", _prefix_sum, _ROWS,
                         _shapes("M N", (256, 4096))),
    "histogram": Kernel("histogram", _histogram,
                        _shapes("N BINS", (4096, 64), (1000, 10), (1, 1),
                                (0, 4)),
                        _shapes("N BINS", (1048576, 256))),
    "gemm_i8": Kernel("gemm_i8", _scaled_gemm(False), _GEMM,
                      _shapes("M N K", (256, 4096, 4096))),
    "gemm_fp8": Kernel("gemm_fp8", _scaled_gemm(True), _GEMM,
                       _shapes("M N K", (256, 4096, 4096))),
    "transpose": Kernel("transpose", _transpose,
                        _shapes("M N", (64, 64), (37, 91), (1, 1), (0, 3)),
                        _shapes("M N", (4096, 4096))),
    "batched_transpose": Kernel("transpose", _transpose,
                                _shapes("B M N", (2, 64, 64), (3, 37, 91),
                                        (1, 1, 1), (2, 0, 3))),
}


def load_description(name: str) -> dict:
    """The description `name`.json beside this file."""
    return json.loads((FOLDER / f"{name}.json").read_text())


def variants(kernel: str) -> dict[str, dict[str, Union[int, str]]]:
    """Template parameters of each variant of `kernel`, defaults included."""
    for entry in load_description(KERNELS[kernel].description)["kernels"]:
        if entry["name"] != kernel:
            continue
        defaults = {name: parameter["default"] for name, parameter
                    in entry.get("parameters", {}).items()}
        rows = entry.get("specializations", [{"name": "default"}])
        return {row["name"]: {**defaults, **row.get("parameters", {})}
                for row in rows}
    raise KeyError(kernel)


def make_case(kernel: str, variant: str, shape: dict[str, int],
              seed: int = 0) -> Case:
    """Random inputs and expected outputs of one launch."""
    # Sequences of names give the same numbers in every process.
    entropy = [seed, *f"{kernel}/{variant}".encode(), *shape.values()]
    maker = Maker(np.random.default_rng(entropy), variants(kernel)[variant],
                  shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        KERNELS[kernel].make(maker)
    return Case(kernel, variant, maker.inputs, maker.outputs, maker.flops)


def compare(output: Output, got: np.ndarray) -> str:
    """Empty where `got` is right, else a line that says how it is wrong."""
    if got.shape != output.value.shape:
        return f"expected shape {output.value.shape}, but got {got.shape}"
    if got.size == 0:
        return ""
    actual = got.astype(output.value.dtype)
    # What the element type cannot hold overflows as the conversion says.
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = output.value.astype(got.dtype).astype(output.value.dtype)
    expected = np.where(np.isfinite(rounded), output.value, rounded)
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    error = np.where(same, 0.0, np.abs(actual - expected))
    bad = ~(error <= output.atol + output.rtol * np.abs(expected))
    if not bad.any():
        return ""
    where = tuple(int(i) for i in np.argwhere(bad)[0])
    return (f"{int(bad.sum())} of {got.size} elements differ, the first at "
            f"{where}: expected {expected[where]}, but got {actual[where]} "
            f"(rtol {output.rtol:.3g}, atol {output.atol:.3g})")
