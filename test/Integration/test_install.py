# test_install.py - programs built against the install tree alone.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""find_package(Tilewright), tilewright_add_kernels() and pkg-config."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from host_harness import BUILD, ROOT  # noqa: E402


def run(*command: object, **options) -> str:
    done = subprocess.run([str(c) for c in command], capture_output=True,
                          text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("install") / "prefix"
    run("cmake", "--install", BUILD, "--prefix", folder)
    return folder


def test_cmake_package(prefix, tmp_path):
    # Sources outside of this repository, so that nothing else is found.
    for part in ("hosts", "kernels"):
        shutil.copytree(ROOT / "examples" / part, tmp_path / part)
    build = tmp_path / "build"
    configure = ("cmake", "-S", tmp_path / "hosts", "-B", build, "-G", "Ninja",
                 f"-DCMAKE_PREFIX_PATH={prefix}",
                 "-DCMAKE_CXX_COMPILER=clang++-22", "-DCMAKE_C_COMPILER=clang-22")
    run(*configure)
    run("cmake", "--build", build)
    output = run("ctest", "--test-dir", build, "--output-on-failure", "-V")
    assert "vector_add: 100000 elements, all right" in output
    assert "softmax: 37 x 1003, all right" in output
    assert "serve: 4 sizes right, " in output
    # What the programs included lies in a folder that has nothing else.
    header = build / "vector_add_kernels.include/vector_add_kernels.h"
    assert [header] == list(header.parent.iterdir())
    # Nothing to do, until a source of a kernel changes.
    assert "no work to do" in run("cmake", "--build", build)
    source = tmp_path / "kernels/vector_add.mlir"
    source.write_text(source.read_text() + "// changed\n")
    assert "Compiling kernels of vector_add_kernels" in run("cmake", "--build",
                                                            build)


PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(Named LANGUAGES C)
find_package(Tilewright REQUIRED)
tilewright_add_kernels(k kernels.json CHIPS x86-64-v3 OPTIONS --variant=f32
                       HEADER generated/kernels.h C_PREFIX my_)
add_library(uses OBJECT uses.c)
target_link_libraries(uses PRIVATE k)
get_target_property(header k TILEWRIGHT_HEADER)
message(STATUS "header is ${header}")
"""
# With one variant the names have no variant in them.
USES = """
#include <kernels.h>
TwStatus use(TwFunction function, const my_vector_add_arguments *arguments);
TwStatus use(TwFunction function, const my_vector_add_arguments *arguments) {
  return my_vector_add_launch(function, NULL, arguments, NULL);
}
"""


@pytest.mark.parametrize("generator", ["Ninja", "Unix Makefiles"])
def test_cmake_header(prefix, tmp_path, generator):
    if generator == "Unix Makefiles" and not shutil.which("make"):
        pytest.skip("needs make")
    for name in ("vector_add.json", "vector_add.mlir"):
        shutil.copy(ROOT / "examples/kernels" / name, tmp_path)
    (tmp_path / "vector_add.json").rename(tmp_path / "kernels.json")
    (tmp_path / "CMakeLists.txt").write_text(PROJECT)
    (tmp_path / "uses.c").write_text(USES)
    build = tmp_path / "build"
    log = run("cmake", "-S", tmp_path, "-B", build, "-G", generator,
              f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_C_COMPILER=clang-22")
    header = build / "generated/kernels.h"
    assert f"header is {header}\n" in log
    # Asking for the object alone makes the header in front of it.
    run("cmake", "--build", build, "--target", "uses")
    run("cmake", "--build", build)
    assert (build / "k.tilelib").exists()
    # A change of the interface reaches what includes the header.
    source = tmp_path / "vector_add.mlir"
    source.write_text(source.read_text().replace('"a"', '"first"'))
    log = run("cmake", "--build", build)
    assert "uses.c.o" in log
    assert "const float *first;" in header.read_text()


@pytest.mark.parametrize("call, message", [
    ("tilewright_add_kernels(k nowhere.json)", "no file"),
    ("tilewright_add_kernels(k kernels.json CHIP gfx942)",
     "expected CHIPS, KERNELS, OUTPUT, HEADER, C_PREFIX or OPTIONS, but got"),
    ("tilewright_add_kernels(k kernels.json HEADER a.h b.h)",
     "expected at most one file after HEADER, but got 'a.h;b.h'"),
    ("tilewright_add_kernels(k kernels.json C_PREFIX my_)",
     "expected HEADER with C_PREFIX"),
])
def test_cmake_errors(prefix, tmp_path, call, message):
    (tmp_path / "kernels.json").write_text("{}")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(Bad LANGUAGES C)\n"
        f"find_package(Tilewright REQUIRED)\n{call}\n")
    done = subprocess.run(
        ["cmake", "-S", tmp_path, "-B", tmp_path / "build", "-G", "Ninja",
         f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_C_COMPILER=clang-22"],
        capture_output=True, text=True)
    assert done.returncode == 1
    assert message in " ".join(done.stderr.split()), done.stderr


USES_CXX = """
#include <tilewright-rt/Tilewright.hpp>
using namespace tilewright;
Status use(const Jit &jit, const Device &device, float *x, int64_t n);
Status use(const Jit &jit, const Device &device, float *x, int64_t n) {
  TwJitSource source = {};
  Result<JitKernel> kernel = JitKernel::create(jit, device, source);
  if (!kernel)
    return kernel.takeStatus();
  return kernel->launch(nullptr, makeArray(x, {n, 4}, {4, 1}), 2, 0.5f, true);
}
"""


@pytest.mark.parametrize("compiler", ["clang++-22", "g++"])
def test_cxx_header(prefix, tmp_path, compiler):
    if not shutil.which(compiler):
        pytest.skip(f"needs {compiler}")
    (tmp_path / "uses.cpp").write_text(USES_CXX)
    for standard in ("c++17", "c++20"):
        run(compiler, f"-std={standard}", "-fno-exceptions", "-fno-rtti",
            "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow",
            "-Wcast-qual", "-Werror", f"-I{prefix}/include", "-c",
            tmp_path / "uses.cpp", "-o", tmp_path / "uses.o")


def test_pkg_config(prefix, tmp_path):
    environment = dict(os.environ,
                       PKG_CONFIG_PATH=str(next(prefix.rglob("pkgconfig"))))
    flags = run("pkg-config", "--cflags", "--libs", "tilewright-rt",
                env=environment).split()
    assert run("pkg-config", "--modversion", "tilewright-rt",
               env=environment).strip() == "0.1.0"
    library = tmp_path / "v.tilelib"
    run(prefix / "bin/tile-compile", ROOT / "examples/kernels/vector_add.json",
        "--chip", "x86-64-v3", "--quiet", "-o", library)
    run(prefix / "bin/tile-compile", ROOT / "examples/kernels/vector_add.json",
        "--emit=c-header", "-o", tmp_path / "vector_add_kernels.h")
    run("clang-22", "-std=c11", f"-I{tmp_path}",
        ROOT / "examples/hosts/vector_add.c", *flags, "-o",
        tmp_path / "vector_add")
    folder = next(prefix.rglob("libtilewright-rt.so")).parent
    assert run(tmp_path / "vector_add", library,
               env=dict(os.environ, LD_LIBRARY_PATH=str(folder))) == \
        "vector_add: 100000 elements, all right\n"
