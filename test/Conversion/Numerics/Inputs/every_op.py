# every_op.py - prints one function per op and element type that is supported.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

UNARY = """exp exp2 expm1 sinh cosh tanh log log2 log10 log1p asinh acosh atanh
sin cos tan asin acos atan erf erfc cbrt rsqrt sqrt absf floor ceil trunc round
roundeven""".split()
BINARY = """math.powf math.atan2 math.copysign arith.addf arith.subf arith.mulf
arith.divf arith.remf arith.maximumf arith.minimumf arith.maxnumf
arith.minnumf""".split()
KINDS = """f64 f32 bf16 f16 f8E4M3FN f8E5M2 f8E4M3FNUZ f8E5M2FNUZ""".split()


def function(name, arguments, result, op, suffix):
    names = [f"%x{i}" for i in range(len(arguments))]
    typed = ", ".join(f"{n}: {t}" for n, t in zip(names, arguments))
    print(f"func.func @{name}({typed}) -> {result} {{")
    print(f"  %r = {op} {', '.join(names)} : {suffix}")
    print(f"  return %r : {result}\n}}")


for kind in KINDS:
    for op in UNARY:
        function(f"{op}_{kind}", [kind], kind, f"math.{op}", kind)
    for op in BINARY:
        name = op.split(".")[1]
        function(f"{name}_{kind}", [kind] * 2, kind, op, kind)
    function(f"fma_{kind}", [kind] * 3, kind, "math.fma", kind)
    function(f"fpowi_{kind}", [kind, "i32"], kind, "math.fpowi", f"{kind}, i32")
    for op in ("isnan", "isinf", "isfinite", "isnormal"):
        function(f"{op}_{kind}", [kind], "i1", f"math.{op}", kind)
    for width in ("i8", "i32", "i64"):
        for op in ("sitofp", "uitofp"):
            function(f"{op}_{width}_{kind}", [width], kind, f"arith.{op}",
                     f"{width} to {kind}")
        for op in ("fptosi", "fptoui"):
            function(f"{op}_{kind}_{width}", [kind], width, f"arith.{op}",
                     f"{kind} to {width}")
    for other in KINDS:
        function(f"convert_{kind}_{other}", [kind], other, "tile.convert",
                 f"{kind} to {other}")
