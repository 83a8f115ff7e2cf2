# test_example_objects.py - every example becomes a code object of every GPU.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The emulator runs LLVM's IR; this takes all examples the rest of the way: to
machine code, through ptxas where the machine has one."""

import json
import multiprocessing.pool
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from host_harness import BUILD  # noqa: E402
from jit_binding import Session  # noqa: E402
from op_harness import GPUS  # noqa: E402

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples/kernels"
DESCRIPTIONS = sorted(EXAMPLES.glob("*.json"))
# Descriptions some of whose variants spill, by vendor: the sums of a mma done
# without matrix instructions (f32, f64) keep all of K in registers, attention
# holds two accumulators and the scores, fp8 is widened in registers.
SPILLING = {"gfx": {"attention", "gemm", "gemm_fp8", "linear"},
            "sm": {"attention"}}


def list_variants(description: pathlib.Path) -> list[tuple[str, str]]:
    return [(kernel["name"], variant["name"])
            for kernel in json.loads(description.read_text())["kernels"]
            for variant in kernel.get("specializations", [{"name": "default"}])]


def check_report(images: list[dict], stem: str, vendor: str) -> None:
    kinds = {image["kind"] for image in images}
    assert kinds in ({"hsaco"}, {"cubin"}, {"ptx"}, {"host"}), kinds
    # PTX that nothing assembles has no code yet.
    size = "object_bytes" if kinds == {"ptx"} else "code_bytes"
    assert all(image[size] > 0 for image in images)
    if stem in SPILLING.get(vendor, ()):
        return
    spills = [(i["kernel"], i["variant"], i["chip"], i.get("spills"))
              for i in images if i.get("spills")]
    assert not spills, spills


@pytest.mark.parametrize("vendor", ["gfx", "sm", "x86"])
@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda p: p.stem)
def test_example_objects(tmp_path, description, vendor):
    """And ahead of time is JIT: tile-compile and the runtime's compiler, each in
    its process, write the same bytes; a library is its images one behind the
    other. One of them works with two threads, in another folder."""
    chips = [chip for chip in (*GPUS, "x86-64-v3", "x86-64-v4")
             if chip.startswith(vendor)]
    done = subprocess.run(
        [BUILD / "bin/tile-compile", description, "--chip", ",".join(chips),
         "--quiet", "-j", "1", "-o", "out.tilelib", "--report", "report.json"],
        cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wanted = [(*kernel, chip) for kernel in list_variants(description)
              for chip in chips]
    images = json.loads((tmp_path / "report.json").read_text())["images"]
    assert [(i["kernel"], i["variant"], i["chip"]) for i in images] == wanted
    check_report(images, description.stem, vendor)

    # A busy machine takes its time.
    session = Session(BUILD / "lib/libtilewright-rt.so", tmp_path / "cache",
                      budget=600000)
    with multiprocessing.pool.ThreadPool(2) as pool:
        libraries = pool.starmap(
            lambda *which: session.compile(description, *which), wanted)
    session.close()
    whole = (tmp_path / "out.tilelib").read_bytes()
    for which, library in zip(wanted, libraries):
        assert whole.startswith(library), which
        whole = whole[len(library):]
    assert not whole
