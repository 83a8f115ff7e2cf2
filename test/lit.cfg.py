# lit.cfg.py - what a lit test of Tilewright may use.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Substitutions: %python, %examples, %schema_dir (docs/), %build_dir, %stub_cuda
# and %stub_hip (drivers that record, test/Unit/Runtime/Stub), besides lit's own
# (%s, %S, %t, %T). On the PATH: build/bin, FileCheck, not, count, split-file
# and LLVM's binary tools. Files below a folder `Inputs` are no tests.
# Features for REQUIRES: ptxas, x86-64-v3, avx512, nvidia-gpu, amd-gpu.

import os
import pathlib
import shutil
import sys

import lit.formats
import lit.util

config.name = "Tilewright"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".ll", ".test", ".py"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.tilewright_build, "test")

# pytest's files and the Python modules beside them are not lit's.
config.excludes = ["Inputs", "lit.cfg.py", "lit.site.cfg.py", "CMakeLists.txt"]
for file in pathlib.Path(config.test_source_root).rglob("*.py"):
    if "RUN:" not in file.read_text(encoding="utf-8", errors="replace"):
        config.excludes.append(file.name)

config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.tilewright_build, "bin"), config.llvm_bin,
     os.environ.get("PATH", "")])
for name in ("HOME", "XDG_CACHE_HOME", "ASAN_OPTIONS", "UBSAN_OPTIONS",
             "LSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%python", sys.executable),
    ("%examples", os.path.join(config.tilewright_source, "examples")),
    ("%stub_cuda", os.path.join(config.tilewright_build,
                                "lib/libtilewright-stub-cuda.so")),
    ("%stub_hip", os.path.join(config.tilewright_build,
                               "lib/libtilewright-stub-hip.so")),
    ("%build_dir", config.tilewright_build),
    ("%schema_dir", os.path.join(config.tilewright_source, "docs")),
]


def cpu_flags():
    """The flags of the first CPU, empty where the system does not tell."""
    try:
        for line in open("/proc/cpuinfo", encoding="ascii", errors="replace"):
            if line.startswith("flags"):
                return set(line.split())
    except OSError:
        pass
    return set()


flags = cpu_flags()
if shutil.which("ptxas"):
    config.available_features.add("ptxas")
if {"avx2", "fma", "bmi2"} <= flags:
    config.available_features.add("x86-64-v3")
if {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd"} <= flags:
    config.available_features |= {"avx512", "x86-64-v4"}
if os.path.exists("/dev/nvidia0"):
    config.available_features.add("nvidia-gpu")
if os.path.exists("/dev/kfd"):
    config.available_features.add("amd-gpu")

# A test that hangs is a test that fails.
if lit.util.killProcessAndChildrenIsSupported()[0]:
    lit_config.maxIndividualTestTime = 300
