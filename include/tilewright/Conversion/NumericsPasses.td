// NumericsPasses.td - passes that turn number formats into plain arithmetic.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_CONVERSION_NUMERICSPASSES_TD
#define TILEWRIGHT_CONVERSION_NUMERICSPASSES_TD

include "mlir/Pass/PassBase.td"

def TileExpandNumericsPass : Pass<"tile-expand-numerics"> {
  let summary = "Expand conversions, math functions and narrow arithmetic";
  let description = [{
    Rewrites elementwise `arith` and `math` ops and `tile.convert`, on scalars,
    vectors and tiles and in all regions, until every op left is an instruction
    or a short inline sequence on the chip and needs no library:

    - conversions between float kinds become integer arithmetic, unless the chip
      has an instruction with the same result (NaN payloads aside);
    - arithmetic on 8-bit floats, and on f16 and bf16 where the chip has none,
      is done in f32 and rounded once;
    - functions of `math` become polynomials, in f32 for the narrow kinds.
      Ops with the fast-math flag `afn` become hardware approximations on GPUs.

    Without `chip` everything is expanded. Leaves alone: integer arithmetic,
    arith.select, constants, and ops of other dialects, whose element types do
    not change. Needs: nothing. Runs before layouts are assigned.

    ```mlir
    %y = arith.addf %a, %b : tensor<64xbf16>      // with chip=x86-64-v3
    ```
    becomes
    ```mlir
    %0 = arith.extf %a : tensor<64xbf16> to tensor<64xf32>
    %1 = arith.extf %b : tensor<64xbf16> to tensor<64xf32>
    %2 = arith.addf %0, %1 : tensor<64xf32>
    %3 = ... // the bits of %2, rounded to 16 by shifts and additions
    %y = arith.bitcast %3 : tensor<64xi16> to tensor<64xbf16>
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"\"",
           "Chip whose instructions may be used; empty: none">];
  let statistics = [
    Statistic<"numExpanded", "num-expanded", "Ops that were rewritten">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect"];
}

#endif // TILEWRIGHT_CONVERSION_NUMERICSPASSES_TD
