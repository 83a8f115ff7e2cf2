// Passes.td - conversions of the wave level to GPU code.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TILEWRIGHT_CONVERSION_PASSES_TD
#define TILEWRIGHT_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

class ConvertTileToGpuPass<string mnemonic, string vendor>
    : Pass<mnemonic, "::mlir::ModuleOp"> {
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"\"",
           "Chip of " # vendor # " to convert for; the kernels' tile.chip "
           "where empty">];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::LLVM::LLVMDialect",
    "::tilewright::tile::TileDialect"];
}

def ConvertTileToAMDGPUPass
    : ConvertTileToGpuPass<"convert-tile-to-amdgpu", "AMD"> {
  let summary = "Convert kernels of the wave level to code of an AMD lane";
  let description = [{
    Each `tile.kernel` becomes an `llvm.func` of calling convention
    `amdgpu_kernelcc` that one lane runs. A tensor becomes the registers that the
    lane holds, in vectors of a few elements; what remains are ops of llvm,
    arith, math and scf. Arguments follow the ABI in docs/KernelABI.md.

    Needs: layouts on all tensors, offsets on all shared buffers, no relayout
    between waves; chip features beyond arith's (8-bit floats, functions of
    math) expanded by `tile-expand-numerics`. Anything else is an error at the
    op.

    ```mlir
    tile.kernel @k(%x: memref<?xf32>) grid ["N"] ... {
      ...
      %t = tile.load %x[%i] : memref<?xf32> -> tensor<256xf32, #layout>
    ```
    becomes
    ```mlir
    llvm.func amdgpu_kernelcc @k(%arg0: !llvm.ptr<1>, %arg1: i64) ... {
      ...
      %t = llvm.load %p : !llvm.ptr<1> -> vector<4xf32>
    ```
  }];
}

def ConvertTileToNVPTXPass
    : ConvertTileToGpuPass<"convert-tile-to-nvptx", "NVIDIA"> {
  let summary = "Convert kernels of the wave level to code of an NVIDIA thread";
  let description = [{
    As `convert-tile-to-amdgpu`, for `nvvm.kernel` functions: the number of
    threads is fixed by `reqntid`, matrix instructions are `mma.sync`, shuffles
    `shfl.sync`. More than 48 KiB of shared memory are declared without a size;
    the launch gives it (function attribute `tilewright-shared-bytes`).
  }];
}

#endif // TILEWRIGHT_CONVERSION_PASSES_TD
