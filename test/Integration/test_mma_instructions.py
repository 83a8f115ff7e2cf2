# test_mma_instructions.py - tile.mma becomes the chip's matrix instruction.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""For each chip and pair of element types the assembly has the instruction that
the vendor's manual names for them, or none where the chip has none."""

import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from host_harness import BUILD  # noqa: E402

# lhs, rhs, acc, option of tile.mma.
TYPES = {
    "f64": ("f64", "f64", "f64", ""),
    "f32": ("f32", "f32", "f32", ""),
    "tf32": ("f32", "f32", "f32", "allow_tf32"),
    "f16": ("f16", "f16", "f32", ""),
    "bf16": ("bf16", "bf16", "f32", ""),
    "i8": ("i8", "i8", "i32", ""),
    **{f"{a} {b}": (a, b, "f32", "")
       for format_ in (("f8E4M3FN", "f8E5M2"), ("f8E4M3FNUZ", "f8E5M2FNUZ"))
       for a in format_ for b in format_},
}
FP8 = {"f8E4M3FN": "fp8", "f8E5M2": "bf8", "f8E4M3FNUZ": "fp8",
       "f8E5M2FNUZ": "bf8"}
PTX = {"f8E4M3FN": "e4m3", "f8E5M2": "e5m2"}

# CDNA: "Matrix fused multiply-add instructions" of the ISA documents; K differs.
MFMA = {
    "f64": r"v_mfma_f64_16x16x4_?f64", "f32": r"v_mfma_f32_\d+x\d+x\d+_?f32",
    "tf32": r"v_mfma_f32_\d+x\d+x\d+_?xf32",
    "f16": r"v_mfma_f32_\d+x\d+x\d+_?f16",
    "bf16": r"v_mfma_f32_\d+x\d+x\d+_?bf16", "i8": r"v_mfma_i32_\d+x\d+x\d+_?i8",
}
# RDNA: "Wave matrix multiply accumulate" of the ISA documents.
WMMA = {
    "f16": r"v_wmma_f32_16x16x16_f16", "bf16": r"v_wmma_f32_16x16x16_bf16",
    "i8": r"v_wmma_i32_16x16x16_iu8",
}
# PTX ISA: "Matrix multiply-accumulate operation using mma instruction".
SYNC = {
    "f64": r"m8n8k4\.row\.col\.f64\.f64\.f64\.f64|"
           r"m16n8k\d+\.row\.col\.f64\.f64\.f64\.f64",
    "tf32": r"m16n8k\d\.row\.col\.f32\.tf32\.tf32\.f32",
    "f16": r"m16n8k16\.row\.col\.f32\.f16\.f16\.f32",
    "bf16": r"m16n8k16\.row\.col\.f32\.bf16\.bf16\.f32",
    "i8": r"m16n8k32\.row\.col(\.satfinite)?\.s32\.s8\.s8\.s32",
}
for name, (a, b, _, _) in TYPES.items():
    if a in FP8:
        # The wider instruction of gfx950 has the formats as modifiers.
        cbsz = r"(?=.* cbsz:1\b)" if FP8[a] == "bf8" else r"(?!.* cbsz:)"
        blgp = r"(?=.* blgp:1\b)" if FP8[b] == "bf8" else r"(?!.* blgp:)"
        MFMA[name] = (rf"v_mfma_f32_\d+x\d+x\d+_?{FP8[a]}_{FP8[b]}|"
                      rf"v_mfma_f32_\d+x\d+x\d+_f8f6f4 {cbsz}{blgp}")
        WMMA[name] = rf"v_wmma_f32_16x16x16_{FP8[a]}_{FP8[b]}"
    if a in PTX:
        SYNC[name] = rf"m16n8k32\.row\.col\.f32\.{PTX[a]}\.{PTX[b]}\.f32"

OCP = [name for name in TYPES if name.startswith("f8E") and "FNUZ" not in name]
FNUZ = [name for name in TYPES if "FNUZ" in name]
# What the manuals of the chips list. sm_90a is used through mma.sync here.
CHIPS = {
    "gfx90a": (MFMA, ["f64", "f32", "f16", "bf16", "i8"]),
    "gfx942": (MFMA, ["f64", "f32", "tf32", "f16", "bf16", "i8", *FNUZ]),
    "gfx950": (MFMA, ["f64", "f32", "f16", "bf16", "i8", *OCP]),
    "gfx1100": (WMMA, ["f16", "bf16", "i8"]),
    "gfx1201": (WMMA, ["f16", "bf16", "i8", *OCP]),
    "sm_80": (SYNC, ["f64", "tf32", "f16", "bf16", "i8"]),
    "sm_89": (SYNC, ["f64", "tf32", "f16", "bf16", "i8", *OCP]),
    "sm_90a": (SYNC, ["f64", "tf32", "f16", "bf16", "i8", *OCP]),
}


def instruction_types(chip: str, types: str) -> str:
    """tf32 may be done in f32; f16 has all values of fp8."""
    if types in CHIPS[chip][1]:
        return types
    return "f16" if types.startswith("f8E") else types.removeprefix("t")


KERNEL = """
tile.kernel @product(%x: memref<?x?x{a}>, %y: memref<?x?x{b}>, %z: memref<?x?x{c}>)
    grid [] affine_map<() -> (1)> {{
  %c0 = arith.constant 0 : index
  %p = tile.load %x[%c0, %c0] : memref<?x?x{a}> -> tensor<32x64x{a}>
  %q = tile.load %y[%c0, %c0] : memref<?x?x{b}> -> tensor<64x32x{b}>
  %s = tile.load %z[%c0, %c0] : memref<?x?x{c}> -> tensor<32x32x{c}>
  %d = tile.mma %p, %q, %s {{{option}}} : tensor<32x64x{a}>, tensor<64x32x{b}>, tensor<32x32x{c}>
  tile.store %d, %z[%c0, %c0] : tensor<32x32x{c}>, memref<?x?x{c}>
  tile.return
}}
"""


@pytest.mark.parametrize("types", TYPES)
@pytest.mark.parametrize("chip", CHIPS)
def test_mma_instruction(tmp_path, chip, types):
    a, b, c, option = TYPES[types]
    source = tmp_path / "product.mlir"
    source.write_text(KERNEL.format(a=a, b=b, c=c, option=option))
    kind = "ptx" if chip.startswith("sm") else "asm"
    done = subprocess.run(
        [BUILD / "bin/tile-compile", source, "--chip", chip, f"--emit={kind}",
         "--quiet", "-o", "-"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names, has = CHIPS[chip]
    any_matrix = r"v_mfma_|v_wmma_|mma\.sync"
    used = instruction_types(chip, types)
    if used in has:
        assert re.search(names[used], done.stdout), sorted(set(
            re.findall(rf"(?:{any_matrix})\S*", done.stdout)))
    else:
        assert not re.search(any_matrix, done.stdout)
