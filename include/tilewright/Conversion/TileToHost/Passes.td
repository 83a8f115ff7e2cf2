// Passes.td - the pass that lowers kernels to the CPU.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_CONVERSION_TILETOHOST_PASSES_TD
#define TILEWRIGHT_CONVERSION_TILETOHOST_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertTileToHostPass : Pass<"convert-tile-to-host", "::mlir::ModuleOp"> {
  let summary = "Lower block-level kernels to vector code for the CPU";
  let description = [{
    Replaces each `tile.kernel` by an `llvm.func` that runs the linear programs
    `[begin, end)` of its grid:

    ```
    void NAME(const uint8_t *kernarg, int64_t begin, int64_t end,
              uint8_t *scratch)
    ```

    The body holds `scf` loops over `arith` and `vector` ops and `llvm` loads
    and stores; the usual conversions take it to the `llvm` dialect. Tiles that
    do not stay in registers live in `scratch`, 64-byte aligned, of as many bytes
    as the attribute `tile.scratch_bytes` of the function says.

    Leaves alone: other functions. Needs: the block level (no layouts), and
    `tile-expand-numerics` before it where there are math functions or arithmetic
    on bf16 or fp8: what is left of them is an error.

    ```mlir
    tile.kernel @k(%x: memref<?xf32>) grid [] affine_map<() -> (1)> { ... }
    ```
    becomes
    ```mlir
    llvm.func @k(%kernarg: !llvm.ptr, %begin: i64, %end: i64,
                 %scratch: !llvm.ptr) attributes {tile.scratch_bytes = 0 : i64}
    ```
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"x86-64-v3\"",
           "CPU level: x86-64-v3 or x86-64-v4">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

#endif // TILEWRIGHT_CONVERSION_TILETOHOST_PASSES_TD
