# bad_inputs.py - inputs that no tool may take.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables of bad input, each with a part of the message that it must get.

IR, JSON and .npy cases differ from a good input in one place, so that the
message is about that place alone.
"""

from __future__ import annotations

import json
import struct

ARGUMENTS = ('%a: memref<?xf32> {tile.name = "a", tile.dims = ["N"]}, '
             '%n: i32 {tile.name = "n"}, '
             '%c: memref<?xf32> {tile.name = "c", tile.dims = ["N"]}')
GRID = 'grid ["N"] affine_map<()[N] -> (N ceildiv 16)>'
BODY = """  %b = arith.constant 16 : index
  %p = tile.program_id 0
  %i = arith.muli %p, %b : index
  %x = tile.load %a[%i] : memref<?xf32> -> tensor<16xf32>
  tile.store %x, %c[%i] : tensor<16xf32>, memref<?xf32>
"""


def ir(body: str = BODY, arguments: str = ARGUMENTS, grid: str = GRID,
       end: str = "  tile.return\n}\n", name: str = "copy") -> str:
    return f"tile.kernel @{name}({arguments}) {grid} {{\n{body}{end}"


def extra(line: str) -> str:
    """The good kernel and a line more."""
    return ir(BODY + "  " + line + "\n")


# name: (text or bytes, part of the message)
IR = {
    "empty": ("", "expected a tile.kernel"),
    "only a comment": ("// nothing\n", "expected a tile.kernel"),
    "not MLIR": ("hello world\n", "1:1: error:"),
    "garbage": (bytes(range(128, 256)) * 4, "1:1: error:"),
    "NUL byte": (ir().replace("%p", "%p\0", 1), "got a NUL byte"),
    "bytecode": (b"ML\xefR\x0d\x01" + bytes(64), "got MLIR bytecode"),
    "deep nesting": ("module {" * 5000, "nested brackets"),
    "deep type": (extra("%y = arith.constant 0 : " + "tuple<" * 3000),
                  "nested brackets"),
    "crash of the parser": (ir(grid=GRID + " attributes {x = array<index: 1>}"),
                            "crashed on this input"),
    "cut off": (ir()[:200], "error: expected"),
    "no end": (ir(end=""), "error: expected"),
    "no return": (ir(end="}\n"), "no terminator"),
    "no grid": (ir(grid=""), "expected a 'grid' clause"),
    "unknown symbol in grid": (ir(grid=GRID.replace('"N"', '"M"')), "'M'"),
    "four grid dimensions": (
        ir(grid='grid ["N"] affine_map<()[N] -> (N, N, N, N)>'),
        "expected a grid of 1 to 3 dimensions"),
    "grid with dimensions": (
        ir(grid="grid [] affine_map<(d0) -> (d0)>"), "error:"),
    "two kernels of one name": (ir() + ir(), "redefinition of symbol"),
    "two arguments of one name": (
        ir(arguments=ARGUMENTS.replace('"c"', '"a"')), "'a'"),
    "unranked argument": (
        ir(arguments=ARGUMENTS + ", %u: memref<*xf32>"), "memref<*xf32>"),
    "memory of indices": (
        ir(arguments=ARGUMENTS + ", %u: memref<?xindex>"), "index"),
    "tensor argument": (
        ir(arguments=ARGUMENTS + ", %u: tensor<4xf32>"), "tensor<4xf32>"),
    "fact of a wrong type": (
        ir(arguments=ARGUMENTS.replace('"N"]}', '"N"], tile.align = "x"}', 1)),
        "tile.align"),
    "alignment 3": (
        ir(arguments=ARGUMENTS.replace('"N"]}', '"N"], tile.align = 3}', 1)),
        "tile.align"),
    "unknown fact": (
        ir(arguments=ARGUMENTS.replace('"N"]}', '"N"], tile.aligned = 4}', 1)),
        "tile.aligned"),
    "too many names of dimensions": (
        ir(arguments=ARGUMENTS.replace('["N"]', '["N", "M"]', 1)), "tile.dims"),
    "unknown op": (extra("%y = tile.nothing %x : tensor<16xf32>"), "nothing"),
    "unknown dialect": (extra('"foo.bar"() : () -> ()'), "unregistered dialect"),
    "undefined value": (extra("%y = arith.addf %x, %zz : tensor<16xf32>"),
                        "undeclared SSA value"),
    "type mismatch": (extra("%y = arith.addf %x, %b : tensor<16xf32>"),
                      "different type"),
    "program_id 3": (extra("%y = tile.program_id 3"), "error:"),
    "program_id beyond the grid": (extra("%y = tile.program_id 1"), "error:"),
    "too few indices": (
        extra("%y = tile.load %a[] : memref<?xf32> -> tensor<16xf32>"), "error:"),
    "wrong element type": (
        extra("%y = tile.load %a[%i] : memref<?xf32> -> tensor<16xf16>"),
        "f16"),
    "dynamic tile": (
        extra("%y = tile.load %a[%i] : memref<?xf32> -> tensor<?xf32>"), "error:"),
    "tile of no elements": (
        extra("%y = tile.load %a[%i] : memref<?xf32> -> tensor<0xf32>"), "error:"),
    "huge tile": (
        extra("%y = tile.load %a[%i] : memref<?xf32> -> tensor<100000000xf32>\n"
              "  tile.store %y, %c[%i] : tensor<100000000xf32>, memref<?xf32>"),
        "7:8: error: 'tile.load' op gives a tile of "),
    "tile with too many elements to count": (
        extra("%y = tile.load %a[%i] : memref<?xf32> -> "
              "tensor<9223372036854775807xf32>\n  tile.store %y, %c[%i] : "
              "tensor<9223372036854775807xf32>, memref<?xf32>"), "error:"),
    "rank above the memref's": (
        extra("%y = tile.load %a[%i] : memref<?xf32> -> tensor<4x4xf32>"),
        "error:"),
    "mma of mixed types": (
        extra("%l = arith.constant dense<0.0> : tensor<16x16xf16>\n"
              "  %r = arith.constant dense<0.0> : tensor<16x16xbf16>\n"
              "  %z = arith.constant dense<0.0> : tensor<16x16xf32>\n"
              "  %d = tile.mma %l, %r, %z : tensor<16x16xf16>, "
              "tensor<16x16xbf16>, tensor<16x16xf32>"), "error:"),
    "mma of unequal K": (
        extra("%l = arith.constant dense<0.0> : tensor<16x8xf16>\n"
              "  %r = arith.constant dense<0.0> : tensor<16x16xf16>\n"
              "  %z = arith.constant dense<0.0> : tensor<16x16xf32>\n"
              "  %d = tile.mma %l, %r, %z : tensor<16x8xf16>, "
              "tensor<16x16xf16>, tensor<16x16xf32>"), "error:"),
    "reduce axis": (
        extra("%s = tile.reduce %x axis 1 identity [0.0 : f32] : "
              "(tensor<16xf32>) -> (f32) {\n ^bb0(%u: f32, %v: f32):\n"
              "  %w = arith.addf %u, %v : f32\n  tile.yield %w : f32\n}"),
        "axis"),
    "reduce without identity": (
        extra("%s = tile.reduce %x axis 0 identity [] : (tensor<16xf32>) -> "
              "(f32) {\n ^bb0(%u: f32, %v: f32):\n  tile.yield %u : f32\n}"),
        "identity"),
    "broadcast of two": (
        extra("%s = tile.reshape %x : tensor<16xf32> to tensor<2x8xf32>\n"
              "  %t = tile.broadcast %s : tensor<2x8xf32> to tensor<4x8xf32>"),
        "error:"),
    "reshape to another size": (
        extra("%s = tile.reshape %x : tensor<16xf32> to tensor<3x5xf32>"),
        "error:"),
    "transpose of one dimension twice": (
        extra("%s = tile.reshape %x : tensor<16xf32> to tensor<2x8xf32>\n"
              "  %t = tile.transpose %s [0, 0] : tensor<2x8xf32> to "
              "tensor<2x2xf32>"), "permutation"),
    "slice outside": (
        extra("%s = tile.extract_slice %x [12] : tensor<16xf32> to "
              "tensor<8xf32>"), "error:"),
    "convert of integers": (
        extra("%s = arith.constant dense<1> : tensor<16xi32>\n"
              "  %t = tile.convert %s : tensor<16xi32> to tensor<16xf32>"),
        "error:"),
    "unknown rounding": (
        extra("%t = tile.convert %x {rounding = #tile.rounding<up>} : "
              "tensor<16xf32> to tensor<16xf16>"), "error:"),
    "atomic of a wrong kind": (
        extra("%t = tile.atomic_rmw subf %x, %c[%i] {walk = array<i64: 0>} : "
              "tensor<16xf32>, memref<?xf32>, (index)"), "error:"),
    "call": (extra("func.call @f() : () -> ()"), "error:"),
    "memref.load": (
        extra("%y = memref.load %a[%i] : memref<?xf32>\n"
              "  %z = tile.broadcast %y : f32 to tensor<16xf32>\n"
              "  tile.store %z, %c[%i] : tensor<16xf32>, memref<?xf32>"),
        "7:8: error: 'memref.load' op has no lowering to"),
    "integer constant out of range": (
        extra("%y = arith.constant 99999999999999999999 : i32"), "error:"),
    "lowered already": ("llvm.func @copy() {\n  llvm.return\n}\n",
                        "expected a tile.kernel"),
}

# What only a GPU has no room for.
FITS_HOST = {"huge tile"}

DESCRIPTION = {
    "version": 1, "chips": ["gfx942"],
    "kernels": [{
        "name": "copy", "source": {"file": "copy.mlir"},
        "parameters": {
            "T": {"type": "element", "default": "f32", "values": ["f32", "f16"]},
            "B": {"type": "integer", "default": 16, "values": [16, 32]}},
        "specializations": [{"name": "any"}]}]}
KERNEL = ("kernels", 0)
VARIANT = (*KERNEL, "specializations", 0)


def changed(path: tuple, value: object) -> str:
    """The good description with another value at `path`."""
    whole = json.loads(json.dumps(DESCRIPTION))
    place = whole
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(whole)


JSON = {
    "empty": ("", "error:"),
    "cut off": (changed(("version",), 1)[:60], "error:"),
    "garbage": (b"\xff\xfe\x00{", "error:"),
    "not UTF-8": (changed((*KERNEL, "name"), "XX").encode().replace(
        b"XX", b"\xc3\x28"), "error:"),
    "list": ("[]", "expected a kernel description object"),
    "number": ("7", "expected a kernel description object"),
    "trailing text": (json.dumps(DESCRIPTION) + "x", "error:"),
    "comment": ("// x\n" + json.dumps(DESCRIPTION), "error:"),
    "deep": ("[" * 100000, "error:"),
    "NaN": ('{"version": NaN}', "error:"),
    "same key twice": ('{"version": 1, "version": 1}', "version"),
    "no version": (changed(("version",), None), "version"),
    "version 2": (changed(("version",), 2), "/version"),
    "version 1.5": (changed(("version",), 1.5), "/version"),
    "version as text": (changed(("version",), "1"), "/version"),
    "huge version": ('{"version": 1e999}', "error:"),
    "unknown key": (changed(("chipz",), []), 'the nearest is "chips"'),
    "unknown chip": (changed(("chips",), ["gfx943"]), 'the nearest is "gfx942"'),
    "chips as text": (changed(("chips",), "gfx942"), "/chips"),
    "chip as number": (changed(("chips",), [942]), "/chips/0"),
    "no kernels": (changed(("kernels",), None), "kernels"),
    "empty kernels": (changed(("kernels",), []), "/kernels"),
    "kernels as object": (changed(("kernels",), {}), "/kernels"),
    "kernel as text": (changed(KERNEL, "copy"), "/kernels/0"),
    "no name": (changed((*KERNEL, "name"), None), "name"),
    "name with a blank": (changed((*KERNEL, "name"), "a b"), "/kernels/0/name"),
    "empty name": (changed((*KERNEL, "name"), ""), "/kernels/0/name"),
    "two kernels of one name": (
        changed(("kernels",), DESCRIPTION["kernels"] * 2), "/kernels/1/name"),
    "no source": (changed((*KERNEL, "source"), None), "source"),
    "source as text": (changed((*KERNEL, "source"), "copy.mlir"),
                       "/kernels/0/source"),
    "two sources": (changed((*KERNEL, "source"),
                            {"file": "copy.mlir", "inline": "x"}),
                    "/kernels/0/source"),
    "missing file": (changed((*KERNEL, "source", "file"), "nosuch.mlir"),
                     "nosuch.mlir"),
    "folder as file": (changed((*KERNEL, "source", "file"), "."), "error:"),
    "bad inline": (changed((*KERNEL, "source"), {"inline": "tile.kernel"}),
                   "error:"),
    "unknown entry": (changed((*KERNEL, "entry"), "copi"), "copi"),
    "entry as number": (changed((*KERNEL, "entry"), 1), "/kernels/0/entry"),
    "unknown kind of parameter": (
        changed((*KERNEL, "parameters", "T", "type"), "elemnt"), '"element"'),
    "no default": (changed((*KERNEL, "parameters", "B", "default"), None),
                   "default"),
    "default outside of the values": (
        changed((*KERNEL, "parameters", "B", "default"), 17),
        "/kernels/0/parameters/B"),
    "default of another type": (
        changed((*KERNEL, "parameters", "B", "default"), "16"),
        "/kernels/0/parameters/B/default"),
    "default beyond 64 bits": (
        changed((*KERNEL, "parameters", "B", "default"), 1 << 70),
        "/kernels/0/parameters/B/default"),
    "unknown element type": (
        changed((*KERNEL, "parameters", "T", "values"), ["f32", "float16"]),
        "/kernels/0/parameters/T/values/1"),
    "empty values": (changed((*KERNEL, "parameters", "B", "values"), []),
                     "/kernels/0/parameters/B"),
    "bad name of a parameter": (
        changed((*KERNEL, "parameters", "1x"), {"type": "integer",
                                                "default": 1}),
        "/kernels/0/parameters"),
    "unknown parameter in a variant": (
        changed((*VARIANT, "parameters"), {"TT": "f32"}),
        "/kernels/0/specializations/0/parameters"),
    "value of another type": (
        changed((*VARIANT, "parameters"), {"B": "f32"}),
        "/kernels/0/specializations/0/parameters/B"),
    "two variants of one name": (
        changed((*KERNEL, "specializations"), [{"name": "x"}, {"name": "x"}]),
        "/kernels/0/specializations/1/name"),
    "variant without name": (
        changed((*KERNEL, "specializations"), [{}]), "name"),
    "negative size": (changed((*VARIANT, "dims"), {"N": -1}),
                      "/kernels/0/specializations/0/dims/N"),
    "size as text": (changed((*VARIANT, "dims"), {"N": "big"}),
                     "/kernels/0/specializations/0/dims/N"),
    "unknown size": (changed((*VARIANT, "dims"), {"M": 16}), "M"),
    "divisor 0": (changed((*VARIANT, "divisible"), {"N": 0}),
                  "/kernels/0/specializations/0/divisible/N"),
    "alignment 12": (changed((*VARIANT, "align"), {"a": 12}),
                     "/kernels/0/specializations/0/align/a"),
    "alignment of a scalar": (changed((*VARIANT, "align"), {"n": 16}), "n"),
    "unknown option": (changed((*KERNEL, "options"), {"optlevel": 3}),
                       'the nearest is "optLevel"'),
    "level 4": (changed((*KERNEL, "options"), {"optLevel": 4}),
                "/kernels/0/options/optLevel"),
    "schedule that does not parse": (
        changed((*KERNEL, "options"), {"schedule": "fast"}),
        "as its schedule, but got 'fast'"),
    "field of a schedule": (
        changed((*KERNEL, "options"),
                {"schedule": "#tile.schedule<{kind = \"magic\"}>"}), "magic"),
    "schedule with too many waves": (
        changed((*KERNEL, "options"),
                {"schedule": "#tile.schedule<{waves = array<i64: 64>}>"}),
        "error:"),
}


def npy(header: str, data: bytes = bytes(64), version: bytes = b"\x01\x00",
        magic: bytes = b"\x93NUMPY") -> bytes:
    text = header.encode() + b"\n"
    return magic + version + struct.pack("<H", len(text)) + text + data


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (16,), }"
NPY = {
    "empty": (b"", "error:"),
    "magic": (npy(GOOD, magic=b"\x93NUMPX"), "first bytes"),
    "text": (b"1 2 3 4\n", "error:"),
    "cut in the magic": (npy(GOOD)[:4], "error:"),
    "cut in the length": (npy(GOOD)[:9], "error:"),
    "cut in the header": (npy(GOOD)[:30], "error:"),
    "cut in the data": (npy(GOOD)[:-1], "error:"),
    "more data": (npy(GOOD, bytes(65)), "error:"),
    "version 9": (npy(GOOD, version=b"\x09\x00"), "version"),
    "header is no dictionary": (npy("[1, 2]"), "error:"),
    "header without shape": (
        npy("{'descr': '<f4', 'fortran_order': False, }"), "shape"),
    "header without type": (
        npy("{'fortran_order': False, 'shape': (16,), }"), "descr"),
    "unknown key": (npy(GOOD.replace("}", "'x': 1, }")), "error:"),
    "cut dictionary": (npy(GOOD[:-10]), "error:"),
    "objects": (npy(GOOD.replace("<f4", "|O")), "|O"),
    "big-endian": (npy(GOOD.replace("<f4", ">f4")), ">f4"),
    "strings": (npy(GOOD.replace("<f4", "<U1")), "<U1"),
    "complex numbers": (npy(GOOD.replace("<f4", "<c8"), bytes(128)), "<c8"),
    "structures": (npy(GOOD.replace("'<f4'", "[('x', '<f4')]")), "error:"),
    "negative size": (npy(GOOD.replace("16", "-16")), "error:"),
    "size of 2^63": (npy(GOOD.replace("16", str(1 << 63))), "error:"),
    "product beyond 64 bits": (
        npy(GOOD.replace("(16,)", f"({1 << 40}, {1 << 40})")), "error:"),
    "size of 2^61": (npy(GOOD.replace("16", str(1 << 61))), "error:"),
    "many dimensions": (
        npy(GOOD.replace("(16,)", "(" + "1, " * 5000 + ")")), "error:"),
    "rank": (npy(GOOD.replace("(16,)", "(4, 4)")), "argument 'a'"),
    "scalar": (npy(GOOD.replace("(16,)", "()"), bytes(4)), "argument 'a'"),
    "another type": (npy(GOOD.replace("<f4", "<f8"), bytes(128)),
                     "argument 'a'"),
    "another size": (npy(GOOD.replace("16", "17"), bytes(68)), "N"),
}
