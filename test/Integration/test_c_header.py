# test_c_header.py - the headers of tile-compile --emit=c-header, compiled and
# used.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Headers of every description go through C11 and C++17 compilers without a
warning; kernels launched through them give what NumPy gives in float64."""

import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import ml_dtypes
import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from host_harness import BUILD, ROOT, cpu_levels  # noqa: E402

KERNELS = ROOT / "examples/kernels"
# All element types, ranks, scalars, and names that C has for itself.
NAMES = ROOT / "test/Tools/c-header.mlir"
PROGRAMS = ROOT / "test/Integration/c_header"
SOURCES = [*sorted(KERNELS.glob("*.json")), NAMES]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wconversion",
            "-Wshadow", "-Wcast-qual"]
# The command and the end of a source's name. Where the system has no compiler of
# its own, clang stands in for it.
LANGUAGES = {
    "cc": ([shutil.which("cc") or "clang-22", "-std=c11"], "c"),
    "c++": ([shutil.which("c++") or "clang++-22", "-std=c++17"], "cpp"),
    "clang": (["clang-22", "-std=c11"], "c"),
    "clang++": (["clang++-22", "-std=c++17"], "cpp"),
}
FOLDER = tempfile.TemporaryDirectory()
LEVEL = (cpu_levels() or [None])[0]
needs_host = pytest.mark.skipif(not LEVEL, reason="needs AVX2 and FMA")

DTYPES = {"f64": np.float64, "f32": np.float32, "f16": np.float16,
          "bf16": ml_dtypes.bfloat16}
C_TYPES = {"f64": "double", "f32": "float", "f16": "TwF16", "bf16": "TwBF16"}
# Half the distance between neighbours at 1.
EPS = {"f64": 2.0**-53, "f32": 2.0**-24, "f16": 2.0**-11, "bf16": 2.0**-8}


def run(*command: object, **options) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True,
                          text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_header(source: pathlib.Path, header: pathlib.Path, *options) -> str:
    run(BUILD / "bin/tile-compile", source, "--emit=c-header", "-o", header,
        *options)
    return header.read_text()


def build(folder: pathlib.Path, language: str, text: str) -> pathlib.Path:
    command, suffix = LANGUAGES[language]
    source = folder / f"program.{suffix}"
    source.write_text(text)
    program = folder / "program"
    run(*command, *WARNINGS, f"-I{folder}", f"-I{PROGRAMS}",
        f"-I{ROOT}/runtime/include",
        source, f"-L{BUILD}/lib", "-ltilewright-rt", "-o", program)
    return program


def execute(program: pathlib.Path, *arguments: object) -> str:
    return run(program, *arguments,
               env=dict(os.environ, LD_LIBRARY_PATH=str(BUILD / "lib")))


def list_functions(header: str) -> list[str]:
    functions = re.findall(r"^static inline \w+ (\w+)\($", header, re.M)
    assert functions
    return functions


def link_all(folder: pathlib.Path, language: str,
             headers: dict[str, str]) -> None:
    """Builds and runs a program that has the address of every function."""
    includes = "".join(f'#include "{name}"\n' for name in headers)
    functions = [f for text in headers.values() for f in list_functions(text)]
    addresses = ",\n    ".join(f"(Function){f}" for f in functions)
    # Twice: a second time the guard leaves nothing.
    program = build(folder, language, includes + includes + f"""
