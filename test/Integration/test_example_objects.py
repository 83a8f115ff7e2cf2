# test_example_objects.py - every example becomes a code object of every GPU.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The emulator runs LLVM's IR; this takes all examples the rest of the way: to
machine code, through ptxas where the machine has one."""

import json
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from host_harness import BUILD  # noqa: E402
from op_harness import GPUS  # noqa: E402

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples/kernels"
DESCRIPTIONS = sorted(EXAMPLES.glob("*.json"))
# Descriptions some of whose variants spill, by vendor: the sums of a mma done
# without matrix instructions (f32, f64) keep all of K in registers, attention
# holds two accumulators and the scores, fp8 is widened in registers.
SPILLING = {"gfx": {"attention", "gemm", "gemm_fp8", "linear"},
            "sm": {"attention"}}


def count_variants(description: pathlib.Path) -> int:
    kernels = json.loads(description.read_text())["kernels"]
    return sum(len(k.get("specializations", [0])) for k in kernels)


@pytest.mark.parametrize("vendor", ["gfx", "sm"])
@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda p: p.stem)
def test_example_objects(tmp_path, description, vendor):
    chips = [chip for chip in GPUS if chip.startswith(vendor)]
    done = subprocess.run(
        [BUILD / "bin/tile-compile", description, "--chip", ",".join(chips),
         "--quiet", "-o", tmp_path / "out.tilelib", "--report",
         tmp_path / "report.json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    images = json.loads((tmp_path / "report.json").read_text())["images"]
    assert len(images) == count_variants(description) * len(chips)
    kinds = {image["kind"] for image in images}
    assert kinds in ({"hsaco"}, {"cubin"}, {"ptx"}), kinds
    # PTX that nothing assembles has no code yet.
    size = "object_bytes" if kinds == {"ptx"} else "code_bytes"
    assert all(image[size] > 0 for image in images)
    if description.stem in SPILLING[vendor]:
        return
    spills = [(i["kernel"], i["variant"], i["chip"], i.get("spills"))
              for i in images if i.get("spills")]
    assert not spills, spills


@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda p: p.stem)
def test_equal_bytes(tmp_path, description):
    """Two processes in two folders, with one thread and with two."""
    written = []
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        folder.mkdir()
        done = subprocess.run(
            [BUILD / "bin/tile-compile", description, "--chip",
             "gfx942,sm_90a,x86-64-v4", "--no-assemble-ptx", "--quiet", "-j",
             jobs, "-o", "out.tilelib"], cwd=folder, capture_output=True,
            text=True)
        assert done.returncode == 0, done.stderr
        written.append((folder / "out.tilelib").read_bytes())
    assert written[0] == written[1]
