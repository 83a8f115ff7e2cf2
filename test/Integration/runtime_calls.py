# runtime_calls.py - the runtime's C API, as far as the tests call it.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loads libtilewright-rt.so by ctypes. Arrays of NumPy are the host's memory."""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib

import ml_dtypes
import numpy as np

BUILD = pathlib.Path(os.environ.get(
    "TILEWRIGHT_BUILD_DIR",
    pathlib.Path(__file__).resolve().parent.parent.parent / "build"))

# Names of the element types in the order of TwElementType.
DTYPES = {
    "f64": np.dtype(np.float64), "f32": np.dtype(np.float32),
    "bf16": np.dtype(ml_dtypes.bfloat16), "f16": np.dtype(np.float16),
    "f8E4M3FN": np.dtype(ml_dtypes.float8_e4m3fn),
    "f8E5M2": np.dtype(ml_dtypes.float8_e5m2),
    "f8E4M3FNUZ": np.dtype(ml_dtypes.float8_e4m3fnuz),
    "f8E5M2FNUZ": np.dtype(ml_dtypes.float8_e5m2fnuz),
    "i1": np.dtype(np.bool_), "i8": np.dtype(np.int8),
    "i16": np.dtype(np.int16), "i32": np.dtype(np.int32),
    "i64": np.dtype(np.int64),
}
NUMBERS = {dtype: number for number, dtype in enumerate(DTYPES.values())}
ARRAY, SCALAR = 0, 1


class DeviceOptions(ctypes.Structure):
    _fields_ = [("num_threads", ctypes.c_int32), ("driver", ctypes.c_char_p)]


class Value(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("data", ctypes.c_void_p),
                ("type", ctypes.c_int), ("rank", ctypes.c_int32),
                ("sizes", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)),
                ("is_real", ctypes.c_int32), ("integer", ctypes.c_int64),
                ("real", ctypes.c_double)]


class RefusedError(RuntimeError):
    """What the runtime refused, in its own words."""


@functools.cache
def library() -> ctypes.CDLL:
    loaded = ctypes.CDLL(str(BUILD / "lib/libtilewright-rt.so"))
    loaded.twStatusGetMessage.restype = ctypes.c_char_p
    loaded.twKernelGetKernargBytes.restype = ctypes.c_size_t
    loaded.twKernelGetScratchBytes.restype = ctypes.c_int64
    return loaded


def call(name: str, *arguments) -> None:
    status = getattr(library(), name)(*arguments)
    if status:
        raise RefusedError(library().twStatusGetMessage(
            ctypes.c_void_p(status)).decode())


def make_value(value) -> Value:
    """Of an array or a number; the array must outlive it."""
    if not isinstance(value, np.ndarray):
        is_real = not isinstance(value, (int, np.integer, bool, np.bool_))
        return Value(kind=SCALAR, is_real=is_real,
                     integer=0 if is_real else int(value),
                     real=float(value) if is_real else 0.0)
    sizes = ctypes.c_int64 * max(1, value.ndim)
    strides = sizes(*(s // value.itemsize for s in value.strides))
    return Value(kind=ARRAY, data=value.ctypes.data, type=NUMBERS[value.dtype],
                 rank=value.ndim, sizes=sizes(*value.shape), strides=strides)


class Function:
    """A kernel of a loaded library, on the host."""

    def __init__(self, module: "Module", name: str):
        self.module = module  # keeps it loaded
        self.handle = ctypes.c_void_p()
        call("twModuleGetFunction", module.handle, name.encode(), None,
             ctypes.byref(self.handle))
        kernel = ctypes.c_void_p()
        call("twFunctionGetKernel", self.handle, ctypes.c_size_t(0),
             ctypes.byref(kernel))
        self.kernarg_bytes = library().twKernelGetKernargBytes(kernel)
        self.scratch_bytes = library().twKernelGetScratchBytes(kernel)

    def bind(self, *values) -> "Launch":
        return Launch(self, values)

    def __call__(self, programs: int, *values) -> None:
        """Launches on the grid that the arguments give, which must have
        `programs` programs."""
        launch = self.bind(*values)
        assert launch.programs == programs, (launch.programs, programs)
        launch()


class Launch:
    """A function with its arguments, checked and packed."""

    def __init__(self, function: Function, values: tuple):
        self.function, self.values = function, values
        packed = (Value * max(1, len(values)))(*map(make_value, values))
        self.variant = ctypes.c_size_t()
        self.grid = (ctypes.c_int64 * 3)()
        # Twice the bytes: variants may have different ones.
        self.kernarg = ctypes.create_string_buffer(
            2 * function.kernarg_bytes + 64)
        call("twFunctionPack", function.handle, packed,
             ctypes.c_size_t(len(values)), self.kernarg,
             ctypes.c_size_t(len(self.kernarg)), ctypes.byref(self.variant),
             self.grid)

    @property
    def programs(self) -> int:
        return self.grid[0] * self.grid[1] * self.grid[2]

    def __call__(self) -> None:
        call("twFunctionLaunchPacked", self.function.handle, self.variant, None,
             self.kernarg, ctypes.c_size_t(len(self.kernarg)), self.grid, None)


@functools.cache
def host_device(threads: int) -> ctypes.c_void_p:
    """Of `threads` threads; open until the process ends."""
    device = ctypes.c_void_p()
    call("twDeviceOpen", b"host",
         ctypes.byref(DeviceOptions(threads, None)), ctypes.byref(device))
    return device


class Module:
    """A library of kernels, loaded on the host."""

    def __init__(self, path: pathlib.Path, threads: int = 1):
        self.handle = ctypes.c_void_p()
        loaded = ctypes.c_void_p()
        call("twLibraryCreateFromFile", str(path).encode(),
             ctypes.byref(loaded))
        try:
            call("twModuleCreate", host_device(threads), loaded,
                 ctypes.byref(self.handle))
        finally:
            library().twLibraryDestroy(loaded)

    def __del__(self):
        if self.handle:
            library().twModuleDestroy(self.handle)

    def get(self, name: str) -> Function:
        return Function(self, name)