typedef void (*Function)(void);
static Function functions[] = {{\n    {addresses}}};
int main(void) {{
  for (unsigned i = 0; i < {len(functions)}; ++i)
    if (!functions[i])
      return 1;
  return 0;
}}
""")
    execute(program)


@pytest.mark.parametrize("language", ["cc", "c++"])
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_every_description(tmp_path, source, language):
    text = write_header(source, tmp_path / "kernels.h")
    link_all(tmp_path, language, {"kernels.h": text})


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_in_one_program(tmp_path, language):
    headers = {}
    for source in SOURCES:
        name = f"{source.stem}.h"
        headers[name] = write_header(source, tmp_path / name)
    # The same kernels once more, told apart by a prefix.
    headers["again.h"] = write_header(SOURCES[0], tmp_path / "again.h",
                                      "--c-prefix=again_")
    link_all(tmp_path, language, headers)


#===--- Launches --------------------------------------------------------===//



@functools.cache
def compile_library(source: pathlib.Path) -> pathlib.Path:
    """The library of all kernels in `source`; it goes with the process."""
    library = pathlib.Path(FOLDER.name) / f"{len(os.listdir(FOLDER.name))}"
    run(BUILD / "bin/tile-compile", source, "--chip", LEVEL, "--quiet", "-o",
        library)
    return library


def launch(folder: pathlib.Path, language: str, source: pathlib.Path,
           body: str) -> str:
    """Compiles `source`, and runs the C program `body` on it."""
    write_header(source, folder / "kernels.h")
    program = build(folder, language, body)
    return execute(program, compile_library(source))


def round_trip(folder: pathlib.Path, language: str, description: str,
               base: str, inputs: dict[str, np.ndarray],
               output: tuple[str, str, tuple[int, ...]],
               sizes: dict[str, int],
               strides: dict[str, tuple[int, ...]] | None = None):
    """Launches the struct `base`; inputs are copied as they lie in memory."""
    lines = ['#include "harness.h"', f"static {base}_arguments arguments;",
             "static void run(TwModule module) {", "  TwFunction function;",
             f"  check({base}_get(module, &function));"]
    names = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
    for name, array in inputs.items():
        array.tofile(folder / f"{name}.bin")
        c_type = C_TYPES[names[array.dtype]]
        lines.append(f"  arguments.{name} = (const {c_type} *)load("
                     f'"{folder}/{name}.bin", {array.nbytes});')
    name, type_, shape = output
    out_bytes = int(np.prod(shape)) * np.dtype(DTYPES[type_]).itemsize
    lines.append(f"  arguments.{name} = ({C_TYPES[type_]} *)"
                 f"allocate({out_bytes});")
    lines += [f"  arguments.{n} = {size};" for n, size in sizes.items()]
    for n, numbers in (strides or {}).items():
        text = ", ".join(str(number) for number in numbers)
        lines.append(f"  static const int64_t {n}Strides[] = {{{text}}};")
        lines.append(f"  arguments.{n}_strides = {n}Strides;")
    lines += [f"  check({base}_launch(function, NULL, &arguments, NULL));",
              f'  save("{folder}/out.bin", arguments.{name}, {out_bytes});',
              "}\n"]
    launch(folder, language, KERNELS / f"{description}.json", "\n".join(lines))
    return np.fromfile(folder / "out.bin", DTYPES[type_]).reshape(shape)


@needs_host
@pytest.mark.parametrize("type_", DTYPES)
@pytest.mark.parametrize("language", ["cc", "c++"])
def test_vector_add(tmp_path, language, type_):
    random = np.random.default_rng(1)
    a, b = (random.normal(size=1003).astype(DTYPES[type_]) for _ in range(2))
    c = round_trip(tmp_path, language, "vector_add", f"vector_add_{type_}",
                   {"a": a, "b": b}, ("c", type_, (1003,)), {"N": 1003})
    # Exact in float64 but for f64 itself, so rounded once.
    exact = a.astype(np.float64) + b.astype(np.float64)
    assert np.array_equal(c, exact.astype(DTYPES[type_]))


@needs_host
@pytest.mark.parametrize("type_", ["f32", "f16", "bf16"])
@pytest.mark.parametrize("language", ["cc", "c++"])
def test_softmax(tmp_path, language, type_):
    rows, columns, pitch = 7, 700, 704
    memory = np.random.default_rng(2).normal(0, 3, (rows, pitch)) \
        .astype(DTYPES[type_])
    # The pitch of the rows is a stride; what is behind them would show.
    memory[:, columns:] = 100
    y = round_trip(tmp_path, language, "softmax", f"softmax_{type_}",
                   {"x": memory}, ("y", type_, (rows, columns)),
                   {"M": rows, "N": columns}, {"x": (pitch, 1)})
    x = memory[:, :columns].astype(np.float64)
    exact = np.exp(x - x.max(1, keepdims=True))
    exact /= exact.sum(1, keepdims=True)
    error = np.abs(y.astype(np.float64) - exact)
    # The sum and the exponential in f32, then one rounding, which among f16's
    # subnormals is an absolute one.
    assert (error <= exact * (1e-5 + EPS[type_]) + 2.0**-24).all()


@needs_host
@pytest.mark.parametrize("type_", DTYPES)
@pytest.mark.parametrize("kernel", ["gemm_nn", "gemm_tt"])
@pytest.mark.parametrize("language", ["cc", "c++"])
def test_gemm(tmp_path, language, kernel, type_):
    m, n, k = 37, 70, 83
    random = np.random.default_rng(3)
    a_shape, b_shape = ((m, k), (k, n)) if kernel == "gemm_nn" else \
        ((k, m), (n, k))
    a = random.normal(size=a_shape).astype(DTYPES[type_])
    # Rows of `b` lie 96 elements apart.
    wide = random.normal(size=(b_shape[0], 96)).astype(DTYPES[type_])
    c = round_trip(tmp_path, language, "gemm", f"{kernel}_{type_}",
                   {"a": a, "b": wide}, ("c", type_, (m, n)),
                   {"M": m, "N": n, "K": k}, {"b": (96, 1)})
    x = a.astype(np.float64)
    y = wide[:, :b_shape[1]].astype(np.float64)
    if kernel == "gemm_tt":
        x, y = x.T, y.T
    exact, terms = x @ y, np.abs(x) @ np.abs(y)
    # k roundings of the sum, and one of the result; f64 is no better than the
    # reference.
    sums = EPS["f64"] if type_ == "f64" else EPS["f32"]
    error = np.abs(c.astype(np.float64) - exact)
    assert (error <= 2 * k * sums * terms + EPS[type_] * np.abs(exact)).all()




@needs_host
@pytest.mark.parametrize("language", LANGUAGES)
def test_everything(tmp_path, language):
    lines = launch(tmp_path, language, NAMES,
                   (PROGRAMS / "everything.c").read_text()).splitlines()
    scalars = [np.float64(1e300), np.float32(1.5), np.float16(0.1),
               ml_dtypes.bfloat16(-3), ml_dtypes.float8_e4m3fn(448),
               np.uint8(1), np.int8(-128), np.int16(4), np.int32(-3),
               np.int64(2), np.int64(2**63 - 1)]
    block = bytearray()
    for scalar in scalars:
        block += bytes(-len(block) % scalar.nbytes) + scalar.tobytes()
    # Refusals say which kernel and variant it is.
    begin = r"kernel '(\w+)', variant 'default': "
    kernels = [match[1] for line in lines if (match := re.match(begin, line))]
    assert kernels == ["arrays", "arrays", "scalars", "shapes", "shapes"]
    assert [re.sub(begin, "", line) for line in lines] == [
        "argument 'a': expected a size of at least 0 in dimension 0, but got "
        "-1",
        "argument 'm': expected memory, but got a null pointer",
        block.hex(), "2 1 1",
        "argument 'i16': expected a multiple of 4, but got 5",
        "argument 'four': expected a multiple of 8 as stride of dimension 0, "
        "but got 801",
        "argument 'three': expected a multiple of 16 as size of dimension 1, "
        "but got 15",
        "1", "1"]


FACTS = """{
  "version": 1, "chips": ["gfx942"],
  "kernels": [{
    "name": "copy", "source": {"file": "copy.mlir"},
    "specializations": [
      {"name": "any"},
      {"name": "wide", "divisible": {"M": 8}, "align": {"x": 16}},
      {"name": "fixed", "dims": {"M": 40}}
    ]
  }]
}
"""
COPY = """
tile.kernel @copy(
    %x: memref<?x3xf32> {tile.name = "x", tile.dims = ["M", "K"], tile.noalias},
    %y: memref<?x3xf32> {tile.name = "y", tile.dims = ["M", "K"]})
    grid ["M"] affine_map<()[M] -> (M)> {
  %c0 = arith.constant 0 : index
  %m = tile.program_id 0
  %t = tile.load %x[%m, %c0] : memref<?x3xf32> -> tensor<1x4xf32>
  tile.store %t, %y[%m, %c0] : tensor<1x4xf32>, memref<?x3xf32>
  tile.return
}
"""


@needs_host
@pytest.mark.parametrize("language", ["cc", "c++"])
def test_variants_of_a_struct(tmp_path, language):
    (tmp_path / "copy.json").write_text(FACTS)
    (tmp_path / "copy.mlir").write_text(COPY)
    lines = launch(tmp_path, language, tmp_path / "copy.json",
                   (PROGRAMS / "variants.c").read_text())
    assert lines.splitlines() == ["any 5", "wide 16", "any 16", "fixed 40"]


@pytest.mark.parametrize("statement", [
    # What is only read is const.
    "arguments.a[0] = 0;",
    # Formats of one size are types of their own.
    "arguments.a = (const TwF16 *)0;",
    # A variant's own launch takes its own struct.
    "(void)vector_add_f16_launch(0, 0, &arguments, 0);",
])
def test_types_tell_mistakes(tmp_path, statement):
    write_header(KERNELS / "vector_add.json", tmp_path / "kernels.h")
    text = ('#include "kernels.h"\nint main(void) {\n'
            "  static vector_add_bf16_arguments arguments;\n"
            "  (void)arguments;\n  STATEMENT\n  return 0;\n}\n")
    build(tmp_path, "c++", text.replace("STATEMENT", ""))
    with pytest.raises(AssertionError, match="error"):
        build(tmp_path, "c++", text.replace("STATEMENT", statement))
